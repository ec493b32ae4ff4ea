"""Operations as code: the module of each, and its method in both clients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from _fragments import pointer
from generation.code import PACKAGE, Classes, Imports, annotation, class_here, either, reader
from generation.defaults import default_code
from generation.document import Refused
from generation.ir import (
    ABSENT,
    JSON,
    NO_CONTENT,
    Body,
    Endpoint,
    Named,
    Nullable,
    Parameter,
    Property,
    Shape,
    Type,
    Union,
)
from generation.models import field_names
from generation.names import by_likeness, identifier, unique
from generation.text import docstring, literal, sentence

# What the functions around a parameter use themselves.
RESERVED = frozenset(
    {"asend", "body", "client", "identity", "operation", "request", "self", "send", "timeout", "overload"}
)
RULE = ("client_id", "platform", "platform_client_id")
RULE_IN_SPEC = ("clientId", "platform", "platformClientId")
BOT_ID = ("query", "botId")


@frozen
class Argument:
    """An argument of a function: what it is called and where its value goes."""

    name: str
    annotation: str
    default: str | None = None
    docs: str = ""
    key: str = ""

    @property
    def code(self) -> str:
        """The argument in a signature."""
        return f"{self.name}: {self.annotation}" + (f" = {self.default}" if self.default is not None else "")


@frozen
class Api:
    """The module of an operation, in code."""

    endpoint: Endpoint
    name: str
    result: str
    options: tuple[str, ...]
    arguments: tuple[Argument, ...]
    values: tuple[tuple[str, str], ...]
    has_body: bool
    has_twice: bool
    docstring: str
    imports: tuple[str, ...]
    imports_later: tuple[str, ...]


@frozen
class Method:
    """The friendly method of an operation, in code."""

    name: str
    module: str
    result: str
    arguments: tuple[Argument, ...]
    rule: bool
    platform: str
    locals: tuple[str, ...]
    passed: tuple[tuple[str, str], ...]
    docstring: str


def in_order(arguments: Sequence[Argument]) -> tuple[Argument, ...]:
    """Return the arguments with those first that have to be given."""
    return tuple(sorted(arguments, key=lambda one: one.default is not None))


def result_of(endpoint: Endpoint) -> Type:
    """Return the type of what an operation answers."""
    kinds = [kind for _, kind in endpoint.answers]
    present = [*dict.fromkeys(kind for kind in kinds if kind != NO_CONTENT)]
    whole = present[0] if len(present) == 1 else Union(tuple(present)) if present else NO_CONTENT
    return Nullable(whole) if present and NO_CONTENT in kinds and whole != JSON else whole


def parameter_names(parameters: Collection[Parameter], taken: Collection[str] = ()) -> dict[tuple[str, str], str]:
    """Return the Python names of parameters; of two that would share one, the later says where it stands."""
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


# --- the module of an operation -------------------------------------------------------------------------------------


def api(endpoint: Endpoint, name: str, classes: Classes) -> Api:
    """Return the module of an operation."""
    names = parameter_names(endpoint.parameters)
    imports = Imports(
        avoid={*names.values(), "body", "client", "request", "send", "asend", "sync", "asyncio", "OPERATION"}
    )
    for framework in ("AuthenticatedClient", "Client"):
        imports.name(f"{PACKAGE}.client", framework, later=True)
    arguments = [
        _parameter(one, names[one.where, one.name], imports, classes, "request") for one in endpoint.parameters
    ]
    if endpoint.body:
        arguments.insert(0, _whole_body(endpoint.body, imports, classes, "request"))
    result = annotation(result_of(endpoint), imports, classes)
    twice = [one.name for one in endpoint.parameters]
    values = tuple(
        (
            f"({literal(one.where)}, {literal(one.name)})" if twice.count(one.name) > 1 else literal(one.name),
            names[one.where, one.name],
        )
        for one in endpoint.parameters
    )
    return Api(
        endpoint=endpoint,
        name=name,
        result=result,
        options=tuple(_options(endpoint, name, imports, classes)),
        arguments=in_order(arguments),
        values=values,
        has_body=endpoint.body is not None,
        has_twice=len({*twice}) < len(twice),
        docstring=docstring(_text(endpoint)[0], f"{endpoint.method} {endpoint.path}", indent=0),
        imports=tuple(imports.lines()),
        imports_later=tuple(imports.lines(later=True)),
    )


def _parameter(one: Parameter, name: str, imports: Imports, classes: Classes, given: str) -> Argument:
    kind = annotation(one.type, imports, classes, given=given)
    if (one.where, one.name) == BOT_ID:
        return Argument(name, kind, '""', key=one.name)
    default = default_code(one.type, one.default, one.place, imports, classes) if one.required else None
    if one.required:
        return Argument(name, kind, default, one.description, one.name)
    return Argument(name, either([kind, "None"]), "None", _docs(one.description, one.default), one.name)


def _docs(text: str, default: object) -> str:
    text = " ".join(text.split())
    if default is ABSENT:
        return text
    return f"{sentence(text)} The service takes {default!r} where it isn't given.".strip()


def _whole_body(body: Body, imports: Imports, classes: Classes, given: str) -> Argument:
    kind = annotation(body.type, imports, classes, given=given)
    if body.required:
        return Argument("body", kind)
    return Argument("body", either([kind, "None"]), "None")


def _options(endpoint: Endpoint, name: str, imports: Imports, classes: Classes) -> list[str]:
    options = [f"name={literal(name)}", f"method={literal(endpoint.method)}", f"path={literal(endpoint.path)}"]
    options += ["reads=True"] if endpoint.reads else []
    if [status for status, _ in endpoint.answers] == [200]:
        options.append(f"result={reader(endpoint.answers[0][1], imports, classes)}")
    else:
        table = [
            f"{literal(status) if isinstance(status, str) else status}: {reader(kind, imports, classes)}"
            for status, kind in endpoint.answers
        ]
        options.append(f"answers={{{', '.join(table)}}}")
    if endpoint.parameters:
        called = imports.name("mantago_runtime.operation", "Parameter")
        options.append(f"parameters=({' '.join(f'{called}({_declared(one)}),' for one in endpoint.parameters)})")
    if endpoint.body:
        options.append(f"content_type={literal(endpoint.body.content_type)}")
        if endpoint.body.encoding:
            said = [
                f"{literal(key)}: ({literal(style)}, {explode})"
                for key, (style, explode) in endpoint.body.encoding.items()
            ]
            options.append(f"encoding={{{', '.join(said)}}}")
    if endpoint.accept != "application/json":
        options.append(f"accept={literal(endpoint.accept)}")
    if endpoint.not_paths:
        options.append(f"not_paths=({' '.join(f'{literal(path)},' for path in endpoint.not_paths)})")
    return options


def _declared(one: Parameter) -> str:
    said = [literal(one.name), literal(one.where)]
    said += ["required=True"] if one.required else []
    usual = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}[one.where]
    said += [f"style={literal(one.style)}"] if one.style != usual else []
    if one.style != "json" and one.explode != (one.style == "form"):
        said.append(f"explode={one.explode}")
    return ", ".join(said)


# --- the friendly method --------------------------------------------------------------------------------------------


def method(endpoint: Endpoint, name: str, classes: Classes, imports: Imports) -> Method:
    """Return the friendly method of an operation; its annotations are imported in the module of all of them."""
    parameters = [
        one
        for one in endpoint.parameters
        if (one.where, one.name) != BOT_ID
        and not (endpoint.rule and one.where == "query" and one.name in RULE_IN_SPEC[1:])
    ]
    body = endpoint.body
    shape = _taken_apart(body, classes)
    fields = _fields(shape, endpoint, classes) if shape else {}
    own = field_names(classes.shapes[classes.of(shape.place)], classes.where[shape.place].name) if shape else {}
    names = _argument_names(fields, own, endpoint.rule)
    taken = {*RULE} if endpoint.rule else set()
    of_parameters = parameter_names(parameters, taken | {*names.values()})
    of_module = parameter_names(endpoint.parameters)
    arguments: list[Argument] = []
    passed: list[tuple[str, str]] = []
    lines: list[str] = []
    if body and shape:
        here = class_here(body.type.place, Imports(avoid={*names.values(), *of_parameters.values()}), classes)
        found = classes.where[classes.of(body.type.place)]
        alias = f" as {here}" if here != found.name else ""
        lines.append(f"from {PACKAGE}.models.{found.module} import {found.name}{alias}")
        given = [f"{python}=identity.{python}" for python in _rule_fields(shape, own)] if endpoint.rule else []
        for one, python in names.items():
            arguments.append(_member(fields[one], python, imports, classes))
            given.append(f"{own[one]}={python}")
        passed.append(("body", f"{here}({', '.join(given)})"))
    elif body:
        arguments.append(_whole_body(body, imports, classes, "method"))
        passed.append(("body", "body"))
    for one in parameters:
        python = of_parameters[one.where, one.name]
        arguments.append(_parameter(one, python, imports, classes, "method"))
        passed.append((of_module[one.where, one.name], python))
    if endpoint.rule:
        for one in endpoint.parameters:
            if one.where == "query" and one.name in RULE_IN_SPEC[1:]:
                value = f"identity.{RULE[RULE_IN_SPEC.index(one.name)]}"
                passed.append((of_module[one.where, one.name], f"{value} if identity.in_query else None"))
    ordered = in_order(arguments)
    head, more = _text(endpoint)
    told = [f"    {one.name}: {' '.join(one.docs.split())}" for one in ordered if one.docs]
    return Method(
        name=name,
        module=f"{PACKAGE}.api.{endpoint.folder}",
        result=annotation(result_of(endpoint), imports, classes),
        arguments=ordered,
        rule=endpoint.rule,
        platform=_platform(shape, imports, classes) if endpoint.rule and shape else "",
        locals=(f"from {PACKAGE}.api.{endpoint.folder} import {endpoint.module} as operation", *lines),
        passed=tuple(passed),
        docstring=docstring(
            head,
            more,
            ["Args:", *told] if told else "",
            f"Spec: {endpoint.method} {endpoint.path}." + (" Deprecated by the vendor." if endpoint.deprecated else ""),
            indent=8,
        ),
    )


def _text(endpoint: Endpoint) -> tuple[str, str]:
    if endpoint.docs:
        return endpoint.docs, ""
    summary = sentence(" ".join(endpoint.summary.split()))
    return summary or sentence(endpoint.description), sentence(endpoint.description) if summary else ""


def _taken_apart(body: Body | None, classes: Classes) -> Shape | None:
    """Return the class of a body whose members become arguments."""
    if body is None or not isinstance(body.type, Named) or body.type.place not in classes.shapes:
        return None
    shape = classes.shapes[body.type.place]
    known = {one.name for one in shape.properties}
    if not body.required and "secret" not in known and any(one.required for one in shape.properties):
        return None
    return shape


def _fields(shape: Shape, endpoint: Endpoint, classes: Classes) -> dict[str, Property]:
    known = {one.name: one for one in shape.properties}
    if endpoint.rule and (missing := [name for name in RULE_IN_SPEC if name not in known]):
        raise Refused(f"{pointer(shape.place)}: has the rule of identification, but no {missing[0]!r}: move the rule")
    without = {"secret", *(RULE_IN_SPEC if endpoint.rule else ())}
    return {name: one for name, one in known.items() if name not in without and not one.read_only}


def _rule_fields(shape: Shape, own: Mapping[str, str]) -> list[str]:
    wrong = [name for name, python in zip(RULE_IN_SPEC, RULE, strict=True) if own[name] != python]
    if wrong:
        raise Refused(f"{pointer(shape.place)}: {wrong[0]!r} is called {own[wrong[0]]!r}, which the rule doesn't know")
    return list(RULE)


def _platform(shape: Shape, imports: Imports, classes: Classes) -> str:
    [kind] = [one.type for one in shape.properties if one.name == RULE_IN_SPEC[1]]
    return annotation(kind, imports, classes, given="method")


def _argument_names(fields: Mapping[str, Property], own: Mapping[str, str], rule: bool) -> dict[str, str]:
    wanted = {name: f"{own[name]}_" if own[name] in RESERVED else own[name] for name in by_likeness(fields)}
    found = unique(wanted, RULE if rule else ())
    return {name: found[name] for name in fields}


def _member(one: Property, name: str, imports: Imports, classes: Classes) -> Argument:
    kind = annotation(one.type, imports, classes, given="method")
    if one.nullable:
        kind = either([kind, "None"])
    if one.required:
        default = default_code(one.type, one.default, one.place, imports, classes)
        return Argument(name, kind, default, one.description, one.name)
    return Argument(name, either([kind, "None"]), "None", _docs(one.description, one.default), one.name)
