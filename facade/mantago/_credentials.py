"""Who calls: the pair of token and secret, where it comes from, and how it is kept out of sight."""

from __future__ import annotations

import base64
import html
import json
import logging
import math
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import frozen

from mantago._errors import ConfigurationError

_log = logging.getLogger("mantago.credentials")

ARGUMENTS = ("bot_id", "token", "secret")
REDACTED = "<redacted>"
HELD = 4
"""Credentials of one client that are masked: those in force and the last ones before."""
EXPIRES_SOON = 3 * 86_400
"""Seconds before a token's end from which on it is warned of."""
SHORTEST_MASKED = 8
"""A shorter token or secret isn't masked in answers: it could be part of any word."""
LONGEST: Mapping[str, tuple[int, str]] = {
    "bot_id": (1_000, "a URL"),
    "token": (16_384, "a header"),
    "secret": (16_384, "a request"),
}
"""How many characters a value may have, and where it must fit."""


@frozen(init=False, repr=False)
class Credentials:
    """A bot's id with its token and secret: they belong together, and are renewed together.

    A blank value, and a token that can't stand in a header, is a `ConfigurationError`. The repr shows the bot id only.
    """

    bot_id: str
    token: str
    secret: str

    def __init__(self, *, bot_id: str, token: str, secret: str) -> None:
        problem = problem_of({"bot_id": bot_id, "token": token, "secret": secret})
        self.__attrs_init__(bot_id, token, secret)  # pyright: ignore[reportAttributeAccessIssue]
        # A traceback with locals, as error reporters record it, must not show the two.
        del token, secret
        if problem:
            raise ConfigurationError(problem)

    def __repr__(self) -> str:
        return f"Credentials(bot_id={self.bot_id!r}, token={REDACTED}, secret={REDACTED})"

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, in UTC, from its `exp`; None if it has none that can be read."""
        try:
            payload = self.token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            expiry = claims["exp"]
            return None if isinstance(expiry, bool) else datetime.fromtimestamp(expiry, UTC)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
            return None


Provider = Callable[[], Credentials]
AsyncProvider = Callable[[], Credentials | Awaitable[Credentials]]


def problem_of(values: Mapping[str, object]) -> str | None:
    """Say what is wrong with the values of credentials, never quoting one; None if nothing is."""
    for argument, value in values.items():
        name = f"{argument} (or the environment variable MANTAGO_{argument.upper()})"
        if value is None:
            return f"{name} is missing"
        if not isinstance(value, str):
            return f"{name} must be a string, not {type(value).__name__}"
        if not value.strip():
            return f"{name} is blank"
        limit, place = LONGEST[argument]
        if len(value) > limit:
            return f"{name} is too long for {place}: {len(value):,} characters, more than {limit:,}"
        if argument == "token" and (bad := re.search(r"[^\x21-\x7e]", value)):
            kind = (
                "a space or a line break (from a file?)"
                if bad[0].isspace()
                else "a character outside of ASCII's visible ones"
            )
            return f"{name} can't stand in a header: character {bad.start() + 1} of {len(value)} is {kind}"
        if not encodable(value):
            return f"{name} holds half of a surrogate pair, which UTF-8 can't carry"
    return None


def encodable(value: str) -> bool:
    """Whether a string can be sent as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_environment(given: Mapping[str, str | None]) -> Credentials | ConfigurationError:
    """Return the credentials from the arguments, else from the environment, where empty counts as unset.

    The error is returned, not raised: the frames between would show the arguments in a traceback with locals.
    """
    values = {
        argument: (os.environ.get(f"MANTAGO_{argument.upper()}") or None) if value is None else value
        for argument, value in given.items()
    }
    problem = problem_of(values)
    return ConfigurationError(problem) if problem else Credentials(**{name: str(v) for name, v in values.items()})


class Keyring:
    """The credentials of one client as they change: those in force, those before, and who to ask for new ones."""

    def __init__(self, source: Credentials | Callable[[], object] | None) -> None:
        self.provider: Any = None if isinstance(source, Credentials) else source
        self.current: Credentials | None = None
        self.held: tuple[Credentials, ...] = ()
        self.mask = Mask(self.held)
        self.answers = 0
        self.warn_from = math.inf
        """When to warn that the token in force expires: seconds since 1970."""
        if isinstance(source, Credentials):
            self._hold(source)

    def take(self, answer: object) -> Credentials:
        """Put what the provider returned in force."""
        if not isinstance(answer, Credentials):
            raise ConfigurationError(
                f"the callable given as credentials returned {type(answer).__name__}, not Credentials"
            )
        self.answers += 1
        if answer != self.current:
            self._hold(answer)
        return answer

    def _hold(self, pair: Credentials) -> None:
        # Answers may still echo what was in force just before; what is older would only slow the mask down.
        self.current, self.held = pair, (*self.held[1 - HELD :], pair)
        self.mask = Mask(self.held)
        expiry = pair.expires_at
        self.warn_from = expiry.timestamp() - EXPIRES_SOON if expiry else math.inf

    def warn_of_expiry(self, now: float) -> None:
        """Log, once for each pair, that its token expires within three days, or has expired."""
        if now < self.warn_from or self.current is None:
            return
        self.warn_from = math.inf
        verb = "expires" if (expiry := self.current.expires_at) and expiry.timestamp() > now else "expired"
        _log.warning(
            "the token of bot %s %s %s: renew the pair", self.current.bot_id, verb, f"{expiry:%Y-%m-%d %H:%M} UTC"
        )


class Mask:
    """Takes tokens and secrets out of what a service sends back, in any way that JSON, HTML or a URL may spell them."""

    def __init__(self, held: Iterable[Credentials], others: Iterable[str] = ()) -> None:
        values = {value for pair in held for value in (pair.token, pair.secret)} | set(others)
        # The longest first: one may be part of another.
        self._needles = sorted((v for v in values if len(v) >= SHORTEST_MASKED), key=len, reverse=True)
        self._forms = [form.encode() for needle in self._needles for form in _spellings(needle)]

    def clean(self, data: bytes) -> bytes:
        """Return the data with every token and secret replaced."""
        for form in self._forms:
            if form in data:
                data = data.replace(form, REDACTED.encode())
        if b"\\" in data:
            # The pattern is slow to build and to run, so it is used only where there is something to find.
            flat = _unescaped(data.decode(errors="replace"))
            for needle in self._needles:
                if needle in flat:
                    data = re.sub(_json_pattern(needle), REDACTED.encode(), data)
        return data

    def clean_text(self, text: str) -> str:
        """Return the text with every token and secret replaced."""
        return self.clean(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")


def _spellings(value: str) -> Iterable[str]:
    in_urls = [quote(value), quote(value, safe=""), quote_plus(value)]
    # An error's text may quote a piece of the answer as Python writes it.
    in_python = [repr(value)[1:-1], ascii(value)[1:-1], repr(value.encode())[2:-1]]
    spellings = [value, *in_urls, html.escape(value), *in_python]
    return dict.fromkeys(spellings)


def _unescaped(text: str) -> str:
    """Return the text with JSON's escapes resolved, as far as they can spell a visible character."""
    flat = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    return flat.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _json_pattern(value: str) -> bytes:
    """Return a pattern for a string inside JSON, where each character may be written as an escape."""
    parts = []
    for character in value:
        units = character.encode("utf-16-be").hex()
        escape = "".join(rf"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
        parts.append(rf"(?:\\?{re.escape(character)}|(?i:{escape}))")
    return "".join(parts).encode()
