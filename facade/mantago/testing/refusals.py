"""The refusals that sandbox and fake know, and the identification rule; without a server and without the spec."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from attrs import evolve, frozen

__all__ = ["BOT_ID", "CannedResponse", "Refusal", "as_json", "broken_rule", "page"]

BOT_ID: Final = "1NbWoobyg"


@frozen
class CannedResponse:
    """A response of the sandbox or the fake, and how it is sent.

    `off_spec` marks a response that breaks the spec on purpose, and so isn't checked against it. A `slow` one comes
    late. Of a `cut_off` one, half the body comes before the connection closes.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    off_spec: bool = False
    slow: bool = False
    cut_off: bool = False

    def of_bot(self, bot_id: str) -> "CannedResponse":
        """Return the response as a bot of this id gets it: refusals name the bot."""
        ours, theirs = (f'"botId": {json.dumps(one, ensure_ascii=False)}'.encode() for one in (BOT_ID, bot_id))
        return self if ours == theirs else evolve(self, body=self.body.replace(ours, theirs))


def as_json(payload: Mapping[str, Any]) -> bytes:
    """Return the body of a response."""
    return json.dumps(payload, ensure_ascii=False).encode()


def page(status: int, title: str) -> CannedResponse:
    """Return a page for people, as proxies and gateways send one."""
    html = f"<!doctype html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n"
    return CannedResponse(status, html.encode(), "text/html; charset=utf-8", off_spec=True)


class Refusal(Enum):
    """A way to refuse: the status, the vendor's code and the vendor's message.

    The vendor publishes codes and messages; which status goes with which code is our reading.
    """

    PERMISSION_DENIED = (403, 1002, "permission denied")
    TOKEN_EXPIRED = (401, 1004, "Token is invalid or expired")
    BOT_NOT_FOUND = (404, 5001, "尋找Bot資訊失敗,無此botId")
    PLATFORM_NOT_CONNECTED = (404, 11001, "尋找Integration資訊失敗,無此IntegrationId")
    CLIENT_NOT_FOUND = (404, 37011, "Get client failed")
    BAD_VARIABLES = (400, 110000, "Get correct request variables failed")
    CREDENTIALS_RENEWED = (401, 120000, "Get open api failed")
    # These codes and messages are made up: the vendor publishes none.
    NO_SUCH_PATH = (404, 404, "No such path")
    WRONG_METHOD = (405, 405, "Wrong method for this path")
    RATE_LIMITED = (429, 429, "Rate limit exceeded")
    SERVER_ERROR = (500, 500, "Internal server error")

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message

    def envelope(self, detail: str = "", bot_id: str | None = None) -> dict[str, Any]:
        """Return the vendor's failure envelope; `detail` follows the vendor's message."""
        error: dict[str, Any] = {"message": f"{self.message}: {detail}" if detail else self.message, "code": self.code}
        if bot_id is not None:
            error["botId"] = bot_id
        return {"success": False, "errResponse": error}

    def answer(
        self, detail: str = "", *, bot_id: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> CannedResponse:
        """Return the refusal as an answer."""
        return CannedResponse(self.status, as_json(self.envelope(detail, bot_id)), headers=headers)


def broken_rule(body: Mapping[str, Any], query: Mapping[str, Any], *, pair_in_query: bool) -> str | None:
    """Return the way in which a request breaks the identification rule, None if it keeps the rule.

    The rule is prose in the spec (ClientIdentificationRequest and the query parameters), so it is code here.
    `pair_in_query` wants a platform pair in the query as well, as the prose about the query says.
    """
    in_body, in_query = _identifiers(body), _identifiers(query)
    for place, given in (("body", in_body), ("query", in_query)):
        blank = [name for name, value in given.items() if not value.strip()]
        if blank:
            return f"{blank[0]} is blank in the {place}: give it, or leave it out"
    if "clientId" in in_body and len(in_body) + len(in_query) > 1:
        return "clientId and a platform pair are both given: give only one of them"
    if "clientId" in in_body:
        return None
    if not in_body:
        return "the body must have clientId, or platform and platformClientId"
    if pair_in_query and not in_query:
        return "platform and platformClientId must be in the query too, since the body has no clientId"
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
