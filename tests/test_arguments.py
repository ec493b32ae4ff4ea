"""A call that doesn't fit says what the method takes, under the names that callers know, and shows no secret."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import AsyncMantaGo, GiftResource, MantaGo, Platform
from mantago_runtime.calls.arguments import by_name
from mantago_runtime.reading.enums import ClosedIntEnum

FOR_GIFTS = "it takes client_id, platform, platform_client_id, timeout"


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=GOOD)


def call(client: Any, *unnamed: object, **given: object) -> object:
    result = client.get_client_gifts(*unnamed, **given)
    return asyncio.run(wait(result)) if inspect.isawaitable(result) else result


async def wait(result: Any) -> object:
    return await result


def refused(function: Callable[..., object], *unnamed: object, **given: object) -> TypeError:
    with pytest.raises(TypeError) as caught:
        function(*unnamed, **given)
    assert "_Client" not in str(caught.value)
    assert "Operations" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("unnamed", [("Vole",), ("line", "U1")])
def test_an_id_without_its_name_is_told_how_to_be_named(connect: Connect, unnamed: tuple[str, ...]) -> None:
    client = connect(good).client
    name = f"{type(client).__name__}.get_client_gifts()"
    expected = f'{name} takes its arguments by name, as in get_client_gifts(client_id="..."); {FOR_GIFTS}'
    assert str(refused(call, client, *unnamed)) == expected


def test_an_argument_that_there_is_not_is_told_which_there_are(connect: Connect) -> None:
    client = connect(good).client
    text = str(refused(call, client, id="Vole"))
    assert text.startswith(f"{type(client).__name__}.get_client_gifts() got an unexpected keyword argument 'id'")
    assert text.endswith(FOR_GIFTS)


def test_other_options_are_named_too(connect: Connect) -> None:
    client = connect(good).client
    name, takes = f"{type(client).__name__}.with_options()", "; it takes timeout, max_retries, headers"
    assert (
        str(refused(client.with_options, 5))
        == f"{name} takes its arguments by name, as in with_options(timeout=...){takes}"
    )
    text = str(refused(client.with_options, retries=5))
    assert text.startswith(f"{name} got an unexpected keyword argument 'retries'")
    assert text.endswith(takes)


@pytest.mark.parametrize("cls", [MantaGo, AsyncMantaGo])
def test_a_constructor_speaks_of_its_class_and_names_its_arguments(cls: type[Any]) -> None:
    text = str(refused(cls, BOT_ID))
    assert text.startswith(
        f'{cls.__name__}() takes its arguments by name, as in {cls.__name__}(bot_id="..."); it takes bot_id'
    )
    text = str(refused(cls, tokn=TOKEN))
    assert text.startswith(f"{cls.__name__}() got an unexpected keyword argument 'tokn'")
    assert "; it takes bot_id, token, secret, " in text


def test_a_class_of_the_callers_own_is_called_by_its_own_name() -> None:
    class Ours(MantaGo):
        pass

    assert str(refused(Ours, BOT_ID)).startswith("Ours() takes its arguments by name, as in Ours(")


@pytest.mark.parametrize("cls", [MantaGo, AsyncMantaGo])
def test_no_frame_of_the_refusal_shows_what_was_given(cls: type[Any]) -> None:
    named = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
    for unnamed, given in (((TOKEN,), {}), ((), named | {"bot": 1}), ((BOT_ID,), named)):
        error = refused(lambda: cls(*unnamed, **given))  # noqa: B023 - it is called at once
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), capture_locals=True)
        shown = [str(frame.locals) for frame in frames if "mantago_runtime" in frame.filename]
        assert shown
        assert not [text for text in shown if TOKEN in text or SECRET in text]
        assert error.__cause__ is error.__context__ is None


def test_a_type_error_from_further_in_comes_as_it_is(connect: Connect) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise TypeError("a mistake in a transport")

    assert str(refused(call, connect(broken).client, client_id="a")) == "a mistake in a transport"


def test_a_value_that_is_no_text_is_shown_without_quotes() -> None:
    class Counter:
        @by_name
        def count(self, *, upto: int) -> int:
            return upto

    assert Counter().count(upto=3) == 3
    assert (
        str(refused(Counter().count, 3))
        == "Counter.count() takes its arguments by name, as in count(upto=...); it takes upto"
    )
    assert str(refused(Counter().count)).endswith(
        "count() missing 1 required keyword-only argument: 'upto'; it takes upto"
    )


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("LINE", "line"),
        ("Live Chat", "liveChat"),
        ("live_chat", "liveChat"),
        ("watsapp", "whatsapp"),
        ("no platform", None),
        (5, None),
    ],
)
def test_a_platform_that_is_none_is_told_which_there_are_and_which_is_meant(value: object, meant: str | None) -> None:
    with pytest.raises(ValueError, match="is not a valid Platform") as caught:
        Platform(value)  # type: ignore[arg-type]
    hint = f"; did you mean {meant!r}?" if meant else ""
    listed = ", ".join(Platform)
    assert str(caught.value) == f"{value!r} is not a valid Platform: it must be one of {listed}{hint}"


def test_numbers_that_callers_give_are_listed_too() -> None:
    class Level(ClosedIntEnum):
        LOW = 1
        HIGH = 2

    with pytest.raises(ValueError, match=r"^3 is not a valid Level: it must be one of 1, 2$"):
        Level(3)
    assert Level(2) is Level.HIGH


def test_a_timeout_is_quoted_as_it_was_given() -> None:
    with pytest.raises(ValueError, match=r"not '5'$"):
        MantaGo(bot_id=BOT_ID, token=TOKEN, secret=SECRET, timeout="5")  # type: ignore[arg-type]


def test_what_a_newer_service_may_send_is_no_mistake() -> None:
    assert GiftResource("LINE") == "LINE"
