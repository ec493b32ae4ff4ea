"""The pace of many calls: as fast as the service allows, without knowing its limit.

Pure decisions on a clock that the caller reads: nothing here waits. Additive increase and multiplicative decrease, as
TCP and boto3's adaptive mode have them, with a slow return to where calls were refused, as TCP CUBIC has it. Packages
that limit a rate (aiolimiter, pyrate-limiter) keep a rate that is known beforehand, in bursts, and learn nothing from a
refusal; boto3's own is a private part of botocore.
"""

from __future__ import annotations

from attrs import define, field

FIRST_RATE = 20.0
"""The rate to begin with, in calls a second, where the caller gives none."""
LEAST_RATE = 1.0
CREDIT_SECONDS = 0.02
"""The seconds that a call may be late without slowing down those behind it: event loops wake up late."""
TICK_SECONDS = 1.0
BUSY_SHARE = 0.7
"""The share of the rate that must be used in a tick before the tick says anything about the limit."""
SEARCHING, SOON, NEAR = (0.5, 10), (0.85, 20), (0.97, 40)
"""The share of the rate that is left after a refusal, and the ticks that it takes to return to the refused rate.

A refusal costs all calls a pause of a second or more, so refusals must be far apart once the limit is known. Where
latency varies, calls are refused below the limit, and a rate a few per cent lower costs less than the pauses.
"""
SOON_SECONDS = 2.0
"""A refusal within this time after a pause says that the limit is well below the rate."""
SHORTEST_PAUSE_SECONDS = 1.0
"""Services count by the second: after `Retry-After: 0`, calls in the same second would be refused again."""
LONGEST_PAUSE_SECONDS = 60.0


@define
class Pacer:
    """Says when the next call may be sent, and learns from what the service refuses.

    `most` is the most calls a second. Without it, the rate begins at 20 and doubles each second until the first
    refusal. A refusal pauses all calls, and lowers the rate once for all that were sent before it.
    """

    most: float | None = None
    rate: float = field(init=False)
    refusals: int = field(default=0, init=False)
    _searching: bool = field(init=False)
    _next: float = field(default=0.0, init=False)
    _blocked_until: float = field(default=float("-inf"), init=False)
    _cut_at: float = field(default=float("-inf"), init=False)
    _pause: float = field(default=SHORTEST_PAUSE_SECONDS, init=False)
    # Of the current tick: when it began, and how many calls were sent in it.
    _tick: float | None = field(default=None, init=False)
    _sent: int = field(default=0, init=False)
    # Of the increase since the last refusal.
    _refused_rate: float = field(init=False)
    _step: float = field(default=0.0, init=False)
    _beyond: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._searching = self.most is None
        self.rate = self._refused_rate = FIRST_RATE if self.most is None else self.most

    def wait(self, now: float) -> float:
        """Return the seconds until the next call may be sent; 0 says that it may now."""
        self._grow(now)
        return max(0.0, self._next - now, self._blocked_until - now)

    def sent(self, now: float) -> None:
        """Note that a call is sent."""
        if self._tick is None:
            self._tick = now
        self._sent += 1
        self._next = max(self._next, now - CREDIT_SECONDS) + 1 / self.rate

    def answered(self) -> None:
        """Note that a call wasn't refused."""
        self._pause = SHORTEST_PAUSE_SECONDS

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:
        """Note that a call, sent at `sent_at`, was refused; all calls wait for as long as the service asks."""
        self.refusals += 1
        told = retry_after is not None
        pause = self._pause if retry_after is None else max(retry_after, SHORTEST_PAUSE_SECONDS)
        if sent_at <= self._cut_at:
            # It was sent before the refusal that has lowered the rate already.
            self._block(now + pause if told else self._blocked_until)
            return
        if not told:
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        soon = now < self._blocked_until + SOON_SECONDS
        share, ticks = SEARCHING if self._searching else SOON if soon else NEAR
        # One refusal below the others may be chance; those that follow at once are not.
        by_chance = self.rate < self._refused_rate and not soon
        self._refused_rate = (self._refused_rate + self.rate) / 2 if by_chance else self.rate
        self.rate = max(self.rate * share, LEAST_RATE)
        self._step = max(self._refused_rate - self.rate, LEAST_RATE * 0.1) / ticks
        self._searching, self._beyond, self._cut_at = False, 0, now
        self._block(now + pause)

    def _block(self, until: float) -> None:
        self._blocked_until = max(self._blocked_until, until)
        # Calls don't catch up on the pause.
        self._next = max(self._next, self._blocked_until)
        self._tick, self._sent = None, 0

    def _grow(self, now: float) -> None:
        """Raise the rate after a tick that has made use of it."""
        if self._tick is None or now < self._tick + TICK_SECONDS:
            return
        busy = self._sent >= BUSY_SHARE * self.rate * TICK_SECONDS and now < self._tick + 2 * TICK_SECONDS
        self._tick, self._sent = now, 0
        if not busy:
            return
        if self._searching:
            self.rate *= 2
        else:
            if self.rate > self._refused_rate:
                self._beyond += 1
            # The limit has moved: the step doubles every ten ticks.
            self.rate += self._step * 2.0 ** (self._beyond / 10)
        if self.most is not None:
            self.rate = min(self.rate, self.most)
