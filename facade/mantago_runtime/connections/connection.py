"""One connection of a pool, as the pool sees it: httpcore's, for threads or for tasks, directly or through a proxy."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, TypeAlias

import httpcore

from mantago_runtime.concurrency import MaybeAwaitable

KEEPALIVE_SECONDS = 5.0
"""Seconds that an unused connection is kept."""
_Direct: TypeAlias = httpcore.HTTPConnection | httpcore.AsyncHTTPConnection
_Pool: TypeAlias = httpcore.ConnectionPool | httpcore.AsyncConnectionPool
CORE_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


class ConnectionUse:
    """The wishes of an attempt for its connection, and what it got."""

    __slots__ = ("must_be_new", "waits_for", "was_used")

    def __init__(self, *, must_be_new: bool = False) -> None:
        self.must_be_new = must_be_new
        self.was_used = False
        """True if it carried a request before: the other side may have given it up meanwhile."""
        self.waits_for = 0
        """The number of connections in use, all of them, while the attempt waits for one."""


class Destination(NamedTuple):
    """The server that a connection leads to, and the way there."""

    origin: httpcore.Origin
    tls: ssl.SSLContext | None
    proxy: httpcore.Proxy | None


class Connection(Protocol):
    """One connection, for one request after the other."""

    def send(self, request: httpcore.Request) -> MaybeAwaitable[httpcore.Response]:
        """Send a request, and return its response, whose body is still to be read."""
        ...

    def leave(self, response: httpcore.Response) -> MaybeAwaitable[None]:
        """End with a response, whether its body was read or not."""
        ...

    def close(self) -> MaybeAwaitable[None]:
        """Close the connection."""
        ...

    def is_reusable(self) -> bool:
        """Return whether another request may use it, now that the response is left."""
        ...

    def has_expired(self) -> bool:
        """Return whether it was unused for too long, or the other side has closed it."""
        ...


class SyncConnection:
    """A connection of httpcore's for threads; what leads through a proxy is a pool of one connection."""

    def __init__(self, to: Destination, backend: httpcore.NetworkBackend) -> None:
        self._inner: httpcore.HTTPConnection | httpcore.ConnectionPool
        if to.proxy is None:
            self._inner = httpcore.HTTPConnection(to.origin, to.tls, KEEPALIVE_SECONDS, network_backend=backend)
        else:
            self._inner = httpcore.ConnectionPool(
                to.tls, to.proxy, 1, keepalive_expiry=KEEPALIVE_SECONDS, network_backend=backend
            )

    def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request: see `Connection`."""
        return self._inner.handle_request(request)

    def leave(self, response: httpcore.Response) -> None:
        """End with a response."""
        response.close()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def is_reusable(self) -> bool:
        """Return whether another request may use it."""
        return _is_reusable(self._inner)

    def has_expired(self) -> bool:
        """Return whether it is of no more use."""
        return _has_expired(self._inner)


class AsyncConnection:
    """A connection of httpcore's for tasks; what leads through a proxy is a pool of one connection."""

    def __init__(self, to: Destination, backend: httpcore.AsyncNetworkBackend) -> None:
        self._inner: httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool
        if to.proxy is None:
            self._inner = httpcore.AsyncHTTPConnection(to.origin, to.tls, KEEPALIVE_SECONDS, network_backend=backend)
        else:
            self._inner = httpcore.AsyncConnectionPool(
                to.tls, to.proxy, 1, keepalive_expiry=KEEPALIVE_SECONDS, network_backend=backend
            )

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request: see `Connection`."""
        return await self._inner.handle_async_request(request)

    async def leave(self, response: httpcore.Response) -> None:
        """End with a response."""
        await response.aclose()

    async def close(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    def is_reusable(self) -> bool:
        """Return whether another request may use it."""
        return _is_reusable(self._inner)

    def has_expired(self) -> bool:
        """Return whether it is of no more use."""
        return _has_expired(self._inner)


def _is_reusable(inner: _Direct | _Pool) -> bool:
    if isinstance(inner, _Pool):  # it looks after the rest by itself
        return not has_leftover(inner.connections)
    return inner.is_idle() and not has_leftover([inner])


def _has_expired(inner: _Direct | _Pool) -> bool:
    return not isinstance(inner, _Pool) and inner.has_expired()


def has_leftover(connections: Iterable[Any]) -> bool:
    """Return whether more came than the response: httpcore's parser would take it for the answer to the next request.

    httpcore has no public name for the parser; `http1` sees to this by itself.
    """
    for inner in connections:
        while not hasattr(inner, "_h11_state"):
            inner = getattr(inner, "_connection", None)  # noqa: PLW2901
            if inner is None:
                return False
        if inner._h11_state.trailing_data[0]:  # noqa: SLF001
            return True
    return False
