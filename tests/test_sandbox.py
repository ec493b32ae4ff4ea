"""The sandbox: what it checks, what it answers, and how it comes and goes; over real sockets."""

import base64
import copy
import errno
import importlib.util
import json
import linecache
import logging
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, get_args

import httpx
import pytest
import uvicorn

import mantago
import mantago.sandbox
from mantago.sandbox import CLIENTS, TRIGGERS, Sandbox
from mantago.testing import FailureName, scenarios
from mantago.testing.document import Document
from mantago.testing.refusals import CannedResponse, Refusal
from mantago.testing.requests import answer_faults
from mantago.testing.scenarios import SandboxClient
from mantago.testing.service import RateLimit
from mantago.testing.troubles import success_envelope
from vendored_paths import methods_at, other_method

SPEC = json.loads(files("mantago_generated").joinpath("openapi.json").read_text(encoding="utf-8"))
GIFTS = "/openapi/client/gift"
LINE = {"platform": "line", "platformClientId": "U4af4980629e14c3b8d2f7a61c05be937"}
BY_ID = {card.id: card for card in (*CLIENTS, *TRIGGERS)}
# httpx makes a costly one for every request otherwise.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LISTS = ("tickets", "physicalGifts", "virtualGifts")


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def body_only() -> Iterator[Sandbox]:
    with Sandbox(identify_in="body") as sandbox:
        yield sandbox


def ask(
    sandbox: Sandbox, body: Any = None, query: Any = None, *, path: str = GIFTS, method: str = "POST", **options: Any
) -> httpx.Response:
    """A request that is right but for what is given; None takes a part away."""
    params = {"botId": sandbox.bot_id, **(query or {})}
    content = {"secret": sandbox.secret, **({"clientId": "VolejRejN"} if body is None else body)}
    return httpx.request(
        method,
        sandbox.base_url + path,
        params={name: value for name, value in params.items() if value is not None},
        headers={"Authorization": f"Bearer {sandbox.token}", **options.pop("headers", {})},
        verify=NO_TLS,
        trust_env=False,
        **(options or {"json": {name: value for name, value in content.items() if value is not None}}),
    )


def told(response: httpx.Response) -> tuple[int, int, str]:
    """Status, code and message of a refusal in the vendor's envelope."""
    payload = response.json()
    assert response.headers["content-type"] == "application/json"
    assert payload.keys() == {"success", "errResponse"}
    assert payload["success"] is False
    error = payload["errResponse"]
    assert error.keys() <= {"message", "code", "botId"}
    return response.status_code, error["code"], error["message"]


def bad_variables(response: httpx.Response) -> str:
    """What a 400 says behind the vendor's message."""
    status, code, message = told(response)
    assert (status, code) == (400, 110000)
    start = "Get correct request variables failed: "
    assert message.startswith(start)
    return message.removeprefix(start)


def by_platform(card: SandboxClient) -> list[dict[str, str]]:
    if card.platform_ids:
        return [{"platform": pair.platform, "platformClientId": pair.platform_client_id} for pair in card.platform_ids]
    return [{"platform": "whatsapp", "platformClientId": card.id}]


def with_operation(path: str, **operation: Any) -> dict[str, Any]:
    """The spec with one POST more, which no scenario knows."""
    spec: dict[str, Any] = copy.deepcopy(SPEC)
    spec["paths"][path] = {"post": {"responses": {"200": {"description": ""}}, **operation}}
    return spec


def serving(spec: dict[str, Any], **options: Any) -> Sandbox:
    sandbox = Sandbox(**options)
    sandbox._document = Document(spec)
    return sandbox


def json_response(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


# Coming and going


def test_the_address_is_on_loopback_and_ends_with_the_path_of_the_specs_server(shared: Sandbox) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api", shared.base_url)


def test_it_answers_as_soon_as_the_block_begins() -> None:
    for _ in range(5):
        with Sandbox() as sandbox:
            assert ask(sandbox).status_code == 200


def test_it_is_gone_when_the_block_ends() -> None:
    threads = set(threading.enumerate())
    with Sandbox() as sandbox:
        ask(sandbox)
    assert set(threading.enumerate()) <= threads
    with pytest.raises(httpx.ConnectError):
        ask(sandbox)


def test_it_is_gone_when_the_block_fails() -> None:
    sandbox = Sandbox()
    with pytest.raises(ZeroDivisionError), sandbox:
        raise ZeroDivisionError
    with pytest.raises(httpx.ConnectError):
        ask(sandbox)


def test_the_port_can_be_chosen_and_is_free_again_afterwards() -> None:
    with Sandbox() as first:
        ask(first)
    port = httpx.URL(first.base_url).port
    assert port is not None
    with Sandbox(port=port) as second:
        assert second.base_url == first.base_url
        assert ask(second).status_code == 200


def test_a_port_in_use_is_an_os_error_and_leaves_nothing_behind() -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = Sandbox(port=taken.getsockname()[1])
        with pytest.raises(OSError, match=str(taken.getsockname()[1])) as caught, sandbox:
            pass
    assert caught.value.errno == errno.EADDRINUSE
    assert set(threading.enumerate()) <= threads
    with sandbox:
        assert ask(sandbox).status_code == 200


def test_a_server_that_cannot_start_is_an_error_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    crashes: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", crashes.append)
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="did not start"), sandbox:
        pass
    assert [crash.exc_type for crash in crashes] == [MemoryError]
    with pytest.raises(RuntimeError, match="no address"):
        _ = sandbox.base_url


def test_it_has_no_address_before_the_block() -> None:
    with pytest.raises(RuntimeError, match="with statement"):
        _ = Sandbox().base_url


def test_it_runs_once() -> None:
    sandbox = Sandbox()
    with sandbox, pytest.raises(RuntimeError, match="once"), sandbox:
        pass
    with pytest.raises(RuntimeError, match="once"), sandbox:
        pass


def test_leaving_without_having_entered_is_harmless() -> None:
    Sandbox().__exit__(None, None, None)


def test_several_run_at_a_time_each_with_its_own_credentials_and_memory() -> None:
    with Sandbox() as one, Sandbox() as two:
        assert one.base_url != two.base_url
        assert ask(one, {"clientId": "rate_limited_once"}).status_code == 429
        assert ask(two, {"clientId": "rate_limited_once"}).status_code == 429
        assert ask(one, {"clientId": "rate_limited_once"}).status_code == 200
        assert ask(one, headers={"Authorization": f"Bearer {two.token}"}).status_code == 401
        assert ask(one, {"clientId": "VolejRejN", "secret": two.secret}).status_code == 403


def test_it_ends_within_a_second_while_answers_are_in_flight_and_connections_idle() -> None:
    failures: list[Exception] = []

    def wait_for_gifts() -> None:
        try:
            ask(sandbox, {"clientId": "slow_answer"})
        except httpx.TransportError as error:
            failures.append(error)

    with Sandbox() as sandbox, httpx.Client() as keeping_alive:
        keeping_alive.get(sandbox.base_url)
        url = httpx.URL(sandbox.base_url)
        with (
            socket.create_connection((url.host, url.port)),
            socket.create_connection((url.host, url.port)) as unfinished,
        ):
            unfinished.sendall(b"POST /api/openapi/client/gift HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            waiting = threading.Thread(target=wait_for_gifts)
            waiting.start()
            time.sleep(0.2)
            begin = time.monotonic()
            sandbox.__exit__(None, None, None)
            assert time.monotonic() - begin < 1
            waiting.join()
    assert len(failures) == 1


def test_the_slow_answer_takes_about_five_seconds() -> None:
    assert Sandbox()._slow_seconds == 5


def test_a_caller_that_goes_away_harms_nobody() -> None:
    sandbox = Sandbox()
    sandbox._slow_seconds = 0.1
    with sandbox:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{sandbox.base_url}{GIFTS}?botId={sandbox.bot_id}",
                json={"secret": sandbox.secret, "clientId": "slow_answer"},
                headers={"Authorization": f"Bearer {sandbox.token}"},
                timeout=httpx.Timeout(5, read=0.05),
            )
        url = httpx.URL(sandbox.base_url)
        with socket.create_connection((url.host, url.port)) as unfinished:
            unfinished.sendall(b"POST /api/openapi/client/gift HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            time.sleep(0.05)
        time.sleep(0.1)
        assert ask(sandbox).status_code == 200


def test_it_leaves_signal_handlers_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Sandbox() as sandbox:
        ask(sandbox)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_it_prints_and_logs_nothing_and_leaves_the_loggers_as_they_were(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def state() -> list[tuple[Any, ...]]:
        loggers = [logging.getLogger(name) for name in ("asyncio", "uvicorn.access", "uvicorn.error")]
        return [(one.level, one.propagate, [*one.handlers], [*one.filters]) for one in loggers]

    before = state()
    with caplog.at_level(logging.INFO), Sandbox() as sandbox:
        ask(sandbox)
        with pytest.raises(httpx.RemoteProtocolError):
            ask(sandbox, {"clientId": "cut_off_answer"})
        url = httpx.URL(sandbox.base_url)
        with socket.create_connection((url.host, url.port)) as nonsense:
            nonsense.sendall(b"nonsense\r\n\r\n")
            nonsense.recv(1000)
        logging.getLogger("uvicorn.error").info("of another server")
    assert [record.message for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))] == [
        "of another server"
    ]
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_a_log_has_a_line_for_each_request_with_its_answer_and_no_id_or_secret() -> None:
    lines: list[str] = []
    person = "U4af4980629e14c3b8d2f7a61c05be937"
    with Sandbox(log=lines.append) as sandbox:
        ask(sandbox)
        ask(sandbox, {"platform": "line", "platformClientId": person}, query={"platform": "line"})
        ask(sandbox, {"clientId": "refused_with_200"})
        with pytest.raises(httpx.RemoteProtocolError):
            ask(sandbox, {"clientId": "cut_off_answer"})
        ask(sandbox, path=f"/openapi/client/gift/{person}")
        httpx.get(sandbox.base_url.removesuffix("/api") + GIFTS)
        httpx.get(sandbox.base_url + GIFTS)
    assert [bool(re.match(r"[0-2]\d:[0-5]\d:[0-5]\d ", line)) for line in lines] == [True] * 7
    assert [line.partition(" ")[2] for line in lines] == [
        "POST /api/openapi/client/gift: 200",
        "POST /api/openapi/client/gift: 400, code 110000",
        "POST /api/openapi/client/gift: 200, code 37011",
        "POST /api/openapi/client/gift: 200, cut off",
        "POST /api/openapi/client/gift/...: 404, code 404",
        "GET /openapi/client/gift: 404, code 404",
        "GET /api/openapi/client/gift: 405, code 405",
    ]


def test_a_log_names_an_operation_by_the_documents_path() -> None:
    spec = {"paths": {"/things/{id}": {"get": {}}}, "servers": [{"url": "/api"}]}
    document = Document(spec, names={})
    assert document.operation_at("get", "/api/things/U1").key == ("get", "/things/{id}")
    assert document.shown("/api/things/U1/what") == "/api/things/.../..."


def test_a_bug_of_its_own_is_logged_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mantago.sandbox.sandbox_client_for", lambda body: 1 / 0)
    with Sandbox() as sandbox:
        assert ask(sandbox).status_code == 500
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


# Credentials


def test_the_token_is_a_jwt_that_expires_in_thirty_days() -> None:
    header, payload, signature = Sandbox().token.split(".")

    def decoded(part: str) -> Any:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    assert decoded(header)["typ"] == "JWT"
    remaining = datetime.fromtimestamp(decoded(payload)["exp"], UTC) - datetime.now(UTC)
    assert timedelta(days=30) - timedelta(minutes=1) < remaining <= timedelta(days=30)
    assert re.fullmatch(r"[\w-]{40,}", signature)


def test_the_credentials_are_new_for_every_sandbox_and_look_like_the_vendors() -> None:
    one, two = Sandbox(), Sandbox()
    assert one.bot_id == two.bot_id == "1NbWoobyg"
    assert one.token != two.token
    assert one.secret != two.secret
    assert len(one.secret) >= 32


def test_the_repr_never_shows_token_or_secret() -> None:
    with Sandbox() as sandbox:
        shown = repr(sandbox)
        assert shown == f"<Sandbox {sandbox.base_url} running>"
    for text in (shown, repr(sandbox), repr(Sandbox())):
        assert sandbox.token not in text
        assert sandbox.secret not in text
    assert repr(sandbox).endswith("not running>")
    assert repr(Sandbox()) == "<Sandbox not running>"


@pytest.mark.parametrize(
    "header", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic {token}"}]
)
def test_a_missing_or_wrong_token_is_401_with_code_1004(shared: Sandbox, header: dict[str, str]) -> None:
    headers = {name: value.format(token=shared.token) for name, value in header.items()}
    assert told(ask(shared, headers=headers)) == (401, 1004, "Token is invalid or expired")


def test_a_request_without_any_authorization_is_401_with_code_1004(shared: Sandbox) -> None:
    assert told(httpx.post(shared.base_url + GIFTS)) == (401, 1004, "Token is invalid or expired")


def test_an_unknown_bot_is_404_with_code_5001(shared: Sandbox) -> None:
    assert told(ask(shared, query={"botId": "another"})) == (404, 5001, "尋找Bot資訊失敗,無此botId")


def test_a_wrong_secret_is_403_with_code_1002(shared: Sandbox) -> None:
    body = {"secret": "wrong", "clientId": "VolejRejN"}
    assert told(ask(shared, body)) == (403, 1002, "permission denied")


def test_refusals_name_the_bot_once_it_is_known(shared: Sandbox) -> None:
    assert ask(shared, {"clientId": "nobody"}).json()["errResponse"]["botId"] == shared.bot_id
    assert "botId" not in ask(shared, query={"botId": "another"}).json()["errResponse"]


# Shape of the request

CLIENT = {"clientId": "VolejRejN"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("request_parts", "said"),
    [
        ({"query": {"botId": None}}, "query parameter botId: is missing"),
        ({"query": {"botId": ""}}, "query parameter botId: is empty"),
        ({"query": {"botId": ["1NbWoobyg", "1NbWoobyg"]}}, "query parameter botId: given more than once"),
        ({"query": {"platform": "no platform"}}, 'query parameter platform: must be one of "line", "'),
        ({"body": {"secret": None}}, "body.secret: is missing"),
        ({"body": {"secret": 5}}, "body.secret: must be a string, not an integer"),
        ({"body": {"clientId": 5}}, "body.clientId: must be a string, not an integer"),
        ({"body": {"platform": "LINE", "platformClientId": "x"}}, 'body.platform: must be one of "line", "'),
        ({"json": {"secret": "x", "clientId": None}}, "body.clientId: must be a string, not null"),
        ({"json": ["secret"]}, "body: must be an object, not a list"),
        ({"content": b"", "headers": JSON}, "body: is missing"),
        ({"content": b"{", "headers": JSON}, "body: can't be read as "),
        ({"content": b'{"secret": "\xff"}', "headers": JSON}, "body: can't be read as "),
        ({"content": b"[" * 100_000, "headers": JSON}, "body: is nested too deeply"),
        ({"content": b"{}"}, "body: must have the Content-Type "),
        ({"data": {"secret": "x"}}, "body: must have the Content-Type "),
    ],
)
def test_a_request_that_the_spec_does_not_allow_is_400_and_says_what_is_wrong(
    shared: Sandbox, request_parts: dict[str, Any], said: str
) -> None:
    assert bad_variables(ask(shared, **request_parts)).startswith(said)


def test_all_that_is_wrong_is_said_at_once(shared: Sandbox) -> None:
    said = bad_variables(ask(shared, {"secret": None}, {"botId": None}))
    assert said == "query parameter botId: is missing; body.secret: is missing"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"json": {"secret": "{secret}", "clientId": 5}},
        {"json": {"secret": ["{secret}"], "clientId": "{token}"}},
        {"json": {"secret": "{secret}", "platform": "{secret}"}},
        {"json": "{secret}"},
        {"content": "{secret} {token}", "headers": JSON},
        {"query": {"platform": "{secret}", "botId": "{token}"}},
        {"query": {"botId": "{secret}"}},
    ],
)
def test_no_refusal_repeats_the_secret_or_the_token(shared: Sandbox, spoilt: dict[str, Any]) -> None:
    filled = json.dumps(spoilt).replace("{secret}", shared.secret).replace("{token}", shared.token)
    response = ask(shared, **json.loads(filled))
    assert response.status_code in {400, 404}
    assert shared.secret not in response.text
    assert shared.token not in response.text


def test_an_answer_to_a_body_in_pieces_is_the_same(shared: Sandbox) -> None:
    def pieces() -> Iterator[bytes]:
        for character in json.dumps({"secret": shared.secret, **CLIENT}):
            yield character.encode()

    assert ask(shared, content=pieces(), headers=JSON).json() == ask(shared).json()


# Routes


NOWHERE = ["", "/openapi", f"{GIFTS}s/none", f"{GIFTS}{'/none' * 20}", f"/x{GIFTS}", f"{GIFTS}/", f"/api{GIFTS}"]


@pytest.mark.parametrize("path", [path for path in NOWHERE if not methods_at(path)])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_unknown_path_is_404_in_the_vendors_envelope(shared: Sandbox, path: str, method: str) -> None:
    assert told(ask(shared, path=path, method=method)) == (404, 404, "No such path")


@pytest.mark.parametrize("prefix", ["", "/other", "//[", "/apis"])
def test_the_path_of_the_server_is_part_of_the_path(shared: Sandbox, prefix: str) -> None:
    url = httpx.URL(shared.base_url)
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(f"POST {prefix}{GIFTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 404 Not Found\r\n"


WRONG_METHODS = sorted({"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} - methods_at(GIFTS))


@pytest.mark.parametrize("method", WRONG_METHODS)
def test_a_wrong_method_is_405_in_the_vendors_envelope_and_names_the_right_one(shared: Sandbox, method: str) -> None:
    response = ask(shared, method=method)
    assert told(response) == (405, 405, "Wrong method for this path")
    assert {*response.headers["allow"].split(", ")} == methods_at(GIFTS)


def test_a_head_request_gets_no_body(shared: Sandbox) -> None:
    response = ask(shared, method="HEAD")
    assert (response.status_code, response.content) == (405, b"")


# The identification rule

VOLEJ = {"clientId": "VolejRejN"}
HALVES = [{"platform": "line"}, {"platformClientId": LINE["platformClientId"]}]
BROKEN_ANYWHERE = [
    ({}, {}, "the body must have clientId"),
    ({}, LINE, "the body must have clientId"),
    *[(half, {}, "") for half in HALVES],
    *[(half, LINE, "is missing in the body") for half in HALVES],
    *[(LINE, half, "is missing in the query") for half in HALVES],
    (VOLEJ | LINE, {}, "both given"),
    (VOLEJ | LINE, LINE, "both given"),
    (VOLEJ, LINE, "both given"),
    *[(VOLEJ | half, {}, "both given") for half in HALVES],
    *[(VOLEJ, half, "both given") for half in HALVES],
    (LINE, {**LINE, "platformClientId": "U0"}, "differ between query and body"),
    (LINE, {**LINE, "platform": "whatsapp"}, "differ between query and body"),
    ({"clientId": ""}, {}, "clientId is blank in the body"),
    ({"clientId": " \t"}, {}, "clientId is blank in the body"),
    ({"clientId": "", **LINE}, LINE, "clientId is blank in the body"),
    ({**LINE, "platformClientId": " "}, LINE, "platformClientId is blank in the body"),
    (LINE, {**LINE, "platformClientId": " "}, "platformClientId is blank in the query"),
    (LINE, {**LINE, "platformClientId": ""}, "query parameter platformClientId: is empty"),
]


@pytest.mark.parametrize(("body", "query", "said"), BROKEN_ANYWHERE)
def test_a_broken_identification_rule_is_400(
    shared: Sandbox, body: dict[str, str], query: dict[str, str], said: str
) -> None:
    assert said in bad_variables(ask(shared, body, query))


@pytest.mark.parametrize(("body", "query", "said"), BROKEN_ANYWHERE)
def test_a_rule_broken_in_the_body_or_by_the_query_is_400_in_the_other_reading_too(
    body_only: Sandbox, body: dict[str, str], query: dict[str, str], said: str
) -> None:
    assert said in bad_variables(ask(body_only, body, query))


def test_a_platform_pair_must_stand_in_the_query_too(shared: Sandbox) -> None:
    assert "in the query too" in bad_variables(ask(shared, LINE))


def test_a_platform_pair_may_be_absent_from_the_query_in_the_other_reading(body_only: Sandbox) -> None:
    assert ask(body_only, LINE).status_code == 200


@pytest.mark.parametrize("name", ["shared", "body_only"])
def test_a_platform_pair_in_both_places_is_fine_in_both_readings(name: str, request: pytest.FixtureRequest) -> None:
    assert ask(request.getfixturevalue(name), LINE, LINE).json() == ask(request.getfixturevalue(name)).json()


def test_another_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="'query'"):
        Sandbox(identify_in="query")  # type: ignore[arg-type]


@pytest.mark.parametrize("client_id", ["nobody", "client-123", LINE["platformClientId"]])
def test_an_unknown_client_is_404_with_code_37011(shared: Sandbox, client_id: str) -> None:
    assert told(ask(shared, {"clientId": client_id})) == (404, 37011, "Get client failed")


def test_an_id_like_one_of_its_own_is_told_which_was_meant_and_never_quoted(shared: Sandbox) -> None:
    said = {
        "volejrejn": ": did you mean VolejRejN?",
        " VolejRejN": ": did you mean VolejRejN?",
        "rate-limitd": ": did you mean rate_limited?",
        "rate_limited_twice": ": did you mean rate_limited_once or rate_limited?",
    }
    for client_id, nearest in said.items():
        assert told(ask(shared, {"clientId": client_id})) == (404, 37011, f"Get client failed{nearest}")


@pytest.mark.parametrize("card", TRIGGERS, ids=lambda card: card.id)
def test_an_id_that_makes_trouble_is_the_name_of_the_failure(card: SandboxClient) -> None:
    assert card.id.removesuffix("_once") in get_args(FailureName)


FORMER = {
    "field-from-the-future": "drift_unknown_field",
    "enum-from-the-future": "drift_unknown_value",
    "missing-is-expired": "drift_missing",
    "server-error": "server_error",
    "refused-with-200": "refused_with_200",
}


@pytest.mark.parametrize(("former", "id_"), FORMER.items())
def test_an_id_may_be_spelled_as_in_version_0_1(shared: Sandbox, former: str, id_: str) -> None:
    for one, other in zip(each_way(shared, former), each_way(shared, id_), strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content)


def test_a_client_id_that_is_no_text_is_an_unknown_client(shared: Sandbox) -> None:
    body = json.dumps({"secret": shared.secret, "clientId": "\ud800"})
    assert told(ask(shared, content=body, headers=JSON))[:2] == (404, 37011)


@pytest.mark.parametrize(
    "pair",
    [
        {"platform": "line", "platformClientId": "U0"},
        {"platform": "facebook", "platformClientId": LINE["platformClientId"]},
        {"platform": "line", "platformClientId": "VolejRejN"},
    ],
)
def test_an_unknown_platform_id_is_404_with_code_37011(shared: Sandbox, pair: dict[str, str]) -> None:
    assert told(ask(shared, pair, pair)) == (404, 37011, "Get client failed")


# The clients


@pytest.mark.parametrize("card", CLIENTS, ids=lambda card: card.id)
def test_a_client_has_the_same_gifts_under_every_id(shared: Sandbox, card: SandboxClient) -> None:
    answers = [ask(shared, {"clientId": card.id}), *(ask(shared, pair, pair) for pair in by_platform(card))]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json()["message"] == "Get client gifts successfully"
    assert all(answer.content == answers[0].content for answer in answers)


def gifts_of(sandbox: Sandbox, client_id: str) -> dict[str, list[dict[str, Any]]]:
    payload = ask(sandbox, {"clientId": client_id}).json()
    assert payload["success"] is True
    return {name: payload.get(name, []) for name in LISTS}


def test_one_client_has_a_bit_of_everything(shared: Sandbox) -> None:
    lists = gifts_of(shared, "VolejRejN")
    gifts = lists["physicalGifts"] + lists["virtualGifts"]
    assert all(lists.values())
    known = SPEC["components"]["schemas"]["GiftItem"]["properties"]["resource"]["enum"]
    assert {gift["resource"] for gift in gifts} == {"lotteryGame", "rewardsCard", "unknown"} <= set(known)
    assert any("\u4e00" <= character <= "\u9fff" for gift in gifts for character in gift["name"])


def test_an_expired_gift_and_no_other_says_when_it_was_valid(shared: Sandbox) -> None:
    lists = gifts_of(shared, "VolejRejN")
    gifts = lists["physicalGifts"] + lists["virtualGifts"]
    assert {gift["isExpired"] for gift in gifts} == {True, False}
    for gift in gifts:
        assert ("startTime" in gift, "endTime" in gift) == (gift["isExpired"],) * 2
        if gift["isExpired"]:
            assert gift["startTime"] < gift["endTime"]


def test_timestamps_look_like_the_vendors(shared: Sandbox) -> None:
    times = re.findall(r'"(?:\w+At|\w+Time)": "([^"]+)"', ask(shared).text)
    assert len(times) > 5
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)


def test_one_client_has_one_gift_and_one_has_none(shared: Sandbox) -> None:
    counts = {card.id: [len(gifts_of(shared, card.id)[name]) for name in LISTS] for card in CLIENTS}
    assert sorted(sum(count[1:]) for count in counts.values())[:2] == [0, 1]
    assert [0, 0, 0] in counts.values()


def test_platform_ids_look_like_the_platforms_and_cover_several() -> None:
    pairs = [pair for card in CLIENTS for pair in card.platform_ids]
    assert {pair.platform for pair in pairs} == {"line", "facebook", "instagram", "liveChat", "whatsapp"}
    assert len(set(pairs)) == len(pairs)
    line = [pair.platform_client_id for pair in pairs if pair.platform == "line"]
    assert all(re.fullmatch("U[0-9a-f]{32}", line_id) for line_id in line)


# The ids that make trouble

REFUSALS = {
    "bad_variables": (400, 110000, "Get correct request variables failed"),
    "token_expired": (401, 1004, "Token is invalid or expired"),
    "credentials_renewed": (401, 120000, "Get open api failed"),
    "permission_denied": (403, 1002, "permission denied"),
    "bot_not_found": (404, 5001, "尋找Bot資訊失敗,無此botId"),
    "platform_not_connected": (404, 11001, "尋找Integration資訊失敗,無此IntegrationId"),
    "client_not_found": (404, 37011, "Get client failed"),
    "rate_limited": (429, 429, "Rate limit exceeded"),
    "server_error": (500, 500, "Internal server error"),
    "refused_with_200": (200, 37011, "Get client failed"),
}


def each_way(sandbox: Sandbox, id_: str) -> list[httpx.Response]:
    """The answers to one id as a client id and as a platform client id on two platforms."""
    pairs = [{"platform": platform, "platformClientId": id_} for platform in ("line", "liveChat")]
    return [ask(sandbox, {"clientId": id_}), *(ask(sandbox, pair, pair) for pair in pairs)]


@pytest.mark.parametrize("id_", REFUSALS)
def test_an_id_is_refused_as_its_name_says_however_it_is_given(shared: Sandbox, id_: str) -> None:
    assert [told(response) for response in each_way(shared, id_)] == [REFUSALS[id_]] * 3


def test_there_is_an_id_for_each_status_of_the_spec_and_each_code_of_the_vendor() -> None:
    answers = [answer for card in BY_ID.values() for answer in card.answers]
    documented = {int(status) for status in SPEC["paths"][GIFTS]["post"]["responses"]}
    assert documented <= {answer.status for answer in answers}
    codes = {code for _, code, _ in REFUSALS.values()}
    assert {1002, 1004, 5001, 11001, 37011, 110000, 120000} <= codes


def test_a_rate_limit_says_when_to_come_back_and_lasts(shared: Sandbox) -> None:
    assert [answer.headers["retry-after"] for answer in each_way(shared, "rate_limited")] == ["1"] * 3


def test_rate_limited_once_is_good_from_the_second_request_on_whichever_way_it_is_asked() -> None:
    with Sandbox() as sandbox:
        first, *rest = each_way(sandbox, "rate_limited_once")
        good = ask(sandbox).json()
    assert (first.status_code, first.headers["retry-after"]) == (429, "0")
    assert [answer.json() for answer in rest] == [good, good]


@pytest.mark.parametrize(("id_", "status"), [("bad_gateway", 502), ("not_json", 200)])
def test_a_page_for_people_is_html(shared: Sandbox, id_: str, status: int) -> None:
    for response in each_way(shared, id_):
        assert response.status_code == status
        assert response.headers["content-type"].startswith("text/html")
        assert response.text.startswith("<!doctype html>")


def test_a_slow_answer_is_a_good_one_that_comes_late() -> None:
    sandbox = Sandbox()
    sandbox._slow_seconds = 0.1
    with sandbox:
        begin = time.monotonic()
        assert ask(sandbox, {"clientId": "slow_answer"}).json() == ask(sandbox).json()
        assert time.monotonic() - begin >= 0.1


def test_others_are_served_while_a_slow_answer_is_on_its_way() -> None:
    answers: list[int] = []
    sandbox = Sandbox()
    sandbox._slow_seconds = 0.5

    def wait_for_gifts() -> None:
        answers.append(ask(sandbox, {"clientId": "slow_answer"}).status_code)

    with sandbox:
        waiting = threading.Thread(target=wait_for_gifts)
        waiting.start()
        time.sleep(0.1)
        assert ask(sandbox).status_code == 200
        assert answers == []
        waiting.join()
    assert answers == [200]


def test_a_cut_off_answer_announces_more_than_it_sends(shared: Sandbox) -> None:
    for body in ({"clientId": "cut_off_answer"}, {"platform": "line", "platformClientId": "cut_off_answer"}):
        query = {name: value for name, value in body.items() if name != "clientId"}
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            ask(shared, body, query)


@pytest.mark.parametrize(
    ("id_", "seen"),
    [
        ("drift_unknown_field", lambda payload: (payload["loyaltyPoints"], payload["virtualGifts"][0]["rarity"])),
        ("drift_unknown_value", lambda payload: payload["virtualGifts"][0]["resource"]),
        ("drift_missing", lambda payload: "isExpired" in payload["physicalGifts"][0]),
    ],
)
def test_an_answer_from_another_version_is_good_but_for_one_thing(
    shared: Sandbox, id_: str, seen: Callable[[Any], Any]
) -> None:
    expected = {"drift_unknown_field": (120, "gold"), "drift_unknown_value": "birthdayCampaign", "drift_missing": False}
    for response in each_way(shared, id_):
        assert response.status_code == 200
        assert response.json()["success"] is True
        assert seen(response.json()) == expected[id_]


def test_the_catalogue_explains_itself_in_one_line_each() -> None:
    cards = [*CLIENTS, *TRIGGERS]
    assert len({card.id for card in cards}) == len(cards)
    assert len({card.description for card in cards}) == len(cards)
    for card in cards:
        assert card.description
        assert "\n" not in card.description
        assert "answers" not in repr(card)
    assert all(card.platform_ids for card in CLIENTS)
    assert not any(card.platform_ids for card in TRIGGERS)


# For a whole team


def test_its_account_can_be_fixed_and_names_the_bot_in_every_refusal() -> None:
    with Sandbox(bot_id='team "A"', token="team-token", secret="team-secret") as sandbox:
        assert (sandbox.bot_id, sandbox.token, sandbox.secret) == ('team "A"', "team-token", "team-secret")
        assert ask(sandbox).status_code == 200
        for client_id in ("nobody", "server_error", "refused_with_200"):
            assert ask(sandbox, {"clientId": client_id}).json()["errResponse"]["botId"] == 'team "A"'
        assert ask(sandbox, query={"botId": "1NbWoobyg"}).status_code == 404
        assert ask(sandbox, headers={"Authorization": "Bearer other"}).status_code == 401
        assert ask(sandbox, {"clientId": "VolejRejN", "secret": "other"}).status_code == 403


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"bot_id": ""}, "bot_id is blank"),
        ({"token": "two\nlines"}, "token can't be in a header"),
        ({"secret": " "}, "secret is blank"),
        ({"rate": 0}, "rate must be a number of calls a second above zero, not 0"),
        ({"rate": True}, "rate must be a number of calls a second above zero, not True"),
        ({"rate": float("nan")}, "rate must be a number of calls a second above zero, not nan"),
        ({"rate": "20"}, "rate must be a number of calls a second above zero, not '20'"),
    ],
)
def test_an_account_or_a_rate_that_cannot_be_is_refused(account: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        Sandbox(**account)
    assert "MANTAGO_" not in str(caught.value)


@pytest.mark.parametrize(
    ("rate", "calls", "waits"),
    [
        (2, [0, 0.25, 0.5, 1, 1.125, 1.25], [0, 0, 0.5, 0, 0.125, 0]),
        (2.5, [0, 0, 0.5, 0.75, 0.8, 0.8], [0, 0, 0.3, 0.05, 0, 0]),
        (0.5, [0, 0.5, 2, 3], [0, 1.5, 0, 1]),
    ],
)
def test_no_more_calls_are_let_through_in_a_second_than_the_rate(
    rate: float, calls: list[float], waits: list[float]
) -> None:
    now = iter(calls)
    limit = RateLimit(rate, lambda: next(now))
    assert [limit.wait() for _ in calls] == pytest.approx(waits)


def test_a_call_beyond_the_rate_is_a_429_that_says_when_to_come_back() -> None:
    with Sandbox(rate=0.1, bot_id="team") as sandbox:
        assert ask(sandbox, path="/nowhere").status_code == 404
        assert ask(sandbox, {"secret": 5}).status_code == 400
        refused = ask(sandbox)
    assert told(refused) == (429, 429, "Rate limit exceeded")
    assert refused.json()["errResponse"]["botId"] == "team"
    assert 1 <= int(refused.headers["retry-after"]) <= 10


def test_a_client_takes_its_credentials_as_they_are() -> None:
    with Sandbox(token="team-token", secret="team-secret") as sandbox:
        with mantago.MantaGo(credentials=sandbox.credentials, base_url=sandbox.base_url) as client:
            assert client.get_client_gifts(client_id="VolejRejN").tickets
        assert "team" not in repr(sandbox.credentials)


def test_a_client_that_comes_back_when_told_is_answered() -> None:
    with Sandbox(rate=2) as sandbox:
        account = {name: getattr(sandbox, name) for name in ("base_url", "bot_id", "token", "secret")}
        with mantago.MantaGo(**account) as client:
            assert [len(client.get_client_gifts(client_id="TamirOskQ").virtual_gifts) for _ in range(3)] == [1] * 3


@pytest.mark.parametrize(("host", "place"), [("0.0.0.0", "127.0.0.1"), ("localhost", "localhost"), ("", "127.0.0.1")])
def test_it_listens_where_it_is_told_and_has_an_address_that_can_be_called(host: str, place: str) -> None:
    with Sandbox(host=host) as sandbox:
        assert re.fullmatch(rf"http://{re.escape(place)}:\d+/api", sandbox.base_url)
        assert ask(sandbox).status_code == 200


@pytest.mark.parametrize("host", ["::1", "::"])
def test_it_listens_on_ipv6(host: str) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with Sandbox(host=host) as sandbox:
        assert re.fullmatch(r"http://\[::1\]:\d+/api", sandbox.base_url)
        assert ask(sandbox).status_code == 200


def test_an_address_of_another_machine_is_an_os_error() -> None:
    with pytest.raises(OSError, match="192"), Sandbox(host="192.0.2.1"):
        pass


# Against the spec


def answering(monkeypatch: pytest.MonkeyPatch, answer: CannedResponse) -> None:
    card = SandboxClient("odd", "odd", (answer,))
    monkeypatch.setitem(scenarios._BY_CLIENT_ID, "odd", card)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            CannedResponse(200, json.dumps(success_envelope(tickets=[{"createdAt": "yesterday"}])).encode()),
            'body.tickets[0].createdAt: must have the format date-time, such as "2024-07-15T10:30:28.700Z"',
        ),
        (CannedResponse(201, json.dumps(success_envelope(tickets=[{}])).encode()), "body.errResponse: is missing"),
        (CannedResponse(404, b'{"success": false}'), "body.errResponse: is missing"),
        (
            CannedResponse(418, b'{"success": "no", "errResponse": {"message": "", "code": 1}}'),
            "body.success: must be a boolean, not a string",
        ),
        (CannedResponse(200, b"fine", "text/plain"), "body: must have the Content-Type "),
        (CannedResponse(200, b""), "body: is missing"),
    ],
)
def test_an_answer_of_its_own_that_breaks_the_spec_is_a_loud_500(
    shared: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: CannedResponse, said: str
) -> None:
    answering(monkeypatch, answer)
    status, code, message = told(ask(shared, {"clientId": "odd"}))
    assert (status, code) == (500, 500)
    assert f"the sandbox's own answer breaks the spec, {said}" in message


def test_answers_are_judged_once_and_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []

    def judge(document: Any, operation: Any, answer: CannedResponse) -> Iterator[str]:
        judged.append(answer.status)
        return answer_faults(document, operation, answer)

    monkeypatch.setattr("mantago.sandbox.answer_faults", judge)
    monkeypatch.setattr("mantago.sandbox._MOST_JUDGED", 2)
    with Sandbox() as sandbox:
        for client_id in ("VolejRejN", "VolejRejN", "nobody", "VolejRejN", "TamirOskQ", "VolejRejN"):
            ask(sandbox, {"clientId": client_id})
    assert judged == [200, 404, 200, 200]


def test_a_refusal_is_held_to_the_specs_envelope_even_where_no_operation_is(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = copy.deepcopy(SPEC)
    spec["components"]["schemas"]["ErrorResponse"]["required"].append("traceId")
    with serving(spec) as sandbox:
        for response in (
            ask(sandbox, path="/nowhere"),
            ask(sandbox, method=other_method(GIFTS)),
            ask(sandbox, {"secret": 5}),
        ):
            assert "body.traceId: is missing" in told(response)[2]


def test_an_answer_off_the_spec_on_purpose_is_sent_as_it_is(shared: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, CannedResponse(200, b"[]", off_spec=True))
    assert ask(shared, {"clientId": "odd"}).json() == []


def test_a_new_rule_of_the_spec_holds_without_new_code() -> None:
    spec = copy.deepcopy(SPEC)
    spec["components"]["schemas"]["ClientIdentificationRequest"]["required"].append("locale")
    parameter = {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}}
    spec["paths"][GIFTS]["post"]["parameters"].append(parameter)
    with serving(spec) as sandbox:
        said = bad_variables(ask(sandbox, query={"page": "two"}))
        assert said == "query parameter page: must be an integer, not a string; body.locale: is missing"
        assert ask(sandbox, {**VOLEJ, "locale": "zh"}, {"page": "2"}).status_code == 200


def test_what_a_newer_document_requires_of_gifts_is_made_up() -> None:
    spec = copy.deepcopy(SPEC)
    schemas = spec["components"]["schemas"]
    for schema in (schemas["GiftItem"], schemas["ClientGiftsResponse"]["allOf"][1]):
        schema["properties"]["serial"] = {"type": "integer"}
        schema.setdefault("required", []).append("serial")
    with serving(spec) as sandbox:
        for id_ in ("VolejRejN", "TamirOskQ", "drift_unknown_field", "drift_missing"):
            payload = ask(sandbox, {"clientId": id_}).json()
            gifts = [gift for name in ("physicalGifts", "virtualGifts") for gift in payload.get(name, ())]
            assert {part["serial"] for part in (payload, *gifts)} == {1}
            assert all("isExpired" in gift for gift in gifts) == (id_ != "drift_missing")


THING = {
    "allOf": [
        {"$ref": "#/components/schemas/BasicSuccessResponse"},
        {
            "required": ["things", "kind", "at", "label", "size", "either", "nothing", "free", "named", "none"],
            "properties": {
                "things": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 3}},
                "kind": {"type": "string", "enum": ["b", "a"]},
                "at": {"type": "string", "format": "date-time"},
                "label": {"type": "string", "minLength": 9},
                "size": {"type": "number", "default": 2.5},
                "either": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                "nothing": {"type": "array", "items": {}},
                "free": {},
                "named": {"type": "string", "example": "Ann"},
                "none": {"anyOf": [{"type": "object", "required": ["x"]}]},
            },
        },
    ]
}


def test_an_operation_without_a_scenario_gets_an_answer_with_all_that_it_may_have() -> None:
    spec = with_operation(
        "/openapi/things/{thing~id}",
        requestBody={"$ref": "#/components/requestBodies/Thing"},
        parameters=[{"name": "thing~id", "in": "path", "required": True, "schema": {"type": "string"}}],
        responses={"404": {"description": ""}, "201": json_response(THING)},
    )
    body = {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}
    spec["components"]["requestBodies"] = {"Thing": json_response(body)}
    with serving(spec) as sandbox:
        response = ask(sandbox, path="/openapi/things/7")
        assert response.status_code == 201
        assert response.json() == {
            "success": True,
            "message": "example",
            "things": [3, 3],
            "kind": "b",
            "at": "2024-07-15T10:30:28.700Z",
            "label": "example..",
            "size": 2.5,
            "either": 1,
            "nothing": [{}],
            "free": {},
            "named": "Ann",
            "none": {"x": {}},
        }
        assert told(ask(sandbox, {"secret": "wrong"}, path="/openapi/things/7"))[:2] == (403, 1002)
        assert ask(sandbox, {"secret": 5}, path="/openapi/things/7").status_code == 400
        assert ask(sandbox, path="/openapi/things/7", headers={"Authorization": ""}).status_code == 401
        assert ask(sandbox, path="/openapi/things/7", method="GET").headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("responses", "status", "content"),
    [
        ({"204": {"description": ""}}, 204, b""),
        ({"2XX": json_response({"type": "boolean"})}, 200, b"true"),
        ({"default": json_response({"type": "integer"})}, 200, b"1"),
        ({"200": {"description": "", "content": {"application/json": {"example": [1]}}}}, 200, b"[1]"),
    ],
)
def test_a_made_up_answer_has_the_status_of_the_spec(responses: Any, status: int, content: bytes) -> None:
    with serving(with_operation("/new", responses=responses)) as sandbox:
        response = ask(sandbox, path="/new")
        assert (response.status_code, response.content) == (status, content)


def test_an_answer_that_cannot_be_made_up_is_a_loud_500() -> None:
    pattern = {"type": "string", "pattern": "^(?=b)a$"}
    spec = with_operation("/digits", responses={"200": json_response(pattern)})
    with serving(spec) as sandbox:
        assert 'body: must match the pattern "^(?=b)a$"' in told(ask(sandbox, path="/digits"))[2]


def test_the_answer_of_a_newer_openapi_may_be_null() -> None:
    spec = with_operation("/null", responses={"200": json_response({"type": "null"})})
    spec["openapi"] = "3.1.0"
    with serving(spec) as sandbox:
        assert ask(sandbox, path="/null").content == b"null"


def identified(schema: dict[str, Any], **operation: Any) -> dict[str, Any]:
    ok = json_response({"$ref": "#/components/schemas/BasicSuccessResponse"})
    return with_operation("/openapi/points", requestBody=json_response(schema), responses={"200": ok}, **operation)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/ClientIdentificationRequest"},
        {"allOf": [{"$ref": "#/components/schemas/ClientIdentificationRequest"}, {"type": "object"}]},
    ],
)
def test_the_rule_and_the_failures_hold_for_every_operation_whose_body_identifies_a_client(
    schema: dict[str, Any],
) -> None:
    with serving(identified(schema)) as sandbox:
        assert "the body must have clientId" in bad_variables(ask(sandbox, {}, path="/openapi/points"))
        assert ask(sandbox, {"clientId": "nobody"}, path="/openapi/points").status_code == 404
        assert ask(sandbox, {"clientId": "rate_limited"}, path="/openapi/points").status_code == 429
        good = ask(sandbox, LINE, path="/openapi/points")
        assert (good.status_code, good.json()) == (200, {"success": True, "message": "example"})


def test_the_pair_is_wanted_in_the_query_only_where_the_operation_declares_it_there() -> None:
    declared = SPEC["paths"][GIFTS]["post"]["parameters"]
    schema = {"$ref": "#/components/schemas/ClientIdentificationRequest"}
    with serving(identified(schema, parameters=declared)) as sandbox:
        assert "in the query too" in bad_variables(ask(sandbox, LINE, path="/openapi/points"))


def test_an_operation_that_asks_for_no_credentials_gets_none() -> None:
    with serving(with_operation("/health", security=[])) as sandbox:
        assert httpx.post(sandbox.base_url + "/health").status_code == 200


def test_a_deprecated_parameter_is_served_without_a_warning() -> None:
    spec = copy.deepcopy(SPEC)
    for parameter in spec["paths"][GIFTS]["post"]["parameters"]:
        parameter["deprecated"] = True
    with serving(spec) as sandbox:
        assert ask(sandbox, LINE, LINE).status_code == 200


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "https://mantago.cc/api/"}], "/api"),
        ([{"url": "/v2"}], "/v2"),
        ([{"url": "https://{host}/{v}", "variables": {"host": {"default": "h.cc"}, "v": {"default": "v1"}}}], "/v1"),
        ([{"url": "https://first.cc/one"}, {"url": "https://second.cc/two"}], "/one"),
        ([], ""),
        (None, ""),
    ],
)
def test_it_is_served_under_the_path_of_the_first_server(servers: Any, path: str) -> None:
    spec = {**SPEC, "servers": servers}
    if servers is None:
        del spec["servers"]
    with serving(spec) as sandbox:
        assert httpx.URL(sandbox.base_url).path.rstrip("/") == path
        assert ask(sandbox).status_code == 200


# Shared decisions, and what is missing


def test_a_refusal_carries_detail_and_bot_only_where_given() -> None:
    assert Refusal.CLIENT_NOT_FOUND.envelope() == {
        "success": False,
        "errResponse": {"message": "Get client failed", "code": 37011},
    }
    assert Refusal.CLIENT_NOT_FOUND.envelope("why", "b")["errResponse"] == {
        "message": "Get client failed: why",
        "code": 37011,
        "botId": "b",
    }


def test_without_the_extra_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    spec = importlib.util.find_spec("mantago.sandbox")
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=re.escape("pip install 'mantago[sandbox]'")):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize("module", ["refusals", "troubles", "scenarios"])
def test_the_shared_decisions_need_no_extra(module: str) -> None:
    source = files("mantago.testing").joinpath(f"{module}.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported <= {*sys.stdlib_module_names, "attrs", "mantago"}


def test_the_old_name_of_a_client_still_works_and_says_where_it_is_used_what_takes_its_place() -> None:
    with pytest.warns(DeprecationWarning, match=r"Card is deprecated: .*SandboxClient") as caught:
        from mantago.sandbox import Card
    with pytest.warns(DeprecationWarning, match=r"Card is deprecated: .*SandboxClient") as again:
        assert mantago.sandbox.Card is Card is SandboxClient
    for [warned], line in ((caught, "from mantago.sandbox import Card"), (again, "assert mantago.sandbox.Card is ")):
        assert warned.filename == __file__
        assert linecache.getline(__file__, warned.lineno).strip().startswith(line)
    with pytest.raises(AttributeError, match=r"module 'mantago\.sandbox' has no attribute 'Cards'"):
        mantago.sandbox.Cards  # noqa: B018


def test_a_cookie_that_is_no_text_is_nobodys_fault(shared: Sandbox) -> None:
    url = httpx.URL(shared.base_url)
    with socket.create_connection((url.host, url.port or 0), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: \xff\r\nConnection: close\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 404 ")
