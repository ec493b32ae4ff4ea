"""Schemas of OpenAPI as JSON Schemas that hold all they need: for generating values and for checking them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .documents import Cursor
from .rules import REQUEST, Direction
from .views import NOTHING, View

# Below, an optional part of a schema that holds itself is left out.
DEEPEST = 8
_COPIED = (
    *("format", "pattern", "minLength", "maxLength", "minItems", "maxItems"),
    *("multipleOf", "minProperties", "maxProperties"),
)


def plain_schema(
    places: Iterable[Cursor], direction: Direction, dropped: frozenset[int] = frozenset(), depth: int = 0
) -> dict[str, Any]:
    """Return the JSON Schema of what is sent one way; what an answer doesn't list doesn't come in it."""
    view = View(places, dropped)
    if view.unions:
        union = view.unions[0]
        rest = dropped | {id(union.part.get(union.kind).value)}
        alternatives = ((*view.places, member) for member in union.members)
        return {"anyOf": [plain_schema(places, direction, rest, depth) for places in alternatives]}
    schema: dict[str, Any] = {key: view.value(key) for key in _COPIED if view.value(key) is not None}
    if view.unique:
        schema["uniqueItems"] = True
    for bound, word in ((view.lower, "inimum"), (view.upper, "aximum")):
        if bound is not None:
            schema[f"exclusiveM{word}" if bound[1] else f"m{word}"] = bound[0]
    null = ["null"] if view.nullable else []
    if view.types is not None and view.types != NOTHING:
        schema["type"] = [*sorted(view.types), *null]
    if view.enum is not None:
        schema["enum"] = [*view.enum.values(), *([None] if null else [])]
    if view.types is None or "object" in view.types:
        schema |= _members(view, direction, depth)
    if items := view.first("items"):
        schema["items"] = plain_schema([items], direction, depth=depth + 1)
        if depth >= DEEPEST:
            schema = {key: value for key, value in schema.items() if key != "items"} | {"maxItems": 0}
    return schema


def _members(view: View, direction: Direction, depth: int) -> dict[str, Any]:
    hidden = "readOnly" if direction is REQUEST else "writeOnly"
    shown = {
        name: parts
        for name, parts in view.properties.items()
        if not any(part.resolved().says(hidden) is True for part in parts)
        and (depth < DEEPEST or name in view.required)
    }
    members: dict[str, Any] = {
        # What is required without end can't be sent at all.
        name: plain_schema(parts, direction, depth=depth + 1) if depth < 2 * DEEPEST else {}
        for name, parts in shown.items()
    }
    # A property that is required but isn't described may be anything.
    found: dict[str, Any] = {
        "required": sorted(name for name in view.required if name in shown or name not in view.properties)
    }
    if members:
        found["properties"] = members
    if view.closed or (direction is not REQUEST and members and not view.additional):
        found["additionalProperties"] = False
        found["properties"] = members | {name: {} for name in found["required"] if name not in members}
    elif view.additional and depth < DEEPEST:
        found["additionalProperties"] = plain_schema(view.additional, direction, depth=depth + 1)
    return found
