"""The policy of a client: its limits, what may be sent again, and how long to wait before.

Pure functions of what was sent and what came back; `loop` acts on them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx
from attrs import frozen

from mantago_runtime.calls.signing import UnsignedRequest, json_body, told_seconds
from mantago_runtime.errors import APIConnectionError, APIStatusError, ConfigurationError, MantaGoError

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 8.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RENEWAL_CODE = 120000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NEVER_SENT_CAUSES = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
HOPELESS_CAUSES = (ssl.SSLCertVerificationError, httpx.LocalProtocolError, httpx.UnsupportedProtocol)


@frozen
class Policy:
    """The limits that one client keeps; `read_only` holds the paths where a POST may be sent again.

    `path_in_spec` names the path of a call as the spec does: it may hold an id.
    """

    base_url: httpx.URL
    timeout: float
    max_retries: int
    max_response_bytes: int
    read_only: frozenset[str]
    path_in_spec: Callable[[str], str] = str

    def unsigned(self, request: httpx.Request) -> UnsignedRequest:
        """Return what a request of httpx's asks; raise ConfigurationError if it goes to another server."""
        url, ours = request.url, self.base_url
        if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
            raise ConfigurationError(
                f"this client sends its token and secret to {ours.scheme}://{self.host} only, not to "
                f"{url.scheme}://{url.netloc.decode('ascii')}"
            )
        body = json_body(request)
        dropped = {b"authorization"} if body is None else {b"authorization", b"content-length"}
        return UnsignedRequest(
            request.method,
            url.raw_path.partition(b"?")[0].decode("ascii"),
            tuple(url.params.multi_items()),
            tuple((name, value) for name, value in request.headers.raw if name.lower() not in dropped),
            body,
            request.stream,
            told_seconds(request.extensions.get("timeout", {})),
        )

    @property
    def host(self) -> str:
        """The server's name, and its port where that isn't the usual one."""
        return self.base_url.netloc.decode("ascii")

    def operation(self, request: UnsignedRequest) -> str:
        """Return method and path as the spec has them: the path of a call may hold an id."""
        ours = self.base_url.raw_path.decode("ascii").rstrip("/")
        return f"{request.method} {self.path_in_spec(request.path.removeprefix(ours))}"

    def may_repeat(self, request: UnsignedRequest) -> bool:
        """Whether the operation only reads, so that sending it twice can't do anything twice."""
        return request.method in SAFE_METHODS or (request.method == "POST" and request.path in self.read_only)


def wants_renewal(failure: MantaGoError) -> bool:
    """Whether the service refused the credentials in a way that new ones could mend."""
    return isinstance(failure, APIStatusError) and (failure.status_code == 401 or failure.code == RENEWAL_CODE)


def may_retry(failure: MantaGoError, *, read_only: bool) -> bool:
    """Whether the request may be sent again: an operation with effects only if the service can't have acted on it."""
    if isinstance(failure, APIStatusError):
        if read_only:
            return failure.status_code in RETRIED_STATUSES
        return failure.status_code == 429 or (failure.status_code == 503 and failure.retry_after is not None)
    if not isinstance(failure, APIConnectionError) or isinstance(failure.__cause__, HOPELESS_CAUSES):
        return False
    return read_only or isinstance(failure.__cause__, NEVER_SENT_CAUSES)


def wait_before(retry: int, failure: MantaGoError, jitter: float) -> float:
    """Return how long to wait before a retry (the first is 1): what the service asked for, else full jitter.

    `jitter` is a random number from 0 to 1: the wait is that share of 0.5 s, doubled with each retry up to 8 s.
    """
    if isinstance(failure, APIStatusError) and failure.retry_after is not None:
        return failure.retry_after
    return jitter * min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(retry - 1, 10))
