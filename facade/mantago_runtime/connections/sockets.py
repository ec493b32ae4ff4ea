"""The sockets of threads: they never block, so that every wait is one of ours, and ends when the call's time does.

What is raised in such a wait comes from the caller, such as an alarm that it set for itself. It is no failure of the
network, and isn't translated into one.
"""

from __future__ import annotations

import errno
import math
import os
import select
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import httpcore

from mantago_runtime.concurrency import MAX_WAIT_SECONDS
from mantago_runtime.connections.addresses import STAGGER_SECONDS, is_systems

T = TypeVar("T")

_deadline: ContextVar[float] = ContextVar("mantago_deadline", default=math.inf)


class Deadline:
    """Has every wait of this thread's sockets inside end within so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _deadline.set(time.monotonic() + self._seconds)

    def __exit__(self, *_: object) -> None:
        _deadline.reset(self._token)


def remaining(timeout: float | None, error: type[Exception]) -> float:
    """Return how long a socket may wait."""
    rest = _deadline.get() - time.monotonic()
    if rest <= 0:
        raise error("the time allowed is used up")
    return min(rest, MAX_WAIT_SECONDS if timeout is None else timeout)


def is_ready(sock: Any, *, to_write: bool = False, seconds: float = 0.0) -> bool:
    """Return whether a socket can be read or written within so many seconds; one that is closed or gone (None) can."""
    descriptor = -1 if sock is None else sock.fileno()
    if descriptor < 0:
        return True
    if hasattr(select, "poll"):  # select refuses a descriptor above 1,023
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if to_write else select.POLLIN)
        return bool(poll.poll(math.ceil(seconds * 1000)))
    wanted = [descriptor]
    return any(select.select(*(([], wanted, wanted) if to_write else (wanted, [], wanted)), seconds))


class SocketStream(httpcore.NetworkStream):
    """One connection of threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while True:
            try:
                return self._socket.recv(max_bytes)
            except BlockingIOError:
                pass
            except OSError as error:
                if not is_systems(error):
                    raise
                raise httpcore.ReadError(str(error)) from error
            self._wait(timeout, httpcore.ReadTimeout, to_write=False)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        del buffer  # it may hold the secret, and this frame come into a traceback
        while left:
            try:
                left = left[self._socket.send(left) :]
                continue
            except BlockingIOError:
                pass
            except OSError as error:
                if not is_systems(error):
                    raise
                raise httpcore.WriteError(str(error)) from error
            self._wait(timeout, httpcore.WriteTimeout, to_write=True)

    def _wait(self, timeout: float | None, late: type[Exception], *, to_write: bool) -> None:
        if not is_ready(self._socket, to_write=to_write, seconds=remaining(timeout, late)):
            raise late("the time allowed is used up")

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return TlsStream.over(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return is_ready(self._socket)
        if info == "server_addr":
            return self._socket.getpeername()
        return self._socket if info == "socket" else None


class TlsStream(httpcore.NetworkStream):
    """TLS over a connection of threads, which may be TLS itself, to a proxy."""

    def __init__(self, below: httpcore.NetworkStream, context: ssl.SSLContext, host: str | None) -> None:
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    @classmethod
    def over(
        cls, below: httpcore.NetworkStream, context: ssl.SSLContext, host: str | None, timeout: float | None
    ) -> TlsStream:
        """Return a stream that has shaken hands; close the one below if that fails."""
        try:
            secured = cls(below, context, host)
            secured._perform(secured._tls.do_handshake, timeout)
        except (httpcore.ReadTimeout, httpcore.WriteTimeout) as error:
            below.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (httpcore.NetworkError, ssl.SSLError, ValueError) as error:  # ValueError: no name that IDNA can write
            below.close()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            below.close()
            raise
        return secured

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._perform(lambda: self._tls.read(max_bytes), timeout)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        del buffer  # see SocketStream
        try:
            while left:
                left = left[self._perform(lambda: self._tls.write(left), timeout) :]  # noqa: B023 - called at once
        except ssl.SSLError as error:
            raise httpcore.WriteError(str(error)) from error

    def _perform(self, step: Callable[[], T], timeout: float | None) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush(timeout)
            except ssl.SSLError:
                with suppress(httpcore.NetworkError, httpcore.TimeoutException):
                    self._flush(timeout)  # why: the other side may log it
                raise
            else:
                self._flush(timeout)
                return done
            if data := self._below.read(65_536, timeout):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self, timeout: float | None) -> None:
        if self._outgoing.pending:
            self._below.write(self._outgoing.read(), timeout)

    def close(self) -> None:
        self._below.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return TlsStream.over(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._tls
        if info == "is_readable" and (self._tls.pending() or self._incoming.pending):
            return True
        return self._below.get_extra_info(info)


class _Race:
    """The connections under way to the addresses of a host."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.trying: dict[Any, str] = {}
        self.failure = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))

    def begin(self, address: str) -> None:
        """Try one more address."""
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(0)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(BlockingIOError):
                sock.connect((address, self._port))
            self._selector.register(sock, selectors.EVENT_WRITE)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError) or not is_systems(error):
                raise
            self.failure = error
        else:
            self.trying[sock] = address

    def winner(self, seconds: float) -> tuple[str, socket.socket] | None:
        """Return the first connection that is made within so many seconds; None as soon as one fails, too."""
        for key, _ in self._selector.select(seconds):
            sock: Any = key.fileobj
            self._selector.unregister(sock)
            address, number = self.trying.pop(sock), sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not number:
                return address, sock
            sock.close()
            self.failure = OSError(number, os.strerror(number))
        return None

    def close(self) -> None:
        self._selector.close()
        for sock in self.trying:
            sock.close()


def connect_first(addresses: list[str], port: int, timeout: float | None) -> tuple[str, socket.socket]:
    """Return the first of the addresses that a connection was made to, and its socket; the last failure if none was."""
    until, begin_next = time.monotonic() + remaining(timeout, httpcore.ConnectTimeout), 0.0
    waiting = list(addresses)
    try:
        with closing(_Race(port)) as race:
            while waiting or race.trying:
                now = time.monotonic()
                if waiting and (not race.trying or now >= begin_next):
                    race.begin(waiting.pop(0))
                    begin_next = now + STAGGER_SECONDS
                    continue
                if now >= until:
                    raise httpcore.ConnectTimeout("the time allowed is used up")
                if won := race.winner((min(until, begin_next) if waiting else until) - now):
                    return won
                begin_next = 0.0
            raise race.failure
    except OSError as error:
        if not is_systems(error):
            raise
        raise httpcore.ConnectError(str(error)) from error
