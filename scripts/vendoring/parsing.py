"""Strict parsers of JSON and YAML, which mark what other parsers silently accept or change as a Flaw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Any

import yaml
from attrs import define, field, frozen

from .validation import Flaw, shorten
from .vendored import ScriptError

# The most levels of lists and objects, aliases unfolded. We count them, because a parser, or the recursion over its
# result, gives up at a depth that depends on the Python, on libyaml and on the caller's stack; all bear this many.
DEEPEST = 100
MOST_NODES = 2_000_000
YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The constants of YAML 1.2. PyYAML speaks YAML 1.1, in which `no` is false and an unquoted date is no JSON type.
YAML_CONSTANTS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
YAML_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
YAML_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
YAML_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


JSON_BUT_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^][{}"]+', re.DOTALL)


class NestingError(ScriptError):
    """A document is nested more than DEEPEST levels deep."""

    def __init__(self) -> None:
        super().__init__(f"is nested too deeply to be read, in more than {DEEPEST} levels")


@frozen
class Fence:
    """A code fence: its text, and the place on the page at which each line begins."""

    text: str
    line: int
    margins: tuple[int, ...]

    def place(self, line: int, column: int) -> str:
        """Return the place on the page of a place in the text; all count from 1."""
        return f"line {self.line + line - 1}, column {self.margins[line - 1] + column}"


def parse_json(fence: Fence) -> Any:
    """Return the JSON in a fence, with a Flaw in place of each flaw; ScriptError if it can't be parsed."""
    try:
        document = load_json(fence.text, object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ScriptError(f"{fence.place(error.lineno, error.colno)}: not JSON: {error.msg}") from None
    except NestingError as error:
        raise ScriptError(f"line {fence.line}: the JSON {error}") from None
    except ValueError:
        raise ScriptError(f"line {fence.line}: a number in the JSON is too long to be read") from None
    return document


def load_json(text: str, **hooks: Any) -> Any:
    """Return what json.loads does; NestingError for too many levels, even if the parser would bear them."""
    try:
        document = json.loads(text, **hooks)
    except RecursionError:
        raise NestingError from None
    except ValueError as error:
        # Up to the place of the mistake, the text is JSON.
        if json_depth(text[: getattr(error, "pos", None)]) > DEEPEST:
            raise NestingError from None
        raise
    if json_depth(text) > DEEPEST:
        raise NestingError
    return document


def json_depth(text: str) -> int:
    """Return the number of levels of a JSON text, which may be cut off."""
    brackets = JSON_BUT_BRACKETS.sub("", text)
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets), default=0)


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


def parse_yaml(text: str) -> Any:
    """Return the one YAML document as JSON; keys are strings as written, and so is an unquoted date."""
    try:
        return _read_yaml(text, YAML_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ScriptError(f"{where}not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScriptError(f"not YAML: {shorten(str(error))}") from None


def _read_yaml(text: str, loader: Any) -> Any:
    try:
        # We read events, since PyYAML's composer in C overflows its stack on a document nested deeply.
        return YamlReader(yaml.parse(text, Loader=loader)).read()
    except yaml.MarkedYAMLError as error:
        if not exceeds_libyaml(error):
            raise
    return _read_yaml(text, yaml.SafeLoader)


def exceeds_libyaml(error: yaml.YAMLError) -> bool:
    """Return whether libyaml refuses a depth, as it does since 0.2.6, maybe before it hands out shallower parts."""
    return "maximum nesting depth" in str(error)


@define
class YamlReader:
    """A builder of a document from the events of PyYAML's parser, with YAML 1.2's rules for plain words."""

    events: Iterator[Any]
    anchors: dict[str, tuple[Any, int, int]] = field(factory=dict, init=False)
    size: int = field(default=0, init=False)
    reached: int = field(default=0, init=False)

    def read(self) -> Any:
        """Return the document; there must be just one."""
        documents: list[Any] = []
        for event in self.events:
            if documents and isinstance(event, yaml.DocumentStartEvent):
                raise _yaml_error(event, "there is a second document")
            if isinstance(event, yaml.DocumentStartEvent):
                documents.append(self._value(next(self.events), 0))
        return documents[0]

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise _yaml_error(event, f"nothing is anchored as {event.anchor!r} before here")
            value, size, height = self.anchors[event.anchor]
            self._grow(event, size, depth + height)
            return value
        before, outer = self.size, self.reached
        self.reached = 0
        scalar = isinstance(event, yaml.ScalarEvent)
        self._grow(event, 1, depth if scalar else depth + 1)
        tag = (event.tag or "").removeprefix("tag:yaml.org,2002:")
        if tag not in ("", {yaml.ScalarEvent: "str", yaml.SequenceStartEvent: "seq"}.get(type(event), "map")):
            raise _yaml_error(event, f"the tag {shorten(tag)} is none of JSON's types")
        if scalar:
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(inner, depth + 1) for inner in self._until(yaml.SequenceEndEvent)]
        else:
            value = _object([self._pair(key, depth + 1) for key in self._until(yaml.MappingEndEvent)])
        if event.anchor:
            self.anchors[event.anchor] = value, self.size - before, self.reached - depth
        self.reached = max(outer, self.reached)
        return value

    def _pair(self, key: Any, depth: int) -> tuple[str, object]:
        if not isinstance(key, yaml.ScalarEvent) or key.anchor:
            raise _yaml_error(key, "this key is no plain word")
        return key.value, self._value(next(self.events), depth)

    def _until(self, end: type[Any]) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            yield event

    def _grow(self, event: Any, size: int, depth: int) -> None:
        self.size += size
        self.reached = max(self.reached, depth)
        if self.size > MOST_NODES:
            raise _yaml_error(event, "the aliases up to here make the document too large")
        if self.reached > DEEPEST:
            raise _yaml_error(event, f"nested too deeply to be read, in more than {DEEPEST} levels")


def _scalar(event: yaml.ScalarEvent) -> object:
    text = event.value
    if event.tag or not event.implicit[0]:
        return text
    if text in YAML_CONSTANTS:
        return YAML_CONSTANTS[text]
    if YAML_INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if YAML_FLOAT.fullmatch(text):
        return _float(text)
    return _constant(text) if YAML_NO_NUMBER.fullmatch(text) else text


def _yaml_error(event: Any, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=event.start_mark)
