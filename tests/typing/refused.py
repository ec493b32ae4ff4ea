"""A caller's mistakes, and the complaint of each type checker about each; never run.

A comment names the rules of mypy, basedpyright, ty and pyrefly, in this order; `-` stands for no complaint, and the
line above says why. python tests/test_typing.py writes the comments anew.
"""

import httpx
import httpx2

from mantago import APIStatusError, AsyncMantaGo, ClientGifts, Credentials, Gift, MantaGo
from mantago.testing import FakeMantaGo, gift, ticket


async def provide_later() -> Credentials:
    return Credentials(bot_id="b", token="t", secret="s")


def the_rule(mantago: MantaGo, platform: str, client_id: str | None) -> None:
    mantago.get_client_gifts()  # call-overload || reportCallIssue || no-matching-overload || no-matching-overload
    mantago.get_client_gifts("VolejRejN")  # call-overload || reportCallIssue || no-matching-overload || no-matching-overload
    mantago.get_client_gifts(platform="line")  # call-overload || reportCallIssue || no-matching-overload || missing-argument & unexpected-keyword
    mantago.get_client_gifts(platform_client_id="U1")  # call-overload || reportCallIssue || no-matching-overload || missing-argument & unexpected-keyword
    mantago.get_client_gifts(client_id="VolejRejN", platform="line")  # call-overload || reportCallIssue || no-matching-overload || no-matching-overload
    mantago.get_client_gifts(client_id="VolejRejN", platform="line", platform_client_id="U1")  # call-overload || reportCallIssue || no-matching-overload || unexpected-keyword
    mantago.get_client_gifts(platform="Line", platform_client_id="U1")  # call-overload || reportArgumentType || invalid-argument-type || no-matching-overload
    mantago.get_client_gifts(platform=platform, platform_client_id="U1")  # call-overload || reportArgumentType || invalid-argument-type || no-matching-overload
    mantago.get_client_gifts(client_id=client_id)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    mantago.get_client_gifts(client_id=5)  # call-overload || reportArgumentType || invalid-argument-type || bad-argument-type
    mantago.get_client_gifts(client_id="VolejRejN", timeout=None)  # call-overload || reportArgumentType || invalid-argument-type || no-matching-overload
    mantago.get_client_gifts(client_id="VolejRejN", retries=3)  # call-overload || reportCallIssue || no-matching-overload || no-matching-overload


async def the_rule_awaited(mantago: AsyncMantaGo) -> None:
    await mantago.get_client_gifts()  # call-overload || reportCallIssue || no-matching-overload || no-matching-overload
    await mantago.get_client_gifts(platform="line")  # call-overload || reportCallIssue || no-matching-overload || missing-argument & unexpected-keyword
    await mantago.get_client_gifts(client_id="VolejRejN", platform="line", platform_client_id="U1")  # call-overload || reportCallIssue || no-matching-overload || unexpected-keyword
    await mantago.get_client_gifts(platform="Line", platform_client_id="U1")  # call-overload || reportArgumentType || invalid-argument-type || no-matching-overload


async def the_wrong_flavour(mantago: MantaGo, asynchronous: AsyncMantaGo) -> None:
    await mantago.get_client_gifts(client_id="VolejRejN")  # misc || reportGeneralTypeIssues || invalid-await || not-async
    # ty has no rule against a coroutine that nobody awaits.
    asynchronous.get_client_gifts(client_id="VolejRejN")  # unused-coroutine || reportUnusedCoroutine || unused-awaitable || unused-coroutine
    asynchronous.get_client_gifts(client_id="VolejRejN").tickets  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute
    async with mantago:  # attr-defined || reportGeneralTypeIssues || invalid-context-manager || bad-context-manager
        pass
    with asynchronous:  # attr-defined || reportGeneralTypeIssues || invalid-context-manager || bad-context-manager
        pass
    asynchronous.close()  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute
    await mantago.aclose()  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute


def the_result(gifts: ClientGifts, gift: Gift) -> None:
    for one in gifts:  # attr-defined || reportGeneralTypeIssues || not-iterable || not-iterable
        print(one)
    for each in gifts.tickets:
        print(each.name)  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute
    print(gifts.gifts)  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute
    print(gift.start_time.isoformat())  # union-attr || reportOptionalMemberAccess || missing-union-attribute || missing-attribute
    print(gift.end_time - gift.created_at)  # operator || reportOptionalOperand || unsupported-operator || unsupported-operation
    print(gift.is_expired.real)  # union-attr || reportOptionalMemberAccess || missing-union-attribute || missing-attribute
    print(gift["name"])  # index || reportIndexIssue || not-subscriptable || bad-index
    gift.name = "Cake"  # misc || reportAttributeAccessIssue || invalid-assignment || read-only
    gifts.tickets.append(ticket())  # attr-defined || reportAttributeAccessIssue || missing-attribute || missing-attribute
    gift.extra["rarity"] = "gold"  # index || reportIndexIssue || invalid-assignment || unsupported-operation


def the_options(error: APIStatusError, credentials: Credentials) -> None:
    MantaGo("b", "t", "s")  # call-arg || reportCallIssue || too-many-positional-arguments || bad-argument-count
    MantaGo(credentials=provide_later)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    MantaGo(transport=httpx.AsyncHTTPTransport())  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    AsyncMantaGo(transport=httpx.HTTPTransport())  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    AsyncMantaGo(identify_in="query")  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    MantaGo(timeout=None)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    MantaGo(proxy=httpx.Proxy("http://proxy.example"))  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    MantaGo(ssl_context=False)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    MantaGo(max_retries="2")  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    Credentials("b", "t", "s")  # call-arg || reportCallIssue || missing-argument & too-many-positional-arguments || unexpected-positional-argument
    print(error.retry_after + 1)  # operator || reportOptionalOperand || unsupported-operator || unsupported-operation
    print(error.code.bit_length())  # union-attr || reportOptionalMemberAccess || missing-union-attribute || missing-attribute
    print(credentials.expires_at.year)  # union-attr || reportOptionalMemberAccess || missing-union-attribute || missing-attribute


def other_options(mantago: MantaGo) -> None:
    mantago.with_options(timeout=None)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    mantago.with_options(headers={"X-Retries": 5})  # dict-item || reportArgumentType || invalid-argument-type || bad-assignment
    mantago.with_options(strict=True)  # call-arg || reportCallIssue || unknown-argument || unexpected-keyword
    MantaGo(transport=httpx2.AsyncHTTPTransport())  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type


def the_fake(fake: FakeMantaGo) -> None:
    fake.fail("rate_limit")  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    fake.add_client("VolejRejN", platform_ids={"telegram": "1"})  # dict-item || reportArgumentType || invalid-argument-type || bad-assignment
    fake.add_client("VolejRejN", virtual_gifts=[ticket()])  # list-item || reportArgumentType || invalid-argument-type || bad-argument-type
    fake.add_client("VolejRejN", tickets=gift())  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    fake.answer("get_client_gifts", "not_found")  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    fake.answer("get_client_gifts", None)  # arg-type || reportArgumentType || invalid-argument-type || bad-argument-type
    fake.requests[0].status = 500  # misc || reportAttributeAccessIssue || invalid-assignment || read-only
