"""The recipe for a container in docs/sandbox: what it runs is a command that there is, and its parts fit together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mantago import cli
from mantago.sandbox import Sandbox
from mantago.testing.refusals import BOT_ID

FOLDER = Path(__file__).parents[1] / "docs" / "sandbox"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]
SANDBOX, PROGRAM = SERVICES["sandbox"], SERVICES["program"]


def words(instruction: str) -> list[str]:
    """The words of an instruction that is written as a list."""
    [found] = re.findall(rf"{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return json.loads(found)


def test_the_container_serves_beyond_loopback_on_the_port_that_all_others_name(capsys, monkeypatch):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    program, *arguments = words("^ENTRYPOINT")
    assert program == "mantago"
    given = [*arguments, *SANDBOX["command"]]
    port = given[given.index("--port") + 1]
    # Whatever listens there on this machine, it is not in the way.
    given[given.index("--port") + 1] = "0"
    assert cli.main(given) == 130
    output = capsys.readouterr().out
    assert "beyond this machine" in output
    account = dict(re.findall(r"export (\w+)=(.*)", output))
    assert account | {"MANTAGO_BASE_URL": f"http://127.0.0.1:{port}/api"} == PROGRAM["environment"]
    assert account["MANTAGO_BOT_ID"] == BOT_ID
    assert SANDBOX["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f"'127.0.0.1', {port}" in words("HEALTHCHECK .*CMD")[-1]
    assert f"--publish 127.0.0.1:{port}:{port} " in DOCKERFILE


def test_the_health_check_tells_a_sandbox_from_none():
    _, *arguments = words("HEALTHCHECK .*CMD")

    def healthy(port: int | None) -> bool:
        command = [sys.executable, *(word.replace("8000", str(port)) for word in arguments)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    with Sandbox() as sandbox:
        port = httpx.URL(sandbox.base_url).port
        assert healthy(port)
    assert not healthy(port)


@pytest.mark.parametrize("folder", [SANDBOX["build"], PROGRAM["build"]])
def test_the_services_are_built_from_the_recipe_and_share_a_loopback(folder):
    assert (FOLDER / folder / "Dockerfile").is_file()
    assert PROGRAM["network_mode"] == "service:sandbox"
    assert "STOPSIGNAL SIGINT" in DOCKERFILE


def test_the_program_of_the_recipe_asks_the_sandbox(capsys, monkeypatch):
    program, *arguments = PROGRAM["entrypoint"]
    environment = PROGRAM["environment"]
    with Sandbox(token=environment["MANTAGO_TOKEN"], secret=environment["MANTAGO_SECRET"]) as sandbox:
        for name, value in (environment | {"MANTAGO_BASE_URL": sandbox.base_url}).items():
            monkeypatch.setenv(name, value)
        assert program == "mantago"
        assert cli.main(arguments) == 0
    assert "Welcome sticker set" in capsys.readouterr().out
