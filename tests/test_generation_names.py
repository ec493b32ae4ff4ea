"""Names: valid, free, the same wherever and in whatever order they are made, and as the overlay says."""

from __future__ import annotations

import itertools
import keyword
from typing import Any

import pytest

from generated_package import planned
from generation.document import Refused
from generation.ir import Shape
from generation.models import enum_model, model
from generation.names import class_name, cut, free, identifier, member_names, module_name, unique
from generation.package import Plan
from generation.placing import after_summary, api_names
from generation.stock import client_context, installed
from test_generation_reading import COUNT, TEXT, Json, document, operation, record, ref
from vendoring.vendored import ScriptError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("createdAt", "created_at"),
        ("created-at", "created_at"),
        ("class", "class_"),
        ("from", "from_"),
        ("type", "type_"),
        ("id", "id"),
        ("next", "next_"),
        ("self", "self_"),
        ("datetime", "datetime_"),
        ("True", "true_"),
        ("None", "none_"),
        ("_private", "private"),
        ("__dunder__", "dunder"),
        ("2nd", "field_2nd"),
        ("$", "field_"),
        ("", "field_"),
        ("備註", "備註"),
        ("ﬁeld", "field_"),
        ("Ａ", "a"),
        ("ำ", "field_"),
    ],
)
def test_a_text_becomes_a_name_that_python_and_generated_code_leave_free(text: str, name: str) -> None:
    assert identifier(text) == name
    assert name.isidentifier()
    assert not keyword.iskeyword(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gift_item", "GiftItem"),
        ("GiftItem", "GiftItem"),
        ("None", "NoneModel"),
        ("true", "TrueModel"),
        ("TimeoutError", "TimeoutErrorModel"),
        ("PythonFinalizationError", "PythonFinalizationErrorModel"),
        ("WindowsError", "WindowsErrorModel"),
        ("1st", "Model1st"),
        ("★", "Model"),
        ("禮物", "禮物"),
    ],
)
def test_a_text_becomes_the_name_of_a_class(text: str, name: str) -> None:
    assert class_name(text) == name


@pytest.mark.parametrize(("text", "name"), [("Con", "con_"), ("LPT1", "lpt1_"), ("import", "import_"), ("a b", "a_b")])
def test_any_system_can_hold_the_file_of_a_module(text: str, name: str) -> None:
    assert module_name(text) == name


@pytest.mark.parametrize("text", ["a" * 400, "長" * 400, "a" * 99 + "長"])
def test_a_name_that_no_file_can_have_ends_in_a_digest_of_the_whole(text: str) -> None:
    name = cut(text)
    assert len(name.encode()) <= 100
    assert name.isidentifier()
    assert name != cut(text + "x")


def test_who_wants_a_name_alone_gets_it_and_the_order_of_others_decides() -> None:
    assert unique({1: "a", 2: "a", 3: "a_2"}) == {1: "a", 2: "a_3", 3: "a_2"}
    assert unique({1: "a", 2: "b"}, ["a"]) == {1: "a_2", 2: "b"}
    assert (free("A", ["A"]), free("Aa", ["Aa"]), free("a_", ["a_"]), free("A", "b")) == ("A_2", "Aa2", "a_2", "A")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a", "b"], ["A", "B"]),
        (["待處理", "已送出"], ["待處理", "已送出"]),
        ([1, -1], ["VALUE_1", "VALUE_NEGATIVE_1"]),
        (["a b", "a-b", "c"], ["A_B_2", "A_B", "C"][::1] and ["A_B", "A_B_2", "C"]),
        (["a_2", "a", "A", "a!"], ["A_2", "A_3", "A", "A_4"]),
        (["", "★", "value 0"], ["VALUE_0", "VALUE_1", "VALUE_0_2"]),
        (["ab", "ＡＢ"], ["AB", "AB_2"]),
        (["ำ", "y"], ["VALUE_0", "Y"]),
        (["_x_", "__y__"], ["VALUE_0", "VALUE_1"]),
        (["None", "class", "mro"], ["NONE", "CLASS", "MRO"]),
    ],
)
def test_each_value_of_an_enumeration_has_a_name_of_its_own(values: list[Any], names: list[str]) -> None:
    assert member_names(values, {}) == names


def test_the_order_of_values_renames_none_of_them() -> None:
    values = ["a b", "a-b", "A_B", "a", "A"]
    wanted = dict(zip(values, member_names(values, {}), strict=True))
    assert len({*wanted.values()}) == 5
    for order in itertools.permutations(values):
        assert dict(zip(order, member_names(order, {}), strict=True)) == wanted


def test_a_pinned_member_keeps_its_name_and_others_make_way() -> None:
    assert member_names(["a", "b", 3], {"b": "A", "3": "THREE"}) == ["A_2", "A", "THREE"]


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("Get client gifts", "get_client_gifts"),
        ("  List the client's tags. ", "list_the_clients_tags"),
        ("Create/Update coupon (v2)", "create_update_coupon_v_2"),
        ("列出 points", None),
        ("Import", None),
        ("", None),
        ("2 things", None),
        ("Get " + "very " * 20 + "long", None),
        ('"""; import os', None),
    ],
)
def test_a_summary_of_english_words_names_a_method(summary: str, name: str | None) -> None:
    assert after_summary(summary) == name


def named(*operations: tuple[str, Json]) -> dict[str, str]:
    """What the methods of operations are called, by path."""
    plan = planned(document({}, {path: {"post": operation()["/x"]["post"] | said} for path, said in operations}))
    return {one.path: plan.names[one.place] for one in plan.endpoints}


def test_a_method_is_called_as_pinned_else_after_its_summary_else_after_its_path() -> None:
    assert named(
        ("/a", {"operationId": "do_a", "summary": "Something else"}),
        ("/b", {"operationId": "doB", "summary": "Send b"}),
        ("/c", {"summary": "Same"}),
        ("/d", {"summary": "same"}),
        ("/e", {"summary": "Close"}),
        ("/f/{x-y}".replace("{x-y}", "z"), {}),
        ("/g", {"operationId": "close"}),
        ("/h", {"summary": "Do a"}),
    ) == {
        "/a": "do_a",
        "/b": "send_b",
        "/c": "post_c",
        "/d": "post_d",
        "/e": "post_e",
        "/f/z": "post_f_z",
        "/g": "post_g",
        "/h": "post_h",
    }


@pytest.mark.parametrize("name", ["close", "import", "GetX", "_private", "do it", "twice"])
def test_a_pinned_name_that_no_method_can_have_stops_it(name: str) -> None:
    paths = {path: {"post": operation()["/x"]["post"]} for path in ("/a", "/b")}
    pins = [
        f"{{target: \"$.paths['{path}'].post\", description: why, update: {{operationId: {pin}}}}}"
        for path, pin in [("/a", "twice"), ("/b", name)]
    ]
    with pytest.raises(ScriptError, match=rf"^/paths/~1b/post/operationId: '{name}' can't be a method's name"):
        planned(document({}, paths), names=f"overlay: 1.0.0\nactions: [{', '.join(pins)}]\n")


def test_the_order_of_operations_renames_none_of_them() -> None:
    told = [("/a/b", {}), ("/a_b", {}), ("/c", {"summary": "Post a b"}), ("/d", {"summary": "Get"})]
    wanted = named(*told)
    assert len({*wanted.values()}) == 4
    assert all(named(*order) == wanted for order in itertools.permutations(told))


def test_two_operations_never_share_a_module_nor_two_tags_a_folder() -> None:
    told = {("paths", path, "get"): (tag, "get_x", None) for path, tag in [("/b", "A b"), ("/a", "A b"), ("/c", "a-b")]}
    assert api_names(told) == {
        ("paths", "/a", "get"): ("a_b", "get_x"),
        ("paths", "/b", "get"): ("a_b", "get_x_2"),
        ("paths", "/c", "get"): ("a_b_2", "get_x"),
    }


def names_of(plan: Plan) -> dict[str, tuple[str, str]]:
    """Module and class of each named schema."""
    return {str(place[-1]): (where.module, where.name) for place, where in plan.classes.where.items()}


@pytest.mark.unmeasured
def test_schemas_of_like_names_and_reserved_ones_are_told_apart() -> None:
    schemas = {name: record(x=TEXT) for name in ("foo_bar", "FooBar", "foo-bar", "Drift", "禮物", "Client")}
    wanted = {
        "FooBar": ("foo_bar", "FooBar"),
        "foo-bar": ("foo_bar_2", "FooBar2"),
        "foo_bar": ("foo_bar_3", "FooBar3"),
        "Drift": ("drift", "DriftModel"),
        "禮物": ("禮物_2", "禮物"),
        "Client": ("client", "Client"),
    }
    assert {name: found[1] for name, found in names_of(planned(document(schemas))).items()} == {
        name: found[1] for name, found in wanted.items()
    }
    for order in itertools.permutations(schemas):
        assert names_of(planned(document({name: schemas[name] for name in order}))) == names_of(
            planned(document(schemas))
        )


def test_an_inline_schema_is_called_after_its_place() -> None:
    inner = record(z=TEXT)
    a = record(
        one=inner,
        list={"type": "array", "items": inner},
        map={"type": "object", "additionalProperties": inner},
        any={"oneOf": [inner, record(y=COUNT)]},
        items=inner,
    )
    paths = operation(
        operationId="do x",
        requestBody={"content": {"application/json": {"schema": {"allOf": [inner, record(w=inner)]}}}},
        parameters=[{"name": "p", "in": "query", "schema": inner}, {"$ref": "#/components/parameters/Q"}],
        responses={"200": {"$ref": "#/components/responses/R"}, "201": {"description": "", "content": {"application/json": {"schema": inner}}}},
    )  # fmt: skip
    more = {
        "parameters": {"Q": {"name": "q", "in": "query", "schema": inner}},
        "responses": {"R": {"description": "", "content": {"application/json": {"schema": inner}}}},
    }
    found = {where.name for where in planned(document({"A": a}, paths, **more)).classes.where.values()}
    assert found == {
        *("A", "AOne", "AListItem", "AMapAdditionalProperty", "AAnyType0", "AAnyType1", "AItems"),
        *("DoXBody", "DoXBodyW", "DoXP", "Q", "R", "DoXResponse201"),
    }


# --- pins -----------------------------------------------------------------------------------------------------------


def pinned(**pins: Any) -> Json:
    return {f"x-mantago-{name}": said for name, said in pins.items()}


def shape_of(plan: Plan) -> Shape:
    return plan.classes.shapes["components", "schemas", "A"]


def test_schemas_of_one_pinned_class_that_are_equal_share_it() -> None:
    pin = pinned(**{"class": "Platform"})
    one, other = ({"type": "string", "enum": values} | pin for values in (["a", "b"], ["b", "a"]))
    deep = record(x=record(y=TEXT), more={"type": "array", "items": ref("A")}) | pinned(**{"class": "Deep"})
    loop = record(again={"type": "array", "items": ref("F")}) | pinned(**{"class": "Loop"})
    plan = planned(document({"A": record(p=one, q=other), "D": deep, "E": deep, "F": loop}))
    assert [place[-1] for place in plan.classes.same] == ["E", "q"]
    assert {where.name for where in plan.classes.where.values()} == {"A", "Platform", "Deep", "DX", "EX", "Loop"}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (record(a=TEXT) | pinned(fields={"gone": "x"}), "x-mantago-fields names 'gone', which is no property"),
        (record(a=TEXT) | pinned(fields={"a": "to_dict"}), "calls 'a' 'to_dict', which is no free name"),
        (record(a=TEXT) | pinned(fields={"a": "A"}), "calls 'a' 'A', which is no free name"),
        (record(a=TEXT, b=TEXT) | pinned(fields={"a": "x", "b": "x"}), "which is no free name"),
        (record(a=TEXT) | pinned(positional=["gone"]), "x-mantago-positional names 'gone', which is no property"),
        (record(a=TEXT) | pinned(**{"class": "not a name"}), "x-mantago-class is 'not a name', which is no name"),
        ({"type": "string", "enum": ["a"]} | pinned(members={"b": "B"}), "x-mantago-members names 'b', which is no value"),
    ],
)  # fmt: skip
def test_a_pin_that_fits_nothing_any_more_stops_it(schema: Json, said: str) -> None:
    with pytest.raises(ScriptError, match=said) as caught:
        _models(schema)
    assert str(caught.value).startswith("/components/schemas/A: ")


def _models(schema: Json) -> None:
    plan = planned(document({"A": schema}))
    for shape in plan.classes.shapes.values():
        model(shape, plan.classes, plan.used)
    for enum in plan.classes.enums.values():
        enum_model(enum, plan.classes)


def test_an_enumeration_that_grew_in_one_place_has_all_values_and_is_listed() -> None:
    pin = pinned(**{"class": "Platform", "members": {"a": "FIRST"}})
    one, other = ({"type": "string", "enum": values} | pin for values in (["a", "b"], ["a", "b", "c"]))
    plan = planned(document({"A": record(p=one, q=other)}))
    [place] = [place for place in plan.classes.enums if place not in plan.classes.same]
    found = enum_model(plan.classes.enums[place], plan.classes)
    assert [name for name, _ in found.members] == ["FIRST", "B", "C"]
    [said] = plan.apart
    assert said.startswith("/components/schemas/A/properties/q and /components/schemas/A/properties/p are pinned as ")
    assert said.endswith(" as Platform, but list other values: it has all of them")


@pytest.mark.parametrize(
    "other", [record(a=COUNT), {"type": "integer", "enum": [1]}, {"type": "string", "enum": ["a"]}], ids=repr
)
def test_what_grew_apart_from_its_pinned_class_has_its_own_name_and_is_listed(other: Json) -> None:
    pin = pinned(**{"class": "B"})
    first = {"type": "string", "enum": ["a"]} if other.get("type") == "integer" else record(a=TEXT)
    plan = planned(document({"X": first | pin, "Y": other | pin}))
    assert names_of(plan)["X"][1] == "B"
    assert names_of(plan)["Y"][1] == "Y"
    [said] = plan.apart
    assert said.startswith("/components/schemas/Y is pinned as B, but isn't like /components/schemas/X: it is")


def test_the_rule_needs_what_it_is_about() -> None:
    schema = record(clientId=TEXT) | pinned(rule="identification")
    body = {"content": {"application/json": {"schema": ref("A")}}}
    with pytest.raises(Refused, match="has the rule of identification, but no 'platform': move the rule"):
        planned(document({"A": schema}, operation(requestBody=body)))


def test_the_stock_generator_is_asked_for_names_and_one_template_only() -> None:
    assert installed() == "0.29.1"
    assert client_context()["config"].docstrings_on_attributes is False
