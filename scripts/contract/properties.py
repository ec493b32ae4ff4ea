"""Changes of an object's property as such: present or not, required or not, read-only or write-only."""

from __future__ import annotations

import re
from enum import Enum

from .documents import Cursor
from .rules import BREAKING, INFO, REQUEST, RESPONSE, WARNING, Rule, register
from .schemas import Flow
from .views import View, Views

_ASKED = "a request that was valid lacks it"
_GONE = "clients that rely on it find nothing"
_LOOSE = "the service passes over it, so that it no longer has an effect"
register(
    [
        Rule("new-required-request-property", BREAKING, REQUEST, "a required property was added", _ASKED),
        Rule(
            "new-required-request-property-with-default",
            *(INFO, REQUEST, "a required property was added that has a default"),
            "the service fills it in for those that don't send it",
        ),
        Rule(
            "new-optional-request-property", INFO, REQUEST, "an optional property was added", "no client has to send it"
        ),
        Rule("request-property-removed", WARNING, REQUEST, "the property was removed", _LOOSE),
        Rule(
            "request-property-no-longer-allowed",
            *(BREAKING, REQUEST, "the property was removed, and properties that aren't listed are not allowed"),
            "a request that was valid is refused: the object is closed",
        ),
        Rule("request-property-became-required", BREAKING, REQUEST, "the property became required", _ASKED),
        Rule(
            "request-property-became-required-with-default",
            *(INFO, REQUEST, "the property became required, and has a default"),
            "the service fills it in for those that don't send it",
        ),
        Rule("request-property-became-optional", INFO, REQUEST, "the property became optional", "it can still be sent"),
        Rule("request-property-became-read-only", WARNING, REQUEST, "the property became read-only", _LOOSE),
        Rule(
            "request-required-property-became-not-read-only",
            *(BREAKING, REQUEST, "the required property, read-only so far, must be sent now"),
            _ASKED,
        ),
        Rule(
            "request-optional-property-became-not-read-only",
            *(INFO, REQUEST, "the property, read-only so far, may be sent now"),
            "no client has to send it",
        ),
        Rule("response-required-property-removed", BREAKING, RESPONSE, "the required property was removed", _GONE),
        Rule(
            "response-optional-property-removed",
            *(WARNING, RESPONSE, "the optional property was removed"),
            "clients can't rely on it anyway, yet it never comes again",
        ),
        Rule(
            "response-required-property-added",
            *(INFO, RESPONSE, "a required property was added"),
            "clients pass over what they don't know",
        ),
        Rule(
            "response-optional-property-added",
            *(INFO, RESPONSE, "an optional property was added"),
            "clients pass over what they don't know",
        ),
        Rule("response-property-became-optional", BREAKING, RESPONSE, "the property became optional", _GONE),
        Rule(
            "response-property-became-required",
            *(INFO, RESPONSE, "the property became required"),
            "it comes more often than before",
        ),
        Rule(
            "response-required-property-became-write-only",
            *(BREAKING, RESPONSE, "the required property became write-only, so it no longer comes"),
            _GONE,
        ),
        Rule(
            "response-optional-property-became-write-only",
            *(WARNING, RESPONSE, "the optional property became write-only, so it no longer comes"),
            "clients can't rely on it anyway, yet it never comes again",
        ),
        Rule(
            "response-property-became-not-write-only",
            *(INFO, RESPONSE, "the property, write-only so far, may come now"),
            "clients pass over what they don't know",
        ),
    ]
)


class State(Enum):
    """The state of a property in a schema, seen from one direction."""

    ABSENT = 1
    HIDDEN = 2  # read-only in a request, write-only in a response
    OPTIONAL = 3
    REQUIRED = 4
    FILLED = 5  # required in a request, but the service has a default


ABSENT, HIDDEN, OPTIONAL, REQUIRED, FILLED = State
_PRESENT = (OPTIONAL, REQUIRED, FILLED)
_IN_REQUEST = {
    (ABSENT, OPTIONAL): "new-optional-request-property",
    (ABSENT, REQUIRED): "new-required-request-property",
    (ABSENT, FILLED): "new-required-request-property-with-default",
    (HIDDEN, OPTIONAL): "request-optional-property-became-not-read-only",
    (HIDDEN, REQUIRED): "request-required-property-became-not-read-only",
    (HIDDEN, FILLED): "request-optional-property-became-not-read-only",
    (OPTIONAL, REQUIRED): "request-property-became-required",
    (OPTIONAL, FILLED): "request-property-became-required-with-default",
    (REQUIRED, OPTIONAL): "request-property-became-optional",
    (FILLED, OPTIONAL): "request-property-became-optional",
    **{(state, ABSENT): "request-property-removed" for state in _PRESENT},
    **{(state, HIDDEN): "request-property-became-read-only" for state in _PRESENT},
}
_IN_RESPONSE = {
    (ABSENT, OPTIONAL): "response-optional-property-added",
    (ABSENT, REQUIRED): "response-required-property-added",
    (HIDDEN, OPTIONAL): "response-property-became-not-write-only",
    (HIDDEN, REQUIRED): "response-property-became-not-write-only",
    (OPTIONAL, REQUIRED): "response-property-became-required",
    (REQUIRED, OPTIONAL): "response-property-became-optional",
    (OPTIONAL, ABSENT): "response-optional-property-removed",
    (REQUIRED, ABSENT): "response-required-property-removed",
    (OPTIONAL, HIDDEN): "response-optional-property-became-write-only",
    (REQUIRED, HIDDEN): "response-required-property-became-write-only",
}


def names(view: View) -> set[str]:
    """Return the names of the properties that a schema lists or requires."""
    return {*view.properties, *view.required}


def state(view: View, name: str, views: Views, flow: Flow) -> State:
    """Return the state of a property in a schema."""
    if name not in view.properties and name not in view.required:
        return ABSENT
    own = views.of(view.properties.get(name, ()))
    if own.read_only if flow.is_request else own.write_only:
        return HIDDEN
    if name not in view.required:
        return OPTIONAL
    return FILLED if flow.is_request and own.value("default") is not None else REQUIRED


def unlisted(view: View, name: str) -> tuple[Cursor, ...]:
    """Return the schemas that an unlisted property has to fit: those of patterns, else that of a map."""
    found = [places for pattern, places in view.patterns.items() if _fits(pattern, name)]
    return tuple(place for places in found for place in places) or (() if view.closed else view.additional)


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def rule(before: State, after: State, new: View, flow: Flow) -> str | None:
    """Return the id of the rule for the change of a property's state, None if there is none."""
    found = (_IN_REQUEST if flow.is_request else _IN_RESPONSE).get((before, after))
    # A closed object refuses a property that it doesn't list.
    return "request-property-no-longer-allowed" if found == "request-property-removed" and new.closed else found


def pointer(view: View, name: str) -> str | None:
    """Return the pointer of a property, or of the list that requires it, or None."""
    if name in view.properties:
        return view.properties[name][0].at
    return view.at("required") if name in view.required else None
