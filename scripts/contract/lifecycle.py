"""Deprecation, sunset dates and stability levels: the conditions on which something may be removed."""

from __future__ import annotations

import datetime as dt

from .collector import Collector, Where
from .documents import Cursor
from .rules import BOTH, BREAKING, INFO, WARNING, Rule, register

STABILITY_LEVELS = ("draft", "alpha", "beta", "stable")
_BROKEN = "clients can't plan, since what they use may be gone by this date"
_EARLY = "clients were promised that it stays until then"

_OPERATION_RULES = [
    Rule("api-removed-without-deprecation", BREAKING, BOTH, "the operation was removed", "calls to it fail"),
    Rule(
        "api-removed-with-deprecation",
        *(WARNING, BOTH, "the operation, long deprecated, was removed"),
        "clients were told to leave it, yet those that didn't fail",
    ),
    Rule(
        "api-removed-before-sunset",
        *(BREAKING, BOTH, "the operation was removed before its sunset date {date}", _EARLY),
    ),
    Rule(
        "api-stability-decreased",
        *(BREAKING, BOTH, "the stability level went down from {old} to {new}"),
        "it may change without notice from now on",
    ),
    Rule(
        "api-invalid-stability-level",
        *(BREAKING, BOTH, "the stability level {new} is none of draft, alpha, beta, stable"),
        "clients can't tell what they may rely on",
    ),
]


def _shared(prefix: str, noun: str) -> list[Rule]:
    return [
        Rule(f"{prefix}-deprecated", INFO, BOTH, f"the {noun} is deprecated now", "it works as before, for now"),
        Rule(f"{prefix}-reactivated", INFO, BOTH, f"the {noun} is no longer deprecated", "it works as before"),
        Rule(
            f"{prefix}-sunset-parse",
            *(BREAKING, BOTH, f"the {noun}'s sunset date {{new}} can't be read as a date", _BROKEN),
        ),
        Rule(
            f"{prefix}-sunset-date-too-small",
            *(BREAKING, BOTH, f"the {noun} was deprecated with a sunset date in the past, {{new}}", _BROKEN),
        ),
        Rule(
            f"{prefix}-sunset-deleted",
            *(BREAKING, BOTH, f"the deprecated {noun}'s sunset date {{old}} was taken away", _BROKEN),
        ),
        Rule(
            f"{prefix}-sunset-date-changed-too-small",
            *(BREAKING, BOTH, f"the {noun}'s sunset date moved from {{old}} to {{new}}, which is past", _EARLY),
        ),
    ]


register([*_OPERATION_RULES, *_shared("api", "operation"), *_shared("request-parameter", "parameter")])


def date(value: object) -> dt.date | None:
    """Return the date in an x-sunset, which may have a time as well."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def removed(collector: Collector, where: Where, old: Cursor) -> None:
    """Judge the removal of an operation."""
    if _stability(old) in ("draft", "alpha"):
        collector.lenient.add(where.operation)
    sunset = old.raw("x-sunset")
    day = date(sunset.value)
    if old.raw("deprecated").value is not True:
        collector.add("api-removed-without-deprecation", where, old, None)
    elif sunset and day is None:
        collector.add("api-sunset-parse", where, sunset, None, new=sunset.value)
    elif day and collector.today < day:
        collector.add("api-removed-before-sunset", where, old, None, date=day)
    else:
        collector.add("api-removed-with-deprecation", where, old, None)


def deprecation(prefix: str, collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    """Judge the change of an operation's or a parameter's deprecation."""
    was, now = (side.raw("deprecated").value is True for side in (old, new))
    if was != now:
        rule = f"{prefix}-deprecated" if now else f"{prefix}-reactivated"
        collector.add(rule, where, old, new.raw("deprecated") or new)
    before, after = old.raw("x-sunset"), new.raw("x-sunset")
    if not now:
        return
    values = {"old": before.value, "new": after.value}
    if not after:
        if was and before:
            collector.add(f"{prefix}-sunset-deleted", where, before, new, **values)
        return
    day, earlier = date(after.value), date(before.value)
    if day is None:
        if before.value != after.value:
            collector.add(f"{prefix}-sunset-parse", where, before or old, after, **values)
    elif not was and day < collector.today:
        collector.add(f"{prefix}-sunset-date-too-small", where, old, after, **values)
    elif was and earlier and day < earlier and day < collector.today:
        collector.add(f"{prefix}-sunset-date-changed-too-small", where, before, after, **values)


def _stability(operation: Cursor) -> str | None:
    return operation.raw("x-stability-level").text


def stability(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    """Judge the change of the stability level."""
    before, after = _stability(old), _stability(new)
    place = new.raw("x-stability-level")
    if place and after not in STABILITY_LEVELS:
        if old.raw("x-stability-level").value != place.value:
            collector.add("api-invalid-stability-level", where, old, place, new=place.value)
    elif before in STABILITY_LEVELS and (
        after is None or STABILITY_LEVELS.index(after) < STABILITY_LEVELS.index(before)
    ):
        collector.add("api-stability-decreased", where, old, place or new, old=before, new=after or "none")
    if before in ("draft", "alpha") and after in ("draft", "alpha"):
        collector.lenient.add(where.operation)
