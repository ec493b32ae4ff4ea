"""The readers of what may have one of several types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading.compiler import json_type
from mantago_runtime.reading.containers import copied, model_of
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.fields import NO_ITEMS, NOT_USUAL, CoreSchema, Reader, Refer
from mantago_runtime.reading.values import TEXT, quoted


class _UnionReader(Reader[Any]):
    """Reads what fits one of several types: the first that it fits exactly, else the one with the least drift."""

    def __init__(self, *readers: Reader[Any]) -> None:
        self._readers = readers

    def inner(self) -> Iterable[Reader[Any]]:
        return self._readers

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "union", "choices": [reader.core_schema(refer) for reader in self._readers]}

    def is_nothing(self, value: object) -> bool:
        return all(reader.is_nothing(value) for reader in self._readers)

    def read(self, value: object, drift: list[Drift], place: str) -> Any:
        try:
            return self.quick(value)
        except NOT_USUAL:
            pass
        found: list[tuple[int, Any, list[Drift]]] = []
        problems: list[str] = []
        for reader in self._readers:
            told: list[Drift] = []
            try:
                # A copy: a list is emptied as it is read.
                found.append((0, reader.read(copied(value), told, place), told))
            except InvalidResponseError as error:
                problems.append(f"{error.path.removeprefix(place).removeprefix('.')} {error.args[0]}".strip())
        if not found:
            raise InvalidResponseError(f"fits none of what the spec allows: {'; '.join(problems)}"[:500], path=place)
        _, result, told = min(found, key=lambda one: len(one[2]))
        drift += told
        return result

    def quick(self, value: Any) -> Any:
        for reader in self._readers:
            try:
                return reader.quick(value)
            except NOT_USUAL:
                continue
        raise ValueError


def union_of(*readers: Reader[Any]) -> Reader[Any]:
    """Return the reader of what fits one of several types."""
    return _UnionReader(*readers)


class _DiscriminatedReader(Reader[Any]):
    """Reads objects of several classes, told apart by the value of one member.

    One of a kind that the document doesn't list is read by `otherwise`, or is an `Unlisted`.
    """

    shape = dict
    nothing = NO_ITEMS

    def __init__(self, name: str, readers: Mapping[str, Reader[Any]], otherwise: Reader[Any] | None) -> None:
        self._name, self._readers = name, dict(readers)
        self._otherwise = otherwise

    def inner(self) -> Iterable[Reader[Any]]:
        return (*self._readers.values(), self._otherwise or UNLISTED)

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "union", "choices": [reader.core_schema(refer) for reader in self.inner()]}

    def read(self, value: object, drift: list[Drift], place: str) -> Any:
        if not isinstance(value, dict):
            raise InvalidResponseError(f"must be an object, not {json_type(value)}", path=place)
        kind_place = f"{place}.{self._name}"
        if self._name not in value:
            if self._otherwise:
                return self._otherwise.read(value, drift, place)
            raise InvalidResponseError("is missing, though it tells what the object is", path=kind_place)
        kind = TEXT.read(value[self._name], drift, kind_place)
        if reader := self._readers.get(kind):
            return reader.read(value, drift, place)
        drift.append(Drift("unknown_value", kind_place, f"{quoted(kind)} is not listed by the spec"))
        if self._otherwise:
            return self._otherwise.read(value, drift, place)
        # What such an object holds is no further drift: nothing is known of it.
        return UNLISTED.read(value, [], place)

    def quick(self, value: Any) -> Any:
        return self._readers[value[self._name]].quick(value)


def told_apart_by(
    name: str, readers: Mapping[str, Reader[Any]], *, otherwise: Reader[Any] | None = None
) -> Reader[Any]:
    """Return the reader of objects whose class the member `name` tells."""
    return _DiscriminatedReader(name, readers, otherwise)


UNLISTED: Final[Reader[Any]] = model_of("mantago_runtime.reading.unlisted:Unlisted")
