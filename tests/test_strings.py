"""The value of a string is its characters, wherever one is taken, whatever its class says of display."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

import mantago
from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import Credentials, GiftResource, MantaGo
from mantago.testing import FakeMantaGo
from mantago_generated import AuthenticatedClient
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime.calls.generated import Response
from mantago_runtime.operation import Operation, Parameter
from mantago_runtime.reading.enums import OpenIntEnum
from mantago_runtime.reading.readers import JSON
from mantago_runtime.secrets.redaction import Redactor
from mantago_runtime.writing.bodies import multipart
from sample_models import Gift


class Loud(str):
    """Displays itself as something else, in each way that there is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "displayed"

    __repr__ = __str__

    def __format__(self, _: str) -> str:
        return "displayed"


def member(text: str) -> Any:
    """A member of a (str, Enum), as FastAPI's documentation teaches them."""
    return enum.Enum("Known", {"VIP": text}, type=str)["VIP"]


def odd_member(text: str) -> Any:
    """A member whose value isn't its characters."""

    def new(cls: Any, number: int) -> Any:
        made = str.__new__(cls, text)
        made._value_ = number
        return made

    return enum.Enum("Odd", {"ONE": 1, "__new__": new}, type=str)["ONE"]  # type: ignore[dict-item]


def str_enum(text: str) -> Any:
    return enum.StrEnum("Conf", {"A": text})["A"]


Made = Callable[[str], Any]
KINDS = pytest.mark.parametrize("made", [member, odd_member, str_enum, Loud])


@pytest.fixture
def seen() -> list[httpx.Request]:
    return []


@pytest.fixture
def answer(seen: list[httpx.Request]) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=GOOD)

    return handler


def sent(request: httpx.Request) -> tuple[dict[str, str], dict[str, Any], str]:
    return (
        dict(parse_qsl(urlsplit(str(request.url)).query)),
        json.loads(request.content),
        request.headers["Authorization"],
    )


@KINDS
def test_ids_platform_and_credentials_are_sent_as_their_characters(connect: Connect, made: Made, answer, seen):
    driver = connect(answer, bot_id=made(BOT_ID), token=made(TOKEN), secret=made(SECRET))
    driver.get_client_gifts(client_id=made("VolejRejN"))
    driver.get_client_gifts(platform=made("line"), platform_client_id=made("U1"))
    bearer = f"Bearer {TOKEN}"
    assert sent(seen[0]) == ({"botId": BOT_ID}, {"secret": SECRET, "clientId": "VolejRejN"}, bearer)
    pair = {"platform": "line", "platformClientId": "U1"}
    assert sent(seen[1]) == ({"botId": BOT_ID, **pair}, {"secret": SECRET, **pair}, bearer)


@KINDS
def test_a_generated_function_sends_characters_too(connect: Connect, made: Made, answer, seen):
    body = ClientIdentificationRequest(
        client_id=made("a"), platform=made("line"), secret=made("own-secret"), extra={made("k"): [made("v")]}
    )
    driver = connect(answer)
    driver.operation(post_openapi_client_gift, body=body, bot_id=made("own-bot"), platform=made("line"))
    query, content, _ = sent(seen[0])
    assert query == {"botId": "own-bot", "platform": "line"}
    assert content == {"secret": "own-secret", "clientId": "a", "platform": "line", "k": ["v"]}


@KINDS
def test_a_bare_generated_client_sends_the_characters_of_its_token(made: Made, answer, seen):
    body = ClientIdentificationRequest(client_id="a", secret=made(SECRET))
    for prefix in ("Bearer", ""):
        with AuthenticatedClient(
            base_url=made("https://mantago.cc/api"),
            token=made(TOKEN),
            prefix=prefix,
            httpx_args={"transport": httpx.MockTransport(answer)},
        ) as client:
            response: Response[Any] = post_openapi_client_gift.sync_detailed(client=client, body=body, bot_id=made("b"))
        assert response.status_code == 200
    assert [request.headers["Authorization"] for request in seen] == [f"Bearer {TOKEN}", TOKEN]
    assert sent(seen[0])[:2] == ({"botId": "b"}, {"secret": SECRET, "clientId": "a"})


@KINDS
def test_an_address_is_its_characters(connect: Connect, made: Made, answer, seen):
    driver = connect(answer, base_url=made("https://example.com/v1"))
    driver.get_client_gifts(client_id="a")
    assert str(seen[0].url).startswith("https://example.com/v1/openapi/client/gift?")
    assert "https://example.com/v1" in repr(driver.client)


@KINDS
def test_credentials_hold_characters_only(made: Made):
    pair = Credentials(bot_id=made("b"), token=made("t"), secret=made("s"))
    assert [type(value) for value in (pair.bot_id, pair.token, pair.secret)] == [str] * 3
    assert f"{pair.bot_id} {pair.token} {pair.secret}" == "b t s"


@KINDS
def test_what_is_refused_is_quoted_by_its_characters(made: Made):
    with MantaGo(bot_id="b", token="t", secret="s") as client:
        with pytest.raises(mantago.IdentificationError, match="platform 'telegram' isn't one of the API's"):
            client.get_client_gifts(platform=made("telegram"), platform_client_id="U1")


@KINDS
def test_a_value_that_an_enumeration_does_not_list_is_kept_by_its_characters(made: Made):
    kept = GiftResource(made("birthday"))
    assert (kept, str(kept), kept.value, type(kept.value), kept.is_known) == (
        "birthday",
        "birthday",
        "birthday",
        str,
        False,
    )
    assert GiftResource(made("rewardsCard")) is GiftResource.REWARDS_CARD


def test_an_unlisted_number_is_kept_as_its_number():
    class Level(OpenIntEnum):
        LOW = 1

    kept = Level(enum.IntEnum("Other", {"TWO": 2})["TWO"])  # type: ignore[attr-defined]
    assert (kept.name, kept.value, type(kept.value)) == ("2", 2, int)


@KINDS
@pytest.mark.parametrize("style", [None, "json"])
@pytest.mark.parametrize("place", ["query", "path", "header", "cookie"])
@pytest.mark.unmeasured
def test_a_parameter_is_its_characters(made: Made, place: Any, style: str | None):
    operation = Operation(
        name="do", method="POST", path="/a/{x}" if place == "path" else "/a", result=JSON,
        parameters=[Parameter("x", place, style=style)],
    )  # fmt: skip
    for value, known in (
        (made("blue"), "blue"), ([made("blue"), made("red")], ["blue", "red"]), ({made("k"): made("v")}, {"k": "v"}),
    ):  # fmt: skip
        mine, plain = operation.request({"x": value}), operation.request({"x": known})
        assert (mine.path, mine.query, mine.headers) == (plain.path, plain.query, plain.headers)


@KINDS
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_a_body_is_its_characters(made: Made, content_type: str):
    operation = Operation(name="do", method="POST", path="/a", result=JSON, content_type=content_type)
    for value, known in ((made("blue"), "blue"), ({made("k"): made("v")}, {"k": "v"})):
        if isinstance(value, str) and "form" in content_type:
            continue
        mine, plain = operation.request({}, value), operation.request({}, known)
        assert json.dumps(mine.body) == json.dumps(plain.body)
        assert mine.content == plain.content


@KINDS
def test_a_form_of_several_parts_holds_characters(made: Made):
    assert multipart({made("k"): [made("v"), b"file"]}) == multipart({"k": ["v", b"file"]})


def test_numbers_and_truth_are_sent_as_json_has_them():
    class Number(int):
        def __str__(self) -> str:
            return "displayed"

    class Share(float):
        def __str__(self) -> str:
            return "displayed"

    class Sure(enum.Enum):
        YES = True

    operation = Operation(name="do", method="GET", path="/a", result=JSON, parameters=[Parameter("x", "query")])
    sent = [operation.request({"x": value}).query[0][1] for value in (Number(7), Share(1.5), Sure.YES)]
    assert sent == ["7", "1.5", "true"]


@KINDS
def test_a_result_that_is_built_or_read_of_such_strings_is_plain(made: Made):
    gift = Gift.from_dict(
        {made("name"): made("a"), "resource": made("rewardsCard"), "createdAt": made("2024-07-15T10:30:28.700Z"),
         "more": [made("b")]}
    )  # fmt: skip
    assert (type(gift.name), [type(value) for value in gift.extra["more"]]) == (str, [str])
    built = Gift(made("a"), made("rewardsCard"), gift.created_at, extra={"more": [made("b")]})
    for one in (gift, built):
        written = one.to_dict()
        assert [type(value) for value in (*written, written["name"], *written["more"])] == [str] * 6
        assert json.loads(json.dumps(written)) == written


@KINDS
def test_the_fake_knows_a_client_by_characters(made: Made):
    fake = FakeMantaGo()
    fake.add_client(made("VolejRejN"), platform_ids={made("line"): made("U1")}, tickets=[])
    with MantaGo(credentials=fake.credentials, transport=fake) as client:
        client.get_client_gifts(client_id="VolejRejN")
        client.get_client_gifts(platform="line", platform_client_id="U1")
        client.get_client_gifts(platform=made("line"), platform_client_id=made("U1"))
    assert [request.status for request in fake.requests] == [200, 200, 200]


@KINDS
def test_a_token_is_masked_by_its_characters(made: Made):
    assert Redactor([], [made("token-12345678")]).clean_text("x token-12345678 y") == "x <redacted> y"
