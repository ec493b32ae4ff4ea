"""What the tests of bulk runs share: an event loop on which no time passes, and services with a limit."""

from __future__ import annotations

import asyncio
import gzip
import json
import selectors
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx

from mantago import AsyncMantaGo, Credentials
from mantago.testing import FakeMantaGo, gift

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Where nothing happens until the next timer, it is that late at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(timeout if timeout is None else 0)
        if not events and timeout:
            self.now += timeout
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose sleeps take no time, and whose clock says that they did."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def simulated(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Run a coroutine on a clock of its own."""
    return anyio.run(function, *arguments, backend_options={"loop_factory": SimulatedLoop})


class TokenBucket:
    """Allows so many calls a second, with as many at once after a quiet second."""

    def __init__(self, limit: float) -> None:
        self.limit, self._tokens, self._then = limit, limit, 0.0

    def take(self, now: float) -> bool:
        self._tokens = min(self.limit, self._tokens + (now - self._then) * self.limit)
        self._then = now
        self._tokens -= (allowed := self._tokens >= 1)
        return allowed


class FixedWindow:
    """Allows so many calls in each second of the clock."""

    def __init__(self, limit: float) -> None:
        self.limit, self._window, self._count = limit, -1, 0

    def take(self, now: float) -> bool:
        if int(now) != self._window:
            self._window, self._count = int(now), 0
        self._count += (allowed := self._count < self.limit)
        return allowed


class SlidingWindow:
    """Allows so many calls in any second."""

    def __init__(self, limit: float) -> None:
        self.limit, self._taken = limit, [float("-inf")]

    def take(self, now: float) -> bool:
        self._taken = [moment for moment in self._taken if moment > now - 1]
        if len(self._taken) >= self.limit:
            return False
        self._taken.append(now)
        return True


LIMITERS = (TokenBucket, FixedWindow, SlidingWindow)


class Service(httpx.AsyncBaseTransport):
    """The fake behind a way of some length, and perhaps a limit; an id may be answered otherwise."""

    def __init__(self, limiter: Any = None, *, latency: float = 0.1) -> None:
        self.fake = FakeMantaGo()
        self.limiter, self.latency = limiter, latency
        self.otherwise: dict[str, Callable[[], httpx.Response]] = {}
        self.always: Callable[[], httpx.Response | None] = lambda: None
        self.asked: list[tuple[float, str, int]] = []

    def add(self, *client_ids: str) -> list[str]:
        for client_id in client_ids:
            self.fake.add_client(client_id, virtual_gifts=[gift()])
        return [*client_ids]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(self.latency / 2)
        now, body = anyio.current_time(), json.loads(await request.aread())
        who = body.get("clientId") or body.get("platformClientId")
        if (response := self.always()) is None:
            if self.limiter and not self.limiter.take(now):
                response = httpx.Response(429, headers={"Retry-After": "1"})
            elif who in self.otherwise:
                response = self.otherwise[who]()
            else:
                response = await self.fake.handle_async_request(request)
        self.asked.append((now, who, response.status_code))
        await anyio.sleep(self.latency / 2)
        return response

    def client(self, **options: Any) -> AsyncMantaGo:
        credentials: Credentials = self.fake.credentials
        return AsyncMantaGo(transport=self, credentials=credentials, **options)


def refusal(status: int, code: int | None = None, **headers: str) -> Callable[[], httpx.Response]:
    """Return what makes a refusal with the service's envelope, or without one."""
    body = {"success": False, "errResponse": {"message": "no", "code": code, "botId": "1NbWoobyg"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, json=body if code else {"detail": "no"}, headers=named)


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """Return all rows of a run."""
    parts = sorted(folder.glob("part-*.jsonl.gz"))
    return [json.loads(line) for part in parts for line in gzip.decompress(part.read_bytes()).splitlines()]


def outcomes_in(folder: Path) -> dict[str, str]:
    """Return the outcome of each client, by id."""
    found: dict[str, str] = {}
    for row in rows_in(folder):
        who = row["client_id"] or row["platform_client_id"]
        assert found.setdefault(who, row["outcome"]) == row["outcome"]
    return found
