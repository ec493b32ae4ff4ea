"""The engine "httptools": HTTP/1.1 on the same network as httpcore's connections, read by the parser of Node.js.

It takes the place of one of httpcore's connections, h11 and all, in `pool.ConnectionPool`; pool, proxies, TLS, waits
and cancellation stay what they are. Here too, what waits is a coroutine that never suspends where the network is
synchronous.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias

import anyio
import httpcore
import httptools
import httpx

from mantago_runtime.concurrency import maybe_await, run_sync
from mantago_runtime.connections.connection import KEEPALIVE_SECONDS, Destination

LONGEST_HEAD = 100 * 1024
"""Bytes, as in h11: what is no body (header, length of a chunk, trailer) may not grow without end."""
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
TARGET = re.compile(rb"[\x21-\x7e]+")
VALUE = re.compile(rb"[^\0\r\n]*")
FRAMING = (b"content-length", b"transfer-encoding")
Stream: TypeAlias = httpcore.NetworkStream | httpcore.AsyncNetworkStream


class Exchange:
    """A response, and the stream of its body."""

    def __init__(self, connection: Connection, stream: Stream, wait: float | None, *, bodiless: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._started = self.begun = self.ended = False
        self.reusable = not bodiless
        self._bodiless = bodiless
        self._connection, self._stream, self._wait = connection, stream, wait
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    # --- what the parser finds ---

    def on_message_begin(self) -> None:
        if self.ended:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.begun:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.ended:
            return
        self.status = self._parser.get_status_code()
        self.begun = self.status >= 200
        self.ended = self.begun and self._bodiless

    def on_body(self, piece: bytes) -> None:
        if not self.ended:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if not self.begun:
            self.headers.clear()  # it was an interim response
        elif not self.ended:
            self.ended = True
            self.reusable = self._parser.should_keep_alive()

    # --- what the network brings ---

    async def begin(self) -> None:
        """Read until the body begins."""
        size = 0
        while not self.begun:
            size += await self._read(size)
        if self._parser.get_http_version() not in ("1.0", "1.1"):
            raise httpcore.RemoteProtocolError("the response isn't HTTP/1.0 or HTTP/1.1")
        encodings = [value.lower() for name, value in self.headers if name.lower() == b"transfer-encoding"]
        if encodings not in ([], [b"chunked"]):
            raise httpcore.RemoteProtocolError("the response has a Transfer-Encoding other than chunked")

    async def piece(self) -> bytes | None:
        """Return the next piece of the body, None at its end."""
        size = 0
        while not (self._pieces or self.ended):
            size += await self._read(size)
        pieces = b"".join(self._pieces)
        self._pieces.clear()
        return pieces or None

    async def _read(self, size: int) -> int:
        """Read what comes next, after so many bytes that are no body; return how many these are."""
        if size > LONGEST_HEAD:
            raise httpcore.RemoteProtocolError(f"more than {LONGEST_HEAD:,} bytes of the response are not its body")
        data: bytes = await maybe_await(self._stream.read(65_536, self._wait))
        if not data:
            self._end()
        elif not self._started and not data.startswith(b"H"):  # the parser would take RTSP too
            raise httpcore.RemoteProtocolError("the answer isn't an HTTP response")
        self._started = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # What follows a whole response is no part of it.
            self.reusable = False
            if not self.ended:
                raise httpcore.RemoteProtocolError(str(error)) from None
        return len(data)

    def _end(self) -> None:
        """See whether the end of the connection is that of the response."""
        if not self.begun:
            raise httpcore.RemoteProtocolError("peer closed connection before a response came")
        if any(name.lower() in FRAMING for name, _ in self.headers):
            raise httpcore.RemoteProtocolError("peer closed connection in the middle of the body")
        self.ended, self.reusable = True, False

    # --- as httpcore's responses ---

    def __iter__(self) -> Exchange:
        return self

    def __next__(self) -> bytes:
        if (piece := run_sync(self.piece())) is None:
            raise StopIteration
        return piece

    def __aiter__(self) -> Exchange:
        return self

    async def __anext__(self) -> bytes:
        if (piece := await self.piece()) is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Leave the connection, which another request may use if the whole response was read."""
        self._connection.left_by(reusable=self.ended and self.reusable)
        del self._parser  # it refers to this object


class Connection:
    """One connection to an origin, for one request after the other."""

    def __init__(self, to: Destination, backend: httpcore.NetworkBackend | httpcore.AsyncNetworkBackend) -> None:
        self._origin, self._tls, self._backend = to.origin, to.tls, backend
        self._stream: Stream | None = None
        self._idle = False
        self._expires = 0.0

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Return the response, whose body is still to be read."""
        self._idle, wait = False, request.extensions["timeout"]["read"]
        stream = self._stream or await self._connect(wait)
        with suppress(httpcore.WriteError):  # it may have answered before it hung up
            await _write(request, stream, wait)
        exchange = Exchange(self, stream, wait, bodiless=request.method == b"HEAD")
        try:
            await exchange.begin()
        except BaseException:
            exchange.close()
            self._idle = False
            raise
        response = httpcore.Response(exchange.status, content=exchange)
        response.headers = exchange.headers  # these are bytes already
        return response

    def leave(self, response: httpcore.Response) -> None:
        """End with a response."""
        response.close()

    async def _connect(self, wait: float | None) -> Stream:
        host = self._origin.host.decode("ascii")
        stream: Stream = await maybe_await(self._backend.connect_tcp(host, self._origin.port, wait))
        self._stream = stream
        if self._tls:
            self._tls.set_alpn_protocols(["http/1.1"])
            self._stream = stream = await maybe_await(stream.start_tls(self._tls, host, wait))
        return stream

    def left_by(self, *, reusable: bool) -> None:
        """Let another request use the connection, if nothing more of the response can come."""
        self._idle = reusable
        self._expires = time.monotonic() + KEEPALIVE_SECONDS

    def is_reusable(self) -> bool:
        """Return whether another request may use the connection."""
        return self._idle

    def has_expired(self) -> bool:
        """Return whether it was unused for too long, or the other side has closed it."""
        late = time.monotonic() > self._expires
        return late or self._stream is None or bool(self._stream.get_extra_info("is_readable"))

    async def close(self) -> None:
        """Close the connection, even if the call is being cancelled."""
        self._idle = False
        if isinstance(self._stream, httpcore.AsyncNetworkStream):
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
        elif self._stream:
            self._stream.close()


async def _write(request: httpcore.Request, stream: Stream, wait: float | None) -> None:
    # What is written gets no name: it holds the secret, and a frame of a cancelled call may come into a traceback.
    chunked, length = _framing(request)
    if isinstance(request.stream, httpx.ByteStream):
        await maybe_await(stream.write(_whole(request, chunked=chunked, length=length), wait))
        return
    await maybe_await(stream.write(written_head(request, chunked=chunked), wait))
    async for piece in _pieces(request.stream):
        length -= len(piece)
        await maybe_await(stream.write(_chunk(piece) if chunked else piece, wait))
    await maybe_await(stream.write(_end(chunked=chunked, left=length), wait))


def written_head(request: httpcore.Request, *, chunked: bool) -> bytes:
    """Return the request line and the header; LocalProtocolError if a part of them would not stay what it is."""
    target = request.url.target
    if not TOKEN.fullmatch(request.method) or not TARGET.fullmatch(target):
        raise httpcore.LocalProtocolError("the method or the target of the request can't be sent")
    lines = [b"%s %s HTTP/1.1" % (request.method, target)]
    for name, value in request.headers:
        if not _is_token(name) or not VALUE.fullmatch(value):
            raise httpcore.LocalProtocolError("the header of the request holds a field that can't be sent")
        if not chunked or name.lower() != b"content-length":
            lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join((*lines, b"", b""))


@lru_cache
def _is_token(name: bytes) -> bool:
    return TOKEN.fullmatch(name) is not None


def _framing(request: httpcore.Request) -> tuple[bool, int]:
    """Return whether the body goes in chunks, and how long it is said to be."""
    fields = {key: value for name, value in request.headers if (key := name.lower()) in FRAMING}
    return b"transfer-encoding" in fields, int(fields.get(b"content-length", 0))


def _whole(request: httpcore.Request, *, chunked: bool, length: int) -> bytes:
    pieces: Any = request.stream
    body = b"".join(pieces)
    end = _end(chunked=chunked, left=length - len(body))
    return written_head(request, chunked=chunked) + (_chunk(body) if chunked else body) + end


async def _pieces(body: Any) -> AsyncIterator[bytes]:
    if hasattr(body, "__iter__"):
        for piece in body:
            yield piece
    else:
        async for piece in body:
            yield piece


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""


def _end(*, chunked: bool, left: int) -> bytes:
    if left and not chunked:
        raise httpcore.LocalProtocolError("the body of the request isn't as long as its Content-Length")
    return b"0\r\n\r\n" if chunked else b""
