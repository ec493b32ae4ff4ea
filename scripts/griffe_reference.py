"""An extension of griffe for reference pages: a client's own types, and values in place of constants' names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import griffe

MemberT = TypeVar("MemberT", bound=griffe.Object)


class Reference(griffe.Extension):
    """Signatures as a caller needs them.

    A class that fills in a generic one's type variables gets an `__init__` of its own, with them filled in; a default
    that is a constant of whole numbers gets its value.
    """

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Look at a package and all modules in it, once all of it is read."""
        for module in _modules(pkg):
            for function in _own(module.functions):
                for given in function.parameters:
                    given.default = _value(given.default, module)
            for found in _own(module.classes):
                _own_init(found, module)


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for inner in _own(module.modules):
        yield from _modules(inner)


def _own(members: Mapping[str, MemberT]) -> list[MemberT]:
    return [member for member in members.values() if not member.is_alias]


def _own_init(found: griffe.Class, module: griffe.Module) -> None:
    for base in found.bases:
        if not isinstance(base, griffe.ExprSubscript) or str(base.left) not in module.classes:
            continue
        generic = module.classes[str(base.left)]
        init = generic.members.get("__init__")
        if not isinstance(init, griffe.Function):
            continue
        declared = [of for of in generic.bases if isinstance(of, griffe.ExprSubscript) and str(of.left) == "Generic"]
        variables = [str(name) for of in declared for name in _elements(of)]
        filled = dict(zip(variables, _elements(base), strict=False))
        own = griffe.Function("__init__", docstring=init.docstring, parent=found, lineno=init.lineno)
        own.parameters = griffe.Parameters(
            *(
                griffe.Parameter(
                    given.name,
                    annotation=_with(given.annotation, filled),
                    kind=given.kind,
                    default=_value(given.default, module),
                )
                for given in init.parameters
            )
        )
        found.set_member("__init__", own)


def _elements(subscript: griffe.ExprSubscript) -> list[Any]:
    inner = subscript.slice
    return [*inner.elements] if isinstance(inner, griffe.ExprTuple) else [inner]


def _with(node: Any, names: Mapping[str, Any]) -> Any:
    """Return an expression with names replaced."""
    match node:
        case griffe.ExprName() if node.name in names:
            return names[node.name]
        case griffe.Expr():
            return replace(node, **{of.name: _with(getattr(node, of.name), names) for of in fields(node) if of.init})
        case list():
            return [_with(inner, names) for inner in node]
        case _:
            return node


def _value(default: Any, module: griffe.Module) -> Any:
    """Return the value of a product of whole numbers and constants, such as 16 * MEBIBYTE; else the default.

    A private constant of another kind says nothing to a caller.
    """
    product = (
        _product(str(default), module) if isinstance(default, griffe.Expr) or str(default).isidentifier() else None
    )
    if product is None:
        return "..." if isinstance(default, griffe.ExprName) and default.name.startswith("_") else default
    return str(product)


def _product(text: str, module: griffe.Module) -> int | None:
    product = 1
    for factor in (part.strip() for part in text.split("*")):
        constant = _constant(factor, module)
        value = (
            int(factor) if factor.isdigit() else _product(str(constant.value), constant.module) if constant else None
        )
        if value is None:
            return None
        product *= value
    return product


def _constant(name: str, module: griffe.Module) -> griffe.Attribute | None:
    member = module.members.get(name)
    if isinstance(member, griffe.Alias):
        try:
            member = member.final_target
        except griffe.AliasResolutionError:
            return None
    return member if isinstance(member, griffe.Attribute) else None
