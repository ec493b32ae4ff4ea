"""The service behind sandbox and fake: the spec as data, and the order in which requests are refused.

Pure decisions on plain data. How a request is read against the spec, `requests` knows.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from attrs import field, frozen

from mantago.identification import IdentifyIn
from mantago.testing.scenarios import CannedResponse, Refusal, broken_rule

__all__ = [
    "METHODS",
    "REFUSAL",
    "Account",
    "Document",
    "Node",
    "Operation",
    "ParsedRequest",
    "check_identify_in",
    "new_token",
    "not_found",
    "refused",
    "respond",
]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_GIFTS: Final = ("post", "/openapi/client/gift")
_IDENTIFICATION: Final = "#/components/schemas/ClientIdentificationRequest"
REFUSAL: Final = "#/components/schemas/ErrorResponse"
"""The envelope of every refusal, also of those with a status that the spec doesn't list."""

Node = Mapping[str, Any]


def check_identify_in(value: object) -> None:
    """Refuse what names no reading of the rule's prose."""
    if value not in get_args(IdentifyIn):
        raise ValueError(f"identify_in is 'both' or 'body', not {value!r}")


@frozen
class Operation:
    """An operation of the spec: its key there, what stands under it, and what a path has for its templates."""

    key: tuple[str, str]
    node: Node
    in_path: Mapping[str, str] = field(factory=dict)


class Document:
    """The spec as plain data: where it is served, what its parts refer to, what an answer could look like."""

    def __init__(self, spec: Node) -> None:
        self.spec = spec
        servers: list[Node] = self.spec.get("servers") or [{"url": "/"}]
        server = servers[0]
        variables = {name: variable["default"] for name, variable in server.get("variables", {}).items()}
        url = urlsplit(server["url"].format(**variables))
        self.base_path = url.path.rstrip("/")

    def resolved(self, node: Node) -> Node:
        """Return the node that this one refers to, or itself."""
        while "$ref" in node:
            target: Any = self.spec
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def parts(self, schema: Node) -> Iterator[Node]:
        """Yield a schema and what it is put together from, by allOf, anyOf or oneOf."""
        schema = self.resolved(schema)
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                yield from self.parts(part)

    def asks_for_a_client(self, operation: Operation) -> bool:
        """Whether the body is, or builds on, the schema whose prose states the identification rule."""
        content = self.resolved(operation.node.get("requestBody", {})).get("content", {})
        return any(self._builds_on(media.get("schema", {}), _IDENTIFICATION) for media in content.values())

    def _builds_on(self, schema: Node, ref: str) -> bool:
        if schema.get("$ref") == ref:
            return True
        return any(self._builds_on(part, ref) for part in self.resolved(schema).get("allOf", ()))

    def declares(self, operation: Operation, name: str, place: str) -> bool:
        """Whether the operation has this parameter."""
        parameters = map(self.resolved, operation.node.get("parameters", ()))
        return any((parameter["name"], parameter["in"]) == (name, place) for parameter in parameters)

    def example_answer(self, operation: Operation) -> CannedResponse:
        """Return the smallest success that the spec allows."""
        responses = operation.node["responses"]
        key = min((key for key in responses if key.startswith("2")), default="default")
        status = int(key.replace("XX", "00")) if key != "default" else 200
        content = self.resolved(responses.get(key, {})).get("content", {})
        for content_type, media in content.items():
            if "json" in content_type:
                return CannedResponse(status, json.dumps(self._example(media)).encode(), content_type)
        return CannedResponse(status, b"", next(iter(content), "text/plain"))

    def _example(self, media: Node) -> Any:
        if "example" in media:
            return media["example"]
        return self._value(media.get("schema", {}))

    def _value(self, schema: Node) -> Any:
        flat = self._flat(schema)
        for keyword in ("example", "default", "const"):
            if keyword in flat:
                return flat[keyword]
        if "enum" in flat:
            return flat["enum"][0]
        for keyword in ("oneOf", "anyOf"):
            if keyword in flat:
                return self._value(flat[keyword][0])
        kind = flat.get("type", "object")
        return self._value_of_kind(kind if isinstance(kind, str) else kind[0], flat)

    def _value_of_kind(self, kind: str, flat: Node) -> Any:
        match kind:
            case "object":
                properties = flat.get("properties", {})
                return {name: self._value(properties.get(name, {})) for name in flat.get("required", ())}
            case "array":
                return [self._value(flat["items"]) for _ in range(flat.get("minItems", 0))]
            case "string":
                return _STRINGS.get(flat.get("format", ""), "example").ljust(flat.get("minLength", 0), ".")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return flat.get("minimum", 0)

    def _flat(self, schema: Node) -> Node:
        schema = self.resolved(schema)
        parts = [*map(self._flat, schema.get("allOf", ())), schema]
        merged: dict[str, Any] = {}
        for part in parts:
            merged |= part
        merged["properties"] = {name: node for part in parts for name, node in part.get("properties", {}).items()}
        merged["required"] = [name for part in parts for name in part.get("required", ())]
        return merged


_STRINGS: Final = {
    "date": "2024-07-15",
    "date-time": "2024-07-15T10:30:28.700Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@frozen(repr=False)
class Account:
    """The bot that the service knows, and what it must be asked with."""

    bot_id: str
    token: str
    secret: str


def new_token(bot_id: str, *, issued_at: int, expires_at: int, signature: bytes) -> str:
    """Return a token that looks like the vendor's, a JWT; nobody could verify its signature."""
    header = {"alg": "HS256", "typ": "JWT"}
    payload = {"botId": bot_id, "iat": issued_at, "exp": expires_at}
    parts = [json.dumps(part).encode() for part in (header, payload)] + [signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@frozen(repr=False)
class ParsedRequest:
    """A request that was read against the spec: what it brings, and what is wrong with its shape.

    `tokens` is None where the operation wants one and none came, empty where it wants none.
    """

    operation: Operation
    tokens: tuple[str, ...] | None
    faults: tuple[str, ...]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


def not_found(path: str, find: Callable[[str, str], Operation | None]) -> CannedResponse:
    """Return the answer where no operation is found: another method may be."""
    allowed = [method.upper() for method in METHODS if find(method, path)]
    if not allowed:
        return Refusal.NO_SUCH_PATH.answer()
    return Refusal.WRONG_METHOD.answer(headers=(("allow", ", ".join(allowed)),))


def refused(
    parsed: ParsedRequest, account: Account, document: Document, *, identify_in: IdentifyIn
) -> CannedResponse | None:
    """Return the refusal of a request that nobody could be answered with; None if all is well with it."""
    bot_id = account.bot_id
    if parsed.tokens is None or any(token != account.token for token in parsed.tokens):
        return Refusal.TOKEN_EXPIRED.answer()
    if parsed.faults:
        return Refusal.BAD_VARIABLES.answer("; ".join(parsed.faults))
    if parsed.query.get("botId", bot_id) != bot_id:
        return Refusal.BOT_NOT_FOUND.answer()
    if parsed.body.get("secret", account.secret) != account.secret:
        return Refusal.PERMISSION_DENIED.answer(bot_id=bot_id)
    if not document.asks_for_a_client(parsed.operation):
        return None
    pair_in_query = identify_in == "both" and document.declares(parsed.operation, "platformClientId", "query")
    fault = broken_rule(parsed.body, parsed.query, pair_in_query=pair_in_query)
    return Refusal.BAD_VARIABLES.answer(fault, bot_id=bot_id) if fault else None


def respond(
    parsed: ParsedRequest,
    account: Account,
    document: Document,
    answer_for: Callable[[Mapping[str, Any]], CannedResponse | None],
) -> CannedResponse:
    """Return the answer to a request that was not refused; `answer_for` tells that of the client in a body."""
    if document.asks_for_a_client(parsed.operation):
        answer = answer_for(parsed.body)
        if answer is None:
            return Refusal.CLIENT_NOT_FOUND.answer(bot_id=account.bot_id)
        # Gifts answer the gift operation only; what goes wrong, goes wrong everywhere.
        if answer.status != 200 or parsed.operation.key == _GIFTS:
            return answer
    return document.example_answer(parsed.operation)
