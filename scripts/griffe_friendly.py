"""An extension of griffe for the classes that `mantago` takes over by name from the generated package."""

from __future__ import annotations

from typing import Any

import griffe


class Friendly(griffe.Extension):
    """Friendly names count as names of run time: only type checkers import them, and `__getattr__` gives them."""

    def on_module(self, *, mod: griffe.Module, **_: Any) -> None:
        """Mark the members that a star import takes over."""
        if mod.path == "mantago_generated.friendly":
            for member in mod.members.values():
                member.runtime = True
