# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
"""Contains all the data models used in inputs/outputs"""

from .basic_success_response import BasicSuccessResponse
from .client_gifts_response import ClientGiftsResponse
from .client_identification_request import ClientIdentificationRequest
from .client_identification_request_platform import ClientIdentificationRequestPlatform
from .error_response import ErrorResponse
from .error_response_err_response import ErrorResponseErrResponse
from .gift_item import GiftItem
from .gift_item_resource import GiftItemResource
from .post_openapi_client_gift_platform import PostOpenapiClientGiftPlatform
from .ticket_gift import TicketGift

__all__ = (
    "BasicSuccessResponse",
    "ClientGiftsResponse",
    "ClientIdentificationRequest",
    "ClientIdentificationRequestPlatform",
    "ErrorResponse",
    "ErrorResponseErrResponse",
    "GiftItem",
    "GiftItemResource",
    "PostOpenapiClientGiftPlatform",
    "TicketGift",
)
