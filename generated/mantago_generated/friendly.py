# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The classes that the friendly methods take and return, by name."""

from __future__ import annotations

# Checkers take it for true, and typing itself takes longer to import than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .models.client_gifts_response import ClientGifts as ClientGifts
    from .models.client_identification_request_platform import Platform as Platform
    from .models.client_identification_request_platform import PlatformName as PlatformName
    from .models.gift_item import Gift as Gift
    from .models.gift_item_resource import GiftResource as GiftResource
    from .models.ticket_gift import Ticket as Ticket

__all__ = ["ClientGifts", "Gift", "GiftResource", "Platform", "Ticket"]

_WHERE = {
    "ClientGifts": "client_gifts_response",
    "Gift": "gift_item",
    "GiftResource": "gift_item_resource",
    "Platform": "client_identification_request_platform",
    "Ticket": "ticket_gift",
    "PlatformName": "client_identification_request_platform",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        import importlib

        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"mantago_generated.models.{_WHERE[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
