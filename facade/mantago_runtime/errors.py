"""The exceptions of the package; their branches say whose fault it is.

MantaGoError
├─ ConfigurationError (ValueError)      the caller: before anything is sent
├─ IdentificationError (ValueError)     the caller: before anything is sent
├─ ClientClosedError                    the caller: before anything is sent
├─ APIConnectionError                   the way: refused, reset, cut off, TLS, DNS
│  └─ APITimeoutError                   the time allowed was used up
├─ InvalidResponseError                 the answer isn't what the spec promises
└─ APIStatusError                       the service said no
   ├─ BadRequestError 400, 422
   ├─ AuthenticationError 401
   │  ├─ TokenExpiredError              code 1004
   │  └─ CredentialsReplacedError       code 120000
   ├─ PermissionDeniedError 403
   ├─ NotFoundError 404
   │  ├─ ClientNotFoundError            code 37011
   │  ├─ BotNotFoundError               code 5001
   │  └─ PlatformNotConnectedError      code 11001
   ├─ RateLimitError 429
   └─ ServerError 5xx
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeAlias, TypeVar

from mantago_runtime.mappings import Headers, request_id_in
from mantago_runtime.text import seconds

NO_MESSAGE = "the service gave no message"

CODE_MEANINGS: Mapping[int, str] = {
    1002: "token or secret is wrong: check that each was copied whole; or the bot's plan has no Open API",
    1004: "token or secret has expired, or isn't one of this bot's: check first that each was copied whole",
    5001: "there is no bot with this bot id",
    11001: "the bot is not connected to this platform",
    37011: "no client matches the identification",
    110000: "the body lacks a variable that the operation needs",
    120000: "token and secret were renewed, and these are the old ones",
}
"""The meaning of the vendor's numbers, as far as published; the vendor's own messages say less, some in Chinese."""

OTHER_CODES = frozenset({11000, 36000, 60001, 60002, 120001})
"""Numbers of the vendor's whose meaning isn't published; there may be more."""


class MantaGoError(Exception):
    """The base of every exception that this package raises."""

    _in_args: ClassVar[tuple[str, ...]] = ()
    """The attributes that follow the text in `args`, as the constructor takes them.

    Task queues that don't pickle keep an exception as its class and its `args`, and call the one with the other.
    """

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name in self._in_args:
            known = (getattr(self, each, None) for each in self._in_args)
            super().__setattr__("args", (*self.args[:1], *known))  # assigned to, its type would change for ty

    @property
    def _text(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.args[:1]))})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way knows nothing of what isn't in `args`.
        return _unpickled, (type(self), self.args, self.__dict__)


def _unpickled(cls: type[MantaGoError], args: tuple[object, ...], state: dict[str, object]) -> MantaGoError:
    error = cls.__new__(cls, *args)
    for name, value in state.items():
        setattr(error, name, value)
    return error


class ConfigurationError(MantaGoError, ValueError):
    """A credential, an address or an option can't be used; nothing was sent."""


class IdentificationError(MantaGoError, ValueError):
    """The arguments don't identify a client as the rule demands; nothing was sent."""


class ClientClosedError(MantaGoError):
    """The client was closed before or during the call, and can't be used any more."""


class APIConnectionError(MantaGoError):
    """There was no answer: the connection was refused, reset, cut off, or never made (DNS, TLS)."""

    _in_args = ("attempts", "elapsed")
    attempts: int = 1
    elapsed: float = 0.0

    def __init__(self, problem: str, attempts: int = 1, elapsed: float = 0.0) -> None:
        super().__init__(problem)
        self.attempts = attempts
        self.elapsed = elapsed

    def __str__(self) -> str:
        return f"{self._text} ({effort(self.attempts, self.elapsed)})"


class APITimeoutError(APIConnectionError):
    """The call used up the time that it was allowed in all."""


class InvalidResponseError(MantaGoError):
    """The answer isn't what the spec promises; `path` says where, `$` for the whole.

    `status_code` is None where nothing was received, as in `from_dict`. `elapsed` is in seconds, `body` cut at 64 KiB.
    """

    _in_args = ("path", "status_code", "attempts", "elapsed")
    # Of the class as well: version 0.1 pickled errors without them.
    status_code: int | None = None
    attempts: int = 1
    elapsed: float = 0.0
    headers: Mapping[str, str] = Headers()
    body: bytes = b""

    def __init__(
        self,
        problem: str,
        path: str = "$",
        status_code: int | None = None,
        attempts: int = 1,
        elapsed: float = 0.0,
        *,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(problem)
        self.path = path
        self.status_code = status_code
        self.attempts = attempts
        self.elapsed = elapsed
        self.headers = headers or Headers()
        self.body = body

    @property
    def request_id(self) -> str | None:
        """The request's name in the service's own records, for its support; None if the headers hold none."""
        return request_id_in(self.headers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r}, path={self.path!r})"

    def __str__(self) -> str:
        text = f"the answer can't be used: {self.path}: {self._text}"
        if self.status_code is None:
            return text
        content_type = " ".join(self.headers.get("Content-Type", "").partition(";")[0].split())[:100]
        told = content_type if content_type and "json" not in content_type.lower() else None
        about = (named(self.status_code), told, effort(self.attempts, self.elapsed))
        return f"{text} ({', '.join(filter(None, about))})"


class APIStatusError(MantaGoError):
    """The service refused the call.

    `code` is the vendor's number (None if absent), `bot_id` the one that the service named, else the one that was sent.
    `retry_after` and `elapsed` are in seconds, `body` is cut at 64 KiB. A redirect is one of these too: the client
    never follows it, since the body holds the secret.
    """

    _in_args = ("status_code", "code", "retry_after", "attempts", "elapsed", "bot_id")
    attempts: int = 1
    elapsed: float = 0.0

    def __init__(  # noqa: PLR0917 - task queues call it with its `args`
        self,
        message: str,
        status_code: int,
        code: int | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
        elapsed: float = 0.0,
        bot_id: str | None = None,
        *,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.message = message
        self.bot_id = bot_id
        self.retry_after = retry_after
        self.attempts = attempts
        self.elapsed = elapsed
        self.headers: Mapping[str, str] = headers or Headers()
        self.body = body

    @property
    def request_id(self) -> str | None:
        """The request's name in the service's own records, for its support; None if the headers hold none."""
        return request_id_in(self.headers)

    @classmethod
    def for_status(cls, status_code: int, code: int | None = None) -> type[APIStatusError]:
        """Return the class for a status and the vendor's number: the base where the tree above has no branch.

        The number chooses among the classes of the status, or alone where the status says that all is well.
        """
        told = APIStatusError if code is None else _BY_CODE.get(code, APIStatusError)
        if 200 <= status_code <= 299:
            return told
        branch = _BY_STATUS.get(status_code, ServerError if 500 <= status_code <= 599 else APIStatusError)
        return told if issubclass(told, branch) and branch is not APIStatusError else branch

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status_code={self.status_code}, code={self.code}, message={self.message[:500]!r})"
        )

    def __str__(self) -> str:
        parts = [named(self.status_code)]
        if self.code is not None:
            parts.append(f"code {self.code}")
        text = ", ".join(parts)
        if self.message != phrase(self.status_code):
            text += f": {' '.join(self.message.split())[:500] or NO_MESSAGE}"
        if self.code is not None and self.code in CODE_MEANINGS:
            text += f" [{CODE_MEANINGS[self.code]}]"
        if 300 <= self.status_code <= 399:
            text += " [a redirect is not followed, since the body holds the secret: correct base_url"
            # Without its query, which could hold the personal id.
            target = self.headers.get("Location", "").partition("?")[0]
            text += f"; it leads to {target[:200]}]" if target else "]"
        if is_strange_404(self):
            text += (
                " [not one of the service's known refusals, which have codes of their own: is base_url right, down to "
                "its path, and does no proxy answer instead?]"
            )
        about = [] if self.bot_id is None else [f"bot {' '.join(self.bot_id.split())[:100]}"]
        if self.retry_after is not None:
            about.append(f"retry after {seconds(self.retry_after)}")
        return f"{text} ({', '.join([*about, effort(self.attempts, self.elapsed)])})"


class BadRequestError(APIStatusError):
    """400 or 422: the service couldn't read the request."""


class AuthenticationError(APIStatusError):
    """401: the token is invalid or expired."""


class TokenExpiredError(AuthenticationError):
    """Code 1004: the token is invalid or expired."""


class CredentialsReplacedError(AuthenticationError):
    """Code 120000: token and secret were renewed, and these are the old ones."""


class PermissionDeniedError(APIStatusError):
    """403: token or secret don't give access to this."""


class NotFoundError(APIStatusError):
    """404: there is no such client, bot or connection; or there is no such address, if `code` isn't one of these."""


class ClientNotFoundError(NotFoundError):
    """Code 37011: the service knows no client that matches the identification."""


class BotNotFoundError(NotFoundError):
    """Code 5001: there is no bot with this bot id."""


class PlatformNotConnectedError(NotFoundError):
    """Code 11001: the bot is not connected to this platform."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says how many seconds to wait, if the service said so."""


class ServerError(APIStatusError):
    """5xx: the service failed, or a proxy before it."""


_BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: BadRequestError,
    429: RateLimitError,
}
_BY_CODE: Mapping[int, type[APIStatusError]] = {
    1002: PermissionDeniedError,
    1004: TokenExpiredError,
    5001: BotNotFoundError,
    11001: PlatformNotConnectedError,
    37011: ClientNotFoundError,
    110000: BadRequestError,
    120000: CredentialsReplacedError,
}


def is_strange_404(error: APIStatusError) -> bool:
    """Return whether it is a 404 that may come from an address where the service isn't."""
    return error.status_code == 404 and not (error.code in CODE_MEANINGS or error.code in OTHER_CODES)


def phrase(status_code: int) -> str:
    """Return the standard phrase of a status; the service's own isn't used, since it could hold anything."""
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return ""


def named(status_code: int) -> str:
    """Return a status with its phrase."""
    return f"{status_code} {phrase(status_code)}".strip()


def effort(attempts: int, elapsed: float) -> str:
    """Say what a call took."""
    return f"{attempts} attempt{'' if attempts == 1 else 's'}, {elapsed:.2f} s"


CallError: TypeAlias = APIConnectionError | InvalidResponseError | APIStatusError
"""The errors that a call raises once it has begun."""
CallErrorT = TypeVar("CallErrorT", bound=CallError)


def tried(error: CallErrorT, attempts: int, elapsed: float) -> CallErrorT:
    """Note in an error what the call took."""
    error.attempts, error.elapsed = attempts, elapsed
    return error
