"""The ways from schemas in the contract to those below them, on which consumers meet what changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from .graph import GraphNode


class Ways:
    """The ways between nodes."""

    def __init__(self, nodes: Iterable[GraphNode], starts: Collection[GraphNode]) -> None:
        """Read the edges between nodes; a node with one edge and no findings that isn't a start is only a step."""
        listed = list(nodes)
        steps = {node for node in listed if len(node.edges) < 2 and not node.findings}.difference(starts)
        self._above: dict[GraphNode, list[tuple[str, GraphNode]]] = {node: [] for node in listed if node not in steps}
        self._below: dict[GraphNode, list[tuple[str, GraphNode]]] = {node: [] for node in self._above}
        for node in self._above:
            for edge in node.edges:
                way, child = _stepped(edge, steps)
                if child not in steps:
                    self._above[child].append((way, node))
                    self._below[node].append((way, child))

    def back(self, target: GraphNode) -> dict[GraphNode, str]:
        """Return, for each node that leads to one, a shortest way there, in the words of a path."""
        found: dict[GraphNode, str] = {}
        _spread(target, self._above, found, lambda way, segment: joined(segment, way))
        return found

    def firsts(self, starts: Iterable[GraphNode]) -> dict[GraphNode, str]:
        """Return, for each node, a shortest way there from the first of the starts that lead to it."""
        found: dict[GraphNode, str] = {}
        for start in starts:
            # A start that an earlier one leads to adds nothing.
            if start not in found:
                _spread(start, self._below, found, joined)
        return found

    def reached(self, starts: Mapping[GraphNode, int]) -> dict[GraphNode, int]:
        """Return, for each node, the starts that lead to it: their bits."""
        found = {**dict.fromkeys(self._above, 0), **starts}
        layer = dict.fromkeys(starts)
        while layer:
            # The search goes by layers, so that a node to which many lead is looked at once for all of them.
            below: dict[GraphNode, None] = {}
            for node in layer:
                bits = found[node]
                for _, child in self._below[node]:
                    if bits & ~found[child]:
                        found[child] |= bits
                        below[child] = None
            layer = below
        return found


def _spread(
    start: GraphNode,
    edges: Mapping[GraphNode, list[tuple[str, GraphNode]]],
    found: dict[GraphNode, str],
    join: Callable[[str, str], str],
) -> None:
    """Add a shortest way for each node that edges lead to from a start, unless it is there already."""
    found[start] = ""
    layer = [start]
    while layer:
        following: list[GraphNode] = []
        for node in layer:
            way = found[node]
            for segment, other in edges[node]:
                if other not in found:
                    found[other] = join(way, segment)
                    following.append(other)
        layer = following


def _stepped(edge: tuple[str, GraphNode], steps: Collection[GraphNode]) -> tuple[str, GraphNode]:
    way, node = edge
    passed: set[GraphNode] = set()
    # Steps may lead in a circle, and then nowhere else.
    while node in steps and node not in passed and node.edges:
        passed.add(node)
        segment, node = node.edges[0]
        way = joined(way, segment)
    return way, node


def joined(first: str, second: str) -> str:
    """Return two parts of the path into a value as a person writes it: gifts[].prices.*(Rebate).amount."""
    return f"{first}{'' if not first or not second or second.startswith(('[', '(')) else '.'}{second}"
