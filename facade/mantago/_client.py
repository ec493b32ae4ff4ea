"""The two clients: what they are configured with, and a method for each operation."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import ipaddress
import logging
import os
import re
import sys
import urllib.request
from collections.abc import Callable, Coroutine
from types import EllipsisType
from typing import Any, Generic, Literal, NoReturn, Self, TypeVar, overload
from urllib.parse import urlsplit

import httpx

from mantago import __version__
from mantago._credentials import AsyncProvider, Credentials, Keyring, Provider, from_environment
from mantago._errors import ConfigurationError, InvalidResponseError
from mantago._operations import (
    READ_ONLY,
    SERVER_URL,
    SPEC_VERSION,
    AuthenticatedClient,
    Platform,
    PlatformName,
    generated_client,
    gifts_request,
    identify,
)
from mantago._policy import Asked, Policy
from mantago._results import ClientGifts, Drift, read_client_gifts
from mantago._transport import Answer, AsyncTransport, BelowT, Calls, SyncTransport

ProviderT = TypeVar("ProviderT")
ClientGiftsT = TypeVar("ClientGiftsT")
T = TypeVar("T")
MEBIBYTE = 1024 * 1024
LONGEST_TIMEOUT = 10**9
MOST_WARNINGS = 1_000
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
    _keys = Keyring(None)
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
        identify_in: Literal["both", "body"] = "both",
        strict: bool = False,
    ) -> None:
        given = {"bot_id": bot_id, "token": token, "secret": secret}
        source = _source(given, credentials)
        # A traceback with locals, as error reporters record it, must not show them.
        del given, token, secret
        if isinstance(source, ConfigurationError):
            raise source
        self._keys = Keyring(source)
        _check_flavour(transport, self._stack_type)
        if identify_in not in ("both", "body"):
            raise ConfigurationError(f"identify_in must be 'both' or 'body', not {identify_in!r}")
        self._base_url = _address(base_url)
        url = httpx.URL(self._base_url)
        self._path = url.raw_path.decode("ascii").rstrip("/")
        policy = Policy(
            base_url=url,
            timeout=_seconds(timeout),
            max_retries=_whole("max_retries", max_retries, least=0),
            max_response_bytes=_whole("max_response_bytes", max_response_bytes, least=1),
            read_only=frozenset(self._path + operation for operation in READ_ONLY),
        )
        self._identify_in: Literal["both", "body"] = identify_in
        self._strict = bool(strict)
        self._warned: set[tuple[str, str]] = set()
        self._stack = self._stack_type(Calls(policy, self._keys), transport, _environment_proxy(self._base_url))
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
        self._headers = policy.asked(template).headers

    @property
    def credentials(self) -> Credentials | None:
        """The credentials in force; None before the first call if a callable provides them."""
        return self._keys.current

    @property
    def generated(self) -> AuthenticatedClient:
        """The generated client, for operations that have no friendly method yet.

        Whatever is called with it has this client's credentials, bounds, retries and exceptions; a bot id and a
        secret that are empty are filled in.
        """
        return self._generated

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r}, credentials={self._keys.current!r})"

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
        who = {"client_id": client_id, "platform": platform, "platform_client_id": platform_client_id}
        result: ClientGiftsT = self._perform(self._gifts_request(who, timeout), self._gifts)
        return result

    def _entered(self) -> Self:
        self._stack.calls.refuse_if_closed()
        return self

    def _gifts_request(self, who: dict[str, str | None], timeout: float | EllipsisType) -> Asked:
        return self._asked(gifts_request(identify(**who), self._identify_in), timeout)

    def _asked(self, arguments: dict[str, Any], timeout: float | EllipsisType) -> Asked:
        """Return what a generated operation asks with these arguments, without httpx's detour over a URL."""
        return Asked(
            arguments["method"].upper(),
            self._path + arguments["url"],
            tuple(arguments["params"].items()),
            self._headers,
            arguments["json"],
            timeout=None if timeout is ... else _seconds(timeout),
        )

    def _gifts(self, answer: Answer) -> ClientGifts:
        gifts = read_client_gifts(
            answer.payload, strict=self._strict, byte_order_mark=answer.content.startswith(b"\xef\xbb\xbf")
        )
        self._warn(gifts.drift)
        return gifts

    def _warn(self, drift: tuple[Drift, ...]) -> None:
        for line in drift:
            key = (line.kind, line.pattern)
            if key not in self._warned and len(self._warned) < MOST_WARNINGS:
                self._warned.add(key)
                # A field's name is the service's: a line break in it would forge a line of the log.
                where = line.pattern if line.pattern.isprintable() else ascii(line.pattern)
                _drift_log.warning("%s %s: %s (warned of once)", line.kind, where[:200], line.detail)


class MantaGo(_Client[httpx.BaseTransport, Provider, ClientGifts]):
    """A client of the MantaGO open API; safe to share between threads and forked processes.

    Without arguments, the credentials come from MANTAGO_BOT_ID, MANTAGO_TOKEN and MANTAGO_SECRET. `timeout` is in
    seconds and bounds a whole call with its retries. Raises ConfigurationError.
    """

    _stack_type = SyncTransport
    _open_http = staticmethod(AuthenticatedClient.get_httpx_client)

    def _perform(self, asked: Asked, read: Callable[[Answer], T]) -> T:
        return read(self._stack.send(asked))

    def close(self) -> None:
        """Close the connections; closing again does nothing."""
        self._stack.shut()

    def __enter__(self) -> Self:
        return self._entered()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMantaGo(_Client[httpx.AsyncBaseTransport, AsyncProvider, Coroutine[Any, Any, ClientGifts]]):
    """`MantaGo` for asyncio and trio, with `async with`, `await` and `aclose()`; safe to share between tasks.

    `credentials` may also be an asynchronous callable.
    """

    _stack_type = AsyncTransport
    _open_http = staticmethod(AuthenticatedClient.get_async_httpx_client)

    async def _perform(self, asked: Asked, read: Callable[[Answer], T]) -> T:
        return read(await self._stack.send(asked))

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        await self._stack.shut()

    async def __aenter__(self) -> Self:
        return self._entered()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


# --- configuration --------------------------------------------------------------------------------------------------


def _source(
    given: dict[str, str | None], credentials: object
) -> Credentials | Callable[[], object] | ConfigurationError:
    """Return where the credentials come from; an error is returned, since these frames hold the values."""
    if credentials is None:
        return from_environment(given)
    named = [name for name, value in given.items() if value is not None]
    if named:
        return ConfigurationError(f"give credentials or bot_id, token and secret, not credentials and {named[0]}")
    if isinstance(credentials, Credentials) or callable(credentials):
        return credentials
    return ConfigurationError(
        f"credentials must be a Credentials or a callable that returns one, not {type(credentials).__name__}"
    )


def _check_flavour(transport: object, stack_type: type) -> None:
    flavour = httpx.BaseTransport if issubclass(stack_type, httpx.BaseTransport) else httpx.AsyncBaseTransport
    if transport is not None and not isinstance(transport, flavour):
        other = "AsyncMantaGo" if flavour is httpx.BaseTransport else "MantaGo"
        raise ConfigurationError(
            f"transport must be an httpx.{flavour.__name__}, not {type(transport).__name__}: or is it for {other}?"
        )


def _address(base_url: str | None) -> str:
    """Check where requests, and with them the secret, may go."""
    name = "base_url (or the environment variable MANTAGO_BASE_URL)"
    url = (os.environ.get("MANTAGO_BASE_URL") or SERVER_URL) if base_url is None else base_url
    if not isinstance(url, str):
        raise ConfigurationError(f"{name} must be a string, not {type(url).__name__}")
    if not url:
        raise ConfigurationError(f"{name} is empty")
    # Before anything else, and without quoting the address: these parts could be secrets.
    if re.search(r"[?#@\\]|\s", url):
        raise ConfigurationError(f"{name} must be without user info, query, fragment, backslashes and white space")
    try:
        # urlsplit finds a port out of range, httpx what no URL may hold.
        scheme, _, host = urlsplit(url).scheme.lower(), urlsplit(url).port, httpx.URL(url).host
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"{name} {url!r} is no URL: {error}") from None
    if scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"{name} {url!r} must begin with https:// and a host")
    if scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(f"{name} {url!r} must begin with https://: only loopback is spoken to without TLS")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _environment_proxy(address: str) -> str | None:
    """Return the proxy that the environment names for an address, as urllib, and so httpx, finds it."""
    url = httpx.URL(address)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(url.netloc.decode("ascii")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    name = f"the proxy that the environment names for {url.scheme} ({url.scheme.upper()}_PROXY or ALL_PROXY)"
    try:
        scheme = httpx.Proxy(proxy).url.scheme
    except (ValueError, httpx.InvalidURL):
        # Not quoted: a proxy's address may hold a password.
        raise ConfigurationError(
            f"{name} is no address of a proxy: it must begin with http://, https:// or socks5://"
        ) from None
    if scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ConfigurationError(f"{name} speaks SOCKS, for which a package is missing: pip install socksio")
    return proxy


def _seconds(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= LONGEST_TIMEOUT:
        raise ConfigurationError(
            f"timeout must be a number of seconds above zero, at most {LONGEST_TIMEOUT:,}, not {str(timeout)[:50]}"
        )
    return float(timeout)


def _whole(name: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name} must be a whole number from {least} on, not {value!r}")
    return value


def _unreadable(_: httpx.Response, error: Exception) -> InvalidResponseError:
    """Say that the generated models can't hold an answer; the friendly methods name the place instead."""
    if isinstance(error, KeyError):
        return InvalidResponseError(f"the required field {error} is missing")
    return InvalidResponseError(f"doesn't fit the spec: {type(error).__name__}: {error}")
