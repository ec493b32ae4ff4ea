"""Credentials that change while a client is in use, on real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scripted import PAIR, Connection, Request, always, answer, friendly, refusal, serving

from conftest import Connect
from mantago import AsyncMantaGo, AuthenticationError, ConfigurationError, Credentials, MantaGo


def pair(name: str) -> Credentials:
    return Credentials(bot_id=f"bot-{name}", token=f"token-{name}-12345678", secret=f"secret-{name}-12345678")


def carried(request: Request) -> set[str]:
    """Whose credentials a request carries, in header, query and body."""
    told = (request.headers["authorization"].removeprefix("Bearer "), request.query["botId"], request.json["secret"])
    return {text.split("-")[1] for text in told}


def knowing(name: str, no: bytes) -> Callable[[Connection], None]:
    """A service that knows one pair, and refuses any other."""

    def script(connection: Connection) -> None:
        while request := connection.request():
            connection.send(answer() if carried(request) == {name} else no)

    return script


REFUSALS = {
    "a 401": refusal(401, 1004),
    "a 401 without envelope": answer(b"", 401),
    "code 120000 with 500": refusal(500, 120000),
    "code 120000 with 403": refusal(403, 120000),
    "code 120000 with 200": refusal(200, 120000),
    "code 120000 as a string": refusal(400, "120000"),
}


class Vault:
    """Hands out pairs one after another, the last for ever."""

    def __init__(self, *names: str, pause: float = 0) -> None:
        self.names, self.asked, self.pause = list(names), 0, pause

    def __call__(self) -> Credentials:
        name = self.names[min(self.asked, len(self.names) - 1)]
        self.asked += 1
        time.sleep(self.pause)
        return pair(name)

    async def asynchronous(self) -> Credentials:
        await asyncio.sleep(self.pause)
        return self()


@pytest.mark.parametrize("no", REFUSALS)
def test_a_new_pair_is_taken_up_and_the_call_repeated_once_after(connect: Connect, no):
    vault = Vault("old", "new")
    with serving(knowing("new", REFUSALS[no])) as server:
        driver = connect(base_url=server.base_url, credentials=vault, max_retries=0)
        assert driver.get_client_gifts(client_id="a").tickets == ()
        assert driver.get_client_gifts(client_id="a").tickets == ()
        assert [carried(request) for request in server.requests] == [{"old"}, {"new"}, {"new"}]
    assert vault.asked == 2
    assert driver.client.credentials == pair("new")


@pytest.mark.parametrize(
    ("names", "requests"), [(["old"], [{"old"}]), (["old", "older", "new"], [{"old"}, {"older"}])], ids=str
)
def test_a_pair_that_is_not_new_is_not_sent_again_and_a_second_refusal_is_the_answer(connect: Connect, names, requests):
    vault = Vault(*names)
    with serving(knowing("new", refusal(401, 1004))) as server:
        with pytest.raises(AuthenticationError) as caught:
            connect(base_url=server.base_url, credentials=vault).get_client_gifts(client_id="a")
        assert [carried(request) for request in server.requests] == requests
    assert caught.value.attempts == len(requests)
    assert vault.asked == 2


@pytest.mark.parametrize("no", ["a 401", "code 120000 with 500"])
def test_a_fixed_pair_is_not_sent_again(connect: Connect, no):
    with serving(always(REFUSALS[no])) as server:
        with pytest.raises(Exception, match=r"1 attempt,"):
            connect(base_url=server.base_url, max_retries=0).get_client_gifts(client_id="a")
        assert len(server.requests) == 1


def test_an_operation_that_may_act_is_repeated_with_a_new_pair_since_the_refused_one_did_nothing(connect: Connect):
    with serving(knowing("new", refusal(401, 1004))) as server:
        driver = connect(base_url=server.base_url, credentials=Vault("old", "new"))
        assert driver.request("POST", "/openapi/broadcast", json={}).status_code == 200
        assert [carried(request) for request in server.requests] == [{"old"}, {"new"}]


def test_20_threads_that_begin_and_fail_together_ask_once_each_time():
    vault = Vault("old", "new", pause=0.05)
    with serving(knowing("new", refusal(401, 1004))) as server:
        with MantaGo(base_url=server.base_url, credentials=vault) as client, ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda _: client.get_client_gifts(client_id="a"), range(20)))
    assert vault.asked == 2


@pytest.mark.parametrize("provider", ["plain", "asynchronous"])
def test_20_tasks_that_begin_and_fail_together_ask_once_each_time(provider):
    vault = Vault("old", "new", pause=0.02)

    async def main(base_url: str) -> None:
        credentials: Any = vault if provider == "plain" else vault.asynchronous
        async with AsyncMantaGo(base_url=base_url, credentials=credentials) as client:
            await asyncio.gather(*(client.get_client_gifts(client_id="a") for _ in range(20)))

    with serving(knowing("new", refusal(401, 1004))) as server:
        asyncio.run(main(server.base_url))
    assert vault.asked == 2


NONSENSE = {
    "returns None": lambda: None,
    "returns a string": lambda: "token",
    "returns the three in a dict": lambda: dict(PAIR),
    "returns a blank token": lambda: Credentials(bot_id="b", token=" ", secret="s"),
    "returns a class": lambda: Credentials,
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("when", ["at first use", "after a refusal"])
def test_a_configuration_error_is_raised_and_nothing_sent_when_the_provider(connect: Connect, nonsense, when):
    answers: list[Any] = [NONSENSE[nonsense]]
    if when == "after a refusal":
        answers.insert(0, lambda: pair("old"))
    with serving(knowing("new", refusal(401))) as server:
        driver = connect(base_url=server.base_url, credentials=lambda: answers.pop(0)())
        with pytest.raises(ConfigurationError):
            driver.get_client_gifts(client_id="a")
        assert len(server.requests) == (when == "after a refusal")


# --- a token's end --------------------------------------------------------------------------------------------------


def token(**claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.c2ln"


DAY = 86_400
ENDS: dict[str, tuple[Callable[[float], str], str | None]] = {
    "in four days": (lambda now: token(exp=now + 4 * DAY), None),
    "in two days": (lambda now: token(exp=now + 2 * DAY), "the token of bot {bot} expires 2"),
    "a minute ago": (lambda now: token(exp=now - 60), "the token of bot {bot} expired 2"),
    "never": (lambda _: token(), None),
    "nobody knows when": (lambda _: token(exp="soon"), None),
    "at infinity": (lambda _: token(exp=float("inf")), None),
    "after the last year": (lambda _: token(exp=1e18), None),
    "before the first": (lambda _: token(exp=-1e12), None),
    "(no JWT at all)": (lambda _: "opaque", None),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_warning_is_logged_once_for_a_token_that_ends(connect: Connect, end, caplog):
    make, told = ENDS[end]
    with serving(friendly) as server, caplog.at_level(logging.WARNING):
        driver = connect(base_url=server.base_url, **PAIR | {"token": make(time.time())})
        for _ in range(3):
            driver.get_client_gifts(client_id="a")
    texts = [record.getMessage() for record in caplog.records if record.name == "mantago.credentials"]
    assert len(texts) == (told is not None)
    assert not texts or texts[0].startswith(str(told).format(bot=PAIR["bot_id"]))


def test_each_pair_is_warned_of_for_itself(connect: Connect, caplog):
    pairs = [Credentials(**PAIR | {"token": token(exp=time.time() + n, n=n)}) for n in (100, 200)]
    left = list(pairs)
    no = refusal(401)

    def script(connection: Connection) -> None:
        while request := connection.request():
            connection.send(answer() if pairs[1].token in request.headers["authorization"] else no)

    with serving(script) as server:
        driver = connect(base_url=server.base_url, credentials=lambda: left.pop(0))
        driver.get_client_gifts(client_id="a")
    assert len([record for record in caplog.records if record.name == "mantago.credentials"]) == 2


def test_a_thread_that_waits_for_anothers_provider_stops_at_its_deadline():
    stop = threading.Event()

    def provide() -> Credentials:
        stop.wait(5)
        return Credentials(**PAIR)

    with serving(friendly) as server, MantaGo(base_url=server.base_url, credentials=provide) as client:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.get_client_gifts, client_id="a")
            time.sleep(0.1)
            before = time.monotonic()
            with pytest.raises(Exception, match=r"within the 0\.2 s allowed"):
                client.get_client_gifts(client_id="a", timeout=0.2)
            assert time.monotonic() - before < 0.2 + 0.5
            stop.set()
            assert first.result().tickets == ()
