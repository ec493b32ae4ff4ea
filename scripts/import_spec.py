"""Vendor the OpenAPI document that a Markdown page of the vendor's documentation holds.

    python scripts/import_spec.py SOURCE [--into FOLDER]

Writes FOLDER/manta-openapi.json, FOLDER/lock.toml and a copy of the page in FOLDER/sources/.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import referencing
import tomli_w
from attrs import frozen
from markdown_it import MarkdownIt
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing.exceptions import Unresolvable

from _vendored import ScriptError, Vendored, canonical, read_lock, run, sha256, write_all

LOCK_HEADER = "# Written by python scripts/import_spec.py SOURCE; a change made here by hand is lost.\n"
GENERATOR = "openapi-python-client"
SHOWN = 5
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
SEEMS_A_SPEC = re.compile(r"""["']openapi["']\s*:|\A\s*\{\s*openapi\s*:""")

JsonPath = tuple[str | int, ...]


@frozen
class Fence:
    """A code fence: its text, and where each line of the text begins on the page."""

    text: str
    line: int
    margins: tuple[int, ...]

    def place(self, line: int, column: int) -> str:
        """Return the place on the page of a place in the text; all count from 1."""
        return f"line {self.line + line - 1}, column {self.margins[line - 1] + column}"


@frozen
class Flaw:
    """Stands in a parsed document for what the json module would silently accept or change."""

    text: str


def fences(page: str) -> list[Fence]:
    """Return the page's code fences, as CommonMark sees them, whatever their info string says."""
    page = re.sub(r"\r\n?", "\n", page)
    page_lines = page.split("\n")
    markdown = MarkdownIt("commonmark")
    # Inline markup is of no interest, and slow on a document in one line.
    markdown.core.ruler.enableOnly(["block"])
    found: list[Fence] = []
    for token in markdown.parse(page):
        if token.type == "fence" and token.map:
            text = token.content.rstrip()
            first = token.map[0] + 1
            ends = zip(page_lines[first:], text.split("\n"), strict=False)
            margins = tuple(len(outer.rstrip()) - len(inner.rstrip()) for outer, inner in ends)
            found.append(Fence(text, first + 1, margins or (0,)))
    return found


def find_spec(page: str) -> dict[str, Any]:
    """Return the one spec on the page, flaws included; what is no spec doesn't matter.

    Raises ScriptError if there is none, if there are two, or if one seems meant but isn't JSON.
    """
    specs: list[tuple[Fence, dict[str, Any]]] = []
    others: list[str] = []
    for fence in fences(page):
        try:
            document = parse(fence)
        except ScriptError as error:
            if SEEMS_A_SPEC.search(fence.text):
                raise ScriptError(f"the spec is broken: {error}") from None
            others.append(str(error))
            continue
        if isinstance(document, dict) and "openapi" in document:
            specs.append((fence, document))
        else:
            others.append(f'line {fence.line}: JSON, but no object with an "openapi" key')
    if len(specs) > 1:
        lines = " and ".join(str(fence.line) for fence, _ in specs)
        raise ScriptError(f"there are {len(specs)} specs, at lines {lines}, and one is wanted")
    if not specs:
        raise ScriptError('there is no spec: no code fence holds a JSON object with an "openapi" key' + some(others))
    return specs[0][1]


def parse(fence: Fence) -> object:
    """Return the JSON in a fence; flaws in a document that can be parsed stand in it as Flaw."""
    try:
        return json.loads(fence.text, object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ScriptError(f"{fence.place(error.lineno, error.colno)}: not JSON: {error.msg}") from None
    except (RecursionError, ValueError):
        raise ScriptError(f"line {fence.line}: JSON nested too deeply, or a number too long, to be read") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        result[key] = Flaw("this key stands twice in its object") if key in result else value
    return result


def _float(text: str) -> float | Flaw:
    value = float(text)
    if Decimal(text) == Decimal(repr(value)):
        return value
    return Flaw(f"{shorten(text)} can't be kept exactly")


def _constant(name: str) -> Flaw:
    return Flaw(f"{name} is not JSON")


def problems(spec: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a document, each beginning with the JSON path of its place.

    Each kind is looked for only where there are none of the kinds before: what can't be kept or
    points out of the document, another OpenAPI version, the schema, the rules beyond the schema.
    """
    try:
        if found := list(_flaws(spec)):
            return found
        if not re.fullmatch(r"3\.0\.[0-9]+", str(spec["openapi"])):
            return [f"$.openapi: is {shorten(repr(spec['openapi']))}, not 3.0.x"]
        validator = OpenAPIV30SpecValidator(spec)
        # The rules beyond the schema may crash on a document that doesn't conform to the schema.
        errors = list(validator.schema_validator.iter_errors(spec)) or list(validator.iter_errors())
    except RecursionError:
        return ["$: something is nested too deeply, or a $ref leads back to itself"]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # The validator takes what a $ref points at for what ought to be there.
        return [f"$: can't be validated: a $ref may point at the wrong kind of thing ({error!r})"]
    if errors:
        return [_describe(error) for error in errors]
    if not is_plain(spec["info"]["version"]):
        return ["$.info.version: is blank or not printable"]
    return []


def _flaws(spec: Mapping[str, Any]) -> Iterator[str]:
    # A registry without a retriever: no $ref in a page makes us open a file or an address.
    registry: referencing.Registry[object] = referencing.Registry()
    resolver = registry.resolver_with_root(referencing.Resource.opaque(spec))
    for path, value in _walk(spec, ()):
        if isinstance(value, Flaw):
            yield f"{json_path(path)}: {value.text}"
        elif not _is_unicode(value) or (path and not _is_unicode(path[-1])):
            yield f"{json_path(path)}: half a surrogate pair is not text"
        elif path[-1:] == ("$ref",) and isinstance(value, str):
            try:
                resolver.lookup(value)
            except (Unresolvable, ValueError, TypeError):
                yield f"{json_path(path)}: {shorten(repr(value))} is nowhere in this document"


def _walk(value: object, path: JsonPath) -> Iterator[tuple[JsonPath, object]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*path, index))


def _is_unicode(value: object) -> bool:
    return not (isinstance(value, str) and re.search("[\ud800-\udfff]", value))


def _describe(error: Any) -> str:
    # Below "matches no alternative", the error deepest in the document says which one was meant.
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{json_path(tuple(error.absolute_path))}: {shorten(error.message)}"


def json_path(path: JsonPath) -> str:
    """Return a path as a person writes it: $.tags[0].name, $.paths['/x']."""
    parts = [f".{part}" if isinstance(part, str) and part.isidentifier() else f"[{part!r}]" for part in path]
    return "$" + "".join(parts)


def shorten(text: str, limit: int = 200) -> str:
    """Return the text, with its middle left out if it is long: both ends tell something."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} ... {text[-half:]}"


def some(lines: Sequence[str]) -> str:
    """Return the first few of the lines, each on a line of its own below a message."""
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "".join(f"\n  {line}" for line in [*lines[:SHOWN], *more])


def is_plain(text: str) -> bool:
    """Say whether the text is visible and can be printed and written anywhere."""
    return text.isprintable() and bool(text.strip())


def read_page(data: bytes) -> dict[str, Any]:
    """Return the valid spec that a page holds; ScriptError says what is wrong and where."""
    try:
        page = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScriptError(f"line {line}: is not UTF-8 text") from None
    if "\0" in page:
        raise ScriptError("is not text: it has a NUL character")
    spec = find_spec(page)
    if found := problems(spec):
        raise ScriptError("the spec is not a valid OpenAPI 3.0 document:" + some(found))
    return spec


def lock_text(spec: Mapping[str, Any], vendored: Vendored, files: Mapping[Path, bytes]) -> str:
    """Return the text of lock.toml for a spec, its file and its page."""
    spec_file = {"file": vendored.spec.name, "version": spec["info"]["version"], "sha256": sha256(files[vendored.spec])}
    tables = [("[spec]", spec_file)]
    tables += [
        ("[[sources]]", {"name": path.name, "sha256": sha256(data)})
        for path, data in files.items()
        if path.parent == vendored.sources
    ]
    generator = {"name": GENERATOR, "version": importlib.metadata.version(GENERATOR)}
    tables += [("[generator]", generator)]
    return LOCK_HEADER + "".join(f"\n{head}\n{tomli_w.dumps(table)}" for head, table in tables)


def superseded(vendored: Vendored) -> list[Path]:
    """Return the pages that the last import left, as it left them; others aren't ours to remove."""
    try:
        sources = read_lock(vendored)["sources"]
    except ScriptError:
        return []
    pages = {vendored.sources / source["name"]: source["sha256"] for source in sources}
    return [
        page
        for page, digest in pages.items()
        if page.parent == vendored.sources and page.is_file() and sha256(page.read_bytes()) == digest
    ]


def count_operations(spec: Mapping[str, Any]) -> int:
    """Return the number of operations in a spec."""
    return sum(len(METHODS & item.keys()) for path, item in spec["paths"].items() if path.startswith("/"))


def main(arguments: list[str] | None = None) -> int:
    """Import a page and say what was done; return the exit status."""
    parser = argparse.ArgumentParser(description="Vendor the OpenAPI document on a Markdown page.", allow_abbrev=False)
    parser.add_argument("source", type=Path, help="a Markdown page with one spec in a code fence")
    parser.add_argument("--into", type=Path, default=Vendored().folder, metavar="FOLDER", help="default: openapi/")
    options = parser.parse_args(arguments)
    source: Path = options.source
    vendored = Vendored(options.into)
    if not is_plain(source.name):
        raise ScriptError(f"{source!r}: the page is kept under its name, so it needs a printable one")
    try:
        page = source.read_bytes()
        spec = read_page(page)
    except OSError as error:
        raise ScriptError(f"{source}: {error.strerror}") from None
    except ScriptError as error:
        raise ScriptError(f"{source}: {error}") from None

    files = {vendored.spec: canonical(spec).encode(), vendored.sources / source.name: page}
    files[vendored.lock] = lock_text(spec, vendored, files).encode()
    changed = set(write_all(dict.fromkeys(superseded(vendored)) | files))
    operations = count_operations(spec)
    print(f"{source.name}: version {spec['info']['version']}, {operations} operation{'' if operations == 1 else 's'}")
    names = {path: path.relative_to(vendored.folder.parent).as_posix() for path in changed}
    for verb, done in (("wrote", changed & files.keys()), ("removed", changed - files.keys())):
        if done:
            print(verb, ", ".join(sorted(names[path] for path in done)))
    if not changed:
        print(f"nothing changed: {vendored.folder} is up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
