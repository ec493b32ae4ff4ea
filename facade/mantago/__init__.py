"""Typed client of the MantaGO open API.

from mantago import MantaGo

with MantaGo(bot_id="...", token="...", secret="...") as mantago:
    gifts = mantago.get_client_gifts(client_id="VolejRejN")
"""

# Type checkers take it for true, and typing itself would take longer to import than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mantago.client import AsyncMantaGo, MantaGo
    from mantago_generated.friendly import *  # noqa: F403
    from mantago_generated.spec import VERSION as SPEC_VERSION
    from mantago_runtime.errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BotNotFoundError,
        ClientClosedError,
        ClientNotFoundError,
        ConfigurationError,
        CredentialsReplacedError,
        IdentificationError,
        InvalidResponseError,
        MantaGoError,
        NotFoundError,
        PermissionDeniedError,
        PlatformNotConnectedError,
        RateLimitError,
        ServerError,
        TokenExpiredError,
    )
    from mantago_runtime.instrumentation import CallFinished, CallRetried
    from mantago_runtime.reading.drift import Drift
    from mantago_runtime.reading.model import ResponseInfo
    from mantago_runtime.secrets.credentials import Credentials

import mantago_generated.friendly as _friendly  # noqa: E402

__version__ = "0.1.0"
__all__ = [
    "SPEC_VERSION",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncMantaGo",
    "AuthenticationError",
    "BadRequestError",
    "BotNotFoundError",
    "CallFinished",
    "CallRetried",
    "ClientClosedError",
    "ClientNotFoundError",
    "ConfigurationError",
    "Credentials",
    "CredentialsReplacedError",
    "Drift",
    "IdentificationError",
    "InvalidResponseError",
    "MantaGo",
    "MantaGoError",
    "NotFoundError",
    "PermissionDeniedError",
    "PlatformNotConnectedError",
    "RateLimitError",
    "ResponseInfo",
    "ServerError",
    "TokenExpiredError",
    "__version__",
    "preload",
]
__all__ += _friendly.__all__


def preload() -> None:
    """Import all that the package otherwise imports at the first use of a name, or at the first call of an operation.

    This suits programs that may take time to start but not at the first call: serverless functions, asynchronous
    servers, whose event loop the imports would hold up, and servers that fork workers.
    """
    from contextlib import suppress  # noqa: PLC0415
    from importlib import import_module  # noqa: PLC0415
    from pkgutil import walk_packages  # noqa: PLC0415

    import mantago_generated  # noqa: PLC0415
    from mantago import client, senders  # noqa: F401, PLC0415
    from mantago_runtime.connections import asyncio_stream, racing  # noqa: F401, PLC0415

    with suppress(ImportError):  # what the extra `fast` brings needn't be installed
        from mantago_runtime.connections import http1  # noqa: F401, PLC0415
    with suppress(ImportError):  # anyio's own for asyncio, which its first use would import
        import_module("anyio._backends._asyncio")
    for module in walk_packages(mantago_generated.__path__, "mantago_generated."):
        import_module(module.name)


# Not for type checkers, which would take any name for one of ours.
if not TYPE_CHECKING:
    # Only what is received has them, or who asks for them: they take attrs, and half as long as all the rest.
    _LATER = {
        "CallFinished": "mantago_runtime.instrumentation",
        "CallRetried": "mantago_runtime.instrumentation",
        "Drift": "mantago_runtime.reading.drift",
        "ResponseInfo": "mantago_runtime.reading.model",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'mantago' has no attribute {name!r}")
        import importlib  # noqa: PLC0415

        from mantago import client  # noqa: PLC0415
        from mantago_runtime import errors  # noqa: PLC0415
        from mantago_runtime.secrets import credentials  # noqa: PLC0415

        for module in (errors, credentials, client):
            for public in {*__all__} - _LATER.keys():
                value = getattr(module, public, None)
                if isinstance(value, type):
                    # The modules behind are nobody's business: tracebacks and pickles say mantago.MantaGo.
                    value.__module__ = __name__
                if value is not None:
                    globals().setdefault(public, value)  # a test may have put a double there
        if name in _friendly.__all__:
            globals()[name] = getattr(_friendly, name)
        if name in _LATER:
            globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
