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

    for name, what in (("waits", "20 ms of service time"), ("plain", "no waiting")):
        if found := results.get("growth", {}).get(name):
            x = "calls in flight"
            draw(f"growth-{name}", f"Calls a second, {what}", x, "calls/s", _lines(found, "calls_per_second"))
            title = f"Microseconds of processor time a call, {what}"
            draw(f"growth-{name}-processor", title, x, "µs", _lines(found, "cpu_us"))
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


# What the names of the measurements end with, and the heading under which they are.
SERVICES = {", 20 ms": "A service that takes 20 ms", "": "A service that answers at once", ", TLS": "TLS"}
AT_A_GLANCE = {
    "sync, 1, 20 ms": "one at a time",
    "async, 1, 20 ms": "one at a time, async",
    "async, 64, 20 ms": "64 in flight, async",
}


def markdown(results: Results) -> str:
    """Return the page: what a service of 20 ms shows, the charts, then every table, none wider than a screen."""
    # The list of sections would take the tables' room.
    parts = ["---\nhide:\n  - toc\n---\n\n# How fast it is\n"]
    if machine := results.get("machine"):
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        parts.append(
            "`make bench` measures this; `tests/benchmarks/measure.py` says how. These figures are from Python "
            f"{machine['python']} on {machine['system']}, with {packages}.\n"
        )
    # Two beside each other; extra.css has them below each other on a phone.
    shown = [f'![{title}]({name}){{ width="49%" }}' for name, (title, _) in charts(results).items()]
    parts.append("\n".join(shown) + "\n")
    calls = results.get("calls", {})
    if found := {title: calls[name] for name, title in AT_A_GLANCE.items() if name in calls}:
        parts.append(
            "## At a glance\n\nA service that takes 20 ms to answer shows these calls a second and, after the slash, the "
            "client's processor time a call in microseconds:\n"
        )
        parts.append(_by_contender(found, lambda at: f"{at['calls_per_second']:,.0f} / {at['cpu_us']:.0f}"))
    parts += list(_calls(calls))
    if found := results.get("growth"):
        parts.append(
            "## Growth\n\nMicroseconds of processor time a call, by calls in flight, at a service that answers at once.\n"
        )
        parts.append(_by_contender(found["plain"], lambda at: f"{at['cpu_us']:.0f}"))
    if found := results.get("decoding"):
        parts.append(
            "## Decoding\n\nFrom the bytes of an answer to the result. The ratio is the stock client's time to it; memory "
            "is what the result holds, beside the stock client's.\n"
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
        parts.append("## Memory\n\nMiB resident after the warm-up, then after each eighth of the calls.\n")
        rows = (
            (name, ", ".join(f"{step:.1f}" for step in t["resident"]), str(t.get("opened", "-")))
            for name, t in found.items()
        )
        parts.append(_table(("contender", "resident", "connections opened"), rows))
    return "\n".join(parts)


def _calls(calls: Results) -> Iterable[str]:
    for suffix, title in SERVICES.items():
        others = [other for other in SERVICES if other not in {suffix, ""}]
        found = {
            name.removesuffix(suffix): contenders
            for name, contenders in calls.items()
            if name.endswith(suffix) and not (suffix == "" and name.endswith(tuple(others)))
        }
        if not found:
            continue
        yield (
            f"## {title}\n\nCalls a second, as the ratio to raw httpx's; in brackets the quartiles of the rounds. Columns "
            "are calls in flight.\n"
        )
        yield _by_contender(found, lambda at: _ratio(at, "ratio"), without="raw httpx")
        yield (
            "The client's processor time a call, as the ratio of raw httpx's to it: this is what counts on a busy "
            "machine.\n"
        )
        yield _by_contender(found, lambda at: _ratio(at, "cpu_ratio"), without="raw httpx")
        yield "Calls a second / microseconds of processor time a call.\n"
        yield _by_contender(found, lambda at: f"{at['calls_per_second']:,.0f} / {at['cpu_us']:.0f}")
        yield (
            "The share of a processor by which the server was busy, and the most connections that were opened in a round "
            "after the warm-up. Where the server is near 100%, the contender is faster than the tables say.\n"
        )
        yield _by_contender(found, lambda at: f"{at['server_busy']:.0%}, {at['opened']:.0f}")


def _by_contender(found: Results, cell: Callable[[Results], str], *, without: str = "") -> str:
    names = dict.fromkeys(name for contenders in found.values() for name in contenders if name != without)
    rows = (
        (name, *(cell(contenders[name]) if name in contenders else "-" for contenders in found.values()))
        for name in names
    )
    return _table(("contender", *found), rows)


def _decoding(found: Results) -> Iterable[tuple[str, ...]]:
    for name in dict.fromkeys(name for contenders in found.values() for name in contenders):
        cells = []
        for contenders in found.values():
            own, stock = contenders[name], contenders.get("stock generated")
            text = f"{own['seconds'] * 1e6:,.0f} µs"
            if stock:
                text += f", {_ratio(own, 'ratio')}, memory {own['bytes'] / stock['bytes']:.2f}"
            cells.append(text)
        yield name, *cells


def _ratio(at: Results, key: str) -> str:
    median, low, high = (_short(at[key][name]) for name in ("median", "low", "high"))
    return f"**{median}** ({low}-{high})"


def _short(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


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
