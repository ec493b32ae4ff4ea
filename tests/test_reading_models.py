"""How a declared model is read, tolerantly and quickly, and written again; the models are in sample_models.py."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading import compiler
from mantago_runtime.reading.compiler import Code, code_of
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.enums import OpenIntEnum
from mantago_runtime.reading.fields import NOT_USUAL, load
from mantago_runtime.reading.model import read_only
from mantago_runtime.reading.readers import (
    DATE,
    FLAG,
    INTEGER,
    JSON,
    MILLISECONDS,
    NUMBER,
    TEXT,
    TIMESTAMP,
    enum_of,
    list_of,
    map_of,
    model_of,
    nullable,
    told_apart_by,
    union_of,
)
from mantago_runtime.reading.results import read_result
from mantago_runtime.reading.unlisted import Unlisted
from sample_models import Cat, Closed, Counts, Dog, Everything, Gift, Gifts, Level, Order, Resource, Ticket

CREATED = "2024-07-15T10:30:28.700Z"
MOMENT = datetime(2024, 7, 15, 10, 30, 28, 700_000, tzinfo=UTC)
GIFT = {"name": "保溫杯", "resource": "rewardsCard", "createdAt": CREATED, "isExpired": False}
WHOLE: dict[str, Any] = {
    "text": "t",
    "flag": False,
    "count": 0,
    "price": 1.5,
    "moment": CREATED,
    "day": "2024-02-29",
    "since": 1_721_039_428_700,
    "anything": {"a": [1, None]},
    "level": 2,
    "platform": "liveChat",
    "again": {"text": "inner"},
    "numbers": [1, 2],
    "holes": [1, None],
    "times": {"a": CREATED},
    "either": {"createdAt": CREATED},
    "pet": {"petType": "cat", "lives": 9},
    "pets": [{"petType": "dog", "bark": "wow"}, {"petType": "cat"}],
    "maybe": None,
}
EVERYTHING = model_of(Everything)


def read(payload: Any, *, strict: bool = False) -> tuple[Everything, tuple[Drift, ...]]:
    return read_result(EVERYTHING, copy.deepcopy(payload), strict=strict)


def test_an_object_as_the_document_has_it_is_read_whole_and_without_drift() -> None:
    result, drift = read(WHOLE, strict=True)
    assert (drift, result.drift) == ((), ())
    assert (result.text, result.flag, result.count, result.price) == ("t", False, 0, 1.5)
    assert (result.moment, result.day, result.since) == (MOMENT, date(2024, 2, 29), MOMENT)
    assert result.anything == {"a": [1, None]}
    assert (result.level, result.platform) == (Level.HIGH, Closed.CHAT)
    assert result.again == Everything(text="inner")
    assert (result.numbers, result.holes, result.times) == ((1, 2), (1, None), {"a": MOMENT})
    assert result.either == Ticket(created_at=MOMENT)
    assert result.pet == Cat(kind="cat", lives=9)
    assert result.pets == (Dog(kind="dog", bark="wow"), Cat(kind="cat"))
    assert result.maybe is None


def test_what_the_service_leaves_out_is_none_and_a_list_is_an_empty_tuple() -> None:
    result, drift = read({})
    assert result == Everything()
    assert not drift
    assert (result.text, result.numbers, result.times, result.extra) == (None, (), None, {})


@pytest.mark.parametrize(
    ("name", "value", "kind", "detail"),
    [
        ("text", None, "null", "the spec doesn't allow null"),
        ("numbers", None, "null", "the spec doesn't allow null"),
        ("text", [], "format", "is [], read as None"),
        ("again", [], "format", "is [], read as None"),
        ("times", [], "format", "is [], read as None"),
        ("pet", [], "format", "is [], read as None"),
        *((name, "", "format", 'is "", read as None') for name in ("flag", "count", "price", "moment", "day", "since")),
        ("level", "", "format", 'is "", read as None'),
        ("platform", "", "format", 'is "", read as None'),
    ],
)
def test_the_empty_forms_of_nothing_are_read_as_none_and_told(name: str, value: Any, kind: str, detail: str) -> None:
    result, drift = read({name: value})
    assert result == Everything()
    assert result.drift == drift == (Drift(kind, name, detail),)  # type: ignore[arg-type]
    with pytest.raises(InvalidResponseError, match=r"\(strict=True\)") as caught:
        read({name: value}, strict=True)
    assert caught.value.path == name


def test_a_null_that_the_document_allows_is_no_drift() -> None:
    assert read({"maybe": None, "anything": None, "holes": [None]}, strict=True)[0] == Everything(holes=(None,))
    assert read({"maybe": "m"}, strict=True)[0].maybe == "m"


@pytest.mark.parametrize(
    ("payload", "path", "told"),
    [
        ({"text": {}}, "text", "must be a string, not an object"),
        ({"flag": 0}, "flag", "must be true or false, not a number"),
        ({"count": True}, "count", "must be a whole number, not a boolean"),
        ({"count": 1.5}, "count", "must be a whole number, not 1.5"),
        ({"price": "1"}, "price", "must be a number, not a string"),
        ({"price": True}, "price", "must be a number, not a boolean"),
        ({"day": "2023-02-29"}, "day", "is a date that no calendar has: '2023-02-29'"),
        ({"day": "2024-W09-4"}, "day", "must be a date such as 2024-07-15, not '2024-W09-4'"),
        ({"since": 10**20}, "since", "is a number of milliseconds that leads out of the calendar"),
        ({"level": "2"}, "level", "must be a whole number, not a string"),
        ({"numbers": [1, "2"]}, "numbers[1]", "must be a whole number, not a string"),
        ({"numbers": {}}, "numbers", "must be a list, not an object"),
        ({"holes": [1, "2"]}, "holes[1]", "must be a whole number"),
        ({"times": [1]}, "times", "must be an object, not a list"),
        ({"times": {"a": CREATED, "b": 1}}, "times.b", "must be a string, not a number"),
        ({"again": {"again": {"count": "x"}}}, "again.again.count", "must be a whole number"),
        ({"again": 1}, "again", "must be an object, not a number"),
        ({"either": "x"}, "either", "fits none of what the spec allows: must be a whole number, not a string; must be"),
        ({"either": {}}, "either", "createdAt is missing, though required by the spec"),
        ({"pet": {"lives": 9}}, "pet.petType", "is missing, though it tells what the object is"),
        ({"pet": {"petType": 1}}, "pet.petType", "must be a string, not a number"),
        ({"pet": 1}, "pet", "must be an object, not a number"),
        ({"pets": [{"petType": "cat", "lives": "x"}]}, "pets[0].lives", "must be a whole number"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(payload: Any, path: str, told: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        read(payload)
    assert caught.value.path == path
    assert told in str(caught.value)


def test_drift_is_told_with_its_place_at_every_depth() -> None:
    _, drift = read(
        {
            "again": {"level": 7, "x": 1},
            "pets": [{"petType": "bird", "wings": 2}, {"petType": "dog", "bark": None}],
            "platform": "tiktok",
            "either": {"createdAt": "2024-07-15T10:30:28", "y": 1},
            "times": {"a": "2024-07-15T10:30:28"},
        }
    )
    assert [str(line) for line in drift] == [
        "unknown_value platform: 'tiktok' is not listed by the spec",
        "unknown_value again.level: 7 is not listed by the spec",
        "unknown_field again.x: not in the spec",
        "format times.a: has no offset, read as UTC",
        "format either.createdAt: has no offset, read as UTC",
        "unknown_field either.y: not in the spec",
        "unknown_value pets[0].petType: 'bird' is not listed by the spec",
        "null pets[1].bark: the spec doesn't allow null",
    ]


def test_what_a_newer_service_adds_is_kept() -> None:
    result, _ = read({"level": 7, "platform": "tiktok", "pet": {"petType": "bird", "wings": 2}, "new": [1]})
    assert (result.level, result.platform) == (7, "tiktok")
    assert isinstance(result.level, Level)
    assert not result.level.is_known
    assert Level.LOW.is_known
    assert type(result.platform) is str
    assert isinstance(result.pet, Unlisted)
    assert result.pet.extra == {"petType": "bird", "wings": 2}
    assert result.extra == {"new": [1]}


def test_an_open_enumeration_keeps_only_values_of_its_own_type() -> None:
    for value in ("x", 1.5, None):
        with pytest.raises(ValueError, match="Level"):
            Level(value)
    assert issubclass(Level, OpenIntEnum)
    assert Resource("x").value == "x"
    assert not Resource("x").is_known
    with pytest.raises(ValueError, match="7"):
        Resource(7)


def test_one_is_a_whole_number_however_it_is_written() -> None:
    result, drift = read({"count": 5.0, "price": 5, "level": 1.0})
    assert (result.count, type(result.count), result.price, result.level, drift) == (5, int, 5, Level.LOW, ())


def test_of_several_types_the_one_with_the_least_drift_is_taken() -> None:
    either = union_of(model_of(Cat), model_of(Dog), TEXT)
    drift: list[Drift] = []
    assert either.read({"petType": "x", "bark": "wow"}, drift, "") == Dog(kind="x", bark="wow")
    assert either.read({"petType": "x", "bark": "wow", "new": [1]}, drift, "a").extra == {"new": [1]}
    assert [str(line) for line in drift] == ["unknown_field a.new: not in the spec"]
    assert either.is_nothing([])
    assert not union_of(INTEGER, TEXT).is_nothing("")
    assert not list_of(TEXT).is_nothing([])
    assert not JSON.is_nothing([])


@pytest.mark.parametrize(
    "text", ["2024-07-15t10:30:28.7z", "2024-07-15 10:30:28.7Z", "2024-07-15T18:30:28.700999999+08:00"]
)
def test_any_form_of_rfc_3339_is_the_same_time_everywhere(text: str) -> None:
    drift: list[Drift] = []
    moment = TIMESTAMP.read(text, drift, "")
    assert moment.replace(microsecond=700_000) == MOMENT
    assert type(moment.tzinfo) is timezone
    assert not drift
    assert TIMESTAMP.read("2016-12-31T23:59:60.5Z", drift, "") == datetime(
        2016, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC
    )
    for wrong, told in (("2024-07-15", "RFC 3339"), ("0001-01-01T00:00:00+08:00", "no calendar has")):
        with pytest.raises(InvalidResponseError, match=told):
            TIMESTAMP.read(wrong, drift, "")


@given(st.datetimes(), st.integers(1, 9), st.integers(-1439, 1439))
def test_a_fraction_is_cut_after_microseconds(moment: datetime, digits: int, minutes: int) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".zfill(19) + f".{moment.microsecond:06}000"[: digits + 1] + offset
    try:
        told = TIMESTAMP.read(text, [], "")
    except InvalidResponseError as error:
        assert "no calendar has" in str(error)
        return
    kept = moment.microsecond // 10 ** max(0, 6 - digits) * 10 ** max(0, 6 - digits)
    assert told == moment.replace(microsecond=kept, tzinfo=timezone(timedelta(minutes=minutes)))


# Quick and with care

MOMENTS = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    st.sampled_from(
        [CREATED, CREATED[:-1], "2024-W29-1T10:30:28.700Z", "2024-07-15 10:30:28.700Z", CREATED + "Z", ["x"] * 24]
    ),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([1.0, 1.5]),
    st.text(max_size=2),
    st.lists(st.integers(0, 1), max_size=2),
    st.dictionaries(st.sampled_from(["a", "petType"]), st.text(max_size=1), max_size=1),
)
PETS = st.fixed_dictionaries(
    {}, optional={"petType": st.sampled_from(["cat", "dog", "bird", 1]), "lives": ANYTHING, "bark": ANYTHING}
)
OBJECTS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            **{name: st.one_of(st.just(value), ANYTHING) for name, value in WHOLE.items()},
            "moment": MOMENTS,
            "day": st.one_of(st.dates().map(str), st.sampled_from(["2024-W09-4", "2024-02-30"])),
            "holes": st.lists(st.one_of(st.none(), st.integers(0, 1), ANYTHING), max_size=2),
            "times": st.dictionaries(st.text(max_size=1), MOMENTS, max_size=2),
            "either": st.one_of(st.fixed_dictionaries({"createdAt": MOMENTS}), ANYTHING),
            "pet": PETS,
            "pets": st.lists(PETS, max_size=2),
            "more": ANYTHING,
        },
    ),
    lambda inner: st.fixed_dictionaries({"again": inner}, optional={"more": inner}),
    max_leaves=2,
)
GIFTS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.one_of(st.text(max_size=3), ANYTHING),
        "resource": st.one_of(st.sampled_from(["rewardsCard", "no"]), ANYTHING),
        "isExpired": st.one_of(st.booleans(), ANYTHING),
        "createdAt": MOMENTS,
        "startTime": MOMENTS,
        "endTime": st.one_of(MOMENTS, st.just("")),
        "more": ANYTHING,
    },
)


def outcome(read_one: Any) -> Any:
    drift: list[Drift] = []
    try:
        return read_one(drift), drift
    except InvalidResponseError as error:
        return error.path, str(error)


@settings(max_examples=1_000)
@given(st.one_of(GIFTS, GIFTS.map(lambda changes: GIFT | changes), OBJECTS, ANYTHING))
@pytest.mark.unmeasured
def test_what_is_read_the_quick_way_is_what_it_is_field_by_field(value: Any) -> None:
    for cls in (Gift, Ticket, Everything, Cat, Order):
        code = code_of(cls)
        careful = outcome(lambda drift, code=code: code.careful(copy.deepcopy(value), drift))
        assert outcome(lambda drift, code=code: code.read(copy.deepcopy(value), drift)) == careful
        before = copy.deepcopy(value)
        try:
            quick = code.quick_all([value])
        except NOT_USUAL:
            continue
        finally:
            assert value == before
        assert (quick[0], []) == careful


@given(st.lists(st.one_of(st.just(GIFT), GIFTS), max_size=4), st.integers(0, 250))
def test_a_list_is_read_the_same_in_pieces_and_one_by_one(elements: list[Any], number: int) -> None:
    whole = [GIFT] * number + elements
    one_by_one = outcome(
        lambda drift: tuple(
            model_of(Gift).read(copy.deepcopy(element), drift, f"a[{index}]") for index, element in enumerate(whole)
        )
    )
    assert outcome(lambda drift: list_of(model_of(Gift)).read(copy.deepcopy(whole), drift, "a")) == one_by_one


@pytest.mark.parametrize(
    "value", [GIFT, GIFT | {"startTime": CREATED}, GIFT | {"startTime": CREATED, "endTime": CREATED}]
)
def test_what_the_document_shows_is_read_the_quick_way(value: dict[str, Any]) -> None:
    assert code_of(Gift).quick_all([value]) == [Gift.from_dict(value)]
    assert code_of(Everything).quick_all([WHOLE]) == [read(WHOLE)[0]]


def test_a_large_list_is_freed_as_it_is_read() -> None:
    elements = [dict(GIFT) for _ in range(250)]
    assert len(list_of(model_of(Gift)).read(elements, [], "")) == 250
    assert elements == []


def test_a_reader_is_made_at_its_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[type] = []

    class Counted(Code):
        def __init__(self, cls: Any, *, envelope: bool) -> None:
            made.append(cls)
            super().__init__(cls, envelope=envelope)

    monkeypatch.setattr(compiler, "Code", Counted)
    monkeypatch.setattr(compiler, "_made", {})
    reader = model_of("sample_models:Cat")
    assert not made
    for _ in range(2):
        assert reader.read({"petType": "cat"}, [], "") == Cat(kind="cat")
        assert model_of(Cat).read({"petType": "cat"}, [], "") == Cat(kind="cat")
    assert made == [Cat]


def test_nothing_of_a_document_becomes_code(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    real = compile
    monkeypatch.setattr(
        compiler, "compile", lambda text, *rest: [texts.append(text), real(text, *rest)][1], raising=False
    )
    for cls in (Gifts, Gift, Everything, Order):
        Code(cls, envelope=True)
    assert len(texts) == 8
    names = {
        name
        for cls in (Gifts, Gift, Everything, Order)
        for name in (f.name for f, _, _ in Code(cls, envelope=True).fields)
    }
    assert "createdAt" in names
    for text in texts:
        assert not any(name in text for name in names if len(name) > 5)
        assert '"' not in text.replace('"--T::."', "").replace('"Z"', "")


def test_readers_are_safe_to_share_between_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_made", {})
    reader = model_of("sample_models:Everything")
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(reader.read(copy.deepcopy(WHOLE), [], ""))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [read(WHOLE)[0]] * 8


# Envelope

GOOD = {"success": True, "message": "m"}


def test_the_envelope_is_checked_and_dropped() -> None:
    result, drift = read_result(model_of(Gifts), GOOD | {"tickets": [{"createdAt": CREATED}]})
    assert (result, drift) == (Gifts(tickets=(Ticket(created_at=MOMENT),)), ())
    assert result.to_dict() == {"tickets": [{"createdAt": CREATED}], "physicalGifts": [], "virtualGifts": []}
    for payload, path in (
        ({}, "success"),
        ({"success": True}, "message"),
        (GOOD | {"message": 5}, "message"),
        ([], "$"),
    ):
        with pytest.raises(InvalidResponseError) as caught:
            read_result(model_of(Gifts), payload)
        assert caught.value.path == path


def test_drift_that_comes_from_a_list_is_noted_in_the_answer() -> None:
    result, drift = read_result(
        model_of(Gifts), GOOD | {"physicalGifts": [GIFT, GIFT | {"endTime": ""}]}, byte_order_mark=True
    )
    assert result.drift == drift
    assert [str(line) for line in drift] == [
        "format $: begins with a byte-order mark",
        'format physicalGifts[1].endTime: is "", read as None',
    ]
    with pytest.raises(InvalidResponseError, match="byte-order mark"):
        read_result(model_of(Gifts), dict(GOOD), strict=True, byte_order_mark=True)


def test_an_answer_that_is_no_object_is_read_as_well() -> None:
    result, drift = read_result(list_of(model_of(Cat)), [{"petType": "cat", "x": 1}])
    assert result[0].extra == {"x": 1}
    assert [line.path for line in drift] == ["[0].x"]
    assert read_result(list_of(model_of(Cat)), [{"petType": "cat", "x": 1}], strict=True)[1] == drift
    assert drift[0].pattern == "[].x"
    with pytest.raises(InvalidResponseError) as caught:
        read_result(INTEGER, "x")
    assert caught.value.path == "$"


# By hand, and back


def test_models_are_immutable_comparable_hashable_and_picklable() -> None:
    result, other = read(WHOLE)[0], read(WHOLE | {"count": 1})[0]
    assert pickle.loads(pickle.dumps(result)) == result == copy.deepcopy(result) == copy.copy(result)
    assert result != other
    assert len({result, read(WHOLE)[0]}) == 1
    drifted = read(WHOLE | {"new": 1, "text": []})[0]
    assert pickle.loads(pickle.dumps(drifted)).drift == drifted.drift != ()
    assert drifted == attrs.evolve(drifted, drift=())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        result.text = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        drifted.extra["new"] = 2  # type: ignore[index]
    with pytest.raises(TypeError):
        result.times["a"] = MOMENT  # type: ignore[index]


def test_what_an_older_version_pickled_has_none_for_a_field_that_it_did_not_know() -> None:
    ticket = Ticket.__new__(Ticket)
    ticket.__setstate__({"created_at": MOMENT, "gone": 1})
    assert ticket == Ticket(created_at=MOMENT)
    gift = Gift.__new__(Gift)
    gift.__setstate__({"name": "n"})
    assert (gift.name, gift.resource, gift.is_expired, gift.extra) == ("n", None, None, {})


@given(OBJECTS)
def test_what_is_read_comes_back_the_same_through_to_dict(value: Any) -> None:
    try:
        result = Everything.from_dict(value)
    except InvalidResponseError:
        return
    written = result.to_dict()
    assert json.loads(json.dumps(written)) == written
    again = Everything.from_dict(written)
    assert again == result
    assert again.to_dict() == written


def test_to_dict_gives_plain_json_under_the_services_names() -> None:
    assert read(WHOLE)[0].to_dict() == {name: value for name, value in WHOLE.items() if value is not None} | {
        "again": {"text": "inner", "numbers": [], "holes": [], "pets": []}
    }
    assert type(Everything(level=Level.LOW).to_dict()["level"]) is int
    wild: Any = Everything(moment="soon", since="later", day=datetime(2024, 2, 29, 5, tzinfo=UTC))  # type: ignore[arg-type]
    assert (wild.to_dict()["moment"], wild.to_dict()["since"], wild.to_dict()["day"]) == ("soon", "later", "2024-02-29")


def test_from_dict_leaves_its_argument_alone_and_tells_what_it_tolerated() -> None:
    data: Any = read_only({"numbers": (1, 2), "times": read_only({"a": CREATED}), "new": {"x": [1]}, "text": None})
    result = Everything.from_dict(data)
    assert (result.numbers, result.times) == ((1, 2), {"a": MOMENT})
    assert [line.kind for line in result.drift] == ["null", "unknown_field"]
    data["new"]["x"].append(2)
    assert result.extra == {"new": {"x": [1]}}
    assert Gifts.from_dict({"tickets": [], "success": True}).extra == {}


@pytest.mark.parametrize(
    ("cls", "wrong", "told"),
    [
        (Gift, {"name": 5}, "name: must be a string, not a number"),
        (Ticket, [], "$: must be an object, not a list"),
        (Ticket, "{}", "$: must be an object, not a string"),
        (Ticket, None, "$: must be an object, not null"),
        (Ticket, Ticket(MOMENT), "$: must be an object, not Ticket"),
        (Ticket, {"createdAt": MOMENT}, "createdAt: must be a string, not datetime"),
        (Gifts, {"tickets": [{}]}, "tickets[0].createdAt: is missing, though required by the spec"),
        (Gifts, {"success": False, "errResponse": {"code": 37011}}, "success: is false: the service said no"),
    ],
)
def test_from_dict_says_what_it_cannot_read_and_where(cls: Any, wrong: Any, told: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        cls.from_dict(wrong)
    assert f"{caught.value.path}: {caught.value.args[0]}" == told


def test_a_repr_is_one_line_and_leaves_out_what_is_empty() -> None:
    assert repr(Everything()) == "Everything()"
    shown = Everything(
        text="two\nlines", flag=False, count=0, day=date(2024, 2, 29), level=Level.LOW, numbers=(1, 2, 3, 4)
    )
    assert repr(shown) == ("Everything(text='two\\nlines', flag=False, count=0, day=2024-02-29, level=1, numbers=<4>)")
    assert repr(Order(secret="s", note=None)) == "Order(...)"


# Requests


def test_a_request_has_what_is_sent_and_no_more() -> None:
    order = Order(
        number=5, note=None, due=MOMENT.astimezone(timezone(timedelta(hours=8))), inner=Order(note="n", number=6)
    )
    assert order._to_request() == {
        "secret": "",
        "note": None,
        "due": CREATED,
        "gifts": [],
        "inner": {"secret": "", "note": "n", "gifts": []},
    }
    assert "number" in order.to_dict()
    assert order.to_dict()["note"] is None


def test_a_time_without_a_zone_is_not_sent() -> None:
    naive = datetime(2024, 7, 15)  # noqa: DTZ001
    with pytest.raises(ValueError, match="2024-07-15T00:00:00, which has no time zone"):
        Order(note="n", due=naive)._to_request()
    with pytest.raises(ValueError, match="has no time zone"):
        MILLISECONDS.write(naive, request=True)
    assert Order(note="n", due=naive).to_dict()["due"] == "2024-07-15T00:00:00.000Z"
    assert MILLISECONDS.write(naive) == 1_721_001_600_000


def test_what_goes_one_way_only_is_not_demanded_of_the_other() -> None:
    assert Order.from_dict({"number": 5, "note": None}) == Order(number=5, note=None)
    assert Order.from_dict({"number": 5, "note": "n", "secret": "s"}).secret == "s"
    for missing in ({"note": "n"}, {"number": None, "note": "n"}, {"number": 5}):
        with pytest.raises(InvalidResponseError):
            Order.from_dict(missing)


def test_readers_write_what_they_hold() -> None:
    assert map_of(MILLISECONDS).write({"a": MOMENT}) == {"a": 1_721_039_428_700}
    assert list_of(nullable(MILLISECONDS)).write((MOMENT, None)) == [1_721_039_428_700, None]
    assert enum_of(Closed).write(Closed.CHAT) == "liveChat"
    assert JSON.write(read_only({"a": (1, MOMENT)})) == {"a": [1, CREATED]}
    assert (TEXT.write("t"), FLAG.write(True), INTEGER.write(1), NUMBER.write(0.5), DATE.write(date(2024, 1, 1))) == (
        *("t", True, 1, 0.5),
        "2024-01-01",
    )


def test_a_map_inside_another_is_read_quickly_and_with_care() -> None:
    inside = map_of(map_of(INTEGER))
    assert inside.quick({"a": {"b": 1}}) == {"a": {"b": 1}}
    for wrong in ({"a": []}, {"a": {"b": "x"}}, []):
        with pytest.raises(NOT_USUAL):
            inside.quick(wrong)


def test_what_an_older_service_leaves_out_is_told_where_the_published_document_requires_it() -> None:
    drift: list[Drift] = []
    without = {name: value for name, value in GIFT.items() if name != "isExpired"}
    assert model_of(Gift).read(without, drift, "g") == Gift.from_dict(without)
    assert drift == [Drift("missing", "g.isExpired", "required by the spec")]


def test_what_the_document_allows_beside_the_fields_is_read_and_written_and_no_drift() -> None:
    drift: list[Drift] = []
    counts = list_of(model_of(Counts)).read([{"name": "n", "a": CREATED}, {"name": "n"}], drift, "c")
    assert counts == (Counts(name="n", extra={"a": MOMENT}), Counts(name="n"))
    assert drift == []
    assert counts[0].to_dict() == {"name": "n", "a": CREATED}
    with pytest.raises(InvalidResponseError) as caught:
        list_of(model_of(Counts)).read([{"a": 1}], drift, "c")
    assert caught.value.path == "c[0].a"


def test_a_kind_that_the_document_does_not_list_is_read_as_what_it_says_for_the_others() -> None:
    animals = told_apart_by("petType", {"dog": model_of(Dog)}, otherwise=model_of(Everything))
    drift: list[Drift] = []
    assert animals.read({"petType": "dog", "bark": "wow"}, drift, "p") == Dog(kind="dog", bark="wow")
    assert not drift
    assert animals.read({"petType": "bird", "text": "t"}, drift, "p") == Everything(text="t", extra={"petType": "bird"})
    assert animals.read({"text": "t"}, drift, "p") == Everything(text="t")
    assert [str(line) for line in drift] == [
        "unknown_value p.petType: 'bird' is not listed by the spec",
        "unknown_field p.petType: not in the spec",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("moment", CREATED[:-1]),
        ("moment", "2024-07-15T10:30:28Z"),
        ("moment", CREATED + "Z"),
        ("day", "2024-W09-4"),
        ("level", True),
        ("level", 1.0),
        ("count", True),
        ("price", True),
        ("flag", 1),
        ("text", 1),
        ("level", 7),
    ],
)
def test_the_quick_way_leaves_alone_what_is_not_exactly_as_the_document_has_it(name: str, value: Any) -> None:
    with pytest.raises(NOT_USUAL):
        code_of(Everything).quick_all([{name: value}])


def test_a_list_that_one_type_refuses_is_still_whole_for_the_next() -> None:
    drift: list[Drift] = []
    either = union_of(list_of(INTEGER), list_of(enum_of(Resource)))
    assert either.read(["rewardsCard", "new"], drift, "e") == ("rewardsCard", "new")
    assert [str(line) for line in drift] == ["unknown_value e[1]: 'new' is not listed by the spec"]


def test_what_a_reader_needs_is_there_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    real = importlib.import_module

    def noting(name: str) -> Any:
        imported.append(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", noting)
    gift, ticket, cat, counts, order = (
        model_of(f"sample_models:{name}") for name in ("Gift", "Ticket", "Cat", "Counts", "Order")
    )
    by_map, apart = map_of(nullable(ticket)), told_apart_by("k", {"a": order})
    load([list_of(gift), by_map, union_of(cat, counts), apart, apart])
    loaded = imported.count("sample_models")
    assert loaded >= 5
    assert by_map.read({"x": {"createdAt": CREATED}, "y": None}, [], "")["y"] is None
    with pytest.raises(InvalidResponseError, match="number: is missing"):
        apart.read({"k": "a"}, [], "")
    assert imported.count("sample_models") == loaded
