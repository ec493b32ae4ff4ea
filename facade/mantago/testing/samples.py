"""Made-up values that fit a schema: with every member that it has, and the same on every run.

A schema's example or default is used where it fits. Each value is judged before it is used, so it keeps the rules of
all parts of a schema. A schema that contains itself does so once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import evolve, field, frozen

from mantago.testing.document import Document, Node
from mantago.testing.plain_values import TEXTS, numbers, strings
from mantago.testing.schemas import Hidden, schema_faults

__all__ = ["NoSampleError", "flat", "sample"]

MOST_VALUES: Final = 3_000
"""The most values in a sample, as long as leaving out optional members deep inside makes it smaller."""
_DEPTHS: Final = (16, 8, 6, 4, 3, 2)
_KEYWORDS_OF: Final = {
    "array": ("items", "maxItems", "minItems", "uniqueItems"),
    "object": ("additionalProperties", "maxProperties", "minProperties", "properties", "required"),
    "string": ("maxLength", "minLength", "pattern"),
    "number": ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
}
_MOSTLY_FALSE: Final = re.compile(
    "hasmore|hasnext|expired|^(is)?used|redeemed|deleted|disabled|blocked|archived|cancell?ed"
)
"""The names of members that are usually false: a page is the last one, and a gift is valid."""


class NoSampleError(Exception):
    """No value was found that fits a schema."""


class _TooMuchError(Exception):
    """There are too many values, and fewer are possible."""


def sample(document: Document, schema: Node, *, hidden: Hidden = "writeOnly", name: str = "") -> Any:
    """Return a value that fits the schema; if none is found, return one that doesn't, whose faults can then be seen.

    `name` is that of the member that the value is for.
    """
    for judged in (True, False):
        with suppress(NoSampleError):
            return _of_some_size(document, schema, hidden, _Context(name), judged=judged)
    return None


def _of_some_size(document: Document, schema: Node, hidden: Hidden, context: _Context, *, judged: bool) -> Any:
    *depths, least = _DEPTHS
    for deepest in depths:
        with suppress(_TooMuchError):
            return _Sampler(document, hidden, deepest, judged).value(schema, context)
    return _Sampler(document, hidden, least, judged).value(schema, context)


def flat(document: Document, schema: Node) -> dict[str, Any]:
    """Return a schema merged with its allOf: of two bounds it has the narrower, of two schemas for a member both."""
    schema = document.resolved(schema)
    merged: dict[str, Any] = {}
    for part in [*(flat(document, part) for part in schema.get("allOf", ())), schema]:
        for keyword, wanted in part.items():
            merge = _MERGES.get(keyword)
            merged[keyword] = merge(merged[keyword], wanted) if merge and keyword in merged else wanted
    merged.pop("allOf", None)
    return merged


def _both(one: Mapping[str, Node], other: Mapping[str, Node]) -> dict[str, Node]:
    return {
        name: {"allOf": [one[name], other[name]]} if name in one and name in other else {**one, **other}[name]
        for name in {**one, **other}
    }


_MERGES: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "enum": lambda one, other: [value for value in one if value in other],
    "maxItems": min,
    "maxLength": min,
    "maxProperties": min,
    "maximum": min,
    "minItems": max,
    "minLength": max,
    "minProperties": max,
    "minimum": max,
    "properties": _both,
    "required": lambda one, other: [*dict.fromkeys([*one, *other])],
    "type": lambda one, other: "integer" if "integer" in (one, other) and "number" in (one, other) else other,
}


@frozen
class _Context:
    """The context of a value: the member's name, the named schemas around it, and its number among others."""

    name: str = ""
    around: tuple[str, ...] = ()
    nth: int = 0
    depth: int = 0

    def within(self, ref: str) -> _Context:
        """Return the context inside a schema that has a name, which may contain itself once."""
        around = (*self.around, ref)
        if len(around) - len({*around}) > 1:
            raise NoSampleError
        return evolve(self, around=around)

    def of(self, name: str) -> _Context:
        return evolve(self, name=name, depth=self.depth + 1)

    def number(self, nth: int) -> _Context:
        return evolve(self, nth=self.nth + nth, depth=self.depth + 1)


@frozen
class _Sampler:
    """Makes values up, for the schemas of one document."""

    document: Document
    hidden: Hidden
    deepest: int
    judged: bool
    made: list[int] = field(factory=lambda: [0])

    def value(self, schema: Node, context: _Context) -> Any:
        """Return the first value that fits; raise NoSampleError if none does."""
        self.made[0] += 1
        if self.made[0] > MOST_VALUES and self.deepest > _DEPTHS[-1]:
            raise _TooMuchError
        if "$ref" in schema:
            context = context.within(schema["$ref"])
        for candidate in self._candidates(schema, context):
            if not self.judged or self._fits(schema, candidate):
                return candidate
        raise NoSampleError

    def _fits(self, schema: Node, value: Any) -> bool:
        return next(schema_faults(self.document, schema, value, hidden=self.hidden), None) is None

    def _candidates(self, schema: Node, context: _Context) -> Iterator[Any]:
        merged = flat(self.document, schema)
        keyword = next((keyword for keyword in ("oneOf", "anyOf") if keyword in merged), None)
        if keyword is not None:
            return self._of_either(merged, keyword, context)
        if "discriminator" in merged:
            return self._of_kin(merged, schema, context)
        return self._of_one(merged, context)

    def _of_kin(self, merged: Node, schema: Node, context: _Context) -> Iterator[Any]:
        """Yield a value for each schema that builds on this one, and then for itself; each value names its schema."""
        if "discriminator" in self.document.resolved(schema):
            for name, other in self.document.spec.get("components", {}).get("schemas", {}).items():
                if schema in other.get("allOf", ()):
                    with suppress(NoSampleError):
                        yield self.value({"$ref": f"#/components/schemas/{name}"}, context)
        yield from (_named(value, merged["discriminator"], schema) for value in self._of_one(merged, context))

    def _of_one(self, merged: Node, context: _Context) -> Iterator[Any]:
        given = [] if context.nth else [merged[keyword] for keyword in ("example", "default") if keyword in merged]
        kind = _kind(merged)
        if "const" in merged:
            yield merged["const"]
        elif "enum" in merged:
            known = [value for value in merged["enum"] if value is not None] or [None]
            yield from (known[(context.nth + index) % len(known)] for index in range(len(known)))
        elif kind == "object":
            yield from self._objects(merged, [one for one in given if isinstance(one, dict)], context)
        elif kind == "array":
            yield from self._arrays(merged, [one for one in given if one], context)
        else:
            yield from given
            yield from self._plain(kind, merged, context)

    def _of_either(self, merged: Node, keyword: str, context: _Context) -> Iterator[Any]:
        """Yield a value for each alternative, first with all members, and then with the required ones."""
        base = {name: wanted for name, wanted in merged.items() if name not in {keyword, "discriminator"}}
        options = [option for option in merged[keyword] if option.get("type") != "null"] or merged[keyword]
        told = merged.get("discriminator", {})
        for spare in (False, True):
            for index in range(len(options)):
                option = options[(context.nth + index) % len(options)]
                try:
                    whole = {"allOf": [option, base]} if base else option
                    inner = evolve(self, deepest=0) if spare else self
                    value = inner.value(whole, context)
                except NoSampleError:
                    continue
                yield _named(value, told, option)

    def _objects(self, merged: Node, given: list[dict[str, Any]], context: _Context) -> Iterator[Any]:
        properties: Mapping[str, Node] = merged.get("properties", {})
        needed = [name for name in merged.get("required", ()) if not self._is_hidden(properties.get(name, {}))]
        others = merged.get("additionalProperties")
        beside = others if isinstance(others, Mapping) else {}
        must = {name: self.value(properties.get(name, beside), context.of(name)) for name in needed}
        may = dict(self._optional(properties, must, context))
        if isinstance(others, Mapping) and others and not properties:
            may |= self._optional({"example": others}, must, context)
        full = {name: {**must, **may}[name] for name in [*properties, *must, *may] if name in must or name in may}
        for number in range(merged.get("minProperties", 0) - len(full)):
            full[f"example{number + 1}"] = self.value(beside, context.number(number + 1))
        for example in given:
            yield {**full, **example}
        yield full
        yield dict([*{**must, **full}.items()][: merged.get("maxProperties", len(full))])
        yield must

    def _optional(
        self, properties: Mapping[str, Node], must: Mapping[str, Any], context: _Context
    ) -> Iterator[tuple[str, Any]]:
        for name, node in properties.items():
            if name not in must and not self._is_hidden(node) and context.depth < self.deepest:
                with suppress(NoSampleError):
                    yield name, self.value(node, context.of(name))

    def _is_hidden(self, node: Node) -> bool:
        return self.document.resolved(node).get(self.hidden) is True

    def _arrays(self, merged: Node, given: list[Any], context: _Context) -> Iterator[Any]:
        """Yield a list with an element for each alternative, with one, and with none, within the bounds."""
        items: Node = merged.get("items", {})
        least, most = merged.get("minItems", 0), merged.get("maxItems", MOST_VALUES)
        inner = flat(self.document, items)
        if "properties" not in inner:
            yield from given
        kinds = len(inner.get("oneOf", inner.get("anyOf", "?")))
        spread = bool(merged.get("uniqueItems")) or kinds > 1
        for count in dict.fromkeys(min(max(count, least), most) for count in (kinds, 1, 0)):
            with suppress(NoSampleError):
                yield [self.value(items, context.number(index if spread else 0)) for index in range(count)]

    def _plain(self, kind: str, merged: Node, context: _Context) -> Iterator[Any]:
        match kind:
            case "string":
                yield from strings(merged, context.nth)
            case "boolean":
                usual = not _MOSTLY_FALSE.search(context.name.replace("_", "").lower())
                yield from (usual != bool(context.nth % 2), usual == bool(context.nth % 2))
            case "integer" | "number":
                yield from numbers(kind, merged, context.nth)
            case "null":
                yield None
            case _:
                yield from ({}, "example", 1, [], True, None)


def _named(value: Any, told: Node, option: Node) -> Any:
    """Return a value in which the discriminator's member, if there is one, names the value's schema."""
    if not told or "$ref" not in option or not isinstance(value, dict):
        return value
    own = option["$ref"].rpartition("/")[2]
    mapped = (name for name, target in told.get("mapping", {}).items() if target in {option["$ref"], own})
    return {**value, told["propertyName"]: next(mapped, own)}


def _kind(merged: Node) -> str:
    """Return the type of a schema, or what its keywords suggest if it names none."""
    kind = merged.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    told = (name for name, keywords in _KEYWORDS_OF.items() if any(keyword in merged for keyword in keywords))
    return str(kind or next(told, "string" if merged.get("format") in TEXTS else "any"))
