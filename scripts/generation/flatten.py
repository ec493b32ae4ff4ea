"""Composed schemas as one: the properties of an object wherever they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from generation.document import Node
from generation.ir import Place
from vendoring.validation import shorten

ANNOTATIONS = frozenset(
    {"deprecated", "description", "example", "examples", "externalDocs", "nullable", "readOnly", "title", "writeOnly"}
    | {"default", "xml"}
)
CHOICES = ("oneOf", "anyOf")


@frozen
class Flat:
    """The declarations of an object's parts together: each property with all its declarations, in order."""

    properties: dict[str, list[Node]] = field(factory=dict)
    required: set[str] = field(factory=set)
    additional: list[Node] = field(factory=list)

    def add(self, other: Flat, *, required: bool = True) -> None:
        """Take over the declarations of another part."""
        for name, declared in other.properties.items():
            known = self.properties.setdefault(name, [])
            known += [node for node in declared if node.place not in {old.place for old in known}]
        self.required.update(other.required if required else ())
        self.additional.extend(other.additional)


def flatten(node: Node, above: tuple[Place, ...] = ()) -> Flat:
    """Return the declarations of an object, of its allOf, and of the choices beside its properties."""
    node = node.resolve()
    if node.place in above:
        raise node.refused("is a part of itself", "take it out of its own allOf")
    above, flat = (*above, node.place), Flat()
    for part in node.children("allOf"):
        flat.add(flatten(part, above))
    own = Flat(
        {str(property_.place[-1]): [property_] for property_ in node.children("properties")},
        {*node.get("required", ())},
    )
    if (additional := node.get("additionalProperties")) is True or isinstance(additional, dict):
        own.additional.append(node.child("additionalProperties"))
    flat.add(own)
    # Alternatives that a discriminator tells apart are objects of their own, not parts of this one.
    for keyword in CHOICES if "discriminator" not in node else ():
        choices = [flatten(choice, above) for choice in node.children(keyword) if is_object(choice)]
        if len(choices) < len(node.get(keyword, ())):
            raise node.child(keyword).refused(
                "offers an alternative that is no object beside properties",
                "describe what is sent by one object, or by a choice alone",
            )
        for choice in choices:
            flat.add(choice, required=False)
        if choices:
            flat.required.update(set.intersection(*(choice.required for choice in choices)))
    return flat


def substance(node: Node) -> list[Node]:
    """Return the parts of an allOf that say more than text about it."""
    return [part for part in node.children("allOf") if {*part.resolve().value} - ANNOTATIONS]


def is_object(node: Node, above: tuple[Place, ...] = ()) -> bool:
    """Return whether a schema describes an object with properties of its own."""
    node = node.resolve()
    if node.place in above:
        raise node.refused("is a part of itself", "take it out of its own allOf")
    above = (*above, node.place)
    if "enum" in node or node.get("type", "object") != "object":
        return False
    if node.get("properties") or node.get("required") or node.get("type") == "object":
        return True
    parts = [*node.children("allOf")] or [part for keyword in CHOICES for part in node.children(keyword)]
    return any(is_object(part, above) for part in parts)


def is_nullable(node: Node, above: tuple[Place, ...] = ()) -> bool:
    """Return whether a schema allows null, by itself or by what it refers to."""
    if node.get("nullable") is True:
        return True
    node = node.resolve()
    if node.place in above:
        return False
    above = (*above, node.place)
    if node.get("nullable") is True or None in node.get("enum", ()):
        return True
    parts = substance(node)
    if parts and not {"properties", *CHOICES} & {*node.value}:
        return all(is_nullable(part, above) for part in parts)
    return any(is_nullable(choice, above) for keyword in CHOICES for choice in node.children(keyword))


def merged(declared: list[Node]) -> Node:
    """Return one schema for the declarations of a property by several parts.

    If only alternatives declare it, any of them may be meant.
    """
    always = [node for node in declared if not any(keyword in node.place for keyword in CHOICES)]
    nodes = always or declared
    telling = [node for node in nodes if {*node.resolve().value} - ANNOTATIONS] or nodes
    last = telling[-1]
    if all(node.value == last.value for node in telling):
        return last
    return Node(last.root, last.place, {"allOf" if always else "anyOf": [node.value for node in telling]})


def scalar(node: Node) -> Node:
    """Return the parts of an allOf of texts or numbers as one schema."""
    node = node.resolve()
    if "allOf" not in node:
        return node
    value: dict[str, Any] = {}
    for part in (*node.children("allOf"), Node(node.root, node.place, without(node.value, "allOf"))):
        for key, said in scalar(part).value.items():
            if key == "enum" and "enum" in value:
                value["enum"] = [one for one in value["enum"] if one in said]
            elif key == "type" and {value.get(key, said), said} == {"integer", "number"}:
                value[key] = "integer"
            elif key in {"type", "items", "additionalProperties", *CHOICES} and value.get(key, said) != said:
                told = f"is {shorten(repr(value[key]))} and {shorten(repr(said))} at once"
                raise node.refused(told, "leave one of the two")
            else:
                value[key] = said
    return Node(node.root, node.place, value)


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return an object without some of its members."""
    return {name: said for name, said in value.items() if name not in keys}


def is_choice(node: Node) -> bool:
    """Return whether a schema is only a choice between others."""
    node = node.resolve()
    return "discriminator" in node or (any(keyword in node for keyword in CHOICES) and not node.get("properties"))


def only_requires(choices: list[Node]) -> bool:
    """Return whether alternatives differ only in the properties that they require."""
    return all({*choice.value} <= {"required", *ANNOTATIONS} and "required" in choice for choice in choices)


def narrows(node: Node) -> bool:
    """Return whether a schema adds something to its allOf."""
    own = {key for key in node.value if not key.startswith("x-")}
    return bool(own - ANNOTATIONS - {"allOf", "type"})


def hints(node: Node) -> dict[str, Any]:
    """Return the overlay's hints on a schema, by their names without x-mantago-."""
    own = node.resolve().value | node.value
    return {key.removeprefix("x-mantago-"): said for key, said in own.items() if key.startswith("x-mantago-")}


def descendants(base: Node, all_schemas: list[Node]) -> Iterator[Node]:
    """Yield the named schemas whose allOf refers to a base, through others as well, in the order of the document."""
    family = {base.place}
    grown = True
    while grown:
        found = {
            schema.place
            for schema in all_schemas
            if any(part.resolve().place in family for part in schema.children("allOf") if "$ref" in part)
        }
        grown = not found <= family
        family |= found
    yield from (schema for schema in all_schemas if schema.place in family and schema.place != base.place)
