"""The refusals, the identification rule, the clients and the troubles that sandbox and fake know.

Pure decisions, without a server and without the spec, so that both say the same.
"""

import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from attrs import evolve, field, frozen

__all__ = [
    "BOT_ID",
    "CLIENTS",
    "GIFTS",
    "SLOW_SECONDS",
    "TRIGGERS",
    "TROUBLES",
    "CannedResponse",
    "PlatformId",
    "Refusal",
    "SandboxClient",
    "Trouble",
    "broken_rule",
    "changed",
    "gifts_of_trigger",
    "page",
    "sandbox_client_for",
    "success_envelope",
    "with_a_gift",
]

BOT_ID: Final = "1NbWoobyg"
SLOW_SECONDS: Final = 5.0
"""How late a slow answer comes."""


@frozen
class CannedResponse:
    """A response of the sandbox or the fake, and how it is sent.

    `off_spec` marks what isn't what the spec promises on purpose, and so isn't checked against it.
    `slow` answers come late; of `cut_off` ones half the body comes before the connection closes.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    off_spec: bool = False
    slow: bool = False
    cut_off: bool = False


@frozen
class Trouble:
    """What becomes of a good answer: another comes `instead`, or it comes changed, late or cut off, or as it is."""

    instead: CannedResponse | None = None
    change: str | None = None
    slow: bool = False
    cut_off: bool = False

    def befall(self, good: CannedResponse) -> CannedResponse:
        """Return what comes where this would be the good answer, with its content changed already."""
        if self.instead is not None:
            return self.instead
        off_spec = self.change not in {None, "unknown_field"}
        return evolve(good, off_spec=off_spec, slow=self.slow, cut_off=self.cut_off)


@frozen
class PlatformId:
    """The id of a client on one platform."""

    platform: str
    platform_client_id: str


@frozen
class SandboxClient:
    """A client to ask for, or, as with a payment service's test cards, an id that makes trouble.

    Without `platform_ids` the `id` is also the platform client id, on every platform.
    The nth request for gifts gets the nth of `answers`; the last one goes on for ever. Any other operation answers with
    its own content, and an id that makes trouble makes it there as well.
    """

    id: str
    description: str
    answers: tuple[CannedResponse, ...] = field(repr=False)
    platform_ids: tuple[PlatformId, ...] = ()


def _json(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


class Refusal(Enum):
    """Each way to say no: status, the vendor's code, the vendor's message.

    The vendor publishes codes and messages; which status goes with which code is our reading.
    """

    PERMISSION_DENIED = (403, 1002, "permission denied")
    TOKEN_EXPIRED = (401, 1004, "Token is invalid or expired")
    BOT_NOT_FOUND = (404, 5001, "尋找Bot資訊失敗,無此botId")
    PLATFORM_NOT_CONNECTED = (404, 11001, "尋找Integration資訊失敗,無此IntegrationId")
    CLIENT_NOT_FOUND = (404, 37011, "Get client failed")
    BAD_VARIABLES = (400, 110000, "Get correct request variables failed")
    CREDENTIALS_RENEWED = (401, 120000, "Get open api failed")
    # Made up, codes and messages: the vendor publishes none for these.
    NO_SUCH_PATH = (404, 404, "No such path")
    WRONG_METHOD = (405, 405, "Wrong method for this path")
    RATE_LIMITED = (429, 429, "Rate limit exceeded")
    SERVER_ERROR = (500, 500, "Internal server error")

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message

    def envelope(self, detail: str = "", bot_id: str | None = None) -> dict[str, Any]:
        """Return the vendor's failure envelope; `detail` goes behind the vendor's message."""
        error: dict[str, Any] = {"message": f"{self.message}: {detail}" if detail else self.message, "code": self.code}
        if bot_id is not None:
            error["botId"] = bot_id
        return {"success": False, "errResponse": error}

    def answer(
        self, detail: str = "", *, bot_id: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> CannedResponse:
        """Return the refusal as an answer."""
        return CannedResponse(self.status, _json(self.envelope(detail, bot_id)), headers=headers)


def success_envelope(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the success envelope around lists of gifts under the service's names."""
    return {"success": True, "message": "Get client gifts successfully", **lists}


def broken_rule(body: Mapping[str, Any], query: Mapping[str, Any], *, pair_in_query: bool) -> str | None:
    """Return what breaks the identification rule, None where it is kept.

    The rule is prose in the spec (ClientIdentificationRequest and the query parameters), so it
    is code here. `pair_in_query` takes the query's half of that prose at its word.
    """
    in_body, in_query = _identifiers(body), _identifiers(query)
    for place, given in (("body", in_body), ("query", in_query)):
        blank = [name for name, value in given.items() if not value.strip()]
        if blank:
            return f"{blank[0]} is blank in the {place}"
    if "clientId" in in_body and len(in_body) + len(in_query) > 1:
        return "clientId and a platform pair are both given, want only one of them"
    if "clientId" in in_body:
        return None
    if not in_body:
        return "want clientId, or platform and platformClientId, in the body"
    if pair_in_query and not in_query:
        return "want platform and platformClientId in the query too, as the body has no clientId"
    for place, given in (("body", in_body), ("query", in_query or in_body)):
        missing = [name for name in ("platform", "platformClientId") if name not in given]
        if missing:
            return f"{missing[0]} is missing in the {place}, where the other half of the pair is"
    if in_query and in_query != in_body:
        return "platform and platformClientId differ between query and body"
    return None


def _identifiers(given: Mapping[str, Any]) -> dict[str, str]:
    names = ("clientId", "platform", "platformClientId")
    return {name: given[name] for name in names if given.get(name) is not None}


def sandbox_client_for(body: Mapping[str, Any]) -> SandboxClient | None:
    """Return whom a body that keeps the identification rule asks for, None if nobody."""
    if "clientId" in body:
        return _BY_CLIENT_ID.get(body["clientId"])
    pair = PlatformId(body["platform"], body["platformClientId"])
    return _BY_PLATFORM_ID.get(pair) or _TRIGGER_BY_ID.get(pair.platform_client_id)


GIFTS: Final = "get_client_gifts"
"""The operation that the clients' gifts are the answer to."""
_MANY_GIFTS: Final = success_envelope(
    tickets=[
        {"createdAt": "2024-05-02T02:11:09.031Z"},
        {"createdAt": "2024-06-20T13:45:00.000Z"},
        {"createdAt": "2024-07-15T10:30:28.700Z"},
    ],
    physicalGifts=[
        {
            "name": "不鏽鋼保溫杯",
            "resource": "lotteryGame",
            "createdAt": "2024-07-15T10:30:28.700Z",
            "isExpired": False,
        },
        {
            "name": "Canvas tote bag",
            "resource": "rewardsCard",
            "createdAt": "2024-06-01T08:00:00.125Z",
            "isExpired": False,
        },
    ],
    virtualGifts=[
        {
            "name": "美式咖啡兌換券",
            "resource": "rewardsCard",
            "createdAt": "2024-07-01T04:20:17.450Z",
            "isExpired": False,
        },
        {
            "name": "春季抽獎九折券",
            "resource": "lotteryGame",
            "createdAt": "2024-03-12T09:05:44.210Z",
            "isExpired": True,
            "startTime": "2024-03-15T00:00:00.000Z",
            "endTime": "2024-04-15T15:59:59.999Z",
        },
        {
            "name": "Welcome sticker set",
            "resource": "unknown",
            "createdAt": "2023-12-31T23:59:59.999Z",
            "isExpired": False,
        },
    ],
)
_ONE_GIFT: Final = {
    "name": "生日蛋糕兌換券",
    "resource": "rewardsCard",
    "createdAt": "2024-07-15T10:30:28.700Z",
    "isExpired": False,
}

_LISTS: Final = ("physicalGifts", "virtualGifts")
_CHANGES: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    # by the kind of drift that a client then tells of
    "missing": lambda gift: {name: value for name, value in gift.items() if name != "isExpired"},
    "null": lambda gift: {**gift, "startTime": None, "endTime": None},
    "unknown_value": lambda gift: {**gift, "resource": "birthdayCampaign"},
    "unknown_field": lambda gift: {**gift, "rarity": "gold"},
    "format": lambda gift: {**gift, "createdAt": gift["createdAt"].removesuffix("Z")},
    # what no client can put up with
    "no_name": lambda gift: {name: value for name, value in gift.items() if name != "name"},
}


def changed(payload: Mapping[str, Any], change: str) -> dict[str, Any]:
    """Return gifts as a newer or sloppier service might send them, each changed in one way."""
    gifts = {name: [*map(_CHANGES[change], payload[name])] for name in _LISTS if payload.get(name)}
    beside = {"loyaltyPoints": 120} if change == "unknown_field" else {}
    return {**payload, **gifts, **beside}


def with_a_gift(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return gifts with one at least, in which something can be changed."""
    return {**payload} if any(payload.get(name) for name in _LISTS) else {**payload, "virtualGifts": [_ONE_GIFT]}


def _gifts(payload: Mapping[str, Any]) -> CannedResponse:
    return CannedResponse(200, _json(payload))


CLIENTS: Final = (
    SandboxClient(
        "VolejRejN",
        "many gifts: tickets, physical and virtual ones, one of them expired",
        (_gifts(_MANY_GIFTS),),
        (PlatformId("line", "U4af4980629e14c3b8d2f7a61c05be937"), PlatformId("instagram", "17841405793187218")),
    ),
    SandboxClient(
        "TamirOskQ",
        "exactly one gift, and no ticket",
        (_gifts(success_envelope(tickets=[], physicalGifts=[], virtualGifts=[_ONE_GIFT])),),
        (PlatformId("line", "U93c1d0b7a6f24e58b0c7d94e1f3a2865"), PlatformId("facebook", "6128904415327790")),
    ),
    SandboxClient(
        "BelunHavK",
        "no gifts at all",
        (_gifts(success_envelope(tickets=[], physicalGifts=[], virtualGifts=[])),),
        (PlatformId("whatsapp", "886912345678"), PlatformId("liveChat", "lc-5f0c21d9")),
    ),
)


def _rate_limited(retry_after: int) -> CannedResponse:
    headers = (("retry-after", str(retry_after)),)
    return Refusal.RATE_LIMITED.answer(bot_id=BOT_ID, headers=headers)


def page(status: int, title: str) -> CannedResponse:
    """Return a page for people, as proxies and gateways send one."""
    html = f"<!doctype html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n"
    return CannedResponse(status, html.encode(), "text/html; charset=utf-8", off_spec=True)


def _refused(refusal: Refusal) -> tuple[str, Trouble]:
    return f"{refusal.status}, code {refusal.code}: {refusal.message}", Trouble(refusal.answer(bot_id=BOT_ID))


_REFUSED_WITH_200: Final = CannedResponse(200, _json(Refusal.CLIENT_NOT_FOUND.envelope(bot_id=BOT_ID)), off_spec=True)
_WELL: Final = Trouble()
_Trigger = tuple[SandboxClient, tuple[Trouble, ...], Mapping[str, Any]]


def _trigger(id_: str, description: str, *troubles: Trouble, gifts: Mapping[str, Any] = _MANY_GIFTS) -> _Trigger:
    """Return an id, what becomes of the nth answer, and the gifts that there are where all is well."""
    payloads = [changed(gifts, trouble.change) if trouble.change else gifts for trouble in troubles]
    answers = tuple(trouble.befall(_gifts(payload)) for trouble, payload in zip(troubles, payloads, strict=True))
    return SandboxClient(id_, description, answers), troubles, gifts


_TRIGGERS: Final[tuple[_Trigger, ...]] = (
    _trigger("bad-variables", *_refused(Refusal.BAD_VARIABLES)),
    _trigger("token-expired", *_refused(Refusal.TOKEN_EXPIRED)),
    _trigger("credentials-renewed", *_refused(Refusal.CREDENTIALS_RENEWED)),
    _trigger("permission-denied", *_refused(Refusal.PERMISSION_DENIED)),
    _trigger("bot-not-found", *_refused(Refusal.BOT_NOT_FOUND)),
    _trigger("platform-not-connected", *_refused(Refusal.PLATFORM_NOT_CONNECTED)),
    _trigger("client-not-found", *_refused(Refusal.CLIENT_NOT_FOUND)),
    _trigger("rate-limited", "429 with Retry-After: 1, every time", Trouble(_rate_limited(1))),
    _trigger(
        "rate-limited-once",
        "429 with Retry-After: 0 for the first request of an operation, then a good answer",
        Trouble(_rate_limited(0)),
        _WELL,
    ),
    _trigger("server-error", *_refused(Refusal.SERVER_ERROR)),
    _trigger("bad-gateway", "502 with an HTML page", Trouble(page(502, "502 Bad Gateway"))),
    _trigger("slow-answer", "a good answer, after about 5 seconds", Trouble(slow=True)),
    _trigger("cut-off-answer", "the connection closes half-way through the body", Trouble(cut_off=True)),
    _trigger("not-json", "200 with an HTML page", Trouble(page(200, "Under maintenance"))),
    _trigger(
        "field-from-the-future",
        "fields that the spec doesn't list, beside the gifts and in one",
        Trouble(change="unknown_field"),
        gifts=success_envelope(virtualGifts=[_ONE_GIFT]),
    ),
    _trigger(
        "enum-from-the-future",
        "a gift whose resource the spec doesn't list",
        Trouble(change="unknown_value"),
        gifts=success_envelope(virtualGifts=[_ONE_GIFT]),
    ),
    _trigger(
        "missing-is-expired",
        "a gift without isExpired, as in the vendor's own example",
        Trouble(change="missing"),
        gifts=success_envelope(physicalGifts=[_ONE_GIFT]),
    ),
    _trigger("refused-with-200", "200, yet success is false, code 37011", Trouble(_REFUSED_WITH_200)),
)
TRIGGERS: Final = tuple(client for client, _, _ in _TRIGGERS)
TROUBLES: Final[Mapping[str, tuple[Trouble, ...]]] = {client.id: troubles for client, troubles, _ in _TRIGGERS}
"""What becomes of the nth answer where an id that makes trouble is asked for; the last goes on for ever."""

_BY_CLIENT_ID: Final = {client.id: client for client in (*CLIENTS, *TRIGGERS)}
_BY_PLATFORM_ID: Final = {pair: client for client in CLIENTS for pair in client.platform_ids}
_TRIGGER_BY_ID: Final = {client.id: client for client in TRIGGERS}
_GIFTS_OF_TRIGGERS: Final = {client.id: gifts for client, _, gifts in _TRIGGERS}


def gifts_of_trigger(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the gifts of an id that makes trouble, None if the body asks for none such."""
    return _GIFTS_OF_TRIGGERS.get(body.get("clientId", body.get("platformClientId", "")))
