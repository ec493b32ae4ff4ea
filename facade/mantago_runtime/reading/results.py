"""The parsed JSON of a good answer, read into its result."""

from __future__ import annotations

from typing import Any, TypeVar

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.fields import Reader
from mantago_runtime.reading.model import finished, from_the_top

T = TypeVar("T")


def read_result(
    reader: Reader[T], payload: Any, *, strict: bool = False, byte_order_mark: bool = False
) -> tuple[T, tuple[Drift, ...]]:
    """Return the result, and what was tolerated; lists in the payload are emptied on the way.

    Raises InvalidResponseError at the first place that can't be understood; with `strict`, at the first drift too,
    except a field that the spec doesn't know: its schemas allow those.
    """
    drift = [Drift("format", "$", "begins with a byte-order mark")] if byte_order_mark else []
    try:
        result = reader.read(payload, drift, "")
    except InvalidResponseError as error:
        error.path = error.path.removeprefix(".") or "$"
        raise
    if not drift:
        return result, ()
    told = from_the_top(drift)
    for line in told if strict else ():
        if line.kind != "unknown_field":
            raise InvalidResponseError(f"{line.kind}: {line.detail} (strict=True)", path=line.path)
    return finished(result, told), told
