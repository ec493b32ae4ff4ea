"""What `mantago.testing` promises to teams that test their own code with it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import anyio
import httpx
import pytest
from attrs import evolve, field, fields, frozen

from conftest import Connect
from mantago import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncMantaGo,
    AuthenticationError,
    BadRequestError,
    BotNotFoundError,
    ClientGifts,
    ClientNotFoundError,
    CredentialsReplacedError,
    Gift,
    GiftResource,
    InvalidResponseError,
    MantaGo,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
    Platform,
    PlatformNotConnectedError,
    RateLimitError,
    ServerError,
    TokenExpiredError,
)
from mantago.testing import FakeMantaGo, OperationRequest, RecordedRequest, gift, ticket
from mantago.testing.answers import Answers
from mantago.testing.builders import fields_by_keyword
from mantago.testing.document import Document
from mantago.testing.failures import FAILURES, FailureName
from mantago.testing.vendored import left_out_of
from mantago_generated.spec import published
from mantago_runtime.reading.drift import DriftKind
from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import TEXT

LINE_ID = "U4af4980629e14c3b8d2f7a61c05be937"


@pytest.fixture
def fake() -> FakeMantaGo:
    service = FakeMantaGo()
    service.add_client("VolejRejN", platform_ids={"line": LINE_ID}, tickets=[ticket()], virtual_gifts=[gift()])
    return service


@pytest.fixture
def client(connect: Connect, fake: FakeMantaGo) -> Any:
    return connect(transport=fake, credentials=fake.credentials)


def held(gifts: ClientGifts) -> tuple[Any, ...]:
    """All that there was in version 0.1: a newer document may require more, which is made up."""
    return gifts.tickets, gifts.physical_gifts, gifts.virtual_gifts


NOTHING = ((), (), ())


def ask(client: Any) -> ClientGifts:
    return client.get_client_gifts(client_id="VolejRejN")


# What it holds


def test_a_client_gets_back_what_was_put_in_under_each_of_its_ids(fake: FakeMantaGo, client: Any) -> None:
    expected = ((ticket(),), (), (gift(),))
    assert held(ask(client)) == expected
    assert held(client.get_client_gifts(platform="line", platform_client_id=LINE_ID)) == expected
    assert ask(client).drift == ()


def test_gifts_of_every_sort_come_back_equal(fake: FakeMantaGo, client: Any) -> None:
    gifts = [
        gift("Coffee", resource="lotteryGame", created_at=datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
        gift(is_expired=True),
        gift(resource=GiftResource("birthdayCampaign")),
        gift(is_expired=None),
    ]
    fake.add_client("BelunHavK", physical_gifts=gifts, virtual_gifts=reversed(gifts))
    found = client.get_client_gifts(client_id="BelunHavK")
    assert (found.tickets, found.physical_gifts, found.virtual_gifts) == ((), tuple(gifts), tuple(gifts[::-1]))


def test_adding_a_client_again_replaces_it_with_its_platform_ids(fake: FakeMantaGo, client: Any) -> None:
    fake.add_client("VolejRejN", platform_ids={Platform.WHATSAPP: "886912345678"})
    assert held(ask(client)) == NOTHING
    assert held(client.get_client_gifts(platform="whatsapp", platform_client_id="886912345678")) == NOTHING
    with pytest.raises(NotFoundError):
        client.get_client_gifts(platform="line", platform_client_id=LINE_ID)


def test_a_platform_id_belongs_to_one_client_only(fake: FakeMantaGo) -> None:
    with pytest.raises(ValueError, match="'VolejRejN'") as caught:
        fake.add_client("BelunHavK", platform_ids={"line": LINE_ID})
    assert LINE_ID not in str(caught.value)


@pytest.mark.parametrize(
    ("client_id", "platform_ids"), [(" ", {}), (5, {}), ("a", {"line": ""}), ("a", {"no platform": "1"})]
)
def test_an_id_that_nobody_could_ask_for_is_refused(fake: FakeMantaGo, client_id: Any, platform_ids: Any) -> None:
    with pytest.raises(ValueError, match=r"client_id|platform"):
        fake.add_client(client_id, platform_ids=platform_ids)


def test_a_client_that_was_not_added_is_not_found(client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.get_client_gifts(client_id="nobody")
    assert caught.value.code == 37011


def test_the_other_reading_of_the_document_can_be_chosen(connect: Connect) -> None:
    fake = FakeMantaGo(identify_in="body")
    fake.add_client("VolejRejN", platform_ids={"line": LINE_ID})
    client = connect(transport=fake, credentials=fake.credentials, identify_in="body")
    assert held(client.get_client_gifts(platform="line", platform_client_id=LINE_ID)) == NOTHING
    with pytest.raises(ValueError, match="'query'"):
        FakeMantaGo(identify_in="query")  # type: ignore[arg-type]


def test_builders_without_arguments_always_return_the_same() -> None:
    assert (gift(), ticket()) == (gift(), ticket())
    assert gift().resource.is_known
    assert gift(is_expired=True).end_time is not None
    assert gift().end_time is None


def test_a_builder_wants_a_time_zone() -> None:
    naive = datetime(2024, 7, 15)  # noqa: DTZ001
    for build in (
        lambda: ticket(created_at=naive),
        lambda: gift(created_at=naive),
        lambda: gift(is_expired=True, start_time=naive),
        lambda: gift(is_expired=True, end_time=naive),
    ):
        with pytest.raises(ValueError, match="needs a time zone"):
            build()


def newer(change: Any) -> FakeMantaGo:
    """A fake that serves a document which isn't vendored yet."""
    spec = published()
    change(spec["components"]["schemas"])
    fake = FakeMantaGo()
    fake._answers = Answers(Document(spec))
    return fake


def require_more(schemas: dict[str, Any]) -> None:
    for schema in (schemas["GiftItem"], schemas["TicketGift"], schemas["ClientGiftsResponse"]["allOf"][1]):
        schema["properties"] |= {"serial": {"type": "integer"}, "label": {"type": "string"}}
        schema.setdefault("required", []).append("serial")


def test_what_a_newer_document_requires_of_gifts_is_made_up_and_nothing_else() -> None:
    fake = newer(require_more)
    fake.add_client("VolejRejN", tickets=[ticket()], virtual_gifts=[gift(is_expired=None)], physical_gifts=[gift()])
    pair = fake.credentials
    with httpx.Client(transport=fake, base_url="https://mantago.cc/api") as raw:
        payload = raw.post(
            "/openapi/client/gift",
            params={"botId": pair.bot_id},
            headers={"Authorization": f"Bearer {pair.token}"},
            json={"secret": pair.secret, "clientId": "VolejRejN"},
        ).json()
    for part in (payload, *payload["tickets"], *payload["virtualGifts"], *payload["physicalGifts"]):
        assert (part["serial"], "label" in part) == (1, False)
    assert ("isExpired" in payload["virtualGifts"][0], "isExpired" in payload["physicalGifts"][0]) == (False, True)


@frozen(repr=False)
class Sticker(Model):
    name: str = field(metadata=json_field("name", TEXT, required=True))
    size: str | None = field(default=None, metadata=json_field("size", TEXT, promised=True))
    serial: str | None = field(default=None, kw_only=True, metadata=json_field("serial", TEXT, promised=True))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


def test_only_what_a_class_always_had_is_left_out_on_purpose() -> None:
    assert left_out_of({"all": [Sticker("a", "s", serial="1"), Sticker("b")]}) == {"size"}
    assert left_out_of(5) == frozenset()


def test_builders_fill_what_came_with_a_newer_document() -> None:
    assert fields_by_keyword(Sticker("a", "s", serial="1")) == {"serial": "1"}
    assert fields_by_keyword(gift()).keys() <= {one.name for one in fields(Gift) if one.kw_only}
    assert ticket() == evolve(ticket())


# What it is told to answer


def test_an_operation_answers_with_the_result_that_is_set_whoever_is_asked_for(fake: FakeMantaGo, client: Any) -> None:
    gifts = ClientGifts((ticket(),), (gift(), gift(is_expired=None)), extra={"loyaltyPoints": 7})
    fake.answer("get_client_gifts", gifts)
    for client_id in ("VolejRejN", "nobody"):
        found = client.get_client_gifts(client_id=client_id)
        assert (held(found), found.extra) == (held(gifts), gifts.extra)
        assert [(line.kind, line.path) for line in found.drift] == [
            ("missing", "physicalGifts[1].isExpired"),
            ("unknown_field", "loyaltyPoints"),
        ]


def test_an_operation_answers_with_what_a_function_makes_of_the_request(fake: FakeMantaGo, client: Any) -> None:
    def gifts(request: OperationRequest) -> Any:
        if "clientId" not in request.body:
            return "platform_not_connected"
        return ClientGifts(virtual_gifts=(gift(request.body["clientId"]),))

    fake.answer("get_client_gifts", gifts)
    assert client.get_client_gifts(client_id="abc").virtual_gifts == (gift("abc"),)
    with pytest.raises(NotFoundError) as caught:
        client.get_client_gifts(platform="line", platform_client_id=LINE_ID)
    assert caught.value.code == 11001


def test_an_asynchronous_client_gets_what_is_set_too(fake: FakeMantaGo) -> None:
    async def call() -> ClientGifts:
        async with AsyncMantaGo(transport=fake, credentials=fake.credentials) as client:
            return await client.get_client_gifts(client_id="nobody")

    fake.answer("get_client_gifts", {"tickets": [{"createdAt": "2024-07-15T10:30:28.700Z"}]})
    assert asyncio.run(call()).tickets[0].created_at == ticket().created_at


def test_a_name_that_there_is_not_is_refused_with_the_nearest(fake: FakeMantaGo) -> None:
    with pytest.raises(ValueError, match=r"no operation is named 'get_gifts': did you mean get_client_gifts"):
        fake.answer("get_gifts", ClientGifts())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (5, "get_client_gifts can't answer with 5: it must be an object, not an integer; give a result of"),
        ([gift()], "get_client_gifts can't answer with .*: it must be an object, not a list"),
        (gift(), "get_client_gifts can't answer with Gift: its result is ClientGifts"),
        (
            object(),
            "object can't be an answer: .*; give a result, JSON under the service's names, a failure's name, or a",
        ),
    ],
)
def test_an_answer_that_the_operation_cannot_have_is_refused_when_it_is_set(
    fake: FakeMantaGo, client: Any, answer: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        fake.answer("get_client_gifts", answer)
    fake.answer("get_client_gifts", lambda _: answer)
    with pytest.raises(ValueError, match=said):
        client.get_client_gifts(client_id="nobody")


async def _asked(_: OperationRequest) -> ClientGifts:
    raise NotImplementedError


class _Asked:
    async def __call__(self, _: OperationRequest) -> ClientGifts:
        raise NotImplementedError


@pytest.mark.parametrize("function", [_asked, _Asked()], ids=["a function", "an object"])
def test_an_asynchronous_function_is_refused_when_it_is_set(fake: FakeMantaGo, function: Any) -> None:
    with pytest.raises(ValueError, match="an asynchronous function can't make an answer: give one that returns it"):
        fake.answer("get_client_gifts", function)


def test_a_gift_of_which_a_test_says_only_the_name_is_a_valid_one_and_always_the_same(
    fake: FakeMantaGo, client: Any
) -> None:
    fake.answer("get_client_gifts", {"virtualGifts": [{"name": "Coffee"}], "tickets": [{}]})
    fake.add_client("VolejRejN", virtual_gifts=[{"name": "Coffee"}], tickets=[{}])  # type: ignore[list-item]
    told = client.get_client_gifts(client_id="VolejRejN")
    again = FakeMantaGo()
    again.add_client("VolejRejN", virtual_gifts=[{"name": "Coffee"}], tickets=[{}])  # type: ignore[list-item]
    with MantaGo(transport=again, credentials=again.credentials) as other:
        assert held(other.get_client_gifts(client_id="VolejRejN")) == held(told)
    [coffee] = told.virtual_gifts
    assert (coffee.name, coffee.is_expired, coffee.end_time) == ("Coffee", False, None)
    assert [one.created_at for one in told.tickets] == [ticket().created_at]


# Who may ask


def test_a_renewed_pair_is_taken_up_and_the_old_one_refused_with_120000(connect: Connect, fake: FakeMantaGo) -> None:
    keeping = connect(transport=fake, credentials=fake.credentials)
    following = connect(transport=fake, credentials=lambda: fake.credentials)
    assert ask(following) == ask(keeping)
    old, new = fake.credentials, fake.renew_credentials()
    assert old != new == fake.credentials
    with pytest.raises(AuthenticationError) as caught:
        ask(keeping)
    assert caught.value.code == 120000
    assert ask(following) == ask(following)
    assert [asked.status for asked in fake.requests] == [200, 200, 401, 401, 200, 200]


def test_the_token_expires_in_a_time_that_no_test_lives_to_see() -> None:
    expiry = FakeMantaGo().credentials.expires_at
    assert expiry is not None
    assert expiry.year == 2100


def test_wrong_credentials_are_refused(connect: Connect, fake: FakeMantaGo) -> None:
    right = fake.credentials
    with pytest.raises(AuthenticationError):
        ask(connect(transport=fake, bot_id=right.bot_id, token="wrong-token", secret=right.secret))
    with pytest.raises(PermissionDeniedError):
        ask(connect(transport=fake, bot_id=right.bot_id, token=right.token, secret="wrong-secret"))
    with pytest.raises(NotFoundError):
        ask(connect(transport=fake, bot_id="another", token=right.token, secret=right.secret))


# What goes wrong

OUTCOMES: dict[FailureName, Any] = {
    "bad_variables": BadRequestError,
    "token_expired": TokenExpiredError,
    "credentials_renewed": CredentialsReplacedError,
    "permission_denied": PermissionDeniedError,
    "bot_not_found": BotNotFoundError,
    "platform_not_connected": PlatformNotConnectedError,
    "client_not_found": ClientNotFoundError,
    "rate_limited": RateLimitError,
    "refused_with_200": ClientNotFoundError,
    "server_error": ServerError,
    "bad_gateway": ServerError,
    "service_unavailable": ServerError,
    "gateway_timeout": ServerError,
    "redirect": APIStatusError,
    "unknown_host": APIConnectionError,
    "connection_refused": APIConnectionError,
    "untrusted_certificate": APIConnectionError,
    "connect_timeout": APITimeoutError,
    "timeout": APITimeoutError,
    "connection_reset": APIConnectionError,
    "cut_off_answer": APIConnectionError,
    "slow_answer": set(),
    "not_json": InvalidResponseError,
    "empty_body": InvalidResponseError,
    "missing_name": InvalidResponseError,
    "drift_missing": {"missing"},
    "drift_null": {"null"},
    "drift_unknown_value": {"unknown_value"},
    "drift_unknown_field": {"unknown_field"},
    "drift_format": {"format"},
}


@pytest.mark.parametrize("name", get_args(FailureName))
def test_each_failure_by_name_reaches_the_caller_as_what_it_is_then_all_is_well(
    connect: Connect, fake: FakeMantaGo, name: FailureName
) -> None:
    client = connect(transport=fake, credentials=fake.credentials, max_retries=0)
    fake.fail(name)
    assert fake.queued == (name,)
    if isinstance(OUTCOMES[name], set):
        assert {line.kind for line in ask(client).drift} == OUTCOMES[name]
    else:
        with pytest.raises(MantaGoError) as caught:
            ask(client)
        assert type(caught.value) is OUTCOMES[name]
    assert fake.queued == ()
    assert [asked.failure for asked in fake.requests] == [name]
    assert ask(client).drift == ()


def test_every_failure_and_every_kind_of_drift_has_a_name() -> None:
    assert get_args(FailureName) == tuple(FAILURES) == tuple(OUTCOMES)
    assert {f"drift_{kind}" for kind in get_args(DriftKind)} == {name for name in FAILURES if name[:5] == "drift"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rate_limit", "did you mean rate_limited?"),
        ("Rate-Limited", "did you mean rate_limited?"),
        ("unknown_value", "did you mean drift_unknown_value or unknown_host?"),
        ("boom", "there are bad_variables, "),
    ],
)
def test_an_unknown_name_is_told_the_nearest_or_all(fake: FakeMantaGo, name: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"no failure is named {name!r}: {said}")):
        fake.fail(name)


def test_what_makes_trouble_may_be_spelled_as_in_version_0_1(fake: FakeMantaGo, client: Any) -> None:
    former: Any = "missing-is-expired"
    fake.fail(former)
    assert fake.queued == ("drift_missing",)
    assert [line.kind for line in ask(client).drift] == ["missing"]
    for name in ("server_error", "server-error"):
        with pytest.raises(ServerError):
            client.get_client_gifts(client_id=name)


def test_an_id_like_one_that_makes_trouble_is_told_which_was_meant(fake: FakeMantaGo, client: Any) -> None:
    for who in ({"client_id": "server_eror"}, {"platform": "line", "platform_client_id": "Server-Errors"}):
        with pytest.raises(NotFoundError) as caught:
            client.get_client_gifts(**who)
        assert caught.value.message == "Get client failed: did you mean server_error?"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("timeout", {"times": 0}, "times must be"),
        ("timeout", {"times": True}, "times must be"),
        ("timeout", {"times": 1.5}, "times must be"),
        ("timeout", {"retry_after": 1}, "retry_after is for rate_limited and service_unavailable, not for timeout"),
        ("timeout", {"seconds": 1}, "seconds is for slow_answer, not for timeout"),
        ("rate_limited", {"retry_after": -1}, "retry_after must be"),
        ("rate_limited", {"retry_after": "2"}, "retry_after must be"),
        ("slow_answer", {"seconds": float("inf")}, "seconds must be"),
        ("slow_answer", {"seconds": True}, "seconds must be"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(fake: FakeMantaGo, name: Any, options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fake.fail(name, **options)
    assert fake.queued == ()


def test_failures_happen_in_the_order_in_which_they_were_queued(fake: FakeMantaGo, client: Any) -> None:
    fake.fail("rate_limited", retry_after=2)
    fake.fail("server_error", times=2)
    fake.fail("drift_missing", times=None)
    assert fake.queued == ("rate_limited", "server_error", "server_error", "drift_missing")
    with pytest.raises(ServerError):
        ask(client)
    for _ in range(3):
        assert [line.kind for line in ask(client).drift] == ["missing"]
    assert fake.queued == ("drift_missing",)


def test_a_request_that_is_wrong_uses_up_no_failure(connect: Connect, fake: FakeMantaGo) -> None:
    right = fake.credentials
    fake.fail("connection_refused")
    with pytest.raises(PermissionDeniedError):
        ask(connect(transport=fake, bot_id=right.bot_id, token=right.token, secret="wrong-secret"))
    assert fake.queued == ("connection_refused",)


def test_drift_shows_even_where_a_client_has_no_gifts_and_not_where_there_is_no_client(
    fake: FakeMantaGo, client: Any
) -> None:
    fake.add_client("BelunHavK")
    fake.fail("drift_null", times=2)
    assert {line.kind for line in client.get_client_gifts(client_id="BelunHavK").drift} == {"null"}
    with pytest.raises(NotFoundError):
        client.get_client_gifts(client_id="nobody")


# What time it takes


def test_waits_take_no_time_and_are_told(fake: FakeMantaGo, client: Any) -> None:
    began = time.monotonic()
    fake.fail("rate_limited", retry_after=7)
    fake.fail("service_unavailable", retry_after=20.5)
    ask(client)
    fake.fail("connection_reset", times=3)
    with pytest.raises(APIConnectionError) as caught:
        ask(client)
    assert time.monotonic() - began < 5
    assert fake.waits == (7, 20.5, 0.25, 0.5)
    assert (caught.value.attempts, caught.value.elapsed) == (3, 0.75)


def test_a_wait_beyond_the_deadline_is_not_begun(fake: FakeMantaGo, client: Any) -> None:
    fake.fail("rate_limited", retry_after=20)
    fake.fail("rate_limited", retry_after=10)
    with pytest.raises(RateLimitError) as caught:
        ask(client)
    assert (fake.waits, caught.value.attempts, caught.value.retry_after) == ((20,), 2, 10)


@pytest.mark.parametrize("seconds", [5, 29.9, 30, 3600])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_a_timeout_uses_up_the_time_of_the_call(
    fake: FakeMantaGo, client: Any, name: FailureName, seconds: float
) -> None:
    fake.fail("rate_limited", retry_after=seconds / 3)
    fake.fail(name, times=None)
    with pytest.raises(APITimeoutError) as caught:
        client.get_client_gifts(client_id="VolejRejN", timeout=seconds)
    assert caught.value.elapsed == pytest.approx(seconds)


def test_a_slow_answer_is_good_if_the_call_has_the_time(fake: FakeMantaGo, client: Any) -> None:
    fake.fail("slow_answer", seconds=20)
    fake.fail("slow_answer", seconds=31)
    fake.fail("slow_answer")
    assert ask(client).drift == ()
    with pytest.raises(APITimeoutError) as caught:
        ask(client)
    assert caught.value.elapsed == pytest.approx(30)
    assert client.get_client_gifts(client_id="VolejRejN", timeout=6) == ask(client)


def test_without_a_limit_nothing_times_out_by_itself(fake: FakeMantaGo) -> None:
    """As httpx has it: a client without a timeout, which ours never is, would wait for ever."""
    pair = fake.credentials
    request: dict[str, Any] = {
        "params": {"botId": pair.bot_id},
        "headers": {"Authorization": f"Bearer {pair.token}"},
        "json": {"secret": pair.secret, "clientId": "VolejRejN"},
    }
    with httpx.Client(transport=fake, timeout=None, base_url="https://mantago.cc/api") as raw:
        fake.fail("slow_answer", seconds=9999)
        assert raw.post("/openapi/client/gift", **request).status_code == 200
        fake.fail("timeout")
        with pytest.raises(httpx.ReadTimeout):
            raw.post("/openapi/client/gift", **request)


# What it was asked


def test_each_request_is_recorded(fake: FakeMantaGo, client: Any) -> None:
    fake.fail("server_error")
    ask(client)
    client.get_client_gifts(platform="line", platform_client_id=LINE_ID)
    first, second, third = fake.requests
    assert (first.client_id, first.status, first.failure) == ("VolejRejN", 500, "server_error")
    assert (second.client_id, second.status, second.failure) == ("VolejRejN", 200, None)
    assert (third.client_id, third.platform, third.platform_client_id) == (None, "line", LINE_ID)
    assert third.query == {"botId": "1NbWoobyg", "platform": "line", "platformClientId": LINE_ID}
    assert third.body == {"platform": "line", "platformClientId": LINE_ID}
    assert third.headers["User-Agent"].startswith("mantago/")
    assert (third.method, third.path) == ("POST", "/api/openapi/client/gift")
    fake.fail("timeout")
    with pytest.raises(APITimeoutError):
        ask(client)
    assert fake.requests[-1].status is None


def test_a_record_holds_no_token_and_no_secret_and_its_repr_no_personal_id(fake: FakeMantaGo, client: Any) -> None:
    client.get_client_gifts(platform="line", platform_client_id=LINE_ID)
    [asked] = fake.requests
    assert repr(asked) == (
        "RecordedRequest(method='POST', path='/api/openapi/client/gift', client_id=None, platform='line', "
        "status=200, failure=None)"
    )
    everything = repr([dict(asked.headers), dict(asked.body), dict(asked.query), fake])
    assert LINE_ID in everything
    assert fake.credentials.token not in everything
    assert fake.credentials.secret not in everything
    assert repr(fake) == "<FakeMantaGo clients=1 requests=1 queued=[]>"


def test_a_request_elsewhere_is_recorded_too(fake: FakeMantaGo) -> None:
    with httpx.Client(transport=fake, base_url="https://mantago.cc") as raw:
        assert raw.get("/elsewhere").status_code == 404
    assert fake.requests == (
        RecordedRequest(method="GET", path="/elsewhere", headers=fake.requests[0].headers, status=404),
    )


# Many at a time


def test_threads_share_one_fake_and_do_not_make_each_other_late(fake: FakeMantaGo) -> None:
    fake.fail("rate_limited", retry_after=10, times=100)
    answers: list[object] = []

    def work() -> None:
        with MantaGo(transport=fake, credentials=fake.credentials, max_retries=200) as client:
            for _ in range(20):
                try:
                    answers.append(ask(client).tickets)
                except RateLimitError as error:
                    answers.append(error.elapsed)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160
    assert fake.queued == ()
    assert len(fake.requests) == 160 + len(fake.waits)
    assert {answer for answer in answers if isinstance(answer, float)} <= {20.0}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_one_fake_on_either_backend(fake: FakeMantaGo, backend: str) -> None:
    async def work() -> list[ClientGifts]:
        fake.fail("rate_limited", retry_after=25, times=10)
        found = []

        async def one(client: AsyncMantaGo) -> None:
            found.append(await client.get_client_gifts(client_id="VolejRejN"))

        async with (
            AsyncMantaGo(transport=fake, credentials=fake.credentials) as client,
            anyio.create_task_group() as group,
        ):
            for _ in range(20):
                group.start_soon(one, client)
        return found

    assert len(anyio.run(work, backend=backend)) == 20
    assert fake.waits == (25,) * 10


def test_one_fake_serves_several_event_loops_and_both_clients(fake: FakeMantaGo) -> None:
    asynchronous = AsyncMantaGo(transport=fake, credentials=fake.credentials)

    async def call() -> ClientGifts:
        return await asynchronous.get_client_gifts(client_id="VolejRejN")

    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        assert asyncio.run(call()) == asyncio.run(call()) == ask(client)
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        assert ask(client).drift == ()
    asyncio.run(asynchronous.aclose())


# As a plugin

EXAMPLE = """
import sys

def test_before():
    assert not {"mantago", "httpx"} & sys.modules.keys()

def test_with_the_fixture(fake_mantago):
    from mantago import MantaGo
    fake_mantago.add_client("VolejRejN")
    with MantaGo(transport=fake_mantago, credentials=fake_mantago.credentials) as client:
        assert client.get_client_gifts(client_id="VolejRejN").tickets == ()
    assert len(fake_mantago.requests) == 1

def test_it_is_a_new_one_each_time(fake_mantago):
    assert fake_mantago.requests == ()
"""


def run_pytest(folder: Path, *options: str) -> str:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:pytest_httpx",  # which loads httpx by itself
        "-p",
        "no:respx",
        *options,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stdout + done.stderr


def test_the_plugin_brings_the_fixture_and_loads_nothing_until_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLE, "utf-8")
    assert "3 passed" in run_pytest(tmp_path)
    assert "fake_mantago" in run_pytest(tmp_path, "--fixtures")


def test_a_coverage_measurement_still_sees_the_package_being_imported(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLE, "utf-8")
    printed = run_pytest(tmp_path, "--cov=mantago.testing", "--cov-report=term")
    assert "3 passed" in printed
    assert "Module mantago.testing was previously imported" not in printed
    [covered] = [int(line.split()[-1].rstrip("%")) for line in printed.splitlines() if line.startswith("TOTAL")]
    assert covered > 40


def test_a_call_loads_nothing_of_testing() -> None:
    code = (
        "import sys, mantago; mantago.preload(); mantago.MantaGo(bot_id='b', token='t', secret='s').close(); "
        "others = {'testing', 'sandbox', 'cli', '_failures', '_reading', '_scenarios', '_schemas', '_service'}; "
        "print({f'mantago.{name}' for name in others} & sys.modules.keys() or 'lean')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "lean"


def test_testing_needs_nothing_but_what_the_package_needs() -> None:
    code = (
        "import sys; sys.modules |= dict.fromkeys(['pytest', 'uvicorn', 'click', 'rich']); "
        "import mantago.testing; mantago.testing.FakeMantaGo()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"tickets": [gift("x")]}, "tickets takes results of mantago.testing.ticket(...), not Gift"),
        ({"virtual_gifts": ["Coffee"]}, "virtual_gifts takes results of mantago.testing.gift(...), not str: 'Coffee'"),
        ({"physical_gifts": [ticket()]}, "physical_gifts takes results of mantago.testing.gift(...), not Ticket"),
    ],
    ids=["a gift as ticket", "a name", "a ticket as gift"],
)
def test_what_no_client_holds_is_refused_at_once(held, told):
    with pytest.raises(TypeError, match=re.escape(told)):
        FakeMantaGo().add_client("V", **held)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: gift(5), "name must be a string, not 5"),
        (lambda: gift(is_expired="yes"), "is_expired must be True, False or None, not 'yes'"),
        (lambda: gift(is_expired=1), "is_expired must be True, False or None, not 1"),
    ],
)
def test_a_builder_refuses_what_no_gift_holds(build, said):
    with pytest.raises(TypeError, match=said):
        build()


@pytest.mark.parametrize("build", [gift, ticket])
def test_a_text_is_no_moment_for_a_builder(build):
    with pytest.raises(TypeError, match="created_at must be a datetime with a time zone, not '2024-01-01'"):
        build(created_at="2024-01-01")
