"""The statements of the document that facade and runtime rely on; scripts/contract_diff.py says when one breaks.

This lists only what isn't generated from the document: the rule, the signature, refusals and their exceptions. The
document says which operations there are. Nothing here runs when the package is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from mantago_runtime.errors import APIStatusError

__all__ = ["ASSUMPTIONS", "Assumption"]

RULE = "Either provide 'clientId' OR both 'platform' and 'platformClientId'"
"""The rule in the words of the document; `identification.identify` applies it."""


@frozen
class Assumption:
    """The document says these facts at this place of an operation; if it no longer does, look at the module.

    A place is `query botId`, `body secret`, `200 success`, `failure errResponse.code` (of each answer that isn't a
    success), or empty for the operation as a whole. `says` is a text that the description holds, whatever its line
    breaks; `statuses` are those that it may have; the other facts are the schema's keywords and `required`. What an
    operation never said is not relied on.
    """

    module: str
    place: str
    facts: Mapping[str, Any]
    why: str


_REQUIRED_TEXT: Mapping[str, Any] = {"type": "string", "required": True}
# Of a success, and of each refusal that has an exception of its own.
_STATUSES = frozenset(
    str(status) for status in range(200, 600) if status < 300 or APIStatusError.for_status(status) is not APIStatusError
)
_APPLIED = "identify() applies this rule before anything is sent"

ASSUMPTIONS = (
    Assumption("mantago.identification", "", {"says": RULE}, _APPLIED),
    Assumption("mantago.identification", "body", {"says": RULE}, _APPLIED),
    Assumption(
        "mantago_runtime.calls.signing", "query botId", _REQUIRED_TEXT, "each request is signed with the bot's id"
    ),
    Assumption(
        "mantago_runtime.calls.signing", "body secret", _REQUIRED_TEXT, "each request is signed with the secret"
    ),
    Assumption("mantago_runtime.errors", "", {"statuses": _STATUSES}, "each status has its exception"),
    Assumption(
        "mantago_runtime.calls.responses",
        "200 success",
        {"type": "boolean", "required": True},
        "a 200 may be a refusal",
    ),
    *(
        Assumption(
            "mantago_runtime.calls.responses", f"failure errResponse.{name}", {"type": kind}, "the exception tells it"
        )
        for name, kind in (("message", "string"), ("code", "integer"), ("botId", "string"))
    ),
)
