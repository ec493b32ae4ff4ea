"""Compare two versions of the contract, and report what breaks programs that rely on the old one.

    python scripts/contract_diff.py OLD NEW [--format text|json|markdown|html|github]
    python scripts/contract_diff.py --rules

OLD and NEW are files (a spec in JSON or YAML, a page with a spec) or git:REF, the vendored spec at that commit. For a
commit, and for the vendored openapi/manta-openapi.json itself, the packages that belong to it are compared as well. The
exit status is 0 if nothing breaks, 1 if something does that openapi/accepted.toml doesn't list, 2 if they can't be
compared.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import asdict

from contract import accepted, assumptions, execution, python, render, sources, spec
from contract.changes import Acceptance, Change, Report, sorted_unique
from contract.documents import Document
from contract.rules import RULES
from vendoring.vendored import ScriptError, Vendored, run

# Each part of the diff looks at both sides and yields its findings; there is one report for all parts.
Part = Callable[[Document, Document], Iterable[Change]]
PARTS: tuple[Part, ...] = (spec.compare, assumptions.compare, execution.compare, python.compare)


def compare(old: Document, new: Document, entries: Iterable[Acceptance] = ()) -> Report:
    """Return the findings of all parts, without the accepted ones."""
    changes = sorted_unique(change for part in PARTS for change in part(old, new))
    left, allowed = accepted.apply(entries, changes, new.version)
    return Report(old.name, new.name, left, allowed)


def rules_text(form: str) -> str:
    """Return the catalogue of rules as JSON or as lines."""
    listed = sorted(RULES.values(), key=lambda rule: rule.id)
    if form == "json":
        return json.dumps([asdict(rule) for rule in listed], indent=2) + "\n"
    width = max(len(rule.id) for rule in listed)
    return "".join(f"{rule.id:{width}}  {rule.level:8}  {rule.direction:8}  {rule.reason}\n" for rule in listed)


def main(arguments: list[str] | None = None, vendored: Vendored | None = None) -> int:
    """Compare and print the report; return the exit status."""
    vendored = vendored or Vendored()
    parser = argparse.ArgumentParser(description="Report what changed between two versions of the contract.")
    parser.add_argument("sources", nargs="*", metavar="OLD NEW", help="a file, a page, or git:REF")
    parser.add_argument("--format", choices=render.REPORT_FORMATS, default="text")
    parser.add_argument("--rules", action="store_true", help="list the rules: id, level, direction, reason")
    parser.add_argument("--accepted", type=Path, metavar="FILE", help="instead of openapi/accepted.toml")
    options = parser.parse_args(arguments)
    if options.rules:
        print(rules_text(options.format), end="")
        return 0
    if len(options.sources) != 2:
        parser.error("two sources are needed: OLD NEW")
    if options.accepted and not options.accepted.exists():
        raise ScriptError(f"{options.accepted}: there is no such file")
    old, new = (sources.load(source, vendored) for source in options.sources)
    entries = accepted.read(options.accepted or vendored.folder / "accepted.toml")
    try:
        report = compare(old, new, entries)
    except RecursionError:
        raise ScriptError(f"{old.name}, {new.name}: something in them is nested too deeply to be compared") from None
    for piece in render.pieces(report, options.format):
        print(piece, end="")
    return int(report.breaks)


if __name__ == "__main__":
    raise SystemExit(run(main))
