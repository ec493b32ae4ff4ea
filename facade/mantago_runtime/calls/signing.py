"""Requests before and after they are signed: credentials go into header, query and JSON body."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpcore
import httpx
from attrs import frozen

from mantago_runtime.operation import Answers, OperationInfo
from mantago_runtime.reading.readers import JSON
from mantago_runtime.secrets.credentials import Credentials
from mantago_runtime.secrets.redaction import Redactor
from mantago_runtime.secrets.store import CredentialStore

EMPTY_BODY = httpx.ByteStream(b"")
ANY_JSON: Answers = {200: JSON}


@frozen(repr=False)
class UnsignedRequest:
    """A request before it is signed: credentials go into header, query and JSON body, so these are in parts.

    The repr is silent: a caller may have put a secret of its own into the body.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[bytes, bytes], ...]
    body: Mapping[str, Any] | None = None
    """The JSON object to send; None where the body is something else: `content`."""
    content: Any = EMPTY_BODY
    timeout: float | None = None
    operation: OperationInfo | None = None
    """None where the document has no operation at this place."""
    answers: Answers = ANY_JSON
    """The good answers that it may have."""


def told_seconds(timeouts: Mapping[str, Any]) -> float | None:
    """Return the seconds that httpx was told to allow a request; None unless they limit everything."""
    limits = [value for value in timeouts.values() if isinstance(value, (int, float)) and 0 < value < math.inf]
    return max(limits) if limits and len(limits) == len(timeouts) else None


def sign(
    request: UnsignedRequest, base_url: httpx.URL, credentials: Credentials, held: Iterable[Credentials]
) -> httpcore.Request:
    """Return the request with token in the header, bot id in the query and secret in a JSON body.

    A bot id or secret that the request already carries stays, unless it is one that this client holds or held:
    those follow the credentials as they are renewed.
    """
    query = [
        ("botId", sent_bot_id(request, credentials, held)),
        *(item for item in request.query if item[0] != "botId"),
    ]
    target = f"{request.path}?{urlencode(query, quote_via=quote)}"
    headers = [*request.headers, (b"Authorization", f"Bearer {credentials.token}".encode())]
    content = request.content
    if request.body is not None:
        secret = request.body.get("secret")
        if not secret or any(secret == pair.secret for pair in held):
            secret = credentials.secret
        packed = json.dumps({**request.body, "secret": secret}, ensure_ascii=False, separators=(",", ":")).encode()
        headers.append((b"Content-Length", b"%d" % len(packed)))
        content = httpx.ByteStream(packed)
    url = httpcore.URL(scheme=base_url.raw_scheme, host=base_url.raw_host, port=base_url.port, target=target)
    return httpcore.Request(request.method, url, headers=headers, content=content)


def sent_bot_id(request: UnsignedRequest, credentials: Credentials, held: Iterable[Credentials]) -> str:
    """Return the bot id with which a request is sent: see `sign`."""
    own = next((value for name, value in request.query if name == "botId"), "")
    return credentials.bot_id if not own or any(own == pair.bot_id for pair in held) else own


def json_body(request: httpx.Request) -> dict[str, Any] | None:
    """Return the object that a request has for its body, None if its body is something else."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        body = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None
    return body if isinstance(body, dict) else None


def redactor_for(request: UnsignedRequest, store: CredentialStore) -> Redactor:
    """Return what to take out of the answer: what the client holds, and a secret that the request brought itself."""
    own = (request.body or {}).get("secret")
    if not isinstance(own, str) or not own or any(own == pair.secret for pair in store.held):
        return store.redactor
    return Redactor(store.held, [own, *store.others])
