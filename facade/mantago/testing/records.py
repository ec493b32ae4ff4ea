"""The requests that the fake got, for tests to look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
from attrs import field, frozen

from mantago.testing.failures import FailureName
from mantago.testing.service import ParsedRequest
from mantago_runtime.mappings import Headers

__all__ = ["RecordedRequest", "recorded"]


@frozen(kw_only=True)
class RecordedRequest:
    """A request that the fake got; each attempt is one.

    `status` is the answer's, or None if there was none; `failure` names the failure that was queued for it. It holds
    neither token nor secret: the fake has compared them. The repr leaves out the platform's id too, which is personal.
    """

    method: str
    path: str
    client_id: str | None = None
    platform: str | None = None
    platform_client_id: str | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(factory=dict, repr=False)
    body: Mapping[str, Any] = field(factory=dict, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    status: int | None = None
    failure: FailureName | None = None


def recorded(
    request: httpx.Request, parsed: ParsedRequest | None, status: int | None, failed: FailureName | None
) -> RecordedRequest:
    """Return the record of a request, whose body may be unreadable."""
    body = parsed.body if parsed else {}
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "authorization"]
    return RecordedRequest(
        method=request.method,
        path=request.url.path,
        client_id=body.get("clientId"),
        platform=body.get("platform"),
        platform_client_id=body.get("platformClientId"),
        query=MappingProxyType(dict(request.url.params)),
        body=MappingProxyType({name: value for name, value in body.items() if name != "secret"}),
        headers=Headers(headers),
        status=status,
        failure=failed,
    )
