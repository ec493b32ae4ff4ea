"""The command `mantago export`, and its progress (extra `cli`)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import anyio
import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from mantago import AsyncMantaGo
from mantago.bulk import ClientList, Progress, StoppedError, Summary, export_async, read_ids
from mantago.bulk.outcomes import Verdict, verdict
from mantago.bulk.progress import Status
from mantago.bulk.run import summary_in
from mantago.cli import options
from mantago.cli.output import complain, notes, print_json, print_note
from mantago.cli.sandbox import arguments_for
from mantago.cli.statuses import MEANINGS, ExitStatus
from mantago_runtime.errors import APIConnectionError, APIStatusError, MantaGoError

EXIT_STATUSES: Final[Mapping[Status, ExitStatus]] = {
    "done": ExitStatus.FINE,
    "some_failed": ExitStatus.REFUSED,
    "stopped": ExitStatus.TRY_LATER,
    "credentials_refused": ExitStatus.CREDENTIALS,
}
SECONDS_BETWEEN_LINES = 30.0


@click.command(
    cls=options.Command,
    exit_statuses=MEANINGS
    | {
        ExitStatus.FINE: "all done, though some clients may not be known",
        ExitStatus.REFUSED: "some failed; --retry-failed asks for those once more",
        ExitStatus.TRY_LATER: "stopped, also by Ctrl-C; the same command continues from there",
        ExitStatus.INTERRUPTED: "Ctrl-C before the first call",
    },
)
@options.export
@options.account(timeout=30.0, help="Seconds that each call may take.")
@options.output(quiet="No progress, and no notes on stderr.")
def export(
    *,
    ids: str,
    into: str,
    column: str | None,
    format: Literal["jsonl", "parquet"],  # noqa: A002 - the option's name
    rate: float | None,
    retry_failed: bool,
    account: options.Account,
    output: options.Output,
) -> int:
    """Fetch the gifts of many clients into a folder, at the pace that the service allows.

    FOLDER gets whole parts, part-*.jsonl.gz, and summary.json. If you run the
    same command again, it continues where it stopped.

    For example:
      mantago export customers.csv --into gifts-2026-11-27
      mantago export customers.csv --into gifts-2026-11-27 --retry-failed
      mantago export - --into gifts --rate 30 < ids.txt
    """
    with ExitStack() as stack:
        stack.enter_context(notes(output))
        arguments = arguments_for(account, stack, httpx.AsyncHTTPTransport)
        summary, error = run_export(
            lambda: AsyncMantaGo(**arguments, timeout=account.timeout),
            ids,
            column,
            into,
            output=output,
            format=format,
            rate=rate,
            retry_failed=retry_failed,
        )
    if output.as_json:
        print_json(summary.to_dict())
    else:
        print(told(summary, into))
    status = EXIT_STATUSES[summary.status]
    if error is None:
        return status
    reason = "by Ctrl-C or SIGTERM" if isinstance(error, KeyboardInterrupt) else str(error)
    first = f": {remedy}, then" if (remedy := remedy_for(error)) else ", and"
    message = f"stopped: {reason}; the finished parts are kept{first} the same command continues from there"
    # The cause says more to a program than that the run stopped.
    return complain(error.__cause__ or error, as_json=output.as_json, exit_status=status, message=message)


def run_export(
    connect: Callable[[], AsyncMantaGo],
    ids: str,
    column: str | None,
    into: str,
    *,
    output: options.Output,
    **given: Any,
) -> tuple[Summary, BaseException | None]:
    """Run an export; return its summary, and the error that stopped it, if there was one."""
    client = connect()
    source: Any = sys.stdin.buffer if ids == "-" else ids

    async def go(clients: ClientList, show: Callable[[Progress], None]) -> Summary:
        async with client:
            return await export_async(clients, into, client=client, on_progress=show, **given)

    try:
        with read_ids(source, column=column) as clients, _shown(output) as show:
            return anyio.run(go, clients, show), None
    except (StoppedError, KeyboardInterrupt) as error:
        summary = error.summary if isinstance(error, StoppedError) else summary_in(Path(into))
        if summary is None:
            raise  # before anything had begun
        return summary, error


def remedy_for(error: BaseException) -> str:
    """Return what has to be put right before a stopped export can continue, "" if nothing has to be."""
    cause = error.__cause__
    if isinstance(error, StoppedError) and error.credentials_refused:
        return "set the credentials that the service accepts (mantago doctor says more)"
    match cause:
        case OSError():
            return "make sure that the folder can be written to and has room"
        case APIStatusError(code=5001):
            return "no bot has this id, so correct --bot-id or MANTAGO_BOT_ID"
        case APIStatusError(code=11001):
            return "connect the bot to this platform in its dashboard"
        case APIStatusError(status_code=404):
            return "the API is not at this address, so correct --base-url or MANTAGO_BASE_URL"
        case APIConnectionError() if verdict(cause) is Verdict.AGAIN:
            return "check --base-url or MANTAGO_BASE_URL if they were set by hand, else wait until the service answers"
        case MantaGoError() if verdict(cause) not in {Verdict.AGAIN, Verdict.REFUSED}:
            return "correct what the service refuses (mantago doctor says more)"
        case _:
            return ""


def told(summary: Summary, folder: str) -> str:
    """Return a line that says how an export ended."""
    counts = f"{summary.ok:,} answered, {summary.not_found:,} not found, {summary.failed:,} failed"
    again = "; --retry-failed asks for those once more" if summary.status == "some_failed" else ""
    return f"{summary.done:,} of {summary.clients:,} clients in {Path(folder)}: {counts}{again}"


@contextmanager
def _shown(output: options.Output) -> Iterator[Callable[[Progress], None]]:
    """Show progress on stderr: a bar for people at a terminal, else a line now and then."""
    if output.quiet:
        yield lambda _: None
    elif sys.stderr.isatty() and not output.as_json:
        with _bar() as bar:
            task = bar.add_task("", total=None, note="")
            yield lambda progress: bar.update(
                task, total=progress.total, completed=progress.done, note=note(progress), refresh=True
            )
    else:
        yield Lines(time.monotonic, as_json=output.as_json)


def _bar() -> Bar:
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"))
    return Bar(*columns, console=Console(stderr=True, highlight=False), auto_refresh=False, transient=True)


class Lines:
    """Writes a line now and then, for a log."""

    def __init__(self, clock: Callable[[], float], *, as_json: bool = False) -> None:
        self._clock, self._as_json = clock, as_json
        self._next = clock() + SECONDS_BETWEEN_LINES

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time."""
        if self._clock() >= self._next:
            self._next = self._clock() + SECONDS_BETWEEN_LINES
            print_note(f"{progress.done / progress.total:.0%}, {note(progress)}", as_json=self._as_json)


def note(progress: Progress) -> str:
    """Return the text beside the bar."""
    parts = [f"{progress.done:,} of {progress.total:,}", f"{progress.rate:.1f} calls/s"]
    parts += [f"{progress.failed:,} failed"] if progress.failed else []
    parts += [f"{progress.refusals:,} times 429"] if progress.refusals else []
    parts += [f"{_duration(progress.remaining)} left"] if progress.remaining is not None else []
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
