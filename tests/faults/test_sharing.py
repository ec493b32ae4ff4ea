"""One client shared by threads, tasks, forked processes and event loops: each call gets its own answer, nothing leaks."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import os
import pickle
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import (
    PAIR,
    RUNNERS,
    SOAK,
    Connection,
    answer,
    closed_loops,
    echo_client_id,
    forks,
    friendly,
    head,
    in_a_child,
    needs_fork,
    serving,
    wait_until,
)

from conftest import Connect
from mantago import AsyncMantaGo, MantaGo, MantaGoError
from mantago_runtime.configuration import MAX_CONNECTIONS

CALLS = 20_000 if SOAK else 1_200
SOME_EXPIRE = 2
"""On a slow machine a burst takes so long that connections that were idle in it expire."""


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Any:
    """No thread and no socket of a call outlives its test; tasks end with their event loop."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert {
        thread for thread in threading.enumerate() if thread not in before and "asyncio" not in thread.name
    } == set()


def test_32_threads_that_share_a_client_get_their_own_answers():
    with serving(echo_client_id) as server:
        with MantaGo(**PAIR, base_url=server.base_url) as client, ThreadPoolExecutor(32) as pool:
            results = list(pool.map(lambda name: client.get_client_gifts(client_id=name), map(str, range(320))))
        assert [gifts.extra["echo"] for gifts in results] == [str(number) for number in range(320)]
        assert server.connections <= 32


def test_threads_whose_calls_are_the_first_of_a_client_share_what_is_made_once(monkeypatch):
    made: list[object] = []
    twice, make = threading.Event(), MantaGo._make_sender

    def slowly(options: Any) -> Any:
        made.append(options)
        if len(made) > 1:
            twice.set()
        twice.wait(0.1)
        return make(options)

    monkeypatch.setattr(MantaGo, "_make_sender", staticmethod(slowly))
    with serving(echo_client_id) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: client.generated, range(2))
        assert first is second is client.generated
        assert len(made) == 1
        assert client.get_client_gifts(client_id="a").extra == {"echo": "a"}
    assert wait_until(lambda: server.open_now == 0)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.unmeasured
def test_500_tasks_that_share_a_client_get_their_own_answers_and_stay_within_the_pool(runner):
    async def main() -> list[object]:
        results: list[Any] = [None] * 500

        async def call(number: int) -> None:
            results[number] = (await client.get_client_gifts(client_id=str(number))).extra["echo"]

        async with AsyncMantaGo(**PAIR, base_url=server.base_url) as client, anyio.create_task_group() as tasks:
            for number in range(500):
                tasks.start_soon(call, number)
        return results

    with serving(echo_client_id) as server:
        assert RUNNERS[runner](main) == [str(number) for number in range(500)]
        assert server.connections <= MAX_CONNECTIONS * SOME_EXPIRE


def echo_late(connection: Connection) -> None:
    """Answer with the client id, some milliseconds late, in two pieces."""
    while request := connection.request():
        time.sleep(0.003 * random.random())
        whole = answer({"success": True, "message": "m", "echo": request.json["clientId"]})
        connection.send(whole[:30])
        time.sleep(0.003 * random.random())
        connection.send(whole[30:])


# httpx sends the body of a request from a generator, which trio wants to be closed when a task is cancelled in it.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx._content:ResourceWarning")
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_client_is_usable_after_tasks_were_cancelled_at_random_moments(runner):
    wrong: list[object] = []

    async def main() -> None:
        async def call(number: int) -> None:
            # From before the connection is made to after the answer was read.
            with anyio.move_on_after(random.choice([0, 0.001, 0.004, 0.008, 0.02, 1])):
                gifts = await client.get_client_gifts(client_id=str(number))
                if gifts.extra["echo"] != str(number):
                    wrong.append(gifts)

        async with AsyncMantaGo(**PAIR, base_url=server.base_url) as client:
            for wave in range(CALLS // 200):
                async with anyio.create_task_group() as tasks:
                    for number in range(50):
                        tasks.start_soon(call, wave * 50 + number)
            # As many at once as the pool holds: a place that a cancelled call kept would be missed.
            with anyio.fail_after(10):
                async with anyio.create_task_group() as tasks:
                    for _ in range(MAX_CONNECTIONS):
                        tasks.start_soon(functools.partial(client.get_client_gifts, client_id="after"))

    with serving(echo_late) as server:
        RUNNERS[runner](main)
        assert wrong == []
        # A server sees a close some moments later than the client that closed.
        assert server.most_open <= MAX_CONNECTIONS * 1.25
        assert wait_until(lambda: server.open_now == 0)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.unmeasured
def test_event_loops_one_after_another_share_a_client_and_leave_nothing_open(runner):
    async def call() -> object:
        gifts = await client.get_client_gifts(client_id="a")
        return gifts.extra["echo"]

    # Other tests may have left some: what they keep isn't ours.
    before = closed_loops()
    with serving(echo_client_id) as server:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url)
        for number in range(20):
            assert RUNNERS[runner](call) == "a"
            assert server.connections == number + 1
            assert wait_until(lambda: server.open_now == 0)
        RUNNERS[runner](client.aclose)
    assert closed_loops() <= before


def test_event_loops_in_several_threads_share_a_client():
    async def calls() -> list[object]:
        return [(await client.get_client_gifts(client_id=str(number))).extra["echo"] for number in range(20)]

    with serving(echo_client_id) as server:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url)
        with ThreadPoolExecutor(8) as pool:
            for answers in pool.map(lambda _: asyncio.run(calls()), range(16)):
                assert answers == [str(number) for number in range(20)]
        assert server.connections == 16
        asyncio.run(client.aclose())


# --- fork -----------------------------------------------------------------------------------------------------------


def echoes(client: MantaGo, name: str, times: int = 5) -> bool:
    return all(client.get_client_gifts(client_id=name).extra["echo"] == name for _ in range(times))


def echo_process(connection: Connection) -> None:
    """Answer with what this connection was asked for the first time: whoever shares it, gets another's answer."""
    first = None
    while request := connection.request():
        first = first or request.json["clientId"]
        connection.send(answer({"success": True, "message": "m", "echo": first}))


@needs_fork
@forks
def test_a_forked_child_and_its_parent_both_keep_working_and_never_share_a_socket():
    with serving(echo_process) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        assert echoes(client, "parent")

        def work() -> bool:
            good = echoes(client, "child")
            client.close()
            return good

        child = in_a_child(work)
        assert echoes(client, "parent")
        assert os.waitpid(child, 0)[1] == 0
        assert echoes(client, "parent")
        assert server.connections == 2


MODULE_LEVEL: list[MantaGo] = []
"""Where a web application keeps its client: made at import, before the server forks its workers."""


@needs_fork
@forks
@pytest.mark.parametrize("used_before", [False, True], ids=["unused before", "used before"])
def test_a_module_level_client_serves_each_worker_of_a_pre_forking_server(used_before):
    with serving(echo_process) as service:
        MODULE_LEVEL[:] = [MantaGo(**PAIR, base_url=service.base_url)]
        if used_before:
            assert echoes(MODULE_LEVEL[0], "master")
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def worker() -> bool:
                name = f"worker {os.getpid()}"
                for _ in range(3):
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"good" if echoes(MODULE_LEVEL[0], name) else b"bad")
                return True

            children = [in_a_child(worker) for _ in range(4)]
            heard = []
            for _ in range(12):
                with socket.create_connection(listener.getsockname()) as visitor:
                    heard.append(visitor.recv(10))
            assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert heard == [b"good"] * 12
        assert service.connections == 4 + used_before
        assert echoes(MODULE_LEVEL[0], "master")
        MODULE_LEVEL.pop().close()


@needs_fork
@forks
def test_a_fork_in_the_middle_of_other_threads_calls_leaves_the_child_a_client_that_works():
    with serving(echo_late) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        stop = threading.Event()

        def keep_calling() -> None:
            while not stop.is_set():
                assert echoes(client, "thread", 1)

        with ThreadPoolExecutor(4) as pool:
            calling = [pool.submit(keep_calling) for _ in range(4)]
            children = []
            for _ in range(6):
                time.sleep(0.01)
                children.append(in_a_child(lambda: echoes(client, "child")))
            statuses = [os.waitpid(child, 0)[1] for child in children]
            stop.set()
            for future in calling:
                future.result()
        assert statuses == [0] * 6


FORK_IN_AN_IMPORT = """
import asyncio, inspect, os, signal, sys, threading
import mantago

importing, forked = threading.Event(), threading.Event()

class Slow:
    def find_spec(name, *_):
        if name == sys.argv[2]:
            importing.set()
            forked.wait(0.2)

async def main():
    answer = client.get_client_gifts(client_id="a")
    if inspect.isawaitable(answer):
        await answer

def call():
    try:
        asyncio.run(main())
    except mantago.APIConnectionError as error:
        return error.attempts == 1

client = getattr(mantago, sys.argv[1])(bot_id="b", token="t", secret="s", base_url="http://127.0.0.1:1", max_retries=0)
sys.meta_path.insert(0, Slow)
thread = threading.Thread(target=call)
thread.start()
assert importing.wait(5)
child = os.fork()
if child == 0:
    signal.alarm(5)
    os._exit(0 if call() else 2)
forked.set()
thread.join()
assert call()
print(os.waitpid(child, 0)[1])
"""


@needs_fork
@forks
@pytest.mark.parametrize(
    ("kind", "module"),
    [("MantaGo", "attrs"), ("MantaGo", "httpcore"), ("MantaGo", "stringprep"), ("AsyncMantaGo", "anyio.abc")],
)
def test_a_fork_in_the_middle_of_what_another_threads_first_call_imports_leaves_the_child_its_client(kind, module):
    command = [sys.executable, "-W", "ignore", "-c", FORK_IN_AN_IMPORT, kind, module]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"


@needs_fork
@forks
def test_an_asynchronous_client_serves_parent_and_child_each_in_loops_of_its_own():
    with serving(echo_process) as server:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url)

        async def call(name: str) -> bool:
            return all([(await client.get_client_gifts(client_id=name)).extra["echo"] == name for _ in range(3)])

        assert asyncio.run(call("parent"))
        child = in_a_child(lambda: asyncio.run(call("child")))
        assert asyncio.run(call("parent again"))
        assert os.waitpid(child, 0)[1] == 0
        assert server.connections == 3
        asyncio.run(client.aclose())


# --- overload -------------------------------------------------------------------------------------------------------


def slow(seconds: float) -> Callable[[Connection], None]:
    def script(connection: Connection) -> None:
        while connection.request():
            time.sleep(seconds)
            connection.send(answer())

    return script


def calls_at_once(driver: Any, number: int) -> list[Any]:
    """Make so many calls at once; return what each returned or raised."""
    if driver.flavour == "sync":

        def call(_: int) -> Any:
            try:
                return driver.get_client_gifts(client_id="a")
            except MantaGoError as error:
                return error

        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(call, range(number)))

    async def gather() -> list[Any]:
        calls = (driver.client.get_client_gifts(client_id="a") for _ in range(number))
        return await asyncio.gather(*calls, return_exceptions=True)

    return driver.runner.run(gather())


@pytest.mark.parametrize("number", [64, 256])
@pytest.mark.unmeasured
def test_bursts_find_the_connections_of_the_burst_before(connect: Connect, number):
    with serving(slow(0.02)) as server:
        driver = connect(base_url=server.base_url)
        for _ in range(3):
            assert not [result for result in calls_at_once(driver, number) if isinstance(result, Exception)]
        assert server.connections <= MAX_CONNECTIONS * SOME_EXPIRE


@pytest.mark.unmeasured
def test_a_full_pool_waits_within_the_deadline(connect: Connect):
    with serving(slow(0.8)) as server:
        driver = connect(base_url=server.base_url, timeout=20)
        results = calls_at_once(driver, MAX_CONNECTIONS * 2)
        assert not [result for result in results if isinstance(result, Exception)]
        assert server.connections <= MAX_CONNECTIONS * SOME_EXPIRE
        driver = connect(base_url=server.base_url, timeout=1.2, max_retries=0)
        late = [result for result in calls_at_once(driver, MAX_CONNECTIONS * 2) if isinstance(result, Exception)]
        # Half of them had no connection before the others' answers came, and so not enough time for their own.
        assert len(late) > MAX_CONNECTIONS / 2
        assert {type(error).__name__ for error in late} == {"APITimeoutError"}
        assert min(error.elapsed for error in late) >= 1.2


# --- the end --------------------------------------------------------------------------------------------------------


def test_use_after_close_is_a_clear_error_and_closing_twice_is_fine(connect: Connect):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url)
        driver.get_client_gifts(client_id="a")
        for _ in range(2):
            driver.runner.run(driver.client.aclose()) if driver.flavour == "async" else driver.client.close()
        assert wait_until(lambda: server.open_now == 0)
        with pytest.raises(MantaGoError, match="this client is closed: make a new one"):
            driver.get_client_gifts(client_id="a")
        assert server.connections == 1


def test_a_call_under_way_when_another_thread_closes_the_client_ends(connect: Connect):
    with serving(slow(0.3)) as server, MantaGo(**PAIR, base_url=server.base_url, timeout=3) as client:
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(client.get_client_gifts, client_id="a")
            assert wait_until(lambda: server.requests != [])
            client.close()
            try:
                assert under_way.result(timeout=5).tickets == ()
            except MantaGoError as error:
                assert "closed" in str(error) or "no answer" in str(error)


@pytest.mark.parametrize("attempt", [pickle.dumps, copy.copy, copy.deepcopy])
def test_pickling_a_client_that_is_in_use_is_refused_with_what_to_do(connect: Connect, attempt):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url)
        driver.get_client_gifts(client_id="a")
        with pytest.raises(TypeError, match="make a client in each process, from the environment"):
            attempt(driver.client)


# --- leaks ----------------------------------------------------------------------------------------------------------


def changing_faults() -> Callable[[Connection], None]:
    """Most answers are good, and each has a field of another name; others are cut, refused, slow or no JSON."""
    numbers = iter(range(10**9))
    faults = {
        3: lambda: head(Content_Length=10),
        5: lambda: answer(b"<html>"),
        7: lambda: answer({"success": False, "errResponse": {"message": "x" * 1000, "code": 37011}}, 404),
        11: lambda: b"HTTP/1.1 200 OK\r\n",
    }

    def script(connection: Connection) -> None:
        while connection.request():
            connection.server.requests.clear()
            number = next(numbers)
            fault = faults.get(number % 40)
            connection.send(fault() if fault else answer({"success": True, "message": "m", f"field {number}": number}))
            if number % 40 in (3, 11):
                return

    return script


def resident() -> int:
    """Return the bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system has no /proc to measure with")
@pytest.mark.unmeasured
def test_calls_that_succeed_and_fail_leave_no_memory_descriptor_thread_or_task(connect: Connect, caplog):
    caplog.set_level("CRITICAL")
    with serving(changing_faults()) as server:
        driver = connect(base_url=server.base_url, max_retries=0)
        seen: set[str] = set()

        def some(number: int) -> None:
            for _ in range(number):
                try:
                    driver.get_client_gifts(client_id="a")
                    seen.add("gifts")
                except MantaGoError as error:
                    seen.add(type(error).__name__)

        def measure() -> tuple[int, int, int]:
            gc.collect()
            tasks = len(asyncio.all_tasks(driver.runner.get_loop())) if driver.flavour == "async" else 0
            return descriptors(), threading.active_count(), tasks

        some(CALLS // 4)  # what is made once is made, and what is kept for its own sake is kept
        before, memory = measure(), resident()
        some(CALLS - CALLS // 4)
        after, grown = measure(), resident() - memory
        assert wait_until(lambda: all(now <= then for now, then in zip(measure(), before, strict=True))), (
            before,
            after,
        )
        assert seen == {"gifts", "APIConnectionError", "InvalidResponseError", "ClientNotFoundError"}
        print(
            f"{driver.flavour}: {CALLS} calls, {grown / 1e6:+.1f} MB, {before} -> {after}, {server.connections} connections"
        )
        assert grown < 3_000_000 + CALLS * 50


# --- clients of one another -----------------------------------------------------------------------------------------


def test_what_with_options_gives_uses_the_same_connections(connect: Connect):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url)
        other = copy.copy(driver)
        other.client = driver.client.with_options(timeout=5, headers={"X-A": "1"})
        for each in (driver, other, driver):
            each.get_client_gifts(client_id="a")
        assert server.connections == 1
        assert [request.headers.get("x-a") for request in server.requests] == [None, "1", None]


def test_connections_live_as_long_as_anything_uses_them_and_are_then_warned_of():
    with serving(friendly) as server:
        clients = [MantaGo(**PAIR, base_url=server.base_url).with_options(timeout=5)]
        for _ in range(2):
            clients[0].with_options(max_retries=0).get_client_gifts(client_id="a")
            gc.collect()
        assert server.connections == 1
        with pytest.warns(ResourceWarning, match="was dropped, but not closed"):
            clients.clear()
        gc.collect()


@needs_fork
@forks
def test_a_forked_child_has_connections_of_its_own_through_what_with_options_gives():
    with serving(echo_process) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        other = client.with_options(timeout=5)
        assert echoes(other, "parent")
        child = in_a_child(lambda: echoes(other, "child"))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert echoes(other, "parent")
        assert server.connections == 2


FORK_AT_ANY_MOMENT = """
import os, signal, sys, threading, time
import mantago

def call():
    try:
        client.get_client_gifts(client_id="a")
    except mantago.APIConnectionError:
        return True

client = mantago.MantaGo(bot_id="b", token="t", secret="s", base_url="http://127.0.0.1:1", max_retries=0)
threads = [threading.Thread(target=call) for _ in range(4)]
for thread in threads:
    thread.start()
time.sleep(float(sys.argv[1]))
child = os.fork()
if child == 0:
    signal.alarm(5)
    os._exit(0 if call() else 2)
for thread in threads:
    thread.join()
print(os.waitpid(child, 0)[1])
"""


@needs_fork
@pytest.mark.parametrize("seconds", [0, 0.005, 0.02, 0.06])
def test_a_fork_among_the_first_calls_of_many_threads_leaves_the_child_its_client(seconds):
    command = [sys.executable, "-W", "ignore", "-c", FORK_AT_ANY_MOMENT, str(seconds)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"
