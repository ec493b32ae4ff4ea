"""The client that can be imported here, and the requests that it makes for callers who keep to a contract."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from attrs import frozen

from mantago import MantaGo, MantaGoError, Platform
from mantago_generated import spec

from .changes import show
from .contracts import Contract
from .samples import NoValueError, values

REQUESTS = 20
# The arguments of every method that has the rule of identification.
WHO = frozenset({"client_id", "platform", "platform_client_id"})


@frozen
class ClientCall:
    """A request that the client makes: the call in words, the call as a function, and the request."""

    words: str
    send: Callable[[MantaGo], Any]
    request: httpx.Request


@frozen
class ClientOperation:
    """An operation of the client that can be imported here: its friendly method, and its generated module.

    The generated modules before 0.2 have no common interface, so that only the friendly method is tried.
    """

    name: str
    module: Any = None

    @property
    def result(self) -> str:
        """The annotation of the result."""
        return str(self.module.sync.__annotations__["return"]) if self.module else self.name

    def requests(self, contract: Contract, number: int = REQUESTS) -> list[ClientCall]:
        """Return the requests of callers that keep to a contract; calls as people write them come first."""
        ways = self._friendly(), self._generated(contract, number)
        return [asked for way in ways for asked in sorted(way, key=lambda one: len(one.words))]

    def _friendly(self) -> Iterator[ClientCall]:
        parameters = inspect.signature(getattr(MantaGo, self.name)).parameters
        needed = {name for name, one in parameters.items() if one.default is one.empty and name != "self"}
        if parameters.keys() >= WHO and not needed:
            for call in calls():
                who = {name: value for name, value in call.items() if name != "identify_in"}
                words = ", ".join(f"{name}={value!r}" for name, value in call.items())
                yield from _client_calls(words, self._method(who), identify_in=call["identify_in"])

    def _method(self, arguments: dict[str, Any]) -> Callable[[MantaGo], Any]:
        return lambda client: getattr(client, self.name)(**arguments)

    def _generated(self, contract: Contract, number: int = REQUESTS) -> Iterator[ClientCall]:
        if self.module is None:
            return
        for given, body in samples(contract, number):
            words = ", ".join([*(f"{name}={show(value)}" for name, value in given.items()), f"body={show(body, 400)}"])
            wanted = {(where, name): value for key, value in given.items() for where, _, name in [key.partition(" ")]}
            # Requests that the client refuses to send don't matter.
            with suppress(ValueError, MantaGoError):
                request = self.module.OPERATION.request(wanted, self._model(body))
                yield from _client_calls(words, _sending(request))

    def _model(self, body: Any) -> Any:
        """Return a JSON value as the type that the generated functions take."""
        kind = re.fullmatch(r"(\w+)(?: \| None)?", str(self.module.request.__annotations__.get("body")))
        models = importlib.import_module("mantago_generated.models")
        model = getattr(models, kind[1], None) if kind else None
        return model.from_dict(body) if model and isinstance(body, dict) else body


def client_operations() -> dict[str, ClientOperation]:
    """Return the operations of the client that can be imported here."""
    infos = getattr(spec, "OPERATIONS", None)
    if infos is None:
        return {"POST /openapi/client/gift": ClientOperation("get_client_gifts")}
    api = importlib.import_module("mantago_generated.api")
    names = [found.name for found in pkgutil.walk_packages(api.__path__, f"{api.__name__}.") if not found.ispkg]
    modules = {module.OPERATION.info: module for module in map(importlib.import_module, names)}
    return {f"{info.method} {info.path}": ClientOperation(info.name, modules[info]) for info in infos}


def calls() -> Iterator[dict[str, Any]]:
    """Yield the arguments of every kind of call: each identification, each platform, each way to send it."""
    for identify_in in ("both", "body"):
        yield {"identify_in": identify_in, "client_id": "VolejRejN"}
        for platform in Platform:
            yield {"identify_in": identify_in, "platform": str(platform), "platform_client_id": "U4af4980629e14c3b"}


def samples(contract: Contract, number: int) -> list[tuple[dict[str, Any], Any]]:
    """Return parameters and bodies that a contract allows, none if nothing fits it."""
    parameters = {
        name: {key: said for key, said in schema.items() if key != "default"}
        for name, (_, schema) in contract.parameters.items()
    }
    required = [name for name, (needed, _) in contract.parameters.items() if needed]
    parts = {
        "parameters": {"type": ["object"], "properties": parameters, "required": required},
        "body": {"type": ["null"]} if contract.body is None else contract.body,
    }
    try:
        found = [*values({"type": ["object"], "properties": parts, "required": [*parts]}, number)]
    except NoValueError:
        return []
    return [(one["parameters"], one["body"]) for one in found]


def client_of(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> MantaGo:
    """Return a client whose requests a function answers."""
    transport = httpx.MockTransport(handler)
    # S106: this secret is sent nowhere.
    return MantaGo(bot_id="1NbWoobyg", token="t", secret="s", max_retries=0, transport=transport, **options)  # noqa: S106


def _sending(request: Any) -> Callable[[MantaGo], Any]:
    def send(client: MantaGo) -> Any:
        return importlib.import_module("mantago_runtime.calls.generated").send(client.generated, request).parsed

    return send


def _client_calls(words: str, send: Callable[[MantaGo], Any], **options: Any) -> Iterator[ClientCall]:
    """Yield the requests that a call sends."""
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(500)

    with client_of(keep, **options) as client, suppress(MantaGoError):
        send(client)
    yield from (ClientCall(words, send, request) for request in requests)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the log of drift, which is a finding here."""
    log = logging.getLogger("mantago.drift")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
