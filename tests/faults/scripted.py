"""A server on loopback that does to its clients whatever a table of cases tells it.

What it does is a script: a function of one connection, run in a thread of its own for each connection. The functions
below are what scripts are made of; a table of cases reads best as what the server does, in order.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trio
import trustme
from attrs import frozen

from conftest import BOT_ID, GOOD, SECRET, TOKEN
from mantago import APIConnectionError

PAIR = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
SOAK = bool(os.environ.get("TESTS_SOAK"))
"""Whether this is `make soak`, which has minutes, or CI, which has not."""
STEP = 0.03
"""Seconds between two bytes, or two lines, of a server that drips."""
ALLOWED = 0.3
"""Seconds that a call may take."""
OVERSHOOT = 0.5
"""Seconds by which a call may end late, on a machine that is busy."""
TRIES = 6
"""A machine that is busy can delay a call as well as a fault can; what restarts its clock overshoots each time."""
LONG = 100
"""Steps that take much longer than the time allowed."""
READS, MAY_ACT = "/openapi/client/gift", "/openapi/broadcast"
"""An operation that only reads, and one that may act."""
RUNNERS: dict[str, Callable[..., Any]] = {"asyncio": lambda main: asyncio.run(main()), "trio": trio.run}
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@frozen
class Request:
    """What the server read of a request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


class Connection:
    """One connection, as a script sees it; each function raises OSError when the client or the test is done."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server, self.socket = server, sock
        self._rest = b""

    def request(self) -> Request | None:
        """Read one request, and note it; None when the client has closed."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        pieces, got = [body], len(body)
        while got < length:
            pieces.append(self.socket.recv(65536))
            if not pieces[-1]:
                raise ConnectionError("the client closed in the middle of its request")
            got += len(pieces[-1])
        body, self._rest = (whole := b"".join(pieces))[:length], whole[length:]
        method, target, _ = first.split(" ")
        request = Request(method, target, headers, body)
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait_for_the_end(self) -> None:
        """Do nothing until the client closes."""
        while self.socket.recv(65536):
            pass

    def reset(self) -> None:
        """Close with a RST, as a service that crashes does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raise ConnectionResetError("as the script wants it")


Script = Callable[[Connection], None]


class Server:
    """The server; `connections` counts those made, `most_open` those open at the same time."""

    def __init__(
        self, script: Script, tls: ssl.SSLContext | None, port: int, receive_buffer: int, host: str = "127.0.0.1"
    ) -> None:
        self.script, self._tls = script, tls
        self.requests: list[Request] = []
        self.connections = self.most_open = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._host = host
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind((host, port))
        self._listener.listen(512)
        self.port = self._listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._accepting = threading.Thread(target=self._accept, name="scripted server")
        self._accepting.start()

    @property
    def open_now(self) -> int:
        return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), name="scripted connection")
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                self.most_open = max(self.most_open, len(self._open))
                self._threads = [*(thread for thread in self._threads if thread.is_alive()), thread]
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        plain = connection
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._open = self._open - {plain} | {connection}
                connection.do_handshake()
            self.script(Connection(self, connection))
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        # shutdown wakes accept() on Linux; elsewhere a last connection does.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            with suppress(OSError):
                socket.create_connection((self._host, self.port)).close()
        self._listener.close()
        self._accepting.join()
        with self._lock:
            still_open, threads = list(self._open), list(self._threads)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@contextmanager
def serving(
    script: Script,
    *,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
    receive_buffer: int = 0,
    host: str = "127.0.0.1",
) -> Iterator[Server]:
    """Run a server; `receive_buffer` is the bytes that the system takes before the script reads."""
    with closing(Server(script, tls, port, receive_buffer, host)) as server:
        yield server


# --- what is sent ---------------------------------------------------------------------------------------------------


def head(status: object = 200, **headers: object) -> bytes:
    """The start of an answer up to the blank line; underscores in names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(body: object = GOOD, status: object = 200, **headers: object) -> bytes:
    """A whole answer; a body that isn't bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, **{"Content_Length": len(raw), **headers}) + raw


def refusal(status: int, code: object = 1, **headers: object) -> bytes:
    """A refusal in the vendor's envelope."""
    return answer({"success": False, "errResponse": {"message": "no", "code": code}}, status, **headers)


def chunk(data: bytes) -> bytes:
    """A piece of a body whose length isn't told before."""
    return b"%x\r\n%s\r\n" % (len(data), data)


# --- scripts --------------------------------------------------------------------------------------------------------


def always(data: bytes) -> Script:
    """Answer each request with the same bytes, and keep the connection."""

    def script(connection: Connection) -> None:
        while connection.request():
            connection.send(data)

    return script


friendly = always(answer())


def each(*answers: bytes | None) -> Script:
    """Answer the first request with the first, the second with the second, and so on; None cuts the connection."""
    left = list(answers)

    def script(connection: Connection) -> None:
        while connection.request():
            data = left.pop(0)
            if data is None:
                connection.reset()
            else:
                connection.send(data)

    return script


def once(*pieces: bytes) -> Script:
    """Read a request, send the pieces, close."""
    return sending(pieces)


def sending(pieces: Iterable[bytes], pause: float = 0) -> Script:
    """Read a request, send the pieces with a pause after each, then close."""

    def script(connection: Connection) -> None:
        connection.request()
        for piece in pieces:
            connection.send(piece)
            time.sleep(pause)

    return script


def dripping(data: bytes, before: bytes = b"") -> Script:
    """Send `before` at once and then the data byte by byte."""
    return sending((before, *(bytes([byte]) for byte in data)), STEP)


def hang(connection: Connection) -> None:
    """Read everything and never say a word."""
    connection.wait_for_the_end()


def echo_client_id(connection: Connection) -> None:
    """Answer each request with its own client id, in a field that the spec doesn't know."""
    while request := connection.request():
        connection.send(answer(GOOD | {"echo": request.json["clientId"]}))


def relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def tunnel(connection: Connection) -> None:
    """What a proxy does: join the client to the host that it names with CONNECT, or pass a plain request on."""
    request = connection.request()
    assert request
    if request.method != "CONNECT":
        connection.send(answer(GOOD | {"via": "proxy"}))
        return
    host, _, port = request.target.partition(":")
    with socket.create_connection((host, int(port))) as onward:
        connection.send(head(200))
        back = threading.Thread(target=relay, args=(onward, connection.socket))
        back.start()
        relay(connection.socket, onward)
        back.join()


# --- TLS ------------------------------------------------------------------------------------------------------------


def tls_of(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    """What a server needs to be trusted by whoever trusts the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def trust(authority: trustme.CA, folder: Path, monkeypatch: Any) -> None:
    """Let the environment name the authority, as an administrator does."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))


def overshoot(call: Callable[[], object], allowed: float = ALLOWED) -> tuple[float, Exception]:
    """Return by how much a call that must fail passes the time allowed, and how it failed; the best of some tries."""
    best: tuple[float, Exception] | None = None
    for _ in range(TRIES):
        before = time.monotonic()
        with pytest.raises(APIConnectionError) as caught:
            call()
        best = min([*([best] if best else []), (time.monotonic() - before - allowed, caught.value)], key=lambda b: b[0])
        if best[0] < OVERSHOOT:
            break
    assert best
    return best


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port on which nobody accepts, and whose queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def drip_a_tunnel(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-A: ")
    for _ in range(LONG):
        connection.send(b"x")
        time.sleep(STEP)


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def closed_loops() -> int:
    gc.collect()
    return sum(isinstance(thing, asyncio.AbstractEventLoop) and thing.is_closed() for thing in gc.get_objects())


def in_a_child(work: Callable[[], object]) -> int:
    """Fork; the child does the work and exits, with 0 only if it returned True."""
    child = os.fork()
    if child == 0:
        sys.settrace(None)  # coverage has a lock that another thread may have held at the fork: the child would hang
        status = 1
        try:
            status = 0 if work() is True else 2
        finally:
            os._exit(status)
    return child
