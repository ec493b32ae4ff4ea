"""Operations: their parameters, bodies and answers; one that can't be called right is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from generation.bodies import answers_of, body_of
from generation.document import Node, operations
from generation.ir import NO_CONTENT, Endpoint, Place
from generation.parameters import parameters_of
from generation.placing import api_names, generic_name
from generation.schemas import Schemas


@frozen
class Found:
    """The operations of a document, and the names after which schemas inside them are called."""

    endpoints: tuple[Endpoint, ...]
    starts: Mapping[Place, str]


def read_operations(root: Mapping[str, Any], mended: Mapping[str, Any], types: Schemas) -> Found:
    """Return the operations; their modules are named after `mended`, the document without the overlay of names."""
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
        endpoint = _endpoint(node, item, types, starts)
        endpoints.append(
            evolve(
                endpoint,
                by_hand=endpoint.pinned != tags[node.place][2],
                tag=tags[node.place][0],
                folder=folder,
                module=module,
                not_paths=_others(endpoint.path, paths),
            )
        )
    starts |= {("components", "schemas", name): name for name in root.get("components", {}).get("schemas", {})}
    return Found(tuple(endpoints), starts)


def _endpoint(node: Node, item: Node, types: Schemas, starts: dict[Place, str]) -> Endpoint:
    _, path, method = node.place
    parameters = parameters_of(node, item, types, starts)
    declared = {one.name for one in parameters if one.where == "path"}
    if odd := declared ^ {*re.findall(r"\{([^{}]*)\}", str(path))}:
        raise node.refused(f"the path and its parameters don't agree on {min(odd)!r}", "declare what the path has")
    for holder in (item, node):
        own = [server_url(server) for server in holder.get("servers", ())][:1]
        if own and own != [server_url(node.root["servers"][0])]:
            raise holder.child("servers").refused("another server than the document's is not supported", "remove it")
    answers, accept = answers_of(node, types, starts)
    if method == "head":
        answers, accept = tuple((status, NO_CONTENT) for status, _ in answers), "application/json"
    return Endpoint(
        place=node.place,
        method=str(method).upper(),
        path=str(path),
        pinned=node.get("operationId"),
        reads=node.get("x-mantago-reads") is True,
        parameters=parameters,
        body=body_of(node, types, starts),
        answers=answers,
        accept=accept,
        summary=node.get("summary") or "",
        description=node.get("description") or "",
        deprecated=node.get("deprecated") is True,
        rule=_has_rule(node),
        docs=node.get("x-mantago-docs") or "",
        paging=node.get("x-mantago-paging"),
    )


def server_url(server: Mapping[str, Any]) -> str:
    """Return the address of a server, with the defaults of its variables."""
    url = str(server["url"])
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url.rstrip("/")


def _others(path: str, paths: list[str]) -> tuple[str, ...]:
    """Return the other paths that this one becomes by some value of a parameter."""
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
    """Return whether the rule of identification stands on the body's schema, or on one in its allOf."""
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
