"""Enumerations: open ones, which a newer service may add to, and closed ones, whose values callers give."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Any, NoReturn, Self

from mantago_runtime.text import characters, one_of


class OpenStrEnum(StrEnum):
    """An enumeration of strings that keeps values which it doesn't list."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, Any]:
        return _core_schema(cls)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, characters(value))
        member._name_ = member._value_ = characters(value)
        return member

    @property
    def is_known(self) -> bool:
        """True if the document that this package was generated from lists the value."""
        return any(self is member for member in type(self))


class OpenIntEnum(IntEnum):
    """An enumeration of integers that keeps values which it doesn't list."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, Any]:
        return _core_schema(cls)

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
        """True if the document that this package was generated from lists the value."""
        return any(self is member for member in type(self))


class ClosedStrEnum(StrEnum):
    """An enumeration of strings that callers give: a value that it doesn't list is a mistake."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        _refuse(cls, value)


class ClosedIntEnum(IntEnum):
    """An enumeration of integers that callers give: a value that it doesn't list is a mistake."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        _refuse(cls, value)


def _refuse(cls: type[StrEnum | IntEnum], value: object) -> NoReturn:
    raise ValueError(f"{value!r:.100} is not a valid {cls.__name__}: {one_of(value, [one.value for one in cls])}")


def _core_schema(cls: type[Enum]) -> dict[str, Any]:
    from mantago_runtime.reading.schemas import schema_of  # noqa: PLC0415 - only pydantic asks for it

    return schema_of(cls)
