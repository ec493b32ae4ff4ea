"""The exit statuses, which say what to do (extra `cli`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

import click

from mantago.bulk.outcomes import Verdict, verdict
from mantago_runtime.errors import (
    APIConnectionError,
    ConfigurationError,
    IdentificationError,
    InvalidResponseError,
    MantaGoError,
)


class ExitStatus(IntEnum):
    """The status that a command ends with."""

    FINE = 0
    REFUSED = 1
    WRONG_USE = 2
    TRY_LATER = 3
    CREDENTIALS = 4
    INTERRUPTED = 130


MEANINGS: Final[dict[ExitStatus, str]] = {
    ExitStatus.FINE: "all is well",
    ExitStatus.REFUSED: "refused for good: the service said no, or its answer can't be used",
    ExitStatus.WRONG_USE: "wrong use: an option, an id, or a credential that is missing",
    ExitStatus.TRY_LATER: "try later: no answer, or status 429, 408 or 5xx",
    ExitStatus.CREDENTIALS: "credentials refused: status 401 or 403, or code 1002, 1004 or 120000",
    ExitStatus.INTERRUPTED: "Ctrl-C, or the signal SIGTERM",
}
_BY_VERDICT: Final[Mapping[Verdict, ExitStatus]] = {
    Verdict.AGAIN: ExitStatus.TRY_LATER,
    Verdict.REFUSED: ExitStatus.TRY_LATER,
    Verdict.STOP_CREDENTIALS: ExitStatus.CREDENTIALS,
}
_WORST_FIRST: Final = (ExitStatus.WRONG_USE, ExitStatus.CREDENTIALS, ExitStatus.TRY_LATER, ExitStatus.REFUSED)
"""Statuses that only a person can put right come first, then those that may change in a later run."""


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the exit status of several outcomes."""
    met = {*statuses}
    return next((status for status in _WORST_FIRST if status in met), ExitStatus.FINE)


def status_of(error: BaseException) -> ExitStatus:
    """Return the exit status for an error."""
    match error:
        case ConfigurationError() | IdentificationError() | ImportError() | click.ClickException():
            return ExitStatus.WRONG_USE
        case APIConnectionError():
            return ExitStatus.TRY_LATER
        case MantaGoError() if not isinstance(error, InvalidResponseError):
            return _BY_VERDICT.get(verdict(error), ExitStatus.REFUSED)
        case _:
            return ExitStatus.REFUSED
