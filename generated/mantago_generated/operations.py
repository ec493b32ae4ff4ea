# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The friendly methods of the synchronous client."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, overload

from mantago_runtime.calls.arguments import by_name

if TYPE_CHECKING:
    from mantago_generated.models.client_gifts_response import ClientGifts
    from mantago_generated.models.client_identification_request_platform import Platform, PlatformName
    from mantago_runtime.calls.clients import SyncCaller

    from .identification import Identity


class Operations:
    """A method for each operation of the document; what a call needs comes from the client that inherits them."""

    @property
    def _caller(self) -> SyncCaller:
        """Return what calls operations."""
        raise NotImplementedError

    def _identify(self, *, client_id: object, platform: object, platform_client_id: object) -> Identity:
        """Apply the rule of identification."""
        raise NotImplementedError

    @overload
    def get_client_gifts(self, *, client_id: str, timeout: float = ...) -> ClientGifts: ...

    @overload
    def get_client_gifts(
        self, *, platform: Platform | PlatformName, platform_client_id: str, timeout: float = ...
    ) -> ClientGifts: ...

    @by_name
    def get_client_gifts(
        self,
        *,
        client_id: str | None = None,
        platform: str | None = None,
        platform_client_id: str | None = None,
        timeout: float | EllipsisType = ...,
    ) -> ClientGifts:
        """Return all gifts of one client: tickets, physical and virtual gifts.

        Give either `client_id`, or both `platform` and `platform_client_id`: anything else is an
        IdentificationError.

        `timeout` is in seconds, for this call in all. Raises IdentificationError before anything is sent,
        APIConnectionError, APIStatusError, InvalidResponseError. Spec: POST /openapi/client/gift.
        """
        from mantago_generated.api.client_points_gifts import post_openapi_client_gift as operation
        from mantago_generated.models.client_identification_request import ClientIdentificationRequest

        identity = self._identify(client_id=client_id, platform=platform, platform_client_id=platform_client_id)
        request = operation.request(
            body=ClientIdentificationRequest(
                client_id=identity.client_id, platform=identity.platform, platform_client_id=identity.platform_client_id
            ),
            platform_client_id=identity.platform_client_id if identity.in_query else None,
            platform=identity.platform if identity.in_query else None,
        )
        return self._caller.call(request, timeout)
