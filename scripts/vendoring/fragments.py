"""A fragment of the API's spec: the named units that it consists of, and comparing two units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import Factory, field, frozen

from .validation import METHODS, shorten

# Text and examples only describe. So does a schema's title: it can name a generated class, but is translated as text.
TEXT = frozenset({"description", "summary", "title", "example", "examples", "externalDocs"})
TEXT_OF_INFO = TEXT | {"contact", "license", "termsOfService"}
# The keys in these are names that somebody chose, so that a property called "description" is no text.
NAMES = frozenset(
    {"callbacks", "content", "encoding", "headers", "links", "mapping", "parameters", "patternProperties"}
    | {"properties", "responses", "scopes", "variables"}
)
DATA = frozenset({"const", "default", "security"})
UNORDERED = frozenset({"enum", "required"})

Unit = tuple[str, ...]
"""A unit's place: ("paths", "/gift", "post"), ("components", "schemas", "Gift"), ("tags", "Gifts")."""


class _Absent:
    """Marks a field that an item of `paths` leaves out, which holds for all its operations."""


ABSENT = _Absent()


@frozen(eq=False)
class Fragment:
    """A spec of one source: `source` is its name in openapi/sources/, `shown` tells a person where it is.

    `resets` counts how often the vendor had begun to number versions anew when it was published.
    """

    source: str
    shown: str
    spec: Mapping[str, Any]
    resets: int = 0
    units: Mapping[Unit, Any] = field(
        init=False, default=Factory(lambda self: dict(units_of(self.spec)), takes_self=True)
    )

    @property
    def version(self) -> str:
        """The version of the API that the fragment describes."""
        return str(self.spec["info"]["version"])

    @property
    def edition(self) -> tuple[Any, ...]:
        """A key that sorts fragments by their age, and is the same for fragments that must agree."""
        return self.resets, version_key(self.version)

    @property
    def operations(self) -> frozenset[Unit]:
        """The operations, as units whose path parameters have no names: those don't tell two operations apart."""
        return frozenset(anonymous(unit) for unit in self.units if is_operation(unit))


def version_key(version: str) -> tuple[Any, ...]:
    """Return a key that sorts versions: numbers by value, and a pre-release before its release, as in SemVer."""
    release, _, prerelease = version.partition("+")[0].partition("-")
    parts = tuple(_number_or_word(part) for part in re.findall(r"[0-9]+|[^\W\d]+", release))
    more = tuple(_number_or_word(part) for part in re.findall(r"[0-9]+|[^\W\d]+", prerelease))
    return parts, not prerelease, more, version


def _number_or_word(part: str) -> tuple[bool, int, str]:
    return (False, int(part), "") if part.isdecimal() else (True, 0, part)


def operations(spec: Mapping[str, Any]) -> Iterator[Unit]:
    """Yield the operations of a spec."""
    return (unit for unit, _ in units_of(spec) if is_operation(unit))


def is_operation(unit: Unit) -> bool:
    """Return whether a unit is an operation."""
    return unit[0] == "paths" and len(unit) == 3 and unit[2] in METHODS


def label(unit: Unit) -> str:
    """Return the name of an operation for people."""
    return f"{unit[2].upper()} {unit[1]}"


def pointer(path: Sequence[str | int]) -> str:
    """Return a path as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


# --- units ----------------------------------------------------------------------------------------------------------


def units_of(spec: Mapping[str, Any]) -> Iterator[tuple[Unit, Any]]:
    """Yield the units of a valid spec with their values, in its order."""
    for key, value in spec.items():
        if key == "tags":
            yield from (((key, tag["name"]), tag) for tag in value)
        elif key == "components":
            for section, members in value.items():
                if isinstance(members, dict) and not section.startswith("x-"):
                    yield from (((key, section, name), member) for name, member in members.items())
                else:
                    yield (key, section), members
        elif key == "paths":
            for path, item in value.items():
                if path.startswith("/"):
                    yield from (((key, path, name), member) for name, member in item.items())
                    unsaid = {"parameters", "servers"} - item.keys() if METHODS & item.keys() else ()
                    yield from (((key, path, name), ABSENT) for name in sorted(unsaid))
                else:
                    yield (key, path), item
        else:
            yield (key,), value


def anonymous(unit: Unit) -> Unit:
    """Return a unit of `paths` without the names of its path's parameters."""
    return (unit[0], re.sub(r"\{[^{}]*\}", "{}", unit[1]), *unit[2:])


def bare(unit: Unit, value: Any) -> Any:
    """Return the part of a unit that is compared: everything but text and the order of unordered lists."""
    if unit == ("info",):
        return {key: inner for key, inner in value.items() if key not in TEXT_OF_INFO}
    if unit == ("openapi",) or unit[:2] == ("components", "examples"):
        return None
    if len(unit) == 1 or unit[0] == "paths" or (len(unit) == 2 and unit[0] == "components"):
        # Here the last part is a field; elsewhere it is a name that somebody chose.
        if unit[-1] in TEXT or value is ABSENT or value == []:
            return None
        if _is_data(unit[-1]):
            return value
    return _without_text(value)


def _is_data(key: str) -> bool:
    return key in DATA or key.startswith("x-")


def _without_text(value: Any, *, names: bool = False) -> Any:
    if isinstance(value, list):
        return [_without_text(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _without_text(inner) for key, inner in value.items()}
    result = {}
    for key, inner in value.items():
        if _is_data(key):
            result[key] = inner
        elif key in UNORDERED and isinstance(inner, list):
            result[key] = sorted(inner, key=_text)
        elif key == "scopes":
            result[key] = sorted(inner)
        elif key not in TEXT:
            result[key] = _without_text(inner, names=key in NAMES)
    return result


def _text(value: Any) -> str:
    # For ==, 1, 1.0 and true would be the same.
    return json.dumps(value, sort_keys=True, default=repr)


def differences(ours: Any, theirs: Any, path: Sequence[str | int]) -> list[str]:
    """Return a line for each of the deepest places at which two values differ, each beginning with its pointer."""
    if _text(ours) == _text(theirs):
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        members = [(key, ours.get(key, ABSENT), theirs.get(key, ABSENT)) for key in dict.fromkeys([*ours, *theirs])]
        return [line for key, one, other in members for line in differences(one, other, (*path, key))]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) and _are_objects(ours + theirs):
        items = zip(range(len(ours)), ours, theirs, strict=True)
        return [line for index, one, other in items for line in differences(one, other, (*path, index))]
    return [f"{pointer(path)}: {_shown(ours)} and {_shown(theirs)}"]


def _are_objects(values: Sequence[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _shown(value: Any) -> str:
    return "nothing" if value is ABSENT else shorten(json.dumps(value, ensure_ascii=False, default=repr), 80)
