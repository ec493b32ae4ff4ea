"""The part files of a run: each is complete, or doesn't exist.

A part's name follows from what it holds, so the parts are the checkpoint: a part that is there isn't fetched again, on
any machine.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from mantago.bulk.ids import line_of
from mantago.identification import ClientIdentity
from mantago_runtime.errors import ConfigurationError

PREFIX = "part-"
HIDDEN = ".mantago-"
"""The start of the name of a file that is being written, which no pattern for parts matches."""
LOCK = ".mantago.lock"
"""The file that a run locks while it fills its folder."""
LOCKED_BYTE = 1 << 30
MOST_REPLACED = 3
ON_WINDOWS = os.name == "nt"
SYNCS_FOLDERS = not ON_WINDOWS
_held: dict[tuple[int, str], object] = {}
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
    """Make the folder of a run, for its owner alone; an existing one stays as it is. Raises ConfigurationError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file is there" if folder.is_file() else error.strerror
        raise ConfigurationError(
            f"the folder {folder} can't be made: {reason}; name another folder; nothing was fetched"
        ) from None


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Hold a folder for one run; raise ConfigurationError, which names the holder, if another run holds it.

    The system gives the lock back when the process ends, however it ends. Where files can't be locked, nothing is held.
    """
    key = (os.getpid(), str(folder.resolve()))
    ours = object()
    # A process that closes a file loses any lock that it has on it, so it must not open its own lock file again.
    if _held.setdefault(key, ours) is not ours:
        raise _is_held(folder, f"another run in this process, {os.getpid()}")
    try:
        descriptor = _locked(folder)
        try:
            yield
        finally:
            if descriptor is not None:
                _release(folder / LOCK, descriptor)
    finally:
        del _held[key]


def _locked(folder: Path) -> int | None:
    """Return the descriptor of the folder's lock file, locked; None if there can be no such file."""
    path = folder / LOCK
    for _ in range(MOST_REPLACED):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError:
            return None  # a run that can't write to the folder reports it
        if not _lock(descriptor):
            holder = _holder(descriptor)
            os.close(descriptor)
            raise _is_held(folder, holder)
        if _is_at(path, descriptor):
            break
        # The run that held the file has ended meanwhile and removed it.
        os.close(descriptor)
    else:
        return None
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return descriptor


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; return whether no other process has locked it."""
    try:
        if ON_WINDOWS:
            # A byte far behind the text: on Windows, other processes can't read what is locked.
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt: Any = import_module("msvcrt")
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl: Any = import_module("fcntl")
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Any other error says that the file system has no locks.
        return not isinstance(error, PermissionError if ON_WINDOWS else BlockingIOError)
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _holder(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    # A longer text of a former run may follow the first line.
    text = os.read(descriptor, 300).partition(b"\n")[0].decode(errors="replace")
    return text if text.isprintable() and text else "another process"


def _release(path: Path, descriptor: int) -> None:
    """Remove the lock file while it is locked; on Windows, an open file can only be removed afterwards."""
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)
    if ON_WINDOWS:
        with suppress(OSError):
            path.unlink()


def _is_held(folder: Path, holder: str) -> ConfigurationError:
    return ConfigurationError(
        f"{folder} is in use by another export ({holder}): wait until it ends, or name another folder; "
        "nothing was fetched"
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, for its owner alone; it replaces a former one."""
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
    """Make the folder's entries survive a power failure, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of a run that was killed."""
    for path in _hidden(folder):
        path.unlink(missing_ok=True)


def _hidden(folder: Path) -> Iterator[Path]:
    return folder.glob(f"{HIDDEN}*")
