"""An answer that swells is refused without reading on, and without much of it ever being held."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
from scripted import Connection, Script, answer, chunk, head, once, serving

from conftest import ENGINE, GOOD, Connect
from mantago import APIConnectionError, InvalidResponseError, MantaGoError

MEBIBYTE = 1024 * 1024
ABOVE_THE_LIMIT = 40 * MEBIBYTE
BLOCK = b" " * 65536


def endless(start: bytes, piece: bytes) -> Script:
    """Answer each request with a start and then the same piece for ever."""

    def script(connection: Connection) -> None:
        connection.request()
        connection.send(start)
        while True:
            connection.send(piece)

    return script


def packed(container: int) -> tuple[bytes, bytes]:
    """Return the start of a compressed stream, and a piece of it that is 1 MiB when it is unpacked.

    A thousand such pieces are a bomb of 1 GiB in 1 MiB; what would follow, such as a checksum, is never reached.
    """
    packer = zlib.compressobj(9, wbits=container)
    start = packer.compress(b" ") + packer.flush(zlib.Z_FULL_FLUSH)
    return start, packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)


def bomb(encoding: str, container: int) -> Script:
    start, piece = packed(container)
    return endless(head(Content_Encoding=encoding) + start, piece * 16)


TOO_LARGE = "larger than"
SWELLING: dict[str, tuple[Script, type[MantaGoError], str]] = {
    "an endless body in chunks": (
        endless(head(Transfer_Encoding="chunked"), chunk(BLOCK)), InvalidResponseError, TOO_LARGE),
    "an endless body in small chunks": (
        endless(head(Transfer_Encoding="chunked"), chunk(b" " * 200) * 300), InvalidResponseError, TOO_LARGE),
    "an endless body that only its end would limit": (endless(head(), BLOCK), InvalidResponseError, TOO_LARGE),
    "a length of 1 GiB": (endless(head(Content_Length=2**30), BLOCK), InvalidResponseError, TOO_LARGE),
    "a refusal without end": (
        endless(head(400, Transfer_Encoding="chunked"), chunk(BLOCK)), InvalidResponseError, TOO_LARGE),
    "a bomb in gzip": (bomb("gzip", zlib.MAX_WBITS | 16), InvalidResponseError, TOO_LARGE),
    "a bomb in deflate": (bomb("deflate", zlib.MAX_WBITS), InvalidResponseError, TOO_LARGE),
    "a bomb in bare deflate": (bomb("deflate", -zlib.MAX_WBITS), InvalidResponseError, TOO_LARGE),
    "a whole body in gzip and then endless bytes": (
        endless(head(Content_Encoding="gzip") + gzip.compress(answer()), BLOCK), InvalidResponseError, "has bytes after"),
    "a million headers": (
        once(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n" * 1_000_000), APIConnectionError, "RemoteProtocolError"),
    "a header without end": (
        endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 65536), APIConnectionError, "RemoteProtocolError"),
    "a status line without end": (endless(b"HTTP/1.1 200 ", b"x" * 65536), APIConnectionError, "RemoteProtocolError"),
    "the length of a chunk without end": (
        endless(head(Transfer_Encoding="chunked"), b"0" * 65536), APIConnectionError, "RemoteProtocolError"),
    "trailers without end": (
        endless(head(Transfer_Encoding="chunked") + b"0\r\n", b"X-A: 1\r\n" * 1000), APIConnectionError, "RemoteProtocolError"),
}  # fmt: skip


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Says how much memory was held at most since the test began; the server's part is small."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


SMALL, DEFAULT, LARGE = MEBIBYTE, 16 * MEBIBYTE, 96 * MEBIBYTE


@pytest.mark.parametrize(
    ("limit", "fault"),
    [
        *((DEFAULT, fault) for fault in SWELLING if "small chunks" not in fault),
        (SMALL, "an endless body in small chunks"),  # which takes h11 half a minute for 16 MiB on a slow machine
        # What swells when it is unpacked comes in larger pieces where the limit leaves room for them.
        *((LARGE, fault) for fault in SWELLING if "bomb" in fault),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value >> 20} MiB",
)
@pytest.mark.unmeasured
def test_little_more_than_the_limit_is_held_of(connect: Connect, fault, limit, peak):
    script, kind, told = SWELLING[fault]
    with serving(script) as server:
        driver = connect(base_url=server.base_url, max_response_bytes=limit, max_retries=0)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(kind, match=told):
            driver.get_client_gifts(client_id="a")
        assert peak() - before < limit + ABOVE_THE_LIMIT
        assert server.connections == 1


CUT_SHORT = b'{"success": true'
LENGTHS: dict[str, tuple[bytes, type[MantaGoError], str]] = {
    "larger than the body": (answer(Content_Length=1000), APIConnectionError, "closed connection"),
    "smaller than the body": (answer(Content_Length=20), InvalidResponseError, "isn't JSON"),
    "zero": (answer(Content_Length=0), InvalidResponseError, "is empty"),
    "negative": (answer(Content_Length=-1), APIConnectionError, "Content-Length"),
    "a word": (answer(Content_Length="many"), APIConnectionError, "Content-Length"),
    "two different ones": (answer(Content_Length="42, 43"), APIConnectionError, "Content-Length"),
    "of forty digits": (answer(Content_Length="9" * 40), APIConnectionError, "Content-Length"),
    "there beside chunks": (
        head(Content_Length=5, Transfer_Encoding="chunked") + chunk(CUT_SHORT) + chunk(b""),
        *((InvalidResponseError, "isn't JSON") if ENGINE == "httpcore" else (APIConnectionError, "Transfer-Encoding"))),
    "of a length that no chunk can have": (
        head(Transfer_Encoding="chunked") + b"many\r\n", APIConnectionError, "RemoteProtocolError"),
    "of a last chunk that never comes": (
        head(Transfer_Encoding="chunked") + chunk(CUT_SHORT), APIConnectionError, "closed connection"),
}  # fmt: skip


@pytest.mark.parametrize("fault", LENGTHS)
def test_a_content_length_is_never_believed_when_it_is(connect: Connect, fault):
    raw, kind, told = LENGTHS[fault]
    with serving(once(raw)) as server:
        with pytest.raises(kind, match=told):
            connect(base_url=server.base_url, max_retries=0).get_client_gifts(client_id="a")


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_an_answer_of_just_the_limit_is_read_and_a_byte_more_is_refused(connect: Connect, encoding):
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[encoding]
    body = answer(GOOD | {"note": "x" * 100_000}).partition(b"\r\n\r\n")[2]
    with serving(once(answer(pack(body), Content_Encoding=encoding))) as server:
        gifts = connect(base_url=server.base_url, max_response_bytes=len(body)).get_client_gifts(client_id="a")
        assert gifts.extra["note"] == "x" * 100_000
        with pytest.raises(InvalidResponseError, match=f"larger than {len(body) - 1:,} bytes"):
            connect(base_url=server.base_url, max_response_bytes=len(body) - 1).get_client_gifts(client_id="a")


def test_the_compressions_that_are_asked_for_are_those_that_are_read(connect: Connect):
    with serving(once(answer(gzip.compress(b'{"success": true, "message": "m"}'), Content_Encoding="gzip"))) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").tickets == ()
        assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"
