"""The options of a client, and the sender that its first call makes of them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
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


class Sending(Generic[SenderT]):
    """The sender of a client, which its first call makes."""

    def __init__(self, options: Options, make: Callable[[Options], SenderT]) -> None:
        self.options = options
        self._make = make
        self._made: list[SenderT] = []

    @property
    def sender(self) -> SenderT:
        """Return the sender; threads that ask for it at once get the same."""
        if not self._made:
            self._made.append(self._make(self.options))
        return self._made[0]

    def derived(self, policy: Policy) -> Self:
        """Return what sends with other limits on the same connections."""
        other = copy(self)
        other._made = [self.sender.with_policy(policy)]  # noqa: SLF001 - same class
        return other

    def ended(self) -> SenderT | None:
        """Refuse calls from now on; return the sender that may still have to be shut."""
        if self.options.transport is not None:
            return self.sender
        if not self._made:
            self.options.lifetime.closed = True
        return self._made[0] if self._made else None  # another thread may just have made it
