"""The httpx transports of both clients, which run the retry loop.

As transports, the generated operations get it as well as the friendly methods; an `httpx.Auth` would sit above it and
never see a 401.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx
from anyio.lowlevel import RunVar

from mantago_runtime.calls.io_backend import Edge, async_edge, sync_edge
from mantago_runtime.calls.loop import Calls
from mantago_runtime.calls.responses import Answer
from mantago_runtime.calls.signing import Asked
from mantago_runtime.concurrency import OwnTime, PerProcess, resolved, run

T = TypeVar("T")
BelowT = TypeVar("BelowT", httpx.BaseTransport, httpx.AsyncBaseTransport)


class _Stack(Generic[BelowT]):
    """What both stacks share; the connections are each process's, or each event loop's, own."""

    def __init__(self, calls: Calls, below: BelowT | None, proxy: str | None, engine: str) -> None:
        self.calls = calls
        if isinstance(below, OwnTime):
            calls.clock, calls.jitter = below.clock, below.jitter
        self._below: BelowT | None = below
        self._proxy, self._engine = proxy, engine
        self._edge = self._make_slot()

    _make_slot: Callable[[], Any]
    _make_edge: Callable[[BelowT | None, str | None, str], Edge]

    def _current(self) -> Any:
        self.calls.refuse_if_closed()
        if edge := self._edge.get():
            return edge
        made = self._make_edge(self._below, self._proxy, self._engine)
        self._edge.set(made)
        # Another thread may have been faster, or have closed the client just now.
        return self._edge.get() or made

    def _leave(self) -> Callable[[], Any] | None:
        """Refuse calls from now on; return what closes the connections, if there are any."""
        edge: Edge | None = self._edge.get()
        if edge is None and self._below is not None and not self.calls.closed:
            edge = self._make_edge(self._below, None, self._engine)
        self.calls.closed = True
        self._edge.set(None)
        return edge.shut if edge else None


class SyncTransport(_Stack[httpx.BaseTransport], httpx.BaseTransport):
    """The stack for threads and forked processes."""

    _make_slot = PerProcess[Edge]
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
