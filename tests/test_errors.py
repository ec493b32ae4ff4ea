"""Errors can be told apart: each known code has its class, and each answer that can't be used is kept with its error."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import mantago
from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    BotNotFoundError,
    ClientClosedError,
    ClientGifts,
    ClientNotFoundError,
    CredentialsReplacedError,
    InvalidResponseError,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
    PlatformNotConnectedError,
    RateLimitError,
    ServerError,
    TokenExpiredError,
)
from mantago.testing.scenarios import Refusal
from mantago_generated import AuthenticatedClient
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime.errors import CODE_MEANINGS

OF_CODE: dict[int, type[APIStatusError]] = {
    1002: PermissionDeniedError,
    1004: TokenExpiredError,
    5001: BotNotFoundError,
    11001: PlatformNotConnectedError,
    37011: ClientNotFoundError,
    110000: BadRequestError,
    120000: CredentialsReplacedError,
}


def refusal(status: int, code: object = None) -> httpx.Response:
    envelope = {"success": False, "errResponse": {"message": "no", "code": code, "botId": BOT_ID}}
    return httpx.Response(status, json=envelope)


def error_of(connect: Connect, answer: httpx.Response | Callable[..., Any], **options: Any) -> Any:
    handler = answer if callable(answer) else lambda _: answer
    with pytest.raises(MantaGoError) as caught:
        connect(handler, **{"max_retries": 0, **options}).get_client_gifts(client_id="a")
    return caught.value


# --- statuses and codes ---------------------------------------------------------------------------------------------


def test_every_code_whose_meaning_is_known_has_a_class():
    assert OF_CODE.keys() == CODE_MEANINGS.keys()


@pytest.mark.parametrize("code", OF_CODE)
def test_on_a_200_that_says_no_the_code_alone_chooses(connect: Connect, code):
    assert type(error_of(connect, refusal(200, code))) is OF_CODE[code]


@pytest.mark.parametrize("code", [None, 36000, 404, 429, "E1"])
def test_a_200_with_a_code_that_nobody_knows_has_no_class_of_its_own(connect: Connect, code):
    assert type(error_of(connect, refusal(200, code))) is APIStatusError


@pytest.mark.parametrize(
    ("status", "branch", "within"),
    [
        (400, BadRequestError, []),
        (422, BadRequestError, []),
        (401, AuthenticationError, [1004, 120000]),
        (403, PermissionDeniedError, []),
        (404, NotFoundError, [5001, 11001, 37011]),
        (429, RateLimitError, []),
        (500, ServerError, []),
        (503, ServerError, []),
        (301, APIStatusError, []),
        (402, APIStatusError, []),
        (409, APIStatusError, []),
    ],
)
@pytest.mark.parametrize("code", [*OF_CODE, 36000, None])
def test_the_status_chooses_the_branch_and_a_code_the_class_within_it(connect: Connect, status, branch, within, code):
    error = error_of(connect, refusal(status, code))
    assert type(error) is (OF_CODE[code] if code in within else branch)
    assert (error.status_code, error.code) == (status, code)


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (Refusal.CLIENT_NOT_FOUND, ClientNotFoundError),
        (Refusal.BOT_NOT_FOUND, BotNotFoundError),
        (Refusal.PLATFORM_NOT_CONNECTED, PlatformNotConnectedError),
        (Refusal.TOKEN_EXPIRED, TokenExpiredError),
        (Refusal.CREDENTIALS_RENEWED, CredentialsReplacedError),
    ],
    ids=str,
)
def test_what_sandbox_and_fake_refuse_has_its_class(account, refused, kind):
    name = refused.name.lower().replace("_", "-")
    with mantago.MantaGo(**account) as client, pytest.raises(APIStatusError) as caught:
        client.get_client_gifts(client_id=name)
    assert type(caught.value) is kind
    assert CODE_MEANINGS[refused.code] in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, html="<html>nginx</html>"),
        httpx.Response(404),
        httpx.Response(404, json={"message": "Cannot POST /openapi/client/gift"}),
        httpx.Response(404, json={"errResponse": "no"}),
        refusal(404, 404),
        refusal(404, 0),
    ],
    ids=["a page", "nothing", "other JSON", "half an envelope", "its status for a code", "a code of nobody's"],
)
def test_a_404_that_is_not_the_services_own_says_so_and_is_no_missing_client(connect: Connect, answer):
    error = error_of(connect, answer)
    assert type(error) is NotFoundError
    assert "not one of the service's known refusals, which have codes of their own: is base_url right" in str(error)
    assert "not one of the service's known" in str(pickle.loads(pickle.dumps(error)))
    assert "not one of the service's known" in str(type(error)(*error.args))


def test_a_404_of_the_service_is_not_called_anybody_elses(connect: Connect):
    assert "not one of" not in str(error_of(connect, refusal(404, 37011)))
    assert "not one of" not in str(error_of(connect, refusal(404, 36000)))
    assert "not one of" not in str(error_of(connect, refusal(400)))
    assert "not one of" not in str(error_of(connect, refusal(400, 400)))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ("343892000", "343,892,000 s"),
        ("5", "5 s"),
        ("100", "100 s"),
        ("1.5", "1.5 s"),
        ("0.25", "0.25 s"),
        ("0", "0 s"),
    ],
)
def test_seconds_are_written_in_full(connect: Connect, seconds, told):
    error = error_of(connect, httpx.Response(429, headers={"Retry-After": seconds}))
    assert f", retry after {told}, 1 attempt" in str(error)


# --- the bot that a refusal is about --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_a_refusal_that_names_no_bot_has_the_bot_id_that_was_sent(connect: Connect, status):
    envelope = {"success": False, "errResponse": {"message": "no", "code": 5001}}
    error = error_of(connect, httpx.Response(status, json=envelope), bot_id="typo", token=TOKEN, secret=SECRET)
    assert error.bot_id == "typo"
    assert "(bot typo, 1 attempt, " in str(error)
    assert "(bot typo, 1 attempt, " in str(pickle.loads(pickle.dumps(error)))


def test_the_bot_that_the_service_names_comes_first_and_stays_on_one_line(connect: Connect):
    assert error_of(connect, refusal(404, 5001), bot_id="typo", token=TOKEN, secret=SECRET).bot_id == BOT_ID
    told = {"errResponse": {"message": "no", "botId": "a\nb" + "c" * 1000}}
    assert f"(bot a b{'c' * 97}, 1 attempt" in str(error_of(connect, httpx.Response(404, json=told)))


def test_a_bot_id_that_a_generated_call_brings_itself_is_the_one_that_was_sent(connect: Connect):
    driver = connect(lambda _: httpx.Response(404, json={"errResponse": {}}), max_retries=0)
    body = ClientIdentificationRequest(client_id="a", secret="")
    with pytest.raises(NotFoundError) as caught:
        driver.operation(post_openapi_client_gift, body=body, bot_id="b")
    assert caught.value.bot_id == "b"


def test_a_bot_id_that_is_the_secret_by_mistake_is_masked(connect: Connect):
    error = error_of(connect, httpx.Response(404, json={"errResponse": {}}), bot_id=SECRET, token=TOKEN, secret=SECRET)
    assert SECRET not in str(error) + repr(vars(error))


# --- answers that can't be used -------------------------------------------------------------------------------------

UNUSABLE: dict[str, tuple[httpx.Response, dict[str, Any], bytes]] = {
    "no JSON": (httpx.Response(200, text="<html>"), {}, b"<html>"),
    "another success": (httpx.Response(202, text="later"), {}, b"later"),
    "nothing": (httpx.Response(204), {}, b""),
    "a field missing": (httpx.Response(200, json={"success": True}), {}, b'{"success":true}'),
    "a drift where none is allowed": (
        httpx.Response(200, json=GOOD | {"tickets": None}),
        {"strict": True},
        json.dumps(GOOD | {"tickets": None}, separators=(",", ":")).encode(),
    ),
    "a body too large": (httpx.Response(200, stream=httpx.ByteStream(b"x" * 50)), {"max_response_bytes": 10}, b""),
    "a compression that breaks off": (
        httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(b"[" * 99)[:-9])),
        {},
        b"[" * 99,
    ),
}  # fmt: skip


def again(answer: httpx.Response) -> httpx.Response:
    """The same answer once more, still compressed."""
    content = b"".join(answer.stream)  # type: ignore[arg-type]
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return httpx.Response(
        answer.status_code, headers=headers | {"X-Request-Id": "4711"}, stream=httpx.ByteStream(content)
    )


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_answer_that_cannot_be_used_is_kept_with_its_error(connect: Connect, case):
    answer, options, body = UNUSABLE[case]
    left = [httpx.Response(503, headers={"Retry-After": "0"})]
    error = error_of(connect, lambda _: left.pop() if left else again(answer), max_retries=1, **options)
    assert type(error) is InvalidResponseError
    assert (error.status_code, error.body, error.attempts) == (answer.status_code, body, 2)
    assert error.headers["x-request-id"] == "4711"
    assert 0 < error.elapsed < 30
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_what_a_piece_too_much_followed_is_kept(connect: Connect):
    class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield from (b"12345", b"67890", b"x")

        async def __aiter__(self):
            for piece in self:
                yield piece

    error = error_of(connect, lambda _: httpx.Response(200, stream=Pieces()), max_response_bytes=10)
    assert error.body == b"1234567890"


@pytest.mark.parametrize("left_out", [1, 5, len(TOKEN) - 5])
def test_a_secret_that_is_cut_through_is_not_kept_either(connect: Connect, left_out):
    class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield from (f"echo {TOKEN[:-left_out]}".encode(), TOKEN[-left_out:].encode(), b"x" * 100)

        async def __aiter__(self):
            for piece in self:
                yield piece

    limit = len(f"echo {TOKEN[:-left_out]}")
    error = error_of(connect, lambda _: httpx.Response(200, stream=Pieces()), max_response_bytes=limit)
    assert error.body == b"echo <redacted>"


@pytest.mark.parametrize("end", [b"", b"no gzip" * 9], ids=["ends", "is damaged"])
def test_a_secret_that_a_refusals_compression_cuts_through_is_not_kept_either(connect: Connect, end):
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(f"echo {SECRET[:-1]}".encode()) + packer.flush(zlib.Z_SYNC_FLUSH)

    class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield from (packed, end)

        async def __aiter__(self):
            for piece in self:
                yield piece

    answer = httpx.Response(403, stream=Stream(), headers={"Content-Encoding": "gzip"})
    assert error_of(connect, lambda _: answer).body == b"echo <redacted>"


@pytest.mark.parametrize("payload", [{"success": f"{TOKEN} {SECRET}"}, f"{TOKEN} {SECRET}", {"messages": TOKEN}])
def test_what_is_kept_of_an_answer_shows_no_secret(connect: Connect, payload):
    answer = httpx.Response(200, text=json.dumps(payload)[:-1] + " " * 9, headers={"X-Echo": TOKEN})
    error = error_of(connect, answer)
    seen = str(vars(error)) + str(pickle.dumps(error))
    assert (TOKEN in seen, SECRET in seen) == (False, False)
    assert error.headers["X-Echo"] == "<redacted>"
    assert b"<redacted>" in error.body


@pytest.mark.parametrize("text", ["x" * 100_000, json.dumps(GOOD | {"success": "x" * 100_000})])
def test_what_is_kept_of_an_answer_is_cut(connect: Connect, text):
    error = error_of(connect, httpx.Response(200, text=text))
    assert error.body == text[: 64 * 1024].encode()


@pytest.mark.parametrize("text", ["<html>", '{"success": true}'])
def test_the_bare_generated_client_keeps_an_answer_that_cannot_be_used_too(text):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=f"{text} {TOKEN}" if "<" in text else text))
    client = AuthenticatedClient(base_url="http://localhost", token=TOKEN, httpx_args={"transport": transport})
    body = ClientIdentificationRequest(secret=SECRET, client_id="a")
    with pytest.raises(InvalidResponseError) as caught:
        post_openapi_client_gift.sync(client=client, body=body, bot_id=BOT_ID)
    assert (caught.value.status_code, caught.value.attempts) == (200, 1)
    assert caught.value.body in (b"<html> <redacted>", text.encode())
    assert caught.value.elapsed > 0


def test_a_refusal_to_the_bare_generated_client_tells_how_long_it_took():
    transport = httpx.MockTransport(lambda _: refusal(404, 37011))
    client = AuthenticatedClient(base_url="http://localhost", token=TOKEN, httpx_args={"transport": transport})
    body = ClientIdentificationRequest(secret=SECRET, client_id="a")
    with pytest.raises(ClientNotFoundError) as caught:
        post_openapi_client_gift.sync(client=client, body=body, bot_id=BOT_ID)
    assert caught.value.elapsed > 0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            httpx.Response(200, html="<html>"),
            "isn't JSON: Expecting value at character 0 (200 OK, text/html, 1 attempt, ",
        ),
        (httpx.Response(200, json=[]), "must be an object, not a list (200 OK, 1 attempt, "),
        (httpx.Response(299, json=GOOD), "where the spec says 200 (299, 1 attempt, "),
        (httpx.Response(200, content=b""), "is empty, not JSON (200 OK, 1 attempt, "),
    ],
    ids=["a page", "other JSON", "another status", "nothing"],
)
def test_the_text_of_an_answer_that_cannot_be_used_says_what_came_and_what_the_call_took(connect, answer, told):
    error = error_of(connect, answer)
    assert told in str(error)
    assert re.search(r"\d\.\d\d s\)$", str(error))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_data_that_no_service_answered_has_no_status():
    with pytest.raises(InvalidResponseError) as caught:
        ClientGifts.from_dict({"tickets": 5})
    assert (caught.value.status_code, caught.value.body, dict(caught.value.headers)) == (None, b"", {})
    assert str(caught.value) == "the answer can't be used: tickets: must be a list, not a number"


# --- a closed client ------------------------------------------------------------------------------------------------


def test_a_closed_client_raises_its_own_error(connect: Connect):
    driver = connect(lambda _: httpx.Response(200, json=GOOD))
    driver.runner.run(driver.client.aclose()) if driver.flavour == "async" else driver.client.close()
    for call in (
        lambda: driver.get_client_gifts(client_id="a"),
        lambda: driver.request("POST", "/openapi/client/gift"),
    ):
        with pytest.raises(ClientClosedError, match="this client is closed: make a new one"):
            call()
    assert issubclass(ClientClosedError, MantaGoError)
