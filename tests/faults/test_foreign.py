"""What a caller's own code raises in the middle of a call comes out as it is, and nothing is sent again for it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpcore
import httpx
import pytest
import trio
import trustme
from scripted import PAIR, Connection, Script, friendly, full_backlog, hang, head, serving, tls_of, trust

from conftest import Connect
from mantago import APIConnectionError, AsyncMantaGo, Credentials, MantaGo

ENGINES = ("httpcore", "httptools")
needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")


class OwnError(TimeoutError):
    """What a caller raises for itself."""


OWN: dict[str, Callable[[], Exception]] = {
    "TimeoutError": lambda: TimeoutError("mine"),
    "a kind of TimeoutError": lambda: OwnError("mine"),
    "ConnectionError": lambda: ConnectionError("mine"),
    "OSError": OSError,
    "httpx.ReadTimeout": lambda: httpx.ReadTimeout("mine"),
}


@contextlib.contextmanager
def alarm(raised: Exception, seconds: float = 0) -> Iterator[None]:
    """Raise something in the main thread, as programs do that limit the time of whatever they call."""

    def handler(*_: object) -> None:
        raise raised

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ring(connection: Connection) -> None:
    """Set the alarm off in the thread that calls, and do no more."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)  # type: ignore[arg-type]
    connection.wait_for_the_end()


def of_tls(connection: Connection) -> None:
    connection.socket.recv(1)
    ring(connection)


def before_the_answer(connection: Connection) -> None:
    connection.request()
    ring(connection)


def in_the_body(connection: Connection) -> None:
    connection.request()
    connection.send(head(Content_Length=9))
    ring(connection)


def in_the_request(connection: Connection) -> None:
    connection.socket.recv(1)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)  # type: ignore[arg-type]
    while connection.server.open_now and not connection.server.requests:
        if not connection.socket.recv(1):
            return


PLACES: dict[str, Script] = {
    "waits for the answer": before_the_answer,
    "waits for the body": in_the_body,
    "sends": in_the_request,
}


@needs_alarm
@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", PLACES)
def test_an_alarm_of_the_callers_is_no_failure_of_the_network_when_a_call(place, engine, own):
    raised = OWN[own]()
    client_id = "a" * (10_000_000 if place == "sends" else 1)
    with serving(PLACES[place], receive_buffer=10_000) as server:
        with MantaGo(**PAIR, base_url=server.base_url, engine=engine) as client:
            with pytest.raises(type(raised)) as caught, alarm(raised):
                client.get_client_gifts(client_id=client_id)
        assert caught.value is raised
        assert server.connections == 1


@needs_alarm
@pytest.mark.parametrize("own", OWN)
def test_an_alarm_of_the_callers_is_no_failure_of_the_network_when_a_call_connects(own):
    raised = OWN[own]()
    with full_backlog() as port, MantaGo(**PAIR, base_url=f"http://127.0.0.1:{port}") as client:
        with pytest.raises(type(raised)) as caught, alarm(raised, 0.2):
            client.get_client_gifts(client_id="a")
    assert caught.value is raised


@needs_alarm
@pytest.mark.parametrize("own", OWN)
def test_an_alarm_of_the_callers_is_no_failure_of_the_network_when_a_call_shakes_hands(own):
    raised = OWN[own]()
    with serving(of_tls) as server, MantaGo(**PAIR, base_url=f"https://127.0.0.1:{server.port}") as client:
        with pytest.raises(type(raised)) as caught, alarm(raised):
            client.get_client_gifts(client_id="a")
        assert caught.value is raised
        assert server.connections == 1


@needs_alarm
@pytest.mark.parametrize("own", OWN)
def test_an_alarm_of_the_callers_is_no_failure_of_the_network_under_tls(own, tmp_path, monkeypatch):
    raised, authority = OWN[own](), trustme.CA()
    trust(authority, tmp_path, monkeypatch)
    with serving(in_the_body, tls=tls_of(authority)) as server, MantaGo(**PAIR, base_url=server.base_url) as client:
        with pytest.raises(type(raised)) as caught, alarm(raised):
            client.get_client_gifts(client_id="a")
        assert caught.value is raised
        assert server.connections == 1


@pytest.mark.parametrize("own", OWN)
def test_what_the_callers_resolver_raises_of_its_own_comes_out_as_it_is(own, monkeypatch):
    raised = OWN[own]()

    def resolve(*_: object, **__: object) -> list[Any]:
        raise raised

    with MantaGo(**PAIR, base_url="https://mantago.invalid") as client:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with pytest.raises(type(raised)) as caught:
            client.get_client_gifts(client_id="a")
    assert caught.value is raised


PROVIDERS: dict[str, Callable[[], Exception]] = {
    **OWN,
    "LookupError": lambda: LookupError("the vault is sealed"),
    "httpcore.ReadError": lambda: httpcore.ReadError("the vault's own network"),
}


@pytest.mark.parametrize("own", PROVIDERS)
@pytest.mark.parametrize("form", ["plain", "asynchronous"])
def test_what_a_callable_for_credentials_raises_comes_out_as_it_is(connect: Connect, own, form):
    raised, asked = PROVIDERS[own](), []

    def plain() -> Credentials:
        asked.append("plain")
        raise raised

    async def asynchronous() -> Credentials:
        await asyncio.sleep(0)
        return plain()

    with serving(friendly) as server:
        driver = connect(base_url=server.base_url, credentials=plain)
        if form == "asynchronous" and driver.flavour == "async":
            driver = connect(base_url=server.base_url, credentials=asynchronous)
        with pytest.raises(type(raised)) as caught:
            driver.get_client_gifts(client_id="a")
        assert caught.value is raised
        assert asked == ["plain"]
        assert server.requests == []


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_body_of_a_request_raises_comes_out_as_it_is(connect: Connect, engine, own):
    raised = OWN[own]()

    def pieces() -> Iterator[bytes]:
        yield b"{"
        raise raised

    async def async_pieces() -> Any:
        for piece in pieces():
            yield piece

    with serving(friendly) as server:
        driver = connect(base_url=server.base_url, engine=engine)
        content: Any = pieces() if driver.flavour == "sync" else async_pieces()
        with pytest.raises(type(raised)) as caught:
            driver.request("POST", "/openapi/client/gift", content=content)
        assert caught.value is raised
        assert server.connections <= 1


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_a_timeout_that_a_task_sets_for_itself_is_its_own(runner):
    async def main() -> None:
        async with AsyncMantaGo(**PAIR, base_url=server.base_url) as client:
            with pytest.raises(TimeoutError) as caught:
                with anyio.fail_after(0.1):
                    await client.get_client_gifts(client_id="a")
            assert type(caught.value) is TimeoutError

    with serving(hang) as server:
        trio.run(main) if runner == "trio" else asyncio.run(main())
        assert server.connections == 1


def test_what_a_transport_of_the_callers_raises_is_the_networks(connect: Connect):
    def handler(_: httpx.Request) -> httpx.Response:
        raise OSError("no route")

    with pytest.raises(APIConnectionError, match="no route"):
        connect(handler, max_retries=0).get_client_gifts(client_id="a")
