"""What version 0.1 pickled loads as what it was: values wait in caches, queues and task results while releases change."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import sys
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dill
import pytest

import mantago
from mantago import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BotNotFoundError,
    CallFinished,
    CallRetried,
    ClientClosedError,
    ClientGifts,
    ClientNotFoundError,
    ConfigurationError,
    Credentials,
    CredentialsReplacedError,
    Drift,
    Gift,
    GiftResource,
    IdentificationError,
    InvalidResponseError,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
    Platform,
    PlatformNotConnectedError,
    RateLimitError,
    ResponseInfo,
    ServerError,
    Ticket,
    TokenExpiredError,
)
from mantago.sandbox import CLIENTS, PlatformId
from mantago.testing import RecordedRequest
from mantago_generated import friendly
from mantago_runtime.mappings import Headers

WRITTEN: dict[str, str] = json.loads((Path(__file__).parent / "pickles_0_1.json").read_text("utf-8"))
"""What `pickle.dumps` of version 0.1 wrote of each value below, in base64."""

NOON = datetime(2024, 7, 15, 12, 30, 28, 700_000, tzinfo=UTC)
EAST = datetime(2024, 7, 15, 20, 30, 28, tzinfo=timezone(timedelta(hours=8)))
GIFT = Gift("美式咖啡兌換券", GiftResource.REWARDS_CARD, NOON, is_expired=True, start_time=NOON, end_time=EAST)
FROM_THE_FUTURE = Gift("Sticker", "birthdayCampaign", EAST, extra={"rarity": "gold", "tags": ["a", {"b": None}]})
TICKET = Ticket(NOON, extra={"seat": 7})
DRIFT = Drift("unknown_value", "virtualGifts[0].resource", "'birthdayCampaign' is not listed by the spec")


def noted(error: Any, attempts: int, elapsed: float) -> Any:
    error.attempts, error.elapsed = attempts, elapsed
    return error


def answered(cls: type[APIStatusError], status_code: int, headers: dict[str, str] | None = None, **more: Any) -> Any:
    error = cls(status_code=status_code, message="尋找Bot資訊失敗,無此botId", body=b'{"success": false}', **more)
    # As a client has them: the class of what `headers` holds is private.
    error.headers = type(error.headers)((headers or {}).items())  # type: ignore[call-arg]
    return noted(error, 3, 1.5)


VALUES: dict[str, Any] = {
    "gifts": ClientGifts((TICKET,), [GIFT], [FROM_THE_FUTURE], {"loyaltyPoints": 120}, (DRIFT,)),
    "no gifts": ClientGifts(),
    "gift": GIFT,
    "gift with extra": FROM_THE_FUTURE,
    "ticket": TICKET,
    "drift": DRIFT,
    "resource": GiftResource.LOTTERY_GAME,
    "resource from the future": GiftResource("birthdayCampaign"),
    "platform": Platform.LIVE_CHAT,
    "credentials": Credentials(bot_id="1NbWoobyg", token="token-of-a-test", secret="secret-of-a-test"),
    "extra": FROM_THE_FUTURE.extra,
    "headers": answered(ServerError, 500, {"Retry-After": "5", "X-Request-Id": "4711"}).headers,
    "MantaGoError": MantaGoError("this client is closed"),
    "ConfigurationError": ConfigurationError("base_url is empty"),
    "IdentificationError": IdentificationError("given was nothing, missing is client_id"),
    "APIConnectionError": noted(APIConnectionError("no answer from mantago.cc: ConnectError"), 3, 0.25),
    "APITimeoutError": noted(APITimeoutError("no answer from mantago.cc in time"), 2, 30.0),
    "InvalidResponseError": InvalidResponseError("must be a string, not null", path="virtualGifts[0].name"),
    "APIStatusError": answered(APIStatusError, 302, {"Location": "https://login.example.com/"}),
    "BadRequestError": answered(BadRequestError, 400, code=110000),
    "AuthenticationError": answered(AuthenticationError, 401, code=1004),
    "PermissionDeniedError": answered(PermissionDeniedError, 403, code=1002, bot_id="1NbWoobyg"),
    "NotFoundError": answered(NotFoundError, 404, code=37011, bot_id="1NbWoobyg"),
    "RateLimitError": answered(RateLimitError, 429, {"Retry-After": "5"}, retry_after=5.0),
    "ServerError": answered(ServerError, 503, {"Content-Type": "text/html", "Retry-After": "5"}),
    "CallRetried": CallRetried("POST /openapi/client/gift", 1, 0.5, answered(RateLimitError, 429)),
    "CallFinished": CallFinished("POST /openapi/client/gift", 2, 0.75, 200, 83, 512),
    "RecordedRequest": RecordedRequest(method="POST", path="/openapi/client/gift", client_id="VolejRejN", status=200),
    "platform id": PlatformId("line", "U4af4980629e14c3b8d2f7a61c05be937"),
    "a client of the sandbox": CLIENTS[1],
}
SINCE_0_2: dict[str, Any] = {
    "ClientClosedError": ClientClosedError("this client is closed"),
    "TokenExpiredError": answered(TokenExpiredError, 401, code=1004),
    "CredentialsReplacedError": answered(CredentialsReplacedError, 401, code=120000),
    "ClientNotFoundError": answered(ClientNotFoundError, 404, {"X-Request-Id": "4711"}, code=37011, bot_id="1NbWoobyg"),
    "BotNotFoundError": answered(BotNotFoundError, 404, code=5001),
    "PlatformNotConnectedError": answered(PlatformNotConnectedError, 404, code=11001),
    "InvalidResponseError of a call": noted(
        InvalidResponseError("isn't JSON", status_code=200, headers=Headers([("A", "b")]), body=b"<html>"), 2, 0.5
    ),
    "ResponseInfo": ResponseInfo(200, Headers([("X-Request-Id", "4711")]), 2, 0.5),
}
TODAY = VALUES | SINCE_0_2


def content(value: Any) -> Any:
    """What a value holds, with what its equality leaves out; exceptions know no equality."""
    if isinstance(value, Exception):
        # Also what the class says where an error of 0.1 has nothing.
        names = {*vars(value), *(name for cls in type(value).__mro__ for name in vars(cls).get("__annotations__", ()))}
        return type(value), value.args, {name: content(getattr(value, name)) for name in names}, str(value)
    if isinstance(value, CallRetried):
        return value.operation, value.attempt, value.wait, content(value.error)
    return type(value), value, getattr(value, "drift", None)


def test_every_value_was_written_and_every_public_class_is_among_them() -> None:
    assert {*WRITTEN} == {*VALUES}
    classes = {name for name in mantago.__all__ if isinstance(getattr(mantago, name), type)}
    # What a new document adds is written by no hand.
    by_hand = classes - {"MantaGo", "AsyncMantaGo", *friendly.__all__}
    assert by_hand <= {type(value).__name__ for value in TODAY.values()}


@pytest.mark.parametrize("name", VALUES)
def test_what_0_1_pickled_is_what_it_was(name: str) -> None:
    assert content(pickle.loads(b64decode(WRITTEN[name]))) == content(VALUES[name])


@pytest.mark.parametrize("name", TODAY)
def test_what_is_pickled_today_comes_back(name: str) -> None:
    assert content(pickle.loads(pickle.dumps(TODAY[name]))) == content(TODAY[name])


# --- serialisers other than pickle ----------------------------------------------------------------------------------

ERRORS = {name: value for name, value in TODAY.items() if isinstance(value, MantaGoError)}
SURVIVORS = ("status_code", "code", "message", "retry_after", "bot_id", "attempts", "elapsed", "path")


def survived(error: Any) -> Any:
    text = str(error).replace("; it leads to https://login.example.com/", "")  # a header said so
    return type(error), text, {name: getattr(error, name, None) for name in SURVIVORS}


def through_celerys_json(error: Any) -> Any:
    """As the result backends of Celery do: class and `args` are kept as JSON, and the one is called with the other."""
    kept = json.loads(json.dumps({"module": type(error).__module__, "type": type(error).__name__, "args": error.args}))
    return getattr(sys.modules[kept["module"]], kept["type"])(*kept["args"])


WAYS: dict[str, Callable[[Any], Any]] = {
    "Celery's JSON": through_celerys_json,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "dill": lambda error: dill.loads(dill.dumps(error)),
    "pickle in Python": lambda error: pickle.loads(pickle._dumps(error)),  # type: ignore[attr-defined]
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("way", WAYS)
def test_an_exception_comes_back_with_what_it_says_through(way: str, name: str) -> None:
    error = ERRORS[name]
    again = WAYS[way](error)
    assert again is not error
    assert survived(again) == survived(error)
    if "JSON" not in way:
        assert content(again) == content(error)


def test_headers_and_body_do_not_survive_class_and_arguments() -> None:
    error = through_celerys_json(ERRORS["RateLimitError"])
    assert (dict(error.headers), error.body) == ({}, b"")


def test_what_a_call_learns_of_its_failure_later_is_in_its_arguments_too() -> None:
    error = InvalidResponseError("must be a string", path=".name")
    error.path = "virtualGifts[0].name"
    error.status_code = 200
    assert error.args == ("must be a string", "virtualGifts[0].name", 200, 1, 0.0)
    assert noted(APIConnectionError("refused"), 3, 0.25).args == ("refused", 3, 0.25)
    assert through_celerys_json(noted(APIConnectionError("refused"), 3, 0.25)).attempts == 3


def test_a_copy_of_an_exception_is_its_own() -> None:
    error = InvalidResponseError("must be a string", path="a")
    error.add_note("seen at night")
    again = copy.deepcopy(error)
    again.path = "b"
    again.add_note("and in the morning")
    assert (error.path, error.args, error.__notes__) == (
        "a",
        ("must be a string", "a", None, 1, 0.0),
        ["seen at night"],
    )


def test_an_exception_shows_its_text_and_stays_readable_whatever_was_made_of_its_arguments() -> None:
    assert repr(APIConnectionError("refused")) == "APIConnectionError('refused')"
    assert repr(InvalidResponseError("is empty")) == "InvalidResponseError('is empty', path='$')"
    assert repr(MantaGoError()) == "MantaGoError()"
    error = APIConnectionError("refused")
    error.args = ()
    assert str(error) == " (1 attempt, 0.00 s)"


def raising(name: str) -> None:
    raise ERRORS[name]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_an_exception_comes_back_from_a_process_however_it_is_started(method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        raised = {name: pool.submit(raising, name).exception() for name in ERRORS}
    assert {name: survived(error) for name, error in raised.items()} == {n: survived(e) for n, e in ERRORS.items()}
    with context.Pool(1) as workers:
        for name, error in ERRORS.items():
            with pytest.raises(type(error)) as caught:
                workers.apply(raising, (name,))
            assert survived(caught.value) == survived(error)
