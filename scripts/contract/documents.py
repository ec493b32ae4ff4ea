"""Specs as trees, which may be invalid: reading them, walking them, following their references."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from attrs import field, frozen

from _fragments import Fragment
from _merge import merge
from _pages import find_specs
from _parsing import DEEPEST, YAML_LOADER, NestingError, exceeds_libyaml, load_json
from _vendored import ScriptError

# A few dozen aliases of YAML can unfold to a tree that no machine can hold.
LARGEST = 20_000_000
# Python won't write an integer of more than 4,300 digits in decimals.
LONGEST_NUMBER = 10_000
ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "ABSENT", "__bool__": lambda _: False})()

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
        if size > LARGEST:
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


@frozen(eq=False, slots=False)
class Document:
    """A spec, the name to report it by, and the folder that its references to other files count from."""

    name: str
    tree: Any
    folder: Path | None = None
    # The commit that the document was taken from, for the parts of the diff that look at more than the document.
    revision: str | None = None
    repository: Path | None = None
    # The targets of references, by the file that they stand in: many references are the same.
    followed: dict[tuple[str, str], Cursor] = field(factory=dict, init=False, repr=False)
    _files: dict[str, Any] = field(factory=dict, init=False, repr=False)

    @classmethod
    def parse(
        cls,
        name: str,
        data: bytes,
        folder: Path | None = None,
        revision: str | None = None,
        repository: Path | None = None,
    ) -> Document:
        """Return the document in the bytes of a file; ScriptError if there is none that can be compared."""
        try:
            tree = read(data)
        except ScriptError as error:
            raise ScriptError(f"{name}: {error}") from None
        keys = tree.keys() if isinstance(tree, dict) else set[str]()
        if "swagger" in keys and "openapi" not in keys:
            version = f"{name}: is Swagger {tree['swagger']}, and only OpenAPI 3 can be compared"
            raise ScriptError(f"{version}: convert it first, for example with swagger2openapi")
        if not keys & {"openapi", "paths"}:
            raise ScriptError(f'{name}: is no OpenAPI document: it has neither "openapi" nor "paths"')
        return cls(name, tree, folder, revision, repository)

    @property
    def root(self) -> Cursor:
        """The place where the document begins."""
        return Cursor(self, self.tree, "")

    @cached_property
    def nowhere(self) -> Cursor:
        """An absent place."""
        return Cursor(self, ABSENT, "")

    @property
    def version(self) -> str:
        """The version that the document states."""
        return str(self.root.get("info").raw("version").value or "")

    @cached_property
    def siblings(self) -> bool:
        """True if the members beside a $ref in a schema count, as they do from OpenAPI 3.1 on."""
        return not str(self.root.get("openapi").text or "3.0").startswith("3.0")

    @cached_property
    def heirs(self) -> dict[int, tuple[Cursor, ...]]:
        """The schemas that build on another one by allOf, without a schema between, by the identity of the other."""
        found: dict[int, tuple[Cursor, ...]] = {}
        for _, place in self.root.get("components").get("schemas").children():
            bases = {id(base.value) for base in _bases(place)} if place.reference is None else set[int]()
            for base in bases - {id(place.value)}:
                found[base] = (*found.get(base, ()), place)
        return found

    @cached_property
    def told_apart(self) -> tuple[Cursor, ...]:
        """The schemas that a discriminator tells apart, which stands in a schema that they build on, however far up."""
        schemas = self.root.get("components").get("schemas")
        waiting = [place for _, place in schemas.children() if "discriminator" in place]
        found: dict[int, Cursor] = {}
        while waiting:
            fresh = [heir for heir in self.heirs.get(id(waiting.pop().value), ()) if id(heir.value) not in found]
            found |= {id(heir.value): heir for heir in fresh}
            waiting += fresh
        return tuple(found.values())

    def file(self, name: str) -> Any:
        """Return the tree in another file, or ABSENT; each is read once, and never from the network."""
        if not name:
            return self.tree
        if name not in self._files:
            self._files[name] = ABSENT
            if self.folder and not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:|[/\\]", name):
                with contextlib.suppress(OSError, ScriptError, ValueError):
                    self._files[name] = read((self.folder / name).read_bytes())
        return self._files[name]


@frozen(eq=False)
class Cursor:
    """A place in a document: its value, or ABSENT, and where it stands."""

    document: Document
    value: Any
    pointer: str
    file: str = ""

    def __bool__(self) -> bool:
        return self.value is not ABSENT

    @property
    def at(self) -> str | None:
        """The JSON pointer of the place, after its file's name if that is another; None if there is no such place."""
        if not self:
            return None
        return f"{self.file}#{self.pointer}" if self.file else self.pointer

    @property
    def text(self) -> str | None:
        """The value if it is a string."""
        return self.value if isinstance(self.value, str) else None

    @property
    def mapping(self) -> dict[str, Any]:
        """The value if it is an object, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def __contains__(self, key: str) -> bool:
        return key in self.mapping

    def raw(self, key: str) -> Cursor:
        """Return the place under a key, without following a reference."""
        value = self.value.get(key, ABSENT) if isinstance(self.value, dict) else ABSENT
        if value is ABSENT:
            return self.document.nowhere
        return Cursor(self.document, value, f"{self.pointer}/{escape(key)}", self.file)

    def says(self, key: str) -> Any:
        """Return the value under a key, None if there is none; not for values that may be references."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def get(self, key: str) -> Cursor:
        """Return the place under a key, or the one to which the reference there leads."""
        return self.raw(key).resolved()

    def children(self) -> Iterator[tuple[str, Cursor]]:
        """Yield the keys and values of an object, references not followed."""
        for key in self.mapping:
            yield key, self.raw(key)

    def elements(self) -> Iterator[Cursor]:
        """Yield the elements of a list, references not followed."""
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield Cursor(self.document, value, f"{self.pointer}/{index}", self.file)

    @property
    def reference(self) -> str | None:
        """The $ref that stands here, if any."""
        found = self.says("$ref")
        return found if isinstance(found, str) else None

    def resolved(self) -> Cursor:
        """Return the place to which references lead from here; an absent one if they lead nowhere or in a circle."""
        place, seen = self, set[int]()
        while (reference := place.reference) is not None:
            if id(place.value) in seen:
                return self.document.nowhere
            seen.add(id(place.value))
            place = place.follow(reference)
        return place

    def described(self) -> Cursor:
        """Return the place to which references lead, with the texts beside a reference in place of its own."""
        target = self.resolved()
        if self.reference is None or not target.mapping:
            return target
        texts = {key: self.mapping[key] for key in ("summary", "description") if key in self.mapping}
        return Cursor(target.document, target.mapping | texts, target.pointer, target.file) if texts else target

    def follow(self, reference: str) -> Cursor:
        """Return the place that a reference in this file names."""
        key = self.file, reference
        known = self.document.followed.get(key)
        if known is None:
            known = self.document.followed[key] = self._follow(reference)
        return known

    def _follow(self, reference: str) -> Cursor:
        name, _, fragment = reference.partition("#")
        # A reference counts from the file that it stands in.
        file = self.file
        if name:
            folder = self.file.rpartition("/")[0]
            file = f"{folder}/{unquote(name)}" if folder else unquote(name).removeprefix("./")
        value = self.document.file(file)
        for part in fragment.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list):
                value = value[int(key)] if re.fullmatch("[0-9]{1,9}", key) and int(key) < len(value) else ABSENT
            else:
                value = value.get(key, ABSENT) if isinstance(value, dict) else ABSENT
        pointer = unquote(fragment)
        return Cursor(self.document, value, pointer, file)


def _bases(place: Cursor) -> Iterator[Cursor]:
    for member in place.get("allOf").elements():
        if member.reference is not None:
            yield member.resolved()
        else:
            yield from _bases(member)


def escape(key: str) -> str:
    """Return a key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def canonical(value: Any) -> str:
    """Return a text that is the same for equal JSON values: 1.0 is 1, and the order of keys doesn't matter."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        inner = (f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value))
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return "" if value is ABSENT else json.dumps(value)


def same(old: Any, new: Any) -> bool:
    """Return whether two JSON values are equal; true is not 1 here."""
    return old is new or canonical(old) == canonical(new)
