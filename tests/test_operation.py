"""How an operation's values become a request, in OpenAPI's styles, and how a request's operation is found."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest

from mantago_runtime.document import OperationInfo, find_operation
from mantago_runtime.operation import Operation, Parameter
from mantago_runtime.reading.readers import JSON
from sample_models import Everything, Gift, Gifts, Order, Ticket


class Colour(StrEnum):
    BLUE = "blue"


def operation(*parameters: Parameter, path: str = "/things", **options: Any) -> Operation[Any]:
    return Operation(name="do", method="POST", path=path, result=JSON, parameters=parameters, **options)


COLOURS, MEMBERS = ["blue", "black", "brown"], {"R": 100, "G": 200, "B": None}


@pytest.mark.parametrize(
    ("style", "explode", "value", "items"),
    [
        # As in OpenAPI's table of styles.
        ("form", True, COLOURS, [("color", "blue"), ("color", "black"), ("color", "brown")]),
        ("form", False, tuple(COLOURS), [("color", "blue,black,brown")]),
        ("form", None, MEMBERS, [("R", "100"), ("G", "200")]),
        ("form", False, MEMBERS, [("color", "R,100,G,200")]),
        ("form", None, "", [("color", "")]),
        ("spaceDelimited", None, COLOURS, [("color", "blue black brown")]),
        ("pipeDelimited", None, COLOURS, [("color", "blue|black|brown")]),
        ("pipeDelimited", True, COLOURS, [("color", "blue"), ("color", "black"), ("color", "brown")]),
        ("deepObject", True, MEMBERS, [("color[R]", "100"), ("color[G]", "200")]),
        ("json", None, {"a": [1, None]}, [("color", '{"a":[1,null]}')]),
        (None, None, True, [("color", "true")]),
        (None, None, Colour.BLUE, [("color", "blue")]),
        (None, None, 1.5, [("color", "1.5")]),
        (None, None, date(2024, 2, 29), [("color", "2024-02-29")]),
        (None, None, datetime(2024, 2, 29, tzinfo=UTC), [("color", "2024-02-29T00:00:00.000Z")]),
        (None, False, [], []),
        (None, None, None, []),
    ],
)
def test_a_value_of_the_query_is_written_in_its_style(style: Any, explode: Any, value: Any, items: Any) -> None:
    request = operation(Parameter("color", "query", style=style, explode=explode)).request({"color": value})
    assert request.query == tuple(items)


@pytest.mark.parametrize(
    ("style", "explode", "value", "segment"),
    [
        ("simple", False, "a b/ü"[:3], "a%20b"),
        (None, None, "ü", "%C3%BC"),
        (None, None, "a.b", "a.b"),
        (None, None, False, "false"),
        (None, None, 5, "5"),
        (None, None, COLOURS, "blue,black,brown"),
        (None, None, ["a,b"], "a%2Cb"),
        (None, True, MEMBERS, "R=100,G=200"),
        (None, False, MEMBERS, "R,100,G,200"),
        ("label", False, "blue", ".blue"),
        ("label", True, COLOURS, ".blue.black.brown"),
        ("label", False, COLOURS, ".blue,black,brown"),
        ("label", True, MEMBERS, ".R=100.G=200"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, COLOURS, ";color=blue,black,brown"),
        ("matrix", True, COLOURS, ";color=blue;color=black;color=brown"),
        ("matrix", True, MEMBERS, ";R=100;G=200"),
        ("matrix", False, MEMBERS, ";color=R,100,G,200"),
        ("json", None, {"a": 1}, "%7B%22a%22%3A1%7D"),
    ],
)
def test_a_value_of_the_path_is_one_segment(style: Any, explode: Any, value: Any, segment: str) -> None:
    parameter = Parameter("color", "path", required=True, style=style, explode=explode)
    request = operation(parameter, path="/things/{color}/x").request({"color": value})
    assert request.path == f"/things/{segment}/x"


@pytest.mark.parametrize("value", [None, "", ".", "..", "a/b", "/", [], {}, [""], ["a", ".."]])
def test_a_value_that_would_lead_elsewhere_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^id can't be "):
        operation(Parameter("id", "path"), path="/things/{id}").request({"id": value})


DAY = datetime(2024, 7, 15, tzinfo=UTC)
NAIVE = DAY.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("place", "style", "value", "said"),
    [
        ("path", None, "a/b", "can't be 'a/b': in a path it must not be empty, dots only, or hold a slash"),
        ("path", None, [], "can't be empty: it is part of the path"),
        ("path", None, "\ud800", "holds half of a surrogate pair, which UTF-8 can't carry"),
        ("query", "pipeDelimited", ["a|b"], "can't hold 'a|b': '|' separates its values"),
        ("query", None, NAIVE, "is 2024-07-15T00:00:00, which has no time zone: which one is meant?"),
        ("query", "json", {"a": [float("nan")]}, "is nan, which isn't a number that JSON has"),
        ("query", None, ["\ud800"], "holds half of a surrogate pair, which UTF-8 can't carry"),
        ("header", None, "ü", "can't be in a header: it may hold printable ASCII only, without white space around it"),
        ("cookie", None, "\ud800", "holds half of a surrogate pair, which UTF-8 can't carry"),
    ],
)
def test_what_is_refused_is_called_as_the_caller_calls_it(place: Any, style: Any, value: Any, said: str) -> None:
    parameter = Parameter("shopId", place, style=style, argument="shop_id")
    with pytest.raises(ValueError, match=rf"^{re.escape(f'shop_id {said}')}$"):
        operation(parameter, path="/shops/{shopId}").request({"shopId": value})


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (Order(note=None, due=NAIVE), "due"),
        (Order(note=None, gifts=[Gift("", "unknown", DAY, start_time=NAIVE)]), "gifts[0].start_time"),
        (Order(note=None, extra={"more": [1, {"at": NAIVE}]}), "extra.more[1].at"),
        ({"ok": Order(note=None), "not": [Order(note=None), Everything(day=NAIVE, since=NAIVE)]}, "not[1].since"),
        ({"pen": {"at": NAIVE}}, "pen_.at"),
        ({"pencil": [NAIVE]}, "pencil[0]"),
        ((1, (NAIVE,)), "[1][0]"),
        (NAIVE, "body"),
    ],
)
def test_the_part_of_a_body_that_is_refused_is_called_as_the_caller_calls_it(body: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(name)} is 2024-07-15T00:00:00, which has no time zone: which "):
        operation(content_type="application/json", members={"pen": "pen_"}).request({}, body)


@pytest.mark.parametrize(
    ("body", "members", "name"),
    [
        (Gifts(physical_gifts=[Gift("", "unknown", DAY)]), {}, "physical_gifts"),
        (Gifts(physical_gifts=[Gift("", "unknown", DAY)]), {"physical_gifts": "gifts"}, "gifts"),
        ({"b": ["a,b"]}, {}, "b"),
    ],
)
def test_a_field_of_a_form_that_is_refused_is_called_as_the_caller_calls_it(
    body: Any, members: dict[str, str], name: str
) -> None:
    options: Any = {"content_type": "application/x-www-form-urlencoded", "members": members}
    encoding = dict.fromkeys(("physicalGifts", "b"), ("form", False))
    with pytest.raises(ValueError, match=rf"^{name} can't hold "):
        operation(encoding=encoding, **options).request({}, body)


def test_a_value_may_not_make_the_path_that_of_another_operation() -> None:
    parameter = Parameter("id", "path", argument="thing")
    one = operation(parameter, path="/thing/{id}", not_paths=("/thing/count", "/thing/{id}/x"))
    with pytest.raises(
        ValueError, match="with thing 'count' the path would be that of another operation, /thing/count"
    ):
        one.request({"id": "count"})
    assert one.request({"id": "counts"}).path == "/thing/counts"
    two = operation(Parameter("a", "path"), path="/{a}/c", not_paths=("/x/{d}",))
    with pytest.raises(ValueError, match="another operation"):
        two.request({"a": "x"})


@pytest.mark.parametrize(
    ("explode", "style", "value", "text"),
    [
        (None, None, COLOURS, "blue,black,brown"),
        (None, None, MEMBERS, "R,100,G,200"),
        (True, None, MEMBERS, "R=100,G=200"),
        (None, "json", [1], "[1]"),
        (None, None, 7, "7"),
    ],
)
def test_a_value_of_a_header_is_written_in_its_style(explode: Any, style: Any, value: Any, text: str) -> None:
    request = operation(Parameter("X-Color", "header", style=style, explode=explode)).request({"X-Color": value})
    assert request.headers == (("X-Color", text),)


@pytest.mark.parametrize("value", ["a\r\nb", "ü", " a", "\0"])
def test_a_value_that_would_end_a_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="X can't be in a header"):
        operation(Parameter("X", "header")).request({"X": value})


def test_cookies_go_into_one_header() -> None:
    request = operation(Parameter("a", "cookie"), Parameter("b", "cookie")).request({"a": "1;2", "b": True})
    assert request.headers == (("Cookie", "a=1%3B2; b=true"),)


@pytest.mark.parametrize(
    ("place", "style", "value"),
    [("query", "spaceDelimited", ["a b"]), ("query", "pipeDelimited", ["a|b"]), ("header", None, ["a,b"])],
)
def test_a_value_that_holds_what_stands_between_values_is_refused(place: Any, style: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="separates its values"):
        operation(Parameter("x", place, style=style, explode=False)).request({"x": value})


def test_a_name_in_two_places_is_given_with_its_place() -> None:
    both = operation(Parameter("id", "path"), Parameter("id", "query"), path="/things/{id}")
    request = both.request({("path", "id"): "a", ("query", "id"): "b"})
    assert (request.path, request.query) == ("/things/a", (("id", "b"),))


def test_a_json_object_stays_one_so_that_the_secret_can_be_put_in() -> None:
    one = operation(content_type="application/json")
    assert one.request({}, Order(note=None)).body == {"secret": "", "note": None, "gifts": []}
    assert one.request({}, {"a": Ticket(created_at=datetime(2024, 1, 1, tzinfo=UTC))}).body == {
        "a": {"createdAt": "2024-01-01T00:00:00.000Z"}
    }
    without = one.request({})
    assert (without.body, without.content, without.content_type) == (None, None, None)


def test_other_json_is_sent_as_bytes() -> None:
    request = operation(content_type="application/json; charset=utf-8").request({}, [Order(note="é"), "t"])
    assert request.body is None
    assert json.loads(request.content or b"") == [{"secret": "", "note": "é", "gifts": []}, "t"]
    assert operation(content_type="application/json").request({}, "t").content == b'"t"'
    merge = operation(content_type="application/merge-patch+json").request({}, {"a": None})
    assert (merge.content, merge.content_type) == (b'{"a":null}', "application/merge-patch+json")


def test_forms_texts_and_bytes_are_sent_as_their_type_says() -> None:
    form = operation(content_type="application/x-www-form-urlencoded").request(
        {}, {"a": [1, True], "b": None, "c": "x y"}
    )
    assert form.content == b"a=1&a=true&c=x+y"
    assert operation(content_type="text/plain").request({}, "é").content == "é".encode()
    assert operation(content_type="application/octet-stream").request({}, b"\0").content == b"\0"


def test_a_multipart_form_has_its_bytes_as_files() -> None:
    data = {"a": ["x"], 'file"\r\n': b"\0\1", "o": {"b": 1}, "gone": None}
    request = operation(content_type="multipart/form-data").request({}, data)
    kind, _, boundary = (request.content_type or "").partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = (request.content or b"").split(b"--" + boundary.encode())
    assert parts == [
        b"",
        b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n',
        (
            b'\r\nContent-Disposition: form-data; name="file%22%0D%0A"; filename="file%22%0D%0A"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n\0\1\r\n"
        ),
        b'\r\nContent-Disposition: form-data; name="o"\r\nContent-Type: application/json\r\n\r\n{"b":1}\r\n',
        b"--\r\n",
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_not_sent(number: float) -> None:
    with pytest.raises(ValueError, match=rf"^a\[0\] is {number}, which isn't a number that JSON has"):
        operation(content_type="application/json").request({}, {"a": [number]})


def test_a_request_does_not_show_what_it_sends() -> None:
    request = operation(Parameter("q", "query"), content_type="application/json").request(
        {"q": "hidden"}, {"a": "hidden"}
    )
    assert "hidden" not in repr(request)


INFOS = (
    OperationInfo("get_thing", "POST", "/thing/{id}", True),
    OperationInfo("count_things", "POST", "/thing/count", False),
    OperationInfo("delete_thing", "DELETE", "/thing/{id}", False),
    OperationInfo("parts", "POST", "/{kind}/x/parts", True),
    OperationInfo("x_parts", "POST", "/thing/{id}/parts", False),
    OperationInfo("file", "POST", "/files/{name}.json", True),
)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/thing/count", "count_things"),
        ("POST", "/thing/counts", "get_thing"),
        ("DELETE", "/thing/count", "delete_thing"),
        ("POST", "/thing/x/parts", "x_parts"),
        ("POST", "/other/x/parts", "parts"),
        ("POST", "/files/a.json", "file"),
        ("POST", "/files/aXjson", None),
        ("POST", "/thing/", None),
        ("POST", "/thing/a/b", None),
        ("GET", "/thing/a", None),
    ],
)
def test_the_operation_of_a_path_is_the_most_literal_one(method: str, path: str, name: str | None) -> None:
    found = find_operation(INFOS, method, path)
    assert (found.name if found else None) == name
