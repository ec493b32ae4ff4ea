"""The service behind sandbox and fake: the order in which requests are refused, and what is answered.

Pure decisions on plain data. How a request is read against the spec, `requests` knows.
"""

import base64
import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from attrs import frozen

from mantago.identification import IdentifyIn
from mantago.testing.answers import Answers, Content
from mantago.testing.changes import changed_once
from mantago.testing.document import METHODS, Document, Operation
from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal, broken_rule
from mantago.testing.scenarios import GIFTS, TROUBLES
from mantago.testing.troubles import Trouble, changed, with_a_gift

__all__ = [
    "REFUSAL",
    "Account",
    "ParsedRequest",
    "Visits",
    "check_identify_in",
    "ids_in",
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


def check_identify_in(value: object) -> None:
    """Refuse what names no reading of the rule's prose."""
    if value not in get_args(IdentifyIn):
        raise ValueError(f"identify_in is 'both' or 'body', not {value!r}")


@frozen(repr=False)
class Account:
    """The bot that the service knows, and what it must be asked with."""

    bot_id: str
    token: str
    secret: str


def new_token(bot_id: str, *, issued_at: int, expires_at: int, signature: bytes) -> str:
    """Return a token that looks like the vendor's, a JWT; nobody could verify its signature."""
    header = {"alg": "HS256", "typ": "JWT"}
    payload = {"botId": bot_id, "iat": issued_at, "exp": expires_at}
    parts = [json.dumps(part).encode() for part in (header, payload)] + [signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@frozen(repr=False)
class ParsedRequest:
    """A request that was read against the spec: what it brings, and what is wrong with its shape.

    `tokens` is None where the operation wants one and none came, empty where it wants none.
    """

    operation: Operation
    tokens: tuple[str, ...] | None
    faults: tuple[str, ...]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


def not_found(document: Document, path: str) -> CannedResponse:
    """Return the answer where no operation is found: another method may be."""
    allowed = [method.upper() for method in METHODS if document.operation_at(method, path)]
    if not allowed:
        return Refusal.NO_SUCH_PATH.answer()
    return Refusal.WRONG_METHOD.answer(headers=(("allow", ", ".join(allowed)),))


def refused(
    parsed: ParsedRequest, account: Account, document: Document, *, identify_in: IdentifyIn
) -> CannedResponse | None:
    """Return the refusal of a request that nobody could be answered with; None if all is well with it."""
    bot_id = account.bot_id
    if parsed.tokens is None or any(token != account.token for token in parsed.tokens):
        return Refusal.TOKEN_EXPIRED.answer()
    if parsed.faults:
        return Refusal.BAD_VARIABLES.answer("; ".join(parsed.faults))
    if parsed.query.get("botId", bot_id) != bot_id:
        return Refusal.BOT_NOT_FOUND.answer()
    if parsed.body.get("secret", account.secret) != account.secret:
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
) -> CannedResponse:
    """Return the answer to a request that was not refused.

    `gifts` are those of the client that the body asks for, None if there is no such client. `told` is the content where
    somebody has said what it is.
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
            return Refusal.CLIENT_NOT_FOUND.answer(bot_id=BOT_ID)
        payload = gifts if about_gifts else payload
    if trouble.change is not None and about_gifts and isinstance(payload, Mapping):
        payload = changed(answers.completed(GIFTS, Content(with_a_gift(payload))).payload, trouble.change)
    elif trouble.change is not None:
        payload = changed_once(document, success.schema or {}, payload, trouble.change)
    return trouble.befall(success.saying(payload))


def ids_in(parsed: ParsedRequest) -> Iterator[str]:
    """Yield what a request names somebody or something by: its path's parameters, and ids of clients anywhere."""
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
    """How often each id was asked for, for each operation: the nth request gets the nth of several answers."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[tuple[str, str], str]] = Counter()

    def next_of(self, several: Sequence[T], parsed: ParsedRequest, id_: str) -> T:
        """Return what comes next; the last one goes on for ever."""
        visit = (parsed.operation.key, id_)
        self._asked[visit] += 1
        return several[min(self._asked[visit], len(several)) - 1]

    def trouble(self, parsed: ParsedRequest, known: Container[str] = ()) -> Trouble | None:
        """Return what becomes of the answer where an id that makes trouble is asked for, and is no client's."""
        id_ = next((id_ for id_ in ids_in(parsed) if id_ in TROUBLES and id_ not in known), None)
        return None if id_ is None else self.next_of(TROUBLES[id_], parsed, id_)
