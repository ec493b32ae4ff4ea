"""The readers of single values, of enumerations, and of whole answers that aren't JSON."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeVar, cast

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading.compiler import json_type
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.enums import OpenIntEnum, OpenStrEnum
from mantago_runtime.reading.fields import NO_ITEMS, CoreSchema, Reader, Refer, plain

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=Enum)

RFC_3339: Final = r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _OfType(Reader[T]):
    """Reads what Python's parsers make of one type of JSON."""

    def __init__(self, kind: type[T], name: str, nothing: object) -> None:
        self._kind, self._name = kind, name
        self.nothing = nothing

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": self._kind.__name__}

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

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "int"}

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

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "float"}

    def read(self, value: object, drift: list[Drift], place: str) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        raise InvalidResponseError(f"must be a number, not {json_type(value)}", path=place)

    def inline(self, value: str, bound: str) -> str:
        return f"if type({value}) is not int and type({value}) is not float: raise ValueError"


class _Timestamp(Reader[datetime]):
    """Reads a timestamp in any form of RFC 3339, or without an offset: then it is UTC."""

    nothing = ""

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "datetime"}

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

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "date"}

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

    def core_schema(self, refer: Refer) -> CoreSchema:
        return {"type": "int"}

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

    def core_schema(self, refer: Refer) -> CoreSchema:
        return refer(self._cls) if self._open else self._base.core_schema(refer)

    def read(self, value: object, drift: list[Drift], place: str) -> EnumT:
        plain_value = self._base.read(value, drift, place)
        if (known := self._known.get(plain_value)) is not None:
            return known
        drift.append(Drift("unknown_value", place, f"{quoted(plain_value)} is not listed by the spec"))
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


def quoted(value: object) -> str:
    """Quote a value that the service made up."""
    return repr(value[:100] if isinstance(value, str) else value)


def enum_of(cls: type[EnumT]) -> Reader[EnumT]:
    """Return the reader of an enumeration."""
    return _EnumReader(cls)


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
