"""Where findings come together: each is given the place where a consumer of the contract meets it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from attrs import define, field, frozen

from .changes import Change, change
from .documents import Cursor, Document, same
from .facets import rule_id
from .graph import Graph, Node
from .schemas import TEXT_RULES, Finding, Flow


@frozen
class Where:
    """A place in the contract as a consumer sees it: the operation, and the words that lead on from there."""

    operation: str = ""
    path: str = ""

    def below(self, words: str) -> Where:
        """Return the place that these words lead to."""
        return Where(self.operation, f"{self.path} {words}".strip())


@frozen
class Root:
    """A place where a schema stands, and what it is for: request-parameter, response-body and so on."""

    place: str
    where: Where
    node: Node
    skipped: Collection[str] = ()


@define
class Collector:
    """The changes found so far, and the schemas that are still to be walked."""

    old: Document
    new: Document
    # Whether a sunset date is past depends on it.
    today: dt.date
    graph: Graph = field(factory=Graph)
    changes: list[Change] = field(factory=list)
    roots: list[Root] = field(factory=list)
    # Operations that the old contract called too young to rely on.
    lenient: set[str] = field(factory=set)

    def add(self, rule: str, where: Where, old: Cursor | None, new: Cursor | None, /, **values: object) -> None:
        """Keep a finding; a side without a place is None or absent."""
        pointers = old.at if old else None, new.at if new else None
        self.changes.append(change(rule, where.operation, where.path, *pointers, **values))

    def schema(
        self, place: str, where: Where, old: Cursor, new: Cursor, *, flow: Flow, skipped: Collection[str] = ()
    ) -> None:
        """Compare two schemas; where one isn't given, anything is allowed."""
        node = self.graph.node([old] if old else [], [new] if new else [], flow)
        self.roots.append(Root(place, where, node, skipped))

    def texts(self, where: Where, old: Cursor, new: Cursor) -> None:
        """Keep what changed in the texts that stand directly in two places."""
        rules: dict[str, str] = {}
        for keyword, rule in TEXT_RULES.items():
            if not same(old.raw(keyword).value, new.raw(keyword).value):
                rules.setdefault(rule, keyword)
        for rule, keyword in rules.items():
            self.add(rule, where, old.raw(keyword) or old, new.raw(keyword) or new)

    def dangling(self, where: Where, old: Cursor, new: Cursor) -> bool:
        """Say whether one of two places is a reference that leads nowhere; if only one is, that is a finding."""
        broken = [place.reference if place and not place.resolved() else None for place in (old, new)]
        if broken[0] != broken[1]:
            self.add("unresolvable-reference", where, old, new, ref=broken[1] or broken[0])
        return any(broken)

    def finish(self) -> list[Change]:
        """Walk the schemas and return all that was found."""
        for root in self.roots:
            for path, node, finding in self.graph.walk(root.node):
                self._found(root, path, node, finding)
        self._renamed_schemas()
        return self.changes

    def _found(self, root: Root, path: tuple[str, ...], node: Node, finding: Finding) -> None:
        at_top = not path and finding.segment is None
        rule = rule_id(root.place if at_top else f"{node.flow.direction}-property", finding.name)
        if rule in root.skipped:
            return
        words = render((*path, finding.segment) if finding.segment is not None else path)
        where = root.where.below(words)
        pointers = finding.pointer_old, finding.pointer_new
        self.changes.append(change(rule, where.operation, where.path, *pointers, **finding.values))

    def _renamed_schemas(self) -> None:
        before, after = (
            document.root.get("components").get("schemas").mapping.keys() for document in (self.old, self.new)
        )
        seen: set[tuple[str, str]] = set()
        for node in self.graph.below([root.node for root in self.roots]):
            old, new = node.old.name, node.new.name
            if old and new and old not in after and new not in before and (old, new) not in seen:
                seen.add((old, new))
                where = Where("", f"schema {old}")
                self.add("schema-renamed", where, node.old.place, node.new.place, old=old, new=new)


def render(segments: tuple[str, ...]) -> str:
    """Return the path into a value as a person writes it: gifts[].prices.*(Rebate).amount."""
    return re.sub(r"\.(?=\[\]|\()", "", ".".join(segments))
