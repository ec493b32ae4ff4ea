"""The sources of a contract: a file, a page, or the vendored spec at a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vendoring.vendored import ScriptError, Vendored

from .documents import Document

GIT = "git:"


def load(source: str, vendored: Vendored) -> Document:
    """Return the document that a source names; ScriptError says why there is none."""
    if source.startswith(GIT):
        revision, data = show(source.removeprefix(GIT), vendored)
        return Document.parse(source, data, revision=revision, repository=vendored.folder.parent)
    path = Path(source)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ScriptError(f"{source}: {getattr(error, 'strerror', None) or error}") from None
    return Document.parse(source, data, folder=path.parent)


def show(reference: str, vendored: Vendored) -> tuple[str, bytes]:
    """Return the commit that a reference names, and the vendored spec in it."""
    found = git(vendored.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if found is None:
        raise ScriptError(f"{GIT}{reference}: names no commit of the repository that {vendored.folder} belongs to")
    revision = found.decode().strip()
    data = git(vendored.folder, "show", f"{revision}:./{vendored.spec.name}")
    if data is None:
        raise ScriptError(f"{GIT}{reference}: that commit has no {vendored.spec.name} in {vendored.folder}")
    return revision, data


def git(folder: Path, *arguments: str) -> bytes | None:
    """Return the output of git in a folder, None if it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise ScriptError(f"git can't be run in {folder}: {error.strerror}") from None
    return done.stdout if done.returncode == 0 else None
