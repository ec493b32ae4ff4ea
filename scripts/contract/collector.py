"""Collecting findings, each with the places where a consumer of the contract meets it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping

from attrs import define, evolve, field, frozen

from .changes import Change, Kind, Spot, show, sorted_unique
from .documents import Cursor, Document
from .facets import rule_id
from .graph import Graph, GraphNode
from .rules import INFO, RULES
from .schemas import TEXT_RULES, Finding, Flow
from .twins import Twins
from .ways import Ways, joined


@frozen
class Where:
    """A place in the contract as a consumer sees it: the operation, and the words that lead to the place."""

    operation: str = ""
    path: str = ""

    def below(self, words: str) -> Where:
        """Return the place that these words lead to."""
        return Where(self.operation, f"{self.path} {words}".strip())


@frozen(eq=False)
class Root:
    """A schema's place in the contract, and its kind: request-parameter, response-body and so on."""

    place: str
    where: Where
    node: GraphNode
    skipped: Collection[str] = ()


# The identity of a change: its subject, the pointers, and further details.
ChangeKey = tuple[str, str | None, str | None, str]
Spots = Mapping[Kind, Collection[Spot]]
# Beyond this number of places, nobody would read the ways from them to the changes below.
MOST_WAYS = 200_000
# Each of these is a change of its own, even if one reference causes several.
_WHOLE = ("endpoint-", "api-removed-", "api-moved")


@define
class Collector:
    """The changes found so far, and the schemas that are still to be walked."""

    old: Document
    new: Document
    # Sunset dates before this day are past.
    today: dt.date
    twins: Twins = field(init=False)
    graph: Graph = field(init=False)
    found: dict[ChangeKey, dict[Kind, set[Spot]]] = field(factory=dict)
    roots: list[Root] = field(factory=list)
    # Operations that the old contract calls draft or alpha, so that nobody should rely on them.
    lenient: set[str] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.twins = Twins(self.old, self.new)
        self.graph = Graph(self.twins)

    def add(self, rule: str, where: Where, old: Cursor | None, new: Cursor | None, /, **values: object) -> None:
        """Keep a finding; a side without a place is None or absent."""
        pointers = old.at if old else None, new.at if new else None
        # Changes without pointers are told apart by their paths.
        apart = where.operation if rule.startswith(_WHOLE) else where.path if pointers == (None, None) else ""
        text = RULES[rule].text.format(**values)
        key = (rule, *pointers, f"{apart}\0{text}")
        spots = self.found.setdefault(key, {}).setdefault(Kind(rule, RULES[rule].level, text), set())
        spots.add((where.operation, where.path))

    def schema(
        self, place: str, where: Where, old: Cursor, new: Cursor, *, flow: Flow, skipped: Collection[str] = ()
    ) -> None:
        """Compare two schemas; an absent one allows anything."""
        if node := self.graph.node(old, new, flow):
            self.roots.append(Root(place, where, node, skipped))

    def texts(self, where: Where, old: Cursor, new: Cursor) -> None:
        """Keep the changes of the texts that stand directly in two places."""
        rules: dict[str, str] = {}
        for keyword, rule in TEXT_RULES.items():
            if (keyword in old or keyword in new) and not self.twins.same(old.raw(keyword), new.raw(keyword)):
                rules.setdefault(rule, keyword)
        for rule, keyword in rules.items():
            self.add(rule, where, old.raw(keyword) or old, new.raw(keyword) or new)

    def rest(self, where: Where, old: Cursor, new: Cursor, judged: Collection[str]) -> None:
        """Keep the changes of keywords that no rule judges; extensions are passed over."""
        for keyword in sorted({*old.mapping, *new.mapping}.difference(judged, TEXT_RULES)):
            before, after = old.raw(keyword), new.raw(keyword)
            if not (keyword.startswith("x-") or self.twins.same(before, after)):
                values = {"keyword": keyword, "old": show(before.value or None), "new": show(after.value or None)}
                self.add("keyword-changed", where, before or old, after or new, **values)

    def dangling(self, where: Where, old: Cursor, new: Cursor) -> bool:
        """Return whether one of two places is a reference that leads nowhere; keep a finding if only one is."""
        broken = [place.reference if place and not place.resolved() else None for place in (old, new)]
        if broken[0] != broken[1]:
            self.add("unresolvable-reference", where, old, new, ref=broken[1] or broken[0])
        return any(broken)

    def finish(self) -> tuple[Change, ...]:
        """Find the places where the changes of schemas are met, and return all changes."""
        nodes = [*self.graph.below(root.node for root in self.roots)]
        self._renamed_schemas(nodes)
        told: dict[ChangeKey, list[tuple[GraphNode, Finding]]] = {}
        for node in nodes:
            for finding in node.findings:
                told.setdefault(_key(finding), []).append((node, finding))
        meetings = _Meetings(nodes, self.roots)
        changes = [self._change(key, spots) for key, spots in self.found.items()]
        for key, findings in told.items():
            spots, first = meetings.of(findings)
            changes += [self._change(key, spots, first)] if spots else []
        return sorted_unique(changes)

    def _change(self, key: ChangeKey, spots: Spots, first: str | None = None) -> Change:
        if self.lenient and any(operation in self.lenient for found in spots.values() for operation, _ in found):
            split: dict[Kind, set[Spot]] = {}
            for kind, found in spots.items():
                for spot in found:
                    here = evolve(kind, level=INFO) if spot[0] in self.lenient else kind
                    split.setdefault(here, set()).add(spot)
            spots, first = split, None
        return Change.met_at(spots, key[1], key[2], first)

    def _renamed_schemas(self, nodes: Iterable[GraphNode]) -> None:
        before, after = (
            document.root.get("components").get("schemas").mapping.keys() for document in (self.old, self.new)
        )
        seen: set[tuple[str, str]] = set()
        for node in nodes:
            old, new = node.old.name, node.new.name
            if old and new and old not in after and new not in before and (old, new) not in seen:
                seen.add((old, new))
                where = Where("", f"schema {old}")
                self.add("schema-renamed", where, node.old.place, node.new.place, old=old, new=new)


# A change of a limit or type is one change, although requests and answers may have different rules for it.
_VERB = re.compile(
    "-(?:added|allowed|became-.*|changed|decreased|disallowed|dissolved|generalized|increased|introduced|lifted|"
    "removed|set|specialized|unset)$"
)


def _key(finding: Finding) -> ChangeKey:
    about = "property" if finding.segment is not None else _VERB.sub("", finding.name)
    apart = "\0".join((finding.segment or "", *(f"{key}={value}" for key, value in sorted(finding.values.items()))))
    return about, finding.pointer_old, finding.pointer_new, apart


class _Meetings:
    """The places where consumers meet the findings in schemas."""

    def __init__(self, nodes: Iterable[GraphNode], roots: Iterable[Root]) -> None:
        self._roots = sorted(roots, key=lambda root: (root.where.operation, root.where.path))
        self._by_node: dict[GraphNode, list[Root]] = {}
        self._places: dict[Root, int] = {}
        bits: dict[GraphNode, int] = {}
        for place, root in enumerate(self._roots):
            self._by_node.setdefault(root.node, []).append(root)
            self._places[root] = place
            bits[root.node] = bits.get(root.node, 0) | 1 << place
        listed = list(nodes)
        self._ways = Ways(listed, self._by_node)
        self._reached = self._ways.reached(bits)
        number = sum(self._reached[node].bit_count() for node in listed for _ in node.findings)
        self._firsts = self._ways.firsts(root.node for root in self._roots) if number > MOST_WAYS else {}
        self._shared: dict[int, tuple[Spot, ...]] = {}

    def of(self, findings: Iterable[tuple[GraphNode, Finding]]) -> tuple[Spots, str | None]:
        """Return the places of the findings of one change, and the path to the first if the others have none."""
        return self._shortly(findings) if self._firsts else (self._fully(findings), None)

    def _fully(self, findings: Iterable[tuple[GraphNode, Finding]]) -> Spots:
        spots: dict[Kind, set[Spot]] = {}
        for node, finding in findings:
            deep = _kind(f"{node.flow.direction}-property", finding)
            for above, way in self._ways.back(node).items():
                words = joined(way, finding.segment or "")
                for root in self._by_node.get(above, ()):
                    kind = deep if words else _kind(root.place, finding)
                    if kind.id not in root.skipped:
                        path = f"{root.where.path} {words}" if words else root.where.path
                        spots.setdefault(kind, set()).add((root.where.operation, path))
        return {kind: tuple(sorted(found)) for kind, found in spots.items()}

    def _shortly(self, findings: Iterable[tuple[GraphNode, Finding]]) -> tuple[Spots, str | None]:
        bits: dict[Kind, int] = {}
        firsts: dict[Kind, str] = {}
        for node, finding in findings:
            reached = self._reached[node]
            at_top = [] if finding.segment else self._by_node.get(node, [])
            for root in at_top:
                bit = 1 << self._places[root]
                kind = _kind(root.place, finding)
                if kind.id not in root.skipped:
                    bits[kind] = bits.get(kind, 0) | bit
                reached &= ~bit
            if reached:
                deep = _kind(f"{node.flow.direction}-property", finding)
                bits[deep] = bits.get(deep, 0) | reached
                firsts[deep] = joined(self._firsts[node], finding.segment or "")
        spots = {kind: self._listed(found) for kind, found in bits.items()}
        if not spots:
            return spots, None
        worst = min(spots, key=lambda kind: (kind.level.rank, spots[kind][0], kind.id))
        return spots, f"{spots[worst][0][1]} {firsts.get(worst, '')}".strip()

    def _listed(self, bits: int) -> tuple[Spot, ...]:
        if bits not in self._shared:
            found = (root.where for place, root in enumerate(self._roots) if bits >> place & 1)
            self._shared[bits] = tuple((where.operation, where.path) for where in found)
        return self._shared[bits]


def _kind(place: str, finding: Finding) -> Kind:
    rule = RULES[rule_id(place, finding.name)]
    return Kind(rule.id, rule.level, rule.text.format(**finding.values))
