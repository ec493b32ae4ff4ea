"""Merging fragments into one spec. The result is the same in whatever order the fragments come.

A fragment consists of units, each with a name: an operation, a schema, a response, a tag. The spec has the units of all
fragments. Of two units with one name that differ in more than text, the one of the newer version holds; at the same
version they are a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from .fragments import ABSENT, Fragment, Unit, anonymous, bare, differences, is_operation, label, pointer, version_key
from .validation import METHODS
from .vendored import ScriptError

ROOT_FIELDS = ("openapi", "info", "externalDocs", "tags", "servers", "security", "components", "paths")
ITEM_FIELDS = ("$ref", "summary", "description", "servers", "parameters", *METHODS)
# The document says these once for all operations that don't say them themselves.
OF_ALL = ("servers", "security")
CONFLICTS_SHOWN = 20


@frozen
class Merged:
    """One spec, the operations in it that only an older version describes, and the sources that it needs."""

    spec: dict[str, Any]
    last_seen: dict[str, str]
    sources: frozenset[str]


def merge(fragments: Sequence[Fragment]) -> Merged:
    """Return the spec of the newest version among the fragments, with operations that only older ones describe.

    Raises ScriptError, listing the sources and the places, if fragments of one version disagree.
    """
    needed = _needed(fragments)
    editions = sorted({fragment.edition for fragment in needed}, reverse=True)
    taken: dict[Unit, Fragment] = {}
    pinned: dict[Unit, dict[str, Any]] = {}
    for edition in editions:
        agreed = _agree([fragment for fragment in needed if fragment.edition == edition])
        if edition == editions[0]:
            taken.update(agreed)
        else:
            _take(taken, pinned, agreed)
    _refuse_ambiguous(taken)
    spec = _build(taken, pinned, [fragment for fragment in needed if fragment.edition == editions[0]])
    last_seen = {
        label(unit): origin.version
        for unit, origin in sorted(taken.items())
        if is_operation(unit) and origin.edition != editions[0]
    }
    return Merged(spec, last_seen, frozenset(fragment.source for fragment in needed))


# --- fragments of one version ---------------------------------------------------------------------------------------


def _agree(fragments: Sequence[Fragment]) -> dict[Unit, Fragment]:
    """Return, for each unit, the first fragment that has it; ScriptError if another says something else."""
    agreed: dict[Unit, Fragment] = {}
    conflicts: dict[tuple[Fragment, Fragment], list[str]] = {}
    for fragment in fragments:
        for unit, value in fragment.units.items():
            first = agreed.setdefault(unit, fragment)
            if lines := differences(bare(unit, first.units[unit]), bare(unit, value), unit):
                conflicts.setdefault((first, fragment), []).extend(lines)
    if conflicts:
        raise ScriptError("\n".join(_conflict(*pair, lines) for pair, lines in conflicts.items()))
    return agreed


def _conflict(first: Fragment, second: Fragment, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - CONFLICTS_SHOWN} more"] if len(lines) > CONFLICTS_SHOWN else []
    return (
        f"{first.shown} and {second.shown}: both are of version {first.version}, and they disagree; "
        "in each line, the first one's value stands first:"
        + "".join(f"\n  {line}" for line in [*lines[:CONFLICTS_SHOWN], *more])
    )


# --- fragments of several versions ----------------------------------------------------------------------------------


def _needed(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Return the fragments of the newest version, and older ones with an operation that no newer one describes."""
    order = sorted(fragments, key=lambda fragment: fragment.source)
    editions = sorted({fragment.edition for fragment in order}, reverse=True)
    needed: list[Fragment] = []
    for edition in editions:
        known = frozenset().union(*(fragment.operations for fragment in needed))
        group = [fragment for fragment in order if fragment.edition == edition]
        needed += [fragment for fragment in group if edition == editions[0] or fragment.operations - known]
    return needed


def _take(taken: dict[Unit, Fragment], pinned: dict[Unit, dict[str, Any]], agreed: Mapping[Unit, Fragment]) -> None:
    """Add the operations of an older version that newer ones lack, with all that they refer to."""
    known = {anonymous(unit) for unit in taken if is_operation(unit)}
    wanted = [unit for unit in agreed if is_operation(unit) and anonymous(unit) not in known]
    for name in OF_ALL:
        if (name,) in agreed:
            wanted += _keep_root(name, [*filter(is_operation, wanted)], taken, pinned, agreed)
    heirs = _heirs(agreed)
    while wanted:
        unit = wanted.pop()
        if is_operation(unit):
            fields = [other for other in agreed if other[:2] == unit[:2] and not is_operation(other)]
            for other in fields:
                _keep_meaning(other, taken, agreed)
            wanted += [other for other in fields if other not in taken]
        if unit not in taken:
            taken[unit] = agreed[unit]
            found = set(_references(agreed[unit].units[unit], unit[-1]))
            wanted += [other for other in agreed if other in found and other not in taken]
            if _tells_apart(agreed[unit].units[unit]):
                wanted += _below(unit, heirs)


def _keep_root(
    name: str,
    kept: Sequence[Unit],
    taken: dict[Unit, Fragment],
    pinned: dict[Unit, dict[str, Any]],
    agreed: Mapping[Unit, Fragment],
) -> Iterable[Unit]:
    """Keep a rule of an older version for all its operations; return the units to be taken for it.

    Where a newer version has another rule, each operation that is kept gets the older one.
    """
    root = (name,)
    before = agreed[root].units[root]
    if root not in taken:
        return [root]
    if not differences(bare(root, taken[root].units[root]), bare(root, before), root):
        return []
    unsaid = [
        unit
        for unit in kept
        if name not in agreed[unit].units[unit] and agreed[unit].units.get((*unit[:2], name), ABSENT) is ABSENT
    ]
    for unit in unsaid:
        pinned.setdefault(unit, {})[name] = before
    return {found for found in _references(before, name) if found in agreed} if unsaid else ()


def _heirs(agreed: Mapping[Unit, Fragment]) -> dict[Unit, list[Unit]]:
    """Return the schemas that take in another one with allOf, by that one."""
    heirs: dict[Unit, list[Unit]] = {}
    for unit, fragment in agreed.items():
        value = fragment.units[unit]
        if unit[:2] == ("components", "schemas") and isinstance(value, dict):
            for base in set(_references(value.get("allOf", []), "allOf")):
                heirs.setdefault(base, []).append(unit)
    return heirs


def _below(unit: Unit, heirs: Mapping[Unit, Sequence[Unit]]) -> list[Unit]:
    """Return the schemas that take in one, or one that does so."""
    found = [unit]
    for base in found:
        found += [heir for heir in heirs.get(base, ()) if heir not in found]
    return found[1:]


def _tells_apart(value: Any) -> bool:
    """Return whether a schema is the base of those that name it in their allOf, which only its discriminator says."""
    parts = [value, *value.get("allOf", [])] if isinstance(value, dict) else []
    return any("discriminator" in part for part in parts)


def _keep_meaning(unit: Unit, taken: Mapping[Unit, Fragment], agreed: Mapping[Unit, Fragment]) -> None:
    # A path says such a thing once for all its operations, so two versions can't both have their own.
    newer, older = taken.get(unit), agreed[unit]
    if newer and (lines := differences(bare(unit, newer.units[unit]), bare(unit, older.units[unit]), unit)):
        raise ScriptError(
            f"{newer.shown} and {older.shown}: versions {newer.version} and {older.version} "
            "describe different operations of one path, and disagree on what holds for all of them:"
            + "".join(f"\n  {line}" for line in lines)
        )


def _references(value: Any, key: str) -> Iterator[Unit]:
    """Yield the components and tags that the value of a key refers to, in whichever way OpenAPI has for it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if key == "security":
                yield "components", "securitySchemes", name
            elif key == "mapping":
                yield "components", "schemas", str(inner)
            yield from _references(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, key)
    elif isinstance(value, str) and value.startswith("#/components/"):
        yield tuple(part.replace("~1", "/").replace("~0", "~") for part in value.split("/")[1:4])
    elif isinstance(value, str) and key == "tags":
        yield "tags", value


# --- the spec -------------------------------------------------------------------------------------------------------


def _refuse_ambiguous(taken: Mapping[Unit, Fragment]) -> None:
    """Raise ScriptError if two operations have one id, or two paths differ in the names of their parameters only."""
    by_id: dict[str, Unit] = {}
    by_path: dict[str, Unit] = {}
    for unit in sorted(filter(is_operation, taken)):
        same_path = by_path.setdefault(anonymous(unit)[1], unit)
        if same_path[1] != unit[1]:
            raise ScriptError(
                f"{taken[same_path].shown} and {taken[unit].shown}: one path under two names, "
                f"{pointer(same_path[:2])} and {pointer(unit[:2])}"
            )
        operation_id = taken[unit].units[unit].get("operationId")
        same_id = by_id.setdefault(operation_id, unit) if operation_id else unit
        # If one source has both, its errata tell them apart.
        if same_id != unit and taken[same_id] is not taken[unit]:
            raise ScriptError(
                f"{taken[same_id].shown} and {taken[unit].shown}: two operations have the operationId "
                f"{operation_id!r}: {pointer(same_id)} and {pointer(unit)}"
            )


def _build(
    taken: Mapping[Unit, Fragment], pinned: Mapping[Unit, Mapping[str, Any]], newest: Sequence[Fragment]
) -> dict[str, Any]:
    """Return the spec made of the units: as it was published if one fragment is the whole of it, else sorted."""
    for fragment in newest:
        if taken.keys() == fragment.units.keys() and all(
            origin.units[unit] == fragment.units[unit] for unit, origin in taken.items()
        ):
            return dict(fragment.spec)
    spec: dict[str, Any] = {}
    for unit in sorted(taken, key=_place):
        value = taken[unit].units[unit]
        if unit[0] == "tags":
            spec.setdefault("tags", []).append(value)
        elif value is not ABSENT:
            parent = spec
            for part in unit[:-1]:
                parent = parent.setdefault(part, {})
            parent[unit[-1]] = {**value, **pinned[unit]} if unit in pinned else value
    spec.setdefault("paths", {})
    spec["openapi"] = max((fragment.spec["openapi"] for fragment in newest), key=version_key)
    return spec


def _place(unit: Unit) -> tuple[Any, ...]:
    root = (ROOT_FIELDS.index(unit[0]), "") if unit[0] in ROOT_FIELDS else (len(ROOT_FIELDS), unit[0])
    if unit[0] == "paths" and len(unit) == 3:
        return *root, unit[1], ITEM_FIELDS.index(unit[2]) if unit[2] in ITEM_FIELDS else len(ITEM_FIELDS), unit[2]
    return *root, *unit[1:]
