"""One command takes over a new version: what it writes, says and asks for; and that a failure leaves all as it was."""

from __future__ import annotations

import copy
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import contract_diff
import import_spec
import made_up_bump
import regenerate
import upgrade
from contract.changes import Change, Report, change
from first import FIRST, copy_project, tree
from generated_package import planned
from regenerate import GENERATED, PACKAGE
from upgrading import checkout as _checkout
from upgrading.calls import ExampleCalls, example_calls
from upgrading.changes import Bump, Upgrade, bump, enough, joined, package_version, text
from upgrading.checkout import Checkout, take_over
from upgrading.names import named_document
from vendoring.vendored import ROOT, ScriptError, Vendored, canonical, read_spec, run

TEXT_ONLY = [change("description-changed", "POST /a", "POST /a"), change("api-version-changed", old="1", new="2")]
ADDED = [*TEXT_ONLY, change("endpoint-added", "POST /b", "POST /b")]
BROKEN = [*ADDED, change("api-moved", "POST /c", "POST /c", new="POST /d")]


def bumped(edit: Callable[[dict[str, Any]], None] | None = None) -> str:
    document = copy.deepcopy(read_spec(FIRST))
    document["info"]["version"] = "0.319.0"
    (edit or describe_gifts)(document)
    return canonical(document)


def describe_gifts(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["GiftItem"]["properties"]["name"]["description"] = "The name of stone"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that isn't this one, with a single test of its own."""
    root = tmp_path / "project"
    copy_project(root, "openapi", "generated", "facade")
    (root / "tests").mkdir()
    (root / "tests" / "test_version.py").write_text(
        "from mantago_generated.spec import VERSION\n\ndef test_version():\n    assert VERSION == '0.319.0'\n", "utf-8"
    )
    return root


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the generator makes of the new version, once."""
    folder = tmp_path_factory.mktemp("written")
    copy_project(folder, "openapi", "facade")
    (folder / "new.json").write_text(bumped(), "utf-8")
    import_spec.main(["--bump", "--into", str(folder / "openapi"), str(folder / "new.json")])
    (folder / "scratch").mkdir()
    return regenerate.generate(Vendored(folder / "openapi"), GENERATED, folder / "scratch")


@pytest.fixture
def replayed(written: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator's work, without its seconds."""
    monkeypatch.setattr(_checkout, "generate", lambda *_: written)
    monkeypatch.setattr(_checkout, "prove", lambda *_: None)


@pytest.fixture
def hardly_compared(replayed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the documents are compared: of the packages and the client, others tell."""
    monkeypatch.setattr(contract_diff, "PARTS", contract_diff.PARTS[:1])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "new.json"
    path.write_text(bumped(), "utf-8")
    return path


def upgraded(project: Path, *arguments: Any) -> int:
    return run(lambda argv: upgrade.main(argv, project), [*map(str, arguments)])


def test_one_command_imports_regenerates_reports_and_tests(project, source, capsys):
    assert upgraded(project, source) == 0
    said = capsys.readouterr().out
    assert "new.json: version 0.319.0, 1 operation" in said
    assert "0.318.0 -> 0.319.0: 0 breaking, 0 warning" in said
    assert "version of the package: 0.1.0 to 0.1.1 (patch)" in said
    assert "tests: all passed" in said
    assert 'git commit -m "Take over version 0.319.0' in said
    vendored = Vendored(project / "openapi")
    assert read_spec(vendored)["info"]["version"] == "0.319.0"
    assert "The name of stone" in (project / "generated" / PACKAGE / "models" / "gift_item.py").read_text("utf-8")
    report = (vendored.changes / "0.319.0.md").read_text("utf-8")
    assert report.startswith("# 0.318.0 → 0.319.0\n")
    assert "description-changed" in report
    assert regenerate.main(["--check"], vendored, project / "generated") == 0


@pytest.mark.usefixtures("replayed")
def test_again_it_changes_nothing(project, source, capsys):
    assert upgraded(project, source, "--no-tests") == 0
    assert "tests: not run" in capsys.readouterr().out
    before = tree(project)
    assert upgraded(project, source) == 0
    assert capsys.readouterr().out.endswith("nothing changed: all is up to date\n")
    assert tree(project) == before


@pytest.mark.usefixtures("replayed")
def test_the_report_is_told_at_once_and_what_a_new_document_can_break_is_tested_first(project, source, capsys):
    marker = source.with_name("first was run")
    (project / upgrade.BREAKABLE[0]).write_text(
        f"from pathlib import Path\n\ndef test_first():\n    Path({str(marker)!r}).touch()\n    assert False\n", "utf-8"
    )
    (project / "tests" / "test_version.py").write_text(
        f"from pathlib import Path\n\ndef test_rest():\n    assert Path({str(marker)!r}).exists()\n", "utf-8"
    )
    assert upgraded(project, source) == 1
    said = capsys.readouterr().out
    places = [
        said.index(text)
        for text in (
            "# 0.318.0 → 0.319.0",
            "now the tests",
            "tests of what a new document can break: 1 failed, ",
            f"  first ({upgrade.BREAKABLE[0]}::test_first)\n    pytest says: assert False\n",
            "tests of the rest: all passed, ",
            "tests: 1 failed\n",
        )
    ]
    assert places == sorted(places)


def test_what_a_new_document_can_break_is_there():
    assert [name for name in upgrade.BREAKABLE if not (ROOT / name).exists()] == []


@pytest.mark.usefixtures("replayed")
def test_a_dry_run_says_all_and_changes_nothing(project, source, capsys):
    before = tree(project)
    assert upgraded(project, source, "--dry-run", "--no-tests") == 0
    said = capsys.readouterr().out
    assert "# 0.318.0 → 0.319.0" in said
    assert "nothing was changed: this was a dry run" in said
    assert "git commit" not in said
    assert tree(project) == before


@pytest.mark.usefixtures("replayed")
def test_what_fails_its_tests_is_taken_over_only_if_asked_for(project, source, capsys):
    (project / "tests" / "test_more.py").write_text(
        "import pytest\n\n\n@pytest.mark.parametrize('path', ['/a', '/a'])\n"
        "def test_a_page_has_a_name(path):\n    assert {}[path]\n",
        "utf-8",
    )
    before = tree(project)
    assert upgraded(project, source) == 1
    said = capsys.readouterr().out
    why = "it looks for /a, which the new document has no longer"
    assert f"  a page has a name (tests/test_more.py::test_a_page_has_a_name, 2 cases)\n    {why}\n" in said
    assert "# 0.318.0 → 0.319.0" in said
    assert "nothing was changed: tests fail on the result; with --keep" in said
    assert tree(project) == before
    assert upgraded(project, source, "--keep") == 1
    assert "git commit" in capsys.readouterr().out
    assert read_spec(Vendored(project / "openapi"))["info"]["version"] == "0.319.0"
    # What the report calls fine is fine.
    report = (project / "openapi" / "changes" / "0.319.0.md").read_text("utf-8")
    assert "- Tests: 2 failed, listed here.\n\n### Tests that fail (2)\n\n- a page has a name (tests" in report
    assert "Its assumptions hold, yet tests fail, as listed above." in report


@pytest.mark.usefixtures("hardly_compared")
def test_the_tests_can_be_left_out_of_what_is_kept(project, source, capsys):
    assert upgraded(project, source, "--keep", "--no-tests") == 0
    assert "tests: not run" in capsys.readouterr().out
    assert read_spec(Vendored(project / "openapi"))["info"]["version"] == "0.319.0"


@pytest.mark.usefixtures("replayed")
def test_a_list_of_what_is_public_that_cannot_be_written_is_an_error(project, source, capsys):
    (project / "tests" / "test_public.py").write_text("raise SystemExit('what is this?')\n", "utf-8")
    before = tree(project)
    assert upgraded(project, source, "--no-tests") == 2
    assert "tests/test_public.py: failed on the new version:\nwhat is this?" in capsys.readouterr().err
    assert tree(project) == before


@pytest.mark.usefixtures("hardly_compared")
@pytest.mark.parametrize("name", upgrade.SIGNALS, ids=str)
def test_a_signal_in_the_midst_of_taking_over_undoes_all(project, source, monkeypatch, name):
    before, real, done = tree(project), Path.replace, []
    handlers = [signal.getsignal(one) for one in upgrade.SIGNALS]

    def replace(path: Path, target: Path) -> Path:
        # Each file that is put in place is followed by a signal.
        if project in target.parents:
            done.append(target)
            signal.raise_signal(name)
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    assert upgraded(project, source, "--no-tests") == 130
    monkeypatch.undo()
    assert len(done) > 3
    assert tree(project) == before
    assert [signal.getsignal(one) for one in upgrade.SIGNALS] == handlers


def test_a_second_signal_does_not_disturb_the_cleaning_up():
    cleaned = []
    with upgrade.interruptible():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        for name in upgrade.SIGNALS:
            signal.raise_signal(name)
        cleaned.append(True)
    assert cleaned


@pytest.mark.skipif(os.name == "nt", reason="a process can't be told to stop by a signal there")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_command_that_is_stopped_leaves_no_trace(project, source, tmp_path, name):
    shutil.copytree(ROOT / "scripts", project / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    started = tmp_path / "started"
    (project / "tests" / "test_more.py").write_text(
        f"def test_a():\n    import time\n    open({str(started)!r}, 'w').close()\n    time.sleep(100)\n", "utf-8"
    )
    before, scratch = tree(project), tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-B", str(project / "scripts" / "upgrade.py"), str(source)]
    with subprocess.Popen(command, env=os.environ | {"TMPDIR": str(scratch)}, stdout=subprocess.DEVNULL) as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(name)
        process.send_signal(name)
        assert process.wait(30) == 130
    assert tree(project) == before
    assert not [*scratch.glob("mantago-*")]


@pytest.mark.parametrize(
    ("output", "last"), [("one\nusage: wrong option\n", "one usage: wrong option"), ("", "nothing")]
)
def test_tests_that_do_not_even_start_are_told_with_pytests_last_words(output, last):
    [found] = upgrade.failed_tests(output)
    assert found.lines == (
        "the tests can be run (pytest)", f"pytest ended before it named a test, and said: {last}"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ImportError: cannot import name 'Gift' from 'mantago' (/x)", "it imports Gift, which the new version has no longer"),
        ("TypeError: f() missing 1 required keyword-only argument: 'page'", "it calls f() without 'page', which is needed now"),
        ("mantago_runtime.errors.InvalidResponseError: 200: gifts[0].name", "the client can't read the answer: 200: gifts[0].name"),
        ("hypothesis.errors.FailedHealthCheck: too slow", "it took too long: the machine is slow, a schema large (hypothesis.errors.FailedHealthCheck: too slow)"),
        ("AssertionError: assert 1 == 2", "pytest says: AssertionError: assert 1 == 2"),
        ("", "pytest says: nothing more"),
    ],
)  # fmt: skip
def test_why_a_test_fails_is_told_in_words_where_they_are_known(said, told):
    [found] = upgrade.failed_tests(
        f"FAILED tests/x.py::test_it[a - b] - {said}\n" if said else "FAILED tests/x.py::test_it[a]\n"
    )
    assert (found.test, found.promise, found.why) == ("tests/x.py::test_it", "it", told)


def test_a_file_whose_tests_cannot_be_collected_is_told():
    [found] = upgrade.failed_tests("ERROR tests/x.py - AttributeError: module 'mantago' has no attribute 'Gift'\n")
    assert found.lines == (
        "its tests can be collected (tests/x.py)", "it uses Gift, which the new version has no longer"
    )  # fmt: skip


STEPS = [
    pytest.param((upgrade, "collect"), id="reading the sources"),
    pytest.param((upgrade, "plan"), id="import"),
    pytest.param((_checkout, "generate"), id="generator"),
    pytest.param((_checkout, "replace_package"), id="writing the package"),
    pytest.param((upgrade, "compare"), id="comparison"),
    pytest.param((upgrade, "example_calls"), id="calls"),
    pytest.param((upgrade, "text"), id="report"),
    pytest.param((Checkout, "test"), id="tests"),
    pytest.param((Path, "replace"), id="taking over"),
]


@pytest.mark.usefixtures("hardly_compared")
@pytest.mark.parametrize("failure", [ScriptError("no luck"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_the_tree_as_it_was(project, source, monkeypatch, step, failure):
    holder, name = step
    before, real, done = tree(project), getattr(holder, name), []

    def fail(*arguments: Any, **options: Any) -> Any:
        # Taking over fails in its midst: when the second file of the project is put in place.
        done.append(name != "replace" or project in arguments[0].parents)
        if name == "replace" and sum(done) != 2:
            return real(*arguments, **options)
        raise failure

    monkeypatch.setattr(holder, name, fail)
    status = upgraded(project, source, *([] if name == "test" else ["--no-tests"]))
    monkeypatch.undo()
    assert any(done)
    assert status == (130 if isinstance(failure, KeyboardInterrupt) else 2)
    assert tree(project) == before


@pytest.mark.usefixtures("hardly_compared")
def test_a_full_disk_in_the_midst_of_taking_over_is_an_error_that_undoes_all(project, source, monkeypatch, capsys):
    before, real = tree(project), Path.replace

    def fail(path: Path, target: Path) -> Path:
        if target == Vendored(project / "openapi").spec:
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    assert upgraded(project, source, "--no-tests") == 2
    assert "nothing was written" in capsys.readouterr().err
    monkeypatch.undo()
    assert tree(project) == before


def test_a_project_that_cannot_be_copied_is_an_error(tmp_path, source, capsys):
    assert upgraded(tmp_path / "nowhere", source) == 2
    assert "can't be copied" in capsys.readouterr().err


def test_an_erratum_without_a_cause_stops_it(project, tmp_path, capsys):
    def mend(document: dict[str, Any]) -> None:
        document["components"]["schemas"]["GiftItem"]["required"].remove("isExpired")

    (tmp_path / "new.json").write_text(bumped(mend), "utf-8")
    before = tree(project)
    assert upgraded(project, tmp_path / "new.json") == 2
    assert "matches nothing in the spec" in capsys.readouterr().err
    assert tree(project) == before


def test_a_package_that_is_gone_leaves_no_folder_that_can_be_imported(tmp_path):
    cache = tmp_path / "api" / "old" / "__pycache__"
    cache.mkdir(parents=True)
    (cache / "x.pyc").write_bytes(b"x")
    (tmp_path / "api" / "old" / "x.py").write_bytes(b"x")
    (tmp_path / "api" / "kept").mkdir()
    (tmp_path / "api" / "kept" / "x.py").write_bytes(b"x")
    (tmp_path / "api" / "kept" / "y.py").write_bytes(b"y")
    take_over({"api/old/x.py": None, "api/kept/x.py": None, "api/new/z.py": b"z"}, tmp_path)
    assert {name for name, data in tree(tmp_path).items() if data != b"folder"} == {"api/kept/y.py", "api/new/z.py"}
    assert not (tmp_path / "api" / "old").exists()


ACCEPTED = """
[[accepted]]
id = "{id}"
path = "*"
reason = "looked at"
until = "0.400.0"
"""


def test_accepted_findings_break_nothing_and_older_entries_are_named(project, tmp_path, capsys):
    def require(document: dict[str, Any]) -> None:
        del document["components"]["schemas"]["TicketGift"]["required"]

    (tmp_path / "new.json").write_text(bumped(require), "utf-8")
    ids = ["response-property-became-optional", "client-answer-unreadable", "api-moved"]
    (project / "openapi" / "accepted.toml").write_text("".join(ACCEPTED.format(id=rule) for rule in ids), "utf-8")
    assert upgraded(project, tmp_path / "new.json", "--no-tests", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "0.318.0 -> 0.319.0: 0 breaking" in said
    assert "api-moved at &#42;: matches no finding any more" in said


# The version asked for


@pytest.mark.parametrize(
    ("changes", "before", "kind", "after"),
    [
        pytest.param(TEXT_ONLY, (1, 2, 3), "patch", "1.2.4", id="text"),
        pytest.param(ADDED, (1, 2, 3), "minor", "1.3.0", id="more than text"),
        pytest.param(BROKEN, (1, 2, 3), "major", "2.0.0", id="breaking"),
        pytest.param(TEXT_ONLY, (0, 1, 0), "patch", "0.1.1", id="text before 1.0.0"),
        pytest.param(ADDED, (0, 1, 0), "patch", "0.1.1", id="more than text before 1.0.0"),
        pytest.param(BROKEN, (0, 1, 0), "minor", "0.2.0", id="breaking before 1.0.0"),
    ],
)
def test_the_version_asked_for_is_that_of_semantic_versioning(changes: list[Change], before, kind, after):
    asked = bump(changes, before)
    assert (asked.kind, asked.after) == (kind, after)


@pytest.mark.parametrize(
    ("before", "after", "kind", "is_enough"),
    [
        ((1, 2, 3), (1, 2, 4), "patch", True),
        ((1, 2, 3), (1, 2, 3), "patch", False),
        ((1, 2, 3), (1, 2, 4), "minor", False),
        ((1, 2, 3), (2, 0, 0), "minor", True),
        ((1, 2, 3), (1, 3, 0), "major", False),
        ((1, 2, 3), (2, 0, 0), "major", True),
    ],
)
def test_a_version_is_raised_enough_if_its_part_or_a_greater_one_is(before, after, kind, is_enough):
    assert enough(before, after, Bump(kind, "", "", "")) is is_enough


def test_a_package_without_a_version_is_an_error():
    assert package_version('x = 1\n__version__ = "1.20.3"\n') == (1, 20, 3)
    with pytest.raises(ScriptError, match="__version__"):
        package_version("__version__ = version()")


def test_a_report_on_the_same_version_keeps_the_earlier_one_below(tmp_path):
    path = tmp_path / "1.md"
    assert joined("# new\n", path) == "# new\n"
    path.write_text("# old\n", "utf-8")
    assert joined("# new\n", path) == "# new\n\n# old\n"
    assert joined("# old\n", path) == "# old\n"


def test_operations_that_no_source_confirms_are_named_with_the_version_that_did():
    report = Report("1", "2", ())
    seen = {"POST /a": "0.318.0"}
    names = named_document(Vendored(), GENERATED)
    said = text(Upgrade("1", "2", report, bump([], (1, 0, 0)), ExampleCalls("", {}), last_seen=seen, names=names))
    assert "### Not confirmed (1)" in said
    assert "- `POST /a`: last seen at 0.318.0\n" in said
    assert "### For the façade\n\nNothing:" in said


# A version that is used at once


def add_fields_and_points(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    gift = schemas["GiftItem"]
    gift["properties"] |= {
        "imageUrl": {"type": "string", "description": "Where its picture is"}, "quantity": {"type": "integer"}
    }  # fmt: skip
    gift["properties"] |= {
        "labels": {"type": "array", "items": {"type": "string"}}, "note": {"type": "string", "nullable": True}
    }  # fmt: skip
    gift["properties"]["resource"]["enum"] += ["diceGame", "抽獎"]
    gift["required"].append("quantity")
    schemas["TicketGift"]["properties"]["code"] = {"type": "string"}
    sent = document["paths"]["/openapi/client/gift"]["post"]["parameters"]
    for one in (schemas["ClientIdentificationRequest"]["properties"]["platform"], sent[2]["schema"]):
        one["enum"].insert(1, "signal")
    beside = schemas["ClientGiftsResponse"]["allOf"][1]
    beside["properties"]["total"] = {"type": "integer"}
    beside["required"] = ["total"]
    change = {"at": {"type": "string", "format": "date-time"}, "change": {"type": "integer"}}
    history = {"type": "object", "properties": change, "required": ["at", "change"]}
    points = {"points": {"type": "integer"}, "history": {"type": "array", "items": history}}
    own = {"type": "object", "properties": points, "required": ["points"]}
    schemas["ClientPointsResponse"] = {"allOf": [{"$ref": "#/components/schemas/BasicSuccessResponse"}, own]}
    gifts = document["paths"]["/openapi/client/gift"]["post"]
    answer = {"schema": {"$ref": "#/components/schemas/ClientPointsResponse"}}
    ok = {"description": "The points", "content": {"application/json": answer}}
    document["paths"]["/openapi/client/points"] = {
        "post": {
            **gifts,
            "summary": "Get client points",
            "description": "Either provide 'clientId' OR both 'platform' and 'platformClientId'",
            "parameters": gifts["parameters"][:1],
            "responses": gifts["responses"] | {"200": ok},
        }
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole copy of the project after the upgrade, without an edit by hand."""
    folder = tmp_path_factory.mktemp("used")
    root = copy_project(folder / "project", "openapi", "generated", "facade", "docs", "scripts", "tests")
    for name in ("README.md", "pyproject.toml"):
        shutil.copyfile(ROOT / name, root / name)
    (folder / "new.json").write_text(bumped(add_fields_and_points), "utf-8")
    assert upgrade.main([str(folder / "new.json"), "--no-tests"], root) == 0
    return root


def test_what_a_new_version_adds_can_be_used_without_an_edit_by_hand(used):
    files = [
        "upgraded/check_new_version.py",
        "test_results.py",
        *(name.removeprefix("tests/") for name in upgrade.BREAKABLE),
    ]
    files += [
        *("faults/test_answers.py", "faults/test_doctor.py", "test_arguments.py", "test_fastapi.py"),
        *("test_operation_calls.py", "test_pydantic.py"),
        "test_readme.py::test_the_code_of_a_page_runs_and_prints_what_the_page_says[docs/reference/command-line.md]",
        "test_readme.py::test_the_tables_are_up_to_date",
        "test_readme.py::test_the_reference_has_every_public_name",
    ]
    done, said = Checkout(used).test("-n0", *(f"tests/{name}" for name in files))
    assert done, said
    report = (used / "openapi" / "changes" / "0.319.0.md").read_text("utf-8")
    listed = report.partition("### Confirm before release")[2].partition("###")[0]
    assert re.findall(r"^- (.*), line", listed, re.MULTILINE) == [
        "`get_client_points()`", "`total`", "`SIGNAL`", "`ClientPointsResponse`", "`ClientPointsResponseHistoryItem`",
        "`image_url`, `quantity`, `labels`, `note`", "`DICE_GAME`, `抽獎`", "`code`",
    ]  # fmt: skip
    # Its rule is declared.
    assert "sounds like the rule" not in report
    assert 'mantago.get_client_points(client_id="...")' in report


def test_to_confirm_a_name_takes_two_lines(used, tmp_path, monkeypatch):
    monkeypatch.setattr(regenerate, "prove", lambda _: None)  # what is generated has been proven, and is called below
    root = tmp_path / "project"
    shutil.copytree(used, root)
    names = Vendored(root / "openapi").names
    before = names.read_text("utf-8")
    place = before.index("operationId: get_client_points")
    start = before.rindex("    x-unconfirmed: true", 0, place)
    after = before[:start] + before[start:].replace("    x-unconfirmed: true\n", "", 1)
    after = after.replace(
        "get_client_points\n      x-mantago-reads: false", "get_client_points\n      x-mantago-reads: true"
    )
    changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert [line.split() for line in changed] == [
        ["-", "x-unconfirmed:", "true"], ["-", "x-mantago-reads:", "false"], ["+", "x-mantago-reads:", "true"]
    ]  # fmt: skip
    names.write_text(after, "utf-8")
    assert regenerate.main([], Vendored(root / "openapi"), root / "generated") == 0
    done, said = Checkout(root).test("-n0", "tests/upgraded/check_new_version.py", "-k", "sent_again or sandbox")
    assert done, said


# A bump of thirty operations


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_project(tmp_path_factory.mktemp("many") / "project", "openapi", "generated", "facade")
    made_up_bump.main(str(root.parent))
    with pytest.MonkeyPatch.context() as patch:
        # What is generated is proven elsewhere, and it takes its time.
        patch.setattr(_checkout, "prove", lambda *_: None)
        assert upgrade.main([str(root.parent / "before.json"), "--no-tests"], root) == 0
        assert upgrade.main([str(root.parent / "after.json"), "--complete", "--no-tests"], root) == 0
    return root


REPORTED = [
    "`POST /openapi/product/list`: the operation was removed",
    "request query next`: the parameter became required",
    "page.total`: the type changed from integer to string",
    "the client sends what is refused: 'VolejRejN' is too long (maxLength); with identify&#95;in='both', client&#95;id='VolejRejN'",
    "also: PATCH /openapi/customer/&#123;clientId&#125; request body clientId, POST /openapi/client/gift request body clientId<",
    "look at mantago&#95;runtime.errors",
    "- `POST /openapi/audience/list`: `mantago.post_openapi_audience_list(types=[",
    "- `post_openapi_audience_list()`, line ",
    "- `$.paths['/openapi/product/list'].post post_openapi_product_list`",
    "Version of the package: 0.1.0 to 0.2.0 (minor)",
]


def test_a_bump_of_thirty_operations_is_read_in_five_minutes(many):
    assert made_up_bump.count(made_up_bump.after()) == 30
    report = (many / "openapi" / "changes" / "0.400.0.md").read_text("utf-8")
    titles = [line.split(" (")[0] for line in report.splitlines() if line.startswith(("#", "<details>"))]
    assert titles == [
        "# 0.399.0 → 0.400.0",
        "### Breaking",
        "### For the façade",
        "### New operations",
        "### Confirm before release",
        "### Warning",
        "<details><summary>Info",
    ]
    must_read = report.partition("<details>")[0]
    assert len(must_read.splitlines()) < 150
    assert [line for line in REPORTED if line not in must_read] == []


def test_the_call_of_each_operation_is_that_of_its_friendly_method(many):
    read = named_document(Vendored(many / "openapi"), many / "generated").plan
    found = example_calls(read).lines
    assert len(found) == 30
    for call in found.values():
        compile(call, "call", "eval")
    assert found["GET /openapi/customer/{clientId}/page/{number}"] == (
        'mantago.get_openapi_customer_client_id_page_number(client_id="abc", number=1)'
    )
    assert found["POST /openapi/client/gift"] == 'mantago.get_client_gifts(client_id="...")'


def test_a_call_fills_in_arguments_of_every_kind():
    def pet(name: str) -> dict[str, Any]:
        return {"type": "object", "required": ["kind", name], "properties": {"kind": {"type": "string"}, name: {}}}

    cat, dog = {"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}
    mapping = {"cat": cat["$ref"], "dog": dog["$ref"]}
    properties = {
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "null": {"type": "array", "items": {"type": "boolean", "nullable": True}},
        "pet": {"oneOf": [cat, dog], "discriminator": {"propertyName": "kind", "mapping": mapping}},
        "some": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    }
    body = {"type": "object", "properties": properties, "required": [*properties]}
    request = {"required": True, "content": {"application/json": {"schema": body}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "servers": [{"url": "https://x.example/api"}],
        "paths": {"/x": {"post": {"requestBody": request, "responses": {"200": {"description": ""}}}}},
        "components": {"schemas": {"Cat": pet("meow"), "Dog": pet("bark")}},
    }
    found = example_calls(planned(document))
    assert found.before.splitlines()[0] == "from mantago import Cat, MantaGo"
    [line] = found.lines.values()
    assert line.startswith('mantago.post_x(map_={"...": 1}, null=[True], pet=Cat(kind="cat", meow={}), some=')


def test_the_reading_order_names_what_there_is():
    order = (ROOT / "scripts" / "review-order").read_text("utf-8").split()
    assert order[0] == "openapi/changes/*"
    assert order[-1] == "generated/*"
    for name in order:
        folder = name.removesuffix("/*")
        assert (ROOT / folder).exists() or folder in {"openapi/changes", "openapi/accepted.toml"}
