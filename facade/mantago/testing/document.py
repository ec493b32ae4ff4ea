"""The published document as plain data: its operations, and the schemas that they refer to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from mantago.testing.vendored import OPERATION_NAMES, RULE_SCHEMAS
from mantago_runtime.document import instances

__all__ = ["METHODS", "Document", "Node", "SpecOperation"]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SCHEMAS: Final = "#/components/schemas/"

Node = Mapping[str, Any]


@frozen
class SpecOperation:
    """An operation of the spec: its key there, its node, and the values that a request's path has for its templates."""

    key: tuple[str, str]
    node: Node
    in_path: Mapping[str, str] = field(factory=dict)


class Document:
    """The spec as plain data: its base path, its operations by name and by path, and the targets of references.

    `names` are the friendly names by method and path, `rule_schemas` the schemas that carry the identification rule.
    """

    def __init__(
        self,
        spec: Node,
        *,
        names: Mapping[tuple[str, str], str] = OPERATION_NAMES,
        rule_schemas: Collection[str] = RULE_SCHEMAS,
    ) -> None:
        self.spec = spec
        servers: list[Node] = self.spec.get("servers") or [{"url": "/"}]
        server = servers[0]
        variables = {name: variable["default"] for name, variable in server.get("variables", {}).items()}
        url = urlsplit(server["url"].format(**variables))
        self.base_path = url.path.rstrip("/")
        self._rule_refs = frozenset(_SCHEMAS + name for name in rule_schemas)
        paths: Mapping[str, Node] = spec.get("paths", {})
        # In OpenAPI, a literal path comes before one with a template.
        self._patterns = sorted(paths, key=lambda path: ["{" in part for part in path.split("/")])
        self.names = {key: name for key, name in names.items() if key[0] in self.resolved(paths.get(key[1], {}))}

    def operation_at(self, method: str, path: str) -> SpecOperation | None:
        """Return the operation at a path, which begins with that of the spec's server."""
        if method not in METHODS or not path.startswith(f"{self.base_path}/"):
            return None
        rest = path.removeprefix(self.base_path)
        for pattern in self._patterns:
            shared = self.resolved(self.spec["paths"][pattern])
            if method in shared and (found := instances(pattern).fullmatch(rest)):
                in_path = dict(zip(re.findall(r"{(.*?)}", pattern), found.groups(), strict=True))
                return SpecOperation((method, pattern), self._with_shared_parameters(shared, shared[method]), in_path)
        return None

    def shown(self, path: str) -> str:
        """Return a path that no operation has, for a log; segments that may be an id, unknown ones, are left out."""
        known = {part for pattern in [self.base_path, *self._patterns] for part in pattern.split("/")}
        return "/".join(part if part in known else "..." for part in path.split("/"))

    def _with_shared_parameters(self, shared: Node, node: Node) -> Node:
        """Return an operation with the parameters that its path has for all operations, unless it has its own."""
        nodes = [*shared.get("parameters", ()), *node.get("parameters", ())]
        parameters = {(one["name"], one["in"]): one for one in map(self.resolved, nodes)}
        return {**node, "parameters": [*parameters.values()]}

    def named(self, name: str) -> SpecOperation | None:
        """Return the operation of this name."""
        for key, found in self.names.items():
            if found == name:
                shared = self.resolved(self.spec["paths"][key[1]])
                return SpecOperation(key, self._with_shared_parameters(shared, shared[key[0]]))
        return None

    def name_of(self, operation: SpecOperation) -> str | None:
        """Return the friendly name of an operation, None if it has none."""
        return self.names.get(operation.key)

    def resolved(self, node: Node) -> Node:
        """Return the node that this one refers to, or itself."""
        while "$ref" in node:
            target: Any = self.spec
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def parts(self, schema: Node) -> Iterator[Node]:
        """Yield a schema and the schemas that it is composed of, by allOf, anyOf or oneOf."""
        schema = self.resolved(schema)
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                yield from self.parts(part)

    def asks_for_a_client(self, operation: SpecOperation) -> bool:
        """Return whether the body is, or builds on, a schema that carries the identification rule."""
        content = self.resolved(operation.node.get("requestBody", {})).get("content", {})
        return any(self._carries_the_rule(media.get("schema", {})) for media in content.values())

    def _carries_the_rule(self, schema: Node) -> bool:
        if schema.get("$ref") in self._rule_refs:
            return True
        return any(self._carries_the_rule(part) for part in self.resolved(schema).get("allOf", ()))

    def declares(self, operation: SpecOperation, name: str, place: str) -> bool:
        """Return whether the operation has this parameter."""
        parameters = map(self.resolved, operation.node.get("parameters", ()))
        return any((parameter["name"], parameter["in"]) == (name, place) for parameter in parameters)
