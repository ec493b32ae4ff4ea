"""The requests that the fake was asked, as tests look at them."""

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
    """A request that the fake was asked, each attempt for itself.

    `status` is what it was answered with, None where no answer came; `failure` names what was queued for it. Token and
    secret are left out: the fake compared them. The repr leaves out the platform's id as well, which is personal data.
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
    """Return the record of a request, of which the body may not have been understood."""
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
