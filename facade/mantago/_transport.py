"""The stack below every call: what `_policy` decides, done to real requests, with a deadline over all of it.

`Calls.call` is the whole way of a call, written once: its edge is either the asynchronous one, or the synchronous
one, whose methods are coroutines that never suspend (see `run`). It is an httpx transport, so that the generated
operations get it as well as the friendly methods; an `httpx.Auth` would sit above it and never see a 401.
"""

from __future__ import annotations

import inspect
import math
import os
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import define, field

from mantago._credentials import Credentials, Keyring
from mantago._errors import APITimeoutError, ConfigurationError, Headers, MantaGoError, tried
from mantago._policy import (
    PAYLOAD,
    Body,
    Policy,
    connection_failure,
    mask_for,
    may_retry,
    settle,
    sign,
    wait_before,
    wants_renewal,
)

T = TypeVar("T")
Edge: TypeAlias = "SyncEdge | AsyncEdge"

# As many connections are kept as may be open: httpx's default of 20 closes the others after each burst.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=5.0)
LONGEST_WAIT = 86_400.0
"""Seconds: operating systems refuse longer waits for a socket."""
PIECE = 65_536
GRACE = 0.05
"""Seconds after the deadline until a call is cancelled: httpcore's own timeouts, set to what is left, come first and
close the connection in order; a handshake that is cancelled leaves its socket to the garbage collector."""
# The body is decoded by the time it is handed on, so what describes its transfer doesn't hold any more; and a cookie
# would tie calls together, which this API doesn't do.
NOT_HANDED_ON = frozenset({"content-encoding", "content-length", "set-cookie", "transfer-encoding"})


@define
class Effort:
    """What one call has taken so far."""

    started: float
    deadline: float
    attempts: int = 0


@define
class Calls:
    """How the calls of one client go, whichever edge they use."""

    policy: Policy
    keys: Keyring
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    closed: bool = field(default=False, init=False)

    async def call(self, request: httpx.Request, edge: Edge) -> httpx.Response:
        """Answer a request within its deadline, or raise a MantaGoError."""
        seconds = self.policy.seconds_for(request)
        started = self.clock()
        effort = Effort(started, started + seconds)
        try:
            with edge.bound(seconds):
                return await self._attempts(request, edge, effort)
        except TimeoutError:
            pass
        # Raised out here, the error doesn't drag the cancelled frames along.
        raise self._timed_out(request, effort)

    def refuse_if_closed(self) -> None:
        """Raise if the client was closed."""
        if self.closed:
            raise MantaGoError("this client is closed: make a new one, or keep it open as long as it is used")

    async def _attempts(self, request: httpx.Request, edge: Edge, effort: Effort) -> httpx.Response:
        read_only, retries, renewed = self.policy.may_repeat(request), 0, False
        while True:
            asked, credentials = self.keys.answers, self.keys.current
            if credentials is None:
                credentials = await self._renew(asked, request, edge, effort)
                asked = self.keys.answers
            effort.attempts += 1
            outcome = await self._attempt(request, credentials, edge, effort)
            if isinstance(outcome, httpx.Response):
                return outcome
            if wants_renewal(outcome) and self.keys.provider and not renewed:
                renewed = True
                if await self._renew(asked, request, edge, effort) != credentials:
                    continue
            now = self.clock()
            if isinstance(outcome, APITimeoutError) and now >= effort.deadline:
                raise self._timed_out(request, effort)
            retries += 1
            wait = wait_before(retries, outcome, self.jitter())
            hopeless = retries > self.policy.max_retries or not may_retry(outcome, read_only=read_only)
            if hopeless or now + wait >= effort.deadline:
                raise tried(outcome, effort.attempts, now - effort.started)
            await edge.sleep(wait)

    async def _attempt(
        self, request: httpx.Request, credentials: Credentials, edge: Edge, effort: Effort
    ) -> httpx.Response | MantaGoError:
        """Send the request once; return the settled response, or what went wrong."""
        mask = mask_for(request, self.keys)
        signed = sign(request, credentials, self.keys.held)
        left = min(max(effort.deadline - self.clock(), 0.001), LONGEST_WAIT)
        signed.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            response, chunks = await edge.send(signed)
            try:
                body = Body(self.policy.max_response_bytes, response.headers)
                # A piece gets no name: it could echo a secret, and a name would show it in a traceback.
                while body.problem is None and body.feed(await edge.more(chunks)):
                    pass
            finally:
                await edge.done(response, chunks)
        except httpx.HTTPError as error:
            return connection_failure(error, mask, _address(request))
        fields = [(mask.clean_text(name), mask.clean_text(value)) for name, value in response.headers.multi_items()]
        try:
            content = mask.clean(body.finish())
            payload = settle(response.status_code, Headers(fields), content, time.time())
        except MantaGoError as error:
            return error
        kept = [(name, value) for name, value in fields if name.lower() not in NOT_HANDED_ON]
        return httpx.Response(response.status_code, headers=kept, content=content, extensions={PAYLOAD: payload})

    async def _renew(self, asked: int, request: httpx.Request, edge: Edge, effort: Effort) -> Credentials:
        """Ask for credentials, unless another call has asked since `asked` answers were given."""
        if not await edge.acquire(max(0.0, min(effort.deadline - self.clock(), LONGEST_WAIT))):
            raise self._timed_out(request, effort)
        try:
            credentials = self.keys.current
            if credentials is None or self.keys.answers == asked:
                credentials = self.keys.take(await self._ask(edge))
        finally:
            edge.release()
        if self.clock() >= effort.deadline:
            raise self._timed_out(request, effort)
        return credentials

    async def _ask(self, edge: Edge) -> object:
        try:
            return await edge.ask(self.keys.provider)
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(f"the callable given as credentials raised {type(error).__name__}") from error

    def _timed_out(self, request: httpx.Request, effort: Effort) -> MantaGoError:
        allowed = effort.deadline - effort.started
        error = APITimeoutError(f"{_address(request)} gave no whole answer within the {allowed:g} s allowed")
        return tried(error, effort.attempts, self.clock() - effort.started)


def _address(request: httpx.Request) -> str:
    return request.url.netloc.decode("ascii")


# --- synchronous ----------------------------------------------------------------------------------------------------


def run(call: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose edge never suspends: it is done after one step."""
    try:
        call.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    call.close()
    raise RuntimeError("a synchronous call was about to suspend")


class SyncEdge:
    """What a call does to the world, for threads: its coroutines block, but never suspend."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self.transport = transport
        self.lock = threading.Lock()

    @contextmanager
    def bound(self, seconds: float) -> Iterator[None]:
        """Limit what happens inside, by cutting each wait of a socket to what is left."""
        token = _deadline.set(time.monotonic() + seconds)
        try:
            yield
        finally:
            _deadline.reset(token)

    async def send(self, request: httpx.Request) -> tuple[httpx.Response, Iterator[bytes]]:
        """Send a request; return the head of its response, and an iterator of the raw body."""
        response = self.transport.handle_request(request)
        stream: Any = response.stream
        return response, iter(stream)

    async def more(self, chunks: Any) -> bytes | None:
        """Return the next piece of a body, None at its end."""
        return next(chunks, None)

    async def done(self, response: httpx.Response, _: object) -> None:
        """Give the connection back, or close it if the body wasn't read to its end."""
        response.close()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop waits for this edge

    async def ask(self, provider: Any) -> object:
        """Call the callable that was given as credentials."""
        answer = provider()
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ConfigurationError("the callable given as credentials is asynchronous: use it with AsyncMantaGo")
        return answer

    async def acquire(self, seconds: float) -> bool:
        """Take the lock on the credentials; False if that took too long."""
        return self.lock.acquire(timeout=seconds)

    def release(self) -> None:
        """Give the lock back."""
        self.lock.release()


class SyncTransport(httpx.BaseTransport):
    """The stack as an httpx transport; the connections are each process's own, so that a fork shares none."""

    def __init__(self, calls: Calls, below: httpx.BaseTransport | None, proxy: str | None) -> None:
        self.calls = calls
        self._below = below
        self._proxy = proxy
        # By process: a child must not use its parent's sockets, nor close them, nor wait for its locks.
        self._edges: dict[int, SyncEdge] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.refuse_if_closed()
        edge = self._edges.get(os.getpid())
        if edge is None:
            edge = self._edges.setdefault(os.getpid(), SyncEdge(self._below or DeadlineTransport(self._proxy)))
        return run(self.calls.call(request, edge))

    def shut(self) -> None:
        """Close the connections; `close()` doesn't, since clients derived from the generated one call it too."""
        self.calls.closed = True
        edge = self._edges.pop(os.getpid(), None)
        below = edge.transport if edge else self._below
        if below is not None:
            below.close()


_deadline: ContextVar[float] = ContextVar("mantago_deadline", default=math.inf)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    """Return how long a socket may wait; httpx's own timeouts begin anew with each byte, the deadline doesn't."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the time allowed is used up")
    return min(left, LONGEST_WAIT if timeout is None else timeout)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what the call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        left = _left(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

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
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for rest, address in zip(range(len(found), 0, -1), found, strict=True):
            left = (_left(timeout, httpcore.ConnectTimeout) or 0) / rest
            try:
                stream = super().connect_tcp(str(address[4][0]), port, left, local_address, socket_options)
                return DeadlineStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if rest == 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport on the network above; a subclass, so that what mocks httpx's mocks ours."""

    def __init__(self, proxy: str | None) -> None:
        super().__init__(limits=LIMITS, proxy=proxy)
        # httpx has no argument for httpcore's network backend, which is a public one there.
        self._pool._network_backend = DeadlineBackend()  # noqa: SLF001


# --- asynchronous ---------------------------------------------------------------------------------------------------


class AsyncEdge:
    """The same for tasks, on asyncio and trio; `bound` raises TimeoutError."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.lock = anyio.Lock()

    def bound(self, seconds: float) -> AbstractContextManager[object]:
        return anyio.fail_after(seconds + GRACE)

    async def send(self, request: httpx.Request) -> tuple[httpx.Response, AsyncIterator[bytes]]:
        response = await self.transport.handle_async_request(request)
        stream: Any = response.stream
        return response, aiter(stream)

    async def more(self, chunks: Any) -> bytes | None:
        return await anext(chunks, None)

    async def done(self, response: httpx.Response, chunks: Any) -> None:
        if inspect.isasyncgen(chunks):
            await chunks.aclose()
        await response.aclose()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def ask(self, provider: Any) -> object:
        answer = provider()
        return await answer if inspect.isawaitable(answer) else answer

    async def acquire(self, _: float) -> bool:
        await self.lock.acquire()  # the cancel scope bounds it
        return True

    def release(self) -> None:
        self.lock.release()


class AsyncTransport(httpx.AsyncBaseTransport):
    """The stack as an asynchronous httpx transport; the connections are each event loop's own."""

    def __init__(self, calls: Calls, below: httpx.AsyncBaseTransport | None, proxy: str | None) -> None:
        self.calls = calls
        self._below = below
        self._proxy = proxy
        self._edge: RunVar[AsyncEdge | None] = RunVar("mantago_edge", default=None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.refuse_if_closed()
        edge = self._edge.get()
        if edge is None:
            below = self._below or httpx.AsyncHTTPTransport(limits=LIMITS, proxy=self._proxy)
            self._edge.set(edge := AsyncEdge(below))
        return await self.calls.call(request, edge)

    async def shut(self) -> None:
        """Close the connections of this event loop; `aclose()` doesn't, since derived clients call it too."""
        self.calls.closed = True
        edge = self._edge.get()
        below = edge.transport if edge else self._below
        self._edge.set(None)
        if below is not None:
            await below.aclose()
