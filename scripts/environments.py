"""Make the environments that the project is worked on with: each is one lock of requirements/, to the byte.

    python scripts/environments.py dev .venv      # an environment of requirements/dev.txt, for the running Python
    python scripts/environments.py --lock         # write the locks anew; needs the environment "release"

pip isn't asked to resolve: it would look at versions that were published since, and refuse the lock for them. Whether
the lock was complete is asked of what is installed, with the extras that each package asks another one for; `pip check`
doesn't know of those. Runs with nothing but Python.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Lock(NamedTuple):
    """What a lock is resolved from: a dependency group, the project, the project's extras."""

    group: str | None
    project: bool = True
    extras: bool = True

    def requirements(self, root: Path) -> list[str]:
        """Return what has to be met in an environment of the lock, from pyproject.toml."""
        declared = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        extras = ",".join(declared["project"]["optional-dependencies"]) if self.extras else ""
        named = [f"{declared['project']['name']}[{extras}]"] if self.project else []
        return named + (declared["dependency-groups"][self.group] if self.group else [])

    def sources(self) -> list[str]:
        """Return the arguments that tell uv what to resolve."""
        project = ["pyproject.toml", *["--all-extras"] * self.extras] if self.project else []
        return project + (["--group", self.group] if self.group else [])


LOCKS = {
    "runtime": Lock(None, extras=False),  # what an importing team has at least: for a wheel, since it can't build one
    "dev": Lock("dev"),
    "docs": Lock("docs"),
    "bench": Lock("bench"),
    "release": Lock("release", project=False, extras=False),
}
"""By name of the file in requirements/."""


class SetupError(Exception):
    """An environment can't be made, or isn't what its lock should make of it."""


def run(*command: object, **environment: str) -> None:
    """Run a command; SetupError with what it said if it fails."""
    done = subprocess.run(
        [*map(str, command)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise SetupError(done.stdout.strip())


def make(name: str, folder: Path, *, wheel: Path | None = None, root: Path = ROOT) -> Path:
    """Make an environment of a lock anew, with the project in it, and return its Python.

    The project is the wheel, if there is one, and else its sources, for which the lock must hold what builds them.
    """
    lock, file = LOCKS[name], root / "requirements" / f"{name}.txt"
    run(sys.executable, "-m", "venv", "--clear", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--no-deps", "--require-hashes", "--requirement", file)
    if lock.project:
        run(*pip, "install", "--no-deps", "--no-build-isolation", *([wheel] if wheel else ["--editable", root]))
    try:
        # Without an index, only what is installed can meet what is asked for; no setting of this machine adds one.
        asked = ("--isolated", "install", "--dry-run", "--no-index", *lock.requirements(root))
        run(*pip, *asked, PIP_CONFIG_FILE=os.devnull)
        run(*pip, "check")
    except SetupError as error:
        raise SetupError(f"{file} isn't complete (make lock writes it anew):\n{error}") from None
    (folder / "ready").touch()
    return python


def resolve(name: str, root: Path) -> list[object]:
    """Return the command that writes a lock for every Python and system; what is pinned already stays where it can."""
    options = ["--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    options += ["--no-emit-index-url", "--no-emit-find-links", f"--output-file=requirements/{name}.txt"]
    return [sys.executable, "-m", "uv", "--directory", root, "pip", "compile", *LOCKS[name].sources(), *options]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Make an environment, or the locks; return 0, or 1 with what is wrong."""
    parser = argparse.ArgumentParser(description="Make an environment of a lock, or write the locks anew.")
    parser.add_argument("name", choices=LOCKS, nargs="?", help="the lock in requirements/")
    parser.add_argument("folder", type=Path, nargs="?", help="where the environment goes; what is there is deleted")
    parser.add_argument("--lock", action="store_true", help="write the locks anew")
    options = parser.parse_args(arguments)
    if options.lock == bool(options.folder):
        parser.error("either --lock, or a name and a folder")
    try:
        if options.lock:
            for name in LOCKS:
                run(*resolve(name, root))
        else:
            make(options.name, options.folder, root=root)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
