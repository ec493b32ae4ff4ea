"""The instrumentation of calls: lines in the log, an OpenTelemetry span, and events for a caller's `on_event`.

None of it shows a client's id, a token or a secret: it names an operation by its path in the spec.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import httpcore
import httpx
from attrs import frozen

from mantago_runtime.errors import APIStatusError, MantaGoError

TRACING = "opentelemetry.trace"

_log = logging.getLogger("mantago")


@frozen
class CallRetried:
    """An attempt failed, and a retry follows after `wait` seconds; `attempt` counts from 1."""

    __module__ = "mantago"

    operation: str
    attempt: int
    wait: float
    error: MantaGoError


@frozen
class CallFinished:
    """A call has ended; `elapsed` has the seconds of all its attempts.

    `operation` is method and path as the spec has them. `error` is what the call raises; it is None if the service
    answered well, also where a field of the answer then can't be read and the call raises InvalidResponseError. Sizes
    are in bytes: of the body sent, and of the decoded body received, in the last attempt.
    """

    __module__ = "mantago"

    operation: str
    attempts: int
    elapsed: float
    status_code: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    error: BaseException | None = None


Event: TypeAlias = CallRetried | CallFinished


def described(event: Event) -> str:
    """Return the event's line in the log."""
    if isinstance(event, CallRetried):
        return (
            f"{event.operation}: attempt {event.attempt} failed with {reason(event.error)}; "
            f"the next one in {event.wait:.2f} s"
        )
    attempts = f"{event.attempts} attempt" + "s" * (event.attempts != 1)
    sizes = [f"{size} B {way}" for size, way in _sizes(event) if size is not None]
    result = str(event.status_code) if event.error is None else reason(event.error)
    return ", ".join([f"{event.operation}: {result}", attempts, f"{event.elapsed * 1000:.1f} ms", *sizes])


def _sizes(event: CallFinished) -> Iterator[tuple[int | None, str]]:
    yield event.request_bytes, "sent"
    yield event.response_bytes, "received"


def reason(error: BaseException) -> str:
    """Return what an error is in a word or two of our own: its text may quote the service."""
    name = type(error).__name__
    if not isinstance(error, APIStatusError):
        return name
    return f"{name} {error.status_code}" + ("" if error.code is None else f" (code {error.code})")


def body_size(request: httpcore.Request) -> int | None:
    """Return the size that a request says its body has."""
    length = next((value for name, value in request.headers if name.lower() == b"content-length"), b"")
    return int(length) if length.isdigit() else None


@contextmanager
def _never_deciding(problem: str) -> Iterator[None]:
    """Log failures of instrumentation, which must not change the call's result."""
    try:
        yield
    except Exception:  # noqa: BLE001
        with suppress(Exception):
            _log.exception("%s", problem)


class Instrumentation:
    """The log, spans and events of one client's calls."""

    def __init__(self, server: httpx.URL, version: str, on_event: Callable[[Any], object] | None = None) -> None:
        self.server = server
        self.version = version
        self.on_event = on_event
        self._tracer: Any = None

    def wanted(self) -> bool:
        """Return whether anybody looks at calls that go well.

        No span is recorded unless somebody has set up OpenTelemetry, which imports its module.
        """
        return self.on_event is not None or TRACING in sys.modules or _log.isEnabledFor(logging.DEBUG)

    def begin(self, operation: str) -> Span | None:
        """Begin the span of a call, if there is OpenTelemetry."""
        span = None
        if TRACING in sys.modules:
            with _never_deciding("no span could be begun"):
                from opentelemetry import trace  # noqa: PLC0415 - only where the caller has it

                if self._tracer is None:
                    self._tracer = trace.get_tracer("mantago", self.version, schema_url=SCHEMA)
                span = Span(self._tracer, operation, self.server)
        return span

    def retried(self, event: CallRetried, span: Span | None) -> None:
        """Tell of a further attempt."""
        with _never_deciding("the log failed on a retry"):
            _log.warning("%s", described(event))
        if span:
            with _never_deciding("the span failed on a retry"):
                span.retried(event)
        self._tell(event)

    def finished(self, event: CallFinished, span: Span | None) -> None:
        """Tell of the end of a call."""
        if _log.isEnabledFor(logging.DEBUG):
            with _never_deciding("the log failed on the end of a call"):
                _log.debug("%s", described(event))
        self._tell(event)
        # At last, so that what was just logged and told belongs to the span.
        if span:
            with _never_deciding("the span failed on the end of a call"):
                span.finished(event)

    def _tell(self, event: Event) -> None:
        if self.on_event is not None:
            with _never_deciding(f"on_event failed on {type(event).__name__}"):
                self.on_event(event)


# --- OpenTelemetry --------------------------------------------------------------------------------------------------

SCHEMA = "https://opentelemetry.io/schemas/1.34.0"
"""The version of the semantic conventions whose names stand here."""


class Span:
    """The client span of one call, current as long as it lasts: spans of single requests below are its children.

    The conventions for HTTP clients, but that queries, which hold ids, are left out of `url.full`. Nothing is added
    to the request: the vendor is no part of the caller's trace, and baggage may be personal.
    """

    def __init__(self, tracer: Any, operation: str, server: httpx.URL) -> None:
        from opentelemetry import context, trace  # noqa: PLC0415 - see Instrumentation.begin

        method, _, path = operation.partition(" ")
        attributes = {
            "http.request.method": method,
            "server.address": server.host,
            "server.port": server.port or (443 if server.scheme == "https" else 80),
        }
        if path.startswith("/"):
            address = f"{server.scheme}://{server.netloc.decode('ascii')}{server.path.rstrip('/')}"
            attributes |= {"url.full": address + path, "url.template": path}
        name = operation if path.startswith("/") else method
        self._span = tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        self._detach = context.detach
        self._token = context.attach(trace.set_span_in_context(self._span))
        self._error = trace.StatusCode.ERROR

    def retried(self, event: CallRetried) -> None:
        """Note a further attempt."""
        told = {"mantago.attempt": event.attempt, "mantago.wait": event.wait, "error.type": error_type(event.error)}
        self._span.add_event("mantago.retry", told)

    def finished(self, event: CallFinished) -> None:
        """End the span."""
        try:
            self._record(event)
        finally:
            self._detach(self._token)

    def _record(self, event: CallFinished) -> None:
        numbers = {
            "mantago.attempts": event.attempts,
            "http.request.resend_count": event.attempts - 1 if event.attempts > 1 else None,
            "http.response.status_code": event.status_code,
            "http.request.body.size": event.request_bytes,
            "http.response.body.size": event.response_bytes,
        }
        self._span.set_attributes({name: value for name, value in numbers.items() if value is not None})
        if event.error is not None:
            self._span.set_attribute("error.type", error_type(event.error))
            if isinstance(event.error, APIStatusError) and event.error.code is not None:
                self._span.set_attribute("mantago.code", event.error.code)
            # No description: an error's text may quote the service.
            self._span.set_status(self._error)
        self._span.end()


class RunSpan:
    """The span of a run of many calls, current as long as it lasts: the calls' spans are its children."""

    def __init__(self, name: str, version: str) -> None:
        from opentelemetry import context, trace  # noqa: PLC0415 - see Instrumentation.begin

        self._span: Any = trace.get_tracer("mantago", version, schema_url=SCHEMA).start_span(name)
        self._detach = context.detach
        self._token = context.attach(trace.set_span_in_context(self._span))
        self._error = trace.StatusCode.ERROR

    def finished(self, told: Mapping[str, str | int], error: BaseException | None) -> None:
        """End the span."""
        try:
            self._span.set_attributes(told)
            if error is not None:
                self._span.set_attribute("error.type", error_type(error))
                # No description: see Span.
                self._span.set_status(self._error)
            self._span.end()
        finally:
            self._detach(self._token)


@contextmanager
def run_span(name: str, version: str, told: Callable[[], Mapping[str, str | int]]) -> Iterator[None]:
    """Have the spans of the block's calls be children of one, if there is OpenTelemetry; `told` is asked at the end."""
    span, failure = None, None
    if TRACING in sys.modules:
        with _never_deciding("no span could be begun"):
            span = RunSpan(name, version)
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        if span:
            with _never_deciding("the span failed on the end of a run"):
                span.finished(told(), failure)


def error_type(error: BaseException) -> str:
    """Return the conventions' name of an error: the status as a string, or else the class."""
    if isinstance(error, APIStatusError) and error.status_code != 200:
        return str(error.status_code)
    cls = type(error)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"
