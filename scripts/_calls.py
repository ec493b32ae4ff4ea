"""How the generated package calls an operation, read from its source: nothing is imported for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from attrs import frozen

# What an argument is filled with in an example, by the beginning of its type.
_FILLED = {"str": '"..."', "int": "1", "float": "1.0", "bool": "True"}


@frozen
class Call:
    """The module of an operation, and the arguments of its functions as a person writes them."""

    module: str
    function: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    models: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines that make the call, as Python."""
        package, _, name = self.module.rpartition(".")
        lines = [f"from {package} import {name}"]
        if self.models:
            lines.append(f"from mantago_generated.models import {', '.join(self.models)}")
        lines.append(f"{name}.{self.function}({', '.join(self.required)})")
        if self.optional:
            lines[-1] += f"  # also: {', '.join(self.optional)}"
        return "\n".join(lines)


def shape(operation: str) -> str:
    """Return "POST /client/{id}" without the names of its parameters, which code spells otherwise."""
    return re.sub(r"\{[^}]*\}", "{}", operation)


def calls(package: Path) -> dict[str, Call]:
    """Return the call of each operation of a generated package, by "POST /client/{}"."""
    found = {}
    for path in sorted(package.glob("api/*/*.py")):
        if path.name != "__init__.py":
            tree = ast.parse(path.read_text("utf-8"))
            module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
            operation = _operation(tree)
            found[shape(operation)] = _call(module, tree)
    return found


def _operation(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            named = zip(node.keys, node.values, strict=True)
            pairs = {key.value: value for key, value in named if isinstance(key, ast.Constant)}
            if pairs.keys() >= {"method", "url"}:
                return f"{_text(pairs['method']).upper()} {_text(pairs['url'])}"
    raise AssertionError("the generator writes operations in another way: see _calls.py")


def _text(node: ast.AST) -> str:
    # A path with parameters is a text that is formatted.
    return next(inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and type(inner.value) is str)


def _call(module: str, tree: ast.Module) -> Call:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    # Without a documented answer there is nothing but the detailed functions.
    name = "sync" if "sync" in functions else "sync_detailed"
    arguments = functions[name].args
    required, optional, models = [], [], []
    given = [(argument, None) for argument in arguments.args]
    for argument, default in [*given, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        kind = ast.unparse(argument.annotation) if argument.annotation else "Any"
        if argument.arg == "client":
            required.append("client=mantago.generated")
        elif default is not None:
            optional.append(f"{argument.arg}: {kind.removesuffix(' | Unset')}")
        else:
            model = bool(re.fullmatch(r"[A-Z]\w*", kind)) and kind not in {"File", "Any", "UUID", "None"}
            models += [kind] if model else []
            required.append(f"{argument.arg}={f'{kind}(...)' if model else _FILLED.get(kind, '...')}")
    return Call(module, name, tuple(required), tuple(optional), tuple(models))
