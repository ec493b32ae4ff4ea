"""Defaults of the document as code: only what its type can hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from _fragments import pointer
from generation.code import Classes, Imports
from generation.document import Refused
from generation.ir import ABSENT, ListOf, Named, Nullable, Place, Scalar, Type, Union
from generation.text import literal


def default_code(kind: Type, value: Any, place: Place, imports: Imports, classes: Classes) -> str | None:
    """Return the expression of a default, or nothing if there is none that can stand in a signature.

    Raises Refused for one that its own type doesn't allow.
    """
    if value is ABSENT:
        return None
    found = _code(kind, value, imports, classes)
    if found == "":
        raise Refused(
            f"{pointer(place)}: the default {value!r} isn't what its schema allows: correct it by an action of an overlay"
        )
    return found


def _code(kind: Type, value: Any, imports: Imports, classes: Classes) -> str | None:
    """Return the expression, an empty text for what the type doesn't allow, or nothing for what has no expression."""
    match kind, value:
        case (Nullable(inner), _):
            return "None" if value is None else _code(inner, value, imports, classes)
        case (Union(alternatives), _):
            return next((code for one in alternatives if (code := _code(one, value, imports, classes))), "")
        case (Scalar("TEXT"), str()):
            return literal(value)
        case (Scalar("FLAG"), bool()):
            return repr(value)
        case (Scalar("INTEGER" | "NUMBER"), bool()):
            return ""
        case (Scalar("INTEGER"), int()) | (Scalar("NUMBER"), int() | float()):
            return repr(value)
        case (Scalar("INTEGER"), float()) if value.is_integer():
            return repr(int(value))
        case (Scalar("DATE" | "TIMESTAMP" as name), str()):
            return _moment(name, value, imports)
        case (Scalar("TEXT" | "FLAG" | "INTEGER" | "NUMBER" | "DATE" | "TIMESTAMP"), _):
            return ""
        case (Named(place), _) if place in classes.enums:
            if value not in classes.enums[place].values:
                return ""
            return literal(value) if isinstance(value, str) else repr(value)
        case (ListOf(item), list()):
            parts = [_code(item, one, imports, classes) for one in value]
            if "" in parts:
                return ""
            return None if None in parts else f"({''.join(f'{part}, ' for part in parts)})"
        case (ListOf(), _):
            return ""
        case _:
            return None


def _moment(name: str, value: str, imports: Imports) -> str | None:
    try:
        if name == "DATE":
            day = date.fromisoformat(value)
            return f"{imports.name('datetime', 'date')}({day.year}, {day.month}, {day.day})"
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return (
        f"{imports.name('datetime', 'datetime')}.fromisoformat({literal(moment.isoformat())})" if moment.tzinfo else ""
    )
