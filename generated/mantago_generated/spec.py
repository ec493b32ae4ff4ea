# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
"""What the document that this package was generated from says of itself."""

VERSION = "0.318.0"
SERVER_URL = "https://mantago.cc/api"
GENERATOR = "openapi-python-client 0.29.1"

__all__ = ("GENERATOR", "SERVER_URL", "VERSION")
