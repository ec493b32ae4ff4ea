"""`with_options` gives a client with other options, on the same connections and credentials."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import logging
import pickle
import traceback
import weakref
from typing import Any

import httpx
import pytest

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import AsyncMantaGo, ClientClosedError, ConfigurationError, Credentials, MantaGo, ServerError
from mantago.testing import FakeMantaGo
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime.calls.clients import SyncCaller
from mantago_runtime.operation import Operation, Request

PAIR = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}


class Service:
    """Answers well, and notes what it was asked and how long that might take."""

    def __init__(self, status: int = 200) -> None:
        self.seen: list[httpx.Request] = []
        self.status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(self.status, json=GOOD, headers={"Retry-After": "0"})

    @property
    def seconds(self) -> list[float]:
        return [round(request.extensions["timeout"]["read"]) for request in self.seen]


def with_options(driver: Any, **options: Any) -> Any:
    """A driver of what `with_options` gives."""
    other = copy.copy(driver)
    other.client = driver.client.with_options(**options)
    return other


def close(driver: Any) -> None:
    driver.runner.run(driver.client.aclose()) if driver.flavour == "async" else driver.client.close()


def ask(driver: Any, **options: Any) -> Any:
    return driver.get_client_gifts(client_id="a", **options)


def generated(driver: Any) -> Any:
    body = ClientIdentificationRequest(secret="", client_id="a")
    return driver.operation(post_openapi_client_gift, body=body, bot_id="")


CALLS = {"a friendly method": ask, "a generated operation": generated}


# --- what it changes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_a_timeout_holds_for_the_new_client_and_not_for_the_old(connect: Connect, call):
    service = Service()
    driver = connect(service, timeout=50)
    patient = with_options(driver, timeout=120)
    for each in (driver, patient, driver):
        CALLS[call](each)
    assert service.seconds == [50, 120, 50]


def test_a_calls_own_timeout_still_comes_first(connect: Connect):
    service = Service()
    ask(with_options(connect(service), timeout=120), timeout=7)
    assert service.seconds == [7]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_max_retries_hold_for_the_new_client_and_not_for_the_old(connect: Connect, call, retries):
    service = Service(503)
    driver = connect(service)
    with pytest.raises(ServerError) as caught:
        CALLS[call](with_options(driver, max_retries=retries))
    assert caught.value.attempts == len(service.seen) == retries + 1
    with pytest.raises(ServerError) as caught:
        CALLS[call](driver)
    assert caught.value.attempts == 3


@pytest.mark.parametrize("call", CALLS)
def test_headers_go_with_each_request_of_the_new_client_only(connect: Connect, call):
    service = Service()
    driver = connect(service)
    tenant = with_options(driver, headers={"X-Tenant": "shop 7"})
    CALLS[call](tenant)
    CALLS[call](driver)
    assert [request.headers.get("X-Tenant") for request in service.seen] == ["shop 7", None]
    both = [{*request.headers} - {"x-tenant", "content-length"} for request in service.seen]
    assert both[0] == both[1]


def test_what_is_not_given_stays_and_headers_add_up(connect: Connect):
    service = Service()
    first = with_options(connect(service), timeout=120, headers={"X-A": "1", "X-B": "1"})
    ask(with_options(with_options(first, max_retries=0), headers={"x-b": "2", "X-C": "2"}))
    [request] = service.seen
    assert service.seconds == [120]
    assert [request.headers.get(name) for name in ("X-A", "X-B", "X-C")] == ["1", "2", "2"]
    assert [name.lower() for name, _ in request.headers.raw].count(b"x-b") == 1


@pytest.mark.parametrize("options", [{}, {"headers": {"X-A": "1", "user-agent": "gift-shop"}}], ids=["no", "some"])
def test_a_friendly_method_and_a_generated_function_send_the_same_header(connect: Connect, options: dict[str, Any]):
    service = Service()
    driver = with_options(connect(service), **options)
    ask(driver)
    generated(driver)
    ours, theirs = (request.headers.raw for request in service.seen)
    assert ours == theirs
    assert len({name.lower() for name, _ in ours}) == len(ours)


def test_the_generated_client_is_one_however_often_it_is_asked_for(connect: Connect):
    driver = connect(Service())
    other = driver.client.with_options(timeout=5)
    assert driver.client.generated is driver.client.generated
    assert other.generated is other.generated is not driver.client.generated


def test_the_user_agent_may_be_replaced(connect: Connect):
    service = Service()
    ask(with_options(connect(service), headers={"user-agent": "gift-shop"}))
    assert service.seen[0].headers.get_list("User-Agent") == ["gift-shop"]


def test_a_header_that_an_operation_takes_as_an_argument_comes_before_one_of_all_requests():
    with MantaGo(**PAIR, transport=httpx.MockTransport(Service())) as client:
        caller = client.with_options(headers={"X-Tenant": "all", "X-Other": "all"})._caller
        assert isinstance(caller, SyncCaller)
        request = Request(
            operation=Operation(name="n", method="POST", path="/"), path="/", headers=(("x-tenant", "this one"),)
        )
        sent = dict(caller._unsigned(request, ...).headers)
    assert {name: value for name, value in sent.items() if name.lower().startswith(b"x-")} == {
        b"x-tenant": b"this one",
        b"X-Other": b"all",
    }


def test_without_any_option_it_is_the_same_again(connect: Connect):
    service = Service()
    driver = connect(service, timeout=50)
    ask(with_options(driver))
    ask(driver)
    assert service.seen[0].headers == service.seen[1].headers
    assert service.seconds == [50, 50]


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        *(({"timeout": value}, "timeout must be a number of seconds above zero") for value in (None, 0, -1, "5", True)),
        *(({"max_retries": value}, "max_retries must be a whole number") for value in (None, -1, 1.5, True)),
        ({"headers": [("X-A", "1")]}, "headers must be a mapping of names to values, not list"),
        ({"headers": "X-A: 1"}, "headers must be a mapping of names to values, not str"),
    ],
    ids=str,
)
def test_an_option_that_the_constructor_would_refuse_is_refused(connect: Connect, options, told):
    client = connect(Service()).client
    with pytest.raises(ConfigurationError, match=told):
        client.with_options(**options)


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "AUTHORIZATION", "authorization", "Proxy-Authorization", "Host", "host", "botId", "Bot-Id"),
        *("Content-Type", "content-length", "Content-Encoding", "Transfer-Encoding", "Connection", "TE", "Expect"),
        *("Accept", "Accept-Encoding", "Upgrade", "Keep-Alive", "Trailer", "Proxy-Connection"),
    ],
)
def test_a_header_that_signs_or_carries_the_request_is_refused_by_name(connect: Connect, name):
    client = connect(Service()).client
    with pytest.raises(ConfigurationError, match=f"headers can't hold {name}: what signs and carries") as caught:
        client.with_options(headers={"X-A": "1", name: "hidden-value"})
    assert "hidden-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-A": "hidden\r\nX-Evil: 1"}, "the value of X-A can't be in a header: character 7 of 17"),
        ({"X-A": "hidden\0"}, "character 7 of 7 isn't one of ASCII's visible ones"),
        ({"X-A": "hidden 杯"}, "character 8 of 8"),
        ({"X-A": " hidden"}, "begins or ends with white space"),
        ({"X-A": b"hidden"}, "must be a string, not bytes"),
        ({"X-A": None}, "must be a string, not NoneType"),
        ({"X A": "hidden"}, "'X A' can't be the name of a header"),
        ({"": "hidden"}, "'' can't be the name of a header"),
        ({"X-A\n": "hidden"}, "can't be the name of a header"),
        ({5: "hidden"}, "'5' can't be the name of a header"),
        ({"X-A": "hidden", "x-a": "hidden"}, "headers has a name twice, in different case: X-A, x-a"),
    ],
    ids=str,
)
def test_a_header_that_cannot_be_sent_is_refused_without_showing_its_value(connect: Connect, headers, told):
    client = connect(Service()).client
    with pytest.raises(ConfigurationError, match=told) as caught:
        client.with_options(headers=headers)
    assert "hidden" not in shown_by(caught.value)


def shown_by(error: Exception) -> str:
    """The error, and what our frames hold."""
    shown = [str(error)]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals["__name__"].startswith("mantago"):
            shown += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
    assert len(shown) > 1
    return "\n".join(shown)


def test_a_limit_that_is_none_is_refused_without_showing_a_headers_value(connect: Connect):
    driver = connect(Service())
    for options in ({"timeout": -1}, {"max_retries": -1}):
        with pytest.raises(ConfigurationError, match="must be a") as caught:
            driver.client.with_options(headers={"X-Api-Key": "hidden"}, **options)
        assert "hidden" not in shown_by(caught.value)
    with pytest.raises(ConfigurationError, match="must be a number of seconds") as caught:
        ask(with_options(driver, headers={"X-Api-Key": "hidden"}), timeout=-1)
    assert "hidden" not in shown_by(caught.value)


def test_no_repr_shows_a_headers_value(connect: Connect):
    client = connect(Service()).client.with_options(headers={"X-Api-Key": "hidden"})
    shown = [repr(client), repr(client.generated), repr(client._sending.sender.transport.calls)]
    assert "hidden" not in "".join(shown)


# --- what is shared -------------------------------------------------------------------------------------------------


def test_a_renewal_of_credentials_is_shared_either_way(connect: Connect):
    fake, asked = FakeMantaGo(), []

    def provide() -> Credentials:
        asked.append(1)
        return fake.credentials

    fake.add_client("a")
    driver = connect(transport=fake, credentials=provide)
    patient = with_options(driver, timeout=120)
    ask(patient)
    ask(driver)
    assert len(asked) == 1
    assert driver.client.credentials == patient.client.credentials == fake.credentials
    fake.renew_credentials()
    ask(driver)
    ask(patient)
    assert len(asked) == 2
    assert patient.client.credentials == fake.credentials


def test_drift_is_warned_of_once_for_all(connect: Connect, caplog):
    driver = connect(lambda _: httpx.Response(200, json=GOOD | {"news": 1}))
    with caplog.at_level(logging.WARNING, "mantago.drift"):
        for each in (driver, with_options(driver, timeout=5), with_options(driver, max_retries=0), driver):
            assert ask(each).drift
    assert len(caplog.records) == 1


def test_events_and_identification_are_those_of_the_client(connect: Connect):
    told, service = [], Service()
    driver = connect(service, on_event=told.append, identify_in="body", strict=True)
    with_options(driver, timeout=5).get_client_gifts(platform="line", platform_client_id="U1")
    assert len(told) == 1
    assert "platform" not in service.seen[0].url.params


def test_what_a_subclass_holds_is_there_too():
    class Shop(MantaGo):
        def __init__(self, name: str, **options: Any) -> None:
            super().__init__(**options)
            self.name = name

    with Shop("shop 7", **PAIR) as shop:
        other = shop.with_options(timeout=5)
        assert (type(other), other.name) == (Shop, "shop 7")


# --- closing --------------------------------------------------------------------------------------------------------


def test_closing_what_it_gave_closes_nothing(connect: Connect):
    service = Service()
    driver = connect(service)
    other = with_options(driver, timeout=5)
    close(other)
    close(other)
    ask(driver)
    ask(other)
    assert len(service.seen) == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_what_it_gave_is_closed_with_its_client(connect: Connect, at_once):
    service = Service()
    driver = connect(service)
    other = with_options(with_options(driver, timeout=5), max_retries=0)
    if not at_once:
        ask(other)
    close(driver)
    with pytest.raises(ClientClosedError):
        ask(other)
    with pytest.raises(ClientClosedError):
        generated(other)
    with pytest.raises(ClientClosedError):
        ask(with_options(driver, timeout=5))
    enter = other.client.__enter__ if other.flavour == "sync" else lambda: other.runner.run(other.client.__aenter__())
    with pytest.raises(ClientClosedError):
        enter()


@pytest.mark.unmeasured
def test_no_client_in_between_lives_on_with_the_last_one(connect: Connect):
    first = connect(Service()).client
    between = first.with_options(timeout=5)
    last, left = between.with_options(timeout=6), weakref.ref(between._sending.sender.transport)
    del between
    gc.collect()
    assert left() is None
    assert last.with_options(timeout=7)._sending.sender.transport._owner is first._sending.sender.transport


def test_a_transport_is_closed_once_by_the_client_only():
    closed = []

    class Transport(httpx.MockTransport):
        def close(self) -> None:
            closed.append(1)

    with MantaGo(**PAIR, transport=Transport(Service())) as client:
        with client.with_options(timeout=5) as other:
            other.get_client_gifts(client_id="a")
        assert closed == []
        client.get_client_gifts(client_id="a")
    assert closed == [1]


# --- the rest of what a client promises -----------------------------------------------------------------------------


def test_it_can_be_neither_pickled_nor_copied(connect: Connect):
    client = connect(Service()).client.with_options(timeout=5)
    for attempt in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="can't be pickled"):
            attempt(client)


def test_tasks_may_share_it():
    service = Service()

    async def main() -> None:
        async with AsyncMantaGo(**PAIR, transport=httpx.MockTransport(service)) as client:
            other = client.with_options(headers={"X-A": "1"})
            await asyncio.gather(*(each.get_client_gifts(client_id="a") for each in (client, other) * 10))

    asyncio.run(main())
    assert [request.headers.get("X-A") for request in service.seen].count("1") == 10


def test_no_context_variable_decides_how_often_a_call_is_repeated():
    assert not [variable for variable in contextvars.copy_context() if "retries" in variable.name]
