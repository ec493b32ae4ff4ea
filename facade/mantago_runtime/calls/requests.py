"""Requests before they are signed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import httpx

from mantago_runtime.document import Media, OperationInfo

EMPTY_BODY = httpx.ByteStream(b"")
ANY_JSON: Mapping[int | str, Media] = {200: "json"}


class UnsignedRequest:
    """A request before it is signed: credentials go into header, query and JSON body, so these are in parts.

    The repr is silent: a caller may have put a secret of its own into the body. It is no tuple, as error reporters show
    the items of one whatever its repr is.
    """

    __slots__ = ("body", "content", "headers", "media", "method", "operation", "path", "query", "timeout")

    def __init__(  # noqa: PLR0917 - one is made for each call
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...],
        headers: tuple[tuple[bytes, bytes], ...],
        body: Mapping[str, Any] | None = None,
        content: Any = EMPTY_BODY,
        timeout: float | None = None,
        operation: OperationInfo | None = None,
        media: Mapping[int | str, Media] = ANY_JSON,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        """The JSON object to send; None where the body is something else: `content`."""
        self.content = content
        self.timeout = timeout
        """In seconds; None where the client's own holds."""
        self.operation = operation
        """None where the document has no operation at this place."""
        self.media = media
        """The good answers that it may have, by status."""


def told_seconds(timeouts: Mapping[str, Any]) -> float | None:
    """Return the seconds that httpx was told to allow a request; None unless they limit everything."""
    limits = [value for value in timeouts.values() if isinstance(value, (int, float)) and 0 < value < math.inf]
    return max(limits) if limits and len(limits) == len(timeouts) else None


def json_body(request: httpx.Request) -> dict[str, Any] | None:
    """Return the object that a request has for its body, None if its body is something else."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        body = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None
    return body if isinstance(body, dict) else None
