"""Lists of values: those that become classes, and the types of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generation.document import Node
from generation.ir import DATE, FLAG, INTEGER, JSON, MILLISECONDS, NUMBER, TEXT, TIMESTAMP, Scalar, Type, Union

SCALARS: Mapping[str, Scalar] = {"string": TEXT, "boolean": FLAG, "integer": INTEGER, "number": NUMBER}
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_SCALAR_OF: Mapping[type, Scalar] = {str: TEXT, bool: FLAG, int: INTEGER, float: NUMBER}
# Types that read fewer values are tried first: a date is a text as well.
_BREADTH = {DATE: 1, TIMESTAMP: 1, MILLISECONDS: 1, FLAG: 2, INTEGER: 3, NUMBER: 4, TEXT: 5}


def values_of(node: Node) -> list[Any]:
    """Return the values of an enumeration apart from null, each once; refuse those that its type doesn't allow."""
    values: list[Any] = []
    kind = node.get("type")
    for value in node.value["enum"]:
        if isinstance(value, dict | list):
            raise node.child("enum").refused("lists an object or a list", "describe it by its properties or items")
        if value is not None and kind in _PYTHON and type(value) not in _PYTHON[kind]:
            raise node.child("enum").refused(
                f"lists {value!r}, which is no {kind}", "quote the value or correct the type"
            )
        # 1 and true are the same to Python.
        if value is not None and (type(value), value) not in [(type(one), one) for one in values]:
            values.append(value)
    return values


def is_class(values: list[Any], kind: str | None) -> bool:
    """Return whether a class can hold the values: all texts, or all whole numbers."""
    kinds = {type(value) for value in values}
    return kinds == {str} or (kinds == {int} and kind in {None, "integer"})


def plain_type(values: list[Any], kind: str | None) -> Type:
    """Return the type of values that no class can hold."""
    return (
        SCALARS[kind] if kind is not None and kind in SCALARS else union([_SCALAR_OF[type(value)] for value in values])
    )


def union(types: list[Type]) -> Type:
    """Return one of several types, or the one that they all are."""
    flat: list[Type] = []
    for found in types:
        flat += found.alternatives if isinstance(found, Union) else [found]
    flat = [*dict.fromkeys(flat)]
    if JSON in flat or not flat:
        return JSON
    flat.sort(key=lambda one: _BREADTH.get(one, 0) if isinstance(one, Scalar) else 0)
    return flat[0] if len(flat) == 1 else Union(tuple(flat))
