"""The bodies of requests and answers, in the content types that can be written and read."""

from __future__ import annotations

from generation.document import Node
from generation.flatten import flatten, is_object
from generation.ir import BINARY, JSON, NO_CONTENT, PLAIN_TEXT, Body, Place, Type
from generation.schemas import Schemas

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_RAW = frozenset({"application/octet-stream", "application/pdf", "application/zip"})


def is_json(content_type: str) -> bool:
    """Return whether a content type is JSON."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare in {"application/json", "*/*", "application/*"} or bare.endswith("+json")


def body_of(node: Node, types: Schemas, starts: dict[Place, str]) -> Body | None:
    """Return the body of an operation's request: as JSON if possible, else as a form, else as bytes."""
    if "requestBody" not in node:
        return None
    body = node.child("requestBody").resolve()
    starts.setdefault(body.place, f"{starts.get(node.place) if body.place[:1] == ('paths',) else body.place[-1]}_body")
    offered = [*body.children("content")]
    for supported in (is_json, lambda name: name.partition(";")[0].strip().lower() in {FORM, MULTIPART}, _is_raw):
        for content in offered:
            name = str(content.place[-1])
            if supported(name):
                sent = "application/json" if "*" in name else name
                return _content(content, sent, types, required=body.get("required") is True)
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


def _content(content: Node, name: str, types: Schemas, *, required: bool) -> Body:
    schema = content.child("schema") if "schema" in content else None
    encoding: dict[str, tuple[str, bool]] = {}
    bare = name.partition(";")[0].strip().lower()
    if bare in {FORM, MULTIPART}:
        if schema is None or not is_object(schema):
            raise content.refused("a form needs a schema with properties", "describe the fields of the form")
        encoding = _encoding(content, bare, [*flatten(schema).properties])
        kind: Type = types.form(schema, files=bare == MULTIPART)
    elif is_json(name):
        # A body that is null can't be sent: None means that there is no body.
        kind = types.bare_type(schema) if schema else JSON
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


def answers_of(node: Node, types: Schemas, starts: dict[Place, str]) -> tuple[tuple[tuple[int | str, Type], ...], str]:
    """Return the type of the answer by status of success, and the value of Accept."""
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
