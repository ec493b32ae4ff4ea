"""The service in memory."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

import httpx
from anyio.lowlevel import checkpoint
from attrs import evolve

from mantago import ClientGifts, Credentials, Gift, Platform, Ticket
from mantago.identification import IdentifyIn, PlatformName, identify
from mantago.testing.answers import Answers, Content
from mantago.testing.document import Document
from mantago.testing.failures import Failure, FailureName, at_an_id, failure, response
from mantago.testing.records import RecordedRequest, recorded
from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal
from mantago.testing.requests import read
from mantago.testing.scenarios import GIFTS, gifts_of_trigger
from mantago.testing.service import (
    Bot,
    ParsedRequest,
    Visits,
    check_identify_in,
    new_token,
    not_found,
    refused,
    respond,
)
from mantago.testing.set_answers import (
    OperationAnswer,
    OperationRequest,
    checked_function,
    checked_operation,
    content_of,
    request_for,
)
from mantago.testing.troubles import Trouble, success_envelope
from mantago.testing.vendored import left_out_of
from mantago_generated.spec import published
from mantago_runtime.concurrency import Clock

_IN_2100: Final = 4_102_444_800
# A wait passes on the clock of its own thread or task only, so calls at the same time don't get late.
_now: ContextVar[float] = ContextVar("mantago_testing_now", default=0.0)


class FakeMantaGo(Clock, httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The service in memory: the `transport` of a MantaGo or AsyncMantaGo, or of several at a time.

    It is as strict as the sandbox, and refuses in the same words. Nothing waits: back-off, `Retry-After` and timeouts
    pass on the fake's own clock, so exceptions still say how long a call took. `identify_in` is that of `Sandbox`.
    Threads, tasks and event loops may share it.
    """

    def __init__(self, *, identify_in: IdentifyIn = "both") -> None:
        check_identify_in(identify_in)
        self._identify_in: IdentifyIn = identify_in
        self._answers = Answers(Document(published()))
        self._set: dict[str, Content | Failure | Callable[[OperationRequest], OperationAnswer]] = {}
        self._visits = Visits()
        # A function that answers may ask the fake for something itself.
        self._lock = threading.RLock()
        self._pairs: list[Credentials] = []
        self._clients: dict[str, Mapping[str, Any]] = {}
        self._platform_ids: dict[tuple[str, str], str] = {}
        self._queue: deque[Failure] = deque()
        self._requests: list[RecordedRequest] = []
        self._waits: list[float] = []
        self.renew_credentials()

    def __repr__(self) -> str:
        return f"<FakeMantaGo clients={len(self._clients)} requests={len(self._requests)} queued={list(self.queued)}>"

    # --- what the service holds ---

    @property
    def credentials(self) -> Credentials:
        """The credentials that the fake accepts."""
        return self._pairs[-1]

    def renew_credentials(self) -> Credentials:
        """Make a new pair, as in the bot's dashboard; the fake refuses the old one from now on, with code 120000."""
        with self._lock:
            count = len(self._pairs) + 1
            token = new_token(BOT_ID, issued_at=count, expires_at=_IN_2100, signature=b"signature of a fake")
            self._pairs.append(Credentials(bot_id=BOT_ID, token=token, secret=f"secret-of-the-fake-{count}"))
            return self._pairs[-1]

    def add_client(
        self,
        client_id: str,
        *,
        platform_ids: Mapping[Platform | PlatformName, str] = MappingProxyType({}),
        tickets: Iterable[Ticket] = (),
        physical_gifts: Iterable[Gift] = (),
        virtual_gifts: Iterable[Gift] = (),
    ) -> None:
        """Add a client with its gifts, or replace the one of this id.

        `platform_ids` holds the client's ids on platforms: `{"line": "U4af4980629e14c3b8d2f7a61c05be937"}`. The fake
        makes up fields that the document requires and the gifts lack.
        """
        gifts = ClientGifts(
            _checked("tickets", tickets, Ticket, "ticket"),
            _checked("physical_gifts", physical_gifts, Gift, "gift"),
            _checked("virtual_gifts", virtual_gifts, Gift, "gift"),
        )
        # An id that a client refuses to send could never be asked for.
        client_id = str(identify(client_id=client_id).client_id)
        known = [identify(platform=platform, platform_client_id=own) for platform, own in platform_ids.items()]
        pairs = [(str(one.platform), str(one.platform_client_id)) for one in known]
        with self._lock:
            for pair in pairs:
                if self._platform_ids.get(pair, client_id) != client_id:
                    raise ValueError(f"the {pair[0]} id belongs to client {self._platform_ids[pair]!r} already")
            self._platform_ids = {pair: whose for pair, whose in self._platform_ids.items() if whose != client_id}
            self._platform_ids |= dict.fromkeys(pairs, client_id)
            held = Content(success_envelope(**gifts.to_dict()), left_out_of(gifts))
            self._clients[client_id] = self._answers.completed(GIFTS, held).payload

    def answer(self, operation: str, answer: OperationAnswer | Callable[[OperationRequest], OperationAnswer]) -> None:
        """Set what an operation answers from now on, for every client; a further call replaces it.

        `operation` is the name of its method, such as `get_client_gifts`. `answer` is one of these: a result; JSON
        under the service's names, where the fake makes up what the document requires and you leave out; a failure's
        name, as in `fail`; a function that takes an `OperationRequest` and returns one of the three. Raises ValueError.
        """
        name = checked_operation(operation, self._answers.document.names.values())
        if callable(answer) and not isinstance(answer, type):
            told: Any = checked_function(answer)
        else:
            told = content_of(name, answer)
        with self._lock:
            self._set[name] = self._answers.completed(name, told) if isinstance(told, Content) else told

    # --- what goes wrong ---

    def fail(
        self,
        name: FailureName,
        *,
        times: int | None = 1,
        retry_after: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Queue a failure for the next correct requests; the fake refuses a wrong request, which uses up no failure.

        `times` counts attempts; None means all from now on. A client that retries twice raises a `server_error` only
        after three of them. `retry_after` is for `rate_limited` and `service_unavailable`, `seconds` for `slow_answer`.
        A timeout uses up the time that the call has left.
        """
        planned = failure(name, times, retry_after, seconds)
        with self._lock:
            self._queue.append(planned)

    @property
    def queued(self) -> tuple[FailureName, ...]:
        """The failures that are still queued, each as often as it will happen; one without an end is listed once."""
        with self._lock:
            return tuple(
                one.name for one in self._queue if one.name for _ in range(1 if one.left == math.inf else int(one.left))
            )

    # --- what happened ---

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The requests so far."""
        with self._lock:
            return tuple(self._requests)

    @property
    def waits(self) -> tuple[float, ...]:
        """The seconds that clients would have waited before each retry."""
        with self._lock:
            return tuple(self._waits)

    # --- as a transport ---

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of httpx's synchronous client."""
        request.read()
        return self._handle(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of httpx's asynchronous client."""
        await checkpoint()
        await request.aread()
        return self._handle(request)

    def clock(self) -> float:
        """Return the time of the calling thread or task, which passes only with waits."""
        return _now.get()

    def jitter(self) -> float:
        """Return the middle of the back-off's range, so that every run is the same."""
        return 0.5

    def sleep(self, seconds: float) -> None:
        """Let a wait pass at once."""
        with self._lock:
            self._waits.append(seconds)
        _now.set(_now.get() + seconds)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            answer, failed, parsed = self._decide(request)
            passed, error = failed.happen(request.extensions.get("timeout", {})) if failed else (0.0, None)
            status = None if error else answer.status
            self._requests.append(recorded(request, parsed, status, failed.name if failed else None))
        if passed:
            # One float further, since the sum may fall short of the deadline that a timeout has to reach.
            _now.set(math.nextafter(_now.get() + passed, math.inf))
        if error is not None:
            raise error
        return response(answer, request.method)

    def _decide(self, request: httpx.Request) -> tuple[CannedResponse, Failure | None, ParsedRequest | None]:
        """Return the answer, the failure that it meets, and the request as it was read."""
        document, path = self._answers.document, request.url.path
        operation = document.operation_at(request.method.lower(), path)
        if operation is None:
            return not_found(document, path), None, None
        parsed = read(document, operation, request.headers, request.url.query.decode("ascii"), request.content)
        pair = self._pairs[-1]
        bot = Bot(pair.bot_id, pair.token, pair.secret)
        if parsed.tokens and any(parsed.tokens[0] == former.token for former in self._pairs[:-1]):
            return Refusal.CREDENTIALS_RENEWED.answer(bot_id=BOT_ID), None, parsed
        if refusal := refused(parsed, bot, document, identify_in=self._identify_in):
            return refusal, None, parsed
        failed = self._next_failure() or self._failure_at_an_id(parsed)
        told = self._told(parsed) if failed is None or failed.reaches_the_service else None
        if isinstance(told, Failure):
            failed, told = failed or told, None
        trouble = failed.trouble if failed else Trouble()
        answer = respond(parsed, self._answers, gifts=self._gifts_of(parsed.body), told=told, trouble=trouble)
        return answer, failed, parsed

    def _told(self, parsed: ParsedRequest) -> Content | Failure | None:
        """Return the answer that a test has set for the operation."""
        name = self._answers.document.name_of(parsed.operation)
        if name is None or name not in self._set:
            return None
        told = self._set[name]
        if not callable(told):
            return told
        found = content_of(name, told(request_for(name, parsed.operation.in_path, parsed.query, parsed.body)))
        return found if isinstance(found, Failure) else self._answers.completed(name, found)

    def _failure_at_an_id(self, parsed: ParsedRequest) -> Failure | None:
        trouble = self._visits.trouble(parsed, known=self._clients)
        return None if trouble is None else at_an_id(trouble)

    def _next_failure(self) -> Failure | None:
        if not self._queue:
            return None
        failed = self._queue.popleft()
        if failed.left > 1:
            self._queue.appendleft(evolve(failed, left=failed.left - 1))
        return failed

    def _gifts_of(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        pair = (body.get("platform", ""), body.get("platformClientId", ""))
        client_id = body["clientId"] if "clientId" in body else self._platform_ids.get(pair, "")
        return self._clients.get(client_id) or gifts_of_trigger(body)


def _checked(name: str, given: Iterable[Any], kind: type, builder: str) -> tuple[Any, ...]:
    """Return a client's gifts or tickets; raise TypeError for anything else, which would fail only at the call."""
    held = tuple(given)
    for one in held:
        # Objects under the service's names are accepted, too.
        if not isinstance(one, (kind, Mapping)):
            told = f"{name} takes results of mantago.testing.{builder}(...), not {type(one).__name__}: {one!r}"
            raise TypeError(told)
    return held
