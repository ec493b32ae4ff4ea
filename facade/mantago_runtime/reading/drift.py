"""Differences between an answer and the spec that could be tolerated."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from attrs import frozen

DriftKind: TypeAlias = Literal["missing", "null", "unknown_value", "unknown_field", "format"]


@frozen
class Drift:
    """One difference between an answer and the spec that could be tolerated.

    `kind` is one of missing, null, unknown_value, unknown_field, format; `path` looks like `tickets[0].createdAt`.
    """

    kind: DriftKind
    path: str
    detail: str

    @property
    def pattern(self) -> str:
        """The path without its indices: the same for each element of a list."""
        return re.sub(r"\[\d+\]", "[]", self.path)

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: {self.detail}"
