"""The adapters to httpcore and httpx, for threads and for tasks, and to transports of the caller's."""

from __future__ import annotations

from typing import Any

import httpcore
import httpx
from attrs import frozen

from mantago_runtime.concurrency import maybe_await


@frozen
class Flavour:
    """The names that httpcore and httpx have for the same things, for threads or for tasks."""

    connection: Any
    pool: Any
    transport: Any
    handle: str
    close: str


SYNC = Flavour(httpcore.HTTPConnection, httpcore.ConnectionPool, httpx.HTTPTransport, "handle_request", "close")
ASYNC = Flavour(
    httpcore.AsyncHTTPConnection,
    httpcore.AsyncConnectionPool,
    httpx.AsyncHTTPTransport,
    "handle_async_request",
    "aclose",
)


class TransportAdapter:
    """A transport of the caller's below the policy."""

    def __init__(self, transport: Any, flavour: Flavour) -> None:
        self._handle = getattr(transport, flavour.handle)
        self._flavour = flavour
        self.shut = getattr(transport, flavour.close)

    async def send(self, request: httpcore.Request) -> tuple[httpcore.Response, Any]:
        """Return the response, and the connection that it uses."""
        stream: Any = request.stream
        content = b"".join(stream) if isinstance(stream, httpx.ByteStream) else None
        response = await maybe_await(
            self._handle(
                httpx.Request(
                    request.method.decode("ascii"),
                    bytes(request.url).decode("ascii"),
                    headers=request.headers,
                    content=content,
                    stream=stream if content is None else None,
                    extensions=request.extensions,
                )
            )
        )
        return httpcore.Response(response.status_code, headers=response.headers.raw, content=response.stream), None

    async def done(self, response: httpcore.Response, _: Any) -> None:
        """Close a response."""
        await maybe_await(getattr(response, self._flavour.close)())
