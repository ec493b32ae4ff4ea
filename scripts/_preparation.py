"""What the generator must be told for names that it would give twice, or take from text."""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openapi_python_client.strings import snake_case

from _fragments import is_operation, label, units_of
from _vendored import ScriptError

DATA = frozenset({"default", "enum", "example", "examples"})


def prepare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec with what makes the generator's names unique; what it describes stays the same.

    The titles of schemas go: the generator would name classes after them, and they are text, which is translated and
    repeated. An enumeration whose values differ only in what a Python name can't hold gets names for them.
    """
    prepared = copy.deepcopy(dict(spec))
    for schema in _objects([prepared.get("components", {}), prepared["paths"]]):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        values = schema.get("enum")
        if isinstance(values, list) and "x-enum-varnames" not in schema and (names := enum_names(values)):
            schema["x-enum-varnames"] = names
    return prepared


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        # Of data, none is ours to change; a property may still be called "default".
        yield from (found for key, inner in value.items() if not _is_data(key, value) for found in _objects(inner))
    elif isinstance(value, list):
        yield from (found for inner in value for found in _objects(inner))


def _is_data(key: str, holder: Mapping[str, Any]) -> bool:
    return key in DATA and not all(isinstance(inner, dict) for inner in holder.values())


def enum_names(values: Sequence[object]) -> list[str]:
    """Return names for the strings of an enumeration, or nothing if the generator finds distinct ones itself."""
    strings = [value for value in values if isinstance(value, str)]
    names: list[str] = []
    for index, value in enumerate(strings):
        name = snake_case(value.upper() if value[:1].isalpha() else f"VALUE_{index}").upper()
        names.append(unicodedata.normalize("NFKC", name))
    if len({*names}) == len(names) and all(name.isidentifier() for name in names):
        return []
    unique: list[str] = []
    for index, name in enumerate(names):
        plain = name if name.isidentifier() else f"VALUE_{index}"
        candidates = [plain, *(f"{plain}_{number}" for number in range(2, len(names) + 2))]
        unique.append(next(candidate for candidate in candidates if candidate not in unique))
    return unique


def check_modules(spec: Mapping[str, Any], modules: Sequence[str]) -> None:
    """Raise ScriptError if there are fewer modules than operations: two of them had one name."""
    operations = {unit: value for unit, value in units_of(spec) if is_operation(unit)}
    if len(modules) < len(operations):
        names = {
            label(unit): snake_case(value.get("operationId") or re.sub(r"[/{}]", "_", label(unit)).lower())
            for unit, value in operations.items()
        }
        alike = sorted(operation for operation, name in names.items() if [*names.values()].count(name) > 1)
        raise ScriptError(
            f"{len(operations)} operations gave only {len(modules)} modules: the generator names a module after the "
            "operationId, or after method and path. Change an operationId by an action of the overlay: "
            + ", ".join(alike)
        )
