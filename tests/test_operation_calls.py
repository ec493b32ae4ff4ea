"""How operations of any kind are called, by a friendly method's way and by a generated function's, with and without us.

The operations are made by hand: the vendor's document has only one.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import logging
import secrets
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from conftest import BOT_ID, GOOD, SECRET, TOKEN, AsyncDriver, Connect
from mantago import APIStatusError, ClientGifts, InvalidResponseError, NotFoundError
from mantago_generated import AuthenticatedClient
from mantago_generated.api.client_points_gifts import post_openapi_client_gift as gifts
from mantago_generated.models import ClientIdentificationRequest
from mantago_generated.types import Response
from mantago_runtime.calls.generated import asend, send
from mantago_runtime.calls.responses import parse_response
from mantago_runtime.mappings import Headers
from mantago_runtime.operation import Operation, Parameter, Request
from mantago_runtime.reading.readers import BINARY, JSON, NO_CONTENT, PLAIN_TEXT, list_of, model_of
from sample_models import Cat, Order

CAT = {"petType": "cat", "lives": 9}
Way = Callable[[Any, Request[Any]], Any]


def friendly(driver: Any, request: Request[Any]) -> Any:
    """The way of a friendly method."""
    answer = driver.client._caller.call(request)
    return driver.runner.run(answer) if isinstance(driver, AsyncDriver) else answer


def generated(driver: Any, request: Request[Any]) -> Any:
    """The way of a generated function."""
    if isinstance(driver, AsyncDriver):
        return driver.runner.run(asend(driver.client.generated, request)).parsed
    return send(driver.client.generated, request).parsed


@pytest.fixture(params=[friendly, generated], ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


def operation(**options: Any) -> Operation[Any]:
    return Operation(**({"name": "do", "method": "POST", "path": "/things/{id}", "result": JSON} | options))


class Service:
    """Answers with one thing, and keeps what came."""

    def __init__(self, status: int = 200, content: bytes = b"{}", **headers: str) -> None:
        self.answer = (status, content, {name.replace("_", "-"): value for name, value in headers.items()})
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        status, content, headers = self.answer
        return httpx.Response(status, content=content, headers=headers)


PARAMETERS = (Parameter("id", "path"), Parameter("q", "query"), Parameter("X-Q", "header"), Parameter("c", "cookie"))


def test_every_part_of_a_request_arrives_signed(connect: Connect, way: Way) -> None:
    service = Service(content=json.dumps(CAT).encode())
    one = operation(parameters=PARAMETERS, content_type="application/json", result=model_of(Cat))
    sent = one.request({"id": "a b/ü"[:3], "q": ["1", "2"], "X-Q": "h", "c": "k"}, Order(note="禮"))
    assert way(connect(service, base_url="https://host.example/api"), sent) == Cat(kind="cat", lives=9)
    [request] = service.seen
    assert (request.method, request.url.raw_path) == ("POST", f"/api/things/a%20b?botId={BOT_ID}&q=1&q=2".encode())
    assert json.loads(request.content) == {"secret": SECRET, "note": "禮", "gifts": []}
    shown = {
        name: request.headers.get_list(name) for name in ("X-Q", "Cookie", "Content-Type", "Authorization", "Accept")
    }
    assert shown == {
        "X-Q": ["h"],
        "Cookie": ["c=k"],
        "Content-Type": ["application/json"],
        "Authorization": [f"Bearer {TOKEN}"],
        "Accept": ["application/json"],
    }


@pytest.mark.parametrize(
    ("content_type", "body", "content"),
    [
        ("application/json", [1, {"a": "é"}], '[1,{"a":"é"}]'.encode()),
        ("application/x-www-form-urlencoded", {"a": [1, 2], "o": {"x": 1}}, b"a=1&a=2&o%5Bx%5D=1"),
        ("text/plain", "é", "é".encode()),
        ("image/png", b"\0\1", b"\0\1"),
    ],
)
def test_a_body_that_is_no_json_object_is_sent_as_it_is(
    connect: Connect, way: Way, content_type: str, body: Any, content: bytes
) -> None:
    service = Service()
    one = operation(path="/things", content_type=content_type, encoding={"o": ("deepObject", True)})
    assert way(connect(service), one.request({}, body)) == {}
    [request] = service.seen
    assert request.content == content
    for name, values in {"Content-Type": [content_type], "Content-Length": [str(len(content))]}.items():
        assert request.headers.get_list(name) == values


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_an_operation_without_a_body_has_none(connect: Connect, way: Way, method: str) -> None:
    service = Service()
    way(connect(service), operation(path="/things", method=method).request({}))
    [request] = service.seen
    assert (request.method, request.content, request.headers.get("Content-Type")) == (method, b"", None)


# Answers


@pytest.mark.parametrize(
    ("answers", "service", "result"),
    [
        ({200: model_of(Cat), 201: list_of(model_of(Cat))}, Service(201, json.dumps([CAT]).encode()), (Cat(kind="cat", lives=9),)),
        ({200: model_of(Cat), 201: list_of(model_of(Cat))}, Service(200, json.dumps(CAT).encode()), Cat(kind="cat", lives=9)),
        ({"2XX": JSON}, Service(202, b"[1]"), [1]),
        ({204: NO_CONTENT}, Service(204, b""), None),
        ({200: NO_CONTENT}, Service(200, b"<html>"), None),
        ({200: PLAIN_TEXT}, Service(200, "é".encode()), "é"),
        ({200: PLAIN_TEXT}, Service(200, "é".encode("latin-1"), Content_Type="text/plain; charset=latin-1"), "é"),
        ({200: BINARY}, Service(200, b"\xff\0"), b"\xff\0"),
    ],
)  # fmt: skip
def test_each_good_answer_of_the_document_is_read(
    connect: Connect, way: Way, answers: Any, service: Service, result: Any
) -> None:
    one = operation(path="/things", answers=answers, result=None)
    assert way(connect(service), one.request({})) == result


def test_another_media_type_is_asked_for_where_the_document_has_one(connect: Connect, way: Way) -> None:
    service = Service(content=b"a,b")
    one = operation(path="/things", result=PLAIN_TEXT, accept="text/csv")
    assert way(connect(service), one.request({})) == "a,b"
    assert service.seen[0].headers.get_list("Accept") == ["text/csv"]


@pytest.mark.parametrize(
    ("answers", "service", "told"),
    [
        ({200: JSON, 201: JSON}, Service(202), "has the status 202 Accepted, where the spec says 200 or 201"),
        ({204: NO_CONTENT}, Service(200), "has the status 200 OK, where the spec says 204"),
        ({200: PLAIN_TEXT}, Service(200, b"\xff"), "isn't text: 'utf-8' codec can't decode"),
        ({200: PLAIN_TEXT}, Service(200, b"a", Content_Type="text/plain; charset=none"), "isn't text: unknown encoding"),
        ({200: PLAIN_TEXT}, Service(200, b"\xff", Content_Type="text/plain; charset=idna"), "isn't text"),
    ],
)  # fmt: skip
def test_any_other_good_answer_is_refused(
    connect: Connect, way: Way, answers: Any, service: Service, told: str
) -> None:
    with pytest.raises(InvalidResponseError, match=told):
        way(connect(service), operation(path="/things", answers=answers, result=None).request({}))


def test_a_refusal_with_any_good_status_is_one(connect: Connect, way: Way) -> None:
    service = Service(201, b'{"success": false, "errResponse": {"message": "no", "code": 5001}}')
    with pytest.raises(APIStatusError, match=r"^201 Created, code 5001: no"):
        way(connect(service), operation(path="/things", answers={201: JSON}, result=None).request({}))


# Policy


@pytest.mark.parametrize(("reads", "attempts"), [(True, 3), (False, 1)])
def test_whether_an_operation_may_be_sent_again_is_what_it_says_itself(
    connect: Connect, way: Way, reads: bool, attempts: int
) -> None:
    service = Service(500)
    one = operation(parameters=PARAMETERS[:1], reads=reads)
    with pytest.raises(APIStatusError) as caught:
        way(connect(service, jitter=lambda: 0.0), one.request({"id": "5"}))
    assert len(service.seen) == caught.value.attempts == attempts


def test_an_operation_is_told_by_its_template_not_by_the_id_in_its_path(connect: Connect, way: Way) -> None:
    events: list[Any] = []
    driver = connect(Service(), on_event=events.append)
    way(driver, operation(parameters=PARAMETERS[:1]).request({"id": "personal"}))
    assert [event.operation for event in events] == ["POST /things/{id}"]


def test_strict_and_the_log_of_drift_hold_for_both_ways(connect: Connect, way: Way, caplog: Any) -> None:
    service = Service(content=json.dumps(CAT | {"lives": None}).encode())
    request = operation(path="/things", result=model_of(Cat)).request({})
    driver = connect(service)
    with caplog.at_level(logging.WARNING, "mantago.drift"):
        for each in (way, friendly, generated):
            assert each(driver, request) == Cat(kind="cat")
    assert [record.getMessage() for record in caplog.records] == [
        "null lives: the spec doesn't allow null (warned of once)"
    ]
    with pytest.raises(InvalidResponseError, match=r"strict=True"):
        way(connect(service, strict=True), request)


# A bare client


def bare(service: Service, token: str = TOKEN) -> AuthenticatedClient:
    return AuthenticatedClient(
        base_url="https://host.example/api", token=token, httpx_args={"transport": httpx.MockTransport(service)}
    )


BODY = ClientIdentificationRequest(secret=SECRET, client_id="VolejRejN")


def test_the_generated_functions_work_without_our_client() -> None:
    service = Service(content=json.dumps(GOOD | {"new": 1}).encode(), X_Trace="7")

    async def ask() -> tuple[Response[ClientGifts], ClientGifts]:
        answer = await gifts.asyncio_detailed(client=bare(service), body=BODY, bot_id=BOT_ID)
        return answer, await gifts.asyncio(client=bare(service), body=BODY, bot_id=BOT_ID)

    response = gifts.sync_detailed(client=bare(service), body=BODY, bot_id=BOT_ID)
    for answer in (response, asyncio.run(ask())[0]):
        assert (answer.status_code, answer.headers["x-trace"], answer.parsed) == (
            200,
            "7",
            ClientGifts.from_dict(GOOD | {"new": 1}),
        )
        assert json.loads(answer.content) == GOOD | {"new": 1}
        assert repr(answer) == f"Response(status_code=200, parsed={answer.parsed!r})"
    assert gifts.sync(client=bare(service), body=BODY, bot_id=BOT_ID) == asyncio.run(ask())[1] == response.parsed
    request = service.seen[0]
    assert str(request.url) == f"https://host.example/api/openapi/client/gift?botId={BOT_ID}"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.content) == {"secret": SECRET, "clientId": "VolejRejN"}


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        (Service(404, b'{"errResponse": {"code": 37011, "message": "no"}}'), NotFoundError),
        (Service(201, b"{}"), InvalidResponseError),
        (Service(200, b"{}"), InvalidResponseError),
        (Service(200, b"<html>"), InvalidResponseError),
    ],
)  # fmt: skip
def test_without_our_client_a_refusal_is_our_exception_too(service: Service, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        gifts.sync(client=bare(service), body=BODY, bot_id=BOT_ID)


def test_without_our_client_what_is_echoed_is_redacted_and_no_frame_shows_it() -> None:
    own, token = f"own-{secrets.token_hex(16)}", f"token-{secrets.token_hex(16)}"
    service = Service(403, json.dumps({"errResponse": {"message": f"{own} {token}"}}).encode(), X_Echo=token)
    body = ClientIdentificationRequest(secret=own, client_id="a")
    with pytest.raises(APIStatusError, match="<redacted> <redacted>") as caught:
        gifts.sync(client=bare(service, token), body=body, bot_id=BOT_ID)
    assert caught.value.headers["X-Echo"] == "<redacted>"
    ours = [
        (frame.f_code.co_name, repr(frame.f_locals))
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if frame.f_globals["__name__"].startswith("mantago")
    ]
    assert "_bare_answer" in dict(ours)
    assert [name for name, shown in ours if own in shown or token in shown] == []


def test_a_charset_that_cannot_be_imported_is_no_raw_failure() -> None:
    def no_descriptor_left(name: str) -> None:
        if name == "of_the_tests":
            raise OSError(24, "Too many open files")

    codecs.register(no_descriptor_left)
    try:
        headers = Headers([("Content-Type", "text/plain; charset=of-the-tests")])
        with pytest.raises(InvalidResponseError, match=r"isn't text: .*Too many open files"):
            parse_response(200, headers, b"a", 0.0, {200: "text"})
    finally:
        codecs.unregister(no_descriptor_left)
