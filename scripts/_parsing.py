"""JSON and YAML parsed strictly: what a parser would silently accept or change stands in the document as a Flaw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml
from attrs import define, field, frozen

from _validation import Flaw, shorten
from _vendored import ScriptError

DEEPEST = 200
LARGEST = 2_000_000
# YAML 1.2's core schema; in YAML 1.1, which PyYAML speaks, `no` is false and an unquoted date is none of JSON's types.
YAML_CONSTANTS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
YAML_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
YAML_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
YAML_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@frozen
class Fence:
    """A code fence: its text, and where each line of the text begins on the page."""

    text: str
    line: int
    margins: tuple[int, ...]

    def place(self, line: int, column: int) -> str:
        """Return the place on the page of a place in the text; all count from 1."""
        return f"line {self.line + line - 1}, column {self.margins[line - 1] + column}"


def parse_json(fence: Fence) -> Any:
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


def parse_yaml(text: str) -> Any:
    """Return the one YAML document as JSON has it: keys are strings, as written, and so is an unquoted date."""
    try:
        # The events, not the nodes: PyYAML's composer in C overflows its stack on a document nested deeply.
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        document = YamlReader(events).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ScriptError(f"{where}not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScriptError(f"not YAML: {shorten(str(error))}") from None
    return document


@define
class YamlReader:
    """Builds a document from the events of PyYAML's parser, with YAML 1.2's rules for what a plain word means."""

    events: Iterator[Any]
    anchors: dict[str, tuple[Any, int]] = field(factory=dict, init=False)
    size: int = field(default=0, init=False)

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
            value, size = self.anchors[event.anchor]
            self._grow(event, size)
            return value
        if depth > DEEPEST:
            raise _yaml_error(event, "nested too deeply to be read")
        before = self.size
        self._grow(event, 1)
        tag = (event.tag or "").removeprefix("tag:yaml.org,2002:")
        if tag not in ("", {yaml.ScalarEvent: "str", yaml.SequenceStartEvent: "seq"}.get(type(event), "map")):
            raise _yaml_error(event, f"the tag {shorten(tag)} is none of JSON's types")
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(inner, depth + 1) for inner in self._until(yaml.SequenceEndEvent)]
        else:
            value = _object([self._pair(key, depth + 1) for key in self._until(yaml.MappingEndEvent)])
        if event.anchor:
            self.anchors[event.anchor] = value, self.size - before
        return value

    def _pair(self, key: Any, depth: int) -> tuple[str, object]:
        if not isinstance(key, yaml.ScalarEvent) or key.anchor:
            raise _yaml_error(key, "this key is no plain word")
        return key.value, self._value(next(self.events), depth)

    def _until(self, end: type[Any]) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            yield event

    def _grow(self, event: Any, size: int) -> None:
        self.size += size
        if self.size > LARGEST:
            raise _yaml_error(event, "the aliases up to here make the document too large")


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
