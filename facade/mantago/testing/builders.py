"""Builders of gifts and tickets for the service to hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType
from typing import Any, Final

from mantago import ClientGifts, Gift, GiftResource, Ticket
from mantago.testing.answers import Answers
from mantago.testing.document import Document
from mantago.testing.scenarios import GIFTS
from mantago_generated.spec import published
from mantago_runtime.reading.fields import attributes_of, json_fields
from mantago_runtime.reading.model import Model

__all__ = ["fields_by_keyword", "gift", "ticket"]

_CREATED_AT: Final = datetime(2024, 7, 15, 10, 30, 28, 700_000, tzinfo=UTC)


def ticket(*, created_at: datetime = _CREATED_AT) -> Ticket:
    """Return a ticket; without arguments, it is always the same."""
    return Ticket(_aware("created_at", created_at), **_newer("tickets"))


def gift(
    name: str = "美式咖啡兌換券",
    *,
    resource: GiftResource | str = GiftResource.REWARDS_CARD,
    created_at: datetime = _CREATED_AT,
    is_expired: bool | None = False,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
) -> Gift:
    """Return a valid gift; without arguments, it is always the same.

    An expired gift says from when to when it was valid, as the spec asks: by default, 30 days from `created_at` on. A
    field of a newer document is no argument here and has a fitting value; `attrs.evolve` gives it another one.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, not {name!r}")
    if not isinstance(is_expired, (bool, NoneType)):
        raise TypeError(f"is_expired must be True, False or None, not {is_expired!r}")
    _aware("created_at", created_at)
    if is_expired and start_time is None and end_time is None:
        start_time, end_time = created_at, created_at + timedelta(days=30)
    for argument, moment in (("start_time", start_time), ("end_time", end_time)):
        _aware(argument, moment or created_at)
    newer = _newer("virtual_gifts")
    return Gift(name, GiftResource(resource), created_at, is_expired, start_time, end_time, **newer)


def _aware(name: str, moment: datetime) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError(f"{name} must be a datetime with a time zone, not {moment!r}")
    if moment.tzinfo is None:
        raise ValueError(f"{name} needs a time zone, as the service's timestamps have one: {moment!r}")
    return moment


def fields_by_keyword(model: Model) -> dict[str, Any]:
    """Return what a result holds in fields that came with a newer document, as arguments of its class."""
    declared = json_fields(type(model))
    newer = [one.name for one in attributes_of(type(model)) if one.kw_only and one.name in declared]
    return {name: getattr(model, name) for name in newer}


@cache
def _newer(kind: str) -> dict[str, Any]:
    """Return made-up values for the fields of a gift or a ticket that came with a newer document."""
    document = Document(published())
    operation = document.named(GIFTS)
    payload = Answers(document).of(operation).payload if operation else {}
    gifts = ClientGifts.from_dict(payload)
    found: tuple[Gift | Ticket, ...] = getattr(gifts, kind)
    return fields_by_keyword(found[0]) if found else {}
