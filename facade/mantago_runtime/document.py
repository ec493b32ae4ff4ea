"""The operations of the document, as far as a client knows them before it calls one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Media: TypeAlias = Literal["json", "text", "bytes", "none"]
"""The kinds of content that a whole answer may be."""


class OperationInfo(NamedTuple):
    """All that is known of an operation without calling it: its friendly name, its place, whether it only reads."""

    name: str
    method: str
    path: str
    reads: bool


def for_status(answers: Mapping[int | str, T], status: int) -> T | None:
    """Return what the document has for a good answer of this status, None if it has nothing."""
    return answers.get(status) or answers.get(f"{status // 100}XX")


def find_operation(operations: Sequence[OperationInfo], method: str, path: str) -> OperationInfo | None:
    """Return the operation that a request's path is an instance of; a path without parameters comes first."""
    literal, templates = _table(tuple(operations))
    if (found := literal.get((method, path))) is not None:
        return found
    return next((info for form, info in templates if info.method == method and form.fullmatch(path)), None)


@lru_cache(maxsize=16)
def _table(
    operations: tuple[OperationInfo, ...],
) -> tuple[dict[tuple[str, str], OperationInfo], list[tuple[re.Pattern[str], OperationInfo]]]:
    literal = {(info.method, info.path): info for info in operations if "{" not in info.path}
    others = sorted((info for info in operations if "{" in info.path), key=_generality)
    return literal, [(instances(info.path), info) for info in others]


def _generality(info: OperationInfo) -> list[bool]:
    return ["{" in segment for segment in info.path.split("/")]


@lru_cache(maxsize=1024)
def instances(path: str) -> re.Pattern[str]:
    """Return what matches the instances of a path of the document; each group is the value of a parameter."""
    return re.compile(re.sub(r"\\\{.*?\\\}", "([^/]+)", re.escape(path)))
