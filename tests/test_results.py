"""How an answer is read: values, tolerance and its drift, refusals and their places, and back to JSON."""

import copy
import json
import logging
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import GOOD, Connect
from mantago import ClientGifts, Drift, Gift, GiftResource, InvalidResponseError, Ticket
from mantago.testing import gift, ticket
from mantago_runtime.reading.compiler import code_of
from mantago_runtime.reading.readers import model_of
from mantago_runtime.reading.results import read_result
from mantago_runtime.reading.values import RFC_3339

CREATED = "2024-07-15T10:30:28.700Z"
MOMENT = datetime(2024, 7, 15, 10, 30, 28, 700_000, tzinfo=UTC)
# What a newer document requires of a gift is made up.
GIFT = gift().to_dict() | {"name": "保溫杯", "resource": "rewardsCard", "createdAt": CREATED, "isExpired": False}
EXPIRED = GIFT | {"isExpired": True, "startTime": "2024-01-01T00:00:00Z", "endTime": "2024-02-01T00:00:00.123456Z"}
GIFTS = {"tickets": [ticket(created_at=MOMENT).to_dict()], "physicalGifts": [GIFT], "virtualGifts": [EXPIRED, GIFT]}
ANSWER = json.loads(json.dumps(GOOD | GIFTS))  # as from the network: no list stands in two places


def read(payload: Any, *, strict: bool = False) -> ClientGifts:
    return read_result(model_of(ClientGifts), copy.deepcopy(payload), strict=strict)[0]


def changed(path: str, value: Any = ...) -> dict[str, Any]:
    """Return the answer with the value at a path such as physicalGifts.0.name replaced, or removed."""
    answer = json.loads(json.dumps(ANSWER))  # not deepcopy: it would keep one gift in two places the same object
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = answer
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return answer


def test_an_answer_as_the_spec_has_it_is_read_whole_and_without_drift():
    gifts = read(ANSWER)
    assert gifts.tickets == (ticket(created_at=MOMENT),)
    assert gifts.physical_gifts == (
        gift("保溫杯", resource=GiftResource.REWARDS_CARD, created_at=MOMENT, is_expired=False),
    )
    expired, fresh = gifts.virtual_gifts
    assert (expired.is_expired, expired.start_time) == (True, datetime(2024, 1, 1, tzinfo=UTC))
    assert expired.end_time == datetime(2024, 2, 1, 0, 0, 0, 123_456, tzinfo=UTC)
    assert (fresh.is_expired, fresh.start_time, fresh.end_time, dict(fresh.extra)) == (False, None, None, {})
    assert gifts.drift == ()
    assert read(ANSWER, strict=True) == gifts


def test_a_list_that_the_service_leaves_out_is_an_empty_tuple():
    gifts = read(GOOD)
    assert (gifts.tickets, gifts.physical_gifts, gifts.virtual_gifts, gifts.drift) == ((), (), (), ())


@pytest.mark.parametrize(
    ("payload", "drift"),
    [
        (changed("physicalGifts.0.isExpired"), Drift("missing", "physicalGifts[0].isExpired", "required by the spec")),
        (changed("virtualGifts.1.isExpired", None), Drift("null", "virtualGifts[1].isExpired", "the spec doesn't allow null")),
        (changed("virtualGifts.0.endTime", None), Drift("null", "virtualGifts[0].endTime", "the spec doesn't allow null")),
        (changed("tickets", None), Drift("null", "tickets", "the spec doesn't allow null")),
        (changed("physicalGifts.0.resource", "spin"), Drift("unknown_value", "physicalGifts[0].resource", "'spin' is not listed by the spec")),
        (changed("tickets.0.createdAt", "2024-07-15T10:30:28"), Drift("format", "tickets[0].createdAt", "has no offset, read as UTC")),
        (changed("tickets.0.colour", "red"), Drift("unknown_field", "tickets[0].colour", "not in the spec")),
        (changed("page", 1), Drift("unknown_field", "page", "not in the spec")),
    ],
)  # fmt: skip
def test_what_is_tolerated_is_told_as_drift_and_refused_when_strict(payload, drift):
    gifts = read(payload)
    assert gifts.drift == (drift,)
    if drift.kind == "unknown_field":
        assert read(payload, strict=True).drift == (drift,)
    else:
        with pytest.raises(InvalidResponseError, match=f"{drift.kind}: .* \\(strict=True\\)") as caught:
            read(payload, strict=True)
        assert caught.value.path == drift.path


@pytest.mark.parametrize(
    ("payload", "path", "told"),
    [
        ([], "$", "must be an object, not a list"),
        ("text", "$", "must be an object, not a string"),
        (None, "$", "must be an object, not null"),
        (changed("success"), "success", "is missing, though required"),
        (changed("success", "true"), "success", "must be true or false, not a string"),
        (changed("message"), "message", "is missing"),
        (changed("message", 5), "message", "must be a string, not a number"),
        (changed("tickets", {}), "tickets", "must be a list, not an object"),
        (changed("tickets", "none"), "tickets", "must be a list, not a string"),
        (changed("tickets.0", None), "tickets[0]", "must be an object, not null"),
        (changed("tickets.0.createdAt"), "tickets[0].createdAt", "is missing, though required by the spec"),
        (changed("tickets.0.createdAt", None), "tickets[0].createdAt", "must not be null"),
        (changed("tickets.0.createdAt", 1721039428), "tickets[0].createdAt", "must be a string, not a number"),
        (changed("tickets.0.createdAt", "yesterday"), "tickets[0].createdAt", "must be a timestamp of RFC 3339"),
        (changed("physicalGifts.0.name"), "physicalGifts[0].name", "is missing"),
        (changed("physicalGifts.0.name", True), "physicalGifts[0].name", "must be a string, not a boolean"),
        (changed("virtualGifts.1.resource", 7), "virtualGifts[1].resource", "must be a string, not a number"),
        (changed("virtualGifts.1.isExpired", 0), "virtualGifts[1].isExpired", "must be true or false, not a number"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(payload, path, told):
    with pytest.raises(InvalidResponseError, match=told) as caught:
        read(payload)
    assert caught.value.path == path
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-15T10:30:28.700Z", MOMENT),
        ("2024-07-15t10:30:28.7z", MOMENT),
        ("2024-07-15 10:30:28.7Z", MOMENT),
        ("2024-07-15T18:30:28.700+08:00", MOMENT),
        ("2024-07-15T10:30:28.700-00:00", MOMENT),
        ("2024-07-15T10:30:28.700999999Z", MOMENT.replace(microsecond=700_999)),
        ("2024-07-15T10:30:28Z", MOMENT.replace(microsecond=0)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31t23:59:60.25z", datetime(2016, 12, 31, 23, 59, 59, 250_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_any_form_of_rfc_3339_is_read_without_drift(text, expected):
    gifts = read(changed("tickets.0.createdAt", text), strict=True)
    assert gifts.tickets[0].created_at == expected
    assert gifts.tickets[0].created_at.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        *("2024-07-15", "20240715T103028Z", "2024-07-15T10:30Z", "2024-W29-1T10:30:28Z", "2024-07-15T24:00:00Z"),
        *("2024-07-15T10:30:61Z", "2024-07-15T10:30:28,7Z", "2024-07-15T10:30:28+0800", "2024-07-15T10:30:28+24:00"),
        *("2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "2024-07-15  10:30:28Z", "", "٢٠٢٤-07-15T10:30:28Z"),
        *("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"),
    ],
)  # fmt: skip
def test_any_other_timestamp_is_refused_with_its_place(text):
    with pytest.raises(InvalidResponseError) as caught:
        read(changed("tickets.0.createdAt", text))
    assert caught.value.path == "tickets[0].createdAt"


def test_an_unknown_resource_is_kept_equals_its_string_and_says_so():
    resource = read(changed("physicalGifts.0.resource", "spin")).physical_gifts[0].resource
    assert resource == "spin"
    assert (resource.is_known, str(resource), resource.value, hash(resource)) == (False, "spin", "spin", hash("spin"))
    assert pickle.loads(pickle.dumps(resource)) == resource
    assert all(known.is_known for known in GiftResource)
    assert not GiftResource("UNKNOWN").is_known
    with pytest.raises(ValueError, match="7"):
        GiftResource(7)


def test_unknown_fields_are_kept_in_a_read_only_mapping_at_every_level():
    payload = changed("tickets.0.colour", {"rgb": [1, 2]})
    payload["page"] = 2
    gifts = read(payload)
    assert gifts.extra == {"page": 2}
    assert gifts.tickets[0].extra == {"colour": {"rgb": [1, 2]}}
    assert (len(gifts.extra), list(gifts.extra), repr(gifts.extra)) == (1, ["page"], "{'page': 2}")
    with pytest.raises(TypeError):
        gifts.extra["page"] = 3  # type: ignore[index]


def test_results_are_immutable_comparable_hashable_and_picklable():
    gifts, other = read(changed("page", 2)), read(changed("page", 3))
    assert pickle.loads(pickle.dumps(gifts)) == gifts == copy.deepcopy(gifts)
    assert pickle.loads(pickle.dumps(gifts)).drift == gifts.drift
    assert gifts != other
    assert len({gifts, read(changed("page", 2))}) == 1
    for result, name in ((gifts, "tickets"), (gifts.tickets[0], "created_at"), (gifts.physical_gifts[0], "name")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(result, name, None)


def test_drift_does_not_count_in_equality():
    assert read(changed("physicalGifts.0.isExpired", None)) == read(changed("physicalGifts.0.isExpired"))


def test_a_repr_is_one_line_and_leaves_out_what_is_empty():
    assert repr(ClientGifts()) == "ClientGifts()"
    assert repr(Ticket(created_at=MOMENT)) == "Ticket(created_at=2024-07-15T10:30:28.700000+00:00)"
    gift = Gift(name="two\nlines", resource="spin", created_at=MOMENT, is_expired=False)
    expected = (
        "Gift(name='two\\nlines', resource='spin', created_at=2024-07-15T10:30:28.700000+00:00, is_expired=False)"
    )
    assert repr(gift) == expected
    assert repr(ClientGifts(tickets=(Ticket(created_at=MOMENT),) * 20_000)) == "ClientGifts(tickets=<20000>)"


def test_to_dict_gives_the_services_names_in_plain_json_types():
    payload = changed("tickets.0.createdAt", "2024-07-15T18:30:28.700+08:00")
    payload["virtualGifts"][0]["badge"] = {"tags": ["a"]}
    gifts = read(payload)
    expected = {name: value for name, value in payload.items() if name not in {"success", "message"}}
    expected["tickets"][0]["createdAt"] = CREATED
    expected["virtualGifts"][0]["startTime"] = "2024-01-01T00:00:00.000Z"
    written = gifts.to_dict()
    assert written == expected
    assert json.loads(json.dumps(written)) == written
    assert type(written["physicalGifts"][0]["resource"]) is str
    assert read(GOOD | written) == gifts
    written["virtualGifts"][0]["badge"]["tags"].append("b")
    assert gifts.to_dict() == expected


def test_to_dict_leaves_out_what_is_none():
    told = Gift(name="cup", resource="unknown", created_at=MOMENT).to_dict()
    assert told | {"name": "cup", "resource": "unknown", "createdAt": CREATED} == told
    assert None not in told.values()
    assert "isExpired" not in told


def test_times_keep_the_offset_they_came_with():
    gifts = read(changed("tickets.0.createdAt", "2024-07-15T18:30:28.700+08:00"))
    assert gifts.tickets[0].created_at.utcoffset() == timedelta(hours=8)
    assert Ticket(created_at=MOMENT.astimezone(timezone(timedelta(hours=8)))).to_dict() == {"createdAt": CREATED}


def test_each_kind_and_place_of_drift_is_warned_of_once_in_a_clients_life(connect: Connect, caplog):
    payload = GOOD | {
        "physicalGifts": [GIFT | {"colour": 1}, GIFT | {"colour": 2}],
        "virtualGifts": [EXPIRED | {"colour": 3}],
    }
    driver = connect(lambda _: httpx.Response(200, json=payload))
    with caplog.at_level(logging.DEBUG, "mantago.drift"):
        for _ in range(2):
            assert len(driver.get_client_gifts(client_id="a").drift) == 3
    assert [record.getMessage() for record in caplog.records if record.name == "mantago.drift"] == [
        "unknown_field physicalGifts[].colour: not in the spec (warned of once)",
        "unknown_field virtualGifts[].colour: not in the spec (warned of once)",
    ]
    assert {record.levelno for record in caplog.records if record.name == "mantago.drift"} == {logging.WARNING}


def test_a_byte_order_mark_is_passed_over_and_told(connect: Connect):
    def marked(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"\xef\xbb\xbf" + json.dumps(ANSWER).encode())

    gifts = connect(marked).get_client_gifts(client_id="a")
    assert gifts == read(ANSWER)
    assert [str(line) for line in gifts.drift] == ["format $: begins with a byte-order mark"]
    with pytest.raises(InvalidResponseError, match="byte-order mark"):
        connect(marked, strict=True).get_client_gifts(client_id="a")


@given(st.lists(st.tuples(st.integers(0, 23), st.sampled_from("0123456789-+:.,TtZzWx ٣")), max_size=3))
@settings(max_examples=2_000)
@pytest.mark.unmeasured
def test_a_timestamp_is_read_only_if_rfc_3339_has_it(changes):
    text = list(CREATED)
    for place, character in changes:
        text[place] = character
    stamp = "".join(text)
    allowed = re.fullmatch(RFC_3339, stamp.upper().replace(" ", "T", 1), re.ASCII)
    with nullcontext() if allowed else pytest.raises(InvalidResponseError, match="RFC 3339"):
        with suppress_calendar():
            read(changed("tickets.0.createdAt", stamp))


@contextmanager
def suppress_calendar() -> Iterator[None]:
    try:
        yield
    except InvalidResponseError as error:
        if "no calendar has" not in str(error):
            raise


def test_results_made_by_hand_are_as_immutable_as_those_read():
    made = ClientGifts(tickets=[Ticket(created_at=MOMENT)])  # type: ignore[arg-type]
    assert made == ClientGifts(tickets=(Ticket(created_at=MOMENT),))
    assert made.to_dict()["tickets"] == [{"createdAt": CREATED}]


def test_a_field_named_to_forge_a_line_of_the_log_is_logged_in_one(connect: Connect, caplog):
    connect(lambda _: httpx.Response(200, json=GOOD | {"a\nERROR forged": 1})).get_client_gifts(client_id="a")
    assert [record.getMessage() for record in caplog.records if record.name == "mantago.drift"] == [
        r"unknown_field 'a\nERROR forged': not in the spec (warned of once)"
    ]


def test_a_service_that_makes_up_fields_fills_neither_log_nor_memory(connect: Connect, caplog, monkeypatch):
    monkeypatch.setattr("mantago_runtime.calls.responses.MAX_DRIFT_WARNINGS", 3)
    answer = GOOD | {f"field-{n}": n for n in range(10)}
    connect(lambda _: httpx.Response(200, json=answer)).get_client_gifts(client_id="a")
    assert len([record for record in caplog.records if record.name == "mantago.drift"]) == 3


@pytest.mark.parametrize("gift", [GIFT, EXPIRED, EXPIRED | {"startTime": CREATED, "endTime": CREATED}])
def test_what_the_spec_shows_is_read_the_quick_way(gift):
    whole = {name: CREATED if name.endswith("Time") else value for name, value in gift.items()}
    assert code_of(Gift).quick_all([whole]) == [*read(GOOD | {"virtualGifts": [whole]}).virtual_gifts]
    assert code_of(Ticket).quick_all([{"createdAt": CREATED}]) == [Ticket(created_at=MOMENT)]
