"""The project as it was with the first document, for tests of the scripts: they hold whatever is vendored today."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import regenerate
from vendoring.vendored import ROOT, Vendored

_FOLDER = Path(__file__).with_name("first_document")
FIRST = Vendored(_FOLDER, _FOLDER / "names.overlay.yaml")


@cache
def written() -> dict[str, bytes]:
    """Return what the generator makes of the first document."""
    with TemporaryDirectory() as scratch:
        return regenerate.generate(FIRST, regenerate.GENERATED, Path(scratch).resolve())


def copy_project(target: Path, *folders: str) -> Path:
    """Copy openapi/, generated/ and whatever else is named, the first two as they were with the first document."""
    for name in folders:
        source = FIRST.folder if name == "openapi" else ROOT / name
        left_out = shutil.ignore_patterns("__pycache__", ".*", *([FIRST.names.name] if name == "openapi" else []))
        shutil.copytree(source, target / name, ignore=left_out)
    if "openapi" in folders:
        (target / "facade").mkdir(exist_ok=True)
        shutil.copyfile(FIRST.names, target / "facade" / FIRST.names.name)
    now = Vendored()
    if "generated" in folders and any(
        getattr(now, name).read_bytes() != getattr(FIRST, name).read_bytes() for name in ("spec", "overlay", "names")
    ):
        regenerate.replace_package(target / "generated" / regenerate.PACKAGE, written())
    return target


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"folder"
        for path in folder.rglob("*")
    }
