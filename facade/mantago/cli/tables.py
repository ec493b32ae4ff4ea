"""The command line's table of gifts, and the lines of the doctor's findings (extra `cli`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from mantago import ClientGifts, Gift, Ticket
from mantago.cli.probe import Check

COLUMNS = {"kind": True, "name": False, "from": False, "created": True, "valid": True}
"""The columns, and whether each keeps its width whatever the others need: times stay whole."""
WIDTH_OF_A_TABLE = 74
"""The least width of a console for a table; in a narrower one, the times would leave no room for names."""
VALIDITY = {True: "[red]expired[/]", False: "[green]yes[/]", None: "not said"}
MARKS = {True: "[green]✔[/]", False: "[red]✘[/]", None: "[dim]–[/]"}
PLAIN_MARKS = {True: "ok", False: "NO", None: "--"}
WIDTH_OF_CHECK_NAMES = len("configuration")


def show_gifts(console: Console, result: ClientGifts, who: str, *, utc: bool = False, quiet: bool = False) -> None:
    """Show a client's gifts as a table, on a narrow console one below the other; `who` names the client."""
    time_format = TimeFormat(utc=utc)
    rows = [_cells(kind, gift, time_format) for kind, gift in _in_order(result)]
    if not quiet:
        times = f" (times in {time_format.zones})" if rows else ""
        console.print(f"Gifts of client [bold]{escape(visible(who))}[/]{times}:", soft_wrap=True)
    if not rows:
        console.print("none")
    elif console.width < WIDTH_OF_A_TABLE:
        for kind, name, resource, created, *valid in rows:
            console.print(f"[bold]{kind}[/] {name}".rstrip())
            told = [
                f"from {resource}" if resource else "",
                f"created {created}",
                *(part.replace("\n", " ") for part in valid),
            ]
            console.print(Padding(", ".join(filter(None, told)), (0, 0, 0, 2)))
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for column, whole in COLUMNS.items():
            table.add_column(column, overflow="fold", no_wrap=whole)
        for *cells, state, span in rows:
            table.add_row(*cells, f"{state}\n{span}".rstrip())
        console.print(table)


def _cells(kind: str, gift: Ticket | Gift, time_format: TimeFormat) -> list[str]:
    """Return kind, name, origin, when it was made, and whether and when it is valid."""
    if isinstance(gift, Ticket):
        return [kind, "", "", time_format.tell(gift.created_at), "", ""]
    name, resource = escape(visible(gift.name)), escape(visible(gift.resource))
    return [
        kind,
        name,
        resource,
        time_format.tell(gift.created_at),
        VALIDITY[gift.is_expired],
        _span(gift, time_format),
    ]


def _in_order(result: ClientGifts) -> Iterator[tuple[str, Ticket | Gift]]:
    yield from (("ticket", ticket) for ticket in result.tickets)
    yield from (("physical", gift) for gift in result.physical_gifts)
    yield from (("virtual", gift) for gift in result.virtual_gifts)


def _span(gift: Gift, time_format: TimeFormat) -> str:
    start, end = (time_format.tell(moment) if moment else "" for moment in (gift.start_time, gift.end_time))
    if start and end:
        return f"{start} -\n{end}"
    return (start and f"from {start}") or (end and f"until {end}")


class TimeFormat:
    """Formats times in the local zone or in UTC, and remembers the names of the zones that it used."""

    def __init__(self, *, utc: bool) -> None:
        self._zone = UTC if utc else None
        self._told: dict[str, None] = {}

    def tell(self, moment: datetime) -> str:
        """Return date and time."""
        try:
            there = moment.astimezone(self._zone)
        except (OverflowError, OSError, ValueError):
            # The year is too near the first or the last, or the system doesn't know it.
            there = moment
        offset = f"{there:%z}"
        name = there.tzname() or ""
        # An abbreviation alone can be a zone of China or of America.
        self._told[name if name.startswith("UTC") else f"{name}, UTC{offset[:3]}:{offset[3:5]}"] = None
        return f"{there:%Y-%m-%d %H:%M}"

    @property
    def zones(self) -> str:
        """The zones of the times so far: two if some are in daylight saving time."""
        return " and ".join(self._told)


def show_check(console: Console, check: Check) -> None:
    """Show one of the doctor's findings, and under a cross what to do."""
    try:
        "".join(MARKS.values()).encode(console.encoding)
        marks = MARKS
    except UnicodeEncodeError:
        marks = PLAIN_MARKS
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, min_width=WIDTH_OF_CHECK_NAMES)
    line.add_column(overflow="fold")
    style = "dim" if check.ok is None else ""
    line.add_row(marks[check.ok], check.name, escape(visible(check.detail)), style=style)
    if check.ok is False:
        line.add_row("", "", f"[yellow]hint:[/] {escape(check.hint)}")
    console.print(line)


def visible(text: str) -> str:
    """Return the text without characters that could control a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
