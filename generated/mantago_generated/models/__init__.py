# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""Every class that the document describes, under the vendor's name and under the friendly one."""

from __future__ import annotations

# Checkers take it for true, and typing itself takes longer to import than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .basic_success_response import BasicSuccessResponse as BasicSuccessResponse
    from .client_gifts_response import ClientGifts as ClientGifts
    from .client_gifts_response import ClientGifts as ClientGiftsResponse
    from .client_identification_request import ClientIdentificationRequest as ClientIdentificationRequest
    from .client_identification_request_platform import Platform as ClientIdentificationRequestPlatform
    from .client_identification_request_platform import Platform as Platform
    from .client_identification_request_platform import Platform as PostOpenapiClientGiftPlatform
    from .error_response import ErrorResponse as ErrorResponse
    from .error_response_err_response import ErrorResponseErrResponse as ErrorResponseErrResponse
    from .gift_item import Gift as Gift
    from .gift_item import Gift as GiftItem
    from .gift_item_resource import GiftResource as GiftItemResource
    from .gift_item_resource import GiftResource as GiftResource
    from .ticket_gift import Ticket as Ticket
    from .ticket_gift import Ticket as TicketGift

__all__ = [
    "BasicSuccessResponse",
    "ClientGifts",
    "ClientGiftsResponse",
    "ClientIdentificationRequest",
    "ClientIdentificationRequestPlatform",
    "ErrorResponse",
    "ErrorResponseErrResponse",
    "Gift",
    "GiftItem",
    "GiftItemResource",
    "GiftResource",
    "Platform",
    "PostOpenapiClientGiftPlatform",
    "Ticket",
    "TicketGift",
]

# A class is imported when it is used for the first time: of a large document, most never are.
_WHERE = {
    "BasicSuccessResponse": ("basic_success_response", "BasicSuccessResponse"),
    "ClientGifts": ("client_gifts_response", "ClientGifts"),
    "ClientGiftsResponse": ("client_gifts_response", "ClientGifts"),
    "ClientIdentificationRequest": ("client_identification_request", "ClientIdentificationRequest"),
    "ClientIdentificationRequestPlatform": ("client_identification_request_platform", "Platform"),
    "ErrorResponse": ("error_response", "ErrorResponse"),
    "ErrorResponseErrResponse": ("error_response_err_response", "ErrorResponseErrResponse"),
    "Gift": ("gift_item", "Gift"),
    "GiftItem": ("gift_item", "Gift"),
    "GiftItemResource": ("gift_item_resource", "GiftResource"),
    "GiftResource": ("gift_item_resource", "GiftResource"),
    "Platform": ("client_identification_request_platform", "Platform"),
    "PostOpenapiClientGiftPlatform": ("client_identification_request_platform", "Platform"),
    "Ticket": ("ticket_gift", "Ticket"),
    "TicketGift": ("ticket_gift", "Ticket"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        import importlib

        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, target = _WHERE[name]
        value = globals()[name] = getattr(importlib.import_module(f".{module}", __name__), target)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
