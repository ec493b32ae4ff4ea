"""The friendly method of each operation as code."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from generation.arguments import (
    BOT_ID,
    RESERVED,
    Argument,
    docs_of,
    in_order,
    parameter,
    parameter_names,
    result_of,
    texts,
    whole_body,
)
from generation.code import PACKAGE, Classes, Imports, annotation, class_here, classes_in, either
from generation.defaults import default_code
from generation.document import Refused
from generation.fields import field_names
from generation.ir import Body, Endpoint, Named, Parameter, Property, Shape, Type
from generation.names import by_likeness, unique
from generation.text import docstring
from vendoring.fragments import pointer

# The members of a schema with the rule, and their names in Python.
_RULE = {"clientId": "client_id", "platform": "platform", "platformClientId": "platform_client_id"}
RULE = tuple(_RULE.values())
KEEPS_ITS_OWN = (
    "This client goes on with the credentials that it has: if the answer holds new ones, which end the old, make "
    "another client with them, or give `credentials` a callable that returns them."
)
QUERY_OF_RULE = ("platform", "platformClientId")


@frozen
class Method:
    """The friendly method of an operation, in code."""

    name: str
    result: str
    arguments: tuple[Argument, ...]
    rule: bool
    platform: str
    locals: tuple[str, ...]
    passed: tuple[tuple[str, str], ...]
    docstring: str


def method(endpoint: Endpoint, name: str, classes: Classes, imports: Imports) -> Method:
    """Return the friendly method of an operation; its annotations are imported in the module of all of them."""
    members = _members(endpoint, classes)
    shape, own = members.shape, members.own
    of_module = parameter_names(endpoint.parameters)
    names = names_of_parameters(endpoint, classes)
    arguments: list[Argument] = []
    passed: list[tuple[str, str]] = []
    lines = [f"from {PACKAGE}.api.{endpoint.folder} import {endpoint.module} as operation"]
    if shape:
        local = Imports(avoid={*members.names.values(), *names.values()})
        made = class_here(shape.place, local, classes)
        lines += local.lines()
        arguments += [_member(members.fields[one], python, imports, classes) for one, python in members.names.items()]
        given = [f"{own[said]}=identity.{python}" for said, python in _RULE.items()] if endpoint.rule else []
        given += [f"{own[one]}={python}" for one, python in members.names.items()]
        passed.append(("body", f"{made}({', '.join(given)})"))
    elif endpoint.body:
        arguments.append(whole_body(endpoint.body, imports, classes, "method"))
        passed.append(("body", "body"))
    for one in endpoint.parameters:
        key = (one.where, one.name)
        if not _is_filled_in(one, rule=endpoint.rule):
            arguments.append(parameter(one, names[key], imports, classes, "method"))
            passed.append((of_module[key], names[key]))
        elif key != BOT_ID:
            passed.append((of_module[key], f"identity.{_RULE[one.name]} if identity.in_query else None"))
    ordered = in_order(arguments)
    head, more = texts(endpoint)
    told = [f"    {one.name}: {' '.join(one.docs.split())}" for one in ordered if one.docs]
    early = ["IdentificationError"] if endpoint.rule else []
    early += ["ValueError"] if any(one.where == "path" for one in endpoint.parameters) else []
    first = f"{' and '.join(early)} before anything is sent, " if early else ""
    note = " Deprecated by the vendor." if endpoint.deprecated else ""
    return Method(
        name=name,
        result=annotation(result_of(endpoint), imports, classes),
        arguments=ordered,
        rule=endpoint.rule,
        platform=_platform(shape, imports, classes) if endpoint.rule and shape else "",
        locals=tuple(lines),
        passed=tuple(passed),
        docstring=docstring(
            head or f"Call {endpoint.method} {endpoint.path}.",
            more,
            ["Args:", *told] if told else "",
            KEEPS_ITS_OWN if _answers_credentials(endpoint, classes) else "",
            f"`timeout` is in seconds, for this call in all. Raises {first}APIConnectionError, APIStatusError, "
            f"InvalidResponseError. Spec: {endpoint.method} {endpoint.path}.{note}",
            indent=8,
        ),
    )


@frozen
class _Members:
    """The members of a body that are arguments: the class, its fields' names, and the arguments' by the service's."""

    shape: Shape | None
    fields: Mapping[str, Property]
    own: Mapping[str, str]
    names: Mapping[str, str]


def _members(endpoint: Endpoint, classes: Classes) -> _Members:
    shape = _taken_apart(endpoint.body, classes)
    fields = _fields(shape, endpoint) if shape else {}
    own = field_names(classes.shapes[classes.of(shape.place)], classes.where[shape.place].name) if shape else {}
    return _Members(shape, fields, own, _argument_names(fields, own, rule=endpoint.rule))


def renamed_members(endpoint: Endpoint, classes: Classes) -> list[tuple[str, str]]:
    """Return the fields of a body that are arguments under other names, with these."""
    members = _members(endpoint, classes)
    return [(members.own[one], name) for one, name in members.names.items() if members.own[one] != name]


def names_of_parameters(endpoint: Endpoint, classes: Classes) -> dict[tuple[str, str], str]:
    """Return the arguments that parameters are; of those that a method fills in, the arguments of the module."""
    members = _members(endpoint, classes).names
    parameters = [one for one in endpoint.parameters if not _is_filled_in(one, rule=endpoint.rule)]
    taken = {*members.values(), *(RULE if endpoint.rule else ())}
    return parameter_names(endpoint.parameters) | parameter_names(parameters, taken)


def types_of_arguments(endpoint: Endpoint, classes: Classes) -> list[Type]:
    """Return the types of the arguments of an operation's friendly method."""
    found = [one.type for one in endpoint.parameters if not _is_filled_in(one, rule=endpoint.rule)]
    members = _members(endpoint, classes)
    if members.shape:
        return [*found, *(one.type for one in members.fields.values())]
    return [*found, endpoint.body.type] if endpoint.body else found


def _answers_credentials(endpoint: Endpoint, classes: Classes) -> bool:
    places = [place for _, kind in endpoint.answers for place in classes_in(kind) if place in classes.shapes]
    return any({"token", "secret"} <= {one.name for one in classes.shapes[place].properties} for place in places)


def _is_filled_in(one: Parameter, *, rule: bool) -> bool:
    """Return whether a parameter is no argument: the call loop gives the bot id, the rule the platform's pair."""
    return (one.where, one.name) == BOT_ID or (rule and one.where == "query" and one.name in QUERY_OF_RULE)


def _taken_apart(body: Body | None, classes: Classes) -> Shape | None:
    """Return the class of a body whose members become arguments."""
    if body is None or not isinstance(body.type, Named) or body.type.place not in classes.shapes:
        return None
    shape = classes.shapes[body.type.place]
    known = {one.name for one in shape.properties}
    if not body.required and "secret" not in known and any(one.required for one in shape.properties):
        return None
    return shape


def _fields(shape: Shape, endpoint: Endpoint) -> dict[str, Property]:
    known = {one.name: one for one in shape.properties}
    if endpoint.rule and (missing := [name for name in _RULE if name not in known]):
        raise Refused(f"{pointer(shape.place)}: has the rule of identification, but no {missing[0]!r}: move the rule")
    without = {"secret", *(_RULE if endpoint.rule else ())}
    return {name: one for name, one in known.items() if name not in without and not one.read_only}


def _platform(shape: Shape, imports: Imports, classes: Classes) -> str:
    [kind] = [one.type for one in shape.properties if one.name == "platform"]
    return annotation(kind, imports, classes, given="method")


def _argument_names(fields: Mapping[str, Property], own: Mapping[str, str], *, rule: bool) -> dict[str, str]:
    wanted = {name: f"{own[name]}_" if own[name] in RESERVED else own[name] for name in by_likeness(fields)}
    found = unique(wanted, RULE if rule else ())
    return {name: found[name] for name in fields}


def _member(one: Property, name: str, imports: Imports, classes: Classes) -> Argument:
    kind = annotation(one.type, imports, classes, given="method")
    if one.nullable:
        kind = either([kind, "None"])
    if one.required:
        default = default_code(one.type, one.default, one.place, imports, classes)
        return Argument(name, kind, default, one.description, one.name, one)
    return Argument(name, either([kind, "None"]), "None", docs_of(one.description, one.default), one.name, one)
