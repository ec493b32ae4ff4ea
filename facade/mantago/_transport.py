"""The stack below every call: what `_policy` decides, done to real requests, with a deadline over all of it.

`Calls.call` is the whole way of a call, written once, as a coroutine. Its `Edge` is what it does to the world: with
the functions of the synchronous one it never suspends, so that `run` can step through it without an event loop. The
stack is an httpx transport, so that the generated operations get it as well as the friendly methods; an `httpx.Auth`
would sit above it and never see a 401.
"""

from __future__ import annotations

import inspect
import logging
import math
import os
import random
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import define, evolve, field, frozen

from mantago._credentials import Credentials, Keyring, Mask
from mantago._errors import APITimeoutError, ConfigurationError, Headers, MantaGoError, tried
from mantago._policy import (
    PAYLOAD,
    PIECE,
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
BelowT = TypeVar("BelowT", httpx.BaseTransport, httpx.AsyncBaseTransport)

# As many connections are kept as may be open: httpx's default of 20 of 100 closes the others while a burst still goes
# on (4 bursts of 256 tasks: 963 connections). No more than 32: httpcore compares each with each in every call (100
# kept: 10 ms a call; 32: 4.5 ms). Calls that wait for one wait before httpcore, whose queue costs each call more the
# longer it is (500 tasks: 8.6 ms).
CONNECTIONS = 32
LIMITS = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=5.0)
LONGEST_WAIT = 86_400.0
"""Seconds: operating systems refuse longer waits for a socket."""
GRACE = 0.05
"""Seconds after the deadline until a call is cancelled: httpcore's own timeouts, set to what is left, come first and
close the connection in order; a handshake that is cancelled leaves its socket to the garbage collector."""
# The body is decoded by the time it is handed on, so what describes its transfer doesn't hold any more; and a cookie
# would tie calls together, which this API doesn't do.
NOT_HANDED_ON = frozenset({"content-encoding", "content-length", "set-cookie", "transfer-encoding"})


@frozen
class Edge:
    """What a call does to the world; each function returns a value, or an awaitable of it."""

    connections: Any
    """What closes the connections, with `close()` or `aclose()`."""
    send: Callable[[httpx.Request], Any]
    """Send a request; return its response, whose body is still to be read."""
    pieces: Callable[[Any], Any]
    next_piece: Callable[[Any, None], Any]
    """Return the next of the pieces of a body, None at its end."""
    close: Callable[[httpx.Response], Any]
    """Give the connection back, or close it if the body wasn't read to its end."""
    sleep: Callable[[float], Any]
    ask: Callable[[Any], Any]
    """Call the callable that was given as credentials."""
    asking: Any
    """The lock on the credentials."""
    sending: Any
    """The semaphore on the connections: whoever waits for one waits here, since httpcore's own queue is slow."""
    take: Callable[[Any, float], Any]
    """Take one of these two within so many seconds, or return False."""
    bound: Callable[[float], AbstractContextManager[object]]
    """Limit what happens inside to so many seconds."""


async def resolved(value: Any) -> Any:
    """Return the value, or what it resolves to if it is an awaitable."""
    return await value if inspect.isawaitable(value) else value


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
            # Between two attempts it may have been closed: a connection made now would never be.
            self.refuse_if_closed()
            asked, credentials = self.keys.answers, self.keys.current
            if credentials is None:
                credentials = await self._renew(asked, request, edge, effort)
                asked = self.keys.answers
            effort.attempts += 1
            self.keys.warn_of_expiry(time.time())
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
            await resolved(edge.sleep(wait))

    async def _attempt(
        self, request: httpx.Request, credentials: Credentials, edge: Edge, effort: Effort
    ) -> httpx.Response | MantaGoError:
        """Send the request once; return the settled response, or what went wrong."""
        mask = mask_for(request, self.keys)
        _MaskLogs.mask.set(mask)
        signed = sign(request, credentials, self.keys.held)
        await self._take(edge.sending, request, edge, effort)
        left = min(max(effort.deadline - self.clock(), 0.001), LONGEST_WAIT)
        signed.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            response = await resolved(edge.send(signed))
            pieces = edge.pieces(response.stream)
            try:
                body = Body(self.policy.max_response_bytes, response.headers)
                # A piece gets no name: it could echo a secret, and a name would show it in a traceback.
                while body.problem is None and body.feed(await resolved(edge.next_piece(pieces, None))):
                    pass
            finally:
                if inspect.isasyncgen(pieces):
                    await pieces.aclose()
                await resolved(edge.close(response))
        except httpx.HTTPError as error:
            return connection_failure(error, mask, _address(request))
        finally:
            edge.sending.release()
        fields = [(mask.clean_text(name), mask.clean_text(value)) for name, value in response.headers.multi_items()]
        try:
            content = mask.clean(body.finish())
            payload = settle(response.status_code, Headers(fields), content, time.time())
        except MantaGoError as error:
            # Its frames aren't kept: the response in this one shows a reason phrase that nobody masked.
            return error.with_traceback(None)
        kept = [(name, value) for name, value in fields if name.lower() not in NOT_HANDED_ON]
        return httpx.Response(response.status_code, headers=kept, content=content, extensions={PAYLOAD: payload})

    async def _renew(self, asked: int, request: httpx.Request, edge: Edge, effort: Effort) -> Credentials:
        """Ask for credentials, unless another call has asked since `asked` answers were given."""
        await self._take(edge.asking, request, edge, effort)
        try:
            credentials = self.keys.current
            if credentials is None or self.keys.answers == asked:
                credentials = self.keys.take(await self._ask(edge))
        finally:
            edge.asking.release()
        if self.clock() >= effort.deadline:
            raise self._timed_out(request, effort)
        return credentials

    async def _take(self, lock: Any, request: httpx.Request, edge: Edge, effort: Effort) -> None:
        left = max(0.0, min(effort.deadline - self.clock(), LONGEST_WAIT))
        if not await resolved(edge.take(lock, left)):
            raise self._timed_out(request, effort)

    async def _ask(self, edge: Edge) -> object:
        try:
            return await resolved(edge.ask(self.keys.provider))
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


# --- the two edges --------------------------------------------------------------------------------------------------


def run(call: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends: it is done after one step."""
    try:
        call.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    call.close()
    raise RuntimeError("a synchronous call was about to suspend")


def sync_edge(below: httpx.BaseTransport | None, proxy: str | None) -> Edge:
    """Return the edge for threads."""
    transport = below or DeadlineTransport(proxy)
    return Edge(
        connections=transport,
        send=transport.handle_request,
        pieces=iter,
        next_piece=next,
        close=httpx.Response.close,
        sleep=time.sleep,
        ask=_ask_synchronously,
        asking=threading.Lock(),
        sending=threading.Semaphore(sys.maxsize if below else CONNECTIONS),
        take=lambda lock, seconds: lock.acquire(timeout=seconds),
        bound=_cut_waits,
    )


def async_edge(below: httpx.AsyncBaseTransport | None, proxy: str | None) -> Edge:
    """Return the edge for tasks, on asyncio and trio."""
    transport = below or httpx.AsyncHTTPTransport(limits=LIMITS, proxy=proxy)

    async def take(lock: Any, _: float) -> bool:
        await lock.acquire()  # `bound` limits it
        return True

    return Edge(
        connections=transport,
        send=transport.handle_async_request,
        pieces=aiter,
        next_piece=anext,
        close=httpx.Response.aclose,
        sleep=anyio.sleep,
        ask=lambda provider: provider(),
        asking=anyio.Lock(),
        sending=anyio.Semaphore(sys.maxsize if below else CONNECTIONS),
        take=take,
        bound=lambda seconds: anyio.fail_after(seconds + GRACE),
    )


def _ask_synchronously(provider: Callable[[], object]) -> object:
    answer = provider()
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise ConfigurationError("the callable given as credentials is asynchronous: use it with AsyncMantaGo")
    return answer


@contextmanager
def _cut_waits(seconds: float) -> Iterator[None]:
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


# --- the network below the synchronous edge -------------------------------------------------------------------------

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


# --- the two stacks -------------------------------------------------------------------------------------------------


class _MaskLogs(logging.Filter):
    """Takes what the current call must not show out of httpcore's logs, which quote the headers of an answer."""

    mask: ContextVar[Mask | None] = ContextVar("mantago_mask", default=None)

    def filter(self, record: logging.LogRecord) -> bool:
        if mask := self.mask.get():
            # What is quoted there went through repr(), some of it twice.
            record.msg, record.args = mask.clean_text(record.getMessage().replace("\\\\", "\\")), ()
        return True


for _name in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_MaskLogs())


class PerProcess:
    """What anyio's RunVar is to an event loop, for processes: a forked child begins without a value."""

    def __init__(self) -> None:
        self._values: dict[int, Edge] = {}

    def get(self) -> Edge | None:
        """Return this process's value."""
        return self._values.get(os.getpid())

    def set(self, value: Edge | None) -> None:
        """Set this process's value, unless another thread just did; None takes it away."""
        if value is None:
            self._values.pop(os.getpid(), None)
        else:
            self._values.setdefault(os.getpid(), value)


class _Stack(Generic[BelowT]):
    """What both stacks share; the connections are each process's, or each event loop's, own."""

    def __init__(self, calls: Calls, below: BelowT | None, proxy: str | None) -> None:
        self.calls = calls
        self._below: BelowT | None = below
        self._proxy = proxy
        self._edge = self._make_slot()

    _make_slot: Callable[[], Any]
    _make_edge: Callable[[BelowT | None, str | None], Edge]

    def _current(self) -> Edge:
        self.calls.refuse_if_closed()
        if self._edge.get() is None:
            try:
                edge = self._make_edge(self._below, self._proxy)
            except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
                # The values aren't quoted: a proxy's address may hold a password.
                named = "SSL_CERT_FILE, SSL_CERT_DIR" if isinstance(error, OSError) else "the environment's proxy"
                raise ConfigurationError(f"{named} can't be used: {type(error).__name__}") from None
            self._edge.set(edge)
        current: Edge = self._edge.get()
        return current

    def _leave(self) -> Any:
        """Refuse calls from now on; return what to close, if there is something."""
        self.calls.closed = True
        edge: Edge | None = self._edge.get()
        self._edge.set(None)
        return edge.connections if edge else self._below


class SyncTransport(_Stack[httpx.BaseTransport], httpx.BaseTransport):
    """The stack for threads and forked processes."""

    _make_slot = PerProcess
    _make_edge = staticmethod(sync_edge)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return run(self.calls.call(request, self._current()))

    def shut(self) -> None:
        """Close the connections; `close()` doesn't, since clients derived from the generated one call it too."""
        if below := self._leave():
            below.close()


class AsyncTransport(_Stack[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    """The stack for tasks, on asyncio and trio."""

    _make_slot = staticmethod(lambda: RunVar("mantago_edge", None))

    def _make_edge(self, below: httpx.AsyncBaseTransport | None, proxy: str | None) -> Edge:
        edge = async_edge(below, proxy)
        if below is not None:
            return edge
        connections = self._until_the_loop_ends(edge.connections)
        run(connections.__anext__())
        return evolve(edge, connections=connections)

    async def _until_the_loop_ends(self, transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
        """Close the connections when this is closed: event loops do so, at their end, with each generator begun."""
        try:
            yield
        finally:
            self._edge.set(None)
            await transport.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.calls.call(request, self._current())

    async def shut(self) -> None:
        """Close the connections of this event loop; see `SyncTransport.shut`."""
        if below := self._leave():
            await below.aclose()
