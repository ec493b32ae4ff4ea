"""The readers of JSON values: pure functions from what the service sent to Python objects.

How each class reads its object stands in the metadata of its fields. What differs from the spec but can be
understood becomes a line of drift; what can't be understood is an InvalidResponseError that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from attrs import Attribute, Factory, evolve, field, fields, frozen
from dateutil.parser import isoparse

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.mappings import ReadOnlyMapping
from mantago_runtime.reading.drift import Drift

T = TypeVar("T")

Read: TypeAlias = Callable[[Any, "list[Drift]", str], Any]
ELEMENTS_PER_BATCH = 100
"""Elements of a list that are read together."""

RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)


def of_type(kind: type[T], name: str) -> Callable[[object, list[Drift], str], T]:
    """Return the reader of values of one type; errors call it by a name."""

    def read(value: object, _: list[Drift], place: str) -> T:
        if isinstance(value, kind):
            return value
        raise InvalidResponseError(f"must be {name}, not {_json_type(value)}", path=place)

    return read


read_string = of_type(str, "a string")
read_boolean = of_type(bool, "true or false")
read_array = of_type(list, "a list")
read_object = of_type(dict, "an object")


_from_iso = datetime.fromisoformat


def read_usual_timestamp(text: Any) -> datetime:
    """Read what the service writes; at these places ISO 8601 allows more than RFC 3339."""
    if text[4:20:3] == "--T::." and text[23:] == "Z":
        return _from_iso(text)
    raise ValueError


def read_timestamp(value: object, drift: list[Drift], place: str) -> datetime:
    """Read a timestamp in any form of RFC 3339, or without an offset: then it is UTC."""
    text = read_string(value, drift, place)
    try:
        return read_usual_timestamp(text)
    except ValueError:
        pass
    # RFC 3339 allows t and z in lower case, and a space for the T.
    match = RFC_3339.fullmatch(text.upper().replace(" ", "T", 1))
    if match is None:
        raise InvalidResponseError(
            f"must be a timestamp of RFC 3339, such as 2024-07-15T10:30:28.700Z, not {text[:50]!r}", path=place
        )
    minute, second, fraction, offset = match.groups()
    if second == "60":
        # datetime knows no leap seconds: read as the second before.
        text = f"{minute}59{fraction or ''}{offset or ''}"
    try:
        moment = _parse(text)
        if offset is None:
            moment = moment.replace(tzinfo=UTC)
            drift.append(Drift("format", place, "has no offset, read as UTC"))
        # At both ends of the calendar an offset can lead out of it.
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidResponseError(f"is a timestamp that no calendar has: {text[:50]!r}", path=place) from None
    return moment


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # For what RFC 3339 allows and fromisoformat refuses, such as t and z in lower case.
        return isoparse(text)


def list_of(read: Read, usual: Callable[[Any], object]) -> Read:
    """Return the reader of a list, which it empties; `usual` is tried first."""

    def read_all(value: object, drift: list[Drift], place: str) -> tuple[object, ...]:
        elements = read_array(value, drift, place)
        result: list[object] = []
        while elements:
            # As the elements are freed on the way, the garbage collector has no reason to run: half the time.
            some = elements[:ELEMENTS_PER_BATCH]
            del elements[:ELEMENTS_PER_BATCH]
            try:
                result.extend([usual(element) for element in some])
            except (LookupError, TypeError, ValueError):
                for element in some:
                    result.append(read_one(element, drift, f"{place}[{len(result)}]"))
        return tuple(result)

    def read_one(element: object, drift: list[Drift], place: str) -> object:
        before = len(drift)
        try:
            result = read(element, drift, "")
        except InvalidResponseError as error:
            error.path = place + error.path
            raise
        # Paths grow from the inside out, and only where there is drift.
        drift[before:] = [Drift(line.kind, place + line.path, line.detail) for line in drift[before:]]
        return result

    return read_all


@frozen
class JsonField:
    """How a field is read: its name at the service, its reader, and whether we and the spec insist on it."""

    name: str
    read: Read
    optional: bool = False
    required_by_spec: bool = field(default=Factory(lambda json_field: not json_field.optional, takes_self=True))

    @property
    def place(self) -> str:
        """Where it stands in its object, as drift and errors tell it."""
        return f".{self.name}"

    def absent(self, data: Mapping[str, Any], drift: list[Drift]) -> bool:
        """Refuse or note that there is no value; return whether there is a null instead."""
        null = self.name in data
        if not self.optional:
            problem = "must not be null" if null else "is missing, though required by the spec"
            raise InvalidResponseError(problem, path=self.place)
        if null:
            drift.append(Drift("null", self.place, "the spec doesn't allow null"))
        elif self.required_by_spec:
            drift.append(Drift("missing", self.place, "required by the spec"))
        return null


def read_as(*json_field: Any, **options: Any) -> dict[str, JsonField]:
    """Return the metadata of a field that comes from the service."""
    return {"json_field": JsonField(*json_field, **options)}


def reader_of(cls: type[T], *envelope: JsonField) -> Callable[[object, list[Drift], str], T]:
    """Return the function that reads the class's JSON objects; the envelope's fields are checked and then dropped.

    It fills the slots itself: a frozen class's own constructor takes longer than all the rest.
    """
    slots = {attribute.name: vars(cls)[attribute.name].__set__ for attribute in attributes_of(cls)}
    wired = [(slots[a.name], a.default, a.metadata["json_field"]) for a in json_attributes(cls)]
    wired += [(_put_nowhere, None, json_field) for json_field in envelope]
    table = [
        (put, default, json_field.name, json_field.place, json_field.read, json_field.absent)
        for put, default, json_field in wired
    ]
    others = [(slots[a.name], a.default) for a in attributes_of(cls) if a not in json_attributes(cls)]
    known = {json_field.name for _, _, json_field in wired}
    new = object.__new__

    def read(value: object, drift: list[Drift], place: str) -> T:
        data, result, found = read_object(value, drift, place), new(cls), 0
        for put, default, name, field_place, read_field, absent in table:
            content = data.get(name)
            if content is not None:
                found += 1
                put(result, read_field(content, drift, field_place))
            else:
                found += absent(data, drift)
                put(result, default)
        for put, default in others:
            put(result, default)
        if found < len(data):
            extra = {name: content for name, content in data.items() if name not in known}
            slots["extra"](result, ReadOnlyMapping(extra))
            drift += [Drift("unknown_field", f".{name}", "not in the spec") for name in extra]
        return result

    return read


def read_payload(
    read: Callable[[object, list[Drift], str], T], payload: object, *, strict: bool, byte_order_mark: bool = False
) -> T:
    """Read the parsed JSON of a 200.

    Raises InvalidResponseError at the first place that can't be understood; with `strict`, at the first drift too,
    except a field that the spec doesn't know: its schemas allow those.
    """
    drift = [Drift("format", "$", "begins with a byte-order mark")] if byte_order_mark else []
    try:
        result: Any = read(payload, drift, "")
    except InvalidResponseError as error:
        error.path = error.path.removeprefix(".") or "$"
        raise
    drift = [evolve(line, path=line.path.removeprefix(".")) for line in drift]
    for line in drift if strict else ():
        if line.kind != "unknown_field":
            raise InvalidResponseError(f"{line.kind}: {line.detail} (strict=True)", path=line.path)
    read_whole: T = evolve(result, drift=tuple(drift)) if drift else result
    return read_whole


def _put_nowhere(*_: object) -> None: ...


def attributes_of(cls: Any) -> tuple[Attribute[Any], ...]:
    """Return the fields of an attrs class."""
    result: tuple[Attribute[Any], ...] = fields(cls)
    return result


def json_attributes(cls: Any) -> list[Attribute[Any]]:
    """Return the fields of an attrs class that come from the service."""
    return [attribute for attribute in attributes_of(cls) if "json_field" in attribute.metadata]


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
