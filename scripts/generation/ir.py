"""The document between reading it and writing code, as frozen, plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import frozen

Place: TypeAlias = tuple[str | int, ...]
"""The parts of a JSON pointer into the document."""


class Absent:
    """Marks that there is no default, since null may be one."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()

# --- types ----------------------------------------------------------------------------------------------------------


@frozen
class Scalar:
    """A JSON value without parts; the kind is the name of its reader."""

    kind: str


@frozen
class Named:
    """A class, known by the place of its schema."""

    place: Place


@frozen
class ListOf:
    """An array."""

    item: Type


@frozen
class MapOf:
    """An object whose names are data."""

    value: Type


@frozen
class Nullable:
    """A type, or null."""

    inner: Type


@frozen
class Union:
    """One of several types, which only the value tells apart."""

    alternatives: tuple[Type, ...]


@frozen
class Tagged:
    """One of several classes, which the value of a property tells apart."""

    name: str
    cases: tuple[tuple[str, Type], ...]
    otherwise: Type | None = None


Type: TypeAlias = Scalar | Named | ListOf | MapOf | Nullable | Union | Tagged
TEXT, FLAG, INTEGER, NUMBER = Scalar("TEXT"), Scalar("FLAG"), Scalar("INTEGER"), Scalar("NUMBER")
TIMESTAMP, DATE, MILLISECONDS = Scalar("TIMESTAMP"), Scalar("DATE"), Scalar("MILLISECONDS")
JSON, FILE = Scalar("JSON"), Scalar("FILE")
NO_CONTENT, PLAIN_TEXT, BINARY = Scalar("NO_CONTENT"), Scalar("PLAIN_TEXT"), Scalar("BINARY")


@frozen
class Property:
    """One property of an object, as the published and the mended document describe it."""

    name: str
    place: Place
    type: Type
    required: bool
    promised: bool
    nullable: bool
    published_nullable: bool
    read_only: bool
    write_only: bool
    default: Any
    description: str


@frozen
class Shape:
    """An object that becomes a class."""

    place: Place
    properties: tuple[Property, ...]
    additional: Type | None
    description: str
    hints: Mapping[str, Any]


@frozen
class Enumeration:
    """A list of values that becomes a class."""

    place: Place
    values: tuple[str | int, ...]
    description: str
    hints: Mapping[str, Any]


# --- operations -----------------------------------------------------------------------------------------------------


@frozen
class Parameter:
    """A parameter of an operation."""

    name: str
    where: str
    type: Type
    required: bool
    default: Any
    style: str
    explode: bool
    description: str
    place: Place


@frozen
class Body:
    """The body of an operation's request."""

    type: Type
    content_type: str
    required: bool
    encoding: Mapping[str, tuple[str, bool]]
    place: Place


@frozen
class Endpoint:
    """An operation; its module and the paths that its own may be taken for depend on the other operations."""

    place: Place
    method: str
    path: str
    pinned: str | None
    reads: bool
    rule: bool
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[tuple[int | str, Type], ...]
    accept: str
    summary: str
    description: str
    docs: str
    deprecated: bool
    by_hand: bool = False
    """True if `pinned` comes from the overlay of names, not from the vendor."""
    tag: str = ""
    folder: str = ""
    module: str = ""
    not_paths: tuple[str, ...] = ()
    paging: Any = None
    """The declaration of its pages in the overlay of names, as it stands there."""


@frozen
class ClassName:
    """The names of a class: its module in models/, its own name, and the vendor's."""

    module: str
    name: str
    vendor: str


@frozen
class Directions:
    """The classes that are sent, that are answered, and those of them that are whole answers or whole bodies."""

    sent: frozenset[Place] = frozenset()
    answered: frozenset[Place] = frozenset()
    inside: frozenset[Place] = frozenset()
    whole: frozenset[Place] = frozenset()
    bodies: frozenset[Place] = frozenset()
