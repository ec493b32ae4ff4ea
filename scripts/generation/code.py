"""Types as Python: the annotation and the reader of each, and the imports that a module needs for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import define, field, frozen

from generation.ir import (
    JSON,
    ClassName,
    Enumeration,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Place,
    Scalar,
    Shape,
    Tagged,
    Type,
    Union,
)
from generation.text import literal

PACKAGE = "mantago_generated"
READERS = "mantago_runtime.reading.readers"
_SCALARS: Mapping[str, tuple[str, str]] = {
    "TEXT": ("", "str"), "FLAG": ("", "bool"), "INTEGER": ("", "int"), "NUMBER": ("", "float"),
    "TIMESTAMP": ("datetime", "datetime"), "DATE": ("datetime", "date"), "MILLISECONDS": ("datetime", "datetime"),
    "JSON": ("typing", "Any"), "FILE": ("", "bytes"), "NO_CONTENT": ("", "None"), "PLAIN_TEXT": ("", "str"),
    "BINARY": ("", "bytes"),
}  # fmt: skip


@frozen
class Classes:
    """Every class of the document, by the place of its schema."""

    shapes: Mapping[Place, Shape] = field(repr=False)
    enums: Mapping[Place, Enumeration] = field(repr=False)
    where: Mapping[Place, ClassName] = field(repr=False)
    same: Mapping[Place, Place] = field(repr=False)

    def of(self, place: Place) -> Place:
        """Return the place of the class that stands for a schema."""
        return self.same.get(place, place)

    def is_enum(self, kind: Type) -> bool:
        """Return whether a type is an enumeration."""
        return isinstance(kind, Named) and kind.place in self.enums

    def is_closed(self, kind: Type) -> bool:
        """Return whether a type is an enumeration that keeps no value which it doesn't list."""
        return (
            isinstance(kind, Named)
            and kind.place in self.enums
            and bool(self.enums[self.of(kind.place)].hints.get("closed"))
        )

    def base_of(self, kind: Named) -> str:
        """Return the Python type of an enumeration's values."""
        return type(self.enums[kind.place].values[0]).__name__


@define
class Imports:
    """The imports of a module; a name that the module uses otherwise gets an underscore before it."""

    avoid: Collection[str] = ()
    now: dict[tuple[str, str], str] = field(factory=dict)
    later: dict[tuple[str, str], str] = field(factory=dict)

    def name(self, module: str, name: str, *, later: bool = False) -> str:
        """Return the local name of an imported name."""
        if not module:
            return name
        alias = name
        used = {local for known in (self.now, self.later) for key, local in known.items() if key != (module, name)}
        while alias in self.avoid or alias in used:
            alias = f"_{alias}"
        (self.later if later and (module, name) not in self.now else self.now)[module, name] = alias
        if not later:
            self.later.pop((module, name), None)
        return alias

    def lines(self, *, later: bool = False) -> list[str]:
        """Return the import statements; the formatter sorts and joins them."""
        return [
            f"from {module} import {name}" + (f" as {alias}" if alias != name else "")
            for (module, name), alias in sorted((self.later if later else self.now).items())
        ]


def annotation(  # noqa: C901 - one case for each type
    kind: Type, imports: Imports, classes: Classes, *, later: bool = True, given: str = ""
) -> str:
    """Return a type as an annotation, whose imports `later` leaves to checkers.

    `given` by callers of a "constructor", a "request" or a "method" may be wider than what is kept.
    """

    def of(inner: Type) -> str:
        return annotation(inner, imports, classes, later=later, given=given)

    def kept(inner: Type) -> str:
        # The values in these aren't converted, so callers give them as they are kept.
        return annotation(inner, imports, classes, later=later)

    match kind:
        case Scalar(name):
            return imports.name(*_SCALARS[name])
        case Named(place):
            name = class_here(place, imports, classes, later=later)
            if not classes.is_enum(kind) or not (given or classes.is_closed(kind)):
                return name
            if given == "method" and classes.is_closed(kind):
                found = classes.where[classes.of(place)]
                return f"{name} | {imports.name(f'{PACKAGE}.models.{found.module}', f'{found.name}Name', later=later)}"
            return f"{name} | {classes.base_of(kind)}"
        case ListOf(item) if given:
            return (
                f"{imports.name('collections.abc', 'Iterable' if given == 'constructor' else 'Sequence')}[{of(item)}]"
            )
        case ListOf(item):
            return f"tuple[{of(item)}, ...]"
        case MapOf(value):
            return f"{imports.name('collections.abc', 'Mapping')}[str, {kept(value)}]"
        case Nullable(inner):
            return either([of(inner), "None"])
        case Union(alternatives):
            return either([kept(one) for one in alternatives])
        case _:
            parts = [of(one) for _, one in kind.cases]
            if kind.otherwise is None and not given:
                parts.append(imports.name("mantago_runtime.reading.unlisted", "Unlisted", later=later))
            return either([*parts, of(kind.otherwise)] if kind.otherwise else parts)


def either(annotations: list[str]) -> str:
    """Return a union of annotations, each in it once and None at its end."""
    parts = [part for one in annotations for part in _parts(one)]
    if "Any" in parts:
        return "Any"
    return " | ".join(
        [*dict.fromkeys(part for part in parts if part != "None"), *(["None"] if "None" in parts else [])]
    )


def _parts(text: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def class_here(place: Place, imports: Imports, classes: Classes, *, later: bool = False) -> str:
    """Return the local name of a class of the document."""
    found = classes.where[classes.of(place)]
    return imports.name(f"{PACKAGE}.models.{found.module}", found.name, later=later)


def reader(kind: Type, imports: Imports, classes: Classes) -> str:
    """Return the expression of a type's reader."""

    def of(inner: Type) -> str:
        return reader(inner, imports, classes)

    def call(name: str, *arguments: str) -> str:
        return f"{imports.name(READERS, name)}({', '.join(arguments)})"

    match kind:
        case Scalar(name):
            return imports.name(READERS, "JSON" if name == "FILE" else name)
        case Named(place) if classes.is_enum(kind):
            return call("enum_of", class_here(place, imports, classes))
        case Named(place):
            found = classes.where[classes.of(place)]
            return call("model_of", literal(f"{PACKAGE}.models.{found.module}:{found.name}"))
        case ListOf(item):
            return call("list_of", of(item))
        case MapOf(value):
            return call("map_of", of(value))
        case Nullable(inner):
            return call("nullable", of(inner))
        case Union(alternatives):
            return call("union_of", *(of(one) for one in alternatives))
        case _:
            table = ", ".join(f"{literal(value)}: {of(one)}" for value, one in kind.cases)
            more = [f"otherwise={of(kind.otherwise)}"] if kind.otherwise else []
            return call("told_apart_by", literal(kind.name), f"{{{table}}}", *more)


def is_unhashable(kind: Type) -> bool:
    """Return whether a value of a type may hold a mapping, or a list, that can't be hashed."""
    match kind:
        case MapOf() | Scalar("JSON" | "FILE"):
            return True
        case ListOf(inner) | Nullable(inner):
            return is_unhashable(inner)
        case Union(alternatives):
            return any(map(is_unhashable, alternatives))
        case _:
            return kind == JSON


def classes_in(kind: Type | None, *, whole: bool = False) -> list[Place]:
    """Return the places of the classes in a type; with `whole`, only of those that the whole value may be."""
    match kind:
        case Named(place):
            return [place]
        case ListOf(inner) | MapOf(inner) if not whole:
            return classes_in(inner)
        case Nullable(inner):
            return classes_in(inner, whole=whole)
        case Union(alternatives):
            return [place for one in alternatives for place in classes_in(one, whole=whole)]
        case Tagged(_, cases, otherwise):
            return [place for one in (*(one for _, one in cases), otherwise) for place in classes_in(one, whole=whole)]
        case _:
            return []
