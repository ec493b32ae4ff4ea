"""The options of a client, and the sender that its first call makes of them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from mantago_runtime.calls.policy import Policy
from mantago_runtime.configuration import Network
from mantago_runtime.errors import ClientClosedError
from mantago_runtime.secrets.store import CredentialStore


class SenderLike(Protocol):
    """An object that calls go through."""

    def with_policy(self, policy: Policy) -> Self:
        """Return a sender with other limits on the same connections."""
        ...


SenderT = TypeVar("SenderT", bound=SenderLike)


class TransportLike(Protocol):
    """A transport for threads, of httpx or of httpx2."""

    def handle_request(self, request: Any, /) -> Any:
        """Return the response."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class AsyncTransportLike(Protocol):
    """A transport for tasks, of httpx or of httpx2."""

    async def handle_async_request(self, request: Any, /) -> Any:
        """Return the response."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Lifetime:
    """The time in which a client is open: one for it and all that its `with_options` gave."""

    def __init__(self) -> None:
        self.closed = False

    def refuse_if_closed(self) -> None:
        """Raise if the client was closed."""
        if self.closed:
            raise ClientClosedError("this client is closed: make a new one, or keep it open as long as it is used")


class Options(NamedTuple):
    """The options of a client, checked; `version` is its own, which its spans tell."""

    policy: Policy
    store: CredentialStore
    lifetime: Lifetime
    network: Network
    transport: object
    strict: bool
    version: str
    on_event: Callable[[Any], object] | None


PACKAGES = ("anyio", "mantago", "mantago_generated", "mantago_runtime")
"""The packages that a call may import a part of; of anyio, it is the one for the event loop that runs."""
_making = threading.RLock()


_imp: Any = sys.modules.get("_imp")  # CPython's own: nothing public has the lock of imports any more


def _let_first_calls_import() -> None:
    """Wait for what other threads' first calls import: in a child that was forked meanwhile, nobody would end it."""
    _making.acquire()
    done: set[str] = set()
    while True:
        _imp.acquire_lock()  # so that no import begins before the fork
        if not (begun := {name for name in _begun() if name.partition(".")[0] in PACKAGES} - done):
            return
        _imp.release_lock()
        for name in begun:
            with suppress(ImportError):
                import_module(name)  # waits for the thread that imports it
        done |= begun


def _begun() -> set[str]:
    """Return the names of modules whose import has begun: one that is still looked for has a lock, but nothing else."""
    locks = getattr(sys.modules.get("importlib._bootstrap"), "_module_locks", ())
    return {*sys.modules.copy(), *tuple(locks)}


def _go_on() -> None:
    _imp.release_lock()
    _making.release()


if hasattr(os, "register_at_fork") and _imp:
    os.register_at_fork(before=_let_first_calls_import, after_in_parent=_go_on, after_in_child=_go_on)


class Sending(Generic[SenderT]):
    """The sender of a client, which its first call makes."""

    def __init__(
        self, options: Options, make: Callable[[Options], SenderT], owner: Sending[SenderT] | None = None
    ) -> None:
        self.options = options
        self._make = make
        self._owner = owner
        """The one on whose connections this one sends; None if it has its own."""
        self._made: SenderT | None = None

    @property
    def sender(self) -> SenderT:
        """Return the sender; threads that ask for it at once get the same."""
        if self._made is None:
            with _making:
                if self._made is None:
                    self._made = self._new()
        return self._made

    def _new(self) -> SenderT:
        return self._owner.sender.with_policy(self.options.policy) if self._owner else self._make(self.options)

    def derived(self, policy: Policy) -> Sending[SenderT]:
        """Return what sends with other limits on the same connections."""
        return Sending(self.options._replace(policy=policy), self._make, self._owner or self)

    def ended(self) -> SenderT | None:
        """Refuse calls from now on; return the sender that may still have to be shut."""
        if self._owner:
            return None
        if self.options.transport is not None:
            return self.sender
        if self._made is None:
            self.options.lifetime.closed = True
        return self._made  # another thread may just have made it
