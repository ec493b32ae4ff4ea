"""The sending of the generated functions, with the client of a `MantaGo` or with a bare one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar

import httpx

from mantago_runtime.calls.requests import OPERATION
from mantago_runtime.calls.responses import RESULTS, RawResponse, ResultReader, fields_of, of_answer, parse_response
from mantago_runtime.errors import APIStatusError, InvalidResponseError, tried
from mantago_runtime.mappings import Headers
from mantago_runtime.operation import Request
from mantago_runtime.secrets.redaction import Redactor
from mantago_runtime.writing.styles import packed

T = TypeVar("T")


class HttpxClients(Protocol):
    """A client of the generated package."""

    def get_httpx_client(self) -> httpx.Client:
        """Return what sends for threads."""
        ...

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return what sends for tasks."""
        ...


class Response(Generic[T]):
    """A good response, with the result that is `parsed` from it."""

    __slots__ = ("content", "headers", "parsed", "status_code")

    def __init__(self, status_code: HTTPStatus, content: bytes, headers: Mapping[str, str], parsed: T) -> None:
        self.status_code = status_code
        self.content = content
        self.headers = headers
        self.parsed = parsed

    def __repr__(self) -> str:
        return f"Response(status_code={self.status_code.value}, parsed={self.parsed!r})"


def send(client: HttpxClients, request: Request[T]) -> Response[T]:
    """Return the response; raise APIStatusError for a refusal, InvalidResponseError for an unusable answer."""
    started = time.monotonic()
    response = client.get_httpx_client().request(**_arguments(request))
    return _response(client, request, response, time.monotonic() - started)


async def asend(client: HttpxClients, request: Request[T]) -> Response[T]:
    """Do what `send` does, in a task."""
    started = time.monotonic()
    response = await client.get_async_httpx_client().request(**_arguments(request))
    return _response(client, request, response, time.monotonic() - started)


def _arguments(request: Request[T]) -> dict[str, Any]:
    headers = list(request.headers)
    if request.content_type is not None:
        headers.append(("Content-Type", request.content_type))
    if request.operation.accept is not None:
        headers.append(("Accept", request.operation.accept))
    return {
        "method": request.operation.info.method,
        "url": request.path,
        "params": request.query or None,
        "headers": headers,
        "content": request.content if request.body is None else packed(request.body).encode(),
        "extensions": {OPERATION: request.operation},
    }


def _response(client: HttpxClients, request: Request[T], response: httpx.Response, elapsed: float) -> Response[T]:
    told = response.extensions.get(RESULTS)
    results, answer = told or (ResultReader(), _bare_answer(client, request, response, elapsed))
    parsed = results.read(request.operation, answer)
    return Response(HTTPStatus(answer.status), answer.content, answer.headers, parsed)


def _redactor(client: HttpxClients, request: Request[T]) -> Redactor:
    # A function of its own, so that no frame of a traceback holds the values.
    own = (getattr(client, "token", None), (request.body or {}).get("secret"))
    return Redactor([], [value for value in own if isinstance(value, str)])


def _bare_answer(client: HttpxClients, request: Request[T], response: httpx.Response, elapsed: float) -> RawResponse:
    """Return what the transport of a `MantaGo` would have: redacted, and refused if it is no good one."""
    redactor = _redactor(client, request)
    headers = Headers(fields_of(response.headers.raw, redactor))
    content = redactor.clean(response.content)
    try:
        payload = parse_response(response.status_code, headers, content, time.time(), request.operation.media)
    except InvalidResponseError as error:
        tried(of_answer(error, response.status_code, headers, content), 1, elapsed)
        raise
    except APIStatusError as error:
        tried(error, 1, elapsed)
        raise
    return RawResponse(response.status_code, headers, content, payload, 1, elapsed)
