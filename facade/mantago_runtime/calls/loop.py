"""The retry loop of both clients, with a deadline over all attempts.

`CallLoop.call` is the whole way of a call, written once, as a coroutine. All input and output is its `IOBackend`'s:
with the functions of the synchronous one it never suspends, so that `run_sync` can step through it without an event
loop.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable

from attrs import define, field

from mantago_runtime.calls.failures import connection_failure
from mantago_runtime.calls.io_backend import IOBackend
from mantago_runtime.calls.options import Lifetime
from mantago_runtime.calls.policy import (
    Policy,
    may_repeat,
    may_retry,
    operation_name,
    wait_before,
    wants_renewal,
    was_given_up,
)
from mantago_runtime.calls.requests import UnsignedRequest
from mantago_runtime.calls.responses import RawResponse, ResponseBody, fields_of, of_answer, parse_response
from mantago_runtime.calls.signing import redactor_for, sent_bot_id, sign
from mantago_runtime.concurrency import MAX_WAIT_SECONDS, maybe_await
from mantago_runtime.connections.connection import ConnectionUse
from mantago_runtime.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    CallError,
    CallErrorT,
    InvalidResponseError,
    MantaGoError,
    tried,
)
from mantago_runtime.instrumentation import CallFinished, CallRetried, Instrumentation, Span, body_size
from mantago_runtime.mappings import Headers
from mantago_runtime.secrets.credentials import Credentials
from mantago_runtime.secrets.redaction import RedactedLogs, Redactor
from mantago_runtime.secrets.store import CredentialStore
from mantago_runtime.text import seconds


class CallState:
    """The state of one call, and what it has taken so far."""

    def __init__(self, started: float, deadline: float) -> None:
        self.started = started
        self.deadline = deadline
        self.attempts = 0
        self.use = ConnectionUse()
        self.answered = False
        """True once an answer to the request has begun; a 408 is none, since it says that no request was seen."""
        self.observed = False
        self.span: Span | None = None
        self.status_code: int | None = None
        self.request_bytes: int | None = None
        self.response_bytes: int | None = None


@define(eq=False, repr=False)
class CallLoop:
    """The retry loop of one client with its options, whichever backend its calls use."""

    policy: Policy
    store: CredentialStore
    instrumentation: Instrumentation
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    lifetime: Lifetime = field(factory=Lifetime)

    async def call(self, request: UnsignedRequest, io: IOBackend) -> RawResponse:
        """Answer a request within its deadline, or raise a MantaGoError."""
        allowed = self.policy.timeout if request.timeout is None else request.timeout
        started = self.clock()
        state = CallState(started, started + allowed)
        return await (self._observed if self.instrumentation.wanted() else self._bounded)(request, io, state)

    async def _observed(self, request: UnsignedRequest, io: IOBackend, state: CallState) -> RawResponse:
        """Answer a request, and tell of it whoever listens."""
        operation = operation_name(request)
        state.observed, state.span = True, self.instrumentation.begin(operation)
        try:
            answer = await self._bounded(request, io, state)
        except BaseException as error:
            elapsed = self.clock() - state.started
            self.instrumentation.finished(self._told(operation, state, elapsed, error), state.span)
            raise
        self.instrumentation.finished(self._told(operation, state, answer.elapsed), state.span)
        return answer

    async def _bounded(self, request: UnsignedRequest, io: IOBackend, state: CallState) -> RawResponse:
        with io.bound(state.deadline - state.started):
            return await self._attempts(request, io, state)
        # It was cancelled at the end of its time. Raised out here, the error doesn't drag the cancelled frames along.
        raise self._timed_out(state)

    def _told(
        self, operation: str, state: CallState, elapsed: float, error: BaseException | None = None
    ) -> CallFinished:
        return CallFinished(
            operation, state.attempts, elapsed, state.status_code, state.request_bytes, state.response_bytes, error
        )

    async def _attempts(self, request: UnsignedRequest, io: IOBackend, state: CallState) -> RawResponse:
        read_only, retries, renewed = may_repeat(request), 0, False
        while True:
            # Between two attempts it may have been closed: a connection made now would never be.
            self.lifetime.refuse_if_closed()
            answers, credentials = self.store.answers, self.store.current
            if credentials is None:
                credentials = await self._renew(answers, io, state)
                answers = self.store.answers
            state.attempts += 1
            self.store.warn_of_expiry(time.time())
            redactor = redactor_for(request, self.store)
            with RedactedLogs(redactor):
                outcome = await self._attempt(request, credentials, redactor, io, state)
            if isinstance(outcome, RawResponse):
                return outcome
            if wants_renewal(outcome) and self.store.provider and not renewed:
                renewed = True
                if await self._renew(answers, io, state) != credentials:
                    self._again(request, state, 0.0, outcome)
                    continue
            now = self.clock()
            if isinstance(outcome, APITimeoutError) and now >= state.deadline:
                raise self._timed_out(state)
            retries += 1
            given_up = state.use.was_used and not state.answered and was_given_up(outcome)
            # Others that were kept may have died in the same moment.
            state.use.must_be_new |= given_up or (state.use.was_used and isinstance(outcome, APIConnectionError))
            wait = 0.0 if given_up else wait_before(retries, outcome, self.jitter())
            may = may_retry(outcome, read_only=read_only, given_up=given_up)
            hopeless = retries > self.policy.max_retries or not may
            if hopeless or now + wait >= state.deadline:
                raise tried(outcome, state.attempts, now - state.started)
            self._again(request, state, wait, outcome)
            await maybe_await(io.sleep(wait))

    def _again(self, request: UnsignedRequest, state: CallState, wait: float, error: MantaGoError) -> None:
        self.instrumentation.retried(CallRetried(operation_name(request), state.attempts, wait, error), state.span)

    async def _attempt(
        self, request: UnsignedRequest, credentials: Credentials, redactor: Redactor, io: IOBackend, state: CallState
    ) -> RawResponse | CallError:
        """Send the request once; return the settled answer, or what went wrong."""
        signed = sign(request, self.policy.base_url, credentials, self.store.held)
        remaining = min(max(state.deadline - self.clock(), 0.001), MAX_WAIT_SECONDS)
        signed.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), remaining)
        state.status_code = state.response_bytes = None
        state.answered = state.use.was_used = False
        if state.observed:
            state.request_bytes = body_size(signed)
        try:
            response, connection = await maybe_await(io.send(signed, state.use))
            del signed  # it holds the secret, and this frame may come into a traceback
            state.answered = response.status != 408
            pieces = io.pieces(response.stream)
            try:
                headers = Headers(fields_of(response.headers, redactor))
                body = ResponseBody(self.policy.max_response_bytes, headers)
                # A piece gets no name: it could echo a secret, and a name would show it in a traceback.
                while body.problem is None and body.feed(await maybe_await(io.next_piece(pieces, None))):
                    pass
            finally:
                if inspect.isasyncgen(pieces):
                    await pieces.aclose()
                await maybe_await(io.done(response, connection))
        except io.failures as error:
            return connection_failure(error, redactor, self.policy.way)
        try:
            state.status_code = response.status
            clean = redactor.clean if body.is_whole else redactor.clean_cut  # of a refusal, any part is kept
            content = clean(body.finish(response.status))
            state.response_bytes = len(content)
            payload = parse_response(response.status, headers, content, time.time(), request.media)
            elapsed = self.clock() - state.started
            return RawResponse(response.status, headers, content, payload, state.attempts, elapsed)
        # Their frames aren't kept: the response in this one shows a reason phrase that nobody masked.
        except InvalidResponseError as error:
            kept = redactor.clean_cut(body.beginning)
            return self._may_be_proxys(of_answer(error, response.status, headers, kept)).with_traceback(None)
        except APIStatusError as error:
            if error.bot_id is None:
                error.bot_id = redactor.clean_text(sent_bot_id(request, credentials, self.store.held))
            return (error if error.code is not None else self._may_be_proxys(error)).with_traceback(None)

    def _may_be_proxys(self, error: CallErrorT) -> CallErrorT:
        """Note in an error that the environment's proxy may have answered in place of this machine."""
        if self.policy.way_past_proxy:
            error.add_note(f"was it {self.policy.way} that answered?")
        return error

    async def _renew(self, answers: int, io: IOBackend, state: CallState) -> Credentials:
        """Ask for credentials, unless another call has asked since `answers` answers were given."""
        if not await maybe_await(io.acquire(max(0.0, min(state.deadline - self.clock(), MAX_WAIT_SECONDS)))):
            raise self._timed_out(state)
        try:
            credentials = self.store.current
            if credentials is None or self.store.answers == answers:
                # What it raises comes out as it is: it can't be told from what a caller raises from outside.
                credentials = self.store.take(await maybe_await(io.ask(self.store.provider)))
        finally:
            io.release()
        if self.clock() >= state.deadline:
            raise self._timed_out(state)
        return credentials

    def _timed_out(self, state: CallState) -> APITimeoutError:
        allowed = seconds(state.deadline - state.started)
        problem = f"{self.policy.way} gave no whole answer within the {allowed} allowed"
        if state.use.waits_for:
            problem = (
                f"none of the {state.use.waits_for} connections to {self.policy.way} became free within the "
                f"{allowed} allowed: make fewer calls at a time, or raise max_connections"
            )
        error = APITimeoutError(problem)
        return tried(error, state.attempts, self.clock() - state.started)
