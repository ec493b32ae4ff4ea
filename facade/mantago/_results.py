"""What the service answers, as immutable objects, and how an answer is read: everything here is a pure function.

How each class reads its object stands in the metadata of its fields. What differs from the spec but can be
understood becomes a line of drift; what can't be understood is an InvalidResponseError that names the place.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar

from attrs import Attribute, evolve, field, fields, frozen
from dateutil.parser import isoparse

from mantago._errors import InvalidResponseError, ReadOnlyMapping
from mantago._operations import OpenStrEnum

DriftKind: TypeAlias = Literal["missing", "null", "unknown_value", "unknown_field", "format"]
Read: TypeAlias = Callable[[Any, str, "list[Drift]"], Any]
T = TypeVar("T")

RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)


class GiftResource(OpenStrEnum):
    """Where a gift comes from: `resource` in the spec.

    A value that the spec doesn't list is kept, equals its string, and says `is_known == False`.
    """

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


def _of_type(kind: type[T], name: str) -> Callable[[object, str, list[Drift]], T]:
    def read(value: object, path: str, _: list[Drift]) -> T:
        if not isinstance(value, kind):
            raise InvalidResponseError(f"must be {name}, not {_json_type(value)}", path=path)
        return value

    return read


_text = _of_type(str, "a string")
_flag = _of_type(bool, "true or false")
_array = _of_type(list, "a list")
_object = _of_type(dict, "an object")


def _timestamp(value: object, path: str, drift: list[Drift]) -> datetime:
    """Read a timestamp in any form of RFC 3339, or without an offset: then it is UTC."""
    text = _text(value, path, drift)
    # RFC 3339 allows t and z in lower case, and a space for the T.
    match = RFC_3339.fullmatch(text.upper().replace(" ", "T", 1))
    if match is None:
        raise InvalidResponseError("must be a timestamp of RFC 3339, such as 2024-07-15T10:30:28.700Z", path=path)
    minute, second, fraction, offset = match.groups()
    if second == "60":
        # datetime knows no leap seconds: read as the second before.
        text = f"{minute}59{fraction or ''}{offset or ''}"
    try:
        moment = _parse(text)
        if offset is None:
            moment = moment.replace(tzinfo=UTC)
            drift.append(Drift("format", path, "has no offset, read as UTC"))
        # At both ends of the calendar an offset can lead out of it.
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidResponseError("is a timestamp that no calendar has", path=path) from None
    return moment


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # For what RFC 3339 allows and fromisoformat refuses, such as t and z in lower case.
        return isoparse(text)


def _resource(value: object, path: str, drift: list[Drift]) -> GiftResource:
    resource = GiftResource(_text(value, path, drift))
    if not resource.is_known:
        drift.append(Drift("unknown_value", path, f"{resource.value!r} is not listed by the spec"))
    return resource


def _list_of(read: Read) -> Read:
    def read_all(value: object, path: str, drift: list[Drift]) -> tuple[object, ...]:
        return tuple(
            read(element, f"{path}[{index}]", drift) for index, element in enumerate(_array(value, path, drift))
        )

    return read_all


def _wire(name: str, read: Read, *, optional: bool = False, required_by_spec: bool | None = None) -> dict[str, Any]:
    """Return a field's metadata: its name at the service, its reader, and whether we and the spec insist on it."""
    insists = not optional if required_by_spec is None else required_by_spec
    return {"name": name, "read": read, "optional": optional, "required_by_spec": insists}


def _reader(cls: Callable[..., T], envelope: Mapping[str, Read] = MappingProxyType({})) -> Callable[..., T]:
    """Return the function that reads the class's JSON objects; the envelope's fields are checked and then dropped."""
    table = [(attribute.name, attribute.metadata) for attribute in _wired(cls)]
    table += [("", _wire(name, read)) for name, read in envelope.items()]
    known = {wire["name"] for _, wire in table}

    def read(value: object, path: str, drift: list[Drift]) -> T:
        data = _object(value, path or "$", drift)
        prefix = f"{path}." if path else ""
        values: dict[str, Any] = {}
        for attribute, wire in table:
            name = wire["name"]
            if data.get(name) is not None:
                values[attribute] = wire["read"](data[name], prefix + name, drift)
            elif not wire["optional"]:
                problem = "must not be null" if name in data else "is missing, though required by the spec"
                raise InvalidResponseError(problem, path=prefix + name)
            elif name in data:
                drift.append(Drift("null", prefix + name, "the spec doesn't allow null"))
            elif wire["required_by_spec"]:
                drift.append(Drift("missing", prefix + name, "required by the spec"))
        values.pop("", None)
        if not data.keys() <= known:
            values["extra"] = {name: content for name, content in data.items() if name not in known}
            drift += [Drift("unknown_field", prefix + name, "not in the spec") for name in values["extra"]]
        return cls(**values)

    return read


def _fields(cls: Any) -> tuple[Attribute[Any], ...]:
    result: tuple[Attribute[Any], ...] = fields(cls)
    return result


def _wired(cls: Any) -> list[Attribute[Any]]:
    return [attribute for attribute in _fields(cls) if "read" in attribute.metadata]


class _Result:
    """What all results share: `to_dict()` and a repr of one line that leaves out what is empty."""

    __slots__ = ()
    extra: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types under the service's names.

        What is None is left out, datetimes are in UTC with `Z`, and what `extra` holds is included.
        """
        data = {a.metadata["name"]: _plain(getattr(self, a.name)) for a in _wired(type(self))}
        return {name: value for name, value in data.items() if value is not None} | copy.deepcopy(dict(self.extra))

    def __repr__(self) -> str:
        shown = ((a.name, getattr(self, a.name)) for a in _fields(type(self)))
        parts = (f"{name}={_brief(value)}" for name, value in shown if value or value is False)
        return f"{type(self).__name__}({', '.join(parts)})"


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return [element.to_dict() for element in value]
        case datetime():
            utc = value.astimezone(UTC).replace(tzinfo=None)
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


@frozen(repr=False)
class ClientGifts(_Result):
    """The gifts of one client; `ClientGiftsResponse` in the spec. A list that the service left out is empty.

    `drift` tells in what the answer differed from the spec; it doesn't count in equality.
    """

    tickets: tuple[Ticket, ...] = field(default=(), metadata=_wire("tickets", _list_of(_reader(Ticket)), optional=True))
    physical_gifts: tuple[Gift, ...] = field(
        default=(), metadata=_wire("physicalGifts", _list_of(_reader(Gift)), optional=True)
    )
    virtual_gifts: tuple[Gift, ...] = field(
        default=(), metadata=_wire("virtualGifts", _list_of(_reader(Gift)), optional=True)
    )
    extra: Mapping[str, Any] = field(default=_NOTHING, converter=_read_only, hash=False)
    drift: tuple[Drift, ...] = field(default=(), eq=False)


_read_client_gifts = _reader(ClientGifts, envelope={"success": _flag, "message": _text})


def read_client_gifts(payload: object, *, strict: bool, byte_order_mark: bool = False) -> ClientGifts:
    """Read the answer of "Get client gifts": the parsed JSON of a 200.

    Raises InvalidResponseError at the first place that can't be understood; with `strict`, at the first drift too,
    except a field that the spec doesn't know: its schemas allow those.
    """
    drift = [Drift("format", "$", "begins with a byte-order mark")] if byte_order_mark else []
    gifts = _read_client_gifts(payload, "", drift)
    for line in drift if strict else ():
        if line.kind != "unknown_field":
            raise InvalidResponseError(f"{line.kind}: {line.detail} (strict=True)", path=line.path)
    return evolve(gifts, drift=tuple(drift)) if drift else gifts
