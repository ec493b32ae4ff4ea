"""The two clients: a method for each operation."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Coroutine
from types import EllipsisType
from typing import Any, Generic, Literal, NoReturn, Self, TypeAlias, TypeVar, overload

import httpx

from mantago import __version__
from mantago.identification import Platform, PlatformName, identify
from mantago.operations import (
    READ_ONLY,
    SERVER_URL,
    SPEC_VERSION,
    AuthenticatedClient,
    generated_client,
    gifts_request,
    path_in_spec,
)
from mantago.results import ClientGifts, read_client_gifts
from mantago_runtime.calls.loop import CallLoop
from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.responses import RawResponse
from mantago_runtime.calls.signing import UnsignedRequest
from mantago_runtime.calls.transports import AsyncTransport, BelowT, SyncTransport
from mantago_runtime.configuration import (
    HTTPCORE,
    check_engine,
    check_flavour,
    checked_address,
    checked_seconds,
    checked_whole,
    environment_proxy,
)
from mantago_runtime.errors import ConfigurationError, InvalidResponseError
from mantago_runtime.instrumentation import CallFinished, CallRetried, Instrumentation
from mantago_runtime.reading.drift import Drift
from mantago_runtime.secrets.credentials import AsyncProvider, Credentials, Provider
from mantago_runtime.secrets.environment import credentials_source
from mantago_runtime.secrets.store import CredentialStore

ProviderT = TypeVar("ProviderT")
ClientGiftsT = TypeVar("ClientGiftsT")
T = TypeVar("T")
Coming: TypeAlias = Coroutine[Any, Any, T]
MEBIBYTE = 1024 * 1024
DEFAULT_ENGINE = HTTPCORE
MAX_DRIFT_WARNINGS = 1_000
"""Kinds of drift that a client warns of: a service that makes up field names would fill the log, and the memory."""

_drift_log = logging.getLogger("mantago.drift")


def _awaiting(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    async def awaiting(*arguments: Any, **options: Any) -> Any:
        return await operation(*arguments, **options)

    return awaiting


class _Client(Generic[BelowT, ProviderT, ClientGiftsT]):
    """What both clients share: everything but the sending.

    Each operation is written once, here; its result's type is a parameter, so that the asynchronous client returns a
    coroutine of it.
    """

    _stack_type: Any
    _stack: Any
    _open_http: Callable[[AuthenticatedClient], Any]
    _perform: Callable[..., Any]
    # Until they are set: error reporters show the repr of a client that refused its arguments.
    _store = CredentialStore(None)
    _base_url = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # For whoever looks, as unittest.mock does, the asynchronous client's operations are coroutine functions.
        for name, operation in inspect.getmembers(_Client, inspect.isfunction):
            if inspect.iscoroutinefunction(cls._perform) and not name.startswith("_"):
                setattr(cls, name, _awaiting(operation))

    def __init__(
        self,
        *,
        bot_id: str | None = None,
        token: str | None = None,
        secret: str | None = None,
        credentials: Credentials | ProviderT | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        max_response_bytes: int = 16 * MEBIBYTE,
        transport: BelowT | None = None,
        engine: Literal["httpcore", "httptools"] | None = None,
        identify_in: Literal["both", "body"] = "both",
        strict: bool = False,
        on_event: Callable[[CallRetried | CallFinished], object] | None = None,
    ) -> None:
        given = {"bot_id": bot_id, "token": token, "secret": secret}
        source = credentials_source(given, credentials)
        # A traceback with locals, as error reporters record it, must not show them.
        del given, token, secret
        if isinstance(source, ConfigurationError):
            raise source
        self._store = CredentialStore(source)
        check_flavour(transport, self._stack_type)
        check_engine(engine, transport)
        if identify_in not in ("both", "body"):
            raise ConfigurationError(f"identify_in must be 'both' or 'body', not {identify_in!r}")
        self._base_url = checked_address(base_url, SERVER_URL)
        url = httpx.URL(self._base_url)
        if not (on_event is None or callable(on_event)):
            raise ConfigurationError(f"on_event must be a callable, not {type(on_event).__name__}")
        self._path = url.raw_path.decode("ascii").rstrip("/")
        policy = Policy(
            base_url=url,
            timeout=checked_seconds(timeout),
            max_retries=checked_whole("max_retries", max_retries, least=0),
            max_response_bytes=checked_whole("max_response_bytes", max_response_bytes, least=1),
            read_only=frozenset(self._path + operation for operation in READ_ONLY),
            path_in_spec=path_in_spec,
        )
        self._identify_in: Literal["both", "body"] = identify_in
        self._strict = bool(strict)
        self._warned: set[tuple[str, str]] = set()
        calls = CallLoop(policy, self._store, Instrumentation(url, __version__, on_event))
        proxy = environment_proxy(self._base_url)
        self._stack = self._stack_type(calls, transport, proxy, engine or DEFAULT_ENGINE)
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        self._generated = generated_client(
            self._base_url,
            self._stack,
            timeout=policy.timeout,
            user_agent=f"mantago/{__version__} (spec {SPEC_VERSION}; python {python}; httpx {httpx.__version__})",
            on_unreadable=_unreadable,
        )
        # What httpx puts into the header of a generated operation's request, this client's own requests have too.
        template = self._open_http(self._generated).build_request("POST", url, json={})
        self._headers = policy.unsigned(template).headers

    @property
    def credentials(self) -> Credentials | None:
        """The credentials in force; None before the first call if a callable provides them."""
        return self._store.current

    @property
    def generated(self) -> AuthenticatedClient:
        """The generated client, for operations that have no friendly method yet.

        Whatever is called with it has this client's credentials, bounds, retries and exceptions; a bot id and a
        secret that are empty are filled in.
        """
        return self._generated

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r}, credentials={self._store.current!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} can't be pickled, since it holds connections and a secret: make a client in each "
            "process, from the environment or from a credentials callable"
        )

    @overload
    def get_client_gifts(self, *, client_id: str, timeout: float = ...) -> ClientGiftsT: ...
    @overload
    def get_client_gifts(
        self, *, platform: Platform | PlatformName, platform_client_id: str, timeout: float = ...
    ) -> ClientGiftsT: ...
    def get_client_gifts(
        self,
        *,
        client_id: str | None = None,
        platform: str | None = None,
        platform_client_id: str | None = None,
        timeout: float | EllipsisType = ...,
    ) -> ClientGiftsT:
        """Return all gifts of one client: tickets, physical and virtual gifts.

        Give either `client_id`, or both `platform` and `platform_client_id`: anything else is an
        IdentificationError, raised before anything is sent. `timeout` is in seconds, for this call in all.
        Raises APIConnectionError, APIStatusError, InvalidResponseError. Spec: POST /openapi/client/gift.
        """
        client = identify(client_id=client_id, platform=platform, platform_client_id=platform_client_id)
        unsigned = self._unsigned(gifts_request(client, self._identify_in), timeout)
        result: ClientGiftsT = self._perform(unsigned, self._read(read_client_gifts))
        return result

    def _entered(self) -> Self:
        self._stack.calls.refuse_if_closed()
        return self

    def _unsigned(self, arguments: dict[str, Any], timeout: float | EllipsisType) -> UnsignedRequest:
        """Return what a generated operation asks with these arguments, without httpx's detour over a URL."""
        return UnsignedRequest(
            arguments["method"].upper(),
            self._path + arguments["url"],
            tuple(arguments["params"].items()),
            self._headers,
            arguments["json"],
            timeout=None if timeout is ... else checked_seconds(timeout),
        )

    def _read(self, read: Callable[..., Any]) -> Callable[[RawResponse], Any]:
        def read_answer(answer: RawResponse) -> Any:
            byte_order_mark = answer.content.startswith(b"\xef\xbb\xbf")
            result = read(answer.payload, strict=self._strict, byte_order_mark=byte_order_mark)
            self._warn(result.drift)
            return result

        return read_answer

    def _warn(self, drift: tuple[Drift, ...]) -> None:
        for line in drift:
            key = (line.kind, line.pattern)
            if key not in self._warned and len(self._warned) < MAX_DRIFT_WARNINGS:
                self._warned.add(key)
                # A field's name is the service's: a line break in it would forge a line of the log.
                where = line.pattern if line.pattern.isprintable() else ascii(line.pattern)
                _drift_log.warning("%s %s: %s (warned of once)", line.kind, where[:200], line.detail)


class MantaGo(_Client[httpx.BaseTransport, Provider, ClientGifts]):
    """A client of the MantaGO open API; safe to share between threads and forked processes.

    Without arguments, the credentials come from MANTAGO_BOT_ID, MANTAGO_TOKEN and MANTAGO_SECRET. `timeout` is in
    seconds and bounds a whole call with its retries. `engine="httptools"` is faster, and needs the extra `fast`. Raises
    ConfigurationError.
    """

    _stack_type = SyncTransport
    _open_http = staticmethod(AuthenticatedClient.get_httpx_client)

    def _perform(self, unsigned: UnsignedRequest, read: Callable[[RawResponse], T]) -> T:
        return read(self._stack.send(unsigned))

    def close(self) -> None:
        """Close the connections; closing again does nothing."""
        self._stack.shut()

    def __enter__(self) -> Self:
        return self._entered()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMantaGo(_Client[httpx.AsyncBaseTransport, AsyncProvider, Coming[ClientGifts]]):
    """`MantaGo` for asyncio and trio, with `async with`, `await` and `aclose()`; safe to share between tasks.

    `credentials` may also be an asynchronous callable.
    """

    _stack_type = AsyncTransport
    _open_http = staticmethod(AuthenticatedClient.get_async_httpx_client)

    async def _perform(self, unsigned: UnsignedRequest, read: Callable[[RawResponse], T]) -> T:
        return read(await self._stack.send(unsigned))

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        await self._stack.shut()

    async def __aenter__(self) -> Self:
        return self._entered()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _unreadable(_: httpx.Response, error: Exception) -> InvalidResponseError:
    """Say that the generated models can't hold an answer; the friendly methods name the place instead."""
    if isinstance(error, KeyError):
        return InvalidResponseError(f"the required field {error} is missing")
    return InvalidResponseError(f"doesn't fit the spec: {type(error).__name__}: {error}")
