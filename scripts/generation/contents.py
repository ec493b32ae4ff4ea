"""All that a document has, and what each of it is called, before any of it is written as code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from generation.code import Classes
from generation.directions import directions
from generation.ir import Directions, Endpoint, Place
from generation.operations import read_operations
from generation.placing import friendly_names, place_classes, vendor_name
from generation.schemas import Schemas


@frozen
class Documents:
    """The document as published, as the errata have it, and with the overlay of names."""

    published: Mapping[str, Any]
    mended: Mapping[str, Any]
    named: Mapping[str, Any]


@frozen
class Contents:
    """The operations and classes of a document, how the classes are used, and the names of the methods."""

    endpoints: tuple[Endpoint, ...]
    classes: Classes
    used: Directions
    names: Mapping[Place, str]
    aliases: Mapping[Place, Place]

    @property
    def friendly(self) -> tuple[Place, ...]:
        """The classes that users meet, by name: what is answered, and the enumerations of what is given."""
        classes, used = self.classes, self.used
        shapes = [place for place in classes.shapes if place in used.answered and place not in classes.same]
        enums = [place for place in classes.enums if place in used.answered | used.sent and place not in classes.same]
        return tuple(sorted(shapes + enums, key=lambda place: classes.where[place].name))


def contents(documents: Documents, config: Mapping[str, Any]) -> Contents:
    """Return what is in a document, by the names that generated/config.yaml leaves free."""
    types = Schemas(documents.named, documents.published)
    types.read_all()
    found = read_operations(documents.named, documents.mended, types)
    places = [*types.shapes, *types.enums]
    where, same = place_classes(
        types, {place: vendor_name(place, found.starts) for place in places}, frozenset(config["classes"])
    )
    classes = Classes(types.shapes, types.enums, where, same)
    return Contents(
        endpoints=found.endpoints,
        classes=classes,
        used=directions(found.endpoints, classes),
        names=friendly_names(found.endpoints, config["attributes"]),
        aliases=types.aliases,
    )
