"""The rules as data: id, level, direction, reason, and the sentence that a finding says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import frozen


class Level(StrEnum):
    """The weight of a change for a program that was written for the old contract."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """The place in a report, in which breaking changes come first."""
        return list(Level).index(self)


class Direction(StrEnum):
    """The direction of the data that a rule is about."""

    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


BREAKING, WARNING, INFO = Level
REQUEST, RESPONSE, BOTH = Direction


@frozen
class Rule:
    """One kind of change; `text` is a format string for the finding's values."""

    id: str
    level: Level
    direction: Direction
    text: str
    reason: str


RULES: dict[str, Rule] = {}


def register(rules: Iterable[Rule]) -> None:
    """Add rules to the catalogue; each part of the diff does so for its own."""
    for rule in rules:
        if rule.id in RULES:
            raise ValueError(f"two rules are named {rule.id}")
        RULES[rule.id] = rule
