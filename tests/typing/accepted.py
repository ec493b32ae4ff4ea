"""A caller's code that every type checker must pass without a word; never run."""
# pyright: strict

import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, assert_type

import httpx
import httpx2

from mantago import (
    APIStatusError,
    AsyncMantaGo,
    ClientClosedError,
    ClientGifts,
    ClientNotFoundError,
    Credentials,
    Drift,
    Gift,
    GiftResource,
    InvalidResponseError,
    MantaGo,
    MantaGoError,
    Platform,
    RateLimitError,
    Ticket,
)
from mantago.testing import FailureName, FakeMantaGo, OperationRequest, RecordedRequest, gift, ticket


def provide() -> Credentials:
    return Credentials(bot_id="b", token="t", secret="s")


async def provide_later() -> Credentials:
    return provide()


def each_way(mantago: MantaGo, platform: Platform, name: Literal["line", "whatsapp"]) -> ClientGifts:
    mantago.get_client_gifts(client_id="VolejRejN")
    mantago.get_client_gifts(client_id="VolejRejN", timeout=5)
    mantago.get_client_gifts(platform="line", platform_client_id="U1", timeout=2.5)
    mantago.get_client_gifts(platform=platform, platform_client_id="U1")
    mantago.get_client_gifts(platform=name, platform_client_id="U1")
    return mantago.get_client_gifts(platform=Platform.LIVE_CHAT, platform_client_id="lc-5f0c21d9")


def configured() -> None:
    MantaGo()
    MantaGo(bot_id="b", token="t", secret="s", base_url="https://mantago.cc/api", timeout=5, max_retries=0)
    MantaGo(credentials=provide(), max_response_bytes=1000, identify_in="body", strict=True)
    MantaGo(credentials=provide, transport=httpx.HTTPTransport())
    AsyncMantaGo(credentials=provide_later, transport=httpx.AsyncHTTPTransport())
    AsyncMantaGo(credentials=provide)
    MantaGo(transport=httpx2.HTTPTransport())
    AsyncMantaGo(transport=httpx2.AsyncHTTPTransport(), user_agent="gift-shop/2.1")
    MantaGo(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    MantaGo(proxy="http://proxy.example:3128", ssl_context=ssl.create_default_context(), max_connections=5)


def with_other_options(mantago: MantaGo, asynchronous: AsyncMantaGo, headers: Mapping[str, str]) -> MantaGo:
    assert_type(asynchronous.with_options(max_retries=0), AsyncMantaGo)
    return mantago.with_options(timeout=5, headers=headers).with_options(headers={"X-Tenant": "7"})


def read(gifts: ClientGifts) -> datetime | None:
    for one in gifts.tickets:
        assert_type(one, Ticket)
    for each in gifts.physical_gifts + gifts.virtual_gifts:
        assert_type(each, Gift)
        assert_type(each.resource, GiftResource)
        if each.resource == "lotteryGame":
            print(each.name.upper())
        if each.resource is GiftResource.REWARDS_CARD:
            print(each.name.lower())
        if each.is_expired and each.start_time is not None and each.end_time is not None:
            print(each.end_time - each.start_time, each.start_time.isoformat())
        assert_type(each.extra, Mapping[str, Any])
    for line in gifts.drift:
        assert_type(line, Drift)
        if line.kind == "unknown_value":
            print(line.path, line.detail)
    return gifts.virtual_gifts[0].end_time


def kept_apart(mantago: MantaGo) -> float:
    try:
        with mantago as entered:
            assert_type(entered, MantaGo)
            entered.get_client_gifts(client_id="VolejRejN")
    except ClientNotFoundError as error:
        assert_type(error.headers, Mapping[str, str])
    except ClientClosedError:
        raise
    except RateLimitError as error:
        return error.retry_after or 1
    except APIStatusError as error:
        assert_type(error.code, int | None)
    except InvalidResponseError as error:
        assert_type(error.status_code, int | None)
        print(error.path, error.body, error.attempts, error.elapsed)
    except MantaGoError:
        pass
    return 0


async def asynchronous(mantago: AsyncMantaGo) -> ClientGifts:
    async with mantago as entered:
        assert_type(entered, AsyncMantaGo)
        assert_type(await entered.get_client_gifts(client_id="VolejRejN"), ClientGifts)
        return await entered.get_client_gifts(platform="whatsapp", platform_client_id="886")


def answered(request: OperationRequest) -> ClientGifts | FailureName:
    return "client_not_found" if request.body["clientId"] == "BelunHavK" else ClientGifts()


def tested(name: FailureName) -> tuple[RecordedRequest, ...]:
    fake = FakeMantaGo(identify_in="both")
    fake.add_client("VolejRejN", platform_ids={"line": "U1"}, tickets=[ticket()], virtual_gifts=(gift("Coffee"),))
    fake.add_client("BelunHavK", platform_ids={Platform.WHATSAPP: "886"}, physical_gifts=[gift(is_expired=True)])
    fake.fail("rate_limited", retry_after=2, times=3)
    fake.fail(name, times=None)
    assert_type(ClientGifts(tickets=[ticket()], virtual_gifts=(gift(),)).tickets, tuple[Ticket, ...])
    fake.answer("get_client_gifts", ClientGifts(tickets=[ticket()]))
    fake.answer("get_client_gifts", {"tickets": [], "total": 5})
    fake.answer("get_client_gifts", "client_not_found")
    fake.answer("get_client_gifts", name)
    fake.answer("get_client_gifts", lambda request: {"tickets": [{"createdAt": request.query["at"]}]})
    fake.answer("get_client_gifts", answered)
    MantaGo(transport=fake, credentials=fake.credentials)
    AsyncMantaGo(transport=fake, credentials=lambda: fake.credentials)
    return fake.requests
