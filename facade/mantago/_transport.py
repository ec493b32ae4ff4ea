"""The stack below every call: what `_policy` decides, done to real requests, with a deadline over all of it.

`Calls.call` is the whole way of a call, written once, as a coroutine. Its `Edge` is what it does to the world: with
the functions of the synchronous one it never suspends, so that `run` can step through it without an event loop. The
stack is an httpx transport, so that the generated operations get it as well as the friendly methods; an `httpx.Auth`
would sit above it and never see a 401.
"""

from __future__ import annotations

import inspect
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import define, field, frozen

from mantago._credentials import Credentials, Keyring, Mask
from mantago._errors import APITimeoutError, ConfigurationError, Headers, MantaGoError, tried
from mantago._policy import (
    NETWORK_FAILURES,
    Asked,
    Body,
    Policy,
    connection_failure,
    fields_of,
    mask_for,
    may_retry,
    settle,
    sign,
    wait_before,
    wants_renewal,
)

T = TypeVar("T")
BelowT = TypeVar("BelowT", httpx.BaseTransport, httpx.AsyncBaseTransport)

LONGEST_WAIT = 86_400.0
"""Seconds: operating systems refuse longer waits for a socket."""
GRACE = 0.05
"""Seconds after the deadline until a call is cancelled: timeouts below, set to what is left, come first and close the
connection in order."""
current_mask: ContextVar[Mask | None] = ContextVar("mantago_mask", default=None)
"""What must not be shown of the answer to the current call, in other packages' logs either."""
# The body is decoded by the time it is handed on, so what describes its transfer doesn't hold any more; and a cookie
# would tie calls together, which this API doesn't do.
NOT_HANDED_ON = frozenset({"content-encoding", "content-length", "set-cookie", "transfer-encoding"})


@frozen(repr=False)
class Answer:
    """A settled answer: `payload` is what `content` says."""

    headers: Headers
    content: bytes
    payload: Any

    def to_httpx(self) -> httpx.Response:
        """Return the answer as the generated operations take it."""
        kept = {name: value for name, value in self.headers.items() if name not in NOT_HANDED_ON}
        return httpx.Response(200, headers=kept, content=self.content)


@frozen
class Edge:
    """What a call does to the world; each function returns a value, or an awaitable of it."""

    send: Callable[[httpcore.Request], Any]
    """Send a request; return its response, whose body is still to be read, and the connection that it uses."""
    pieces: Callable[[Any], Any]
    next_piece: Callable[[Any, None], Any]
    """Return the next of the pieces of a body, None at its end."""
    done: Callable[[httpcore.Response, Any], Any]
    """Keep the connection for another request, or close it if the body wasn't read to its end."""
    shut: Callable[[], Any]
    """Close all connections."""
    sleep: Callable[[float], Any]
    ask: Callable[[Any], Any]
    """Call the callable that was given as credentials."""
    acquire: Callable[[float], Any]
    """Take the lock on the credentials within so many seconds, or return False."""
    release: Callable[[], None]
    bound: Callable[[float], AbstractContextManager[object]]
    """Limit what happens inside to so many seconds."""


async def resolved(value: Any) -> Any:
    """Return the value, or what it resolves to if it is an awaitable."""
    return await value if inspect.isawaitable(value) else value


class OwnTime(ABC):
    """What a transport below may be as well, so that no test waits: the calls then take time and chance from it.

    The fake of `mantago.testing` is one.
    """

    @abstractmethod
    def clock(self) -> float:
        """Tell the time in seconds from any moment on."""

    @abstractmethod
    def jitter(self) -> float:
        """Draw from 0 to 1."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let so much of this time go by."""


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

    async def call(self, asked: Asked, edge: Edge) -> Answer:
        """Answer a request within its deadline, or raise a MantaGoError."""
        seconds = self.policy.timeout if asked.timeout is None else asked.timeout
        started = self.clock()
        effort = Effort(started, started + seconds)
        try:
            with edge.bound(seconds):
                return await self._attempts(asked, edge, effort)
        except TimeoutError:
            pass
        # Raised out here, the error doesn't drag the cancelled frames along.
        raise self._timed_out(effort)

    def refuse_if_closed(self) -> None:
        """Raise if the client was closed."""
        if self.closed:
            raise MantaGoError("this client is closed: make a new one, or keep it open as long as it is used")

    async def _attempts(self, asked: Asked, edge: Edge, effort: Effort) -> Answer:
        read_only, retries, renewed = self.policy.may_repeat(asked), 0, False
        while True:
            # Between two attempts it may have been closed: a connection made now would never be.
            self.refuse_if_closed()
            answers, credentials = self.keys.answers, self.keys.current
            if credentials is None:
                credentials = await self._renew(answers, edge, effort)
                answers = self.keys.answers
            effort.attempts += 1
            self.keys.warn_of_expiry(time.time())
            outcome = await self._attempt(asked, credentials, edge, effort)
            if isinstance(outcome, Answer):
                return outcome
            if wants_renewal(outcome) and self.keys.provider and not renewed:
                renewed = True
                if await self._renew(answers, edge, effort) != credentials:
                    continue
            now = self.clock()
            if isinstance(outcome, APITimeoutError) and now >= effort.deadline:
                raise self._timed_out(effort)
            retries += 1
            wait = wait_before(retries, outcome, self.jitter())
            hopeless = retries > self.policy.max_retries or not may_retry(outcome, read_only=read_only)
            if hopeless or now + wait >= effort.deadline:
                raise tried(outcome, effort.attempts, now - effort.started)
            await resolved(edge.sleep(wait))

    async def _attempt(
        self, asked: Asked, credentials: Credentials, edge: Edge, effort: Effort
    ) -> Answer | MantaGoError:
        """Send the request once; return the settled answer, or what went wrong."""
        mask = mask_for(asked, self.keys)
        current_mask.set(mask)
        signed = sign(asked, self.policy.base_url, credentials, self.keys.held)
        left = min(max(effort.deadline - self.clock(), 0.001), LONGEST_WAIT)
        signed.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            response, connection = await resolved(edge.send(signed))
            del signed  # it holds the secret, and this frame may come into a traceback
            pieces = edge.pieces(response.stream)
            try:
                headers = Headers(fields_of(response.headers, mask))
                body = Body(self.policy.max_response_bytes, headers)
                # A piece gets no name: it could echo a secret, and a name would show it in a traceback.
                while body.problem is None and body.feed(await resolved(edge.next_piece(pieces, None))):
                    pass
            finally:
                if inspect.isasyncgen(pieces):
                    await pieces.aclose()
                await resolved(edge.done(response, connection))
        except NETWORK_FAILURES as error:
            return connection_failure(error, mask, self.policy.host)
        try:
            content = mask.clean(body.finish(response.status))
            return Answer(headers, content, settle(response.status, headers, content, time.time()))
        except MantaGoError as error:
            # Its frames aren't kept: the response in this one shows a reason phrase that nobody masked.
            return error.with_traceback(None)

    async def _renew(self, answers: int, edge: Edge, effort: Effort) -> Credentials:
        """Ask for credentials, unless another call has asked since `answers` answers were given."""
        if not await resolved(edge.acquire(max(0.0, min(effort.deadline - self.clock(), LONGEST_WAIT)))):
            raise self._timed_out(effort)
        try:
            credentials = self.keys.current
            if credentials is None or self.keys.answers == answers:
                credentials = self.keys.take(await self._ask(edge))
        finally:
            edge.release()
        if self.clock() >= effort.deadline:
            raise self._timed_out(effort)
        return credentials

    async def _ask(self, edge: Edge) -> object:
        try:
            return await resolved(edge.ask(self.keys.provider))
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"the callable given as credentials raised {type(error).__name__}: see its cause"
            ) from error

    def _timed_out(self, effort: Effort) -> MantaGoError:
        allowed = effort.deadline - effort.started
        error = APITimeoutError(f"{self.policy.host} gave no whole answer within the {allowed:g} s allowed")
        return tried(error, effort.attempts, self.clock() - effort.started)


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
    from mantago import _network  # noqa: PLC0415 - only a client that calls needs it

    line = _network.Through(below, _network.SYNC) if below else _network.for_threads(proxy)
    lock = threading.Lock()
    return Edge(
        send=line.send,
        pieces=iter,
        next_piece=next,
        done=line.done,
        shut=line.shut,
        sleep=_sleep_of(below, time.sleep),
        ask=_ask_synchronously,
        acquire=lambda seconds: lock.acquire(timeout=seconds),
        release=lock.release,
        bound=_network.cut_waits,
    )


def async_edge(below: httpx.AsyncBaseTransport | None, proxy: str | None) -> Edge:
    """Return the edge for tasks, on asyncio and trio."""
    from mantago import _network  # noqa: PLC0415 - see sync_edge

    line = _network.Through(below, _network.ASYNC) if below else _network.for_tasks(proxy)
    lock = anyio.Lock()

    async def acquire(_: float) -> bool:
        await lock.acquire()  # `bound` limits it
        return True

    return Edge(
        send=line.send,
        pieces=aiter,
        next_piece=anext,
        done=line.done,
        shut=lambda: line.shut(),  # which changes when the loop ends  # noqa: PLW0108
        sleep=_sleep_of(below, anyio.sleep),
        ask=lambda provider: provider(),
        acquire=acquire,
        release=lock.release,
        bound=lambda seconds: anyio.fail_after(seconds + GRACE),
    )


def _sleep_of(below: object, sleep: Callable[[float], Any]) -> Callable[[float], Any]:
    return below.sleep if isinstance(below, OwnTime) else sleep


def _ask_synchronously(provider: Callable[[], object]) -> object:
    answer = provider()
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise ConfigurationError("the callable given as credentials is asynchronous: use it with AsyncMantaGo")
    return answer


# --- the two stacks -------------------------------------------------------------------------------------------------


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
        if isinstance(below, OwnTime):
            calls.clock, calls.jitter = below.clock, below.jitter
        self._below: BelowT | None = below
        self._proxy = proxy
        self._edge = self._make_slot()

    _make_slot: Callable[[], Any]
    _make_edge: Callable[[BelowT | None, str | None], Edge]

    def _current(self) -> Any:
        self.calls.refuse_if_closed()
        if edge := self._edge.get():
            return edge
        made = self._make_edge(self._below, self._proxy)
        self._edge.set(made)
        # Another thread may have been faster, or have closed the client just now.
        return self._edge.get() or made

    def _leave(self) -> Callable[[], Any] | None:
        """Refuse calls from now on; return what closes the connections, if there are any."""
        edge: Edge | None = self._edge.get()
        if edge is None and self._below is not None and not self.calls.closed:
            edge = self._make_edge(self._below, None)
        self.calls.closed = True
        self._edge.set(None)
        return edge.shut if edge else None


class SyncTransport(_Stack[httpx.BaseTransport], httpx.BaseTransport):
    """The stack for threads and forked processes."""

    _make_slot = PerProcess
    _make_edge = staticmethod(sync_edge)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.send(self.calls.policy.asked(request)).to_httpx()

    def send(self, asked: Asked) -> Answer:
        """Answer what a friendly method asks."""
        return run(self.calls.call(asked, self._current()))

    def shut(self) -> None:
        """Close the connections; `close()` doesn't, since clients derived from the generated one call it too."""
        if close := self._leave():
            run(resolved(close()))


class AsyncTransport(_Stack[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    """The stack for tasks, on asyncio and trio."""

    _make_slot = staticmethod(lambda: RunVar("mantago_edge", None))
    _make_edge = staticmethod(async_edge)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return (await self.send(self.calls.policy.asked(request))).to_httpx()

    async def send(self, asked: Asked) -> Answer:
        """Answer what a friendly method asks."""
        return await self.calls.call(asked, self._current())

    async def shut(self) -> None:
        """Close the connections of this event loop; see `SyncTransport.shut`."""
        if close := self._leave():
            await close()
