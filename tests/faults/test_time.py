"""`timeout` bounds the whole call, whatever the server does with its time."""

from __future__ import annotations

import gzip
import socket
import sys
import time
from typing import Any

import httpx
import pytest
import trustme
from scripted import (
    ALLOWED,
    LONG,
    OVERSHOOT,
    PAIR,
    STEP,
    Connection,
    answer,
    chunk,
    drip_a_tunnel,
    dripping,
    friendly,
    full_backlog,
    hang,
    head,
    overshoot,
    refusal,
    sending,
    serving,
    tls_of,
    trust,
)

from conftest import GOOD, Connect
from mantago import APIStatusError, APITimeoutError, Credentials

MEGABYTE = 1_000_000


def never_read(connection: Connection) -> None:
    time.sleep(ALLOWED + OVERSHOOT + 0.5)


def hang_the_second_time(connection: Connection) -> None:
    connection.request()
    connection.send(refusal(503, Retry_After=0))
    connection.wait_for_the_end()


def read_slowly(connection: Connection) -> None:
    # Fast enough for each wait of the client to end in time, and slow enough for all of them not to.
    while connection.socket.recv(100_000):
        time.sleep(0.01)


def empty_blocks(connection: Connection) -> None:
    """A compressed body that never ends, and never has a byte."""
    start = gzip.compress(b"")[:10]
    connection.request()
    connection.send(head(Content_Encoding="gzip") + start)
    while True:
        connection.send(b"\x00\x00\x00\xff\xff" * 10)
        time.sleep(STEP)


SLOW = {
    "hangs": hang,
    "hangs after the status line": sending([b"HTTP/1.1 200 OK\r\n", *[b""] * LONG], STEP),
    "hangs after the headers": sending([head(Content_Length=10), *[b""] * LONG], STEP),
    "hangs before the last byte": sending([answer()[:-1], *[b""] * LONG], STEP),
    "drips its status line": dripping(b"HTTP/1.1 200 OK" + b" " * LONG),
    "drips a header": dripping(b"x" * LONG, before=b"HTTP/1.1 200 OK\r\nX-A: "),
    "drips header after header": sending([b"HTTP/1.1 200 OK\r\n", *[b"X-A: 1\r\n"] * LONG], STEP),
    "drips its body": dripping(b" " * LONG, before=head(Content_Length=1000)),
    "drips its body in chunks": sending([head(Transfer_Encoding="chunked"), *[chunk(b" ")] * LONG], STEP),
    "drips the length of a chunk": dripping(b"0" * 15 + b"1" * LONG, before=head(Transfer_Encoding="chunked")),
    "drips trailer after trailer": sending([head(Transfer_Encoding="chunked") + b"0\r\n", *[b"X-A: 1\r\n"] * LONG], STEP),
    "drips a body that only its end limits": dripping(b" " * LONG, before=head()),
    "drips a compressed body without content": empty_blocks,
    "drips a refusal": dripping(b" " * LONG, before=head(503, Content_Length=1000)),
    "says 'continue' again and again": sending([head(100)] * LONG, STEP),
    "accepts and never reads": never_read,
    "reads slowly": read_slowly,
    "hangs when asked again": hang_the_second_time,
}  # fmt: skip


@pytest.mark.parametrize("fault", SLOW)
def test_a_call_ends_at_its_timeout_when_the_server(connect: Connect, fault):
    # So much that it doesn't fit into the buffers of the sockets.
    client_id = "x" * 20 * MEGABYTE if "read" in fault.split()[-1] + fault.split()[0] else "a"
    with serving(SLOW[fault], receive_buffer=1_000_000 if len(client_id) > 1 else 0) as server:
        driver = connect(base_url=server.base_url, timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id=client_id))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)
    assert "within the 0.3 s allowed" in str(error)


def drip_a_handshake(connection: Connection) -> None:
    connection.socket.recv(65536)
    # A server's hello of 16,000 bytes, of which one comes at a time.
    for byte in b"\x16\x03\x03\x3e\x80\x02\x00\x3e\x7c\x03\x03" + b"\x00" * LONG:
        connection.send(bytes([byte]))
        time.sleep(STEP)


@pytest.mark.parametrize("fault", [hang, drip_a_handshake])
def test_a_call_ends_at_its_timeout_when_the_handshake_of_tls_does_not_end(connect: Connect, fault):
    with serving(fault) as server:
        driver = connect(base_url=f"https://127.0.0.1:{server.port}", timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


@pytest.mark.parametrize("fault", ["hangs", "drips header after header", "drips its body", "reads slowly"])
def test_a_call_ends_at_its_timeout_under_tls_too_when_the_server(connect: Connect, fault, tmp_path, monkeypatch):
    authority = trustme.CA()
    trust(authority, tmp_path, monkeypatch)
    client_id = "x" * 20 * MEGABYTE if fault == "reads slowly" else "a"
    with serving(SLOW[fault], tls=tls_of(authority), receive_buffer=1_000_000 if len(client_id) > 1 else 0) as server:
        driver = connect(base_url=server.base_url, timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id=client_id))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse a connection when the queue is full")
def test_a_call_ends_at_its_timeout_when_nobody_accepts(connect: Connect):
    with full_backlog() as port:
        driver = connect(base_url=f"http://127.0.0.1:{port}", timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


@pytest.mark.parametrize("fault", [hang, drip_a_tunnel])
def test_a_call_ends_at_its_timeout_when_a_proxy_does_not_answer(connect: Connect, fault, monkeypatch):
    with serving(fault) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
        driver = connect(base_url="https://mantago.invalid", timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


@pytest.mark.parametrize(
    "how",
    {
        "a call's own timeout": lambda driver: driver.get_client_gifts(client_id="a", timeout=ALLOWED),
        "any request of the generated client": lambda driver: driver.request("POST", "/other", timeout=ALLOWED),
        "a read, whatever httpx is told for each byte": lambda driver: driver.request(
            "GET", "/other", timeout=httpx.Timeout(ALLOWED, connect=0.1)
        ),
    }.items(),
    ids=lambda how: how[0],
)
def test_the_bound_holds_for(connect: Connect, how):
    with serving(SLOW["drips its body"]) as server:
        driver = connect(base_url=server.base_url)
        late, error = overshoot(lambda: how[1](driver))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


def test_attempts_without_wait_go_on_until_the_deadline_and_not_beyond(connect: Connect):
    with serving(sending([refusal(503, Retry_After="0.01")])) as server:
        driver = connect(base_url=server.base_url, timeout=ALLOWED, max_retries=10_000)
        before = time.monotonic()
        with pytest.raises((APIStatusError, APITimeoutError)) as caught:
            driver.get_client_gifts(client_id="a")
        assert time.monotonic() - before < ALLOWED + OVERSHOOT
        # The last one may have had no time left to connect.
        assert 2 < caught.value.attempts <= server.connections + 1


def test_a_connection_that_is_refused_for_ever_ends_before_the_deadline(connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    driver = connect(base_url=f"http://127.0.0.1:{port}", timeout=ALLOWED, max_retries=10_000, jitter=lambda: 0.01)
    late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert f"no answer from 127.0.0.1:{port}" in str(error)


def test_a_callable_for_credentials_that_never_returns_counts_in_the_asynchronous_client(connect: Connect):
    import asyncio

    async def provide() -> Credentials:
        await asyncio.sleep(60)
        raise AssertionError

    def slow_provide() -> Credentials:
        time.sleep(ALLOWED * 2)
        return Credentials(**PAIR)

    with serving(friendly) as server:
        driver: Any = connect(base_url=server.base_url, timeout=ALLOWED, credentials=provide)
        if driver.flavour == "sync":
            # Between socket operations only: a thread can't be stopped. Nothing is sent after the deadline.
            driver = connect(base_url=server.base_url, timeout=ALLOWED, credentials=slow_provide)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
        assert late < OVERSHOOT
        assert server.requests == []
        assert isinstance(error, APITimeoutError)
        assert error.attempts == 0


def test_no_byte_of_an_answer_in_small_pieces_is_lost(connect: Connect):
    whole = answer(GOOD | {"note": "字" * 300})
    with serving(sending([whole[i : i + 7] for i in range(0, len(whole), 7)])) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").extra == {"note": "字" * 300}
