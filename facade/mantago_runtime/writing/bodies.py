"""Bodies of requests, by their media type."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from mantago_runtime.reading.fields import json_fields, plain
from mantago_runtime.reading.model import Model
from mantago_runtime.writing.styles import Parameter, packed, query_items, refusal, text_of

JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART_TYPE: Final = "multipart/form-data"


def body_of(
    content_type: str, body: object, encoding: Mapping[str, tuple[str, bool]], members: Mapping[str, str]
) -> tuple[Mapping[str, Any] | None, bytes | None, str]:
    """Return the JSON object to send, or else the bytes, and the type of either.

    `members` has the names that callers give members by, where those aren't the fields' own.
    """
    kind = _media_type(content_type)
    if isinstance(body, (bytes, str)) and kind != JSON_TYPE:
        return None, body.encode() if isinstance(body, str) else body, content_type
    try:
        data = plain(body, request=True)
    except ValueError as error:
        raise refusal(_refused_member(body, members), error) from None
    if isinstance(data, dict) and kind == JSON_TYPE:
        return data, None, content_type
    if kind == FORM_TYPE:
        return None, _form(data, encoding, body, members), content_type
    return _other(kind, content_type, data)


def _other(kind: str, content_type: str, data: Any) -> tuple[None, bytes, str]:
    if kind == MULTIPART_TYPE:
        content, boundary = multipart(data)
        return None, content, f"{content_type}; boundary={boundary}"
    return None, packed(data).encode(), content_type


def _form(
    data: Mapping[str, Any], encoding: Mapping[str, tuple[str, bool]], body: object, members: Mapping[str, str]
) -> bytes:
    pairs = []
    for name, value in data.items():
        style, explode = encoding.get(name, ("form", True))
        if value is not None:
            try:
                pairs += query_items(Parameter(name, "query", style=style, explode=explode), value)
            except ValueError as error:
                raise refusal(_argument(body, name, members), error) from None
    return urlencode(pairs).encode()


def _argument(body: object, name: str, members: Mapping[str, str]) -> str:
    """Return the name by which a caller gives a member of a body, by the service's name."""
    declared = json_fields(type(body)) if isinstance(body, Model) else {}
    return next((members.get(python, python) for python, one in declared.items() if one.name == name), name)


def _refused_member(body: object, members: Mapping[str, str]) -> str:
    place = _refused_part(body).removeprefix(".") or "body"
    name, rest = re.split(r"(?=[.\[]|$)", place, maxsplit=1)
    return members.get(name, name) + rest


def _refused_part(value: object) -> str:
    """Return the way to the part of a body that can't be sent, under the names that a caller wrote."""
    for place, part, write in _parts(value):
        try:
            write(part, request=True)
        except ValueError:
            return place + _refused_part(part)
    return ""


def _parts(value: object) -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    match value:
        case Model():
            for name, declared in json_fields(type(value)).items():
                if (part := getattr(value, name)) is not None and not declared.read_only:
                    yield f".{name}", part, declared.reader.write
            yield ".extra", value.extra, plain
        case Mapping():
            yield from ((f".{name}", part, plain) for name, part in value.items())
        case tuple() | list():
            yield from ((f"[{index}]", part, plain) for index, part in enumerate(value))


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


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
