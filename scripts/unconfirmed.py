"""List the decisions that are still to be made before a release: names, shared classes, and operations that only read.

    python scripts/unconfirmed.py

The exit status is 0 if there is none, 1 with a list if there are some. release_check.py runs it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generation.decisions import READS
from regenerate import GENERATED
from upgrading.names import NamedDocument, named_document
from vendoring.vendored import Vendored, run


def lines(found: NamedDocument, names: str) -> list[str]:
    """Return a line for each decision to be made."""
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
    argparse.ArgumentParser(description="List the decisions that are still to be made before a release.").parse_args(
        arguments
    )
    vendored = vendored or Vendored()
    found = lines(named_document(vendored, generated), vendored.names.name)
    for line in found:
        print(line)
    print(f"{len(found)} to decide before a release" if found else "all is decided")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(run(main))
