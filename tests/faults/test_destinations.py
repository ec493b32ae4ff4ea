"""What the clients do on real sockets: every fault here is one that a loopback server really commits."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpcore
import httpx
import pytest
import trio
import trustme

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import APIConnectionError, APIStatusError, APITimeoutError, AsyncMantaGo, InvalidResponseError, MantaGo
from mantago._transport import DeadlineBackend

PAIR = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
SLACK = 0.5


def answer(body: bytes = json.dumps(GOOD).encode(), headers: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


class Server:
    """A server on loopback whose every connection is served by a function, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.serve = serve
        self.tls = tls
        self.connections = 0
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            self.threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self.threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                self.open.remove(connection)
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            self.serve(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        # shutdown wakes accept() on Linux; elsewhere a last connection does.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            socket.create_connection(("127.0.0.1", self.port)).close()
        self.listener.close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()


@contextmanager
def serving(serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(serve, tls)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def friendly(connection: socket.socket) -> None:
    while read_request(connection):
        connection.sendall(answer())


def once(*pieces: bytes, pause: float = 0) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return serve


def hang(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


def never_read(connection: socket.socket) -> None:
    threading.Event().wait(1)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
SLOW = {
    "hangs": hang,
    "drips its body": once(HEAD, *[b" "] * 40, pause=0.05),
    "drips its headers": once(b"HTTP/1.1 200 OK\r\n", *[b"X-A: 1\r\n"] * 40, pause=0.05),
    "accepts and never reads": never_read,
}


@pytest.mark.parametrize("fault", SLOW)
def test_a_call_ends_at_its_timeout_when_the_server(connect: Connect, fault):
    with serving(SLOW[fault]) as server:
        driver = connect(base_url=server.base_url, identify_in="body", timeout=0.3)
        who = {"client_id": "x" * 20_000_000} if fault == "accepts and never reads" else {"client_id": "a"}
        before = time.monotonic()
        with pytest.raises(APITimeoutError, match=r"within the 0.3 s allowed \(1 attempt"):
            driver.get_client_gifts(**who)
        assert time.monotonic() - before < 0.3 + SLACK + (1.0 if len(who["client_id"]) > 1 else 0)


def chunked(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def endless(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(chunked(b" " * 65536))


def bomb(connection: socket.socket) -> None:
    read_request(connection)
    packed = gzip.compress(b" " * 50_000_000)
    connection.sendall(answer(packed, "Content-Encoding: gzip\r\n"))


@pytest.mark.parametrize("serve", [endless, bomb])
def test_a_body_that_swells_is_refused_without_reading_on(connect: Connect, serve):
    with serving(serve) as server:
        with pytest.raises(InvalidResponseError, match="larger than 1,000,000 bytes"):
            connect(base_url=server.base_url, max_response_bytes=1_000_000).get_client_gifts(client_id="a")
        assert server.connections == 1


BROKEN = {
    "closes at once": once(),
    "cuts its body off": once(HEAD, b'{"success"'),
    "cuts its headers off": once(b"HTTP/1.1 200 OK\r\nContent-"),
    "doesn't speak HTTP": once(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "sends a million headers": once(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n" * 1_000_000),
    "sends no chunks where it says so": once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_no_whole_answer_is_a_connection_error_after_the_attempts_allowed_when_the_server(connect: Connect, fault):
    with serving(BROKEN[fault]) as server:
        driver = connect(base_url=server.base_url, jitter=lambda: 0.0)
        with pytest.raises(APIConnectionError) as caught:
            driver.get_client_gifts(client_id="a")
        assert not isinstance(caught.value, APITimeoutError)
        assert caught.value.attempts == server.connections == 3


def test_a_refused_connection_is_a_connection_error(connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(APIConnectionError, match=f"127.0.0.1:{port}"):
        connect(base_url=f"http://127.0.0.1:{port}", max_retries=0).get_client_gifts(client_id="a")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_reaches_no_other_server(connect: Connect, status):
    with serving(friendly) as other:
        redirect = f"HTTP/1.1 {status} Moved\r\nLocation: {other.base_url}/\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(once(redirect)) as server:
            with pytest.raises(APIStatusError, match="a redirect is not followed"):
                connect(base_url=server.base_url).get_client_gifts(client_id="a")
        assert other.connections == 0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_an_untrusted_certificate_is_refused_once_and_told(connect: Connect, authority):
    with serving(friendly, tls_of(authority)) as server:
        with pytest.raises(
            APIConnectionError, match=r"certificate of 127\.0\.0\.1:.* is not trusted.*SSL_CERT_FILE"
        ) as caught:
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
        assert caught.value.attempts == server.connections == 1


def test_the_environments_authority_is_trusted(connect: Connect, authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(friendly, tls_of(authority)) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").tickets == ()


def test_a_tls_server_that_never_shakes_hands_ends_at_the_timeout(connect: Connect):
    with serving(hang) as server:
        with pytest.raises(APITimeoutError):
            connect(base_url=f"https://127.0.0.1:{server.port}", timeout=0.3).get_client_gifts(client_id="a")


def test_connections_are_kept_and_used_again(connect: Connect):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url)
        for _ in range(5):
            driver.get_client_gifts(client_id="a")
        assert server.connections == 1


def echo_client_id(connection: socket.socket) -> None:
    while request := read_request(connection):
        client_id = json.loads(request.partition(b"\r\n\r\n")[2])["clientId"]
        connection.sendall(answer(json.dumps(GOOD | {"echo": client_id}).encode()))


def test_threads_that_share_a_client_get_their_own_answers():
    with serving(echo_client_id) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        with ThreadPoolExecutor(32) as pool:
            results = list(pool.map(lambda name: client.get_client_gifts(client_id=name), map(str, range(200))))
        assert [gifts.extra["echo"] for gifts in results] == [str(number) for number in range(200)]
        assert server.connections <= 32


def test_tasks_that_share_a_client_get_their_own_answers():
    async def main(base_url: str) -> list[object]:
        async with AsyncMantaGo(**PAIR, base_url=base_url) as client:
            results = await asyncio.gather(*(client.get_client_gifts(client_id=str(n)) for n in range(200)))
        return [gifts.extra["echo"] for gifts in results]

    with serving(echo_client_id) as server:
        assert asyncio.run(main(server.base_url)) == [str(number) for number in range(200)]


def test_one_async_client_serves_several_event_loops_and_trio():
    with serving(echo_client_id) as server:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url)

        async def call() -> object:
            gifts = await client.get_client_gifts(client_id="a")
            return gifts.extra["echo"]

        assert [asyncio.run(call()), asyncio.run(call()), trio.run(call)] == ["a"] * 3
        asyncio.run(client.aclose())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_and_its_parent_never_share_a_connection():
    with serving(echo_client_id) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        client.get_client_gifts(client_id="a")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if client.get_client_gifts(client_id="child").extra["echo"] == "child" else 2
                client.close()
            finally:
                os._exit(status)
        assert client.get_client_gifts(client_id="parent").extra["echo"] == "parent"
        assert os.waitpid(child, 0)[1] == 0
        assert client.get_client_gifts(client_id="after").extra["echo"] == "after"
        assert server.connections == 2


def test_all_addresses_of_a_host_are_tried_within_one_deadline(monkeypatch):
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **options: Any) -> list[Any]:
        # Nobody listens at the first address.
        addresses = ["127.0.0.2", "127.0.0.1"] if host == "localhost" else [host]
        return [entry for address in addresses for entry in real(address, *rest, **options)]

    with serving(friendly) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with MantaGo(**PAIR, base_url=f"http://localhost:{server.port}") as client:
            assert client.get_client_gifts(client_id="a").tickets == ()


def test_a_host_without_address_is_a_connection_error(monkeypatch):
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    with MantaGo(**PAIR, max_retries=0) as client:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(APIConnectionError, match="Name or service not known"):
            client.get_client_gifts(client_id="a")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
        with pytest.raises(APIConnectionError, match=r"mantago\.cc has no address"):
            client.get_client_gifts(client_id="a")


def test_a_wait_of_a_socket_after_the_deadline_is_not_begun():
    from mantago import _transport

    token = _transport._deadline.set(time.monotonic() - 1)
    try:
        with pytest.raises(httpcore.ConnectTimeout, match="used up"):
            DeadlineBackend().connect_tcp("127.0.0.1", 1)
    finally:
        _transport._deadline.reset(token)


def test_a_proxy_of_the_environment_carries_the_call(connect: Connect, monkeypatch):
    seen = []

    def proxy(connection: socket.socket) -> None:
        seen.append(read_request(connection).split(b"\r\n")[0])
        connection.sendall(answer())

    with serving(proxy) as server:
        monkeypatch.setenv("HTTP_PROXY", server.base_url)
        connect(base_url="http://localhost:9/api").get_client_gifts(client_id="a")
    assert seen[0].startswith(b"POST http://localhost:9/api/openapi/client/gift?botId=")


def test_no_byte_of_the_answer_is_lost_in_small_pieces(connect: Connect):
    body = json.dumps(GOOD | {"note": "字" * 300}).encode()
    whole = answer(body)
    with serving(once(*(whole[i : i + 7] for i in range(0, len(whole), 7)))) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").extra == {"note": "字" * 300}


def test_an_answer_in_gzip_is_read_and_asked_for(connect: Connect):
    seen = []

    def serve(connection: socket.socket) -> None:
        seen.append(read_request(connection).lower())
        connection.sendall(answer(gzip.compress(json.dumps(GOOD).encode()), "Content-Encoding: gzip\r\n"))

    with serving(serve) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").tickets == ()
    assert b"accept-encoding: gzip, deflate\r\n" in seen[0]


def test_a_custom_transport_is_used_below_all_policy():
    with serving(friendly) as server:
        with MantaGo(**PAIR, base_url=server.base_url, transport=httpx.HTTPTransport()) as client:
            assert client.get_client_gifts(client_id="a").tickets == ()
