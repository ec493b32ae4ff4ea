"""Failures of the machine in a call, and addresses that don't answer, are the network's: ours, with what was wrong."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from scripted import PAIR, Connection, friendly, head, serving

from conftest import Connect
from mantago import APIConnectionError, AsyncMantaGo
from mantago_runtime.concurrency import run_sync
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.connections.sockets import connect_first
from mantago_runtime.connections.tls import _cached_context

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse a connection when the queue is full")


def alone(program: str, *arguments: str) -> str:
    """Run a program in a process of its own; return what it prints."""
    command = [sys.executable, "-c", program, *arguments]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), **os.environ}
    return subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment, text=True).stdout


NO_DESCRIPTOR = """
import anyio, asyncio, os, resource, sys, trio
from mantago import AsyncMantaGo, MantaGo
from mantago_runtime.concurrency import run_sync
options = dict(bot_id="b", token="t", secret="s", max_retries=0, engine=sys.argv[2])

async def call():
    async with AsyncMantaGo(**options, base_url=sys.argv[1]) as client:
        await client.get_client_gifts(client_id="a")
        await client._sending.sender.transport._io.get().shut()
        await anyio.sleep(0.05)  # asyncio closes a moment later
        taken = take()
        try:
            await client.get_client_gifts(client_id="a")
        finally:
            for one in taken:
                os.close(one)

def call_synchronously():
    with MantaGo(**options, base_url=sys.argv[1]) as client:
        client.get_client_gifts(client_id="a")
        run_sync(client._sending.sender.transport._io.get().shut())
        taken = take()
        try:
            client.get_client_gifts(client_id="a")
        finally:
            for one in taken:
                os.close(one)

def take():
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return taken

resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
for run in (call_synchronously, lambda: asyncio.run(call()), lambda: trio.run(call)):
    try:
        run()
        print("no failure")
    except BaseException as error:
        print(type(error).__name__, str(error).partition(":")[2])
"""


@linux
@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
def test_a_call_without_a_descriptor_left_is_a_connection_failure_that_says_so(engine):
    with serving(friendly) as server:
        told = alone(NO_DESCRIPTOR, server.base_url, engine).splitlines()
    assert len(told) == 3
    for line in told:
        assert line.startswith("APIConnectionError"), told
        assert "Too many open files" in line


AT_EXIT = """
import asyncio, atexit, sys, threading
from mantago import AsyncMantaGo, MantaGo

async def call():
    async with AsyncMantaGo(bot_id="b", token="t", secret="s", max_retries=0, base_url=sys.argv[1]) as client:
        await client.get_client_gifts(client_id="a")

def call_synchronously():
    with MantaGo(bot_id="b", token="t", secret="s", max_retries=0, base_url=sys.argv[1]) as client:
        client.get_client_gifts(client_id="a")

def at_exit():
    for run in (call_synchronously, lambda: asyncio.run(call()), lambda: __import__("trio").run(call)):
        try:
            run()
            print("answered")
        except BaseException as error:
            print(type(error).__name__)

import concurrent.futures, trio
atexit.register(at_exit)
"""


def test_a_numeric_host_is_called_even_while_the_interpreter_ends():
    with serving(friendly) as server:
        assert alone(AT_EXIT, server.base_url).splitlines() == ["answered"] * 3


def test_a_named_host_that_cannot_be_looked_up_as_the_interpreter_ends_is_a_connection_failure():
    with serving(friendly) as server:
        told = alone(AT_EXIT, f"http://localhost:{server.port}").splitlines()
    assert told[0] == "answered"  # threads need no thread for it
    assert set(told[1:]) <= {"answered", "APIConnectionError"}
    assert len(told) == 3


def test_an_executor_that_takes_nothing_more_is_a_connection_failure():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await loop.shutdown_default_executor()
        async with AsyncMantaGo(**PAIR, base_url="https://mantago.invalid", max_retries=0) as client:
            with pytest.raises(APIConnectionError, match="Executor shutdown has been called"):
                await client.get_client_gifts(client_id="a")

    asyncio.run(main())


def test_certificates_that_no_descriptor_is_left_for_are_a_connection_failure(connect: Connect, monkeypatch):
    def full(*_: object, **__: object) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    _cached_context.cache_clear()
    driver = connect(base_url="https://127.0.0.1:9", max_retries=0)
    monkeypatch.setattr(httpx, "create_ssl_context", full)
    with pytest.raises(APIConnectionError, match="Too many open files"):
        driver.get_client_gifts(client_id="a")


def test_a_name_that_no_certificate_can_have_is_a_connection_failure_behind_a_proxy(connect: Connect, monkeypatch):
    def tunnel(connection: Connection) -> None:
        connection.request()
        connection.send(head())
        connection.wait_for_the_end()

    with serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
        with pytest.raises(APIConnectionError):
            connect(base_url=f"https://{'a' * 64}.example", max_retries=0, timeout=5).get_client_gifts(client_id="a")


# --- addresses of threads -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def silent(port: int) -> Iterator[Any]:
    """A second address, 127.0.0.2, at which a port takes no more connections; yield what makes it take them."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.2", port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())

        def accept() -> None:
            # Those that wait take the places that become free, as well as the one that the test is about.
            with contextlib.suppress(OSError), contextlib.ExitStack() as accepted:
                while True:
                    accepted.enter_context(listener.accept()[0])

        try:
            yield accept
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@linux
def test_a_first_address_that_does_not_answer_costs_the_stagger_only_and_is_not_tried_first_again(
    connect: Connect, monkeypatch
):
    real = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **options: Any) -> list[Any]:
        addresses = ["127.0.0.2", "127.0.0.1"] if host in {"localhost", b"localhost"} else [host]
        return [entry for address in addresses for entry in real(address, *rest, **options)]

    tried: list[str] = []
    ordered = AddressMemory.ordered
    monkeypatch.setattr(AddressMemory, "ordered", lambda *given: tried.append(ordered(*given)[0]) or ordered(*given))
    with serving(friendly) as server, silent(server.port):
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        driver = connect(base_url=f"http://localhost:{server.port}", timeout=20)
        before = time.monotonic()
        driver.get_client_gifts(client_id="a")
        assert time.monotonic() - before < 5
        if driver.flavour == "sync":
            run_sync(driver.client._sending.sender.transport._io.get().shut())
        else:

            async def shut() -> None:
                await driver.client._sending.sender.transport._io.get().shut()

            driver.runner.run(shut())
        driver.get_client_gifts(client_id="a")
    assert tried == ["127.0.0.2", "127.0.0.1"]


@linux
def test_threads_wait_for_a_slow_address_after_the_others_have_refused():
    with socket.create_server(("127.0.0.3", 0)) as reserved:
        port = reserved.getsockname()[1]
    with silent(port) as accept:
        accepting = threading.Timer(0.05, accept)
        accepting.start()
        address, sock = connect_first(["127.0.0.2", "127.0.0.1"], port, 10)
        sock.close()
    accepting.join()
    assert address == "127.0.0.2"


def test_threads_say_why_the_last_address_failed():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(Exception, match=r"\[Errno \d+\]") as caught:
        connect_first(["127.0.0.1", "127.0.0.2"], port, 5)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_an_address_that_there_is_no_way_to_is_passed_over():
    with serving(friendly) as server:
        address, sock = connect_first(["255.255.255.255", "127.0.0.1"], server.port, 5)
        sock.close()
    assert address == "127.0.0.1"
