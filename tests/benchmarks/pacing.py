"""Measure over real sockets how much of an unknown limit a bulk run uses, and how many of its calls are refused.

python tests/benchmarks/pacing.py [--limit CALLS] [--window KIND] [--retry-after SECONDS] [--seconds SECONDS] ...

A service with a limit runs in a process of its own, and counts; the first minute isn't counted. The goal is 85 % of what
is allowed, and 2 % of the calls refused. Exits with 1 where it is missed. Not on Windows, which passes no sockets on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))
from bulk import LIMITERS
from mantago import AsyncMantaGo
from mantago.bulk.ids import ClientList
from mantago.bulk.run import export_async
from mantago.identification import identify
from mantago.testing import FakeMantaGo

SETTLING = 60.0
SPARE = 5.0
"""Seconds until the first call is sent, at the most."""
LEAST_USED, MOST_REFUSED = 0.85, 0.02
ANSWER = json.dumps({"success": True, "message": "", "tickets": [], "physicalGifts": [], "virtualGifts": []}).encode()
REFUSED = json.dumps({"detail": "too many"}).encode()


def serve(listener: socket.socket, limiter: Any, retry_after: str | None, latency: float) -> None:
    """Serve until the standard input ends; then print when each call came, and whether it was allowed."""
    calls: list[tuple[float, bool]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        loop = asyncio.get_running_loop()
        now = loop.time()
        allowed = limiter.take(now)
        calls.append((now, allowed))
        await asyncio.sleep(latency)
        headers = [(b"content-type", b"application/json")]
        if not allowed and retry_after is not None:
            headers.append((b"retry-after", retry_after.encode()))
        await send({"type": "http.response.start", "status": 200 if allowed else 429, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER if allowed else REFUSED})

    async def go() -> None:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error", access_log=False))
        serving = asyncio.create_task(server.serve([listener]))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.should_exit = True
        await serving

    asyncio.run(go())
    json.dump(calls, sys.stdout)


def measure(limit: float, window: str, retry_after: str | None, latency: float, seconds: float) -> dict[str, Any]:
    """Run the service and a bulk run against it; return what the service counted."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        options = [f"--limit={limit}", f"--window={window}", f"--retry-after={retry_after or 'none'}"]
        options += [f"--latency={latency}", f"--serve={listener.fileno()}"]
        service = subprocess.Popen(
            [sys.executable, __file__, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    before = os.times()
    anyio.run(call, address, limit, seconds)
    used = os.times()
    told, _ = service.communicate()
    calls = json.loads(told)
    start = calls[0][0]
    late = [allowed for moment, allowed in calls if SETTLING <= moment - start < seconds]
    most = limit * (min(seconds, calls[-1][0] - start) - SETTLING)
    return {
        "limit": limit,
        "window": window,
        "retry_after": retry_after,
        "latency": latency,
        "used": round(sum(late) / most, 3),
        "refused": round(late.count(False) / len(late), 4),
        "calls": len(late),
        "cpu": round((used.user + used.system - before.user - before.system) / seconds, 2),
        "load": [round(one, 1) for one in os.getloadavg()[:2]],
    }


async def call(address: str, limit: float, seconds: float) -> None:
    """Ask for new clients until the time is over."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ClientList(map(identified, range(int(2 * limit * seconds)))) as clients,
    ):
        async with AsyncMantaGo(base_url=address, credentials=FakeMantaGo().credentials) as client:
            with anyio.move_on_after(seconds + SPARE):
                await export_async(clients, folder, client=client)


def identified(number: int) -> Any:
    """Return a client."""
    return identify(client_id=f"client-{number}")


def main() -> int:
    """Measure each limit, and print a line of JSON for each."""
    kinds = {kind.__name__: kind for kind in LIMITERS}
    parser = argparse.ArgumentParser(description="Measure how much of a limit a bulk run uses, over real sockets.")
    parser.add_argument("--limit", type=float, action="append", help="calls a second; 10, 35 and 200 unless given")
    parser.add_argument("--window", choices=kinds, action="append", help="all of them unless given")
    parser.add_argument("--retry-after", default="1", help="seconds, or none")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds that an answer takes")
    parser.add_argument("--seconds", type=float, default=150.0, help="for each")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    retry_after = None if given.retry_after == "none" else given.retry_after
    if given.serve is not None:
        serve(socket.socket(fileno=given.serve), kinds[given.window[0]](given.limit[0]), retry_after, given.latency)
        return 0
    missed = 0
    for limit in given.limit or [10, 35, 200]:
        for window in given.window or kinds:
            found = measure(limit, window, retry_after, given.latency, given.seconds)
            missed += found["used"] < LEAST_USED or found["refused"] > MOST_REFUSED
            print(json.dumps(found), flush=True)
    return bool(missed)


if __name__ == "__main__":
    raise SystemExit(main())
