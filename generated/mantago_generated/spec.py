# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The facts about the document that this package was generated from."""

from __future__ import annotations

from typing import Any

from mantago_runtime.document import OperationInfo

VERSION = "0.318.0"
SERVER_URL = "https://mantago.cc/api"
GENERATOR = "openapi-python-client 0.29.1"

OPERATIONS = (OperationInfo("get_client_gifts", "POST", "/openapi/client/gift", True),)
"""Every operation of the document."""

RULE_SCHEMAS: frozenset[str] = frozenset(("ClientIdentificationRequest",))
"""The schemas that carry the identification rule, by the document's names."""


def published() -> dict[str, Any]:
    """Return the document as it was published."""
    import json
    from importlib.resources import files

    document: dict[str, Any] = json.loads(files("mantago_generated").joinpath("openapi.json").read_text("utf-8"))
    return document


__all__ = ("GENERATOR", "OPERATIONS", "RULE_SCHEMAS", "SERVER_URL", "VERSION", "published")
