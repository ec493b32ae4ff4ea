"""Reading the vendor's sources: the specs in the bytes of a Markdown page, a JSON document or a YAML document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt

from .fragments import Fragment, operations
from .merge import merge
from .parsing import Fence, parse_json, parse_yaml
from .validation import problems, some, told
from .vendored import ScriptError

SEEMS_A_SPEC = re.compile(r"""["']openapi["']\s*:|\A\s*\{\s*openapi\s*:""")
SEEMS_YAML = re.compile(r"""^(?:openapi|"openapi"|'openapi')[ \t]*:""", re.MULTILINE)
Specs = list[tuple[int, dict[str, Any]]]
"""The specs in a source, each with the line at which it begins."""


Mend = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A function that returns a document as the errata have it."""


class NoSpecError(ScriptError):
    """A source holds nothing that could be a spec."""


def read_specs(data: bytes, mend: Mend = lambda spec: spec) -> Specs:
    """Return the specs that a source holds: one, or one for each operation that its page describes.

    Each is valid, at least when it is mended; it is returned as it was published. The content decides what kind of
    source it is. Raises NoSpecError if there is no spec, and ScriptError, which says where, if there is one too many or
    one that isn't sound.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(data, f"line {line}: is not UTF-8 text") from None
    if "\0" in text:
        raise _unreadable(data, "is not text: it has a NUL character")
    specs = find_specs(re.sub(r"\r\n?", "\n", text))
    for line, spec in specs:
        if wrong := unmended(spec, mend):
            where = f"the spec at line {line}" if len(specs) > 1 else "the spec"
            raise ScriptError(f"{where} is not a valid OpenAPI 3.0 document:" + wrong)
    if len(specs) > 1 and not belong_together([spec for _, spec in specs]):
        lines = " and ".join(str(line) for line, _ in specs)
        raise ScriptError(
            f"there are {len(specs)} specs, at lines {lines}, and one is wanted, "
            "or several of the same title and version, each with operations that no other has"
        )
    return specs


def unmended(spec: Mapping[str, Any], mend: Mend) -> str:
    """Return lines on the faults that a document still has when it is mended; an empty text if it can be used."""
    found = problems(spec)
    if found and not any(problem.lost for problem in found):
        try:
            merge([Fragment("", "", spec)])
        except (ScriptError, LookupError, TypeError, ValueError, AttributeError):
            # An overlay is applied to the merged document, so none of its actions would help.
            return some(found)
        found = problems(mend(spec))
    return told(found) if found else ""


def _unreadable(data: bytes, text: str) -> ScriptError:
    # A picture beside the pages may be passed over; a page in another encoding must not be.
    return ScriptError(text) if b"openapi" in data else NoSpecError(text)


def find_specs(text: str) -> Specs:
    """Return the specs in a text with plain line ends, flaws included; other documents in it are passed over."""
    if re.match(r'\s*\{\s*["}]', text):
        document = parse_json(Fence(text, 1, (0,) * (text.count("\n") + 1)))
        if not is_spec(document):
            raise NoSpecError('there is no spec: JSON, but no object with an "openapi" key')
        return [(1, document)]
    broken: ScriptError | None = None
    if SEEMS_YAML.search(text):
        try:
            document = parse_yaml(text)
        except ScriptError as error:
            broken = error  # or it is a page with such a line in one of its examples
        else:
            if is_spec(document):
                return [(1, document)]
    return find_fenced(text, broken)


def is_spec(document: object) -> bool:
    """Return whether a parsed document is meant as a spec."""
    return isinstance(document, dict) and "openapi" in document


def find_fenced(page: str, broken: ScriptError | None = None) -> Specs:
    """Return the specs in a page's code fences; raise `broken`, if given, rather than say that there is none."""
    specs: Specs = []
    others: list[str] = []
    for fence in fences(page):
        try:
            document: Any = parse_json(fence)
        except ScriptError as error:
            if SEEMS_A_SPEC.search(fence.text):
                raise ScriptError(f"the spec is broken: {error}") from None
            others.append(str(error))
            continue
        if is_spec(document):
            specs.append((fence.line, document))
        else:
            others.append(f'line {fence.line}: JSON, but no object with an "openapi" key')
    if not specs and broken:
        raise ScriptError(f"the spec is broken: {broken}")
    if not specs:
        html = re.match(r"\s*<(?:!doctype|html)", page, re.IGNORECASE)
        hint = "; it seems to be HTML: give the Markdown page" if html else ""
        raise NoSpecError(
            f'there is no spec: no code fence holds a JSON object with an "openapi" key{hint}' + some(others)
        )
    return specs


def fences(page: str) -> list[Fence]:
    """Return the page's code fences, as CommonMark sees them, whatever their info string says."""
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


def belong_together(specs: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether specs are fragments of one: a page that describes several operations has a spec for each."""
    infos = {(spec["info"]["title"], spec["info"]["version"]) for spec in specs}
    keys = [set(operations(spec)) for spec in specs]
    return len(infos) == 1 and all(keys) and len(set().union(*keys)) == sum(map(len, keys))
