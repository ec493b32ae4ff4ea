"""The README and the documentation are true: their code runs, and their tables are those of the code.

python tests/test_readme.py     writes the tables anew

A page's Python blocks run in order, in one namespace, with the sandbox's account in the environment. A block with a
title is a file that later blocks import; files named test_* are run by pytest. A text block behind them is what they
print. Pages that need a web framework or DuckDB run in `make docs`, which has them all.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from attrs import frozen
from markdown_it import MarkdownIt

import mantago
from mantago import MantaGo, MantaGoError, cli
from mantago.cli.statuses import MEANINGS
from mantago.sandbox import CLIENTS, TRIGGERS, Sandbox
from mantago.testing import FakeMantaGo, gift
from mantago.testing.failures import FAILURES
from mantago.testing.refusals import Refusal
from mantago_generated import friendly, spec
from mantago_runtime.errors import CODE_MEANINGS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if "```" in page.read_text("utf-8")]
FRAMEWORKS = {"celery", "django", "duckdb", "fastapi", "pandas", "polars", "pydantic"}
# Large ones, which make integration has: their recipes are run there, and pass no type checker.
ELSEWHERE = re.compile(r"^(from|import) (airflow|pyspark)\b", re.MULTILINE)
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# What a reader types that can't be run here: it installs, sets up a shell, or goes on until it is stopped.
NOT_RUN = ("pip install ", "python -m venv ", ". .venv/", "export ", "mantago sandbox --port ", "docker ")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# --- tables -----------------------------------------------------------------------------------------------------------


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def ids() -> Iterator[str]:
    yield from (row("client id", "or, by platform", "what happens"), row(*["---"] * 3))
    for card in (*CLIENTS, *TRIGGERS):
        pairs = ", ".join(f"{found.platform} `{found.platform_client_id}`" for found in card.platform_ids)
        yield row(f"`{card.id}`", pairs or "the same, on any", card.description)


def codes() -> Iterator[str]:
    yield from (row("code", "status", "message of the service", "what it means"), row(*["---"] * 4))
    refusals = {refusal.code: refusal for refusal in Refusal}
    for code, meaning in CODE_MEANINGS.items():
        yield row(f"`{code}`", refusals[code].status, refusals[code].message, meaning)


def failures() -> Iterator[str]:
    yield from (row("name", "what your code gets"), row(*["---"] * 2))
    for name in FAILURES:
        yield row(f"`{name}`", outcome(name))


def outcome(name: Any) -> str:
    fake = FakeMantaGo()
    fake.add_client("VolejRejN", virtual_gifts=[gift()])
    fake.fail(name, times=None)
    before = fake.clock()
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        try:
            gifts = client.get_client_gifts(client_id="VolejRejN")
        except MantaGoError as error:
            text = re.sub(r"\[Errno.*?\] | \([^()]*\battempts?\b[^()]*\)$", "", str(error))
            return f"`{type(error).__name__}`: {text.replace('|', '/')}"
        if not gifts.drift:
            return f"gifts, after {fake.clock() - before:.0f} seconds"
        return "gifts, and in `drift`: " + "; ".join(f"`{line.kind}`, `{line.path}`" for line in gifts.drift)


def gifts_of(*ids: str) -> Iterator[dict[str, Any]]:
    """The gifts at the sandbox, with all that the document has of them today."""
    with Sandbox() as sandbox, MantaGo(base_url=sandbox.base_url, credentials=sandbox.credentials) as client:
        yield from (client.get_client_gifts(client_id=one).to_dict() for one in ids)


def one_client() -> Iterator[str]:
    [told] = gifts_of("TamirOskQ")
    yield from ("```console", "$ mantago gifts --sandbox --client-id TamirOskQ --json")
    yield from (*json.dumps(told, ensure_ascii=False, indent=2).splitlines(), "```")


def two_clients() -> Iterator[str]:
    ids = ("BelunHavK", "TamirOskQ")
    yield from ("```console", f"$ mantago gifts --sandbox {' '.join(ids)}")
    for one, gifts in zip(ids, gifts_of(*ids), strict=True):
        yield json.dumps({"client_id": one, "outcome": "ok", "gifts": gifts}, ensure_ascii=False)
    yield "```"


def commands() -> Iterator[str]:
    yield from (row("command, option", "meaning"), row(*["---"] * 2))
    for name, command in cli.app.app.commands.items():
        yield row(f"**`mantago {name}`**", str(command.help).partition("\n")[0])
        for option in (param for param in command.params if isinstance(param, click.Option)):
            yield row(f"`{option.opts[0]}`", option.help)


def operations() -> Iterator[str]:
    yield from (row("method", "operation"), row(*["---"] * 2))
    for info in spec.OPERATIONS:
        yield row(f"[`{info.name}`][mantago.MantaGo.{info.name}]", f"`{info.method} {info.path}`")


def classes() -> Iterator[str]:
    for name in sorted(friendly.__all__):
        yield from ("", f"::: mantago.{name}")
    yield ""


SPEED_ROWS = {
    "one at a time": "sync, 1, 20 ms",
    "one at a time, async": "async, 1, 20 ms",
    "64 in flight, async": "async, 64, 20 ms",
    "no waiting, one at a time": "sync, 1",
    "no waiting, 64 in flight, async": "async, 64",
}
SPEED_COLUMNS = {
    "raw httpx": "raw httpx",
    "stock generated client": "stock generated",
    "`mantago`": "mantago",
    '`engine="httptools"`': "mantago, httptools",
    "aiohttp, by hand": "aiohttp",
}


def speed() -> Iterator[str]:
    calls = json.loads((ROOT / "docs" / "speed" / "results.json").read_text("utf-8"))["calls"]
    yield from (row("calls a second / processor time a call", *SPEED_COLUMNS), row(*["---"] * (len(SPEED_COLUMNS) + 1)))
    for title, measured in SPEED_ROWS.items():
        found = [calls[measured].get(name) for name in SPEED_COLUMNS.values()]
        yield row(title, *(f"{at['calls_per_second']:,.0f} / {at['cpu_us']:.0f} µs" if at else "-" for at in found))


def statuses() -> Iterator[str]:
    yield from (row("status", "meaning"), row(*["---"] * 2))
    for status, meaning in MEANINGS.items():
        yield row(status.value, meaning)


def version() -> Iterator[str]:
    yield f"This is the reference of `mantago` {mantago.__version__}, for version {mantago.SPEC_VERSION} of the API's document."


TABLES = {
    "classes": classes,
    "codes": codes,
    "commands": commands,
    "failures": failures,
    "ids": ids,
    "one_client": one_client,
    "operations": operations,
    "speed": speed,
    "statuses": statuses,
    "two_clients": two_clients,
    "version": version,
}


def with_tables(text: str) -> str:
    return TABLE.sub(lambda found: found[1] + "".join(f"{line}\n" for line in TABLES[found[2]]()) + found[3], text)


def test_the_tables_are_up_to_date() -> None:
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        assert with_tables(text) == text, f"{name_of(page)}: python {name_of(Path(__file__))}"
        found += [table[2] for table in TABLE.finditer(text)]
    assert {*found} == {*TABLES}


def test_the_tables_hold_what_they_are_there_for() -> None:
    assert "\n".join(ids()).count("`rate_limited_once`") == 1
    assert len([*codes()]) == len(CODE_MEANINGS) + 2
    assert "| `timeout` | `APITimeoutError`: " in "\n".join(failures())


def test_the_error_table_lists_every_exception() -> None:
    public = {name for name in mantago.__all__ if name.endswith("Error")}
    listed = re.findall(r"^\| `(\w+Error)` \|", README.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(public - {"MantaGoError"})


def test_the_reference_has_every_public_name() -> None:
    wanted = {f"mantago.{name}" for name in mantago.__all__ if not re.fullmatch("[A-Z_]+|__version__", name)}
    wanted |= {
        f"mantago.{module}.{name}" for module in ("bulk", "sandbox", "testing") for name in public_classes(module)
    }
    found = [
        name
        for page in (ROOT / "docs" / "reference").glob("*.md")
        for name in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(found) == sorted(wanted)


def test_the_site_names_the_version_and_leads_to_the_repository_once_it_has_an_address() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert site["copyright"] == f"mantago {mantago.__version__}"
    assert site.get("repo_url") == project.get("urls", {}).get("Repository")


def public_classes(module: str) -> list[str]:
    __import__(f"mantago.{module}")
    names: list[str] = getattr(mantago, module).__all__
    return [name for name in names if name != "FailureName" and not name.isupper()]


# --- code -------------------------------------------------------------------------------------------------------------


@frozen
class Block:
    """Code on a page: its language, the file that it is, its text, and the line where it stands."""

    language: str
    title: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    found = []
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence":
            title = re.search(r'title="(.+)"', token.info)
            language = token.info.split()[0] if token.info else ""
            found.append(Block(language, title[1] if title else "", token.content, (token.map or [0])[0] + 2))
    return found


def file_of(block: Block) -> str:
    """Return the name of the file that a block is; none if it is a part of its page's code."""
    return block.title or ("test_page.py" if "\ndef test_" in block.text else "")


def run_page(page: Path, folder: Path) -> Iterator[str]:
    """Run a page's blocks; yield what is wrong."""
    namespace: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for block in blocks(page):
        where = f"{name_of(page)}, line {block.line}"
        if block.language == "text":
            if block.text != printed:
                yield f"{where}: printed was\n{printed}"
            printed = ""
        elif block.language == "console":
            yield from run_console(block, where)
        elif block.language == "sh":
            lines = [line for line in block.text.splitlines() if not line.startswith(NOT_RUN)]
            yield from (f"{where}: who runs this? {line}" for line in lines)
        elif block.language != "python":
            yield f"{where}: {block.language or 'no language'} is none that is run"
        elif name := file_of(block):
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text, "utf-8")
        else:
            output = io.StringIO()
            # Line numbers in tracebacks are those of the page.
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            with contextlib.redirect_stdout(output):
                exec(code, namespace)
            printed = output.getvalue()


def run_console(block: Block, where: str) -> Iterator[str]:
    command, _, expected = block.text.partition("\n")
    assert command.startswith("$ mantago "), where
    environment = os.environ | {"COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command.removeprefix("$ "))],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.stdout != expected:
        yield f"{where}: printed was\n{done.stdout}{done.stderr}"


def run_tests(folder: Path) -> str:
    command = [sys.executable, "-X", "utf8", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page.read_text("utf-8")
    needed = {name for name in FRAMEWORKS if re.search(rf"^(from|import) {name}\b", text, re.MULTILINE)}
    missing = sorted(name for name in needed if importlib.util.find_spec(name) is None)
    if missing and not os.environ.get("DOCS_FRAMEWORKS"):
        pytest.skip(f"make docs runs it, with {' and '.join(missing)}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    if "company-ca.pem" in text:
        prepare(tmp_path)
    # One of its own: some ids fail only once.
    with Sandbox() as box:
        for name in ("base_url", "bot_id", "token", "secret"):
            monkeypatch.setenv(f"MANTAGO_{name.upper()}", getattr(box, name))
        assert not [*run_page(page, tmp_path)]
    if any(tmp_path.glob("test_*.py")):
        assert not run_tests(tmp_path)


# What the blocks of a page are to type checkers: files with a title are modules, all others of a page are one.
CHECKERS = {
    "mypy": ["mypy", "--strict", "--explicit-package-bases", "."],
    "basedpyright": ["basedpyright", "--pythonpath", sys.executable],
}


def modules(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each module that a page's code is; lines are where they are on the page."""
    untitled: list[Block] = []
    for block in blocks(page):
        if block.language == "python" and (name := file_of(block)):
            yield name, "\n" * (block.line - 1) + block.text
        elif block.language == "python":
            untitled.append(block)
    lines: list[str] = []
    for block in untitled:
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    yield re.sub(r"\W", "_", name_of(page).removesuffix(".md")) + ".py", "\n".join(lines) + "\n"


def write_modules(folder: Path, pages: list[Path]) -> None:
    for page in pages:
        for name, text in modules(page):
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            if ELSEWHERE.search(text):
                continue
            assert not file.exists(), f"{name_of(page)}: another page has a file {name}"
            file.write_text(text, "utf-8")


@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_pass_the_code_of_all_pages(checker: str, tmp_path: Path) -> None:
    if not os.environ.get("DOCS_FRAMEWORKS"):
        pytest.skip("make docs does it, with what the pages import")
    write_modules(tmp_path, WITH_CODE)
    assert check_types(checker, tmp_path) == ""


def check_types(checker: str, folder: Path) -> str:
    """Return what a type checker says of a folder's modules, and nothing if all is well."""
    packages = [str(ROOT / name) for name in ("facade", "generated")]
    settings = {"include": ["."], "extraPaths": packages, "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    settings |= {"reportDuplicateImport": False}  # each block of a page imports what it needs
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", *CHECKERS[checker]],
        cwd=folder,
        env=os.environ | {"MYPYPATH": os.pathsep.join(packages)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def prepare(folder: Path) -> None:
    """Make the files that pages suppose to be there."""
    import trustme  # make docs is without it

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "company-ca.pem"))
    authority.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/tutorial.md"])
def test_the_first_lines_of_a_newcomers_page_run_without_an_account(page: str) -> None:
    code = next(block.text for block in blocks(ROOT / page) if block.language == "python")
    command = [sys.executable, "-W", "error", "-X", "utf8", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Welcome sticker set" in done.stdout
    refused = "404 Not Found, code 37011: Get client failed [no client matches the identification]" in done.stdout
    assert refused == (page == "README.md")


PAGE = "# Page\n\n```python\nprint(1 + 1)\n```\n\n```text\n{}\n```\n\n```python\n\n\ndef test_two():\n    assert 2 == 3\n```\n"


def test_a_page_that_is_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(2), "utf-8")
    assert not [*run_page(page, tmp_path)]
    page.write_text(PAGE.format(3), "utf-8")
    assert [*run_page(page, tmp_path)] == ["page.md, line 8: printed was\n2\n"]
    assert "1 failed" in run_tests(tmp_path)


def test_a_language_that_nobody_runs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```ruby\nputs 1\n```\n\n```sh\nrm -r x\n```\n", "utf-8")
    assert (
        "".join(run_page(page, tmp_path))
        == "page.md, line 2: ruby is none that is runpage.md, line 6: who runs this? rm -r x"
    )


if __name__ == "__main__":
    for found in PAGES:
        found.write_text(with_tables(found.read_text("utf-8")), "utf-8", newline="\n")
