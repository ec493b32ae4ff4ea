"""What commands have in common on stdout and stderr: JSON, and notes of what the library tolerated (extra `cli`)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mantago.cli.options import Output
from mantago_runtime.errors import ConfigurationError


def print_json(document: object) -> None:
    """Print a document in UTF-8, whatever the console's encoding."""
    # Bytes, for that reason. Half a surrogate pair stays an escape.
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if sys.stdout:
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        sys.stdout.flush()


def complain(text: str, status: int) -> int:
    """Say on stderr, in a line, what went wrong; return the exit status."""
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return status


@contextmanager
def notes(output: Output) -> Iterator[None]:
    """Put on stderr what the library tolerated; with `verbose` each call and retry too, with `quiet` nothing."""
    if output.quiet and output.verbose:
        raise ConfigurationError("--quiet and --verbose exclude each other")
    logger, handler = logging.getLogger("mantago"), logging.StreamHandler()
    level = logger.level
    handler.setFormatter(logging.Formatter("note: %(message)s"))
    handler.setLevel(logging.DEBUG if output.verbose else logging.CRITICAL if output.quiet else logging.WARNING)
    if output.verbose:
        logger.setLevel(logging.DEBUG)
    else:
        # Its own records are about single calls; what needs a person's attention comes from its children.
        handler.addFilter(lambda record: record.name != logger.name)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
