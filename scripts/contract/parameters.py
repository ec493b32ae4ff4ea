"""Comparing the parameters of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen

from . import lifecycle
from .collector import Collector, Where
from .documents import Cursor
from .rules import BREAKING, INFO, REQUEST, WARNING, Rule, register
from .schemas import Flow
from .views import View

_LACKS = "a call that was complete lacks it"
_WIRE = "the service reads the bytes of clients in another way"
register(
    [
        Rule("new-required-request-parameter", BREAKING, REQUEST, "a required parameter was added", _LACKS),
        Rule("new-request-path-parameter", BREAKING, REQUEST, "a path parameter was added", _LACKS),
        *(
            Rule(
                f"request-path-parameter-{what}",
                INFO,
                REQUEST,
                f"the path parameter {text}",
                "it has to be given as before",
            )
            for what, text in (
                ("declared", "is described now"),
                ("undeclared", "is no longer described"),
                ("renamed", "was called {old} and is called {new}"),
            )
        ),
        Rule("new-optional-request-parameter", INFO, REQUEST, "an optional parameter was added", "it may be left out"),
        Rule(
            "request-parameter-removed",
            *(WARNING, REQUEST, "the parameter was removed"),
            "the service passes over it, so that it no longer has an effect",
        ),
        Rule(
            "request-parameter-removed-before-sunset",
            *(BREAKING, REQUEST, "the parameter was removed before its sunset date {date}"),
            "clients were promised that it stays until then",
        ),
        Rule(
            "request-parameter-moved",
            *(BREAKING, REQUEST, "the parameter moved from {old} to {new}"),
            "the service no longer reads it where clients put it",
        ),
        Rule("request-parameter-became-required", BREAKING, REQUEST, "the parameter became required", _LACKS),
        Rule(
            "request-parameter-became-optional", INFO, REQUEST, "the parameter became optional", "it can still be sent"
        ),
        Rule("request-parameter-style-changed", BREAKING, REQUEST, "it is written as {new} instead of {old}", _WIRE),
        Rule("request-parameter-content-changed", BREAKING, REQUEST, "it is written as {new} instead of {old}", _WIRE),
        Rule(
            "request-parameter-empty-value-disallowed",
            *(BREAKING, REQUEST, "it may no longer be empty", "a call that was valid may be refused"),
        ),
        Rule(
            "request-parameter-empty-value-allowed",
            INFO,
            REQUEST,
            "it may be empty now",
            "all values that were sent still may be",
        ),
        Rule(
            "request-parameter-reserved-changed",
            *(WARNING, REQUEST, "sending reserved characters unescaped was allowed or disallowed"),
            "generated code escapes them in another way from now on",
        ),
    ]
)

# The place of a parameter, and its name on the wire; for a path parameter, its position instead.
ParameterKey = tuple[str, str]
Parameters = dict[ParameterKey, Cursor]
_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
PARAMETER_KEYWORDS = frozenset(
    {"$ref", "name", "in", "required", "deprecated", "allowEmptyValue", "style", "explode", "allowReserved", "schema"}
    | {"content", "x-sunset"}
)
TEMPLATE = re.compile(r"\{([^{}]*)\}")


@frozen
class Side:
    """An operation of one document: its path, and the places of the path's entry and of the operation."""

    path: str
    item: Cursor
    operation: Cursor
    # The addresses of the operation, parameters without names, each with the server's part of it.
    addresses: Mapping[str, str] = field(factory=dict)

    def parameters(self) -> Parameters:
        """Return the operation's parameters, those of its path included."""
        names = TEMPLATE.findall(self.path)
        found: Parameters = {}
        astray: list[Cursor] = []
        for place in (*self.item.get("parameters").elements(), *self.operation.get("parameters").elements()):
            parameter = place.described()
            where, name = parameter.raw("in").text, parameter.raw("name").text
            if where is None or name is None:
                continue
            if where == "path" and name not in names:
                astray.append(parameter)
            elif where == "path":
                found[where, str(names.index(name))] = parameter
            else:
                found[where, name.lower() if where == "header" else name] = parameter
        # A parameter with another name than in the path must stand for a place that no other one does.
        free = [str(count) for count in range(len(names)) if ("path", str(count)) not in found]
        for count, parameter in enumerate(astray):
            found["path", free[count] if count < len(free) else str(parameter.says("name"))] = parameter
        return found

    def dangling(self) -> list[str]:
        """Return the references to parameters that lead nowhere."""
        places = (*self.item.get("parameters").elements(), *self.operation.get("parameters").elements())
        return [place.reference or "" for place in places if not place.resolved()]


def compare(collector: Collector, where: Where, old: Side, new: Side) -> None:
    """Judge the parameters of an operation."""
    before, after = old.parameters(), new.parameters()
    for reference in sorted({*old.dangling()} ^ {*new.dangling()}):
        collector.add("unresolvable-reference", where, old.operation, new.operation, ref=reference)
    _path(collector, where, old, new)
    # A parameter in the path must be given, whether it is declared or not.
    count = min(len(TEMPLATE.findall(side.path)) for side in (old, new))
    templated = {("path", str(place)) for place in range(count)}
    gone = {key: place for key, place in before.items() if key not in after and key not in templated}
    come = {key: place for key, place in after.items() if key not in before and key not in templated}
    moved = _moved(gone, come)
    for key, place in sorted(gone.items()):
        if key in moved:
            target = moved[key]
            words = {"old": key[0], "new": target[0]}
            collector.add("request-parameter-moved", _where(where, key, place), place, come[target], **words)
        else:
            _removed(collector, _where(where, key, place), place)
    for key, place in sorted(come.items()):
        required = place.raw("required").value is True
        if key[0] == "path":
            rule = "new-request-path-parameter"
        else:
            rule = "new-required-request-parameter" if required else "new-optional-request-parameter"
        if required or key not in moved.values():
            collector.add(rule, _where(where, key, place), None, place)
    for key in sorted(before.keys() & after.keys()):
        _changed(collector, _where(where, key, before[key]), key[0], before[key], after[key])


def _path(collector: Collector, where: Where, old: Side, new: Side) -> None:
    """Judge the declarations and names of the parameters in the path."""
    before, after = old.parameters(), new.parameters()
    names = [TEMPLATE.findall(side.path) for side in (old, new)]
    for place, templates in enumerate(zip(*names, strict=False)):
        key = ("path", str(place))
        one, two = before.get(key), after.get(key)
        here = where.below(f"request path {templates[0]}")
        if (one is None) != (two is None):
            collector.add(f"request-path-parameter-{'undeclared' if one else 'declared'}", here, one, two)
        said = [str(side.says("name")) if side else name for side, name in zip((one, two), templates, strict=True)]
        for was, now in dict.fromkeys([templates, (said[0], said[1])]):
            if was != now:
                collector.add("request-path-parameter-renamed", here, one, two, old=was, new=now)
                break


def _where(where: Where, key: ParameterKey, place: Cursor) -> Where:
    return where.below(f"request {key[0]} {place.raw('name').text}")


def _moved(
    gone: Mapping[ParameterKey, Cursor], come: Mapping[ParameterKey, Cursor]
) -> dict[ParameterKey, ParameterKey]:
    def name(place: Cursor) -> str:
        return str(place.raw("name").text).lower()

    found: dict[ParameterKey, ParameterKey] = {}
    for key, place in sorted(gone.items()):
        targets = [other for other, candidate in sorted(come.items()) if name(candidate) == name(place)]
        if targets:
            found[key] = targets[0]
    return found


def _removed(collector: Collector, where: Where, old: Cursor) -> None:
    day = lifecycle.date(old.raw("x-sunset").value)
    if old.raw("deprecated").value is True and day and collector.today < day:
        collector.add("request-parameter-removed-before-sunset", where, old, None, date=day)
    else:
        collector.add("request-parameter-removed", where, old, None)


def _changed(collector: Collector, where: Where, location: str, old: Cursor, new: Cursor) -> None:
    collector.texts(where, old, new)
    lifecycle.deprecation("request-parameter", collector, where, old, new)
    # A path parameter is always required, even if its declaration leaves that out.
    was, now = (location == "path" or side.raw("required").value is True for side in (old, new))
    if was != now:
        rule = "request-parameter-became-required" if now else "request-parameter-became-optional"
        collector.add(rule, where, old, new)
    for keyword, on, off in (
        ("allowEmptyValue", "request-parameter-empty-value-allowed", "request-parameter-empty-value-disallowed"),
        ("allowReserved", "request-parameter-reserved-changed", "request-parameter-reserved-changed"),
    ):
        flags = [side.raw(keyword).value is True for side in (old, new)]
        if flags[0] != flags[1]:
            collector.add(on if flags[1] else off, where, old.raw(keyword) or old, new.raw(keyword) or new)
    collector.rest(where, old, new, PARAMETER_KEYWORDS)
    (kind_old, schema_old), (kind_new, schema_new) = content(old), content(new)
    medias(collector, where, old, new)
    if kind_old != kind_new:
        values = {"old": kind_old or "a plain value", "new": kind_new or "a plain value"}
        collector.add("request-parameter-content-changed", where, old, new, **values)
        return
    styles = [style(side, location) for side in (old, new)]
    # One word is written alike in every style, and also as the only item of an exploded list.
    repeats = styles[1] == "form, exploded" and is_simple(schema_old)
    alike = is_simple(schema_old) and is_simple(schema_new)
    if kind_old is None and styles[0] != styles[1] and not (alike or repeats):
        collector.add("request-parameter-style-changed", where, old, new, old=styles[0], new=styles[1])
    # The default of a required parameter has no effect.
    skipped = [f"request-parameter-default-value-{what}" for what in ("added", "removed", "changed")]
    flow = Flow(REQUEST, text=True, repeats=repeats) if kind_old is None else Flow(REQUEST)
    collector.schema(
        "request-parameter", where, schema_old, schema_new, flow=flow, skipped=skipped if was or now else ()
    )


def medias(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    """Keep the changes in the one media type of two parameters or headers, except those of its schema."""
    sides = [next((media.resolved() for _, media in side.get("content").children()), None) for side in (old, new)]
    if sides[0] and sides[1]:
        collector.texts(where, sides[0], sides[1])
        collector.rest(where, sides[0], sides[1], {"schema"})


def content(parameter: Cursor) -> tuple[str | None, Cursor]:
    """Return the media type of a parameter or header, if it has one, and its schema."""
    for kind, media in parameter.get("content").children():
        return kind, media.resolved().raw("schema")
    return None, parameter.raw("schema")


def style(parameter: Cursor, location: str) -> str:
    """Return the style of a parameter or header, with the defaults of style and explode filled in."""
    said = parameter.raw("style").text or _STYLES.get(location, "form")
    explode = parameter.raw("explode").value
    return f"{said}{', exploded' if (explode if isinstance(explode, bool) else said == 'form') else ''}"


def is_simple(schema: Cursor) -> bool:
    """Return whether the value is a single word, which all styles write alike."""
    types = View([schema], frozenset()).types
    return types is not None and not types & {"array", "object"}
