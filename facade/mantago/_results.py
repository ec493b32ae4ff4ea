"""What the service answers, as immutable objects, and how an answer is read: everything here is a pure function.

How each class reads its object stands in the metadata of its fields. What differs from the spec but can be
understood becomes a line of drift; what can't be understood is an InvalidResponseError that names the place.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, TypeVar

from attrs import Attribute, Factory, evolve, field, fields, frozen
from dateutil.parser import isoparse

from mantago._errors import InvalidResponseError, ReadOnlyMapping
from mantago._operations import OpenStrEnum

DriftKind: TypeAlias = Literal["missing", "null", "unknown_value", "unknown_field", "format"]
Read: TypeAlias = Callable[[Any, "list[Drift]", str], Any]
T = TypeVar("T")

RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)


class GiftResource(OpenStrEnum):
    """Where a gift comes from: `resource` in the spec.

    A value that the spec doesn't list is kept, equals its string, and says `is_known == False`.
    """

    _value_: str  # for type checkers: not one of the values below only

    LOTTERY_GAME = "lotteryGame"
    REWARDS_CARD = "rewardsCard"
    UNKNOWN = "unknown"


@frozen
class Drift:
    """One difference between an answer and the spec that could be tolerated.

    `kind` is one of missing, null, unknown_value, unknown_field, format; `path` looks like `tickets[0].createdAt`.
    """

    kind: DriftKind
    path: str
    detail: str

    @property
    def pattern(self) -> str:
        """The path without its indices: the same for each element of a list."""
        return re.sub(r"\[\d+\]", "[]", self.path)

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: {self.detail}"


def _of_type(kind: type[T], name: str) -> Callable[[object, list[Drift], str], T]:
    def read(value: object, _: list[Drift], place: str) -> T:
        if isinstance(value, kind):
            return value
        raise InvalidResponseError(f"must be {name}, not {_json_type(value)}", path=place)

    return read


_text = _of_type(str, "a string")
_flag = _of_type(bool, "true or false")
_array = _of_type(list, "a list")
_object = _of_type(dict, "an object")


def _timestamp(value: object, drift: list[Drift], place: str) -> datetime:
    """Read a timestamp in any form of RFC 3339, or without an offset: then it is UTC."""
    text = _text(value, drift, place)
    try:
        # What the service writes needs no more; at these places ISO 8601 allows more than RFC 3339.
        if len(text) == 24 and text[4:20:3] == "--T::." and text[23] == "Z":
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    # RFC 3339 allows t and z in lower case, and a space for the T.
    match = RFC_3339.fullmatch(text.upper().replace(" ", "T", 1))
    if match is None:
        raise InvalidResponseError(
            f"must be a timestamp of RFC 3339, such as 2024-07-15T10:30:28.700Z, not {text[:50]!r}", path=place
        )
    minute, second, fraction, offset = match.groups()
    if second == "60":
        # datetime knows no leap seconds: read as the second before.
        text = f"{minute}59{fraction or ''}{offset or ''}"
    try:
        moment = _parse(text)
        if offset is None:
            moment = moment.replace(tzinfo=UTC)
            drift.append(Drift("format", place, "has no offset, read as UTC"))
        # At both ends of the calendar an offset can lead out of it.
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidResponseError(f"is a timestamp that no calendar has: {text[:50]!r}", path=place) from None
    return moment


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # For what RFC 3339 allows and fromisoformat refuses, such as t and z in lower case.
        return isoparse(text)


def _resource(value: object, drift: list[Drift], place: str) -> GiftResource:
    text = _text(value, drift, place)
    if known := _KNOWN.get(text):
        return known
    drift.append(Drift("unknown_value", place, f"{text[:100]!r} is not listed by the spec"))
    return GiftResource(text)


_KNOWN: Mapping[str, GiftResource] = {resource.value: resource for resource in GiftResource}


def _list_of(read: Read) -> Read:
    def read_all(value: object, drift: list[Drift], place: str) -> tuple[object, ...]:
        result: list[object] = []
        for element in _array(value, drift, place):
            before = len(drift)
            try:
                result.append(read(element, drift, ""))
            except InvalidResponseError as error:
                error.path = f"{place}[{len(result)}]{error.path}"
                raise
            if len(drift) > before:
                # Paths grow from the inside out, and only where there is drift.
                where = f"{place}[{len(result) - 1}]"
                drift[before:] = [evolve(line, path=where + line.path) for line in drift[before:]]
        return tuple(result)

    return read_all


@frozen
class _Wire:
    """How a field is read: its name at the service, its reader, and whether we and the spec insist on it."""

    name: str
    read: Read
    optional: bool = False
    required_by_spec: bool = field(default=Factory(lambda wire: not wire.optional, takes_self=True))

    @property
    def place(self) -> str:
        return f".{self.name}"

    def absent(self, data: Mapping[str, Any], drift: list[Drift]) -> bool:
        """Refuse or note that there is no value; return whether there is a null instead."""
        null = self.name in data
        if not self.optional:
            problem = "must not be null" if null else "is missing, though required by the spec"
            raise InvalidResponseError(problem, path=self.place)
        if null:
            drift.append(Drift("null", self.place, "the spec doesn't allow null"))
        elif self.required_by_spec:
            drift.append(Drift("missing", self.place, "required by the spec"))
        return null


def _wire(*wire: Any, **options: Any) -> dict[str, _Wire]:
    """Return the metadata of a field that comes from the service."""
    return {"wire": _Wire(*wire, **options)}


def _reader(cls: type[T], *envelope: _Wire) -> Callable[[object, list[Drift], str], T]:
    """Return the function that reads the class's JSON objects; the envelope's fields are checked and then dropped.

    It fills the slots itself: a frozen class's own constructor takes longer than all the rest.
    """
    slots = {attribute.name: vars(cls)[attribute.name].__set__ for attribute in _fields(cls)}
    wired = [(slots[a.name], a.default, a.metadata["wire"]) for a in _wired(cls)]
    wired += [(_put_nowhere, None, wire) for wire in envelope]
    table = [(put, default, wire.name, wire.place, wire.read, wire.absent) for put, default, wire in wired]
    others = [(slots[a.name], a.default) for a in _fields(cls) if a not in _wired(cls)]
    known = {wire.name for _, _, wire in wired}
    new = object.__new__

    def read(value: object, drift: list[Drift], place: str) -> T:
        data, result, found = _object(value, drift, place), new(cls), 0
        for put, default, name, field_place, read_field, absent in table:
            content = data.get(name)
            if content is not None:
                found += 1
                put(result, read_field(content, drift, field_place))
            else:
                found += absent(data, drift)
                put(result, default)
        for put, default in others:
            put(result, default)
        if found < len(data):
            extra = {name: content for name, content in data.items() if name not in known}
            slots["extra"](result, ReadOnlyMapping(extra))
            drift += [Drift("unknown_field", f".{name}", "not in the spec") for name in extra]
        return result

    return read


def _put_nowhere(*_: object) -> None: ...


def _fields(cls: Any) -> tuple[Attribute[Any], ...]:
    result: tuple[Attribute[Any], ...] = fields(cls)
    return result


def _wired(cls: Any) -> list[Attribute[Any]]:
    return [attribute for attribute in _fields(cls) if "wire" in attribute.metadata]


class _Result:
    """What all results share: `to_dict()` and a repr of one line that leaves out what is empty."""

    __slots__ = ()
    extra: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types under the service's names.

        What is None is left out, datetimes are in UTC with `Z`, and what `extra` holds is included.
        """
        data = {a.metadata["wire"].name: _plain(getattr(self, a.name)) for a in _wired(type(self))}
        return {name: value for name, value in data.items() if value is not None} | copy.deepcopy(dict(self.extra))

    def __repr__(self) -> str:
        # None: error reporters show the half-read object of a frame that refused to read on.
        shown = ((a.name, getattr(self, a.name, None)) for a in _fields(type(self)))
        parts = (f"{name}={_brief(value)}" for name, value in shown if value or value is False)
        return f"{type(self).__name__}({', '.join(parts)})"


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return [element.to_dict() for element in value]
        case datetime():
            utc = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
            return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"
        case OpenStrEnum():
            return value.value
        case _:
            return value


def _brief(value: object) -> str:
    match value:
        case tuple() if len(value) > 3:
            return f"<{len(value)}>"
        case datetime():
            return value.isoformat()
        case OpenStrEnum():
            return repr(value.value)
        case _:
            return repr(value)


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


_NOTHING = ReadOnlyMapping[Any]()


def _read_only(extra: Mapping[str, Any]) -> ReadOnlyMapping[Any]:
    return extra if isinstance(extra, ReadOnlyMapping) else ReadOnlyMapping(extra)


@frozen(repr=False)
class Ticket(_Result):
    """A coupon that the client hasn't used; `TicketGift` in the spec."""

    created_at: datetime = field(metadata=_wire("createdAt", _timestamp))
    extra: Mapping[str, Any] = field(default=_NOTHING, converter=_read_only, hash=False)


@frozen(repr=False)
class Gift(_Result):
    """A physical or virtual gift; `GiftItem` in the spec.

    `is_expired` is None where the service doesn't say. Start and end of the time in which the gift is valid are,
    by the spec, there only when it is expired.
    """

    name: str = field(metadata=_wire("name", _text))
    resource: GiftResource = field(metadata=_wire("resource", _resource), converter=GiftResource)
    created_at: datetime = field(metadata=_wire("createdAt", _timestamp))
    is_expired: bool | None = field(
        default=None, metadata=_wire("isExpired", _flag, optional=True, required_by_spec=True)
    )
    start_time: datetime | None = field(default=None, metadata=_wire("startTime", _timestamp, optional=True))
    end_time: datetime | None = field(default=None, metadata=_wire("endTime", _timestamp, optional=True))
    extra: Mapping[str, Any] = field(default=_NOTHING, converter=_read_only, hash=False)


# Named, since mypy can't tell what `tuple` takes as a converter.
def _tickets(tickets: Iterable[Ticket]) -> tuple[Ticket, ...]:
    return tuple(tickets)


def _gifts(gifts: Iterable[Gift]) -> tuple[Gift, ...]:
    return tuple(gifts)


@frozen(repr=False)
class ClientGifts(_Result):
    """The gifts of one client; `ClientGiftsResponse` in the spec. A list that the service left out is empty.

    `drift` tells in what the answer differed from the spec; it doesn't count in equality.
    """

    tickets: tuple[Ticket, ...] = field(
        default=(), converter=_tickets, metadata=_wire("tickets", _list_of(_reader(Ticket)), optional=True)
    )
    physical_gifts: tuple[Gift, ...] = field(
        default=(), converter=_gifts, metadata=_wire("physicalGifts", _list_of(_reader(Gift)), optional=True)
    )
    virtual_gifts: tuple[Gift, ...] = field(
        default=(), converter=_gifts, metadata=_wire("virtualGifts", _list_of(_reader(Gift)), optional=True)
    )
    extra: Mapping[str, Any] = field(default=_NOTHING, converter=_read_only, hash=False)
    drift: tuple[Drift, ...] = field(default=(), eq=False)


_read_client_gifts = _reader(ClientGifts, _Wire("success", _flag), _Wire("message", _text))


def read_client_gifts(payload: object, *, strict: bool, byte_order_mark: bool = False) -> ClientGifts:
    """Read the answer of "Get client gifts": the parsed JSON of a 200.

    Raises InvalidResponseError at the first place that can't be understood; with `strict`, at the first drift too,
    except a field that the spec doesn't know: its schemas allow those.
    """
    drift = [Drift("format", "$", "begins with a byte-order mark")] if byte_order_mark else []
    try:
        gifts = _read_client_gifts(payload, drift, "")
    except InvalidResponseError as error:
        error.path = error.path.removeprefix(".") or "$"
        raise
    drift = [evolve(line, path=line.path.removeprefix(".")) for line in drift]
    for line in drift if strict else ():
        if line.kind != "unknown_field":
            raise InvalidResponseError(f"{line.kind}: {line.detail} (strict=True)", path=line.path)
    return evolve(gifts, drift=tuple(drift)) if drift else gifts
