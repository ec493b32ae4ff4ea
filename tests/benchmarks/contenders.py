"""What a team could call the service with: each contender is opened once, and its call asks for the gifts once.

A contender whose package isn't installed is left out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mantago import AsyncMantaGo, MantaGo

ROOT = Path(__file__).parents[2]
STOCK = ROOT / "build" / "stock"
BASELINE = "raw httpx"
ENGINES: dict[str, dict[str, Any]] = {"mantago": {}}
if importlib.util.find_spec("httptools"):
    ENGINES["mantago, httptools"] = {"engine": "httptools"}
BOT_ID, TOKEN, SECRET = "1NbWoobyg", "t" * 40, "s" * 40
PATH = "/openapi/client/gift"
SENT = {"secret": SECRET, "clientId": "VolejRejN"}
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PATIENCE = 60.0
"""Seconds: httpx's own 5 s are too few for 1,024 calls that wait for its connections."""
BODY = json.dumps(SENT).encode()
REQUEST = (
    f"POST {PATH}?botId={BOT_ID} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY

Call = Callable[[], Any]
AsyncCall = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Service:
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self.tls is None else f"https://localhost:{self.port}"


def generate_stock() -> None:
    """Run the generator as it is on the vendor's document as it is, unless that was done before."""
    if not (STOCK / "stock_client").exists():
        STOCK.mkdir(parents=True, exist_ok=True)
        (STOCK / "config.yaml").write_text("post_hooks: []\n", "utf-8")
        command = (
            *("openapi_python_client", "generate", "--meta=none", f"--config={STOCK / 'config.yaml'}"),
            *(f"--path={ROOT / 'openapi' / 'manta-openapi.json'}", f"--output-path={STOCK / 'stock_client'}"),
        )
        subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)


def _stock(service: Service) -> tuple[Any, Any, dict[str, Any]] | None:
    if not (STOCK / "stock_client").exists():
        return None
    sys.path.insert(0, str(STOCK))
    from stock_client import AuthenticatedClient
    from stock_client.api.client_points_gifts import post_openapi_client_gift as operation
    from stock_client.models import ClientIdentificationRequest

    verify: Any = service.tls or True
    client = AuthenticatedClient(base_url=service.url, token=TOKEN, timeout=httpx.Timeout(PATIENCE), verify_ssl=verify)
    body = ClientIdentificationRequest(secret=SECRET, client_id="VolejRejN")
    return client, operation, {"body": body, "bot_id": BOT_ID}


def _httpx_options(service: Service) -> dict[str, Any]:
    return {"base_url": service.url, "verify": service.tls or True, "timeout": PATIENCE}


def _mantago_options(service: Service) -> dict[str, Any]:
    return {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET, "base_url": service.url, "timeout": PATIENCE}


def sync_contenders(service: Service, stack: ExitStack) -> Iterator[tuple[str, Call]]:
    raw = stack.enter_context(httpx.Client(**_httpx_options(service)))
    yield BASELINE, lambda: raw.post(PATH, params={"botId": BOT_ID}, json=SENT, headers=HEADERS).json()
    if stock := _stock(service):
        client, operation, arguments = stock
        stack.enter_context(client)
        yield "stock generated", lambda: operation.sync(client=client, **arguments)
    for name, options in ENGINES.items():
        mantago = stack.enter_context(MantaGo(**_mantago_options(service), **options))
        yield name, lambda mantago=mantago: mantago.get_client_gifts(client_id="VolejRejN")
    if importlib.util.find_spec("pyreqwest") and service.tls is None:  # it has no place for a context
        from pyreqwest.compatibility.httpx import SyncHttpxTransport

        over = stack.enter_context(MantaGo(**_mantago_options(service), transport=SyncHttpxTransport()))
        yield "mantago over pyreqwest", lambda: over.get_client_gifts(client_id="VolejRejN")
    yield "raw socket", _RawSockets(service, stack).call


class _RawSockets:
    """The limit: a connection a thread, a request that was written before, no checks."""

    def __init__(self, service: Service, stack: ExitStack) -> None:
        self._service, self._stack, self._own = service, stack, threading.local()

    def _connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self._service.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._service.tls:
            link = self._service.tls.wrap_socket(link, server_hostname="localhost")
        return self._stack.enter_context(link)

    def call(self) -> Any:
        link = getattr(self._own, "link", None)
        if link is None:
            link = self._own.link = self._connect()
        link.sendall(REQUEST)
        head, _, body = link.recv(65536).partition(b"\r\n\r\n")
        length = _length(head)
        while len(body) < length:
            body += link.recv(65536)
        return json.loads(body)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def async_contenders(service: Service, stack: AsyncExitStack) -> list[tuple[str, AsyncCall]]:
    contenders: list[tuple[str, AsyncCall]] = []
    raw = await stack.enter_async_context(httpx.AsyncClient(**_httpx_options(service)))

    async def call_raw() -> Any:
        return (await raw.post(PATH, params={"botId": BOT_ID}, json=SENT, headers=HEADERS)).json()

    contenders.append((BASELINE, call_raw))
    if stock := _stock(service):
        client, operation, arguments = stock
        await stack.enter_async_context(client)
        contenders.append(("stock generated", lambda: operation.asyncio(client=client, **arguments)))
    for name, options in ENGINES.items():
        mantago = await stack.enter_async_context(AsyncMantaGo(**_mantago_options(service), **options))
        contenders.append((name, lambda mantago=mantago: mantago.get_client_gifts(client_id="VolejRejN")))
    if importlib.util.find_spec("pyreqwest") and service.tls is None:
        from pyreqwest.compatibility.httpx import HttpxTransport

        over = await stack.enter_async_context(AsyncMantaGo(**_mantago_options(service), transport=HttpxTransport()))
        contenders.append(("mantago over pyreqwest", lambda: over.get_client_gifts(client_id="VolejRejN")))
    if importlib.util.find_spec("aiohttp"):
        contenders.append(("aiohttp", await _aiohttp(service, stack)))
    contenders.append(("raw streams", _RawStreams(service, stack).call))
    return contenders


async def _aiohttp(service: Service, stack: AsyncExitStack) -> AsyncCall:
    import aiohttp

    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=service.tls or True), timeout=aiohttp.ClientTimeout(PATIENCE)
        )
    )

    async def call() -> Any:
        async with session.post(service.url + PATH, params={"botId": BOT_ID}, json=SENT, headers=HEADERS) as answer:
            return await answer.json()

    return call


class _RawStreams:
    """The limit of asyncio: connections last used first, a request that was written before, no checks."""

    def __init__(self, service: Service, stack: AsyncExitStack) -> None:
        self._service = service
        self._unused: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        stack.push_async_callback(self._close)

    async def call(self) -> Any:
        if self._unused:
            reader, writer = self._unused.pop()
        else:
            tls = self._service.tls
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._service.port, ssl=tls, server_hostname="localhost" if tls else None
            )
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        self._unused.append((reader, writer))
        return json.loads(body)

    async def _close(self) -> None:
        for _, writer in self._unused:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in self._unused), return_exceptions=True)
