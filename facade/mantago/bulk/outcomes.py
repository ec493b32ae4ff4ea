"""The meaning of an answer for a client and for the run: pure decisions."""

from __future__ import annotations

import ssl
from enum import Enum, auto

from attrs import define, field

from mantago_runtime.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ClientNotFoundError,
    IdentificationError,
    InvalidResponseError,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
)

OF_ONE_CLIENT = frozenset({200, 400, 413, 422})
"""The statuses of refusals that may concern one client alone; a 200 among them says "success": false."""
MOST_IN_A_ROW = 20
SECONDS_WITHOUT_ANSWER = 60.0
SECONDS_OF_REFUSALS = 3600.0
TRIES = 4
"""The attempts for a client without an answer, or with one that can't be used, while others are answered."""
REFUSED_TRIES = 10
FEW = 5
"""This many clients in a row without an answer say that the service is at fault, and not these clients."""


class Verdict(Enum):
    """The meaning of a failed call."""

    NOT_FOUND = auto()
    FAILED = auto()
    """The service can't answer for this client."""
    AGAIN = auto()
    """There was no answer, or none from the service itself; another attempt may get one."""
    REFUSED = auto()
    """There were too many calls."""
    STOP = auto()
    """Every client would fail in the same way."""
    STOP_CREDENTIALS = auto()


def verdict(error: MantaGoError) -> Verdict:
    """Return the meaning of a failed call."""
    match error:
        case APIStatusError():
            return _of_status(error)
        case APIConnectionError():
            # No further attempt makes a certificate trusted.
            return Verdict.STOP if isinstance(error.__cause__, ssl.SSLCertVerificationError) else Verdict.AGAIN
        case InvalidResponseError():
            return Verdict.AGAIN
        case IdentificationError():
            return Verdict.FAILED
        case _:
            return Verdict.STOP


def _of_status(error: APIStatusError) -> Verdict:
    # By the code alone, as on a 200: the vendor doesn't publish the status of a code.
    told = APIStatusError.for_status(200, error.code)
    if told is ClientNotFoundError:
        return Verdict.NOT_FOUND
    if error.status_code in {401, 403} or issubclass(told, (AuthenticationError, PermissionDeniedError)):
        return Verdict.STOP_CREDENTIALS
    if isinstance(error, NotFoundError) or issubclass(told, NotFoundError):
        return Verdict.STOP
    if error.status_code == 429:
        return Verdict.REFUSED
    if error.status_code >= 500 or error.status_code == 408:
        return Verdict.AGAIN
    return Verdict.FAILED if error.status_code in OF_ONE_CLIENT else Verdict.STOP


@define
class Streak:
    """A series of failed calls, which may concern the service or one client alone.

    `proven` says that the service has answered for a client, in this run or before. Before that, no failure is a
    client's.
    """

    limit: float
    tries: int
    proven: bool = False
    _since: float | None = field(default=None, init=False)
    _clients: set[object] = field(factory=set, init=False)

    def end(self, *, answered: bool) -> None:
        """End the series, since a call has ended in another way."""
        self.proven = self.proven or answered
        self._since = None
        self._clients.clear()

    def add(self, now: float, client: object) -> None:
        """Add a failed call."""
        self._since = now if self._since is None else self._since
        self._clients.add(client)

    def is_a_clients(self, tries: int) -> bool:
        """Return whether the failure concerns the client alone: few clients had it, and the service answers others."""
        return self.proven and tries >= self.tries and len(self._clients) < FEW

    def is_long(self, now: float) -> bool:
        """Return whether the series has lasted so long that the run has to stop."""
        return self._since is not None and now - self._since >= self.limit
