"""A stand-in for the service on this machine: the vendored spec, served over real HTTP (extra `sandbox`).

Routes, credentials and shapes, of requests and of its own answers, are the spec's; only who the
clients are and the rule that the spec states in prose are code, in `_scenarios`. An operation that
is new in the spec is served at once, with the smallest answer that conforms.
"""

import asyncio
import base64
import json
import logging
import re
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from importlib.resources import files
from types import TracebackType
from typing import Any, Final, Literal, Self, cast, get_args
from urllib.parse import parse_qsl, urlsplit

from attrs import define, frozen

from mantago._scenarios import BOT_ID, CLIENTS, TRIGGERS, Answer, Card, PlatformId, Refusal, broken_rule, card_for

try:
    import uvicorn
    from openapi_core import Config, OpenAPI
    from openapi_core.datatypes import RequestParameters
    from openapi_core.templating.paths.exceptions import PathError
    from openapi_core.templating.paths.finders import APICallPathFinder
    from openapi_core.templating.responses.exceptions import ResponseFinderError
    from openapi_core.unmarshalling.request.datatypes import RequestUnmarshalResult
    from openapi_core.validation.request.exceptions import ParameterValidationError, SecurityValidationError
    from werkzeug.datastructures import Headers, ImmutableMultiDict
    from werkzeug.http import parse_cookie
except ModuleNotFoundError as error:
    raise ImportError(f"{error}; the sandbox needs more: pip install 'mantago[sandbox]'") from error

__all__ = ["CLIENTS", "TRIGGERS", "Card", "PlatformId", "Sandbox"]

_LOOPBACK: Final = "127.0.0.1"
_TOKEN_SECONDS: Final = 30 * 24 * 60 * 60
_SLOW_SECONDS: Final = 5.0
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_GIFTS: Final = ("post", "/openapi/client/gift")
_IDENTIFICATION: Final = "#/components/schemas/ClientIdentificationRequest"
_REFUSAL: Final = "#/components/schemas/ErrorResponse"
# Loggers that would speak for the server's thread; the caller didn't ask to hear from it.
_TALKATIVE: Final = ("asyncio", "uvicorn.access", "uvicorn.error")

_IdentifyIn = Literal["both", "body"]
_Node = Mapping[str, Any]


class Sandbox:
    """The service on a loopback port while the `with` block runs, each time with new credentials.

    `port` 0 takes a free one; one that is taken is an `OSError`. `identify_in` says how the prose of
    the spec is read: "both" wants a platform pair in body and query, "body" does without the query's.
    `CLIENTS` and `TRIGGERS` list whom to ask for.
    """

    def __init__(self, *, port: int = 0, identify_in: _IdentifyIn = "both") -> None:
        if identify_in not in get_args(_IdentifyIn):
            raise ValueError(f"identify_in is 'both' or 'body', not {identify_in!r}")
        self.bot_id = BOT_ID
        self.token = _new_token()
        self.secret = secrets.token_urlsafe(32)
        self._port = port
        self._identify_in: _IdentifyIn = identify_in
        self._spec = _published_spec()
        self._slow_seconds = _SLOW_SECONDS
        self._base_url: str | None = None
        self._thread: threading.Thread | None = None
        self._stop = ExitStack()

    def __repr__(self) -> str:
        state = "running" if self._thread and self._thread.is_alive() else "not running"
        return f"<Sandbox {self._base_url or ''} {state}>".replace("  ", " ")

    @property
    def base_url(self) -> str:
        """Where the service is, down to the path of the spec's server; known from the start of the block."""
        if self._base_url is None:
            raise RuntimeError("the sandbox has no address yet: use it in a with statement")
        return self._base_url

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("a sandbox runs once: make another Sandbox()")
        document = _Document(self._spec)
        service = _Service(document, token=self.token, secret=self.secret, identify_in=self._identify_in)
        with ExitStack() as stack:
            listener = stack.enter_context(socket.create_server((_LOOPBACK, self._port)))
            server = _Server(_asgi(service, self._slow_seconds))
            thread = threading.Thread(target=server.serve_on, args=(listener,), name="mantago-sandbox", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            server.settled.wait()
            if not server.started:
                raise RuntimeError("the sandbox's server did not start; its traceback says why")
            self._base_url = f"http://{_LOOPBACK}:{listener.getsockname()[1]}{document.base_path}"
            self._thread = thread
            self._stop = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.close()


def _published_spec() -> dict[str, Any]:
    text = files("mantago_generated").joinpath("openapi.json").read_text(encoding="utf-8")
    spec: dict[str, Any] = json.loads(text)
    return spec


def _new_token() -> str:
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT"}
    payload = {"botId": BOT_ID, "iat": now, "exp": now + _TOKEN_SECONDS}
    parts = [json.dumps(part).encode() for part in (header, payload)] + [secrets.token_bytes(32)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@define
class _Request:
    """A request as openapi-core wants to see it, which insists on writing in it."""

    host_url: str
    method: str
    path: str
    parameters: RequestParameters
    content_type: str
    body: bytes


@frozen
class _Response:
    """An answer as openapi-core wants to see it."""

    status_code: int
    content_type: str
    headers: Headers
    data: bytes


@frozen
class _Operation:
    """An operation of the spec: its key there, and what stands under it."""

    key: tuple[str, str]
    node: _Node


class _Document:
    """The spec as plain data: where it is served, what its parts refer to, what an answer could look like."""

    def __init__(self, spec: _Node) -> None:
        # openapi-core warns when a deprecated part is used, and here nobody would be the wiser.
        self.spec = json.loads(json.dumps(spec), object_hook=_without_deprecation)
        servers: list[_Node] = self.spec.get("servers") or [{"url": "/"}]
        server = servers[0]
        variables = {name: variable["default"] for name, variable in server.get("variables", {}).items()}
        url = urlsplit(server["url"].format(**variables))
        self.origin = f"{url.scheme}://{url.netloc}" if url.netloc else ""
        self.base_path = url.path.rstrip("/")

    def resolved(self, node: _Node) -> _Node:
        """Return the node that this one refers to, or itself."""
        while "$ref" in node:
            target: Any = self.spec
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def asks_for_a_client(self, operation: _Operation) -> bool:
        """Whether the body is, or builds on, the schema whose prose states the identification rule."""
        content = self.resolved(operation.node.get("requestBody", {})).get("content", {})
        return any(self._builds_on(media.get("schema", {}), _IDENTIFICATION) for media in content.values())

    def _builds_on(self, schema: _Node, ref: str) -> bool:
        if schema.get("$ref") == ref:
            return True
        return any(self._builds_on(part, ref) for part in self.resolved(schema).get("allOf", ()))

    def declares(self, operation: _Operation, name: str, place: str) -> bool:
        """Whether the operation has this parameter."""
        parameters = map(self.resolved, operation.node.get("parameters", ()))
        return any((parameter["name"], parameter["in"]) == (name, place) for parameter in parameters)

    def example_answer(self, operation: _Operation) -> Answer:
        """Return the smallest success that the spec allows."""
        responses = operation.node["responses"]
        key = min((key for key in responses if key.startswith("2")), default="default")
        status = int(key.replace("XX", "00")) if key != "default" else 200
        content = self.resolved(responses.get(key, {})).get("content", {})
        for content_type, media in content.items():
            if "json" in content_type:
                return Answer(status, json.dumps(self._example(media)).encode(), content_type)
        return Answer(status, b"", next(iter(content), "text/plain"))

    def _example(self, media: _Node) -> Any:
        if "example" in media:
            return media["example"]
        return self._value(media.get("schema", {}))

    def _value(self, schema: _Node) -> Any:
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

    def _value_of_kind(self, kind: str, flat: _Node) -> Any:
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

    def _flat(self, schema: _Node) -> _Node:
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


def _without_deprecation(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if (name, value) != ("deprecated", True)}


class _Service:
    """Decides what to answer: the spec through openapi-core, the clients from the scenarios."""

    def __init__(self, document: _Document, *, token: str, secret: str, identify_in: _IdentifyIn) -> None:
        self._document = document
        self._token = token
        self._secret = secret
        self._identify_in = identify_in
        self._asked: Counter[str] = Counter()
        # The import of a spec validates it; once more here would cost a tenth of the time to start.
        unchecked = Config(
            spec_validator_cls=cast("Any", None), extra_media_type_deserializers={"application/json": _read_json}
        )
        self._openapi = OpenAPI.from_dict(document.spec, config=unchecked)
        self._paths = APICallPathFinder(self._openapi.spec)
        # Statuses that the spec doesn't document still promise its envelope.
        response = {"description": "", "content": {"application/json": {"schema": {"$ref": _REFUSAL}}}}
        refusals = {"paths": {"/": {"get": {"responses": {"default": response}}}}, "servers": [{"url": "/"}]}
        self._refusals = OpenAPI.from_dict({**document.spec, **refusals}, config=unchecked)

    def answer(self, scope: _Node, body: bytes) -> Answer:
        """Return the answer to an ASGI request, checked against the spec unless it is off it on purpose."""
        headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        request = _Request(
            host_url=self._document.origin,
            method=scope["method"].lower(),
            path=scope["path"],
            parameters=RequestParameters(
                query=ImmutableMultiDict(query), header=headers, cookie=parse_cookie(headers.get("Cookie"))
            ),
            content_type=headers.get("Content-Type", "").lower(),
            body=body,
        )
        operation = self._operation(request.method, request.path)
        draft = self._decide(request, operation) if operation else self._lost(request.path)
        faults = [] if draft.off_spec else list(self._faults_of(draft, request if operation else None))
        if faults:
            return Refusal.SERVER_ERROR.answer(f"the sandbox's own answer breaks the spec, {'; '.join(faults)}")
        return draft

    def _operation(self, method: str, path: str) -> _Operation | None:
        try:
            found = self._paths.find(method, self._document.origin + path)
        except PathError:
            return None
        key = (method, found.path_result.pattern)
        return _Operation(key, self._document.resolved(self._document.spec["paths"][key[1]])[method])

    def _lost(self, path: str) -> Answer:
        allowed = [method.upper() for method in _METHODS if self._operation(method, path)]
        if not allowed:
            return Refusal.NO_SUCH_PATH.answer()
        return Refusal.WRONG_METHOD.answer(headers=(("allow", ", ".join(allowed)),))

    def _decide(self, request: _Request, operation: _Operation) -> Answer:
        given = self._openapi.unmarshal_request(request)
        return (
            self._refused_token(given)
            or self._refused_shape(given, request)
            or self._refused_account(given)
            or self._answer_for_client(given, operation)
            or self._document.example_answer(operation)
        )

    def _refused_token(self, given: RequestUnmarshalResult) -> Answer | None:
        absent = any(isinstance(error, SecurityValidationError) for error in given.errors)
        if absent or any(value != self._token for value in (given.security or {}).values()):
            return Refusal.TOKEN_EXPIRED.answer()
        return None

    def _refused_shape(self, given: RequestUnmarshalResult, request: _Request) -> Answer | None:
        faults = [text for error in given.errors for text in _described(error)]
        query = cast("ImmutableMultiDict[str, str]", request.parameters.query)
        for name, value in given.parameters.query.items():
            if isinstance(value, str) and len(query.getlist(name)) > 1:
                faults.append(f"query parameter {name}: given more than once")
        return Refusal.BAD_VARIABLES.answer("; ".join(faults)) if faults else None

    def _refused_account(self, given: RequestUnmarshalResult) -> Answer | None:
        if given.parameters.query.get("botId", BOT_ID) != BOT_ID:
            return Refusal.BOT_NOT_FOUND.answer()
        if _members(given.body).get("secret", self._secret) != self._secret:
            return Refusal.PERMISSION_DENIED.answer(bot_id=BOT_ID)
        return None

    def _answer_for_client(self, given: RequestUnmarshalResult, operation: _Operation) -> Answer | None:
        if not self._document.asks_for_a_client(operation):
            return None
        body, query = _members(given.body), given.parameters.query
        declared = self._document.declares(operation, "platformClientId", "query")
        pair_in_query = declared and self._identify_in == "both"
        if fault := broken_rule(body, query, pair_in_query=pair_in_query):
            return Refusal.BAD_VARIABLES.answer(fault, bot_id=BOT_ID)
        card = card_for(body)
        if card is None:
            return Refusal.CLIENT_NOT_FOUND.answer(bot_id=BOT_ID)
        answer = card.answers[min(self._asked[card.id], len(card.answers) - 1)]
        self._asked[card.id] += 1
        # Gifts answer the gift operation only; what goes wrong, goes wrong everywhere.
        return answer if answer.status != 200 or operation.key == _GIFTS else None

    def _faults_of(self, answer: Answer, request: _Request | None) -> Iterator[str]:
        response = _Response(answer.status, answer.content_type, Headers(answer.headers), answer.body)
        errors = list(self._openapi.iter_response_errors(request, response)) if request else []
        if request is None or any(isinstance(error, ResponseFinderError) for error in errors):
            anything = _Request("", "get", "/", RequestParameters(), "", b"")
            errors = list(self._refusals.iter_response_errors(anything, response))
        for error in errors:
            yield from _described(error)


_FAULTS: Final = {
    "EmptyQueryParameterValue": "is empty",
    "MediaTypeDeserializeError": "isn't what its Content-Type says",
    "MediaTypeNotFound": "has a Content-Type that the spec doesn't list",
    "MissingRequiredParameter": "is missing",
    "MissingRequiredRequestBody": "is missing",
}


def _read_json(text: bytes, **_parameters: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _members(body: Any) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {}


def _described(error: Exception) -> Iterator[str]:
    """Yield what is wrong in the words of the schema: the value could be a secret, or hold one."""
    place = f"{error.location} parameter {error.name}" if isinstance(error, ParameterValidationError) else "body"
    cause = error.__cause__ or error
    broken: Iterable[Any] = getattr(cause, "schema_errors", ())
    if not broken:
        name = type(cause).__name__
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        yield f"{place}: {_FAULTS.get(name, words)}"
    for part in broken:
        rule = part.message if part.validator == "required" else f"breaks {part.validator} "
        expected = "" if part.validator == "required" else json.dumps(part.validator_value)
        yield f"{place} {part.json_path}: {rule}{expected}"


_Receive = Callable[[], Awaitable[Any]]
_Send = Callable[[Any], Awaitable[None]]


def _asgi(service: _Service, slow_seconds: float) -> Callable[[Any, _Receive, _Send], Awaitable[None]]:
    async def application(scope: Any, receive: _Receive, send: _Send) -> None:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        answer = service.answer(scope, bytes(body))
        if answer.slow:
            await asyncio.sleep(slow_seconds)
        fields = [("content-type", answer.content_type), ("content-length", str(len(answer.body))), *answer.headers]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        # An application that returns in the middle of a body makes uvicorn close the connection.
        sent = answer.body[: len(answer.body) // 2] if answer.cut_off else answer.body
        await send({"type": "http.response.body", "body": sent, "more_body": answer.cut_off})

    return application


class _Server(uvicorn.Server):
    """uvicorn for one thread of somebody else's program: silent, and gone at once when told to go."""

    def __init__(self, application: Callable[[Any, _Receive, _Send], Awaitable[None]]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.settled = threading.Event()

    def serve_on(self, listener: socket.socket) -> None:
        """Serve in the calling thread until `should_exit`; `settled` says that it began, or never will."""
        silence = _Silence(threading.get_ident())
        loggers = [logging.getLogger(name) for name in _TALKATIVE]
        for logger in loggers:
            logger.addFilter(silence)
        try:
            self.run(sockets=[listener])
        finally:
            self.settled.set()
            for logger in loggers:
                logger.removeFilter(silence)

    def stop(self) -> None:
        """Have `serve_on` return soon; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so when connections are accepted."""
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop what is in flight, which uvicorn would wait for."""
        for server in self.servers:
            server.close()
        # A connection accepted just now takes asyncio some turns to become known here.
        await asyncio.sleep(0.01)
        for connection in self.server_state.connections:
            cast("Any", connection).transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await super().shutdown(sockets)


class _Silence(logging.Filter):
    """Keeps one thread's records out of the log, but for exceptions that are bugs of the sandbox."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        bug = record.exc_info is not None and isinstance(record.exc_info[1], Exception)
        return bug or record.thread != self._thread
