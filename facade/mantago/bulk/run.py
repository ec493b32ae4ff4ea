"""The run that turns a list of clients into a folder of parts: asynchronous inside, with synchronous entries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from attrs import define

from mantago import __version__
from mantago.bulk.ids import ClientList, ClientName, checked_names, client_list, named
from mantago.bulk.operations import GIFTS, BulkOperation
from mantago.bulk.pacing import Pacer
from mantago.bulk.parts import held_alone, make_folder, part_name, parts_in, remove_leftovers, write_whole
from mantago.bulk.progress import Meter, Progress, Status, StoppedError, Summary
from mantago.bulk.rows import FormatName, OutcomeName, format_named
from mantago.bulk.shards import Client, Fetcher, asking
from mantago_runtime.configuration import checked_whole
from mantago_runtime.errors import ConfigurationError, MantaGoError
from mantago_runtime.instrumentation import run_span

PART_SIZE = 500
CONCURRENCY = 64
SUMMARY = "summary.json"
_OF_THE_RUN = ("operation", "format", "part_size", "list")
"""The fields that two runs of one folder must have in common."""


async def fetch_shard_async(
    clients: Iterable[ClientName],
    into: str | Path,
    *,
    client: Client,
    index: int = 0,
    operation: BulkOperation[Any] = GIFTS,
    format: FormatName = "jsonl",  # noqa: A002 - as on the command line
    rate: float | None = None,
    concurrency: int = CONCURRENCY,
    retry_failed: bool = False,
) -> dict[OutcomeName, int]:
    """Fetch the clients of one part, number `index` of its folder; return how many clients have which outcome.

    This is the unit of work for an engine. It may run again, on any machine: it does nothing if the part is there.
    `rate` is this worker's share. Raises StoppedError, ConfigurationError, IdentificationError.
    """
    shard, folder = [named(name) for name in checked_names(clients)], Path(into)
    meter = Meter(len(shard), anyio.current_time())
    fetcher = _fetcher(client, operation, format, rate, concurrency, meter=meter, retry_failed=retry_failed)
    make_folder(folder)
    with _seen(fetcher):
        return dict(await fetcher.fetch(index, shard, folder))


def fetch_shard(
    clients: Iterable[ClientName], into: str | Path, *, client: Client, **options: Any
) -> dict[OutcomeName, int]:
    """Do what `fetch_shard_async` does, for callers without an event loop."""
    return anyio.run(partial(fetch_shard_async, clients, into, client=client, **options))


async def export_async(
    clients: ClientList | Iterable[ClientName],
    into: str | Path,
    *,
    client: Client,
    operation: BulkOperation[Any] = GIFTS,
    format: FormatName = "jsonl",  # noqa: A002 - as on the command line
    rate: float | None = None,
    part_size: int = PART_SIZE,
    concurrency: int = CONCURRENCY,
    retry_failed: bool = False,
    on_progress: Callable[[Progress], object] | None = None,
) -> Summary:
    """Ask for every client and keep the answers in a folder's parts; a further run continues where this one stopped.

    `rate` is the most calls a second; without it, the run finds out how many the service allows. `retry_failed` asks
    once more for the clients that failed. `on_progress` is called at most once a second. Raises StoppedError where
    every client would fail, and keeps the finished parts; ConfigurationError if the list can't be used, or if the
    folder is another list's or in use by another run.
    """
    with ExitStack() as stack:
        listed = clients if isinstance(clients, ClientList) else stack.enter_context(client_list(clients))
        meter = Meter(len(listed), anyio.current_time(), on_progress)
        fetcher = _fetcher(client, operation, format, rate, concurrency, meter=meter, retry_failed=retry_failed)
        size = checked_whole("part_size", part_size, least=1)
        run = _Run(listed, Path(into), fetcher, format, size, datetime.now(UTC))
        run.check_folder()
        with _seen(fetcher):
            return await run.go()


def export(clients: ClientList | Iterable[ClientName], into: str | Path, *, client: Client, **options: Any) -> Summary:
    """Do what `export_async` does, for callers without an event loop."""
    return anyio.run(partial(export_async, clients, into, client=client, **options))


def _fetcher(
    client: Client,
    operation: BulkOperation[Any],
    form: FormatName,
    rate: float | None,
    concurrency: int,
    *,
    meter: Meter,
    retry_failed: bool,
) -> Fetcher:
    if rate is not None and not 0 < rate < float("inf"):
        raise ConfigurationError(f"rate must be a number of calls a second above zero, not {rate!r}")
    concurrency = checked_whole("concurrency", concurrency, least=1)
    # Every attempt is paced here: the client's own retries wouldn't be.
    ask = asking(client.with_options(max_retries=0), operation, concurrency)
    return Fetcher(ask, operation, format_named(form, operation), Pacer(rate), meter, concurrency, retry_failed)


@contextmanager
def _seen(fetcher: Fetcher) -> Iterator[None]:
    """Make the calls' spans children of the run's span, which has counts and names no client."""

    def told() -> dict[str, str | int]:
        meter = fetcher.meter
        counts = {"clients": meter.total, "calls": meter.calls, "refusals": fetcher.pacer.refusals}
        return {f"mantago.bulk.{name}": count for name, count in [*counts.items(), *meter.kept.items()]}

    with run_span(f"mantago.bulk {fetcher.operation.method}", __version__, told):
        yield


@define
class _Run:
    """One run of a folder."""

    clients: ClientList
    folder: Path
    fetcher: Fetcher
    format: FormatName
    part_size: int
    started_at: datetime
    parts: int = 0
    parts_done: int = 0

    def check_folder(self) -> None:
        """Refuse the folder of another list, or of the same list in other parts."""
        names = set()
        for index, shard in enumerate(self.clients.shards(self.part_size)):
            names.add(part_name(index, shard, self.fetcher.operation.method, self.fetcher.format.suffix))
        self.parts = len(names)
        former, ours = summary_in(self.folder), self._summary("running")
        differs = [name for name in _OF_THE_RUN if former and getattr(former, name) != getattr(ours, name)]
        if foreign := parts_in(self.folder) - names:
            differs.append(f"{len(foreign)} part{'s' * (len(foreign) > 1)} of another list")
        if differs:
            raise ConfigurationError(
                f"{self.folder} belongs to another run (differing: {', '.join(differs)}): a folder holds one list, in "
                "one format, so name a new one; nothing was fetched"
            )

    async def go(self) -> Summary:
        """Fetch all parts; leave a summary however it ends."""
        make_folder(self.folder)
        with held_alone(self.folder):
            return await self._go()

    async def _go(self) -> Summary:
        try:
            self._begin()
            for index, shard in enumerate(self.clients.shards(self.part_size)):
                await self.fetcher.fetch(index, shard, self.folder)
                self.parts_done += 1
                self._show()
        except StoppedError as error:
            error.summary = self._end("credentials_refused" if error.credentials_refused else "stopped", str(error))
            raise
        except BaseException as error:
            told = str(error) if isinstance(error, MantaGoError) else f"ended by {type(error).__name__}"
            self._end("stopped", told if isinstance(error, Exception) else "interrupted")
            raise
        return self._end("some_failed" if self.fetcher.meter.kept["failed"] else "done")

    def _begin(self) -> None:
        try:
            remove_leftovers(self.folder)
            self._keep(self._summary("running"))
        except OSError as error:
            raise StoppedError(f"{self.folder} can't be written to: {error.strerror}") from error

    def _show(self) -> None:
        self.fetcher.meter.show(anyio.current_time(), self.fetcher.pacer.refusals)

    def _end(self, status: Status, reason: str | None = None) -> Summary:
        summary = self._summary(status, reason)
        # A full disk has been reported already, and only the parts count.
        with suppress(OSError):
            self._keep(summary)
        self.fetcher.meter.show(anyio.current_time(), self.fetcher.pacer.refusals, at_once=True)
        return summary

    def _keep(self, summary: Summary) -> None:
        content = json.dumps(summary.to_dict(), ensure_ascii=False, indent=2) + "\n"
        write_whole(self.folder / SUMMARY, content.encode())

    def _summary(self, status: Status, reason: str | None = None) -> Summary:
        meter = self.fetcher.meter
        return Summary(
            status=status,
            reason=reason,
            clients=len(self.clients),
            duplicates=self.clients.duplicates,
            done=sum(meter.kept.values()),
            **meter.kept,
            parts=self.parts,
            parts_done=self.parts_done,
            calls=meter.calls,
            refusals=self.fetcher.pacer.refusals,
            seconds=round(anyio.current_time() - meter.started, 3),
            started_at=self.started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            operation=self.fetcher.operation.method,
            format=self.format,
            part_size=self.part_size,
            list=self.clients.digest,
        )


def summary_in(folder: Path) -> Summary | None:
    """Return the summary of a folder's last run; None if it can't be read. The parts say the same."""
    try:
        return Summary(**json.loads((folder / SUMMARY).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
