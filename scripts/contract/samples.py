"""Values of the schemas that plain_schemas makes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

Schema = dict[str, Any]
PATTERNED = 20
LONGEST_LIST, LONGEST_TEXT, FARTHEST = 3, 30, 2**40
# A client treats all texts alike, and all times, so that a few of each are enough.
_TEXTS = ("", "a", "0", "-1.5", "true", "null", "2024-07-15", "禮物 🎁", " \t\n", '\\"', "a text of several words")
_FORMATS: Mapping[str, Sequence[str]] = {
    "date": ("2024-02-29", "1970-01-01", "0001-01-01", "9999-12-31"),
    "date-time": tuple(
        f"{moment}{zone}"
        for moment in (
            "2024-07-15T10:30:28.700",
            "1970-01-01T00:00:00",
            "0001-01-02T03:04:05.001",
            "9999-12-30T23:59:59",
        )
        for zone in ("Z", "+08:00", "-05:00")
    ),
    "email": ("a@example.com", "first.last+tag@sub.example.org"),
    "uri": ("https://example.com/",),
    "uuid": ("c56a4180-65aa-42ec-a945-5fd21dec0538", "00000000-0000-0000-0000-000000000000"),
}


class NoValueError(Exception):
    """No value fits a schema, or none was found."""


def values(schema: Schema, number: int) -> Iterator[Any]:
    """Yield values that a schema allows, each JSON, from so many tries; NoValueError if there is none.

    They are the same each time.
    """
    texts: dict[str, list[str]] = {}
    found, failure = 0, NoValueError("no value was asked for")
    for seed in range(number):
        try:
            # S311: nothing here is a secret.
            value = _Maker(Random(seed), texts).value(schema)  # noqa: S311
        except NoValueError as error:
            failure = error
        else:
            found += 1
            yield value
    if not found:
        raise failure


def _fitting(schema: Schema) -> list[str]:
    """Return texts that fit the pattern and the lengths of a schema, none if hypothesis finds none."""
    # It takes a while to load, and few schemas have a pattern.
    import hypothesis  # noqa: PLC0415
    from hypothesis import HealthCheck, Phase, configuration, errors, settings, strategies  # noqa: PLC0415

    least, most = schema.get("minLength", 0), schema.get("maxLength", sys.maxsize)
    found: list[str] = []
    checks: Any = list(HealthCheck)
    quick = settings(
        max_examples=PATTERNED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=checks,
    )
    with TemporaryDirectory(ignore_cleanup_errors=True) as home, suppress(errors.HypothesisException):
        # Otherwise hypothesis would leave a folder in the current one.
        configuration.set_hypothesis_home_dir(home)
        try:
            texts = strategies.from_regex(schema["pattern"]).filter(lambda text: least <= len(text) <= most)

            @quick
            @hypothesis.given(texts)
            def keep(text: str) -> None:
                found.append(text)

            keep()
        finally:
            configuration.set_hypothesis_home_dir(None)
    return found


@frozen
class _Maker:
    """A maker of values by random numbers; `texts` collects those that fit each pattern."""

    random: Random
    texts: dict[str, list[str]]

    def value(self, schema: Schema) -> Any:
        """Return a value that a schema allows."""
        if "anyOf" in schema:
            return self.value(self._one_of(schema["anyOf"]))
        if "enum" in schema:
            return self._one_of(schema["enum"])
        kind = self._one_of(schema.get("type", ["null", "boolean", "integer", "string"]))
        return _KINDS[kind](self, schema)

    def _one_of(self, choices: Sequence[Any]) -> Any:
        """Return one of several values; NoValueError if there is none."""
        if not choices:
            raise NoValueError("no value fits the schema")
        return self.random.choice(choices)

    def integer(self, schema: Schema) -> int:
        """Return a whole number."""
        step = schema.get("multipleOf", 1)
        least, most = schema.get("minimum"), schema.get("maximum")
        if "exclusiveMinimum" in schema:
            least = int(schema["exclusiveMinimum"] // 1) + 1
        if "exclusiveMaximum" in schema:
            most = -int(-schema["exclusiveMaximum"] // 1) - 1
        low, high = _bounds(
            None if least is None else int(-(-least // step)), None if most is None else int(most // step)
        )
        near = [count for count in (low, high, 0, 1, -1, 7) if low <= count <= high]
        return int(self._one_of(near) * step)

    def number(self, schema: Schema) -> float:
        """Return a number."""
        below, above = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        low, high = _bounds(schema.get("minimum", below), schema.get("maximum", above))
        found = [low, high, 0.0, 1, -1.5, self.random.uniform(low, high)]
        return float(self._one_of([one for one in found if low <= one <= high and one not in (below, above)]))

    def string(self, schema: Schema) -> str:
        """Return a text."""
        known = _FORMATS.get(schema.get("format", ""))
        if known is not None:
            return str(self._one_of(known))
        if "pattern" in schema:
            key = json.dumps([schema.get(name) for name in ("pattern", "minLength", "maxLength")])
            if key not in self.texts:
                self.texts[key] = _fitting(schema)
            if not self.texts[key]:
                raise NoValueError(f"no text was found that fits the pattern {schema['pattern']}")
            return str(self._one_of(self.texts[key]))
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        longest = max(least, LONGEST_TEXT if most is None else min(most, LONGEST_TEXT))
        long = [character * size for character in "a禮" for size in (least, longest)]
        return str(self._one_of([text for text in (*_TEXTS, *long) if least <= len(text) <= longest]))

    def array(self, schema: Schema) -> list[Any]:
        """Return a list."""
        least, most = schema.get("minItems", 0), schema.get("maxItems", LONGEST_LIST)
        size = self.random.randint(least, max(least, min(most, LONGEST_LIST)))
        # Twice as many are drawn if they have to be unique.
        found = [self.value(schema.get("items", {})) for _ in range(2 * size if schema.get("uniqueItems") else size)]
        if schema.get("uniqueItems"):
            found = [*{json.dumps(one): one for one in found}.values()][:size]
        if len(found) < least:
            raise NoValueError(f"there are no {least} different items")
        return found

    def object(self, schema: Schema) -> dict[str, Any]:
        """Return an object with all that is required, and some, none or all of what isn't."""
        properties, required = schema.get("properties", {}), schema.get("required", ())
        share = self.random.random() * 1.2 - 0.1
        shown = [name for name in properties if name in required or self.random.random() < share]
        found = {name: self.value(properties[name]) for name in shown}
        found |= {name: self.value({}) for name in required if name not in properties}
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            least = schema.get("minProperties", 0)
            names = [
                name for name in (*_TEXTS, *(f"key {number}" for number in range(least))) if name not in properties
            ]
            chosen = self.random.sample(names, self.random.randint(least, max(least, LONGEST_LIST)))
            found = {name: self.value(extra) for name in chosen} | found
        return found


def _bounds(low: float | None, high: float | None) -> tuple[Any, Any]:
    """Return both bounds of a range, with far ones where there are none."""
    if low is None:
        low = -FARTHEST if high is None else min(high, 0) - FARTHEST
    return low, max(low, 0) + FARTHEST if high is None else high


_KINDS: dict[str, Callable[[_Maker, Schema], Any]] = {
    "null": lambda *_: None,
    "boolean": lambda maker, _: maker.random.choice((False, True)),
    "integer": _Maker.integer,
    "number": _Maker.number,
    "string": _Maker.string,
    "array": _Maker.array,
    "object": _Maker.object,
}


def smallest(value: Any, holds: Callable[[Any], bool]) -> Any:
    """Return the smallest part of a JSON value for which something still holds."""
    # This is much faster than hypothesis.find.
    while (smaller := next(filter(holds, _smaller(value)), None)) is not None:
        value = smaller
    return value


def _smaller(value: Any) -> Iterator[Any]:
    """Yield the value less one part, and with one part made smaller."""
    if isinstance(value, dict):
        for key in value:
            yield {other: inner for other, inner in value.items() if other != key}
        for key, inner in value.items():
            yield from (value | {key: less} for less in _smaller(inner))
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value[:place] + value[place + 1 :]
        for place, inner in enumerate(value):
            yield from ([*value[:place], less, *value[place + 1 :]] for less in _smaller(inner))
    elif isinstance(value, str | int | float) and value:
        yield type(value)()
