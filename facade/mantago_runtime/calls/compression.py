"""Compressed bodies, unpacked as they arrive: gzip as RFC 1952 defines it, and deflate in both its readings."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

COMPRESSED_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN_ENCODINGS = frozenset({"", "identity"})
PIECE_BYTES = 64 * 1024
SLICE_BYTES = 16 * 1024
"""Bytes unpacked together: each member of a gzip has the rest of them copied, so many tiny ones must not share much."""
GZIP_MAGIC = b"\x1f\x8b"


def codings_of(header: str) -> list[str]:
    """Return what a Content-Encoding names, without what changes nothing."""
    codings = (coding.strip().lower() for coding in header.split(","))
    return [coding for coding in codings if coding not in PLAIN_ENCODINGS]


class Unpacker:
    """Unpacks one body; `problem` says why it can't.

    A gzip may have several members, empty ones among them, and zeros after the last. What is called deflate is zlib's
    format, or the bare stream, as some servers take the word.
    """

    def __init__(self, coding: str) -> None:
        self.problem: str | None = None
        self._coding = coding
        self._start = b""  # too little to tell the format
        self._format = 0  # as zlib's wbits
        self._stream: zlib._Decompress | None = None

    @property
    def is_whole(self) -> bool:
        """True once what was begun has come to its end."""
        return self._stream is None and not self._start

    def unpacked(self, data: bytes) -> Iterator[bytes]:
        """Yield what a piece of the body holds, in pieces, so that little is held of what swells."""
        for start in range(0, len(data), SLICE_BYTES):
            yield from self._unpacked(data[start : start + SLICE_BYTES])

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._stream is None:
                data = self._begun(data)
            if self._stream is None:
                return
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except zlib.error:
                self._refuse()
                return
            yield piece
            if self._stream.eof:
                data, self._stream = self._stream.unused_data, None
            elif len(piece) < PIECE_BYTES:
                return  # a short one is the last that the data gives
            else:
                data = self._stream.unconsumed_tail

    def _begun(self, data: bytes) -> bytes:
        """Open the stream that the data begins with, if it is there already, and return the data."""
        if self._format:
            return self._next_member(data)
        data = self._start + data
        self._start = data if len(data) < 2 else b""
        if self._start:
            return b""
        if data.startswith(GZIP_MAGIC):
            self._format = zlib.MAX_WBITS | 16
        elif data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0:
            self._format = zlib.MAX_WBITS
        elif self._coding == "deflate":
            self._format = -zlib.MAX_WBITS
        else:
            self._refuse()
            return b""
        self._stream = zlib.decompressobj(self._format)
        return data

    def _next_member(self, data: bytes) -> bytes:
        if self._format == zlib.MAX_WBITS | 16:
            data = data.lstrip(b"\0")
            if data.startswith(GZIP_MAGIC[:1]):
                self._stream = zlib.decompressobj(self._format)
                return data
        if data:
            self.problem = "has bytes after the end of its compression"
        return b""

    def _refuse(self) -> None:
        self.problem = f"isn't the {self._coding} that its header says"
