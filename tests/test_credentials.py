"""Where credentials come from, what is refused, and that they are never shown."""

import asyncio
import base64
import json
import pickle
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest

from conftest import BOT_ID, GOOD, SECRET, Connect
from mantago import AsyncMantaGo, ConfigurationError, Credentials, MantaGo
from mantago_runtime.secrets.redaction import SHORTEST_REDACTED, Redactor
from mantago_runtime.secrets.store import CredentialStore

PAIR = {"bot_id": "bot-1", "token": "token-12345678", "secret": "secret-12345678"}


def answer(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=GOOD)


@pytest.mark.parametrize("missing", PAIR)
@pytest.mark.parametrize("client", [MantaGo, AsyncMantaGo])
def test_a_missing_credential_is_named_with_its_argument_and_its_variable(client, missing):
    with pytest.raises(ConfigurationError) as caught:
        client(**{name: value for name, value in PAIR.items() if name != missing})
    assert missing in str(caught.value)
    assert f"MANTAGO_{missing.upper()}" in str(caught.value)


def test_credentials_come_from_the_environment_and_arguments_come_first(monkeypatch):
    for name, value in PAIR.items():
        monkeypatch.setenv(f"MANTAGO_{name.upper()}", value)
    with MantaGo() as client:
        assert client.credentials == Credentials(**PAIR)
    with MantaGo(secret="another-secret") as client:
        assert client.credentials == Credentials(**PAIR | {"secret": "another-secret"})


def test_an_empty_variable_counts_as_unset_and_a_blank_one_is_refused(monkeypatch):
    monkeypatch.setenv("MANTAGO_SECRET", "")
    with pytest.raises(ConfigurationError, match="MANTAGO_SECRET\\) is missing"):
        MantaGo(bot_id="b", token="t")
    monkeypatch.setenv("MANTAGO_SECRET", "  ")
    with pytest.raises(ConfigurationError, match="MANTAGO_SECRET\\) is blank"):
        MantaGo(bot_id="b", token="t")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bot_id": ""}, "bot_id .* is blank"),
        ({"token": " "}, "token .* is blank"),
        ({"secret": "\n"}, "secret .* is blank"),
        ({"token": "abc\r\nX-Evil: 1"}, "character 4 of 14 is a space or a line break"),
        ({"token": "abc "}, "character 4 of 4 is a space"),
        ({"token": "ab\0c"}, "outside of ASCII"),
        ({"token": "tökén"}, "character 2 of 5 is a character outside of ASCII"),
        ({"token": "t" * 20_000}, "too long for a header: 20,000 characters, more than 16,384"),
        ({"secret": "s" * 1024 * 1024}, "too long for a request"),
        ({"bot_id": "b" * 2_000}, "too long for a URL"),
        ({"secret": "half \ud800 pair"}, "half of a surrogate pair"),
        ({"bot_id": 7}, "bot_id .* must be a string, not int"),
        ({"secret": None}, "secret .* is missing"),
    ],
)
def test_a_credential_that_cannot_be_used_is_refused_without_being_quoted(changed, told):
    values = PAIR | changed
    for make in (Credentials, MantaGo, AsyncMantaGo):
        with pytest.raises(ConfigurationError, match=told) as caught:
            make(**values)
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        ours = "".join(
            str(frame.locals)
            for frame in traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
            if "mantago" in frame.filename and "test" not in frame.filename
        )
        assert "12345678" not in str(caught.value) + ours
        assert shown


def test_credentials_show_the_bot_only_and_can_be_compared_hashed_pickled_but_not_changed():
    pair = Credentials(**PAIR)
    assert repr(pair) == "Credentials(bot_id='bot-1', token=<redacted>, secret=<redacted>)"
    assert pair == pickle.loads(pickle.dumps(pair))
    assert pair != Credentials(**PAIR | {"secret": "other"})
    assert pair != "bot-1"
    assert len({pair, Credentials(**PAIR)}) == 1
    with pytest.raises(AttributeError):
        pair.token = "other"
    with pytest.raises(AttributeError):
        del pair.token


def test_no_frame_shows_what_credentials_were_to_be_changed_to():
    pair = Credentials(**PAIR)
    with pytest.raises(AttributeError) as caught:
        pair.token = "other-token-1"
    *_, ours = traceback.walk_tb(caught.value.__traceback__)
    assert "self" in ours[0].f_locals
    assert "other-token-1" not in repr(ours[0].f_locals)


class Enciphered(Credentials):
    """What a team may do that must not have secrets in its queues."""

    def __getstate__(self) -> dict[str, str]:
        return {name: value[::-1] for name, value in super().__getstate__().items()}

    def __setstate__(self, state: Mapping[str, str]) -> None:
        super().__setstate__({name: value[::-1] for name, value in state.items()})


def test_credentials_of_a_subclass_may_be_pickled_in_a_way_of_its_own():
    pair = Enciphered(**PAIR)
    assert pair.token == PAIR["token"]
    assert PAIR["token"].encode() not in pickle.dumps(pair)
    assert pickle.loads(pickle.dumps(pair)) == pair


def jwt(claims: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{encoded}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (jwt({"exp": 1_800_000_000}), datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        (jwt({"exp": 1_800_000_000.5}), datetime(2027, 1, 15, 8, 0, 0, 500_000, tzinfo=UTC)),
        (jwt({}), None),
        (jwt([1]), None),
        (jwt({"exp": "soon"}), None),
        (jwt({"exp": True}), None),
        (jwt({"exp": 1e300}), None),
        (jwt({"exp": 10**18}), None),
        ("not-a-jwt", None),
        ("a.###.c", None),
        ("a.YQ.c", None),
        ("a." + base64.urlsafe_b64encode(b"[" * 10_000).decode() + ".c", None),
    ],
)
def test_the_expiry_is_read_from_the_token_and_any_token_is_tolerated(token, expected):
    assert Credentials(bot_id="b", token=token, secret="s").expires_at == expected


def test_a_callable_is_asked_at_the_first_call_and_its_answer_kept(connect: Connect):
    asked = []

    def provide() -> Credentials:
        asked.append(1)
        return Credentials(**PAIR)

    driver = connect(answer, credentials=provide)
    assert driver.client.credentials is None
    driver.get_client_gifts(client_id="a")
    driver.get_client_gifts(client_id="a")
    assert driver.client.credentials == Credentials(**PAIR)
    assert len(asked) == 1


class Renewing:
    """A service that knows one pair only, and a provider that hands out the pairs it is given, one after another."""

    def __init__(self, known: str, pairs: list[str], refusal: httpx.Response) -> None:
        self.known, self.pairs, self.refusal = known, pairs, refusal
        self.seen: list[tuple[str, str, str]] = []
        self.asked = 0

    def provide(self) -> Credentials:
        name = self.pairs[min(self.asked, len(self.pairs) - 1)]
        self.asked += 1
        return Credentials(bot_id=f"bot-{name}", token=f"token-{name}", secret=f"secret-{name}")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        shown = (request.headers["Authorization"], request.url.params["botId"], body["secret"])
        self.seen.append(shown)
        known = shown == (f"Bearer token-{self.known}", f"bot-{self.known}", f"secret-{self.known}")
        return answer(request) if known else self.refusal


def refusal(status: int, code: int | None) -> httpx.Response:
    return httpx.Response(status, json={"success": False, "errResponse": {"message": "no", "code": code}})


@pytest.mark.parametrize("no", [refusal(401, None), refusal(500, 120000), refusal(200, 120000)], ids=str)
def test_a_refused_pair_is_renewed_once_and_the_call_repeated_in_header_query_and_body(connect: Connect, no):
    service = Renewing("new", ["old", "new"], no)
    driver = connect(service, credentials=service.provide, max_retries=0)
    assert driver.get_client_gifts(client_id="a").tickets == ()
    assert service.seen == [
        ("Bearer token-old", "bot-old", "secret-old"),
        ("Bearer token-new", "bot-new", "secret-new"),
    ]
    assert driver.client.credentials.bot_id == "bot-new"


@pytest.mark.parametrize(("pairs", "sent"), [(["old", "old"], 1), (["old", "older"], 2)])
def test_a_pair_that_is_not_new_is_not_tried_again_and_a_new_one_once_only(connect: Connect, pairs, sent):
    service = Renewing("new", pairs, refusal(401, 1004))
    driver = connect(service, credentials=service.provide)
    with pytest.raises(Exception, match="401") as caught:
        driver.get_client_gifts(client_id="a")
    assert len(service.seen) == sent == caught.value.attempts
    assert service.asked == 2


def test_calls_that_begin_or_fail_together_ask_once():
    service = Renewing("new", ["old", "new"], refusal(401, 1004))

    async def provide() -> Credentials:
        await asyncio.sleep(0.01)
        return service.provide()

    async def main() -> None:
        async with AsyncMantaGo(credentials=provide, transport=httpx.MockTransport(service)) as client:
            await asyncio.gather(*(client.get_client_gifts(client_id="a") for _ in range(20)))

    asyncio.run(main())
    assert service.asked == 2
    assert len(service.seen) == 40


def test_fixed_credentials_are_not_tried_again(connect: Connect):
    service = Renewing("new", [], refusal(401, 1004))
    with pytest.raises(Exception, match="401"):
        connect(service).get_client_gifts(client_id="a")
    assert len(service.seen) == 1


def test_an_async_callable_serves_the_async_client_and_is_refused_by_the_other(connect: Connect):
    async def provide() -> Credentials:
        return Credentials(**PAIR)

    driver = connect(answer, credentials=provide)
    if driver.flavour == "async":
        driver.get_client_gifts(client_id="a")
        assert driver.client.credentials == Credentials(**PAIR)
    else:
        with pytest.raises(ConfigurationError, match="use it with AsyncMantaGo"):
            driver.get_client_gifts(client_id="a")


class OddAwaitable:
    def __await__(self):
        yield


def test_any_other_awaitable_is_refused_by_the_sync_client():
    with MantaGo(credentials=OddAwaitable, base_url="http://localhost:1") as client:
        with pytest.raises(ConfigurationError, match="use it with AsyncMantaGo"):
            client.get_client_gifts(client_id="a")


def blank() -> Credentials:
    return Credentials(bot_id="", token="t", secret="s")


@pytest.mark.parametrize(
    ("provide", "told"),
    [
        (blank, "bot_id .* is blank"),
        (lambda: "token", "returned str, not Credentials"),
        (lambda: None, "returned NoneType, not Credentials"),
    ],
)
def test_a_callable_that_fails_or_returns_nonsense_is_a_configuration_error(connect: Connect, provide, told):
    with pytest.raises(ConfigurationError, match=told):
        connect(answer, credentials=provide).get_client_gifts(client_id="a")


@pytest.mark.parametrize("extra", PAIR)
def test_credentials_exclude_the_three_arguments(extra):
    with pytest.raises(ConfigurationError, match=f"not credentials and {extra}"):
        MantaGo(credentials=Credentials(**PAIR), **{extra: "x"})


def test_credentials_of_another_kind_are_refused():
    with pytest.raises(ConfigurationError, match="a Credentials or a callable that returns one, not dict"):
        MantaGo(credentials=dict(PAIR))


SPELLINGS = {
    "as it is": str,
    "in JSON": json.dumps,
    "in JSON, unescaped": lambda secret: json.dumps(secret, ensure_ascii=False),
    "in JSON, all escaped": lambda secret: "".join(f"\\u{ord(c):04X}" for c in secret),
    "in JSON, slashes escaped": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "in a URL": lambda secret: str(httpx.QueryParams({"q": secret})),
    "in HTML": lambda secret: secret.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;"),
    "in a repr": repr,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", ["plain-secret-1", 'q"uo<te\\s/&é', "表-secret-表"])
def test_a_secret_is_masked_however_it_is_spelled(secret, spelling):
    text = f"before {SPELLINGS[spelling](secret)} after"
    masked = Redactor([Credentials(bot_id="b", token="token-12345678", secret=secret)]).clean_text(text)
    assert "<redacted>" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert not any(piece in masked for piece in (secret, SPELLINGS[spelling](secret)))


def test_what_is_shorter_than_eight_characters_is_not_masked():
    pair = Credentials(bot_id="b", token="tok", secret="s")
    assert Redactor([pair]).clean_text("a token \\ and secrets") == "a token \\ and secrets"


def test_only_the_last_credentials_are_masked_however_often_they_change():
    keys = CredentialStore(lambda: None)
    for n in range(100):
        keys.take(Credentials(bot_id="b", token=f"token-{n:03}", secret=f"secret-{n:03}"))
    assert [pair.token for pair in keys.held] == ["token-096", "token-097", "token-098", "token-099"]
    assert keys.redactor.clean_text("token-099 token-096 token-095") == "<redacted> <redacted> token-095"


def token_until(moment: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": moment}).encode()).decode().rstrip("=")
    return f"head.{claims}.signature"


@pytest.mark.parametrize(("left", "told"), [(3 * 86_400 + 60, []), (3 * 86_400 - 60, ["expires"]), (-60, ["expired"])])
def test_a_token_that_expires_within_three_days_is_warned_of_once(connect: Connect, caplog, left, told):
    options = {"bot_id": BOT_ID, "token": token_until(time.time() + left), "secret": SECRET}
    driver = connect(lambda _: httpx.Response(200, json=GOOD), **options)
    for _ in range(2):
        driver.get_client_gifts(client_id="a")
    lines = [record.getMessage() for record in caplog.records if record.name == "mantago.credentials"]
    assert [line.split()[5] for line in lines] == told
    assert all(
        line.startswith(f"the token of bot {BOT_ID} ") and line.endswith("UTC: renew the pair") for line in lines
    )


def test_new_credentials_are_warned_of_anew(caplog):
    keys = CredentialStore(None)
    keys.warn_of_expiry(0)
    for n in range(2):
        keys.take(Credentials(bot_id=f"b{n}", token=token_until(5), secret="s"))
        keys.warn_of_expiry(0)
        keys.warn_of_expiry(0)
    assert len(caplog.records) == 2


SLASHED = "杯/secret🎁+12345678"
"""A secret that JSON spells in several ways."""


def escaped(value: str) -> str:
    return json.dumps(value)[1:-1]


@pytest.mark.parametrize(
    "spelled",
    [lambda value: value.replace("/", r"\/"), escaped, lambda value: "".join(f"\\u{ord(c):04X}" for c in value)],
    ids=["a slash", "not ASCII", "everything"],
)
def test_a_secret_that_json_escapes_is_masked_where_it_is_cut_through_too(spelled):
    secret = SLASHED if spelled is escaped else SLASHED.replace("🎁", "")
    masking = Redactor([Credentials(bot_id="b", token="token-12345678", secret=secret)])
    whole = spelled(secret).encode()
    shortest = len(spelled(secret[: SHORTEST_REDACTED // 2 + 1]).encode())
    for length in range(shortest, len(whole)):
        assert masking.clean_cut(rb'{"a\/b": "' + whole[:length]) == rb'{"a\/b": "<redacted>', whole[:length]
    assert masking.clean_cut(rb'{"a\/b": "\u00') == rb'{"a\/b": "\u00'
    assert masking.clean_cut(rb"\/" + b"\xff" * 9) == rb"\/" + b"\xff" * 9
    assert Redactor([]).clean_cut(rb"a\/b") == rb"a\/b"
