"""Compare the working spec and packages with those last released; refuse a break that the version doesn't allow.

    python scripts/release_diff.py [--format text|json|markdown|html|github] [--into FILE]

The last release is the newest tag v1.2.3 below HEAD or, without tags, the first commit that has a vendored spec.
The exit status is 0 if nothing breaks, if openapi/accepted.toml lists what does, or if the version of the package was
raised as semantic versioning asks; 1 if not; 2 if they can't be compared.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from contract import accepted, render, sources
from contract.sources import git
from contract_diff import compare
from upgrading.changes import bump, enough, facade_version, package_version
from vendoring.vendored import ScriptError, Vendored, run

INIT = "facade/mantago/__init__.py"


def last_release(vendored: Vendored) -> str:
    """Return the tag of the last release, or else the first commit that has a vendored spec."""
    root = vendored.folder.parent
    tag = git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    if tag:
        return tag.decode().strip()
    added = git(root, "log", "--format=%H", "--diff-filter=A", "--", f"{vendored.folder.name}/{vendored.spec.name}")
    if not added:
        raise ScriptError(f"{root}: no commit has a vendored spec; is it a shallow clone? git fetch --unshallow --tags")
    return added.split()[-1][:12].decode()


def main(arguments: list[str] | None = None, vendored: Vendored | None = None) -> int:
    """Compare, print the report and the verdict; return the exit status."""
    vendored = vendored or Vendored()
    parser = argparse.ArgumentParser(description="Compare the working spec with the last released one.")
    parser.add_argument("--format", choices=render.REPORT_FORMATS, default="text")
    parser.add_argument("--into", type=Path, metavar="FILE", help="write the report there instead of printing it")
    options = parser.parse_args(arguments)
    root, reference = vendored.folder.parent, last_release(vendored)
    old, new = sources.load(f"git:{reference}", vendored), sources.load(str(vendored.spec), vendored)
    report = compare(old, new, accepted.read(vendored.folder / "accepted.toml"))
    text = render.REPORT_FORMATS[options.format](report)
    if options.into:
        options.into.write_text(text, "utf-8")
    else:
        print(text, end="")
    if not report.breaks:
        return 0
    init = git(root, "show", f"{reference}:{INIT}")
    if init is None:
        print(f"something breaks, yet {reference} has no package that anyone could have installed")
        return 0
    before, after = package_version(init.decode()), facade_version(root)
    asked = bump(report.changes, before)
    if enough(before, after, asked):
        print(f"something breaks, and the version of the package says so: {'.'.join(map(str, after))}")
        return 0
    print(
        f"something breaks since {reference}, and the version of the package doesn't say so: raise __version__ "
        f"in {INIT} from {'.'.join(map(str, after))} to {asked.after}, or list the break in openapi/accepted.toml"
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(run(main))
