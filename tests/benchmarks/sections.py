"""What is measured, a function a section: each runs in a process of its own and returns plain JSON types."""

from __future__ import annotations

import asyncio
import cProfile
import gc
import io
import json
import os
import pstats
import resource
import ssl
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from contenders import BASELINE, Service, async_contenders, sync_contenders
from measure import (
    Result,
    Thoroughness,
    in_tasks,
    in_threads,
    one_at_a_time,
    ratios,
    service,
    take_turns,
    times_in_turns,
    usage,
)
from server import answer

Found = dict[str, Any]
TOO_SLOW = (BASELINE, "stock generated")


def calls(thoroughness: Thoroughness, *, thorough: bool = True) -> Found:
    """Measure calls of one after the other, in threads, and in tasks; without and with waiting; with TLS."""
    found: Found = {}
    with service() as ports:
        os.environ["SSL_CERT_FILE"] = ports["authority"]
        plain, waits = Service(ports["plain"]), Service(ports["waits"])
        tls = Service(ports["tls"], ssl.create_default_context(cafile=ports["authority"]))
        for name, there in (("", plain), (", 20 ms", waits), (", TLS", tls))[: None if thorough else 1]:
            found[f"sync, 1{name}"] = asyncio.run(_sync(there, thoroughness, ports, 1))
            found[f"sync, 16 threads{name}"] = asyncio.run(_sync(there, thoroughness, ports, 16))
            for in_flight in (1, 16, 64, 256)[: None if thorough else 2]:
                found[f"async, {in_flight}{name}"] = asyncio.run(_async(there, thoroughness, ports, in_flight))
    return found


async def _sync(there: Service, thoroughness: Thoroughness, ports: dict[str, Any], threads: int) -> dict[str, Result]:
    with ExitStack() as stack, ThreadPoolExecutor(threads) as pool:
        runners = {
            name: one_at_a_time(call) if threads == 1 else in_threads(call, pool, threads)
            for name, call in sync_contenders(there, stack)
        }
        return await take_turns(runners, BASELINE, thoroughness, ports, threads * 2)


async def _async(
    there: Service, thoroughness: Thoroughness, ports: dict[str, Any], in_flight: int, baseline: str = BASELINE
) -> dict[str, Result]:
    async with AsyncExitStack() as stack:
        runners = {name: in_tasks(call, in_flight) for name, call in await async_contenders(there, stack)}
        if baseline != BASELINE:
            runners = {name: run for name, run in runners.items() if name not in TOO_SLOW}
        return await take_turns(runners, baseline, thoroughness, ports, in_flight * 2)


def growth(thoroughness: Thoroughness) -> Found:
    """Measure calls a second against calls in flight, without waiting and with it.

    raw httpx takes minutes a round for more than 256.
    """
    found: Found = {}
    with service() as ports:
        for name in ("plain", "waits"):
            there = Service(ports[name])
            for power in range(11):
                in_flight = 2**power
                found.setdefault(name, {})[str(in_flight)] = asyncio.run(
                    _async(there, thoroughness, ports, in_flight, BASELINE if in_flight <= 256 else "mantago")
                )
    return found


def decoding(thoroughness: Thoroughness, numbers: tuple[int, ...]) -> Found:
    """Measure the way from the bytes of an answer to the result, and what the result holds of memory."""
    found: Found = {}
    for number in numbers:
        ways = decoders(answer(number))
        times = times_in_turns(ways, thoroughness)
        base = times.get("stock generated", times["mantago"])
        found[str(number)] = {
            name: {"seconds": min(times[name]), "ratio": ratios(base, times[name]), "bytes": _retained(way)}
            for name, way in ways.items()
        }
    return found


def decoders(body: bytes) -> dict[str, Callable[[], object]]:
    """Return the ways to decode an answer."""
    from contenders import STOCK

    from mantago import ClientGifts
    from mantago_runtime.reading.json import parse_json, parser_of, plain
    from mantago_runtime.reading.readers import model_of
    from mantago_runtime.reading.results import read_result

    result = model_of(ClientGifts)
    found: dict[str, Callable[[], object]] = {}
    if (STOCK / "stock_client").exists():
        sys.path.insert(0, str(STOCK))
        from stock_client.models import ClientGiftsResponse

        found["stock generated"] = lambda: ClientGiftsResponse.from_dict(json.loads(body))
    for name, loaders in {
        "mantago": [],
        "mantago, orjson": ["orjson:loads"],
        "mantago, msgspec": ["msgspec.json:decode"],
    }.items():
        parser = parser_of(*loaders)
        if not loaders or parser is not plain:
            found[name] = lambda parser=parser: read_result(result, parse_json(body, parser))
    return found


def _retained(read: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        kept = read()
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        del kept
        return size
    finally:
        tracemalloc.stop()


STARTS = {
    "bare interpreter": "",
    "import httpx": "import httpx",
    "import mantago": "import mantago",
    "httpx.Client()": "import httpx; httpx.Client()",
    "MantaGo()": "from mantago import MantaGo; MantaGo()",
    "httpx: first call": "import httpx; httpx.Client(base_url={url!r}).post('/openapi/client/gift', json={{}}).json()",
    "mantago: first call": "from mantago import MantaGo; MantaGo(base_url={url!r}).get_client_gifts(client_id='V')",
    "httpx: first call, TLS": "import httpx; httpx.Client(base_url={tls!r}).post('/openapi/client/gift', json={{}}).json()",
    "mantago: first call, TLS": "from mantago import MantaGo; MantaGo(base_url={tls!r}).get_client_gifts(client_id='V')",
}


def starting(rounds: int) -> Found:
    """Measure what a fresh interpreter takes for imports, clients and first calls, in milliseconds over a bare one."""
    with service() as ports:
        places = {"url": Service(ports["plain"]).url, "tls": f"https://localhost:{ports['tls']}"}
        environment = {
            **os.environ,
            "SSL_CERT_FILE": ports["authority"],
            "MANTAGO_BOT_ID": "b",
            "MANTAGO_TOKEN": "t" * 40,
            "MANTAGO_SECRET": "s" * 40,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the modules would be compiled in each round anew
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in STARTS}
        for _ in range(rounds + 1):
            for name, code in STARTS.items():
                before, began = _processor_time(), time.perf_counter()
                subprocess.run([sys.executable, "-c", code.format(**places)], check=True, env=environment)
                wall, cpu = time.perf_counter() - began, _processor_time() - before
                measured[name].append((wall, cpu))
    medians = {
        # Without the first round, which filled the caches.
        name: [statistics.median(column) * 1e3 for column in zip(*rounds_of[1:], strict=True)]
        for name, rounds_of in measured.items()
    }
    bare = medians.pop("bare interpreter")
    return {name: {"wall_ms": wall - bare[0], "cpu_ms": cpu - bare[1]} for name, (wall, cpu) in medians.items()} | {
        "bare interpreter": {"wall_ms": bare[0], "cpu_ms": bare[1]}
    }


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(number: int) -> Found:
    """Make so many calls with one client of each kind; return the memory of the process as they went on, in MiB."""
    found: Found = {}
    with service() as ports:
        there = Service(ports["plain"])
        with ExitStack() as stack:
            for name, call in sync_contenders(there, stack):
                if name.startswith("mantago") and "over" not in name:
                    found[f"{name}, sync"] = _resident(number, lambda share, call=call: [call() for _ in range(share)])

        async def in_flight() -> None:
            async with AsyncExitStack() as stack:
                for name, call in await async_contenders(there, stack):
                    if name.startswith("mantago") and "over" not in name:
                        before, steps = usage(ports)["opened"], []
                        for _ in range(STEPS + 1):
                            await in_tasks(call, 64)(number // STEPS)
                            steps.append(_megabytes())
                        opened = usage(ports)["opened"] - before
                        found[f"{name}, 64 tasks"] = {"resident": steps, "opened": opened}

        asyncio.run(in_flight())
    return found


STEPS = 8


def _resident(number: int, run: Callable[[int], Any]) -> Found:
    steps = []
    for _ in range(STEPS + 1):
        run(number // STEPS)
        steps.append(_megabytes())
    return {"resident": steps}


def _megabytes() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def profiles(number: int) -> Found:
    """Return where the time of calls and of decoding goes, as text."""
    found: Found = {}
    with service() as ports:
        there = Service(ports["plain"])
        with ExitStack() as stack:
            for name, call in sync_contenders(there, stack):
                if "over" not in name and name != "raw socket":
                    found[f"{name}, sync"] = _profile(lambda call=call: [call() for _ in range(number)], number)

        async def in_flight() -> None:
            async with AsyncExitStack() as stack:
                for name, call in await async_contenders(there, stack):
                    if "over" not in name and not name.startswith("raw streams"):
                        run = in_tasks(call, 64)
                        await run(128)
                        profile = cProfile.Profile()
                        profile.enable()
                        await run(number)
                        profile.disable()
                        found[f"{name}, 64 tasks"] = _told(profile, number)

        asyncio.run(in_flight())
    for name, read in decoders(answer(1_000)).items():
        found[f"{name}, decoding 3 x 1,000"] = _profile(read, 1)
    return found


def _profile(run: Callable[[], object], number: int) -> str:
    run()
    profile = cProfile.Profile()
    profile.runcall(run)
    return _told(profile, number)


def _told(profile: cProfile.Profile, number: int) -> str:
    stats: Any = pstats.Stats(profile, stream=(text := io.StringIO()))
    packages: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in stats.stats.items():
        packages[_package(file)] += own
    total = sum(packages.values())
    lines = [f"{share / number * 1e6:9.1f} us {share / total:6.1%}  {name}" for name, share in packages.most_common(12)]
    # Without the folders of this machine.
    stats.strip_dirs().sort_stats("tottime").print_stats(25)
    table = text.getvalue()
    return "\n".join(
        [
            "own time a call, by package (the profiler's cost included)",
            *lines,
            table[table.index("   ncalls") :].rstrip(),
        ]
    )


def _package(file: str) -> str:
    parts = Path(file).parts
    if file.startswith("~"):
        return "built in"
    for place in ("site-packages", "facade", "generated", "benchmarks", "stock"):
        if place in parts:
            rest = parts[parts.index(place) + 1 :]
            return f"mantago/{rest[-1]}" if place == "facade" else Path(rest[0]).stem
    return "standard library"
