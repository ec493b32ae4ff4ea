"""The adapters to httpcore and httpx, for threads and for tasks, and to transports of the caller's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any, NamedTuple

import httpcore
import httpx

from mantago_runtime.concurrency import maybe_await
from mantago_runtime.configuration import package_of


class Flavour(NamedTuple):
    """The names that httpcore and httpx have for the same things, for threads or for tasks."""

    connection: Any
    pool: Any
    base: str
    handle: str
    close: str
    pieces: Callable[[Any], Any]
    """Return the pieces of a request's body, which nothing else may yield."""


async def _apieces(stream: Any) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield piece


SYNC = Flavour(httpcore.HTTPConnection, httpcore.ConnectionPool, "BaseTransport", "handle_request", "close", iter)
ASYNC = Flavour(
    httpcore.AsyncHTTPConnection,
    httpcore.AsyncConnectionPool,
    "AsyncBaseTransport",
    "handle_async_request",
    "aclose",
    _apieces,
)


class ConnectionUse:
    """The wishes of an attempt for its connection, and what it got."""

    __slots__ = ("must_be_new", "waits_for", "was_used")

    def __init__(self, *, must_be_new: bool = False) -> None:
        self.must_be_new = must_be_new
        self.was_used = False
        """True if it carried a request before: the other side may have given it up meanwhile."""
        self.waits_for = 0
        """The number of connections in use, all of them, while the attempt waits for one."""


def has_leftover(connection: Any) -> bool:
    """Return whether more came than the response: httpcore's parser would take it for the answer to the next request.

    httpcore has no public name for the parser; `http1` sees to this by itself.
    """
    for inner in getattr(connection, "connections", (connection,)):  # what leads through a proxy is a pool
        while not hasattr(inner, "_h11_state"):
            inner = getattr(inner, "_connection", None)  # noqa: PLW2901
            if inner is None:
                return False
        if inner._h11_state.trailing_data[0]:  # noqa: SLF001
            return True
    return False


CORE_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


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

    async def send(self, request: httpcore.Request, _: ConnectionUse) -> tuple[httpcore.Response, Any]:
        """Return the response, and the connection that it uses."""
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

    async def done(self, response: httpcore.Response, _: Any) -> None:
        """Close a response."""
        await maybe_await(getattr(response, self._flavour.close)())
