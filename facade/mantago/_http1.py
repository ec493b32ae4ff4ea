"""The engine "httptools": HTTP/1.1 on the same network as httpcore's connections, read by the parser of Node.js.

It takes the place of one of httpcore's connections, h11 and all, in `_network.Connections`; pool, proxies, TLS, waits
and cancellation stay what they are. Here too, what waits is a coroutine that never suspends with the synchronous network.
"""

from __future__ import annotations

import re
import ssl
import time
from contextlib import suppress
from functools import lru_cache
from typing import Any

import anyio
import httpcore
import httptools

from mantago._transport import resolved, run

LONGEST_HEAD = 100 * 1024
"""Bytes, as in h11: what comes before a body may not grow without end."""
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
TARGET = re.compile(rb"[\x21-\x7e]+")
VALUE = re.compile(rb"[^\0\r\n]*")


class Exchange:
    """A response, and the stream of its body."""

    def __init__(self, connection: Connection, *, bodiless: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.stream = self
        self.begun = self.ended = False
        self.reusable = not bodiless
        self._bodiless = bodiless
        self._connection = connection
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
            size += await self._read()
            if size > LONGEST_HEAD and not self.begun:
                raise httpcore.RemoteProtocolError(f"the head of the response is longer than {LONGEST_HEAD:,} bytes")
        if self._parser.get_http_version() not in ("1.0", "1.1"):
            raise httpcore.RemoteProtocolError("the response isn't HTTP/1.0 or HTTP/1.1")

    async def piece(self) -> bytes | None:
        """Return the next piece of the body, None at its end."""
        while not self._pieces:
            if self.ended:
                return None
            await self._read()
        if len(self._pieces) == 1:
            return self._pieces.pop()
        pieces = b"".join(self._pieces)
        self._pieces.clear()
        return pieces

    async def _read(self) -> int:
        data = await self._connection.read()
        if not data:
            self._end()
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
            raise httpcore.RemoteProtocolError("the connection was closed before a response came")
        if any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self.headers):
            raise httpcore.RemoteProtocolError("the connection was closed in the middle of the body")
        self.ended, self.reusable = True, False

    # --- as httpcore's responses ---

    def __iter__(self) -> Exchange:
        return self

    def __next__(self) -> bytes:
        if (piece := run(self.piece())) is None:
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

    async def aclose(self) -> None:
        """As `close()`."""
        self.close()


class Connection:
    """One connection to an origin, for one request after the other."""

    def __init__(self, origin: httpcore.Origin, tls: ssl.SSLContext | None, backend: Any, kept_for: float) -> None:
        self._origin, self._tls, self._backend, self._kept_for = origin, tls, backend, kept_for
        self._stream: Any = None
        self._idle = False
        self._expires = 0.0
        self._wait: float | None = None

    def handle_request(self, request: httpcore.Request) -> Exchange:
        """Return the response, whose body is still to be read."""
        return run(self.handle_async_request(request))

    async def handle_async_request(self, request: httpcore.Request) -> Exchange:
        """Return the response, whose body is still to be read."""
        head = written_head(request)
        self._idle, self._wait = False, request.extensions["timeout"]["read"]
        if self._stream is None:
            await self._connect()
        with suppress(httpcore.WriteError):  # it may have answered before it hung up
            await self._send(head, request)
        exchange = Exchange(self, bodiless=request.method == b"HEAD")
        try:
            await exchange.begin()
        except BaseException:
            exchange.close()
            self._idle = False
            raise
        return exchange

    async def _connect(self) -> None:
        host, wait = self._origin.host.decode("ascii"), self._wait
        self._stream = await resolved(self._backend.connect_tcp(host, self._origin.port, wait))
        if self._tls:
            self._tls.set_alpn_protocols(["http/1.1"])
            self._stream = await resolved(self._stream.start_tls(self._tls, host, wait))

    async def _send(self, head: bytes, request: httpcore.Request) -> None:
        fields = {name.lower(): value for name, value in request.headers}
        chunked = b"transfer-encoding" in fields
        pieces: Any = request.stream
        if hasattr(pieces, "__iter__"):
            body = b"".join(_chunk(piece) for piece in pieces) if chunked else b"".join(pieces)
            sent = len(body)
            await self._write(head + body + (b"0\r\n\r\n" if chunked else b""))
        else:
            await self._write(head)
            sent = 0
            async for piece in pieces:
                sent += len(piece)
                await self._write(_chunk(piece) if chunked else piece)
            await self._write(b"0\r\n\r\n" if chunked else b"")
        if not chunked and sent != int(fields.get(b"content-length", 0)):
            raise httpcore.LocalProtocolError("the body isn't as long as its Content-Length")

    async def _write(self, data: bytes) -> None:
        await resolved(self._stream.write(data, self._wait))

    async def read(self) -> bytes:
        """Return what has come in, b"" at the end."""
        data: bytes = await resolved(self._stream.read(65_536, self._wait))
        return data

    def left_by(self, *, reusable: bool) -> None:
        """Let another request use the connection, if nothing more of the response can come."""
        self._idle = reusable
        self._expires = time.monotonic() + self._kept_for

    def is_idle(self) -> bool:
        """Whether another request may use the connection."""
        return self._idle

    def has_expired(self) -> bool:
        """Whether it was unused for too long, or the other side has closed it."""
        return time.monotonic() > self._expires or bool(self._stream.get_extra_info("is_readable"))

    def close(self) -> None:
        """Close the connection."""
        self._idle = False
        if self._stream:
            self._stream.close()

    async def aclose(self) -> None:
        """Close the connection, even if the call is being cancelled."""
        self._idle = False
        if self._stream:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()


def written_head(request: httpcore.Request) -> bytes:
    """Return the request line and the header; LocalProtocolError if a part of them would not stay what it is."""
    target = request.url.target
    if not TOKEN.fullmatch(request.method) or not TARGET.fullmatch(target):
        raise httpcore.LocalProtocolError("the method or the target of the request can't be sent")
    lines = [b"%s %s HTTP/1.1" % (request.method, target)]
    for name, value in request.headers:
        if not _is_token(name) or not VALUE.fullmatch(value):
            raise httpcore.LocalProtocolError("the header of the request holds a field that can't be sent")
        lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join((*lines, b"", b""))


@lru_cache
def _is_token(name: bytes) -> bool:
    return TOKEN.fullmatch(name) is not None


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
