"""Bodies and answers: media types, status codes, headers."""

from __future__ import annotations

import re

from .collector import Collector, Where
from .documents import ABSENT, Cursor
from .parameters import content, is_simple, medias, style
from .rules import BREAKING, INFO, REQUEST, RESPONSE, WARNING, Direction, Rule, register
from .schemas import Flow, Form, Written

_GONE = "clients that rely on it find nothing"
_UNKNOWN = "clients treat it like any answer that they don't know"
register(
    [
        Rule(
            "request-body-added-required",
            BREAKING,
            REQUEST,
            "a required body was added",
            "calls without it are refused",
        ),
        Rule(
            "request-body-added-optional", INFO, REQUEST, "an optional body was added", "calls without it are accepted"
        ),
        Rule(
            "request-body-removed",
            *(WARNING, REQUEST, "the body was removed"),
            "the service passes over it, so that it no longer has an effect",
        ),
        Rule(
            "request-body-became-required",
            BREAKING,
            REQUEST,
            "the body became required",
            "calls without it are refused",
        ),
        Rule(
            "request-body-became-optional",
            INFO,
            REQUEST,
            "the body became optional",
            "calls with it are still accepted",
        ),
        Rule(
            "request-body-media-type-removed",
            *(BREAKING, REQUEST, "the media type was removed"),
            "calls that use it are refused",
        ),
        Rule(
            "request-body-media-type-added",
            INFO,
            REQUEST,
            "the media type was added",
            "bodies that were sent are still accepted",
        ),
        Rule(
            "request-body-encoding-changed",
            *(WARNING, REQUEST, "the encoding of the form's fields changed"),
            "clients may write the fields in a way that isn't read any more",
        ),
        Rule(
            "response-encoding-changed",
            *(WARNING, RESPONSE, "the encoding of the parts changed"),
            "clients may meet the parts in a form that they don't read",
        ),
        Rule(
            "response-success-status-removed",
            *(BREAKING, RESPONSE, "the answer was removed", "clients wait for it in vain"),
        ),
        Rule("response-success-status-added", INFO, RESPONSE, "the answer was added", _UNKNOWN),
        Rule(
            "response-non-success-status-removed",
            *(WARNING, RESPONSE, "the answer was removed"),
            "code for this failure is dead, and clients may meet another failure instead",
        ),
        Rule("response-non-success-status-added", INFO, RESPONSE, "the answer was added", _UNKNOWN),
        Rule(
            "response-media-type-removed",
            BREAKING,
            RESPONSE,
            "the media type was removed",
            "clients that ask for it fail",
        ),
        Rule("response-media-type-added", INFO, RESPONSE, "the media type was added", "clients needn't ask for it"),
        Rule("required-response-header-removed", BREAKING, RESPONSE, "the required header was removed", _GONE),
        Rule(
            "optional-response-header-removed",
            *(WARNING, RESPONSE, "the optional header was removed"),
            "clients can't rely on it anyway, yet it never comes again",
        ),
        Rule("response-header-added", INFO, RESPONSE, "the header was added", "clients pass over what they don't know"),
        Rule("response-header-became-optional", BREAKING, RESPONSE, "the header became optional", _GONE),
        Rule("response-header-became-required", INFO, RESPONSE, "the header became required", "it comes more often"),
        Rule(
            "response-header-style-changed",
            *(BREAKING, RESPONSE, "it is written as {new} instead of {old}"),
            "clients misread it",
        ),
        Rule(
            "response-links-changed",
            *(INFO, RESPONSE, "the links to other operations changed"),
            "they only describe operations that can be called anyway",
        ),
    ]
)

# The other keywords of parameters don't apply to headers, so that a person must look at them.
HEADER_KEYWORDS = frozenset({"$ref", "required", "style", "explode", "schema", "content"})


def bodies(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    """Judge the request bodies of two operations."""
    raw_old, raw_new = old.raw("requestBody"), new.raw("requestBody")
    where = where.below("request body")
    if collector.dangling(where, raw_old, raw_new):
        return
    before, after = raw_old.described(), raw_new.described()
    was, now = (side.raw("required").value is True for side in (before, after))
    if not (before and after):
        if after:
            collector.add(f"request-body-added-{'required' if now else 'optional'}", where, None, after)
        elif before:
            collector.add("request-body-removed", where, before, None)
        return
    collector.texts(where, before, after)
    collector.rest(where, before, after, {"$ref", "required", "content"})
    if was != now:
        rule = "request-body-became-required" if now else "request-body-became-optional"
        collector.add(rule, where, before, after)
    contents(collector, where, before, after, REQUEST)


def _media_types(place: Cursor) -> dict[str, Cursor]:
    return {_normal(name): media for name, media in place.get("content").children()}


def _normal(media_type: str) -> str:
    # JSON is UTF-8, even if the charset is left out; other parameters tell media types apart.
    return re.sub(r";charset=\"?utf-?8\"?", "", re.sub(r"\s+", "", media_type.lower()))


def _covering(name: str, ranges: dict[str, Cursor]) -> Cursor | None:
    kind = name.partition("/")[0]
    return next((ranges[known] for known in (name, f"{kind}/*", "*/*") if known in ranges), None)


def contents(collector: Collector, where: Where, old: Cursor, new: Cursor, direction: Direction) -> None:
    """Judge the media types of two bodies or answers."""
    before, after = _media_types(old), _media_types(new)
    prefix = "request-body" if direction is REQUEST else "response"
    for name in sorted(before):
        here = where.below(name)
        # A request may be sent as anything that the new range includes; an answer may come as anything in it.
        partners = {name: _covering(name, after) if direction is REQUEST else after.get(name)}
        if partners[name] is None and direction is not REQUEST:
            # An answer of a range was, or may have been, of this media type.
            partners = {other: after[other] for other in sorted(after) if _covering(other, {name: before[name]})}
        if not any(partners.values()):
            collector.add(f"{prefix}-media-type-removed", here, before[name], None)
        for other, partner in partners.items():
            if partner:
                _media(collector, where.below(other), before[name], partner, direction)
    for name in sorted(after.keys() - before.keys()):
        collector.add(f"{prefix}-media-type-added", where.below(name), None, after[name])


def _media(collector: Collector, here: Where, old: Cursor, new: Cursor, direction: Direction) -> None:
    if not collector.dangling(here, old, new):
        prefix = "request-body" if direction is REQUEST else "response"
        name = here.path.rpartition(" ")[2]
        media_old, media_new = old.resolved(), new.resolved()
        flow = _flow(direction, name, media_old, media_new)
        collector.texts(here, media_old, media_new)
        collector.schema(f"{direction}-body", here, media_old.raw("schema"), media_new.raw("schema"), flow=flow)
        encodings = media_old.raw("encoding"), media_new.raw("encoding")
        if not collector.twins.same(*encodings) and any(side.mapping for side in encodings):
            collector.add(f"{prefix}-encoding-changed", here, *encodings)
        collector.rest(here, media_old, media_new, {"schema", "encoding"})


def _flow(direction: Direction, name: str, old: Cursor, new: Cursor) -> Flow:
    if not name.startswith(("multipart/", "application/x-www-form-urlencoded")):
        return Flow(direction, text=name.startswith("text/plain"))
    fields = {
        field: written
        for media in (old, new)
        for field, encoding in media.get("encoding").children()
        if (written := _written(encoding))
    }
    return Flow(direction, text=True, form=Form(name.startswith("multipart/"), tuple(sorted(fields.items(), key=str))))


def _written(encoding: Cursor) -> Written | None:
    kind = encoding.raw("contentType").text
    if kind and "json" in kind.lower():
        return Written.JSON
    if encoding.raw("explode").value is False or encoding.raw("style").text not in (None, "form"):
        return Written.ONCE
    return Written.TEXT if kind else None


def responses(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    """Judge the answers of two operations."""
    before, after = (
        {name.upper(): place for name, place in side.get("responses").children() if not name.startswith("x-")}
        for side in (old, new)
    )
    for status in sorted(before):
        here = where.below(f"response {_shown(status)}")
        # 2XX covers 200, and default whatever isn't listed.
        partner = after.get(status) or after.get(_range(status))
        if partner is None and not (_is_range(status) and any(_range(code) == status for code in after)):
            success = status.startswith("2")
            rule = "success" if success else "non-success"
            collector.add(f"response-{rule}-status-removed", here, before[status], None)
            partner = None if success else after.get("DEFAULT")
        _responses(collector, here, before[status], partner)
    for status in sorted(after.keys() - before.keys()):
        rule = "success" if status.startswith("2") else "non-success"
        here = where.below(f"response {_shown(status)}")
        # Beside successful answers, default describes failures.
        fails = not status.startswith("2") or not any(code.startswith("2") for code in before)
        former = before.get(_range(status)) or (before.get("DEFAULT") if fails else None)
        if not any(_range(code) == status for code in before.keys() - after.keys()):
            collector.add(f"response-{rule}-status-added", here, None, after[status])
            # Until now, the range or default described this answer.
            _responses(collector, here, former, after[status])


def _range(status: str) -> str:
    return f"{status[:1]}XX"


def _is_range(status: str) -> bool:
    return status == _range(status)


def _shown(status: str) -> str:
    return "default" if status == "DEFAULT" else status


def _responses(collector: Collector, where: Where, old: Cursor | None, new: Cursor | None) -> None:
    if old and new and not collector.dangling(where, old, new):
        _response(collector, where, old.described(), new.described())


def _response(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    collector.texts(where, old, new)
    _headers(collector, where, old, new)
    contents(collector, where, old, new, RESPONSE)
    collector.rest(where, old, new, {"$ref", "headers", "content", "links"})
    links = old.raw("links"), new.raw("links")
    if not collector.twins.same(*links) and any(side.mapping for side in links):
        collector.add("response-links-changed", where, *links)


def _headers(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    before, after = (
        # By OpenAPI, Content-Type is a matter of the media types.
        {
            name.lower(): (name, place)
            for name, place in side.get("headers").children()
            if name.lower() != "content-type"
        }
        for side in (old, new)
    )
    for key in sorted(before.keys() | after.keys()):
        name = (before.get(key) or after[key])[0]
        here = where.below(f"header {name}")
        raw_old, raw_new = (
            side[key][1] if key in side else Cursor(old.document, ABSENT, "") for side in (before, after)
        )
        if collector.dangling(here, raw_old, raw_new):
            continue
        _header(collector, here, raw_old.described(), raw_new.described())


def _header(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    was, now = (side.raw("required").value is True for side in (old, new))
    if not new:
        collector.add(f"{'required' if was else 'optional'}-response-header-removed", where, old, None)
        return
    if not old:
        collector.add("response-header-added", where, None, new)
        return
    collector.texts(where, old, new)
    collector.rest(where, old, new, HEADER_KEYWORDS)
    medias(collector, where, old, new)
    if was != now:
        collector.add(f"response-header-became-{'required' if now else 'optional'}", where, old, new)
    (kind_old, schema_old), (kind_new, schema_new) = content(old), content(new)
    forms = [kind or style(side, "header") for kind, side in ((kind_old, old), (kind_new, new))]
    if forms[0] != forms[1] and not (is_simple(schema_old) and is_simple(schema_new)):
        collector.add("response-header-style-changed", where, old, new, old=forms[0], new=forms[1])
    collector.schema("response-header", where, schema_old, schema_new, flow=Flow(RESPONSE, text=kind_old is None))
