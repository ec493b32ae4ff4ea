"""What a user of `client.generated` meets: the policy of the friendly methods, and none of the stock client's holes."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import secrets
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mantago
import mantago_generated
import mantago_generated.models
import mantago_runtime
from conftest import BOT_ID, GOOD, SECRET, TOKEN, AsyncDriver, Connect, SyncDriver
from mantago import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncMantaGo,
    ClientNotFoundError,
    InvalidResponseError,
    MantaGo,
    MantaGoError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from mantago.testing import gift, ticket
from mantago_generated.api.client_points_gifts import post_openapi_client_gift as operation
from mantago_generated.models import ClientGiftsResponse, ClientIdentificationRequest, ErrorResponse, GiftItem
from mantago_runtime.reading.enums import OpenStrEnum
from mantago_runtime.reading.model import Model

Handler = Callable[[httpx.Request], httpx.Response]
Derive = Callable[[Any], Any]
PACKAGES = tuple(str(Path(str(package.__file__)).parent) for package in (mantago, mantago_generated, mantago_runtime))
MOMENT = "2024-07-15T10:30:28.700Z"
# What a newer document adds to a gift is made up.
GIFT = gift("禮物", resource="lotteryGame", is_expired=None).to_dict()
MODELS = [getattr(mantago_generated.models, name) for name in mantago_generated.models.__all__]
ENUMERATIONS = [model for model in MODELS if issubclass(model, OpenStrEnum)]
REQUESTS = [model for model in MODELS if issubclass(model, Model) and not model._shows_values]
OTHER = "/openapi/other"
LISTS = ("tickets", "physicalGifts", "virtualGifts")


class Script:
    """Answers with one thing after another, the last one again and again; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def good() -> httpx.Response:
    return httpx.Response(200, json=GOOD)


def json_answer(content: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(content).encode(), headers={"Content-Type": "application/json"})


def refusal(status: int, **headers: str) -> httpx.Response:
    error = {"message": "no", "code": 37011, "botId": BOT_ID}
    return httpx.Response(status, json={"success": False, "errResponse": error}, headers=headers)


def who(secret: str = "") -> ClientIdentificationRequest:
    return ClientIdentificationRequest(secret=secret, client_id="VolejRejN")


def call(driver: Any, client: Any = None, bot_id: Any = "", secret: str = "") -> Any:
    return driver.operation(operation, client, body=who(secret), bot_id=bot_id)


def sent(request: httpx.Request) -> tuple[str | None, str, str]:
    """The bot id, the authorization and the secret of a request."""
    return request.url.params.get("botId"), request.headers["Authorization"], json.loads(request.content)["secret"]


# A good answer


def test_an_operation_of_the_generated_client_returns_its_models(connect: Connect):
    gifts = {"physicalGifts": [GIFT], "tickets": [ticket().to_dict()]}
    driver = connect(Script(json_answer(GOOD | gifts)))
    response = call(driver)
    assert isinstance(driver.client.generated, mantago_generated.AuthenticatedClient)
    assert isinstance(response.parsed, ClientGiftsResponse)
    assert response.status_code == 200
    told = response.parsed.to_dict()
    assert {name: told[name] for name in LISTS} == {"virtualGifts": []} | gifts
    assert [line.path for line in response.parsed.drift] == ["physicalGifts[0].isExpired"]


def test_the_short_forms_return_the_model_itself():
    options: dict[str, Any] = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
    transport = httpx.MockTransport(Script(good()))

    async def ask() -> Any:
        async with AsyncMantaGo(**options, transport=transport) as client:
            return await operation.asyncio(client=client.generated, body=who(), bot_id="")

    with MantaGo(**options, transport=transport) as client:
        answers = [operation.sync(client=client.generated, body=who(), bot_id=""), anyio.run(ask)]
    assert answers == [ClientGiftsResponse.from_dict(without("success", without("message", GOOD)))] * 2


@pytest.mark.parametrize(
    ("bot_id", "secret", "expected"),
    [
        ("", "", (BOT_ID, SECRET)),
        (None, "", (BOT_ID, SECRET)),
        ("", None, (BOT_ID, SECRET)),
        (BOT_ID, SECRET, (BOT_ID, SECRET)),
        ("another-bot", "", ("another-bot", SECRET)),
        ("", "another-secret", (BOT_ID, "another-secret")),
    ],
)
def test_a_bot_id_and_a_secret_are_filled_in_where_none_was_given(connect: Connect, bot_id, secret, expected):
    script = Script(good())
    call(connect(script), bot_id=bot_id, secret=secret)
    assert sent(script.seen[0]) == (expected[0], f"Bearer {TOKEN}", expected[1])


def test_an_operation_with_any_other_body_or_none_is_signed_too(connect: Connect):
    script = Script(good())
    driver = connect(script)
    driver.request("POST", OTHER, json={"text": "禮物"})
    driver.request("GET", OTHER, params={"a": "b c"})
    assert sent(script.seen[0]) == (BOT_ID, f"Bearer {TOKEN}", SECRET)
    assert json.loads(script.seen[0].content)["text"] == "禮物"
    assert dict(script.seen[1].url.params) == {"a": "b c", "botId": BOT_ID}
    assert script.seen[1].headers["Authorization"] == f"Bearer {TOKEN}"


# An answer that isn't good


def without(name: str, of: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in of.items() if field != name}


ELSEWHERE = {"Location": "https://elsewhere.example/openapi/client/gift"}
FAILURES: dict[str, tuple[httpx.Response | Exception, type[MantaGoError]]] = {
    "HTML with a 500": (httpx.Response(500, text="<html>oops</html>"), ServerError),
    "HTML with a 404": (httpx.Response(404, text="<html>oops</html>"), NotFoundError),
    "a status that HTTP does not know": (httpx.Response(520), ServerError),
    "an undocumented 502": (refusal(502), ServerError),
    "an undocumented 418": (refusal(418), APIStatusError),
    "a redirect": (httpx.Response(301, headers=ELSEWHERE), APIStatusError),
    "a redirect that keeps the body": (httpx.Response(307, headers=ELSEWHERE), APIStatusError),
    "a documented refusal": (refusal(404), ClientNotFoundError),
    "a refusal whose envelope is null": (json_answer({"success": False, "errResponse": None}, 404), NotFoundError),
    "a refusal without its fields": (json_answer({}, 429), RateLimitError),
    "a refusal that is a list": (json_answer([], 500), ServerError),
    "a refusal that is null": (json_answer(None, 500), ServerError),
    "a refusal with a 200": (refusal(200), ClientNotFoundError),
    "a success that is not 200": (json_answer(GOOD, 201), InvalidResponseError),
    "no content": (httpx.Response(204), InvalidResponseError),
    "a missing field": (json_answer(without("success", GOOD)), InvalidResponseError),
    "a missing field of an element": (json_answer(GOOD | {"tickets": [{}]}), InvalidResponseError),
    "another missing field": (json_answer(without("message", GOOD)), InvalidResponseError),
    "null for the object": (json_answer(None), InvalidResponseError),
    "a list for the object": (json_answer([GOOD]), InvalidResponseError),
    "a string for the object": (json_answer("text"), InvalidResponseError),
    "a number for the object": (json_answer(5), InvalidResponseError),
    "an empty body": (httpx.Response(200), InvalidResponseError),
    "HTML with a 200": (httpx.Response(200, text="<html>hello</html>"), InvalidResponseError),
    "JSON cut off": (httpx.Response(200, text='{"success": tr'), InvalidResponseError),
    "JSON with NaN": (httpx.Response(200, text='{"success": true, "message": NaN}'), InvalidResponseError),
    "JSON that is too deep": (httpx.Response(200, text="[" * 100_000), InvalidResponseError),
    "another charset": (httpx.Response(200, content=json.dumps(GOOD).encode("utf-16")), InvalidResponseError),
    "a body that isn't gzip": (
        httpx.Response(200, stream=httpx.ByteStream(b"no"), headers={"Content-Encoding": "gzip"}),
        InvalidResponseError,
    ),
    "a refused connection": (httpx.ConnectError("refused"), APIConnectionError),
    "a cut connection": (httpx.RemoteProtocolError("cut"), APIConnectionError),
    "silence": (httpx.ReadTimeout("silent"), APITimeoutError),
}


def raw(answer: httpx.Response | Exception) -> Handler:
    """A handler that hands on an answer as it is, still compressed."""

    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        content = b"".join(answer.stream)  # type: ignore[arg-type]
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))

    return handle


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_one_of_our_exceptions(connect: Connect, failure):
    answer, kind = FAILURES[failure]
    driver = connect(raw(answer), max_retries=0)
    with pytest.raises(MantaGoError) as caught:
        call(driver)
    assert type(caught.value) is kind
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_refusal_says_the_same_as_that_of_a_friendly_method(connect: Connect):
    driver = connect(Script(refusal(404)))
    errors = []
    for ask in (lambda: call(driver), lambda: driver.get_client_gifts(client_id="VolejRejN")):
        with pytest.raises(NotFoundError) as caught:
            ask()
        errors.append(caught.value)
    facts = [(error.status_code, error.code, error.message, error.bot_id, error.attempts) for error in errors]
    assert facts == [(404, 37011, "no", BOT_ID, 1)] * 2


def test_a_missing_field_is_named(connect: Connect):
    with pytest.raises(InvalidResponseError, match="message: is missing, though required by the spec"):
        call(connect(Script(json_answer({"success": True}))))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_secret_nowhere(connect: Connect, status):
    script = Script(httpx.Response(status, headers=ELSEWHERE))
    with pytest.raises(APIStatusError, match="redirect is not followed"):
        call(connect(script))
    assert [request.url.host for request in script.seen] == ["mantago.cc"]


@contextmanager
def answering(content: bytes, status: int) -> Iterator[Any]:
    driver = SyncDriver(
        bot_id=BOT_ID,
        token=TOKEN,
        secret=SECRET,
        max_retries=0,
        transport=httpx.MockTransport(lambda _: httpx.Response(status, content=content)),
    )
    try:
        yield driver
    finally:
        driver.close()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GIFT, "x"]), inner, max_size=3),
    max_leaves=8,
)
fields = ["success", "message", "errResponse", "tickets", "physicalGifts", "virtualGifts"]
answers = st.fixed_dictionaries({}, optional=dict.fromkeys(fields, anything)).map(lambda some: GOOD | some) | anything


@settings(deadline=None)
@given(answers, st.sampled_from([200, 200, 401, 404, 500, 502]))
@pytest.mark.unmeasured
def test_any_json_is_a_model_or_one_of_our_exceptions(answer, status):
    with answering(json.dumps(answer).encode(), status) as driver:
        try:
            parsed = call(driver).parsed
        except MantaGoError:
            return
    assert isinstance(parsed, ClientGiftsResponse)


# Clients made from the generated one


DERIVED: dict[str, Derive] = {
    "with_headers": lambda client: client.with_headers({"X-Trace": "1"}),
    "with_cookies": lambda client: client.with_cookies({"trace": "1"}),
    "with_timeout": lambda client: client.with_timeout(httpx.Timeout(7)),
    "all of them": lambda client: (
        client.with_headers({"X-Trace": "1"}).with_cookies({"trace": "1"}).with_timeout(httpx.Timeout(7))
    ),
}


@pytest.fixture(params=DERIVED)
def derive(request: pytest.FixtureRequest) -> Derive:
    return DERIVED[request.param]


def traces(request: httpx.Request) -> tuple[str | None, str | None, bool]:
    """What the methods above leave in a request."""
    return request.headers.get("X-Trace"), request.headers.get("Cookie"), request.extensions["timeout"]["read"] <= 7


@pytest.mark.parametrize("used", [True, False], ids=["used before", "not used before"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("with_headers", ("1", None, False)),
        ("with_cookies", (None, "trace=1", False)),
        ("with_timeout", (None, None, True)),
        ("all of them", ("1", "trace=1", True)),
    ],
)
def test_a_derived_client_is_a_new_one_and_leaves_the_old_one_as_it_was(connect: Connect, name, expected, used):
    script = Script(good())
    driver = connect(script)
    old = driver.client.generated
    if used:
        call(driver, old)
    new = DERIVED[name](old)
    assert new is not old is driver.client.generated
    script.seen.clear()
    call(driver, new)
    call(driver, old)
    driver.get_client_gifts(client_id="VolejRejN")
    assert [traces(request) for request in script.seen] == [expected, *[(None, None, False)] * 2]


def test_a_derived_client_signs(connect: Connect, derive):
    script = Script(good())
    driver = connect(script)
    call(driver, derive(driver.client.generated))
    assert sent(script.seen[0]) == (BOT_ID, f"Bearer {TOKEN}", SECRET)


def test_a_header_of_a_derived_client_does_not_replace_the_credentials(connect: Connect):
    script = Script(good())
    driver = connect(script)
    call(driver, driver.client.generated.with_headers({"Authorization": "Bearer mine"}))
    assert script.seen[0].headers.get_list("Authorization") == [f"Bearer {TOKEN}"]


def test_a_derived_client_retries(connect: Connect, derive):
    script = Script(refusal(503), httpx.ConnectError("refused"), good())
    driver = connect(script, jitter=lambda: 0.0)
    assert call(driver, derive(driver.client.generated)).status_code == 200
    assert len(script.seen) == 3


@pytest.mark.parametrize("failure", ["HTML with a 500", "a missing field", "a redirect", "a cut connection"])
def test_a_derived_client_raises_our_exceptions(connect: Connect, derive, failure):
    answer, kind = FAILURES[failure]
    driver = connect(raw(answer), max_retries=0)
    with pytest.raises(MantaGoError) as caught:
        call(driver, derive(driver.client.generated))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("timeout", "allowed"),
    [
        (httpx.Timeout(7), 7),
        (httpx.Timeout(7, connect=1), 7),
        (httpx.Timeout(None), 20),
        (httpx.Timeout(7, read=None), 20),
        (None, 20),
    ],
    ids=repr,
)
def test_a_derived_clients_timeout_bounds_the_whole_call_and_is_never_unlimited(connect: Connect, timeout, allowed):
    script = Script(httpx.ReadTimeout("silent"))
    times = itertools.chain([0.0, 0.0, 0.0], itertools.repeat(25.0))
    driver = connect(script, timeout=20, clock=lambda: next(times))
    with pytest.raises(APITimeoutError, match=f"within the {allowed} s allowed"):
        call(driver, driver.client.generated.with_timeout(timeout))
    assert set(script.seen[0].extensions["timeout"].values()) == {allowed}


def test_a_derived_client_is_closed_with_the_one_it_came_from(connect: Connect, derive):
    script = Script(good())
    driver = connect(script)
    derived = derive(driver.client.generated)
    if driver.flavour == "sync":
        driver.client.close()
    else:
        driver.runner.run(driver.client.aclose())
    with pytest.raises(MantaGoError, match="this client is closed"):
        call(driver, derived)
    assert script.seen == []


@pytest.mark.parametrize("change", [lambda client: client, *DERIVED.values()], ids=["itself", *DERIVED])
def test_an_operation_of_the_wrong_flavour_is_refused_with_what_to_do(change):
    script = Script(good())
    options = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET, "transport": httpx.MockTransport(script)}
    sync, asynchronous = SyncDriver(**options), AsyncDriver(**options)
    with pytest.raises(TypeError, match=r"is asynchronous: await the operation's asyncio\(\)"):
        call(sync, change(asynchronous.client.generated))
    with pytest.raises(TypeError, match=r"is synchronous: call the operation's sync\(\)"):
        call(asynchronous, change(sync.client.generated))
    sync.close()
    asynchronous.close()
    assert script.seen == []


# What may be sent again


@pytest.mark.parametrize(
    ("outcome", "attempts"),
    [
        pytest.param(refusal(429), 3, id="429"),
        pytest.param(refusal(429, **{"Retry-After": "0"}), 3, id="429 with Retry-After"),
        pytest.param(refusal(503, **{"Retry-After": "0"}), 3, id="503 with Retry-After"),
        pytest.param(httpx.ConnectError("refused"), 3, id="refused"),
        pytest.param(httpx.ConnectTimeout("no connection"), 3, id="no connection in time"),
        pytest.param(httpx.PoolTimeout("no connection free"), 3, id="no connection free"),
        pytest.param(refusal(503), 1, id="503"),
        pytest.param(refusal(500), 1, id="500"),
        pytest.param(refusal(500, **{"Retry-After": "0"}), 1, id="500 with Retry-After"),
        pytest.param(refusal(502), 1, id="502"),
        pytest.param(refusal(504), 1, id="504"),
        pytest.param(httpx.RemoteProtocolError("cut"), 1, id="cut"),
        pytest.param(httpx.ReadError("reset"), 1, id="reset"),
        pytest.param(httpx.WriteError("reset"), 1, id="reset while sending"),
        pytest.param(httpx.ReadTimeout("silent"), 1, id="silence"),
        pytest.param(refusal(404), 1, id="404"),
        pytest.param(httpx.Response(200, text="<html>"), 1, id="not JSON"),
    ],
)
@pytest.mark.parametrize("path", [OTHER, "/openapi/client/gift/", "/openapi/client/gifts", "/api/openapi/client/gift"])
def test_an_operation_not_declared_read_only_is_repeated_only_if_it_cannot_have_been_acted_on(
    connect: Connect, path, outcome, attempts
):
    script = Script(outcome)
    with pytest.raises(MantaGoError) as caught:
        connect(script, jitter=lambda: 0.0).request("POST", path, json={})
    assert len(script.seen) == attempts
    assert getattr(caught.value, "attempts", 1) == attempts


@pytest.mark.parametrize("outcome", [refusal(500), refusal(503), httpx.ReadError("cut"), httpx.ReadTimeout("silent")])
@pytest.mark.parametrize("base_url", ["https://mantago.example", "https://mantago.example/api/v2/"])
def test_the_operation_declared_read_only_and_any_get_are_repeated(connect: Connect, outcome, base_url):
    script = Script(outcome)
    driver = connect(script, jitter=lambda: 0.0, base_url=base_url)
    for ask in (lambda: call(driver), lambda: driver.request("GET", OTHER)):
        with pytest.raises(MantaGoError):
            ask()
    assert len(script.seen) == 2 * 3


def test_a_repeated_operation_is_the_same_request_again(connect: Connect):
    script = Script(refusal(429), httpx.ConnectError("refused"), good())
    connect(script, jitter=lambda: 0.0).request("POST", OTHER, json={"text": "禮物"}, headers={"X-Once": "1"})
    first, *more = [(request.url, request.content, request.headers) for request in script.seen]
    assert more == [first, first]


class Cutting:
    """A server on loopback that reads what comes and then cuts the connection."""

    def __init__(self) -> None:
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                if not connection.recv(65_536):
                    return
                self.connections += 1

    def close(self) -> None:
        """Stop: a connection that says nothing is the sign."""
        socket.create_connection(self.listener.getsockname()).close()
        self.thread.join()
        self.listener.close()


@pytest.fixture
def cutting() -> Iterator[Cutting]:
    server = Cutting()
    yield server
    server.close()


@pytest.mark.parametrize(("path", "connections"), [(OTHER, 1), ("/openapi/client/gift", 3)])
def test_a_connection_that_is_really_cut_is_tried_again_by_a_reading_operation_only(
    connect: Connect, cutting, path, connections
):
    driver = connect(base_url=cutting.base_url, jitter=lambda: 0.0)
    with pytest.raises(APIConnectionError) as caught:
        driver.request("POST", path, json={})
    assert caught.value.attempts == cutting.connections == connections


def test_a_connection_that_is_really_refused_is_tried_again_by_any_operation(connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    driver = connect(base_url=f"http://127.0.0.1:{port}", jitter=lambda: 0.0)
    with pytest.raises(APIConnectionError) as caught:
        driver.request("POST", OTHER, json={})
    assert caught.value.attempts == 3


# Enumerations


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda enumeration: enumeration.__name__)
@pytest.mark.parametrize("value", ["未來", "LINE", "lotterygame", "", " unknown", "is_known", "name", "\U0001f381"])
def test_a_value_that_the_spec_does_not_list_is_kept(enumeration, value):
    member = enumeration(value)
    if value in [listed.value for listed in enumeration]:
        pytest.skip("a later document lists it")
    assert not member.is_known
    assert (member, str(member), member.value, f"{member}") == (value,) * 4
    assert {member: 1}[value] == 1
    assert member == enumeration(value) != enumeration(value + "x")
    assert member not in list(enumeration)
    assert json.dumps(member) == json.dumps(value)


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda enumeration: enumeration.__name__)
def test_a_value_of_an_enumeration_is_known_or_not_wherever_it_is_sent(enumeration):
    for member in (*enumeration, enumeration("未來")):
        protocols = range(pickle.HIGHEST_PROTOCOL + 1)
        copies = [pickle.loads(pickle.dumps(member, protocol)) for protocol in protocols]
        for again in (*copies, copy.copy(member), copy.deepcopy(member)):
            facts = (again, type(again), again.is_known)
            assert facts == (member, enumeration, member != "未來")


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda enumeration: enumeration.__name__)
@pytest.mark.parametrize("value", [None, 5, b"line", ["line"]], ids=repr)
def test_what_is_no_string_is_no_value(enumeration, value):
    with pytest.raises(ValueError, match="is not a valid"):
        enumeration(value)


@pytest.mark.parametrize(("resource", "known"), [("lotteryGame", True), ("unknown", True), ("未來", False)])
def test_a_gift_of_a_future_kind_goes_through_the_generated_client_unchanged(connect: Connect, resource, known):
    answer = GOOD | {"virtualGifts": [GIFT | {"resource": resource, "更多": [1]}]}
    parsed = call(connect(Script(json_answer(answer)))).parsed
    assert parsed.virtual_gifts[0].resource == resource
    assert parsed.virtual_gifts[0].resource.is_known is known
    told = parsed.to_dict()
    assert {name: told[name] for name in LISTS} == {name: answer.get(name, []) for name in LISTS}
    assert ClientGiftsResponse.from_dict(parsed.to_dict()) == parsed


def test_a_platform_of_the_future_can_be_asked_for_with_the_generated_client(connect: Connect):
    script = Script(good())
    driver = connect(script)
    driver.operation(operation, body=ClientIdentificationRequest(platform="telegram"), bot_id="", platform="telegram")
    assert json.loads(script.seen[0].content)["platform"] == "telegram"
    assert script.seen[0].url.params["platform"] == "telegram"


# Secrecy


@pytest.fixture
def canaries() -> dict[str, str]:
    return {"bot_id": "bot", "token": f"token-{secrets.token_hex(16)}", "secret": f"secret-{secrets.token_hex(16)}"}


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
def test_the_repr_of_what_is_sent_shows_no_value(model, canaries):
    secret = canaries["secret"]
    values = {field.name: secret for field in attrs.fields(model) if field.name != "extra"}
    record = model(**values, extra={secret: secret})
    for text in (repr(record), str(record), f"{[record]}", repr({"record": record})):
        assert secret not in text


def test_the_reprs_of_a_client_and_of_what_it_sends_and_returns_show_no_secret(connect: Connect, derive, canaries):
    def echo(request: httpx.Request) -> httpx.Response:
        echoed = {"echo": request.headers["Authorization"] + request.content.decode()}
        return httpx.Response(200, json=GOOD | echoed, headers={"X-Echo": request.headers["Authorization"]})

    driver = connect(echo, **canaries)
    clients = [driver.client.generated, derive(driver.client.generated)]
    shown = [repr(client) for client in clients]
    for client in clients:
        response = call(driver, client)
        shown += [repr(response), repr(response.parsed), str(response.parsed.to_dict()), repr(vars(driver.client))]
    shown += map(repr, clients)
    shown.append(repr(operation.request(body=who(canaries["secret"]), bot_id="")))
    assert "<redacted>" in str(shown)
    assert [name for name in ("token", "secret") if canaries[name] in str(shown)] == []


def echoing(status: int) -> Handler:
    return lambda request: httpx.Response(status, text=request.content.decode())


def raising(kind: type[httpx.HTTPError]) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        raise kind(f"couldn't send {request.content!r}", request=request)

    return handle


def quoting(make: Callable[[str], object]) -> Handler:
    return lambda request: json_answer(make(request.content.decode()))


ENDS: dict[str, Handler] = {
    **{f"refused with {status}": echoing(status) for status in (301, 401, 404, 429, 500, 503, 520)},
    **{kind.__name__: raising(kind) for kind in (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError)},
    "not JSON": lambda request: httpx.Response(200, text=f"{request.content.decode()}}}"),
    "a missing field": quoting(lambda text: {"message": text}),
    "a list": quoting(lambda text: [text]),
    "a string": quoting(str),
    "another success": echoing(202),
}


def shown_by(error: BaseException | None) -> Iterator[str]:
    """Everything that an error, what caused it, and the frames of our packages let somebody see."""
    while error is not None:
        yield from (str(error), repr(error), repr(vars(error)), *getattr(error, "__notes__", ()))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith((*PACKAGES, "<attrs generated")):
                yield from (f"{frame.f_code.co_name}: {name}={value!r}" for name, value in frame.f_locals.items())
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("explicit", [True, False], ids=["secret in the request", "secret of the client"])
def test_no_frame_or_text_of_a_failure_shows_the_secret(connect: Connect, derive, canaries, end, explicit):
    own = f"own-{secrets.token_hex(16)}" if explicit else ""
    driver = connect(ENDS[end], max_retries=0, **canaries)
    with pytest.raises(MantaGoError) as caught:
        call(driver, derive(driver.client.generated), secret=own)
    lines = list(shown_by(caught.value))
    assert any(line.startswith(("_attempts: ", "_response: ")) for line in lines)
    hidden = [canaries["token"], canaries["secret"], *filter(None, [own])]
    assert [line for line in lines if any(value in line for value in hidden)] == []


def test_the_search_of_frames_finds_what_is_there(canaries):
    with pytest.raises(InvalidResponseError, match="must be a timestamp") as caught:
        GiftItem.from_dict(GIFT | {"name": canaries["secret"], "createdAt": "never"})
    assert any(line.startswith("from_dict: ") and canaries["secret"] in line for line in shown_by(caught.value))


def test_a_refusal_that_a_model_holds_keeps_all_of_it():
    answer = {"success": False, "errResponse": {"message": "不", "code": 1, "botId": None, "更多": 1}}
    said = {"message": "不", "code": 1, "更多": 1}
    assert ErrorResponse.from_dict(answer).to_dict() == {"success": False, "errResponse": said}
