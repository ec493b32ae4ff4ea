"""What is sent again, how long after, and what is never sent twice."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import MAY_ACT, PAIR, READS, SOAK, Connection, answer, each, friendly, head, refusal, serving

from conftest import GOOD, Connect
from mantago import APIConnectionError, APIStatusError, APITimeoutError, Credentials, MantaGoError
from mantago_runtime.calls.io_backend import sync_io_backend
from mantago_runtime.calls.loop import CallLoop
from mantago_runtime.calls.policy import FIRST_BACKOFF, LONGEST_BACKOFF, Policy
from mantago_runtime.calls.responses import retry_after
from mantago_runtime.calls.transports import from_httpx
from mantago_runtime.concurrency import run_sync
from mantago_runtime.document import OperationInfo
from mantago_runtime.instrumentation import Instrumentation
from mantago_runtime.secrets.store import CredentialStore

# --- on real sockets ------------------------------------------------------------------------------------------------

GOOD_ANSWER = answer()
CUT = None

# What the server answers, one after another (None: it cuts the connection after reading); how many requests it sees
# when the operation only reads, and how many when it may act.
REPEATED: dict[str, tuple[list[bytes | None], int, int]] = {
    "a connection cut after the request": ([CUT, GOOD_ANSWER], 2, 1),
    "a 500": ([refusal(500), GOOD_ANSWER], 2, 1),
    "a 502": ([refusal(502), GOOD_ANSWER], 2, 1),
    "a 503": ([refusal(503), GOOD_ANSWER], 2, 1),
    "a 503 with Retry-After": ([refusal(503, Retry_After=0), GOOD_ANSWER], 2, 2),
    "a 503 with a Retry-After of no sense": ([refusal(503, Retry_After="soon"), GOOD_ANSWER], 2, 1),
    "a 500 with Retry-After": ([refusal(500, Retry_After=0), GOOD_ANSWER], 2, 1),
    "a 504": ([refusal(504), GOOD_ANSWER], 2, 1),
    "a 429": ([refusal(429), GOOD_ANSWER], 2, 2),
    "a 429 with Retry-After": ([refusal(429, Retry_After=0), GOOD_ANSWER], 2, 2),
    "a 429 and then a 500": ([refusal(429), refusal(500), GOOD_ANSWER], 3, 2),
    "three 500s": ([refusal(500)] * 3, 3, 1),
    "three 429s": ([refusal(429)] * 3, 3, 3),
    "a cut, a 502, and gifts": ([CUT, refusal(502), GOOD_ANSWER], 3, 1),
    "a 501": ([refusal(501)], 1, 1),
    "a 520": ([refusal(520)], 1, 1),
    "a 400": ([refusal(400)], 1, 1),
    "a 408": ([refusal(408)], 1, 1),
    "a redirect": ([refusal(307, Location="/")], 1, 1),
    "no JSON": ([answer(b"<html>")], 1, 1),
    "another success": ([answer(status=202)], 1, 1),
}


@pytest.mark.parametrize("path", [READS, MAY_ACT])
@pytest.mark.parametrize("case", REPEATED)
def test_a_request_is_seen_as_often_as_it_should_after(connect: Connect, case, path):
    answers, if_it_reads, if_it_may_act = REPEATED[case]
    times = if_it_reads if path == READS else if_it_may_act
    with serving(each(*answers)) as server:
        driver = connect(base_url=server.base_url, jitter=lambda: 0.0)
        # The last of the answers says how it ends; where it isn't reached, the one before was refused.
        with contextlib.nullcontext() if answers[times - 1] == GOOD_ANSWER else pytest.raises(MantaGoError) as caught:
            driver.request("POST", path, json={})
        assert len(server.requests) == times
        if caught and isinstance(caught.value, (APIStatusError, APIConnectionError)):
            assert caught.value.attempts == times
            assert 0 < caught.value.elapsed < 10


@pytest.mark.parametrize("path", [READS, MAY_ACT])
def test_a_connection_that_is_refused_is_tried_again_by_any_operation(connect: Connect, path):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with contextlib.ExitStack() as stack:
        servers = []

        def begin_to_listen() -> float:
            if not servers:
                servers.append(stack.enter_context(serving(friendly, port=port)))
            return 0.0

        driver = connect(base_url=f"http://127.0.0.1:{port}", jitter=begin_to_listen)
        assert driver.request("POST", path, json={}).status_code == 200
        assert len(servers[0].requests) == 1


def test_an_operation_that_may_act_is_not_sent_again_over_a_kept_connection_that_was_cut(connect: Connect):
    with serving(each(GOOD_ANSWER, CUT, GOOD_ANSWER)) as server:
        driver = connect(base_url=server.base_url)
        driver.request("POST", MAY_ACT, json={})
        with pytest.raises(APIConnectionError, match=r"\(1 attempt"):
            driver.request("POST", MAY_ACT, json={})
        assert len(server.requests) == 2


# What the header says, and the least and the most seconds until the next request; None: there is none.
WAITS: dict[str, tuple[Callable[[], str], tuple[float, float] | None]] = {
    "seconds": (lambda: "1", (1.0, 1.8)),
    "a fraction": (lambda: "0.3", (0.3, 1.0)),
    "none": (lambda: "0", (0, 0.4)),
    "a date": (lambda: formatdate(time.time() + 2, usegmt=True), (0.9, 2.8)),
    "a date in the past": (lambda: "Fri, 15 Jan 2016 08:00:00 GMT", (0, 0.4)),
    "a negative number": (lambda: "-5", (0, 0.4)),
    "none, and a control character": (lambda: "0\x1e", (0, 0.4)),  # found by make fuzz: it raised ValueError
    "garbage": (lambda: "soon; or later", (0, 0.4)),
    "nothing": (lambda: "", (0, 0.4)),
    "an hour": (lambda: "3600", None),
    "an age": (lambda: "9" * 400, None),
    "a date in the last year": (lambda: "Fri, 31 Dec 9999 23:59:59 GMT", None),
}


@pytest.mark.parametrize("header", WAITS)
def test_retry_after_is_kept_to_where_there_is_time_and_the_failure_raised_at_once_where_not(connect: Connect, header):
    make, span = WAITS[header]
    moments: list[float] = []

    def script(connection: Connection) -> None:
        while connection.request():
            moments.append(time.monotonic())
            connection.send(GOOD_ANSWER if len(moments) > 1 else refusal(429, Retry_After=make()))

    with serving(script) as server:
        driver = connect(base_url=server.base_url, timeout=20, jitter=lambda: 0.0)
        before = time.monotonic()
        if span is None:
            with pytest.raises(APIStatusError) as caught:
                driver.get_client_gifts(client_id="a")
            assert caught.value.attempts == len(moments) == 1
            assert caught.value.retry_after is not None
            assert time.monotonic() - before < 2
        else:
            driver.get_client_gifts(client_id="a")
            assert span[0] <= moments[1] - moments[0] + 0.01
            assert moments[1] - moments[0] < span[1] + 1


def test_a_wait_on_jitter_is_below_half_a_second_and_then_a_second(connect: Connect):
    moments: list[float] = []

    def script(connection: Connection) -> None:
        while connection.request():
            moments.append(time.monotonic())
            connection.send(GOOD_ANSWER if len(moments) > 2 else head(500, Content_Length=0))

    with serving(script) as server:
        connect(base_url=server.base_url, jitter=lambda: 0.5).get_client_gifts(client_id="a")
    first, second = (later - earlier for earlier, later in itertools.pairwise(moments))
    assert 0.24 < first < 0.25 + 0.5
    assert 0.49 < second < 0.5 + 0.5


# --- with a fake clock ----------------------------------------------------------------------------------------------

FAILURES: dict[str, Callable[[], Any]] = {
    **{str(code): (lambda code=code: httpx.Response(code)) for code in (400, 401, 403, 404, 429, 500, 502, 503, 504)},
    "refused": lambda: httpx.ConnectError("refused"),
    "no connection in time": lambda: httpx.ConnectTimeout(""),
    "cut": lambda: httpx.ReadError("reset"),
    "no answer": lambda: httpx.RemoteProtocolError("closed"),
    "slow": lambda: httpx.ReadTimeout(""),
    "no JSON": lambda: httpx.Response(200, text="<html>"),
    "good": lambda: httpx.Response(200, json=GOOD),
}
NEVER_ACTED = {"refused", "no connection in time", "429"}
NOW = 1_800_000_000.0
RETRY_AFTERS = st.one_of(
    st.none(),
    st.integers(-10, 100).map(str),
    st.floats(0, 50).map("{:.3f}".format),
    st.sampled_from(["9" * 30, "", "soon", "nan", "Fri, 15 Jan 2016 08:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]),
    st.text(max_size=20).filter(lambda text: text.isascii() and text.isprintable()),
)
STEPS = st.tuples(st.sampled_from(sorted(FAILURES)), RETRY_AFTERS, st.one_of(st.just(0.0), st.floats(0, 20)))


class World:
    """A service and a clock: each request takes its time, and waits take theirs, all of it in no time at all."""

    def __init__(self, steps: list[tuple[str, str | None, float]]) -> None:
        self.steps, self.now = steps, 100.0
        self.sent: list[tuple[str, str | None]] = []
        self.waits: list[tuple[float, float]] = []

    def __call__(self, _: httpx.Request) -> httpx.Response:
        name, header, seconds = self.steps[len(self.sent) % len(self.steps)]
        self.sent.append((name, header))
        self.now += seconds
        result = FAILURES[name]()
        if isinstance(result, Exception):
            raise result
        if header is not None:
            result.headers["Retry-After"] = header
        return result

    def sleep(self, seconds: float) -> None:
        self.waits.append((self.now, seconds))
        self.now += seconds


PROPERTY_CASES = 20_000 if SOAK else 400


@settings(max_examples=PROPERTY_CASES, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=6),
    allowed=st.floats(0.1, 60),
    max_retries=st.integers(0, 8),
    jitter=st.floats(0, 1),
    path=st.sampled_from([READS, MAY_ACT]),
    renews=st.booleans(),
)
@pytest.mark.unmeasured
def test_whatever_fails_waits_end_before_the_deadline_and_nothing_that_may_have_acted_is_repeated(
    steps, allowed, max_retries, jitter, path, renews
):
    world = World(steps)
    pairs = iter(Credentials(**PAIR | {"bot_id": f"b{number}"}) for number in range(10))
    keys = CredentialStore((lambda: next(pairs)) if renews else Credentials(**PAIR))
    calls = CallLoop(
        Policy(
            base_url=httpx.URL("https://host"),
            timeout=allowed,
            max_retries=max_retries,
            max_response_bytes=10_000,
            operations=(OperationInfo("read", "POST", READS, True),),
        ),
        keys,
        Instrumentation(httpx.URL("https://host"), "1"),
        lambda: world.now,
        lambda: jitter,
    )
    edge = evolve(sync_io_backend(httpx.MockTransport(world)), sleep=world.sleep)
    error: Exception | None = None
    unsigned = from_httpx(httpx.Request("POST", f"https://host{path}", json={}), calls.policy)
    try:
        run_sync(calls.call(unsigned, edge))
    except MantaGoError as caught:
        error = caught
    deadline = 100 + allowed
    for began, seconds in world.waits:
        assert seconds >= 0
        assert began + seconds < deadline, "no wait passes the deadline"
    renewals = sum(name == "401" for name, _ in world.sent[:-1])
    assert renewals <= renews, "new credentials are asked for once in a call"
    assert len(world.sent) - renewals == len(world.waits) + 1 <= max_retries + 1
    # Each wait is the service's own, or jitter under its cap.
    failed = [step for step in world.sent[:-1] if step[0] != "401"]
    for number, ((name, header), (_, seconds)) in enumerate(zip(failed, world.waits, strict=True)):
        told = retry_after(header, time.time()) if name.isdigit() else None
        cap = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**number)
        assert seconds <= cap if told is None else abs(seconds - told) < 2
        if path == MAY_ACT:
            may_wait = name == "503" and told is not None
            assert name in NEVER_ACTED or may_wait, "what may have acted is not repeated"
    if isinstance(error, (APIStatusError, APIConnectionError)):
        assert error.attempts == len(world.sent)
        assert abs(error.elapsed - (world.now - 100)) < 1e-6
    if error is None:
        assert world.sent[-1][0] == "good"
    if isinstance(error, APITimeoutError) and "allowed" in str(error):
        assert world.now >= deadline


@settings(max_examples=PROPERTY_CASES, deadline=None)
@given(header=st.one_of(st.text(max_size=60), RETRY_AFTERS.filter(bool)))
@pytest.mark.unmeasured
def test_any_retry_after_is_seconds_from_now_on_or_says_nothing(header):
    seconds = retry_after(header, NOW)
    assert seconds is None or 0 <= seconds < float("inf")
