"""The recipes of the documentation, as the modules that they are written as."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from engines import CLIENTS, PAGE

from mantago.sandbox import Sandbox


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Give the recipes of the page as modules, for other processes too, with a list of clients beside and a sandbox."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (tmp_path / "ids.txt").write_text("".join(f"{one}\n" for one in CLIENTS), "utf-8")

    def module(name: str) -> ModuleType:
        [code] = re.findall(rf'```python title="{name}.py"\n(.*?)```', PAGE.read_text("utf-8"), re.DOTALL)
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
        return importlib.import_module(name)

    with Sandbox() as box:
        for name in ("base_url", "bot_id", "token", "secret"):
            monkeypatch.setenv(f"MANTAGO_{name.upper()}", getattr(box, name))
        yield module
