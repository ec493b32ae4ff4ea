"""What is shipped: the wheel and the sdist hold what they should and nothing else, and the wheel works on its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import environments

ROOT = Path(__file__).parent.parent


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


def sources(*folders: str) -> set[str]:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if not {"__pycache__", "node_modules"} & {*path.parts}}


def test_the_wheel_holds_the_packages_typed_and_nothing_else(built):
    [wheel] = built.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {name.partition("/")[2] for name in sources("facade", "generated/mantago_generated")}
    wanted -= {"names.overlay.yaml"}  # which the generator reads
    assert packed == wanted
    assert {
        "mantago/py.typed",
        "mantago_generated/py.typed",
        "mantago_runtime/py.typed",
        "mantago_generated/openapi.json",
    } <= packed
    about = {name.partition(".dist-info/")[2] for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" in name}
    assert about == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_the_sdist_holds_what_it_takes_to_build_and_test_and_nothing_else(built):
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    folders = sources("docs", "facade", "generated", "openapi", "requirements", "scripts", "tests")
    single = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "PKG-INFO", "README.md", "SECURITY.md"}
    single |= {"pyproject.toml", "zensical.toml", ".gitignore"}
    assert packed == folders | single


CALL = """
import sys
from mantago import MantaGo
with MantaGo() as client:
    print(len(client.get_client_gifts(client_id="VolejRejN").physical_gifts) > 0)
print({"click", "rich", "uvicorn", "pytest"} & sys.modules.keys() or "lean")
from mantago.testing import FakeMantaGo, gift
fake = FakeMantaGo()
fake.add_client("VolejRejN", virtual_gifts=[gift()])
with MantaGo(transport=fake, credentials=fake.credentials) as client:
    print(client.get_client_gifts(client_id="VolejRejN").virtual_gifts == (gift(),))
"""


def test_the_wheel_makes_a_call_in_an_environment_with_nothing_else(built, account, tmp_path):
    [wheel] = built.glob("*.whl")
    python = environments.make("runtime", tmp_path / "venv", wheel=wheel)
    environment = {f"MANTAGO_{name.upper()}": value for name, value in account.items()}
    assert run(python, "-W", "error", "-c", CALL, **environment).split() == ["True", "lean", "True"]
    done = subprocess.run([python, "-m", "mantago", "gifts"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: the command line needs an extra: pip install 'mantago[cli]'\n")
