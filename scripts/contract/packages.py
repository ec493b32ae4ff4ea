"""The packages that belong to a document: those of its commit, or those beside the vendored file."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vendoring.vendored import Vendored

from .documents import Document
from .sources import git

FOLDERS = ("facade", "generated")
PACKAGES = ("facade/mantago", "generated/mantago_generated")


@contextmanager
def packages(document: Document) -> Iterator[Path | None]:
    """Yield the folder that holds facade/ and generated/ as they were with a document; None if it is just a file."""
    if document.revision and document.repository:
        with TemporaryDirectory(prefix="mantago-", ignore_cleanup_errors=True) as scratch:
            yield _extracted(document.revision, document.repository, Path(scratch).resolve())
    else:
        name, root = Path(document.name).name, (document.folder or Path()).resolve().parent
        ours = document.folder and name == Vendored().spec.name and all((root / part).is_dir() for part in PACKAGES)
        yield root if ours else None


def _extracted(revision: str, repository: Path, target: Path) -> Path | None:
    data = git(repository, "archive", "--format=tar", revision, *FOLDERS)
    if data is None:
        # The commit is older than the packages.
        return None
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(target, filter="data")
    return target
