"""The output of all commands on stdout and stderr: JSON, errors, and notes of what was tolerated (extra `cli`)."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

import click

from mantago.cli.completion import PROGRAM
from mantago.cli.options import Output, with_options, with_options_named
from mantago.cli.statuses import status_of
from mantago_runtime.errors import ConfigurationError, IdentificationError, MantaGoError
from mantago_runtime.logs import LOG_LEVELS


def told(error: BaseException) -> str:
    """Return the message about an error, in one line."""
    return " ".join(_text_of(error).split())


def _text_of(error: BaseException) -> str:
    match error:
        case IdentificationError():
            return with_options_named(str(error))
        case ConfigurationError() | ImportError():
            text = with_options(str(error))
            hint = "; mantago doctor lists all that is missing and where to find it; or try --sandbox"
            return text + (hint if text.endswith("is missing") else "")
        case click.ClickException():
            command = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
            return f"{error.format_message()} (see {command} --help)"
        case MantaGoError():
            return str(error)
        case OSError():
            return f"the output can't be written: {error.strerror}"
        case _:
            return f"unexpected {type(error).__name__}: {error}; please report this"


def described(error: BaseException, exit_status: int | None = None, message: str | None = None) -> dict[str, Any]:
    """Return an error as data for programs; a value is None where the error says nothing."""
    kept = error if isinstance(error, MantaGoError) else None
    elapsed = getattr(kept, "elapsed", None)
    return {
        "class": type(error).__name__,
        "message": told(error) if message is None else message,
        "exit_status": int(status_of(error) if exit_status is None else exit_status),
        "status": getattr(kept, "status_code", None),
        "code": getattr(kept, "code", None),
        "path": getattr(kept, "path", None),
        "request_id": getattr(kept, "request_id", None),
        "retry_after": getattr(kept, "retry_after", None),
        "attempts": getattr(kept, "attempts", None),
        "elapsed": None if elapsed is None else round(elapsed, 3),
    }


def print_json(document: object) -> None:
    """Print a document on stdout, for programs and people."""
    _write(sys.stdout, json.dumps(document, ensure_ascii=False, indent=2))


def print_json_line(document: object) -> None:
    """Print a document on stdout, as a line."""
    _write(sys.stdout, json.dumps(document, ensure_ascii=False))


def _write(stream: TextIO | None, line: str) -> None:
    """Write a line in UTF-8, whatever the console's encoding; half a surrogate pair stays an escape."""
    if isinstance(stream, io.TextIOWrapper):
        stream.flush()
        stream.buffer.write(f"{line}\n".encode(errors="backslashreplace"))
        stream.flush()
    elif stream:
        stream.write(f"{line}\n")


def complain(error: BaseException, *, as_json: bool, exit_status: int | None = None, message: str | None = None) -> int:
    """Print a line on stderr that says what went wrong; return the exit status."""
    found = described(error, exit_status, message)
    if as_json:
        _write(sys.stderr, json.dumps(found, ensure_ascii=False))
    else:
        print(f"error: {found['message']}", file=sys.stderr)
    return int(found["exit_status"])


def print_note(text: str, *, as_json: bool) -> None:
    """Print a note on stderr at once, in a line."""
    print(json.dumps({"note": text}) if as_json else text, file=sys.stderr, flush=True)


class _JsonLine(logging.Formatter):
    """Formats a note as JSON, so that every line on stderr is JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"note": super().format(record)})


@contextmanager
def notes(output: Output) -> Iterator[None]:
    """Show on stderr what the library tolerated; with `verbose` each call and retry too, with `quiet` nothing.

    The lines that MANTAGO_LOG asks for are shown as well, each of them once.
    """
    if output.quiet and output.verbose:
        raise ConfigurationError("give --quiet or --verbose, not both")
    logger, handler = logging.getLogger("mantago"), logging.StreamHandler()
    level, logged = logger.level, os.environ.get("MANTAGO_LOG", "").upper()
    plain = "%(asctime)s %(levelname)s %(name)s: %(message)s" if logged else "note: %(message)s"
    handler.setFormatter(_JsonLine("%(message)s") if output.as_json else logging.Formatter(plain))
    logged_from = logging.getLevelNamesMapping().get(logged)
    handler.addFilter(lambda record: _is_shown(record, output, logged_from))
    if output.verbose:
        logger.setLevel(logging.DEBUG)
    # On the root logger, since MANTAGO_LOG leaves the lines to a handler there.
    root = logging.getLogger()
    root.addHandler(handler)
    with ExitStack() as stack:
        stack.callback(logger.setLevel, level)
        stack.callback(root.removeHandler, handler)
        if output.verbose and logged.lower() in LOG_LEVELS:
            # A client sets the level of the log to that of the variable, which may be higher.
            stack.callback(os.environ.update, MANTAGO_LOG=os.environ["MANTAGO_LOG"])
            os.environ["MANTAGO_LOG"] = "debug"
        yield


def _is_shown(record: logging.LogRecord, output: Output, logged_from: int | None) -> bool:
    """Return whether to show a record to the user of the command line."""
    if record.name.partition(".")[0] != "mantago":
        return record.levelno >= logging.WARNING
    is_logged = logged_from is not None and record.levelno >= logged_from
    # The library's own records are about single calls; those that need a person's attention come from child loggers.
    is_told = not output.quiet and record.levelno >= logging.WARNING and record.name != "mantago"
    return is_logged or output.verbose or is_told
