# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...client import Client as _Client
from ...models.client_gifts_response import ClientGiftsResponse
from ...models.client_identification_request import ClientIdentificationRequest
from ...models.error_response import ErrorResponse
from ...models.post_openapi_client_gift_platform import PostOpenapiClientGiftPlatform
from ...types import UNSET, Unset
from ...types import Response as _Response


def _get_kwargs(
    *,
    body: ClientIdentificationRequest,
    bot_id: str,
    platform_client_id: str | Unset = UNSET,
    platform: PostOpenapiClientGiftPlatform | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["botId"] = bot_id

    params["platformClientId"] = platform_client_id

    json_platform: str | Unset = UNSET
    if not isinstance(platform, Unset):
        json_platform = platform.value

    params["platform"] = json_platform

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/openapi/client/gift",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | _Client, response: httpx.Response
) -> ClientGiftsResponse | ErrorResponse | None:
    if response.status_code == 200:
        response_200 = ClientGiftsResponse.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorResponse.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorResponse.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = ErrorResponse.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorResponse.from_dict(response.json())

        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | _Client, response: httpx.Response
) -> _Response[ClientGiftsResponse | ErrorResponse]:
    try:
        parsed = _parse_response(client=client, response=response)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        if client.on_unreadable is None:
            raise
        raise client.on_unreadable(response, error) from None
    return _Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=parsed,
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | _Client,
    body: ClientIdentificationRequest,
    bot_id: str,
    platform_client_id: str | Unset = UNSET,
    platform: PostOpenapiClientGiftPlatform | Unset = UNSET,
) -> _Response[ClientGiftsResponse | ErrorResponse]:
    """Get client gifts

     Retrieve all gifts (virtual, physical, and tickets) for a specific client.

    Gift types:
    - **Virtual Gifts**: Virtual type gifts
    - **Physical Gifts**: Physical type gifts
    - **Tickets**: Coupons (default gift) that are unused

    Conditional validation rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Args:
        bot_id (str):
        platform_client_id (str | Unset):
        platform (PostOpenapiClientGiftPlatform | Unset):
        body (ClientIdentificationRequest): Client identification rules:
            - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClientGiftsResponse | ErrorResponse]
    """

    response = client.get_httpx_client().request(
        **_get_kwargs(
            body=body,
            bot_id=bot_id,
            platform_client_id=platform_client_id,
            platform=platform,
        ),
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | _Client,
    body: ClientIdentificationRequest,
    bot_id: str,
    platform_client_id: str | Unset = UNSET,
    platform: PostOpenapiClientGiftPlatform | Unset = UNSET,
) -> ClientGiftsResponse | ErrorResponse | None:
    """Get client gifts

     Retrieve all gifts (virtual, physical, and tickets) for a specific client.

    Gift types:
    - **Virtual Gifts**: Virtual type gifts
    - **Physical Gifts**: Physical type gifts
    - **Tickets**: Coupons (default gift) that are unused

    Conditional validation rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Args:
        bot_id (str):
        platform_client_id (str | Unset):
        platform (PostOpenapiClientGiftPlatform | Unset):
        body (ClientIdentificationRequest): Client identification rules:
            - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClientGiftsResponse | ErrorResponse
    """

    return sync_detailed(
        client=client,
        body=body,
        bot_id=bot_id,
        platform_client_id=platform_client_id,
        platform=platform,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | _Client,
    body: ClientIdentificationRequest,
    bot_id: str,
    platform_client_id: str | Unset = UNSET,
    platform: PostOpenapiClientGiftPlatform | Unset = UNSET,
) -> _Response[ClientGiftsResponse | ErrorResponse]:
    """Get client gifts

     Retrieve all gifts (virtual, physical, and tickets) for a specific client.

    Gift types:
    - **Virtual Gifts**: Virtual type gifts
    - **Physical Gifts**: Physical type gifts
    - **Tickets**: Coupons (default gift) that are unused

    Conditional validation rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Args:
        bot_id (str):
        platform_client_id (str | Unset):
        platform (PostOpenapiClientGiftPlatform | Unset):
        body (ClientIdentificationRequest): Client identification rules:
            - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClientGiftsResponse | ErrorResponse]
    """

    response = await client.get_async_httpx_client().request(
        **_get_kwargs(
            body=body,
            bot_id=bot_id,
            platform_client_id=platform_client_id,
            platform=platform,
        ),
    )

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | _Client,
    body: ClientIdentificationRequest,
    bot_id: str,
    platform_client_id: str | Unset = UNSET,
    platform: PostOpenapiClientGiftPlatform | Unset = UNSET,
) -> ClientGiftsResponse | ErrorResponse | None:
    """Get client gifts

     Retrieve all gifts (virtual, physical, and tickets) for a specific client.

    Gift types:
    - **Virtual Gifts**: Virtual type gifts
    - **Physical Gifts**: Physical type gifts
    - **Tickets**: Coupons (default gift) that are unused

    Conditional validation rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Args:
        bot_id (str):
        platform_client_id (str | Unset):
        platform (PostOpenapiClientGiftPlatform | Unset):
        body (ClientIdentificationRequest): Client identification rules:
            - Either provide 'clientId' OR both 'platform' and 'platformClientId'

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClientGiftsResponse | ErrorResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            bot_id=bot_id,
            platform_client_id=platform_client_id,
            platform=platform,
        )
    ).parsed
