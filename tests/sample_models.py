"""Models as they are generated, written by hand: the gifts, and one of everything else that a document may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from attrs import field, frozen

from mantago_runtime.reading.enums import ClosedStrEnum, OpenIntEnum, OpenStrEnum
from mantago_runtime.reading.model import EMPTY, JsonField, Model, Result, json_field, read_only
from mantago_runtime.reading.readers import (
    DATE,
    FLAG,
    INTEGER,
    JSON,
    MILLISECONDS,
    NUMBER,
    TEXT,
    TIMESTAMP,
    enum_of,
    list_of,
    map_of,
    model_of,
    nullable,
    told_apart_by,
    union_of,
)
from mantago_runtime.reading.unlisted import Unlisted


class Resource(OpenStrEnum):
    _value_: str

    LOTTERY_GAME = "lotteryGame"
    REWARDS_CARD = "rewardsCard"
    UNKNOWN = "unknown"


@frozen(repr=False)
class Ticket(Model):
    created_at: datetime = field(metadata=json_field("createdAt", TIMESTAMP, required=True))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


@frozen(repr=False)
class Gift(Model):
    name: str = field(metadata=json_field("name", TEXT, required=True))
    resource: Resource = field(converter=Resource, metadata=json_field("resource", enum_of(Resource), required=True))
    created_at: datetime = field(metadata=json_field("createdAt", TIMESTAMP, required=True))
    is_expired: bool | None = field(default=None, metadata=json_field("isExpired", FLAG, promised=True))
    start_time: datetime | None = field(default=None, metadata=json_field("startTime", TIMESTAMP))
    end_time: datetime | None = field(default=None, metadata=json_field("endTime", TIMESTAMP))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


def _tickets(values: Iterable[Ticket]) -> tuple[Ticket, ...]:
    return tuple(values)


def _gifts(values: Iterable[Gift]) -> tuple[Gift, ...]:
    return tuple(values)


@frozen(repr=False)
class Gifts(Result):
    _envelope = (JsonField("success", FLAG, required=True), JsonField("message", TEXT, required=True))

    tickets: tuple[Ticket, ...] = field(
        default=(), converter=_tickets, metadata=json_field("tickets", list_of(model_of("sample_models:Ticket")))
    )
    physical_gifts: tuple[Gift, ...] = field(
        default=(), converter=_gifts, metadata=json_field("physicalGifts", list_of(model_of("sample_models:Gift")))
    )
    virtual_gifts: tuple[Gift, ...] = field(
        default=(), converter=_gifts, metadata=json_field("virtualGifts", list_of(model_of("sample_models:Gift")))
    )
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
    drift: tuple[Any, ...] = field(default=(), eq=False)


class Level(OpenIntEnum):
    _value_: int

    LOW = 1
    HIGH = 2


class Closed(ClosedStrEnum):
    LINE = "line"
    CHAT = "liveChat"


@frozen(repr=False, kw_only=True)
class Cat(Model):
    kind: str = field(metadata=json_field("petType", TEXT, required=True))
    lives: int | None = field(default=None, metadata=json_field("lives", INTEGER))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


@frozen(repr=False, kw_only=True)
class Dog(Model):
    kind: str = field(metadata=json_field("petType", TEXT, required=True))
    bark: str | None = field(default=None, metadata=json_field("bark", TEXT))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


PETS = told_apart_by("petType", {"cat": model_of("sample_models:Cat"), "dog": model_of("sample_models:Dog")})


@frozen(repr=False, kw_only=True)
class Everything(Result):
    """One field of each kind, none of them required."""

    text: str | None = field(default=None, metadata=json_field("text", TEXT))
    flag: bool | None = field(default=None, metadata=json_field("flag", FLAG))
    count: int | None = field(default=None, metadata=json_field("count", INTEGER))
    price: float | None = field(default=None, metadata=json_field("price", NUMBER))
    moment: datetime | None = field(default=None, metadata=json_field("moment", TIMESTAMP))
    day: date | None = field(default=None, metadata=json_field("day", DATE))
    since: datetime | None = field(default=None, metadata=json_field("since", MILLISECONDS))
    anything: Any = field(default=None, hash=False, metadata=json_field("anything", JSON, nullable=True))
    level: Level | None = field(default=None, metadata=json_field("level", enum_of(Level)))
    platform: Closed | str | None = field(default=None, metadata=json_field("platform", enum_of(Closed)))
    again: Everything | None = field(default=None, metadata=json_field("again", model_of("sample_models:Everything")))
    numbers: tuple[int, ...] = field(default=(), metadata=json_field("numbers", list_of(INTEGER)))
    holes: tuple[int | None, ...] = field(default=(), metadata=json_field("holes", list_of(nullable(INTEGER))))
    times: Mapping[str, datetime] | None = field(
        default=None, hash=False, metadata=json_field("times", map_of(TIMESTAMP))
    )
    either: int | Ticket | None = field(
        default=None, metadata=json_field("either", union_of(INTEGER, model_of(Ticket)))
    )
    pet: Cat | Dog | Unlisted | None = field(default=None, metadata=json_field("pet", PETS))
    pets: tuple[Cat | Dog | Unlisted, ...] = field(default=(), metadata=json_field("pets", list_of(PETS)))
    maybe: str | None = field(default=None, metadata=json_field("maybe", TEXT, nullable=True))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
    drift: tuple[Any, ...] = field(default=(), eq=False)


@frozen(repr=False, kw_only=True)
class Order(Model):
    """Sent and answered: some members only go one way."""

    _shows_values = False

    secret: str = field(default="", metadata=json_field("secret", TEXT, required=True, write_only=True))
    number: int | None = field(default=None, metadata=json_field("number", INTEGER, required=True, read_only=True))
    note: str | None = field(metadata=json_field("note", TEXT, required=True, nullable=True))
    due: datetime | None = field(default=None, metadata=json_field("due", TIMESTAMP))
    gifts: tuple[Gift, ...] = field(default=(), converter=_gifts, metadata=json_field("gifts", list_of(model_of(Gift))))
    inner: Order | None = field(default=None, metadata=json_field("inner", model_of("sample_models:Order")))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)


@frozen(repr=False, kw_only=True)
class Counts(Model):
    """What isn't a field is a moment, as the document says."""

    _additional = TIMESTAMP

    name: str | None = field(default=None, metadata=json_field("name", TEXT))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
