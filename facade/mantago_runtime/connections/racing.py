# ruff: noqa: ARG002 - timeouts are httpcore's way; the cancel scope is ours
"""Connects in tasks, on asyncio and trio, to whichever address of a host answers first."""

from __future__ import annotations

import socket
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore

from mantago_runtime.connections.addresses import STAGGER_SECONDS, AddressMemory, is_numeric

CONNECTING_FAILURES = (httpcore.ConnectError, httpcore.ConnectTimeout)


class RacingBackend(httpcore.AsyncNetworkBackend):
    """A network for tasks, whose waits the call's cancel scope bounds."""

    def __init__(self, memory: AddressMemory | None = None) -> None:
        self._memory = memory or AddressMemory()

    @abstractmethod
    async def connect(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        """Connect to one address."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if is_numeric(host):  # without asking a thread, which a program that ends doesn't get any more
            return await self.connect(host, port)
        try:
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, RuntimeError) as error:  # RuntimeError: there is no thread to ask
            raise httpcore.ConnectError(str(error)) from error
        addresses = self._memory.ordered(host, found)
        if len(addresses) == 1:
            return await self.connect(addresses[0], port)
        address, stream = await _Race(self, port).run(addresses)
        self._memory.worked(host, address, addresses)
        return stream


class _Race:
    """The race between the addresses of a host; asyncio's own loses a socket when it is cancelled."""

    def __init__(self, backend: RacingBackend, port: int) -> None:
        self._backend, self._port = backend, port
        self._won: tuple[str, httpcore.AsyncNetworkStream] | None = None
        self._failure: Exception = httpcore.ConnectError("no address was tried")

    async def run(self, addresses: list[str]) -> tuple[str, httpcore.AsyncNetworkStream]:
        """Return the first address that a connection was made to, and the connection; raise if none was."""
        try:
            async with anyio.create_task_group() as tasks:
                for address in addresses:
                    over = anyio.Event()
                    tasks.start_soon(self._try, address, over, tasks.cancel_scope)
                    with anyio.move_on_after(STAGGER_SECONDS):
                        await over.wait()
        except BaseException:
            if self._won:  # in the moment in which the call was cancelled
                await _close(self._won[1])
            raise
        if self._won is None:
            raise self._failure
        return self._won

    async def _try(self, address: str, over: anyio.Event, scope: anyio.CancelScope) -> None:
        try:
            stream = await self._backend.connect(address, self._port)
        except CONNECTING_FAILURES as error:
            self._failure = error
            over.set()
            return
        if self._won is None:
            self._won = address, stream
            scope.cancel()
        else:
            await _close(stream)


async def _close(stream: httpcore.AsyncNetworkStream) -> None:
    with anyio.CancelScope(shield=True):
        await stream.aclose()


class TrioBackend(RacingBackend):
    """httpcore's network on trio."""

    def __init__(self, memory: AddressMemory | None = None) -> None:
        super().__init__(memory)
        self._network: Any = httpcore.TrioBackend()  # without trio, a class of another kind

    async def connect(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        try:
            stream: httpcore.AsyncNetworkStream = await self._network.connect_tcp(address, port)
        except httpcore.ConnectError as error:
            # trio says that all attempts failed, and why only in a cause of its own.
            why = getattr(error.__cause__, "__cause__", None)
            why = getattr(why, "exceptions", (why,))[-1]
            raise httpcore.ConnectError(str(why or error)) from (why or error)
        return stream
