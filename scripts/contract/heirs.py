"""Schemas that a discriminator tells apart without a oneOf: those that build on the one that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .documents import Cursor, Document, escape

_COMPONENT = re.compile("/components/schemas/([^/]+)")


def component(place: Cursor) -> str | None:
    """Return the name of the schema that stands at a place, if it is a component."""
    found = _COMPONENT.fullmatch(place.pointer)
    return found[1].replace("~1", "/").replace("~0", "~") if found else None


def heirs_of(places: Iterable[Cursor]) -> dict[str, Cursor]:
    """Return the schemas that discriminators in these schemas tell apart, each by a value of the discriminator."""
    found: dict[str, Cursor] = {}
    tops = {id(top.value): top for place in places for top in _tops(place.resolved(), set())}
    for identity, top in tops.items():
        mapped = {key: target for key, target in mapping(top).items() if id(target.value) != identity}
        below = top.document.heirs.get(identity, ())
        further = _below(top.document, below)
        known = {id(target.value) for target in mapped.values()}
        found |= {key: target for key, target in mapped.items() if id(target.value) not in further}
        found |= {called(heir): heir for heir in below if id(heir.value) not in known}
    return found


def called(place: Cursor) -> str:
    """Return the identity of a schema: its name as a component, else its pointer."""
    return component(place) or place.pointer


def mapping(part: Cursor) -> dict[str, Cursor]:
    """Return the schemas that the mapping of a part's discriminator means, each by name or by reference."""
    found = {}
    for key, place in part.get("discriminator").get("mapping").children():
        said = place.text or ""
        named = place.follow(f"#/components/schemas/{escape(said)}")
        if target := (named or place.follow(said)).resolved() if said else named:
            found[key] = target
    return found


def kin(part: Cursor) -> set[str]:
    """Return the labels of the schemas that the discriminator in a part of a schema tells apart."""
    if "oneOf" in part or "anyOf" in part:
        return set()
    below = part.document.heirs.get(id(part.value), ())
    return {called(target) for target in (*mapping(part).values(), *below)}


def _tops(place: Cursor, seen: set[int]) -> Iterator[Cursor]:
    """Yield the schema at a place, and the parts of its allOf if it isn't a component, which would derive from them."""
    if id(place.value) not in seen:
        seen.add(id(place.value))
        yield place
        for member in place.get("allOf").elements() if component(place) is None else ():
            yield from _tops(member.resolved(), seen)


def _below(document: Document, heirs: Iterable[Cursor]) -> set[int]:
    """Return the identities of the schemas that build on one of these."""
    found: set[int] = set()
    waiting = list(heirs)
    while waiting:
        fresh = [heir for heir in document.heirs.get(id(waiting.pop().value), ()) if id(heir.value) not in found]
        found |= {id(heir.value) for heir in fresh}
        waiting += fresh
    return found
