"""The clients that the sandbox knows, and the ids that fail at sandbox and fake.

Pure decisions, without a server and without the spec, so that both say the same.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal, as_json, page
from mantago.testing.troubles import ONE_GIFT, Trouble, changed, spelled, success_envelope

__all__ = [
    "CLIENTS",
    "GIFTS",
    "GIFT_MEMBERS",
    "TRIGGERS",
    "TROUBLES",
    "PlatformId",
    "SandboxClient",
    "gifts_of_trigger",
    "sandbox_client_for",
]


@frozen
class PlatformId:
    """A client's id on one platform."""

    platform: str
    platform_client_id: str


@frozen
class SandboxClient:
    """A client to ask for, or an id that fails, as a payment service has test cards that fail.

    An id that fails is named after the failure, as `FakeMantaGo.fail` takes it.
    Without `platform_ids` the `id` is also the platform client id, on every platform.
    The nth request for gifts gets the nth of `answers`; the last one repeats. Any other operation answers with its own
    content, and an id that fails does so there as well.
    """

    id: str
    description: str
    answers: tuple[CannedResponse, ...] = field(repr=False)
    platform_ids: tuple[PlatformId, ...] = ()


def sandbox_client_for(body: Mapping[str, Any]) -> SandboxClient | None:
    """Return the client that a body asks for, if the body keeps the identification rule and the client exists."""
    if "clientId" in body:
        return _BY_CLIENT_ID.get(body["clientId"])
    return _BY_PLATFORM_ID.get(PlatformId(body["platform"], body["platformClientId"]))


GIFTS: Final = "get_client_gifts"
"""The operation that answers with the clients' gifts."""
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


GIFT_MEMBERS: Final = frozenset(_MANY_GIFTS).union(
    *(gift for gifts in _MANY_GIFTS.values() if isinstance(gifts, list) for gift in gifts)
)
"""What the answers here know of gifts: of a newer document, they have all that it adds."""


def _gifts(payload: Mapping[str, Any]) -> CannedResponse:
    return CannedResponse(200, as_json(payload))


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
        (_gifts(success_envelope(tickets=[], physicalGifts=[], virtualGifts=[ONE_GIFT])),),
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


def _refused(refusal: Refusal) -> tuple[str, Trouble]:
    return f"{refusal.status}, code {refusal.code}: {refusal.message}", Trouble(refusal.answer(bot_id=BOT_ID))


_REFUSED_WITH_200: Final = CannedResponse(200, as_json(Refusal.CLIENT_NOT_FOUND.envelope(bot_id=BOT_ID)), off_spec=True)
_REDIRECT: Final = CannedResponse(302, b"", headers=(("location", "https://login.example.com/"),), off_spec=True)
_WELL: Final = Trouble()
_Trigger = tuple[SandboxClient, tuple[Trouble, ...], Mapping[str, Any]]


def _trigger(id_: str, description: str, *troubles: Trouble, gifts: Mapping[str, Any] = _MANY_GIFTS) -> _Trigger:
    """Return an id that fails, the trouble of its nth answer, and its gifts in an answer without trouble."""
    payloads = [changed(gifts, trouble.change) if trouble.change else gifts for trouble in troubles]
    answers = tuple(trouble.befall(_gifts(payload)) for trouble, payload in zip(troubles, payloads, strict=True))
    return SandboxClient(id_, description, answers), troubles, gifts


_GIFT: Final = success_envelope(virtualGifts=[ONE_GIFT])
_TRIGGERS: Final[tuple[_Trigger, ...]] = (
    _trigger("bad_variables", *_refused(Refusal.BAD_VARIABLES)),
    _trigger("token_expired", *_refused(Refusal.TOKEN_EXPIRED)),
    _trigger("credentials_renewed", *_refused(Refusal.CREDENTIALS_RENEWED)),
    _trigger("permission_denied", *_refused(Refusal.PERMISSION_DENIED)),
    _trigger("bot_not_found", *_refused(Refusal.BOT_NOT_FOUND)),
    _trigger("platform_not_connected", *_refused(Refusal.PLATFORM_NOT_CONNECTED)),
    _trigger("client_not_found", *_refused(Refusal.CLIENT_NOT_FOUND)),
    _trigger("rate_limited", "429 with Retry-After: 1, every time", Trouble(_rate_limited(1))),
    _trigger(
        "rate_limited_once",
        "429 with Retry-After: 0 for the first request of an operation, then a good answer",
        Trouble(_rate_limited(0)),
        _WELL,
    ),
    _trigger("refused_with_200", "200, yet success is false, code 37011", Trouble(_REFUSED_WITH_200)),
    _trigger("server_error", *_refused(Refusal.SERVER_ERROR)),
    _trigger("bad_gateway", "502 with an HTML page", Trouble(page(502, "502 Bad Gateway"))),
    _trigger("service_unavailable", "503 with an HTML page", Trouble(page(503, "503 Service Temporarily Unavailable"))),
    _trigger("gateway_timeout", "504 with an HTML page", Trouble(page(504, "504 Gateway Time-out"))),
    _trigger("redirect", "302 to another host", Trouble(_REDIRECT)),
    _trigger("cut_off_answer", "the connection closes half-way through the body", Trouble(cut_off=True)),
    _trigger("slow_answer", "a good answer, after about 5 seconds", Trouble(slow=True)),
    _trigger("not_json", "200 with an HTML page", Trouble(page(200, "Under maintenance"))),
    _trigger("empty_body", "200 with nothing", Trouble(CannedResponse(200, b"", off_spec=True))),
    _trigger("missing_name", "a gift without name, which the spec requires", Trouble(change="no_name"), gifts=_GIFT),
    _trigger(
        "drift_missing",
        "a gift without isExpired, as in the vendor's own example",
        Trouble(change="missing"),
        gifts=success_envelope(physicalGifts=[ONE_GIFT]),
    ),
    _trigger("drift_null", "a gift whose times are null", Trouble(change="null"), gifts=_GIFT),
    _trigger(
        "drift_unknown_value",
        "a gift whose resource the spec doesn't list",
        Trouble(change="unknown_value"),
        gifts=_GIFT,
    ),
    _trigger(
        "drift_unknown_field",
        "fields that the spec doesn't list, beside the gifts and in one",
        Trouble(change="unknown_field"),
        gifts=_GIFT,
    ),
    _trigger("drift_format", "a gift whose time of creation has no offset", Trouble(change="format"), gifts=_GIFT),
)
TRIGGERS: Final = tuple(client for client, _, _ in _TRIGGERS)
TROUBLES: Final[Mapping[str, tuple[Trouble, ...]]] = {client.id: troubles for client, troubles, _ in _TRIGGERS}
"""The trouble of the nth answer for each id that fails; the last one repeats."""

_BY_CLIENT_ID: Final = {client.id: client for client in CLIENTS}
_BY_PLATFORM_ID: Final = {pair: client for client in CLIENTS for pair in client.platform_ids}
_GIFTS_OF_TRIGGERS: Final = {client.id: gifts for client, _, gifts in _TRIGGERS}


def gifts_of_trigger(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the gifts of an id that fails, None if the body asks for no such id."""
    return _GIFTS_OF_TRIGGERS.get(spelled(str(body.get("clientId", body.get("platformClientId", "")))))
