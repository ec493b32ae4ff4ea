"""Paths and methods that the vendored document has, be it by a template, and some that it hasn't."""

from __future__ import annotations

import re

from mantago_generated.spec import published


def methods_at(path: str) -> set[str]:
    """The methods of all paths that one path fits, in capitals; none if it fits no path."""
    items = [
        item
        for template, item in published()["paths"].items()
        if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", template), path)
    ]
    return {name.upper() for item in items for name in item}


def other_method(path: str) -> str:
    """A method that no path has which this one fits."""
    return next(name for name in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS") if name not in methods_at(path))
