"""List what is still to be decided before a release: names, shared classes, and which operations only read.

    python scripts/unconfirmed.py

The exit status is 0 if there is nothing, 1 with a list if there is. release_check.py asks for it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from _names import Named, named
from _vendored import Vendored, run
from generation.decisions import READS
from regenerate import GENERATED


def lines(found: Named, names: str) -> list[str]:
    """Return what is to be done, a line for each thing."""
    told = [
        f"{names}:{one.line}: confirm {', '.join(one.names)}: correct the action, then remove its mark x-unconfirmed"
        for one in found.open
    ]
    bare = sorted({one.name for one in found.unpinned})
    if bare:
        told.append(
            f"{names}: nothing pins {', '.join(bare)}: add their actions, or have scripts/upgrade.py propose them"
        )
    told += [f"{names}: {problem}" for problem in found.apart]
    told += [
        f"{names}: nothing says whether {operation} only reads: give its action {READS}: true or false"
        for operation in found.undecided
    ]
    return told


def main(arguments: list[str] | None = None, vendored: Vendored | None = None, generated: Path = GENERATED) -> int:
    """Print the list; return the exit status."""
    argparse.ArgumentParser(description="List what is still to be decided before a release.").parse_args(arguments)
    vendored = vendored or Vendored()
    found = lines(named(vendored, generated), vendored.names.name)
    for line in found:
        print(line)
    print(f"{len(found)} to decide before a release" if found else "all is decided")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(run(main))
