"""mantago export: what it prints, where, and with which exit status."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from bulk import outcomes_in
from mantago import cli
from mantago.bulk import Progress, StoppedError
from mantago.bulk.parts import held_alone
from mantago.cli import bulk
from mantago_runtime.errors import APIConnectionError, ConfigurationError, InvalidResponseError

PROGRESS = Progress(
    total=10000,
    done=2500,
    ok=2400,
    not_found=70,
    failed=30,
    calls=2600,
    refusals=9,
    rate=34.6,
    elapsed=72,
    remaining=7265,
)


@pytest.fixture
def environment(account: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.items():
        monkeypatch.setenv(f"MANTAGO_{name.upper()}", value)


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


@pytest.mark.usefixtures("environment")
def test_a_list_becomes_a_folder_and_a_line_says_so(tmp_path, capsys):
    ids, folder = tmp_path / "ids.csv", tmp_path / "gifts"
    ids.write_text("client_id\nVolejRejN\nBelunHavK\nclient_not_found\n", "utf-8")
    assert cli.main(["export", str(ids), "--into", str(folder)]) == 0
    output = capsys.readouterr()
    assert output.out == f"3 of 3 clients in {folder}: 2 answered, 1 not found, 0 failed\n"
    assert output.err == ""
    assert outcomes_in(folder) == {"VolejRejN": "ok", "BelunHavK": "ok", "client_not_found": "not_found"}


@pytest.mark.usefixtures("environment")
def test_some_failed_is_exit_status_1_and_retry_failed_asks_once_more(tmp_path, capsys, stdin):
    folder = str(tmp_path / "gifts")
    stdin(b"BelunHavK\nbad-variables\n")
    assert cli.main(["export", "-", "--into", folder, "--quiet"]) == 1
    assert capsys.readouterr().out.endswith("1 failed; --retry-failed asks for those once more\n")
    stdin(b"BelunHavK\nbad-variables\n")
    assert cli.main(["export", "-", "--into", folder, "--retry-failed", "--json"]) == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["status"], summary["failed"], summary["calls"]) == ("some_failed", 1, 1)
    assert summary == json.loads((tmp_path / "gifts" / "summary.json").read_text("utf-8"))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("client_id", "status", "told", "remedy"),
    [
        ("token_expired", 4, "error: stopped: 401 Unauthorized, code 1004", "set the credentials that the service"),
        ("permission_denied", 4, "error: stopped: 403 Forbidden, code 1002", "set the credentials that the service"),
        ("bot_not_found", 3, "error: stopped: 404 Not Found, code 5001", "no bot has this id, so correct --bot-id"),
        ("platform_not_connected", 3, "error: stopped: 404 Not Found, code 11001", "connect the bot to this platform"),
    ],
)
def test_what_every_client_would_meet_has_a_status_of_its_own(client_id, status, told, remedy, tmp_path, capsys, stdin):
    stdin(client_id.encode())
    assert cli.main(["export", "-", "--into", str(tmp_path / "gifts")]) == status
    output = capsys.readouterr()
    assert output.err.startswith(told)
    assert f"; the finished parts are kept: {remedy}" in output.err
    assert output.err.endswith(", then the same command continues from there\n")
    assert output.out.startswith("0 of 1 clients in ")


@pytest.mark.usefixtures("environment")
def test_an_address_without_the_api_is_to_be_corrected_first(account, tmp_path, capsys, stdin):
    stdin(b"VolejRejN")
    wrong = account["base_url"] + "/typo"
    assert cli.main(["export", "-", "--into", str(tmp_path), "--base-url", wrong]) == 3
    told = "the API is not at this address, so correct --base-url or MANTAGO_BASE_URL, then the same command"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (APIConnectionError("no answer"), "check --base-url or MANTAGO_BASE_URL"),
        (ConfigurationError("refused"), "correct what the service refuses"),
        (InvalidResponseError("no JSON"), ""),
        (OSError(28, "No space left on device"), "make sure that the folder can be written to"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_stopped_an_export_says_what_to_do_first(cause, told):
    error = StoppedError("stopped")
    error.__cause__ = cause
    assert bulk.remedy_for(error).startswith(told)
    assert bool(bulk.remedy_for(error)) == bool(told)


@pytest.mark.usefixtures("environment")
def test_a_file_where_the_folder_is_to_be_is_wrong_use(tmp_path, capsys, stdin):
    (file := tmp_path / "c2.csv").touch()
    stdin(b"VolejRejN\n")
    assert cli.main(["export", "-", "--into", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"error: the folder {file} can't be made: a file is there; name another")


def test_a_second_export_into_a_folder_that_is_being_filled_is_wrong_use(tmp_path, capsys, stdin):
    stdin(b"VolejRejN\n")
    with held_alone(tmp_path):
        assert cli.main(["export", "-", "--into", str(tmp_path), "--sandbox"]) == 2
    told = f"error: {tmp_path} is in use by another export (another run in this process, {os.getpid()}): wait until it"
    assert capsys.readouterr().err.startswith(told)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("environment")
def test_with_json_what_stopped_it_is_a_line_of_json(tmp_path, capsys, stdin):
    stdin(b"token_expired")
    assert cli.main(["export", "-", "--into", str(tmp_path / "gifts"), "--json"]) == 4
    output = capsys.readouterr()
    assert json.loads(output.out)["status"] == "credentials_refused"
    error = json.loads(output.err)
    assert (error["exit_status"], error["status"], error["code"], error["attempts"]) == (4, 401, 1004, 1)
    assert error["message"].startswith("stopped: 401 Unauthorized, code 1004")


@pytest.mark.usefixtures("environment")
def test_wrong_use_is_exit_status_2_and_nothing_is_fetched(tmp_path, capsys, stdin):
    folder = tmp_path / "gifts"
    stdin(b"a\n\nb\n")
    assert cli.main(["export", "-", "--into", str(folder)]) == 2
    assert "line 2: is blank; the whole list is refused until" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "missing.csv"), "--into", str(folder)]) == 2
    assert cli.main(["export", "-"]) == 2
    assert "--into" in capsys.readouterr().err
    assert not folder.exists()
    for ids, status in ((b"BelunHavK\n", 0), (b"TamirOskQ\n", 2)):
        stdin(ids)
        assert cli.main(["export", "-", "--into", str(folder)]) == status
    assert "belongs to another run" in capsys.readouterr().err


def test_the_sandbox_serves_without_an_account(tmp_path, capsys, stdin):
    stdin(b"VolejRejN\n")
    assert cli.main(["export", "-", "--into", str(tmp_path), "--sandbox", "--rate", "100", "--verbose"]) == 0
    output = capsys.readouterr()
    assert "1 answered" in output.out
    assert "VolejRejN" not in output.out + output.err


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(capsys):
    now = [0.0]
    lines = bulk.Lines(lambda: now[0])
    for now[0] in (1.0, 31.0, 32.0, 62.0):
        lines(PROGRESS)
    line = "25%, 2,500 of 10,000, 34.6 calls/s, 30 failed, 9 times 429, 2 h 01 min left\n"
    assert capsys.readouterr().err == line * 2


def test_with_json_progress_is_json_also_on_a_terminal(capsys, monkeypatch, stdin, tmp_path):
    monkeypatch.setattr(bulk, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    stdin(b"VolejRejN\n")
    assert cli.main(["export", "-", "--into", str(tmp_path), "--sandbox", "--json"]) == 0
    told = [json.loads(line)["note"] for line in capsys.readouterr().err.splitlines()]
    assert told[-1].startswith("100%, 1 of 1, ")


@pytest.mark.parametrize(("seconds", "told"), [(5, "5 s"), (125, "2 min 05 s"), (None, "")])
def test_the_time_left_is_told_as_people_do(seconds, told):
    from attrs import evolve

    note = bulk.note(evolve(PROGRESS, remaining=seconds, failed=0, refusals=0))
    assert note == "2,500 of 10,000, 34.6 calls/s" + (f", {told} left" if told else "")


def test_progress_is_a_bar_on_a_terminal(tmp_path, capsys, stdin, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stdin(b"VolejRejN\n")
    assert cli.main(["export", "-", "--into", str(tmp_path), "--sandbox"]) == 0
    assert "1 of 1, " in terminal.getvalue()
    assert "100%" in terminal.getvalue()


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stands for Ctrl-C in one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_stops_cleanly_says_how_to_go_on_and_going_on_does(number, tmp_path, capsys):
    ids, folder = tmp_path / "ids.txt", tmp_path / "gifts"
    ids.write_text("".join(f"client-{number}\n" for number in range(510)), "utf-8")
    command = [sys.executable, "-W", "error", "-m", "mantago", "export", str(ids), "--into", str(folder)]
    running = subprocess.Popen([*command, "--rate", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (folder / "summary.json").exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (3, f"0 of 510 clients in {folder}: 0 answered, 0 not found, 0 failed\n")
    assert (
        err
        == "error: stopped: by Ctrl-C or SIGTERM; the finished parts are kept, and the same command continues from there\n"
    )
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert (summary["status"], summary["reason"]) == ("stopped", "interrupted")
    assert cli.main(["export", str(ids), "--into", str(folder), "--rate", "2000"]) == 0
    assert len(outcomes_in(folder)) == 510


@pytest.mark.usefixtures("environment")
def test_ctrl_c_before_anything_has_begun_is_as_anywhere(tmp_path, monkeypatch):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bulk, "read_ids", interrupted)
    (tmp_path / "ids.txt").write_text("a\n", "utf-8")
    assert cli.main(["export", str(tmp_path / "ids.txt"), "--into", str(tmp_path / "gifts")]) == 130


def test_sigterm_before_the_first_call_is_exit_status_130(monkeypatch):
    monkeypatch.setattr(bulk, "read_ids", lambda *_, **__: signal.raise_signal(signal.SIGTERM))
    # Where the tests run in the background, a shell has them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert cli.main(["export", "-", "--into", "never", "--sandbox"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_programs_own_handler_of_sigterm_stays(monkeypatch):
    monkeypatch.setattr(bulk, "read_ids", lambda *_, **__: signal.raise_signal(signal.SIGTERM))
    told = []
    before = signal.signal(signal.SIGTERM, lambda *_: told.append("told"))
    try:
        cli.main(["export", "-", "--into", "never", "--sandbox"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == ["told"]


def test_a_command_in_another_thread_leaves_the_signals_alone(capsys):
    before, statuses = signal.getsignal(signal.SIGTERM), []
    thread = threading.Thread(target=lambda: statuses.append(cli.main(["--version"])))
    thread.start()
    thread.join()
    assert (statuses, signal.getsignal(signal.SIGTERM)) == ([0], before)
