"""What the friendly methods call: a request of the document becomes one of the retry loop, its answer a result.

It also says what a method takes, if a call doesn't fit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import CO_COROUTINE
from types import EllipsisType, FunctionType
from typing import Any, TypeVar, cast

import httpx

from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.signing import EMPTY_BODY, UnsignedRequest
from mantago_runtime.calls.transports import AsyncTransport, SyncTransport
from mantago_runtime.configuration import checked_seconds
from mantago_runtime.operation import Request

T = TypeVar("T")
MethodT = TypeVar("MethodT", bound=Callable[..., Any])


class _Caller:
    """What both callers share."""

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
            request.operation.answers,
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


# --- calls that don't fit a method ----------------------------------------------------------------------------------


def by_name(method: MethodT) -> MethodT:
    """Have a method with named arguments only say what it takes, if a call doesn't fit.

    Python would name the class that defines it, and not say how to name an argument without a name.
    """
    function = cast("FunctionType", method)

    @wraps(function)
    def called(self: object, *unnamed: object, **given: object) -> Any:
        error = None
        try:
            if not unnamed:
                return function(self, **_handed_over(given))
        except TypeError as caught:
            if not _is_misfit(caught):
                raise
            error = caught
        unnamed = ()
        given.clear()
        raise _misfit(self, function, error)

    @wraps(function)
    async def awaited(self: object, *unnamed: object, **given: object) -> Any:
        held = [unnamed]
        unnamed = ()
        # Of a method that doesn't take these arguments, no coroutine is made: `called` says so.
        return await called(self, *held.pop(), **_handed_over(given))

    return cast("MethodT", awaited if function.__code__.co_flags & CO_COROUTINE else called)


def _handed_over(given: dict[str, object]) -> dict[str, object]:
    """Return arguments, and forget them: a frame of a traceback would show a secret among them."""
    arguments = given.copy()
    given.clear()
    return arguments


def _is_misfit(error: TypeError) -> bool:
    """Whether the method wasn't entered."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def _misfit(client: object, method: FunctionType, error: TypeError | None) -> TypeError:
    code, kind = method.__code__, type(client).__name__
    called = kind if method.__name__ == "__init__" else f"{kind}.{method.__name__}"
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if error is None:
        value = '"..."' if "str" in method.__annotations__[names[0]] else "..."
        text = f"{called}() takes its arguments by name, as in {called.rpartition('.')[2]}({names[0]}={value})"
    else:
        text = str(error).replace(f"{method.__qualname__}()", f"{called}()")
    return TypeError(f"{text}; it takes {', '.join(names)}")
