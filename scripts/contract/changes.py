"""The result of a comparison: changes in a fixed order, and their summary."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from attrs import Factory, asdict, field, frozen

from .rules import RULES, Level


@frozen
class Kind:
    """The rule, level and text of a change at places of one kind, such as requests or answers."""

    id: str
    level: Level
    text: str


# The operation, "POST /gift", and the path: the operation again, followed by the words that lead to the place.
Spot = tuple[str, str]


class Occurrence(NamedTuple):
    """The place where a change is met, and the kind of change that it is there."""

    operation: str
    path: str
    kind: Kind


@frozen
class Change:
    """One change, and the places where a consumer of the contract meets it.

    `operation` is "POST /gift", or empty for a change of the whole contract. The pointers are JSON pointers, after the
    name of a file and # if it isn't the document itself; None where the place doesn't exist on that side. Its id, level
    and text are those of the first place, where it is worst.
    """

    id: str
    level: Level
    operation: str
    path: str
    text: str
    pointer_old: str | None = None
    pointer_new: str | None = None
    # Each parameter, body, answer or header once, by a shortest way into it, or without it where there are very many.
    spots: tuple[tuple[Kind, tuple[Spot, ...]], ...] = field(
        default=Factory(
            lambda self: ((Kind(self.id, self.level, self.text), ((self.operation, self.path),)),), takes_self=True
        ),
        repr=False,
    )

    @classmethod
    def met_at(
        cls,
        spots: Mapping[Kind, Collection[Spot]],
        pointer_old: str | None,
        pointer_new: str | None,
        first: str | None = None,
    ) -> Change:
        """Return the change that is met at these places; `first` is the path to the one to show, if that says more."""
        # A tuple, which many changes may share, is sorted already.
        groups = [(kind, found if isinstance(found, tuple) else tuple(sorted(found))) for kind, found in spots.items()]
        groups.sort(key=lambda group: (group[0].level.rank, group[1][0], group[0].id))
        kind, found = groups[0]
        operation, path = next((spot for spot in found if spot[1] == first), (found[0][0], first or found[0][1]))
        return cls(kind.id, kind.level, operation, path, kind.text, pointer_old, pointer_new, tuple(groups))

    @property
    def occurrences(self) -> Iterator[Occurrence]:
        """The occurrences of the change, the worst first."""
        return (Occurrence(*spot, kind) for kind, spots in self.spots for spot in spots)

    @property
    def met(self) -> list[str]:
        """The paths of its places."""
        return [path for _, spots in self.spots for _, path in spots]

    @property
    def count(self) -> int:
        """The number of its places."""
        return sum(len(spots) for _, spots in self.spots)

    @property
    def order(self) -> tuple[int, str, str, str, str, str, str]:
        """The key that changes are sorted by: breaking ones first, then by place."""
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
        """True if there is a breaking change that nobody accepted."""
        return any(found.level is Level.BREAKING for found in self.changes)

    def of(self, level: Level) -> list[Change]:
        """Return the changes of a level."""
        return [found for found in self.changes if found.level is level]

    def count(self, level: Level) -> int:
        """Return the number of changes of a level."""
        return len(self.of(level))

    def summary(self) -> dict[str, Any]:
        """Return the counts by level, the operations concerned, and the accepted findings with their reasons."""
        accepted = [asdict(entry) for _, entry in self.accepted]
        # Many changes share the places where they are met.
        met = {id(spots): spots for found in self.changes for _, spots in found.spots}
        operations = sorted({operation for spots in met.values() for operation, _ in spots} - {""})
        return {level.value: self.count(level) for level in Level} | {"operations": operations, "accepted": accepted}


def sorted_unique(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes sorted and without duplicates."""
    unique = {(found.order, found.count): found for found in changes}
    return tuple(unique[key] for key in sorted(unique))


def show(value: object, limit: int = 120) -> str:
    """Return a value as JSON for a sentence, shortened if it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 4 :]}"
