"""Redaction: takes tokens and secrets out of what a service sends back, and out of other packages' logs."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from urllib.parse import quote, quote_plus

from mantago_runtime.secrets.credentials import REDACTED, Credentials
from mantago_runtime.text import characters

LONGEST_ESCAPED = 12
"""Bytes that JSON may spell a character with: two escapes of six."""
SHORTEST_REDACTED = 8
"""A shorter token or secret isn't masked in answers: it could be part of any word."""


class Redactor:
    """Takes tokens and secrets out of what a service sends back, in any way that JSON, HTML or a URL may spell them."""

    def __init__(self, held: Iterable[Credentials], others: Iterable[str] = ()) -> None:
        values = {value for pair in held for value in (pair.token, pair.secret)}
        values |= set(map(characters, others))
        # The longest first: one may be part of another.
        self._needles = sorted((v for v in values if len(v) >= SHORTEST_REDACTED), key=len, reverse=True)
        self._forms = [form.encode() for needle in self._needles for form in _spellings(needle)]

    def clean(self, data: bytes) -> bytes:
        """Return the data with every token and secret replaced."""
        for form in self._forms:
            if form in data:
                data = data.replace(form, REDACTED.encode())
        return self._clean_escaped(data) if b"\\" in data else data

    def _clean_escaped(self, data: bytes) -> bytes:
        # The pattern is slow to build and to run, so it is used only where there is something to find.
        flat = _unescaped(data.decode(errors="replace"))
        for needle in self._needles:
            if needle in flat:
                data = re.sub(_json_pattern(needle), REDACTED.encode(), data)
        return data

    def clean_cut(self, data: bytes) -> bytes:
        """Do what `clean` does with data that may end in the middle of a secret."""
        data = self.clean(data)
        if b"\\" in data:
            data = self._clean_escaped_end(data)
        for form in self._forms:
            for length in range(len(form) - 1, SHORTEST_REDACTED // 2, -1):
                if data.endswith(form[:length]):
                    return data[:-length] + REDACTED.encode()
        return data

    def _clean_escaped_end(self, data: bytes) -> bytes:
        """Replace the beginning of a secret at the end of the data that JSON spells with escapes."""
        longest = max(map(len, self._needles), default=0)
        end = data[-LONGEST_ESCAPED * (longest + 1) :].decode(errors="surrogateescape")
        units, starts = "", list[int]()
        for found in re.finditer(r"\\(?:u([0-9a-fA-F]{4})|(?:u[0-9a-fA-F]{0,3})?\Z|(.))|(.)", end, re.DOTALL):
            spelled = chr(int(found[1], 16)) if found[1] else found[2] or found[3] or ""
            flat = _in_utf_16(spelled)
            units += flat
            starts += [found.start()] * len(flat)
        for needle in map(_in_utf_16, self._needles):
            for length in range(min(len(needle) - 1, len(units)), SHORTEST_REDACTED // 2, -1):
                if units.endswith(needle[:length]):
                    cut = len(end[starts[-length] :].encode(errors="surrogateescape"))
                    return data[:-cut] + REDACTED.encode()
        return data

    def clean_text(self, text: str) -> str:
        """Return the text with every token and secret replaced."""
        return self.clean(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")


def _spellings(value: str) -> Iterable[str]:
    in_urls = [quote(value), quote(value, safe=""), quote_plus(value)]
    # An error's text may quote a piece of the answer as Python writes it.
    in_python = [repr(value)[1:-1], ascii(value)[1:-1], repr(value.encode())[2:-1]]
    spellings = [value, *in_urls, html.escape(value), *in_python]
    return dict.fromkeys(spellings)


def _unescaped(text: str) -> str:
    """Return the text with JSON's escapes resolved, as far as they can spell a visible character."""
    flat = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    return flat.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _utf_16(point: int) -> tuple[int, ...]:
    # Not by Python's codec, which is imported when it is used first: no failure of a call may wait for that.
    return (point,) if point < 0x10000 else (0xD7C0 + (point >> 10), 0xDC00 + (point & 0x3FF))


def _in_utf_16(text: str) -> str:
    """Return the text with two halves for each character that JSON escapes as two."""
    return "".join(chr(unit) for character in text for unit in _utf_16(ord(character)))


def _json_pattern(value: str) -> bytes:
    """Return a pattern for a string inside JSON, where each character may be written as an escape."""
    parts = []
    for character in value:
        escape = "".join(rf"\\u{unit:04x}" for unit in _utf_16(ord(character)))
        parts.append(rf"(?:\\?{re.escape(character)}|(?i:{escape}))")
    return "".join(parts).encode()


_current: ContextVar[list[Redactor]] = ContextVar("mantago_redactor")


class RedactedLogs:
    """Takes out of httpcore's logs, too, what must not be shown of the answer to the call inside.

    Nothing of it outlives the call: not in a context that was copied within, such as that of a task begun there.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._held = [redactor]

    def __enter__(self) -> None:
        self._token = _current.set(self._held)

    def __exit__(self, *_: object) -> None:
        self._held.clear()
        with suppress(ValueError):  # a call that nobody went on with is closed in another context
            _current.reset(self._token)


class _LogFilter(logging.Filter):
    """Takes what the current call must not show out of httpcore's logs, which quote the headers of an answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        for redactor in _current.get(()):
            # What is quoted there went through repr(), some of it twice.
            text = record.getMessage().replace("\\\\", "\\")
            if (cleaned := redactor.clean_text(text)) != text:
                record.msg, record.args = cleaned, ()
        return True


for _package in ("httpcore", "httpcore2"):
    for _name in ("connection", "http11", "http2", "proxy", "socks"):
        logging.getLogger(f"{_package}.{_name}").addFilter(_LogFilter())
