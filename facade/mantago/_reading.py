"""How the fake reads a request against the vendored spec: with nothing installed, in the words that the sandbox uses.

Only as much of OpenAPI as the requests of the vendored spec use; a test fails when a new version uses more.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from mantago._operations import instances
from mantago._service import Asked, Document, Node, Operation

__all__ = ["KEYWORDS", "find", "read", "schema_faults"]

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}
KEYWORDS: Final = frozenset({"$ref", "allOf", "enum", "items", "properties", "required", "type", "description"})
"""What is understood of a schema, and the one keyword that says nothing about a value."""


def find(document: Document, method: str, path: str) -> Operation | None:
    """Return the operation at a path, which begins with that of the spec's server."""
    if not path.startswith(f"{document.base_path}/"):
        return None
    rest = path.removeprefix(document.base_path)
    # As OpenAPI has it, a path without templates comes before one that has some.
    for pattern in sorted(document.spec["paths"], key=lambda pattern: "{" in pattern):
        node = document.resolved(document.spec["paths"][pattern])
        if method in node and instances(pattern).fullmatch(rest):
            return Operation((method, pattern), document.resolved(node[method]))
    return None


def read(document: Document, operation: Operation, headers: Mapping[str, str], query: str, body: bytes) -> Asked:
    """Read a request against its operation; the headers are asked for by names in lower case."""
    given = parse_qsl(query, keep_blank_values=True)
    content, about_body = _body(document, operation, headers.get("content-type", ""), body)
    about_query, repeated = _query(document, operation, given)
    return Asked(
        operation=operation,
        tokens=_tokens(document, operation, headers.get("authorization", "")),
        faults=(*about_query, *about_body, *repeated),
        query=dict(reversed(given)),  # the first of several counts
        body=content if isinstance(content, dict) else {},
    )


def _tokens(document: Document, operation: Operation, authorization: str) -> tuple[str, ...] | None:
    if not operation.node.get("security", document.spec.get("security")):
        return ()
    scheme, _, token = authorization.partition(" ")
    return (token,) if scheme.lower() == "bearer" and token else None


def _query(document: Document, operation: Operation, given: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return what is wrong with the parameters' values, and which of them were good but came more than once."""
    wrong, repeated = [], []
    for parameter in map(document.resolved, operation.node.get("parameters", ())):
        if parameter["in"] != "query":
            continue
        label = f"query parameter {parameter['name']}"
        values = [value for name, value in given if name == parameter["name"]]
        if not values:
            faults = [f"{label}: is missing"] if parameter.get("required") else []
        elif not values[0]:
            faults = [f"{label}: is empty"]
        else:
            faults = [f"{label} {fault}" for fault in schema_faults(document, parameter["schema"], values[0], "$")]
        wrong += faults
        repeated += [f"{label}: given more than once"] if len(values) > 1 and not faults else []
    return wrong, repeated


def _body(document: Document, operation: Operation, content_type: str, body: bytes) -> tuple[Any, tuple[str, ...]]:
    """Return the parsed body, and what is wrong with it."""
    declared = document.resolved(operation.node.get("requestBody", {}))
    if not body:
        return None, ("body: is missing",) if declared.get("required") else ()
    media = declared.get("content", {}).get(content_type.partition(";")[0].strip().lower())
    if media is None:
        return None, ("body: has a Content-Type that the spec doesn't list",) if declared else ()
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, ("body: isn't what its Content-Type says",)
    faults = schema_faults(document, media["schema"], content, "$")
    return content, tuple(f"body {fault}" for fault in faults)


def schema_faults(document: Document, schema: Node, value: Any, path: str) -> Iterator[str]:
    """Yield where the value breaks the schema and with which keyword, never the value: it could be a secret."""
    schema = document.resolved(schema)
    for part in schema.get("allOf", ()):
        yield from schema_faults(document, part, value, path)
    kind = schema.get("type")
    if kind and not _is_a(kind, value):
        yield _breaks(path, "type", kind)
    if "enum" in schema and value not in schema["enum"]:
        yield _breaks(path, "enum", schema["enum"])
    if isinstance(value, dict):
        yield from _member_faults(document, schema, value, path)
    if isinstance(value, list) and "items" in schema:
        for index, element in enumerate(value):
            yield from schema_faults(document, schema["items"], element, f"{path}[{index}]")


def _member_faults(document: Document, schema: Node, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if name in value:
            yield from schema_faults(document, part, value[name], f"{path}.{name}")
    missing: Iterable[str] = (name for name in schema.get("required", ()) if name not in value)
    yield from (f"{path}: {name!r} is a required property" for name in missing)


def _is_a(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _breaks(path: str, keyword: str, wanted: object) -> str:
    return f"{path}: breaks {keyword} {json.dumps(wanted)}"
