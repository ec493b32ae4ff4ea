"""Tells PyInstaller what it can't see by itself; it finds this folder by the entry point `pyinstaller40`."""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """Return the folders that hold hooks of PyInstaller."""
    return [str(Path(__file__).parent)]
