"""openapi/accepted.toml, the findings that somebody looked at and accepted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from attrs import fields

from vendoring.vendored import ScriptError

from .changes import Acceptance, Change, Kind, Spot
from .rules import RULES

_KEYS = tuple(attribute.name for attribute in fields(Acceptance))


def read(path: Path) -> list[Acceptance]:
    """Return the entries of an accepted.toml, none if there is no such file; ScriptError says which one is wrong.

    [[accepted]]
    id = "response-property-enum-value-added"
    path = "POST /openapi/client/gift response 200 application/json *.resource"    # * stands for anything
    reason = "our enum is open"
    until = "0.330.0"
    """
    if not path.exists():
        return []
    try:
        listed = tomllib.loads(path.read_text("utf-8")).get("accepted", [])
    except (OSError, ValueError) as error:
        raise ScriptError(f"{path}: can't be read: {error}") from None
    entries = []
    for number, entry in enumerate(listed if isinstance(listed, list) else [listed], 1):
        where = f"{path}: entry {number}"
        given = entry.items() if isinstance(entry, dict) else ()
        texts = {key: value for key, value in given if key in _KEYS and isinstance(value, str) and value.strip()}
        if texts.keys() != set(_KEYS):
            raise ScriptError(f"{where}: {', '.join(_KEYS)} must all be given, each as a text that isn't blank")
        if texts["id"] not in RULES:
            raise ScriptError(f"{where}: no rule is named {texts['id']}; see python scripts/contract_diff.py --rules")
        entries.append(Acceptance(**texts))
    return entries


def apply(
    entries: Iterable[Acceptance], changes: Iterable[Change], version: str
) -> tuple[tuple[Change, ...], tuple[tuple[Change, Acceptance], ...]]:
    """Return the changes that nobody accepted, and those that somebody did, each at the places concerned.

    Raises ScriptError for an entry that matches nothing, or whose last version is older than the new document's.
    """
    left = tuple(changes)
    accepted: list[tuple[Change, Acceptance]] = []
    for entry in entries:
        where = f"accepted.toml: {entry.id} at {entry.path}"
        if _order(version) > _order(entry.until):
            raise ScriptError(f"{where}: was accepted until {entry.until}, and this is {version}: decide anew")
        pattern = re.compile(".*".join(map(re.escape, entry.path.split("*"))), re.DOTALL)
        kept: list[Change] = []
        before = len(accepted)
        for found in left:
            taken: dict[Kind, set[Spot]] = {}
            rest: dict[Kind, set[Spot]] = {}
            for operation, path, kind in found.occurrences:
                side = taken if kind.id == entry.id and pattern.fullmatch(path) else rest
                side.setdefault(kind, set()).add((operation, path))
            pointers = found.pointer_old, found.pointer_new
            accepted += [(Change.met_at(taken, *pointers), entry)] if taken else []
            # A change that is accepted at one place may be met at others, too.
            kept += [found] if not taken else [Change.met_at(rest, *pointers)] if rest else []
        if len(accepted) == before:
            raise ScriptError(f"{where}: matches no finding any more: remove the entry, or correct it")
        left = tuple(kept)
    return left, tuple(accepted)


def _order(version: str) -> tuple[int, ...]:
    # Any text can be a version; only the numbers in it count.
    numbers = [int(digits) for digits in re.findall("[0-9]{1,18}", version.partition("-")[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
