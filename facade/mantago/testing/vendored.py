"""What the sandbox and the fake take from the vendored spec: the document, and what the facade declares about it.

This is the only module of `mantago.testing` that knows where that comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from attrs import fields, has

from mantago.operations import instances, published_spec

__all__ = ["OPERATION_NAMES", "RULE_SCHEMAS", "instances", "left_out_of", "plain", "published_spec"]

_KEY: Final = "json_field"
OPERATION_NAMES: Final[Mapping[tuple[str, str], str]] = {("post", "/openapi/client/gift"): "get_client_gifts"}
"""The friendly name of each operation, by method and path."""
RULE_SCHEMAS: Final = frozenset({"ClientIdentificationRequest"})
"""The schemas whose prose states the identification rule."""


def plain(value: Any) -> Any:
    """Return a value, in which there may be results, in plain JSON types."""
    match value:
        case Mapping():
            return {name: plain(member) for name, member in value.items()}
        case list() | tuple():
            return [plain(element) for element in value]
        case datetime():
            utc = value.astimezone(UTC).replace(tzinfo=None)
            return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case _:
            return value.to_dict() if hasattr(value, "to_dict") else value


def left_out_of(value: object) -> frozenset[str]:
    """Return the service's names of what results leave out on purpose: what is None although its class always had it.

    A field that a newer document brings is an argument by keyword only, and nobody who leaves it out means anything.
    """
    if isinstance(value, (list, tuple)):
        return frozenset().union(*map(left_out_of, value))
    if not has(type(value)):
        return frozenset()
    found: set[str] = set()
    for attribute in fields(type(value)):
        member = getattr(value, attribute.name)
        if member is None and not attribute.kw_only and _KEY in attribute.metadata:
            found.add(attribute.metadata[_KEY].name)
        found |= left_out_of(member)
    return frozenset(found)
