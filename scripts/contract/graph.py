"""Comparing schemas through all that they refer to, recursion included.

A pair of schemas that is compared is a node; its properties, items and alternatives are edges to further pairs. Each
pair is compared once for each flow, however many operations use it. Then each place where a consumer meets a schema
walks the graph from its node, and says what it finds on the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from attrs import define, field, frozen

from . import properties, unions
from .documents import Cursor
from .facets import rule_id
from .rules import RULES, Level
from .schemas import Finding, Flow, compare
from .views import View, Views

# Where schemas all refer to each other, there are more ways to each than can be walked. Each is reported where it is
# met first, and then in so many further ways in all, the shortest first.
REPEATS = 1000
ANY_SEGMENT = "*"


@define(eq=False)
class Node:
    """A pair of schemas: what changed at their top, and the pairs below."""

    old: View
    new: View
    flow: Flow
    findings: list[Finding] = field(factory=list)
    edges: list[tuple[str, Node]] = field(factory=list)
    filled: bool = False

    def level(self, finding: Finding) -> Level:
        """Return the level that a finding has below the top of a body."""
        return RULES[rule_id(f"{self.flow.direction}-property", finding.name)].level


@frozen(eq=False)
class Step:
    """A node on a way from where a consumer meets a schema, and the step before."""

    node: Node
    before: Step | None = None
    segment: str = ""

    def has(self, node: Node) -> bool:
        """Say whether a node is on the way."""
        step: Step | None = self
        while step and step.node is not node:
            step = step.before
        return step is not None

    def path(self) -> tuple[str, ...]:
        """Return the segments of the way."""
        segments, step = [], self
        while step.before:
            segments += [step.segment] if step.segment else []
            step = step.before
        return tuple(reversed(segments))


class Graph:
    """All pairs of schemas met so far in a comparison of two documents."""

    def __init__(self) -> None:
        self._views_old, self._views_new = Views(), Views()
        self._nodes: dict[tuple[View, View, Flow], Node] = {}
        self._worst: dict[Node, Level | None] = {}
        self._telling: set[Node] | None = None
        self._leaves: dict[Node, list[tuple[str, Node]]] = {}
        self._walked: dict[Node, list[tuple[tuple[str, ...], Node, Finding]]] = {}

    def node(self, old: Iterable[Cursor], new: Iterable[Cursor], flow: Flow) -> Node:
        """Return the node for two schemas, each given by the places that make it up, with all that is below."""
        first = self._node(self._views_old.of(old), self._views_new.of(new), flow)
        # No recursion: a chain of schemas may be long.
        waiting = [first]
        while waiting:
            node = waiting.pop()
            if not node.filled:
                self._fill(node)
                waiting += [child for _, child in node.edges]
        self._telling = None
        self._leaves.clear()
        self._walked.clear()
        return first

    def _node(self, old: View, new: View, flow: Flow) -> Node:
        key = (old, new, flow)
        if key not in self._nodes:
            self._nodes[key] = Node(old, new, flow)
        return self._nodes[key]

    def _fill(self, node: Node) -> None:
        node.filled = True
        old, new, flow = node.old, node.new, node.flow
        if old.broken or new.broken:
            if old.broken != new.broken:
                values = {"ref": new.broken or old.broken or ""}
                node.findings.append(Finding("unresolvable-reference", old.place.at, new.place.at, values=values))
            return
        trial = unions.Trial(self, self._views_old, self._views_new, flow)
        found, pairs, comparable = unions.compare(old, new, trial)
        node.findings += found
        for segment, before, after in pairs:
            node.edges.append((segment, self._node(before, after, flow)))
        if not comparable:
            return
        node.findings += compare(old, new, flow)
        if any(finding.name == "type-changed" for finding in node.findings) or old.anything or new.anything:
            return
        for segment, places_old, places_new in self._below(node):
            views = self._views_old.of(places_old), self._views_new.of(places_new)
            node.edges.append((segment, self._node(*views, flow)))

    def _below(self, node: Node) -> Iterator[tuple[str, tuple[Cursor, ...], tuple[Cursor, ...]]]:
        old, new, flow = node.old, node.new, node.flow
        for name in sorted(properties.names(old) | properties.names(new)):
            before = properties.state(old, name, self._views_old, flow)
            after = properties.state(new, name, self._views_new, flow)
            if rule := properties.rule(before, after, new, flow):
                pointers = properties.pointer(old, name), properties.pointer(new, name)
                node.findings.append(Finding(rule, *pointers, segment=name))
            if not {before, after} & {properties.ABSENT, properties.HIDDEN}:
                yield name, old.properties.get(name, ()), new.properties.get(name, ())
        items = [tuple(part.raw("items") for part in view.parts if "items" in part) for view in (old, new)]
        if any(items) and all(view.types is None or "array" in view.types for view in (old, new)):
            yield "[]", items[0], items[1]
        if not (old.closed or new.closed) and (old.additional or new.additional):
            yield ANY_SEGMENT, old.additional, new.additional

    def worst(self, old: View, new: View, flow: Flow) -> Level | None:
        """Return the worst level of all that changed between two schemas and below, None if nothing did."""
        first = self._node(old, new, flow)
        if first not in self._worst:
            levels: set[Level] = set()
            for node in self.below([first]):
                levels |= {node.level(finding) for finding in node.findings}
            self._worst[first] = min(levels, key=lambda level: level.rank, default=None)
        return self._worst[first]

    def below(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """Yield the nodes and all that are reached from them, each once.

        One that is being compared just now, further up, counts as it stands: what is wrong with it is said there.
        """
        seen = set(nodes)
        waiting = list(seen)
        while waiting:
            node = waiting.pop()
            if not node.filled:
                self._fill(node)
            yield node
            fresh = {child for _, child in node.edges} - seen
            seen |= fresh
            waiting += fresh

    def walk(self, start: Node) -> list[tuple[tuple[str, ...], Node, Finding]]:
        """Return each finding below a node with the path to it; recursion ends where a pair comes again on a path."""
        if start not in self._walked:
            self._walked[start] = list(self._walk(start))
        return self._walked[start]

    def _walk(self, start: Node) -> Iterator[tuple[tuple[str, ...], Node, Finding]]:
        if self._telling is None:
            self._telling = self._nodes_that_tell()
        telling = self._telling
        visited: set[Node] = set()
        expanded: set[Node] = set()
        again = 0
        # Breadth first, so that the shortest ways to a shared schema are the ones reported.
        queue = deque([Step(start)] if start in telling else [])
        while queue:
            step = queue.popleft()
            path = step.path()
            for finding in step.node.findings:
                yield path, step.node, finding
            # After the first time, and when the repeats are used up, only what has nothing below is still to be told.
            over = again >= REPEATS and step.node in expanded
            expanded.add(step.node)
            for segment, child in self._ends(step.node) if over else step.node.edges:
                if child not in telling:
                    continue
                repeats = child in visited and bool(child.edges)
                # The look back along the way comes last: it takes the longest.
                if (repeats and again >= REPEATS) or step.has(child):
                    continue
                again += repeats
                visited.add(child)
                queue.append(Step(child, step, segment))

    def _ends(self, node: Node) -> list[tuple[str, Node]]:
        if node not in self._leaves:
            self._leaves[node] = [edge for edge in node.edges if not edge[1].edges]
        return self._leaves[node]

    def _nodes_that_tell(self) -> set[Node]:
        parents: dict[Node, list[Node]] = {}
        for node in self._nodes.values():
            for _, child in node.edges:
                parents.setdefault(child, []).append(node)
        telling = {node for node in self._nodes.values() if node.findings}
        waiting = list(telling)
        while waiting:
            above = {parent for parent in parents.get(waiting.pop(), ()) if parent not in telling}
            telling |= above
            waiting += above
        return telling
