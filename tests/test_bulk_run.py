"""Bulk runs: every client has one outcome, whatever happens, and nothing is fetched twice."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import types
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest

from bulk import Service, outcomes_in, refusal, rows_in, simulated
from mantago import APIConnectionError, AsyncMantaGo, ClientGifts, MantaGo
from mantago.bulk import GIFTS, BulkOperation, StoppedError, export, export_async, fetch_shard, fetch_shard_async, parts
from mantago.bulk.outcomes import Verdict, verdict
from mantago.bulk.rows import Outcome, rows_of
from mantago.identification import identify
from mantago.testing import FakeMantaGo, gift, ticket
from mantago_runtime.errors import ConfigurationError, IdentificationError, MantaGoError

IDS = [f"client-{number}" for number in range(25)]


def run(service, clients, folder, **options):
    """Run an export on a clock of its own."""

    async def go():
        async with service.client() as client:
            return await export_async(clients, folder, client=client, **{"part_size": 10} | options)

    return simulated(go)


def asked(service):
    return [who for _, who, _ in service.asked]


@pytest.fixture
def service():
    service = Service()
    service.add(*IDS)
    return service


# --- outcomes ---------------------------------------------------------------------------------------------------------


def test_every_client_has_an_outcome_in_the_order_of_the_list(service, tmp_path):
    service.otherwise = {"client-3": refusal(404, 37011), "client-4": refusal(400, 110000)}
    summary = run(service, IDS, tmp_path / "run")
    assert (summary.status, summary.done, summary.ok, summary.not_found, summary.failed) == (
        "some_failed",
        25,
        23,
        1,
        1,
    )
    assert [*outcomes_in(tmp_path / "run")] == IDS
    rows = {row["client_id"]: row for row in rows_in(tmp_path / "run")}
    assert rows["client-3"]["outcome"] == "not_found"
    assert (rows["client-4"]["outcome"], rows["client-4"]["error"]) == ("failed", "BadRequestError 400 (code 110000)")
    assert json.loads((tmp_path / "run" / "summary.json").read_text("utf-8")) == summary.to_dict()


def test_a_gift_is_a_flat_row(tmp_path):
    service = Service()
    service.fake.add_client(
        "a",
        platform_ids={"line": "U1"},
        tickets=[ticket()],
        physical_gifts=[gift("半", is_expired=True)],
        virtual_gifts=[gift(is_expired=None)],
    )
    service.fake.add_client("b")
    run(service, [("line", "U1"), "b"], tmp_path)
    of_ticket, physical, virtual, none = rows_in(tmp_path)
    assert list(of_ticket) == [
        "client_id",
        "platform",
        "platform_client_id",
        "outcome",
        "error",
        "kind",
        "name",
        "resource",
        "created_at",
        "is_expired",
        "start_time",
        "end_time",
        "fetched_at",
        "drift",
    ]
    assert (of_ticket["kind"], of_ticket["platform"], of_ticket["platform_client_id"]) == ("ticket", "line", "U1")
    assert (physical["kind"], physical["name"], physical["is_expired"]) == ("physical", "半", True)
    assert physical["start_time"] == "2024-07-15T10:30:28.700Z"
    assert virtual["drift"] == ["missing virtualGifts[0].isExpired"]
    assert (none["client_id"], none["outcome"], none["kind"]) == ("b", "ok", None)


def test_half_a_surrogate_pair_which_no_file_holds_becomes_a_replacement_character():
    result = ClientGifts(virtual_gifts=(gift("半\ud800"),))
    [row] = rows_of(GIFTS, identify(client_id="a"), Outcome("ok", datetime.now(UTC), result))
    assert row["name"] == "半\ufffd"


VERDICTS = [
    (refusal(404, 37011), Verdict.NOT_FOUND),
    (refusal(200, 37011), Verdict.NOT_FOUND),
    (refusal(404), Verdict.STOP),
    (refusal(404, 5001), Verdict.STOP),
    (refusal(400, 5001), Verdict.STOP),
    (refusal(404, 11001), Verdict.STOP),
    (refusal(307, location="https://elsewhere.example"), Verdict.STOP),
    (refusal(405), Verdict.STOP),
    (refusal(401, 1004), Verdict.STOP_CREDENTIALS),
    (refusal(400, 120000), Verdict.STOP_CREDENTIALS),
    (refusal(403), Verdict.STOP_CREDENTIALS),
    (refusal(429), Verdict.REFUSED),
    (refusal(408), Verdict.AGAIN),
    (refusal(503), Verdict.AGAIN),
    (lambda: httpx.Response(200, text="<html>"), Verdict.AGAIN),
    (refusal(400, 110000), Verdict.FAILED),
    (refusal(200, 36000), Verdict.FAILED),
]


@pytest.mark.parametrize(("answer", "expected"), VERDICTS)
def test_what_an_answer_means(answer, expected):
    credentials = FakeMantaGo().credentials
    transport = httpx.MockTransport(lambda _: answer())
    with MantaGo(transport=transport, credentials=credentials, max_retries=0) as client:
        with pytest.raises(MantaGoError) as raised:
            client.get_client_gifts(client_id="a")
    assert verdict(raised.value) is expected


def test_what_no_answer_means():
    untrusted = APIConnectionError("no")
    untrusted.__cause__ = __import__("ssl").SSLCertVerificationError()
    assert verdict(untrusted) is Verdict.STOP
    assert verdict(APIConnectionError("no")) is Verdict.AGAIN
    assert verdict(IdentificationError("no")) is Verdict.FAILED
    assert verdict(MantaGoError("closed")) is Verdict.STOP


@pytest.mark.parametrize(
    ("answer", "credentials_refused", "told"),
    [
        (refusal(401, 1004), True, "401 Unauthorized, code 1004"),
        (refusal(403, 1002), True, "403 Forbidden, code 1002"),
        (refusal(404, 5001), False, "404 Not Found, code 5001"),
        (refusal(404), False, "404 Not Found"),
    ],
)
def test_what_every_client_would_meet_stops_the_run_at_once_with_what_is_done_kept(
    answer, credentials_refused, told, service, tmp_path
):
    service.otherwise = {"client-14": answer}
    with pytest.raises(StoppedError, match=told) as raised:
        run(service, IDS, tmp_path, concurrency=2)
    assert raised.value.credentials_refused is credentials_refused
    assert raised.value.summary.status == ("credentials_refused" if credentials_refused else "stopped")
    assert told in raised.value.summary.reason
    assert [*outcomes_in(tmp_path)] == IDS[:10]
    assert "client-20" not in asked(service)
    # Mended, it goes on, with nothing that is kept asked for again.
    service.otherwise, service.asked = {}, []
    assert run(service, IDS, tmp_path).status == "done"
    assert [*outcomes_in(tmp_path)] == IDS
    assert not {*asked(service)} & {*IDS[:10]}


def test_a_minute_of_5xx_stops_the_run_and_no_client_fails_for_it(service, tmp_path):
    began = iter(range(10**6))
    service.always = lambda: refusal(503)() if next(began) >= 12 else None
    with pytest.raises(StoppedError, match=r"no call was answered for 60 s; the last error: 503 Service") as raised:
        run(service, IDS, tmp_path)
    assert 60 <= raised.value.summary.seconds < 90
    assert outcomes_in(tmp_path) == dict.fromkeys(IDS[:10], "ok")


def test_a_minute_without_an_answer_stops_the_run_even_for_one_client(service, tmp_path):
    def no_answer():
        raise httpx.ConnectError("refused")

    service.always = no_answer
    with pytest.raises(StoppedError, match=r"no call was answered for 60 s; the last error: no answer from"):
        run(service, IDS[:1], tmp_path)


def test_a_service_that_says_nothing_stops_the_run_a_minute_after_the_last_answer(service, tmp_path):
    began = iter(range(10**6))

    async def go():
        async with service.client(timeout=25) as client:
            with pytest.raises(
                StoppedError, match=r"no call was answered for 60 s; the last error: .* no whole answer"
            ):
                await export_async(IDS, tmp_path, client=client, part_size=10)

    def silent():
        if next(began) >= 12:
            service.latency = 1000

    service.always = silent
    simulated(go)
    # Three calls, and one for a client that was answered before.
    assert 60 <= json.loads((tmp_path / "summary.json").read_text("utf-8"))["seconds"] < 105


def test_a_short_outage_costs_time_and_no_client(service, tmp_path):
    def outage():
        return refusal(502)() if 0.2 < anyio.current_time() < 40 else None

    service.always = outage
    assert run(service, IDS, tmp_path).status == "done"


def test_a_client_that_the_service_fails_on_fails_alone(service, tmp_path):
    service.otherwise = {"client-7": refusal(500), "client-24": lambda: httpx.Response(200, text="<html>")}
    summary = run(service, IDS, tmp_path)
    assert (summary.status, summary.failed) == ("some_failed", 2)
    errors = {row["client_id"]: row["error"] for row in rows_in(tmp_path) if row["outcome"] == "failed"}
    assert errors == {"client-7": "ServerError 500", "client-24": "InvalidResponseError"}
    assert asked(service).count("client-7") == 4


def test_many_clients_at_the_end_that_the_service_fails_on_fail_after_a_minute(service, tmp_path):
    service.otherwise = dict.fromkeys(IDS[-8:], refusal(500))
    summary = run(service, IDS, tmp_path, part_size=25)
    assert (summary.ok, summary.failed) == (17, 8)


def test_a_minute_of_5xx_at_clients_that_are_left_of_a_run_is_theirs_if_another_is_answered(service, tmp_path):
    service.otherwise = dict.fromkeys(IDS[-6:], refusal(500))
    run(service, IDS, tmp_path, part_size=5)
    service.otherwise[IDS[0]] = refusal(404, 37011)
    assert run(service, IDS, tmp_path, part_size=5, retry_failed=True).failed == 6
    service.always = refusal(500)
    with pytest.raises(StoppedError, match="for 60 s"):
        run(service, IDS, tmp_path, part_size=5, retry_failed=True)


def test_a_client_that_is_always_refused_with_429_fails_and_the_others_dont(service, tmp_path):
    service.otherwise = {"client-7": refusal(429, retry_after="1")}
    summary = run(service, IDS, tmp_path)
    assert (summary.ok, summary.failed, summary.refusals) == (24, 1, 10)


def test_an_hour_of_refusals_stops_the_run(service, tmp_path):
    service.always = refusal(429)
    with pytest.raises(StoppedError, match=r"no call was answered for 3600 s; the last error: 429"):
        run(service, IDS, tmp_path)


def test_many_refused_clients_in_a_row_stop_the_run(service, tmp_path):
    service.always = refusal(400, 110000)
    with pytest.raises(StoppedError, match=r"20 clients in a row were refused; the last error: 400"):
        run(service, IDS, tmp_path, part_size=25)


# --- going on ---------------------------------------------------------------------------------------------------------


def test_a_run_that_is_done_asks_for_nobody_and_counts_the_same(service, tmp_path):
    service.otherwise = {"client-4": refusal(400, 110000)}
    first = run(service, IDS, tmp_path)
    service.asked = []
    second = run(service, IDS, tmp_path)
    assert service.asked == []
    assert (second.status, second.ok, second.failed) == (first.status, first.ok, first.failed) == ("some_failed", 24, 1)


def test_what_failed_is_asked_for_once_more_and_has_one_outcome(service, tmp_path):
    service.otherwise = {"client-4": refusal(400, 110000), "client-12": refusal(400, 110000)}
    run(service, IDS, tmp_path)
    before = rows_in(tmp_path)
    service.otherwise, service.asked = {"client-12": refusal(404, 37011)}, []
    summary = run(service, IDS, tmp_path, retry_failed=True)
    assert sorted(asked(service)) == ["client-12", "client-4"]
    assert (summary.status, summary.ok, summary.not_found, summary.failed) == ("done", 24, 1, 0)
    after = rows_in(tmp_path)
    assert [row["client_id"] for row in after] == IDS
    changed = [new["client_id"] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["client-4", "client-12"]


@pytest.mark.parametrize(
    ("other", "options"), [(["client-1", *IDS], {}), (IDS[:-1], {}), ([*IDS, "one-more"], {}), (IDS, {"part_size": 9})]
)
@pytest.mark.parametrize("with_summary", [True, False])
def test_a_folder_of_another_list_is_refused_before_anything_is_fetched(
    other, options, with_summary, service, tmp_path
):
    run(service, IDS, tmp_path)
    if not with_summary:
        (tmp_path / "summary.json").unlink()
    before, service.asked = rows_in(tmp_path), []
    with pytest.raises(ConfigurationError, match="belongs to another run"):
        run(service, other, tmp_path, **options)
    assert (service.asked, rows_in(tmp_path)) == ([], before)


def test_a_part_that_cant_be_read_or_holds_others_is_named(service, tmp_path):
    run(service, IDS, tmp_path)
    first, second, _ = sorted(tmp_path.glob("part-*"))
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ConfigurationError, match=rf"{re.escape(first.name)} can't be read .*: remove it, and run the same again"
    ):
        run(service, IDS, tmp_path)
    first.write_bytes(second.read_bytes())
    with pytest.raises(ConfigurationError, match=rf"{re.escape(first.name)} doesn't hold the clients"):
        run(service, IDS, tmp_path)
    first.unlink()
    assert run(service, IDS, tmp_path).status == "done"


def test_a_full_disk_stops_the_run_and_leaves_no_broken_part(service, tmp_path, monkeypatch):
    written = []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoppedError, match=r"part-.* can't be written: No space left on device"):
        run(service, IDS, tmp_path)
    monkeypatch.undo()
    assert not [*tmp_path.glob(".*")]
    assert run(service, IDS, tmp_path).status == "done"
    assert outcomes_in(tmp_path) == dict.fromkeys(IDS, "ok")


def test_a_folder_that_cant_be_made_is_wrong_use_and_is_named(service, tmp_path):
    (file := tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=re.escape(f"the folder {file} can't be made: a file is there; name")):
        run(service, IDS, file)
    with pytest.raises(ConfigurationError, match=re.escape(f"the folder {file / 'run'} can't be made: ")):
        run(service, IDS, file / "run")
    assert asked(service) == []


def test_a_folder_that_cant_be_written_to_stops_the_run(service, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mantago.bulk.run.write_whole", full)
    with pytest.raises(StoppedError, match="can't be written to: No space left on device") as raised:
        run(service, IDS, tmp_path)
    assert raised.value.summary.done == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_parts_are_for_their_owner_alone(service, tmp_path):
    run(service, IDS, tmp_path / "run")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "run").iterdir()} == {0o600}
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_what_a_killed_run_had_begun_to_write_is_no_part_and_goes_away(service, tmp_path):
    (tmp_path / ".mantago-part-000000-0123456789abcdef.jsonl.gz.12345678").write_bytes(b"half")
    run(service, IDS, tmp_path)
    assert not [*tmp_path.glob(".*")]


def test_a_system_whose_folders_cant_be_synced_does_without(service, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "SYNCS_FOLDERS", False)
    assert run(service, IDS, tmp_path).status == "done"


def test_no_id_of_a_client_is_logged(service, tmp_path, caplog):
    caplog.set_level("DEBUG")
    service.otherwise = {"client-4": refusal(400, 110000)}
    run(service, IDS, tmp_path)
    assert caplog.text
    assert "client-" not in caplog.text


KILLED = """
import os, signal, sys, threading, time
from mantago import MantaGo
from mantago.bulk import export
from mantago.testing import FakeMantaGo

class Service(FakeMantaGo):
    count = 0
    def handle_request(self, request):
        Service.count += 1
        with open(sys.argv[2], "a") as log:
            log.write(request.content.decode() + "\\n")
        if Service.count >= int(sys.argv[3]):  # another thread may have counted on
            os.kill(os.getpid(), signal.SIGKILL)
        return super().handle_request(request)

service = Service()
ids = [f"c{number}" for number in range(60)]
for client_id in ids:
    service.add_client(client_id)
with MantaGo(transport=service, credentials=service.credentials) as client:
    export(ids, sys.argv[1], client=client, rate=2000, part_size=10, concurrency=4)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_any_moment_nothing_is_lost_nothing_is_there_twice_and_a_part_at_most_is_repeated(tmp_path):
    folder, log, kills = tmp_path / "run", tmp_path / "log", 0
    for moment in (3, 14, 27, 10**6):
        command = [sys.executable, "-c", KILLED, str(folder), str(log), str(moment)]
        done = subprocess.run(command, capture_output=True, timeout=100, check=False)
        kills += done.returncode == -signal.SIGKILL
    assert (kills, done.returncode) == (3, 0)
    assert outcomes_in(folder) == {f"c{number}": "not_found" if number < 0 else "ok" for number in range(60)}
    sent = [json.loads(line)["clientId"] for line in log.read_text("utf-8").splitlines()]
    assert len(sent) - len({*sent}) <= 10 * kills


# --- one run at a time ------------------------------------------------------------------------------------------------

HOLDING = """
import sys
from pathlib import Path
from mantago.bulk.parts import held_alone

with held_alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holding():
    """Have another process hold a folder as a run does; it ends with its standard input."""
    processes = []

    def hold(folder):
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-c", HOLDING, str(folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


def test_a_folder_that_another_run_fills_is_refused_at_once_and_says_which_process_it_is(service, tmp_path, holding):
    (tmp_path / parts.LOCK).write_text("process 1234567890 on a machine with a name that is longer than this one's\n")
    process = holding(tmp_path)
    holder = re.escape(
        f"in use by another export (process {process.pid} on {socket.gethostname()}): wait until it ends"
    )
    with pytest.raises(ConfigurationError, match=holder):
        run(service, IDS, tmp_path)
    assert service.asked == []
    assert not (tmp_path / "summary.json").exists()
    process.communicate("")
    assert run(service, IDS, tmp_path).status == "done"
    assert [path.name for path in tmp_path.glob(".*")] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_run_that_was_killed_holds_nothing_any_more(service, tmp_path, holding):
    process = holding(tmp_path)
    process.kill()
    process.wait()
    assert (tmp_path / parts.LOCK).exists()
    assert run(service, IDS, tmp_path).status == "done"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_process_has_one_run_in_a_folder_too(service, tmp_path):
    refused = []

    def again(_):
        with pytest.raises(ConfigurationError, match=rf"another run in this process, {os.getpid()}") as told:
            with parts.held_alone(tmp_path / "up" / ".."):
                pass
        refused.append(told)

    assert run(service, IDS, tmp_path, on_progress=again).status == "done"
    assert refused
    assert run(service, IDS, tmp_path).status == "done"


def test_workers_that_share_a_folder_on_purpose_fetch_their_parts_whoever_holds_it(service, tmp_path, holding):
    holding(tmp_path)

    async def go():
        async with service.client() as client:
            return [await fetch_shard_async(IDS[:10], tmp_path, client=client, index=index) for index in range(2)]

    assert [counts["ok"] for counts in simulated(go)] == [10, 10]


@pytest.mark.skipif(os.name == "nt", reason="Windows locks otherwise")
def test_where_files_cannot_be_locked_runs_go_on_as_they_are(service, tmp_path, holding, monkeypatch):
    holding(tmp_path)

    def without_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", without_locks)
    assert run(service, IDS, tmp_path).status == "done"


def test_where_no_lock_file_can_be_made_runs_go_on_as_they_are(service, tmp_path):
    (tmp_path / parts.LOCK).mkdir()
    assert run(service, IDS, tmp_path).status == "done"


def test_a_folder_whose_files_never_stay_what_they_are_is_not_held(service, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_is_at", lambda *_: False)
    assert run(service, IDS, tmp_path).status == "done"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file that is open")
def test_a_lock_file_that_a_run_removed_meanwhile_is_made_anew(tmp_path, monkeypatch):
    lock = parts._lock

    def after_the_end_of_another(descriptor):
        monkeypatch.setattr(parts, "_lock", lock)
        (tmp_path / parts.LOCK).unlink()
        return lock(descriptor)

    monkeypatch.setattr(parts, "_lock", after_the_end_of_another)
    with parts.held_alone(tmp_path):
        assert (tmp_path / parts.LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"


def test_a_holder_that_has_not_said_yet_which_process_it_is_is_another_process(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_lock", lambda _: False)
    with pytest.raises(ConfigurationError, match=r"another export \(another process\)"), parts.held_alone(tmp_path):
        pass


def test_windows_locks_a_byte_behind_the_text_and_removes_the_file_when_it_is_closed(tmp_path, monkeypatch):
    locked = []

    class Msvcrt:
        LK_NBLCK = 2

        @staticmethod
        def locking(descriptor, mode, count):
            if locked:
                raise PermissionError(errno.EACCES, "Permission denied")
            locked.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))

    monkeypatch.setattr(parts, "ON_WINDOWS", True)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    with parts.held_alone(tmp_path):
        assert locked == [(parts.LOCKED_BYTE, 2, 1)]
        with monkeypatch.context() as as_another_process:
            as_another_process.setattr(parts, "_held", {})
            with pytest.raises(ConfigurationError, match=f"process {os.getpid()} on"), parts.held_alone(tmp_path):
                pass
    assert [*tmp_path.iterdir()] == []


# --- both worlds, one declaration -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", [MantaGo, AsyncMantaGo])
def test_both_clients_serve_callers_without_an_event_loop(flavour, tmp_path):
    fake = FakeMantaGo()
    fake.add_client("a", tickets=[ticket()])
    client = flavour(transport=fake, credentials=fake.credentials)
    told = []
    summary = export(["a", "b"], tmp_path, client=client, rate=1000, on_progress=told.append)
    assert (summary.ok, summary.not_found, summary.calls) == (1, 1, 2)
    assert (told[-1].done, told[-1].total, told[-1].remaining) == (2, 2, 0.0)
    assert fetch_shard(["a"], tmp_path / "shard", client=client, index=7) == {"ok": 1}
    assert [path.name[:12] for path in (tmp_path / "shard").glob("part-*")] == ["part-000007-"]


@pytest.mark.parametrize("clients", ["customers.csv", b"customers.csv", Path("customers.csv"), None], ids=repr)
def test_the_name_of_a_file_is_no_list_of_clients(clients, service, tmp_path):
    async def shard():
        await fetch_shard_async(clients, tmp_path / "shard", client=service.client())

    for go in (lambda: run(service, clients, tmp_path / "run"), lambda: simulated(shard)):
        with pytest.raises(ConfigurationError, match=f"not {type(clients).__name__}: read a file with read_ids"):
            go()
    client = MantaGo(transport=service.fake, credentials=service.fake.credentials)
    for function in (export, fetch_shard):
        with pytest.raises(ConfigurationError, match="read_ids"):
            function(clients, tmp_path / "sync", client=client)
    assert not [*tmp_path.iterdir()]


def test_a_shard_is_fetched_once_and_has_the_name_that_a_run_gives_it(service, tmp_path):
    async def go():
        async with service.client() as client:
            for _ in range(2):
                assert await fetch_shard_async(IDS[10:20], tmp_path, client=client, index=1) == {"ok": 10}

    simulated(go)
    assert sorted(asked(service)) == sorted(IDS[10:20])
    service.asked = []
    assert run(service, IDS, tmp_path).status == "done"
    assert not {*asked(service)} & {*IDS[10:20]}


def test_another_operation_is_one_declaration(tmp_path):
    class Other(AsyncMantaGo):
        async def get_points(self, *, client_id):
            return len(client_id)

    fake = FakeMantaGo()
    points = BulkOperation("get_points", {"points": "integer"}, lambda found: [{"points": found}])
    assert repr(points) == "<BulkOperation get_points>"
    client = Other(transport=fake, credentials=fake.credentials)
    export(["a", "bcd"], tmp_path, client=client, operation=points)
    assert [(row["client_id"], row["points"]) for row in rows_in(tmp_path)] == [("a", 1), ("bcd", 3)]
    with pytest.raises(ConfigurationError, match="belongs to another run"):
        export(["a", "bcd"], tmp_path, client=client)


def test_a_bug_in_what_is_told_of_progress_ends_the_run_as_itself(service, tmp_path):
    def broken(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(service, IDS, tmp_path, on_progress=broken)
    assert json.loads((tmp_path / "summary.json").read_text("utf-8"))["reason"] == "ended by ZeroDivisionError"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate": 0}, "rate must be a number of calls a second above zero, not 0"),
        ({"rate": float("inf")}, "rate must be"),
        ({"concurrency": 0}, "concurrency must be a whole number, 1 or more"),
        ({"part_size": 0}, "part_size must be a whole number, 1 or more"),
        ({"format": "xlsx"}, "format must be 'jsonl' or 'parquet', not 'xlsx'"),
    ],
)
def test_an_option_that_cant_be_used_is_refused(options, told, service, tmp_path):
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        run(service, IDS, tmp_path, **options)


def test_parquet_says_which_extra_it_needs(service, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'mantago\[parquet\]'"):
        run(service, IDS, tmp_path, format="parquet")


def test_a_run_is_stopped_by_cancelling_it_and_says_so_in_its_summary(service, tmp_path):
    async def go():
        async with service.client() as client:
            with anyio.move_on_after(1.5):
                await export_async(IDS, tmp_path, client=client, part_size=10, rate=10)

    simulated(go)
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert (summary["status"], summary["reason"], summary["done"]) == ("stopped", "interrupted", 10)
    assert [*outcomes_in(tmp_path)] == IDS[:10]


# --- Parquet, where pyarrow needn't be installed: make integration has the real one --------------------------------------


@pytest.fixture
def arrow(monkeypatch):
    """What is asked of pyarrow, and a file that holds it."""
    asked = {}

    def write_table(table, file, compression):
        file.write(pickle.dumps(table))

    def read_table(file):
        return types.SimpleNamespace(to_pylist=lambda: pickle.load(file))

    def from_pylist(rows, schema):
        asked["schema"] = dict(schema)
        assert all([*row] == [*asked["schema"]] for row in rows)
        return rows

    arrow, parquet = types.ModuleType("pyarrow"), types.ModuleType("pyarrow.parquet")
    arrow.string, arrow.bool_, arrow.list_ = lambda: "string", lambda: "bool", lambda of: f"list of {of}"
    arrow.int64, arrow.float64 = lambda: "int64", lambda: "float64"
    arrow.timestamp, arrow.schema = lambda unit, tz: f"timestamp in {unit}, {tz}", list
    arrow.Table = types.SimpleNamespace(from_pylist=from_pylist)
    parquet.write_table, parquet.read_table = write_table, read_table
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)
    return asked


def test_parquet_has_a_stated_schema_and_what_failed_is_found_in_it(arrow, service, tmp_path):
    service.otherwise = {"client-4": refusal(400, 110000)}
    assert run(service, IDS, tmp_path, format="parquet").failed == 1
    assert arrow["schema"]["created_at"] == arrow["schema"]["fetched_at"] == "timestamp in us, UTC"
    assert (arrow["schema"]["is_expired"], arrow["schema"]["drift"]) == ("bool", "list of string")
    assert len([*tmp_path.glob("part-*.parquet")]) == 3
    service.otherwise, service.asked = {}, []
    assert run(service, IDS, tmp_path, format="parquet", retry_failed=True).failed == 0
    assert asked(service) == ["client-4"]
    with pytest.raises(ConfigurationError, match="belongs to another run"):
        run(service, IDS, tmp_path)
