"""Has the reference pages find the classes that `mantago` takes over by name from what is generated."""

from __future__ import annotations

from typing import Any

import griffe


class Friendly(griffe.Extension):
    """Take the friendly names for names of run time: they are imported for type checkers, and given by __getattr__."""

    def on_module(self, *, mod: griffe.Module, **_: Any) -> None:
        """Mark what a star import is to take over."""
        if mod.path == "mantago_generated.friendly":
            for member in mod.members.values():
                member.runtime = True
