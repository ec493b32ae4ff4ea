"""What happens in a call, from the caller's side: retries, exceptions, and that both clients behave the same."""

import asyncio
import itertools
import logging
import pickle
import time
from collections.abc import Callable

import anyio
import httpx
import pytest

import mantago
from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import (
    APIStatusError,
    APITimeoutError,
    AsyncMantaGo,
    Credentials,
    InvalidResponseError,
    MantaGo,
    ServerError,
)
from mantago_runtime.concurrency import run_sync

NOTHING = httpx.Response(200, json=GOOD)


class Script:
    """Answers with one thing after another; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Waits take no time and are noted."""
    noted: list[float] = []

    monkeypatch.setattr(time, "sleep", noted.append)
    monkeypatch.setattr(anyio, "sleep", noted.append)
    return noted


def failure(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"success": False, "errResponse": {"message": "no", "code": 1}}, headers=headers)


def test_a_call_that_fails_and_then_succeeds_gives_its_result(connect: Connect, waits):
    script = Script(failure(503), httpx.ConnectError("refused"), NOTHING)
    assert connect(script, jitter=lambda: 1.0).get_client_gifts(client_id="a").tickets == ()
    assert len(script.seen) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(("max_retries", "attempts"), [(0, 1), (1, 2), (2, 3), (5, 6)])
def test_a_call_that_keeps_failing_raises_its_last_failure_with_its_effort(
    connect: Connect, waits, max_retries, attempts
):
    driver = connect(Script(*[failure(500)] * 9), max_retries=max_retries)
    with pytest.raises(ServerError) as caught:
        driver.get_client_gifts(client_id="a")
    assert caught.value.attempts == attempts == len(waits) + 1
    assert f"{attempts} attempt" in str(caught.value)
    assert caught.value.elapsed >= 0


def test_the_services_retry_after_is_kept_to(connect: Connect, waits):
    connect(Script(failure(429, **{"Retry-After": "3"}), NOTHING)).get_client_gifts(client_id="a")
    assert waits == [3.0]


def test_a_wait_that_would_pass_the_deadline_is_not_begun(connect: Connect, waits):
    driver = connect(Script(failure(429, **{"Retry-After": "3"})), timeout=2)
    with pytest.raises(mantago.RateLimitError) as caught:
        driver.get_client_gifts(client_id="a")
    assert (waits, caught.value.attempts, caught.value.retry_after) == ([], 1, 3.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, mantago.BadRequestError), (422, mantago.BadRequestError), (401, mantago.AuthenticationError)),
        *((403, mantago.PermissionDeniedError), (404, mantago.ClientNotFoundError), (429, mantago.RateLimitError)),
        *((code, mantago.ServerError) for code in (500, 501, 502, 503, 504, 520, 599)),
        *((code, mantago.APIStatusError) for code in (300, 301, 302, 303, 304, 307, 308, 402, 405, 409, 418, 451)),
    ],
)
def test_each_status_has_its_exception(connect: Connect, status, kind):
    answer = httpx.Response(
        status, json={"errResponse": {"message": "no", "code": 37011}}, headers={"Location": "https://evil.example"}
    )
    script = Script(answer)
    with pytest.raises(APIStatusError) as caught:
        connect(script, max_retries=0).get_client_gifts(client_id="a")
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert "no client matches the identification" in str(caught.value)
    assert len(script.seen) == 1
    assert ("redirect is not followed" in str(caught.value)) == (300 <= status < 400)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.__dict__.keys()) == (str(caught.value), caught.value.__dict__.keys())
    assert again.headers["location"] == "https://evil.example"


@pytest.mark.parametrize(
    "error",
    [
        mantago.ConfigurationError("c"),
        mantago.IdentificationError("i"),
        mantago.APIConnectionError("a"),
        mantago.APITimeoutError("t"),
        mantago.InvalidResponseError("r", path="tickets[0].createdAt"),
        mantago.MantaGoError("m"),
    ],
    ids=repr,
)
def test_each_exception_survives_pickling(error):
    error.add_note("seen at night")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, text="<html>"), httpx.Response(200), httpx.Response(204), httpx.Response(201, json=GOOD)],
)
def test_an_answer_that_is_not_what_the_spec_says_is_an_invalid_response(connect: Connect, answer):
    with pytest.raises(InvalidResponseError) as caught:
        connect(Script(answer)).get_client_gifts(client_id="a")
    assert caught.value.path == "$"


def test_a_body_above_the_limit_is_an_invalid_response(connect: Connect):
    with pytest.raises(InvalidResponseError, match="larger than 10 bytes"):
        connect(Script(NOTHING), max_response_bytes=10).get_client_gifts(client_id="a")


def test_a_transports_own_timeout_is_retried_and_then_an_api_timeout(connect: Connect, waits):
    driver = connect(Script(*[httpx.ReadTimeout("")] * 3))
    with pytest.raises(APITimeoutError) as caught:
        driver.get_client_gifts(client_id="a")
    assert caught.value.attempts == 3


def late() -> Callable[[], float]:
    """A clock by which the first attempt, or the first question, takes seven seconds."""
    times = itertools.chain([0.0, 0.0], itertools.repeat(7.0))
    return lambda: next(times)


def test_a_timeout_at_the_deadline_says_how_long_was_allowed(connect: Connect):
    driver = connect(Script(httpx.ReadTimeout("")), clock=late())
    with pytest.raises(APITimeoutError, match=r"gave no whole answer within the 5 s allowed \(1 attempt, 7.00 s\)"):
        driver.get_client_gifts(client_id="a", timeout=5)


def test_time_spent_on_asking_for_credentials_counts(connect: Connect):
    pair = Credentials(bot_id="b", token="t", secret="s")
    driver = connect(Script(), credentials=lambda: pair, timeout=5, clock=late())
    with pytest.raises(APITimeoutError, match="0 attempts"):
        driver.get_client_gifts(client_id="a")


def test_a_provider_that_another_thread_waits_for_too_long_is_a_timeout():
    with MantaGo(
        credentials=lambda: Credentials(bot_id="b", token="t", secret="s"), base_url="http://localhost:1"
    ) as client:
        edge = client._sending.sender.transport._current()
        assert edge.acquire(1)
        with pytest.raises(APITimeoutError, match="0 attempts"):
            client.get_client_gifts(client_id="a", timeout=0.01)
        edge.release()


def test_cookies_of_an_answer_are_not_sent_back(connect: Connect):
    script = Script(httpx.Response(200, json=GOOD, headers={"Set-Cookie": "a=b"}), httpx.Response(200, json=GOOD))
    driver = connect(script)
    driver.get_client_gifts(client_id="a")
    driver.get_client_gifts(client_id="a")
    assert "Cookie" not in script.seen[1].headers


def test_a_synchronous_call_that_would_suspend_is_a_bug_that_shows():
    with pytest.raises(RuntimeError, match="about to suspend"):
        run_sync(asyncio.sleep(0))


def test_nothing_but_its_line_is_logged_by_the_package_in_a_call_without_drift(connect: Connect, caplog):
    with caplog.at_level(logging.DEBUG):
        connect(Script(NOTHING)).get_client_gifts(client_id="a")
    told = [(record.name, record.levelno) for record in caplog.records if record.name.startswith("mantago")]
    assert told == [("mantago", logging.DEBUG)]


def test_a_generator_of_credentials_errors_is_not_swallowed(connect: Connect):
    def provide() -> Credentials:
        raise TimeoutError("vault is slow")

    with pytest.raises(TimeoutError, match="vault is slow"):
        connect(Script(), credentials=provide).get_client_gifts(client_id="a")


def test_a_transports_stream_need_not_be_a_generator():
    class Pieces(httpx.AsyncByteStream):
        def __init__(self) -> None:
            self.pieces = [b"[", b"]"]

        def __aiter__(self) -> "Pieces":
            return self

        async def __anext__(self) -> bytes:
            if not self.pieces:
                raise StopAsyncIteration
            return self.pieces.pop(0)

    async def main() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Pieces()))
        async with AsyncMantaGo(bot_id=BOT_ID, token=TOKEN, secret=SECRET, transport=transport) as client:
            await client.get_client_gifts(client_id="a")

    with pytest.raises(InvalidResponseError, match="must be an object, not a list"):
        asyncio.run(main())
