"""Pydantic takes results as they are, as types of fields, with a true JSON schema."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import sample_models
from mantago import ClientGifts, Drift, Gift, GiftResource, Platform
from mantago.testing import gift, ticket
from mantago_generated.models import ClientIdentificationRequest

GIFTS = ClientGifts([ticket()], [gift()], [gift(resource="birthdayCampaign")], {"loyaltyPoints": 120})
MODES: tuple[Any, ...] = ("validation", "serialization")


class Page(BaseModel):
    gifts: ClientGifts
    best: Gift | None = None
    each: dict[GiftResource, int] = {}
    platform: Platform = Platform.LINE


PAGE = Page(gifts=GIFTS, best=GIFTS.virtual_gifts[0], each={GiftResource("birthdayCampaign"): 1})
PLAIN = {
    "gifts": GIFTS.to_dict(),
    "best": GIFTS.virtual_gifts[0].to_dict(),
    "each": {"birthdayCampaign": 1},
    "platform": "line",
}


def test_an_instance_is_taken_as_it_is() -> None:
    assert PAGE.gifts is GIFTS
    assert PAGE.best is GIFTS.virtual_gifts[0]


def test_what_the_service_and_to_dict_name_is_read() -> None:
    page = Page.model_validate(PLAIN)
    assert page == PAGE
    assert isinstance(page.gifts, ClientGifts)
    sent = GIFTS.to_dict() | {"success": True, "message": "Get client gifts successfully"}
    assert TypeAdapter(ClientGifts).validate_python(sent) == GIFTS


def test_what_a_client_would_tolerate_is_told_as_drift() -> None:
    told = TypeAdapter(ClientGifts).validate_python({"tickets": None}).drift
    assert [line for line in told if line.kind != "missing"] == [
        Drift("null", "tickets", "the spec doesn't allow null")
    ]


@pytest.mark.parametrize(
    "data", [{"virtual_gifts": []}, {"tickets": None}, {"virtualGifts": [{"rarity": "gold"} | PLAIN["best"]]}]
)
def test_what_a_caller_hands_in_is_no_warning_about_the_service(data: dict[str, Any], caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        assert Page.model_validate({"gifts": data}).gifts.drift
        assert Page.model_validate_json(json.dumps({"gifts": data})).gifts.drift
    assert [record for record in caplog.records if record.name.startswith("mantago")] == []


def test_what_is_written_is_what_to_dict_gives() -> None:
    assert PAGE.model_dump(mode="json") == PLAIN
    assert json.loads(PAGE.model_dump_json()) == PLAIN
    assert Page.model_validate_json(PAGE.model_dump_json()) == PAGE
    kept = PAGE.model_dump()
    assert kept["gifts"] == PLAIN["gifts"]
    assert [*kept["each"]] == [GiftResource("birthdayCampaign")]


@pytest.mark.parametrize("mode", MODES)
def test_the_json_schema_is_true(mode: Any) -> None:
    schema = Page.model_json_schema(mode=mode)
    jsonschema.validate(PLAIN, schema)
    kinds = schema["$defs"]
    assert {*kinds} >= {"ClientGifts", "Ticket", "Gift", "GiftResource", "Platform"}
    assert kinds["ClientGifts"]["properties"]["virtualGifts"] == {
        "type": "array",
        "title": "Virtualgifts",
        "items": {"$ref": "#/$defs/Gift"},
    }
    assert kinds["Gift"]["required"] == ["name", "resource", "createdAt"]
    assert kinds["Gift"]["properties"]["createdAt"]["format"] == "date-time"
    assert kinds["GiftResource"]["title"] == "GiftResource"
    assert kinds["GiftResource"]["description"].startswith("Where a gift comes from.")
    assert kinds["GiftResource"]["anyOf"] == [{"type": "string", "enum": [*GiftResource]}, {"type": "string"}]
    assert kinds["Platform"]["enum"] == [*Platform]
    for wrong in ({"gifts": {"tickets": [{}]}}, {"gifts": {"virtualGifts": 5}}, {"gifts": [], "platform": "LINE"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
        with pytest.raises(ValidationError):
            Page.model_validate(wrong)


@pytest.mark.parametrize(
    ("value", "place", "told"),
    [
        ({"tickets": [{}]}, ("gifts", "tickets", 0, "createdAt"), "is missing, though required by the spec"),
        ({"virtualGifts": {"a": 1}}, ("gifts", "virtualGifts"), "must be a list, not an object"),
        ({"tickets": [{"createdAt": GIFTS.tickets[0].created_at}]}, ("gifts", "tickets", 0, "createdAt"), "must be a string, not datetime"),
        ({"success": False, "errResponse": {}}, ("gifts", "success"), "is false: the service said no"),
        (5, ("gifts",), "must be an object, not a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(value: Any, place: tuple[Any, ...], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Page.model_validate({"gifts": value})
    [line] = caught.value.errors()
    assert (line["loc"], line["msg"], line["input"]) == (place, told, value)


def test_an_open_enumeration_keeps_what_it_does_not_list() -> None:
    adapter = TypeAdapter(GiftResource)
    assert adapter.validate_python("rewardsCard") is GiftResource.REWARDS_CARD
    assert not adapter.validate_python("birthdayCampaign").is_known
    assert adapter.dump_json(GiftResource("birthdayCampaign")) == b'"birthdayCampaign"'
    with pytest.raises(ValidationError, match="5 is not a valid GiftResource"):
        adapter.validate_python(5)
    numbers = TypeAdapter(sample_models.Level)
    assert (numbers.validate_python(7), numbers.dump_json(sample_models.Level(7))) == (7, b"7")
    assert numbers.json_schema()["anyOf"][1] == {"type": "integer"}


def test_every_kind_of_field_is_described_and_comes_back() -> None:
    adapter = TypeAdapter(sample_models.Everything)
    schema = adapter.json_schema()
    assert schema == adapter.json_schema(mode="serialization")
    said = schema["$defs"]["Everything"]["properties"]
    pets = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("Cat", "Dog", "Unlisted")]}
    moment, number, text, null = (
        {"type": "string", "format": "date-time"},
        {"type": "integer"},
        {"type": "string"},
        {"type": "null"},
    )
    assert {name: {key: one[key] for key in one if key != "title"} for name, one in said.items()} == {
        "text": text,
        "flag": {"type": "boolean"},
        "count": number,
        "price": {"type": "number"},
        "moment": moment,
        "day": {"type": "string", "format": "date"},
        "since": number,
        "anything": {"anyOf": [{}, null]},
        "level": {"$ref": "#/$defs/Level"},
        "platform": text,
        "again": {"$ref": "#/$defs/Everything"},
        "numbers": {"type": "array", "items": number},
        "holes": {"type": "array", "items": {"anyOf": [number, null]}},
        "times": {"type": "object", "additionalProperties": moment},
        "either": {"anyOf": [number, {"$ref": "#/$defs/Ticket"}]},
        "pet": pets,
        "pets": {"type": "array", "items": pets},
        "maybe": {"anyOf": [text, null]},
    }
    assert {"required"} & schema["$defs"]["Everything"].keys() == set()
    assert schema["$defs"]["Unlisted"]["additionalProperties"] is True
    counts = TypeAdapter(sample_models.Counts)
    assert counts.json_schema()["additionalProperties"] == moment
    assert counts.validate_python({"a": "2024-07-15T10:30:28.700Z"}).to_dict() == {"a": "2024-07-15T10:30:28.700Z"}


def test_what_is_sent_keeps_its_secret_out_of_what_pydantic_shows() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(ClientIdentificationRequest).validate_python({"secret": "s3cr3t-s3cr3t", "clientId": 5})
    assert "must be a string, not a number" in str(caught.value)
    assert "s3cr3t" not in str(caught.value) + str(caught.value.errors())


# --- without it -------------------------------------------------------------------------------------------------------


def test_pydantic_is_imported_by_nothing_of_ours() -> None:
    code = (
        "import sys, mantago; mantago.preload(); from mantago.testing import gift; gift().to_dict();"
        "mantago.Gift.__get_pydantic_core_schema__(None, None);"
        "print([name for name in sys.modules if name.startswith('pydantic')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
