"""The callers of the friendly methods: a request of the document becomes one of the retry loop, its answer a result."""

from __future__ import annotations

from types import EllipsisType
from typing import TypeAlias, TypeVar

import httpx

from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.requests import EMPTY_BODY, UnsignedRequest
from mantago_runtime.calls.transports import AsyncTransport, SyncTransport
from mantago_runtime.configuration import checked_seconds
from mantago_runtime.operation import Request

T = TypeVar("T")
HeaderPairs: TypeAlias = tuple[tuple[bytes, bytes], ...]


class _Caller:
    """The headers of requests, and how one is made: both callers share it."""

    def __init__(self, policy: Policy) -> None:
        self._path = policy.path
        # From httpx, so that a friendly method sends what a generated function sends, such as Host.
        raw = httpx.Request("POST", policy.base_url, headers=policy.headers).headers.raw
        self._headers = tuple(pair for pair in raw if pair[0] != b"Content-Length")
        self._json_headers = (*self._headers, (b"Content-Type", b"application/json"))

    def _unsigned(self, request: Request[T], timeout: float | EllipsisType) -> UnsignedRequest:
        """Return the request, without httpx's detour over a URL."""
        # Before there is a name for the headers, which may hold a secret of the caller's.
        seconds = None if timeout is ... else checked_seconds(timeout)
        headers, content = (self._json_headers, EMPTY_BODY) if request.body is not None else self._of_content(request)
        if request.headers or request.operation.accept is not None:
            headers = _with_own(headers, request)
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

    def _of_content(self, request: Request[T]) -> tuple[HeaderPairs, httpx.ByteStream]:
        """Return the headers and the content of a request whose body is no JSON object."""
        packed = request.content or b""
        headers = (*self._headers, (b"Content-Length", b"%d" % len(packed)))
        if request.content_type is not None:
            headers += ((b"Content-Type", request.content_type.encode("ascii")),)
        return headers, httpx.ByteStream(packed)


def _with_own(headers: HeaderPairs, request: Request[T]) -> HeaderPairs:
    """Return the headers with those of the request itself in the place of others of their names."""
    if request.operation.accept is not None:
        accept = b"Accept", request.operation.accept.encode("ascii")
        headers = (*(pair for pair in headers if pair[0].lower() != b"accept"), accept)
    own = tuple((name.encode("ascii"), value.encode("ascii")) for name, value in request.headers)
    names = {name.lower() for name, _ in own}
    return (*(pair for pair in headers if pair[0].lower() not in names), *own)


class SyncCaller(_Caller):
    """Calls operations from threads."""

    def __init__(self, transport: SyncTransport) -> None:
        super().__init__(transport.calls.policy)
        self._transport = transport

    def call(self, request: Request[T], timeout: float | EllipsisType = ...) -> T:
        """Return the result; `timeout` is in seconds, for this call in all."""
        answer = self._transport.send(self._unsigned(request, timeout))
        return self._transport.results.read(request.operation, answer)


class AsyncCaller(_Caller):
    """Calls operations from tasks."""

    def __init__(self, transport: AsyncTransport) -> None:
        super().__init__(transport.calls.policy)
        self._transport = transport

    async def call(self, request: Request[T], timeout: float | EllipsisType = ...) -> T:
        """Return the result; `timeout` is in seconds, for this call in all."""
        answer = await self._transport.send(self._unsigned(request, timeout))
        return self._transport.results.read(request.operation, answer)
