"""Classes of the document as code: what each field is called, how it is typed, read, filled and converted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from _fragments import pointer
from generation.code import PACKAGE, READERS, Classes, Imports, annotation, either, is_unhashable, reader
from generation.defaults import default_code
from generation.document import Refused
from generation.ir import (
    FLAG,
    JSON,
    TEXT,
    Enumeration,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Place,
    Property,
    Shape,
    Type,
    Where,
)
from generation.names import by_likeness, free, identifier, is_field_name, member_names, unique
from generation.text import docstring, literal, sentence

MODEL = "mantago_runtime.reading.model"
# What every model has itself, or uses while its class is made.
PROMISED = frozenset(
    """
    drift extra from_dict response to_dict enum_of field frozen json_field list_of map_of model_of nullable read_only
    told_apart_by union_of
    """.split()
)
_SECRETS = frozenset({"secret", "token", "access_token", "refresh_token", "api_key", "password"})


@frozen
class Directions:
    """Which classes are sent, which are answered, and which of those are whole answers or whole bodies."""

    sent: frozenset[Place] = frozenset()
    answered: frozenset[Place] = frozenset()
    inside: frozenset[Place] = frozenset()
    whole: frozenset[Place] = frozenset()
    bodies: frozenset[Place] = frozenset()


@frozen
class Field:
    """A field of a model, in code."""

    name: str
    annotation: str
    arguments: str


@frozen
class Model:
    """A class that is read or sent, in code."""

    where: Where
    base: str
    decorator: str
    docstring: str
    shows_values: bool
    envelope: tuple[str, ...]
    additional: str | None
    fields: tuple[Field, ...]
    helpers: tuple[str, ...]
    imports: tuple[str, ...]
    imports_later: tuple[str, ...]


@frozen
class EnumModel:
    """An enumeration, in code."""

    where: Where
    base: str
    value: str
    docstring: str
    members: tuple[tuple[str, str], ...]
    literal_name: str | None
    literals: str
    imports: tuple[str, ...]


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


def envelope_of(shape: Shape, directions: Directions) -> tuple[Property, ...]:
    """Return what stands around the content of a whole answer: whether it succeeded, and a message for people."""
    if shape.place not in directions.whole or shape.place in directions.inside | directions.sent:
        return ()
    by_name = {one.name: one for one in shape.properties}
    if "success" not in by_name or by_name["success"].type != FLAG or "success" in shape.hints.get("fields", {}):
        return ()
    message = [by_name["message"]] if "message" in by_name and by_name["message"].type == TEXT else []
    return (by_name["success"], *message)


def model(shape: Shape, classes: Classes, directions: Directions) -> Model:
    """Return a class in code."""
    where = classes.where[shape.place]
    names = field_names(shape, where.name)
    imports = Imports(avoid={*names.values(), where.name})
    around = envelope_of(shape, directions)
    positional = _positional(shape)
    is_result = shape.place in directions.whole
    wire = [one for one in shape.properties if one not in around]
    order = [next(one for one in wire if one.name == name) for name in positional or ()]
    helpers: dict[str, str] = {}
    maker = _Maker(shape, names, classes, directions, imports, helpers)
    first = [maker.field(one, keyword=False, must=_must(order, index)) for index, one in enumerate(order)]
    rest = [maker.field(one, keyword=positional is not None) for one in wire if one not in order]
    additional = reader(shape.additional, imports, classes) if shape.additional else None
    own = _extra(shape, classes, imports)
    if is_result:
        drift = imports.name("mantago_runtime.reading.drift", "Drift")
        own.append(Field("drift", f"tuple[{drift}, ...]", "default=(), eq=False"))
    fields = [*first, *own, *rest] if positional is not None else [*rest, *own]
    base = imports.name(MODEL, "Result" if is_result else "Model")
    for name in ("field", "frozen"):
        imports.name("attrs", name)
    fields_of_envelope = []
    for one in around:
        call = imports.name(MODEL, "JsonField")
        flags = _flags(one, required=one.required)
        fields_of_envelope.append(
            f"{call}({', '.join([literal(one.name), reader(one.type, imports, classes), *flags])})"
        )
    if additional:
        imports.name("typing", "ClassVar")
    return Model(
        where=where,
        base=base,
        decorator="frozen(repr=False)" if positional is not None else "frozen(repr=False, kw_only=True)",
        docstring=_docs(shape, where, [one for one in [*order, *wire] if one.description], names),
        shows_values=shape.place not in directions.sent - directions.answered and not _SECRETS & {*names.values()},
        envelope=tuple(fields_of_envelope),
        additional=additional,
        fields=tuple(fields),
        helpers=tuple(helpers.values()),
        imports=tuple(imports.lines()),
        imports_later=tuple(imports.lines(later=True)),
    )


def _must(order: list[Property], index: int) -> bool:
    """Say whether a positional field can't have a default, since one without follows."""
    return any(one.required for one in order[index + 1 :])


def _positional(shape: Shape) -> list[str] | None:
    said = shape.hints.get("positional")
    if said is None:
        return None
    known = [one.name for one in shape.properties]
    if wrong := [name for name in said if name not in known]:
        raise Refused(
            f"{pointer(shape.place)}: x-mantago-positional names {wrong[0]!r}, which is no property: remove it"
        )
    return list(said)


def _extra(shape: Shape, classes: Classes, imports: Imports) -> list[Field]:
    value = annotation(shape.additional, imports, classes) if shape.additional else imports.name("typing", "Any")
    mapping = imports.name("collections.abc", "Mapping")
    empty, convert = imports.name(MODEL, "EMPTY"), imports.name(MODEL, "read_only")
    return [Field("extra", f"{mapping}[str, {value}]", f"default={empty}, converter={convert}, hash=False")]


def _docs(shape: Shape, where: Where, told: list[Property], names: Mapping[str, str]) -> str:
    text = shape.hints.get("docs") or shape.description
    spec = f"Spec: `{where.vendor}`."
    lines = [f"    {names[one.name]}: {' '.join(one.description.split())}" for one in dict.fromkeys(told)]
    return docstring(sentence(text) if text else "", spec, ["Attributes:", *lines] if lines else "")


def _flags(one: Property, *, required: bool) -> list[str]:
    flags = ["required=True"] if required else []
    flags += [f"promised={one.promised}"] if one.promised != required else []
    flags += ["nullable=True"] if one.published_nullable or one.type == JSON else []
    flags += ["read_only=True"] if one.read_only else []
    return flags + (["write_only=True"] if one.write_only else [])


@frozen
class _Maker:
    """Makes the fields of one class."""

    shape: Shape
    names: Mapping[str, str]
    classes: Classes
    directions: Directions
    imports: Imports
    helpers: dict[str, str] = field(repr=False)
    taken: set[str] = field(factory=set)

    def field(self, one: Property, *, keyword: bool, must: bool = False) -> Field:
        place = self.shape.place
        sent, answered = place in self.directions.sent, place in self.directions.answered
        insists: list[str] = self.shape.hints.get("insists", [])
        required = one.required and (not keyword or one.name in insists)
        # Where only the errata allow null, it is tolerated, and so is the lack of the whole.
        tolerant = required and one.nullable and not one.published_nullable and one.type != JSON
        required = required and not tolerant
        one_way = (one.read_only and sent) or (one.write_only and answered)
        is_list = isinstance(one.type, ListOf) and not one.nullable and (not sent or required)
        empty = not is_list and one.type != JSON and (not required or one.nullable or one_way)
        name = self.names[one.name]
        # The class of an enumeration is a converter; a model may hold another that holds it.
        kind = annotation(one.type, self.imports, self.classes, later=not self._has_enum(one.type))
        options = []
        if (default := self._default(one, required=required, must=must, is_list=is_list)) is not None:
            options.append(f"default={default}")
        if keyword:
            options.append("kw_only=True")
        if converter := self._converter(one, kind, empty=empty, is_list=is_list):
            options.append(f"converter={converter}")
        if is_unhashable(one.type):
            options.append("hash=False")
        flags = _flags(one, required=required)
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
            if code and self.classes.is_enum(one.type):
                return f"{annotation(Named(self.classes.of(one.type.place)), self.imports, self.classes)}({code})"
            if code:
                return code
        if required and not (one.read_only and place in self.directions.sent):
            return None
        return "()" if is_list else "None"

    def _converter(self, one: Property, kind: str, *, empty: bool, is_list: bool) -> str | None:
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
        """Return the name of a converter, and note it; mypy can't tell what a class takes as one."""
        key = f"({argument}: {given}) -> {result}:\n    return {body}"
        if key not in self.helpers:
            words = re.findall(r"\w+", result.replace("...", ""))
            name = free("_to_" + "_".join(identifier(word).strip("_") for word in words), self.taken)
            self.taken.add(name)
            self.helpers[key] = f"def {name}{key}"
        return self.helpers[key].partition("(")[0].removeprefix("def ")


def inner_of(kind: ListOf | Nullable) -> Type:
    """Return what a list holds, or what may be null."""
    return kind.item if isinstance(kind, ListOf) else kind.inner


def enum_model(found: Enumeration, classes: Classes, *, as_argument: bool) -> EnumModel:
    """Return an enumeration in code."""
    where = classes.where[found.place]
    pinned: dict[str, str] = found.hints.get("members", {})
    if wrong := [value for value in pinned if value not in {*map(str, found.values)}]:
        raise Refused(f"{pointer(found.place)}: x-mantago-members names {wrong[0]!r}, which is no value: remove it")
    is_text = isinstance(found.values[0], str)
    closed = bool(found.hints.get("closed"))
    imports = Imports(avoid={where.name})
    if closed:
        base = imports.name("enum", "StrEnum" if is_text else "IntEnum")
    else:
        base = imports.name("mantago_runtime.reading.enums", "OpenStrEnum" if is_text else "OpenIntEnum")
    values = [literal(value) if isinstance(value, str) else repr(value) for value in found.values]
    literal_name = f"{where.name}Name" if closed and as_argument else None
    if literal_name:
        imports.name("typing", "Literal")
        imports.name("typing", "TypeAlias")
    text = found.hints.get("docs") or found.description
    note = (
        "" if closed else "A value that the spec doesn't list is kept, equals its string, and says `is_known == False`."
    )
    if not is_text:
        note = note.replace("its string", "its number")
    return EnumModel(
        where=where,
        base=base,
        value="str" if is_text else "int",
        docstring=docstring(sentence(text) if text else "", note, f"Spec: `{where.vendor}`."),
        members=tuple(zip(member_names(found.values, pinned), values, strict=True)),
        literal_name=literal_name,
        literals=", ".join(values),
        imports=tuple(imports.lines()),
    )
