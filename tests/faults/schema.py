"""Answers made from the schema of the vendored document, and what each change of one must lead to.

Own strategies rather than a package's: what is expected of a change is read from the same schema, as published and as
our errata read it, and for that the place of each value in the schema must be known.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import yaml
from attrs import frozen
from hypothesis import strategies as st

from regenerate import apply_overlay
from vendoring.vendored import Vendored, read_spec

PUBLISHED = read_spec(Vendored())
OVERLAYS = [yaml.safe_load(path.read_text("utf-8")) for path in (Vendored().overlay, Vendored().names)]
AS_READ = reduce(apply_overlay, OVERLAYS, PUBLISHED)
Schema = dict[str, Any]


def resolve(document: Schema, schema: Schema) -> Schema:
    """Return a schema without $ref and allOf at its top."""
    if "$ref" in schema:
        target: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return resolve(document, target)
    merged: Schema = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema.get("allOf", []):
        for name, value in resolve(document, part).items():
            if name == "properties":
                merged[name] = merged.get(name, {}) | value
            elif name == "required":
                merged[name] = [*merged.get(name, []), *value]
            else:
                merged[name] = value
    return merged


def success(document: Schema) -> Schema:
    """Return the schema of a 200."""
    operation = document["paths"]["/openapi/client/gift"]["post"]
    return resolve(document, operation["responses"]["200"]["content"]["application/json"]["schema"])


def moments() -> st.SearchStrategy[str]:
    """Timestamps as RFC 3339 has them: any offset, any fraction."""
    offsets = st.one_of(
        st.just("Z"), st.builds("{}{:02}:{:02}".format, st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59))
    )
    fractions = st.one_of(st.just(""), st.integers(0, 10**9).map(lambda number: f".{number}"))
    return st.builds(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}".format,
        *(st.integers(2, 9998), st.integers(1, 12), st.integers(1, 28)),
        *(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)),
        *(fractions, offsets),
    )  # fmt: skip


def values(document: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    """Values that fit a schema; `success` is left true, since a 200 that says false is a refusal."""
    schema = resolve(document, schema)
    some = values_but_null(document, schema)
    return st.none() | some if schema.get("nullable") else some


def values_but_null(document: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "object":
            required = set(schema.get("required", []))
            members = {name: values(document, part) for name, part in schema["properties"].items()}
            if "success" in members:
                members["success"] = st.just(True)
            return st.fixed_dictionaries(
                {name: member for name, member in members.items() if name in required},
                optional={name: member for name, member in members.items() if name not in required},
            )
        case "array":
            return st.lists(values(document, schema["items"]), max_size=3)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-(2**31), 2**31 - 1)
        case "number":
            return st.floats(-1e9, 1e9)
        case "string" if "enum" in schema:
            return st.sampled_from(schema["enum"])
        case "string" if schema.get("format") == "date-time":
            return moments()
        case "string":
            return st.text(max_size=20)
    # An answer that this can't make is one that the tests below would pass over in silence.
    raise NotImplementedError(f"the document says what no strategy here makes: add a case for {schema}")


ANSWERS = values(PUBLISHED, success(PUBLISHED))


@frozen
class Mutant:
    """A changed answer, what was changed, and what must come of it: drift as kind and path, or a refused path."""

    change: str
    answer: Any
    drift: tuple[tuple[str, str], ...] = ()
    refused: str | None = None


ENVELOPE = ("success", "message")
# An empty list is a form of nothing where an object may be left out.
OTHERS = {"object": [None], "array": {}, "boolean": "true", "string": 7, "integer": "7", "number": "7.5"}


def mutants(answer: Any) -> Iterator[Mutant]:
    """Change an answer in every way at every node: drop, null, retype, rename, add, reorder, and what formats allow."""
    yield from _changes(answer, answer, "", success(PUBLISHED), success(AS_READ), lambda new: new)


def _changes(root: Any, value: Any, path: str, published: Schema, as_read: Schema, place: Any) -> Iterator[Mutant]:
    here = path or "$"
    yield Mutant(f"retype {here}", place(OTHERS[published["type"]]), refused=here)
    if value is None:
        return
    if isinstance(value, dict):
        yield from _of_object(root, value, path, published, as_read, place)
    elif isinstance(value, list):
        yield Mutant(f"reorder {here}", place(value[::-1]))
        yield Mutant(f"empty {here}", place([]))
        items = (resolve(PUBLISHED, published["items"]), resolve(AS_READ, as_read["items"]))
        yield Mutant(f"add {here}", place([*value, None]), refused=f"{path}[{len(value)}]")
        for index, element in enumerate(value):
            put = lambda new, index=index: place([*value[:index], new, *value[index + 1 :]])  # noqa: E731
            yield Mutant(f"null {path}[{index}]", put(None), refused=f"{path}[{index}]")
            yield Mutant(f"drop {path}[{index}]", place(value[:index] + value[index + 1 :]))
            yield from _changes(root, element, f"{path}[{index}]", *items, put)
    elif "enum" in published:
        yield Mutant(f"rename the value of {here}", place("of another day"), (("unknown_value", path),))
    elif published.get("format") == "date-time":
        bare = value[:-1] if value.endswith("Z") else value[:-6]
        yield Mutant(f"no offset in {here}", place(bare), (("format", path),))
        yield Mutant(f"no time in {here}", place(value[:10]), refused=path)


def is_needed(name: str, as_read: Schema) -> bool:
    """Return whether an answer without this member is refused: in a class that people build, only its first fields."""
    first = as_read.get("x-mantago-positional")
    known = (*ENVELOPE, *(first or ()), *as_read.get("x-mantago-insists", ()))
    return name in as_read.get("required", []) and (first is None or name in known)


def _of_object(
    root: Any, value: dict[str, Any], path: str, published: Schema, as_read: Schema, place: Any
) -> Iterator[Mutant]:
    prefix = f"{path}." if path else ""
    yield Mutant(f"reorder {path or '$'}", place(dict(reversed(value.items()))))
    yield Mutant(f"add {prefix}new", place(value | {"new": {"x": [None]}}), (("unknown_field", f"{prefix}new"),))
    for name, member in value.items():
        at = prefix + name
        rest = {other: kept for other, kept in value.items() if other != name}
        part, part_as_read = resolve(PUBLISHED, published["properties"][name]), as_read["properties"][name]
        part_as_read = resolve(AS_READ, part_as_read)
        needed, promised = is_needed(name, as_read), name in published.get("required", [])
        missing = (("missing", at),) if promised else ()
        yield Mutant(f"drop {at}", place(rest), missing, at if needed else None)
        renamed = (*missing, ("unknown_field", f"{at}2"))
        yield Mutant(f"rename {at}", place(rest | {f"{name}2": member}), renamed, at if needed else None)
        if part.get("nullable"):
            yield Mutant(f"null {at}", place(value | {name: None}))
        else:
            yield Mutant(f"null {at}", place(value | {name: None}), (("null", at),), at if needed else None)
        yield from _changes(root, member, at, part, part_as_read, lambda new, name=name: place(value | {name: new}))


def as_bytes(answer: Any) -> bytes:
    return json.dumps(copy.deepcopy(answer), ensure_ascii=False).encode(errors="surrogatepass")
