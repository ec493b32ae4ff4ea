"""How each type of the document is read from JSON, tolerantly, and written to it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeVar, cast

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.mappings import ReadOnlyMapping
from mantago_runtime.reading.compiler import Code, code_of, json_type
from mantago_runtime.reading.drift import Drift, below
from mantago_runtime.reading.enums import OpenIntEnum, OpenStrEnum
from mantago_runtime.reading.fields import NOT_USUAL, Reader, plain

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=Enum)
CHUNK_LENGTH = 100
"""Elements of a list that are read together."""

RFC_3339: Final = r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_ITEMS: Final[list[object]] = []


# --- plain values ---------------------------------------------------------------------------------------------------


class _OfType(Reader[T]):
    """Reads what Python's parsers make of one type of JSON."""

    def __init__(self, kind: type[T], name: str, nothing: object) -> None:
        self._kind, self._name = kind, name
        self.nothing = nothing

    def read(self, value: object, drift: list[Drift], place: str) -> T:
        if isinstance(value, self._kind):
            return value
        raise InvalidResponseError(f"must be {self._name}, not {json_type(value)}", path=place)

    def bound(self) -> object:
        return self._kind

    def inline(self, value: str, bound: str) -> str:
        return f"if type({value}) is not {bound}: raise ValueError"


class _Integer(Reader[int]):
    """Reads whole numbers: 5.0 is one in JSON, true isn't."""

    nothing = ""

    def read(self, value: object, drift: list[Drift], place: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float):
            if value.is_integer():
                return int(value)
            raise InvalidResponseError(f"must be a whole number, not {value!r}", path=place)
        raise InvalidResponseError(f"must be a whole number, not {json_type(value)}", path=place)

    def bound(self) -> object:
        return int

    def inline(self, value: str, bound: str) -> str:
        return f"if type({value}) is not {bound}: raise ValueError"


class _Number(Reader[float]):
    """Reads numbers; what comes as a whole one stays one."""

    nothing = ""

    def read(self, value: object, drift: list[Drift], place: str) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        raise InvalidResponseError(f"must be a number, not {json_type(value)}", path=place)

    def inline(self, value: str, bound: str) -> str:
        return f"if type({value}) is not int and type({value}) is not float: raise ValueError"


class _Timestamp(Reader[datetime]):
    """Reads a timestamp in any form of RFC 3339, or without an offset: then it is UTC."""

    nothing = ""

    def read(self, value: object, drift: list[Drift], place: str) -> datetime:
        text = TEXT.read(value, drift, place)
        # RFC 3339 allows t and z in lower case, and a space for the T.
        match = re.fullmatch(RFC_3339, text.upper().replace(" ", "T", 1), re.ASCII)
        if match is None:
            raise InvalidResponseError(
                f"must be a timestamp of RFC 3339, such as 2024-07-15T10:30:28.700Z, not {text[:50]!r}", path=place
            )
        minute, second, fraction, offset = match.groups()
        if second == "60":
            second = "59"  # datetime knows no leap seconds: read as the second before
        try:
            # Python before 3.13 takes no more than microseconds of some forms.
            moment = datetime.fromisoformat(f"{minute}{second}{(fraction or '')[:7]}{offset or 'Z'}")
            # At both ends of the calendar an offset can lead out of it.
            moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidResponseError(f"is a timestamp that no calendar has: {text[:50]!r}", path=place) from None
        if offset is None:
            drift.append(Drift("format", place, "has no offset, read as UTC"))
        return moment

    def bound(self) -> object:
        return datetime.fromisoformat

    def inline(self, value: str, bound: str) -> str:
        # What the service writes; at these places ISO 8601 allows more than RFC 3339.
        usual = f'{value}[4:20:3] == "--T::." and {value}[23:] == "Z"'
        return f"if not ({usual}): raise ValueError\n{value} = {bound}({value})"


class _Date(Reader[date]):
    """Reads a date such as 2024-07-15."""

    nothing = ""

    def read(self, value: object, drift: list[Drift], place: str) -> date:
        text = TEXT.read(value, drift, place)
        problem = f"must be a date such as 2024-07-15, not {text[:50]!r}"
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            try:
                return date.fromisoformat(text)
            except ValueError:
                problem = f"is a date that no calendar has: {text!r}"
        raise InvalidResponseError(problem, path=place)

    def write(self, value: Any, *, request: bool = False) -> Any:
        return plain(value.date() if isinstance(value, datetime) else value)


class _Milliseconds(Reader[datetime]):
    """Reads milliseconds since 1970 as a datetime in UTC."""

    nothing = ""

    def read(self, value: object, drift: list[Drift], place: str) -> datetime:
        number = INTEGER.read(value, drift, place)
        try:
            return EPOCH + timedelta(milliseconds=number)
        except OverflowError:
            raise InvalidResponseError(
                f"is a number of milliseconds that leads out of the calendar: {str(value)[:50]}", path=place
            ) from None

    def write(self, value: Any, *, request: bool = False) -> Any:
        if not isinstance(value, datetime):
            return value
        plain(value, request=request)  # which refuses a time without a zone
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)


class _Json(Reader[Any]):
    """Takes a value as it is."""

    def read(self, value: object, drift: list[Drift], place: str) -> Any:
        return value

    def inline(self, value: str, bound: str) -> str:
        return "pass"


TEXT: Final[Reader[str]] = _OfType(str, "a string", NO_ITEMS)
FLAG: Final[Reader[bool]] = _OfType(bool, "true or false", "")
INTEGER: Final[Reader[int]] = _Integer()
NUMBER: Final[Reader[float]] = _Number()
TIMESTAMP: Final[Reader[datetime]] = _Timestamp()
DATE: Final[Reader[date]] = _Date()
MILLISECONDS: Final[Reader[datetime]] = _Milliseconds()
JSON: Final[Reader[Any]] = _Json()


class _EnumReader(Reader[EnumT]):
    """Reads an enumeration; what it doesn't list is kept.

    An open class holds such a value itself; beside a closed one stands the plain string or number.
    """

    def __init__(self, cls: type[EnumT]) -> None:
        self._cls = cls
        base: type = cls
        self._base: Reader[Any] = INTEGER if issubclass(base, int) else TEXT
        self._open = issubclass(base, (OpenStrEnum, OpenIntEnum))
        self._known = {member.value: member for member in cls}

    def read(self, value: object, drift: list[Drift], place: str) -> EnumT:
        plain_value = self._base.read(value, drift, place)
        if (known := self._known.get(plain_value)) is not None:
            return known
        drift.append(Drift("unknown_value", place, f"{str_of(plain_value)} is not listed by the spec"))
        kept: EnumT = self._cls(plain_value) if self._open else plain_value
        return kept

    def is_nothing(self, value: object) -> bool:
        return value == "" and value not in self._known

    def bound(self) -> object:
        return self._known

    def inline(self, value: str, bound: str) -> str:
        # Python has True and 1.0 for the same key as 1.
        check = f"if type({value}) is not int: raise ValueError\n" if self._base is INTEGER else ""
        return f"{check}{value} = {bound}[{value}]"


def str_of(value: object) -> str:
    """Quote a value that the service made up."""
    return repr(value[:100] if isinstance(value, str) else value)


def enum_of(cls: type[EnumT]) -> Reader[EnumT]:
    """Return the reader of an enumeration."""
    return _EnumReader(cls)


# --- what holds others ----------------------------------------------------------------------------------------------


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

    def read(self, value: object, drift: list[Drift], place: str) -> T | None:
        return None if value is None else self._element.read(value, drift, place)

    def quick(self, value: Any) -> T | None:
        return None if value is None else self._element.quick(value)

    def write(self, value: Any, *, request: bool = False) -> Any:
        return None if value is None else self._element.write(value, request=request)


def nullable(element: Reader[T]) -> Reader[T | None]:
    """Return the reader of what may be null inside a list, a map or a union."""
    return _NullableReader(element)


class _UnionReader(Reader[Any]):
    """Reads what fits one of several types: the first that it fits exactly, else the one with the least drift."""

    def __init__(self, *readers: Reader[Any]) -> None:
        self._readers = readers

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
        drift.append(Drift("unknown_value", kind_place, f"{str_of(kind)} is not listed by the spec"))
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


# --- whole answers that aren't JSON ---------------------------------------------------------------------------------


class _AsItIs(Reader[T]):
    """Takes what the media type of the answer made of it."""

    def read(self, value: object, drift: list[Drift], place: str) -> T:
        # By the media type, it is one.
        return cast("T", value)


class _NoContent(_AsItIs[None]):
    """The body of such an answer is ignored."""

    media = "none"


class _PlainText(_AsItIs[str]):
    """Text in the charset that the header says, else in UTF-8."""

    media = "text"


class _Binary(_AsItIs[bytes]):
    """The body as it is."""

    media = "bytes"


NO_CONTENT: Final[Reader[None]] = _NoContent()
PLAIN_TEXT: Final[Reader[str]] = _PlainText()
BINARY: Final[Reader[bytes]] = _Binary()


def copied(value: Any) -> Any:
    """Return JSON in lists and dictionaries of its own."""
    if isinstance(value, Mapping):
        return {name: copied(element) for name, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(element) for element in value]
    return value
