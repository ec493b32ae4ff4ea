"""What a caller's type checker says: nothing about right code, the rule about wrong code, the same types of everything.

python tests/test_typing.py     writes what the checkers say now into the comments of tests/typing; read the diff
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from attrs import field, frozen

import mantago
from first import FIRST
from mantago import testing
from mantago.identification import PlatformName
from mantago.testing.failures import FailureName
from mantago_generated import friendly
from mantago_runtime.reading.drift import DriftKind

SAMPLES = Path(__file__).parent / "typing"
BIN = Path(sys.executable).parent
Said = dict[tuple[str, int], set[str]]
"""What a checker says of a line of a sample."""


@frozen
class Checker:
    """A type checker as its users run it, far from this project's own configuration."""

    name: str
    command: tuple[object, ...]
    read: Callable[[str], Said] = field(repr=False)

    def check(self) -> Said:
        with tempfile.TemporaryDirectory() as folder:
            for sample in SAMPLES.glob("*.py"):
                shutil.copy(sample, folder)
            (Path(folder) / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
            (Path(folder) / "pyrefly.toml").write_text('preset = "strict"')
            program, *options = map(str, self.command)
            samples = sorted(sample.name for sample in SAMPLES.glob("*.py"))
            done = subprocess.run(
                [BIN / program, *options, *samples],
                cwd=folder,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return self.read(done.stdout)


ALIASES = {"DriftKind": DriftKind, "FailureName": FailureName, "PlatformName": PlatformName}


def said(lines: list[tuple[Any, ...]]) -> Said:
    found: Said = {}
    for file, line, text in lines:
        found.setdefault((Path(file).name, line), set()).add(text)
    return found


def revealed(text: str) -> str | None:
    """The type in a checker's note, names without their modules."""
    match = re.search(r'(?:Revealed type is "|revealed type: |Revealed type: `|Type of ".*" is ")(.*?)["`]?$', text)
    if match is None:
        return None
    text = re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)", "", match[1]).replace("'", '"').replace("?", "")
    text = re.sub(r'Literal\["[0-9.]+"\]', "str", text.replace("] | Literal[", ", "))
    return "= " + re.sub(r"Literal\[(.*?)\]", lambda found: alias(found[1].split(", ")), text)


def alias(values: list[str]) -> str:
    """The name that we have for so many literals: one checker says it, the others list them, each in its own order."""
    names = {name: {f'"{value}"' for value in get_args(kind)} for name, kind in ALIASES.items()}
    return next(
        (name for name, listed in names.items() if listed == {*values}), f"Literal[{', '.join(sorted(values))}]"
    )


def from_mypy(text: str) -> Said:
    found = re.findall(r"^(.+?):(\d+): (error|note): (.*?)(?:  \[([\w-]+)\])?$", text, re.MULTILINE)
    lines = [(file, int(line), code if kind == "error" else revealed(note)) for file, line, kind, note, code in found]
    return said([(file, line, text) for file, line, text in lines if text])


def from_basedpyright(text: str) -> Said:
    found = []
    for one in json.loads(text)["generalDiagnostics"]:
        reported = one["rule"] if one["severity"] != "information" else revealed(one["message"])
        found.append((one["file"], one["range"]["start"]["line"] + 1, reported))
    return said(found)


def from_ty(text: str) -> Said:
    found = re.findall(r"^(.+?):(\d+):\d+: \w+\[([\w-]+)\] (.*)$", text, re.MULTILINE)
    return said([(file, int(line), revealed(note) or code) for file, line, code, note in found])


def from_pyrefly(text: str) -> Said:
    found = json.loads(text)["errors"]
    return said([(one["path"], one["line"], revealed(one["description"]) or one["name"]) for one in found])


CHECKERS = [
    Checker("mypy", ("mypy", "--strict", "--no-error-summary", "--cache-dir", "cache"), from_mypy),
    Checker("basedpyright", ("basedpyright", "--outputjson", "--pythonpath", sys.executable), from_basedpyright),
    Checker("ty", ("ty", "check", "--python", sys.prefix, "--output-format", "concise"), from_ty),
    Checker("pyrefly", ("pyrefly", "check", "--python-interpreter-path", sys.executable, "--output-format", "json"), from_pyrefly),
]  # fmt: skip


def expected(checker: str) -> Said:
    """What the comments of the samples say of a checker: `one | two | -`, in the order of CHECKERS, or one for all."""
    found: Said = {}
    order = [one.name for one in CHECKERS]
    for sample in sorted(SAMPLES.glob("*.py")):
        for number, line in enumerate(sample.read_text("utf-8").splitlines(), 1):
            code, _, comment = line.partition("  # ")
            if not comment or not code.strip():
                continue
            columns = [column.strip() for column in comment.split(" || ")]
            texts = columns * len(CHECKERS) if len(columns) == 1 else columns
            text = texts[order.index(checker)]
            if text != "-":
                found[sample.name, number] = {*text.split(" & ")}
    return found


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_a_callers_type_checker_says_what_the_samples_expect_line_by_line(checker: Checker) -> None:
    assert checker.check() == expected(checker.name)


def test_right_code_is_right_for_all_and_wrong_code_wrong_for_each_or_the_comment_above_says_why() -> None:
    comments = {checker.name: expected(checker.name) for checker in CHECKERS}
    assert not [place for found in comments.values() for place in found if place[0] == "accepted.py"]
    lines = (SAMPLES / "refused.py").read_text("utf-8").splitlines()
    for above, (number, line) in pairwise(enumerate(["", *lines])):
        if re.search(r"(?:# |\| )-(?: \||$)", line):
            assert above[1].strip().startswith("# "), f"line {number}: say why a checker doesn't complain"
    assert len({line for found in comments.values() for line in found if line[0] == "refused.py"}) > 45


def public_members() -> set[str]:
    """Every attribute that a caller may use, but for those that come from the standard library's bases.

    Of what is generated, those of the first document: what a newer one adds, the same templates type.
    """
    pinned = [action["update"] for action in yaml.safe_load(FIRST.names.read_text("utf-8"))["actions"]]
    named = {name for one in pinned for name in one.get("x-mantago-fields", {}).values()}
    named |= {one["operationId"] for one in pinned if "operationId" in one}
    found = set()
    for module in (mantago, testing):
        for name in module.__all__:
            cls: Any = getattr(module, name)
            if not isinstance(cls, type):
                continue
            for base in cls.__mro__:
                if base.__module__.startswith("mantago"):
                    own = {*vars(base), *getattr(base, "__annotations__", ())}
                    found |= own & named if base.__name__ in (*friendly.__all__, *OPERATIONS) else own
    return {member for member in found if not member.startswith("_") and not member.isupper()}


OPERATIONS = ("Operations", "AsyncOperations")


def test_every_public_attribute_is_revealed() -> None:
    text = (SAMPLES / "revealed.py").read_text("utf-8")
    shown = set(re.findall(r"\.(\w+)(?:\(.*?\))?\)  # ", text))
    # What FakeMantaGo does for the clients, and httpx's own.
    inner = {"handle_request", "handle_async_request", "clock", "jitter", "sleep"}
    assert {"virtual_gifts", "get_client_gifts", "to_dict"} <= public_members()
    assert public_members() - inner <= shown


# hover


RULE = "Give either `client_id`, or both `platform` and `platform_client_id`"


@pytest.mark.parametrize("cls", [mantago.MantaGo, mantago.AsyncMantaGo])
def test_the_docstring_says_the_rule(cls: Any) -> None:
    assert RULE in (inspect.getdoc(cls.get_client_gifts) or "")


class LanguageServer:
    """As much of a client of the language server protocol as it takes to hover."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [BIN / "basedpyright-langserver", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self._count = 0
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        self.request("initialize", processId=None, workspaceFolders=folders, capabilities={})
        self._send(method="initialized", params={})

    def open(self, uri: str, text: str) -> None:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self._send(method="textDocument/didOpen", params={"textDocument": document})

    def request(self, method: str, **params: Any) -> Any:
        self._count += 1
        self._send(id=self._count, method=method, params=params)
        while True:
            message = self._receive()
            if message.get("id") == self._count and "method" not in message:
                return message.get("result")
            if "id" in message:
                settings: list[Any] = [{}] * len(message.get("params", {}).get("items", ()))
                self._send(id=message["id"], result=settings or None)

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: Mapping[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def close(self) -> None:
        self.request("shutdown")
        self._send(method="exit")
        self._process.communicate(timeout=30)


HOVERED = """\
from mantago import AsyncMantaGo, MantaGo

MantaGo().get_client_gifts(client_id="a")
MantaGo().get_client_gifts(platform="line", platform_client_id="U1")
MantaGo().get_client_gifts
AsyncMantaGo().get_client_gifts(client_id="a")
AsyncMantaGo().get_client_gifts(platform="line", platform_client_id="U1")
AsyncMantaGo().get_client_gifts
"""


def test_an_editors_hover_says_the_rule_at_every_call(tmp_path: Path) -> None:
    settings: dict[str, str] = {"venvPath": str(Path(sys.prefix).parent), "venv": Path(sys.prefix).name}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    uri = (tmp_path / "hovered.py").as_uri()
    (tmp_path / "hovered.py").write_text(HOVERED)
    server = LanguageServer(tmp_path)
    try:
        server.open(uri, HOVERED)
        for number, line in enumerate(HOVERED.splitlines()):
            if "get_client_gifts" in line:
                position = {"line": number, "character": line.index("get_client_gifts") + 2}
                hover = server.request("textDocument/hover", textDocument={"uri": uri}, position=position)
                shown = hover["contents"]["value"].replace("\\_", "_").replace("&nbsp;", " ")
                assert RULE in shown, f"{line}: {shown}"
    finally:
        server.close()


def write() -> None:
    """Write what the checkers say now behind the lines that they say it of."""
    heard = {checker.name: checker.check() for checker in CHECKERS}
    for sample in SAMPLES.glob("*.py"):
        lines = sample.read_text("utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            texts = [" & ".join(sorted(found.get((sample.name, number), {"-"}))) for found in heard.values()]
            code = line.partition("  # ")[0]
            if any(text != "-" for text in texts):
                lines[number - 1] = f"{code}  # {texts[0] if len({*texts}) == 1 else ' || '.join(texts)}"
        sample.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    write()
