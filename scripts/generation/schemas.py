"""Schemas as types: classes with their fields and values, and all other types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from generation.discriminators import tagged
from generation.document import Node, find_or_none, schemas
from generation.enumerations import SCALARS, is_class, plain_type, union, values_of
from generation.flatten import (
    CHOICES,
    Flat,
    flatten,
    hints,
    is_choice,
    is_nullable,
    is_object,
    merged,
    narrows,
    only_requires,
    scalar,
    substance,
    without,
)
from generation.ir import (
    ABSENT,
    DATE,
    FILE,
    JSON,
    MILLISECONDS,
    TEXT,
    TIMESTAMP,
    Enumeration,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Place,
    Property,
    Scalar,
    Shape,
    Tagged,
    Type,
)

STRINGS: Mapping[str | None, Scalar] = {"date-time": TIMESTAMP, "date": DATE}
FORMATS: Mapping[str, Scalar] = {"milliseconds": MILLISECONDS, "date-time": TIMESTAMP, "date": DATE, "text": TEXT}


@frozen
class Schemas:
    """The types of a document, found as they are asked for; `published` is the document before the errata."""

    root: Mapping[str, Any] = field(repr=False)
    published: Mapping[str, Any] = field(repr=False)
    shapes: dict[Place, Shape] = field(factory=dict)
    enums: dict[Place, Enumeration] = field(factory=dict)
    aliases: dict[Place, Place] = field(factory=dict)
    waiting: list[Node] = field(factory=list, repr=False)

    def read_all(self) -> None:
        """Find the types of all named schemas."""
        for schema in schemas(self.root):
            found = self.type_of(schema)
            found = found.inner if isinstance(found, Nullable) else found
            if isinstance(found, Named) and found.place != schema.place:
                self.aliases[schema.place] = found.place

    def type_of(self, node: Node, above: tuple[Place, ...] = ()) -> Type:
        """Return the type of a schema, null included; the classes in it are noted."""
        found = self.bare_type(node, above)
        return Nullable(found) if is_nullable(node) and found != JSON else found

    def bare_type(self, node: Node, above: tuple[Place, ...] = ()) -> Type:
        """Return the type of a schema apart from null; `above` are the schemas that it is a part of."""
        said = hints(node)
        node = node.resolve()
        if node.place in above:
            # A type that holds itself with no class in between has no name.
            return JSON
        above = (*above, node.place)
        if "format" in said:
            if said["format"] not in FORMATS:
                raise node.refused(f"x-mantago-format is {said['format']!r}", f"say one of {', '.join(FORMATS)}")
            return FORMATS[said["format"]]
        if "enum" in node:
            return self._enumeration(node)
        if "discriminator" in node:
            return self._tagged(node, above)
        if "allOf" in node:
            return self._composed(node, above)
        if is_choice(node):
            return self._union(node, above)
        return self._single(node, above)

    def _single(self, node: Node, above: tuple[Place, ...]) -> Type:
        kind = node.get("type")
        additional = node.get("additionalProperties")
        if kind == "array" or (kind is None and "items" in node):
            return ListOf(self.type_of(node.child("items"), above) if "items" in node else JSON)
        if node.get("properties"):
            return self.named(node)
        if kind == "object" or (kind is None and additional):
            has_type = isinstance(additional, dict) and additional
            return MapOf(self.type_of(node.child("additionalProperties"), above) if has_type else JSON)
        if kind == "string":
            return STRINGS.get(node.get("format"), TEXT)
        return SCALARS[kind] if kind else JSON

    def named(self, node: Node) -> Named:
        """Return an object as a class; its fields are found at the first time."""
        node = node.resolve()
        if node.place not in self.shapes:
            self.shapes[node.place] = Shape(node.place, (), None, "", {})
            self.waiting.append(node)
            if len(self.waiting) == 1:
                self._find_fields()
        return Named(node.place)

    def _find_fields(self) -> None:
        # No recursion: a chain of references may be longer than Python's stack is deep.
        while self.waiting:
            self.shapes[self.waiting[0].place] = self._shape(self.waiting[0])
            del self.waiting[0]

    def answer(self, node: Node) -> Type:
        """Return the type of a whole answer: an object is a class even if nothing is said of its properties."""
        bare = node.resolve()
        told = {"properties", "additionalProperties", "allOf", *CHOICES} & {*bare.value}
        if bare.get("type") == "object" and not told:
            return Nullable(self.named(bare)) if is_nullable(node) else self.named(bare)
        return self.type_of(node)

    def form(self, node: Node, *, files: bool) -> Type:
        """Return the class of a form, in whose fields bytes may be files."""
        found = self.named(node)
        if files:
            declared = flatten(node).properties
            shape = self.shapes[found.place]
            fields = [evolve(one, type=_with_files(one.type, declared[one.name][-1])) for one in shape.properties]
            self.shapes[found.place] = evolve(shape, properties=tuple(fields))
        return found

    # --- objects ----------------------------------------------------------------------------------------------------

    def _shape(self, node: Node) -> Shape:
        flat = flatten(node)
        before = find_or_none(self.published, node.place)
        was = flatten(before) if before and is_object(before) else flat
        properties = [self._property(name, declared, flat, was) for name, declared in flat.properties.items()]
        nothing = Node(node.root, node.place, {})
        # A property that is required but never described can be anything.
        properties += [
            self._property(name, [nothing], flat, was) for name in sorted(flat.required - {*flat.properties})
        ]
        additional: Type | None = None
        for one in flat.additional:
            additional = self.type_of(one) if isinstance(one.value, dict) and one.value else JSON
        return Shape(node.place, tuple(properties), additional, _description(node), hints(node))

    def _property(self, name: str, declared: list[Node], flat: Flat, was: Flat) -> Property:
        one = merged(declared)
        parts = [part for each in declared for part in (each, each.resolve())]
        return Property(
            name=name,
            place=one.place,
            type=self.bare_type(one),
            required=name in flat.required,
            promised=name in was.required,
            nullable=is_nullable(one),
            published_nullable=any(map(is_nullable, was.properties.get(name, declared))),
            read_only=any(part.get("readOnly") is True for part in parts),
            write_only=any(part.get("writeOnly") is True for part in parts),
            default=next((part.get("default") for part in reversed(parts) if "default" in part), ABSENT),
            description=next((text for part in parts if (text := part.get("description"))), ""),
        )

    # --- composition ------------------------------------------------------------------------------------------------

    def _composed(self, node: Node, above: tuple[Place, ...]) -> Type:
        parts = substance(node)
        is_own = node.place[:2] == ("components", "schemas") and len(node.place) == len(("components", "schemas", "X"))
        if len(parts) == 1 and not narrows(node) and not (is_own and is_object(parts[0]) and not is_choice(parts[0])):
            return self.bare_type(parts[0], above)
        if is_object(node):
            return self.named(node)
        one = scalar(node)
        return self._enumeration(one) if "enum" in one else self.bare_type(one, above[:-1])

    def _union(self, node: Node, above: tuple[Place, ...]) -> Type:
        if all(keyword in node for keyword in CHOICES):
            raise node.refused("has oneOf beside anyOf", "say it with one of them")
        choices = [choice for keyword in CHOICES for choice in node.children(keyword)]
        if only_requires(choices):
            # Alternatives that only require some of the properties don't change the type.
            return self._single(Node(node.root, node.place, without(node.value, *CHOICES)), above)
        if (kind := node.get("type")) is not None:
            typed = [choice if "$ref" in choice else {"type": kind, **choice.value} for choice in choices]
            choices = [
                one if isinstance(one, Node) else Node(node.root, choice.place, one)
                for one, choice in zip(typed, choices, strict=True)
            ]
        if len(choices) > 1 and all(_lists_texts(choice) for choice in choices):
            values = [value for choice in choices for value in choice.value["enum"]]
            return self._enumeration(Node(node.root, node.place, {**node.value, "enum": values}))
        telling = [choice for choice in choices if choice.resolve().get("enum") != [None]]
        return union([self.bare_type(choice, above) for choice in telling])

    def _tagged(self, node: Node, above: tuple[Place, ...]) -> Type:
        name, cases = tagged(node, lambda found: self._alternative(found, above))
        if any(keyword in node for keyword in CHOICES):
            return Tagged(name, tuple(cases.items()))
        own = self.named(node)
        return Tagged(name, ((str(node.place[-1]), own), *cases.items()), own) if cases else own

    def _alternative(self, node: Node, above: tuple[Place, ...]) -> Type:
        return self.named(node) if is_object(node) and not is_choice(node) else self.bare_type(node, above)

    def _enumeration(self, node: Node) -> Type:
        values = values_of(node)
        if not values:
            return JSON
        if not is_class(values, node.get("type")):
            return plain_type(values, node.get("type"))
        self.enums[node.place] = Enumeration(node.place, tuple(values), _description(node), hints(node))
        return Named(node.place)


def _with_files(kind: Type, node: Node) -> Type:
    node = node.resolve()
    inner = node.child("items").resolve() if "items" in node else node
    if inner.get("type") != "string" or inner.get("format") != "binary":
        return kind
    return ListOf(FILE) if "items" in node else FILE


def _lists_texts(node: Node) -> bool:
    return "$ref" not in node and "enum" in node and all(isinstance(value, str) for value in node.value["enum"])


def _description(node: Node) -> str:
    own = [part.get("description") for part in node.children("allOf") if "$ref" not in part]
    return next((text for text in (node.get("description"), *own) if text), "")
