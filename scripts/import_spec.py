"""Vendor the API's OpenAPI document, merged from the sources that the vendor publishes.

    python scripts/import_spec.py SOURCE... [--bump | --version-reset] [--complete] [--dry-run] [--into FOLDER]

A source is a Markdown page, a JSON or YAML document, a folder of them or an http(s) address. The sources join those
imported before; a page that describes the operations of an earlier page of its name takes that page's place. What is
newer is told by the versions; --version-reset says that the vendor numbers them anew, from a lower one on. Writes
FOLDER/manta-openapi.json, FOLDER/lock.toml and copies of the sources in FOLDER/sources/: all of them, or none.
"""

from __future__ import annotations

import argparse
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from attrs import evolve, frozen

from generation.overlays import mended, read_yaml
from vendoring.fragments import label, operations, version_key
from vendoring.merge import Merged, merge
from vendoring.pages import Mend, NoSpecError, read_specs, unmended
from vendoring.sources import Source, apart, collect
from vendoring.vendored import ScriptError, Vendored, canonical, read_lock, run, sha256, write_all

LOCK_HEADER = "# Written by python scripts/import_spec.py SOURCE; a change made here by hand is lost.\n"
GENERATOR = "openapi-python-client"


@frozen
class ImportPlan:
    """The effect of an import: the bytes of each file, None for one to be removed, and the lines that tell of it."""

    files: dict[Path, bytes | None]
    spec: dict[str, Any]
    last_seen: dict[str, str]
    lines: list[str]


def plan(
    given: Sequence[Source], vendored: Vendored, *, bump: bool = False, complete: bool = False, reset: bool = False
) -> ImportPlan:
    """Return the effect of importing the sources into a folder, without doing it.

    `bump` allows another version than the vendored one, `complete` says that the sources are the whole API, and `reset`
    that their version, although lower, is the newer one. Raises ScriptError if the sources don't fit together, or not
    with the vendored ones.
    """
    listed, before = imported(vendored)
    given = [evolve(source, name=listed.get(source.sha256, source.name)) for source in given]
    given = _dated(given, before, reset=reset)
    missing = listed.keys() - {source.sha256 for source in (*before, *given)}
    if missing and not complete:
        name = min(listed[digest] for digest in missing)
        raise ScriptError(
            f"{vendored.sources / name}: is missing or was edited by hand, so that its operations would be lost: "
            "bring it back with git, or import the original again"
        )
    new = [source for source in given if source.sha256 not in listed]
    _check_versions(new, [*before, *given], vendored, bump=bump or reset)
    if complete:
        _check_newest(given, before)
    kept = [] if complete else [old for old in before if all(old.sha256 != source.sha256 for source in given)]
    # Nothing is replaced yet: sources that contradict the last import are refused, those that only word it anew aren't.
    merge([fragment for source in (*kept, *given) for fragment in source.fragments()])
    kept = [old for old in kept if not any(_replaces(new, old) for new in given)]
    taken = _taken(given, kept, listed, {old.name for old in before}, vendored)
    sources = [_renamed(source, taken) if source.sha256 not in listed else source for source in given]
    merged = merge([fragment for source in (*kept, *sources) for fragment in source.fragments()])
    # A result that equals one of the sources was validated when that source was read.
    known = any(merged.spec == spec for source in sources for _, spec in source.specs)
    if not known and (wrong := unmended(merged.spec, errata(vendored))):
        shown = ", ".join(source.shown for source in sources)
        raise ScriptError(f"{shown}: merged, this is not a valid OpenAPI 3.0 document:" + wrong)

    used = sorted((source for source in (*kept, *sources) if source.name in merged.sources), key=lambda one: one.name)
    files: dict[Path, bytes | None] = {vendored.sources / old.name: None for old in before}
    files |= {vendored.spec: canonical(merged.spec).encode()}
    files |= {vendored.sources / source.name: source.data for source in used}
    files[vendored.lock] = lock_text(merged, vendored, used).encode()
    return ImportPlan(files, merged.spec, merged.last_seen, _report(sources, merged, before))


def errata(vendored: Vendored) -> Mend:
    """Return a function that applies the errata beside the vendored document."""
    overlay = read_yaml(vendored.overlay) if vendored.overlay.exists() else {"overlay": "1.0.0", "actions": []}
    return lambda spec: mended(spec, overlay)


def imported(vendored: Vendored) -> tuple[dict[str, str], list[Source]]:
    """Return the names of the imported sources by their hashes, and those sources that are still as imported.

    Without a sound lock.toml, every file in the folder that holds a spec counts as imported.
    """
    try:
        locked = read_lock(vendored)["sources"]
    except ScriptError:
        paths = sorted(path for path in vendored.sources.glob("*") if path.is_file())
        listed, resets = {}, {}
    else:
        listed = {source["sha256"]: source["name"] for source in locked}
        resets = {source["sha256"]: source.get("resets", 0) for source in locked}
        paths = [path for name in listed.values() if (path := vendored.sources / name).is_file()]
    sources = []
    for path in paths:
        data = path.read_bytes()
        digest = sha256(data)
        if not listed or digest in listed:
            try:
                specs = read_specs(data, errata(vendored))
                sources.append(Source(str(path), path.parts, data, specs, path.name, resets.get(digest, 0)))
            except NoSpecError:
                continue
            except ScriptError as error:
                raise ScriptError(f"{path}: {error}") from None
    return listed or {source.sha256: source.name for source in sources}, sources


def _dated(given: Sequence[Source], before: Sequence[Source], *, reset: bool) -> list[Source]:
    """Return the sources with the count of resets at which each was published; ScriptError if there is no reset."""
    known = {source.sha256: source.resets for source in before}
    newest = max(before, key=_version_key, default=None)
    new = [source for source in given if source.sha256 not in known]
    latest = newest.resets if newest else 0
    if reset and new:
        if not newest:
            raise ScriptError("--version-reset: nothing is vendored, so there is no numbering to end")
        for source in new:
            if version_key(_versions(source)[0]) >= version_key(_versions(newest)[0]):
                raise ScriptError(
                    f"{source.shown}: describes version {_versions(source)[0]}, and the vendored document is version "
                    f"{_versions(newest)[0]}: --version-reset is for a version that is lower and yet newer"
                )
    return [evolve(source, resets=known.get(source.sha256, latest + reset)) for source in given]


def _check_versions(new: Sequence[Source], every: Sequence[Source], vendored: Vendored, *, bump: bool) -> None:
    """Raise ScriptError for a source of another version than the vendored one, unless `bump` allows it."""
    old = [source for source in every if source not in new]
    if bump or not new:
        return
    first = max(old or new, key=_version_key)
    version = _versions(first)[0]
    there = f"the document in {vendored.folder}" if old else first.shown
    for source in new:
        for other in _versions(source):
            if other != version:
                raise ScriptError(
                    f"{source.shown}: describes version {other}, and {there} is version {version}: "
                    "with --bump, the newer one becomes the version of the whole"
                )


def _check_newest(given: Sequence[Source], before: Sequence[Source]) -> None:
    newest = max(given, key=_version_key)
    for old in before:
        if _version_key(old) > _version_key(newest):
            raise ScriptError(
                f"{newest.shown}: is the newest source, version {_versions(newest)[0]}, and the vendored document is "
                f"version {_versions(old)[0]}: to go back to an older version, take it from git; if the vendor "
                "numbers anew, so that it is the newer one, say so with --version-reset"
            )


def _versions(source: Source) -> list[str]:
    return [spec["info"]["version"] for _, spec in source.specs]


def _version_key(source: Source) -> tuple[Any, ...]:
    return source.resets, max(map(version_key, _versions(source)))


def _replaces(new: Source, old: Source) -> bool:
    """Return whether a source is a new version of an earlier one."""
    covered = _operations(old) <= _operations(new)
    return covered and new.base == old.base and _version_key(new) >= _version_key(old)


def _operations(source: Source) -> frozenset[Any]:
    return frozenset().union(*(fragment.operations for fragment in source.fragments()))


def _taken(
    given: Sequence[Source], kept: Sequence[Source], listed: Mapping[str, str], ours: set[str], vendored: Vendored
) -> set[str]:
    """Return the names that a new source can't have: those of the other sources, and of files that aren't ours."""
    theirs = {path.name for path in vendored.sources.glob("*")} - ours
    sources = [*kept, *(source for source in given if source.sha256 in listed)]
    return {name.casefold() for name in (*theirs, *(source.name for source in sources))}


def _renamed(source: Source, taken: set[str]) -> Source:
    return evolve(source, name=apart(source.name, source.sha256)) if source.name.casefold() in taken else source


def lock_text(merged: Merged, vendored: Vendored, sources: Sequence[Source]) -> str:
    """Return the text of lock.toml for a spec and its sources."""
    digest = sha256(canonical(merged.spec).encode())
    spec_file: dict[str, str | int] = {
        "file": vendored.spec.name,
        "version": merged.spec["info"]["version"],
        "sha256": digest,
    }
    tables: list[tuple[str, dict[str, str | int]]] = [("[spec]", spec_file)]
    if merged.last_seen:
        tables.append(
            ("[unconfirmed]", {name: f"last seen at {version}" for name, version in merged.last_seen.items()})
        )
    # Resets are counted from the first source that is left.
    first = min(source.resets for source in sources)
    for source in sources:
        table: dict[str, str | int] = {"name": source.name, "sha256": source.sha256}
        if source.resets > first:
            table["resets"] = source.resets - first
        tables.append(("[[sources]]", table))
    tables.append(("[generator]", {"name": GENERATOR, "version": importlib.metadata.version(GENERATOR)}))
    return LOCK_HEADER + "".join(f"\n{head}\n{tomli_w.dumps(table)}" for head, table in tables)


def _report(sources: Sequence[Source], merged: Merged, before: Sequence[Source]) -> list[str]:
    lines = []
    for source in sources:
        versions = " and ".join(dict.fromkeys(_versions(source)))
        unused = "" if source.name in merged.sources else ": older than the vendored document, nothing taken from it"
        lines.append(f"{source.name}: version {versions}, {_count(len(_operations(source)))}{unused}")
    if len(merged.sources) > 1:
        count = _count(len([*operations(merged.spec)]))
        lines.append(f"all sources: version {merged.spec['info']['version']}, {count}")
    lines += [f"last seen at {version}: {operation}" for operation, version in merged.last_seen.items()]
    there = {label(unit) for unit in operations(merged.spec)}
    gone = {label(unit) for source in before for _, spec in source.specs for unit in operations(spec)} - there
    return lines + [f"no longer there: {operation}" for operation in sorted(gone)]


def _count(number: int) -> str:
    return f"{number} operation{'' if number == 1 else 's'}"


def main(arguments: list[str] | None = None) -> int:
    """Import sources and print what was done; return the exit status."""
    parser = argparse.ArgumentParser(description="Vendor the API's OpenAPI document.", allow_abbrev=False)
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="a Markdown page, a JSON or YAML document, a folder, an address"
    )
    numbers = parser.add_mutually_exclusive_group()
    numbers.add_argument("--bump", action="store_true", help="the sources may be of another version than the last ones")
    numbers.add_argument(
        "--version-reset",
        action="store_true",
        help="the vendor numbers anew: the sources are newer, although their version is lower",
    )
    parser.add_argument(
        "--complete", action="store_true", help="the sources are the whole API: remove all that they don't describe"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and write nothing")
    parser.add_argument("--into", type=Path, default=Vendored().folder, metavar="FOLDER", help="default: openapi/")
    options = parser.parse_args(arguments)
    vendored = Vendored(options.into)
    given, passed = collect(options.sources, errata(vendored))
    planned = plan(given, vendored, bump=options.bump, complete=options.complete, reset=options.version_reset)
    changed = write_all(planned.files, dry_run=options.dry_run)
    for line in (*passed, *planned.lines):
        print(line)
    names = {path: path.relative_to(vendored.folder.parent).as_posix() for path in changed}
    for verb, gone in (("write", False), ("remove", True)):
        if done := sorted(names[path] for path in changed if (planned.files[path] is None) == gone):
            print(
                f"would {verb}" if options.dry_run else {"write": "wrote", "remove": "removed"}[verb], ", ".join(done)
            )
    if not changed:
        print(f"nothing changed: {vendored.folder} is up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
