"""Schemas of OpenAPI as self-contained JSON Schemas, for generating values and checking them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .documents import Cursor
from .rules import REQUEST, Direction
from .views import NOTHING, View, Views

# Deeper in a schema that holds itself, optional parts are left out, and required ones may be anything.
DEEPEST = 8
# The most schemas in one, where they refer to each other in circles: nobody draws or reads larger ones.
MOST_SCHEMAS = 300
_COPIED = (
    *("format", "pattern", "minLength", "maxLength", "minItems", "maxItems"),
    *("multipleOf", "minProperties", "maxProperties"),
)
Schema = dict[str, Any]
# A JSON Schema, and how many schemas it consists of.
Sized = tuple[Schema, int]


class PlainSchemas:
    """The JSON Schemas of one direction; answers have no properties that their schema doesn't list."""

    def __init__(self, direction: Direction, most: int = MOST_SCHEMAS) -> None:
        """Begin with no schema made: each is made once for each depth."""
        self._direction, self._most = direction, most
        self._views = Views()
        self._made: dict[tuple[View, int], Sized] = {}

    def of(self, places: Iterable[Cursor]) -> Schema:
        """Return the JSON Schema of several schemas together, as deep as its size allows."""
        view = self._views.of(tuple(places))
        schema, _ = self._sized(view, 0)
        for levels in range(1, DEEPEST + 1):
            deeper, size = self._sized(view, levels)
            if size > self._most:
                break
            schema = deeper
        return schema

    def _sized(self, view: View, levels: int) -> Sized:
        key = view, levels
        if key not in self._made:
            self._made[key] = self._make(view, levels)
        return self._made[key]

    def _below(self, places: Iterable[Cursor], levels: int) -> Sized:
        return self._sized(self._views.of(tuple(places)), levels - 1)

    def _make(self, view: View, levels: int) -> Sized:
        if view.unions:
            union = view.unions[0]
            rest = view.dropped | {id(union.part.get(union.kind).value)}
            views = [self._views.of((*view.places, member), rest) for member in union.members]
            alternatives = [self._sized(one, levels) for one in views]
            return {"anyOf": [schema for schema, _ in alternatives]}, 1 + sum(size for _, size in alternatives)
        schema = _copied(view)
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
        size = 1
        if view.types is None or "object" in view.types:
            members, more = self._members(view, levels)
            schema |= members
            size += more
        if items := view.first("items"):
            if levels > 0:
                schema["items"], more = self._below([items], levels)
                size += more
            else:
                schema["maxItems"] = 0
        return schema, size

    def _members(self, view: View, levels: int) -> Sized:
        hidden = "readOnly" if self._direction is REQUEST else "writeOnly"
        shown = {
            name: parts
            for name, parts in view.properties.items()
            if not any(part.resolved().says(hidden) is True for part in parts) and (levels > 0 or name in view.required)
        }
        sized: dict[str, Sized] = {
            # A value that must hold itself can't be sent at all.
            name: self._below(parts, levels) if levels > -DEEPEST else ({}, 1)
            for name, parts in shown.items()
        }
        members = {name: schema for name, (schema, _) in sized.items()}
        size = sum(more for _, more in sized.values())
        # A property that is required but isn't described may be anything.
        found: Schema = {
            "required": sorted(name for name in view.required if name in shown or name not in view.properties)
        }
        if members:
            found["properties"] = members
        if view.closed or (self._direction is not REQUEST and members and not view.additional):
            found["additionalProperties"] = False
            found["properties"] = members | {name: {} for name in found["required"] if name not in members}
        elif view.additional and levels > 0:
            found["additionalProperties"], more = self._below(view.additional, levels)
            size += more
        return found, size


def _copied(view: View) -> Schema:
    """Return the keywords that a JSON Schema has as well, without a pattern that only other languages can read."""
    found: Schema = {key: view.value(key) for key in _COPIED if view.value(key) is not None}
    try:
        re.compile(str(found.get("pattern", "")))
    except re.error:
        # Comparing the documents tells its changes.
        del found["pattern"]
    return found
