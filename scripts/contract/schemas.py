"""Comparing two views of a schema, keyword by keyword; levels and places are no matter of this module."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from attrs import field, frozen

from .changes import show
from .documents import Cursor, same
from .heirs import kin
from .limits import CEILINGS, FLOORS, Row, ceilings_and_floors, multiples, patterns
from .rules import REQUEST, Direction
from .twins import Twins
from .views import BOOLEANS, View

# The other formats whose values each format allows.
WIDER_FORMATS = {
    "uri-reference": {"uri"},
    "iri": {"uri"},
    "iri-reference": {"uri", "uri-reference", "iri"},
    "idn-email": {"email"},
    "idn-hostname": {"hostname"},
}
# The formats that refuse values of their type; any other is a hint.
RESTRICTING = {
    *("date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
    *("uri", "uri-reference", "uri-template", "iri", "iri-reference", "uuid", "json-pointer", "relative-json-pointer"),
    *("regex", "int32", "binary", "base64url"),
}
TEXT_RULES = {
    "title": "title-changed",
    "summary": "summary-changed",
    "description": "description-changed",
    "example": "example-changed",
    "examples": "example-changed",
    "externalDocs": "external-docs-changed",
    "termsOfService": "terms-of-service-changed",
    "$comment": "comment-changed",
}
# Restrictions whose changes can't be judged, only told, with their keywords.
CONDITIONS = {
    "condition": ("if", "then", "else"),
    "contains": ("contains",),
    "dependent-schemas": ("dependentSchemas",),
    "unevaluated-items": ("unevaluatedItems",),
    "not": ("not",),
}
JUDGED = {
    *TEXT_RULES,
    *(keyword for keywords in CONDITIONS.values() for keyword in keywords),
    *CEILINGS,
    *FLOORS,
    *("$ref", "allOf", "anyOf", "oneOf", "discriminator", "type", "nullable", "enum", "const", "default", "deprecated"),
    *("readOnly", "writeOnly", "format", "pattern", "multipleOf", "uniqueItems", "required", "dependentRequired"),
    *("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "contentEncoding", "contentMediaType"),
    *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames"),
    *("items", "prefixItems"),
}
DEFINITIONS = ("$defs", "definitions")


class Written(Enum):
    """The way in which an encoding says that a field of a form is written."""

    JSON = "json"
    TEXT = "text"
    ONCE = "once"  # several values in one


@frozen
class Form:
    """A body of fields: multipart or not, and the fields for which an encoding says how they are written."""

    multipart: bool
    fields: tuple[tuple[str, Written], ...] = ()


@frozen
class Flow:
    """The direction of values, and their form; as bare text (parameters, forms), a string can be any number."""

    direction: Direction
    text: bool = False
    # The fields of a form are the properties at its top.
    form: Form | None = None
    # True if one value and a list of one are written alike.
    repeats: bool = False

    def field(self, name: str, *, compound: bool) -> Flow:
        """Return the flow of a property; a part of a multipart body that is an object is JSON."""
        if self.form is None:
            return self
        written = dict(self.form.fields).get(name)
        if written is Written.JSON or (written is None and self.form.multipart and compound):
            return Flow(self.direction)
        return Flow(self.direction, text=True, repeats=self.is_request and written is not Written.ONCE)

    @property
    def is_request(self) -> bool:
        """True if the client sends."""
        return self.direction is REQUEST


@frozen
class Finding:
    """A change in a schema: the name of a facet or rule, the path from the schema, and the values of the sentence."""

    name: str
    pointer_old: str | None
    pointer_new: str | None
    segment: str | None = None
    values: dict[str, str] = field(factory=dict)


def compare(old: View, new: View, flow: Flow, twins: Twins) -> Iterator[Finding]:
    """Yield the changes between two views, except those of properties, items and alternatives."""
    for name, keyword, before, after in _facets(old, new, flow, twins):
        yield Finding(name, old.at(keyword), new.at(keyword), values={"old": before, "new": after})
    for keyword, rule in TEXT_RULES.items():
        if not twins.same(old.first(keyword), new.first(keyword)):
            yield Finding(rule, old.at(keyword), new.at(keyword))
    listed = [*old.choices, *new.choices]
    alike = (old.enum or {}).keys() == (new.enum or {}).keys()
    if len(old.choices) == len(new.choices) == 1 and alike and not twins.same(listed[0], listed[1]):
        yield Finding("description-changed", listed[0].at, listed[1].at)
    others = {key for view in (old, new) for part in view.parts for key in part.mapping} - JUDGED
    for keyword in sorted(others):
        if not (keyword.startswith("x-") or _alike(old, new, keyword, twins)):
            values = {"keyword": keyword, "old": show(old.value(keyword)), "new": show(new.value(keyword))}
            rule = "definitions-changed" if keyword in DEFINITIONS else "keyword-changed"
            yield Finding(rule, old.at(keyword), new.at(keyword), values=values)


def _alike(old: View, new: View, keyword: str, twins: Twins) -> bool:
    """Return whether the parts of two views say the same under a keyword."""
    before, after = ([part.raw(keyword) for part in view.parts if keyword in part] for view in (old, new))

    def within(some: list[Cursor], others: list[Cursor], *, back: bool) -> bool:
        return all(any(twins.same(*((two, one) if back else (one, two))) for two in others) for one in some)

    return within(before, after, back=False) and within(after, before, back=True)


def _facets(old: View, new: View, flow: Flow, twins: Twins) -> Iterator[Row]:
    if old.never != new.never:
        yield ("became-impossible" if new.never else "became-possible"), None, "", ""
        return
    spelled = list(_spelled(old, new)) if flow.text and old.types != new.types else []
    yield from (row for row in spelled if row)
    kinds = [] if spelled else list(_types(old, new, flow))
    yield from kinds
    if kinds and (old.anything or new.anything):
        return
    if old.nullable != new.nullable:
        yield ("became-nullable" if new.nullable else "became-not-nullable"), "nullable", "", ""
    if any(row[0] == "type-changed" for row in kinds):
        return
    if not kinds:
        yield from _formats(old, new)
    for keyword in _COMPARISONS[1:] if spelled else _COMPARISONS:
        yield from keyword(old, new)
    for name, keywords in CONDITIONS.items():
        if not all(_alike(old, new, keyword, twins) for keyword in keywords):
            before, after = (
                next((view.first(key) for key in keywords if view.first(key)), None) for view in (old, new)
            )
            middle = "added" if before is None else "removed" if after is None else "changed"
            yield f"{name}-{middle}", keywords[0], show(before and before.value), show(after and after.value)


def kinds_text(view: View) -> str:
    """Return a view's types for a sentence."""
    return " or ".join(sorted(view.types)) if view.types else "anything"


def _spelled(old: View, new: View) -> Iterator[Row | None]:
    """Yield None if words stand for all values of both types, then the changes of these words."""
    before, after = _words(old), _words(new)
    if before is None or after is None:
        return
    yield None
    yield from (("enum-value-removed", "enum", show(word), "") for word in sorted(before - after))
    yield from (("enum-value-added", "enum", "", show(word)) for word in sorted(after - before))


def _words(view: View) -> set[str] | None:
    """Return the words for all values of a schema; None if there are too many to list."""
    if view.enum is not None:
        return {value if isinstance(value, str) else key for key, value in view.enum.items()}
    return {"true", "false"} if view.types == BOOLEANS else None


def _allows(wide: View, narrow: View, *, text: bool) -> bool:
    if wide.types is None or (
        text and "string" in wide.types and not (narrow.types or {"object"}) & {"array", "object"}
    ):
        return True
    if narrow.types is None:
        return False
    return all(kind in wide.types or (kind == "integer" and "number" in wide.types) for kind in narrow.types)


def _types(old: View, new: View, flow: Flow) -> Iterator[Row]:
    if old.types == new.types:
        return
    words = kinds_text(old), kinds_text(new)
    wider, narrower = _allows(new, old, text=flow.text), _allows(old, new, text=flow.text)
    if wider and narrower:
        # As bare text, a string or a number is no more than a string.
        return
    if wider:
        yield "type-generalized", "type", *words
    elif narrower:
        yield "type-specialized", "type", *words
    else:
        yield "type-changed", "type", *words


def _formats(old: View, new: View) -> Iterator[Row]:
    if old.format == new.format:
        return
    words = old.format or "any", new.format or "any"
    before, after = (form if form in RESTRICTING else "" for form in (old.format, new.format))
    if before == after:
        yield "format-hint-changed", "format", *words
    elif not after or before in WIDER_FORMATS.get(after, ()):
        yield "format-generalized", "format", *words
    elif not before or after in WIDER_FORMATS.get(before, ()):
        yield "format-specialized", "format", *words
    else:
        yield "format-changed", "format", *words


def _enums(old: View, new: View) -> Iterator[Row]:
    if old.enum is None or new.enum is None:
        if new.enum is not None:
            yield "became-enum", "enum", "", show(list(new.enum.values()))
        elif old.enum is not None:
            yield "enum-lifted", "enum", show(list(old.enum.values())), ""
        return
    for key in sorted(old.enum.keys() - new.enum.keys()):
        yield "enum-value-removed", "enum", show(old.enum[key]), ""
    for key in sorted(new.enum.keys() - old.enum.keys()):
        yield "enum-value-added", "enum", "", show(new.enum[key])


def _extensible(old: View, new: View) -> Iterator[Row]:
    keyword = "x-extensible-enum"
    before, after = ({show(place.value) for place in view.first(keyword).elements()} for view in (old, new))
    # If one side has no such list, it promises nothing that could have changed.
    for value in sorted(before - after if after else ()):
        yield "extensible-enum-value-removed", keyword, value, ""
    for value in sorted(after - before if before else ()):
        yield "extensible-enum-value-added", keyword, "", value


def _flags(old: View, new: View) -> Iterator[Row]:
    for keyword, on, off, before, after in (
        ("uniqueItems", "unique-items-set", "unique-items-unset", old.unique, new.unique),
        (
            "additionalProperties",
            *("additional-properties-disallowed", "additional-properties-allowed", old.closed, new.closed),
        ),
        ("deprecated", "schema-deprecated", "schema-reactivated", old.deprecated, new.deprecated),
    ):
        if before != after:
            yield (on if after else off), keyword, "", ""


def _dependent(old: View, new: View) -> Iterator[Row]:
    before, after = (
        {
            (name, inner.text)
            for part in view.parts
            for name, listed in part.get("dependentRequired").children()
            for inner in listed.elements()
        }
        for view in (old, new)
    )
    for name in sorted({show(name) for name, _ in after - before}):
        yield "dependent-required-added", "dependentRequired", "", name
    for name in sorted({show(name) for name, _ in before - after}):
        yield "dependent-required-removed", "dependentRequired", name, ""


def _contents(old: View, new: View) -> Iterator[Row]:
    for keyword, name, before, after in (
        ("contentEncoding", "content-encoding-changed", old.encoding, new.encoding),
        ("contentMediaType", "content-media-type-changed", old.media_type, new.media_type),
    ):
        if before != after:
            yield name, keyword, before or "none", after or "none"


def _access(old: View, new: View) -> Iterator[Row]:
    for keyword, before, after in (
        ("readOnly", old.read_only, new.read_only),
        ("writeOnly", old.write_only, new.write_only),
    ):
        if before != after:
            yield "access-changed", keyword, "", ""


def _defaults(old: View, new: View) -> Iterator[Row]:
    before, after = (view.value("default") for view in (old, new))
    if not same(before, after):
        middle = "added" if before is None else "removed" if after is None else "changed"
        yield f"default-value-{middle}", "default", show(before), show(after)


def _discriminators(old: View, new: View) -> Iterator[Row]:
    before, after = old.first("discriminator"), new.first("discriminator")
    names = [place.get("propertyName").text for place in (before, after)]
    if names[0] != names[1]:
        name = "added" if names[0] is None else "removed" if names[1] is None else "property-changed"
        yield f"discriminator-{name}", "discriminator", show(names[0]), show(names[1])
        return
    was, now = ({key: str(place.value) for key, place in side.get("mapping").children()} for side in (before, after))
    # A value that is the schema's own name needn't be listed.
    was, now = (
        {key: name for key, value in side.items() if (name := value.rpartition("/")[2]) != key} for side in (was, now)
    )
    # Schemas that were added or removed are told where the schemas are compared.
    kept = [
        kin(next(part for part in view.parts if "discriminator" in part)) if name else set[str]()
        for view, name in zip((old, new), names, strict=True)
    ]
    was = {key: name for key, name in was.items() if name in kept[1] or name not in kept[0]}
    now = {key: name for key, name in now.items() if name in kept[0] or key in was or name not in kept[1]}
    for key in sorted(was.keys() | now.keys()):
        if key not in now:
            yield "discriminator-mapping-removed", "discriminator", key, ""
        elif key not in was:
            yield "discriminator-mapping-added", "discriminator", "", key
        elif was[key] != now[key]:
            yield "discriminator-mapping-changed", "discriminator", f"{key}: {was[key]}", f"{key}: {now[key]}"


_COMPARISONS = (
    *(_enums, _extensible, ceilings_and_floors, patterns, multiples),
    *(_flags, _dependent, _contents, _access, _defaults, _discriminators),
)
