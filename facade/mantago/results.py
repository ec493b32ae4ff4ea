"""The results of the friendly methods, as immutable objects, and the fast readers of those that come by thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from attrs import field, frozen

from mantago.operations import OpenStrEnum
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.readers import (
    JsonField,
    attributes_of,
    list_of,
    read_as,
    read_boolean,
    read_payload,
    read_string,
    read_timestamp,
    read_usual_timestamp,
    reader_of,
)
from mantago_runtime.reading.results import NO_EXTRA, _Result, frozen_extra

T = TypeVar("T")


class GiftResource(OpenStrEnum):
    """Where a gift comes from: `resource` in the spec.

    A value that the spec doesn't list is kept, equals its string, and says `is_known == False`.
    """

    _value_: str  # for type checkers: not one of the values below only

    LOTTERY_GAME = "lotteryGame"
    REWARDS_CARD = "rewardsCard"
    UNKNOWN = "unknown"


def _resource(value: object, drift: list[Drift], place: str) -> GiftResource:
    text = read_string(value, drift, place)
    if known := _KNOWN.get(text):
        return known
    drift.append(Drift("unknown_value", place, f"{text[:100]!r} is not listed by the spec"))
    return GiftResource(text)


_KNOWN: Mapping[str, GiftResource] = {resource.value: resource for resource in GiftResource}
_ENVELOPE = (JsonField("success", read_boolean), JsonField("message", read_string))


@frozen(repr=False)
class Ticket(_Result):
    """A coupon that the client hasn't used; `TicketGift` in the spec."""

    created_at: datetime = field(metadata=read_as("createdAt", read_timestamp))
    extra: Mapping[str, Any] = field(default=NO_EXTRA, converter=frozen_extra, hash=False)


@frozen(repr=False)
class Gift(_Result):
    """A physical or virtual gift; `GiftItem` in the spec.

    `is_expired` is None where the service doesn't say. Start and end of the time in which the gift is valid are,
    by the spec, there only when it is expired.
    """

    name: str = field(metadata=read_as("name", read_string))
    resource: GiftResource = field(metadata=read_as("resource", _resource), converter=GiftResource)
    created_at: datetime = field(metadata=read_as("createdAt", read_timestamp))
    is_expired: bool | None = field(
        default=None, metadata=read_as("isExpired", read_boolean, optional=True, required_by_spec=True)
    )
    start_time: datetime | None = field(default=None, metadata=read_as("startTime", read_timestamp, optional=True))
    end_time: datetime | None = field(default=None, metadata=read_as("endTime", read_timestamp, optional=True))
    extra: Mapping[str, Any] = field(default=NO_EXTRA, converter=frozen_extra, hash=False)


# Almost every element is as the spec has it. The functions below read such a one in half the time. For any other they
# raise LookupError, TypeError or ValueError, and it is read field by field, which knows what is wrong, and where.


def _setters(cls: Any) -> Iterable[Callable[[object, object], None]]:
    return (vars(cls)[attribute.name].__set__ for attribute in attributes_of(cls))


_new = object.__new__
_ticket_created_at, _ticket_extra = _setters(Ticket)
_name, _resource_of, _created_at, _is_expired, _start_time, _end_time, _extra = _setters(Gift)


def _usual_ticket(data: Any) -> Ticket:
    if len(data) != 1:
        raise ValueError
    ticket = _new(Ticket)
    _ticket_created_at(ticket, read_usual_timestamp(data["createdAt"]))
    _ticket_extra(ticket, NO_EXTRA)
    return ticket


def _usual_gift(data: Any) -> Gift:
    start = end = None
    if len(data) != 4:
        if len(data) != 6:
            raise ValueError
        start, end = read_usual_timestamp(data["startTime"]), read_usual_timestamp(data["endTime"])
    name, is_expired = data["name"], data["isExpired"]
    if type(name) is not str or type(is_expired) is not bool:
        raise ValueError
    gift = _new(Gift)
    _name(gift, name)
    _resource_of(gift, _KNOWN[data["resource"]])
    _created_at(gift, read_usual_timestamp(data["createdAt"]))
    _is_expired(gift, is_expired)
    _start_time(gift, start)
    _end_time(gift, end)
    _extra(gift, NO_EXTRA)
    return gift


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
        default=(),
        converter=_tickets,
        metadata=read_as("tickets", list_of(reader_of(Ticket), _usual_ticket), optional=True),
    )
    physical_gifts: tuple[Gift, ...] = field(
        default=(),
        converter=_gifts,
        metadata=read_as("physicalGifts", list_of(reader_of(Gift), _usual_gift), optional=True),
    )
    virtual_gifts: tuple[Gift, ...] = field(
        default=(),
        converter=_gifts,
        metadata=read_as("virtualGifts", list_of(reader_of(Gift), _usual_gift), optional=True),
    )
    extra: Mapping[str, Any] = field(default=NO_EXTRA, converter=frozen_extra, hash=False)
    drift: tuple[Drift, ...] = field(default=(), eq=False)


read_client_gifts = partial(read_payload, reader_of(ClientGifts, *_ENVELOPE))
"""Reads the answer of "Get client gifts"."""
