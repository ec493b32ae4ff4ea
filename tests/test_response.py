"""A result says what came with its answer, and that belongs to nothing that compares, shows or writes the result."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import pickletools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import dill
import httpx
import pytest

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import ClientGifts, InvalidResponseError, MantaGo, MantaGoError, ResponseInfo, ServerError
from mantago.testing import FakeMantaGo, gift
from mantago_generated.api.client_points_gifts import post_openapi_client_gift as operation
from mantago_generated.client import AuthenticatedClient
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime.mappings import Headers

ANSWER = GOOD | {"virtualGifts": [gift().to_dict()]}
HEADERS = {"X-Request-Id": "4711", "X-Echo": f"Bearer {TOKEN}"}
ASKED = ClientIdentificationRequest(secret=SECRET, client_id="VolejRejN")


def answering(*statuses: int) -> Callable[[httpx.Request], httpx.Response]:
    left = [*statuses]

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(left.pop(0), json=ANSWER, headers=HEADERS)

    return handle


def told_by(result: Any) -> ResponseInfo:
    assert result.response is not None
    return result.response


@pytest.fixture
def gifts() -> Iterator[ClientGifts]:
    with MantaGo(
        bot_id=BOT_ID, token=TOKEN, secret=SECRET, transport=httpx.MockTransport(answering(503, 200))
    ) as client:
        client._sending.sender.transport.calls.jitter = lambda: 0.0
        yield client.get_client_gifts(client_id="VolejRejN")


def test_a_result_tells_status_headers_attempts_and_seconds_of_its_call(connect: Connect) -> None:
    answer, now = answering(503, 429, 200), [100.0]

    def slowly(request: httpx.Request) -> httpx.Response:
        now[0] += 1.5
        return answer(request)

    driver = connect(slowly, clock=lambda: now[0], jitter=lambda: 0.0)
    response = told_by(driver.get_client_gifts(client_id="VolejRejN"))
    assert (response.status_code, response.attempts, response.elapsed) == (200, 3, 4.5)
    assert response.headers["x-request-id"] == response.headers["X-REQUEST-ID"] == "4711"
    assert "X-Request-Id" in response.headers
    assert response.headers["X-Echo"] == "Bearer <redacted>"


def test_what_is_told_cannot_be_changed(gifts: ClientGifts) -> None:
    response = told_by(gifts)
    for change in (lambda: setattr(response, "attempts", 1), lambda: setattr(gifts, "response", None)):
        with pytest.raises(AttributeError):
            change()
    with pytest.raises(TypeError):
        response.headers["X-Request-Id"] = "4712"  # type: ignore[index]
    assert gifts.response == response
    assert {response: "hashable"}[told_by(gifts)]


def test_it_counts_in_nothing_that_compares_shows_or_writes_the_result(gifts: ClientGifts) -> None:
    by_hand = ClientGifts.from_dict(ANSWER)
    assert by_hand == gifts
    assert hash(by_hand) == hash(gifts)
    assert repr(by_hand) == repr(gifts)
    assert by_hand.to_dict() == gifts.to_dict()
    assert attrs.asdict(by_hand) == attrs.asdict(gifts)
    assert "4711" not in repr(gifts) + json.dumps(gifts.to_dict())


@pytest.mark.parametrize(
    "way",
    [
        copy.copy,
        copy.deepcopy,
        lambda value: dill.loads(dill.dumps(value)),
        *[
            lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
        ],
    ],
)
def test_it_survives_pickling_and_copying(way: Callable[[Any], Any], gifts: ClientGifts) -> None:
    again = way(gifts)
    assert again == gifts
    assert again.drift == gifts.drift
    assert told_by(again) == told_by(gifts)
    assert told_by(again).request_id == "4711"
    assert way(told_by(gifts)) == told_by(gifts)
    assert way(ClientGifts()).response is None


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"x-request-id": "1", "CF-Ray": "2"}, "1"), ({"CF-Ray": "2"}, "2"), ({"X-Request": "3"}, None), ({}, None)],
)
def test_the_name_of_the_request_is_found_in_the_headers_of_results_and_errors(fields, name) -> None:
    headers = Headers([*fields.items()])
    assert ResponseInfo(200, headers, 1, 0.1).request_id == name
    assert ServerError("", 500, headers=headers).request_id == name
    assert InvalidResponseError("", headers=headers).request_id == name


def test_what_is_pickled_names_no_class_that_0_1_lacks(gifts: ClientGifts) -> None:
    named = {str(argument) for _, argument, _ in pickletools.genops(pickle.dumps(gifts, 2))}
    assert any(name.endswith(" ClientGifts") for name in named)
    assert not [name for name in named if name.endswith((" ResponseInfo", " Headers"))]


def test_results_that_0_1_pickled_tell_nothing_of_an_answer() -> None:
    written = json.loads((Path(__file__).parent / "pickles_0_1.json").read_text("utf-8"))
    assert pickle.loads(base64.b64decode(written["gifts"])).response is None


def test_there_is_none_where_no_answer_was() -> None:
    for made in (ClientGifts(), ClientGifts.from_dict(ANSWER), ClientGifts(virtual_gifts=[gift()])):
        assert made.response is None


def test_a_part_of_an_answer_and_a_changed_result_tell_nothing(gifts: ClientGifts) -> None:
    assert not hasattr(gifts.virtual_gifts[0], "response")
    assert attrs.evolve(gifts, tickets=()).response is None


def test_what_the_fake_answers_tells_of_its_attempts() -> None:
    fake = FakeMantaGo()
    fake.add_client("VolejRejN", virtual_gifts=[gift()])
    fake.fail("server_error")
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        response = told_by(client.get_client_gifts(client_id="VolejRejN"))
    assert (response.status_code, response.attempts) == (200, 2)


def test_the_generated_functions_tell_the_same(connect: Connect) -> None:
    driver = connect(answering(503, 200), jitter=lambda: 0.0)
    response = told_by(driver.operation(operation, body=ASKED).parsed)
    assert (response.status_code, response.attempts, response.headers["X-Request-Id"]) == (200, 2, "4711")
    assert response.headers["X-Echo"] == "Bearer <redacted>"


def test_a_bare_client_tells_of_its_one_attempt() -> None:
    bare = AuthenticatedClient(
        base_url="https://example.com", token=TOKEN, httpx_args={"transport": httpx.MockTransport(answering(200))}
    )
    response = told_by(operation.sync(client=bare, body=ASKED, bot_id=BOT_ID))
    assert (response.status_code, response.attempts, response.headers["X-Request-Id"]) == (200, 1, "4711")
    assert response.headers["X-Echo"] == "Bearer <redacted>"
    assert 0 <= response.elapsed < 60


@pytest.mark.parametrize("status", [204, 302, 404])
def test_a_bare_client_returns_a_result_or_raises(status: int) -> None:
    bare = AuthenticatedClient(
        base_url="https://example.com", token=TOKEN, httpx_args={"transport": httpx.MockTransport(answering(status))}
    )
    with pytest.raises(MantaGoError):
        operation.sync(client=bare, body=ASKED, bot_id=BOT_ID)
