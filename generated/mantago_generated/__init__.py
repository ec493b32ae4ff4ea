# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The document as code: Manta OpenAPI"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import AuthenticatedClient as AuthenticatedClient
    from .client import Client as Client

__all__ = ["AuthenticatedClient", "Client"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # With httpx behind it, the client is imported by those who use it.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import client

        return getattr(client, name)
