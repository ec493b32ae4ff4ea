"""How things are measured: contenders take turns in short rounds, and only what shared a round is compared.

A round's calls a second depend on what else the machine does; the processor time of the process a call doesn't, so
both are told. The ratio of two contenders is the median of the rounds' ratios; its spread, the quartiles.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Result = dict[str, Any]
Runner = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Thoroughness:
    """How long to measure: rounds of about so many seconds."""

    rounds: int
    seconds: float


@contextmanager
def service() -> Iterator[dict[str, Any]]:
    """Run the server; give its ports, and the file of the authority that signed its certificate."""
    command = [sys.executable, str(Path(__file__).with_name("server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)


def usage(ports: dict[str, Any]) -> dict[str, float]:
    """Return what the server has used so far."""
    link = http.client.HTTPConnection("127.0.0.1", ports["plain"])
    try:
        link.request("GET", "/usage")
        told: dict[str, float] = json.load(link.getresponse())
        return told
    finally:
        link.close()


def ratios(values: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    """Return how often `base` is contained in `values`, round by round: the median, and the quartiles."""
    each = [value / other for value, other in zip(values, base, strict=True)]
    low, median, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    return {"median": median, "low": low, "high": high}


async def take_turns(
    contenders: dict[str, Runner], baseline: str, thoroughness: Thoroughness, ports: dict[str, Any], least: int
) -> dict[str, Result]:
    """Measure contenders: each runs a number of calls, in rounds of which each has one."""
    counts = {name: await _calibrated(run, thoroughness.seconds, least) for name, run in contenders.items()}
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(thoroughness.rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            measured[name].append(await _round(contenders[name], counts[name], ports))
    base = measured[baseline]
    return {name: _summary(rounds, base) for name, rounds in measured.items()}


async def _calibrated(run: Runner, seconds: float, least: int) -> int:
    await run(least)
    began = time.perf_counter()
    await run(least)
    return max(least, round(least * seconds / max(time.perf_counter() - began, 1e-6)))


async def _round(run: Runner, count: int, ports: dict[str, Any]) -> dict[str, float]:
    gc.collect()
    before = usage(ports)
    wall, cpu = time.perf_counter(), time.process_time()
    await run(count)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    after = usage(ports)
    return {
        "calls": count,
        "rate": count / wall,
        "cpu": cpu / count,
        "server_busy": (after["cpu"] - before["cpu"]) / wall,
        "opened": after["opened"] - before["opened"],
    }


def _summary(rounds: list[dict[str, float]], base: list[dict[str, float]]) -> Result:
    def of(key: str, which: list[dict[str, float]] = rounds) -> list[float]:
        return [one[key] for one in which]

    return {
        "calls_per_second": statistics.median(of("rate")),
        "cpu_us": statistics.median(of("cpu")) * 1e6,
        "ratio": ratios(of("rate"), of("rate", base)),
        "cpu_ratio": ratios(of("cpu", base), of("cpu")),
        "server_busy": statistics.median(of("server_busy")),
        "opened": max(of("opened")),
        "calls": sum(of("calls")),
    }


def one_at_a_time(call: Callable[[], Any]) -> Runner:
    async def run(count: int) -> None:
        for _ in range(count):
            call()

    return run


def in_threads(call: Callable[[], Any], pool: ThreadPoolExecutor, threads: int) -> Runner:
    def some(count: int) -> None:
        for _ in range(count):
            call()

    async def run(count: int) -> None:
        for done in [pool.submit(some, share) for share in _shares(count, threads)]:
            done.result()

    return run


def in_tasks(call: Callable[[], Awaitable[Any]], tasks: int) -> Runner:
    async def some(count: int) -> None:
        for _ in range(count):
            await call()

    async def run(count: int) -> None:
        await asyncio.gather(*(some(share) for share in _shares(count, tasks)))

    return run


def _shares(count: int, among: int) -> list[int]:
    return [count // among + (index < count % among) for index in range(among)]


def times_in_turns(ways: dict[str, Callable[[], Any]], thoroughness: Thoroughness) -> dict[str, list[float]]:
    """Return the processor time that each way takes, in seconds, in rounds of which each has one."""
    counts = {}
    for name, way in ways.items():
        way()
        began = time.perf_counter()
        way()
        counts[name] = max(1, math.ceil(thoroughness.seconds / max(time.perf_counter() - began, 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(thoroughness.rounds):
        for name, way in ways.items():
            gc.collect()
            began = time.process_time()
            for _ in range(counts[name]):
                way()
            times[name].append((time.process_time() - began) / counts[name])
    return times
