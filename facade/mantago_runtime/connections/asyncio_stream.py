# ruff: noqa: ARG002 - timeouts are httpcore's way; the cancel scope is ours
"""The network on asyncio's own transports."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from contextlib import suppress
from typing import Any

import httpcore

from mantago_runtime.concurrency import MAX_WAIT_SECONDS
from mantago_runtime.connections.addresses import is_systems
from mantago_runtime.connections.racing import RacingBackend
from mantago_runtime.connections.sockets import is_ready


class AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection on asyncio's own transports; the call's cancel scope bounds its waits, so it has no timeouts."""

    def __init__(self) -> None:
        self._arrived: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False
        self._full = False
        self._error: Exception | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived.append(data)
        if self._waiting is None and len(self._arrived) > 1 and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._arrived and not self._ended:
            await self._wait()
        if self._arrived:
            data = self._arrived.popleft()
            if not self._arrived and not self._ended:
                with suppress(RuntimeError):  # uvloop's word for one that was just closed
                    self._transport.resume_reading()
            return data
        if self._error:
            raise httpcore.ReadError(str(self._error)) from self._error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._ended:
            raise httpcore.WriteError(str(self._error or "the other side closed the connection"))
        try:
            self._transport.write(buffer)
        except RuntimeError as error:  # uvloop's word for one that was just closed
            raise httpcore.WriteError(str(error)) from error
        del buffer  # it may hold the secret, and this frame come into a traceback
        while self._full and not self._ended:
            await self._wait()

    async def aclose(self) -> None:
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        secured = AsyncioStream()
        try:
            transport = await loop.start_tls(
                self._transport,
                secured,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=MAX_WAIT_SECONDS,
            )
        except (OSError, ValueError) as error:  # ValueError: no name that IDNA can write
            self._transport.abort()
            if isinstance(error, TimeoutError) and not is_systems(error):
                raise
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            self._transport.abort()
            raise
        secured.connection_made(transport)
        return secured

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # What the loop has brought may lag behind what the socket holds: it may have stood still since.
            return bool(self._arrived) or self._ended or is_ready(self._transport.get_extra_info("socket"))
        return self._transport.get_extra_info(info)


class AsyncioBackend(RacingBackend):
    """asyncio's network, without the layers that make anyio's portable: half the time of a call."""

    async def connect(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        try:
            _, stream = await asyncio.get_running_loop().create_connection(AsyncioStream, address, port)
        except OSError as error:
            if not is_systems(error):
                raise
            raise httpcore.ConnectError(str(error)) from error
        return stream
