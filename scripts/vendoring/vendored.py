"""The files of openapi/ for every script: their places, and reading, checking and writing them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import secrets
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, field, frozen

ROOT = Path(__file__).resolve().parents[2]


class ScriptError(Exception):
    """A script can't go on; the text tells a person what is wrong, where, and what to do."""


@frozen
class Vendored:
    """The places of the vendored files in a folder such as openapi/."""

    folder: Path = ROOT / "openapi"
    names: Path = field(
        default=Factory(lambda self: self.folder.parent / "facade" / "names.overlay.yaml", takes_self=True)
    )
    """The overlay with our names for what the document describes."""

    @property
    def spec(self) -> Path:
        """The published document as canonical JSON."""
        return self.folder / "manta-openapi.json"

    @property
    def lock(self) -> Path:
        """The record of the import: version, pages, and their hashes."""
        return self.folder / "lock.toml"

    @property
    def overlay(self) -> Path:
        """The overlay of errata: corrections of the document where the service is known to differ."""
        return self.folder / "errata.overlay.yaml"

    @property
    def sources(self) -> Path:
        """The folder of the imported pages."""
        return self.folder / "sources"

    @property
    def changes(self) -> Path:
        """The folder of the reports on each version."""
        return self.folder / "changes"


def canonical(document: object) -> str:
    """Return a document as the one JSON text that is compared and hashed; key order stays."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_lock(vendored: Vendored) -> dict[str, Any]:
    """Return lock.toml; ScriptError if it is missing, isn't TOML or lacks what the scripts use."""
    again = "import the spec again: python scripts/import_spec.py PAGE (see openapi/sources/)"
    try:
        lock = tomllib.loads(_read(vendored.lock, again).decode())
        used = [lock["spec"]["sha256"], lock["generator"]["version"]]
        used += [source[key] for source in lock["sources"] for key in ("name", "sha256")]
    except (ValueError, KeyError, TypeError) as error:
        raise ScriptError(f"{vendored.lock}: is damaged ({error!r}); {again}") from None
    if not all(isinstance(value, str) for value in used):
        raise ScriptError(f"{vendored.lock}: is damaged (a value isn't a string); {again}")
    if outside := [source["name"] for source in lock["sources"] if re.search(r"[/\\:]|^\.*$", source["name"])]:
        raise ScriptError(f"{vendored.lock}: is damaged ({outside[0]!r} is no file of {vendored.sources}); {again}")
    return lock


def read_spec(vendored: Vendored) -> dict[str, Any]:
    """Return the vendored spec; ScriptError if its hash isn't the one in lock.toml."""
    lock = read_lock(vendored)
    again = f"python scripts/import_spec.py {vendored.sources}"
    data = _read(vendored.spec, f"bring it back with {again}")
    if sha256(data) != lock["spec"]["sha256"]:
        raise ScriptError(
            f"{vendored.spec}: was edited by hand (its hash is not that in {vendored.lock.name}). "
            f"Bring it back with {again}; corrections belong in "
            f"{vendored.overlay.name}"
        )
    spec: dict[str, Any] = json.loads(data)
    return spec


def _read(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}; {remedy}") from None


def write_all(files: Mapping[Path, bytes | None], *, dry_run: bool = False) -> list[Path]:
    """Give all the files these bytes, or none of them; return the ones that had to change.

    None removes a file. Missing folders are made. A failure, even between two files, undoes all. A dry run only tells
    which files would change.
    """
    try:
        before = {path: path.read_bytes() if path.exists() else None for path in files}
        changed = {path: data for path, data in files.items() if before[path] != data}
        if dry_run:
            return list(changed)
        with contextlib.ExitStack() as undo:
            staged = {path: _stage(path, data, undo) for path, data in changed.items()}
            for path, temporary in staged.items():
                undo.callback(_restore, path, before[path])
                if temporary:
                    temporary.replace(path)
                else:
                    path.unlink()
            undo.pop_all()
    except OSError as error:
        raise ScriptError(f"nothing was written: {error}") from None
    return list(changed)


def _stage(path: Path, data: bytes | None, undo: contextlib.ExitStack) -> Path | None:
    if data is None:
        return None
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        undo.callback(folder.rmdir)
    # tempfile would make it readable for its owner only, and the target would inherit that.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    undo.callback(temporary.unlink, missing_ok=True)
    temporary.write_bytes(data)
    return temporary


def _restore(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(data)


def run(main: Callable[[list[str] | None], int], argv: list[str] | None = None) -> int:
    """Return main's exit status: its own, 2 for a ScriptError (said on stderr), 130 for Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of pages may be Chinese, and a Windows pipe can't say them.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return main(argv)
    except ScriptError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
