"""What an answer means for a client, and for the run: pure decisions."""

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
"""Statuses of refusals that another client needn't meet; 200 says "success": false."""
MOST_IN_A_ROW = 20
SECONDS_WITHOUT_ANSWER = 60.0
SECONDS_OF_REFUSALS = 3600.0
TRIES = 4
"""How often a client is asked for without an answer, or to one that can't be used, while others are answered."""
REFUSED_TRIES = 10
FEW = 5
"""So many clients in a row without an answer are no matter of these clients."""


class Verdict(Enum):
    """What a failed call means."""

    NOT_FOUND = auto()
    FAILED = auto()
    """This client can't be answered for."""
    AGAIN = auto()
    """No answer, or none from the service itself: another attempt may have one."""
    REFUSED = auto()
    """Too many calls."""
    STOP = auto()
    """Every client will meet it."""
    STOP_CREDENTIALS = auto()


def verdict(error: MantaGoError) -> Verdict:
    """Return what a failed call means."""
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
    # By the code alone, as on a 200: which status goes with a code isn't published.
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
    """Calls in a row whose failure may concern the service, or one client alone.

    `proven` says that the service has answered for somebody, in this run or before: else it is never a client's.
    """

    limit: float
    tries: int
    proven: bool = False
    _since: float | None = field(default=None, init=False)
    _clients: set[object] = field(factory=set, init=False)

    def end(self, *, answered: bool) -> None:
        """Note that a call has ended otherwise."""
        self.proven = self.proven or answered
        self._since = None
        self._clients.clear()

    def add(self, now: float, client: object) -> None:
        """Note that a call has failed so."""
        self._since = now if self._since is None else self._since
        self._clients.add(client)

    def is_a_clients(self, tries: int) -> bool:
        """Whether the failure concerns the client alone: few clients had it, and the service answers others."""
        return self.proven and tries >= self.tries and len(self._clients) < FEW

    def is_long(self, now: float) -> bool:
        """Whether it has gone on for so long that the run has to stop."""
        return self._since is not None and now - self._since >= self.limit
