"""Schemas as types: which become classes, of which fields and values, and which are nothing but a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from generation.document import Node, find_or_none, schemas, target
from generation.flatten import (
    ANNOTATIONS,
    CHOICES,
    descendants,
    flatten,
    hints,
    is_nullable,
    is_object,
    merged,
    scalar,
    substance,
)
from generation.ir import (
    ABSENT,
    DATE,
    FILE,
    FLAG,
    INTEGER,
    JSON,
    MILLISECONDS,
    NUMBER,
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
    Union,
)

SCALARS: Mapping[str, Scalar] = {"string": TEXT, "boolean": FLAG, "integer": INTEGER, "number": NUMBER}
STRINGS: Mapping[str, Scalar] = {"date-time": TIMESTAMP, "date": DATE}
FORMATS: Mapping[str, Scalar] = {
    "milliseconds": MILLISECONDS, "date-time": TIMESTAMP, "date": DATE, "text": TEXT
}  # fmt: skip
# What reads less comes before what reads more: a date is a text as well.
_WIDTH = {DATE: 1, TIMESTAMP: 1, MILLISECONDS: 1, FLAG: 2, INTEGER: 3, NUMBER: 4, TEXT: 5, JSON: 9}


@frozen
class Schemas:
    """The types of a document, found as they are asked for; `published` is what it was before the errata."""

    root: Mapping[str, Any] = field(repr=False)
    published: Mapping[str, Any] = field(repr=False)
    shapes: dict[Place, Shape] = field(factory=dict)
    enums: dict[Place, Enumeration] = field(factory=dict)
    aliases: dict[Place, Place] = field(factory=dict)

    def read_all(self) -> None:
        """Find the types of all named schemas."""
        for schema in schemas(self.root):
            found = self.type_of(schema)
            if isinstance(found, Named) and found.place != schema.place:
                self.aliases[schema.place] = found.place

    def type_of(self, node: Node, above: tuple[Place, ...] = ()) -> Type:
        """Return the type of a schema with what it says of null; the classes in it are noted."""
        found = self.bare_type(node, above)
        return Nullable(found) if is_nullable(node) and found not in {JSON} and not _takes_null(found) else found

    def bare_type(self, node: Node, above: tuple[Place, ...] = ()) -> Type:
        """Return the type of a schema apart from null."""
        said = hints(node)
        node = node.resolve()
        if node.place in above:
            # A type that holds itself without a class between has no name to be called by.
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
        if any(keyword in node for keyword in CHOICES) and not node.get("properties"):
            return self._union(node, above)
        if node.get("type") == "array" or (node.get("type") is None and "items" in node):
            return ListOf(self.type_of(node.child("items"), above) if "items" in node else JSON)
        if node.get("properties"):
            return self.named(node)
        additional = node.get("additionalProperties")
        if node.get("type") == "object" or additional:
            has_type = isinstance(additional, dict) and additional
            return MapOf(self.type_of(node.child("additionalProperties"), above) if has_type else JSON)
        if (kind := node.get("type")) is None:
            return JSON
        if kind == "string":
            return STRINGS.get(node.get("format"), TEXT)
        return SCALARS[kind]

    def named(self, node: Node) -> Named:
        """Return an object as a class; its fields are found at the first time."""
        node = node.resolve()
        if node.place not in self.shapes:
            self.shapes[node.place] = Shape(node.place, (), None, "", {})
            self.shapes[node.place] = self._shape(node)
        return Named(node.place)

    def answer(self, node: Node) -> Type:
        """Return the type of a whole answer: an object is a class even if nothing is said of its properties."""
        bare = node.resolve()
        if bare.get("type") == "object" and not {"properties", "additionalProperties", "allOf", *CHOICES} & {
            *bare.value
        }:
            return self.named(node)
        return self.type_of(node)

    def form(self, node: Node, *, file: bool) -> Type:
        """Return the class of a form, in whose fields bytes are files."""
        found = self.named(node)
        if file:
            shape = self.shapes[found.place]
            binary = {
                name for name, declared in flatten(node).properties.items() if _is_file(declared[-1])
            }  # fmt: skip
            fields = tuple(evolve(one, type=_as_file(one)) if one.name in binary else one for one in shape.properties)
            self.shapes[found.place] = evolve(shape, properties=fields)
        return found

    # --- objects ----------------------------------------------------------------------------------------------------

    def _shape(self, node: Node) -> Shape:
        flat = flatten(node)
        before = find_or_none(self.published, node.place)
        was = flatten(before) if before and is_object(before) else flat
        properties = []
        for name, declared in flat.properties.items():
            one = self._choice(declared) if len(declared) > 1 else declared[0]
            parts = [part for each in declared for part in (each, each.resolve())]
            published = was.properties.get(name, declared)
            properties.append(
                Property(
                    name=name,
                    place=one.place,
                    type=self.bare_type(one),
                    required=name in flat.required,
                    promised=name in was.required,
                    nullable=is_nullable(one),
                    published_nullable=any(map(is_nullable, published)),
                    read_only=any(part.get("readOnly") is True for part in parts),
                    write_only=any(part.get("writeOnly") is True for part in parts),
                    default=next((part.get("default") for part in reversed(parts) if "default" in part), ABSENT),
                    description=next((text for part in parts if (text := part.get("description"))), ""),
                )
            )
        if unknown := sorted(flat.required - flat.properties.keys()):
            properties += [
                Property(name, node.place, JSON, True, name in was.required, True, True, False, False, ABSENT, "")
                for name in unknown
            ]
        additional: Type | None = None
        for one in flat.additional:
            additional = self.type_of(one) if isinstance(one.value, dict) and one.value else JSON
        return Shape(node.place, tuple(properties), additional, _description(node), hints(node))

    def _choice(self, declared: list[Node]) -> Node:
        """Return the one schema of a property that is declared several times."""
        between = [node for node in declared if _is_in_choice(node.place)]
        always = [node for node in declared if not _is_in_choice(node.place)]
        if between and not always and any(node.value != between[0].value for node in between):
            # By the alternative that is meant, it is the one or the other.
            last = between[-1]
            return Node(last.root, last.place, {"anyOf": [node.value for node in between]})
        return merged(always or between)

    # --- composition ------------------------------------------------------------------------------------------------

    def _composed(self, node: Node, above: tuple[Place, ...]) -> Type:
        parts = substance(node)
        own = {*node.value} - ANNOTATIONS - {"allOf", "type"}
        own = {key for key in own if not key.startswith("x-")}
        is_named = node.place[:2] == ("components", "schemas") and len(node.place) == 3
        if len(parts) == 1 and not own and not (is_named and is_object(parts[0]) and not _is_choice(parts[0])):
            return self.bare_type(parts[0], above)
        if is_object(node):
            return self.named(node)
        if not parts:
            return self.bare_type(Node(node.root, node.place, _bare(node.value)), ())
        one = scalar(node)
        return self._enumeration(one) if "enum" in one else self.bare_type(one, above[:-1])

    def _union(self, node: Node, above: tuple[Place, ...]) -> Type:
        choices = [choice for keyword in CHOICES for choice in node.children(keyword)]
        if all(keyword in node for keyword in CHOICES):
            raise node.refused("has oneOf beside anyOf", "say it with one of them")
        kind = node.get("type")
        choices = [
            choice if kind is None or "type" in choice.resolve() or "$ref" in choice else _typed(choice, kind)
            for choice in choices
        ]
        if len(choices) > 1 and all(_is_plain_enum(choice) for choice in choices):
            values = [value for choice in choices for value in choice.value["enum"]]
            return self._enumeration(Node(node.root, node.place, {**node.value, "enum": [*dict.fromkeys(values)]}))
        telling = [choice for choice in choices if choice.resolve().get("enum") != [None]]
        if telling and all({*choice.value} <= {"required"} | ANNOTATIONS for choice in telling):
            # Which of its properties are there: that says nothing of what they are.
            return self.bare_type(Node(node.root, node.place, _bare(node.value)), ())
        return union([self.bare_type(choice, above) for choice in telling])

    def _tagged(self, node: Node, above: tuple[Place, ...]) -> Type:
        said = node.child("discriminator")
        name = said.get("propertyName")
        choices = [choice for keyword in CHOICES for choice in node.children(keyword)]
        beside = flatten(node).properties.keys() if choices else set()
        if any(not beside <= flatten(choice).properties.keys() for choice in choices if beside):
            raise said.refused("tells apart what stands beside properties", "put the properties into the alternatives")
        family = choices or list(descendants(node, [*schemas(self.root)]))
        cases: dict[str, Type] = {}
        mapped = set()
        for value, reference in (said.get("mapping") or {}).items():
            meant = reference if "/" in reference or "#" in reference else f"#/components/schemas/{reference}"
            try:
                found = target(meant, said).resolve()
            except (LookupError, TypeError):
                raise said.refused(
                    f"maps {value!r} to {reference!r}, which isn't there", "correct the mapping"
                ) from None
            mapped.add(found.place)
            cases[value] = self.named(node) if found.place == node.place else self._case(found, above)
        for choice in family:
            found = choice.resolve()
            if found.place not in mapped:
                for value in self._implied(choice, name):
                    cases.setdefault(value, self._case(found, above))
        if not choices:
            own = self.named(node)
            others = dict(cases)
            cases.setdefault(str(node.place[-1]), own)
            return Tagged(name, tuple(cases.items()), own) if others else own
        return Tagged(name, tuple(cases.items()))

    def _case(self, node: Node, above: tuple[Place, ...]) -> Type:
        found = self.named(node) if is_object(node) and not _is_choice(node) else self.bare_type(node, above)
        if not isinstance(found, Named | Tagged | Union):
            raise node.refused(
                "is told apart by a property, but is no object with properties", "correct the alternative"
            )
        return found

    def _implied(self, choice: Node, name: str) -> list[str]:
        found = choice.resolve()
        declared = flatten(found).properties.get(name, []) if is_object(found) else []
        values = [value for one in declared for value in one.resolve().get("enum", ()) if isinstance(value, str)]
        if len(declared) == 1 and len(values) == 1:
            return [values[0], *([str(found.place[-1])] if "$ref" in choice else [])]
        if "$ref" not in choice and len(found.place) != 3:
            raise choice.refused(
                f"is told apart by {name!r}, but has no name of its own", f"give {name!r} an enum of one value in it"
            )
        return [str(found.place[-1])]

    # --- enumerations -----------------------------------------------------------------------------------------------

    def _enumeration(self, node: Node) -> Type:
        values = [*_values(node)]
        kind = node.get("type")
        if strange := [value for value in values if kind in _CHECKS and type(value) not in _CHECKS[kind]]:
            raise node.child("enum").refused(
                f"lists {strange[0]!r}, which is no {kind}", "quote the value or correct the type"
            )
        if not values:
            return JSON
        kinds = {type(value) for value in values}
        if kinds == {str} or (kinds == {int} and kind in {None, "integer"}):
            self.enums[node.place] = Enumeration(node.place, tuple(values), _description(node), hints(node))
            return Named(node.place)
        if kind in SCALARS:
            return SCALARS[kind]
        scalars = {bool: FLAG, int: INTEGER, float: NUMBER, str: TEXT}
        return union([scalars.get(type(value), JSON) for value in values])


_CHECKS: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)
}  # fmt: skip


def _values(node: Node) -> list[Any]:
    """Return the values of an enumeration apart from null, each once."""
    values: list[Any] = []
    for value in node.value["enum"]:
        if isinstance(value, dict | list):
            raise node.child("enum").refused("lists an object or a list", "describe it by its properties or items")
        # 1 and true are the same to Python.
        if value is not None and (type(value), value) not in [(type(one), one) for one in values]:
            values.append(value)
    return values


def union(types: list[Type]) -> Type:
    """Return one of several types, or the one that they all are."""
    flat: list[Type] = []
    for found in types:
        flat += found.alternatives if isinstance(found, Union) else [found]
    flat = [*dict.fromkeys(one for one in flat)]
    if JSON in flat or not flat:
        return JSON
    flat.sort(key=lambda one: _WIDTH.get(one, 0) if isinstance(one, Scalar) else 0)
    return flat[0] if len(flat) == 1 else Union(tuple(flat))


def _is_file(node: Node) -> bool:
    node = node.resolve()
    node = node.child("items").resolve() if "items" in node else node
    return node.get("type") == "string" and node.get("format") == "binary"


def _as_file(one: Property) -> Type:
    return ListOf(FILE) if isinstance(one.type, ListOf) else FILE


def _takes_null(found: Type) -> bool:
    return isinstance(found, Nullable)


def _typed(choice: Node, kind: str) -> Node:
    return Node(choice.root, choice.place, {"type": kind, **choice.value})


def _is_plain_enum(node: Node) -> bool:
    return "$ref" not in node and "enum" in node and all(isinstance(value, str) for value in node.value["enum"])


def _is_choice(node: Node) -> bool:
    node = node.resolve()
    return "discriminator" in node or (any(keyword in node for keyword in CHOICES) and not node.get("properties"))


def _is_in_choice(place: Place) -> bool:
    return any(keyword in place for keyword in CHOICES)


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said for key, said in value.items() if key not in {"allOf", *CHOICES}}


def _description(node: Node) -> str:
    texts = [
        node.get("description"),
        *(part.get("description") for part in node.children("allOf") if "$ref" not in part),
    ]
    return next((text for text in texts if text), "")
