"""The senders of the two clients, which their first calls make.

A program that makes a client, but doesn't call yet, need not wait for all that this module imports.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - the system is asked for a host by it, in the middle of the call otherwise
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio
import httpx

from mantago_runtime.calls.clients import AsyncCaller, SyncCaller
from mantago_runtime.calls.options import Options
from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.transports import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from mantago_generated.client import AuthenticatedClient

TransportT = TypeVar("TransportT", SyncTransport, AsyncTransport)


class _Sender(Generic[TransportT]):
    """The transport of a client, and the generated client over it."""

    _transport_type: type[TransportT]

    def __init__(self, transport: TransportT) -> None:
        self.transport: TransportT = transport
        self._generated: list[AuthenticatedClient] = []

    @classmethod
    def of(cls, options: Options) -> Self:
        """Return the sender of a client with these options."""
        return cls(cls._transport_type(options))

    def with_policy(self, policy: Policy) -> Self:
        """Return a sender with other limits on the same connections."""
        return type(self)(self.transport.with_policy(policy))

    @property
    def generated(self) -> AuthenticatedClient:
        """The generated client over the transport, which the first use makes."""
        if not self._generated:
            self._generated.append(_generated_client(self.transport))
        return self._generated[0]  # another thread's, if that was faster


class SyncSender(_Sender[SyncTransport]):
    """The sender of a `MantaGo`; `caller` is for the friendly methods."""

    _transport_type = SyncTransport

    def __init__(self, transport: SyncTransport) -> None:
        super().__init__(transport)
        self.caller = SyncCaller(transport)


class AsyncSender(_Sender[AsyncTransport]):
    """The sender of an `AsyncMantaGo`; `caller` is for the friendly methods."""

    _transport_type = AsyncTransport

    @classmethod
    def of(cls, options: Options) -> Self:
        """Return the sender of a client with these options, with all imported that anyio needs for the loop."""
        with suppress(RuntimeError):  # no event loop runs
            anyio.get_cancelled_exc_class()
        return super().of(options)

    def __init__(self, transport: AsyncTransport) -> None:
        super().__init__(transport)
        self.caller = AsyncCaller(transport)


def _generated_client(transport: SyncTransport | AsyncTransport) -> AuthenticatedClient:
    """Return the generated client, with our transport below everything that is called with it."""
    from mantago_generated.client import AuthenticatedClient  # noqa: PLC0415 - the friendly methods don't need it

    policy = transport.calls.policy
    return AuthenticatedClient(
        base_url=str(policy.base_url),
        token="",
        prefix="",  # the transport signs each request
        headers={**policy.headers},
        timeout=httpx.Timeout(policy.timeout),
        # Without trust_env=False, httpx would put the environment's proxies beside our transport.
        httpx_args={"transport": transport, "trust_env": False},
    )
