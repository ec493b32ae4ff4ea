"""The httpx transports of both clients, which run the retry loop.

As transports, the generated operations get it as well as the friendly methods; an `httpx.Auth` would sit above it and
never see a 401.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from copy import copy
from typing import Any, Protocol, Self

import httpx

from mantago_runtime.calls.io_backend import IOBackend, async_io_backend, sync_io_backend
from mantago_runtime.calls.loop import CallLoop
from mantago_runtime.calls.options import Options
from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.requests import ANY_JSON, OPERATION, UnsignedRequest, json_body, told_seconds
from mantago_runtime.calls.responses import RawResponse, ResultReader
from mantago_runtime.concurrency import Clock, MaybeAwaitable, PerLoop, PerProcess, maybe_await, run_sync
from mantago_runtime.configuration import Network
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.document import OperationInfo, find_operation
from mantago_runtime.errors import ConfigurationError
from mantago_runtime.instrumentation import Instrumentation
from mantago_runtime.operation import Operation


class _Slot(Protocol):
    """A holder of the connections of a process or of an event loop."""

    def get(self) -> IOBackend | None: ...

    def set(self, value: IOBackend | None, /) -> object: ...

    def values(self) -> list[IOBackend]: ...

    def inherited(self) -> list[IOBackend]: ...


class _Stack:
    """The common part of both stacks; the connections are each process's, or each event loop's, own."""

    def __init__(self, options: Options) -> None:
        policy, below = options.policy, options.transport
        instrumentation = Instrumentation(policy.base_url, options.version, options.on_event)
        self.calls = calls = CallLoop(policy, options.store, instrumentation, lifetime=options.lifetime)
        self.results = ResultReader(strict=options.strict)
        self._owner: Self | None = None
        """The stack whose connections these are, which so lives as long as they are used; None if it is this one."""
        if isinstance(below, Clock):
            calls.clock, calls.jitter = below.clock, below.jitter
        self._below = below
        self._network, self._memory = options.network, AddressMemory()
        self._io = self._make_slot()

    def with_policy(self, policy: Policy) -> Self:
        """Return a stack with other limits on the same connections, which remain this one's."""
        other = copy(self)
        other.calls = copy(self.calls)
        other.calls.policy = policy
        # A program may derive each client from the one before: those in between must not live as long.
        other._owner = self._owner or self  # noqa: SLF001 - same class
        return other

    _make_slot: Callable[[], _Slot]
    _make_io: Callable[[object, Network, AddressMemory], IOBackend]

    def _current(self) -> IOBackend:
        self.calls.lifetime.refuse_if_closed()
        if io := self._io.get():
            return io
        made = self._make_io(self._below, self._network, self._memory)
        self._abandon(self._io.inherited())
        self._io.set(made)
        # Another thread may have been faster, or have closed the client just now.
        return self._io.get() or made

    def _leave(self) -> Callable[[], MaybeAwaitable[None]] | None:
        """Refuse calls from now on; return what closes the connections, if there are any."""
        io: IOBackend | None = self._io.get()
        if io is None and self._below is not None and not self.calls.lifetime.closed:
            io = self._make_io(self._below, self._network, self._memory)
        self.calls.lifetime.closed = True
        self._io.set(None)
        return io.shut if io else None

    def __del__(self) -> None:
        left = [] if self._owner else [io for io in self._io.values() if io.unused()]
        if left and not sys.is_finalizing():
            self._abandon(left)
            message = f"a client of {self.calls.policy.host} was dropped, but not closed: use it as a context manager"
            # Not with this as its source: whoever records warnings would keep it, and what event loops are to close.
            warnings.warn(message, ResourceWarning, stacklevel=1)

    def _abandon(self, left: list[IOBackend]) -> None:
        """Close connections that nobody can use any more."""


class SyncTransport(_Stack, httpx.BaseTransport):
    """The stack for threads and forked processes."""

    _make_slot = PerProcess[IOBackend]
    _make_io = staticmethod(sync_io_backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a generated operation."""
        return self.send(from_httpx(request, self.calls.policy)).to_httpx(self.results)

    def send(self, request: UnsignedRequest) -> RawResponse:
        """Answer what a friendly method asks."""
        return run_sync(self.calls.call(request, self._current()))

    def _abandon(self, left: list[IOBackend]) -> None:
        for io in left:
            run_sync(maybe_await(io.shut()))

    def shut(self) -> None:
        """Close the connections; `close()` doesn't, since clients derived from the generated one call it too."""
        if close := self._leave():
            run_sync(maybe_await(close()))


class AsyncTransport(_Stack, httpx.AsyncBaseTransport):
    """The stack for tasks, on asyncio and trio.

    When it is dropped, its event loops close the connections: see `closed_at_the_end`.
    """

    _make_slot = PerLoop[IOBackend]
    _make_io = staticmethod(async_io_backend)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a generated operation."""
        return (await self.send(from_httpx(request, self.calls.policy))).to_httpx(self.results)

    async def send(self, request: UnsignedRequest) -> RawResponse:
        """Answer what a friendly method asks."""
        return await self.calls.call(request, self._current())

    async def shut(self) -> None:
        """Close the connections of this event loop; see `SyncTransport.shut`."""
        if close := self._leave():
            await maybe_await(close())


def from_httpx(request: httpx.Request, policy: Policy) -> UnsignedRequest:
    """Return what a request of httpx's asks; raise ConfigurationError if it goes to another server."""
    url, ours = request.url, policy.base_url
    if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
        raise ConfigurationError(
            f"this client sends its token and secret to {ours.scheme}://{policy.host} only, not to "
            f"{url.scheme}://{url.netloc.decode('ascii')}"
        )
    body = json_body(request)
    dropped = {b"authorization"} if body is None else {b"authorization", b"content-length"}
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    known: Operation[Any] | None = request.extensions.get(OPERATION)
    return UnsignedRequest(
        request.method,
        path,
        tuple(url.params.multi_items()),
        tuple((name, value) for name, value in request.headers.raw if name.lower() not in dropped),
        body,
        request.stream,
        told_seconds(request.extensions.get("timeout", {})),
        known.info if known else _operation(request.method, path, policy),
        known.media if known else ANY_JSON,
    )


def _operation(method: str, path: str, policy: Policy) -> OperationInfo | None:
    if not path.startswith(policy.path):
        return None
    return find_operation(policy.operations, method, path.removeprefix(policy.path))
