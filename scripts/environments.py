"""Make the environments for working on the project, each exactly as one lock of requirements/ says.

    python scripts/environments.py dev .venv      # an environment of requirements/dev.txt, for the running Python
    python scripts/environments.py --lock         # write the locks anew

pip doesn't resolve: it would look at versions that were published since, and refuse the lock for them. Afterwards the
installed packages are checked for completeness, with the extras that each package asks another one for, which `pip
check` doesn't know. This script needs nothing but Python.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent


UNLOCKED = {"parquet"}
"""Extras whose packages have wheels for some Pythons only: the group `integration` names those that tests need."""


class Lock(NamedTuple):
    """The input of a lock: a dependency group, and the project with its extras except those of a pattern."""

    group: str | None
    without: str = ""
    project: bool = True

    def _extras(self, root: Path) -> list[str]:
        extras = declared(root)["project"]["optional-dependencies"]
        locked = [extra for extra in extras if extra not in UNLOCKED]
        return [extra for extra in locked if self.project and not fnmatch(extra, self.without)]

    def requirements(self, root: Path) -> list[str]:
        """Return the requirements of pyproject.toml that an environment of the lock has to meet."""
        project = [f"{declared(root)['project']['name']}[{','.join(self._extras(root))}]"] if self.project else []
        return project + ([*members(self.group, declared(root)["dependency-groups"])] if self.group else [])

    def sources(self, root: Path) -> list[str]:
        """Return the arguments that tell uv what to resolve."""
        project = ["pyproject.toml", *(f"--extra={extra}" for extra in self._extras(root))] if self.project else []
        return project + ([f"--group={self.group}"] if self.group else [])


LOCKS = {
    "runtime": Lock(
        None, without="*"
    ),  # the least that an importing team has; for a wheel, since this environment can't build one
    "dev": Lock("dev"),
    "without-fast": Lock("test", without="fast"),  # for a Python that orjson isn't built for
    "docs": Lock("docs"),
    "bench": Lock("bench"),
    "integration": Lock("integration"),
    "airflow": Lock("airflow"),
    "release": Lock("release", project=False),
}
"""The locks by the names of their files in requirements/."""
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def declared(root: Path) -> dict[str, Any]:
    """Return the content of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def members(group: str, groups: dict[str, list[Any]]) -> Iterator[str]:
    """Yield the requirements of a dependency group, with those of the groups that it includes."""
    for member in groups[group]:
        if isinstance(member, str):
            yield member
        else:
            yield from members(member["include-group"], groups)


class SetupError(Exception):
    """An environment can't be made, or isn't complete."""


def run(*command: object, **environment: str) -> None:
    """Run a command; SetupError with its output if it fails."""
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


def install(name: str, folder: Path, *, wheel: Path | None = None, root: Path = ROOT) -> Path:
    """Make an environment of a lock anew, with the project in it, and return its Python."""
    run(sys.executable, "-m", "venv", "--clear", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = (python, *PIP, "install", "--no-deps")
    run(*pip, "--require-hashes", "--requirement", root / "requirements" / f"{name}.txt")
    if LOCKS[name].project:
        run(*pip, "--no-build-isolation", *([wheel] if wheel else ["--editable", root]))
        # pip compiles all else that it installs; where PYTHONDONTWRITEBYTECODE is set, nobody would compile these.
        for sources in [] if wheel else declared(root)["tool"]["hatch"]["build"]["dev-mode-dirs"]:
            run(python, "-m", "compileall", "-q", root / sources)
    return python


def make(name: str, folder: Path, *, wheel: Path | None = None, root: Path = ROOT) -> Path:
    """Install a lock and the project, and return the environment's Python; SetupError if the lock lacks something.

    The project is the wheel, if there is one, and else its sources, for which the lock must hold the build system.
    """
    python = install(name, folder, wheel=wheel, root=root)
    try:
        # Without an index, only installed packages can meet the requirements; no setting of this machine adds an index.
        asked = ("--isolated", "install", "--dry-run", "--no-index", *LOCKS[name].requirements(root))
        run(python, *PIP, *asked, PIP_CONFIG_FILE=os.devnull)
        run(python, *PIP, "check")
    except SetupError as error:
        raise SetupError(f"requirements/{name}.txt isn't complete (make lock writes it anew):\n{error}") from None
    (folder / "ready").touch()
    return python


def write_locks(root: Path, upgrade: Iterable[str]) -> None:
    """Resolve each lock for every Python and system; pins stay where they can, except those in `upgrade`."""
    options = ["--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    options += ["--no-emit-index-url", "--no-emit-find-links", *(f"--upgrade-package={name}" for name in upgrade)]
    with TemporaryDirectory(prefix="mantago-lock-") as folder:
        # The lock isn't checked: that it lacks something may be the reason for writing it anew.
        uv = (install("release", Path(folder), root=root), "-m", "uv", "--directory", root, "pip", "compile")
        for name, lock in LOCKS.items():
            run(*uv, *lock.sources(root), *options, f"--output-file=requirements/{name}.txt")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Make an environment, or the locks; return 0, or 1 after printing the error."""
    parser = argparse.ArgumentParser(description="Make an environment of a lock, or write the locks anew.")
    parser.add_argument("name", choices=LOCKS, nargs="?", help="the lock in requirements/")
    parser.add_argument("folder", type=Path, nargs="?", help="the environment's folder, whose content is deleted")
    parser.add_argument("--lock", action="store_true", help="write the locks anew")
    parser.add_argument("--upgrade", metavar="PACKAGE", action="append", default=[], help="to its newest version")
    options = parser.parse_args(arguments)
    if options.lock == bool(options.folder):
        parser.error("either --lock, or a name and a folder")
    try:
        if options.lock:
            write_locks(root, options.upgrade)
        else:
            make(options.name, options.folder, root=root)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
