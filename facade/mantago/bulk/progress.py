"""The progress of a run, and its summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import attrs
from attrs import define, field, frozen

from mantago.bulk.rows import OutcomeName
from mantago_runtime.errors import MantaGoError

Status: TypeAlias = Literal["running", "done", "some_failed", "stopped", "credentials_refused"]
SECONDS_BETWEEN = 1.0


@frozen(kw_only=True)
class Progress:
    """The progress of a run, in clients with an outcome, also of earlier runs; `rate` is in calls a second.

    `calls`, `refusals` (answers of 429) and `elapsed` are of this run. `remaining` is in seconds, and None until it can
    be estimated.
    """

    total: int
    done: int
    ok: int
    not_found: int
    failed: int
    calls: int
    refusals: int
    rate: float
    elapsed: float
    remaining: float | None


@frozen(kw_only=True)
class Summary:
    """The summary of a run, as `summary.json` holds it.

    `ok`, `not_found` and `failed` count the clients in the parts, `calls` and `refusals` those of this run. `list`
    identifies the list of clients.
    """

    status: Status
    reason: str | None
    clients: int
    duplicates: int
    done: int
    ok: int
    not_found: int
    failed: int
    parts: int
    parts_done: int
    calls: int
    refusals: int
    seconds: float
    started_at: str
    operation: str
    format: str
    part_size: int
    list: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return attrs.asdict(self)


class StoppedError(MantaGoError):
    """A run stopped because every client would fail. The finished parts are kept, and the same run continues from them.

    `credentials_refused` says that the run needs new credentials. The cause is the call's exception, if there was one.
    `summary` is None if a part was fetched by itself.
    """

    summary: Summary | None = None

    def __init__(self, reason: str, *, credentials_refused: bool = False) -> None:
        super().__init__(reason)
        self.credentials_refused = credentials_refused


@define
class Meter:
    """Counts what a run does, and reports it at most once a second."""

    total: int
    started: float
    tell: Callable[[Progress], object] | None = None
    calls: int = 0
    kept: dict[OutcomeName, int] = field(factory=lambda: {"ok": 0, "not_found": 0, "failed": 0})
    """Clients in whole parts."""
    fresh: dict[OutcomeName, int] = field(factory=lambda: {"ok": 0, "not_found": 0, "failed": 0})
    """Clients of the part that is being fetched."""
    fetched: int = 0
    _told: float = float("-inf")

    def keep(self, counts: Mapping[OutcomeName, int]) -> None:
        """Count the clients of a finished part."""
        self.kept = {name: count + counts.get(name, 0) for name, count in self.kept.items()}
        self.fresh = dict.fromkeys(self.fresh, 0)

    def add(self, name: OutcomeName) -> None:
        """Count a client of the part that is being fetched."""
        self.fresh[name] += 1
        self.fetched += 1

    def show(self, now: float, refusals: int, *, at_once: bool = False) -> None:
        """Report the progress, unless that was done less than a second ago."""
        if self.tell is None or (now < self._told + SECONDS_BETWEEN and not at_once):
            return
        self._told = now
        counts = {name: count + self.fresh[name] for name, count in self.kept.items()}
        done, elapsed = sum(counts.values()), now - self.started
        self.tell(
            Progress(
                total=self.total,
                done=done,
                ok=counts["ok"],
                not_found=counts["not_found"],
                failed=counts["failed"],
                calls=self.calls,
                refusals=refusals,
                rate=self.calls / elapsed if elapsed else 0.0,
                elapsed=elapsed,
                remaining=(self.total - done) * elapsed / self.fetched if self.fetched else None,
            )
        )
