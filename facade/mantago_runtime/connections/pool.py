"""The connection pool of a client, last used first.

httpcore's own pools look at every connection for every request and close what a burst left over. Here the unused ones
are a stack: what a burst left sinks to its bottom, grows old and is closed.
"""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import httpcore
import httpx

from mantago_runtime.concurrency import maybe_await, run_sync
from mantago_runtime.configuration import HTTPTOOLS, Network
from mantago_runtime.connections.adapters import ASYNC, CORE_FAILURES, SYNC, ConnectionUse, Flavour, has_leftover
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.connections.sockets import remaining
from mantago_runtime.connections.threads import DeadlineBackend
from mantago_runtime.connections.tls import tls_context

KEEPALIVE_SECONDS = 5.0
"""Seconds that an unused connection is kept."""


class ConnectionPool:
    """The connections of one process, or of one event loop."""

    failures = CORE_FAILURES

    def __init__(
        self, network: Network, flavour: Flavour, backend: Any, acquire: Callable[[], Any], release: Callable[[], Any]
    ) -> None:
        self._flavour, self._acquire, self._release = flavour, acquire, release
        self._unused: deque[Any] = deque()
        self._kept = True
        self._connect = _connector(network, flavour, backend)
        self._size = network.max_connections

    async def send(self, request: httpcore.Request, use: ConnectionUse) -> tuple[httpcore.Response, Any]:
        """Return the response, and the connection that it uses."""
        use.waits_for = self._size
        if not await maybe_await(self._acquire()):
            raise httpcore.PoolTimeout(f"all {self._size} connections are in use")
        use.waits_for = 0
        connection = None
        try:
            connection = await self._take(use)
            use.was_used = connection is not None
            if connection is None:
                connection = self._connect(request.url.origin)
            return await maybe_await(getattr(connection, self._flavour.handle)(request)), connection
        except BaseException:
            await self._give(connection)
            raise

    async def done(self, response: httpcore.Response, connection: Any) -> None:
        """Close a response, and take its connection back."""
        try:
            await self._close(response)
        finally:
            await self._give(connection)

    async def empty(self) -> None:
        """Close the connections that no call uses, and from now on the others as they come back."""
        self._kept = False
        while self._unused:
            await self._close(self._unused.pop())

    def holds(self) -> int:
        """Return how many connections are open that no call uses."""
        return len(self._unused)

    async def _take(self, use: ConnectionUse) -> Any:
        with suppress(IndexError):  # another thread may be faster
            if use.must_be_new:
                await self._close(self._unused.popleft())  # the new one is in its place
                return None
            while self._unused:
                connection = self._unused.pop()
                if not _is(connection, "has_expired"):
                    return connection
                await self._close(connection)
        return None

    async def _give(self, connection: Any) -> None:
        try:
            usable = connection and _is(connection, "is_idle", if_pool=True) and not has_leftover(connection)
            if usable and self._kept:
                self._unused.append(connection)
                connection = self._oldest_if_expired(connection)
            if connection:
                await self._close(connection)
        finally:
            self._release()

    def _oldest_if_expired(self, newest: Any) -> Any:
        with suppress(IndexError):  # another thread may have taken it
            oldest = self._unused.popleft()
            if oldest is not newest and _is(oldest, "has_expired"):
                return oldest
            self._unused.appendleft(oldest)
        return None

    async def _close(self, closable: Any) -> None:
        await maybe_await(getattr(closable, self._flavour.close)())


def _is(connection: Any, state: str, *, if_pool: bool = False) -> bool:
    # What leads through a proxy is a pool of one connection, which looks after that by itself.
    return bool(getattr(connection, state, lambda: if_pool)())


def _connector(network: Network, flavour: Flavour, backend: Any) -> Callable[[httpcore.Origin], Any]:
    own = network.ssl_context
    if network.proxy is None and network.engine == HTTPTOOLS:
        from mantago_runtime.connections import http1  # noqa: PLC0415 - its package needn't be installed

        return lambda origin: http1.Connection(origin, tls_context(origin, own), backend, KEEPALIVE_SECONDS)
    if network.proxy is None:
        return lambda origin: flavour.connection(
            origin, tls_context(origin, own), KEEPALIVE_SECONDS, network_backend=backend
        )
    return _connector_through(network.proxy, own, flavour, backend)


def _connector_through(
    proxy: str, own: ssl.SSLContext | None, flavour: Flavour, backend: Any
) -> Callable[[httpcore.Origin], Any]:
    via = httpx.Proxy(proxy)
    url = httpcore.URL(scheme=via.url.raw_scheme, host=via.url.raw_host, port=via.url.port, target=b"/")
    server = httpcore.Proxy(url, via.raw_auth, via.headers.raw, own if via.url.scheme == "https" else None)
    return lambda origin: flavour.pool(
        tls_context(origin, own), server, 1, keepalive_expiry=KEEPALIVE_SECONDS, network_backend=backend
    )


def pool_for_threads(network: Network, memory: AddressMemory | None = None) -> ConnectionPool:
    """Return the connections of one process."""
    room = threading.BoundedSemaphore(network.max_connections)
    return ConnectionPool(
        network,
        SYNC,
        DeadlineBackend(memory),
        lambda: room.acquire(timeout=remaining(None, httpcore.PoolTimeout)),
        room.release,
    )


def pool_for_tasks(network: Network, memory: AddressMemory | None = None) -> ConnectionPool:
    """Return the connections of one event loop."""
    room = anyio.Semaphore(network.max_connections, fast_acquire=True)

    async def acquire() -> bool:
        await room.acquire()  # the call's cancel scope limits it
        return True

    # Threads need none of it.
    import asyncio  # noqa: PLC0415

    from mantago_runtime.connections.asyncio_stream import AsyncioBackend  # noqa: PLC0415
    from mantago_runtime.connections.racing import TrioBackend  # noqa: PLC0415

    try:
        asyncio.get_running_loop()
        backend: Any = AsyncioBackend(memory)
    except RuntimeError:
        backend = TrioBackend(memory)
    return ConnectionPool(network, ASYNC, backend, acquire, room.release)


def closed_at_the_end(pool: ConnectionPool) -> Callable[[], Awaitable[None]]:
    """Return what closes a pool of tasks; it is closed as well when its event loop ends, or nobody holds this any more.

    That is what an event loop does with every asynchronous generator that was begun. With loops run one after another,
    as by asyncio.run, the connections would otherwise be left open; and no other thread, such as the one that happens
    to collect garbage, may close them.
    """
    closing = _closing(pool)
    run_sync(closing.__anext__())
    return closing.aclose


async def _closing(pool: ConnectionPool) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await pool.empty()
