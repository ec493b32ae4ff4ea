"""The log on stderr, where the environment asks for it."""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from typing import Any

from mantago_runtime.errors import ConfigurationError
from mantago_runtime.text import one_of

LOG_LEVELS = ("debug", "info", "warning", "error")

_log = logging.getLogger("mantago")


def log_as_told() -> None:
    """Put the log on stderr if MANTAGO_LOG says from which level on; raise ConfigurationError if it says another thing.

    Where a program has handlers of its own on the root logger, those get the lines instead.
    """
    level = os.environ.get("MANTAGO_LOG")
    if not level:
        return
    if level.lower() not in LOG_LEVELS:
        raise ConfigurationError(f"the environment variable MANTAGO_LOG is {level[:50]!r}: {one_of(level, LOG_LEVELS)}")
    _log.setLevel(level.upper())
    _log.addHandler(_stderr())


class _OnStderr(logging.StreamHandler[Any]):
    """Writes on what stderr is at the moment: what it was when the first client was made may be closed."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


@cache
def _stderr() -> logging.Handler:
    handler = _OnStderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(lambda _: not logging.getLogger().handlers)
    return handler
