"""Requests before they are signed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import httpx
from attrs import field, frozen

from mantago_runtime.document import Media, OperationInfo

EMPTY_BODY = httpx.ByteStream(b"")
OPERATION = "mantago_operation"
"""The extension of an httpx request in which its operation is, where a generated function made it."""
ANY_JSON: Mapping[int | str, Media] = {200: "json"}


@frozen(eq=False)
class UnsignedRequest:
    """A request before it is signed: credentials go into header, query and JSON body, so these are in parts.

    The repr shows none of them: a caller may have put a secret of its own into the body. It is no tuple, as error
    reporters show the items of one whatever its repr is.
    """

    method: str
    path: str = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    """The JSON object to send; None where the body is something else: `content`."""
    content: Any = field(default=EMPTY_BODY, repr=False)
    timeout: float | None = None
    """In seconds; None where the client's own holds."""
    operation: OperationInfo | None = None
    """None where the document has no operation at this place."""
    media: Mapping[int | str, Media] = field(default=ANY_JSON, repr=False)
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
