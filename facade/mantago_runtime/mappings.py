"""Mappings that can be compared and pickled, but not changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

T_co = TypeVar("T_co", covariant=True)
REQUEST_ID_FIELDS = ("X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Amzn-RequestId", "CF-Ray")
"""The header fields that services, and what stands before them, name a request in."""


class ReadOnlyMapping(Mapping[str, T_co]):
    """A mapping that can be compared and pickled, but not changed."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, T_co] | Iterable[tuple[str, T_co]] = ()) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> T_co:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)


class Headers(ReadOnlyMapping[str]):
    """The header fields of an answer, whatever the case of the name; repeated fields are joined by commas."""

    __slots__ = ()

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        items: dict[str, str] = {}
        for name, value in fields:
            key = name.lower()
            items[key] = f"{items[key]}, {value}" if key in items else value
        super().__init__(items)

    def __getitem__(self, key: str) -> str:
        return self._items[key.lower()]


def request_id_in(headers: Mapping[str, str]) -> str | None:
    """Return the name that was given to the request; None if the header fields of its answer hold none."""
    return next((headers[name] for name in REQUEST_ID_FIELDS if name in headers), None)
