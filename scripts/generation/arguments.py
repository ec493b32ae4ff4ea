"""Arguments of functions: the names, types and defaults of parameters and bodies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import frozen

from generation.code import Classes, Imports, annotation, either
from generation.defaults import default_code
from generation.ir import ABSENT, JSON, NO_CONTENT, Body, Endpoint, Nullable, Parameter, Property, Type, Union
from generation.names import by_likeness, identifier, unique
from generation.text import sentence

# The functions use these names themselves.
RESERVED = frozenset(
    {"asend", "body", "client", "identity", "operation", "overload", "request", "self", "send", "timeout"}
)
BOT_ID = ("query", "botId")


@frozen
class Argument:
    """An argument of a function: its name, and the part of a request that it fills."""

    name: str
    annotation: str
    default: str | None = None
    docs: str = ""
    key: str = ""
    source: Parameter | Property | None = None
    """Its description in the document; None for a body that is one argument."""

    @property
    def code(self) -> str:
        """The argument in a signature."""
        return f"{self.name}: {self.annotation}" + (f" = {self.default}" if self.default is not None else "")


def in_order(arguments: Sequence[Argument]) -> tuple[Argument, ...]:
    """Return the arguments with those first that have to be given."""
    return tuple(sorted(arguments, key=lambda one: one.default is not None))


def result_of(endpoint: Endpoint) -> Type:
    """Return the type of an operation's result."""
    kinds = [kind for _, kind in endpoint.answers]
    present = [*dict.fromkeys(kind for kind in kinds if kind != NO_CONTENT)]
    whole = present[0] if len(present) == 1 else Union(tuple(present)) if present else NO_CONTENT
    return Nullable(whole) if present and NO_CONTENT in kinds and whole != JSON else whole


def parameter_names(parameters: Collection[Parameter], taken: Collection[str] = ()) -> dict[tuple[str, str], str]:
    """Return the Python names of parameters; of two that would share one, the later also names its place."""
    result: dict[tuple[str, str], str] = {}
    used = {*taken}
    for where in ("path", "query", "header", "cookie"):
        names = by_likeness(one.name for one in parameters if one.where == where)
        wanted = {name: identifier(name, "parameter") for name in names}
        wanted = {name: f"{python}_" if python in RESERVED else python for name, python in wanted.items()}
        wanted = {
            name: f"{python.rstrip('_')}_in_{where}" if python in used else python for name, python in wanted.items()
        }
        found = unique(wanted, used)
        used.update(found.values())
        result |= {(where, name): python for name, python in found.items()}
    return result


def parameter(one: Parameter, name: str, imports: Imports, classes: Classes, given: str) -> Argument:
    """Return a parameter as an argument."""
    kind = annotation(one.type, imports, classes, given=given)
    if (one.where, one.name) == BOT_ID:
        return Argument(name, kind, '""', key=one.name)
    default = default_code(one.type, one.default, one.place, imports, classes) if one.required else None
    if one.required:
        return Argument(name, kind, default, one.description, one.name, one)
    return Argument(name, either([kind, "None"]), "None", docs_of(one.description, one.default), one.name, one)


def docs_of(text: str, default: object) -> str:
    """Return the description of an optional argument, with the default of the service."""
    text = " ".join(text.split())
    if default is ABSENT:
        return text
    return f"{sentence(text)} The service takes {default!r} where it isn't given.".strip()


def whole_body(body: Body, imports: Imports, classes: Classes, given: str) -> Argument:
    """Return a body as the one argument that it is."""
    kind = annotation(body.type, imports, classes, given=given)
    if body.required:
        return Argument("body", kind)
    return Argument("body", either([kind, "None"]), "None")


def texts(endpoint: Endpoint) -> tuple[str, str]:
    """Return the first sentence on an operation, and the rest of its description."""
    if endpoint.docs:
        return endpoint.docs, ""
    summary = sentence(" ".join(endpoint.summary.split()))
    return summary or sentence(endpoint.description), sentence(endpoint.description) if summary else ""
