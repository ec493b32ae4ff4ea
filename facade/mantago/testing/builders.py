"""Builders of what the service holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from mantago import Gift, GiftResource, Ticket

__all__ = ["gift", "ticket"]

_CREATED_AT: Final = datetime(2024, 7, 15, 10, 30, 28, 700_000, tzinfo=UTC)


def ticket(*, created_at: datetime = _CREATED_AT) -> Ticket:
    """Return a ticket; without arguments always the same."""
    return Ticket(created_at=_aware("created_at", created_at))


def gift(
    name: str = "美式咖啡兌換券",
    *,
    resource: GiftResource | str = GiftResource.REWARDS_CARD,
    created_at: datetime = _CREATED_AT,
    is_expired: bool | None = False,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
) -> Gift:
    """Return a gift that is valid; without arguments always the same.

    One that is expired says from when to when it was valid, as the spec has it: by default the month from
    `created_at` on.
    """
    _aware("created_at", created_at)
    if is_expired and start_time is None and end_time is None:
        start_time, end_time = created_at, created_at + timedelta(days=30)
    for argument, moment in (("start_time", start_time), ("end_time", end_time)):
        _aware(argument, moment or created_at)
    return Gift(name, GiftResource(resource), created_at, is_expired, start_time, end_time)


def _aware(name: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{name} needs a time zone, as the service's timestamps have one: {moment!r}")
    return moment
