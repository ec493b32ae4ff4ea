"""Responses: their body within its limit, and their JSON or the exception that they mean.

Sizes are in bytes, times in seconds.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any, TypeVar

import httpx
from attrs import field, frozen

from mantago_runtime.calls.compression import COMPRESSED_ENCODINGS, Unpacker, codings_of
from mantago_runtime.calls.requests import ANY_JSON
from mantago_runtime.document import Media, for_status
from mantago_runtime.errors import NO_MESSAGE, APIStatusError, InvalidResponseError, named, phrase, tried
from mantago_runtime.mappings import Headers
from mantago_runtime.operation import Operation
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.fields import Reader
from mantago_runtime.reading.json import parse_json
from mantago_runtime.reading.model import note_response
from mantago_runtime.reading.readers import JSON
from mantago_runtime.reading.results import read_result
from mantago_runtime.secrets.redaction import Redactor

REFUSED_WITH_200 = 'the answer says "success": false'
MAX_KEPT_BODY_BYTES = 64 * 1024
"""Bytes of an answer that an exception keeps."""
MAX_RETRY_AFTER_SECONDS = 10**9
MAX_DRIFT_WARNINGS = 1_000
"""Kinds of drift that a client warns of: a service that makes up field names would fill the log, and the memory."""
DIGITS = re.compile("[0-9]{1,18}")

T = TypeVar("T")

_drift_log = logging.getLogger("mantago.drift")


def fields_of(raw: Iterable[tuple[bytes, bytes]], redactor: Redactor) -> Iterable[tuple[str, str]]:
    """Return header fields as text, without secrets."""
    pairs = [*raw]
    flat = b"\n".join(chain.from_iterable(pairs))  # nearly always there is nothing to take out of any of them
    if redactor.clean(flat) != flat:
        pairs = [(redactor.clean(name), redactor.clean(value)) for name, value in pairs]
    for name, value in pairs:
        try:
            yield name.decode("ascii"), value.decode()
        except UnicodeDecodeError:
            yield name.decode("latin-1"), value.decode("latin-1")


class ResponseBody:
    """The decoded body of an answer as it comes in, never more of it than the limit.

    Problems are kept rather than raised, so that no frame of a traceback holds a piece of the raw answer.
    """

    def __init__(self, limit: int, headers: Headers) -> None:
        self.limit = limit
        self.problem: str | None = None
        self._too_large = False
        self._content = bytearray()
        codings = codings_of(headers.get("Content-Encoding", ""))
        self._unpacker = Unpacker(codings[0]) if codings else None
        if codings and (len(codings) > 1 or codings[0] not in COMPRESSED_ENCODINGS):
            self.problem = f"has the content encoding {', '.join(codings)[:50]!r}, which the client didn't ask for"
        length = headers.get("Content-Length", "")
        if not codings and DIGITS.fullmatch(length) and int(length) > limit:
            self._refuse_size()

    def feed(self, chunk: bytes | None) -> bool:
        """Take a piece of the raw answer, None for its end; False when no more is wanted."""
        if chunk is None:
            return False
        if self._unpacker is None:
            return self._keep(chunk)
        for piece in self._unpacker.unpacked(chunk):
            if not self._keep(piece):
                return False
        self.problem = self._unpacker.problem
        return self.problem is None

    def _keep(self, piece: bytes) -> bool:
        if len(self._content) + len(piece) > self.limit:
            self._refuse_size()
            return False
        self._content += piece
        return True

    @property
    def beginning(self) -> bytes:
        """The part of what was read that an exception keeps, and more: no secret may be cut before it is masked."""
        return bytes(self._content[: 5 * MAX_KEPT_BODY_BYTES])

    @property
    def is_whole(self) -> bool:
        """True if nothing of what came is missing, or couldn't be unpacked."""
        return self.problem is None and (self._unpacker is None or self._unpacker.is_whole)

    def finish(self, status: int = 200) -> bytes:
        """Return the whole body; raise InvalidResponseError for what went wrong on the way.

        Of a failure, whose status says more than its body, what could be read is enough, unless it is too large.
        """
        if status >= 300 and not self._too_large:
            return bytes(self._content)
        if self.problem is None and not self.is_whole:
            self.problem = "ends in the middle of its compression"
        if self.problem is not None:
            raise InvalidResponseError(self.problem)
        return bytes(self._content)

    def _refuse_size(self) -> None:
        self._too_large = True
        self.problem = f"is larger than {self.limit:,} bytes (max_response_bytes)"


def parse_response(
    status: int, headers: Headers, body: bytes, now: float, answers: Mapping[int | str, Media] = ANY_JSON
) -> Any:
    """Return what a good answer holds, such as its JSON; raise APIStatusError or InvalidResponseError for others.

    `now` is the time of day, for a Retry-After that is a date. `answers` are the good ones by their status.
    """
    media = for_status(answers, status)
    if media is not None:
        if media != "json":
            return _content(media, headers, body)
        payload = parse_json(body)
        if not (isinstance(payload, dict) and payload.get("success") is False):
            return payload
    elif status < 300:
        has, said = f"has the status {named(status)}", " or ".join(str(known) for known in answers)
        raise InvalidResponseError(f"{has}, where the spec says {said}")
    else:
        try:
            payload = parse_json(body)
        except InvalidResponseError:
            payload = None
    raise _refusal(status, headers, body, payload, now)


def _refusal(status: int, headers: Headers, body: bytes, payload: Any, now: float) -> APIStatusError:
    """Return the error for an answer that says no; its payload is None where it isn't JSON."""
    envelope = payload.get("errResponse") if isinstance(payload, dict) else None
    told = envelope if isinstance(envelope, dict) else {}
    message, bot_id = told.get("message"), told.get("botId")
    if not isinstance(message, str) and isinstance(payload, dict):
        message = payload.get("message")
    unsaid = REFUSED_WITH_200 if status < 300 else phrase(status) or NO_MESSAGE
    code = vendor_code(told.get("code"))
    return APIStatusError.for_status(status, code)(
        status_code=status,
        code=code,
        message=message if isinstance(message, str) else unsaid,
        bot_id=bot_id if isinstance(bot_id, str) else None,
        retry_after=retry_after(headers.get("Retry-After"), now),
        headers=headers,
        body=body[:MAX_KEPT_BODY_BYTES],
    )


def _content(media: Media, headers: Headers, body: bytes) -> Any:
    """Return what an answer that isn't JSON holds."""
    if media == "none":
        return None
    if media == "bytes":
        return body
    charset = Message()
    charset["Content-Type"] = headers.get("Content-Type", "")
    try:
        return body.decode(charset.get_content_charset("utf-8"))
    except (LookupError, UnicodeError, OSError) as error:  # OSError: a codec that can't be imported just now
        problem = f"isn't text: {error}"
    raise InvalidResponseError(problem[:200])


def of_answer(error: InvalidResponseError, status: int, headers: Headers, body: bytes) -> InvalidResponseError:
    """Note in an error the answer that it is about, redacted."""
    error.status_code, error.headers, error.body = status, headers, body[:MAX_KEPT_BODY_BYTES]
    return error


def vendor_code(value: object) -> int | None:
    """Return the vendor's number, also where it comes as a string."""
    if isinstance(value, str) and DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as seconds or as a date; None if it says nothing."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text := value.strip()):
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    try:
        date = parsedate_to_datetime(value)
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# The body is decoded by the time it is handed on, so what describes its transfer doesn't hold any more; and a cookie
# would tie calls together, which this API doesn't do.
DROPPED_HEADERS = frozenset({"content-encoding", "content-length", "set-cookie", "transfer-encoding"})


@frozen(eq=False)
class RawResponse:
    """A good response, redacted: `payload` is what `content` says, `elapsed` the seconds that the call took.

    The repr leaves out what was answered, which is personal data; so it is no tuple: see `UnsignedRequest`.
    """

    status: int
    headers: Headers = field(repr=False)
    content: bytes = field(repr=False)
    payload: Any = field(repr=False)
    attempts: int
    elapsed: float

    def to_httpx(self, results: ResultReader) -> httpx.Response:
        """Return the answer as httpx has it, and with it how this client reads results."""
        kept = {name: value for name, value in self.headers.items() if name not in DROPPED_HEADERS}
        return httpx.Response(self.status, headers=kept, content=self.content, extensions={RESULTS: (results, self)})


RESULTS = "mantago_results"
"""The extension of an httpx response in which its reader and its payload are."""


class ResultReader:
    """Reads the results of one client, and warns of each kind and place of drift once in the client's life."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._warned: set[tuple[str, str]] = set()

    def read(self, operation: Operation[T], answer: RawResponse) -> T:
        """Return the result of an answer, and use up its payload; raise InvalidResponseError if it can't be read."""
        reader: Reader[T] = for_status(operation.answers, answer.status) or JSON
        marked = reader.media == "json" and answer.content.startswith(codecs.BOM_UTF8)
        try:
            result, drift = read_result(reader, answer.payload, strict=self._strict, byte_order_mark=marked)
        except InvalidResponseError as error:
            tried(of_answer(error, answer.status, answer.headers, answer.content), answer.attempts, answer.elapsed)
            raise
        note_response(result, (answer.status, answer.headers, answer.attempts, answer.elapsed))
        for line in drift:
            self._warn(line)
        return result

    def _warn(self, line: Drift) -> None:
        key = (line.kind, line.pattern)
        if key not in self._warned and len(self._warned) < MAX_DRIFT_WARNINGS:
            self._warned.add(key)
            # A field's name is the service's: a line break in it would forge a line of the log.
            where = line.pattern if line.pattern.isprintable() else ascii(line.pattern)
            _drift_log.warning("%s %s: %s (warned of once)", line.kind, where[:200], line.detail)
