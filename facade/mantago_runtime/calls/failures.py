"""Connection failures as exceptions of ours, for what httpx, or httpcore below it, couldn't do."""

from __future__ import annotations

import ssl

import httpx

from mantago_runtime.errors import APIConnectionError, APITimeoutError
from mantago_runtime.secrets.redaction import Redactor


def connection_failure(error: Exception, redactor: Redactor, address: str) -> APIConnectionError:
    """Return our exception for what httpx, or httpcore below it, couldn't do."""
    text = redactor.clean_text(" ".join(str(error).split()))
    # httpcore's names are httpx's; a transport of the caller's may raise classes of its own below them.
    known = next(
        (cls.__name__ for cls in type(error).__mro__ if cls.__module__ in ("httpx", "httpcore")), "NetworkError"
    )
    kind: type[Exception] = getattr(httpx, known)
    named = f"{type(error).__name__}{': ' if text else ''}{text}"
    if issubclass(kind, httpx.TimeoutException):
        failure: APIConnectionError = APITimeoutError(f"no answer from {address} in time: {named}")
    elif is_untrusted(error):
        failure = APIConnectionError(
            f"the certificate of {address} is not trusted: {named}; if it is your own, name its authority's file in "
            "SSL_CERT_FILE"
        )
        failure.__cause__ = ssl.SSLCertVerificationError(text)
        return failure
    else:
        failure = APIConnectionError(f"no answer from {address}: {named}")
    # The cause without its frames and its own causes: those hold the signed request, and may quote the answer.
    failure.__cause__ = kind(text)
    return failure


def is_untrusted(error: BaseException | None) -> bool:
    """Whether a certificate was the reason, which no further attempt will change."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
