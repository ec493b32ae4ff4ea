"""The names of a checkout: adding new ones to names.overlay.yaml, and listing those still to be confirmed."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from generation import decisions
from generation.decisions import Open, Unpinned, json_path
from generation.overlays import apply_overlay, read_yaml
from generation.package import Plan, plan
from regenerate import Inputs
from vendoring.fragments import label
from vendoring.vendored import Vendored, read_spec, write_all


@frozen
class NamedDocument:
    """A document as the names of an overlay have it, and the decisions in it that are left to people."""

    plan: Plan
    open: tuple[Open, ...]
    unpinned: tuple[Unpinned, ...]
    undecided: tuple[str, ...]
    sounding: tuple[tuple[str, str], ...]

    @property
    def apart(self) -> tuple[str, ...]:
        """Sentences on the schemas that share a class by the overlay and aren't alike any more."""
        return self.plan.apart


def named_document(vendored: Vendored, generated: Path) -> NamedDocument:
    """Return the vendored document as the overlay names it."""
    inputs = Inputs.read(vendored, generated)
    read, text = plan(inputs.documents, inputs.settings.config), vendored.names.read_text("utf-8")
    unconfirmed = decisions.unconfirmed(text)
    targets = {one.target for one in unconfirmed}
    return NamedDocument(
        plan=read,
        open=tuple(unconfirmed),
        unpinned=tuple(decisions.unpinned(read, read_yaml(vendored.names))),
        # An operation whose name is unconfirmed is listed once, with that name.
        undecided=tuple(
            label(unit) for unit in decisions.undecided(inputs.documents.named, text) if json_path(unit) not in targets
        ),
        sounding=tuple(decisions.sounding(inputs.documents.named)),
    )


def pin(vendored: Vendored, generated: Path) -> tuple[str, ...]:
    """Write down each public name that has no pin; return the proposals removed because their cause is gone."""
    spec = read_spec(vendored)
    mended = apply_overlay(spec, read_yaml(vendored.overlay))
    text, gone = decisions.without_stale(vendored.names.read_text("utf-8"), mended)
    write_all({vendored.names: text.encode()})
    proposed = decisions.actions(named_document(vendored, generated).unpinned, spec["info"]["version"])
    write_all({vendored.names: decisions.appended(text, proposed).encode()})
    return gone
