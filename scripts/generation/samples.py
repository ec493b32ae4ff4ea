"""Samples of types as JSON: full ones, minimal ones, and ones with null wherever it is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

from generation.code import Classes
from generation.ir import JSON, ListOf, MapOf, Named, Nullable, Place, Property, Scalar, Tagged, Type, Union

Kind: TypeAlias = Literal["full", "other", "minimal", "nulls"]
KINDS: tuple[Kind, ...] = ("full", "other", "minimal", "nulls")
DEEPEST, DEEP = 40, 1
"""The most levels of objects that must be in each other, and of those that may: each class is tried by itself."""
TEXT_SAMPLE = "禮物 \"'\\"
_SCALARS: Mapping[str, Any] = {
    "FLAG": True,
    "INTEGER": 7,
    "NUMBER": 1.5,
    "TIMESTAMP": "2024-07-15T10:30:28.700Z",
    "DATE": "2024-02-29",
    "MILLISECONDS": 1721039428700,
    "JSON": {"any": [1, None, "text"]},
    "FILE": "bytes",
    "PLAIN_TEXT": "text",
    "BINARY": "bytes",
}


class Endless(Exception):  # noqa: N818 - such an object is no error
    """There can be no such object, since it must hold one of its own kind."""


@frozen
class Sampler:
    """A maker of samples of one kind; "other" takes the last of several alternatives where "full" takes the first.

    With `sent`, it leaves out properties that only the service sets.
    """

    classes: Classes
    kind: Kind = "full"
    sent: bool = False
    text: str = TEXT_SAMPLE
    above: tuple[Place, ...] = ()

    def of(self, kind: Type) -> Any:
        """Return a sample of a type."""
        match kind:
            case Scalar("TEXT"):
                return self.text
            case Scalar(name):
                return _SCALARS.get(name)
            case Named(place) if place in self.classes.enums:
                return self.pick(self.classes.enums[place].values)
            case Named(place):
                return self.object(place)
            case ListOf(item):
                empty = self.kind == "minimal" or _is_in(self.above, item) or self._is_deep(item)
                return [] if empty else [self.of(item)]
            case MapOf(value):
                empty = self.kind == "minimal" or _is_in(self.above, value) or self._is_deep(value)
                return {} if empty else {"a key": self.of(value)}
            case Nullable(inner):
                return None if self.kind == "nulls" else self.of(inner)
            case Union(alternatives):
                return self.of(self.pick(alternatives))
            case _:
                value, found = self.pick(kind.cases)
                return self.of(found) | {kind.name: value}

    def object(self, place: Place) -> dict[str, Any]:
        """Return a sample of an object."""
        if len(self.above) > DEEPEST:
            raise Endless
        deeper = evolve(self, above=(*self.above, place))
        shape = self.classes.shapes[place]
        result = {one.name: deeper.property(one) for one in shape.properties if self._has(one)}
        if shape.additional is not None and self.kind == "full" and not _is_in(deeper.above, shape.additional):
            result["another key"] = deeper.of(shape.additional)
        return result

    def property(self, one: Property) -> Any:
        """Return a sample of a property's value."""
        return None if self.kind == "nulls" and one.published_nullable and one.type != JSON else self.of(one.type)

    def _has(self, one: Property) -> bool:
        if self.sent and one.read_only:
            return False
        needed = one.required or one.promised
        return needed or (self.kind != "minimal" and not _is_in(self.above, one.type) and not self._is_deep(one.type))

    def _is_deep(self, kind: Type) -> bool:
        return len(self.above) > DEEP and any(place in self.classes.shapes for place in _direct(kind))

    def pick(self, values: Any) -> Any:
        """Return the value or alternative that the sample has."""
        return values[-1] if self.kind == "other" else values[0]


def _is_in(above: tuple[Place, ...], kind: Type) -> bool:
    return any(place in above for place in _direct(kind))


def _direct(kind: Type) -> list[Place]:
    """Return the classes directly in a type: a value of it that isn't empty holds one of them."""
    match kind:
        case Named(place):
            return [place]
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            return _direct(inner)
        case Union(alternatives):
            return [place for one in alternatives for place in _direct(one)]
        case Tagged(_, cases):
            return [place for _, one in cases for place in _direct(one)]
        case _:
            return []
