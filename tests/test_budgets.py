"""How much code there is to read: the budgets of the design, in lines without blanks, comments and docstrings.

The name of a class, then, says which one is meant.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [path for folder in ("facade", "generated", "scripts") for path in sorted((ROOT / folder).rglob("*.py"))]
SAYS_NOTHING = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}
FIRST_CALL = """
import json, sys, threading
from mantago import MantaGo

ran = set()
def note(frame, event, _):
    if event == "call":
        ran.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

with MantaGo() as mantago:
    threading.setprofile(note)
    sys.setprofile(note)
    mantago.get_client_gifts(client_id="VolejRejN")
    sys.setprofile(None)
print(json.dumps(sorted(ran)))
"""
SHARED_NAMES = {
    "Absent": "the mark of a value that isn't there, where null is one",
    "Connection": "what the client asks of a connection, and the one that is read by httptools",
    "Document": "an OpenAPI document, as the stand-ins serve it and as the contract tools compare it",
    "Parameter": "OpenAPI's parameter of an operation, when a call is made and when its code is written",
    "Race": "the connections under way to the addresses of a host, of tasks and of threads",
    "Sampler": "what makes up a value that fits a schema, of the document and of the generator's types",
    "Union": "several schemas of which a value has one, in the contract tools and in the generator's types",
}
"""Names of several classes, and the one thing that they mean."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def lines_of(node: ast.stmt) -> set[int]:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    return set(range(first, (node.end_lineno or first) + 1))


def code_lines(source: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        line for token in tokens if token.type not in SAYS_NOTHING for line in range(token.start[0], token.end[0] + 1)
    }
    texts = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr) and is_text(node.value))
    return lines.difference(*map(lines_of, texts))


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def to_read(source: str, ran: set[int]) -> set[int]:
    """Return the lines of the functions that ran, by their first lines, and all that is no function, import or export."""
    nodes = [*ast.walk(ast.parse(source))]
    functions = {min(lines): lines for node in nodes if isinstance(node, FUNCTIONS) and (lines := lines_of(node))}
    known = (lines_of(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) or is_exports(node))
    declared = code_lines(source).difference(*functions.values(), *known)
    return declared | code_lines(source).intersection(set().union(*(functions.get(first, set()) for first in ran)))


def is_exports(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"


@pytest.mark.parametrize(
    ("ran", "lines"), [(set(), {4, 5, 6, 14}), ({8}, {4, 5, 6, 8, 9, 14}), ({11}, {4, 5, 6, 11, 12, 13, 14})]
)
def test_what_is_declared_is_read_and_of_functions_those_that_run(ran: set[int], lines: set[int]) -> None:
    source = '"""Text."""\nimport os\n# why\nA = """\nb"""\nclass C:\n    """Text."""\n    def f(self):\n        return 1\n\n'
    assert (
        to_read(
            source + '    @property\n    def g(self):\n        return 2\n    b: int\n__all__ = [\n    "A"\n]\n', ran
        )
        == lines
    )


def test_no_module_has_over_300_lines() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): len(code_lines(path.read_text("utf-8"))) for path in MODULES}
    assert len(sizes) > 150
    assert {name: size for name, size in sizes.items() if size > 300} == {}


def test_the_name_of_a_class_means_one_thing() -> None:
    """A leading underscore makes no other name; the names of generated/ are the document's."""
    holders: defaultdict[str, set[Path]] = defaultdict(set)
    for path in MODULES:
        if not path.is_relative_to(ROOT / "generated"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    holders[node.name.lstrip("_")].add(path)
    assert {name for name, paths in holders.items() if len(paths) > 1} == SHARED_NAMES.keys()


def test_the_facades_own_two_modules_have_at_most_250_lines() -> None:
    facade = ROOT / "facade" / "mantago"
    modules = (facade / "client.py", facade / "identification.py")
    assert sum(len(code_lines(path.read_text("utf-8"))) for path in modules) <= 250


def test_a_call_can_be_followed_to_the_socket_and_back_in_1600_lines(account: dict[str, str]) -> None:
    """The first call is the longest: it makes the sender, opens a connection, and compiles the readers.

    The sandbox is in another process: in the same one, it has imported models and readers before the call does.
    """
    account = {f"MANTAGO_{name.upper()}": value for name, value in account.items()}
    told = subprocess.run(
        [sys.executable, "-c", FIRST_CALL],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | account,
    )
    ran: defaultdict[Path, set[int]] = defaultdict(set)
    for file, first in json.loads(told.stdout):
        path = Path(file)
        if path in MODULES and not path.is_relative_to(ROOT / "facade" / "mantago" / "testing"):
            ran[path].add(first)
    assert ROOT / "facade" / "mantago" / "client.py" in ran
    assert sum(len(to_read(path.read_text("utf-8"), lines)) for path, lines in ran.items()) <= 1_600
