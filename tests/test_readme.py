"""The README is true: its code runs, and its tables are those of the code.

python tests/test_readme.py     writes the table of the sandbox's ids into the README anew
"""

import re
import subprocess
import sys
from pathlib import Path

import mantago
from mantago.sandbox import CLIENTS, TRIGGERS

README = Path(__file__).parent.parent / "README.md"
TABLE = re.compile(r"(<!-- written by .*? -->\n).*?(<!-- end -->)", re.DOTALL)


def table_of_ids() -> str:
    lines = ["| client id | or, by platform | what happens |", "| --- | --- | --- |"]
    for card in (*CLIENTS, *TRIGGERS):
        ids = ", ".join(f"{found.platform} `{found.platform_client_id}`" for found in card.platform_ids)
        lines.append(f"| `{card.id}` | {ids or 'the same, on any'} | {card.description} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    return TABLE.sub(lambda found: found[1] + table_of_ids() + found[2], text)


def test_the_table_of_the_sandboxs_ids_is_up_to_date():
    text = README.read_text("utf-8")
    assert with_table(text) == text
    assert text.count("`rate-limited-once`") == 1


def code_blocks() -> list[str]:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    return blocks


def test_the_code_runs_as_it_stands():
    code, _ = code_blocks()
    command = [sys.executable, "-W", "error", "-X", "utf8", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "expired" in done.stdout
    assert "404 Not Found, code 37011: Get client failed [no client matches the identification]" in done.stdout


def test_the_tests_in_the_code_pass_as_they_stand(tmp_path):
    _, code = code_blocks()
    (tmp_path / "test_reminder.py").write_text(code, "utf-8")
    command = [sys.executable, "-X", "utf8", "-W", "error", "-m", "pytest", "-q", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_error_table_lists_every_exception():
    listed = re.findall(r"^\| `(\w+Error)` \|", README.read_text("utf-8"), re.MULTILINE)
    public = {name for name in mantago.__all__ if name.endswith("Error")}
    assert {*listed} == public - {"MantaGoError"}
    assert len(listed) == len({*listed})


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8", newline="\n")
