"""The network for threads, whose waits are cut to what the call has left.

httpx's own timeouts begin anew with each byte.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

from mantago_runtime.concurrency import MAX_WAIT_SECONDS

WRITE_PIECE_BYTES = 64 * 1024


_deadline: ContextVar[float] = ContextVar("mantago_deadline", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Have every wait of this thread's sockets end within so many seconds from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(timeout: float | None, error: type[Exception]) -> float:
    """Return how long a socket may wait."""
    rest = _deadline.get() - time.monotonic()
    if rest <= 0:
        raise error("the time allowed is used up")
    return min(rest, MAX_WAIT_SECONDS if timeout is None else timeout)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what the call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_PIECE_BYTES):
            self._stream.write(buffer[start : start + WRITE_PIECE_BYTES], remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, remaining(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.SyncBackend):
    """httpcore's network, with all the addresses of a host tried within one deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that IDNA can't write
            raise httpcore.ConnectError(str(error)) from error
        for rest, address in zip(range(len(found), 0, -1), found, strict=True):
            share = remaining(timeout, httpcore.ConnectTimeout) / rest
            try:
                stream = super().connect_tcp(str(address[4][0]), port, share, local_address, socket_options)
                return DeadlineStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if rest == 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")
