"""A copy of the project to work in, and taking over what changed in it: all of it, or nothing."""

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

from _vendored import ROOT, ScriptError, Vendored, write_all
from regenerate import GENERATED, PACKAGE, generate, prove, read_package, replace_package

# What is written anew with the package, each by a script.
DERIVED = {"tests/public.txt": "tests/test_public.py", "docs/reference": "tests/test_readme.py"}
# What the machine writes; to the names it only adds, and everything else is written by hand.
WRITTEN = ("openapi", f"{GENERATED.name}/{PACKAGE}", Vendored().names.relative_to(ROOT).as_posix(), *DERIVED)
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", ".*cache", ".hypothesis", "build", "dist", "node_modules"
)


@frozen
class Checkout:
    """A folder with the project in it, and the bytes of what the machine writes as they were at first."""

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
        """Return what the machine writes, by relative POSIX path."""
        places = [self.root / name for name in WRITTEN]
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(path for place in places for path in (place, *place.rglob("*")))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def changed(self) -> dict[str, bytes | None]:
        """Return the new bytes of what has changed, None for what is gone."""
        after = self.files()
        names = sorted(self.before.keys() | after.keys())
        return {name: after.get(name) for name in names if self.before.get(name) != after.get(name)}

    def regenerate(self) -> None:
        """Write the generated package anew."""
        with TemporaryDirectory() as folder:
            scratch = Path(folder).resolve()
            wanted = generate(self.vendored, self.package.parent, scratch)
            # Only then: files that are as before must not look as if they had another age.
            if wanted != read_package(self.package):
                prove(scratch)
                replace_package(self.package, wanted)

    def derive(self) -> None:
        """Write anew what follows from the package: the list of what is public, and the reference."""
        for script in DERIVED.values():
            if (self.root / script).exists():
                done = self._run(script)
                if done.returncode:
                    raise ScriptError(f"{script}: failed on the new version:\n{done.stdout}{done.stderr}")

    def test(self, *options: str) -> tuple[bool, str]:
        """Run the tests of the copy on the copy's packages; return whether all passed, and what pytest said."""
        done = self._run("-m", "pytest", "-q", "--no-cov", "--color=no", "-p", "no:cacheprovider", *options)
        return done.returncode == 0, done.stdout + done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        packages = os.pathsep.join(str(self.root / name) for name in ("facade", GENERATED.name))
        # pytest cuts what it says of a failure at the width of the terminal.
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
    """Write all that changed in a copy to the project; a failure or Ctrl-C, even between two files, undoes all."""
    write_all({root / name: data for name, data in changed.items()})
    for name in [name for name, data in changed.items() if data is None]:
        folder = (root / name).parent
        # Without its modules, a package is nothing but an importable name.
        if folder.is_dir() and {path.name for path in folder.iterdir()} <= {"__pycache__"}:
            shutil.rmtree(folder, ignore_errors=True)
