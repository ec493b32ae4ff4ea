"""Forks among first calls: what one thread imports for its call must not be left half done in a child.

In a child only the thread that forked goes on: a module that another one was importing would be locked for ever.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

PACKAGES = ("anyio", "mantago", "mantago_generated", "mantago_runtime")
"""The packages that a call may import a part of; of anyio, it is the one for the event loop that runs."""
making = threading.RLock()
"""Held while the sender of a client is made."""
_imp: Any = sys.modules.get("_imp")  # CPython's own: nothing public has the lock of imports any more


def _let_first_calls_import() -> None:
    """Wait for what other threads' first calls import: in a child that was forked meanwhile, nobody would end it."""
    making.acquire()
    done: set[str] = set()
    while True:
        _imp.acquire_lock()  # so that no import begins before the fork
        if not (begun := {name for name in _begun() if name.partition(".")[0] in PACKAGES} - done):
            return
        _imp.release_lock()
        for name in begun:
            with suppress(ImportError):
                import_module(name)  # waits for the thread that imports it
        done |= begun


def _begun() -> set[str]:
    """Return the names of modules whose import has begun: one that is still looked for has a lock, but nothing else."""
    locks = getattr(sys.modules.get("importlib._bootstrap"), "_module_locks", ())
    return {*sys.modules.copy(), *tuple(locks)}


def _go_on() -> None:
    _imp.release_lock()
    making.release()


if hasattr(os, "register_at_fork") and _imp:
    os.register_at_fork(before=_let_first_calls_import, after_in_parent=_go_on, after_in_child=_go_on)
