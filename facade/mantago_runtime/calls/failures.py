"""Connection failures of httpx, or of httpcore below it, as our exceptions."""

from __future__ import annotations

import re
import ssl
from typing import TypeVar

import httpx

from mantago_runtime.errors import APIConnectionError, APITimeoutError, named
from mantago_runtime.secrets.redaction import Redactor

NO_TLS = "the server there may not speak TLS: is the port right?"

ErrorT = TypeVar("ErrorT", bound=BaseException)
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
    elif untrusted := behind(error, ssl.SSLCertVerificationError):
        fault, hint = certificate_fault(untrusted)
        failure = APIConnectionError(f"the certificate of {address} {fault}: {what}; {hint}")
        failure.__cause__ = ssl.SSLCertVerificationError(text)
        return failure
    else:
        no_tls = issubclass(kind, httpx.ConnectError) and behind(error, ssl.SSLError)
        failure = APIConnectionError(f"no answer from {address}: {what}{f'; {NO_TLS}' if no_tls else ''}")
    # The cause without its frames and its own causes: those hold the signed request, and may quote the answer.
    failure.__cause__ = kind(text)
    return failure


def behind(error: BaseException | None, kind: type[ErrorT]) -> ErrorT | None:
    """Return the first error of a kind among an error and its causes."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def certificate_fault(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """Say what is wrong with a certificate, and what to do about it."""
    match getattr(error, "verify_code", 0):  # OpenSSL's number
        case 9:
            return "is not valid yet", "is this machine's clock right?"
        case 10:
            hint = "is this machine's clock right? Else the service's operator must renew the certificate"
            return "has expired", hint
        case 62 | 64:  # 64 where the address is a number
            return "is another host's", "is the address right?"
        case _:  # most others say that nobody known has signed it
            return "is not trusted", (
                "if the authority is your own, name its file in SSL_CERT_FILE, or load it into the ssl_context that "
                "the client was given; else somebody may read along"
            )
