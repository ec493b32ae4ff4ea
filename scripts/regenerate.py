"""Rebuild generated/mantago_generated from the vendored spec and its errata, or check that it is up to date.

python scripts/regenerate.py            writes the package anew
python scripts/regenerate.py --check    writes nothing; exit status 1 and the list of files if any differs
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from generation import stock
from generation.overlays import apply_overlay, read_yaml
from generation.package import Documents, Settings, modules, plan
from generation.render import HEADER
from vendoring.validation import problems, told
from vendoring.vendored import ROOT, ScriptError, Vendored, canonical, read_lock, read_spec, run

GENERATED = ROOT / "generated"
PACKAGE = "mantago_generated"
# The cache of mypy on all that the package imports. It is of use to this environment only, and is deleted with it.
MYPY_CACHE = Path(sys.prefix) / "mypy-of-generated"
_RUFF_SETTINGS = (
    'lint.isort.known-first-party=["mantago_generated", "mantago_runtime"]',
    "lint.isort.split-on-trailing-comma=false",
    "format.skip-magic-trailing-comma=true",
)
RUFF_OPTIONS = (
    "--isolated",
    "--no-cache",
    "--quiet",
    "--line-length=120",
    "--target-version=py311",
    *(f"--config={one}" for one in _RUFF_SETTINGS),
)


@frozen
class Inputs:
    """The input of a regeneration."""

    lock: Mapping[str, Any]
    documents: Documents
    settings: Settings

    @classmethod
    def read(cls, vendored: Vendored, generated: Path) -> Inputs:
        """Read and check the input."""
        lock = read_lock(vendored)
        if stock.installed() != lock["generator"]["version"]:
            raise ScriptError(
                f"openapi-python-client {stock.installed()} is installed, but openapi/lock.toml asks for "
                f"{lock['generator']['version']}: install requirements/dev.txt, or, to move to the new generator, "
                "import the spec again"
            )
        spec = read_spec(vendored)
        if not spec.get("servers"):
            raise ScriptError(f"{vendored.spec}: names no server, so that no client would know where to call")
        settings = Settings(
            config=read_yaml(generated / "config.yaml"),
            edits=read_yaml(generated / "template-edits.yaml"),
            templates=generated / "templates",
            generator=f"{lock['generator']['name']} {lock['generator']['version']}",
        )
        return cls(lock, documents(spec, vendored.overlay, vendored.names), settings)


def generate(vendored: Vendored, generated: Path, scratch: Path) -> dict[str, bytes]:
    """Write the package into the scratch folder and return its files, by relative POSIX path."""
    inputs = Inputs.read(vendored, generated)
    # The proof reads them, in a process of its own.
    told = {"documents": asdict(inputs.documents), "config": inputs.settings.config}
    (scratch / "documents.json").write_text(json.dumps(told), "utf-8")
    package = scratch / PACKAGE
    for name, text in modules(plan(inputs.documents, inputs.settings.config), inputs.settings).items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + text, "utf-8")
    (package / "py.typed").write_bytes(b"")
    # F401: the templates import whatever they may need; I: the order would otherwise depend on the template.
    command(["ruff", "check", *RUFF_OPTIONS, "--fix", "--select=I,F401,TC005", "--ignore-noqa", str(package)])
    command(["ruff", "format", *RUFF_OPTIONS, str(package)])
    command(["ruff", "check", *RUFF_OPTIONS, "--select=F", "--ignore-noqa", str(package)])
    # The sandbox serves the document as published; here it becomes a part of the wheel.
    (package / "openapi.json").write_bytes(canonical(inputs.documents.published).encode())
    return read_package(package)


def prove(scratch: Path) -> None:
    """Raise ScriptError unless the package that was generated into the scratch folder works.

    Its modules are imported, samples go through all of it, both ways, and mypy checks it.
    """
    path = os.pathsep.join(map(str, (scratch, ROOT / "facade", ROOT / "scripts")))
    environment = {"PYTHONPATH": path, "MYPYPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    # mypy works on a copy, since several processes may use the original.
    cache = scratch / "mypy"
    if MYPY_CACHE.exists():
        shutil.copytree(MYPY_CACHE, cache)
    mypy = ["--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary"]
    try:
        command(["generation.proof", str(scratch / "documents.json")], environment)
        command(["mypy", *mypy, "--package", PACKAGE], environment)
    except ScriptError as error:
        raise ScriptError(f"the generated package doesn't work, so it is not taken over: {error}") from None
    if not MYPY_CACHE.exists():
        # Renaming does it in one step, or not at all where nobody may write or another process was faster.
        with suppress(OSError), tempfile.TemporaryDirectory(dir=MYPY_CACHE.parent) as folder:
            Path(shutil.copytree(cache, Path(folder) / "cache")).rename(MYPY_CACHE)


def documents(spec: Mapping[str, Any], errata: Path, names: Path) -> Documents:
    """Return the document in its three forms; ScriptError if an overlay leaves it invalid.

    If only the errata make the document valid, the mended one stands in place of the published one.
    """
    mended = apply_overlay(spec, read_yaml(errata))
    named = apply_overlay(mended, read_yaml(names))
    if found := problems(named):
        # Validating takes longer than all the rest, so the overlay at fault is looked for only now.
        earlier = problems(mended)
        at_fault = errata if earlier else names
        raise ScriptError(f"{at_fault}: with it, the spec is no valid OpenAPI 3.0 document:" + told(earlier or found))
    return Documents(mended if problems(spec) else spec, mended, named)


def command(arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a module of this Python; ScriptError with its output if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=os.environ | dict(environment or {}),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ScriptError(f"{arguments[0]} failed with exit status {done.returncode}:\n{done.stdout}{done.stderr}")


def read_package(package: Path) -> dict[str, bytes]:
    """Return a package's files by relative POSIX path, with one form of line ends; compiled files don't count."""
    return {
        path.relative_to(package).as_posix(): path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def replace_package(package: Path, files: Mapping[str, bytes]) -> None:
    """Put the files in place of the package: the old one stays whole until the new one is complete."""
    fresh = package.with_name(f".{package.name}.new")
    old = package.with_name(f".{package.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if package.exists():
        package.rename(old)
    fresh.rename(package)
    shutil.rmtree(old, ignore_errors=True)


def differences(wanted: Mapping[str, bytes], present: Mapping[str, bytes]) -> list[str]:
    """Return a line for each file that is missing, superfluous or different."""
    lines = []
    for name in sorted(wanted.keys() | present.keys()):
        if name not in present:
            lines.append(f"missing: {name}")
        elif name not in wanted:
            lines.append(f"not generated: {name}")
        elif wanted[name] != present[name]:
            lines.append(f"differs: {name}")
    return lines


def main(arguments: list[str] | None = None, vendored: Vendored | None = None, generated: Path = GENERATED) -> int:
    """Regenerate or check; return the exit status."""
    parser = argparse.ArgumentParser(description="Rebuild generated/mantago_generated from the vendored spec.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ, exit status 1")
    check: bool = parser.parse_args(arguments).check
    package = generated / PACKAGE
    vendored = vendored or Vendored()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        wanted = generate(vendored, generated, scratch)
        lines = differences(wanted, read_package(package))
        if lines and not check:
            prove(scratch)
    if lines and not check:
        try:
            replace_package(package, wanted)
        except OSError as error:
            raise ScriptError(f"{package}: can't be written: {error.strerror}") from None
    for line in lines:
        print(line)
    if check and lines:
        print(f"{len(lines)} of {len(wanted)} files differ: run python scripts/regenerate.py", file=sys.stderr)
        return 1
    print(f"{package.name}: {len(wanted)} files, " + ("rewritten" if lines else "all up to date"))
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main, sys.argv[1:]))
