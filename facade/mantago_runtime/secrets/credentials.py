"""The bot's id, token and secret, which belong together."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from mantago_runtime.errors import ConfigurationError
from mantago_runtime.text import characters

ARGUMENTS = ("bot_id", "token", "secret")
REDACTED = "<redacted>"
MAX_LENGTHS: Mapping[str, tuple[int, str]] = {
    "bot_id": (1_000, "a URL"),
    "token": (16_384, "a header"),
    "secret": (16_384, "a request"),
}
"""The number of characters that a value may have, and the place where it must fit."""


class Credentials:
    """A bot's id, token and secret, which belong together and are renewed together.

    A blank value, or a token that can't be in a header, raises a `ConfigurationError`. The repr shows the bot id only.
    """

    __slots__ = ("__weakref__", *ARGUMENTS)
    __match_args__ = ("bot_id", "token", "secret")

    bot_id: str
    token: str
    secret: str

    def __init__(self, *, bot_id: str, token: str, secret: str) -> None:
        problem = problem_of({"bot_id": bot_id, "token": token, "secret": secret})
        self.__setstate__({"bot_id": _plain(bot_id), "token": _plain(token), "secret": _plain(secret)})
        # A traceback with locals, as error reporters record it, must not show the two.
        del token, secret
        if problem:
            raise ConfigurationError(problem)

    def _values(self) -> tuple[str, str, str]:
        return self.bot_id, self.token, self.secret

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"credentials can't be changed, and so neither can {name}: make new ones")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"credentials can't be changed, and so {name} can't be deleted: make new ones")

    def __getstate__(self) -> dict[str, str]:
        return dict(zip(ARGUMENTS, self._values(), strict=True))

    def __setstate__(self, state: Mapping[str, str]) -> None:
        for name in state.keys() & {*ARGUMENTS}:
            object.__setattr__(self, name, state[name])

    def __repr__(self) -> str:
        return f"Credentials(bot_id={self.bot_id!r}, token={REDACTED}, secret={REDACTED})"

    @property
    def expires_at(self) -> datetime | None:
        """The time when the token expires, in UTC, from its `exp`; None if it has no readable `exp`."""
        try:
            payload = self.token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            expiry = claims["exp"]
            return None if isinstance(expiry, bool) else datetime.fromtimestamp(expiry, UTC)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
            return None


def _plain(value: Any) -> Any:
    return characters(value) if isinstance(value, str) else value


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
        limit, place = MAX_LENGTHS[argument]
        if len(value) > limit:
            return f"{name} is too long for {place}: {len(value):,} characters, more than {limit:,}"
        if argument == "token" and (bad := re.search(r"[^\x21-\x7e]", value)):
            kind = (
                "a space or a line break (from a file?)"
                if bad[0].isspace()
                else "a character outside of ASCII's visible ones"
            )
            return f"{name} can't be in a header: character {bad.start() + 1} of {len(value)} is {kind}"
        if not encodable(value):
            return f"{name} holds half of a surrogate pair, which UTF-8 can't carry"
    return None


def encodable(value: str) -> bool:
    """Return whether a string can be sent as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
