"""What the façade and the runtime rely on in the vendor's document; scripts/contract_diff.py says when it breaks.

Only what isn't generated from the document: the rule, the signature and the exceptions. Nothing here runs when the
package is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from mantago_generated.spec import OPERATIONS as GENERATED

__all__ = ["ASSUMPTIONS", "OPERATIONS", "Assumption"]

OPERATIONS = frozenset(f"{info.method} {info.path}" for info in GENERATED)
"""The operations that have a friendly method."""

RULE = "Either provide 'clientId' OR both 'platform' and 'platformClientId'"
"""The rule, as the document words it: what `identification.identify` does."""


@frozen
class Assumption:
    """At this place of an operation, the document says all this; if it no longer does, look at the module.

    A place is `query botId`, `body secret`, `200 success`, or empty for the operation as a whole. `says` is a text
    that the description holds, whatever its line breaks; the other facts are the schema's keywords, `required`, and for
    the whole its `statuses`.
    """

    module: str
    place: str
    facts: Mapping[str, Any]
    why: str


_REQUIRED_TEXT: Mapping[str, Any] = {"type": "string", "required": True}
_STATUSES = frozenset({"200", "401", "403", "404", "429", "500"})
_SIGNING = "mantago_runtime.calls.signing"
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
)
