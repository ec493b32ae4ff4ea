# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""Return all gifts of one client: tickets, physical and virtual gifts.

Give either `client_id`, or both `platform` and `platform_client_id`: anything else is an IdentificationError.

POST /openapi/client/gift
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mantago_runtime.calls.generated import Response, asend, send
from mantago_runtime.operation import Operation, Parameter, Request
from mantago_runtime.reading.readers import model_of

if TYPE_CHECKING:
    from mantago_generated.client import AuthenticatedClient, Client
    from mantago_generated.models.client_gifts_response import ClientGifts
    from mantago_generated.models.client_identification_request import ClientIdentificationRequest
    from mantago_generated.models.client_identification_request_platform import Platform

OPERATION: Operation[ClientGifts] = Operation(
    name="get_client_gifts",
    method="POST",
    path="/openapi/client/gift",
    reads=True,
    result=model_of("mantago_generated.models.client_gifts_response:ClientGifts"),
    parameters=(
        Parameter("botId", "query", required=True, argument="bot_id"),
        Parameter("platformClientId", "query", argument="platform_client_id"),
        Parameter("platform", "query"),
    ),
    content_type="application/json",
)


def request(
    *,
    body: ClientIdentificationRequest,
    bot_id: str = "",
    platform_client_id: str | None = None,
    platform: Platform | str | None = None,
) -> Request[ClientGifts]:
    """Return the request that the other functions send."""
    return OPERATION.request({"botId": bot_id, "platformClientId": platform_client_id, "platform": platform}, body)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClientIdentificationRequest,
    bot_id: str = "",
    platform_client_id: str | None = None,
    platform: Platform | str | None = None,
) -> Response[ClientGifts]:
    """Send the request and return the whole response."""
    return send(client, request(body=body, bot_id=bot_id, platform_client_id=platform_client_id, platform=platform))


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: ClientIdentificationRequest,
    bot_id: str = "",
    platform_client_id: str | None = None,
    platform: Platform | str | None = None,
) -> ClientGifts:
    """Send the request and return the result."""
    return send(
        client, request(body=body, bot_id=bot_id, platform_client_id=platform_client_id, platform=platform)
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClientIdentificationRequest,
    bot_id: str = "",
    platform_client_id: str | None = None,
    platform: Platform | str | None = None,
) -> Response[ClientGifts]:
    """Send the request and return the whole response."""
    return await asend(
        client, request(body=body, bot_id=bot_id, platform_client_id=platform_client_id, platform=platform)
    )


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: ClientIdentificationRequest,
    bot_id: str = "",
    platform_client_id: str | None = None,
    platform: Platform | str | None = None,
) -> ClientGifts:
    """Send the request and return the result."""
    return (
        await asend(client, request(body=body, bot_id=bot_id, platform_client_id=platform_client_id, platform=platform))
    ).parsed
