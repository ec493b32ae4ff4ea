# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
"""Contains some shared types for properties"""

import datetime
from collections.abc import Mapping, MutableMapping
from enum import IntEnum, StrEnum
from http import HTTPStatus
from typing import IO, BinaryIO, Generic, Literal, Self, TypeVar
from urllib.parse import quote

from attrs import define


class Unset:
    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()

# The types that `httpx.Client(files=)` can accept, copied from that library.
FileContent = IO[bytes] | bytes | str
FileTypes = (
    # (filename, file (or bytes), content_type)
    tuple[str | None, FileContent, str | None]
    # (filename, file (or bytes), content_type, headers)
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
RequestFiles = list[tuple[str, FileTypes]]


@define
class File:
    """Contains information for file uploads"""

    payload: BinaryIO
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return a tuple representation that httpx will accept for multipart/form-data"""
        return self.file_name, self.payload, self.mime_type


class OpenStrEnum(StrEnum):
    """An enumeration of strings that keeps a value which it doesn't list."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
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
        member._name_, member._value_ = str(value), value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the document that this package was generated from lists the value."""
        return any(self is member for member in type(self))


T = TypeVar("T")


def segment(value: object) -> str:
    """Return a path parameter as the one segment of a path that it is; ValueError if it can't be one."""
    if isinstance(value, list) and value:
        return ",".join(map(segment, value))
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, datetime.date):
        value = value.isoformat()
    text = "" if value is None or value == [] or isinstance(value, Unset) else str(value)
    if not text.strip(".") or "/" in text:
        raise ValueError(f"a path parameter can't be {text!r}: it must not be empty, dots only, or hold a slash")
    return quote(text, safe="")


@define
class Response(Generic[T]):
    """A response from an endpoint"""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "FileTypes", "OpenIntEnum", "OpenStrEnum", "RequestFiles", "Response", "Unset"]
