"""The credentials of one client, as they are renewed."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from mantago_runtime.errors import ConfigurationError
from mantago_runtime.secrets.credentials import Credentials
from mantago_runtime.secrets.redaction import Redactor

_log = logging.getLogger("mantago.credentials")
MAX_HELD_PAIRS = 4
"""Credentials of one client that are masked: those in force and the last ones before."""
EXPIRY_WARNING_SECONDS = 3 * 86_400
"""Seconds before a token's end from which on it is warned of."""


class CredentialStore:
    """One client's credentials as they change: the current ones, those before, and whom to ask for new ones."""

    def __init__(self, source: Credentials | Callable[[], object] | None) -> None:
        self.provider: Any = None if isinstance(source, Credentials) else source
        self.current: Credentials | None = None
        self.held: tuple[Credentials, ...] = ()
        self.others: tuple[str, ...] = ()
        """Other values that no answer may show: a proxy's password."""
        self.redactor = Redactor(self.held)
        self.answers = 0
        self.warn_from = math.inf
        """The time to warn that the token in force expires, in seconds since 1970."""
        if isinstance(source, Credentials):
            self._hold(source)

    def mask(self, others: tuple[str, ...]) -> None:
        """Mask these as well as the credentials."""
        self.others = others
        self.redactor = Redactor(self.held, others)

    def take(self, answer: object) -> Credentials:
        """Use what the provider returned from now on."""
        if not isinstance(answer, Credentials):
            raise ConfigurationError(f"the credentials callable returned {type(answer).__name__}, not Credentials")
        self.answers += 1
        if answer != self.current:
            self._hold(answer)
        return answer

    def _hold(self, pair: Credentials) -> None:
        # Answers may still echo what was in force just before; what is older would only slow the redactor down.
        self.current, self.held = pair, (*self.held[1 - MAX_HELD_PAIRS :], pair)
        self.redactor = Redactor(self.held, self.others)
        expiry = pair.expires_at
        self.warn_from = expiry.timestamp() - EXPIRY_WARNING_SECONDS if expiry else math.inf

    def warn_of_expiry(self, now: float) -> None:
        """Log, once for each pair, that its token expires within three days, or has expired."""
        if now < self.warn_from or self.current is None:
            return
        self.warn_from = math.inf
        verb = "expires" if (expiry := self.current.expires_at) and expiry.timestamp() > now else "expired"
        _log.warning(
            "the token of bot %s %s %s: renew the pair", self.current.bot_id, verb, f"{expiry:%Y-%m-%d %H:%M} UTC"
        )
