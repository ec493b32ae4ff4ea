"""Connection failures of httpx, or of httpcore below it, as our exceptions."""

from __future__ import annotations

import re
import ssl

import httpx

from mantago_runtime.errors import APIConnectionError, APITimeoutError, named
from mantago_runtime.secrets.redaction import Redactor

PACKAGES = ("httpx", "httpcore", "httpx2", "httpcore2")


def connection_failure(error: Exception, redactor: Redactor, address: str) -> APIConnectionError:
    """Return our exception for a failure of httpx, or of httpcore below it."""
    text = redactor.clean_text(" ".join(str(error).split()))
    # httpcore's names are httpx's, and the successor's too; a transport may raise classes of its own below them.
    mro = type(error).__mro__
    known = next((c.__name__ for c in mro if c.__module__ in PACKAGES and hasattr(httpx, c.__name__)), "NetworkError")
    kind: type[Exception] = getattr(httpx, known)
    if kind is httpx.ProxyError and (refused := re.match(r"[0-9]{3}\b", text)):
        # Not the proxy's own phrase, which could quote what it was sent.
        text = named(int(refused[0]))
    what = f"{type(error).__name__}{': ' if text else ''}{text}"
    if issubclass(kind, httpx.TimeoutException):
        failure: APIConnectionError = APITimeoutError(f"no answer from {address} in time: {what}")
    elif is_untrusted(error):
        failure = APIConnectionError(
            f"the certificate of {address} is not trusted: {what}; if it is your own, name its authority's file in "
            "SSL_CERT_FILE, or load it into the ssl_context that the client was given"
        )
        failure.__cause__ = ssl.SSLCertVerificationError(text)
        return failure
    else:
        failure = APIConnectionError(f"no answer from {address}: {what}")
    # The cause without its frames and its own causes: those hold the signed request, and may quote the answer.
    failure.__cause__ = kind(text)
    return failure


def is_untrusted(error: BaseException | None) -> bool:
    """Whether a certificate was the reason, which a retry won't change."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
