"""The callers of the friendly methods: a request of the document becomes one of the retry loop, its answer a result."""

from __future__ import annotations

from types import EllipsisType
from typing import TypeVar

import httpx

from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.requests import EMPTY_BODY, UnsignedRequest
from mantago_runtime.calls.transports import AsyncTransport, SyncTransport
from mantago_runtime.configuration import checked_seconds
from mantago_runtime.operation import Request

T = TypeVar("T")


class _Caller:
    """The headers of requests, and how one is made: both callers share it."""

    def __init__(self, policy: Policy, http: httpx.Client | httpx.AsyncClient) -> None:
        self._path = policy.path
        # What httpx puts into the header of a generated function's request, a friendly method's has too.
        template = http.build_request("POST", policy.base_url, json={})
        self._json_headers = policy.unsigned(template).headers
        self._other_headers = tuple(pair for pair in self._json_headers if pair[0].lower() != b"content-type")

    def _unsigned(self, request: Request[T], timeout: float | EllipsisType) -> UnsignedRequest:
        """Return the request, without httpx's detour over a URL."""
        # Before there is a name for the headers, which may hold a secret of the caller's.
        seconds = None if timeout is ... else checked_seconds(timeout)
        headers, content = self._json_headers, EMPTY_BODY
        if request.body is None:
            packed = request.content or b""
            content = httpx.ByteStream(packed)
            headers = (*self._other_headers, (b"Content-Length", b"%d" % len(packed)))
            if request.content_type is not None:
                headers += ((b"Content-Type", request.content_type.encode("ascii")),)
        if request.operation.accept is not None:
            headers = (*(pair for pair in headers if pair[0].lower() != b"accept"), accepting(request.operation.accept))
        if request.headers:
            own = tuple((name.encode("ascii"), value.encode("ascii")) for name, value in request.headers)
            names = {name.lower() for name, _ in own}
            headers = (*(pair for pair in headers if pair[0].lower() not in names), *own)
        return UnsignedRequest(
            request.operation.info.method,
            self._path + request.path,
            request.query,
            headers,
            request.body,
            content,
            seconds,
            request.operation.info,
            request.operation.media,
        )


def accepting(media_type: str) -> tuple[bytes, bytes]:
    """Return the header that asks for a media type."""
    return b"Accept", media_type.encode("ascii")


class SyncCaller(_Caller):
    """Calls operations from threads."""

    def __init__(self, transport: SyncTransport, http: httpx.Client) -> None:
        super().__init__(transport.calls.policy, http)
        self._transport = transport

    def call(self, request: Request[T], timeout: float | EllipsisType = ...) -> T:
        """Return the result; `timeout` is in seconds, for this call in all."""
        answer = self._transport.send(self._unsigned(request, timeout))
        return self._transport.results.read(request.operation, answer)


class AsyncCaller(_Caller):
    """Calls operations from tasks."""

    def __init__(self, transport: AsyncTransport, http: httpx.AsyncClient) -> None:
        super().__init__(transport.calls.policy, http)
        self._transport = transport

    async def call(self, request: Request[T], timeout: float | EllipsisType = ...) -> T:
        """Return the result; `timeout` is in seconds, for this call in all."""
        answer = await self._transport.send(self._unsigned(request, timeout))
        return self._transport.results.read(request.operation, answer)
