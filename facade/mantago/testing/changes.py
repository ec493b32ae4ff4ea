"""Answers that differ from the document in one way, as a newer or sloppier service may send them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from mantago.testing.document import Document, Node
from mantago.testing.samples import flat
from mantago.testing.schemas import schema_faults

__all__ = ["changed_once"]

_ENVELOPE: Final = frozenset({"success", "message"})


def changed_once(document: Document, schema: Node, payload: Any, change: str) -> Any:
    """Return an answer's content with the first member changed that allows it; unchanged if no member does."""
    payload = copy.deepcopy(payload)
    members = [*_members(document, schema, payload, inside=False)]
    if change == "unknown_field":
        inner = (one.holder[one.key] for one in members if isinstance(one.holder[one.key], dict))
        for holder, name, value in ((payload, "loyaltyPoints", 120), (next(inner, None), "rarity", "gold")):
            if isinstance(holder, dict):
                holder[name] = value
        return payload
    for one in members:
        if _APPLIES[change](one):
            _CHANGES[change](one.holder, one.key)
            break
    return payload


@frozen
class _Member:
    """A member of an object or an element of a list, with its holder and its schema."""

    holder: Any
    key: Any
    schema: Node
    required: bool
    inside: bool

    @property
    def is_named(self) -> bool:
        """True for a member of an object that isn't part of the envelope around every answer."""
        return isinstance(self.holder, dict) and (self.inside or self.key not in _ENVELOPE)


def _leave_out(holder: Any, key: Any) -> None:
    del holder[key]


def _put(value: Any) -> Callable[[Any, Any], None]:
    def put(holder: Any, key: Any) -> None:
        holder[key] = value

    return put


def _leave_out_offset(holder: Any, key: Any) -> None:
    holder[key] = holder[key].removesuffix("Z")


_APPLIES: Final[Mapping[str, Callable[[_Member], bool]]] = {
    "missing": lambda one: one.is_named and one.required,
    "no_name": lambda one: one.is_named and one.required,
    "null": lambda one: one.is_named and not one.required and not one.schema.get("nullable"),
    "unknown_value": lambda one: isinstance(one.holder[one.key], str) and "enum" in one.schema,
    "format": lambda one: isinstance(one.holder[one.key], str) and one.schema.get("format") == "date-time",
}
_CHANGES: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "missing": _leave_out,
    "no_name": _leave_out,
    "null": _put(None),
    "unknown_value": _put("birthdayCampaign"),
    "format": _leave_out_offset,
}


def _members(document: Document, schema: Node, value: Any, *, inside: bool = True) -> Iterator[_Member]:
    """Yield the members of a value in the document's order, and the first element of a list."""
    merged = flat(document, schema)
    for keyword in ("oneOf", "anyOf"):
        options = merged.pop(keyword, ())
        fitting = (option for option in options if not [*schema_faults(document, option, value)])
        merged = flat(document, {"allOf": [merged, next(fitting, {})]})
    if isinstance(value, dict):
        for name, node in merged.get("properties", {}).items():
            if name in value:
                required = name in merged.get("required", ())
                yield _Member(value, name, flat(document, node), required, inside)
                yield from _members(document, node, value[name])
    elif isinstance(value, list) and value:
        items: Node = merged.get("items", {})
        yield _Member(value, 0, flat(document, items), required=True, inside=True)
        yield from _members(document, items, value[0])
