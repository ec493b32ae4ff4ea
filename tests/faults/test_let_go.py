"""What a client keeps ends with it, or with the event loop or process that it belongs to."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
import pytest
import trio
from scripted import PAIR, RUNNERS, closed_loops, forks, friendly, in_a_child, needs_fork, serving, wait_until

from mantago import AsyncMantaGo, MantaGo

ENGINES = ("httpcore", "httptools")


def drop(clients: list[Any]) -> None:
    clients.clear()
    gc.collect()


def in_a_loop_of_its_own(main: Callable[[], Any]) -> Any:
    """Run a loop and close it as a library does that knows nothing of asynchronous generators."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


# asyncio says of each connection that it belonged to a loop that was just closed.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.unmeasured
def test_loops_that_are_just_closed_are_let_go_with_their_connections_while_the_client_lives(engine):
    before = closed_loops()
    with serving(friendly) as server:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url, engine=engine)
        for _ in range(5):
            in_a_loop_of_its_own(lambda: client.get_client_gifts(client_id="a"))
        assert closed_loops() == before
        assert wait_until(lambda: server.open_now == 0)
        assert server.connections == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_a_client_that_is_dropped_closes_its_connections_and_says_so(engine):
    with serving(friendly) as server:
        clients = [MantaGo(**PAIR, base_url=server.base_url, engine=engine)]
        clients[0].get_client_gifts(client_id="a")
        with pytest.warns(ResourceWarning, match=r"client of 127\.0\.0\.1:\d+ was dropped, but not closed"):
            drop(clients)
        assert wait_until(lambda: server.open_now == 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_client_that_is_dropped_in_a_loop_closes_its_connections_and_says_so(runner, engine):
    async def main() -> None:
        client: Any = AsyncMantaGo(**PAIR, base_url=server.base_url, engine=engine)
        await client.get_client_gifts(client_id="a")
        stack = weakref.ref(client._sending.sender.transport)
        with warnings.catch_warnings(record=True) as said:  # trio says so too, of what closes them
            warnings.simplefilter("always")
            del client
            gc.collect()
        assert "was dropped, but not closed" in str([warning.message for warning in said])
        await anyio.to_thread.run_sync(wait_until, lambda: server.open_now == 0)
        assert server.open_now == 0
        assert stack() is None

    with serving(friendly) as server:
        RUNNERS[runner](main)


def test_a_client_that_another_thread_drops_closes_its_connections_in_its_loop():
    dropped: list[Any] = []

    async def main() -> None:
        dropped.append(AsyncMantaGo(**PAIR, base_url=server.base_url))
        await dropped[0].get_client_gifts(client_id="a")
        with pytest.warns(ResourceWarning, match="was dropped, but not closed"):
            await asyncio.to_thread(drop, dropped)
        await asyncio.to_thread(wait_until, lambda: server.open_now == 0)
        assert server.open_now == 0

    with serving(friendly) as server:
        asyncio.run(asyncio.wait_for(main(), 5), debug=True)  # refuses what another thread does to a loop


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.unmeasured
def test_clients_that_were_closed_leave_nothing_in_a_loop_that_goes_on(runner):
    def slots(kind: type) -> int:
        gc.collect()
        return sum(isinstance(thing, kind) for thing in gc.get_objects())

    async def main() -> None:
        client = AsyncMantaGo(**PAIR, base_url=server.base_url)
        kind, before = type(client._sending.sender.transport._io), slots(type(client._sending.sender.transport._io))
        for _ in range(5):
            async with AsyncMantaGo(**PAIR, base_url=server.base_url) as client:
                await client.get_client_gifts(client_id="a")
        assert slots(kind) <= before

    with serving(friendly) as server:
        RUNNERS[runner](main)


def test_a_client_that_was_closed_or_whose_loop_has_ended_says_nothing_when_it_is_dropped(recwarn):
    with serving(friendly) as server:
        with MantaGo(**PAIR, base_url=server.base_url) as client:
            client.get_client_gifts(client_id="a")
        asynchronous: Any = AsyncMantaGo(**PAIR, base_url=server.base_url)
        asyncio.run(asynchronous.get_client_gifts(client_id="a"))
        clients = [client, asynchronous, MantaGo(**PAIR, base_url=server.base_url)]
        trio.run(functools.partial(clients[1].get_client_gifts, client_id="a"))
        del client, asynchronous
        drop(clients)
    assert not recwarn.list


@needs_fork
@forks
def test_a_forked_child_that_calls_lets_go_of_its_parents_connections():
    with serving(friendly) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        client.get_client_gifts(client_id="a")
        called, (told, tell) = os.pipe(), os.pipe()

        def work() -> bool:
            client.get_client_gifts(client_id="b")
            os.write(called[1], b"!")
            return os.read(told, 1) == b"!"

        child = in_a_child(work)
        assert os.read(called[0], 1) == b"!"
        client.close()
        closed = wait_until(lambda: server.open_now == 1)  # the child's own
        os.write(tell, b"!")
        assert os.waitpid(child, 0)[1] == 0
        assert closed
        for descriptor in (*called, told, tell):
            os.close(descriptor)
