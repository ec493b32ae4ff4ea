"""The call of each operation's friendly method as a person writes it, in code that runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from generation.arguments import Argument
from generation.code import PACKAGE, Imports
from generation.fields import field_names
from generation.ir import JSON, Endpoint, ListOf, MapOf, Named, Nullable, Parameter, Place, Scalar, Type, Union
from generation.methods import Method, method
from generation.names import member_names
from generation.package import Plan
from generation.text import literal

_NOW = "datetime.now(UTC)", ("UTC", "datetime")
# By the name of its type, the value of an argument in an example, and the names that it needs from datetime.
_FILLED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "TEXT": ('"..."', ()),
    "PLAIN_TEXT": ('"..."', ()),
    "INTEGER": ("1", ()),
    "NUMBER": ("1.0", ()),
    "FLAG": ("True", ()),
    "JSON": ("{}", ()),
    "FILE": ('b"..."', ()),
    "BINARY": ('b"..."', ()),
    "TIMESTAMP": _NOW,
    "MILLISECONDS": _NOW,
    "DATE": ("date.today()", ("date",)),
}


@frozen
class ExampleCalls:
    """Calls of operations, and the lines that they need before them."""

    before: str
    lines: Mapping[str, str]


def example_calls(read: Plan, wanted: Iterable[str] | None = None) -> ExampleCalls:
    """Return the calls of all operations of a document, or of those that are wanted, by "POST /client/{id}"."""
    imports = Imports(avoid={"mantago"})
    imports.name("mantago", "MantaGo")
    named = {f"{one.method} {one.path}": one for one in read.endpoints}
    chosen = named if wanted is None else wanted
    lines = {name: _Writer(read, named[name], imports).call() for name in chosen}
    names: dict[str, list[str]] = {}
    for line in imports.lines():
        module, _, name = line.partition(" import ")
        names.setdefault(module, []).append(name)
    before = [f"{module} import {', '.join(found)}" for module, found in names.items()]
    return ExampleCalls("\n".join([*before, "", "mantago = MantaGo()"]), lines)


class _Writer:
    def __init__(self, read: Plan, endpoint: Endpoint, imports: Imports) -> None:
        self._read, self._endpoint, self._imports = read, endpoint, imports

    def call(self) -> str:
        """Return the line that calls a method with the arguments that it needs; a comment lists the others."""
        made: Method = method(self._endpoint, self._read.names[self._endpoint.place], self._read.classes, Imports())
        needed = [f"{one.name}={self._argument(one)}" for one in made.arguments if one.default is None]
        if made.rule:
            needed.insert(0, 'client_id="..."')
        more = [one.code.removesuffix(" | None = None") for one in made.arguments if one.default is not None]
        return f"mantago.{made.name}({', '.join(needed)})" + (f"  # also: {', '.join(more)}" if more else "")

    def _argument(self, argument: Argument) -> str:
        body = self._endpoint.body
        kind = argument.source.type if argument.source else body.type if body else JSON
        code = self._value(kind)
        in_path = isinstance(argument.source, Parameter) and argument.source.where == "path"
        # Dots alone, as a part of a path, would lead to another path.
        return code.replace('"..."', '"abc"') if in_path else code

    def _value(self, kind: Type, told: Mapping[str, str] | None = None) -> str:
        match kind:
            case Scalar(name):
                code, imported = _FILLED[name]
                for one in imported:
                    self._imports.name("datetime", one)
                return code
            case Named(place):
                return self._named(place, told or {})
            case ListOf(item):
                return f"[{self._value(item)}]"
            case MapOf(value):
                return f'{{"...": {self._value(value)}}}'
            case Nullable(inner):
                return self._value(inner)
            case Union(alternatives):
                return self._value(alternatives[0])
            case _:
                tag, first = kind.cases[0]
                return self._value(first, {kind.name: literal(tag)})

    def _named(self, found: Place, told: Mapping[str, str]) -> str:
        classes = self._read.classes
        place = classes.of(found)
        where = classes.where[place]
        name = self._imports.name("mantago" if where in self._read.friendly else f"{PACKAGE}.models", where.name)
        if place in classes.enums:
            enum = classes.enums[place]
            return f"{name}.{member_names(enum.values, enum.hints.get('members', {}))[0]}"
        shape = classes.shapes[place]
        names = field_names(shape, where.name)
        # The client fills in the secret itself.
        left = {"secret"} if place in self._read.used.bodies else set[str]()
        needed = [one for one in shape.properties if one.required and not one.read_only and one.name not in left]
        values = {**{one.name: self._value(one.type) for one in needed}, **told}
        return f"{name}({', '.join(f'{names[key]}={value}' for key, value in values.items())})"
