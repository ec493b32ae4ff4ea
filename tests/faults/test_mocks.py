"""Which mocks of httpx work, and how: pytest-httpx as it is, respx and vcrpy on a transport of httpx's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import respx
import vcr
from pytest_httpx import HTTPXMock
from scripted import Server, friendly, serving

from conftest import BOT_ID, GOOD, SECRET, TOKEN
from mantago import APIConnectionError, AsyncMantaGo, ClientGifts, Credentials, MantaGo
from mantago.testing import FakeMantaGo
from mantago_runtime.calls.transports import AsyncTransport, SyncTransport

PAIR: dict[str, Any] = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
MOCKED = GOOD | {"mocked": True}
each_kind = pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
each_engine = pytest.mark.parametrize("engine", ["httpcore", "httptools"])
Call = Callable[[], ClientGifts]


def with_a_client(kind: str, work: Callable[[Call], None], **options: Any) -> None:
    """Do the work with what calls a client once."""
    options = {"max_retries": 0, **PAIR, **options}
    if kind == "sync":
        with MantaGo(**options) as client:
            work(lambda: client.get_client_gifts(client_id="a"))
        return

    async def in_tasks() -> None:
        async with AsyncMantaGo(**options) as client:

            async def ask() -> ClientGifts:
                return await client.get_client_gifts(client_id="a")

            await anyio.to_thread.run_sync(work, lambda: anyio.from_thread.run(ask))

    anyio.run(in_tasks, backend=kind)


def mocked(gifts: ClientGifts) -> bool:
    return "mocked" in gifts.extra


@pytest.fixture
def server() -> Any:
    with serving(friendly) as running:
        yield running


# --- pytest-httpx ---------------------------------------------------------------------------------------------------


@each_engine
@each_kind
def test_no_real_request_leaves_a_test_while_pytest_httpx_mocks(
    kind: str, engine: Any, server: Server, httpx_mock: HTTPXMock
):
    httpx_mock.add_response(json=MOCKED, is_reusable=True)

    def work(call: Call) -> None:
        assert all(mocked(call()) for _ in range(3))

    with_a_client(kind, work, base_url=server.base_url, engine=engine)
    assert server.connections == 0
    request = httpx_mock.get_requests()[0]
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.url.path == "/openapi/client/gift"


@each_engine
@each_kind
def test_a_client_that_has_called_before_is_mocked_too(kind: str, engine: Any, server: Server, request: Any):
    def work(call: Call) -> None:
        assert not mocked(call())
        mock = request.getfixturevalue("httpx_mock")
        mock.add_response(json=MOCKED)
        assert mocked(call())
        mock.add_exception(httpx.ConnectError("refused"))
        with pytest.raises(APIConnectionError, match="refused"):
            call()

    with_a_client(kind, work, base_url=server.base_url, engine=engine)
    assert len(server.requests) == 1


@each_kind
def test_what_the_mock_lets_through_reaches_the_service_and_leaves_no_connection(kind: str, server: Server, request):
    request.node.add_marker(pytest.mark.httpx_mock(should_mock=lambda sent: sent.url.host != "127.0.0.1"))
    request.getfixturevalue("httpx_mock")

    def work(call: Call) -> None:
        assert not mocked(call())

    with_a_client(kind, work, base_url=server.base_url)
    assert len(server.requests) == 1


def test_a_transport_that_was_given_is_left_alone(httpx_mock: HTTPXMock):
    fake = FakeMantaGo()
    fake.add_client("a")
    with MantaGo(credentials=fake.credentials, transport=fake) as client:
        client.get_client_gifts(client_id="a")
    assert len(fake.requests) == 1


def test_tasks_under_a_mock_ask_for_credentials_once(httpx_mock: HTTPXMock):
    httpx_mock.add_response(json=MOCKED, is_reusable=True)
    asked: list[int] = []

    async def provide() -> Credentials:
        asked.append(1)
        await anyio.lowlevel.checkpoint()
        return Credentials(**PAIR)

    async def main() -> None:
        async with AsyncMantaGo(credentials=provide) as client, anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(lambda: client.get_client_gifts(client_id="a"))

    anyio.run(main)
    assert asked == [1]


IN_A_PROCESS = """
import json
from pathlib import Path

import anyio
import pytest

OPTIONS = dict(bot_id="b", token="token-of-the-case", secret="secret-of-the-case", max_retries=0)
KIND, ADDRESS = {kind!r}, {address!r}

def call(times=1):
    from mantago import AsyncMantaGo, MantaGo
    async def main():
        async with AsyncMantaGo(base_url=ADDRESS, **OPTIONS) as client:
            return [await client.get_client_gifts(client_id="a") for _ in range(times)]
    if KIND != "sync":
        return anyio.run(main, backend=KIND)
    with MantaGo(base_url=ADDRESS, **OPTIONS) as client:
        return [client.get_client_gifts(client_id="a") for _ in range(times)]

def test_1(httpx_mock):
    httpx_mock.add_response(json={{"success": True, "message": "m", "mocked": True}})
    assert call()[0].extra == {{"mocked": True}}

def test_2():
    from mantago_runtime.calls.transports import AsyncTransport, SyncTransport
    assert not any("_current" in vars(cls) for cls in (AsyncTransport, SyncTransport))
    assert [dict(gifts.extra) for gifts in call(2)] == [{{}}, {{}}]
"""


@each_kind
def test_the_first_call_of_a_process_is_mocked_and_nothing_of_it_stays(kind: str, server: Server, tmp_path: Path):
    program = IN_A_PROCESS.format(kind=kind, address=server.base_url)
    (tmp_path / "test_case.py").write_text(program, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "test_case.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    # Those of the second test, on a connection that is kept.
    assert (len(server.requests), server.connections) == (2, 1)


def test_no_test_tool_is_looked_for_by_what_is_used_in_production(monkeypatch: pytest.MonkeyPatch, server: Server):
    def replaced(*_: object) -> httpx.Response:
        raise AssertionError

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", replaced)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", replaced)

    def work(call: Call) -> None:
        call()
        call()

    for kind in ("sync", "asyncio", "trio"):
        with_a_client(kind, work, base_url=server.base_url)
    assert (len(server.requests), server.connections) == (6, 3)
    assert not any("_current" in vars(cls) for cls in (AsyncTransport, SyncTransport))


# --- respx and vcrpy ------------------------------------------------------------------------------------------------


def transport_of_httpx(kind: str) -> Any:
    return httpx.HTTPTransport() if kind == "sync" else httpx.AsyncHTTPTransport()


@each_kind
def test_respx_works_on_a_transport_of_httpxs(kind: str):
    def work(call: Call) -> None:
        assert mocked(call())

    with respx.mock(base_url="https://mantago.cc/api") as router:
        route = router.post("/openapi/client/gift", params={"botId": BOT_ID}).respond(json=MOCKED)
        with_a_client(kind, work, transport=transport_of_httpx(kind))
    assert route.call_count == 1


@each_kind
def test_vcrpy_records_and_replays_on_a_transport_of_httpxs_without_token_and_secret(
    kind: str, tmp_path: Path, server: Server
):
    recorder = vcr.VCR(filter_headers=["authorization"], filter_post_data_parameters=["secret"])
    cassette = tmp_path / "gifts.yaml"

    def work(call: Call) -> None:
        assert call().tickets == ()

    for mode in ("once", "none"):
        with recorder.use_cassette(str(cassette), record_mode=mode):
            with_a_client(kind, work, base_url=server.base_url, transport=transport_of_httpx(kind))
        assert len(server.requests) == 1
    recorded = cassette.read_text("utf-8")
    assert "openapi/client/gift" in recorded
    assert TOKEN not in recorded
    assert SECRET not in recorded
