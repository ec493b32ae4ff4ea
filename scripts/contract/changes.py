"""What a comparison yields: changes, in one order, and their summary."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attrs import asdict, evolve, frozen

from .rules import RULES, Level


@frozen
class Change:
    """One change at one place where a consumer of the contract meets it.

    `operation` is "POST /gift", or empty for what concerns the whole contract. The pointers are JSON pointers, after
    the name of a file and # if it isn't the document itself; None where the place doesn't exist on that side.
    """

    id: str
    level: Level
    operation: str
    path: str
    text: str
    pointer_old: str | None = None
    pointer_new: str | None = None

    @property
    def order(self) -> tuple[int, str, str, str, str, str, str]:
        """The key that changes are sorted by: what breaks first, then by place."""
        pointers = (self.pointer_old or "", self.pointer_new or "")
        return (self.level.rank, self.operation, self.path, self.id, self.text, *pointers)


def change(
    rule_id: str,
    operation: str = "",
    path: str = "",
    pointer_old: str | None = None,
    pointer_new: str | None = None,
    /,
    **values: object,
) -> Change:
    """Return the change that a rule of the catalogue finds; the values fill its sentence."""
    rule = RULES[rule_id]
    text = rule.text.format(**values)
    return Change(rule.id, rule.level, operation, path, text, pointer_old, pointer_new)


@frozen
class Acceptance:
    """A finding that was looked at and is allowed to happen, up to a version."""

    id: str
    path: str
    reason: str
    until: str


@frozen
class Report:
    """A comparison's result: the names of both sides, the changes, and the ones that were accepted beforehand."""

    old: str
    new: str
    changes: tuple[Change, ...]
    accepted: tuple[tuple[Change, Acceptance], ...] = ()

    @property
    def breaks(self) -> bool:
        """Whether anything breaking is left that nobody accepted."""
        return any(found.level is Level.BREAKING for found in self.changes)

    def count(self, level: Level) -> int:
        """Return the number of changes of a level."""
        return sum(found.level is level for found in self.changes)

    def summary(self) -> dict[str, Any]:
        """Return the counts by level, the operations concerned, and what was accepted and why."""
        accepted = [asdict(entry) for _, entry in self.accepted]
        operations = sorted({found.operation for found in self.changes if found.operation})
        return {level.value: self.count(level) for level in Level} | {"operations": operations, "accepted": accepted}


def settle(changes: Iterable[Change], lenient: Iterable[str] = ()) -> tuple[Change, ...]:
    """Return the changes sorted and without doubles; in the lenient operations all are `info`."""
    gentle = set(lenient)
    done = {evolve(found, level=Level.INFO) if found.operation in gentle else found for found in changes}
    return tuple(sorted(done, key=lambda found: found.order))


def show(value: object, limit: int = 120) -> str:
    """Return a value as JSON for a sentence, shortened if it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 4 :]}"
