"""How each operation is called by its friendly method, as a person writes it."""

from __future__ import annotations

from collections.abc import Mapping

from generation.arguments import Argument
from generation.code import Imports
from generation.methods import Method, method
from generation.package import Plan

# What an argument is filled with in an example, by its type.
_FILLED = {"str": '"..."', "int": "1", "float": "1.0", "bool": "True"}


def calls(read: Plan) -> Mapping[str, str]:
    """Return the call of each operation of a document, by "POST /client/{id}"."""
    found = [(one, method(one, read.names[one.place], read.classes, Imports())) for one in read.endpoints]
    return {f"{one.method} {one.path}": call(made) for one, made in found}


def call(made: Method) -> str:
    """Return the line that calls a method with what it needs, and says in a comment what else it takes."""
    needed = [f"{one.name}={_value(one)}" for one in made.arguments if one.default is None]
    if made.rule:
        needed.insert(0, 'client_id="..."')
    more = [one.code.removesuffix(" | None = None") for one in made.arguments if one.default is not None]
    return f"mantago.{made.name}({', '.join(needed)})" + (f"  # also: {', '.join(more)}" if more else "")


def _value(argument: Argument) -> str:
    kind = argument.annotation.split(" | ")[0]
    return _FILLED.get(kind) or (f"{kind}(...)" if kind.isidentifier() and kind != "Any" else "...")
