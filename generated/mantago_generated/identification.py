# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""What the methods ask of the rule of identification, which the document only tells in prose."""

from __future__ import annotations

from typing import Protocol


class Identity(Protocol):
    """Who is meant, one way or the other; `in_query` says whether the platform's id goes into the query as well."""

    @property
    def client_id(self) -> str | None: ...

    @property
    def platform(self) -> str | None: ...

    @property
    def platform_client_id(self) -> str | None: ...

    @property
    def in_query(self) -> bool: ...
