"""A caller's code as type checkers see it; never run. What must be refused carries an ignore that must be needed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_type

import httpx

from mantago import (
    APIStatusError,
    AsyncMantaGo,
    ClientGifts,
    Credentials,
    Drift,
    Gift,
    GiftResource,
    InvalidResponseError,
    MantaGo,
    Platform,
    Ticket,
)


def provide() -> Credentials:
    return Credentials(bot_id="b", token="t", secret="s")


async def provide_later() -> Credentials:
    return provide()


def synchronous(platform: Platform) -> None:
    with MantaGo(bot_id="b", token="t", secret="s", timeout=5, max_retries=0, strict=True) as mantago:
        gifts = mantago.get_client_gifts(client_id="VolejRejN")
        assert_type(gifts, ClientGifts)
        assert_type(gifts.tickets, tuple[Ticket, ...])
        assert_type(gifts.physical_gifts, tuple[Gift, ...])
        assert_type(gifts.drift, tuple[Drift, ...])
        assert_type(gifts.to_dict(), dict[str, Any])
        for gift in gifts.virtual_gifts:
            assert_type(gift.name, str)
            assert_type(gift.resource, GiftResource)
            assert_type(gift.resource.is_known, bool)
            assert_type(gift.created_at, datetime)
            assert_type(gift.is_expired, bool | None)
            assert_type(gift.end_time, datetime | None)
            assert_type(gift.extra, Mapping[str, Any])
        mantago.get_client_gifts(platform="line", platform_client_id="U1", timeout=2.5)
        mantago.get_client_gifts(platform=platform, platform_client_id="U1")
        assert_type(mantago.credentials, Credentials | None)
        assert_type(provide().expires_at, datetime | None)

        mantago.get_client_gifts()  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
        mantago.get_client_gifts("VolejRejN")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
        mantago.get_client_gifts(platform="line")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
        mantago.get_client_gifts(platform_client_id="U")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
        mantago.get_client_gifts(client_id="a", platform="line")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
        mantago.get_client_gifts(platform="Line", platform_client_id="U")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
        mantago.get_client_gifts(client_id="a", timeout=None)  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
    MantaGo(credentials=provide, transport=httpx.HTTPTransport())
    MantaGo(credentials=provide_later)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    MantaGo(transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def asynchronous() -> None:
    async with AsyncMantaGo(credentials=provide_later, identify_in="body") as mantago:
        assert_type(await mantago.get_client_gifts(client_id="VolejRejN"), ClientGifts)
        await mantago.get_client_gifts(platform="whatsapp", platform_client_id="886")
        await mantago.get_client_gifts(platform="line")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    AsyncMantaGo(credentials=provide, transport=httpx.AsyncHTTPTransport())
    AsyncMantaGo(identify_in="query")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def failing(error: APIStatusError, other: InvalidResponseError) -> None:
    assert_type(error.code, int | None)
    assert_type(error.retry_after, float | None)
    assert_type(error.headers, Mapping[str, str])
    assert_type(error.body, bytes)
    assert_type(other.path, str)
