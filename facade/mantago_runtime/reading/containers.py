"""The readers of models, lists and maps."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.mappings import ReadOnlyMapping
from mantago_runtime.reading.compiler import Code, code_of, json_type
from mantago_runtime.reading.drift import Drift, below
from mantago_runtime.reading.fields import NO_ITEMS, NOT_USUAL, CoreSchema, Reader, Refer
from mantago_runtime.text import characters

T = TypeVar("T")
CHUNK_LENGTH = 100
"""Elements of a list that are read together."""


class _ModelReader(Reader[T]):
    """Reads objects of one class, which is imported when the first is read: classes may hold each other."""

    shape = dict
    nothing = NO_ITEMS

    def __init__(self, cls: type[T] | str) -> None:
        self._named = cls
        self._code: Code | None = None

    @property
    def cls(self) -> type[T]:
        """The class."""
        if not isinstance(self._named, str):
            return self._named
        module, _, name = self._named.partition(":")
        cls: type[T] = getattr(importlib.import_module(module), name)
        return cls

    @property
    def code(self) -> Code:
        """The functions that read the class."""
        if self._code is None:
            self._code = code_of(self.cls)
        return self._code

    def read(self, value: object, drift: list[Drift], place: str) -> T:
        before = len(drift)
        try:
            result: T = self.code.read(value, drift)
        except InvalidResponseError as error:
            error.path = place + error.path
            raise
        if len(drift) > before:
            drift[before:] = below(place, drift[before:])
        return result

    def quick(self, value: Any) -> T:
        result: T = self.code.quick_all((value,))[0]
        return result

    def inner(self) -> Iterable[Reader[Any]]:
        return self.code.readers()

    def core_schema(self, refer: Refer) -> CoreSchema:
        return refer(self.cls)

    def quick_all(self, values: Iterable[Any]) -> list[T]:
        return self.code.quick_all(values)


def model_of(cls: type[T] | str) -> Reader[T]:
    """Return the reader of a model: the class, or where it is, such as `package.module:Class`."""
    return _ModelReader(cls)


class _ListReader(Reader[tuple[T, ...]]):
    """Reads a list, which it empties."""

    shape = list

    def __init__(self, element: Reader[T]) -> None:
        self._element = element

    def inner(self) -> Iterable[Reader[Any]]:
        return (self._element,)

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "list", "items_schema": self._element.core_schema(refer)}

    def read(self, value: object, drift: list[Drift], place: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise InvalidResponseError(f"must be a list, not {json_type(value)}", path=place)
        result: list[T] = []
        while value:
            # As the elements are freed on the way, the garbage collector has no reason to run: half the time.
            some = value[:CHUNK_LENGTH]
            del value[:CHUNK_LENGTH]
            try:
                result += self._element.quick_all(some)
            except NOT_USUAL:
                pass
            else:
                continue
            # Out here, what is raised doesn't carry what was caught.
            for element in some:
                result.append(self._element.read(element, drift, f"{place}[{len(result)}]"))
        return tuple(result)

    def quick(self, value: Any) -> tuple[T, ...]:
        if type(value) is not list:
            raise ValueError
        return tuple(self._element.quick_all(value))

    def write(self, value: Any, *, request: bool = False) -> Any:
        return [self._element.write(element, request=request) for element in value]


def list_of(element: Reader[T]) -> Reader[tuple[T, ...]]:
    """Return the reader of a list."""
    return _ListReader(element)


class _MapReader(Reader[Mapping[str, T]]):
    """Reads an object whose members' names the document doesn't give."""

    shape = dict
    nothing = NO_ITEMS

    def __init__(self, element: Reader[T]) -> None:
        self._element = element

    def inner(self) -> Iterable[Reader[Any]]:
        return (self._element,)

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "dict", "keys_schema": {"type": "str"}, "values_schema": self._element.core_schema(refer)}

    def read(self, value: object, drift: list[Drift], place: str) -> Mapping[str, T]:
        if not isinstance(value, dict):
            raise InvalidResponseError(f"must be an object, not {json_type(value)}", path=place)
        return ReadOnlyMapping(
            {name: self._element.read(element, drift, f"{place}.{name}") for name, element in value.items()}
        )

    def quick(self, value: Any) -> Mapping[str, T]:
        if type(value) is not dict:
            raise ValueError
        return ReadOnlyMapping(zip(value, self._element.quick_all(value.values()), strict=True))

    def write(self, value: Any, *, request: bool = False) -> Any:
        return {name: self._element.write(element, request=request) for name, element in value.items()}


def map_of(element: Reader[T]) -> Reader[Mapping[str, T]]:
    """Return the reader of an object whose members all have one type."""
    return _MapReader(element)


class _NullableReader(Reader[T | None]):
    """Reads an element of a list or a map, or the null for which the document allows."""

    def __init__(self, element: Reader[T]) -> None:
        self._element = element

    def inner(self) -> Iterable[Reader[Any]]:
        return (self._element,)

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "nullable", "schema": self._element.core_schema(refer)}

    def read(self, value: object, drift: list[Drift], place: str) -> T | None:
        return None if value is None else self._element.read(value, drift, place)

    def quick(self, value: Any) -> T | None:
        return None if value is None else self._element.quick(value)

    def write(self, value: Any, *, request: bool = False) -> Any:
        return None if value is None else self._element.write(value, request=request)


def nullable(element: Reader[T]) -> Reader[T | None]:
    """Return the reader of what may be null inside a list, a map or a union."""
    return _NullableReader(element)


def copied(value: Any) -> Any:
    """Return JSON in lists and dictionaries of its own."""
    if isinstance(value, str):
        return characters(value)
    if isinstance(value, Mapping):
        return {copied(name): copied(element) for name, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(element) for element in value]
    return value
