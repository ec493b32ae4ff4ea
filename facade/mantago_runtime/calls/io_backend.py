"""The input and output of the retry loop, for threads and for tasks."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import anyio
import httpcore
from attrs import frozen

from mantago_runtime.concurrency import Clock, MaybeAwaitable
from mantago_runtime.configuration import DIRECT, Network
from mantago_runtime.connections.adapters import ASYNC, SYNC, TransportAdapter
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.connections.connection import Connection, ConnectionUse
from mantago_runtime.connections.pool import closed_at_the_end, pool_for_tasks, pool_for_threads
from mantago_runtime.connections.sockets import Deadline
from mantago_runtime.errors import ConfigurationError

CANCEL_GRACE_SECONDS = 0.05
"""Seconds after the deadline until a call is cancelled: timeouts below, set to what is left, come first and close the
connection in order."""


@frozen
class IOBackend:
    """The input and output of calls; each function returns a value, or an awaitable of it."""

    send: Callable[[httpcore.Request, ConnectionUse], MaybeAwaitable[tuple[httpcore.Response, Connection | None]]]
    """Send a request; return its response, whose body is still to be read, and the connection that it uses."""
    failures: tuple[type[Exception], ...]
    """The errors that this network raises; any other is the caller's own."""
    # `iter` and `next`, or `aiter` and `anext`: nothing but Any is the type of both.
    pieces: Callable[[Any], Any]
    next_piece: Callable[[Any, None], Any]
    """Return the next of the pieces of a body, None at its end."""
    done: Callable[[httpcore.Response, Connection | None], MaybeAwaitable[None]]
    """Keep the connection for another request, or close it if the body wasn't read to its end."""
    shut: Callable[[], MaybeAwaitable[None]]
    """Close all connections."""
    unused: Callable[[], int]
    """Return how many connections are open that no call uses."""
    sleep: Callable[[float], MaybeAwaitable[None]]
    ask: Callable[[Any], MaybeAwaitable[object]]
    """Call the callable that was given as credentials."""
    acquire: Callable[[float], MaybeAwaitable[bool]]
    """Take the lock on the credentials within so many seconds, or return False."""
    release: Callable[[], None]
    bound: Callable[[float], AbstractContextManager[object]]
    """Limit what happens inside to so many seconds; what is cancelled then just ends."""


def sync_io_backend(below: object, network: Network = DIRECT, memory: AddressMemory | None = None) -> IOBackend:
    """Return the backend for threads."""
    pool = TransportAdapter(below, SYNC) if below is not None else pool_for_threads(network, memory)
    lock = threading.Lock()
    return IOBackend(
        send=pool.send,
        failures=pool.failures,
        pieces=iter,
        next_piece=next,
        done=pool.done,
        shut=pool.empty,
        unused=pool.holds,
        sleep=_sleep_of(below, time.sleep),
        ask=_ask_synchronously,
        acquire=lambda seconds: lock.acquire(timeout=seconds),
        release=lock.release,
        bound=Deadline,
    )


def async_io_backend(below: object, network: Network = DIRECT, memory: AddressMemory | None = None) -> IOBackend:
    """Return the backend for tasks, on asyncio and trio."""
    pool = TransportAdapter(below, ASYNC) if below is not None else pool_for_tasks(network, memory)
    lock = anyio.Lock()

    async def acquire(_: float) -> bool:
        await lock.acquire()  # `bound` limits it
        return True

    return IOBackend(
        send=pool.send,
        failures=pool.failures,
        pieces=aiter,
        next_piece=anext,
        done=pool.done,
        shut=pool.empty if isinstance(pool, TransportAdapter) else closed_at_the_end(pool),
        unused=pool.holds,
        sleep=_sleep_of(below, anyio.sleep),
        ask=lambda provider: provider(),
        acquire=acquire,
        release=lock.release,
        bound=lambda seconds: anyio.move_on_after(seconds + CANCEL_GRACE_SECONDS),
    )


def _sleep_of(below: object, sleep: Callable[[float], MaybeAwaitable[None]]) -> Callable[[float], MaybeAwaitable[None]]:
    return below.sleep if isinstance(below, Clock) else sleep


def _ask_synchronously(provider: Callable[[], object]) -> object:
    answer = provider()
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise ConfigurationError("the credentials callable is asynchronous: use it with AsyncMantaGo")
    return answer
