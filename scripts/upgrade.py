"""Take over a new version of the API's document: import, regenerate, compare, report, test.

    python scripts/upgrade.py SOURCE... [--complete] [--version-reset] [--dry-run] [--no-tests] [--keep]

New operations, classes, fields and values get public names, which are added to facade/names.overlay.yaml and marked as
unconfirmed. The report is printed first, then the tests are run, beginning with those that a new document can break.
Everything is done in a copy of the project. Only when it is complete, the results replace openapi/, generated/ and the
names here, so that a failure or Ctrl-C at any point leaves them as they were. The exit status is 0 if all is done, 1 if
tests fail on the result, 2 if there is no result. A result that fails its tests is not taken over, except with --keep:
then making them pass is work by hand.
"""

from __future__ import annotations

import argparse
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from contract import accepted, sources
from contract.changes import Acceptance, Change
from contract.rules import Level
from contract_diff import compare
from generation.decisions import unconfirmed
from import_spec import errata, plan
from upgrading.calls import example_calls
from upgrading.changes import ADDED, Upgrade, bump, facade_version, joined, text
from upgrading.checkout import WRITTEN, Checkout, copied, take_over
from upgrading.failed_tests import FailedTest, failed_tests
from upgrading.names import named_document, pin
from vendoring.sources import collect
from vendoring.vendored import ROOT, ScriptError, Vendored, read_spec, run, write_all

# Ctrl-C, a cancelled job, and a closed terminal, which Windows doesn't know.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# The tests that hold whatever is vendored; they take less than a minute, all others some.
BREAKABLE = (
    "tests/test_contract.py",
    "tests/test_operations_served.py",
    "tests/test_generated.py",
    "tests/test_public.py",
    "tests/test_testing.py",
    "tests/test_sandbox.py",
    "tests/test_calls.py",
    "tests/faults/test_any_answer.py",
)
COMMIT = "Take over version {version} of the API's document"


def upgrade(
    checkout: Checkout, given: list[str], *, complete: bool, reset: bool = False, root: Path = ROOT
) -> tuple[Upgrade | None, list[str]]:
    """Import, name, regenerate and report in a copy; return the report (None if nothing changed) and lines to print."""
    found, passed = collect(given, errata(checkout.vendored))
    old_version = read_spec(checkout.vendored)["info"]["version"]
    planned = plan(found, checkout.vendored, bump=True, complete=complete, reset=reset)
    lines = [*passed, *planned.lines]
    write_all(planned.files)
    open_before = {one.target: one.names for one in unconfirmed(checkout.vendored.names.read_text("utf-8"))}
    gone = pin(checkout.vendored, checkout.package.parent)
    checkout.regenerate()
    checkout.derive()
    if not checkout.changed():
        return None, lines
    before = sources.load(str(Vendored(root / "openapi").spec), Vendored(root / "openapi"))
    after = sources.load(str(checkout.vendored.spec), checkout.vendored)
    whole = compare(before, after)
    entries, notes = _fitting(accepted.read(checkout.vendored.folder / "accepted.toml"), whole.changes, after.version)
    left, allowed = accepted.apply(entries, whole.changes, after.version)
    report = evolve(whole, changes=left, accepted=allowed)
    names = named_document(checkout.vendored, checkout.package.parent)
    result = Upgrade(
        old_version=old_version,
        new_version=after.version,
        report=report,
        bump=bump(report.changes, facade_version(root)),
        calls=example_calls(names.plan, sorted({change.operation for change in report.changes if change.id == ADDED})),
        last_seen=planned.last_seen,
        names=names,
        proposed=tuple(one for one in names.open if open_before.get(one.target) != one.names),
        gone=gone,
        notes=notes,
    )
    path = checkout.vendored.changes / f"{after.version}.md"
    write_all({path: joined(text(result), path).encode()})
    return result, lines


def _fitting(
    entries: Iterable[Acceptance], changes: Iterable[Change], version: str
) -> tuple[list[Acceptance], tuple[str, ...]]:
    """Return the entries of accepted.toml that match this comparison, and lines on those that no longer do."""
    fitting, notes, left = [], [], tuple(changes)
    for entry in entries:
        try:
            left, _ = accepted.apply([entry], left, version)
        except ScriptError as error:
            notes.append(f"openapi/{error}")
        else:
            fitting.append(entry)
    return fitting, tuple(notes)


def tested(checkout: Checkout) -> list[FailedTest]:
    """Run the tests of a copy, first those that a new document can break; print each round, return the failed tests."""
    there = [name for name in BREAKABLE if (checkout.root / name).exists()]
    rounds = [("what a new document can break", there)] if there else []
    failed = []
    for told, chosen in (*rounds, ("the rest", [f"--ignore={name}" for name in there])):
        began = time.perf_counter()
        passed, output = checkout.test(*chosen)
        found = [] if passed else failed_tests(output)
        failed += found
        print(f"tests of {told}: {_counted(found)}, {time.perf_counter() - began:.0f} s")
        print("".join(f"  {head}\n    {reason}\n" for head, reason in (one.lines for one in found)), end="", flush=True)
    return failed


def _counted(failed: Sequence[FailedTest]) -> str:
    return f"{sum(one.cases for one in failed)} failed" if failed else "all passed"


def summary(result: Upgrade, changed: Iterable[str], failed: Sequence[FailedTest] | None) -> list[str]:
    """Return the last lines that are printed; `failed` is None if no tests were run."""
    report, names = result.report, list(changed)
    generated = sum(name.startswith("generated/") for name in names)
    counted = ", ".join(f"{report.count(level)} {level}" for level in Level)
    new = sum(change.id == ADDED for change in report.changes)
    texts = [change.text for change in result.for_facade]
    modules = sorted({found for text in texts for found in re.findall(r"look at (mantago[\w.]*)", text)})
    lines = [
        f"{result.old_version} -> {result.new_version}: {counted}; {new} new operations",
        f"version of the package: {result.bump}",
        f"for the facade: {len(result.for_facade)} findings" + (f", in {', '.join(modules)}" if modules else ""),
        f"to confirm before a release: {len(result.names.open)} proposals in {WRITTEN[2]}",
        f"files: {len(names)}, of which nobody has to read {generated} that are generated",
    ]
    return [*lines, "tests: not run" if failed is None else f"tests: {_counted(failed)}"]


@contextmanager
def signals(handler: Callable[..., object]) -> Iterator[None]:
    """Call a handler for each signal that asks to stop, as long as the block lasts."""
    before = {name: signal.signal(name, handler) for name in SIGNALS}
    try:
        yield
    finally:
        for name, former in before.items():
            signal.signal(name, former)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal that asks to stop into KeyboardInterrupt, and ignore others during the cleaning up."""

    def stop(*_: object) -> None:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    with signals(stop):
        yield


def put_in_place(changed: dict[str, bytes | None], before: dict[str, bytes], root: Path) -> None:
    """Take over the changes; a signal meanwhile waits for the end, and then undoes them all."""
    stopped: list[object] = []
    with signals(lambda *_: stopped.append(None)):
        take_over(changed, root)
        if stopped:
            take_over({name: before.get(name) for name in changed}, root)
            raise KeyboardInterrupt


def commits(result: Upgrade) -> list[str]:
    """Return the two commits to make."""
    version = f"__version__ ({result.bump.after} at least)"
    return [
        f"read: openapi/changes/{result.new_version}.md, then git diff -Oscripts/review-order",
        "the first commit is the machine's alone:",
        f"  git add {' '.join(WRITTEN)}",
        f'  git commit -m "{COMMIT.format(version=result.new_version)}"',
        "the second is by hand: what the report asks to confirm and lists for the facade, CHANGELOG.md, and",
        f"{version}, then",
        f'  git commit -am "Follow version {result.new_version} of the API by hand"',
    ]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Upgrade, and print what was done and what is left to do; return the exit status."""
    parser = argparse.ArgumentParser(description="Take over a new version of the API's document.", allow_abbrev=False)
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="as for import_spec.py")
    parser.add_argument("--complete", action="store_true", help="the sources are the whole API")
    parser.add_argument("--version-reset", action="store_true", help="as for import_spec.py")
    parser.add_argument("--dry-run", action="store_true", help="do it all and print the result, but change nothing")
    parser.add_argument("--no-tests", action="store_true", help="leave out the tests")
    parser.add_argument("--keep", action="store_true", help="take over the result even if tests fail on it")
    options = parser.parse_args(arguments)
    with interruptible():
        return _upgrade(options, root)


def _upgrade(options: argparse.Namespace, root: Path) -> int:
    began = time.perf_counter()
    with copied(root) as checkout:
        result, lines = upgrade(
            checkout, options.sources, complete=options.complete, reset=options.version_reset, root=root
        )
        for line in lines:
            print(line)
        if result is None:
            print("nothing changed: all is up to date")
            return 0
        took = f"import, regeneration and comparison: {time.perf_counter() - began:.1f} s"
        failed = None
        report = checkout.vendored.changes / f"{result.new_version}.md"
        print(report.read_text("utf-8"))
        if not options.no_tests:
            print(f"{took}; now the tests", flush=True)
            failed = tested(checkout)
            told = report.read_text("utf-8").replace(text(result), text(evolve(result, failed=tuple(failed))), 1)
            report.write_text(told, "utf-8", newline="\n")
        changed = checkout.changed()
        kept = not options.dry_run and (options.keep or not failed)
        if kept:
            put_in_place(changed, checkout.before, root)
    print("\n".join(summary(result, changed, failed)))
    print(took)
    if kept:
        print("\n".join(commits(result)))
    elif options.dry_run:
        print("nothing was changed: this was a dry run")
    else:
        print("nothing was changed: tests fail on the result; with --keep it is taken over, to mend them by hand")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(run(main))
