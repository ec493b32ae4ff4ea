"""The pace of bulk runs: the limit of a service is found and kept, and nothing else is known of it."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Any

import pytest
from attrs import frozen

from bulk import LIMITERS, Service, SlidingWindow, TokenBucket, simulated
from mantago.bulk import export_async
from mantago.bulk.pacing import Pacer

AFTER = 60.0


@frozen
class Way:
    """How calls reach a service: in so many seconds there and back, by a share more or less.

    Each side stands still at times, on the average every so many seconds for so many, as on a machine that is busy.
    """

    latency: float
    wavering: float
    stalls: tuple[float, float] | None = None

    def half(self, chance: random.Random) -> float:
        return self.latency / 2 * chance.uniform(1 - self.wavering, 1 + self.wavering)

    def standing(self, chance: random.Random, seconds: float) -> Callable[[float], float]:
        """Return what says when a side that wants to act at a moment, later from call to call, can do so."""
        spells, now = [], 0.0
        while self.stalls and now < seconds:
            begin = now + chance.expovariate(1 / self.stalls[0])
            now = begin + chance.expovariate(1 / self.stalls[1])
            spells.append((begin, now))

        def at(moment: float) -> float:
            while spells and spells[0][1] <= moment:
                del spells[0]
            return spells[0][1] if spells and spells[0][0] <= moment else moment

        return at


WAYS = {
    "near": Way(0.02, 0.5),
    "far": Way(0.3, 0.2),
    "busy": Way(0.1, 0.5, stalls=(3.0, 0.04)),
    "held up": Way(0.05, 0.5, stalls=(30.0, 0.5)),
}


def simulate(
    limiter: Any, *, seconds: float, way: Way = WAYS["near"], retry_after: float | None = 1, most: float | None = None
) -> Iterator[tuple[float, bool]]:
    """Yield when each call arrived and whether it was allowed, in a run that isn't short of connections."""
    pacer, chance, number = Pacer(most), random.Random(7), count()
    here, there = way.standing(chance, seconds), way.standing(chance, seconds)
    events: list[Any] = [(0.0, next(number), "turn", 0.0, True)]
    while (event := heapq.heappop(events))[0] < seconds:
        now, _, kind, sent_at, allowed = event
        if (able := (there if kind == "arrival" else here)(now)) > now:
            heapq.heappush(events, (able, next(number), kind, sent_at, allowed))
        elif kind == "arrival":
            allowed = limiter.take(now)
            heapq.heappush(events, (now + way.half(chance), next(number), "answer", sent_at, allowed))
            yield now, allowed
        elif kind == "answer":
            if allowed:
                pacer.answered()
            else:
                pacer.refused(now, sent_at, retry_after)
        elif wait := pacer.wait(now):
            # An event loop wakes up late.
            heapq.heappush(events, (now + wait + chance.uniform(0, 0.002), next(number), "turn", 0.0, True))
        else:
            pacer.sent(now)
            heapq.heappush(events, (now + way.half(chance), next(number), "arrival", now, True))
            heapq.heappush(events, (now, next(number), "turn", 0.0, True))


@pytest.mark.parametrize(("way", "retry_after"), [*((way, 1) for way in WAYS), ("near", 0), ("near", None)])
@pytest.mark.parametrize("limiter", LIMITERS)
@pytest.mark.parametrize(("limit", "seconds"), [(10, 260), (35, 260), (200, 140)])
@pytest.mark.unmeasured
def test_after_a_minute_the_limit_is_used_and_hardly_ever_passed(limit, seconds, limiter, way, retry_after):
    calls = simulate(limiter(limit), seconds=seconds, way=WAYS[way], retry_after=retry_after)
    late = [allowed for moment, allowed in calls if moment >= AFTER]
    assert sum(late) >= 0.85 * limit * (seconds - AFTER)
    assert late.count(False) <= 0.02 * len(late)


@pytest.mark.parametrize("limit", [10, 35, 200])
def test_a_limit_that_falls_to_a_fifth_or_rises_fivefold_is_found_again(limit):
    limiter, counts = TokenBucket(limit), {}
    for moment, allowed in simulate(limiter, seconds=900):
        limiter.limit = limit / 5 if 300 <= moment < 600 else limit
        phase = int(moment / 100)
        counts.setdefault(phase, []).append(allowed)
    assert sum(counts[5]) >= 0.85 * limit / 5 * 100
    assert sum(counts[8]) >= 0.85 * limit * 100


def test_without_a_limit_the_pace_begins_at_20_and_doubles_each_second():
    class Never:
        def take(self, now):
            return True

    calls = [int(moment) for moment, _ in simulate(Never(), seconds=4.5)]
    for second, rate in enumerate([20, 40, 80, 160]):
        assert calls.count(second) == pytest.approx(rate, rel=0.15)


def test_a_given_rate_is_kept_evenly_and_never_passed():
    moments = [moment for moment, _ in simulate(TokenBucket(1000), seconds=60, most=50)]
    assert len(moments) == pytest.approx(50 * 60, rel=0.01)
    for start in range(60):
        assert sum(start <= moment < start + 1 for moment in moments) <= 50 * 1.1 + 1
    gaps = [later - moment for moment, later in pairwise(moments)]
    assert max(gaps) < 0.05


def test_a_given_rate_is_lowered_by_refusals_and_comes_back_no_further():
    pacer = Pacer(50)
    pacer.sent(0.0)
    pacer.refused(0.1, 0.0, 1)
    assert pacer.rate < 50
    now = 1.1
    while now < 300:
        now += pacer.wait(now) or 0.0
        pacer.sent(now)
    assert pacer.rate == 50


def test_all_calls_wait_as_long_as_the_service_asks():
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.sent(0.01)
    pacer.refused(0.5, 0.0, 7)
    assert pacer.wait(0.5) == pytest.approx(7)
    rate = pacer.rate
    pacer.refused(0.6, 0.01, 9)
    assert pacer.wait(0.6) == pytest.approx(9)
    assert (pacer.rate, pacer.refusals) == (rate, 2)


def test_a_service_that_says_no_time_is_left_alone_for_longer_each_time():
    pacer, now, waits = Pacer(), 0.0, []
    for _ in range(9):
        pacer.sent(now)
        pacer.refused(now + 0.1, now, None)
        waits.append(round(pacer.wait(now + 0.1)))
        now += 0.1 + pacer.wait(now + 0.1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pacer.answered()
    pacer.sent(now)
    pacer.sent(now + 1)
    pacer.refused(now + 1.1, now + 1, None)
    assert pacer.wait(now + 1.1) == pytest.approx(1)
    # Of the same moment, and without a time: nothing is added.
    pacer.refused(now + 1.2, now, None)
    assert pacer.wait(now + 1.2) == pytest.approx(0.9)


def test_a_pace_that_nobody_uses_doesnt_grow():
    pacer = Pacer()
    for second in range(60):
        assert pacer.wait(float(second)) == 0
        pacer.sent(float(second))
    assert pacer.rate == 20


@pytest.mark.unmeasured
def test_a_whole_run_finds_the_limit_of_a_service(tmp_path):
    service = Service(SlidingWindow(35))
    clients = service.add(*(f"client-{number}" for number in range(5000)))

    async def run() -> None:
        async with service.client() as client:
            await export_async(clients, tmp_path, client=client)

    simulated(run)
    late = [status for moment, _, status in service.asked if AFTER <= moment < 130]
    assert late.count(200) >= 0.85 * 35 * (130 - AFTER)
    assert late.count(429) <= 0.02 * len(late)
    assert sorted({who for _, who, status in service.asked if status == 200}) == sorted(clients)
