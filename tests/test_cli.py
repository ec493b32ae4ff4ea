"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

import mantago
from mantago import __main__, cli, sandbox

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
    assert cli.main(["gifts", *WHO]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("Gifts of client VolejRejN (dates in UTC):\n")
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
    assert capsys.readouterr().out == "Gifts of client BelunHavK (dates in UTC):\nnone\n"


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
        "client-not-found",
        1,
        "error: 404 Not Found, code 37011: Get client failed [no client matches the identification]",
    ),
    ("bad-variables", 1, "error: 400 Bad Request, code 110000"),
    ("token-expired", 1, "error: 401 Unauthorized, code 1004"),
    ("permission-denied", 1, "error: 403 Forbidden, code 1002"),
    ("rate-limited", 1, "error: 429 Too Many Requests"),
    ("server-error", 1, "error: 500 Internal Server Error"),
    ("bad-gateway", 1, "error: 502 Bad Gateway"),
    ("refused-with-200", 1, "error: 200 OK, code 37011"),
    ("not-json", 1, "error: the answer can't be used: $: isn't JSON"),
    ("cut-off-answer", 3, "error: no answer from 127.0.0.1"),
    ("slow-answer", 3, "error: 127.0.0.1:"),
]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("client_id", "status", "told"), FAILURES)
def test_a_failure_is_told_in_one_line_on_stderr_with_its_exit_status(client_id, status, told, capsys):
    # A busy machine may need the time for its attempts; only the slow answer is to be too slow.
    timeout = "0.9" if client_id == "slow-answer" else "20"
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
        ([], "given was nothing, missing is --client-id, or --platform and --platform-client-id; the rule:"),
        (["--platform", "line"], "given was --platform, missing is --platform-client-id"),
        ([*WHO, "--platform", "line"], "given were --client-id and --platform: that is both ways at once"),
        (["--platform", "telegram", "--platform-client-id", "U"], "'telegram' is none that the API knows"),
        ([*WHO, "--timeout", "0"], "timeout must be a number of seconds above zero"),
        ([*WHO, "--timeout", "soon"], "'soon' is not a valid float"),
        ([*WHO, "--base-url", "http://mantago.cc"], "--base-url (or the environment variable MANTAGO_BASE_URL)"),
        ([*WHO, "--nonsense"], "No such option: --nonsense"),
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
        == f"error: --{missing.replace('_', '-')} (or the environment variable MANTAGO_{missing.upper()}) is missing; or try it with --sandbox\n"
    )


@pytest.mark.usefixtures("environment")
def test_what_was_tolerated_is_noted_beside_the_result():
    done = run("gifts", "--client-id", "missing-is-expired")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith("note: missing ")
    assert "Traceback" not in done.stderr


def test_without_a_command_the_help_is_shown_and_that_is_wrong_use(capsys):
    assert cli.main([]) == 2
    assert "gifts" in capsys.readouterr().out


def test_help_says_why_a_secret_is_better_not_an_option(capsys):
    assert cli.main(["gifts", "--help"]) == 0
    # typer decides on colours once for the process, for which another test may have wanted some.
    text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    words = " ".join(text.replace("│", " ").split())
    assert "Better in the environment (MANTAGO_SECRET)" in words
    assert "other users of the machine" in words


def test_the_version_tells_the_documents_too(capsys):
    assert cli.main(["--version"]) == 0
    assert (
        capsys.readouterr().out
        == f"mantago {mantago.__version__}, for version {mantago.SPEC_VERSION} of the API's document\n"
    )


@pytest.mark.usefixtures("environment")
def test_a_name_cannot_steer_the_terminal(capsys, monkeypatch):
    moment = mantago.Ticket(created_at=mantago._results.datetime(2024, 7, 15, tzinfo=mantago._results.UTC)).created_at
    gift = mantago.Gift(name="[red]\x1b[2J杯", resource=mantago.GiftResource("x\x07"), created_at=moment)
    gifts = mantago.ClientGifts(virtual_gifts=(gift,))
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


def test_sandbox_says_how_to_use_it_until_ctrl_c(capsys, monkeypatch):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    assert cli.main(["sandbox"]) == 130
    output = capsys.readouterr().out
    assert "export MANTAGO_BASE_URL=http://127.0.0.1:" in output
    for card in (*sandbox.CLIENTS, *sandbox.TRIGGERS):
        assert f"  {card.id} " in output
        assert all(found.platform_client_id in output for found in card.platform_ids)


def test_a_port_in_use_is_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["sandbox", "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"error: can't listen on port {port}: ")


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
    ("module", "extra"), [("typer", "mantago[cli]"), ("rich", "mantago[cli]"), ("openapi_core", "mantago[sandbox]")]
)
def test_without_an_extra_one_line_says_what_to_install(module, extra):
    done = without(module, "gifts", "--sandbox", *WHO)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"pip install '{extra}'" in done.stderr


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

    monkeypatch.delitem(sys.modules, "mantago.cli")
    monkeypatch.delattr(mantago, "cli")
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    assert __main__.main() == outcome
    assert ("pip install 'mantago[cli]'" in capsys.readouterr().err) == (outcome == 2)


def test_a_fault_of_our_own_is_not_taken_for_a_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mantago.cli", None)
    monkeypatch.delattr(mantago, "cli")
    with pytest.raises(ImportError, match="mantago"):
        __main__.main()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("columns", [80, 60, 40])
def test_no_name_is_lost_in_a_narrow_terminal(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["gifts", *WHO]) == 0
    shown = re.sub(r"[^\w]", "", capsys.readouterr().out)
    assert "Welcome" in shown
    assert all(character in shown for character in "不鏽鋼保溫杯春季抽獎九折券")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.usefixtures("environment")
def test_an_output_that_knows_no_chinese_gets_escapes(encoding):
    done = run("gifts", *WHO, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u4e0d\u93fd\u92fc" in done.stdout


def test_the_sandbox_is_not_asked_through_a_proxy(monkeypatch, capsys):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert cli.main(["gifts", "--sandbox", *WHO]) == 0
    assert "Welcome sticker set" in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_an_output_that_is_closed_or_full_is_no_traceback(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["gifts", *WHO, "--json"]) == 0

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_show", full)
    assert cli.main(["gifts", *WHO]) == 1
    assert capsys.readouterr().err == "error: the output can't be written: No space left on device\n"
