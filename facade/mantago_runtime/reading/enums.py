"""Enumerations that a newer service may add to."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self

from mantago_runtime.text import characters


class OpenStrEnum(StrEnum):
    """An enumeration of strings that keeps a value which it doesn't list."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, characters(value))
        member._name_ = member._value_ = characters(value)
        return member

    @property
    def is_known(self) -> bool:
        """Whether the document that this package was generated from lists the value."""
        return any(self is member for member in type(self))


class OpenIntEnum(IntEnum):
    """An enumeration of integers that keeps a value which it doesn't list."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._value_ = int.__index__(value)
        member._name_ = str(member._value_)
        return member

    @property
    def is_known(self) -> bool:
        """Whether the document that this package was generated from lists the value."""
        return any(self is member for member in type(self))
