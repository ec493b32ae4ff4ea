"""What lets threads and tasks share code: coroutines that never suspend, and values for each process.

A coroutine whose awaitables all come from `maybe_await` never suspends where the functions below are synchronous:
`run_sync` steps through it without an event loop.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Coroutine
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

MAX_WAIT_SECONDS = 86_400.0
"""Seconds: operating systems refuse longer waits for a socket."""


MaybeAwaitable: TypeAlias = T | Awaitable[T]
"""What a function of both kinds returns: the synchronous one a value, the asynchronous one an awaitable of it."""


async def maybe_await(value: MaybeAwaitable[T]) -> T:
    """Return the value, or what it resolves to if it is an awaitable."""
    if isinstance(value, Awaitable):
        resolved: T = await value
        return resolved
    return value


class Clock(ABC):
    """The time and chance of calls, where a transport brings its own, so that no test waits.

    The fake of `mantago.testing` does.
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


def run_sync(call: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends: it is done after one step."""
    try:
        call.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    call.close()
    raise RuntimeError("a synchronous call was about to suspend")


class PerProcess(Generic[T]):
    """What anyio's RunVar is to an event loop, for processes: a forked child begins without a value."""

    def __init__(self) -> None:
        self._values: dict[int, T] = {}

    def get(self) -> T | None:
        """Return this process's value."""
        return self._values.get(os.getpid())

    def set(self, value: T | None) -> None:
        """Set this process's value, unless another thread just did; None takes it away."""
        if value is None:
            self._values.pop(os.getpid(), None)
        else:
            self._values.setdefault(os.getpid(), value)
