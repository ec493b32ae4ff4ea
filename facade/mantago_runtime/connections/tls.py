"""The TLS context that the environment asks for, made once."""

from __future__ import annotations

import errno
import os
import ssl
from functools import lru_cache

import httpcore
import httpx

from mantago_runtime.errors import ConfigurationError

MACHINE_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def tls_context(origin: httpcore.Origin, given: ssl.SSLContext | None = None) -> ssl.SSLContext | None:
    """Return the one given, or what httpx would use, made once for all clients of the same environment: 60 ms."""
    if origin.scheme != b"https":
        return None
    if given is not None:
        return given
    return _cached_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache
def _cached_context(*named: str | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        if error.errno in MACHINE_FULL:  # it says nothing of the files
            raise httpcore.ConnectError(str(error)) from error
        raise ConfigurationError(
            f"the certificates named by SSL_CERT_FILE={named[0]!r} and SSL_CERT_DIR={named[1]!r} can't be read: {error}"
        ) from None
