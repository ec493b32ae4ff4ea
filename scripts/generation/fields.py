"""Fields of models as code: name, type, reader, default and converter of each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen

from generation.code import Classes, Imports, annotation, either, is_unhashable, reader
from generation.defaults import default_code
from generation.document import Refused
from generation.ir import JSON, TEXT, Directions, ListOf, MapOf, Named, Nullable, Property, Shape, Type
from generation.names import by_likeness, free, identifier, is_field_name, unique
from generation.text import literal
from vendoring.fragments import pointer

MODEL = "mantago_runtime.reading.model"
# Names that every model has itself, or uses while its class is made.
PROMISED = frozenset(
    {"drift", "extra", "from_dict", "response", "to_dict"}
    | {"enum_of", "field", "frozen", "json_field", "list_of", "map_of", "model_of", "nullable", "read_only"}
    | {"told_apart_by", "union_of"}
)


@frozen
class Field:
    """A field of a model, in code."""

    name: str
    annotation: str
    arguments: str


def field_names(shape: Shape, own_name: str = "") -> dict[str, str]:
    """Return the Python names of a class's fields, by the service's names."""
    pinned: Mapping[str, str] = shape.hints.get("fields", {})
    known = {one.name for one in shape.properties}
    for name, python in pinned.items():
        if name not in known:
            raise Refused(f"{pointer(shape.place)}: x-mantago-fields names {name!r}, which is no property: remove it")
        if not is_field_name(python) or python in PROMISED or [*pinned.values()].count(python) > 1:
            raise Refused(f"{pointer(shape.place)}: x-mantago-fields calls {name!r} {python!r}, which is no free name")
    rest = by_likeness(known - pinned.keys())
    wanted = {name: identifier(name) for name in rest}
    wanted = {
        name: f"{python}_" if python in PROMISED or python == own_name else python for name, python in wanted.items()
    }
    return {**unique(wanted, [*pinned.values()]), **pinned}


def flags_of(one: Property, *, required: bool) -> list[str]:
    """Return how a field's metadata differs from the usual."""
    flags = ["required=True"] if required else []
    flags += [f"promised={one.promised}"] if one.promised != required else []
    flags += ["nullable=True"] if one.published_nullable or one.type == JSON else []
    flags += ["read_only=True"] if one.read_only else []
    return flags + (["write_only=True"] if one.write_only else [])


@frozen
class FieldMaker:
    """Makes the fields of one class."""

    shape: Shape
    names: Mapping[str, str]
    classes: Classes
    directions: Directions
    imports: Imports
    helpers: dict[str, str] = field(repr=False)
    taken: set[str] = field(factory=set)

    def field(self, one: Property, *, keyword: bool, must: bool = False) -> Field:
        """Return a field; `must` says that it can't have a default, since a field without one follows."""
        place = self.shape.place
        sent, answered = place in self.directions.sent, place in self.directions.answered
        insists: list[str] = self.shape.hints.get("insists", [])
        required = one.required and (not keyword or one.name in insists)
        # If only the errata allow null, it is tolerated, and so is a missing property.
        tolerant = required and one.nullable and not one.published_nullable and one.type != JSON
        required = required and not tolerant
        one_way = (one.read_only and sent) or (one.write_only and answered)
        is_list = isinstance(one.type, ListOf) and not one.nullable and (not sent or required)
        empty = not is_list and one.type != JSON and (not required or one.nullable or one_way)
        name = self.names[one.name]
        # An enumeration is imported at once, since it is a converter; models may import each other, so only later.
        kind = annotation(one.type, self.imports, self.classes, later=not self._has_enum(one.type))
        options = []
        if (default := self._default(one, required=required, must=must, is_list=is_list)) is not None:
            options.append(f"default={default}")
        if keyword:
            options.append("kw_only=True")
        if converter := self._converter(one, kind, empty=empty):
            options.append(f"converter={converter}")
        if is_unhashable(one.type):
            options.append("hash=False")
        flags = flags_of(one, required=required)
        call = self.imports.name(MODEL, "json_field")
        arguments = ", ".join([literal(one.name), reader(one.type, self.imports, self.classes), *flags])
        options.append(f"metadata={call}({arguments})")
        return Field(name, either([kind, "None"]) if empty else kind, ", ".join(options))

    def _has_enum(self, kind: Type) -> bool:
        return self.classes.is_enum(kind) or (isinstance(kind, ListOf | Nullable) and self._has_enum(inner_of(kind)))

    def _default(self, one: Property, *, required: bool, must: bool, is_list: bool) -> str | None:
        place = self.shape.place
        if one.name == "secret" and place in self.directions.bodies and one.type == TEXT:
            return '""'
        if must:
            return None
        if required and place in self.directions.sent:
            code = default_code(one.type, one.default, one.place, self.imports, self.classes)
            if code and isinstance(one.type, Named) and not self.classes.is_closed(one.type):
                return f"{annotation(one.type, self.imports, self.classes)}({code})"
            if code:
                return code
        if required and not (one.read_only and place in self.directions.sent):
            return None
        return "()" if is_list else "None"

    def _converter(self, one: Property, kind: str, *, empty: bool) -> str | None:
        if self.classes.is_enum(one.type) and not self.classes.is_closed(one.type):
            if not empty:
                return kind
            given = annotation(one.type, self.imports, self.classes, given="constructor")
            return self._helper(
                f"{kind} | None", f"{given} | None", f"None if value is None else {kind}(value)", "value"
            )
        if isinstance(one.type, ListOf):
            given = annotation(one.type, self.imports, self.classes, given="constructor")
            made = self._tuple(one.type, "values")
            if empty:
                return self._helper(
                    f"{kind} | None", f"{given} | None", f"None if values is None else {made}", "values"
                )
            return self._helper(kind, given, made, "values")
        if isinstance(one.type, MapOf) and not empty:
            return self.imports.name(MODEL, "read_only")
        return None

    def _tuple(self, kind: ListOf, values: str) -> str:
        item = kind.item.inner if isinstance(kind.item, Nullable) else kind.item
        each = f"{values.removesuffix('s')}"
        made = each
        if self.classes.is_enum(item) and not self.classes.is_closed(item):
            made = f"{annotation(item, self.imports, self.classes, later=False)}({each})"
        elif isinstance(item, ListOf):
            each = f"inner_{values}"
            made = self._tuple(item, each)
        if made == each:
            return f"tuple({values})"
        made = made if item is kind.item else f"None if {each} is None else {made}"
        return f"tuple({made} for {each} in {values})"

    def _helper(self, result: str, given: str, body: str, argument: str) -> str:
        """Return the name of a converter, and note it; for a bare class, mypy doesn't know the accepted types."""
        key = f"({argument}: {given}) -> {result}:\n    return {body}"
        if key not in self.helpers:
            words = re.findall(r"\w+", result.replace("...", ""))
            name = free("_to_" + "_".join(identifier(word).strip("_") for word in words), self.taken)
            self.taken.add(name)
            self.helpers[key] = f"def {name}{key}"
        return self.helpers[key].partition("(")[0].removeprefix("def ")


def inner_of(kind: ListOf | Nullable) -> Type:
    """Return the type of a list's items, or the type that may be null."""
    return kind.item if isinstance(kind, ListOf) else kind.inner
