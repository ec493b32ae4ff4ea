"""The faults of an OpenAPI document, each with its JSON path and the action that would mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import referencing
from attrs import frozen
from referencing.exceptions import Unresolvable

SHOWN = 5
LONGEST_REMEDY = 280
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

JsonPath = tuple[str | int, ...]


@frozen
class Flaw:
    """A mark in a parsed document for something that a parser would silently accept or change."""

    text: str


Action = dict[str, Any]


@frozen
class Problem:
    """A fault at a place, and the action of an overlay that would mend it, with dots where only people know the value.

    `lost` says that reading the document lost something, which no overlay can mend.
    """

    path: JsonPath
    text: str
    remedy: Action | None = None
    lost: bool = False

    def __str__(self) -> str:
        return f"{json_path(self.path)}: {self.text}"


def problems(spec: Mapping[str, Any]) -> list[Problem]:
    """Return the faults of a document.

    Each kind is looked for only if there is none of the kinds before: values that can't be kept and
    references out of the document, another OpenAPI version, the schema, the rules beyond the schema.
    """
    from .specification import violations  # noqa: PLC0415 - it takes 0.2 s to load, and most commands validate nothing

    try:
        if found := list(_flaws(spec)):
            return found
        if not re.fullmatch(r"3\.0\.[0-9]+", str(spec["openapi"])):
            return [Problem(("openapi",), f"is {shorten(repr(spec['openapi']))}, not 3.0.x")]
        errors = violations(spec)
    except RecursionError:
        return [Problem((), "something is nested too deeply, or a $ref leads back to itself")]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # The validator expects a $ref to point at the right kind of thing.
        return [Problem((), f"can't be validated: a $ref may point at the wrong kind of thing ({error!r})")]
    if errors:
        return [_described(error, spec) for error in errors]
    if undeclared := list(_undeclared(spec)):
        return undeclared
    if not is_plain(spec["info"]["version"]):
        return [Problem(("info", "version"), "is blank or not printable", _update(("info",), version=DOTS))]
    return []


def _flaws(spec: Mapping[str, Any]) -> Iterator[Problem]:
    # The registry has no retriever, so that no $ref makes us open a file or an address.
    registry: referencing.Registry[object] = referencing.Registry()
    resolver = registry.resolver_with_root(referencing.Resource.opaque(spec))
    for path, value in _walk(spec, ()):
        if isinstance(value, Flaw):
            yield Problem(path, value.text, lost=True)
        elif not _is_unicode(value) or (path and not _is_unicode(path[-1])):
            yield Problem(path, "half a surrogate pair is not text", lost=True)
        elif path[-1:] == ("$ref",) and isinstance(value, str):
            try:
                resolver.lookup(value)
            except (Unresolvable, ValueError, TypeError):
                told = f"{shorten(repr(value))} is nowhere in this document"
                yield Problem(path, told, _update(path[:-1], **{"$ref": DOTS}))


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


def _undeclared(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield each security scheme that is asked for and that the document doesn't declare."""
    schemes = spec.get("components", {}).get("securitySchemes", {})
    asking: list[tuple[JsonPath, Any]] = [((), spec)]
    for path, item in spec["paths"].items():
        if path.startswith("/"):
            asking += [(("paths", path, method), item[method]) for method in item if method in METHODS]
    for place, value in asking:
        for index, requirement in enumerate(value.get("security", [])):
            for name in requirement:
                if name not in schemes:
                    told = f"{shorten(repr(name))} is no scheme of components.securitySchemes"
                    remedy = _update((), components={"securitySchemes": {name: {"type": DOTS}}})
                    yield Problem((*place, "security", index), told, remedy)


def _described(error: Any, spec: Mapping[str, Any]) -> Problem:
    place = _resolved(getattr(error, "place", ()), spec)
    # Below "matches no alternative", the error deepest in the document says which one was meant.
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    path = (*place, *error.absolute_path)
    return Problem(path, shorten(error.message), _remedy(error, path))


DOTS = "..."
_BEYOND = (
    # For the rules beyond the schema, only the message tells the place.
    (
        r"Path parameter '(?P<name>.+)' for '(?P<method>.+)' operation in '(?P<path>.+)' was not resolved",
        lambda name: {"parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": DOTS}}]},
    ),
    (
        r"Operation ID '(?P<name>.+)' for '(?P<method>.+)' in '(?P<path>.+)' is not unique",
        lambda _: {"operationId": DOTS},
    ),
)


def _remedy(error: Any, path: JsonPath) -> Action | None:
    """Return the action that mends a validator's error, if one is known."""
    for pattern, update in _BEYOND:
        if found := re.fullmatch(pattern, error.message):
            name, method, url = found.groups()
            if "{" + name + "}" in url or "operationId" in update(name):
                return _update(("paths", url, method), **update(name))
            # The path doesn't have the parameter.
            target = f"{json_path(('paths', url, method, 'parameters'))}[?@.name == {name!r}]"
            return {"target": target, "remove": True}
    if found := re.fullmatch(r"Required list has not defined properties: \[(.+)\]", error.message):
        either = " || ".join(f"@ == {name}" for name in found[1].split(", "))
        return {"target": f"{json_path((*path, 'required'))}[?{either}]", "remove": True}
    if error.validator == "required":
        missing = next(name for name in error.validator_value if repr(name) in error.message)
        return _update(path, **{missing: DOTS})
    if error.validator == "additionalProperties":
        unknown = next((name for name in error.instance if repr(name) in error.message), None)
        return unknown and {"target": json_path((*path, unknown)), "remove": True}
    if error.validator == "uniqueItems":
        values = error.instance
        twice = next(place for place, value in enumerate(values) if value in values[:place])
        return {"target": json_path((*path, twice)), "remove": True}
    if not path:
        return None
    # An update can only append to a list, so a wrong element is removed.
    if isinstance(path[-1], int):
        return {"target": json_path(path), "remove": True}
    return _update(path[:-1], **{path[-1]: [DOTS] if error.validator == "minItems" else DOTS})


def _update(path: JsonPath, **update: object) -> Action:
    return {"target": json_path(path), "update": update}


def _resolved(place: JsonPath, spec: Mapping[str, Any]) -> JsonPath:
    """Return the place in the document itself for one whose path leads through references."""
    path: JsonPath = ()
    value: Any = spec
    for part in place:
        while isinstance(value, dict) and isinstance(reference := value.get("$ref"), str):
            path, value = (), spec
            for step in reference.split("/")[1:]:
                name = unquote(step).replace("~1", "/").replace("~0", "~")
                path, value = _below(path, value, int(name) if isinstance(value, list) else name)
        path, value = _below(path, value, part)
    return path


def _below(path: JsonPath, value: Any, part: str | int) -> tuple[JsonPath, Any]:
    return (*path, part), value[part]


def json_path(path: JsonPath) -> str:
    """Return a path as a person writes it: $.tags[0].name, $.paths['/x']."""
    parts = [f".{part}" if isinstance(part, str) and part.isidentifier() else f"[{part!r}]" for part in path]
    return "$" + "".join(parts)


def shorten(text: str, limit: int = 200) -> str:
    """Return the text, without its middle if it is long."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} ... {text[-half:]}"


def some(lines: Sequence[object]) -> str:
    """Return the first few of the lines, to stand below a message."""
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "".join(f"\n  {line}" for line in [*lines[:SHOWN], *more])


def told(found: Sequence[Problem]) -> str:
    """Return the first few problems, each with the action that mends it."""
    remedies = [json.dumps(problem.remedy, ensure_ascii=False) if problem.remedy else None for problem in found]
    lines = [
        f"{problem}\n    mended by {remedy}" if remedy and len(remedy) < LONGEST_REMEDY else str(problem)
        for problem, remedy in zip(found, remedies, strict=True)
    ]
    hint = "\nA mend is an action for errata.overlay.yaml: fill in its dots, and give the reason as its description."
    return some(lines) + (hint if any(remedies[:SHOWN]) else "")


def is_plain(text: str) -> bool:
    """Return whether the text is visible and can be printed and written anywhere."""
    return text.isprintable() and bool(text.strip())
