"""The options of a client, and the sender that its first call makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from mantago_runtime.calls.forks import making
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
            with making:
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
