"""The source of a client's credentials: its arguments, a callable, or the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from mantago_runtime.errors import ConfigurationError
from mantago_runtime.secrets.credentials import Credentials, problem_of


def from_environment(given: Mapping[str, str | None]) -> Credentials | ConfigurationError:
    """Return the credentials from the arguments, else from the environment, where empty counts as unset.

    The error is returned, not raised: the frames between would show the arguments in a traceback with locals.
    """
    values = {
        argument: (os.environ.get(f"MANTAGO_{argument.upper()}") or None) if value is None else value
        for argument, value in given.items()
    }
    problem = problem_of(values)
    return (
        ConfigurationError(problem)
        if problem
        else Credentials(**{name: v for name, v in values.items() if v is not None})
    )


def credentials_source(
    given: dict[str, str | None], credentials: object
) -> Credentials | Callable[[], object] | ConfigurationError:
    """Return where the credentials come from; an error is returned, since these frames hold the values."""
    if credentials is None:
        return from_environment(given)
    named = [name for name, value in given.items() if value is not None]
    if named:
        return ConfigurationError(f"give credentials or bot_id, token and secret, not credentials and {named[0]}")
    if isinstance(credentials, Credentials) or callable(credentials):
        return credentials
    return ConfigurationError(
        f"credentials must be a Credentials or a callable that returns one, not {type(credentials).__name__}"
    )
