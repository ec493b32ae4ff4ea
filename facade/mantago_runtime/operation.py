"""What the document says of an operation, and a request for it: everything here is a pure function.

Values become text as OpenAPI's styles have it. A value of a path parameter stays the one segment that it is, and may
not make the path that of another operation.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from mantago_runtime.reading.fields import Reader, plain

T = TypeVar("T")
Place: TypeAlias = Literal["query", "path", "header", "cookie"]
Key: TypeAlias = str | tuple[str, str]
Answers: TypeAlias = Mapping[int | str, Reader[Any]]
JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART_TYPE: Final = "multipart/form-data"

DEFAULT_STYLES: Final[Mapping[str, str]] = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
SEPARATORS: Final[Mapping[str, str]] = {"spaceDelimited": " ", "pipeDelimited": "|"}
# How a segment begins, and what stands between its parts where each has its own.
SEGMENTS: Final[Mapping[str, tuple[str, str]]] = {"simple": ("", ","), "label": (".", "."), "matrix": (";", ";")}


class Parameter:
    """A parameter of an operation: `style` and `explode` are OpenAPI's, style "json" is a parameter with `content`."""

    __slots__ = ("explode", "name", "place", "required", "style")

    def __init__(
        self, name: str, place: Place, *, required: bool = False, style: str | None = None, explode: bool | None = None
    ) -> None:
        self.name = name
        self.place = place
        self.required = required
        self.style = style or DEFAULT_STYLES[place]
        self.explode = self.style == "form" if explode is None else explode


class OperationInfo(NamedTuple):
    """What has to be known of an operation that isn't called: its friendly name, its place, whether it only reads."""

    name: str
    method: str
    path: str
    reads: bool


class Request(Generic[T]):
    """What one call sends, before it is signed; the repr is silent, since the body may hold a secret or an id."""

    __slots__ = ("body", "content", "content_type", "headers", "operation", "path", "query")

    def __init__(
        self,
        operation: Operation[T],
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        *,
        body: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        content_type: str | None = None,
    ) -> None:
        self.operation = operation
        self.path = path
        """Percent-encoded, without the server's own part."""
        self.query = query
        self.headers = headers
        self.body = body
        """The JSON object to send; None where the body is something else: `content`."""
        self.content = content
        self.content_type = content_type


class Operation(Generic[T]):
    """One operation of the document; `reads` if it changes nothing at the service, so that it may be sent again.

    `result` reads a 200; where the document has other good answers, `answers` has a reader by status, such as 201 or
    "2XX". `accept` is what is asked for where that isn't JSON; `encoding`, style and explode of a form's fields.
    `not_paths` are other paths of the document that a value of a path parameter could lead to.
    """

    __slots__ = ("accept", "answers", "content_type", "encoding", "info", "not_paths", "parameters")

    def __init__(
        self,
        *,
        name: str,
        method: str,
        path: str,
        result: Reader[T] | None = None,
        answers: Answers | None = None,
        reads: bool = False,
        parameters: Sequence[Parameter] = (),
        content_type: str | None = None,
        encoding: Mapping[str, tuple[str, bool]] | None = None,
        accept: str | None = None,
        not_paths: Sequence[str] = (),
    ) -> None:
        self.info = OperationInfo(name, method, path, reads)
        self.answers: Answers = {200: result} if answers is None and result is not None else dict(answers or {})
        self.encoding = dict(encoding or {})
        self.accept = accept
        self.parameters = tuple(parameters)
        self.content_type = content_type
        self.not_paths = tuple(not_paths)

    def request(self, values: Mapping[Key, Any] | Mapping[str, Any], body: object = None) -> Request[T]:
        """Return the request with these values, by the service's names, and the body; what is None is left out.

        A name that stands in two places is given with its place, such as `("path", "id")`. Raises ValueError for what
        can't be sent.
        """
        query: list[tuple[str, str]] = []
        headers: list[tuple[str, str]] = []
        cookies: list[tuple[str, str]] = []
        segments: dict[str, str] = {}
        given: Mapping[Any, Any] = values
        for parameter in self.parameters:
            value = given.get((parameter.place, parameter.name), given.get(parameter.name))
            if value is None and parameter.place != "path":
                continue
            match parameter.place:
                case "query":
                    query += query_items(parameter, value)
                case "path":
                    segments[parameter.name] = path_segment(parameter, value)
                case "header":
                    headers.append((parameter.name, header_text(parameter, value)))
                case _:
                    cookies += query_items(parameter, value)
        if cookies:
            headers.append(("Cookie", "; ".join(f"{name}={quote(text, safe='')}" for name, text in cookies)))
        path = self._path(segments)
        if self.content_type is None or body is None:
            return Request(self, path, tuple(query), tuple(headers))
        sent, content, content_type = body_of(self.content_type, body, self.encoding)
        return Request(self, path, tuple(query), tuple(headers), body=sent, content=content, content_type=content_type)

    def _path(self, segments: Mapping[str, str]) -> str:
        if not segments:
            return self.info.path
        path = re.sub(r"\{(.*?)\}", lambda match: segments[match[1]], self.info.path)
        for other in self.not_paths:
            if instances(other).fullmatch(path):
                told = " and ".join(f"{name} {text!r}" for name, text in segments.items())
                raise ValueError(f"with {told} the path would be that of another operation, {other}")
        return path


# --- values ---------------------------------------------------------------------------------------------------------


def text_of(value: object) -> str:
    """Return a plain value as a URL or a header has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    return str(plain(value, request=True))


def path_segment(parameter: Parameter, value: object) -> str:
    """Return a path parameter as the one segment of a path that it is; ValueError if it can't be one."""
    if parameter.style == "json":
        return quote(packed(value), safe="")
    start, between = SEGMENTS[parameter.style]
    name = quote(parameter.name, safe="")
    prefix = f"{start}{name}=" if parameter.style == "matrix" else start
    if (members := _members(value)) is not None:
        pairs = [(quote(key, safe=""), _one_segment(parameter, text)) for key, text in members]
        if not pairs:
            raise ValueError(f"{parameter.name} can't be empty: it stands in the path")
        if parameter.explode:
            return start + between.join(f"{key}={text}" for key, text in pairs)
        return prefix + ",".join(part for pair in pairs for part in pair)
    if isinstance(value, (list, tuple)):
        parts = [_one_segment(parameter, element) for element in value]
        if not parts:
            raise ValueError(f"{parameter.name} can't be empty: it stands in the path")
        if parameter.explode:
            return start + between.join(f"{name}={part}" if parameter.style == "matrix" else part for part in parts)
        return prefix + ",".join(parts)
    return prefix + _one_segment(parameter, value)


def _one_segment(parameter: Parameter, value: object) -> str:
    text = "" if value is None else text_of(value)
    if not text.strip(".") or "/" in text:
        raise ValueError(
            f"{parameter.name} can't be {text!r}: in a path it must not be empty, dots only, or hold a slash"
        )
    return quote(text, safe="")


def query_items(parameter: Parameter, value: object) -> list[tuple[str, str]]:
    """Return the names and values that a parameter of the query, or of a cookie, becomes."""
    name = parameter.name
    if parameter.style == "json":
        return [(name, packed(value))]
    if (members := _members(value)) is not None:
        if parameter.style == "deepObject":
            return [(f"{name}[{key}]", text_of(text)) for key, text in members]
        if parameter.explode:
            return [(key, text_of(text)) for key, text in members]
        return [(name, _joined(parameter, (part for pair in members for part in pair)))]
    if isinstance(value, (list, tuple)):
        if parameter.explode:
            return [(name, text_of(element)) for element in value]
        return [(name, _joined(parameter, value))] if value else []
    return [(name, text_of(value))]


def header_text(parameter: Parameter, value: object) -> str:
    """Return the value of a header; ValueError for what would end it."""
    if parameter.style == "json":
        text = packed(value)
    elif (members := _members(value)) is not None:
        if parameter.explode:
            text = ",".join(f"{key}={text_of(part)}" for key, part in members)
        else:
            text = _joined(parameter, (part for pair in members for part in pair))
    else:
        text = _joined(parameter, value) if isinstance(value, (list, tuple)) else text_of(value)
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError(
            f"{parameter.name} can't stand in a header: it may hold printable ASCII only, without white space around it"
        )
    return text


def _members(value: object) -> list[tuple[str, Any]] | None:
    """Return the members of an object, without those that are None."""
    data = plain(value, request=True)
    if not isinstance(data, Mapping):
        return None
    return [(str(name), element) for name, element in data.items() if element is not None]


def _joined(parameter: Parameter, values: Iterable[object]) -> str:
    separator = SEPARATORS.get(parameter.style, ",")
    texts = [text_of(value) for value in values]
    for text in texts:
        if separator in text:
            raise ValueError(f"{parameter.name} can't hold {text[:50]!r}: {separator!r} stands between its values")
    return separator.join(texts)


# --- bodies ---------------------------------------------------------------------------------------------------------


def packed(value: object) -> str:
    """Return a value as JSON without white space."""
    return json.dumps(plain(value, request=True), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def body_of(
    content_type: str, body: object, encoding: Mapping[str, tuple[str, bool]]
) -> tuple[Mapping[str, Any] | None, bytes | None, str]:
    """Return the JSON object to send, or else the bytes, and the type of either."""
    kind = content_type.partition(";")[0].strip().lower()
    if isinstance(body, (bytes, str)) and kind != JSON_TYPE:
        return None, body.encode() if isinstance(body, str) else body, content_type
    data = plain(body, request=True)
    if kind == FORM_TYPE:
        pairs = []
        for name, value in data.items():
            style, explode = encoding.get(name, ("form", True))
            if value is not None:
                pairs += query_items(Parameter(name, "query", style=style, explode=explode), value)
        return None, urlencode(pairs).encode(), content_type
    if kind == MULTIPART_TYPE:
        content, boundary = multipart(data)
        return None, content, f"{content_type}; boundary={boundary}"
    if isinstance(data, dict) and kind == JSON_TYPE:
        return data, None, content_type
    return None, packed(data).encode(), content_type


def multipart(data: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the body of a form whose bytes are files, and what stands between its parts."""
    parts: list[bytes] = []
    for name, value in data.items():
        for element in _each(value):
            label = name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            head = f'Content-Disposition: form-data; name="{label}"'
            if isinstance(element, bytes):
                head += f'; filename="{label}"\r\nContent-Type: application/octet-stream'
                content = element
            elif isinstance(element, (dict, list)):
                head += f"\r\nContent-Type: {JSON_TYPE}"
                content = packed(element).encode()
            else:
                content = text_of(element).encode()
            parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    # Of all that is sent, so that no part can hold it.
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()
    between = b"--" + boundary.encode()
    return b"".join(between + b"\r\n" + part for part in parts) + between + b"--\r\n", boundary


def _each(value: object) -> Iterator[object]:
    if isinstance(value, (list, tuple)):
        yield from value
    elif value is not None:
        yield value


# --- answers --------------------------------------------------------------------------------------------------------


def reader_for(answers: Answers, status: int) -> Reader[Any] | None:
    """Return what reads a good answer of this status, None if the document has none."""
    return answers.get(status) or answers.get(f"{status // 100}XX")


# --- which operation ------------------------------------------------------------------------------------------------


def find_operation(operations: Sequence[OperationInfo], method: str, path: str) -> OperationInfo | None:
    """Return the operation that a request's path is an instance of; a path without parameters comes first."""
    literal, templates = _table(tuple(operations))
    if (found := literal.get((method, path))) is not None:
        return found
    return next((info for form, info in templates if info.method == method and form.fullmatch(path)), None)


@lru_cache(maxsize=16)
def _table(
    operations: tuple[OperationInfo, ...],
) -> tuple[dict[tuple[str, str], OperationInfo], list[tuple[re.Pattern[str], OperationInfo]]]:
    literal = {(info.method, info.path): info for info in operations if "{" not in info.path}
    others = sorted((info for info in operations if "{" in info.path), key=_generality)
    return literal, [(instances(info.path), info) for info in others]


def _generality(info: OperationInfo) -> list[bool]:
    return ["{" in segment for segment in info.path.split("/")]


@lru_cache(maxsize=1024)
def instances(path: str) -> re.Pattern[str]:
    """Return what matches the instances of a path of the document; each group is the value of a parameter."""
    return re.compile(re.sub(r"\\\{.*?\\\}", "([^/]+)", re.escape(path)))
