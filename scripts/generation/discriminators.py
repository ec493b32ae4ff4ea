"""Objects that the value of one property tells apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generation.document import Node, schemas, target
from generation.flatten import CHOICES, descendants, flatten, is_object
from generation.ir import Named, Tagged, Type, Union


def tagged(node: Node, type_of: Callable[[Node], Type]) -> tuple[str, dict[str, Type]]:
    """Return the name of a discriminator's property, and the type that each of its values means.

    The alternatives are those of oneOf and anyOf or, without them, the schemas that have this one in their allOf.
    """
    said = node.child("discriminator")
    name = str(said.get("propertyName"))
    choices = [choice for keyword in CHOICES for choice in node.children(keyword)]
    beside = flatten(node).properties.keys() if choices else set()
    if any(not beside <= flatten(choice).properties.keys() for choice in choices if beside):
        raise said.refused("tells apart what stands beside properties", "put the properties into the alternatives")
    meant = dict(_mapped(said))
    places = {found.place for found in meant.values()}
    for choice in choices or descendants(node, [*schemas(node.root)]):
        if choice.resolve().place not in places:
            for value in _implied(choice, name):
                meant.setdefault(value, choice.resolve())
    return name, {value: _case(found, type_of) for value, found in meant.items() if found.place != node.place}


def _mapped(said: Node) -> Iterator[tuple[str, Node]]:
    for value, reference in (said.get("mapping") or {}).items():
        pointer = reference if "/" in reference or "#" in reference else f"#/components/schemas/{reference}"
        try:
            yield value, target(pointer, said).resolve()
        except (LookupError, TypeError):
            raise said.refused(f"maps {value!r} to {reference!r}, which isn't there", "correct the mapping") from None


def _case(node: Node, type_of: Callable[[Node], Type]) -> Type:
    found = type_of(node)
    if not isinstance(found, Named | Tagged | Union):
        raise node.refused("is told apart by a property, but is no object with properties", "correct the alternative")
    return found


def _implied(choice: Node, name: str) -> list[str]:
    """Return the values of an alternative that no mapping names: the one value it allows, else its schema's name."""
    found = choice.resolve()
    declared = flatten(found).properties.get(name, []) if is_object(found) else []
    values = [value for one in declared[-1:] for value in one.resolve().get("enum", ()) if isinstance(value, str)]
    own = values if len(values) == 1 else []
    named = (
        [str(found.place[-1])] if "$ref" in choice or len(found.place) == len(("components", "schemas", "X")) else []
    )
    if not own and not named:
        raise choice.refused(
            f"is told apart by {name!r}, but has no name of its own", f"give {name!r} an enum of one value in it"
        )
    return own or named
