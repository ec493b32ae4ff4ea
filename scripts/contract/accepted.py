"""Findings that were looked at and may happen: openapi/accepted.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from attrs import fields

from _vendored import ScriptError

from .changes import Acceptance, Change
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
    """Return the changes that nobody accepted, and those that somebody did.

    Raises ScriptError for an entry that matches nothing, or whose last version is older than the new document's.
    """
    left = tuple(changes)
    accepted: list[tuple[Change, Acceptance]] = []
    for entry in entries:
        where = f"accepted.toml: {entry.id} at {entry.path}"
        if _order(version) > _order(entry.until):
            raise ScriptError(f"{where}: was accepted until {entry.until}, and this is {version}: decide anew")
        pattern = re.compile(".*".join(map(re.escape, entry.path.split("*"))), re.DOTALL)
        matching = {found for found in left if found.id == entry.id and pattern.fullmatch(found.path)}
        if not matching:
            raise ScriptError(f"{where}: matches no finding any more: remove the entry, or correct it")
        accepted += [(found, entry) for found in left if found in matching]
        left = tuple(found for found in left if found not in matching)
    return left, tuple(accepted)


def _order(version: str) -> tuple[int, ...]:
    # Any text can be a version; what isn't a number in it doesn't count.
    numbers = [int(digits) for digits in re.findall("[0-9]{1,18}", version.partition("-")[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
