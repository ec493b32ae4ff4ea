"""Values of the schemas that plain_schemas makes, as strategies of hypothesis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Values = st.SearchStrategy[Any]
LONGEST_LIST = 3

_TIMES = st.builds(
    "{}T{:%H:%M:%S}.{:03}{}".format,
    st.dates(),
    st.times(),
    st.integers(0, 999),
    st.sampled_from(["Z", "Z", "+08:00", "-05:00"]),
)
_FORMATS: dict[str, Values] = {
    "date": st.dates().map(str),
    "date-time": _TIMES,
    "email": st.emails(),
    "uri": st.just("https://example.com/"),
    "uuid": st.uuids().map(str),
}
# JSON can't carry half of a surrogate pair.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def values(schema: Schema) -> Values:
    """Return the values that a schema allows; each is JSON."""
    if "anyOf" in schema:
        return st.one_of([values(inner) for inner in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", ["null", "boolean", "integer", "string"])
    return st.one_of([_KINDS[kind](schema) for kind in kinds])


def _integers(schema: Schema) -> Values:
    step = schema.get("multipleOf", 1)
    least, most = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        least = int(schema["exclusiveMinimum"] // 1) + 1
    if "exclusiveMaximum" in schema:
        most = -int(-schema["exclusiveMaximum"] // 1) - 1
    first = None if least is None else int(-(-least // step))
    last = None if most is None else int(most // step)
    return st.integers(first, last).map(lambda value: int(value * step))


def _numbers(schema: Schema) -> Values:
    return st.floats(
        min_value=schema.get("minimum", schema.get("exclusiveMinimum")),
        max_value=schema.get("maximum", schema.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in schema,
        exclude_max="exclusiveMaximum" in schema,
        allow_nan=False,
        allow_infinity=False,
    )


def _strings(schema: Schema) -> Values:
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None:
        return known
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        fitting: Values = st.from_regex(str(schema["pattern"]))
        return fitting.filter(lambda text: least <= len(text) <= (len(text) if most is None else most))
    longest = max(least, 20) if most is None else most
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=longest)


def _arrays(schema: Schema) -> Values:
    least, most = schema.get("minItems", 0), schema.get("maxItems", LONGEST_LIST)
    unique: Any = json.dumps if schema.get("uniqueItems") else None
    return st.lists(
        values(schema.get("items", {})), min_size=least, max_size=max(least, min(most, LONGEST_LIST)), unique_by=unique
    )


def _objects(schema: Schema) -> Values:
    properties = {name: values(inner) for name, inner in schema.get("properties", {}).items()}
    required = {name: properties.pop(name, values({})) for name in schema.get("required", ())}
    known = st.fixed_dictionaries(required, optional=properties)
    extra = schema.get("additionalProperties")
    if not isinstance(extra, dict):
        return known
    names = _TEXT.filter(lambda name: name not in schema.get("properties", {}))
    others = st.dictionaries(names, values(extra), min_size=schema.get("minProperties", 0), max_size=LONGEST_LIST)
    return st.builds(lambda more, told: more | told, others, known)


_KINDS: dict[str, Callable[[Schema], Values]] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": _integers,
    "number": _numbers,
    "string": _strings,
    "array": _arrays,
    "object": _objects,
}


def smallest(value: Any, holds: Callable[[Any], bool]) -> Any:
    """Return what is left of a JSON value when nothing more can be taken away without losing what holds."""
    # Much faster than hypothesis.find, and small enough for a person to read.
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
