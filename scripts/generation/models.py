"""Classes of the document as code."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from generation.code import Classes, Imports, annotation, reader
from generation.document import Refused
from generation.fields import MODEL, Field, FieldMaker, field_names, flags_of
from generation.ir import FLAG, TEXT, ClassName, Directions, Enumeration, Property, Shape
from generation.names import member_names
from generation.text import docstring, literal, sentence
from vendoring.fragments import pointer

_SECRETS = frozenset({"secret", "token", "access_token", "refresh_token", "api_key", "password"})


@frozen
class ClassModel:
    """A class that is read or sent, in code."""

    where: ClassName
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

    where: ClassName
    base: str
    value: str
    docstring: str
    members: tuple[tuple[str, str], ...]
    literal_name: str | None
    literals: str
    imports: tuple[str, ...]


def envelope_of(shape: Shape, directions: Directions) -> tuple[Property, ...]:
    """Return the envelope of a whole answer: whether it succeeded, and a message for people.

    An answer with nothing else has no envelope, and its class has both as fields.
    """
    if shape.place not in directions.whole or shape.place in directions.inside | directions.sent:
        return ()
    by_name = {one.name: one for one in shape.properties}
    if "success" not in by_name or by_name["success"].type != FLAG or "success" in shape.hints.get("fields", {}):
        return ()
    message = [by_name["message"]] if "message" in by_name and by_name["message"].type == TEXT else []
    around = (by_name["success"], *message)
    return around if len(around) < len(by_name) else ()


def model(shape: Shape, classes: Classes, directions: Directions) -> ClassModel:
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
    maker = FieldMaker(shape, names, classes, directions, imports, helpers)
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
        flags = flags_of(one, required=one.required)
        fields_of_envelope.append(
            f"{call}({', '.join([literal(one.name), reader(one.type, imports, classes), *flags])})"
        )
    if additional:
        imports.name("typing", "ClassVar")
    return ClassModel(
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
    """Return whether a positional field can't have a default, since a field without one follows."""
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


def _docs(shape: Shape, where: ClassName, told: list[Property], names: Mapping[str, str]) -> str:
    text = shape.hints.get("docs") or shape.description
    spec = f"Spec: `{where.vendor}`."
    lines = [f"    {names[one.name]}: {' '.join(one.description.split())}" for one in dict.fromkeys(told)]
    return docstring(sentence(text) if text else "", spec, ["Attributes:", *lines] if lines else "")


def enum_model(found: Enumeration, classes: Classes) -> EnumModel:
    """Return an enumeration in code."""
    where = classes.where[found.place]
    pinned: dict[str, str] = found.hints.get("members", {})
    if wrong := [value for value in pinned if value not in {*map(str, found.values)}]:
        raise Refused(f"{pointer(found.place)}: x-mantago-members names {wrong[0]!r}, which is no value: remove it")
    is_text = isinstance(found.values[0], str)
    closed = bool(found.hints.get("closed"))
    imports = Imports(avoid={where.name})
    base = f"{'Closed' if closed else 'Open'}{'Str' if is_text else 'Int'}Enum"
    imports.name("mantago_runtime.reading.enums", base)
    values = [literal(value) if isinstance(value, str) else repr(value) for value in found.values]
    literal_name = f"{where.name}Name" if closed else None
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
