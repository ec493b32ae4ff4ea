"""Typed client of the MantaGO open API.

from mantago import MantaGo

with MantaGo(bot_id="...", token="...", secret="...") as mantago:
    gifts = mantago.get_client_gifts(client_id="VolejRejN")
"""

from mantago._client import AsyncMantaGo, MantaGo, __version__
from mantago._credentials import Credentials
from mantago._errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    IdentificationError,
    InvalidResponseError,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from mantago._operations import VERSION as SPEC_VERSION
from mantago._operations import Platform
from mantago._results import ClientGifts, Drift, Gift, GiftResource, Ticket

__all__ = [
    "SPEC_VERSION",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncMantaGo",
    "AuthenticationError",
    "BadRequestError",
    "ClientGifts",
    "ConfigurationError",
    "Credentials",
    "Drift",
    "Gift",
    "GiftResource",
    "IdentificationError",
    "InvalidResponseError",
    "MantaGo",
    "MantaGoError",
    "NotFoundError",
    "PermissionDeniedError",
    "Platform",
    "RateLimitError",
    "ServerError",
    "Ticket",
    "__version__",
]

# The modules behind are nobody's business: tracebacks, pickles and documentation say mantago.MantaGo.
for _public in map(globals().__getitem__, __all__):
    if isinstance(_public, type):
        _public.__module__ = __name__
