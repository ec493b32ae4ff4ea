"""Connections that are kept: none that the server gave up is used, and a retry doesn't meet the next dead one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
from scripted import MAY_ACT, PAIR, READS, Connection, Script, answer, each, once, refusal, serving, tls_of, trust
from trustme import CA

from conftest import GOOD, Connect
from mantago import APIConnectionError, APIStatusError, AsyncMantaGo, CallRetried

ENGINES = ("httpcore", "httptools")
GOOD_ANSWER = answer()


class GivingUp:
    """A server that does something to its first connection, which is kept after an answer, when it is told to."""

    def __init__(self, does: Callable[[Connection], object]) -> None:
        self._does = does
        self._told, self._done = threading.Event(), threading.Event()
        self._connections: list[Connection] = []

    def __call__(self, connection: Connection) -> None:
        self._connections.append(connection)
        while connection.request():
            connection.send(GOOD_ANSWER)
            if connection is self._connections[0]:
                assert self._told.wait(5)
                self._does(connection)
                self._done.set()
                connection.wait_for_the_end()
                return

    def now(self) -> None:
        """Do it, and return when it is done: what the client sees of it is there by then."""
        self._told.set()
        assert self._done.wait(5)


GIVEN_UP: dict[str, Callable[[Connection], object]] = {
    "closes it": lambda connection: connection.socket.shutdown(1),
    "says 408 and closes it": lambda connection: (connection.send(refusal(408)), connection.socket.shutdown(1)),
    "says something unasked": lambda connection: connection.send(GOOD_ANSWER),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", GIVEN_UP)
def test_a_kept_connection_is_not_used_when_the_server_meanwhile(connect: Connect, engine, what):
    """asyncio's loop isn't run between the two calls, so that it can't have heard of it."""
    giving_up = GivingUp(GIVEN_UP[what])
    with serving(giving_up) as server:
        driver = connect(base_url=server.base_url, engine=engine, max_retries=0)
        driver.get_client_gifts(client_id="a")
        giving_up.now()
        driver.get_client_gifts(client_id="a")
        assert len(server.requests) == server.connections == 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", GIVEN_UP)
@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_a_kept_connection_is_not_used_when_the_loop_stood_still_while_the_server(runner, engine, what):
    giving_up = GivingUp(GIVEN_UP[what])

    async def main() -> None:
        async with AsyncMantaGo(**PAIR, base_url=server.base_url, engine=engine, max_retries=0) as client:
            await client.get_client_gifts(client_id="a")
            giving_up.now()
            await client.get_client_gifts(client_id="a")

    with serving(giving_up) as server:
        run(runner, main)
        assert len(server.requests) == server.connections == 2


def run(runner: str, main: Callable[[], Any]) -> Any:
    import asyncio

    return trio.run(main) if runner == "trio" else asyncio.run(main())


def test_a_kept_connection_is_not_used_when_the_server_closed_it_under_tls(connect: Connect, tmp_path, monkeypatch):
    authority, giving_up = CA(), GivingUp(GIVEN_UP["closes it"])
    trust(authority, tmp_path, monkeypatch)
    with serving(giving_up, tls=tls_of(authority)) as server:
        driver = connect(base_url=server.base_url, max_retries=0)
        driver.get_client_gifts(client_id="a")
        giving_up.now()
        driver.get_client_gifts(client_id="a")
        assert server.connections == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_what_comes_with_an_answer_is_never_the_answer_to_the_next_request(connect: Connect, engine):
    def script(connection: Connection) -> None:
        while connection.request():
            connection.send(answer(GOOD | {"n": server.connections}) + answer(GOOD | {"n": "nobody asked"}))

    with serving(script) as server:
        driver = connect(base_url=server.base_url, engine=engine, max_retries=0)
        assert [driver.get_client_gifts(client_id="a").extra for _ in range(2)] == [{"n": 1}, {"n": 2}]


def two_kept_that_die(both: threading.Barrier) -> Script:
    """Two connections are kept and cut at their next request; what is made later works."""
    connections: list[Connection] = []

    def script(connection: Connection) -> None:
        connections.append(connection)
        if len(connections) > 2:
            while connection.request():
                connection.send(GOOD_ANSWER)
            return
        connection.request()
        both.wait(5)
        connection.send(GOOD_ANSWER)
        connection.request()
        connection.reset()

    return script


def two_at_once(driver: Any) -> None:
    if driver.flavour == "sync":
        calls = [threading.Thread(target=driver.get_client_gifts, kwargs={"client_id": "a"}) for _ in range(2)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        return

    async def both() -> None:
        import asyncio

        await asyncio.gather(*(driver.client.get_client_gifts(client_id="a") for _ in range(2)))

    driver.runner.run(both())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_retry_after_a_failure_on_a_kept_connection_takes_a_new_one_at_once(connect: Connect, engine):
    told: list[Any] = []
    with serving(two_kept_that_die(threading.Barrier(2))) as server:
        options = {"max_retries": 1, "on_event": told.append, "jitter": lambda: 1.0}
        driver = connect(base_url=server.base_url, engine=engine, **options)
        two_at_once(driver)
        assert driver.get_client_gifts(client_id="a").tickets == ()
        assert [event.wait for event in told if isinstance(event, CallRetried)] == [0.0]
        assert server.connections == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_on_a_kept_connection_is_raised_where_there_are_to_be_no_retries(connect: Connect, engine):
    with serving(each(GOOD_ANSWER, None, GOOD_ANSWER)) as server:
        driver = connect(base_url=server.base_url, engine=engine, max_retries=0)
        driver.get_client_gifts(client_id="a")
        with pytest.raises(APIConnectionError, match=r"\(1 attempt"):
            driver.get_client_gifts(client_id="a")
        assert len(server.requests) == 2


def test_an_answer_cut_in_the_middle_is_waited_for_before_a_new_connection_is_made(connect: Connect):
    told: list[Any] = []
    cut = GOOD_ANSWER[:-1]

    def script(connection: Connection) -> None:
        connection.request()
        connection.send(GOOD_ANSWER)
        if server.connections == 1 and connection.request():
            connection.send(cut)

    with serving(script) as server:
        driver = connect(base_url=server.base_url, on_event=told.append, jitter=lambda: 0.01)
        for _ in range(2):
            driver.get_client_gifts(client_id="a")
        assert [event.wait for event in told if isinstance(event, CallRetried)] == [0.005]


# What the server answers to a second request on a kept connection, how often it is asked, and how it ends.
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("path", "requests"), [(READS, 3), (MAY_ACT, 2)])
def test_a_408_on_a_kept_connection_is_sent_again_only_by_an_operation_that_reads(
    connect: Connect, engine, path, requests
):
    told: list[Any] = []
    with serving(each(GOOD_ANSWER, refusal(408), GOOD_ANSWER)) as server:
        driver = connect(base_url=server.base_url, engine=engine, on_event=told.append, jitter=lambda: 1.0)
        driver.request("POST", path, json={})
        if path == READS:
            assert driver.request("POST", path, json={}).status_code == 200
            assert [event.wait for event in told if isinstance(event, CallRetried)] == [0.0]
        else:
            with pytest.raises(APIStatusError, match="408"):
                driver.request("POST", path, json={})
        assert len(server.requests) == requests
        assert server.connections == requests - 1


def test_a_408_on_a_new_connection_is_the_answer(connect: Connect):
    with serving(once(refusal(408))) as server:
        with pytest.raises(APIStatusError, match="408"):
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
        assert len(server.requests) == 1
