"""The adapter to a transport of the caller's, for threads or for tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any, NamedTuple

import httpcore
import httpx

from mantago_runtime.concurrency import maybe_await
from mantago_runtime.configuration import package_of
from mantago_runtime.connections.connection import CORE_FAILURES, Connection, ConnectionUse


class Flavour(NamedTuple):
    """The names that httpx has for the same things, for threads or for tasks."""

    base: str
    handle: str
    close: str
    pieces: Callable[[Any], Any]
    """Return the pieces of a request's body, which nothing else may yield."""


async def _apieces(stream: Any) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield piece


SYNC = Flavour("BaseTransport", "handle_request", "close", iter)
ASYNC = Flavour("AsyncBaseTransport", "handle_async_request", "aclose", _apieces)


class TransportAdapter:
    """A transport of the caller's below the policy, httpx's or its successor's."""

    def __init__(self, transport: Any, flavour: Flavour) -> None:
        name = package_of(transport, flavour.base) or "httpx"
        package, core = import_module(name), import_module(name.replace("httpx", "httpcore"))
        self._request = package.Request
        foreign = (package.HTTPError, *(getattr(core, cls.__name__) for cls in CORE_FAILURES))
        self.failures: tuple[type[Exception], ...] = (*foreign, httpx.HTTPError, *CORE_FAILURES, OSError)
        self._handle = getattr(transport, flavour.handle)
        self._flavour = flavour
        self.empty = getattr(transport, flavour.close)

    async def send(self, request: httpcore.Request, _: ConnectionUse) -> tuple[httpcore.Response, None]:
        """Return the response; the connection is the transport's."""
        stream: Any = request.stream
        # As content, not as a stream, whose class would be that of another package.
        content = b"".join(stream) if isinstance(stream, httpx.ByteStream) else self._flavour.pieces(stream)
        response = await maybe_await(
            self._handle(
                self._request(
                    request.method.decode("ascii"),
                    bytes(request.url).decode("ascii"),
                    headers=request.headers,
                    content=content,
                    extensions=request.extensions,
                )
            )
        )
        return httpcore.Response(response.status_code, headers=response.headers.raw, content=response.stream), None

    def holds(self) -> int:
        """Return 0: the connections of the transport are its owner's."""
        return 0

    async def done(self, response: httpcore.Response, _: Connection | None) -> None:
        """Close a response."""
        await maybe_await(getattr(response, self._flavour.close)())
