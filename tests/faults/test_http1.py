"""The engine "httptools" reads and writes HTTP/1.1 as it must, also where httpcore's connections needn't be asked.

With TESTS_ENGINE=httptools, all the other faults are shown to it too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from scripted import Connection, always, answer, chunk, each, head, once, serving, tls_of, trust

from conftest import GOOD, Connect
from mantago import APIConnectionError, InvalidResponseError

pytest.importorskip("httptools")

CUT = b'{"success": true, "mess'
BODY = answer(GOOD).partition(b"\r\n\r\n")[2]
EOF = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@pytest.fixture
def connect_to(connect: Connect) -> Callable[..., Any]:
    return lambda server, **options: connect(
        base_url=server.base_url, engine="httptools", max_retries=0, timeout=10, **options
    )


READ = {
    "a length": answer(GOOD),
    "chunks": head(Transfer_Encoding="chunked") + b"".join(map(chunk, (BODY[:9], BODY[9:], b""))),
    "chunks, an extension and a trailer":
        head(Transfer_Encoding="chunked") + b"%x;a=b\r\n%s\r\n0\r\nX-Late: 1\r\n\r\n" % (len(BODY), BODY),
    "nothing but the end": EOF + BODY,
    "HTTP/1.0": (EOF + BODY).replace(b"1.1", b"1.0"),
    "a response before": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(GOOD),
    "two responses before": b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + answer(GOOD),
    "something after": answer(GOOD) + b"something",
    "another response after": answer(GOOD) + answer({"success": False}),
    "an announced end": answer(GOOD, Connection="close"),
    "an announced end and something after": answer(GOOD, Connection="close") + b"something",
}  # fmt: skip


@pytest.mark.parametrize("framing", READ)
def test_a_response_is_read_whose_body_ends_with(connect_to, framing):
    with serving(once(READ[framing])) as server:
        assert connect_to(server).get_client_gifts(client_id="a").extra == {}


REFUSED = {
    "nothing": (b"", "peer closed connection before a response came"),
    "half a header": (head()[:20], "before a response came"),
    "half a body": (head(Content_Length=1000) + CUT, "in the middle of the body"),
    "half of the chunks": (head(Transfer_Encoding="chunked") + chunk(CUT), "in the middle of the body"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", "RemoteProtocolError"),
    "a protocol that only looks alike": (answer(GOOD).replace(b"HTTP/1.1", b"RTSP/1.0"), "an HTTP response"),
    "a coding that was not asked for": (
        head(Transfer_Encoding="gzip, chunked") + chunk(BODY) + chunk(b""),
        "Transfer-Encoding other than chunked",
    ),
    "another version": (answer(GOOD).replace(b"1.1", b"2.0"), "RemoteProtocolError"),
    "a change of protocol": (b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "RemoteProtocolError"),
    "a status below 100": (b"HTTP/1.1 099 X\r\n\r\n", "RemoteProtocolError"),
    "a header without end": (head() [:-2] + b"X: " + b"x" * 900_000, "more than 102,400 bytes"),
    "an extension without end":
        (head(Transfer_Encoding="chunked") + b"1;" + b"x" * 900_000, "RemoteProtocolError"),
    "trailers without end":
        (head(Transfer_Encoding="chunked") + b"0\r\n" + b"X: x\r\n" * 200_000, "RemoteProtocolError"),
    "a length and chunks": (head(Content_Length=5, Transfer_Encoding="chunked") + chunk(BODY), "Transfer-Encoding"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_no_answer_is_made_of(connect_to, fault):
    raw, told = REFUSED[fault]
    with serving(once(raw)) as server, pytest.raises(APIConnectionError, match=told):
        connect_to(server).get_client_gifts(client_id="a")


def test_a_connection_is_used_again_unless_something_came_after_the_response(connect_to):
    with serving(always(answer(GOOD))) as server:
        driver = connect_to(server)
        for _ in range(3):
            driver.get_client_gifts(client_id="a")
        assert server.connections == 1
    with serving(each(answer(GOOD) + answer({"success": False}), answer(GOOD), answer(GOOD))) as server:
        driver = connect_to(server)
        for _ in range(3):
            assert driver.get_client_gifts(client_id="a").extra == {}
        assert server.connections == 2


def test_a_connection_whose_response_was_not_read_to_its_end_is_closed(connect_to):
    with serving(each(answer(GOOD | {"note": "x" * 5_000_000}), answer(GOOD))) as server:
        driver = connect_to(server, max_response_bytes=1_000)
        with pytest.raises(InvalidResponseError, match="larger than"):
            driver.get_client_gifts(client_id="a")
        driver.get_client_gifts(client_id="a")
        assert server.connections == 2


def test_a_head_request_has_no_body_to_wait_for(connect_to):
    def script(connection: Connection) -> None:
        connection.request()
        connection.send(head(Content_Length=1000))
        connection.wait_for_the_end()

    with serving(script) as server, pytest.raises(InvalidResponseError, match="is empty"):
        connect_to(server).request("HEAD", "/other")


def test_tls_is_spoken_as_with_the_other_engine(connect_to, tmp_path, monkeypatch):
    import trustme

    authority = trustme.CA()
    with serving(always(answer(GOOD)), tls=tls_of(authority)) as server:
        with pytest.raises(APIConnectionError, match="not trusted"):
            connect_to(server).get_client_gifts(client_id="a")
        trust(authority, tmp_path, monkeypatch)
        assert connect_to(server).get_client_gifts(client_id="a").extra == {}


class Both(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, for both flavours."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def stream(flavour: str, *pieces: bytes) -> Any:
    both = Both(*pieces)
    return iter(both) if flavour == "sync" else aiter(both)


def test_nobody_there_is_no_answer(connect: Connect):
    driver = connect(base_url="http://127.0.0.1:9", engine="httptools", max_retries=0)
    with pytest.raises(APIConnectionError, match="ConnectError"):
        driver.get_client_gifts(client_id="a")


def test_a_body_in_pieces_is_sent_in_chunks(connect_to):
    received = []

    def script(connection: Connection) -> None:
        while b"0\r\n\r\n" not in b"".join(received):
            received.append(connection.socket.recv(1000))
        connection.send(answer(GOOD))

    with serving(script) as server:
        driver = connect_to(server)
        driver.request("POST", "/other", content=stream(driver.flavour, b"abc", b"", b"defg"))
    assert b"".join(received).partition(b"\r\n\r\n")[2] == b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"


def test_a_whole_body_is_sent_as_its_header_says(connect_to):
    with serving(always(answer(GOOD))) as server:
        driver = connect_to(server)
        driver.request("POST", "/other", content=b"abc", headers={"Content-Type": "text/plain"})
        assert (server.requests[0].body, server.requests[0].headers["content-length"]) == (b"abc", "3")


def test_a_whole_body_may_go_in_a_chunk(connect_to):
    with serving(once(answer(GOOD))) as server:
        driver = connect_to(server)
        driver.request("POST", "/other", content=b"abc", headers={"Transfer-Encoding": "chunked"})
        assert "content-length" not in server.requests[0].headers  # two lengths would be one too many


UNSENDABLE: dict[str, dict[str, Any]] = {
    "a line break in a header": {"headers": {"X-A": "a\r\nX-B: b"}},
    "a zero in a header": {"headers": {"X-A": "a\0"}},
    "a colon in a header's name": {"headers": {"X:A": "a"}},
    "a line break in a header's name": {"headers": {"X\nA": "a"}},
    "a space in the method": {"method": "PO ST"},
    "a body shorter than said": {"content": b"abc", "headers": {"Content-Length": "5"}},
    "a body longer than said": {"content": b"abc", "headers": {"Content-Length": "1"}},
}


@pytest.mark.parametrize("fault", UNSENDABLE)
def test_nothing_is_sent_that_a_server_could_take_for_something_else(connect_to, fault):
    with serving(always(answer(GOOD))) as server:
        options = {"method": "POST", "url": "/other", "content": b"", **UNSENDABLE[fault]}
        with pytest.raises(APIConnectionError, match="LocalProtocolError"):
            connect_to(server).request(options.pop("method"), options.pop("url"), **options)
        assert server.requests == []


def test_a_stream_shorter_than_said_is_no_request(connect_to):
    with serving(always(answer(GOOD))) as server:
        driver = connect_to(server)
        with pytest.raises(APIConnectionError, match="isn't as long"):
            driver.request("POST", "/other", content=stream(driver.flavour, b"abc"), headers={"Content-Length": "5"})
