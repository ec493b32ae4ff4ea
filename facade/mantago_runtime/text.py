"""Strings as their characters."""

from __future__ import annotations


def characters(value: str) -> str:
    """Return a string without the class of its own that it may have.

    `str()` and f-strings call what the class says of display: of a member of a `(str, Enum)`, the member's name.
    """
    return str.__str__(value)
