"""Checking the facts of a document on which the façade relies, as mantago.assumptions lists them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mantago.assumptions import ASSUMPTIONS, Assumption

from .changes import Change, change
from .documents import Cursor, Document
from .parameters import Side
from .rules import BOTH, WARNING, Rule, register
from .views import View

register(
    [
        Rule(
            "assumption-broken",
            *(WARNING, BOTH, "the facade relies on {expected}, and now it is {found}: look at {module} ({why})"),
            "the friendly methods were written for the old document",
        )
    ]
)

Said = dict[str, Any]
Facts = dict[str, tuple[Cursor | None, Said]]
_UNSAID: tuple[Cursor | None, Said] = (None, {})
_JSON = "application/json"


def compare(old: Document, new: Document) -> Iterator[Change]:
    """Yield the assumptions of the façade that hold in the old document and no longer in the new one."""
    for path, item in old.root.get("paths").children():
        for name in (f"{method.upper()} {path}" for method in item.mapping):
            before, after = facts(old, name), facts(new, name)
            # A removed operation is a finding of its own.
            for assumption in ASSUMPTIONS if before and after else ():
                yield from _broken(name, assumption, before, after)


def _broken(operation: str, assumption: Assumption, before: Facts, after: Facts) -> Iterator[Change]:
    for key, expected in assumption.facts.items():
        for place in _places(assumption.place, before, after):
            was, now = (side.get(place, _UNSAID) for side in (before, after))
            if _holds(key, expected, was[1]) and not _holds(key, expected, now[1]):
                pointers = [found.at if found else None for found in (was[0], now[0])]
                yield change(
                    "assumption-broken",
                    operation,
                    f"{operation} {place}".strip(),
                    *pointers,
                    expected="an exception for each status" if key == "statuses" else _shown(key, expected),
                    found=_found(key, expected, now),
                    module=assumption.module,
                    why=assumption.why,
                )
                if not now[0]:
                    return
                # One finding is enough for all failures, since most have the same schema.
                break


def _places(place: str, *sides: Facts) -> list[str]:
    """Return the places of an assumption; a failure is any answer of both sides that isn't a success."""
    kind, _, rest = place.partition(" ")
    if kind != "failure":
        return [place]
    statuses = set[str].intersection(*({*side[""][1]["statuses"]} for side in sides))
    return [f"{status} {rest}" for status in sorted(statuses) if not status.startswith("2")]


def _found(key: str, expected: Any, now: tuple[Cursor | None, Said]) -> str:
    if key == "statuses":
        return f"without one for {', '.join(sorted(_strange(expected, now[1])))}"
    if key == "says":
        return "without it"
    return _shown(key, now[1].get(key)) if now[0] else "gone"


def _strange(expected: frozenset[str], said: Said) -> set[str]:
    return {status for status in said["statuses"] if status.isdecimal()} - expected


def _holds(key: str, expected: Any, found: Said) -> bool:
    if key == "statuses":
        return not _strange(expected, found)
    if key == "says":
        return expected.casefold() in " ".join(str(found.get("says", "")).split()).casefold()
    return bool(found.get(key) == expected)


def _shown(key: str, value: Any) -> str:
    return f'the sentence "{value}"' if key == "says" else f"{key} {value}"


def facts(document: Document, operation: str) -> Facts:
    """Return the facts of an operation by the place of an assumption; none if the document doesn't have it."""
    method, _, path = operation.partition(" ")
    item = document.root.get("paths").get(path)
    place = item.get(method.lower())
    if not place:
        return {}
    answers = place.get("responses")
    whole = {"says": place.says("description"), "statuses": frozenset(answers.mapping)}
    found: Facts = {"": (place, whole)}
    parameters = Side(path, item, place).parameters()
    for wanted in {assumption.place for assumption in ASSUMPTIONS} - {""}:
        for name in _places(wanted, found):
            kind, _, rest = name.partition(" ")
            if parameter := parameters.get((kind, rest)):
                looked = _schema((parameter.get("schema"),), required=parameter.says("required") is True)
            elif kind == "body":
                body = place.get("requestBody")
                looked = _schema(_content(body), rest, required=body.says("required") is True)
            else:
                looked = _schema(_content(answers.get(kind)), rest, required=True)
            found |= {name: looked} if looked else {}
    return found


def _content(message: Cursor) -> tuple[Cursor, ...]:
    return (message.get("content").get(_JSON).get("schema"),)


def _schema(places: tuple[Cursor, ...], way: str = "", *, required: bool) -> tuple[Cursor, Said] | None:
    """Return the facts of several schemas together, or of one of their properties, to which a way of names leads."""
    view = View(places, frozenset())
    if not view.place.resolved():
        return None
    if way:
        name, _, rest = way.partition(".")
        return _schema(view.properties.get(name, ()), rest, required=name in view.required)
    said: Said = {"required": required, "says": view.value("description")}
    if view.types is not None:
        said["type"] = ", ".join(sorted(view.types))
    return view.place, said
