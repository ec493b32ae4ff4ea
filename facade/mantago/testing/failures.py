"""The failures on the way to the service and back, by the names that `FakeMantaGo.fail` takes.

Where a server can do the same, the name is the sandbox's id for it, and the answer is the sandbox's.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Final, Literal, get_args

import httpx
from attrs import evolve, frozen

from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal
from mantago.testing.scenarios import TROUBLES
from mantago.testing.troubles import SLOW_SECONDS, Trouble, did_you_mean, spelled

__all__ = ["FAILURES", "Failure", "FailureName", "at_an_id", "failure", "response"]

FailureName = Literal[
    # the service says no
    "bad_variables",
    "token_expired",
    "credentials_renewed",
    "permission_denied",
    "bot_not_found",
    "platform_not_connected",
    "client_not_found",
    "rate_limited",
    "refused_with_200",
    # the service, or something before it, is out of order
    "server_error",
    "bad_gateway",
    "service_unavailable",
    "gateway_timeout",
    "redirect",
    # no answer, or not all of it
    "unknown_host",
    "connection_refused",
    "untrusted_certificate",
    "connect_timeout",
    "timeout",
    "connection_reset",
    "cut_off_answer",
    # an answer that comes late
    "slow_answer",
    # an answer that can't be read
    "not_json",
    "empty_body",
    "missing_name",
    # an answer from another version
    "drift_missing",
    "drift_null",
    "drift_unknown_value",
    "drift_unknown_field",
    "drift_format",
]


@frozen
class Failure:
    """One way to fail: an error, or a trouble of a good answer.

    `uses_up` names the timeout of httpx that runs out, `seconds` is the delay of a good answer, and `left` is how often
    this is still to happen. `name` is None for what an id of the sandbox does.
    """

    name: FailureName | None
    trouble: Trouble = Trouble()  # noqa: RUF009 - it is immutable
    error: Callable[[], httpx.TransportError] | None = None
    uses_up: str | None = None
    seconds: float = 0.0
    left: float = 1

    @property
    def answer(self) -> CannedResponse | None:
        """The answer that comes instead of a good one."""
        return self.trouble.instead

    @property
    def reaches_the_service(self) -> bool:
        """True if the service gets as far as making up an answer."""
        return self.error is None and self.trouble.instead is None

    def happen(self, limits: Mapping[str, float | None]) -> tuple[float, httpx.TransportError | None]:
        """Return the seconds that pass within httpx's timeouts, and the error to raise then."""
        limit = limits.get(self.uses_up or "read") or math.inf
        if self.error is not None:
            return (limit if self.uses_up and limit < math.inf else 0.0), self.error()
        return (limit, _TIMED_OUT()) if self.seconds >= limit else (self.seconds, None)


def _fails(kind: type[httpx.TransportError], text: str) -> Callable[[], httpx.TransportError]:
    return lambda: kind(text)


def _untrusted() -> httpx.TransportError:
    text = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
    error = httpx.ConnectError(text)
    error.__cause__ = ssl.SSLCertVerificationError(text)
    return error


_TIMED_OUT: Final = _fails(httpx.ReadTimeout, "timed out")
_OF_ITS_OWN: Final = {
    one.name: one
    for one in (
        # The sandbox's id of this name answers with a Retry-After.
        Failure("rate_limited", Trouble(Refusal.RATE_LIMITED.answer(bot_id=BOT_ID))),
        Failure("slow_answer", seconds=SLOW_SECONDS),
        Failure("unknown_host", error=_fails(httpx.ConnectError, "[Errno -2] Name or service not known")),
        Failure("connection_refused", error=_fails(httpx.ConnectError, "[Errno 111] Connection refused")),
        Failure("untrusted_certificate", error=_untrusted),
        Failure("connect_timeout", error=_fails(httpx.ConnectTimeout, "timed out"), uses_up="connect"),
        Failure("timeout", error=_TIMED_OUT, uses_up="read"),
        Failure("connection_reset", error=_fails(httpx.ReadError, "[Errno 104] Connection reset by peer")),
    )
}
FAILURES: Final[Mapping[str, Failure]] = {
    name: _OF_ITS_OWN[name] if name in _OF_ITS_OWN else Failure(name, TROUBLES[name][0])
    for name in get_args(FailureName)
}
_SAYS_WHEN: Final = ("rate_limited", "service_unavailable")
_COMES_LATE: Final = ("slow_answer",)


def failure(name: str, times: object, retry_after: object, seconds: object) -> Failure:
    """Return the failure of this name; raise ValueError for a name or an option of it that doesn't exist."""
    given, name = name, spelled(str(name))
    if name not in FAILURES:
        nearest = did_you_mean(name, FAILURES) or f"there are {', '.join(FAILURES)}"
        raise ValueError(f"no failure is named {given!r}: {nearest}")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ValueError(f"times must be a whole number, 1 or more, or None for every time, not {times!r}")
    late = _seconds("seconds", seconds, name, _COMES_LATE)
    wait = _seconds("retry_after", retry_after, name, _SAYS_WHEN)
    found = evolve(FAILURES[name], left=math.inf if times is None else times)
    if wait is not None and found.answer is not None:
        answer = evolve(found.answer, headers=(("retry-after", f"{wait:g}"),))
        found = evolve(found, trouble=Trouble(answer))
    return found if late is None else evolve(found, seconds=late)


def at_an_id(trouble: Trouble) -> Failure:
    """Return the failure of a request that asks for an id that fails, as at the sandbox."""
    return Failure(None, trouble, seconds=SLOW_SECONDS if trouble.slow else 0.0)


def _seconds(option: str, value: object, name: str, meant_for: tuple[str, ...]) -> float | None:
    if value is None:
        return None
    if name not in meant_for:
        raise ValueError(f"{option} is for {' and '.join(meant_for)}, not for {name}")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{option} must be a number of seconds, zero or more, not {value!r}")
    return value


class _CutOff(httpx.ByteStream):
    """Half of a body, and then the end of the connection, with the error of httpx."""

    def __iter__(self) -> Iterator[bytes]:
        [body] = super().__iter__()
        yield body[: len(body) // 2]
        came = f"received {len(body) // 2} bytes, expected {len(body)}"
        raise httpx.RemoteProtocolError(f"peer closed connection without sending complete message body ({came})")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def response(answer: CannedResponse, method: str) -> httpx.Response:
    """Return an answer as a response of httpx, whose body is still to be read."""
    fields = [("content-type", answer.content_type), ("content-length", str(len(answer.body))), *answer.headers]
    body = b"" if method == "HEAD" else answer.body
    return httpx.Response(answer.status, headers=fields, stream=(_CutOff if answer.cut_off else httpx.ByteStream)(body))
