# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The interface of the identification rule, which the document states in prose only."""

from __future__ import annotations

from typing import Protocol


class Identity(Protocol):
    """The client that a call names, in one of the two ways; `in_query` puts a platform's id into the query as well."""

    @property
    def client_id(self) -> str | None: ...

    @property
    def platform(self) -> str | None: ...

    @property
    def platform_client_id(self) -> str | None: ...

    @property
    def in_query(self) -> bool: ...
