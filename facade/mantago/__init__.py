"""Typed client of the MantaGO open API.

from mantago import MantaGo

with MantaGo(bot_id="...", token="...", secret="...") as mantago:
    gifts = mantago.get_client_gifts(client_id="VolejRejN")
"""

# Type checkers take it for true, and typing itself would take longer to import than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mantago._client import AsyncMantaGo, MantaGo
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
    from mantago._operations import SPEC_VERSION, Platform
    from mantago._results import ClientGifts, Drift, Gift, GiftResource, Ticket
    from mantago._telemetry import CallFinished, CallRetried

__version__ = "0.1.0"
__all__ = [
    "SPEC_VERSION",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncMantaGo",
    "AuthenticationError",
    "BadRequestError",
    "CallFinished",
    "CallRetried",
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
    "preload",
]


def preload() -> None:
    """Import now what is otherwise imported when a name of this package is used for the first time.

    Worth it where starting may take time but the first call may not, as in serverless functions.
    """
    from mantago import _client, _credentials, _errors, _network, _operations, _results  # noqa: F401, PLC0415


# Not for type checkers, which would take any name for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'mantago' has no attribute {name!r}")
        from mantago import _client, _credentials, _errors, _operations, _results, _telemetry  # noqa: PLC0415

        for module in (_errors, _credentials, _results, _operations, _telemetry, _client):
            for public in __all__:
                value = getattr(module, public, None)
                if isinstance(value, type):
                    # The modules behind are nobody's business: tracebacks and pickles say mantago.MantaGo.
                    value.__module__ = __name__
                if value is not None:
                    globals()[public] = value
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
