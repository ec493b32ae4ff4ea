"""Code that threads and tasks share: coroutines that never suspend, and values for each process.

A coroutine whose awaitables all come from `maybe_await` never suspends where the functions below are synchronous:
`run_sync` steps through it without an event loop.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Coroutine
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from anyio.lowlevel import RunVar, current_token

T = TypeVar("T")

MAX_WAIT_SECONDS = 86_400.0
"""Seconds: operating systems refuse longer waits for a socket."""


MaybeAwaitable: TypeAlias = T | Awaitable[T]
"""The result of a function of either kind: a value if it is synchronous, else an awaitable of one."""


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
    """The value of one process: a forked child begins without one."""

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

    def values(self) -> list[T]:
        """Return the values that this process may still use."""
        value = self.get()
        return [] if value is None else [value]

    def inherited(self) -> list[T]:
        """Return, once, the values of the process that this one was forked from."""
        return [self._values.pop(process) for process in list(self._values) if process != os.getpid()]


class PerLoop(Generic[T]):
    """The values of event loops, each of which ends with its loop or with this object, whichever ends first.

    A value that refers to its loop, as connections do, would keep it for ever in a registry, even in one that is keyed
    weakly. So the loop itself holds it.
    """

    def __init__(self) -> None:
        self._given: WeakSet[T] = WeakSet()

    def get(self) -> T | None:
        """Return this event loop's value."""
        return _held_by_this_loop().get(self)

    def set(self, value: T | None) -> None:
        """Set this event loop's value; None takes it away."""
        held = _held_by_this_loop()
        if value is None:
            held.pop(self, None)
        else:
            held[self] = value
            self._given.add(value)

    def values(self) -> list[T]:
        """Return the values of all event loops."""
        return list(self._given)

    def inherited(self) -> list[T]:
        """Return nothing: a forked child makes event loops of its own."""
        return []


_Held: TypeAlias = WeakKeyDictionary[PerLoop[Any], Any]
_trios: RunVar[_Held | None] = RunVar("mantago_values", None)
"""Of event loops that take no attribute, such as trio's, which closes everything at its end."""


def _held_by_this_loop() -> _Held:
    token: Any = current_token()
    loop = getattr(token, "native_token", token)  # older versions of anyio return what it holds
    try:
        held: _Held = loop.mantago_values
    except AttributeError:
        held = _trios.get() or WeakKeyDictionary()
        try:
            loop.mantago_values = held
        except AttributeError:
            _trios.set(held)
    return held
