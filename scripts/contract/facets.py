"""The rules for changes of a schema, one row each; a row makes a rule for every kind of place where a schema stands.

A row tells the effect of a change on the set of values that the schema allows. The level follows from that and from the
direction; a row with another level gives the reason.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from .rules import BOTH, BREAKING, INFO, REQUEST, RESPONSE, RULES, WARNING, Level, Rule, register


class Effect(Enum):
    """The effect on the set of allowed values: the levels for requests and responses, with their reasons."""

    NARROWS = (
        BREAKING,
        INFO,
        "a request that was valid may be refused",
        "clients meet nothing that they didn't before",
    )
    WIDENS = (
        INFO,
        BREAKING,
        "all values that were sent are still accepted",
        "clients may meet values that weren't possible",
    )
    CHANGES = (BREAKING, BREAKING, "values that were sent are refused", "clients can't read the new values")
    HINTS = (INFO, INFO, "it doesn't change which values are valid", "it doesn't change which values may come")


NARROWS, WIDENS, CHANGES, HINTS = Effect

REQUEST_PLACES = ("request-parameter", "request-body", "request-property")
RESPONSE_PLACES = ("response-header", "response-body", "response-property")


@frozen
class Facet:
    """A row: the name of a change, its effect and its sentence, and levels of its own with their reason, if any."""

    name: str
    effect: Effect
    text: str
    request: Level | None = None
    response: Level | None = None
    why: str = ""
    parameter: Level | None = None

    def rules(self) -> list[Rule]:
        """Return the facet's rules, one for each kind of place."""
        request, response, request_reason, response_reason = self.effect.value
        found = []
        for place in REQUEST_PLACES:
            own = (place == "request-parameter" and self.parameter) or self.request
            reason = self.why if own else request_reason
            found.append(Rule(f"{place}-{self.name}", own or request, REQUEST, self.text, reason))
        for place in RESPONSE_PLACES:
            reason = self.why if self.response else response_reason
            found.append(Rule(f"{place}-{self.name}", self.response or response, RESPONSE, self.text, reason))
        return found


SEVERAL = "clients may meet a value that fits several alternatives at once"
OPEN_ENUM = "clients are expected to survive a value that they don't know, yet those that don't must be looked at"
HINT = "it only helps to choose among the alternatives, which are judged themselves"
PATTERN = "two patterns can't be compared in general, so that a person must look"
UNTOLD = "it can't be told in general whether more or fewer values are allowed"
DEFAULT = "clients that leave the parameter out get another value than before"


def _limit(name: str, words: str, *, upper: bool) -> list[Facet]:
    more, less = (WIDENS, NARROWS) if upper else (NARROWS, WIDENS)
    return [
        Facet(f"{name}-set", NARROWS, f"the {words} {{new}} was introduced"),
        Facet(f"{name}-unset", WIDENS, f"the {words} {{old}} was lifted"),
        Facet(f"{name}-increased", more, f"the {words} was raised from {{old}} to {{new}}"),
        Facet(f"{name}-decreased", less, f"the {words} was lowered from {{old}} to {{new}}"),
    ]


def _floor(name: str, words: str) -> list[Facet]:
    return [
        Facet(f"{name}-increased", NARROWS, f"the {words} was raised from {{old}} to {{new}}"),
        Facet(f"{name}-decreased", WIDENS, f"the {words} was lowered from {{old}} to {{new}}"),
    ]


def _opens(name: str, text: str, why: str = OPEN_ENUM) -> Facet:
    """Return the facet of a change that allows more, at which readers of answers must look."""
    return Facet(name, WIDENS, text, response=WARNING, why=why)


FACETS = (
    Facet("type-changed", CHANGES, "the type changed from {old} to {new}"),
    Facet("type-generalized", WIDENS, "the type was widened from {old} to {new}"),
    Facet("type-specialized", NARROWS, "the type was narrowed from {old} to {new}"),
    Facet("format-changed", CHANGES, "the format changed from {old} to {new}"),
    Facet("format-generalized", WIDENS, "the format was widened from {old} to {new}"),
    Facet("format-specialized", NARROWS, "the format was narrowed from {old} to {new}"),
    Facet("became-nullable", WIDENS, "null is allowed now"),
    Facet("became-not-nullable", NARROWS, "null is no longer allowed"),
    Facet("became-enum", NARROWS, "the values were restricted to {new}"),
    _opens("enum-lifted", "the values are no longer restricted to {old}"),
    Facet("enum-value-removed", NARROWS, "the value {old} was removed from the enum"),
    _opens("enum-value-added", "the value {new} was added to the enum"),
    Facet("extensible-enum-value-removed", NARROWS, "the value {old} was removed from x-extensible-enum"),
    Facet("extensible-enum-value-added", HINTS, "the value {new} was added to x-extensible-enum"),
    *_limit("max", "maximum", upper=True),
    *_limit("min", "minimum", upper=False),
    *_limit("max-length", "maximum length", upper=True),
    *_limit("max-items", "maximum number of items", upper=True),
    *_limit("max-properties", "maximum number of properties", upper=True),
    *_floor("min-length", "minimum length"),
    *_floor("min-items", "minimum number of items"),
    *_floor("min-properties", "minimum number of properties"),
    Facet("pattern-added", NARROWS, "the pattern {new} was introduced"),
    Facet("pattern-removed", WIDENS, "the pattern {old} was lifted", response=INFO, why=PATTERN),
    Facet("pattern-changed", CHANGES, "the pattern changed from {old} to {new}", WARNING, INFO, PATTERN),
    Facet("multiple-of-set", NARROWS, "values must be multiples of {new} now"),
    Facet("multiple-of-unset", WIDENS, "values need no longer be multiples of {old}"),
    Facet("multiple-of-specialized", NARROWS, "values must be multiples of {new} instead of {old}"),
    Facet("multiple-of-generalized", WIDENS, "values must be multiples of {new} instead of {old} only"),
    Facet("multiple-of-changed", CHANGES, "values must be multiples of {new} instead of {old}"),
    Facet("unique-items-set", NARROWS, "items must be unique now"),
    Facet("unique-items-unset", WIDENS, "items may repeat now"),
    Facet("additional-properties-disallowed", NARROWS, "properties that aren't listed are no longer allowed"),
    _opens(
        "additional-properties-allowed",
        "properties that aren't listed are allowed now",
        "clients are expected to pass over a property that they don't know",
    ),
    *(
        facet
        for kind in ("oneOf", "anyOf")
        for facet in (
            _opens(f"{kind[:3].lower()}-of-added", f"{{new}} was added to {kind}"),
            Facet(f"{kind[:3].lower()}-of-removed", NARROWS, f"{{old}} was removed from {kind}"),
            Facet(f"{kind[:3].lower()}-of-introduced", CHANGES, f"a {kind} replaces what was allowed: {{new}}"),
            Facet(f"{kind[:3].lower()}-of-generalized", WIDENS, f"a {kind} allows what was allowed, and more: {{new}}"),
            Facet(f"{kind[:3].lower()}-of-specialized", NARROWS, f"a {kind} restricts what was allowed: {{new}}"),
            Facet(
                f"{kind[:3].lower()}-of-dissolved", WIDENS, f"more than the alternatives of {kind} is allowed: {{old}}"
            ),
        )
    ),
    _opens("subtype-added", "{new} was added to what the discriminator tells apart"),
    Facet("subtype-removed", NARROWS, "{old} was removed from what the discriminator tells apart"),
    Facet("alternatives-covered", HINTS, "another alternative allows all that {old} allows"),
    Facet("alternatives-merged", HINTS, "one schema allows all that the alternatives allowed: {old}"),
    Facet("any-of-became-one-of", NARROWS, "a value may no longer fit several of the alternatives"),
    _opens("one-of-became-any-of", "a value may fit several of the alternatives now", SEVERAL),
    Facet("format-hint-changed", HINTS, "the format, which is a hint, was {old} and is {new}"),
    Facet("alternatives-kind-changed", HINTS, "{old} became {new}"),
    Facet("discriminator-added", HINTS, "the discriminator {new} was added"),
    Facet("discriminator-removed", HINTS, "the discriminator {old} was removed", WARNING, WARNING, HINT),
    Facet("discriminator-property-changed", HINTS, "the discriminator was {old} and is {new}", WARNING, WARNING, HINT),
    Facet("discriminator-mapping-added", HINTS, "the discriminator's value {new} was added"),
    Facet(
        "discriminator-mapping-removed", HINTS, "the discriminator's value {old} was removed", WARNING, WARNING, HINT
    ),
    Facet(
        "discriminator-mapping-changed",
        HINTS,
        "the discriminator's mapping was {old} and is {new}",
        WARNING,
        WARNING,
        HINT,
    ),
    Facet("became-impossible", NARROWS, "no value is allowed any more"),
    _opens("became-possible", "values are allowed where none were"),
    Facet("dependent-required-added", NARROWS, "with {new} must come more"),
    Facet("dependent-required-removed", WIDENS, "with {old} less must come"),
    Facet("content-encoding-changed", CHANGES, "the encoding of the text changed from {old} to {new}"),
    Facet(
        "content-media-type-changed",
        *(CHANGES, "what the text holds changed from {old} to {new}", WARNING, WARNING),
        "it can't be told whether one can be read as the other",
    ),
    Facet("access-changed", HINTS, "readOnly or writeOnly changed"),
    *(
        facet
        for name, words in (
            ("condition", "if, then and else"),
            ("contains", "contains"),
            ("dependent-schemas", "dependentSchemas"),
            ("unevaluated-items", "unevaluatedItems"),
        )
        for facet in (
            Facet(f"{name}-added", NARROWS, f"{words} restrict what is allowed now: {{new}}"),
            _opens(f"{name}-removed", f"{words} no longer restrict what is allowed"),
            Facet(f"{name}-changed", CHANGES, f"{words} changed: {{new}}", WARNING, WARNING, UNTOLD),
        )
    ),
    Facet("pattern-properties-added", NARROWS, "properties named like {new} are restricted now"),
    Facet("pattern-properties-removed", WIDENS, "properties named like {old} are no longer restricted"),
    _opens("pattern-properties-allowed", "properties named like {new} are allowed now"),
    Facet("pattern-properties-disallowed", NARROWS, "properties named like {old} are no longer allowed"),
    Facet("not-added", NARROWS, "some values are excluded by not: {new}"),
    _opens("not-removed", "values are no longer excluded by not: {old}"),
    Facet(
        "not-changed",
        CHANGES,
        "not excludes {new} instead of {old}",
        WARNING,
        WARNING,
        "it can't be told in general whether more or fewer values are excluded",
    ),
    Facet("default-value-added", HINTS, "the default {new} was added", why=DEFAULT, parameter=BREAKING),
    Facet("default-value-removed", HINTS, "the default {old} was removed", why=DEFAULT, parameter=BREAKING),
    Facet("default-value-changed", HINTS, "the default was {old} and is {new}", why=DEFAULT, parameter=BREAKING),
    Facet("schema-deprecated", HINTS, "it is deprecated now"),
    Facet("schema-reactivated", HINTS, "it is no longer deprecated"),
)
register(rule for facet in FACETS for rule in facet.rules())
register(
    [
        Rule(
            "unresolvable-reference",
            *(WARNING, BOTH, "the reference {ref} leads nowhere, so its target wasn't compared"),
            "the document has to be mended first",
        ),
        Rule(
            "schemas-too-entangled",
            *(WARNING, BOTH, "several schemas that apply together here weren't compared: they are others than before"),
            "the schemas to which they refer have more combinations than can be compared",
        ),
        Rule(
            "keyword-changed",
            *(WARNING, BOTH, "{keyword} changed from {old} to {new}, and no rule judges that"),
            "a person who knows the keyword must look",
        ),
        Rule(
            "request-value-became-list",
            *(INFO, REQUEST, "it may be given several times now"),
            "a list of one is written as the value was",
        ),
        Rule("definitions-changed", INFO, BOTH, "the definitions changed", "they are judged where they are used"),
        Rule(
            "schema-renamed",
            *(WARNING, BOTH, "the schema {old} is called {new} now"),
            "the bytes stay the same, but generated code has another name for it",
        ),
        *(
            Rule(f"{what}-changed", INFO, BOTH, f"the {what.replace('-', ' ')} changed", "only text changed")
            for what in ("title", "summary", "description", "example", "external-docs", "terms-of-service", "comment")
        ),
    ]
)


def rule_id(place: str, name: str) -> str:
    """Return the id of the rule for a change of this name in a schema at this kind of place."""
    return name if name in RULES else f"{place}-{name}"
