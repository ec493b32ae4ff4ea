"""The part files of a run: each is complete, or doesn't exist.

A part's name follows from what it holds, so that the parts are the checkpoint: one that is there isn't fetched again,
by whichever machine.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from mantago.bulk.ids import line_of
from mantago.identification import ClientIdentity
from mantago_runtime.errors import ConfigurationError

PREFIX = "part-"
HIDDEN = ".mantago-"
"""What is written begins so, and no pattern for parts matches it."""
SYNCS_FOLDERS = os.name != "nt"
_PART = re.compile(rf"{PREFIX}\d+-[0-9a-f]+\..+")


def part_name(index: int, clients: Iterable[ClientIdentity], operation: str, suffix: str) -> str:
    """Return the name of the part that holds these clients' answers."""
    whole = blake2b(f"{operation}\n".encode(), digest_size=8)
    for client in clients:
        whole.update(line_of(client).encode() + b"\n")
    return f"{PREFIX}{index:06d}-{whole.hexdigest()}{suffix}"


def parts_in(folder: Path) -> set[str]:
    """Return the names of the parts in a folder."""
    return {path.name for path in folder.glob(f"{PREFIX}*") if _PART.fullmatch(path.name)}


def make_folder(folder: Path) -> None:
    """Make the folder of a run, for its owner alone; one that is there stays as it is. Raises ConfigurationError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file is there" if folder.is_file() else error.strerror
        raise ConfigurationError(
            f"the folder {folder} can't be made: {reason}; name another folder; nothing was fetched"
        ) from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, for its owner alone; it takes the place of a former one."""
    hidden = path.with_name(f"{HIDDEN}{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    if SYNCS_FOLDERS:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Have the folder's entries, too, outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what a run that was killed had begun to write."""
    for path in _hidden(folder):
        path.unlink(missing_ok=True)


def _hidden(folder: Path) -> Iterator[Path]:
    return folder.glob(f"{HIDDEN}*")
