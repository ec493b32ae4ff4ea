"""`.ci/run` is red if one of its gates is, and takes each Python that it finds. What it calls only notes the call here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / ".ci" / "run"
TOOLS = ("bash", "cat", "dirname", "mktemp", "rm")

pytestmark = pytest.mark.skipif(
    not (RUN.exists() and shutil.which("bash") and os.name == "posix"), reason="no bash here"
)

NOTE = """#!/bin/sh
line="${0##*/ci/} $* ${TESTS_ENGINE:-}"
echo "$line" >>"$NOTES"
test "$line" != "$FAILS"
"""
LANES = ["oldest", "others", "python3.99"]
RUNNING = '#!/bin/sh\necho "$VERSIONS"\n'


class Checkout:
    """A checkout with nothing in it but `.ci/run`, on a machine with nothing but what that calls."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tools, self.versions = folder / "ci", folder / "ci" / "tools", folder / "ci" / "versions"
        self.notes = folder / "notes"
        (self.folder / ".ci").mkdir(parents=True)
        (self.folder / "scripts").mkdir()
        shutil.copy(RUN, self.folder / ".ci" / "run")
        self.tools.mkdir()
        for name in TOOLS:
            (self.tools / name).symlink_to(str(shutil.which(name)))
        self.write("tools/make", NOTE)
        self.write("tools/git", "#!/bin/sh\n")
        self.write("tools/python3", RUNNING)
        self.write(".venv/bin/python", NOTE)

    def write(self, place: str, text: str) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def python(self, place: str, status: int = 0) -> None:
        """Put a Python there that can be used or, with another status, can't."""
        self.write(place, f"#!/bin/sh\nexit {status}\n")
        self.write(f".venv-{place.rpartition('python')[2]}/bin/python", NOTE)

    def run(self, fails: str = "nothing") -> tuple[int, list[str], str]:
        """Return the exit status, what was called, and what was said."""
        self.notes.write_text("")
        own = {"PATH": str(self.tools), "NOTES": str(self.notes), "FAILS": fails}
        own |= {"VERSIONS": str(self.versions), "TMPDIR": str(self.folder)}
        command = [self.tools / "bash", self.folder / ".ci" / "run"]
        done = subprocess.run(command, env=own, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
        return done.returncode, self.notes.read_text("utf-8").splitlines(), done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_every_command_that_fails_makes_it_red_and_no_lane_is_left_out_for_another(checkout):
    checkout.python("tools/python3.12")
    checkout.python("versions/3.99.0/bin/python3.99")
    status, called, said = checkout.run()
    assert status == 0, said
    assert len(called) > 12
    for command in called:
        # Prism comes from the network, and a Python may be too new for what is in the lock of development.
        may_fail = " prism " in command or "make .venv-3.99/ready" in command
        status, _, said = checkout.run(command)
        assert (command, status) == (command, 0 if may_fail else 1), said
        if command not in called[:2]:  # what all lanes need
            assert [line.split()[1].strip(",") for line in said.splitlines() if line.startswith("--- ")] == LANES


def test_each_python_from_3_11_on_is_taken_once_the_oldest_first_from_the_path_before_elsewhere(checkout):
    checkout.python("versions/3.9.18/bin/python3.9", status=1)
    for place in ("tools/python3.13", "versions/3.100.0/bin/python3.100", "versions/3.12.1/bin/python3.12"):
        checkout.python(place)
    checkout.python("versions/3.13.0/bin/python3.13")
    checkout.python("tools/python3.12", status=1)  # a version manager's stand-in for one that isn't chosen
    checkout.python("tools/python3.14t")
    checkout.python("tools/python3.13-config")
    _, called, _ = checkout.run()
    used = [line.partition("PYTHON=")[2].split()[0] for line in called if " test " in line and "httptools" not in line]
    here = [str(path.relative_to(checkout.folder)) for path in map(Path, used)]
    assert sorted(here) == [
        "tools/python3.13", "versions/3.100.0/bin/python3.100", "versions/3.12.1/bin/python3.12"
    ]  # fmt: skip
    assert called[0].split()[1:] == [".venv/ready", f"PYTHON={checkout.versions}/3.12.1/bin/python3.12"]


def test_without_any_python_it_says_so(checkout):
    checkout.python("tools/python3.10", status=1)
    status, called, said = checkout.run()
    assert (status, called, said) == (1, [], "no Python from 3.11 on is installed\n")
