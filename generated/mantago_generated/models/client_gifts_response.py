# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.model import EMPTY, JsonField, Result, json_field, read_only
from mantago_runtime.reading.readers import FLAG, TEXT, list_of, model_of

if TYPE_CHECKING:
    from mantago_generated.models.gift_item import Gift
    from mantago_generated.models.ticket_gift import Ticket


def _to_tuple_ticket(values: Iterable[Ticket]) -> tuple[Ticket, ...]:
    return tuple(values)


def _to_tuple_gift(values: Iterable[Gift]) -> tuple[Gift, ...]:
    return tuple(values)


@frozen(repr=False)
class ClientGifts(Result):
    """The gifts of one client. A list that the service left out is empty.

    Spec: `ClientGiftsResponse`.

    Attributes:
        tickets: Ticket gifts (default type unused coupons)
        physical_gifts: Physical type gifts
        virtual_gifts: Virtual gifts (non-default virtual gifts)
    """

    __module__ = "mantago"
    _envelope = (JsonField("success", FLAG, required=True), JsonField("message", TEXT, required=True))

    tickets: tuple[Ticket, ...] = field(
        default=(),
        converter=_to_tuple_ticket,
        metadata=json_field("tickets", list_of(model_of("mantago_generated.models.ticket_gift:Ticket"))),
    )
    physical_gifts: tuple[Gift, ...] = field(
        default=(),
        converter=_to_tuple_gift,
        metadata=json_field("physicalGifts", list_of(model_of("mantago_generated.models.gift_item:Gift"))),
    )
    virtual_gifts: tuple[Gift, ...] = field(
        default=(),
        converter=_to_tuple_gift,
        metadata=json_field("virtualGifts", list_of(model_of("mantago_generated.models.gift_item:Gift"))),
    )
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
    drift: tuple[Drift, ...] = field(default=(), eq=False)
