"""Texts that a regular expression matches, for JSON Schema's `pattern`.

The expressions that documents have are understood: literals, classes, groups, alternatives, repetition and anchors.
Others may come out wrong, so the caller checks each text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["matching"]

_MOST_REPEATS: Final = 300
_CLASSES: Final = {"d": "0123456789", "w": "abcdefghijklmnopqrstuvwxyz0123456789_", "s": " "}
_OTHERS: Final = {"D": "abc", "W": "-. ", "S": "abc"}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_VISIBLE: Final = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -_.,:;/@#+*=!?()[]{}<>&%$'\"~^|\\`"
_COUNT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")


def matching(pattern: str) -> Iterator[str]:
    """Yield texts that the pattern matches, the shortest that is likely to look like anything first."""
    for repeats in (1, 0, *range(2, _MOST_REPEATS)):
        parser = _Parser(pattern, repeats)
        try:
            yield parser.alternatives()
        except IndexError:  # the pattern ends where more has to come
            return
        if not parser.repeated:
            return


class _Parser:
    """Reads a pattern once and returns a text for it, in which everything that may repeat does so `repeats` times."""

    def __init__(self, pattern: str, repeats: int) -> None:
        self._pattern = pattern
        self._repeats = repeats
        self._at = 0
        self.repeated = False

    def _next(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        return character

    def _follows(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def alternatives(self) -> str:
        """Return a text for the first alternative up to the end of the group."""
        first = self._sequence()
        while self._follows("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        text = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            atom = self._atom()
            text += self._times(atom)
        return text

    def _times(self, atom: str) -> str:
        least, most = 1, 1
        if self._follows("*"):
            least, most = 0, _MOST_REPEATS
        elif self._follows("+"):
            least, most = 1, _MOST_REPEATS
        elif self._follows("?"):
            least, most = 0, 1
        elif counted := _COUNT.match(self._pattern, self._at):
            self._at = counted.end()
            least = int(counted[1])
            most = least if not counted[2] else int(counted[3] or _MOST_REPEATS)
        else:
            return atom
        if self._follows("?") or self._follows("+"):
            pass  # lazy or possessive: as many
        self.repeated |= least != most
        return atom * max(least, min(self._repeats, most))

    def _atom(self) -> str:
        match character := self._next():
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escaped()[:1]
            case _:
                return character

    def _group(self) -> str:
        beside = self._follows("?=") or self._follows("?!") or self._follows("?<=") or self._follows("?<!")
        if not beside and not self._follows("?:") and (self._follows("?P<") or self._follows("?<")):
            while self._next() != ">":
                pass
        text = self.alternatives()
        self._next()
        return "" if beside else text

    def _escaped(self) -> str:
        """Return the characters that an escape stands for."""
        name = self._next()
        if name in "bB":
            return ""
        if name in "pP" and self._follows("{"):
            while self._next() != "}":
                pass
            return "a"
        if name in "xu" and (code := re.compile(r"[0-9A-Fa-f]{2,4}").match(self._pattern, self._at)):
            digits = code[0][: 2 if name == "x" else 4]
            self._at += len(digits)
            return chr(int(digits, 16))
        return _CLASSES.get(name) or _OTHERS.get(name) or _CONTROLS.get(name, name)

    def _class(self) -> str:
        """Return a character of a class, or one outside of it if the class is negated."""
        negated = self._follows("^")
        members = ""
        first = True
        while first or self._pattern[self._at] != "]":
            first = False
            character = self._next()
            members += self._escaped() if character == "\\" else character
            if self._pattern[self._at] == "-" and self._pattern[self._at + 1] != "]":
                self._at += 1
                last = self._next()
                last = self._escaped() if last == "\\" else last
                members += "".join(map(chr, range(ord(members[-1]) + 1, min(ord(last[0]), ord(members[-1]) + 99) + 1)))
        self._next()
        return next((one for one in _VISIBLE if one not in members), "é") if negated else members[:1]
