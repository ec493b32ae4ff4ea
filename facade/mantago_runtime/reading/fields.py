"""The declarations of a model about its fields, and the base of all readers."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, ClassVar, Final, Generic, NoReturn, TypeAlias, TypeVar

from attrs import NOTHING, Attribute, Factory, field, fields, frozen

from mantago_runtime.document import Media
from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading.drift import Drift
from mantago_runtime.text import characters

T_co = TypeVar("T_co", covariant=True)
CoreSchema: TypeAlias = dict[str, Any]
Refer: TypeAlias = Callable[[type], CoreSchema]
KEY = "json"
"""The key of a field's metadata under which its JsonField is."""

# What a reader raises for a value that isn't as the document has it, when it was asked to be quick.
NOT_USUAL = (LookupError, TypeError, ValueError)

PLAIN_TYPES: Final = frozenset({str, int, bool, type(None)})
NO_ITEMS: Final[list[object]] = []


class Reader(ABC, Generic[T_co]):
    """The way in which values of one type are read from JSON, and written to it.

    `read` tolerates what can be understood and knows what is wrong, and where. `quick` reads only what is exactly as
    the document has it, without changing its argument, and raises one of NOT_USUAL for anything else.
    """

    shape: ClassVar[type | None] = None
    """The type of JSON that holds the other values: dict or list."""
    media: ClassVar[Media] = "json"
    """The media of a whole answer that it reads."""
    nothing: Any = None
    """The value that services send for no value at all, beside null: an empty string or an empty list."""

    @abstractmethod
    def read(self, value: object, drift: list[Drift], place: str) -> T_co:
        """Read a value, or raise InvalidResponseError; `drift` grows by what was tolerated."""

    def quick(self, value: Any) -> T_co:
        """Read a value that is exactly as the document has it."""
        drift: list[Drift] = []
        try:
            result = self.read(value, drift, "")
        except InvalidResponseError:
            drift.append(Drift("format", "", ""))
            result = self.unusual()
        return self.unusual() if drift else result

    def unusual(self) -> NoReturn:
        """Refuse what has to be read with more care."""
        raise ValueError

    def quick_all(self, values: Iterable[Any]) -> list[T_co]:
        """Read values that are all exactly as the document has them."""
        quick = self.quick
        return [quick(value) for value in values]

    def is_nothing(self, value: object) -> bool:
        """Return whether a value carries nothing: in an optional field it is read as None."""
        return type(value) is type(self.nothing) and not value

    def bound(self) -> object:
        """Return what the name `bound` stands for in the lines of `inline`."""
        return self.quick

    def inline(self, value: str, bound: str) -> str:
        """Return lines of Python that replace the value of a name by what `quick` makes of it."""
        return f"{value} = {bound}({value})"

    def inner(self) -> Iterable[Reader[Any]]:
        """Return the readers of what the value holds; those of a class that isn't imported yet import it."""
        return ()

    def core_schema(self, refer: Refer) -> CoreSchema:
        """Return pydantic's schema of the JSON that `write` gives; `refer` returns that of a class."""
        return {"type": "any"}

    def write(self, value: Any, *, request: bool = False) -> Any:
        """Return a value as JSON has it; `request` leaves out what only the service sets."""
        return plain(value, request=request)


def load(readers: Iterable[Reader[Any]]) -> None:
    """Import all that these readers need: with an answer at hand it would be too late for what can fail."""
    seen: set[Reader[Any]] = set()
    waiting = [*readers]
    while waiting:
        reader = waiting.pop()
        if reader not in seen:
            seen.add(reader)
            waiting += reader.inner()


@frozen(eq=False)
class JsonField:
    """The way in which a field is read and written.

    `required`: an answer without it is refused. `promised`: the published document requires it, so that an answer
    without it drifts. `nullable`: the published document allows null. `read_only`: only the service sets it, so it
    isn't sent. `write_only`: it is only sent, so no answer needs it.
    """

    name: str
    reader: Reader[Any]
    required: bool = field(default=False, kw_only=True)
    promised: bool = field(default=Factory(lambda self: self.required, takes_self=True), kw_only=True)
    nullable: bool = field(default=False, kw_only=True)
    read_only: bool = field(default=False, kw_only=True)
    write_only: bool = field(default=False, kw_only=True)

    @property
    def place(self) -> str:
        """The place in an object, as in a path of drift."""
        return f".{self.name}"

    @property
    def usual(self) -> bool:
        """Return whether an answer that is as the document has it holds the field."""
        return (self.required or self.promised) and not self.write_only

    def absent(self, data: Mapping[str, Any], drift: list[Drift]) -> bool:
        """Refuse or note that there is no value; return whether there is a null instead."""
        null = self.name in data
        if self.required and not self.write_only and not (null and self.nullable):
            problem = "must not be null" if null else "is missing, though required by the spec"
            raise InvalidResponseError(problem, path=self.place)
        if null and not self.nullable:
            drift.append(Drift("null", self.place, "the spec doesn't allow null"))
        elif not null and self.promised and not self.write_only:
            drift.append(Drift("missing", self.place, "required by the spec"))
        return null

    def empty(self, value: object, drift: list[Drift]) -> bool:
        """Note that an optional field holds a value that carries nothing; return whether it does."""
        if self.required or not self.reader.is_nothing(value):
            return False
        drift.append(Drift("format", self.place, f"is {json.dumps(value)}, read as None"))
        return True


def default_of(attribute: Attribute[Any]) -> object:
    """Return what a field holds that an answer leaves out."""
    return None if attribute.default is NOTHING else attribute.default


def attributes_of(cls: Any) -> tuple[Attribute[Any], ...]:
    """Return all fields of a model."""
    result: tuple[Attribute[Any], ...] = fields(cls)
    return result


def json_fields(cls: Any) -> Mapping[str, JsonField]:
    """Return the fields that come from the service, under their Python names."""
    found = _found.get(cls)
    if found is None:
        found = _found[cls] = {a.name: a.metadata[KEY] for a in attributes_of(cls) if KEY in a.metadata}
    return found


_found: dict[type, dict[str, JsonField]] = {}


def plain(value: Any, *, request: bool = False) -> Any:
    """Return a value in plain JSON types; datetimes are in UTC with `Z`.

    Raises ValueError for what no `request` can hold; what raises it has no name here.
    """
    if type(value) in PLAIN_TYPES:
        return value
    if (written := getattr(value, "_written", None)) is not None:
        return written(request=request)
    match value:
        case tuple() | list():
            return [plain(element, request=request) for element in value]
        case Mapping():
            return {plain(name): plain(element, request=request) for name, element in value.items()}
        case datetime():
            return _instant(value, request=request)
        case date():
            return value.isoformat()
        case float() if request and not math.isfinite(value):
            raise ValueError(f"is {value}, which isn't a number that JSON has")
        case _:
            return _without_class(value, request=request)


def _instant(value: datetime, *, request: bool) -> str:
    if request and value.tzinfo is None:
        raise ValueError(f"is {value.isoformat()}, which has no time zone: which one is meant?")
    utc = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"


def _without_class(value: Any, *, request: bool) -> Any:
    """Return a string or a number without the class of its own that it may have, and what an enumeration stands for."""
    match value:
        case str():
            return characters(value)
        case int():
            return int.__index__(value)
        case float():
            return float.__float__(value)
        case Enum():
            return plain(value.value, request=request)
        case _:
            return value
