"""A copy of the project to work in, and taking over its changes: all of them, or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import field, frozen

from regenerate import GENERATED, PACKAGE, generate, prove, read_package, replace_package
from vendoring.vendored import ROOT, ScriptError, Vendored, write_all

# The files that a script writes anew with the package, each with its script.
DERIVED = {"tests/public.txt": "tests/test_public.py", "docs/reference": "tests/test_readme.py"}
# The machine writes these, and only adds to the names; everything else is written by hand.
WRITTEN = ("openapi", f"{GENERATED.name}/{PACKAGE}", Vendored().names.relative_to(ROOT).as_posix(), *DERIVED)
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", ".*cache", ".hypothesis", "build", "dist", "node_modules"
)


@frozen
class Checkout:
    """A folder with the project in it, and the first state of the files that the machine writes."""

    root: Path
    before: dict[str, bytes] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "before", self.files())

    @property
    def vendored(self) -> Vendored:
        """The vendored files in the copy."""
        return Vendored(self.root / "openapi")

    @property
    def package(self) -> Path:
        """The generated package in the copy."""
        return self.root / WRITTEN[1]

    def files(self) -> dict[str, bytes]:
        """Return the files that the machine writes, by relative POSIX path."""
        places = [self.root / name for name in WRITTEN]
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(path for place in places for path in (place, *place.rglob("*")))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def changed(self) -> dict[str, bytes | None]:
        """Return the new bytes of each file that has changed, None for one that is gone."""
        after = self.files()
        names = sorted(self.before.keys() | after.keys())
        return {name: after.get(name) for name in names if self.before.get(name) != after.get(name)}

    def regenerate(self) -> None:
        """Write the generated package anew."""
        with TemporaryDirectory() as folder:
            scratch = Path(folder).resolve()
            wanted = generate(self.vendored, self.package.parent, scratch)
            # Files that are as before keep their age.
            if wanted != read_package(self.package):
                prove(scratch)
                replace_package(self.package, wanted)

    def derive(self) -> None:
        """Write anew the files that follow from the package: the list of public names, and the reference."""
        for script in DERIVED.values():
            if (self.root / script).exists():
                done = self._run(script)
                if done.returncode:
                    raise ScriptError(f"{script}: failed on the new version:\n{done.stdout}{done.stderr}")

    def test(self, *options: str) -> tuple[bool, str]:
        """Run the tests of the copy on the copy's packages; return whether all passed, and pytest's output."""
        done = self._run("-m", "pytest", "-q", "--no-cov", "--color=no", "-p", "no:cacheprovider", *options)
        return done.returncode == 0, done.stdout + done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        packages = os.pathsep.join(str(self.root / name) for name in ("facade", GENERATED.name))
        # pytest cuts the line on a failure at the width of the terminal.
        environment = os.environ | {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Checkout]:
    """Yield a copy of the project, which is gone afterwards."""
    with TemporaryDirectory(prefix="mantago-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch).resolve() / "checkout"
        try:
            shutil.copytree(root, copy, symlinks=True, ignore=_NOT_COPIED)
        except OSError as error:
            raise ScriptError(f"{root}: can't be copied: {error}") from None
        yield Checkout(copy)


def take_over(changed: dict[str, bytes | None], root: Path = ROOT) -> None:
    """Write all changes of a copy to the project; a failure or Ctrl-C, even between two files, undoes all."""
    write_all({root / name: data for name, data in changed.items()})
    for name in [name for name, data in changed.items() if data is None]:
        folder = (root / name).parent
        # A folder without modules could still be imported.
        if folder.is_dir() and {path.name for path in folder.iterdir()} <= {"__pycache__"}:
            shutil.rmtree(folder, ignore_errors=True)
