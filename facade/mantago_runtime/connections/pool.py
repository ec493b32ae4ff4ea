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
from typing import TypeVar

import anyio
import httpcore
import httpx

from mantago_runtime.concurrency import MaybeAwaitable, maybe_await, run_sync
from mantago_runtime.configuration import HTTPTOOLS, Network
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.connections.connection import (
    CORE_FAILURES,
    AsyncConnection,
    Connection,
    ConnectionUse,
    Destination,
    SyncConnection,
)
from mantago_runtime.connections.sockets import remaining
from mantago_runtime.connections.threads import DeadlineBackend
from mantago_runtime.connections.tls import tls_context

BackendT = TypeVar("BackendT", httpcore.NetworkBackend, httpcore.AsyncNetworkBackend)


class ConnectionPool:
    """The connections of one process, or of one event loop."""

    failures = CORE_FAILURES

    def __init__(
        self,
        size: int,
        connect: Callable[[httpcore.Origin], Connection],
        acquire: Callable[[], MaybeAwaitable[bool]],
        release: Callable[[], None],
    ) -> None:
        self._size, self._connect, self._acquire, self._release = size, connect, acquire, release
        self._unused: deque[Connection] = deque()
        self._kept = True

    async def send(self, request: httpcore.Request, use: ConnectionUse) -> tuple[httpcore.Response, Connection]:
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
            return await maybe_await(connection.send(request)), connection
        except BaseException:
            await self._give(connection)
            raise

    async def done(self, response: httpcore.Response, connection: Connection | None) -> None:
        """Close a response, and take its connection back."""
        try:
            await maybe_await(connection.leave(response) if connection else None)
        finally:
            await self._give(connection)

    async def empty(self) -> None:
        """Close the connections that no call uses, and from now on the others as they come back."""
        self._kept = False
        while self._unused:
            await maybe_await(self._unused.pop().close())

    def holds(self) -> int:
        """Return how many connections are open that no call uses."""
        return len(self._unused)

    async def _take(self, use: ConnectionUse) -> Connection | None:
        with suppress(IndexError):  # another thread may be faster
            if use.must_be_new:
                await maybe_await(self._unused.popleft().close())  # the new one is in its place
                return None
            while self._unused:
                connection = self._unused.pop()
                if not connection.has_expired():
                    return connection
                await maybe_await(connection.close())
        return None

    async def _give(self, connection: Connection | None) -> None:
        try:
            if connection and self._kept and connection.is_reusable():
                self._unused.append(connection)
                connection = self._oldest_if_expired(connection)
            if connection:
                await maybe_await(connection.close())
        finally:
            self._release()

    def _oldest_if_expired(self, newest: Connection) -> Connection | None:
        with suppress(IndexError):  # another thread may have taken it
            oldest = self._unused.popleft()
            if oldest is not newest and oldest.has_expired():
                return oldest
            self._unused.appendleft(oldest)
        return None


def _connector(
    network: Network, make: Callable[[Destination, BackendT], Connection], backend: BackendT
) -> Callable[[httpcore.Origin], Connection]:
    own = network.ssl_context
    proxy = None if network.proxy is None else _proxy(network.proxy, own)
    if proxy is None and network.engine == HTTPTOOLS:
        from mantago_runtime.connections import http1  # noqa: PLC0415 - its package needn't be installed

        make = http1.Connection
    return lambda origin: make(Destination(origin, tls_context(origin, own), proxy), backend)


def _proxy(address: str, own: ssl.SSLContext | None) -> httpcore.Proxy:
    via = httpx.Proxy(address)
    url = httpcore.URL(scheme=via.url.raw_scheme, host=via.url.raw_host, port=via.url.port, target=b"/")
    return httpcore.Proxy(url, via.raw_auth, via.headers.raw, own if via.url.scheme == "https" else None)


def pool_for_threads(network: Network, memory: AddressMemory | None = None) -> ConnectionPool:
    """Return the connections of one process."""
    room = threading.BoundedSemaphore(network.max_connections)
    return ConnectionPool(
        network.max_connections,
        _connector(network, SyncConnection, DeadlineBackend(memory)),
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
        backend: httpcore.AsyncNetworkBackend = AsyncioBackend(memory)
    except RuntimeError:
        backend = TrioBackend(memory)
    connect = _connector(network, AsyncConnection, backend)
    return ConnectionPool(network.max_connections, connect, acquire, room.release)


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
