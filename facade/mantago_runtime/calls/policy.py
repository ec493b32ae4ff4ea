"""The policy of a client: its limits, what it may send again, and how long it waits before.

Pure functions of what was sent and what came back; `loop` acts on them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from copy import copy
from types import EllipsisType
from typing import TYPE_CHECKING

import httpx

from mantago_runtime.configuration import checked_seconds, checked_whole, is_loopback
from mantago_runtime.document import OperationInfo
from mantago_runtime.errors import APIConnectionError, APIStatusError, MantaGoError

if TYPE_CHECKING:
    from mantago_runtime.calls.requests import UnsignedRequest  # only a client that calls needs what it imports

UNKNOWN_PATH = "(a path that the spec doesn't list)"
ALWAYS_SENT = {"Connection": "keep-alive", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 8.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RENEWAL_CODE = 120000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NEVER_SENT_CAUSES = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
CLOSED_CAUSES = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
HOPELESS_CAUSES = (ssl.SSLCertVerificationError, httpx.LocalProtocolError, httpx.UnsupportedProtocol)


class Policy:
    """The limits that one client keeps, and the operations that the service has; the headers may hold a secret."""

    __slots__ = (
        *("base_url", "headers", "max_response_bytes", "max_retries", "operations"),
        *("proxy_host", "proxy_of_environment", "timeout"),
    )

    def __init__(
        self,
        *,
        base_url: httpx.URL,
        timeout: float,
        max_retries: int,
        max_response_bytes: int,
        operations: tuple[OperationInfo, ...],
        proxy_host: str | None = None,
        proxy_of_environment: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self.max_retries = max_retries
        self.max_response_bytes = max_response_bytes
        self.operations = operations
        self.proxy_host = proxy_host
        self.proxy_of_environment = proxy_of_environment
        self.headers: Mapping[str, str] = {**ALWAYS_SENT, **(headers or {})}
        """The fields that go with each request, beside those that it needs."""

    def with_headers(self, headers: Mapping[str, str]) -> Policy:
        """Return a policy with more headers."""
        names = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        other = copy(self)
        other.headers = kept | {**headers}
        return other

    def with_limits(self, timeout: float | EllipsisType, max_retries: int | EllipsisType) -> Policy:
        """Return a policy with other limits; raise ConfigurationError for an unusable one."""
        other = copy(self)
        if timeout is not ...:
            other.timeout = checked_seconds(timeout)
        if max_retries is not ...:
            other.max_retries = checked_whole("max_retries", max_retries, least=0)
        return other

    @property
    def host(self) -> str:
        """The server's name, and its port where that isn't the usual one."""
        return self.base_url.netloc.decode("ascii")

    @property
    def way(self) -> str:
        """The server, and the proxy that leads to it, as messages name them."""
        if self.proxy_host is None:
            return self.host
        past = f", {self.way_past_proxy}" if self.way_past_proxy else ""
        return f"{self.host} (through the proxy {self.proxy_host}{past})"

    @property
    def way_past_proxy(self) -> str | None:
        """Say what to set where the environment's proxy stands before this machine, which it hardly ever reaches."""
        host = self.base_url.host
        if not (self.proxy_of_environment and self.proxy_host and is_loopback(host)):
            return None
        hosts = "127.0.0.1,localhost" if host in ("127.0.0.1", "localhost") else host
        return f"which the environment names: set NO_PROXY={hosts} to reach this machine without it"

    @property
    def path(self) -> str:
        """The part of the server's address that stands before the path of each operation."""
        return self.base_url.raw_path.decode("ascii").rstrip("/")


def operation_name(request: UnsignedRequest) -> str:
    """Return method and path as the spec has them: the path of a call may hold an id."""
    return f"{request.method} {request.operation.path if request.operation else UNKNOWN_PATH}"


def may_repeat(request: UnsignedRequest) -> bool:
    """Return whether the operation only reads, so that it can't do anything twice."""
    return request.method in SAFE_METHODS or (request.operation is not None and request.operation.reads)


def wants_renewal(failure: MantaGoError) -> bool:
    """Return whether the service refused the credentials in a way that new ones could mend."""
    return isinstance(failure, APIStatusError) and (failure.status_code == 401 or failure.code == RENEWAL_CODE)


def was_given_up(failure: MantaGoError) -> bool:
    """Return whether a connection that was kept failed as if the server had just closed it for being idle.

    Then no byte of an answer came (RFC 9112, 9.3.1), or a 408, which it sends as it closes.
    """
    if isinstance(failure, APIStatusError):
        return failure.status_code == 408
    return isinstance(failure.__cause__, CLOSED_CAUSES)


def may_retry(failure: MantaGoError, *, read_only: bool, given_up: bool = False) -> bool:
    """Return whether to send the request again: an operation with effects only if the service can't have acted on it.

    `given_up` says that it met a connection that the server had just closed, or was about to close.
    """
    if isinstance(failure, APIStatusError):
        if read_only:
            return given_up or failure.status_code in RETRIED_STATUSES
        return failure.status_code == 429 or (failure.status_code == 503 and failure.retry_after is not None)
    if not isinstance(failure, APIConnectionError) or isinstance(failure.__cause__, HOPELESS_CAUSES):
        return False
    return read_only or isinstance(failure.__cause__, NEVER_SENT_CAUSES)


def wait_before(retry: int, failure: MantaGoError, jitter: float) -> float:
    """Return the seconds to wait before a retry (the first is 1): what the service asked for, else full jitter.

    `jitter` is a random number from 0 to 1: the wait is that share of 0.5 s, doubled with each retry up to 8 s.
    """
    if isinstance(failure, APIStatusError) and failure.retry_after is not None:
        return failure.retry_after
    return jitter * min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(retry - 1, 10))
