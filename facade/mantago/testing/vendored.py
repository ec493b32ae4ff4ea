"""The facade's declarations about the vendored document, as sandbox and fake need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mantago_generated import spec
from mantago_runtime.reading.fields import attributes_of, json_fields
from mantago_runtime.reading.model import Model

__all__ = ["OPERATION_NAMES", "RULE_SCHEMAS", "left_out_of"]

OPERATION_NAMES: Final[Mapping[tuple[str, str], str]] = {
    (operation.method.lower(), operation.path): operation.name for operation in spec.OPERATIONS
}
"""The friendly name of each operation, by method and path."""
RULE_SCHEMAS: Final = spec.RULE_SCHEMAS
"""The schemas that carry the identification rule."""


def left_out_of(value: object) -> frozenset[str]:
    """Return the service's names of the fields that results leave out on purpose, which their class always had.

    A field that came with a newer document is an argument by keyword only; leaving it out means nothing.
    """
    if isinstance(value, (list, tuple)):
        return frozenset().union(*map(left_out_of, value))
    if isinstance(value, Mapping):
        return left_out_of([*value.values()])
    if not isinstance(value, Model):
        return frozenset()
    keywords = {attribute.name for attribute in attributes_of(type(value)) if attribute.kw_only}
    held = {name: getattr(value, name) for name in json_fields(type(value))}
    fields = json_fields(type(value))
    meant = {fields[name].name for name, member in held.items() if member is None and name not in keywords}
    return left_out_of([*held.values()]) | meant
