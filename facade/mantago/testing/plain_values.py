"""Strings and numbers that may fit a schema, the likeliest first; the caller judges which one does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from typing import Any, Final

from mantago.testing.document import Node
from mantago.testing.patterns import matching

__all__ = ["TEXTS", "numbers", "strings"]

LONGEST: Final = 3_000
"""The most characters of a text where the schema sets no limit."""
TEXTS: Final = {
    "byte": "ZXhhbXBsZQ==",
    "date": "2024-07-15",
    "date-time": "2024-07-15T10:30:28.700Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "idn-email": "someone@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "iri": "https://example.com/",
    "json-pointer": "/example",
    "time": "10:30:28",
    "uri": "https://example.com/",
    "uri-reference": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
"""A text of each format."""


def strings(merged: Node, nth: int) -> Iterator[str]:
    """Yield texts; the nth element of a list differs from the others where it can."""
    least, most = merged.get("minLength", 0), merged.get("maxLength", LONGEST)
    if "pattern" in merged:
        yield from islice((text for text in matching(merged["pattern"]) if least <= len(text) <= most), nth, None)
    text = TEXTS.get(merged.get("format", ""), "example")
    number = str(nth + 1) if nth else ""
    if text == "example":
        yield f"{text}{number}".ljust(least, ".")[:most] if most >= len(number) else number
        yield (number + "example")[:most].ljust(least, ".")
    elif number and text.startswith("2024"):
        yield text.replace("2024-07-15", f"2024-07-{15 + nth % 14}").replace("2024", str(2024 - nth // 14))
    elif number and text.startswith("0000"):
        yield text[: -len(number)] + number
    yield text
    yield from ("1", "a", "")


def numbers(kind: str, merged: Node, nth: int) -> Iterator[Any]:
    """Yield numbers that are likely to be within the bounds; 1 or 1.5 comes first if it is."""
    step = _exact(merged.get("multipleOf") or (1 if kind == "integer" else 0))
    bounds = [merged[name] for name in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if name in merged]
    exact = [_exact(bound) for bound in bounds if not isinstance(bound, bool)]
    first = Fraction(1) if kind == "integer" else Fraction(3, 2)
    between = [sum(exact, Fraction(0)) / len(exact)] if exact else []
    starts = [first, *exact, *between]
    stepped: Iterable[Fraction] = chain.from_iterable(
        ((start // step + more) * step for more in (0, 1, -1)) if step else (start, start + 1, start - 1)
        for start in starts
    )
    for start in [*([] if step else [first]), *stepped]:
        number = start + nth * (step or 1)
        yield number.numerator if kind == "integer" and number.denominator == 1 else float(number)


def _exact(number: float) -> Fraction:
    return Fraction(number if isinstance(number, int) else str(number))
