"""Decisions that a person has yet to make: proposed names, and questions that the document leaves open.

names.overlay.yaml is written by hand. Proposals are added at its end, so that comments and order stay; only whole
actions that nobody confirmed are taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jsonpath
import yaml
from attrs import frozen

from generation.document import Node, target
from generation.fields import field_names
from generation.ir import Endpoint, Place
from generation.models import envelope_of
from generation.names import member_names
from generation.overlays import actions_of, load_yaml
from generation.package import Plan
from generation.placing import after_summary
from vendoring.fragments import Unit, is_operation, label, pointer, units_of
from vendoring.vendored import ScriptError

MARK = "x-unconfirmed"
OPERATION_ID, READS, RULE = "operationId", "x-mantago-reads", "x-mantago-rule"
CLASS, FIELDS, MEMBERS = "x-mantago-class", "x-mantago-fields", "x-mantago-members"


@frozen
class Unpinned:
    """A public name that no pin holds: its place in the document, the key that would pin it, and where it comes from.

    `of` is the service's name of a field or the value of a member, None for a class or an operation.
    """

    place: Place
    key: str
    of: str | None
    name: str
    after: str = ""


# --- names without a pin --------------------------------------------------------------------------------------------


def unpinned(read: Plan, overlay: Mapping[str, Any]) -> list[Unpinned]:
    """Return the public names that no action of the overlay holds, as the generator makes them."""
    held = {
        tuple(node.parts)
        for action in actions_of(overlay)
        if OPERATION_ID in action.get("update", {})
        for node in jsonpath.finditer(action["target"], read.documents.named)
    }
    found = [
        Unpinned(one.place, OPERATION_ID, None, read.names[one.place], _after(one, read.names[one.place]))
        for one in read.endpoints
        if one.place not in held
    ]
    classes, used = read.classes, read.used
    public = {place for place, where in classes.where.items() if where in read.friendly and place not in classes.same}
    for place, shape in classes.shapes.items():
        if place in used.answered | used.sent and place not in classes.same:
            found += _class(place, shape.hints, read) if place in public else ()
            around = {one.name for one in envelope_of(shape, used)} | ({"secret"} if place in used.bodies else set())
            names = field_names(shape, classes.where[place].name)
            fields = {one.name: names[one.name] for one in shape.properties if one.name not in around}
            found += _parts(place, FIELDS, fields, shape.hints)
    for place in public & classes.enums.keys():
        enum = classes.enums[place]
        found += _class(place, enum.hints, read)
        members = zip(enum.values, member_names(enum.values, enum.hints.get("members", {})), strict=True)
        found += _parts(place, MEMBERS, {str(value): name for value, name in members}, enum.hints)
    return sorted(found, key=lambda one: (one.key != OPERATION_ID, pointer(one.place)))


def _after(endpoint: Endpoint, name: str) -> str:
    if name == endpoint.pinned:
        return "the vendor's operationId"
    return f"the summary {endpoint.summary.strip()!r}" if name == after_summary(endpoint.summary) else "its path"


def _class(place: Place, hints: Mapping[str, Any], read: Plan) -> Iterator[Unpinned]:
    if "class" not in hints:
        yield Unpinned(place, CLASS, None, read.classes.where[place].name)


def _parts(place: Place, key: str, names: Mapping[str, str], hints: Mapping[str, Any]) -> Iterator[Unpinned]:
    held = hints.get(key.removeprefix("x-mantago-"), {})
    yield from (Unpinned(place, key, of, name) for of, name in names.items() if of not in held)


# --- the overlay ----------------------------------------------------------------------------------------------------


def json_path(place: Place) -> str:
    """Return the JSONPath that leads to a place and to nothing else."""
    return "$" + "".join(map(_segment, place))


def _segment(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if re.fullmatch(r"[A-Za-z_]\w*", part, re.ASCII):
        return f".{part}"
    inside = json.dumps(part, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{inside}']"


def actions(names: Iterable[Unpinned], version: str) -> list[dict[str, Any]]:
    """Return an action for each place that has names to be pinned, marked as unconfirmed."""
    found: dict[Place, dict[str, Any]] = {}
    for one in names:
        told = f"Proposed with {version}" + (f", after {one.after}." if one.after else ".")
        proposed = found.setdefault(
            one.place, {"target": json_path(one.place), "description": told, MARK: True, "update": {}}
        )
        update = proposed["update"]
        if one.of is None:
            update[one.key] = one.name
        else:
            update.setdefault(one.key, {})[one.of] = one.name
        if one.key == OPERATION_ID:
            # A person who confirms it may have to change this line, so it stands there already.
            update[READS] = False
    return list(found.values())


def appended(text: str, added: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of an overlay with these actions at its end, and all else unchanged."""
    if not added:
        return text
    items = _items(text)
    indent = items[0].column - 2 if items else 2
    written = yaml.safe_dump([dict(one) for one in added], sort_keys=False, allow_unicode=True, width=110)
    block = "".join(" " * indent + line for line in written.splitlines(keepends=True))
    before = re.sub(r"\[\]\s*\Z", "\n", text) if not items else text
    result = before + ("" if before.endswith("\n") else "\n") + block
    return _checked(result, [*_actions(text), *map(dict, added)], text)


def without_stale(text: str, document: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the text of an overlay without unconfirmed names that the document no longer has, and lines on these.

    A confirmed name stays, and stops the regeneration: to drop a public name is a person's decision.
    """
    lines, gone, kept, left = text.splitlines(keepends=True), [], [], []
    cut: set[int] = set()
    for item, action in zip(_items(text), _actions(text), strict=True):
        standing = _standing(action, document) if action.get(MARK) else action
        if standing == action:
            left.append(action)
            continue
        cut.update(range(item.first, item.last + 1))
        gone += [f"{action['target']} {name}".strip() for name in _lost(action, standing)]
        kept += [standing] if standing else []
    if not gone:
        return text, ()
    shorter = "".join(line for number, line in enumerate(lines) if number not in cut)
    shorter = _checked(shorter if left else re.sub(r"\Z", "  []\n", shorter), left, text)
    return appended(shorter, kept), tuple(gone)


def _standing(action: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an action without the names of things that the document no longer has; None if nothing is left."""
    nodes = [node.obj for node in jsonpath.finditer(action["target"], document)]
    if not nodes:
        return None
    update = dict(action["update"])
    for key, present in ((FIELDS, _properties), (MEMBERS, _values)):
        if key in update:
            update[key] = {of: name for of, name in update[key].items() if any(present(node, of) for node in nodes)}
            if not update[key]:
                del update[key]
    return {**action, "update": update} if update else None


def _properties(node: Any, of: str) -> bool:
    # The properties of a composed schema aren't known before it is flattened.
    return of in node.get("properties", {}) or bool(node.keys() & {"allOf", "oneOf", "anyOf"})


def _values(node: Any, of: str) -> bool:
    return of in map(str, node.get("enum", ())) or "enum" not in node


def _lost(action: Mapping[str, Any], standing: Mapping[str, Any] | None) -> list[str]:
    update, after = action["update"], standing["update"] if standing else {}
    if not standing:
        return [str(update.get(OPERATION_ID) or update.get(CLASS) or "")]
    return [
        name for key in (FIELDS, MEMBERS) for of, name in update.get(key, {}).items() if of not in after.get(key, {})
    ]


@frozen
class _Item:
    first: int
    last: int
    column: int


def _items(text: str) -> list[_Item]:
    """Return the lines of each action, as numbers from 0."""
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    found = [value for key, value in pairs if key.value == "actions"]
    nodes = found[0].value if found else []
    return [_Item(node.start_mark.line, _last_line(node), node.start_mark.column) for node in nodes]


def _last_line(node: yaml.Node) -> int:
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    # A node that ends at the beginning of a line ended with the line before it.
    mark = node.end_mark
    return int(mark.line - (mark.column == 0 and mark.line > node.start_mark.line))


def _actions(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (load_yaml(text) or {}).get("actions") or []
    return found


def _checked(result: str, wanted: list[dict[str, Any]], before: str) -> str:
    try:
        said = load_yaml(result)
    except yaml.YAMLError:
        said = None
    if said != {**load_yaml(before), "actions": wanted}:
        raise ScriptError(
            "names.overlay.yaml: names can't be added at its end: let `actions` be the last in it, each action a block"
        )
    return result


# --- open decisions -------------------------------------------------------------------------------------------------


@frozen
class Open:
    """A decision to be made: the line in names.overlay.yaml, the target of its action, and the proposed names."""

    line: int
    target: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.names)} (line {self.line}: {self.target})"


def unconfirmed(text: str) -> list[Open]:
    """Return the unconfirmed actions in the text of an overlay."""
    return [
        Open(item.first + 1, action["target"], tuple(_names(action.get("update", {}))))
        for item, action in zip(_items(text), _actions(text), strict=True)
        if action.get(MARK)
    ]


def _names(update: Mapping[str, Any]) -> Iterator[str]:
    name = update.get(OPERATION_ID) or update.get(CLASS)
    if name:
        yield f"{name}()" if OPERATION_ID in update else name
    # A new class is listed by its name, without its fields.
    else:
        yield from (str(one) for key in (FIELDS, MEMBERS) for one in update.get(key, {}).values())


def undecided(document: Mapping[str, Any], text: str) -> list[Unit]:
    """Return the operations of which nobody said whether they only read; they count as operations that act."""
    decided = {
        json_path(unit)
        for unit, value in units_of(document)
        if is_operation(unit) and isinstance(value.get(READS), bool)
    }
    for action in _actions(text):
        if READS in action.get("update", {}):
            paths = {json_path(node.parts) for node in jsonpath.finditer(action["target"], document)}
            decided = decided - paths if action.get(MARK) else decided | paths
    return [unit for unit, _ in units_of(document) if is_operation(unit) and json_path(unit) not in decided]


# --- prose that sounds like the rule --------------------------------------------------------------------------------

_EITHER = re.compile(
    r"""\beither\b[^.;]*?\bor\b | \bor\s+both\b | \brequired\s+(?:if|when|unless|only)\b | \bexactly\s+one\b
    | \bat\s+least\s+one\b | \bone\s+of\s+(?:these|the\s+following)\b | 擇一 | 二選一 | 則必填 | 時必填""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n\s*\n")


def sounding(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the operations whose prose sounds like a rule and that have none declared, with the sentence."""
    found = []
    for unit, operation in units_of(document):
        if is_operation(unit):
            seen: dict[int, Any] = {}
            parts = [operation.get("parameters", ()), operation.get("requestBody", {})]
            texts = [operation.get("summary"), operation.get("description"), *_descriptions(parts, document, seen)]
            declared = any(isinstance(one, dict) and RULE in one for one in seen.values())
            sentences = [one for text in texts if text for one in _like_a_rule(text)]
            if sentences and not declared:
                found.append((label(unit), " ".join(sentences[0].split())))
    return found


# Most operations refer to the same schemas.
@cache
def _like_a_rule(text: str) -> tuple[str, ...]:
    """Return the sentences of a text that sound like a rule."""
    return tuple(one for one in _SENTENCE.split(text) if _EITHER.search(one))


def _descriptions(value: Any, document: Mapping[str, Any], seen: dict[int, Any]) -> Iterator[str]:
    """Yield the texts of a value and of what it refers to, each once; `seen` are the values met, by their identity."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif id(value) not in seen:
            seen[id(value)] = value
            waiting += reversed([*_below(value, document)])


def _below(value: Any, document: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the text of a value, and the objects and lists that it holds or refers to."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield target(reference, Node(document, (), document)).value
        if isinstance(text := value.get("description"), str):
            yield text
        value = [inner for key, inner in value.items() if key not in {"default", "enum", "example", "examples"}]
    yield from (inner for inner in value if isinstance(inner, dict | list))
