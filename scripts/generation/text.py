"""Texts of a document as Python source, escaped so that nothing in them becomes code."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence

# Control characters, halves of surrogate pairs, and characters that are invisible or change the direction of a text.
# They are listed by number, since each Python has the categories of another version of Unicode.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
WIDTH = 116


def literal(text: str) -> str:
    """Return the text as a Python string literal."""
    return _UNSEEN.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def docstring(*paragraphs: str | Sequence[str], indent: int = 4) -> str:
    """Return the paragraphs as a docstring with its quotes; lines of a paragraph stay lines."""
    kept = [_escaped(part if isinstance(part, str) else "\n".join(part)) for part in paragraphs]
    lines = "\n\n".join(_wrapped(part, WIDTH - indent) for part in kept if part).split("\n")
    text = f"\n{' ' * indent}".join(lines).replace(f"\n{' ' * indent}\n", "\n\n")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    if len(lines) > 1:
        return f'"""{text}\n{" " * indent}"""'
    # A quote at the end would be the first of four, unless it is escaped already.
    escaped = re.sub(r'(?<!\\)((?:\\\\)*)"$', r'\1\\"', text)
    return f'"""{escaped}"""'


def _escaped(text: str) -> str:
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').strip()
    return re.sub(r"\n\s*\n\s*", "\n\n", text)


def _wrapped(text: str, width: int) -> str:
    # Lines break only at blanks, so that no escape is torn apart.
    lines = []
    for line in text.split("\n"):
        bare = line.lstrip()
        deep = " " * (len(line) - len(bare))
        lines += textwrap.wrap(
            bare, width, initial_indent=deep, subsequent_indent=deep, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(lines)


def sentence(text: str) -> str:
    """Return the text with a full stop, if it ends in a word."""
    text = text.strip()
    return f"{text}." if text[-1:].isalnum() or text[-1:] in tuple(")'`\"") else text
