"""The differences between an answer and the document that could be understood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

from attrs import frozen

DriftKind: TypeAlias = Literal["missing", "null", "unknown_value", "unknown_field", "format"]


@frozen
class Drift:
    """One difference between an answer and the spec that the client tolerated.

    `kind` is one of missing, null, unknown_value, unknown_field, format; `path` looks like `tickets[0].createdAt`.
    """

    __module__ = "mantago"

    kind: DriftKind
    path: str
    detail: str

    @property
    def pattern(self) -> str:
        """The path without its indices: the same for each element of a list."""
        return re.sub(r"\[\d+\]", "[]", self.path)

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: {self.detail}"


def below(place: str, drift: Iterable[Drift]) -> list[Drift]:
    """Return drift as seen from one level further out: paths grow from the inside, and only where there is drift."""
    return [Drift(line.kind, place + line.path, line.detail) for line in drift]
