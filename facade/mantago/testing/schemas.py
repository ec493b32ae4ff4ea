"""The judge of values by the schemas of the spec, which are JSON Schema as OpenAPI 3.0 has it.

It needs no further package, as `mantago.testing` promises. A fault names the place and says what the schema demands
there. It never shows the value, which could be a secret or hold one.
"""

import json
import math
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final, Literal
from uuid import UUID

from attrs import frozen

from mantago.testing.document import Document, Node
from mantago.testing.plain_values import TEXTS

__all__ = ["FORMATS", "KEYWORDS", "schema_faults"]

Hidden = Literal["readOnly", "writeOnly"]
_HIDES: Final = {"readOnly": "is for answers only", "writeOnly": "is for requests only"}
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def schema_faults(
    document: Document, schema: Node, value: Any, path: str = "$", *, hidden: Hidden = "writeOnly"
) -> Iterator[str]:
    """Yield each place where the value breaks the schema, and what it must be there.

    `hidden` marks members that don't stand in what is judged: "readOnly" ones in a request, "writeOnly" in an answer.
    """
    return _Validator(document, hidden).faults(schema, value, path)


@frozen
class _Validator:
    """Validates values against the schemas of one document."""

    document: Document
    hidden: Hidden

    def faults(self, schema: Node, value: Any, path: str) -> Iterator[str]:
        schema = self.document.resolved(schema)
        if self.is_hidden(schema):
            yield f"{path}: must be left out, since it {_HIDES[self.hidden]}"
        if value is None and schema.get("nullable") is True:
            return
        for keyword, wanted in schema.items():
            if keyword in _RULES:
                if not _RULES[keyword](wanted, value, schema):
                    yield f"{path}: must {_DEMANDS[keyword](wanted, value, schema)}"
            elif keyword in _PARTS:
                yield from _PARTS[keyword](self, wanted, value, schema, path)

    def keeps(self, schema: Node, value: Any) -> bool:
        return next(self.faults(schema, value, ""), None) is None

    def all_of(self, wanted: list[Node], value: Any, _schema: Node, path: str) -> Iterator[str]:
        for part in wanted:
            yield from self.faults(part, value, path)

    def any_of(self, wanted: list[Node], value: Any, schema: Node, path: str) -> Iterator[str]:
        if "discriminator" in schema:
            yield from self.told_apart(schema["discriminator"], value, path)
        elif not any(self.keeps(part, value) for part in wanted):
            yield f"{path}: must fit one of the {len(wanted)} schemas of anyOf"

    def one_of(self, wanted: list[Node], value: Any, schema: Node, path: str) -> Iterator[str]:
        if "discriminator" in schema:
            yield from self.told_apart(schema["discriminator"], value, path)
        elif (count := sum(self.keeps(part, value) for part in wanted)) != 1:
            yield f"{path}: must fit exactly one of the {len(wanted)} schemas of oneOf, not {count or 'none'}"

    def told_apart(self, discriminator: Node, value: Any, path: str) -> Iterator[str]:
        """Judge by the schema that a member of the value names."""
        name = discriminator["propertyName"]
        named = value.get(name) if isinstance(value, dict) else None
        mapping, schemas = discriminator.get("mapping", {}), self.document.spec.get("components", {}).get("schemas", {})
        if not isinstance(named, str) or not (named in mapping or named in schemas):
            yield f"{path}: must name its schema in {name!r}"
            return
        target = mapping.get(named, named)
        yield from self.faults({"$ref": target if "/" in target else f"#/components/schemas/{target}"}, value, path)

    def none_of(self, wanted: Node, value: Any, _schema: Node, path: str) -> Iterator[str]:
        if self.keeps(wanted, value):
            yield f"{path}: must not fit the schema {json.dumps(wanted)}"

    def items(self, wanted: Node, value: Any, _schema: Node, path: str) -> Iterator[str]:
        if isinstance(value, list):
            for index, element in enumerate(value):
                yield from self.faults(wanted, element, f"{path}[{index}]")

    def properties(self, wanted: Mapping[str, Node], value: Any, _schema: Node, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            for name in filter(value.__contains__, wanted):
                yield from self.faults(wanted[name], value[name], f"{path}.{name}")

    def additional(self, wanted: Any, value: Any, schema: Node, path: str) -> Iterator[str]:
        beside = value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ()
        if wanted is False and beside:
            listed = ", ".join(map(repr, schema.get("properties", {})))
            yield f"{path}: must have no member but {listed}" if listed else f"{path}: must have no members"
        elif isinstance(wanted, Mapping):
            for name in sorted(beside):
                yield from self.faults(wanted, value[name], f"{path}.{name}")

    def required(self, wanted: list[str], value: Any, schema: Node, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            missing = (name for name in wanted if name not in value and not self.is_hidden(properties.get(name, {})))
            yield from (f"{path}.{name}: is missing" for name in missing)

    def is_hidden(self, schema: Node) -> bool:
        return self.document.resolved(schema).get(self.hidden) is True


def _kind_of(value: Any) -> str:
    """Return the type of a value in words."""
    return next(_TYPE_PHRASES[kind] for kind in _TYPE_PHRASES if _is_a(kind, value))


def _kinds_in(wanted: str | list[str]) -> str:
    """Return the types that a schema wants, in words."""
    return " or ".join(_TYPE_PHRASES[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _like(format_: str) -> str:
    return f", such as {json.dumps(TEXTS[format_])}" if format_ in TEXTS else ""


def _count(wanted: float, noun: str) -> str:
    return f"{wanted} {noun}{'s' * (wanted != 1)}"


def _is_a(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _comparable(value: Any) -> Any:
    """Return an object that is equal for values that are equal in JSON, where 1 is 1.0 but not true."""
    if isinstance(value, dict):
        return frozenset((name, _comparable(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_comparable, value))
    return (bool, value) if isinstance(value, bool) else value


def _of(kinds: Any, rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Node], bool]:
    """Return a rule that judges values of these kinds only, and passes any other."""
    return lambda wanted, value, _: not isinstance(value, kinds) or isinstance(value, bool) or rule(wanted, value)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # a pattern of JavaScript that Python doesn't know isn't the sender's fault
        return True


def _is_multiple(step: float, value: float) -> bool:
    return (isinstance(value, int) or math.isfinite(value)) and _exact(value) % _exact(step) == 0


def _exact(number: float) -> Fraction:
    """Return the number that stands in JSON: 0.1 rather than the nearest that a float can hold."""
    return Fraction(number if isinstance(number, int) else str(number))


def _beyond(bound: str, rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Node], bool]:
    """Return the rule of an exclusive bound: a number in OpenAPI 3.1, in 3.0 true beside the bound that it is about."""
    return lambda wanted, value, schema: (
        wanted is False or _of((int, float), rule)(schema.get(bound) if wanted is True else wanted, value, schema)
    )


def _reads(read: Callable[[str], object], form: re.Pattern[str] | None = None) -> Callable[[Any], bool]:
    """Return a check that a text has a form and can be read; it passes values that are no text."""

    def holds(value: Any) -> bool:
        if not isinstance(value, str):
            return True
        try:
            read(value)
        except ValueError:
            return False
        return form is None or form.fullmatch(value) is not None

    return holds


def _moment(text: str) -> datetime:
    # RFC 3339 has leap seconds, Python hasn't.
    return datetime.fromisoformat(re.sub(r":60(?=[.Zz+-])", ":59", text).upper())


def _within(bits: int) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, int) or -(1 << bits - 1) <= value < 1 << bits - 1


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}
_TYPE_PHRASES: Final = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
FORMATS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "byte": _reads(lambda text: b64decode(text, validate=True)),
    "date": _reads(date.fromisoformat, _DATE),
    "date-time": _reads(_moment, _DATE_TIME),
    "int32": _within(32),
    "int64": _within(64),
    "uuid": _reads(UUID, re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")),
}
"""The formats that values are checked against; any other is for people only."""
_RULES: Final[Mapping[str, Callable[[Any, Any, Node], bool]]] = {
    "const": lambda wanted, value, _: _comparable(value) == _comparable(wanted),
    "enum": lambda wanted, value, _: _comparable(value) in map(_comparable, wanted),
    "exclusiveMaximum": _beyond("maximum", lambda wanted, value: value < wanted),
    "exclusiveMinimum": _beyond("minimum", lambda wanted, value: value > wanted),
    "format": lambda wanted, value, _: wanted not in FORMATS or FORMATS[wanted](value),
    "maxItems": _of(list, lambda wanted, value: len(value) <= wanted),
    "maxLength": _of(str, lambda wanted, value: len(value) <= wanted),
    "maxProperties": _of(dict, lambda wanted, value: len(value) <= wanted),
    "maximum": _of((int, float), lambda wanted, value: value <= wanted),
    "minItems": _of(list, lambda wanted, value: len(value) >= wanted),
    "minLength": _of(str, lambda wanted, value: len(value) >= wanted),
    "minProperties": _of(dict, lambda wanted, value: len(value) >= wanted),
    "minimum": _of((int, float), lambda wanted, value: value >= wanted),
    "multipleOf": _of((int, float), _is_multiple),
    "pattern": _of(str, _matches),
    "type": lambda wanted, value, _: any(
        _is_a(kind, value) for kind in ([wanted] if isinstance(wanted, str) else wanted)
    ),
    "uniqueItems": lambda wanted, value, _: (
        not (wanted and isinstance(value, list)) or len({*map(_comparable, value)}) == len(value)
    ),
}
_DEMANDS: Final[Mapping[str, Callable[[Any, Any, Node], str]]] = {
    "const": lambda wanted, *_: f"be {json.dumps(wanted)}",
    "enum": lambda wanted, *_: f"be one of {json.dumps(wanted)[1:-1]}",
    "exclusiveMaximum": lambda wanted, _, schema: f"be less than {schema['maximum'] if wanted is True else wanted}",
    "exclusiveMinimum": lambda wanted, _, schema: f"be more than {schema['minimum'] if wanted is True else wanted}",
    "format": lambda wanted, *_: f"have the format {wanted}{_like(wanted)}",
    "maxItems": lambda wanted, *_: f"have at most {_count(wanted, 'element')}",
    "maxLength": lambda wanted, *_: f"have at most {_count(wanted, 'character')}",
    "maxProperties": lambda wanted, *_: f"have at most {_count(wanted, 'member')}",
    "maximum": lambda wanted, *_: f"be at most {wanted}",
    "minItems": lambda wanted, *_: f"have at least {_count(wanted, 'element')}",
    "minLength": lambda wanted, *_: f"have at least {_count(wanted, 'character')}",
    "minProperties": lambda wanted, *_: f"have at least {_count(wanted, 'member')}",
    "minimum": lambda wanted, *_: f"be at least {wanted}",
    "multipleOf": lambda wanted, *_: f"be a multiple of {wanted}",
    "pattern": lambda wanted, *_: f"match the pattern {json.dumps(wanted)}",
    "type": lambda wanted, value, _: f"be {_kinds_in(wanted)}, not {_kind_of(value)}",
    "uniqueItems": lambda *_: "have no element twice",
}
"""The demand of each rule in words, behind "must"."""
_PARTS: Final[Mapping[str, Callable[[_Validator, Any, Any, Node, str], Iterator[str]]]] = {
    "additionalProperties": _Validator.additional,
    "allOf": _Validator.all_of,
    "anyOf": _Validator.any_of,
    "items": _Validator.items,
    "not": _Validator.none_of,
    "oneOf": _Validator.one_of,
    "properties": _Validator.properties,
    "required": _Validator.required,
}
KEYWORDS: Final = frozenset({*_RULES, *_PARTS, "$ref", "discriminator", "nullable", "readOnly", "writeOnly"})
"""The keywords of a schema that are understood."""
ANNOTATIONS: Final = frozenset(
    {"default", "deprecated", "description", "example", "examples", "externalDocs", "title", "xml"}
)
"""The keywords that say nothing about a value."""
