"""openapi/changes/VERSION.md: the changes of a new version of the document, in the order in which a reviewer reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from contract.changes import Change, Report
from contract.render import code, counts, markdown, prose
from contract.rules import RULES, Level
from contract.schemas import TEXT_RULES
from generation.decisions import Open
from vendoring.vendored import ROOT, ScriptError

from .calls import ExampleCalls
from .failed_tests import FailedTest
from .names import NamedDocument

VERSION = re.compile(r'^__version__ = "(\d+)\.(\d+)\.(\d+)"$', re.MULTILINE)
ADDED = "endpoint-added"
TEXTUAL = {*TEXT_RULES.values(), "api-version-changed", "api-info-changed", "api-tags-described"}
OURS = ("assumption-", "client-not-tried")
BUMPS = ("major", "minor", "patch")


@frozen
class Bump:
    """The step that semantic versioning asks for: major, minor or patch, the reason, the versions before and after."""

    kind: str
    why: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} to {self.after} ({self.kind}): {self.why}"


def package_version(init: str) -> tuple[int, int, int]:
    """Return the version that the text of mantago/__init__.py says; ScriptError if it says none."""
    found = VERSION.search(init)
    if not found:
        raise ScriptError('mantago/__init__.py: has no line __version__ = "1.2.3"')
    return int(found[1]), int(found[2]), int(found[3])


def bump(changes: Iterable[Change], version: tuple[int, int, int]) -> Bump:
    """Return the version that the package needs after these changes.

    Before 1.0.0 a break asks for a minor version only, and anything else for a patch.
    """
    found = list(changes)
    if broken := sum(change.level is Level.BREAKING for change in found):
        kind, why = "major", f"{broken} finding{'s' if broken > 1 else ''} of level breaking"
    elif any(change.id not in TEXTUAL for change in found):
        kind, why = "minor", "nothing breaks, yet more than text changes"
    else:
        kind, why = "patch", "nothing but text changes"
    if version[0] == 0 and kind != "patch":
        kind, why = BUMPS[BUMPS.index(kind) + 1], f"{why}, and before 1.0.0 that is a {BUMPS[BUMPS.index(kind) + 1]}"
    place = BUMPS.index(kind)
    after = (*version[:place], version[place] + 1, *(0 for _ in version[place + 1 :]))
    return Bump(kind, why, ".".join(map(str, version)), ".".join(map(str, after)))


def enough(before: tuple[int, int, int], after: tuple[int, int, int], asked: Bump) -> bool:
    """Return whether the version was raised as far as it is asked to be, or further."""
    place = BUMPS.index(asked.kind)
    return after[: place + 1] > before[: place + 1]


@frozen
class Upgrade:
    """The facts that the report tells."""

    old_version: str
    new_version: str
    report: Report
    bump: Bump
    calls: ExampleCalls
    last_seen: Mapping[str, str]
    names: NamedDocument
    # Proposals of this version, and unconfirmed proposals that are gone since the document lost what they name.
    proposed: tuple[Open, ...] = ()
    gone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    # None as long as no tests were run.
    failed: tuple[FailedTest, ...] | None = None

    @property
    def added(self) -> tuple[str, ...]:
        """The operations that are new."""
        return tuple(sorted({change.operation for change in self.report.changes if change.id == ADDED}))

    @property
    def for_facade(self) -> tuple[Change, ...]:
        """The changes that concern code written by hand: broken assumptions, and operations that couldn't be tried."""
        return tuple(change for change in self.report.changes if _is_ours(change))


def _fails(change: Change) -> bool:
    return change.id.startswith("client-") and change.level is Level.BREAKING


def _is_ours(change: Change) -> bool:
    return change.id.startswith(OURS) and change.level is not Level.INFO


def text(upgrade: Upgrade) -> str:
    """Return the report as Markdown: what breaks, what is for the façade, what is new, and the rest."""
    report = upgrade.report
    plural = "" if len(upgrade.added) == 1 else "s"
    lines = [
        f"# {upgrade.old_version} → {upgrade.new_version}",
        "",
        f"- Contract: {counts(report)}; {len(upgrade.added)} new operation{plural}.",
        f"- Version of the package: {upgrade.bump}.",
        *(f"- {prose(note)}" for note in upgrade.notes),
        *_tests(upgrade),
        *markdown(report, Level.BREAKING),
        *_facade(upgrade),
        *_added(upgrade),
        *_to_confirm(upgrade),
        *_unconfirmed(upgrade),
        # The changes for the façade stand above.
        *markdown(report, Level.WARNING, {rule for rule in RULES if rule.startswith(OURS)}),
        *markdown(report, Level.INFO, {ADDED}),
    ]
    return "\n".join(lines) + "\n"


def _tests(upgrade: Upgrade) -> list[str]:
    if upgrade.failed is None:
        return []
    if not upgrade.failed:
        return ["- Tests: all passed."]
    number = sum(one.cases for one in upgrade.failed)
    lines = [f"- Tests: {number} failed, listed here.", "", f"### Tests that fail ({number})", ""]
    return [*lines, *(f"- {prose(head)}: {prose(reason)}" for head, reason in (one.lines for one in upgrade.failed))]


def _facade(upgrade: Upgrade) -> list[str]:
    lines = ["", "### For the façade", ""]
    if not upgrade.for_facade:
        others = {
            "the released client fails on the new version, as Breaking says": any(map(_fails, upgrade.report.changes)),
            "tests fail, as listed above": bool(upgrade.failed),
        }
        told = " and ".join(words for words, holds in others.items() if holds)
        return [*lines, f"Its assumptions hold, yet {told}." if told else "Nothing: all that it relies on holds."]
    lines += [f"- {code(change.path)}: {prose(change.text)}" for change in upgrade.for_facade]
    return lines


def _added(upgrade: Upgrade) -> list[str]:
    if not upgrade.added:
        return []
    lines = ["", f"### New operations ({len(upgrade.added)})", "", "With this version, each is called like this:", ""]
    lines += ["```python", upgrade.calls.before, "```", ""]
    return [*lines, *(f"- {code(operation)}: {code(upgrade.calls.lines[operation])}" for operation in upgrade.added)]


def _to_confirm(upgrade: Upgrade) -> list[str]:
    names = upgrade.names
    earlier = [name for one in names.open if one not in upgrade.proposed for name in one.names]
    parts = (
        (
            "In `facade/names.overlay.yaml`: is the name good, does the operation act? Then remove `x-unconfirmed`.",
            [f"{', '.join(map(code, one.names))}, line {one.line}" for one in upgrade.proposed],
        ),
        ("Proposed earlier, and still not confirmed:", [", ".join(map(code, earlier))] if earlier else []),
        (
            "Nobody has decided whether these only read, so they are taken for ones that act (`x-mantago-reads`).",
            [code(operation) for operation in names.undecided],
        ),
        (
            "This sounds like the rule of identification, and the body's schema has no `x-mantago-rule`.",
            [f"{code(operation)}: {prose(sentence)}" for operation, sentence in names.sounding],
        ),
        ("The overlay makes these one class, and they aren't alike any more:", [prose(line) for line in names.apart]),
        (
            "These proposals are gone, unconfirmed: the document no longer has what they name.",
            [code(line) for line in upgrade.gone],
        ),
    )
    said = [["", text, "", *(f"- {line}" for line in lines)] for text, lines in parts if lines]
    return ["", "### Confirm before release", *(line for part in said for line in part)] if said else []


def _unconfirmed(upgrade: Upgrade) -> list[str]:
    if not upgrade.last_seen:
        return []
    lines = ["", f"### Not confirmed ({len(upgrade.last_seen)})", "", "No source of this version describes them.", ""]
    return lines + [f"- {code(operation)}: last seen at {version}" for operation, version in upgrade.last_seen.items()]


def joined(new: str, path: Path) -> str:
    """Return the text for a file that may hold the report of an earlier import of that version: the newest first."""
    before = path.read_text("utf-8") if path.exists() else ""
    return f"{new}\n{before}" if before and before != new else new


def facade_version(root: Path = ROOT) -> tuple[int, int, int]:
    """Return the version of the package in a checkout."""
    return package_version((root / "facade" / "mantago" / "__init__.py").read_text("utf-8"))
