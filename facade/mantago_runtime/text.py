"""Strings: their characters, seconds in words, and suggestions for misspelled ones."""

from __future__ import annotations

import re
from collections.abc import Iterable


def characters(value: str) -> str:
    """Return a string without the class of its own that it may have.

    `str()` and f-strings call what the class says of display: of a member of a `(str, Enum)`, the member's name.
    """
    return str.__str__(value)


def seconds(value: float) -> str:
    """Write seconds in full: no exponent for many, and no zeros at the end."""
    return f"{value:g} s" if value < 1 else f"{f'{value:,.2f}'.rstrip('0').rstrip('.')} s"


def one_of(value: object, listed: Iterable[object]) -> str:
    """Say what a value must be that isn't listed, and which of these is meant, if one is alike."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    names = [str(name) for name in listed]
    alike = {_letters(name): name for name in names}
    near = get_close_matches(_letters(value), alike, n=1) if isinstance(value, str) else []
    hint = f"; did you mean {alike[near[0]]!r}?" if near else ""
    return f"it must be one of {', '.join(names)}{hint}"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()
