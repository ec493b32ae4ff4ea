"""What the façade relies on in the vendor's document; scripts/contract_diff.py says when a new version breaks it.

Names, lists and types are those of the code itself, so that neither can change without the other. Nothing here runs
when the package is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields, frozen

from mantago.identification import Platform
from mantago.operations import READ_ONLY
from mantago.results import ClientGifts, Gift, GiftResource, Ticket, _resource
from mantago_runtime.reading.readers import read_boolean, read_string, read_timestamp

__all__ = ["ASSUMPTIONS", "OPERATIONS", "Assumption"]

OPERATIONS = frozenset(f"POST {path}" for path in READ_ONLY)
"""The operations that have a friendly method."""

RULE = "Either provide 'clientId' OR both 'platform' and 'platformClientId'"
"""The rule, as the document words it: what `identification.identify` does."""


@frozen
class Assumption:
    """At this place of the operation, the document says all this; if it no longer does, look at the module.

    A place is `query platform`, `body secret`, `200 tickets[].createdAt`, or empty for the operation as a whole.
    `says` is a text that the description holds, whatever its line breaks; the other facts are the schema's keywords,
    `required`, for an object what it `requires`, and for the whole `parameters` and `statuses`.
    """

    module: str
    place: str
    facts: Mapping[str, Any]
    why: str


_TEXT: dict[str, Any] = {"type": "string"}
_PLATFORMS: dict[str, Any] = {"type": "string", "enum": frozenset(map(str, Platform))}
# By the function that reads a value.
_READ: dict[Any, dict[str, Any]] = {
    read_string: _TEXT,
    read_boolean: {"type": "boolean"},
    read_timestamp: {"type": "string", "format": "date-time"},
    _resource: {"type": "string", "enum": frozenset(map(str, GiftResource))},
}


def _requests() -> Iterator[Assumption]:
    module = "mantago.operations"
    yield Assumption(module, "", {"says": RULE}, "identify() applies this rule before anything is sent")
    yield Assumption(module, "body", {"says": RULE}, "identify() applies this rule before anything is sent")
    yield Assumption(
        "mantago_runtime.calls.signing",
        "query botId",
        _TEXT | {"required": True},
        "each request is signed with the bot's id",
    )
    yield Assumption(
        "mantago_runtime.calls.signing",
        "body secret",
        _TEXT | {"required": True},
        "each request is signed with the secret",
    )
    for place in ("query", "body"):
        why = f"gifts_request() puts the pair into the {place}"
        yield Assumption(module, f"{place} platform", _PLATFORMS | {"required": False}, f"{why}; Platform lists them")
        yield Assumption(module, f"{place} platformClientId", _TEXT | {"required": False}, why)
    why = "gifts_request() puts it into the body, or leaves it out"
    yield Assumption(module, "body clientId", _TEXT | {"required": False}, why)
    yield Assumption(module, "body", {"requires": frozenset({"secret"})}, "gifts_request() knows no other")
    named = frozenset({"query botId", "query platform", "query platformClientId"})
    yield Assumption(module, "", {"parameters": named}, "gifts_request() knows no other")


def _answers() -> Iterator[Assumption]:
    statuses = frozenset({"200", "401", "403", "404", "429", "500"})
    yield Assumption("mantago_runtime.errors", "", {"statuses": statuses}, "each status has its exception")
    module = "mantago.results"
    required = {"required": True}
    yield Assumption(module, "200 success", _READ[read_boolean] | required, "a 200 may be a refusal")
    yield Assumption(module, "200 message", _TEXT | required, "read_client_gifts() insists on it")
    for attribute in fields(ClientGifts):
        if json_field := attribute.metadata.get("json_field"):
            yield Assumption(
                module, f"200 {json_field.name}", {"type": "array"}, f"ClientGifts.{attribute.name} holds it"
            )
            element = Ticket if attribute.name == "tickets" else Gift
            yield from _elements(f"200 {json_field.name}[]", element)


def _elements(place: str, element: type) -> Iterator[Assumption]:
    for attribute in fields(element):
        if json_field := attribute.metadata.get("json_field"):
            facts = _READ[json_field.read] | ({} if json_field.optional else {"required": True})
            why = f"{element.__name__}.{attribute.name} holds it"
            yield Assumption("mantago.results", f"{place}.{json_field.name}", facts, why)


ASSUMPTIONS = (*_requests(), *_answers())
