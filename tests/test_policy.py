"""What is decided about a call, function by function."""

import gzip
import json
import time
import zlib

import httpx
import pytest

from mantago import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    Credentials,
    InvalidResponseError,
)
from mantago_runtime.calls.failures import connection_failure
from mantago_runtime.calls.policy import Policy, may_repeat, may_retry, wait_before
from mantago_runtime.calls.responses import ResponseBody, fields_of, parse_response, retry_after, vendor_code
from mantago_runtime.calls.signing import sign
from mantago_runtime.calls.transports import from_httpx
from mantago_runtime.document import OperationInfo
from mantago_runtime.mappings import Headers
from mantago_runtime.reading.json import parse_json
from mantago_runtime.secrets.redaction import Redactor

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT
POLICY = Policy(
    base_url=httpx.URL("https://host/api"),
    timeout=30.0,
    max_retries=2,
    max_response_bytes=100,
    operations=(
        OperationInfo("read", "POST", "/read", True),
        OperationInfo("read_one", "POST", "/one/{id}", True),
        OperationInfo("act", "POST", "/one/all", False),
    ),
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("9" * 400, 10**9),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("", None),
        ("soon", None),
        ("٧", None),
        ("5\x1e", 5.0),  # found by make fuzz: what str.strip() takes for white space, float() doesn't
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Fri, 15 Jan 2027 09:00:10 +0100", 10.0),
        ("Fri, 15 Jan 2027 08:00:10 -0000", 10.0),
        ("Fri, 15 Jan 2016 08:00:00 GMT", 0.0),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None),
        ("Fri, 15 Jan 99999999999999999999 08:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_anything_else_says_nothing(header, expected):
    assert retry_after(header, NOW) == expected


@pytest.mark.parametrize(("retry", "most"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (10_000, 8)])
def test_the_wait_is_full_jitter_below_half_a_second_doubling_to_eight(retry, most):
    failure = APIConnectionError("reset")
    assert wait_before(retry, failure, 0.0) == 0
    assert wait_before(retry, failure, 0.5) == most / 2
    assert wait_before(retry, failure, 1.0) == most


def test_the_services_own_wait_comes_before_jitter():
    assert wait_before(1, APIStatusError(status_code=429, message="", retry_after=3.0), 0.5) == 3.0


def status(code: int, retry_after: float | None = None) -> APIStatusError:
    return APIStatusError.for_status(code)(status_code=code, message="", retry_after=retry_after)


def connection_error(error: httpx.HTTPError) -> APIConnectionError:
    return connection_failure(error, Redactor([]), "host")


@pytest.mark.parametrize(
    ("failure", "if_read_only", "otherwise"),
    [
        *((status(code), True, False) for code in (500, 502, 503, 504)),
        *((status(code), False, False) for code in (200, 301, 400, 401, 403, 404, 409, 422, 501, 520)),
        (status(429), True, True),
        (status(503, retry_after=1.0), True, True),
        (status(500, retry_after=1.0), True, False),
        (connection_error(httpx.ConnectError("refused")), True, True),
        (connection_error(httpx.ConnectTimeout("")), True, True),
        (connection_error(httpx.PoolTimeout("")), True, True),
        (connection_error(httpx.ProxyError("407")), True, True),
        (connection_error(httpx.ReadError("reset")), True, False),
        (connection_error(httpx.WriteError("reset")), True, False),
        (connection_error(httpx.ReadTimeout("")), True, False),
        (connection_error(httpx.RemoteProtocolError("cut off")), True, False),
        (connection_error(httpx.LocalProtocolError("bad header")), False, False),
        (InvalidResponseError("isn't JSON"), False, False),
    ],
    ids=repr,
)
def test_a_request_is_repeated_only_where_that_helps_and_can_do_nothing_twice(failure, if_read_only, otherwise):
    assert may_retry(failure, read_only=True) is if_read_only
    assert may_retry(failure, read_only=False) is otherwise


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        *(("GET", "/api/x", True), ("HEAD", "/api/x", True), ("OPTIONS", "/api/x", True)),
        *(("POST", "/api/read", True), ("POST", "/api/read/more", False), ("POST", "/read", False)),
        *(("PUT", "/api/read", False), ("DELETE", "/api/read", False)),
        *(("POST", "/api/one/5", True), ("POST", "/api/one/all", False), ("POST", "/api/one/5/6", False)),
    ],
)
def test_an_operation_reads_only_if_its_method_or_its_path_says_so(method, path, expected):
    assert may_repeat(from_httpx(httpx.Request(method, f"https://host{path}"), POLICY)) is expected


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        (httpx.Timeout(5), 5),
        (httpx.Timeout(5, read=9), 9),
        (httpx.Timeout(None), None),
        (httpx.Timeout(5, pool=None), None),
        (httpx.Timeout(-1), None),
        (None, None),
    ],
)
def test_a_calls_time_is_what_httpx_was_told_unless_that_leaves_something_unlimited(timeout, expected):
    extensions = {} if timeout is None else {"timeout": timeout.as_dict()}
    assert from_httpx(httpx.Request("POST", "https://host/", extensions=extensions), POLICY).timeout == expected


OLD, NEW = (Credentials(bot_id=f"bot-{n}", token=f"token-{n}", secret=f"secret-{n}") for n in ("old", "new"))


@pytest.mark.parametrize(
    ("bot_id", "secret", "signed_bot", "signed_secret"),
    [
        ("", "", "bot-new", "secret-new"),
        (None, None, "bot-new", "secret-new"),
        ("bot-old", "secret-old", "bot-new", "secret-new"),
        ("bot-new", "secret-new", "bot-new", "secret-new"),
        ("another-bot", "its-secret", "another-bot", "its-secret"),
    ],
)
def test_signing_fills_in_and_follows_the_clients_own_credentials_only(bot_id, secret, signed_bot, signed_secret):
    params = {"page": "1 & 2"} if bot_id is None else {"page": "1 & 2", "botId": bot_id}
    body = {"name": "杯"} if secret is None else {"name": "杯", "secret": secret}
    request = httpx.Request("POST", "https://host/x", params=params, json=body, headers={"Authorization": "other"})
    signed, headers, content = signed_parts(request, OLD, NEW)
    assert dict(signed.params) == {"page": "1 & 2", "botId": signed_bot}
    assert json.loads(content) == {"name": "杯", "secret": signed_secret}
    assert headers["Authorization"] == "Bearer token-new"
    assert int(headers["Content-Length"]) == len(content)


def signed_parts(request: httpx.Request, *held: Credentials) -> tuple[httpx.URL, httpx.Headers, bytes]:
    signed = sign(from_httpx(request, POLICY), POLICY.base_url, NEW, held)
    return httpx.URL(bytes(signed.url).decode()), httpx.Headers(signed.headers), b"".join(signed.stream)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        *({}, {"content": b"raw"}, {"json": [1]}, {"data": {"a": "b"}}),
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": iter([b"a stream"]), "headers": {"Content-Type": "application/json"}},
    ],
    ids=["nothing", "bytes", "list", "form", "broken", "stream"],
)
def test_a_body_that_is_no_json_object_is_sent_as_it_is(arguments):
    request = httpx.Request("POST", "https://host/x", **arguments)
    expected = request.content if isinstance(request.stream, httpx.ByteStream) else b"a stream"
    _, headers, content = signed_parts(request)
    assert content == expected
    assert headers.get("Content-Length") == request.headers.get("Content-Length")


@pytest.mark.parametrize(
    "url", ["https://other/api/x", "http://host/x", "https://host:444/x", "https://host.other/x", "https://hos/x"]
)
def test_a_request_to_another_server_is_refused(url):
    with pytest.raises(ConfigurationError, match="sends its token and secret to https://host only, not to http"):
        from_httpx(httpx.Request("POST", url), POLICY)


def read(raw: bytes, encoding: str = "", *, limit: int = 100, piece: int = 7, length: str | None = None) -> bytes:
    headers = {"Content-Encoding": encoding} if encoding else {}
    body = ResponseBody(limit, Headers([*headers.items(), *([("Content-Length", length)] if length else [])]))
    pieces = iter([*(raw[i : i + piece] for i in range(0, len(raw), piece)), None])
    while body.problem is None and body.feed(next(pieces)):
        pass
    return body.finish()


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        *(("", bytes), ("identity", bytes), ("gzip", gzip.compress), ("X-GZIP", gzip.compress)),
        *(("deflate", zlib.compress), ("deflate", bare_deflate)),
    ],
)
@pytest.mark.parametrize("content", [b"", b"a body of some words", b"x" * 100])
def test_a_body_is_decoded_up_to_the_limit_and_refused_above_it(encoding, pack, content):
    assert read(pack(content), encoding) == content
    with pytest.raises(InvalidResponseError, match="larger than 100 bytes"):
        read(pack(b"y" * 101), encoding)
    with pytest.raises(InvalidResponseError, match="larger than 100 bytes"):
        read(pack(b"z" * 10**6), encoding, piece=10**6)


@pytest.mark.parametrize("content", [b"", b"a body of some words", b"x" * 100])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, bare_deflate])
def test_a_body_is_decoded_whatever_pieces_it_comes_in(pack, content):
    raw = pack(content)
    for size in range(1, len(raw) + 1):
        assert read(raw, "gzip" if pack is gzip.compress else "deflate", piece=size) == content


PACKED, EMPTY = gzip.compress(b"some words", mtime=0), gzip.compress(b"", mtime=0)


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (PACKED + PACKED, b"some wordssome words"),
        (PACKED + EMPTY, b"some words"),
        (EMPTY + PACKED, b"some words"),
        (EMPTY * 3, b""),
        (PACKED + b"\0" * 512, b"some words"),
        (PACKED + EMPTY + b"\0", b"some words"),
        (PACKED + b"\0" * 7 + PACKED, b"some wordssome words"),
    ],
    ids=["two", "an empty last one", "an empty first one", "empty ones only", "zeros", "both", "zeros between"],
)
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "gzip, identity", "gzip,", "deflate"])
def test_a_gzip_may_have_several_members_and_zeros_after_them(encoding, raw, content):
    for size in range(1, len(raw) + 1):
        assert read(raw, encoding, piece=size) == content


def test_the_limit_holds_for_all_members_of_a_gzip_together():
    with pytest.raises(InvalidResponseError, match="larger than 100 bytes"):
        read(gzip.compress(b"x" * 60) * 2, "gzip")


@pytest.mark.unmeasured
def test_many_empty_members_of_a_gzip_take_no_more_time_than_their_size():
    begun = time.process_time()
    assert read(EMPTY * 200_000 + PACKED, "gzip", piece=10**9) == b"some words"
    assert time.process_time() - begun < 20  # copying the rest for each of them would take minutes


@pytest.mark.parametrize(
    ("raw", "encoding", "length", "told"),
    [
        (b"", "", "101", "larger than 100 bytes"),
        (b"whatever", "br", None, "content encoding .* didn't ask for"),
        (b"whatever", "gzip, gzip", None, "content encoding .* didn't ask for"),
        (b"not compressed", "gzip", None, "isn't the gzip that its header says"),
        (b"not compressed", "deflate", None, "isn't the deflate that its header says"),
        (gzip.compress(b"some words", mtime=0)[:-9], "gzip", None, "ends in the middle of its compression"),
        (gzip.compress(b"some words", mtime=0) + b"more", "gzip", None, "has bytes after the end of its compression"),
        (PACKED + b"\0\0more", "gzip", None, "has bytes after the end of its compression"),
        (PACKED + PACKED[:-9], "gzip", None, "ends in the middle of its compression"),
        (PACKED + b"\x1f", "gzip", None, "ends in the middle of its compression"),
        (PACKED + b"\x1fnone", "gzip", None, "isn't the gzip that its header says"),
        (PACKED[:1], "gzip", None, "ends in the middle of its compression"),
        (zlib.compress(b"some words") + b"\0", "deflate", None, "has bytes after the end of its compression"),
        (bare_deflate(b"some words") + b"\0", "deflate", None, "has bytes after the end of its compression"),
        (PACKED[:-8] + b"\xff" * 8, "gzip", None, "isn't the gzip that its header says"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused(raw, encoding, length, told):
    with pytest.raises(InvalidResponseError, match=told):
        read(raw, encoding, length=length, piece=1000)


def test_a_content_length_that_is_none_is_left_to_the_network():
    assert read(b"abc", length="many") == b"abc"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html>", "isn't JSON: Expecting value at character 0"),
        (b'{"a": 1', "isn't JSON: .* at character 7"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' comes twice in an object"),
        (b'{"a": NaN}', "NaN isn't a number that can be read"),
        (b'{"a": -Infinity}', "-Infinity isn't a number"),
        ('{"a": "é"}'.encode("latin-1"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested too deeply|isn't JSON"),
        (b'{"a": 1, "b": {"c": 1, "d": 2, "c": 3}}', "'c' comes twice in an object"),
        (b'{"a": -1e999}', "-1e999 isn't a number"),
        (b"1" * 5000, "can't be read as JSON: Exceeds the limit"),
    ],
)
def test_a_body_that_is_no_json_is_refused_without_being_quoted(body, told):
    with pytest.raises(InvalidResponseError, match=told) as caught:
        parse_json(body)
    assert caught.value.path == "$"
    assert caught.value.__cause__ is None is caught.value.__context__


def envelope(**error: object) -> bytes:
    return json.dumps({"success": False, "errResponse": error}).encode()


FULL = envelope(message="Get client failed", code=37011, botId="bot")


@pytest.mark.parametrize(
    "status_code", [200, 301, 304, 400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 520, 599, 999]
)
@pytest.mark.parametrize(
    ("body", "code", "message", "bot_id"),
    [
        (FULL, 37011, "Get client failed", "bot"),
        (envelope(message="m", code="37011"), 37011, "m", None),
        (envelope(message="m", code=None, botId=None), None, "m", None),
        (envelope(message=5, code=True, botId=5), None, None, None),
        (b'{"success": false}', None, None, None),
        (b'{"success": false, "errResponse": "no"}', None, None, None),
    ],
)
def test_a_refusal_gives_its_status_code_message_and_bot(status_code, body, code, message, bot_id):
    with pytest.raises(APIStatusError) as caught:
        parse_response(status_code, Headers([("Retry-After", "3"), ("X-A", "1"), ("x-a", "2")]), body, NOW)
    error = caught.value
    assert (error.status_code, error.code, error.bot_id, error.retry_after) == (status_code, code, bot_id, 3.0)
    assert error.message == message if message else error.message
    assert error.headers["x-A"] == "1, 2"
    assert error.body == body


@pytest.mark.parametrize("status_code", [400, 404, 500, 502, 520])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\xff\xfe", b"[]", b"null", b"x" * 100_000])
def test_a_failure_with_any_body_is_an_api_status_error_whose_body_is_cut(status_code, body):
    with pytest.raises(APIStatusError) as caught:
        parse_response(status_code, Headers(), body, NOW)
    assert caught.value.code is None
    assert caught.value.body == body[: 64 * 1024]


@pytest.mark.parametrize("status_code", [101, 201, 202, 204, 206, 299])
def test_any_success_but_200_is_an_invalid_response(status_code):
    with pytest.raises(InvalidResponseError, match=f"status {status_code}"):
        parse_response(status_code, Headers(), b'{"success": true}', NOW)


@pytest.mark.parametrize("payload", [{"success": True, "message": "m"}, {"success": None}, [], "text"])
def test_any_json_with_200_goes_to_whoever_reads_it(payload):
    assert parse_response(200, Headers(), json.dumps(payload).encode(), NOW) == payload


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1), ("7", 7), ("x", None), (True, None), (1.5, None), ("9" * 30, None)]
)
def test_the_vendors_code_is_a_number_or_none(value, expected):
    assert vendor_code(value) == expected


class OwnTransportError(httpx.ConnectError):
    """As somebody's transport could raise it: with a constructor of its own."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


def test_a_failure_on_the_way_keeps_a_cause_without_frames_and_secrets():
    pair = Credentials(bot_id="b", token="token-12345678", secret="secret-12345678")
    failure = connection_failure(OwnTransportError("x", "line token-12345678\n"), Redactor([pair]), "host:443")
    assert str(failure) == "no answer from host:443: OwnTransportError: x: line <redacted> (1 attempt, 0.00 s)"
    assert repr(failure.__cause__) == "ConnectError('x: line <redacted>')"
    assert isinstance(connection_error(httpx.ReadTimeout("")), APITimeoutError)


def test_header_fields_are_read_as_utf_8_or_else_as_latin_1():
    raw = [(b"A", b"plain"), (b"B", "杯".encode()), (b"C", b"caf\xe9")]
    assert list(fields_of(raw, Redactor([]))) == [("A", "plain"), ("B", "杯"), ("C", "café")]


@pytest.mark.parametrize("told", [b"x", b"token-12345678", b"\\u0074oken-12345678", b"\\", b"\\u00", b"\xe6", b'a\\"'])
@pytest.mark.parametrize("then", [b"token-12345678", b"74oken-12345678", b"y"])
def test_a_secret_in_any_field_of_a_header_is_taken_out_whatever_stands_before_it(told: bytes, then: bytes) -> None:
    redactor = Redactor([Credentials(bot_id="b", token="token-12345678", secret="secret-12345678")])
    raw = [(b"A", told), (then, b"1"), (b"B", told + then), (b"C", then)]
    alone = [
        field for name, value in raw for field in fields_of([(redactor.clean(name), redactor.clean(value))], redactor)
    ]
    assert list(fields_of(raw, redactor)) == alone
    assert not any("token-12345678" in text for field in alone for text in field)


@pytest.mark.parametrize(("raw", "encoding"), [(b"whatever", "br"), (b"not compressed", "gzip")], ids=["br", "broken"])
def test_of_a_failure_what_could_be_read_of_the_body_is_enough(raw, encoding):
    body = ResponseBody(100, Headers([("Content-Encoding", encoding)]))
    body.feed(raw)
    assert body.problem is not None
    assert body.finish(503) == b""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"success": False}, 'the answer says "success": false'),
        ({"success": False, "message": "No gifts today"}, "No gifts today"),
        ({"success": False, "errResponse": {"message": "inner"}, "message": "outer"}, "inner"),
    ],
)
def test_a_refusal_without_its_envelope_still_says_something(body, message):
    with pytest.raises(APIStatusError) as caught:
        parse_response(200, Headers(), json.dumps(body).encode(), 0)
    assert caught.value.message == message


def test_the_repr_of_a_refusal_says_what_a_log_needs():
    error = APIStatusError.for_status(404)(status_code=404, code=37011, message="Get client failed")
    assert repr(error) == "NotFoundError(status_code=404, code=37011, message='Get client failed')"


def test_a_number_too_large_for_any_is_refused():
    with pytest.raises(InvalidResponseError, match="1e999 isn't a number that can be read"):
        parse_json(b'{"a": 1e999, "b": 1.5}')
    assert parse_json(b'{"b": 1.5}') == {"b": 1.5}
