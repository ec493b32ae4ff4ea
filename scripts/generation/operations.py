"""Operations: their parameters, what they are sent and what they answer, and what can't be sent right is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from generation.document import Node, operations
from generation.flatten import flatten, is_object
from generation.ir import (
    ABSENT,
    BINARY,
    JSON,
    NO_CONTENT,
    PLAIN_TEXT,
    TEXT,
    Body,
    Endpoint,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Parameter,
    Place,
    Type,
)
from generation.placing import api_names, generic_name
from generation.schemas import Schemas

STYLES: Mapping[str, tuple[str, ...]] = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "path": ("simple", "label", "matrix"),
    "header": ("simple",),
    "cookie": ("form",),
}
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# The specification gives these to the request as a whole.
_NOT_PARAMETERS = frozenset({"accept", "authorization", "content-type"})


@frozen
class Found:
    """The operations of a document, and by what names of theirs the schemas inside are called."""

    endpoints: tuple[Endpoint, ...]
    starts: Mapping[Place, str]


def read_operations(root: Mapping[str, Any], mended: Mapping[str, Any], types: Schemas) -> Found:
    """Return the operations; `mended` is the document without the overlay of names, after which modules are called."""
    tags, starts = {}, {}
    for node, _ in operations(root):
        _, path, method = node.place
        vendors = mended["paths"][path][method].get("operationId")
        tag = (node.get("tags") or ["default"])[0]
        tags[node.place] = (tag, generic_name(str(method), str(path)), vendors)
    modules = api_names(tags)
    paths = [str(path) for path in root["paths"] if path.startswith("/")]
    endpoints = []
    for node, item in operations(root):
        folder, module = modules[node.place]
        starts[node.place] = tags[node.place][2] or module
        endpoints.append(_endpoint(node, item, types, (folder, module), paths, tags[node.place][0], starts))
    starts |= {("components", "schemas", name): name for name in root.get("components", {}).get("schemas", {})}
    return Found(tuple(endpoints), starts)


def _endpoint(
    node: Node, item: Node, types: Schemas, where: tuple[str, str], paths: list[str], tag: str, starts: dict[Place, str]
) -> Endpoint:
    _, path, method = node.place
    parameters = _parameters(node, item, types, starts)
    declared = {one.name for one in parameters if one.where == "path"}
    if odd := declared ^ {*re.findall(r"\{([^{}]*)\}", str(path))}:
        raise node.refused(
            f"the path and its parameters don't agree on {sorted(odd)[0]!r}", "declare what the path has"
        )
    for holder in (item, node):
        if "servers" in holder and holder.get("servers") != node.root.get("servers"):
            raise holder.child("servers").refused("another server than the document's is not supported", "remove it")
    answers, accept = _answers(node, types, starts)
    if method == "head":
        answers, accept = tuple((status, NO_CONTENT) for status, _ in answers), "application/json"
    return Endpoint(
        place=node.place,
        method=str(method).upper(),
        path=str(path),
        tag=tag,
        folder=where[0],
        module=where[1],
        pinned=node.get("operationId"),
        reads=node.get("x-mantago-reads") is True,
        parameters=parameters,
        body=_body(node, types, starts),
        answers=answers,
        accept=accept,
        summary=node.get("summary") or "",
        description=node.get("description") or "",
        deprecated=node.get("deprecated") is True,
        not_paths=_others(str(path), paths),
        rule=_has_rule(node),
        docs=node.get("x-mantago-docs") or "",
    )


# --- parameters -----------------------------------------------------------------------------------------------------


def _parameters(node: Node, item: Node, types: Schemas, starts: dict[Place, str]) -> tuple[Parameter, ...]:
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
    elif style in {"deepObject"}:
        raise node.refused("deepObject is for objects", "leave the style out or describe an object")
    if deep := [part for part in parts if not _is_flat(part, types)]:
        raise node.refused(
            f"style {style!r} can't say what lies deeper than one level ({type(deep[0]).__name__})",
            "describe it by content: application/json, if the service reads that, or as text",
        )


def _is_flat(kind: Type, types: Schemas) -> bool:
    kind = kind.inner if isinstance(kind, Nullable) else kind
    return not isinstance(kind, ListOf | MapOf) and not (isinstance(kind, Named) and kind.place in types.shapes)


def _others(path: str, paths: list[str]) -> tuple[str, ...]:
    """Return the paths that a value of a parameter could make of this one."""
    return tuple(other for other in paths if other != path and "{" in path and _can_become(path, other))


def _can_become(path: str, other: str) -> bool:
    ours, theirs = path.split("/"), other.split("/")
    if len(ours) != len(theirs):
        return False
    pairs = [(mine, its) for mine, its in zip(ours, theirs, strict=True) if mine != its]
    return all(_fits(mine, its) or _fits(its, mine) for mine, its in pairs) and any(
        "{" in mine and _fits(mine, its) and _fits_all(mine) > _fits_all(its) for mine, its in pairs
    )


def _fits(template: str, segment: str) -> bool:
    pattern = "".join(".+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^{}]*\})", template))
    return re.fullmatch(pattern, segment) is not None


def _fits_all(template: str) -> int:
    return 2 if re.fullmatch(r"\{[^{}]*\}", template) else int("{" in template)


def _has_rule(node: Node) -> bool:
    """Say whether the rule stands on the schema of the body, or on one that it takes in by allOf."""
    if "requestBody" not in node:
        return False
    wanted = [one.child("schema") for one in node.child("requestBody").resolve().children("content") if "schema" in one]
    while wanted:
        schema = wanted.pop().resolve()
        if (rule := schema.get("x-mantago-rule")) is not None:
            if rule != "identification":
                raise schema.refused(f"x-mantago-rule is {rule!r}", "say identification, the one rule that there is")
            return True
        wanted += schema.children("allOf")
    return False


# --- bodies and answers ---------------------------------------------------------------------------------------------


def is_json(content_type: str) -> bool:
    """Say whether a content type is JSON."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare in {"application/json", "*/*", "application/*"} or bare.endswith("+json")


def _body(node: Node, types: Schemas, starts: dict[Place, str]) -> Body | None:
    if "requestBody" not in node:
        return None
    body = node.child("requestBody").resolve()
    starts.setdefault(body.place, f"{starts.get(node.place) if body.place[:1] == ('paths',) else body.place[-1]}_body")
    offered = [*body.children("content")]
    for supported in (is_json, lambda name: name.partition(";")[0].strip().lower() in {FORM, MULTIPART}, _is_raw):
        for content in offered:
            name = str(content.place[-1])
            if supported(name):
                return _body_of(
                    content, "application/json" if "*" in name else name, body.get("required") is True, types
                )
    names = ", ".join(str(content.place[-1]) for content in offered) or "nothing"
    raise body.child("content").refused(
        f"a body can't be sent as {names}", "describe it as JSON, as a form, as text or as application/octet-stream"
    )


def _is_raw(name: str) -> bool:
    bare = name.partition(";")[0].strip().lower()
    return bare.startswith(("text/", "image/", "audio/", "video/")) or bare in {
        "application/octet-stream", "application/pdf", "application/zip"
    }  # fmt: skip


def _raw(name: str) -> Type:
    return PLAIN_TEXT if name.lower().startswith("text/") else BINARY


def _body_of(content: Node, name: str, required: bool, types: Schemas) -> Body:
    schema = content.child("schema") if "schema" in content else None
    encoding: dict[str, tuple[str, bool]] = {}
    bare = name.partition(";")[0].strip().lower()
    if bare in {FORM, MULTIPART}:
        if schema is None or not is_object(schema):
            raise content.refused("a form needs a schema with properties", "describe the fields of the form")
        encoding = _encoding(content, bare, [*flatten(schema).properties])
        kind: Type = types.form(schema, file=bare == MULTIPART)
    elif is_json(name):
        kind = types.type_of(schema) if schema else JSON
    else:
        kind = _raw(name)
    return Body(kind, name, required, encoding, content.place)


def _encoding(content: Node, bare: str, properties: list[str]) -> dict[str, tuple[str, bool]]:
    result = {}
    for said in content.children("encoding"):
        name = str(said.place[-1])
        if name not in properties:
            raise said.refused("is about no property of the form", "correct its name")
        if said.get("headers") or said.get("allowReserved"):
            raise said.refused("headers and allowReserved of a form's part aren't supported", "remove them")
        if bare == FORM and ("style" in said or "explode" in said):
            style = said.get("style") or "form"
            result[name] = (style, bool(said.get("explode", style == "form")))
    return result


def _answers(node: Node, types: Schemas, starts: dict[Place, str]) -> tuple[tuple[tuple[int | str, Type], ...], str]:
    responses = {str(one.place[-1]): one.resolve() for one in node.children("responses")}
    good = {status: one for status, one in responses.items() if status.startswith("2")}
    if not good and "default" in responses:
        good = {"2XX": responses["default"]}
    if not good:
        raise node.child("responses").refused("no answer of a success is described", "describe what a 200 holds")
    found: list[tuple[int | str, Type]] = []
    accepted: dict[str, None] = {}
    for status, one in sorted(good.items()):
        owner = f"{starts[node.place]}_response_{one.place[-1]}" if one.place[:1] == ("paths",) else one.place[-1]
        starts.setdefault(one.place, str(owner))
        kind, accept = _answer(one, types)
        accepted |= {accept: None} if accept else {}
        found.append((int(status) if status.isdecimal() else status.upper(), kind))
    return tuple(found), ", ".join(accepted) or "application/json"


def _answer(node: Node, types: Schemas) -> tuple[Type, str]:
    offered = [*node.children("content")]
    if not offered:
        return NO_CONTENT, ""
    for supported in (is_json, _is_raw):
        for content in offered:
            name = str(content.place[-1])
            if supported(name):
                if not is_json(name):
                    return _raw(name), name
                if "schema" not in content:
                    return JSON, "application/json"
                return types.answer(content.child("schema")), "application/json" if "*" in name else name
    names = ", ".join(str(content.place[-1]) for content in offered)
    raise node.child("content").refused(f"an answer of {names} can't be read", "describe it as JSON or as text")
