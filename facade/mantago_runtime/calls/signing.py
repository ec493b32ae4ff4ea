"""The signing of requests: credentials go into header, query and JSON body."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

import httpcore
import httpx

from mantago_runtime.calls.requests import UnsignedRequest
from mantago_runtime.secrets.credentials import Credentials
from mantago_runtime.secrets.redaction import Redactor
from mantago_runtime.secrets.store import CredentialStore
from mantago_runtime.writing.styles import as_json


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
        packed = as_json({**request.body, "secret": secret}).encode()
        headers.append((b"Content-Length", b"%d" % len(packed)))
        content = httpx.ByteStream(packed)
    url = httpcore.URL(scheme=base_url.raw_scheme, host=base_url.raw_host, port=base_url.port, target=target)
    signed = httpcore.Request(request.method, url, content=content)
    signed.headers = headers  # these are bytes already: httpcore would look at each
    return signed


def sent_bot_id(request: UnsignedRequest, credentials: Credentials, held: Iterable[Credentials]) -> str:
    """Return the bot id with which a request is sent: see `sign`."""
    own = next((value for name, value in request.query if name == "botId"), "")
    return credentials.bot_id if not own or any(own == pair.bot_id for pair in held) else own


def redactor_for(request: UnsignedRequest, store: CredentialStore) -> Redactor:
    """Return what to take out of the answer: what the client holds, and a secret that the request brought itself."""
    own = (request.body or {}).get("secret")
    if not isinstance(own, str) or not own or any(own == pair.secret for pair in store.held):
        return store.redactor
    return Redactor(store.held, [own, *store.others])
