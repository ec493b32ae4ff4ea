"""What happens to a call, decided: pure functions of what was sent and what came back; `_transport` moves the bytes.

Sizes are in bytes, times in seconds.
"""

from __future__ import annotations

import json
import math
import re
import ssl
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import httpcore
import httpx
from attrs import frozen

from mantago._credentials import Credentials, Keyring, Mask
from mantago._errors import (
    NO_MESSAGE,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    Headers,
    InvalidResponseError,
    MantaGoError,
    phrase,
)

NOTHING = httpx.ByteStream(b"")
REFUSED = 'the answer says "success": false'
KEPT_OF_A_FAILURE = 64 * 1024
PIECE = 64 * 1024
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 8.0
LONGEST_RETRY_AFTER = 10**9
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RENEWAL_CODE = 120000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PLAIN, COMPRESSED = frozenset({"", "identity"}), frozenset({"gzip", "x-gzip", "deflate"})
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
HOPELESS = (ssl.SSLCertVerificationError, httpx.LocalProtocolError, httpx.UnsupportedProtocol)
CORE_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)
NETWORK_FAILURES = (httpx.HTTPError, *CORE_FAILURES, OSError)


@frozen(repr=False)
class Asked:
    """What a call asks, before it is signed: credentials go into header, query and JSON body, so these are in parts.

    The repr is silent: a caller may have put a secret of its own into the body.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[bytes, bytes], ...]
    body: Mapping[str, Any] | None = None
    """The JSON object to send; None where the body is something else: `content`."""
    content: Any = NOTHING
    timeout: float | None = None


@frozen
class Policy:
    """The limits that one client keeps; `read_only` holds the paths where a POST may be sent again."""

    base_url: httpx.URL
    timeout: float
    max_retries: int
    max_response_bytes: int
    read_only: frozenset[str]

    def asked(self, request: httpx.Request) -> Asked:
        """Return what a request of httpx's asks; raise ConfigurationError if it goes to another server."""
        url, ours = request.url, self.base_url
        if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
            raise ConfigurationError(
                f"this client sends its token and secret to {ours.scheme}://{self.host} only, not to "
                f"{url.scheme}://{url.netloc.decode('ascii')}"
            )
        body = json_body(request)
        dropped = {b"authorization"} if body is None else {b"authorization", b"content-length"}
        return Asked(
            request.method,
            url.raw_path.partition(b"?")[0].decode("ascii"),
            tuple(url.params.multi_items()),
            tuple((name, value) for name, value in request.headers.raw if name.lower() not in dropped),
            body,
            request.stream,
            told_seconds(request.extensions.get("timeout", {})),
        )

    @property
    def host(self) -> str:
        """The server's name, and its port where that isn't the usual one."""
        return self.base_url.netloc.decode("ascii")

    def may_repeat(self, asked: Asked) -> bool:
        """Whether the operation only reads, so that sending it twice can't do anything twice."""
        return asked.method in SAFE_METHODS or (asked.method == "POST" and asked.path in self.read_only)


# --- out ------------------------------------------------------------------------------------------------------------


def told_seconds(timeouts: Mapping[str, Any]) -> float | None:
    """Return what httpx was told that a request may take, None unless that limits everything."""
    limits = [value for value in timeouts.values() if isinstance(value, (int, float)) and 0 < value < math.inf]
    return max(limits) if limits and len(limits) == len(timeouts) else None


def sign(asked: Asked, base_url: httpx.URL, credentials: Credentials, held: Iterable[Credentials]) -> httpcore.Request:
    """Return the request with token in the header, bot id in the query and secret in a JSON body.

    A bot id or secret that the request already carries stays, unless it is one that this client holds or held:
    those follow the credentials as they are renewed.
    """
    bot_id = next((value for name, value in asked.query if name == "botId"), "")
    if not bot_id or any(bot_id == pair.bot_id for pair in held):
        bot_id = credentials.bot_id
    query = [("botId", bot_id), *(item for item in asked.query if item[0] != "botId")]
    target = f"{asked.path}?{urlencode(query, quote_via=quote)}"
    headers = [*asked.headers, (b"Authorization", f"Bearer {credentials.token}".encode())]
    content = asked.content
    if asked.body is not None:
        secret = asked.body.get("secret")
        if not secret or any(secret == pair.secret for pair in held):
            secret = credentials.secret
        packed = json.dumps({**asked.body, "secret": secret}, ensure_ascii=False, separators=(",", ":")).encode()
        headers.append((b"Content-Length", b"%d" % len(packed)))
        content = httpx.ByteStream(packed)
    url = httpcore.URL(scheme=base_url.raw_scheme, host=base_url.raw_host, port=base_url.port, target=target)
    return httpcore.Request(asked.method, url, headers=headers, content=content)


def json_body(request: httpx.Request) -> dict[str, Any] | None:
    """Return the object that a request has for its body, None if its body is something else."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        body = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None
    return body if isinstance(body, dict) else None


def mask_for(asked: Asked, keys: Keyring) -> Mask:
    """Return what to take out of the answer: what the client holds, and a secret that the request brought itself."""
    own = (asked.body or {}).get("secret")
    if not isinstance(own, str) or not own or any(own == pair.secret for pair in keys.held):
        return keys.mask
    return Mask(keys.held, [own])


# --- back -----------------------------------------------------------------------------------------------------------


def fields_of(raw: Iterable[tuple[bytes, bytes]], mask: Mask) -> Iterable[tuple[str, str]]:
    """Return header fields as text, without secrets."""
    for pair in raw:
        name, value = map(mask.clean, pair)
        try:
            yield name.decode("ascii"), value.decode()
        except UnicodeDecodeError:
            yield name.decode("latin-1"), value.decode("latin-1")


class Body:
    """The decoded body of an answer as it comes in, never more of it than the limit.

    Problems are kept rather than raised, so that no frame of a traceback holds a piece of the raw answer.
    """

    def __init__(self, limit: int, headers: Headers) -> None:
        self.limit = limit
        self.problem: str | None = None
        self._too_large = False
        self._content = bytearray()
        self._encoding = headers.get("Content-Encoding", "").strip().lower()
        # 32: zlib finds out itself whether the header is gzip's or zlib's.
        self._inflate = None if self._encoding in PLAIN else zlib.decompressobj(zlib.MAX_WBITS | 32)
        if self._encoding not in PLAIN | COMPRESSED:
            self.problem = f"comes in the content encoding {self._encoding[:50]!r}, which wasn't asked for"
        length = headers.get("Content-Length", "")
        if self._inflate is None and re.fullmatch("[0-9]{1,18}", length) and int(length) > limit:
            self._refuse_size()

    def feed(self, chunk: bytes | None) -> bool:
        """Take a piece of the raw answer, None for its end; False when no more is wanted."""
        if chunk is None:
            return False
        if self._inflate is None:
            return self._keep(chunk)
        try:
            # In pieces, so that little is held of what swells; a short one is the last that the input gives.
            while self._keep(piece := self._inflate.decompress(chunk, PIECE)) and len(piece) == PIECE:
                chunk = self._inflate.unconsumed_tail
        except zlib.error:
            if self._content or self._encoding != "deflate":
                self.problem = f"isn't the {self._encoding} that its header says"
                return False
            # Some servers take "deflate" for the bare stream, without zlib's header.
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            self._encoding = "bare deflate"
            return self.feed(chunk)
        if self._inflate.unused_data:
            self.problem = "goes on after the end of its compression"
        return self.problem is None

    def _keep(self, piece: bytes) -> bool:
        if len(self._content) + len(piece) > self.limit:
            self._refuse_size()
            return False
        self._content += piece
        return True

    def finish(self, status: int = 200) -> bytes:
        """Return the whole body; raise InvalidResponseError for what went wrong on the way.

        Of a failure, whose status says more than its body, what could be read is enough, unless it is too large.
        """
        if status >= 300 and not self._too_large:
            return bytes(self._content)
        if self.problem is None and self._inflate is not None and self._content and not self._inflate.eof:
            self.problem = "ends in the middle of its compression"
        if self.problem is not None:
            raise InvalidResponseError(self.problem)
        return bytes(self._content)

    def _refuse_size(self) -> None:
        self._too_large = True
        self.problem = f"is larger than {self.limit:,} bytes (max_response_bytes)"


def settle(status: int, headers: Headers, body: bytes, now: float) -> Any:
    """Return the parsed JSON of a good answer; raise APIStatusError or InvalidResponseError for any other.

    `now` is the time of day, for a Retry-After that is a date.
    """
    if status == 200:
        payload = parse_json(body)
        if not (isinstance(payload, dict) and payload.get("success") is False):
            return payload
    elif status < 300:
        raise InvalidResponseError(f"has the status {status} {phrase(status)}".rstrip() + ", where the spec says 200")
    else:
        try:
            payload = parse_json(body)
        except InvalidResponseError:
            payload = None
    envelope = payload.get("errResponse") if isinstance(payload, dict) else None
    told = envelope if isinstance(envelope, dict) else {}
    message, bot_id = told.get("message"), told.get("botId")
    if not isinstance(message, str) and isinstance(payload, dict):
        message = payload.get("message")
    raise APIStatusError.for_status(status)(
        status_code=status,
        code=vendor_code(told.get("code")),
        message=message if isinstance(message, str) else (REFUSED if status == 200 else phrase(status) or NO_MESSAGE),
        bot_id=bot_id if isinstance(bot_id, str) else None,
        retry_after=retry_after(headers.get("Retry-After"), now),
        headers=headers,
        body=body[:KEPT_OF_A_FAILURE],
    )


def parse_json(body: bytes) -> Any:
    """Parse a body as RFC 8259 has it: UTF-8, no NaN; a byte-order mark is passed over."""
    problem = "isn't JSON"
    try:
        return json.loads(
            body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_members
        )
    except UnicodeDecodeError:
        problem = "isn't JSON: not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"isn't JSON: {error.msg} at character {error.pos}" if body.strip() else "is empty, not JSON"
    except RecursionError:
        problem = "can't be read as JSON: nested too deeply"
    except ValueError as error:
        problem = f"can't be read as JSON: {error}"
    # Raised out here, the error doesn't carry the parser's, which holds the whole document.
    raise InvalidResponseError(problem)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text[:50]} is no number that can be read")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; where a name comes twice, one reader takes the one and another the other."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:50]!r} comes twice in an object")
    return members


def vendor_code(value: object) -> int | None:
    """Return the vendor's number, also where it comes as a string."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as seconds or as a date; None if it says nothing."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text := value.strip()):
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def connection_failure(error: Exception, mask: Mask, address: str) -> APIConnectionError:
    """Return our exception for what httpx, or httpcore below it, couldn't do."""
    text = mask.clean_text(" ".join(str(error).split()))
    # httpcore's names are httpx's; a transport of the caller's may raise classes of its own below them.
    known = next(
        (cls.__name__ for cls in type(error).__mro__ if cls.__module__ in ("httpx", "httpcore")), "NetworkError"
    )
    kind: type[Exception] = getattr(httpx, known)
    named = f"{type(error).__name__}{': ' if text else ''}{text}"
    if issubclass(kind, httpx.TimeoutException):
        failure: APIConnectionError = APITimeoutError(f"no answer from {address} in time: {named}")
    elif is_untrusted(error):
        failure = APIConnectionError(
            f"the certificate of {address} is not trusted: {named}; if it is your own, name its authority's file in "
            "SSL_CERT_FILE"
        )
        failure.__cause__ = ssl.SSLCertVerificationError(text)
        return failure
    else:
        failure = APIConnectionError(f"no answer from {address}: {named}")
    # The cause without its frames and its own causes: those hold the signed request, and may quote the answer.
    failure.__cause__ = kind(text)
    return failure


def is_untrusted(error: BaseException | None) -> bool:
    """Whether a certificate was the reason, which no further attempt will change."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


# --- again? ---------------------------------------------------------------------------------------------------------


def wants_renewal(failure: MantaGoError) -> bool:
    """Whether the service refused the credentials in a way that new ones could mend."""
    return isinstance(failure, APIStatusError) and (failure.status_code == 401 or failure.code == RENEWAL_CODE)


def may_retry(failure: MantaGoError, *, read_only: bool) -> bool:
    """Whether the request may be sent again: an operation with effects only if the service can't have acted on it."""
    if isinstance(failure, APIStatusError):
        if read_only:
            return failure.status_code in RETRIED_STATUSES
        return failure.status_code == 429 or (failure.status_code == 503 and failure.retry_after is not None)
    if not isinstance(failure, APIConnectionError) or isinstance(failure.__cause__, HOPELESS):
        return False
    return read_only or isinstance(failure.__cause__, NEVER_SENT)


def wait_before(retry: int, failure: MantaGoError, jitter: float) -> float:
    """Return how long to wait before a retry (the first is 1): what the service asked for, else full jitter.

    `jitter` is a random number from 0 to 1: the wait is that share of 0.5 s, doubled with each retry up to 8 s.
    """
    if isinstance(failure, APIStatusError) and failure.retry_after is not None:
        return failure.retry_after
    return jitter * min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(retry - 1, 10))
