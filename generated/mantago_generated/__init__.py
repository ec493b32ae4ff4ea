# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.

"""A client library for accessing Manta OpenAPI"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
