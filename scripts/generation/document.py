"""A document as a tree of places: each value has its JSON pointer, and references can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from generation.ir import Place
from vendoring.fragments import pointer
from vendoring.validation import METHODS
from vendoring.vendored import ScriptError


class Refused(ScriptError):  # noqa: N818 - the document was refused
    """Something in the document can't be generated right."""


@frozen(eq=False)
class Node:
    """A value of a document and its place."""

    root: Mapping[str, Any] = field(repr=False)
    place: Place
    value: Any

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the bare value of a member."""
        return self.value.get(key, default) if isinstance(self.value, dict) else default

    def child(self, *keys: str | int) -> Node:
        """Return the node below."""
        value = self.value
        for key in keys:
            value = value[key]
        return Node(self.root, (*self.place, *keys), value)

    def children(self, key: str) -> Iterator[Node]:
        """Yield the members of an object or a list below, or nothing if there is none."""
        value = self.get(key)
        if isinstance(value, dict):
            yield from (self.child(key, name) for name in value)
        elif isinstance(value, list):
            yield from (self.child(key, index) for index in range(len(value)))

    def resolve(self) -> Node:
        """Follow references to their end."""
        node, seen = self, {self.place}
        while isinstance(reference := node.get("$ref"), str):
            node = target(reference, node)
            if node.place in seen:
                raise self.refused("refers to itself", "let it refer to a schema that says something")
            seen.add(node.place)
        return node

    def refused(self, problem: str, remedy: str) -> Refused:
        """Return the exception for a place that can't be generated; it tells the problem and the remedy."""
        return Refused(f"{pointer(self.place)}: {problem}: {remedy}, by an action of an overlay")


def target(reference: str, node: Node) -> Node:
    """Return the node that a reference names."""
    if not reference.startswith("#/"):
        raise node.refused(f"refers to {reference!r}, which is outside of this document", "put what it means here")
    found = Node(node.root, (), node.root)
    for part in reference[2:].split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        found = found.child(int(key) if isinstance(found.value, list) else key)
    return found


def find(root: Mapping[str, Any], place: Place) -> Node:
    """Return the node at a place."""
    return Node(root, (), root).child(*place)


def find_or_none(root: Mapping[str, Any], place: Place) -> Node | None:
    """Return the node at a place, None if there is none."""
    try:
        return find(root, place)
    except (LookupError, TypeError):
        return None


def operations(root: Mapping[str, Any]) -> Iterator[tuple[Node, Node]]:
    """Yield each operation with the item of `paths` that it stands in."""
    for path in root["paths"]:
        if path.startswith("/"):
            item = find(root, ("paths", path))
            if "$ref" in item:
                raise item.refused("is a reference", "put the operations themselves here")
            yield from ((item.child(method), item) for method in item.value if method in METHODS)


def schemas(root: Mapping[str, Any]) -> Iterator[Node]:
    """Yield the named schemas."""
    if root.get("components", {}).get("schemas"):
        yield from find(root, ("components",)).children("schemas")
