"""Comparing the limits of two views of a schema: of values, lengths and counts, and the patterns of texts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from .changes import show
from .views import INTEGERS, Bound, Number, View

CEILINGS = {"maxLength": "max-length", "maxItems": "max-items", "maxProperties": "max-properties"}
FLOORS = {"minLength": "min-length", "minItems": "min-items", "minProperties": "min-properties"}
EVERYTHING = {"", ".*", "^.*$", ".*$", "^.*", "^", "$"}
# Name of the facet, keyword, old and new value
Row = tuple[str, str | None, str, str]


def _bounds(name: str, keyword: str, old: Bound | None, new: Bound | None, sign: int) -> Iterator[Row]:
    """Yield the change of a limit; `sign` is 1 for a lower limit, which is stricter if greater, else -1."""
    if old == new:
        return
    if old is None or new is None:
        yield (f"{name}-set" if old is None else f"{name}-unset"), keyword, _bound_text(old), _bound_text(new)
    else:
        # Of two equal limits the exclusive one is stricter.
        stricter = (sign * new[0], new[1]) > (sign * old[0], old[1])
        raised = stricter == (sign > 0)
        yield f"{name}-{'increased' if raised else 'decreased'}", keyword, _bound_text(old), _bound_text(new)


def _bound_text(bound: Bound | None) -> str:
    return "" if bound is None else f"{show(bound[0])}{' (exclusive)' if bound[1] else ''}"


def ceilings_and_floors(old: View, new: View) -> Iterator[Row]:
    """Yield the limits of numbers, lengths and counts that changed."""
    yield from _bounds("min", "minimum", old.lower, new.lower, 1)
    yield from _bounds("max", "maximum", old.upper, new.upper, -1)
    for keyword, name in CEILINGS.items():
        before, after = (min(view.numbers(keyword), default=None) for view in (old, new))
        yield from _bounds(name, keyword, _inclusive(before), _inclusive(after), -1)
    for keyword, name in FLOORS.items():
        # Every length is at least 0, whether the schema says so or not.
        least, most = (max(0, 0, *view.numbers(keyword)) for view in (old, new))
        if least != most:
            yield f"{name}-{'increased' if most > least else 'decreased'}", keyword, show(least), show(most)


def _inclusive(value: Number | None) -> Bound | None:
    return None if value is None else (value, False)


def patterns(old: View, new: View) -> Iterator[Row]:
    """Yield the change of a text's pattern."""
    before, after = (
        sorted({str(part.mapping["pattern"]) for part in view.parts if "pattern" in part} - EVERYTHING)
        for view in (old, new)
    )
    if before != after:
        name = "pattern-changed" if before and after else "pattern-added" if after else "pattern-removed"
        yield name, "pattern", " and ".join(before), " and ".join(after)


def multiples(old: View, new: View) -> Iterator[Row]:
    """Yield the change of the number that values must be multiples of."""
    before, after = (max((n for n in view.numbers("multipleOf") if n > 0), default=None) for view in (old, new))
    # Any integer is a multiple of 1.
    before, after = (
        None if value == 1 and view.types == INTEGERS else value for value, view in ((before, old), (after, new))
    )
    if before == after:
        return
    if before is None or after is None:
        name = "multiple-of-set" if before is None else "multiple-of-unset"
    elif _divides(before, after):
        name = "multiple-of-specialized"
    else:
        name = "multiple-of-generalized" if _divides(after, before) else "multiple-of-changed"
    yield name, "multipleOf", show(before), show(after)


def _divides(part: Number, whole: Number) -> bool:
    return (Fraction(str(whole)) / Fraction(str(part))).denominator == 1
