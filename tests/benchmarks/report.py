"""What was measured, for people: tables in Markdown, charts, and the profiles as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from charts import line_chart

Results = Mapping[str, Any]


def files(results: Results) -> dict[str, str]:
    """Return the files to write, by name."""
    kept = {name: found for name, found in results.items() if name != "profiles"}
    written = {"results.json": json.dumps(_rounded(kept), indent=1) + "\n", "index.md": markdown(results)}
    if "profiles" in results:
        titled = (f"=== {title} ===\n{text}\n" for title, text in results["profiles"].items())
        written["profiles.txt"] = "\n".join(titled)
    return written | {name: chart for name, (_, chart) in charts(results).items()}


def charts(results: Results) -> dict[str, tuple[str, str]]:
    """Return the charts, each with its title, by file name."""
    drawn: dict[str, tuple[str, str]] = {}

    def draw(name: str, title: str, x: str, y: str, lines: dict[str, dict[float, float]]) -> None:
        drawn[f"{name}.svg"] = title, line_chart(title, x, y, lines)

    for name, what in (("plain", "no waiting"), ("waits", "20 ms of service time")):
        if found := results.get("growth", {}).get(name):
            x = "calls in flight"
            draw(f"growth-{name}", f"Calls a second, {what}", x, "calls/s", _lines(found, "calls_per_second"))
            title = f"Microseconds of processor time a call, {what}"
            draw(f"growth-{name}-processor", title, x, "us", _lines(found, "cpu_us"))
    if found := results.get("decoding_growth"):
        x = "gifts in each of three lists"
        draw("decoding", "From bytes to the result", x, "seconds", _lines(found, "seconds"))
    return drawn


def _lines(found: Results, key: str) -> dict[str, dict[float, float]]:
    lines: dict[str, dict[float, float]] = {}
    for x, contenders in found.items():
        for name, figures in contenders.items():
            lines.setdefault(name, {})[float(x)] = figures[key]
    return lines


def markdown(results: Results) -> str:
    """Return the tables."""
    parts = ["# How fast it is\n\n`make bench` measures this; how, says `tests/benchmarks/measure.py`.\n"]
    if machine := results.get("machine"):
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        parts.append(f"Python {machine['python']}, {machine['system']}; {packages}.\n")
    if found := results.get("calls"):
        parts += list(_calls(found))
    if found := results.get("growth"):
        parts += list(_growth(found))
    if found := results.get("decoding"):
        parts.append(
            "## Decoding\n\nFrom the bytes of an answer to the result; the ratio is the stock client's time to it, "
            "memory what the result holds.\n"
        )
        parts.append(_table(("contender", *(f"3 x {int(n):,}" for n in found)), _decoding(found)))
    if found := results.get("starting"):
        parts.append(
            "## Start\n\nMilliseconds over a bare interpreter, which takes "
            f"{found['bare interpreter']['wall_ms']:.0f}.\n"
        )
        rows = ((name, f"{t['wall_ms']:.1f}", f"{t['cpu_ms']:.1f}") for name, t in found.items() if "bare" not in name)
        parts.append(_table(("what", "wall", "processor"), rows))
    if found := results.get("memory"):
        parts.append(
            "## Memory\n\nMiB resident, after each eighth of the calls; the first row's end is after the warm-up.\n"
        )
        rows = (
            (name, ", ".join(f"{step:.1f}" for step in t["resident"]), str(t.get("opened", "-")))
            for name, t in found.items()
        )
        parts.append(_table(("contender", "resident", "connections opened"), rows))
    if found := charts(results):
        parts += ["## Charts\n", *(f"![{title}]({name})\n" for name, (title, _) in found.items())]
    return "\n".join(parts)


def _calls(found: Results) -> Iterable[str]:
    yield (
        "## Calls\n\nThe client's processor time a call, as the ratio of raw httpx's to it: what counts on a busy machine. "
        "In brackets the quartiles of the rounds.\n"
    )
    yield _by_contender(found, lambda at: _ratio(at, "cpu_ratio"))
    yield "Calls a second, as the ratio to raw httpx's.\n"
    yield _by_contender(found, lambda at: _ratio(at, "ratio"))
    yield "Calls a second / microseconds of processor time a call.\n"
    yield _by_contender(found, lambda at: f"{at['calls_per_second']:,.0f} / {at['cpu_us']:.0f}")
    yield (
        "The share of a processor by which the server was busy. As long as it is well below 100%, the server is not the "
        "limit; where it is near, the contender is faster than told here.\n"
    )
    yield _by_contender(found, lambda at: f"{at['server_busy']:.0%}")
    yield "Connections opened in a round, at most, after the warm-up.\n"
    yield _by_contender(found, lambda at: f"{at['opened']:.0f}")


def _by_contender(found: Results, cell: Callable[[Results], str]) -> str:
    names = list(dict.fromkeys(name for contenders in found.values() for name in contenders))
    rows = (
        (where, *(cell(contenders[name]) if name in contenders else "-" for name in names))
        for where, contenders in found.items()
    )
    return _table(("in flight", *names), rows)


def _growth(found: Results) -> Iterable[str]:
    yield "## Growth\n\nMicroseconds of processor time a call, by calls in flight.\n"
    yield _by_contender(found["plain"], lambda at: f"{at['cpu_us']:.0f}")


def _decoding(found: Results) -> Iterable[tuple[str, ...]]:
    for name in dict.fromkeys(name for contenders in found.values() for name in contenders):
        cells = []
        for contenders in found.values():
            own, stock = contenders[name], contenders.get("stock generated")
            text = f"{own['seconds'] * 1e6:,.0f} us"
            if stock:
                text += f", {_ratio(own, 'ratio')}, memory {own['bytes'] / stock['bytes']:.2f}"
            cells.append(text)
        yield name, *cells


def _ratio(at: Results, key: str) -> str:
    return f"**{at[key]['median']:.2f}** ({at[key]['low']:.2f}-{at[key]['high']:.2f})"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = tuple(header)
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.4g}")
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list():
            return [_rounded(inner) for inner in value]
        case _:
            return value
