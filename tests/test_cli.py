"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from rich.cells import cell_len
from rich.console import Console

import mantago
from mantago import __main__, cli, sandbox
from mantago.cli import completion, output, probe, statuses, tables
from mantago.cli import sandbox as sandboxes

WHO = ["--client-id", "VolejRejN"]


@pytest.fixture
def environment(account: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.items():
        monkeypatch.setenv(f"MANTAGO_{name.upper()}", value)


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "mantago", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False, **options)


@pytest.mark.usefixtures("environment")
def test_gifts_shows_a_table_for_people(capsys):
    assert cli.main(["gifts", *WHO, "--utc"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("Gifts of client VolejRejN (times in UTC):\n")
    for column in ("kind", "name", "from", "created", "valid"):
        assert column in output.out
    assert "expired" in output.out
    assert output.err == ""


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("client", sandbox.CLIENTS, ids=lambda client: client.id)
def test_the_same_client_is_found_by_its_platforms_id(client, capsys):
    assert cli.main(["gifts", "--client-id", client.id]) == 0
    by_id = capsys.readouterr().out.partition("\n")[2]
    for other in client.platform_ids:
        options = ["--platform", other.platform, "--platform-client-id", other.platform_client_id]
        assert cli.main(["gifts", *options]) == 0
        assert capsys.readouterr().out.partition("\n")[2] == by_id


@pytest.mark.usefixtures("environment")
def test_a_client_without_gifts_has_none(capsys):
    assert cli.main(["gifts", "--client-id", "BelunHavK"]) == 0
    assert capsys.readouterr().out == "Gifts of client BelunHavK:\nnone\n"


@pytest.mark.usefixtures("environment")
def test_json_is_the_result_in_utf_8_and_the_same_on_every_run(account):
    first, second = (run("gifts", *WHO, "--json", env=os.environ | {"PYTHONIOENCODING": "ascii"}) for _ in range(2))
    with mantago.MantaGo(**account) as client:
        assert json.loads(first.stdout) == client.get_client_gifts(client_id="VolejRejN").to_dict()
    assert first.stdout == second.stdout
    assert "\\u" not in first.stdout
    assert (first.returncode, first.stderr) == (0, "")


def test_json_writes_half_a_surrogate_pair_as_an_escape(capsysbinary, monkeypatch):
    gifts = mantago.ClientGifts(extra={"note": "杯\ud800"})
    monkeypatch.setattr(mantago.MantaGo, "get_client_gifts", lambda *_, **__: gifts)
    assert cli.main(["gifts", *WHO, "--json", "--bot-id=b", "--token=t", "--secret=s"]) == 0
    output = capsysbinary.readouterr().out
    assert json.loads(output) == {"note": "杯\ud800"} | gifts.to_dict()


def test_options_serve_instead_of_the_environment(account, capsys):
    options = [word for name, value in account.items() for word in (f"--{name.replace('_', '-')}", value)]
    assert cli.main(["gifts", *WHO, *options]) == 0
    assert "VolejRejN" in capsys.readouterr().out


def test_sandbox_needs_no_account(capsys):
    assert cli.main(["gifts", "--sandbox", *WHO]) == 0
    assert "VolejRejN" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--bot-id", "--token", "--secret", "--base-url"])
def test_sandbox_and_an_account_exclude_each_other(option, capsys):
    assert cli.main(["gifts", "--sandbox", *WHO, option, "given"]) == 2
    assert capsys.readouterr().err == f"error: --sandbox brings its own account and address: leave out {option}\n"


FAILURES = [
    (
        "client_not_found",
        1,
        "error: 404 Not Found, code 37011: Get client failed [no client matches the identification]",
    ),
    ("bad_variables", 1, "error: 400 Bad Request, code 110000"),
    ("token_expired", 4, "error: 401 Unauthorized, code 1004"),
    ("permission_denied", 4, "error: 403 Forbidden, code 1002"),
    ("rate_limited", 3, "error: 429 Too Many Requests"),
    ("server_error", 3, "error: 500 Internal Server Error"),
    ("bad_gateway", 3, "error: 502 Bad Gateway"),
    ("refused_with_200", 1, "error: 200 OK, code 37011"),
    ("not_json", 1, "error: the answer can't be used: $: isn't JSON"),
    ("cut_off_answer", 3, "error: no answer from 127.0.0.1"),
    ("slow_answer", 3, "error: 127.0.0.1:"),
]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("client_id", "status", "told"), FAILURES)
def test_a_failure_is_told_in_one_line_on_stderr_with_its_exit_status(client_id, status, told, capsys):
    # A busy machine may need the time for its attempts; only the slow answer is to be too slow.
    timeout = "0.9" if client_id == "slow_answer" else "20"
    assert cli.main(["gifts", "--client-id", client_id, "--timeout", timeout]) == status
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(told)
    assert output.err.count("\n") == 1


def test_no_answer_is_exit_status_3(capsys):
    options = ["--bot-id=b", "--token=t", "--secret=s", "--base-url=http://127.0.0.1:1"]
    assert cli.main(["gifts", *WHO, *options]) == 3
    assert capsys.readouterr().err.startswith("error: no answer from 127.0.0.1:1")


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing was given: --client-id is missing, or else --platform and --platform-client-id; the rule:"),
        (["--platform", "line"], "--platform was given, but --platform-client-id is missing"),
        ([*WHO, "--platform", "line"], "--client-id and --platform were given, which is both ways at once"),
        (["--platform", "telegram", "--platform-client-id", "U"], "'telegram' isn't one of the API's"),
        ([*WHO, "--timeout", "0"], "timeout must be a number of seconds above zero"),
        ([*WHO, "--timeout", "soon"], "Invalid value for '--timeout': "),
        ([*WHO, "--base-url", "http://mantago.cc"], "--base-url (or the environment variable MANTAGO_BASE_URL)"),
        ([*WHO, "--nonsense"], "No such option '--nonsense'."),
    ],
)
def test_wrong_use_is_one_line_and_exit_status_2(arguments, told, capsys):
    assert cli.main(["gifts", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert told in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("missing", ["bot_id", "token", "secret"])
@pytest.mark.usefixtures("environment")
def test_a_missing_credential_is_named(missing, capsys, monkeypatch):
    monkeypatch.delenv(f"MANTAGO_{missing.upper()}")
    assert cli.main(["gifts", *WHO]) == 2
    assert (
        capsys.readouterr().err
        == f"error: --{missing.replace('_', '-')} (or the environment variable MANTAGO_{missing.upper()}) is missing; mantago doctor lists all that is missing and where to find it; or try --sandbox\n"
    )


@pytest.mark.usefixtures("environment")
def test_what_was_tolerated_is_noted_beside_the_result():
    done = run("gifts", "--client-id", "drift_missing")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stderr.startswith("note: missing physicalGifts[].isExpired")


def tell(*_: object, **__: object) -> mantago.ClientGifts:
    """Log what the library logs of a call, whose own logger says more than people want to know."""
    logging.getLogger("mantago").warning("of a retry")
    logging.getLogger("mantago").debug("of a call")
    logging.getLogger("mantago.drift").warning("of drift")
    return mantago.ClientGifts()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("options", "told"),
    [([], ["note: of drift"]), (["-q"], []), (["-v"], ["note: of a retry", "note: of a call", "note: of drift"])],
)
def test_quiet_and_verbose_say_how_much_is_told_beside_the_result(options, told, capsys, monkeypatch):
    monkeypatch.setattr(mantago.MantaGo, "get_client_gifts", tell)
    before = logging.getLogger("mantago").level, logging.getLogger("mantago").handlers[:]
    assert cli.main(["gifts", *WHO, *options]) == 0
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert [line for line in lines if "MantaGo(" not in line] == told
    assert any("token=<redacted>" in line for line in lines) == ("-v" in options)
    assert output.out == ("none\n" if options == ["-q"] else "Gifts of client VolejRejN:\nnone\n")
    assert (logging.getLogger("mantago").level, logging.getLogger("mantago").handlers) == before


@pytest.mark.parametrize("options", [[], ["--verbose"], ["--quiet"]], ids=" ".join)
def test_with_json_every_line_on_stderr_is_json_also_what_mantago_log_shows_and_is_there_once(options):
    env = os.environ | {"MANTAGO_LOG": "debug"}
    done = run("gifts", "--sandbox", "--json", *options, "drift_missing", env=env)
    notes = [json.loads(line)["note"] for line in done.stderr.splitlines()]
    assert [bool(re.match(r"MantaGo\(|POST |missing ", note)) for note in notes] == [True] * 3
    plain = run("gifts", "--sandbox", *options, "drift_missing", env=env).stderr.splitlines()
    assert [line.split()[2:4] for line in plain if "DEBUG" in line] == [["DEBUG", "mantago:"]]
    assert len(plain) == 3


def test_verbose_shows_each_call_also_where_mantago_log_asks_for_less(monkeypatch):
    env = os.environ | {"MANTAGO_LOG": "warning"}
    told = [line.split()[2:5] for line in run("gifts", "--sandbox", "-v", *WHO, env=env).stderr.splitlines()]
    assert ["DEBUG", "mantago:", "POST"] in told
    assert run("gifts", "--sandbox", *WHO, env=env).stderr == ""
    monkeypatch.setenv("MANTAGO_LOG", "warning")
    monkeypatch.setattr(logging.getLogger("mantago"), "handlers", [])
    assert cli.main(["gifts", "--sandbox", "-v", *WHO]) == 0
    assert os.environ["MANTAGO_LOG"] == "warning"
    assert "MANTAGO_LOG is 'bad'" in run("gifts", "--sandbox", "-v", *WHO, env=env | {"MANTAGO_LOG": "bad"}).stderr


def test_what_another_librarys_log_says_is_shown_from_a_warning_on(capsys, monkeypatch):
    def warn(*_: object, **__: object) -> mantago.ClientGifts:
        logging.getLogger("other").warning("of something")
        return mantago.ClientGifts()

    monkeypatch.setattr(mantago.MantaGo, "get_client_gifts", warn)
    assert cli.main(["gifts", "--sandbox", *WHO, "--json"]) == 0
    assert json.loads(capsys.readouterr().err) == {"note": "of something"}


# --- exit statuses, and errors for programs ---------------------------------------------------------------------------


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("client_id", "exit_status", "told"), FAILURES)
def test_with_json_a_failure_is_a_line_of_json_on_stderr(client_id, exit_status, told, account, capsys):
    timeout = "0.9" if client_id == "slow_answer" else "20"
    assert cli.main(["gifts", "--client-id", client_id, "--timeout", timeout, "--json"]) == exit_status
    output = capsys.readouterr()
    assert output.out == ""
    [error] = lines_of(output.err)
    assert error["exit_status"] == exit_status
    assert f"error: {error['message']}".startswith(told)
    assert issubclass(getattr(mantago, error["class"]), mantago.MantaGoError)
    assert error["attempts"] is None or error["attempts"] >= 1
    found = re.match(r"error: (\d+) [\w ]+(?:, code (\d+))?", told)
    assert found is None or error["status"] == int(found[1])
    assert found is None or found[2] is None or error["code"] == int(found[2])
    assert not [value for name, value in account.items() if name in {"token", "secret"} and value in output.err]


def test_an_error_for_programs_tells_what_came_with_the_answer():
    headers = mantago.RateLimitError("m", 429).headers.__class__([("X-Request-ID", "r-1")])
    error = mantago.RateLimitError("Rate limit exceeded", 429, 429, 2.0, 3, 1.23456, "b", headers=headers)
    assert output.described(error) == {
        "class": "RateLimitError",
        "message": str(error),
        "exit_status": 3,
        "status": 429,
        "code": 429,
        "path": None,
        "request_id": "r-1",
        "retry_after": 2.0,
        "attempts": 3,
        "elapsed": 1.235,
    }


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (
            ["gifts", "--timeout", "soon"],
            "BadParameter",
            "Invalid value for '--timeout': it must be a number of seconds",
        ),
        (["gifts"], "ConfigurationError", "--bot-id (or the environment variable MANTAGO_BOT_ID) is missing"),
        (["gifts", "--sandbox", "--platform", "line"], "IdentificationError", "--platform was given, but"),
        (["export", "-"], "MissingParameter", "Missing option '--into'"),
        (["doctor", "--sandbox", "--client-id", ""], "IdentificationError", ""),
    ],
)
def test_with_json_wrong_use_is_a_line_of_json_too(arguments, kind, told, capsys, monkeypatch):
    for name in ("BOT_ID", "TOKEN", "SECRET"):
        monkeypatch.delenv(f"MANTAGO_{name}", raising=False)
    assert cli.main([*arguments, "--json"]) == 2
    [error] = lines_of(capsys.readouterr().err)
    assert (error["class"], error["exit_status"], error["status"], error["attempts"]) == (kind, 2, None, None)
    assert error["message"].startswith(told)


def test_where_python_takes_the_output_json_is_text(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO())
    assert cli.main(["gifts", "--sandbox", "TamirOskQ", "nobody", "--json"]) == 1
    assert cli.main(["gifts", "--sandbox", "nobody", "--json"]) == 1
    assert [line["outcome"] for line in lines_of(sys.stdout.getvalue())] == ["ok", "not_found"]
    assert [line["code"] for line in lines_of(sys.stderr.getvalue())] == [37011]


@pytest.mark.usefixtures("environment")
def test_with_json_every_line_on_stderr_is_json(capsys):
    assert cli.main(["gifts", "drift_missing", "--json"]) == 0
    [note] = lines_of(capsys.readouterr().err)
    assert note["note"].startswith("missing physicalGifts[].isExpired")


@pytest.mark.parametrize(("met", "status"), [((), 0), ((0, 1), 1), ((1, 3, 0), 3), ((3, 4, 1), 4), ((4, 2, 3), 2)])
def test_of_several_outcomes_the_worst_is_the_exit_status(met, status):
    assert statuses.worst(map(statuses.ExitStatus, met)) == status


@pytest.mark.parametrize("command", [[], ["gifts"], ["export"], ["doctor"], ["sandbox"]])
def test_help_is_there_by_either_name_and_says_what_the_exit_statuses_mean(command, capsys):
    assert cli.main([*command, "-h"]) == 0
    short = capsys.readouterr().out
    assert cli.main([*command, "--help"]) == 0
    assert capsys.readouterr().out == short
    told = re.findall(r"^  (\d+) ", short.partition("\nExit status:\n")[2], re.MULTILINE)
    assert told == (["2", "130"] if command == ["sandbox"] else ["0", "1", "2", "3", "4", "130"])


VALUED = [
    (name, option.opts[0])
    for name, command in cli.app.app.commands.items()
    for option in command.params
    if isinstance(option, click.Option) and not option.is_flag
]


@pytest.mark.parametrize(("command", "option"), VALUED)
def test_an_option_with_one_value_is_refused_twice(command, option, capsys):
    assert cli.main([command, f"{option}=1", option, "2"]) == 2
    assert (
        capsys.readouterr().err
        == f"error: {option} is given twice: it takes one value. (see mantago {command} --help)\n"
    )


# --- several clients --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("environment")
def test_one_id_is_as_one_by_its_option(capsys):
    assert cli.main(["gifts", "--client-id", "TamirOskQ"]) == 0
    by_option = capsys.readouterr().out
    assert cli.main(["gifts", "TamirOskQ"]) == 0
    assert capsys.readouterr().out == by_option
    assert cli.main(["gifts", "--platform", "facebook", "6128904415327790"]) == 0
    assert capsys.readouterr().out.partition("\n")[2] == by_option.partition("\n")[2]


@pytest.mark.usefixtures("environment")
def test_several_ids_become_a_line_each_with_its_outcome_and_the_worst_is_the_exit_status(account, capsys):
    assert cli.main(["gifts", "VolejRejN", "client_not_found", "server_error", "BelunHavK"]) == 3
    told = capsys.readouterr()
    lines = lines_of(told.out)
    assert [(line["client_id"], line["outcome"]) for line in lines] == [
        ("VolejRejN", "ok"),
        ("client_not_found", "not_found"),
        ("server_error", "failed"),
        ("BelunHavK", "ok"),
    ]
    with mantago.MantaGo(**account) as client:
        assert lines[0]["gifts"] == client.get_client_gifts(client_id="VolejRejN").to_dict()
    assert [line["error"]["exit_status"] for line in lines if line["outcome"] != "ok"] == [1, 3]
    assert lines[2]["error"]["attempts"] == 3
    assert told.err == ""


@pytest.mark.usefixtures("environment")
def test_ids_come_from_standard_input_a_line_each(capsys, stdin, monkeypatch):
    stdin("\ufeffVolejRejN\r\n\n  TamirOskQ\nno-such-client".encode())
    assert cli.main(["gifts", "BelunHavK", "-"]) == 1
    told = [(line["client_id"], line["outcome"]) for line in lines_of(capsys.readouterr().out)]
    assert told == [("BelunHavK", "ok"), ("VolejRejN", "ok"), ("TamirOskQ", "ok"), ("no-such-client", "not_found")]
    stdin(b"886912345678\n")
    assert cli.main(["gifts", "--platform", "whatsapp", "-"]) == 0
    [line] = lines_of(capsys.readouterr().out)
    assert (line["platform"], line["platform_client_id"], line["outcome"]) == ("whatsapp", "886912345678", "ok")
    stdin(b"")
    assert cli.main(["gifts", "-"]) == 2
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["gifts", "-"]) == 2
    assert capsys.readouterr() == ("", "error: there are no ids on standard input: write one in each line\n" * 2)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "content", "told"),
    [
        (["a", "b", "--client-id", "c"], b"", "give the client as ID or by --client-id, not both"),
        (
            ["-", "--platform", "line", "--platform-client-id", "c"],
            b"",
            "give the client as ID or by --platform-client-id",
        ),
        (["VolejRejN", " "], b"", "--client-id was given, but is blank"),
        (["--platform", "telegram", "-"], b"a\n", "'telegram' isn't one of the API's"),
        (["-"], b"\xff\n", "standard input: line 1 isn't UTF-8"),
    ],
)
def test_ids_that_cannot_be_asked_for_are_wrong_use(arguments, content, told, capsys, stdin):
    stdin(content)
    assert cli.main(["gifts", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert told in output.err


# --- the table ------------------------------------------------------------------------------------------------------


def gift(name: str, **more: Any) -> mantago.Gift:
    moment = datetime(2024, 7, 15, 10, 30, tzinfo=UTC)
    return mantago.Gift(name=name, resource=mantago.GiftResource("rewardsCard"), created_at=moment, **more)


def drawn(result: mantago.ClientGifts, width: int = 80, **options: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    tables.show_gifts(console, result, "VolejRejN", **options)
    return console.file.getvalue().splitlines()


def test_the_table_fits_80_columns_and_its_columns_stay_in_line_whatever_the_names():
    start, end = datetime(2024, 3, 15, tzinfo=UTC), datetime(2024, 4, 15, 15, 59, tzinfo=UTC)
    names = ["不鏽鋼保溫杯", "春季抽獎九折券" * 5, "Coffee, one, with milk and sugar, to take away", "アイス☕️", ""]
    gifts = [gift(name, is_expired=True, start_time=start, end_time=end) for name in names]
    _, header, *rows = drawn(mantago.ClientGifts(virtual_gifts=gifts), utc=True)
    assert max(map(cell_len, [header, *rows])) <= 80
    column = header.index("created")
    firsts = [row for row in rows if row.startswith("virtual")]
    assert {cell_len(row[: row.index("2024-07-15 10:30")]) for row in firsts} == {column}
    together = "".join(re.sub("rewardsCard.*|2024-.*", "", row).removeprefix("virtual") for row in rows)
    together = "".join(together.split())
    assert [name for name in names if "".join(name.split()) not in together] == []


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ({}, []),
        ({"start_time": datetime(2024, 3, 15, tzinfo=UTC)}, ["from 2024-03-15 00:00"]),
        ({"end_time": datetime(2024, 3, 16, tzinfo=UTC)}, ["until 2024-03-16 00:00"]),
        (
            {"start_time": datetime(2024, 3, 15, tzinfo=UTC), "end_time": datetime(2024, 3, 16, tzinfo=UTC)},
            ["2024-03-15 00:00 -", "2024-03-16 00:00"],
        ),
    ],
)
@pytest.mark.parametrize(("expired", "word"), [(True, "expired"), (False, "yes"), (None, "not said")])
def test_a_gift_says_whether_and_when_it_is_valid(expired, word, span, told):
    _, header, *rows = drawn(mantago.ClientGifts(physical_gifts=[gift("Cup", is_expired=expired, **span)]), utc=True)
    assert [row[header.index("valid") :].rstrip() for row in rows] == [word, *told]


@pytest.mark.skipif(os.name == "nt", reason="Windows doesn't take the zone from TZ")
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("zone", "options", "title", "moment"),
    [
        ("Asia/Taipei", [], "(times in CST, UTC+08:00):", "2024-05-02 10:11"),
        ("America/New_York", [], "(times in EDT, UTC-04:00 and EST, UTC-05:00):", "2024-05-01 22:11"),
        ("Asia/Kathmandu", [], "(times in +0545, UTC+05:45):", "2024-05-02 07:56"),
        ("UTC", [], "(times in UTC):", "2024-05-02 02:11"),
        ("Asia/Taipei", ["--utc"], "(times in UTC):", "2024-05-02 02:11"),
    ],
)
def test_times_are_told_in_the_local_zone_or_in_utc(zone, options, title, moment, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        assert cli.main(["gifts", *WHO, *options]) == 0
    time.tzset()
    output = capsys.readouterr().out
    assert output.splitlines()[0] == f"Gifts of client VolejRejN {title}"
    assert moment in output


def test_a_time_that_the_local_zone_cannot_tell_is_told_as_it_is():
    class Early(datetime):
        def astimezone(self, tz: Any = None) -> Any:
            raise OverflowError("date value out of range")

    assert drawn(mantago.ClientGifts(tickets=[mantago.Ticket(created_at=Early(1, 1, 1, tzinfo=UTC))]))[0].endswith(
        "UTC):"
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminal")
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("settings", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["terminal", "NO_COLOR", "dumb"],
)
@pytest.mark.parametrize("command", ["gifts", "doctor"])
def test_colour_is_for_terminals_that_want_it(command, settings, coloured, capsys, monkeypatch):
    import pty

    assert cli.main([command, *WHO]) == 0
    assert "\x1b" not in capsys.readouterr().out
    for name, value in ({"TERM": "xterm-256color"} | settings).items():
        monkeypatch.setenv(name, value)
    screen, terminal = pty.openpty()
    shown: list[bytes] = []

    def watch() -> None:
        # Linux ends what a terminal shows with an error.
        with suppress(OSError):
            while piece := os.read(screen, 65536):
                shown.append(piece)

    watching = threading.Thread(target=watch)
    watching.start()
    with os.fdopen(terminal, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert cli.main([command, *WHO]) == 0
    watching.join()
    os.close(screen)
    assert {"gifts": b"VolejRejN", "doctor": b"8 gifts"}[command] in b"".join(shown)
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-7]", b"".join(shown))) == coloured


# --- help and completion --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ([], "mantago gifts --sandbox --client-id VolejRejN"),
        (["gifts"], "mantago gifts --platform line --platform-client-id U4af49806..."),
        (["doctor"], "mantago doctor --json > report.json"),
        (["sandbox"], "mantago sandbox --port 8000"),
    ],
)
def test_help_shows_examples_line_by_line(command, example, capsys):
    assert cli.main([*command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.strip().startswith(example)]
    assert max(map(len, lines)) <= 80


def test_help_has_the_options_under_headings_and_the_commands_in_order(capsys):
    assert cli.main(["gifts", "--help"]) == 0
    headings = re.findall(r"^(\w+):\n  (-\S+)", capsys.readouterr().out, re.MULTILINE)
    assert headings == [("Client", "--client-id"), ("Account", "--bot-id"), ("Output", "--json"), ("Options", "-h,")]
    assert cli.main(["--help"]) == 0
    commands = capsys.readouterr().out.partition("\nCommands:\n")[2]
    assert re.findall(r"^  ([a-z]+)", commands, re.MULTILINE) == ["gifts", "export", "doctor", "sandbox"]
    assert "and what the service answers." in " ".join(commands.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("mantago ", {"gifts", "export", "doctor", "sandbox"}),
        ("mantago do", {"doctor"}),
        ("mantago gifts --platform ", {*mantago.Platform}),
        ("mantago doctor --platform l", {"line", "liveChat"}),
        ("mantago gifts --ut", {"--utc"}),
        ("mantago gifts a b --client-id x --client-id y --ut", {"--utc"}),
    ],
)
def test_the_shell_completes_commands_options_and_platforms(words, offered, capsys, monkeypatch):
    given = {"_MANTAGO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 0
    assert {*capsys.readouterr().out.split()} == {f"plain,{word}" for word in offered}


SHELLS = {
    "bash": ".bash_completions/mantago.sh",
    "zsh": ".zfunc/_mantago",
    "fish": ".config/fish/completions/mantago.fish",
}
PROFILE = "Documents/PowerShell/profile.ps1"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder whose owner's login shell is zsh, and a PowerShell that knows where its profile is."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")

    def tell(command: list[str], **options: Any) -> Any:
        if command[0] in {"powershell", "pwsh"}:
            return subprocess.CompletedProcess(command, 0, f"{folder / PROFILE}\n")
        return original(command, **options)

    original = subprocess.run
    monkeypatch.setattr(subprocess, "run", tell)
    return folder


@pytest.mark.parametrize("shell", [*SHELLS, "powershell", "pwsh"])
def test_the_completion_of_each_shell_can_be_shown_and_installed_and_is_the_same(shell, home, capsys):
    assert cli.main(["--show-completion", shell]) == 0
    shown = capsys.readouterr().out
    assert "_MANTAGO_COMPLETE" in shown
    for _ in range(2):
        assert cli.main(["--install-completion", shell]) == 0
    place = home / SHELLS.get(shell, "Documents/PowerShell/mantago-completion.ps1")
    assert capsys.readouterr().out.startswith(f"{shell} completion installed in {place}\n")
    assert place.read_text("utf-8") == shown.removesuffix("\n")
    profile = home / {"bash": ".bashrc", "zsh": ".zshrc", "fish": ""}.get(shell, PROFILE)
    if shell != "fish":
        assert len(profile.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize("before", [b"", b"alias a=b", "# caf\xe9\r\nalias a=b\r\n".encode("latin-1")])
def test_an_installed_completion_leaves_what_the_shell_reads_as_it_was(before, home):
    (home / ".zshrc").write_bytes(before)
    for _ in range(2):
        assert cli.main(["--install-completion"]) == 0
    after = (home / ".zshrc").read_bytes()
    assert after.startswith(before)
    assert after.removeprefix(before).strip() == b"fpath+=~/.zfunc; autoload -Uz compinit; compinit"


@pytest.mark.skipif(os.name == "nt", reason="bash is no part of Windows")
def test_bash_completes_what_is_typed_once_completion_is_installed(home, tmp_path):
    assert cli.main(["--install-completion", "bash"]) == 0
    program = tmp_path / "mantago"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mantago "$@"\n', "utf-8")
    program.chmod(0o755)
    typed = "COMP_WORDS=(mantago gifts --platform li); COMP_CWORD=3; _mantago_completion mantago; echo ${COMPREPLY[@]}"
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "--norc", "-c", f". ~/.bashrc; {typed}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("line liveChat\n", "")


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
@pytest.mark.parametrize(
    ("login", "named", "told"),
    [
        ("", [], "the environment doesn't say which shell: name one behind the option, bash, zsh, fish, power"),
        ("/bin/tcsh", [], "'tcsh' isn't a shell that completion knows: name one behind the option, bash, zsh"),
        ("/bin/bash", ["cmd"], "'cmd' isn't a shell that completion knows: name one behind the option, bash, zsh"),
    ],
)
def test_a_shell_that_cannot_be_completed_for_is_wrong_use(option, login, named, told, capsys, monkeypatch):
    monkeypatch.setenv("SHELL", login)
    monkeypatch.setattr(completion, "os", types.SimpleNamespace(name="posix", environ=os.environ))
    assert cli.main([option, *named]) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")


def test_on_windows_the_shell_is_powershell_unless_the_environment_says_so(monkeypatch):
    monkeypatch.setattr(completion, "os", types.SimpleNamespace(name="nt", environ={}))
    assert completion.login_shell() == "powershell"
    monkeypatch.setattr(completion, "os", types.SimpleNamespace(name="nt", environ={"SHELL": "/usr/bin/bash"}))
    assert completion.login_shell() == "bash"


def test_a_completion_that_cannot_be_installed_says_where(home, capsys, monkeypatch):
    (home / ".zfunc").write_text("a file where a folder should be", "utf-8")
    assert cli.main(["--install-completion"]) == 2
    assert capsys.readouterr().err.startswith(f"error: completion can't be installed in {home / '.zfunc'}: ")

    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "pwsh")

    monkeypatch.setattr(subprocess, "run", absent)
    assert cli.main(["--install-completion", "pwsh"]) == 2
    assert capsys.readouterr().err.startswith("error: pwsh doesn't say where its profile is: ")


def test_without_a_command_the_help_is_shown_and_that_is_wrong_use(capsys):
    assert cli.main([]) == 2
    assert "gifts" in capsys.readouterr().out


def test_help_says_why_a_secret_is_better_not_an_option(capsys):
    assert cli.main(["gifts", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "Better set MANTAGO_SECRET" in words
    assert "other users of the machine" in words


def test_the_version_tells_the_documents_and_the_generators_too(capsys):
    assert cli.main(["--version"]) == 0
    told = rf"mantago {mantago.__version__}, for version {re.escape(mantago.SPEC_VERSION)} of the API's document, "
    assert re.fullmatch(told + r"generated by openapi-python-client \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.usefixtures("environment")
def test_a_name_cannot_steer_the_terminal(capsys, monkeypatch):
    moment = datetime(2024, 7, 15, tzinfo=UTC)
    found = mantago.Gift(name="[red]\x1b[2J杯", resource=mantago.GiftResource("x\x07"), created_at=moment)
    gifts = mantago.ClientGifts(virtual_gifts=(found,))
    monkeypatch.setattr(mantago.MantaGo, "get_client_gifts", lambda *_, **__: gifts)
    assert cli.main(["gifts", *WHO]) == 0
    output = capsys.readouterr().out
    assert "[red]\N{REPLACEMENT CHARACTER}[2J杯" in output
    assert "\x1b" not in output
    assert "\x07" not in output


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
        (RuntimeError("two\nlines"), 1, "error: unexpected RuntimeError: two lines; please report this\n"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_no_error_is_a_traceback(error, status, told, capsys, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(sys, "stdout", sys.stdout)  # a broken pipe takes it away
    monkeypatch.setattr(mantago.MantaGo, "get_client_gifts", fail)
    assert cli.main(["gifts", *WHO]) == status
    assert capsys.readouterr().err == told


def test_sandbox_says_how_to_use_it_until_ctrl_c(introduced):
    output = introduced()
    assert "export MANTAGO_BASE_URL=http://127.0.0.1:" in output
    for card in (*sandbox.CLIENTS, *sandbox.TRIGGERS):
        assert f"  {card.id} " in output
        assert all(found.platform_client_id in output for found in card.platform_ids)


@pytest.fixture
def introduced(capsys, monkeypatch):
    """What `mantago sandbox` shows, with these options, before Ctrl-C."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    def show(*options: str) -> str:
        monkeypatch.setattr(time, "sleep", interrupt)
        assert cli.main(["sandbox", *options]) == 130
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize(("options", "lines"), [([], 1), (["--quiet"], 0)])
def test_the_sandbox_shows_a_line_for_each_call_on_stderr_unless_it_is_told_to_be_quiet(options, lines):
    command = [
        sys.executable,
        "-W",
        "error",
        "-u",
        "-m",
        "mantago",
        "sandbox",
        "--token",
        "t",
        "--secret",
        "s",
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = re.search(r"BASE_URL=(\S+)", "".join(iter(process.stdout.readline, "Ctrl-C ends it.\n")))[1]
            with mantago.MantaGo(bot_id="1NbWoobyg", token="t", secret="s", base_url=address) as client:
                client.get_client_gifts(client_id="VolejRejN")
        finally:
            process.kill()
        told = [line.partition(" ")[2] for line in process.stderr.read().splitlines()]
        assert told == ["POST /api/openapi/client/gift: 200"] * lines


def test_a_sandbox_goes_on_where_nobody_reads_its_lines(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        sandboxes._log("10:31:05 POST /api/openapi/client/gift: 200")
        monkeypatch.undo()
        with suppress(OSError):
            broken.close()


def test_a_sandbox_for_a_team_has_the_account_that_it_is_given(introduced):
    output = introduced("--bot-id", "team", "--token", "team-token", "--secret", "it's", "--rate", "50")
    assert re.findall(r"export MANTAGO_(\w+)=(.*)", output)[1:] == [
        ("BOT_ID", "team"),
        ("TOKEN", "team-token"),
        ("SECRET", """'it'"'"'s'"""),
    ]
    assert "beyond this machine" not in output


@pytest.mark.parametrize(("host", "named"), [("0.0.0.0", "0.0.0.0"), ("", "every network")])
def test_a_sandbox_beyond_loopback_says_what_that_means(host, named, introduced):
    output = introduced("--host", host)
    port = re.search(r"http://127\.0\.0\.1:(\d+)/api", output)[1]
    words = " ".join(output.split())
    assert f"It listens on {named}, beyond this machine: whoever reaches it can ask it, unencrypted." in words
    assert "take http:// for loopback only" in words
    assert f"docker run -p 127.0.0.1:{port}:{port}" in words


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--token", " "], "--token is blank"),
        (["--rate", "-1"], "--rate must be a number of calls a second above zero, not -1.0"),
        (["--host", "192.0.2.1", "--port", "8000"], "can't listen on port 8000 of 192.0.2.1: "),
    ],
)
def test_a_sandbox_that_cannot_be_is_wrong_use(options, told, capsys):
    assert cli.main(["sandbox", *options]) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")


def test_a_port_in_use_is_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["sandbox", "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"error: can't listen on port {port} of 127.0.0.1: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gifts", "--client-id"], "Option '--client-id' requires an argument. (see mantago gifts --help)"),
        (["gifts", ""], "ID is empty: give the client's id"),
        (["gifts", "--platform", "line"], "--platform was given, but --platform-client-id is missing: give it, or"),
        (["gifts", "-", "--sandbox"], "there are no ids on standard input: write one in each line"),
        (
            ["gifts", "--timeout", "abc", "x"],
            "Invalid value for '--timeout': it must be a number of seconds above zero, at most 1,000,000,000, not 'abc'",
        ),
        (
            ["gifts", "--timeout", "0", "x", "--sandbox"],
            "--timeout must be a number of seconds above zero, at most 1,0",
        ),
        (
            ["sandbox", "--rate", "x"],
            "Invalid value for '--rate': it must be a number of calls a second above zero, not 'x'",
        ),
        (
            ["sandbox", "--port", "x"],
            "Invalid value for '--port': it must be a whole number from 0 to 65535, not 'x' (see mantago sandbox",
        ),
        (
            ["sandbox", "--port", "65536"],
            "Invalid value for '--port': it must be a whole number from 0 to 65535, not '65536'",
        ),
    ],
)
def test_wrong_use_is_told_in_words_that_say_what_to_give(words, told, capsys, stdin):
    stdin(b"")
    assert cli.main(words) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stands for Ctrl-C in one process")
def test_ctrl_c_ends_the_sandbox_with_130_and_no_traceback():
    # Where the tests run in the background, a shell has them ignore the signal, and children inherit that.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from mantago.__main__ import main; exit(main())"
    command = [sys.executable, "-W", "error", "-u", "-c", code, "sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("Ctrl-C" in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()


def without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a Python where a module can't be imported."""
    code = f"import sys; sys.modules[{module!r}] = None; from mantago.__main__ import main; sys.argv[1:] = {arguments!r}; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("module", "extra"), [("click", "mantago[cli]"), ("rich", "mantago[cli]"), ("uvicorn", "mantago[sandbox]")]
)
def test_without_an_extra_one_line_says_what_to_install(module, extra):
    done = without(module, "gifts", "--sandbox", *WHO)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"pip install '{extra}'" in done.stderr


def test_without_the_command_lines_extra_json_is_json():
    done = without("click", "gifts", "--json", *WHO)
    assert (done.returncode, done.stdout) == (2, "")
    error = json.loads(done.stderr)
    assert (error["class"], error["exit_status"]) == ("ModuleNotFoundError", 2)
    assert "pip install 'mantago[cli]'" in error["message"]


def test_the_module_runs_the_command_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mantago", "--version"])
    assert __main__.main() == 0
    assert "mantago" in capsys.readouterr().out


@pytest.mark.parametrize(("error", "outcome"), [(ImportError("x", name="rich.box"), 2), (KeyboardInterrupt(), 130)])
def test_what_happens_while_the_command_line_is_imported(error, outcome, capsys, monkeypatch):
    class Refusing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "mantago.cli":
                raise error

    for name in [name for name in sys.modules if name.startswith("mantago.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(mantago, "cli")
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    assert __main__.main() == outcome
    assert ("error: the command line needs an extra: pip install 'mantago[cli]'" in capsys.readouterr().err) == (
        outcome == 2
    )


def test_a_fault_of_our_own_is_not_taken_for_a_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mantago.cli", None)
    monkeypatch.delattr(mantago, "cli")
    with pytest.raises(ImportError, match="mantago"):
        __main__.main()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("columns", [200, 80, 74, 73, 40, 24])
def test_neither_name_nor_time_is_lost_in_a_narrow_terminal(columns, account, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["gifts", *WHO, "--utc"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert max(map(cell_len, lines)) <= columns
    shown = re.sub(r"[^\w]", "", "".join(lines))
    assert "Welcome" in shown
    assert all(character in shown for character in "不鏽鋼保溫杯春季抽獎九折券")
    with mantago.MantaGo(**account) as client:
        result = client.get_client_gifts(client_id="VolejRejN")
    moments = [gift.created_at for gift in (*result.tickets, *result.physical_gifts, *result.virtual_gifts)]
    moments += [moment for gift in result.virtual_gifts for moment in (gift.start_time, gift.end_time) if moment]
    words = "".join(lines) if columns >= 74 else " ".join(" ".join(lines).split())
    assert [moment for moment in moments if f"{moment:%Y-%m-%d %H:%M}" not in words] == []


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.usefixtures("environment")
def test_an_output_that_knows_no_chinese_gets_escapes(encoding):
    done = run("gifts", *WHO, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u4e0d\u93fd\u92fc" in done.stdout

    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding), width=80)
    for check in (probe.passed("clock", "right"), probe.skipped("TLS", "none"), probe.failed("token", "old", "renew")):
        tables.show_check(console, check)
    console.file.seek(0)
    marks = ["ok clock", "-- TLS", "NO token"]
    assert [line.partition("  ")[0] for line in console.file if line[0] != " "] == marks


def test_the_sandbox_is_not_asked_through_a_proxy(monkeypatch, capsys):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert cli.main(["gifts", "--sandbox", *WHO]) == 0
    assert "Welcome sticker set" in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_an_output_that_is_closed_or_full_is_no_traceback(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["gifts", *WHO, "--json"]) == 0

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli.gifts, "show_gifts", full)
    assert cli.main(["gifts", *WHO]) == 1
    assert capsys.readouterr().err == "error: the output can't be written: No space left on device\n"
