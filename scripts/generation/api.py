"""The module of each operation as code."""

from __future__ import annotations

from attrs import frozen

from generation.arguments import Argument, in_order, parameter, parameter_names, result_of, texts, whole_body
from generation.code import PACKAGE, Classes, Imports, annotation, reader
from generation.ir import Endpoint, Parameter
from generation.methods import names_of_parameters, renamed_members
from generation.text import docstring, literal


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


def api(endpoint: Endpoint, name: str, classes: Classes) -> Api:
    """Return the module of an operation."""
    names = parameter_names(endpoint.parameters)
    imports = Imports(
        avoid={*names.values(), "body", "client", "request", "send", "asend", "sync", "asyncio", "OPERATION"}
    )
    for framework in ("AuthenticatedClient", "Client"):
        imports.name(f"{PACKAGE}.client", framework, later=True)
    arguments = [parameter(one, names[one.where, one.name], imports, classes, "request") for one in endpoint.parameters]
    if endpoint.body:
        arguments.insert(0, whole_body(endpoint.body, imports, classes, "request"))
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
        docstring=docstring(texts(endpoint)[0], f"{endpoint.method} {endpoint.path}", indent=0),
        imports=tuple(imports.lines()),
        imports_later=tuple(imports.lines(later=True)),
    )


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
        names = names_of_parameters(endpoint, classes)
        declared = [_declared(one, names[one.where, one.name]) for one in endpoint.parameters]
        options.append(f"parameters=({' '.join(f'{called}({one}),' for one in declared)})")
    if endpoint.body:
        options.append(f"content_type={literal(endpoint.body.content_type)}")
        if endpoint.body.encoding:
            said = [
                f"{literal(key)}: ({literal(style)}, {explode})"
                for key, (style, explode) in endpoint.body.encoding.items()
            ]
            options.append(f"encoding={{{', '.join(said)}}}")
    if members := renamed_members(endpoint, classes):
        options.append(f"members={{{', '.join(f'{literal(own)}: {literal(argument)}' for own, argument in members)}}}")
    if endpoint.accept != "application/json":
        options.append(f"accept={literal(endpoint.accept)}")
    if endpoint.not_paths:
        options.append(f"not_paths=({' '.join(f'{literal(path)},' for path in endpoint.not_paths)})")
    return options


def _declared(one: Parameter, argument: str) -> str:
    said = [literal(one.name), literal(one.where)]
    said += ["required=True"] if one.required else []
    usual = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}[one.where]
    said += [f"style={literal(one.style)}"] if one.style != usual else []
    if one.style != "json" and one.explode != (one.style == "form"):
        said.append(f"explode={one.explode}")
    said += [f"argument={literal(argument)}"] if argument != one.name else []
    return ", ".join(said)
