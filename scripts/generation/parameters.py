"""Parameters: their types and styles; a value that its style can't write is refused."""

from __future__ import annotations

from collections.abc import Mapping

from generation.bodies import is_json
from generation.document import Node
from generation.ir import ABSENT, TEXT, ListOf, MapOf, Named, Nullable, Parameter, Place, Type
from generation.schemas import Schemas

STYLES: Mapping[str, tuple[str, ...]] = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "path": ("simple", "label", "matrix"),
    "header": ("simple",),
    "cookie": ("form",),
}
# By the specification these headers aren't parameters.
_NOT_PARAMETERS = frozenset({"accept", "authorization", "content-type"})


def parameters_of(node: Node, item: Node, types: Schemas, starts: dict[Place, str]) -> tuple[Parameter, ...]:
    """Return the parameters of an operation, its own and those of its path."""
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (item, node):
        for declared in holder.children("parameters"):
            one = declared.resolve()
            name, where = one.get("name"), one.get("in")
            if where == "header" and name.lower() in _NOT_PARAMETERS:
                continue
            owner = starts[node.place] if one.place[:1] == ("paths",) else one.place[-1]
            starts.setdefault(one.place, f"{owner}_{name}" if one.place[:1] == ("paths",) else str(owner))
            found[where, name] = _parameter(one, types)
    return tuple(found.values())


def _parameter(node: Node, types: Schemas) -> Parameter:
    name, where = node.get("name"), node.get("in")
    if node.get("allowReserved"):
        raise node.refused("allowReserved is not supported", "remove it: the value is encoded, which any server reads")
    if "content" in node:
        [content] = node.children("content")
        if not is_json(str(content.place[-1])):
            raise content.refused("is no JSON", "describe the parameter by a schema and a style")
        schema, style, explode = content.child("schema") if "schema" in content else None, "json", False
    else:
        schema = node.child("schema") if "schema" in node else None
        style = node.get("style") or STYLES[where][0]
        explode = bool(node.get("explode", style == "form"))
    if style != "json" and style not in STYLES[where]:
        raise node.refused(f"style {style!r} can't stand in the {where}", f"say one of {', '.join(STYLES[where])}")
    kind = types.type_of(schema) if schema else TEXT
    _check_style(node, kind, style, types)
    return Parameter(
        name=name,
        where=where,
        type=kind.inner if isinstance(kind, Nullable) else kind,
        required=node.get("required") is True,
        default=schema.resolve().get("default", schema.get("default", ABSENT)) if schema else ABSENT,
        style=style,
        explode=explode,
        description=node.get("description") or (schema.get("description") if schema else None) or "",
        place=node.place,
    )


def _check_style(node: Node, kind: Type, style: str, types: Schemas) -> None:
    kind = kind.inner if isinstance(kind, Nullable) else kind
    if style == "json":
        return
    parts: list[Type] = []
    if isinstance(kind, ListOf):
        parts = [kind.item]
    elif isinstance(kind, MapOf):
        parts = [kind.value]
    elif isinstance(kind, Named) and kind.place in types.shapes:
        parts = [one.type for one in types.shapes[kind.place].properties]
    elif style == "deepObject":
        raise node.refused("deepObject is for objects", "leave the style out or describe an object")
    if deep := [part for part in parts if not _is_flat(part, types)]:
        raise node.refused(
            f"style {style!r} can't say what lies deeper than one level ({type(deep[0]).__name__})",
            "describe it by content: application/json, if the service reads that, or as text",
        )


def _is_flat(kind: Type, types: Schemas) -> bool:
    kind = kind.inner if isinstance(kind, Nullable) else kind
    return not isinstance(kind, ListOf | MapOf) and not (isinstance(kind, Named) and kind.place in types.shapes)
