"""The two clients: how they are made and closed; their methods are generated."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, Self, TypeVar

import httpx

from mantago import __version__
from mantago.identification import ClientIdentity, identify
from mantago_generated.async_operations import AsyncOperations
from mantago_generated.operations import Operations
from mantago_generated.spec import OPERATIONS, SERVER_URL
from mantago_generated.spec import VERSION as SPEC_VERSION
from mantago_runtime.calls.arguments import by_name
from mantago_runtime.calls.options import AsyncTransportLike, Lifetime, Options, Sending, TransportLike
from mantago_runtime.calls.policy import Policy
from mantago_runtime.configuration import (
    HTTPCORE,
    MAX_CONNECTIONS,
    Network,
    check_flavour,
    checked_address,
    checked_headers,
    checked_seconds,
    checked_user_agent,
    checked_whole,
)
from mantago_runtime.errors import ConfigurationError
from mantago_runtime.logs import log_as_told
from mantago_runtime.secrets.credentials import AsyncProvider, Credentials, Provider
from mantago_runtime.secrets.environment import credentials_source
from mantago_runtime.secrets.store import CredentialStore

if TYPE_CHECKING:
    from mantago.senders import AsyncSender, SyncSender
    from mantago_generated.client import AuthenticatedClient
    from mantago_runtime.calls.clients import AsyncCaller, SyncCaller
    from mantago_runtime.instrumentation import CallFinished, CallRetried
else:
    # For those who resolve the constructor's annotations at run time, such as containers that inject.
    CallFinished = CallRetried = object

BelowT = TypeVar("BelowT")
ProviderT = TypeVar("ProviderT")
SenderT = TypeVar("SenderT", "SyncSender", "AsyncSender")
MEBIBYTE = 1024 * 1024
DEFAULT_ENGINE = HTTPCORE


class _Client(Generic[BelowT, ProviderT, SenderT]):
    """The common part of both clients: everything except sending."""

    _flavour: type
    _make_sender: Callable[[Options], SenderT]
    _sending: Sending[SenderT]
    # Until they are set: error reporters show the repr of a client that refused its arguments.
    _store = CredentialStore(None)
    _base_url = ""

    @by_name
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
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
        user_agent: str | None = None,
        engine: Literal["httpcore", "httptools"] | None = None,
        identify_in: Literal["both", "body"] = "both",
        strict: bool = False,
        on_event: Callable[[CallRetried | CallFinished], object] | None = None,
    ) -> None:
        given = {"bot_id": bot_id, "token": token, "secret": secret}
        source = credentials_source(given, credentials)
        network = Network(proxy, ssl_context, max_connections, engine)
        # A traceback with locals, as error reporters record it, must not show them.
        del given, token, secret, proxy
        if isinstance(source, ConfigurationError):
            raise source
        self._store = CredentialStore(source)
        log_as_told()
        check_flavour(transport, self._flavour)
        network.check(transport)
        if identify_in not in ("both", "body"):
            raise ConfigurationError(f"identify_in must be 'both' or 'body', not {identify_in!r}")
        if not isinstance(strict, bool):
            raise ConfigurationError(f"strict must be True or False, not {strict!r:.50}")
        self._base_url = checked_address(base_url, SERVER_URL)
        of_environment = network.proxy is None
        if transport is None:
            network = network.completed(self._base_url, DEFAULT_ENGINE)
        self._store.mask(network.proxy_secrets)
        url = httpx.URL(self._base_url)
        if not (on_event is None or callable(on_event)):
            raise ConfigurationError(f"on_event must be a callable, not {type(on_event).__name__}")
        policy = Policy(
            base_url=url,
            timeout=checked_seconds(timeout),
            max_retries=checked_whole("max_retries", max_retries, least=0),
            max_response_bytes=checked_whole("max_response_bytes", max_response_bytes, least=1),
            proxy_host=network.proxy_host,
            proxy_of_environment=of_environment,
            headers={"User-Agent": _user_agent(user_agent)},
            operations=OPERATIONS,
        )
        self._in_query = identify_in == "both"
        options = Options(policy, self._store, Lifetime(), network, transport, strict, __version__, on_event)
        self._sending = Sending(options, self._make_sender)

    @by_name
    def with_options(
        self,
        *,
        timeout: float | EllipsisType = ...,
        max_retries: int | EllipsisType = ...,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a client with other options on the same connections and credentials.

        Options that you don't give stay as they are. `headers` go with each request, beside those of earlier calls.
        Closing the client that this returns closes nothing; it is closed with this client. Raises ConfigurationError.
        """
        added = checked_headers({} if headers is None else headers)
        del headers  # see __init__
        if isinstance(added, ConfigurationError):
            raise added
        policy = self._sending.sender.policy.with_headers(added)
        del added
        policy = policy.with_limits(timeout, max_retries)
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._sending = self._sending.derived(policy)
        return other

    def _identify(self, *, client_id: object, platform: object, platform_client_id: object) -> ClientIdentity:
        return identify(
            client_id=client_id, platform=platform, platform_client_id=platform_client_id, in_query=self._in_query
        )

    @property
    def credentials(self) -> Credentials | None:
        """The credentials that calls use; None before the first call if a callable provides them."""
        return self._store.current

    @property
    def generated(self) -> AuthenticatedClient:
        """The generated client, for what the friendly methods don't show.

        Its calls have this client's credentials, limits, retries and exceptions. It fills in an empty bot id and an
        empty secret.
        """
        return self._sending.sender.generated

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r}, credentials={self._store.current!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} can't be pickled, since it holds connections and a secret: make a client in each "
            "process, from the environment or from a credentials callable"
        )

    def _entered(self) -> Self:
        self._sending.options.lifetime.refuse_if_closed()
        return self


class MantaGo(_Client[TransportLike, Provider, "SyncSender"], Operations):
    """A client of the MantaGO open API. Threads and forked processes may share it.

    Without arguments, the credentials come from MANTAGO_BOT_ID, MANTAGO_TOKEN and MANTAGO_SECRET. `timeout` is in
    seconds and bounds a whole call with its retries. `engine="httptools"` is faster, and needs the extra `fast`.
    `proxy` is an address, such as http://user:password@proxy.example:3128, and comes before the environment's;
    `max_connections` are open at one time, in a process or an event loop; `user_agent` follows ours. Raises
    ConfigurationError.
    """

    _flavour = httpx.BaseTransport

    @staticmethod
    def _make_sender(options: Options) -> SyncSender:
        from mantago.senders import SyncSender  # noqa: PLC0415 - only a client that calls needs what it imports

        return SyncSender.of(options)

    @property
    def _caller(self) -> SyncCaller:
        return self._sending.sender.caller

    def close(self) -> None:
        """Close the connections; closing again does nothing."""
        if sender := self._sending.ended():
            sender.transport.shut()

    def __enter__(self) -> Self:
        return self._entered()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMantaGo(_Client[AsyncTransportLike, AsyncProvider, "AsyncSender"], AsyncOperations):
    """`MantaGo` for asyncio and trio, with `async with`, `await` and `aclose()`. Tasks may share it.

    `credentials` may also be an asynchronous callable.
    """

    _flavour = httpx.AsyncBaseTransport

    @staticmethod
    def _make_sender(options: Options) -> AsyncSender:
        from mantago.senders import AsyncSender  # noqa: PLC0415 - only a client that calls needs what it imports

        return AsyncSender.of(options)

    @property
    def _caller(self) -> AsyncCaller:
        return self._sending.sender.caller

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        if sender := self._sending.ended():
            await sender.transport.shut()

    async def __aenter__(self) -> Self:
        return self._entered()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _user_agent(suffix: str | None) -> str:
    versions = f"spec {SPEC_VERSION}; python {sys.version_info[0]}.{sys.version_info[1]}; httpx {httpx.__version__}"
    ours = f"mantago/{__version__} ({versions})"
    return ours if suffix is None else f"{ours} {checked_user_agent(suffix)}"
