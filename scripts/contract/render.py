"""Reports for people and for machines; all say the same in the same order."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from attrs import asdict, filters

from .changes import Change, Report
from .rules import RULES, Level

PLACES_SHOWN = 3


def more(change: Change) -> str:
    """Return the other places where a change is met: a few of them, and the number of the rest."""
    met = change.met
    shown = met.index(change.path) if change.path in met else 0
    others = (met[:shown] + met[shown + 1 :])[:PLACES_SHOWN]
    rest = change.count - 1 - len(others)
    return ", ".join([*others, *([f"{rest} more"] if rest else [])])


def counts(report: Report) -> str:
    """Return the counts in words."""
    parts = [f"{report.count(level)} {level}" for level in Level]
    accepted = [f"{len(report.accepted)} accepted"] if report.accepted else []
    return ", ".join([*parts, *accepted])


def as_json(report: Report) -> str:
    """Return the report for programs."""
    return "".join(_json(report))


def _json(report: Report) -> Iterator[str]:
    # The texts are written one by one: a report may be long, and json is slow when it indents.
    rest = {"old": report.old, "new": report.new}, {"summary": report.summary()}
    head, foot = (json.dumps(part, indent=2, ensure_ascii=False) for part in rest)
    yield f'{head[:-2]},\n  "changes": ['
    for number, change in enumerate(report.changes):
        found = asdict(change, filter=filters.exclude("spots")) | {"met": change.met, "count": change.count}
        yield f"{',' if number else ''}\n    {_object(found, 4)}"
    end = "\n  " if report.changes else ""
    yield f"{end}],{foot[1:]}\n"


def _object(members: Mapping[str, Any], indent: int) -> str:
    """Return an object as json indents it; its lists hold texts only."""
    pad = " " * (indent + 2)
    lines = []
    for key, value in members.items():
        if isinstance(value, list):
            texts = f",\n{pad}  ".join(json.dumps(text, ensure_ascii=False) for text in value)
            said = f"[\n{pad}  {texts}\n{pad}]"
        else:
            said = json.dumps(value, ensure_ascii=False)
        lines.append(f'{pad}"{key}": {said}')
    return "{\n" + ",\n".join(lines) + f"\n{' ' * indent}}}"


def as_text(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [f"{report.old} -> {report.new}: {counts(report)}"]
    for level in Level:
        for number, change in enumerate(report.of(level)):
            lines += ["", level.upper()] if number == 0 else []
            lines.append(f"  {_line(change.path) or 'the document'}")
            lines.append(f"    {_line(change.text)}  [{change.id}]")
            lines += [f"    also: {_line(also)}"] if (also := more(change)) else []
    if report.accepted:
        lines += ["", "ACCEPTED"]
    for change, entry in report.accepted:
        lines += [f"  {_line(change.path)}", f"    {_line(change.text)}  [{change.id}]"]
        lines.append(f"    until {_line(entry.until)}: {_line(entry.reason)}")
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    # Names come from the documents: a line break or a control code in one could forge a report.
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def as_markdown(report: Report) -> str:
    """Return the report for a comment on a pull request."""
    lines = [f"## Contract: {code(report.old)} → {code(report.new)}", "", f"**{counts(report)}**"]
    for level in Level:
        lines += markdown(report, level)
    if report.accepted:
        lines += ["", f"### Accepted ({len(report.accepted)})", ""]
    for change, entry in report.accepted:
        lines.append(f"- {code(change.path)}: {prose(change.text)}")
        lines.append(f"  <sub>{code(change.id)}, until {prose(entry.until)}: {prose(entry.reason)}</sub>")
    return "\n".join(lines) + "\n"


def markdown(report: Report, level: Level, without: Collection[str] = ()) -> list[str]:
    """Return the section on the changes of a level, without those of some rules; nothing if there are none."""
    changes = [change for change in report.of(level) if change.id not in without]
    if not changes:
        return []
    title = f"{level.title()} ({len(changes)})"
    hints = level is Level.INFO
    lines = ["", f"<details><summary>{title}</summary>" if hints else f"### {title}", ""]
    for change in changes:
        lines.append(f"- {code(change.path or 'the document')}: {prose(change.text)}")
        lines.append(f"  <sub>{code(change.id)}: {prose(RULES[change.id].reason)}</sub>")
        lines += [f"  <sub>also: {prose(also)}</sub>"] if (also := more(change)) else []
    return [*lines, "", "</details>"] if hints else lines


def code(text: str) -> str:
    """Return a text as code in Markdown, whatever it holds."""
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{_line(text)}{pad}{ticks}"


def prose(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    # On GitHub, an at sign would notify a person, and a bracket would make a link.
    return re.sub(r"([\\`*_\[\]{}#|!~@])", lambda match: f"&#{ord(match[0])};", html.escape(_line(text), quote=False))


def as_github(report: Report) -> str:
    """Return the report as annotations of a GitHub workflow."""
    commands = {Level.BREAKING: "error", Level.WARNING: "warning", Level.INFO: "notice"}
    # An annotation stands in a file of the checkout.
    file = "openapi/manta-openapi.json" if report.new.startswith("git:") else report.new
    lines = []
    for level, command in commands.items():
        for change in report.of(level):
            others = f" (also: {also})" if (also := more(change)) else ""
            message = _data(f"{change.path}: {change.text}{others}")
            lines.append(f"::{command} file={_property(file)},title={change.id}::{message}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid #ccc; padding: .5rem; vertical-align: top; }
code { overflow-wrap: anywhere; }
small { color: #666; }
.breaking h2 { color: #b00020; } .warning h2 { color: #9a6700; }
"""


def as_html(report: Report) -> str:
    """Return the report as a page that needs nothing from elsewhere."""
    title = html.escape(f"{report.old} → {report.new}")
    body = [f"<h1>{title}</h1>", f"<p>{counts(report)}</p>"]
    for level in Level:
        rows = [_row(change, RULES[change.id].reason, more(change)) for change in report.of(level)]
        body += _section(level, report.count(level), rows)
    rows = [_row(change, f"until {entry.until}: {entry.reason}") for change, entry in report.accepted]
    body += _section("accepted", len(rows), rows)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _section(name: str, count: int, rows: list[str]) -> list[str]:
    title = f"<h2>{name.title()} ({count})</h2>"
    return [f'<section class="{name}">{title}<table>', *rows, "</table></section>"] if rows else []


def _row(change: Change, reason: str, others: str = "") -> str:
    also = f"<br><small>also: {html.escape(others)}</small>" if others else ""
    place = f"<code>{html.escape(change.path or 'the document')}</code>{also}"
    what = f"{html.escape(change.text)}<br><small>{change.id}: {html.escape(reason)}</small>"
    return f"<tr><td>{place}</td><td>{what}</td></tr>"


REPORT_FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "html": as_html,
    "github": as_github,
}


def pieces(report: Report, form: str) -> Iterator[str]:
    """Yield a report in pieces, so that a long one need not stand in memory whole."""
    yield from _json(report) if form == "json" else [REPORT_FORMATS[form](report)]
