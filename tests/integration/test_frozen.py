"""An application that PyInstaller froze calls the service, with all that a call does beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Models and operations are imported by name.
PROGRAM = """
import sys
from mantago import MantaGo, NotFoundError
events = []
for engine in ("httpcore", "httptools"):
    with MantaGo(engine=engine, on_event=events.append) as client:
        assert client.get_client_gifts(client_id="VolejRejN").physical_gifts
        try:
            client.get_client_gifts(client_id="client-not-found")
        except NotFoundError as error:
            assert error.code
        client.get_client_gifts(client_id="rate-limited-once")
assert {event.operation for event in events} == {"POST /openapi/client/gift"}
print(getattr(sys, "frozen", False), len(events) >= 6, "orjson" in sys.modules)
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    (folder / "program.py").write_text(PROGRAM, "utf-8")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN", "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return folder / "dist" / "program" / ("program.exe" if os.name == "nt" else "program")


@pytest.mark.parametrize("data", ["with the published document", "without data files"])
def test_a_frozen_application_calls_the_service(application: Path, account: dict[str, Any], data: str) -> None:
    if "without" in data:
        for package in ("mantago", "mantago_generated", "mantago_runtime"):
            for folder in application.parent.rglob(package):
                shutil.rmtree(folder)
    environment = os.environ | {f"MANTAGO_{name.upper()}": value for name, value in account.items()}
    done = subprocess.run([application], env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"] * 3
