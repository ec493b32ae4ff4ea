"""The connections below a client, last used first, and the network below them.

httpcore's own pools look at every connection for every request and close what a burst left over. Here the unused ones
are a stack: what a burst left sinks to its bottom, grows old and is closed. The network's waits are cut to what the
call has left, where httpx's own timeouts begin anew with each byte.

As in `_transport`, what waits is written once, as coroutines that never suspend with the synchronous flavour.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import anyio
import httpcore
import httpx
from attrs import frozen

from mantago._errors import ConfigurationError
from mantago._policy import PIECE
from mantago._transport import LONGEST_WAIT, current_mask, resolved, run

MOST = 100
"""Connections that a client opens in a process, or in an event loop; a call that finds none free waits."""
KEPT_FOR = 5.0
"""Seconds that an unused connection is kept."""


@frozen
class Flavour:
    """What httpcore and httpx call the same thing for threads and for tasks."""

    connection: Any
    pool: Any
    transport: Any
    handle: str
    close: str

    def is_replaced(self) -> bool:
        """Whether a test put its own into httpx's transport, as pytest-httpx does: then it means us too."""
        return getattr(self.transport, self.handle) not in HTTPX_OWN


SYNC = Flavour(httpcore.HTTPConnection, httpcore.ConnectionPool, httpx.HTTPTransport, "handle_request", "close")
ASYNC = Flavour(
    httpcore.AsyncHTTPConnection,
    httpcore.AsyncConnectionPool,
    httpx.AsyncHTTPTransport,
    "handle_async_request",
    "aclose",
)
HTTPX_OWN = (httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request)


class Through:
    """A transport of the caller's below the policy."""

    def __init__(self, transport: Any, flavour: Flavour) -> None:
        self._handle = getattr(transport, flavour.handle)
        self._flavour = flavour
        self.shut = getattr(transport, flavour.close)

    async def send(self, request: httpcore.Request) -> tuple[httpcore.Response, Any]:
        """Return the response, and the connection that it uses."""
        stream: Any = request.stream
        content = b"".join(stream) if isinstance(stream, httpx.ByteStream) else None
        response = await resolved(
            self._handle(
                httpx.Request(
                    request.method.decode("ascii"),
                    bytes(request.url).decode("ascii"),
                    headers=request.headers,
                    content=content,
                    stream=stream if content is None else None,
                    extensions=request.extensions,
                )
            )
        )
        return httpcore.Response(response.status_code, headers=response.headers.raw, content=response.stream), None

    async def done(self, response: httpcore.Response, _: Any) -> None:
        """Close a response."""
        await resolved(getattr(response, self._flavour.close)())


class Connections:
    """The connections of one process, or of one event loop."""

    def __init__(
        self, proxy: str | None, flavour: Flavour, backend: Any, acquire: Callable[[], Any], release: Callable[[], Any]
    ) -> None:
        self._flavour, self._acquire, self._release = flavour, acquire, release
        self._unused: deque[Any] = deque()
        self._kept = True
        self._connect = _connector(proxy, flavour, backend)
        self.shut: Callable[[], Any] = self.empty

    async def send(self, request: httpcore.Request) -> tuple[httpcore.Response, Any]:
        """Return the response, and the connection that it uses."""
        if self._flavour.is_replaced():
            return await Through(self._flavour.transport(), self._flavour).send(request)
        if not await resolved(self._acquire()):
            raise httpcore.PoolTimeout(f"all {MOST} connections are in use")
        connection = None
        try:
            connection = await self._take() or self._connect(request.url.origin)
            return await resolved(getattr(connection, self._flavour.handle)(request)), connection
        except BaseException:
            await self._give(connection)
            raise

    async def done(self, response: httpcore.Response, connection: Any) -> None:
        """Close a response, and take its connection back."""
        try:
            await self._close(response)
        finally:
            if connection:
                await self._give(connection)

    async def empty(self) -> None:
        """Close the connections that no call uses, and from now on the others as they come back."""
        self._kept = False
        while self._unused:
            await self._close(self._unused.pop())

    async def _take(self) -> Any:
        with suppress(IndexError):  # another thread may be faster
            while self._unused:
                connection = self._unused.pop()
                if not _is(connection, "has_expired"):
                    return connection
                await self._close(connection)
        return None

    async def _give(self, connection: Any) -> None:
        try:
            if connection and self._kept and _is(connection, "is_idle", if_pool=True):
                self._unused.append(connection)
                with suppress(IndexError):
                    connection = self._unused.popleft()
                    if not _is(connection, "has_expired"):
                        self._unused.appendleft(connection)
                        return
            if connection:
                await self._close(connection)
        finally:
            self._release()

    async def _close(self, closable: Any) -> None:
        await resolved(getattr(closable, self._flavour.close)())


def _is(connection: Any, state: str, *, if_pool: bool = False) -> bool:
    # What leads through a proxy is a pool of one connection, which looks after that by itself.
    return bool(getattr(connection, state, lambda: if_pool)())


def _connector(proxy: str | None, flavour: Flavour, backend: Any) -> Callable[[httpcore.Origin], Any]:
    if proxy is None:
        return lambda origin: flavour.connection(origin, _tls(origin), KEPT_FOR, network_backend=backend)
    via = httpx.Proxy(proxy)
    url = httpcore.URL(scheme=via.url.raw_scheme, host=via.url.raw_host, port=via.url.port, target=b"/")
    server = httpcore.Proxy(url, via.raw_auth, via.headers.raw, via.ssl_context)
    return lambda origin: flavour.pool(_tls(origin), server, 1, keepalive_expiry=KEPT_FOR, network_backend=backend)


def _tls(origin: httpcore.Origin) -> ssl.SSLContext | None:
    """Return what httpx would use, made once for all clients of the same environment: it takes 60 ms."""
    if origin.scheme != b"https":
        return None
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache
def _tls_context(*named: str | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            f"the certificates named by SSL_CERT_FILE={named[0]!r} and SSL_CERT_DIR={named[1]!r} can't be read: {error}"
        ) from None


def for_threads(proxy: str | None) -> Connections:
    """Return the connections of one process."""
    room = threading.BoundedSemaphore(MOST)
    return Connections(
        proxy, SYNC, DeadlineBackend(), lambda: room.acquire(timeout=left(None, httpcore.PoolTimeout)), room.release
    )


def for_tasks(proxy: str | None) -> Connections:
    """Return the connections of one event loop."""
    room = anyio.Semaphore(MOST, fast_acquire=True)

    async def acquire() -> bool:
        await room.acquire()  # the call's cancel scope limits it
        return True

    try:
        asyncio.get_running_loop()
        backend: Any = AsyncioBackend()
    except RuntimeError:
        backend = httpcore.TrioBackend()
    connections = Connections(proxy, ASYNC, backend, acquire, room.release)
    # Begun, it is closed when the loop ends, as every asynchronous generator: with loops run one after another, as by
    # asyncio.run, the connections would otherwise be left open, and keep the loop that they belong to.
    closing = _closing(connections)
    run(closing.__anext__())
    connections.shut = closing.aclose
    return connections


async def _closing(connections: Connections) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        connections.shut = connections.empty  # this generator refers to the loop
        await connections.empty()


class _MaskLogs(logging.Filter):
    """Takes what the current call must not show out of httpcore's logs, which quote the headers of an answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        if mask := current_mask.get():
            # What is quoted there went through repr(), some of it twice.
            record.msg, record.args = mask.clean_text(record.getMessage().replace("\\\\", "\\")), ()
        return True


for _name in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_MaskLogs())

# --- threads --------------------------------------------------------------------------------------------------------

_deadline: ContextVar[float] = ContextVar("mantago_deadline", default=math.inf)


@contextmanager
def cut_waits(seconds: float) -> Iterator[None]:
    """Have every wait of this thread's sockets end within so many seconds from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def left(timeout: float | None, error: type[Exception]) -> float:
    """Return how long a socket may wait."""
    rest = _deadline.get() - time.monotonic()
    if rest <= 0:
        raise error("the time allowed is used up")
    return min(rest, LONGEST_WAIT if timeout is None else timeout)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what the call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, left(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.SyncBackend):
    """httpcore's network, with all the addresses of a host tried within one deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that IDNA can't write
            raise httpcore.ConnectError(str(error)) from error
        for rest, address in zip(range(len(found), 0, -1), found, strict=True):
            share = left(timeout, httpcore.ConnectTimeout) / rest
            try:
                stream = super().connect_tcp(str(address[4][0]), port, share, local_address, socket_options)
                return DeadlineStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if rest == 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")


# --- asyncio --------------------------------------------------------------------------------------------------------


# ruff: noqa: ARG002 - timeouts are httpcore's way; the cancel scope is ours
class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection on asyncio's own transports; the call's cancel scope bounds its waits, so it has no timeouts."""

    def __init__(self) -> None:
        self._arrived: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False
        self._full = False
        self._error: Exception | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived.append(data)
        if self._waiting is None and len(self._arrived) > 1 and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._arrived and not self._ended:
            await self._wait()
        if self._arrived:
            data = self._arrived.popleft()
            if not self._arrived and not self._ended:
                self._transport.resume_reading()
            return data
        if self._error:
            raise httpcore.ReadError(str(self._error)) from self._error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._ended:
            raise httpcore.WriteError(str(self._error or "the other side closed the connection"))
        self._transport.write(buffer)
        while self._full and not self._ended:
            await self._wait()

    async def aclose(self) -> None:
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        secured = Wire()
        try:
            transport = await loop.start_tls(
                self._transport,
                secured,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=LONGEST_WAIT,
            )
        except (OSError, ssl.SSLError) as error:
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            self._transport.abort()
            raise
        secured.connection_made(transport)
        return secured

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return bool(self._arrived) or self._ended
        return self._transport.get_extra_info(info)


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """asyncio's network, without the layers that make anyio's portable: half the time of a call.

    The addresses of a host are tried one after the other, as for threads; asyncio's own race between them loses a
    socket when it is cancelled.
    """

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        for rest, address in zip(range(len(found), 0, -1), found, strict=True):
            share = None if timeout is None else (timeout - (time.monotonic() - begun)) / rest
            try:
                async with asyncio.timeout(share):
                    _, wire = await loop.create_connection(Wire, str(address[4][0]), port)
                    return wire
            except OSError as error:  # TimeoutError is one
                if rest == 1:
                    late = isinstance(error, TimeoutError)
                    raise (httpcore.ConnectTimeout if late else httpcore.ConnectError)(str(error)) from error
        raise httpcore.ConnectError(f"{host} has no address")
