"""What holds on a copy of the project after upgrade.py, without an edit by hand: tests/test_upgrade.py runs it there.

The new version adds to GiftItem optional fields, a required one and a value of `resource`, a field to tickets, a
required one beside the gifts, and an operation with the rule in its body, whose answer has a whole number and a list of
objects.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest

import demo
import mantago
from mantago import AsyncMantaGo, Gift, GiftResource, IdentificationError, MantaGo, Platform, ServerError
from mantago.sandbox import Sandbox
from mantago.testing import FakeMantaGo, gift
from mantago_generated.spec import OPERATIONS, VERSION

ROOT = Path(__file__).parents[2]
ID = "VolejRejN"


@pytest.fixture
def fake() -> FakeMantaGo:
    fake = FakeMantaGo()
    fake.add_client(ID, platform_ids={"line": "U1"}, virtual_gifts=[gift(resource="diceGame")])
    return fake


def client(fake: FakeMantaGo, **options: Any) -> MantaGo:
    return MantaGo(transport=fake, credentials=fake.credentials, **options)


def test_the_copy_is_what_is_looked_at():
    assert VERSION == "0.319.0"
    assert Path(mantago.__file__).is_relative_to(ROOT)


# (a) What is new in a known answer


def test_new_fields_are_typed_and_come_by_keyword():
    parameters = inspect.signature(Gift).parameters
    for name, default in {"image_url": None, "quantity": None, "labels": (), "note": None}.items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == default
    assert GiftResource("diceGame") is GiftResource.DICE_GAME
    assert GiftResource("抽獎").is_known
    # As callers build one since 0.1.
    assert Gift("x", GiftResource.UNKNOWN, gift().created_at).quantity is None


def test_builders_fill_new_fields():
    assert isinstance(gift().quantity, int)
    assert isinstance(gift().image_url, str)


def test_nothing_new_is_drift(fake, caplog):
    caplog.set_level(logging.DEBUG, "mantago.drift")
    with client(fake, strict=True) as mantago:
        gifts = mantago.get_client_gifts(client_id=ID)
    assert gifts.drift == ()
    assert gifts.virtual_gifts == (gift(resource="diceGame"),)
    assert not caplog.records


def test_an_older_service_is_still_read(fake):
    old = {"name": "x", "resource": "unknown", "createdAt": "2024-07-15T10:30:28Z", "isExpired": False}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"success": True, "message": "", "virtualGifts": [old]})

    with MantaGo(transport=httpx.MockTransport(answer), credentials=fake.credentials) as mantago:
        gifts = mantago.get_client_gifts(client_id=ID)
    assert gifts.virtual_gifts[0].quantity is None
    missing = sorted((line.kind, line.path) for line in gifts.drift)
    assert missing == [("missing", "total"), ("missing", "virtualGifts[0].quantity")]


def test_the_demo_and_the_sandbox_work():
    assert demo.main() == 0
    with Sandbox() as sandbox, MantaGo(**account(sandbox), strict=True) as mantago:
        gifts = mantago.get_client_gifts(client_id=ID)
    assert gifts.drift == ()
    assert gifts.total is not None
    assert all(one.code for one in gifts.tickets)
    held = gifts.virtual_gifts + gifts.physical_gifts
    assert all(one.image_url and one.quantity and one.labels and one.note for one in held)
    assert {one.end_time is None for one in held} == {True, False}


def account(sandbox: Sandbox) -> dict[str, str]:
    return {name: getattr(sandbox, name) for name in ("base_url", "bot_id", "token", "secret")}


def test_a_new_platform_can_be_asked_for():
    fake = FakeMantaGo()
    fake.add_client(ID, platform_ids={"signal": "S1"})
    with client(fake) as mantago:
        assert mantago.get_client_gifts(platform=Platform.SIGNAL, platform_client_id="S1").drift == ()


# (b) A new operation


def test_a_new_operation_can_be_called_by_name(fake):
    with client(fake, strict=True) as mantago:
        for points in (
            mantago.get_client_points(client_id=ID),
            mantago.get_client_points(platform="line", platform_client_id="U1"),
        ):
            assert isinstance(points.points, int)
            assert isinstance(points.history[0].change, int)
            assert points.drift == ()
        with pytest.raises(IdentificationError, match="the rule"):
            mantago.get_client_points()
    assert [found.path for found in fake.requests] == ["/api/openapi/client/points"] * 2


def test_a_test_sets_what_a_new_operation_answers(fake):
    fake.answer("get_client_points", {"points": 7})
    with client(fake) as mantago:
        assert mantago.get_client_points(client_id=ID).points == 7


def test_the_sandbox_knows_the_new_operation():
    with Sandbox() as sandbox, MantaGo(**account(sandbox), strict=True) as mantago:
        assert mantago.get_client_points(client_id=ID).drift == ()


def test_the_asynchronous_client_has_it_as_well(fake):
    async def ask() -> Any:
        async with AsyncMantaGo(transport=fake, credentials=fake.credentials) as mantago:
            return await mantago.get_client_points(client_id=ID)

    assert isinstance(asyncio.run(ask()).points, int)


@pytest.mark.parametrize("cls", [MantaGo, AsyncMantaGo])
def test_the_rule_stands_in_its_overloads(cls):
    forms = [inspect.signature(form).parameters for form in typing.get_overloads(cls.get_client_points)]
    needed = [{name for name, one in form.items() if one.default is one.empty} - {"self"} for form in forms]
    assert needed == [{"client_id"}, {"platform", "platform_client_id"}]


def test_it_is_sent_again_only_where_somebody_said_that_it_reads(fake):
    reads = next(info.reads for info in OPERATIONS if info.name == "get_client_points")
    fake.fail("server_error", times=None)
    with client(fake, max_retries=2) as mantago, pytest.raises(ServerError) as caught:
        mantago.get_client_points(client_id=ID)
    assert caught.value.attempts == (3 if reads else 1)


def test_it_is_in_the_reference_and_the_public_list():
    pages = {page.name: page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")}
    assert (
        "[`get_client_points`][mantago.MantaGo.get_client_points] | `POST /openapi/client/points` |"
        in (pages["clients.md"])
    )
    assert "\n::: mantago.ClientPointsResponse\n" in pages["results.md"]
    listed = (ROOT / "tests" / "public.txt").read_text("utf-8")
    assert "\nmantago.MantaGo.get_client_points(" in listed
    assert "\nmantago.Gift.quantity: int | None\n" in listed
    assert [line for line in listed.splitlines() if "抽獎" in line] == ["mantago.GiftResource.抽獎 = '抽獎'"]


def test_type_checkers_know_all_of_it(tmp_path):
    (tmp_path / "caller.py").write_text(
        "from typing import assert_type\n"
        "from mantago import AsyncMantaGo, Gift, MantaGo\n"
        "def ask(mantago: MantaGo, gift: Gift) -> None:\n"
        "    points = mantago.get_client_points(platform='line', platform_client_id='U1')\n"
        "    assert_type(points.points, int)\n"
        "    assert_type(points.history[0].change, int)\n"
        "    assert_type(gift.image_url, str | None)\n"
        "    mantago.get_client_points(platform='line')  # type: ignore[call-overload]\n"
        "async def ask_later(mantago: AsyncMantaGo) -> int:\n"
        "    return (await mantago.get_client_points(client_id='x')).points\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", "caller.py"]
    environment = os.environ | {"MYPYPATH": os.pathsep.join(str(ROOT / name) for name in ("facade", "generated"))}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
