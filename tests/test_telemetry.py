"""What can be seen of a call: lines in the log, spans, and what `on_event` is told; no id, no secret in any of it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import (
    APIConnectionError,
    AsyncMantaGo,
    CallFinished,
    CallRetried,
    ConfigurationError,
    Credentials,
    MantaGo,
    MantaGoError,
    RateLimitError,
    ServerError,
)
from mantago.bulk import StoppedError, export, fetch_shard
from mantago.testing import FakeMantaGo
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime import logs
from mantago_runtime.calls.policy import UNKNOWN_PATH, Policy, operation_name
from mantago_runtime.calls.transports import from_httpx
from mantago_runtime.document import OperationInfo

GIFTS = "POST /openapi/client/gift"
ID = "U4af4980629e14c3b8d2f7a61c05be937"
BODY = json.dumps(GOOD).encode()


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=BODY, headers={"Content-Type": "application/json"})


def failing(*statuses: int, **headers: str) -> Any:
    """Answer with these statuses, one after the other, and then well."""
    left = list(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        if not left:
            return good(request)
        envelope = {"success": False, "errResponse": {"message": f"no {ID} {TOKEN}", "code": 37011}}
        return httpx.Response(left.pop(0), json=envelope, headers=headers)

    return answer


def refusing(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no way to {ID}")


def ask(client: Any) -> Any:
    return client.get_client_gifts(platform="line", platform_client_id=ID)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "mantago"]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def one(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


# The log


def test_one_debug_line_tells_of_a_call(connect: Connect, caplog):
    with caplog.at_level(logging.DEBUG, "mantago"):
        ask(connect(good, clock=iter([1.0, 1.0, 1.0123]).__next__))
    ((level, line),) = lines(caplog)
    assert level == logging.DEBUG
    sent = len(json.dumps({"secret": SECRET, "platform": "line", "platformClientId": ID}, separators=(",", ":")))
    assert line == f"{GIFTS}: 200, 1 attempt, 12.3 ms, {sent} B sent, {len(BODY)} B received"


def test_a_warning_tells_of_each_retry(connect: Connect, caplog):
    with caplog.at_level(logging.WARNING, "mantago"):
        ask(connect(failing(503, 429, **{"Retry-After": "0"})))
    assert lines(caplog) == [
        (logging.WARNING, f"{GIFTS}: attempt 1 failed with ServerError 503 (code 37011); the next one in 0.00 s"),
        (logging.WARNING, f"{GIFTS}: attempt 2 failed with RateLimitError 429 (code 37011); the next one in 0.00 s"),
    ]


def test_a_call_that_goes_well_at_once_is_silent_by_default(connect: Connect, caplog):
    with caplog.at_level(logging.INFO, "mantago"):
        ask(connect(good))
    assert lines(caplog) == []


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda _: failing(404)(_), "ClientNotFoundError 404 (code 37011), 1 attempt"),
        (lambda _: httpx.Response(302), "APIStatusError 302, 1 attempt"),
        (refusing, "APIConnectionError, 1 attempt"),
        (lambda _: httpx.Response(200, text="no"), "InvalidResponseError, 1 attempt"),
    ],
    ids=["refused", "redirected", "no connection", "no JSON"],
)
def test_the_line_of_a_call_that_fails_says_how(connect: Connect, caplog, handler, expected):
    client = connect(handler, max_retries=0)
    with caplog.at_level(logging.DEBUG, "mantago"), pytest.raises(MantaGoError):
        ask(client)
    ((_, line),) = lines(caplog)
    assert line.startswith(f"{GIFTS}: {expected}, ")


def test_the_repeat_with_renewed_credentials_is_told_of(connect: Connect, caplog):
    pairs = iter([Credentials(bot_id=BOT_ID, token=name, secret=SECRET) for name in ("old-token", "new-token")])
    with caplog.at_level(logging.WARNING, "mantago"):
        ask(connect(failing(401), credentials=lambda: next(pairs)))
    ((_, line),) = lines(caplog)
    assert "attempt 1 failed with AuthenticationError 401" in line


@pytest.mark.parametrize("handler", [lambda _: failing(500)(_), refusing], ids=["refused", "no connection"])
def test_no_id_and_no_secret_is_told(connect: Connect, caplog, spans, handler):
    client = connect(handler, max_retries=1)
    with caplog.at_level(1, "mantago"), pytest.raises(MantaGoError):
        ask(client)
    told = [text for _, text in lines(caplog)] + [span.to_json() for span in spans.get_finished_spans()]
    assert len(told) >= 3
    assert not [text for text in told for hidden in (ID, TOKEN, SECRET) if hidden in text]


def test_a_generated_operation_is_told_of_too(connect: Connect, caplog):
    client = connect(good)
    with caplog.at_level(logging.DEBUG, "mantago"):
        client.operation(
            post_openapi_client_gift, body=ClientIdentificationRequest(secret="", client_id="c"), bot_id=""
        )
    assert lines(caplog)[0][1].startswith(f"{GIFTS}: 200, 1 attempt, ")


def test_a_path_that_the_spec_does_not_list_is_not_shown(connect: Connect, caplog, spans):
    client = connect(good)
    with caplog.at_level(logging.DEBUG, "mantago"):
        client.request("GET", f"/listed/nowhere/{ID}")
    assert lines(caplog)[0][1].startswith("GET (a path that the spec doesn't list): 200, ")
    assert one(spans).name == "GET"
    assert "url.full" not in one(spans).attributes


def test_a_path_with_parameters_is_told_as_the_spec_has_it():
    paths = ("/a/{id}/b.c", "/a/me/b.c")
    policy = Policy(
        base_url=httpx.URL("https://host/x"),
        timeout=30.0,
        max_retries=2,
        max_response_bytes=100,
        operations=tuple(OperationInfo("n", "POST", path, False) for path in paths),
    )
    requests = [httpx.Request("POST", f"https://host/x/a/{path}") for path in ("1/b.c", "me/b.c", "1/bxc", "1/2/b.c")]
    found = [operation_name(from_httpx(request, policy)) for request in requests]
    assert found == [*(f"POST {path}" for path in paths), f"POST {UNKNOWN_PATH}", f"POST {UNKNOWN_PATH}"]


def test_the_path_of_the_base_url_is_no_part_of_the_operation(connect: Connect, caplog):
    with caplog.at_level(logging.DEBUG, "mantago"):
        ask(connect(good, base_url="https://gateway.example/mantago/"))
    assert lines(caplog)[0][1].startswith(f"{GIFTS}: 200, ")


def test_a_body_of_unknown_size_has_none_in_the_line(connect: Connect, caplog):
    client = connect(good)
    with caplog.at_level(logging.DEBUG, "mantago"):
        client.request("GET", "/openapi/client/gift")
    assert "sent" not in lines(caplog)[0][1]


# on_event


def test_on_event_is_told_of_retries_and_of_the_end(connect: Connect):
    told: list[CallRetried | CallFinished] = []
    ask(connect(failing(503, **{"Retry-After": "0"}), on_event=told.append))
    retried, finished = told
    assert isinstance(retried, CallRetried)
    assert (retried.operation, retried.attempt, retried.wait) == (GIFTS, 1, 0.0)
    assert retried.error.status_code == 503
    assert isinstance(finished, CallFinished)
    assert (finished.operation, finished.attempts, finished.status_code) == (GIFTS, 2, 200)
    assert finished.error is None
    assert finished.elapsed >= 0
    assert finished.response_bytes == len(BODY)


def test_on_event_gets_the_exception_that_the_call_raises(connect: Connect):
    told: list[Any] = []
    with pytest.raises(RateLimitError) as raised:
        ask(connect(failing(429), max_retries=0, on_event=told.append))
    assert told[0].error is raised.value
    assert told[0].status_code == 429


def test_an_answer_that_was_lost_on_the_way_leaves_no_size_of_an_earlier_one(connect: Connect):
    told: list[Any] = []
    answers = iter([failing(503, **{"Retry-After": "0"}), refusing])
    with pytest.raises(APIConnectionError):
        ask(connect(lambda request: next(answers)(request), max_retries=1, on_event=told.append))
    assert (told[-1].status_code, told[-1].response_bytes, told[-1].attempts) == (None, None, 2)


def test_what_on_event_raises_is_logged_and_harms_no_call(connect: Connect, caplog):
    def careless(_: object) -> None:
        raise LookupError("no such metric")

    with caplog.at_level(logging.ERROR, "mantago"):
        assert ask(connect(good, on_event=careless)).tickets == ()
    ((level, line),) = lines(caplog)
    assert (level, line) == (logging.ERROR, "on_event failed on CallFinished")


def test_what_is_no_callable_is_refused_as_on_event(connect: Connect):
    with pytest.raises(ConfigurationError, match="on_event must be a callable, not str"):
        connect(good, on_event="print")


def raising(*_: object) -> bool:
    raise OSError(24, "Too many open files")


class Broken:
    """What raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raising()


@pytest.mark.parametrize("part", ["the log", "a tracer", "a span", "the end of a span"])
def test_what_telemetry_cannot_do_never_decides_a_call(connect: Connect, spans, monkeypatch, caplog, part):
    driver = connect(failing(503, Retry_After="0"), on_event=lambda _: None)
    instrumentation = driver.client._sending.sender.transport.calls.instrumentation

    if part == "the log":
        log = logging.getLogger("mantago")
        monkeypatch.setattr(log, "filters", [raising])
    elif part == "a tracer":
        instrumentation._tracer = Broken()
    else:
        span = trace.get_tracer("of the tests").start_span("whole")
        monkeypatch.setattr(span, "add_event" if part == "a span" else "set_attributes", raising)
        tracer = type("Tracer", (), {"start_span": lambda *_, **__: span})()
        instrumentation._tracer = tracer
    with caplog.at_level(logging.DEBUG, "mantago"):
        assert ask(driver).drift == ()
    assert trace.get_current_span() is trace.INVALID_SPAN
    failed = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert (
        failed
        == {
            "the log": [],
            "a tracer": ["no span could be begun"],
            "a span": ["the span failed on a retry"],
            "the end of a span": ["the span failed on the end of a call"],
        }[part]
    )


def test_a_cancelled_call_is_told_of(caplog, spans):
    async def main() -> None:
        async def hang(_: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError

        options = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET, "transport": httpx.MockTransport(hang)}
        async with AsyncMantaGo(**options) as client:
            task = asyncio.create_task(client.get_client_gifts(client_id="c"))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])

    with caplog.at_level(logging.DEBUG, "mantago"):
        asyncio.run(main())
    assert lines(caplog)[0][1].startswith(f"{GIFTS}: CancelledError, 1 attempt, ")
    assert one(spans).attributes["error.type"] == "asyncio.exceptions.CancelledError"


# OpenTelemetry


def test_a_call_is_one_client_span(connect: Connect, spans):
    ask(connect(good))
    span = one(spans)
    assert (span.name, span.kind, span.status.status_code) == (GIFTS, SpanKind.CLIENT, StatusCode.UNSET)
    assert (span.instrumentation_scope.name, span.parent) == ("mantago", None)
    attributes = dict(span.attributes)
    assert attributes.pop("http.request.body.size") > 0
    assert attributes == {
        "http.request.method": "POST",
        "http.response.body.size": len(BODY),
        "http.response.status_code": 200,
        "mantago.attempts": 1,
        "server.address": "mantago.cc",
        "server.port": 443,
        "url.full": "https://mantago.cc/api/openapi/client/gift",
        "url.template": "/openapi/client/gift",
    }


def test_retries_are_events_of_the_one_span(connect: Connect, spans):
    ask(connect(failing(503, **{"Retry-After": "0"})))
    span = one(spans)
    assert span.attributes["mantago.attempts"] == 2
    assert span.attributes["http.request.resend_count"] == 1
    ((name, attributes),) = [(event.name, dict(event.attributes)) for event in span.events]
    assert (name, attributes) == ("mantago.retry", {"mantago.attempt": 1, "mantago.wait": 0.0, "error.type": "503"})


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        (lambda _: failing(404)(_), "404"),
        (lambda _: httpx.Response(200, json={"success": False}), "mantago.APIStatusError"),
        (refusing, "mantago.APIConnectionError"),
    ],
    ids=["refused", "refused with 200", "no connection"],
)
def test_the_span_of_a_failed_call_has_the_error_in_its_class(connect: Connect, spans, handler, error_type):
    with pytest.raises(MantaGoError):
        ask(connect(handler, max_retries=0))
    assert one(spans).status.status_code is StatusCode.ERROR
    assert one(spans).status.description is None
    assert one(spans).attributes["error.type"] == error_type
    assert one(spans).attributes.get("mantago.code") == (37011 if error_type == "404" else None)


async def ask_asynchronously() -> None:
    async with AsyncMantaGo(bot_id=BOT_ID, token=TOKEN, secret=SECRET, transport=httpx.MockTransport(good)) as client:
        outer = trace.get_current_span()
        await client.get_client_gifts(platform="line", platform_client_id=ID)
        assert trace.get_current_span() is outer


def ask_synchronously() -> None:
    with MantaGo(bot_id=BOT_ID, token=TOKEN, secret=SECRET, transport=httpx.MockTransport(good)) as client:
        ask(client)


@pytest.mark.parametrize(
    "make_call",
    [
        ask_synchronously,
        lambda: anyio.run(ask_asynchronously, backend="asyncio"),
        lambda: anyio.run(ask_asynchronously, backend="trio"),
    ],
    ids=["sync", "asyncio", "trio"],
)
def test_a_span_ends_with_its_call_and_is_the_child_of_the_callers(spans, make_call: Callable[[], None]):
    with trace.get_tracer_provider().get_tracer("shop").start_as_current_span("checkout") as outer:
        make_call()
        assert trace.get_current_span() is outer
    call, checkout = spans.get_finished_spans()
    assert call.parent.span_id == checkout.context.span_id


def test_spans_of_single_requests_are_children_of_the_calls(spans, sandbox, account):
    """The stock instrumentation of httpx sees attempts; only ours are roots, and say so by their scope."""
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=trace.get_tracer_provider())
    try:
        with httpx.HTTPTransport() as transport, MantaGo(**account, transport=transport) as client:
            client._sending.sender.transport.calls.jitter = lambda: 0.0
            with pytest.raises(ServerError):
                client.get_client_gifts(client_id="bad-gateway")
            client.get_client_gifts(client_id="VolejRejN")
        with MantaGo(**account) as client:
            client.get_client_gifts(client_id="VolejRejN")
    finally:
        instrumentor.uninstrument()
    finished = spans.get_finished_spans()
    calls = [span for span in finished if span.instrumentation_scope.name == "mantago"]
    requests = [span for span in finished if span not in calls]
    assert [span.parent for span in calls] == [None, None, None]
    assert [calls[0].context.span_id] * 3 + [calls[1].context.span_id] == [span.parent.span_id for span in requests]


def test_nothing_is_added_to_the_request(connect: Connect, spans):
    seen: list[httpx.Request] = []
    ask(connect(lambda request: (seen.append(request), good(request))[1]))
    assert one(spans)
    assert not {"traceparent", "tracestate", "baggage"} & set(seen[0].headers)


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where nobody has imported OpenTelemetry."""
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")


@pytest.mark.usefixtures("untraced")
def test_without_open_telemetry_the_log_tells_the_same(connect: Connect, caplog):
    client = connect(failing(503, **{"Retry-After": "0"}))
    with caplog.at_level(logging.DEBUG, "mantago"):
        ask(client)
    assert [level for level, _ in lines(caplog)] == [logging.WARNING, logging.DEBUG]


@pytest.mark.usefixtures("untraced")
def test_retries_are_told_of_where_nobody_looks_at_calls(connect: Connect, caplog):
    client = connect(failing(503, **{"Retry-After": "0"}))
    with caplog.at_level(logging.INFO, "mantago"):
        ask(client)
    assert [level for level, _ in lines(caplog)] == [logging.WARNING]


@pytest.mark.usefixtures("untraced")
def test_on_event_is_told_where_the_log_is_off(connect: Connect, caplog):
    told: list[Any] = []
    with caplog.at_level(logging.INFO, "mantago"):
        ask(connect(good, on_event=told.append))
    assert [type(event) for event in told] == [CallFinished]
    assert lines(caplog) == []


def test_open_telemetry_is_not_imported_for_who_does_not_use_it():
    code = (
        "import sys, mantago; from mantago.testing import FakeMantaGo; fake = FakeMantaGo(); fake.add_client('c')\n"
        "client = mantago.MantaGo(transport=fake, credentials=fake.credentials)\n"
        "client.get_client_gifts(client_id='c')\n"
        "sys.exit(any(name.startswith('opentelemetry.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# MANTAGO_LOG


def client_of(**environment: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import httpx, mantago\n"
        f"answers = iter([httpx.Response(503, headers={{'Retry-After': '0'}}), httpx.Response(200, json={GOOD!r})])\n"
        "for _ in range(2):\n"
        "    client = mantago.MantaGo(bot_id='b', token='t' * 9, secret='s' * 9, transport=httpx.MockTransport(lambda _: next(answers)))\n"
        "client.get_client_gifts(client_id='VolejRejN')\n"
        "client.close()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_mantago_log_puts_the_log_on_stderr() -> None:
    told = [line.partition(" mantago: ")[::2] for line in client_of(MANTAGO_LOG="debug").stderr.splitlines()]
    assert [when.split()[-1] for when, _ in told] == ["WARNING", "DEBUG"]
    assert told[1][1].startswith(f"{GIFTS}: 200, 2 attempts, ")
    assert [line.split()[2] for line in client_of(MANTAGO_LOG="INFO").stderr.splitlines()] == ["WARNING"]
    assert client_of(MANTAGO_LOG="error").stderr == ""
    assert "DEBUG" not in client_of(MANTAGO_LOG="").stderr


def test_a_level_that_mantago_log_does_not_know_is_told() -> None:
    done = client_of(MANTAGO_LOG="degub")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "mantago.ConfigurationError: the environment variable MANTAGO_LOG is 'degub': "
        "it must be one of debug, info, warning, error; did you mean 'debug'?"
    )


@pytest.fixture
def logger(monkeypatch) -> Iterator[logging.Logger]:
    """The package's logger, as it is before a client was made."""
    logger = logging.getLogger("mantago")
    level = logger.level
    monkeypatch.setattr(logger, "handlers", [])
    logs._stderr.cache_clear()
    yield logger
    logs._stderr.cache_clear()
    logger.setLevel(level)


def test_a_program_that_logs_gets_the_lines_once_and_on_its_own_handlers(monkeypatch, logger, connect: Connect, caplog):
    monkeypatch.setenv("MANTAGO_LOG", "debug")
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    ask(connect(good))
    assert [level for level, _ in lines(caplog)] == [logging.DEBUG]
    assert written.getvalue() == ""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    ask(connect(good))
    assert len(logger.handlers) == written.getvalue().count("\n") == 1


def test_a_stderr_that_was_closed_since_the_client_was_made_is_none_to_write_on(monkeypatch, logger, connect: Connect):
    monkeypatch.setenv("MANTAGO_LOG", "debug")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with io.StringIO() as former:
        monkeypatch.setattr("sys.stderr", former)
        driver = connect(good)
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    ask(driver)
    assert written.getvalue().count("\n") == 1


def test_a_wrong_level_is_refused_before_anything_is_sent(monkeypatch, connect: Connect):
    monkeypatch.setenv("MANTAGO_LOG", "loud")
    with pytest.raises(ConfigurationError, match="MANTAGO_LOG is 'loud': it must be one of debug, info"):
        connect(good)


# Bulk runs


def bulk_run(tmp_path: Path, kind: str = "async", **options: Any) -> Any:
    """Export two clients, one of which the service doesn't know."""
    fake = FakeMantaGo()
    fake.add_client(ID)
    made = {"transport": fake, "credentials": fake.credentials} | options
    with MantaGo(**made) if kind == "sync" else nullcontext(AsyncMantaGo(**made)) as client:
        if kind == "a part":
            return fetch_shard([ID, "nobody"], tmp_path, client=client)
        return export([ID, "nobody"], tmp_path, client=client)


@pytest.mark.parametrize("kind", ["sync", "async", "a part"])
def test_a_bulk_run_is_one_span_and_its_calls_are_the_children(spans, tmp_path, kind):
    bulk_run(tmp_path, kind)
    *calls, run = spans.get_finished_spans()
    assert (run.name, run.kind, run.parent, run.status.status_code) == (
        "mantago.bulk get_client_gifts",
        SpanKind.INTERNAL,
        None,
        StatusCode.UNSET,
    )
    counts = {"clients": 2, "calls": 2, "refusals": 0, "ok": 1, "not_found": 1, "failed": 0}
    assert run.attributes == {f"mantago.bulk.{name}": count for name, count in counts.items()}
    assert [(call.name, call.parent.span_id) for call in calls] == [(GIFTS, run.context.span_id)] * 2
    assert ID not in "".join(span.to_json() for span in spans.get_finished_spans())
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_the_span_of_a_bulk_run_that_is_stopped_says_so_and_nothing_of_the_service(spans, tmp_path):
    with pytest.raises(StoppedError):
        bulk_run(tmp_path, credentials=Credentials(bot_id=BOT_ID, token="expired", secret=SECRET))
    run = spans.get_finished_spans()[-1]
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, None)
    assert run.attributes["error.type"] == "mantago.bulk.StoppedError"
    assert run.events == ()


@pytest.mark.parametrize("part", ["a tracer", "the end of a span"])
def test_what_telemetry_cannot_do_never_decides_a_bulk_run(spans, tmp_path, monkeypatch, caplog, part):
    tracer, whole = Broken(), trace.get_tracer("of the tests").start_span("whole")
    if part == "the end of a span":
        monkeypatch.setattr(whole, "set_attributes", raising)
        tracer = type("Tracer", (), {"start_span": lambda *_, **__: whole})()
    monkeypatch.setattr(trace, "get_tracer", lambda *_, **__: tracer)
    assert bulk_run(tmp_path).done == 2
    assert {"a tracer": "no span could be begun", "the end of a span": "the span failed on the end of a run"}[
        part
    ] in caplog.messages
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.usefixtures("untraced")
def test_a_bulk_run_without_open_telemetry_does_not_import_it(tmp_path):
    assert bulk_run(tmp_path).done == 2
    assert "opentelemetry.trace" not in sys.modules
