"""Defaults of the document as code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from generation.code import Classes, Imports
from generation.document import Refused
from generation.ir import ABSENT, ListOf, Named, Nullable, Place, Scalar, Type, Union
from generation.text import literal
from vendoring.fragments import pointer

WRONG = ""
"""Marks a default that its type doesn't allow."""


def default_code(kind: Type, value: Any, place: Place, imports: Imports, classes: Classes) -> str | None:
    """Return the expression of a default; None if there is none, or none that can stand in a signature.

    Raises Refused for one that its own type doesn't allow.
    """
    if value is ABSENT:
        return None
    found = _code(kind, value, imports, classes)
    if found == WRONG:
        raise Refused(
            f"{pointer(place)}: the default {value!r} isn't what its schema allows: correct it by an action of an "
            "overlay"
        )
    return found


def _code(kind: Type, value: Any, imports: Imports, classes: Classes) -> str | None:
    match kind:
        case Nullable(inner):
            return "None" if value is None else _code(inner, value, imports, classes)
        case Union(alternatives):
            return next((code for one in alternatives if (code := _code(one, value, imports, classes))), WRONG)
        case Scalar(name) if name in _SCALARS:
            return _SCALARS[name](value, imports)
        case Named(place) if place in classes.enums:
            known = (type(value), value) in [(type(one), one) for one in classes.enums[place].values]
            return _simple(value) if known else WRONG
        case ListOf(item):
            parts = [_code(item, one, imports, classes) for one in value] if isinstance(value, list) else [WRONG]
            if WRONG in parts:
                return WRONG
            return None if None in parts else f"({''.join(f'{part}, ' for part in parts)})"
        case _:
            return None


def _simple(value: str | int) -> str:
    return literal(value) if isinstance(value, str) else repr(value)


def _whole(value: Any, _: Imports) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return repr(value) if type(value) is int else WRONG


def _day(value: Any, imports: Imports) -> str:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return WRONG
    return f"{imports.name('datetime', 'date')}({day.year}, {day.month}, {day.day})"


def _moment(value: Any, imports: Imports) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return WRONG
    return (
        f"{imports.name('datetime', 'datetime')}.fromisoformat({literal(moment.isoformat())})"
        if moment.tzinfo
        else WRONG
    )


_SCALARS: Mapping[str, Callable[[Any, Imports], str]] = {
    "TEXT": lambda value, _: literal(value) if isinstance(value, str) else WRONG,
    "FLAG": lambda value, _: repr(value) if isinstance(value, bool) else WRONG,
    "INTEGER": _whole,
    "NUMBER": lambda value, _: repr(value) if type(value) in {int, float} else WRONG,
    "DATE": _day,
    "TIMESTAMP": _moment,
}
