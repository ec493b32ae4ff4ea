"""The retry loop of both clients, with a deadline over all attempts.

`Calls.call` is the whole way of a call, written once, as a coroutine. Its `Edge` is what it does to the world: with
the functions of the synchronous one it never suspends, so that `run` can step through it without an event loop.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable

from attrs import define, field

from mantago_runtime.calls.failures import NETWORK_FAILURES, connection_failure
from mantago_runtime.calls.io_backend import Edge
from mantago_runtime.calls.policy import Policy, may_retry, wait_before, wants_renewal
from mantago_runtime.calls.responses import Answer, Body, fields_of, settle
from mantago_runtime.calls.signing import Asked, mask_for, sign
from mantago_runtime.concurrency import LONGEST_WAIT, resolved
from mantago_runtime.errors import APITimeoutError, ConfigurationError, MantaGoError, tried
from mantago_runtime.instrumentation import CallFinished, CallRetried, Span, Watch, body_size
from mantago_runtime.mappings import Headers
from mantago_runtime.secrets.credentials import Credentials
from mantago_runtime.secrets.redaction import current_mask
from mantago_runtime.secrets.store import Keyring


@define
class Effort:
    """What one call has taken so far."""

    started: float
    deadline: float
    attempts: int = 0
    watched: bool = False
    span: Span | None = None
    status_code: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None


@define
class Calls:
    """How the calls of one client go, whichever edge they use."""

    policy: Policy
    keys: Keyring
    watch: Watch
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    closed: bool = field(default=False, init=False)

    async def call(self, asked: Asked, edge: Edge) -> Answer:
        """Answer a request within its deadline, or raise a MantaGoError."""
        seconds = self.policy.timeout if asked.timeout is None else asked.timeout
        started = self.clock()
        effort = Effort(started, started + seconds)
        if not self.watch.wanted():
            return await self._bounded(asked, edge, effort)
        operation = self.policy.operation(asked)
        effort.watched, effort.span = True, self.watch.begin(operation)
        try:
            answer = await self._bounded(asked, edge, effort)
        except BaseException as error:
            self.watch.finished(self._told(operation, effort, error), effort.span)
            raise
        self.watch.finished(self._told(operation, effort), effort.span)
        return answer

    async def _bounded(self, asked: Asked, edge: Edge, effort: Effort) -> Answer:
        seconds = effort.deadline - effort.started
        try:
            with edge.bound(seconds):
                return await self._attempts(asked, edge, effort)
        except TimeoutError:
            pass
        # Raised out here, the error doesn't drag the cancelled frames along.
        raise self._timed_out(effort)

    def _told(self, operation: str, effort: Effort, error: BaseException | None = None) -> CallFinished:
        return CallFinished(
            operation,
            effort.attempts,
            self.clock() - effort.started,
            effort.status_code,
            effort.request_bytes,
            effort.response_bytes,
            error,
        )

    def refuse_if_closed(self) -> None:
        """Raise if the client was closed."""
        if self.closed:
            raise MantaGoError("this client is closed: make a new one, or keep it open as long as it is used")

    async def _attempts(self, asked: Asked, edge: Edge, effort: Effort) -> Answer:
        read_only, retries, renewed = self.policy.may_repeat(asked), 0, False
        while True:
            # Between two attempts it may have been closed: a connection made now would never be.
            self.refuse_if_closed()
            answers, credentials = self.keys.answers, self.keys.current
            if credentials is None:
                credentials = await self._renew(answers, edge, effort)
                answers = self.keys.answers
            effort.attempts += 1
            self.keys.warn_of_expiry(time.time())
            outcome = await self._attempt(asked, credentials, edge, effort)
            if isinstance(outcome, Answer):
                return outcome
            if wants_renewal(outcome) and self.keys.provider and not renewed:
                renewed = True
                if await self._renew(answers, edge, effort) != credentials:
                    self._again(asked, effort, 0.0, outcome)
                    continue
            now = self.clock()
            if isinstance(outcome, APITimeoutError) and now >= effort.deadline:
                raise self._timed_out(effort)
            retries += 1
            wait = wait_before(retries, outcome, self.jitter())
            hopeless = retries > self.policy.max_retries or not may_retry(outcome, read_only=read_only)
            if hopeless or now + wait >= effort.deadline:
                raise tried(outcome, effort.attempts, now - effort.started)
            self._again(asked, effort, wait, outcome)
            await resolved(edge.sleep(wait))

    def _again(self, asked: Asked, effort: Effort, wait: float, error: MantaGoError) -> None:
        self.watch.retried(CallRetried(self.policy.operation(asked), effort.attempts, wait, error), effort.span)

    async def _attempt(
        self, asked: Asked, credentials: Credentials, edge: Edge, effort: Effort
    ) -> Answer | MantaGoError:
        """Send the request once; return the settled answer, or what went wrong."""
        mask = mask_for(asked, self.keys)
        current_mask.set(mask)
        signed = sign(asked, self.policy.base_url, credentials, self.keys.held)
        left = min(max(effort.deadline - self.clock(), 0.001), LONGEST_WAIT)
        signed.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        effort.status_code = effort.response_bytes = None
        if effort.watched:
            effort.request_bytes = body_size(signed)
        try:
            response, connection = await resolved(edge.send(signed))
            del signed  # it holds the secret, and this frame may come into a traceback
            pieces = edge.pieces(response.stream)
            try:
                headers = Headers(fields_of(response.headers, mask))
                body = Body(self.policy.max_response_bytes, headers)
                # A piece gets no name: it could echo a secret, and a name would show it in a traceback.
                while body.problem is None and body.feed(await resolved(edge.next_piece(pieces, None))):
                    pass
            finally:
                if inspect.isasyncgen(pieces):
                    await pieces.aclose()
                await resolved(edge.done(response, connection))
        except NETWORK_FAILURES as error:
            return connection_failure(error, mask, self.policy.host)
        try:
            effort.status_code = response.status
            content = mask.clean(body.finish(response.status))
            effort.response_bytes = len(content)
            return Answer(headers, content, settle(response.status, headers, content, time.time()))
        except MantaGoError as error:
            # Its frames aren't kept: the response in this one shows a reason phrase that nobody masked.
            return error.with_traceback(None)

    async def _renew(self, answers: int, edge: Edge, effort: Effort) -> Credentials:
        """Ask for credentials, unless another call has asked since `answers` answers were given."""
        if not await resolved(edge.acquire(max(0.0, min(effort.deadline - self.clock(), LONGEST_WAIT)))):
            raise self._timed_out(effort)
        try:
            credentials = self.keys.current
            if credentials is None or self.keys.answers == answers:
                credentials = self.keys.take(await self._ask(edge))
        finally:
            edge.release()
        if self.clock() >= effort.deadline:
            raise self._timed_out(effort)
        return credentials

    async def _ask(self, edge: Edge) -> object:
        try:
            return await resolved(edge.ask(self.keys.provider))
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"the callable given as credentials raised {type(error).__name__}: see its cause"
            ) from error

    def _timed_out(self, effort: Effort) -> MantaGoError:
        allowed = effort.deadline - effort.started
        error = APITimeoutError(f"{self.policy.host} gave no whole answer within the {allowed:g} s allowed")
        return tried(error, effort.attempts, self.clock() - effort.started)
