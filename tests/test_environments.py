"""What `make` sets up is the lock and nothing else, whatever was published since, and it is complete.

The package index is a folder of wheels that are made here; the commands are the Makefile's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import environments

ROOT = Path(__file__).parent.parent

# A build backend that needs nothing: the project's wheel is there already.
BACKEND = """
import pathlib, shutil

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    [wheel] = pathlib.Path(__file__).parent.glob("*.whl")
    return pathlib.Path(shutil.copy(wheel, wheel_directory)).name
"""
SET_UP = [ROOT / "Makefile", *(ROOT / ".ci").glob("run"), *(ROOT / ".github" / "workflows").glob("*.yml")]
NEW = {"pip", "setuptools"}  # what an environment has before anything is installed


def make_wheel(folder: Path, name: str, version: str, *requires: str, extras: tuple[str, ...] = ()) -> Path:
    """Write a wheel that holds a module of its name."""
    about = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": "\n".join([*metadata, ""]),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in files.items():
            archive.writestr(inner, text)
    return path


class Index:
    """A folder of wheels in place of the package index, and a project that is set up from it."""

    def __init__(self, folder: Path) -> None:
        self.wheels, self.project = folder / "wheels", folder / "project"
        self.wheels.mkdir()
        for name in ("scripts", "requirements"):
            shutil.copytree(ROOT / name, self.project / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "Makefile", self.project / "Makefile")

    def publish(self, name: str, version: str, *requires: str, extras: tuple[str, ...] = ()) -> str:
        """Make a wheel, and return the line that pins it."""
        wheel = make_wheel(self.wheels, name, version, *requires, extras=extras)
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

    def declare(self, *requires: str, group: str, asks: str) -> None:
        """Write the project: what it requires, and what one of its dependency groups asks for."""
        (self.project / "backend.py").write_text(BACKEND, "utf-8")
        make_wheel(self.project, "mantago", "1.0", *requires, extras=("more",))
        lines = ["[build-system]", "requires = []", 'build-backend = "backend"', 'backend-path = ["."]']
        lines += ["[project]", 'name = "mantago"', 'version = "1.0"', "[project.optional-dependencies]", "more = []"]
        lines += ["[dependency-groups]", f'{group} = ["{asks}"]', "[tool.hatch.build]", 'dev-mode-dirs = ["sources"]']
        (self.project / "sources").mkdir()
        (self.project / "sources" / "module.py").write_text("", "utf-8")
        (self.project / "pyproject.toml").write_text("\n".join([*lines, ""]), "utf-8")

    def lock(self, name: str, *pins: str) -> None:
        """Write a lock in place of the project's."""
        (self.project / "requirements" / f"{name}.txt").write_text("".join(pins), "utf-8")

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """Set up as `make` does."""
        command = ["make", "--no-print-directory", target, f"PYTHON={sys.executable}", "VENV=.venv", "TESTS_LOCK=dev"]
        return subprocess.run(command, cwd=self.project, capture_output=True, encoding="utf-8", check=False)

    def installed(self, environment: str) -> dict[str, str]:
        """Return the names and versions of what is in an environment, but for what a new one has."""
        python = self.project / environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        code = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
        said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
        return {name: version for name, version in map(str.split, said.splitlines()) if name not in NEW}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index(tmp_path)
    for name in [name for name in os.environ if name.startswith(("PIP_", "MAKE"))]:
        monkeypatch.delenv(name)
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(made.wheels)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    return made


@pytest.mark.parametrize("lock", ["dev", "release"])
def test_what_was_published_since_changes_nothing(index, lock):
    outer = index.publish("outer", "1.0", "inner[more]>=1.0")
    inner = index.publish("inner", "1.0", extras=("more",))
    index.publish("inner", "2.0", extras=("more",))
    index.declare(group=lock, asks="outer")
    index.lock(lock, outer, inner)
    environment = ".venv" if lock == "dev" else f".venv-{lock}"
    done = index.make(f"{environment}/ready")
    assert done.returncode == 0, done.stdout + done.stderr
    project = {} if lock == "release" else {"mantago": "1.0"}
    assert index.installed(environment) == {"outer": "1.0", "inner": "1.0"} | project
    # What is installed is compiled, the sources too.
    assert (index.project / "sources" / "__pycache__").exists() == (lock == "dev")


@pytest.fixture(scope="module")
def new_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / ".venv"
    environments.run(sys.executable, "-m", "venv", folder)
    return folder


@pytest.fixture
def made_quickly(new_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new environment is a copy of one, which takes a tenth of the time."""
    real = environments.run

    def run(*command: object, **environment: str) -> None:
        if command[1:3] == ("-m", "venv"):
            shutil.copytree(new_environment, str(command[-1]), symlinks=True)
        else:
            real(*command, **environment)

    monkeypatch.setattr(environments, "run", run)


@pytest.mark.usefixtures("made_quickly")
@pytest.mark.parametrize(
    ("lock", "required", "asked", "lacks"),
    [
        ("release", (), "inner[more]", "helper"),
        ("dev", (), "outer", "helper"),
        ("dev", (), "inner>=2", "inner>=2"),
        ("dev", ("helper; extra == 'more'",), "inner", "helper"),
    ],
    ids=["by an extra", "by the extra of another", "in its version", "by our own extra"],
)
def test_a_lock_that_lacks_something_is_refused(index, capsys, lock, required, asked, lacks):
    outer = index.publish("outer", "1.0", "inner[more]")
    inner = index.publish("inner", "1.0", "helper; extra == 'more'", extras=("more",))
    index.publish("helper", "1.0")
    index.publish("inner", "2.0")
    index.declare(*required, group=lock, asks=asked)
    index.lock(lock, outer, inner)
    assert environments.main([lock, str(index.project / ".venv")], root=index.project) == 1
    said = capsys.readouterr().err
    assert f"{Path('requirements', f'{lock}.txt')} isn't complete (make lock writes it anew)" in said
    assert f"No matching distribution found for {lacks}" in said
    assert not (index.project / ".venv" / "ready").exists()


@pytest.mark.usefixtures("made_quickly")
def test_a_package_that_is_not_the_one_that_was_locked_is_refused(index, capsys):
    pin = index.publish("outer", "1.0")
    index.publish("outer", "1.0", "inner")
    index.declare(group="dev", asks="outer")
    index.lock("dev", pin)
    assert environments.main(["dev", str(index.project / ".venv")], root=index.project) == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in capsys.readouterr().err


def test_each_lock_is_written_for_every_python_and_names_no_index(monkeypatch):
    commands: list[list[str]] = []
    monkeypatch.setattr(environments, "run", lambda *command: commands.append([*map(str, command)]))
    assert environments.main(["--lock", "--upgrade", "attrs"]) == 0
    written = [command for command in commands if "compile" in command]
    options = {"--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"}
    assert all(options | {"--upgrade-package=attrs"} <= {*command} for command in written)
    files = {option.partition("=")[2] for command in written for option in command if "output-file" in option}
    assert files == {f"requirements/{path.name}" for path in (ROOT / "requirements").iterdir()}


def test_a_lock_holds_the_groups_that_its_group_includes_and_leaves_out_an_extra():
    dev, without_fast = environments.LOCKS["dev"], environments.LOCKS["without-fast"]
    assert {"pytest", "deptry", "mantago[cli,fast,otel,sandbox]"} <= {*dev.requirements(ROOT)}
    assert {"pytest", "mantago[cli,otel,sandbox]"} <= {*without_fast.requirements(ROOT)}
    assert not {"--extra=fast", "deptry"} & {*without_fast.sources(ROOT), *without_fast.requirements(ROOT)}


@pytest.mark.parametrize("file", SET_UP, ids=lambda file: file.name)
def test_nothing_is_installed_but_from_a_lock(file):
    assert not re.search(r"\b(pip|uv|pipx|uvx|tool) (install|sync|run|download)\b", file.read_text("utf-8"))


def test_a_command_that_leaves_out_where_to_is_refused(capsys):
    with pytest.raises(SystemExit):
        environments.main(["dev"])
    assert "either --lock, or a name and a folder" in capsys.readouterr().err
