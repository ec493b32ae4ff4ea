"""Reading the trees of specs: JSON, YAML, and pages that hold either; the only types in them are JSON's."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

from vendoring.fragments import Fragment
from vendoring.merge import merge
from vendoring.pages import find_specs
from vendoring.parsing import DEEPEST, YAML_LOADER, NestingError, exceeds_libyaml, load_json
from vendoring.vendored import ScriptError

# A few dozen aliases of YAML can unfold to a tree that no machine can hold.
MOST_NODES = 20_000_000
# Python won't write an integer of more than 4,300 digits in decimals.
LONGEST_NUMBER = 10_000

# YAML 1.2's scalars: a date is a string here, and so are yes, no, on and off.
_SCALARS = {
    "null": ("~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": ("true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": ("[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.inf|\.nan",
        list("-+0123456789."),
    ),
    "merge": ("<<", ["<"]),
}
_Loader: Any = type("_Loader", (YAML_LOADER,), {"yaml_implicit_resolvers": {}})
for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), _first)


def read(data: bytes) -> Any:
    """Return the tree in a JSON or YAML file, or that of the one spec on a Markdown page, whichever it is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScriptError(f"is not UTF-8 text (byte {error.start})") from None
    try:
        return plain(_parse(text))
    except RecursionError:
        raise NestingError from None


def _parse(text: str) -> Any:
    try:
        return load_json(text)
    except ValueError:
        pass
    problem = "it is YAML, but no mapping"
    try:
        # S506: the loader derives from a safe one.
        tree = yaml.load(text, _Loader)  # noqa: S506
        if isinstance(tree, dict):
            return tree
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, yaml.YAMLError) and exceeds_libyaml(error):
            raise NestingError from None
        problem = re.sub(r"\s+", " ", str(error))
    try:
        return _paged(text)
    except ScriptError as error:
        raise ScriptError(f"is neither JSON nor YAML ({problem}), and as a page: {error}") from None


def _paged(text: str) -> Any:
    specs = find_specs(re.sub(r"\r\n?", "\n", text))
    if len(specs) == 1:
        return specs[0][1]
    # A page that describes several operations has a spec for each.
    try:
        return merge([Fragment(str(line), f"the spec at line {line}", spec) for line, spec in specs]).spec
    except (AttributeError, KeyError, TypeError):
        raise ScriptError(f"it holds {len(specs)} specs that can't be made one: at least one isn't sound") from None


def plain(tree: Any) -> Any:
    """Return the tree with JSON's types only: keys become strings, a value of another type its text."""
    done: dict[int, tuple[Any, int, int]] = {}
    open_ids: set[int] = set()

    def visit(value: Any, depth: int) -> tuple[Any, int, int]:
        if not isinstance(value, dict | list):
            return _scalar(value), 1, 0
        known = done.get(id(value))
        if known is None:
            if id(value) in open_ids:
                raise ScriptError("has a YAML alias that holds itself")
            open_ids.add(id(value))
            known = done[id(value)] = branch(value, depth + 1)
            open_ids.discard(id(value))
        return known

    def branch(value: Any, depth: int) -> tuple[Any, int, int]:
        if depth > DEEPEST:
            raise NestingError
        inners = [visit(inner, depth) for inner in (value.values() if isinstance(value, dict) else value)]
        trees: list[Any] = [tree for tree, _, _ in inners]
        result: Any = dict(zip(map(key_text, value), trees, strict=True)) if isinstance(value, dict) else trees
        size = sum(count for _, count, _ in inners) + 1
        if size > MOST_NODES:
            raise ScriptError("has YAML aliases that unfold to more than can be compared")
        # An alias that was visited less deep isn't visited again.
        height = max((below for _, _, below in inners), default=0) + 1
        if height > DEEPEST:
            raise NestingError
        return result, size, height

    return visit(tree, 0)[0]


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LONGEST_NUMBER else hex(value)
    return value if isinstance(value, float) and math.isfinite(value) else str(value)


def key_text(key: object) -> str:
    """Return a key as JSON would have it: YAML's 200 is "200"."""
    return json.dumps(key) if isinstance(key, bool | None) else str(key)
