"""Comparing schemas through all that they refer to, recursion included.

A pair of schemas that is compared is a node; its properties, items and alternatives are edges to further pairs. Each
pair is compared once for each flow, however many operations use it; equal schemas are no pair at all. The places where
consumers meet a change follow from the edges, backwards from each node that has findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, evolve, field

from . import properties, unions
from .documents import Cursor
from .facets import rule_id
from .rules import RULES, Level
from .schemas import Finding, Flow, compare
from .twins import Twins
from .views import ARRAYS, View, Views

ANY_SEGMENT = "*"
# A segment of a path, and the schemas there on each side.
Below = tuple[str, tuple[Cursor, ...], tuple[Cursor, ...]]
# After so many pairs, trying whether one schema can replace another ends without success.
MOST_TRIED = 2000
# Schemas that apply together and differ on each side are compared in every combination up to this number.
MOST_COMBINED = 5000


@define(eq=False)
class GraphNode:
    """A pair of schemas: what changed at their top, and the pairs below."""

    old: View
    new: View
    flow: Flow
    findings: list[Finding] = field(factory=list)
    edges: list[tuple[str, GraphNode]] = field(factory=list)
    filled: bool = False

    def level(self, finding: Finding) -> Level:
        """Return the level that a finding has below the top of a body."""
        return RULES[rule_id(f"{self.flow.direction}-property", finding.name)].level


class Graph:
    """All pairs of schemas met so far in a comparison of two documents."""

    def __init__(self, twins: Twins) -> None:
        """Begin without any pair."""
        self._twins = twins
        self._views_old, self._views_new = Views(), Views()
        self._nodes: dict[tuple[View, View, Flow], GraphNode] = {}
        self._within: dict[tuple[GraphNode, Level], bool] = {}
        self._combined = 0

    def node(self, old: Cursor, new: Cursor, flow: Flow) -> GraphNode | None:
        """Return the node for two schemas, with all that is below; none if they say the same."""
        if self._twins.same(old, new):
            return None
        views = self._views_old.of([old] if old else []), self._views_new.of([new] if new else [])
        first = self._node(*views, flow)
        # No recursion: a chain of schemas may be long.
        waiting = [first]
        while waiting:
            node = waiting.pop()
            if not node.filled:
                self._fill(node)
                waiting += [child for _, child in node.edges]
        return first

    def _node(self, old: View, new: View, flow: Flow) -> GraphNode:
        key = (old, new, flow)
        if key not in self._nodes:
            self._nodes[key] = GraphNode(old, new, flow)
        return self._nodes[key]

    def _fill(self, node: GraphNode) -> None:
        node.filled = True
        old, new, flow = node.old, node.new, node.flow
        if old.broken or new.broken:
            if old.broken != new.broken:
                values = {"ref": new.broken or old.broken or ""}
                node.findings.append(Finding("unresolvable-reference", old.place.at, new.place.at, values=values))
            return
        if flow.repeats and (items := _repeated(old, new)) is not None:
            node.findings.append(Finding("request-value-became-list", old.at("type"), new.at("type")))
            node.edges.append(("", self._node(old, self._views_new.of(items), Flow(flow.direction, text=True))))
            return
        trial = unions.Trial(self, self._views_old, self._views_new, flow)
        found, pairs, comparable = unions.compare(old, new, trial)
        node.findings += found
        for segment, before, after in pairs:
            single = len(before.places) == len(after.places) == 1 and before.name == after.name
            if not (single and self._twins.same(before.place, after.place)):
                node.edges.append((segment, self._node(before, after, flow)))
        if not comparable:
            return
        node.findings += compare(old, new, flow, self._twins)
        ended = {"type-changed", "became-impossible", "became-possible"}
        if any(finding.name in ended for finding in node.findings) or old.anything or new.anything:
            return
        for segment, places_old, places_new in self._properties(node):
            compound = any(map(_is_compound, (*places_old, *places_new))) if flow.form else False
            self._connect(node, segment, places_old, places_new, flow.field(segment, compound=compound))
        for segment, places_old, places_new in self._below(node):
            self._connect(node, segment, places_old, places_new, evolve(flow, form=None))

    def _connect(
        self, node: GraphNode, segment: str, old: tuple[Cursor, ...], new: tuple[Cursor, ...], flow: Flow
    ) -> None:
        """Add a pair below a node, unless its sides are equal."""
        pairs = [pair for pair in zip(old, new, strict=False) if not self._twins.same(*pair)]
        if len(old) == len(new) and not pairs:
            return
        if max(len(old), len(new)) > 1 and any(map(self._twins.refers, (*old, *new))):
            # If each schema has its counterpart, comparing these pairs is enough. If schemas refer to each other in
            # circles, there are more combinations of them than can be compared.
            if [place.pointer for place in old] == [place.pointer for place in new]:
                for before, after in pairs:
                    views = self._views_old.of([before]), self._views_new.of([after])
                    node.edges.append((segment, self._node(*views, flow)))
                return
            self._combined += 1
            if self._combined > MOST_COMBINED:
                places = old[0].at if old else node.old.place.at, new[0].at if new else node.new.place.at
                node.findings.append(Finding("schemas-too-entangled", *places, segment=segment))
                return
        views = self._views_old.of(old), self._views_new.of(new)
        node.edges.append((segment, self._node(*views, flow)))

    def _properties(self, node: GraphNode) -> Iterator[Below]:
        old, new, flow = node.old, node.new, node.flow
        for name in sorted(properties.names(old) | properties.names(new)):
            places = old.properties.get(name, ()), new.properties.get(name, ())
            if (
                len(places[0]) == len(places[1]) == 1
                and (name in old.required) == (name in new.required)
                and self._twins.same(places[0][0], places[1][0])
            ):
                continue
            before = properties.state(old, name, self._views_old, flow)
            after = properties.state(new, name, self._views_new, flow)
            if rule := properties.rule(before, after, new, flow):
                pointers = properties.pointer(old, name), properties.pointer(new, name)
                node.findings.append(Finding(rule, *pointers, segment=name))
            if properties.HIDDEN in (before, after):
                continue
            # A property that one side doesn't list may have been allowed there by the schema of a map.
            fitting = [
                listed if state is not properties.ABSENT else properties.unlisted(view, name)
                for listed, state, view in zip(places, (before, after), (old, new), strict=True)
            ]
            if properties.ABSENT not in (before, after) or all(fitting):
                yield name, fitting[0], fitting[1]

    def _below(self, node: GraphNode) -> Iterator[Below]:
        old, new = node.old, node.new
        yield from _items(old, new)
        yield from self._patterns(node)
        names = [
            tuple(part.raw("propertyNames") for part in view.parts if "propertyNames" in part) for view in (old, new)
        ]
        if any(names):
            yield "(name)", names[0], names[1]
        if not (old.closed or new.closed) and (old.additional or new.additional):
            yield ANY_SEGMENT, old.additional, new.additional

    def _patterns(self, node: GraphNode) -> Iterator[Below]:
        old, new = node.old, node.new
        for pattern in sorted(old.patterns.keys() | new.patterns.keys()):
            before, after = old.patterns.get(pattern), new.patterns.get(pattern)
            if before and after:
                yield f"/{pattern}/", before, after
                continue
            middle = (
                ("added" if after else "removed")
                if not (old if after else new).closed
                else ("allowed" if after else "disallowed")
            )
            pointers = old.at("patternProperties"), new.at("patternProperties")
            values = {"old": pattern, "new": pattern}
            node.findings.append(Finding(f"pattern-properties-{middle}", *pointers, values=values))

    def within(self, old: View, new: View, flow: Flow, allowed: Level) -> bool:
        """Return whether nothing worse than a level changed between two schemas and below."""
        first = self._node(old, new, flow)
        if (first, allowed) not in self._within:
            self._within[first, allowed] = all(
                count < MOST_TRIED and all(node.level(finding).rank >= allowed.rank for finding in node.findings)
                for count, node in enumerate(self.below([first]))
            )
        return self._within[first, allowed]

    def below(self, nodes: Iterable[GraphNode]) -> Iterator[GraphNode]:
        """Yield the nodes and all that are reached from them, each once.

        A node that is being compared just now, further up, counts as it is: its findings are told there.
        """
        seen = dict.fromkeys(nodes)
        waiting = list(seen)
        while waiting:
            node = waiting.pop()
            if not node.filled:
                self._fill(node)
            yield node
            fresh = [child for child in dict.fromkeys(child for _, child in node.edges) if child not in seen]
            seen |= dict.fromkeys(fresh)
            waiting += fresh


def _repeated(old: View, new: View) -> tuple[Cursor, ...] | None:
    """Return the schemas of the items if a list replaces a single value, and a list of one is written alike."""
    simple = old.types is not None and not old.types & {"array", "object"}
    if not simple or new.types != ARRAYS or max(new.numbers("minItems"), default=0) > 1:
        return None
    return tuple(part.raw("items") for part in new.parts if "items" in part)


def _is_compound(place: Cursor) -> bool:
    view = View([place], frozenset())
    items = [View([item], frozenset()) for item in [view.first("items")] if item]
    return any("object" in (one.types or ()) for one in (view, *items))


def _items(old: View, new: View) -> Iterator[Below]:
    if not all(view.types is None or "array" in view.types for view in (old, new)):
        return
    firsts = [[[*part.get("prefixItems").elements()] for part in view.parts] for view in (old, new)]
    rest = [tuple(part.raw("items") for part in view.parts if "items" in part) for view in (old, new)]
    for place in range(max((len(listed) for side in firsts for listed in side), default=0)):
        # The schema of the rest holds for a place that isn't listed.
        before, after = (
            tuple(listed[place] for listed in side if len(listed) > place) or others
            for side, others in zip(firsts, rest, strict=True)
        )
        yield f"[{place}]", before, after
    if any(rest):
        yield "[]", rest[0], rest[1]
