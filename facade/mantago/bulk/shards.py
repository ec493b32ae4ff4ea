"""The unit of work: an ordered slice of the clients becomes one part file."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import anyio.to_thread
from attrs import define, field

from mantago.bulk.operations import BulkOperation, Row
from mantago.bulk.outcomes import (
    MOST_IN_A_ROW,
    REFUSED_TRIES,
    SECONDS_OF_REFUSALS,
    SECONDS_WITHOUT_ANSWER,
    TRIES,
    Streak,
    Verdict,
    verdict,
)
from mantago.bulk.pacing import Pacer
from mantago.bulk.parts import part_name, write_whole
from mantago.bulk.progress import Meter, StoppedError
from mantago.bulk.rows import KEYS, ClientKey, Format, Outcome, OutcomeName, key_of, key_of_row, rows_of
from mantago.client import AsyncMantaGo, MantaGo
from mantago.identification import ClientIdentity
from mantago_runtime.calls.policy import wait_before
from mantago_runtime.errors import ConfigurationError, MantaGoError, RateLimitError
from mantago_runtime.instrumentation import reason

Client: TypeAlias = MantaGo | AsyncMantaGo
Ask: TypeAlias = Callable[[ClientIdentity], Awaitable[Any]]


def asking(client: Client, operation: BulkOperation[Any], concurrency: int) -> Ask:
    """Return a function that calls the operation for a client identity; a synchronous client is called in threads."""
    method = getattr(client, operation.method)
    threads = anyio.CapacityLimiter(concurrency)

    async def ask(identity: ClientIdentity) -> Any:
        who = {name: value for name in KEYS if (value := getattr(identity, name)) is not None}
        if isinstance(client, AsyncMantaGo):
            return await method(**who)
        return await anyio.to_thread.run_sync(partial(method, **who), abandon_on_cancel=True, limiter=threads)

    return ask


@define
class Fetcher:
    """Fetches one part after another, all at one pace."""

    ask: Ask
    operation: BulkOperation[Any]
    format: Format
    pacer: Pacer
    meter: Meter
    concurrency: int
    retry_failed: bool = False
    jitter: Callable[[], float] = random.random
    _unanswered: Streak = field(factory=lambda: Streak(SECONDS_WITHOUT_ANSWER, TRIES), init=False)
    _refused: Streak = field(factory=lambda: Streak(SECONDS_OF_REFUSALS, REFUSED_TRIES), init=False)
    _failed_in_a_row: int = field(default=0, init=False)
    _heard_at: float = field(default=float("-inf"), init=False)
    _turn: anyio.Lock = field(factory=anyio.Lock, init=False)
    _answered: ClientIdentity | None = field(default=None, init=False)

    async def fetch(self, index: int, clients: Sequence[ClientIdentity], folder: Path) -> Mapping[OutcomeName, int]:
        """Fetch a part that isn't there, or the failed clients of one that is; return the number of each outcome."""
        path = folder / part_name(index, clients, self.operation.method, self.format.suffix)
        former: dict[ClientKey, list[Row]] = {}
        if path.exists():
            former = await anyio.to_thread.run_sync(self._read, path, {key_of(client) for client in clients})
        answered = (
            client for client in clients if key_of(client) in former and not _has_failed(former[key_of(client)])
        )
        if (one := next(answered, None)) is not None:
            self._note_answered(one)
        if self.retry_failed:
            former = {key: rows for key, rows in former.items() if not _has_failed(rows)}
        counts: Counter[OutcomeName] = Counter(rows[0]["outcome"] for rows in former.values())
        if todo := [client for client in clients if key_of(client) not in former]:
            outcomes = await self._fetch_all(todo)
            rows: list[Row] = []
            for client in clients:
                fresh = outcomes.get(client)
                rows += rows_of(self.operation, client, fresh) if fresh else former[key_of(client)]
            await anyio.to_thread.run_sync(self._write, path, rows)
            counts.update(outcome.name for outcome in outcomes.values())
        self.meter.keep(counts)
        return counts

    def _read(self, path: Path, keys: AbstractSet[ClientKey]) -> dict[ClientKey, list[Row]]:
        """Return the rows of a part by client."""
        found: dict[ClientKey, list[Row]] = {}
        try:
            for row in self.format.loads(path.read_bytes()):
                found.setdefault(key_of_row(row), []).append(row)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
            raise ConfigurationError(
                f"{path.name} can't be read ({error}): remove it, and run the same again"
            ) from error
        if found.keys() != keys:
            raise ConfigurationError(
                f"{path.name} doesn't hold the clients that its name says: remove it, and run the same again"
            )
        return found

    def _write(self, path: Path, rows: Sequence[Row]) -> None:
        try:
            write_whole(path, self.format.dumps(rows))
        except OSError as error:
            raise StoppedError(f"{path.name} can't be written: {error.strerror}") from error

    async def _fetch_all(self, clients: Sequence[ClientIdentity]) -> dict[ClientIdentity, Outcome]:
        outcomes: dict[ClientIdentity, Outcome] = {}
        ended: list[Exception] = []
        waiting = iter(clients)

        async def work() -> None:
            try:
                for client in waiting:
                    outcome = outcomes[client] = await self._outcome(client)
                    self.meter.add(outcome.name)
                    self.meter.show(anyio.current_time(), self.pacer.refusals)
            except Exception as error:  # noqa: BLE001 - raised below, without a group around it
                ended.append(error)
                group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for _ in range(min(self.concurrency, len(clients))):
                group.start_soon(work)
        if ended:
            raise ended[0]
        return outcomes

    async def _outcome(self, client: ClientIdentity) -> Outcome:
        """Ask for a client until there is an outcome; raise StoppedError if every client would fail."""
        tries = Counter[Verdict]()
        while True:
            sent_at = await self._take_turn()
            try:
                result = await self.ask(client)
            except MantaGoError as error:
                found = verdict(error)
                tries[found] += 1
                outcome = self._judge(found, error)
                if outcome is None:
                    wait, outcome = await self._unanswered_by(client, error, tries[found], sent_at)
                    await anyio.sleep(wait)
            else:
                outcome = Outcome("ok", datetime.now(UTC), result)
            if outcome is not None:
                self.pacer.answered()
                if outcome.name != "failed":
                    self._note_answered(client)
                return outcome

    def _judge(self, found: Verdict, error: MantaGoError) -> Outcome | None:
        """Return the outcome of a client that doesn't exist or was refused; raise StoppedError if all would be."""
        match found:
            case Verdict.NOT_FOUND:
                return Outcome("not_found", datetime.now(UTC))
            case Verdict.FAILED:
                self._hear()
                self._failed_in_a_row += 1
                if self._failed_in_a_row >= MOST_IN_A_ROW:
                    raise _stopped(error, f"{MOST_IN_A_ROW} clients in a row were refused; the last error: ") from error
                return _failed(error)
            case Verdict.STOP | Verdict.STOP_CREDENTIALS:
                raise _stopped(error, refused=found is Verdict.STOP_CREDENTIALS) from error
            case _:
                return None

    async def _unanswered_by(
        self, client: ClientIdentity, error: MantaGoError, tries: int, sent_at: float
    ) -> tuple[float, Outcome | None]:
        """Return the seconds until the next attempt, or the outcome of a client that is given up."""
        now, wait, streak = anyio.current_time(), 0.0, self._unanswered
        if isinstance(error, RateLimitError):
            self.pacer.refused(now, sent_at, error.retry_after)
            self._hear()
            streak = self._refused
        else:
            wait = wait_before(tries, error, self.jitter())
        # The silence began with the call, unless the service has answered since.
        streak.add(max(sent_at, self._heard_at), client)
        if streak.is_a_clients(tries):
            return 0.0, _failed(error)
        if streak.is_long(now):
            # A client that was answered before shows whether the service is at fault.
            if self._answered is not None and await self._is_answered(self._answered):
                return 0.0, _failed(error)
            raise _stopped(error, f"no call was answered for {streak.limit:.0f} s; the last error: ") from error
        return wait, None

    async def _is_answered(self, client: ClientIdentity) -> bool:
        await self._take_turn()
        try:
            await self.ask(client)
        except MantaGoError as error:
            return verdict(error) is Verdict.NOT_FOUND
        return True

    async def _take_turn(self) -> float:
        """Wait until the next call may be sent, behind those that wait already; return when that is."""
        async with self._turn:
            while (wait := self.pacer.wait(anyio.current_time())) > 0:  # noqa: ASYNC110 - another call can lengthen it
                await anyio.sleep(wait)
            self.meter.calls += 1
            now = anyio.current_time()
            self.pacer.sent(now)
            return now

    def _hear(self) -> None:
        """Note that the service has answered, if not with what was asked for."""
        self._heard_at = anyio.current_time()
        self._unanswered.end(answered=False)

    def _note_answered(self, client: ClientIdentity) -> None:
        self._answered = client
        self._failed_in_a_row = 0
        self._heard_at = anyio.current_time()
        for streak in (self._unanswered, self._refused):
            streak.end(answered=True)


def _has_failed(rows: Sequence[Row]) -> bool:
    return bool(rows[0]["outcome"] == "failed")


def _failed(error: MantaGoError) -> Outcome:
    return Outcome("failed", datetime.now(UTC), error=reason(error))


def _stopped(error: MantaGoError, before: str = "", *, refused: bool = False) -> StoppedError:
    return StoppedError(f"{before}{error}", credentials_refused=refused)
