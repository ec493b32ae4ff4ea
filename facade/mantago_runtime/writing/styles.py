"""Parameters as text, in OpenAPI's styles.

The value of a path parameter stays one segment. What a function here refuses, its caller gives a name: see `refusal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

from mantago_runtime.reading.fields import PLAIN_TYPES, plain

Place: TypeAlias = Literal["query", "path", "header", "cookie"]

DEFAULT_STYLES: Final[Mapping[str, str]] = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
SEPARATORS: Final[Mapping[str, str]] = {"spaceDelimited": " ", "pipeDelimited": "|"}
# How a segment begins, and what stands between its parts where each has its own.
SEGMENTS: Final[Mapping[str, tuple[str, str]]] = {"simple": ("", ","), "label": (".", "."), "matrix": (";", ";")}


class Parameter:
    """A parameter of an operation: `style` and `explode` are OpenAPI's, style "json" is a parameter with `content`.

    `argument` is its name in Python, where that isn't the service's.
    """

    __slots__ = ("argument", "explode", "name", "place", "required", "style")

    def __init__(
        self,
        name: str,
        place: Place,
        *,
        required: bool = False,
        style: str | None = None,
        explode: bool | None = None,
        argument: str | None = None,
    ) -> None:
        self.name = name
        self.argument = argument or name
        self.place = place
        self.required = required
        self.style = style or DEFAULT_STYLES[place]
        self.explode = self.style == "form" if explode is None else explode


def refusal(name: str, error: ValueError) -> ValueError:
    """Return the error that also says of which argument it is."""
    half = "holds half of a surrogate pair, which UTF-8 can't carry"
    return ValueError(f"{name} {half if isinstance(error, UnicodeEncodeError) else error}")


as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Returns plain data as JSON without white space."""


def packed(value: object) -> str:
    """Return a value as JSON without white space."""
    return as_json(plain(value, request=True))


def text_of(value: object) -> str:
    """Return a plain value as a URL or a header has it."""
    data = plain(value, request=True)
    text = str(data).lower() if isinstance(data, bool) else str(data)
    text.encode()  # half of a surrogate pair is refused here, where it still has a name
    return text


def path_segment(parameter: Parameter, value: object) -> str:
    """Return a path parameter as one segment of a path; raise ValueError if it can't be one."""
    if parameter.style == "json":
        return quote(packed(value), safe="")
    start, between = SEGMENTS[parameter.style]
    name = quote(parameter.name, safe="")
    prefix = f"{start}{name}=" if parameter.style == "matrix" else start
    if (members := _members(value)) is not None:
        pairs = [(quote(key, safe=""), _one_segment(text)) for key, text in members]
        if not pairs:
            raise ValueError("can't be empty: it is part of the path")
        if parameter.explode:
            return start + between.join(f"{key}={text}" for key, text in pairs)
        return prefix + ",".join(part for pair in pairs for part in pair)
    if isinstance(value, (list, tuple)):
        parts = [_one_segment(element) for element in value]
        if not parts:
            raise ValueError("can't be empty: it is part of the path")
        if parameter.explode:
            return start + between.join(f"{name}={part}" if parameter.style == "matrix" else part for part in parts)
        return prefix + ",".join(parts)
    return prefix + _one_segment(value)


def _one_segment(value: object) -> str:
    text = "" if value is None else text_of(value)
    if not text.strip(".") or "/" in text:
        raise ValueError(f"can't be {text!r}: in a path it must not be empty, dots only, or hold a slash")
    return quote(text, safe="")


def query_items(parameter: Parameter, value: object) -> list[tuple[str, str]]:
    """Return the names and values that a parameter of the query, or of a cookie, becomes."""
    if parameter.style == "form" and type(value) in PLAIN_TYPES:
        return [(parameter.name, text_of(value))]
    return _items(parameter, value)


def _items(parameter: Parameter, value: object) -> list[tuple[str, str]]:
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


def cookie_pairs(parameter: Parameter, value: object) -> list[str]:
    """Return the pairs of name and value that a parameter becomes in a header of cookies."""
    return [f"{name}={quote(text, safe='')}" for name, text in query_items(parameter, value)]


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
        raise ValueError("can't be in a header: it may hold printable ASCII only, without white space around it")
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
            raise ValueError(f"can't hold {text[:50]!r}: {separator!r} separates its values")
    return separator.join(texts)
