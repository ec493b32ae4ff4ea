"""Measure how fast the client is beside what a team would use instead; `make bench` does this.

python tests/benchmarks/run.py [--quick] [--only SECTION] [--output FOLDER]

Each section runs in a process of its own, and what it found is kept: a section can be measured anew by itself.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import report
import sections
from contenders import generate_stock
from measure import Thoroughness

RESULTS = Path(__file__).parents[2] / "docs" / "speed"
PACKAGES = ("mantago", "httpx", "httpcore", "h11", "httptools", "orjson", "msgspec", "aiohttp", "pyreqwest")
QUICK, FULL = Thoroughness(3, 0.05), Thoroughness(7, 0.2)
GIFTS = (3, 1_000, 20_000)
GROWING = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


def measurements(*, quick: bool) -> dict[str, Callable[[], Any]]:
    """Return what can be measured."""
    thoroughness = QUICK if quick else FULL
    return {
        "calls": lambda: sections.calls(thoroughness, thorough=not quick),
        **({} if quick else {"growth": lambda: sections.growth(Thoroughness(3, 0.1))}),
        "decoding": lambda: sections.decoding(Thoroughness(9 if quick else 31, 0.02), GIFTS),
        "decoding_growth": lambda: sections.decoding(
            Thoroughness(3, thoroughness.seconds), GROWING[: 7 if quick else None]
        ),
        "starting": lambda: sections.starting(3 if quick else 15),
        "memory": lambda: sections.memory(2_000 if quick else 20_000),
        "profiles": lambda: sections.profiles(200 if quick else 1_000),
    }


def machine() -> dict[str, Any]:
    """Say what was measured with."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "packages": versions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the client beside what a team would use instead.")
    parser.add_argument("--quick", action="store_true", help="a minute or two; the figures are rough")
    parser.add_argument("--only", metavar="SECTION", choices=list(measurements(quick=False)), help="one section anew")
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        if not given.only.startswith("decoding"):
            # What a client is without them is to be told, whichever engine it has.
            sys.modules.update(dict.fromkeys(("orjson", "msgspec")))
        json.dump(measurements(quick=given.quick and given.only != "growth")[given.only](), sys.stdout)
        return
    generate_stock()
    file = given.output / "results.json"
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in [given.only] if given.only else measurements(quick=given.quick):
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, "--here", "--only", name, *(["--quick"] if given.quick else [])]
        results[name] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        results["machine"] = machine()
        given.output.mkdir(parents=True, exist_ok=True)
        for written, text in report.files(results).items():
            (given.output / written).write_text(text, "utf-8", newline="\n")
    print(report.markdown(results))


if __name__ == "__main__":
    main()
