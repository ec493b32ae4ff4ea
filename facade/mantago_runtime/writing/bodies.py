"""Bodies of requests, by their media type."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from mantago_runtime.reading.fields import plain
from mantago_runtime.writing.styles import Parameter, packed, query_items, text_of

JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART_TYPE: Final = "multipart/form-data"


def body_of(
    content_type: str, body: object, encoding: Mapping[str, tuple[str, bool]]
) -> tuple[Mapping[str, Any] | None, bytes | None, str]:
    """Return the JSON object to send, or else the bytes, and the type of either."""
    kind = _media_type(content_type)
    if isinstance(body, (bytes, str)) and kind != JSON_TYPE:
        return None, body.encode() if isinstance(body, str) else body, content_type
    data = plain(body, request=True)
    if kind == FORM_TYPE:
        return None, _form(data, encoding), content_type
    if kind == MULTIPART_TYPE:
        content, boundary = multipart(data)
        return None, content, f"{content_type}; boundary={boundary}"
    if isinstance(data, dict) and kind == JSON_TYPE:
        return data, None, content_type
    return None, packed(data).encode(), content_type


def _form(data: Mapping[str, Any], encoding: Mapping[str, tuple[str, bool]]) -> bytes:
    pairs = []
    for name, value in data.items():
        style, explode = encoding.get(name, ("form", True))
        if value is not None:
            pairs += query_items(Parameter(name, "query", style=style, explode=explode), value)
    return urlencode(pairs).encode()


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
