"""Specs as trees, which may be invalid: walking them, following their references."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from vendoring.vendored import ScriptError

from .trees import read

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "ABSENT", "__bool__": lambda _: False})()


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
