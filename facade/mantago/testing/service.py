"""The service behind sandbox and fake: the order in which it refuses requests, and what it answers.

Pure decisions on plain data. `requests` reads a request against the spec.
"""

import base64
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from attrs import frozen

from mantago.identification import IdentifyIn
from mantago.testing.answers import Answers, Content
from mantago.testing.changes import changed_once
from mantago.testing.document import METHODS, Document, SpecOperation
from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal, broken_rule
from mantago.testing.scenarios import GIFTS, TROUBLES
from mantago.testing.troubles import Trouble, changed, did_you_mean, spelled, with_a_gift

__all__ = [
    "REFUSAL",
    "Bot",
    "ParsedRequest",
    "RateLimit",
    "Visits",
    "check_identify_in",
    "checked_rate",
    "ids_in",
    "log_line",
    "new_token",
    "not_found",
    "refused",
    "respond",
]

T = TypeVar("T")
REFUSAL: Final = "#/components/schemas/ErrorResponse"
"""The envelope of every refusal, also of those with a status that the spec doesn't list."""
_WELL: Final = Trouble()
_IDS: Final = ("clientId", "platformClientId")


def checked_rate(rate: object) -> float:
    """Return the most calls a second; raise ValueError for anything but a number above zero."""
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < math.inf:
        raise ValueError(f"rate must be a number of calls a second above zero, not {rate!r}")
    return float(rate)


def check_identify_in(value: object) -> None:
    """Raise ValueError for a value that isn't one of `IdentifyIn`."""
    if value not in get_args(IdentifyIn):
        raise ValueError(f"identify_in must be 'both' or 'body', not {value!r}")


@frozen(repr=False)
class Bot:
    """The bot that the service knows, with its token and secret."""

    bot_id: str
    token: str
    secret: str


def new_token(bot_id: str, issued_at: int, expires_at: int, *, signature: bytes) -> str:
    """Return a token that looks like the vendor's, a JWT; nobody could verify its signature."""
    header = {"alg": "HS256", "typ": "JWT"}
    payload = {"botId": bot_id, "iat": issued_at, "exp": expires_at}
    parts = [json.dumps(part).encode() for part in (header, payload)] + [signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def log_line(time_of_day: str, method: str, path: str, answer: CannedResponse) -> str:
    """Return the line in the log for a request and its answer."""
    refusal = json.loads(answer.body)["errResponse"] if b'"errResponse"' in answer.body else {}
    code = f", code {refusal['code']}" if "code" in refusal else ""
    return f"{time_of_day} {method} {path}: {answer.status}{code}{', cut off' if answer.cut_off else ''}"


class RateLimit:
    """Limits the calls to so many a second; `clock` returns seconds."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._most = max(1, math.floor(rate))
        self._span = self._most / rate
        self._clock = clock
        self._taken: deque[float] = deque()

    def wait(self) -> float:
        """Count a call and return 0; if there are too many, return the seconds until there may be one."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - self._span:
            self._taken.popleft()
        if len(self._taken) < self._most:
            self._taken.append(now)
            return 0.0
        return self._taken[0] + self._span - now

    def refusal(self, bot_id: str) -> CannedResponse | None:
        """Count a call; return the refusal if it is one too many."""
        # A gateway counts whole seconds.
        wait = math.ceil(self.wait())
        return Refusal.RATE_LIMITED.answer(bot_id=bot_id, headers=(("retry-after", str(wait)),)) if wait else None


@frozen(repr=False)
class ParsedRequest:
    """A request that was read against the spec, with its content and its faults.

    `tokens` is None where the operation wants one and none came, empty where it wants none.
    """

    operation: SpecOperation
    tokens: tuple[str, ...] | None
    faults: tuple[str, ...]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


def not_found(document: Document, path: str) -> CannedResponse:
    """Return the refusal of a request for which there is no operation, or none of its method."""
    allowed = [method.upper() for method in METHODS if document.operation_at(method, path)]
    if not allowed:
        return Refusal.NO_SUCH_PATH.answer()
    return Refusal.WRONG_METHOD.answer(headers=(("allow", ", ".join(allowed)),))


def refused(parsed: ParsedRequest, bot: Bot, document: Document, *, identify_in: IdentifyIn) -> CannedResponse | None:
    """Return the refusal of a request that is wrong whatever it asks for; None if it is right."""
    bot_id = bot.bot_id
    if parsed.tokens is None or any(token != bot.token for token in parsed.tokens):
        return Refusal.TOKEN_EXPIRED.answer()
    if parsed.faults:
        return Refusal.BAD_VARIABLES.answer("; ".join(parsed.faults))
    if parsed.query.get("botId", bot_id) != bot_id:
        return Refusal.BOT_NOT_FOUND.answer()
    if parsed.body.get("secret", bot.secret) != bot.secret:
        return Refusal.PERMISSION_DENIED.answer(bot_id=bot_id)
    if not document.asks_for_a_client(parsed.operation):
        return None
    pair_in_query = identify_in == "both" and document.declares(parsed.operation, "platformClientId", "query")
    fault = broken_rule(parsed.body, parsed.query, pair_in_query=pair_in_query)
    return Refusal.BAD_VARIABLES.answer(fault, bot_id=bot_id) if fault else None


def respond(
    parsed: ParsedRequest,
    answers: Answers,
    *,
    gifts: Mapping[str, Any] | None,
    told: Content | None = None,
    trouble: Trouble = _WELL,
    ids: Iterable[str] = TROUBLES,
) -> CannedResponse:
    """Return the answer to a request that was not refused.

    `gifts` are those of the client that the body asks for, None if there is no such client. `told` is the content that
    a test has set. `ids` are the ids that may have been meant if there is no such client.
    """
    if trouble.instead is not None:
        return trouble.instead
    document, operation = answers.document, parsed.operation
    success = answers.of(operation)
    about_gifts = document.name_of(operation) == GIFTS
    payload = success.payload
    if told is not None:
        payload = told.payload
    elif document.asks_for_a_client(operation):
        if gifts is None:
            asked_for = parsed.body.get("clientId", parsed.body.get("platformClientId", ""))
            return Refusal.CLIENT_NOT_FOUND.answer(did_you_mean(asked_for, ids, cutoff=0.8), bot_id=BOT_ID)
        payload = gifts if about_gifts else payload
    if trouble.change is not None and about_gifts and isinstance(payload, Mapping):
        payload = changed(answers.completed(GIFTS, Content(with_a_gift(payload))).payload, trouble.change)
    elif trouble.change is not None:
        payload = changed_once(document, success.schema or {}, payload, trouble.change)
    return trouble.befall(success.saying(payload))


def ids_in(parsed: ParsedRequest) -> Iterator[str]:
    """Yield the ids in a request: the parameters of its path, and clients' ids anywhere in query and body."""
    yield from parsed.operation.in_path.values()
    within: list[Any] = [parsed.body, parsed.query]
    while within:
        value = within.pop()
        if isinstance(value, Mapping):
            yield from (value[name] for name in _IDS if isinstance(value.get(name), str))
            within += value.values()
        elif isinstance(value, list):
            within += value


class Visits:
    """Counts the requests for each id at each operation: the nth request gets the nth of several answers."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[tuple[str, str], str]] = Counter()

    def next_of(self, several: Sequence[T], parsed: ParsedRequest, id_: str) -> T:
        """Return the next of several; the last one repeats."""
        visit = (parsed.operation.key, id_)
        self._asked[visit] += 1
        return several[min(self._asked[visit], len(several)) - 1]

    def trouble(self, parsed: ParsedRequest, known: Container[str] = ()) -> Trouble | None:
        """Return the trouble of a request for an id that fails, unless a client has that id."""
        ids = (spelled(id_) for id_ in ids_in(parsed) if id_ not in known)
        id_ = next((id_ for id_ in ids if id_ in TROUBLES), None)
        return None if id_ is None else self.next_of(TROUBLES[id_], parsed, id_)
