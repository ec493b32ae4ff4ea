"""Schemas as they apply: references followed, allOf merged, and different words for the same thing made equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from .documents import ABSENT, Cursor, Document, canonical
from .heirs import component, heirs_of

Number = int | float
# A limit of a number: its value, and True if the value itself is excluded.
Bound = tuple[Number, bool]
INTEGERS = frozenset({"integer"})
BOOLEANS = frozenset({"boolean"})
ARRAYS = frozenset({"array"})
BYTES = "application/octet-stream"
NOTHING = frozenset({"nothing"})
_IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
}
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


@frozen(eq=False)
class Union:
    """A oneOf or anyOf with two alternatives or more, null not counted."""

    kind: str
    members: tuple[Cursor, ...]
    part: Cursor


def number(value: Any) -> Number | None:
    """Return the value if it is a number."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def members(place: Cursor) -> tuple[Cursor, ...]:
    """Return the elements of a list of schemas, equal ones and the null type left out."""
    found = {canonical(member.value): member for member in place.elements()}
    return tuple(member for member in found.values() if not _is_null(member.resolved()))


def _is_value(place: Cursor) -> bool:
    """Return whether a schema only lists one value or several, with texts."""
    rest = {key for key in place.mapping if not key.startswith("x-")} - _OF_VALUES
    listed = place.says("enum")
    return not rest and (place.says("const") is not None or (isinstance(listed, list) and bool(listed)))


_OF_VALUES = frozenset(
    {"const", "enum", "type", "title", "description", "deprecated", "example", "examples", "externalDocs", "$comment"}
)


def _is_null(place: Cursor) -> bool:
    kind, values = place.says("type"), place.says("enum")
    return kind in ("null", ["null"]) or values == [None] or ("const" in place and place.mapping["const"] is None)


class View:
    """Several schemas that apply together, as if they were one."""

    def __init__(self, places: Iterable[Cursor], dropped: frozenset[int]) -> None:
        """Merge the schemas; the lists of alternatives in `dropped`, by identity, are left out."""
        self.places = tuple(places)
        self.dropped = dropped
        self.parts: list[Cursor] = []
        self.unions: list[Union] = []
        # A single alternative is no choice, yet it may have been one or become one.
        self.singles: list[Union] = []
        self.broken: str | None = None
        # The schema false allows nothing.
        self.never = False
        self._null_alternative: set[int] = set()
        # Alternatives that only list values, which is a way to give each value of an enum a text.
        self.choices: list[Cursor] = []
        seen: set[int] = set()
        for place in self.places:
            self._flatten(place, seen)
        self.name = component(self.places[0]) if len(self.places) == 1 else None
        # The schemas that a discriminator tells apart without a oneOf, by its value.
        self.tells = not (self.unions or self.singles) and any("discriminator" in part for part in self.parts)
        self.heirs = heirs_of(self.places) if self.tells else {}
        self.types, self.enum = self._types(), self._enum()
        if self.types is None and self.enum is not None:
            self.types = frozenset(_TYPES.get(type(value), "null") for value in self.enum.values()) or None
        if self.types == BOOLEANS and self.enum is not None and len(self.enum) > 1:
            # Both of its values.
            self.enum = None
        self.nullable = self._nullable()
        self.format, self.encoding, self.media_type = self._contents()
        self.lower, self.upper = self._bound("inimum", 1), self._bound("aximum", -1)
        self.properties: dict[str, tuple[Cursor, ...]] = {}
        for part in self.parts:
            for name, place in part.get("properties").children():
                self.properties[name] = (*self.properties.get(name, ()), place)
        self.required = frozenset(
            name.text for part in self.parts for name in part.get("required").elements() if name.text is not None
        )
        self.read_only, self.write_only, self.deprecated, self.unique = (
            any(part.says(key) is True for part in self.parts)
            for key in ("readOnly", "writeOnly", "deprecated", "uniqueItems")
        )
        rest = [part.raw(key) for part in self.parts for key in ("additionalProperties", "unevaluatedProperties")]
        self.closed = any(place.value is False for place in rest)
        self.additional = tuple(place for place in rest if place.mapping)
        self.patterns: dict[str, tuple[Cursor, ...]] = {}
        for part in self.parts:
            for pattern, place in part.get("patternProperties").children():
                self.patterns[pattern] = (*self.patterns.get(pattern, ()), place)

    def _flatten(self, place: Cursor, seen: set[int]) -> None:
        target = place.resolved()
        if place and not target:
            self.broken = self.broken or place.reference
        self.never = self.never or target.value is False
        if id(target.value) in seen or not isinstance(target.value, dict):
            return
        if place.reference is not None and place.document.siblings and len(place.mapping) > 1:
            self.parts.append(place)
        seen.add(id(target.value))
        self.parts.append(target)
        for member in target.get("allOf").elements():
            self._flatten(member, seen)
        for kind in ("oneOf", "anyOf"):
            if kind in target:
                self._alternatives(kind, target, seen)

    def _alternatives(self, kind: str, target: Cursor, seen: set[int]) -> None:
        listed = target.get(kind)
        alternatives = members(listed)
        if any(_is_null(member.resolved()) for member in listed.elements()):
            self._null_alternative.add(id(target.value))
        if id(listed.value) in self.dropped:
            return
        union = Union(kind, alternatives, target)
        if alternatives and all(_is_value(member.resolved()) for member in alternatives):
            self.choices.append(listed)
        elif len(alternatives) > 1:
            self.unions.append(union)
        elif alternatives:
            self.singles.append(union)
            self._flatten(alternatives[0], seen)

    def _types(self) -> frozenset[str] | None:
        found: frozenset[str] | None = None
        for part in self.parts:
            said = part.says("type")
            kinds = frozenset(
                kind
                for kind in (said if isinstance(said, list) else [said])
                if isinstance(kind, str) and kind != "null"
            ) or frozenset(kind for kind, keys in _IMPLIED.items() if any(key in part.value for key in keys))
            if kinds:
                both = kinds if found is None else frozenset({*_within(kinds, found), *_within(found, kinds)})
                # No value is of two kinds at once.
                found = both or NOTHING
        return found

    def _enum(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = None
        for part in self.parts:
            said = part.says("enum")
            lists = [said] if isinstance(said, list) and said else []
            for values in [*lists, *([[part.mapping["const"]]] if "const" in part else [])]:
                keyed = {canonical(value): value for value in values if value is not None}
                found = keyed if found is None else {key: keyed[key] for key in found if key in keyed}
        for listed in self.choices:
            members = [member.resolved().mapping for member in listed.elements()]
            said = [value for member in members for value in [*(member.get("enum") or []), member.get("const")]]
            keyed = {canonical(value): value for value in said if value is not None}
            found = keyed if found is None else {key: keyed[key] for key in found if key in keyed}
        return found

    def _nullable(self) -> bool:
        votes: list[bool] = []
        for place, part in enumerate(self.parts):
            vote = self._says_null(part)
            # The outermost schema decides for all.
            if vote is not None and place == 0:
                return vote
            votes += [] if vote is None else [vote]
        return bool(votes) and all(votes)

    def _says_null(self, part: Cursor) -> bool | None:
        kind, values = part.says("type"), part.says("enum")
        if part.says("nullable") is True or (isinstance(kind, list) and "null" in kind):
            return True
        if id(part.value) in self._null_alternative:
            return True
        if kind is None:
            return True if isinstance(values, list) and None in values else None
        return False

    def _contents(self) -> tuple[str, str, str]:
        """Return the format, the encoding and the media type of a text."""
        said = (self.value(key) for key in ("format", "contentEncoding", "contentMediaType"))
        form, encoding, media_type = (value.lower() if isinstance(value, str) else "" for value in said)
        # OpenAPI 3.0 and 3.1 have two ways of saying these.
        if form == "byte":
            return "", encoding or "base64", media_type
        if media_type == BYTES and not encoding:
            return form or "binary", "", ""
        return form, encoding, media_type

    def _bound(self, word: str, sign: int) -> Bound | None:
        bounds: list[Bound] = []
        for part in self.parts:
            limit, exclusive = number(part.says("m" + word)), part.says("exclusiveM" + word)
            if limit is not None:
                bounds.append((limit, exclusive is True))
            if (outside := number(exclusive)) is not None:
                bounds.append((outside, True))
        if not bounds:
            return None
        limit, exclusive = max(bounds, key=lambda bound: (sign * bound[0], bound[1]))
        if exclusive and self.types == INTEGERS and limit == int(limit):
            return limit + sign, False
        return limit, exclusive

    def first(self, key: str) -> Cursor:
        """Return the place under a key in the first part that has it."""
        return next((part.raw(key) for part in self.parts if key in part.value), _NOWHERE)

    def value(self, key: str) -> Any:
        """Return the value under a key in the first part that has it, or None."""
        return next((part.value[key] for part in self.parts if key in part.value), None)

    def numbers(self, key: str) -> list[Number]:
        """Return the numbers under a key in all parts."""
        found = (number(part.says(key)) for part in self.parts)
        return [value for value in found if value is not None]

    @property
    def place(self) -> Cursor:
        """The place of the schema, references followed; an absent one if anything is allowed."""
        return self.places[0] if self.places else _NOWHERE

    def at(self, key: str | None) -> str | None:
        """Return the pointer of the value under a key, or of the schema if there is none."""
        found = self.first(key) if key else _NOWHERE
        return found.at or self.place.at

    @property
    def anything(self) -> bool:
        """True if the schema is empty."""
        return not any(part.mapping for part in self.parts)

    @property
    def label(self) -> str | None:
        """A name to tell the schema from its siblings."""
        title = self.value("title")
        return self.name or (title if isinstance(title, str) and title else None)


def _within(kinds: frozenset[str], others: frozenset[str]) -> Iterator[str]:
    return (kind for kind in kinds if kind in others or (kind == "integer" and "number" in others))


_NOWHERE = Cursor(Document("", {}), ABSENT, "")


class Views:
    """The views of a document's schemas, each made once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], View] = {}
        # By the identity of the tuples of places, which are kept so that no other tuple gets it.
        self._asked: dict[int, tuple[tuple[Cursor, ...], View]] = {}

    def of(self, places: Iterable[Cursor], dropped: frozenset[int] = frozenset()) -> View:
        """Return the view of all these schemas together."""
        if not isinstance(places, tuple) or dropped:
            return self._made(places, dropped)
        asked = self._asked.get(id(places))
        if asked is None:
            asked = self._asked[id(places)] = places, self._made(places, dropped)
        return asked[1]

    def _made(self, places: Iterable[Cursor], dropped: frozenset[int]) -> View:
        unique: dict[int, Cursor] = {}
        for place in places:
            target = place.resolved()
            beside = place.reference is not None and place.document.siblings and len(place.mapping) > 1
            chosen = place if beside or not target else target
            unique.setdefault(id(chosen.value), chosen)
        # With references followed, a shared schema has one view for all its uses.
        key = (*unique, dropped)
        if key not in self._known:
            self._known[key] = View(unique.values(), dropped)
        return self._known[key]

    def without_alternatives(self, view: View) -> View:
        """Return the view without its oneOf and anyOf, even those of one alternative."""
        unions = (*view.unions, *(view.singles if not view.unions else ()))
        return self.of(view.places, view.dropped | {id(union.part.get(union.kind).value) for union in unions})

    def alternatives(self, view: View, union: Union) -> list[View]:
        """Return a union's alternatives, each together with the rest of the schema."""
        base = self.without_alternatives(view)
        return [self.of((*base.places, member), base.dropped) for member in union.members]
