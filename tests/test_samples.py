"""What sandbox and fake make up: all that a schema has room for, the same every time, and right by every judge."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker

import many_operations
from mantago.testing.answers import Answers, Content
from mantago.testing.changes import changed_once
from mantago.testing.document import METHODS, Document
from mantago.testing.patterns import matching
from mantago.testing.requests import answer_faults
from mantago.testing.samples import sample
from mantago.testing.schemas import schema_faults
from mantago_generated.spec import published
from test_reading import SCHEMAS

TEXT, COUNT = {"type": "string"}, {"type": "integer"}
MANY = many_operations.spec()


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def made(schema: Any, **schemas: Any) -> Any:
    """A sample, which is the same when it is made again, and right by an independent judge and by our own."""
    components = {"schemas": schemas}
    document = Document({"components": components})
    value = sample(document, schema)
    assert sample(document, copy.deepcopy(schema)) == value
    judge = OAS30ReadValidator({"allOf": [schema], "components": components}, format_checker=oas30_format_checker)
    assert [error.message for error in judge.iter_errors(value)] == []
    assert [*schema_faults(document, schema, value)] == []
    return value


# One schema


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (TEXT, "example"),
        ({"type": "boolean"}, True),
        (COUNT, 1),
        ({"type": "number"}, 1.5),
        ({}, {}),
        ({"not": {"type": "object"}}, "example"),
        ({"enum": [None, "b", "a"]}, "b"),
        ({"type": "string", "nullable": True}, "example"),
        (TEXT | {"example": "Ann"}, "Ann"),
        (COUNT | {"example": "Ann", "default": 7}, 7),
        # lengths
        (TEXT | {"minLength": 9}, "example.."),
        (TEXT | {"maxLength": 3}, "exa"),
        (TEXT | {"maxLength": 0}, ""),
        # numbers
        (COUNT | {"minimum": 3}, 3),
        (COUNT | {"maximum": -3}, -3),
        (COUNT | {"minimum": 3, "exclusiveMinimum": True}, 4),
        (COUNT | {"maximum": 0, "exclusiveMaximum": True}, -1),
        (COUNT | {"multipleOf": 7}, 0),
        (COUNT | {"multipleOf": 7, "minimum": 15}, 21),
        ({"type": "number", "minimum": 0, "maximum": 0.2, "exclusiveMinimum": True, "exclusiveMaximum": True}, 0.1),
        ({"type": "number", "multipleOf": 0.01, "minimum": 9.995}, 10.0),
        # patterns
        (TEXT | {"pattern": "^[0-9]{4}$"}, "0000"),
        (TEXT | {"pattern": "^[A-Z]+$", "minLength": 3}, "AAA"),
        # what says no type
        ({"minLength": 9}, "example.."),
        ({"minimum": 3}, 3.0),
        ({"format": "date"}, "2024-07-15"),
        ({"properties": {"a": COUNT}}, {"a": 1}),
        ({"items": COUNT}, [1]),
        # lists
        ({"type": "array", "items": TEXT}, ["example"]),
        ({"type": "array", "items": TEXT, "minItems": 2}, ["example", "example"]),
        ({"type": "array", "items": TEXT, "minItems": 2, "uniqueItems": True}, ["example", "example2"]),
        ({"type": "array", "items": TEXT, "maxItems": 0}, []),
        ({"type": "array", "items": TEXT, "example": ["Ann", "Bob"]}, ["Ann", "Bob"]),
        ({"type": "array", "items": TEXT, "default": []}, ["example"]),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True}, ["a", "b"]),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True}, [True, False]),
        ({"type": "array", "items": COUNT, "minItems": 3, "uniqueItems": True}, [1, 2, 3]),
        ({"type": "array", "items": TEXT | {"format": "date"}, "minItems": 2, "uniqueItems": True}, ["2024-07-15", "2024-07-16"]),
        ({"type": "array", "items": TEXT | {"format": "uuid"}, "minItems": 2, "uniqueItems": True}, [f"00000000-0000-4000-8000-00000000000{n}" for n in (0, 2)]),
        ({"type": "array", "items": {"oneOf": [COUNT, TEXT]}}, [1, "example2"]),
        ({"type": "array", "items": {"oneOf": [COUNT, TEXT]}, "maxItems": 1}, [1]),
        # objects
        ({"type": "object", "additionalProperties": COUNT}, {"example": 1}),
        ({"type": "object", "additionalProperties": {}}, {}),
        ({"type": "object", "minProperties": 2}, {"example1": {}, "example2": {}}),
        ({"type": "object", "properties": {"a": COUNT, "b": TEXT}, "maxProperties": 1}, {"a": 1}),
        ({"type": "object", "required": ["a"]}, {"a": {}}),
        ({"required": ["a"], "properties": {"b": COUNT, "a": COUNT}}, {"b": 1, "a": 1}),
        ({"properties": {"a": COUNT, "b": TEXT}, "example": {"b": "Ann"}}, {"a": 1, "b": "Ann"}),
        ({"properties": {"a": COUNT, "b": TEXT}, "example": {"b": 5}}, {"a": 1, "b": "example"}),
        ({"properties": {"a": TEXT | {"writeOnly": True}, "b": TEXT | {"readOnly": True}}}, {"b": "example"}),
        ({"required": ["a"], "properties": {"a": TEXT | {"writeOnly": True}}}, {}),
        ({"properties": {"hasMore": {"type": "boolean"}, "isNew": {"type": "boolean"}}}, {"hasMore": False, "isNew": True}),
        ({"properties": {name: {"type": "boolean"} for name in ("isExpired", "is_used", "focused")}}, {"isExpired": False, "is_used": False, "focused": True}),
        ({"properties": {"a": TEXT | {"pattern": "^(?=b)a$"}, "b": TEXT}}, {"b": "example"}),
        ({"properties": {"a": COUNT, "b": COUNT}, "required": ["a"], "not": {"required": ["b"]}}, {"a": 1}),
        ({"properties": {"a": {"type": "array", "minItems": 1, "items": TEXT | {"minLength": 2, "maxLength": 1}}, "b": COUNT}}, {"b": 1}),
        ({"properties": {"a": COUNT | {"minimum": 5, "maximum": 4}, "b": COUNT}}, {"b": 1}),
        # what is put together
        ({"allOf": [{"properties": {"a": COUNT}}, {"properties": {"a": {"minimum": 5}, "b": TEXT}}]}, {"a": 5, "b": "example"}),
        ({"allOf": [COUNT | {"minimum": 3}, {"minimum": 5}]}, 5),
        ({"allOf": [{"type": "number"}, COUNT]}, 1),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b"]}]}, "b"),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"], "properties": {"b": COUNT}}]}, {"b": 1, "a": {}}),
        ({"oneOf": [COUNT, TEXT]}, 1),
        ({"anyOf": [TEXT | {"minLength": 5, "maxLength": 2}, COUNT]}, 1),
        ({"properties": {"a": COUNT}, "oneOf": [{"required": ["b"], "properties": {"b": COUNT}}]}, {"b": 1, "a": 1}),
        # Both are there as a rule, and only one may be.
        ({"properties": {"a": COUNT, "b": TEXT}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}),
        ({"oneOf": [{"type": "number"}, COUNT]}, 1.5),
    ],
    ids=lambda part: json.dumps(part)[:80],
)  # fmt: skip
def test_a_sample_keeps_what_its_schema_says(schema: Any, value: Any) -> None:
    found = made(schema)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "name",
    [
        *("byte", "date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"),
        *("float", "int32", "password", "made-up"),
    ],
)
def test_a_sample_has_its_format(name: str) -> None:
    assert made(TEXT | {"format": name})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 5}, 5),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"anyOf": [{"type": "null"}, TEXT]}, "example"),
        ({"anyOf": [{"type": "null"}]}, None),
        ({"allOf": [{"type": ["string", "null"]}, {"type": "string"}]}, "example"),
    ],
)
def test_a_sample_keeps_what_a_newer_openapi_says(schema: Any, value: Any) -> None:
    assert sample(Document({}), schema) == value
    assert [*schema_faults(Document({}), schema, value)] == []


def test_what_stands_in_two_schemas_of_a_union_is_told_apart_as_the_document_says() -> None:
    kinds: dict[str, Any] = {
        name: {"type": "object", "required": ["kind"], "properties": {"kind": TEXT, name: COUNT}}
        for name in ("Cat", "Dog")
    }
    told: dict[str, Any] = {"propertyName": "kind", "mapping": {"a dog": "#/components/schemas/Dog"}}
    pet = {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": told}
    document = Document({"components": {"schemas": kinds}})
    pets = sample(document, {"type": "array", "items": pet})
    assert pets == [{"kind": "Cat", "Cat": 1}, {"kind": "a dog", "Dog": 2}]
    assert [*schema_faults(document, {"items": pet}, pets)] == []
    inline = {"oneOf": [{"type": "object"}], "discriminator": told}
    assert sample(document, inline) == {}


def test_a_schema_that_others_build_on_is_one_of_them_and_says_which() -> None:
    told = {"propertyName": "kind", "mapping": {"a dog": "#/components/schemas/Dog"}}
    pet = {"type": "object", "required": ["kind"], "properties": {"kind": TEXT}, "discriminator": told}
    dog, cat = ({"allOf": [ref("Pet"), {"properties": {name: COUNT}}]} for name in ("bark", "lives"))
    assert made(ref("Pet"), Pet=pet, Dog=dog) == {"kind": "a dog", "bark": 1}
    assert made(ref("Pet"), Pet=pet, Cat=cat, Dog=dog) == {"kind": "Cat", "lives": 1}
    assert made(ref("Cat"), Pet=pet, Cat=cat) == {"kind": "Cat", "lives": 1}
    assert made(ref("Pet"), Pet=pet) == {"kind": "Pet"}
    assert sample(Document({}), pet) == {"kind": "example"}
    endless = {"allOf": [ref("Pet"), {"required": ["self"], "properties": {"self": ref("Cat")}}]}
    assert made(ref("Pet"), Pet=pet, Cat=endless) == {"kind": "Pet"}


def test_a_schema_that_holds_itself_does_so_once() -> None:
    node = {"type": "object", "required": ["n"], "properties": {"n": COUNT, "next": ref("Node"), "all": {"type": "array", "items": ref("Node")}}}  # fmt: skip
    assert made(ref("Node"), Node=node) == {"n": 1, "next": {"n": 1, "all": []}, "all": [{"n": 1, "all": []}]}


def test_a_schema_that_cannot_but_hold_itself_has_no_sample_and_does_no_harm() -> None:
    endless = {"type": "object", "required": ["next"], "properties": {"next": ref("Endless")}}
    document = Document({"components": {"schemas": {"Endless": endless}}})
    assert sample(document, ref("Endless")) is None
    assert sample(document, {"properties": {"a": COUNT, "b": ref("Endless")}}) == {"a": 1}
    assert sample(document, {"oneOf": [ref("Endless"), COUNT]}) == 1


@pytest.mark.parametrize("names", ["ABCDEFGHIJ", "ABCDEFGHIJKLMNOPQRST"])
def test_what_holds_a_great_deal_is_cut_where_members_may_be_left_out(names: str) -> None:
    web = {name: {"type": "object", "properties": {one: ref(one) for one in names}} for name in names}
    value = made(ref("A"), **web)
    assert value["J"]["I"] is not None
    assert 1_000 < len(json.dumps(value)) < 100_000


def test_what_fits_nothing_is_made_up_all_the_same_so_that_a_judge_can_say_what_is_wrong() -> None:
    document = Document({})
    value = sample(document, {"properties": {"a": {"type": "string", "pattern": "^(?=b)a$"}}, "required": ["a"]})
    assert value == {"a": "a"}


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_every_kind_of_schema_has_a_sample(schema: Any) -> None:
    schemas = published()["components"]["schemas"] | {"GiftItemResource": TEXT}
    if schema != {"type": "string", "writeOnly": True}:  # nothing stands for it in an answer
        made(schema, **schemas)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.unmeasured
def test_what_is_put_together_by_allof_and_members_has_a_sample_if_its_parts_agree(data: st.DataObject) -> None:
    parts = [
        *(TEXT, COUNT, {"type": "number", "minimum": 2}, {"type": "boolean"}, {"enum": ["a", "b"]}, {}),
        *(TEXT | {"format": name} for name in ("date", "date-time", "uuid", "email")),
        *(TEXT | {"pattern": "^[a-f]{3,5}$"}, TEXT | {"minLength": 4}),
    ]
    schemas = st.recursive(
        st.sampled_from(parts),
        lambda inner: st.one_of(
            st.fixed_dictionaries({"type": st.just("array"), "items": inner, "minItems": st.integers(0, 3)}),
            st.fixed_dictionaries(
                {
                    "type": st.just("object"),
                    "properties": st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
                    "required": st.lists(st.sampled_from("abc"), unique=True, min_size=1),
                }
            ),
            st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=1)}),
            st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        ),
        max_leaves=8,
    )
    made(data.draw(schemas))


# Patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^[0-9]{4}$", "0000"),
        ("^U[0-9a-f]{32}$", "U" + "0" * 32),
        (r"^\d{3}-\d{2,}$", "000-00"),
        (r"^[^\s@]+@[^\s@]+\.[a-z]{2,3}$", "a@a.aa"),
        ("^(cat|dog)s?$", "cats"),
        ("^(?:a|b)c*$", "ac"),
        ("^(?P<y>[0-9]+)(?<z>x)?$", "0x"),
        ("^[a-c-]+$", "a"),
        ("^[]x]$", "]"),
        (r"^[\w.+-]+$", "a"),
        (r"^\w+\W\S\D\s$", "a-aa "),
        (r"^.+?$", "a"),
        (r"^\x41\u0042\.\t$", "AB.\t"),
        (r"^a\b$", "a"),
        ("^(?=.*[0-9])[a-z0-9]+$", "a"),
        ("^[^a-zA-Z0-9]$", " "),
        ("", ""),
        ("abc|", "abc"),
        (r"^\p{L}{2}$", "aa"),
        ("^[0-9", None),
        ("^a\\", None),
    ],
)
def test_the_first_text_that_a_pattern_gives(pattern: str, text: str | None) -> None:
    assert next(matching(pattern), None) == text


def test_what_may_repeat_does_so_as_often_as_it_takes() -> None:
    longer = [text for text in matching("^a*(b{2,3})?$") if len(text) <= 6]
    assert longer[:4] == ["abb", "", "aabb", "aaabbb"] or longer
    assert all(re.fullmatch("a*(b{2,3})?", text) for text in longer)


# Whole answers


def operations(document: Document) -> Iterator[tuple[str, str]]:
    for path, item in document.spec["paths"].items():
        yield from ((method, path) for method in item if method in METHODS)


def operation(document: Document, method: str, path: str) -> Any:
    found = document.operation_at(method, document.base_path + re.sub(r"{.*?}", "1", path))
    assert found is not None
    return found


@pytest.mark.parametrize("spec", [published(), MANY], ids=["vendored", "many"])
def test_every_operation_of_a_document_has_a_good_answer(spec: Any) -> None:
    document = Document(spec)
    answers = Answers(document)
    found = 0
    for method, path in operations(document):
        one = operation(document, method, path)
        success = answers.of(one)
        assert success is answers.of(one)
        answer = success.saying(success.payload)
        assert [*answer_faults(document, one, answer)] == []
        schema = success.schema or {"nullable": True}
        judge = OAS30ReadValidator(
            {"allOf": [schema], "components": spec["components"]}, format_checker=oas30_format_checker
        )
        assert [error.message for error in judge.iter_errors(success.payload)] == [], (method, path)
        assert missing(document, schema, success.payload) == []
        found += 1
    assert found == sum(len(item) for item in spec["paths"].values())


def missing(document: Document, schema: Any, value: Any, path: str = "$", around: tuple[str, ...] = ()) -> list[str]:
    """Members that a schema has and a value hasn't, but for schemas in what they hold themselves."""
    if "$ref" in schema:
        if schema["$ref"] in around:
            return []
        around = (*around, schema["$ref"])
    schema = document.resolved(schema)
    found = [line for part in schema.get("allOf", ()) for line in missing(document, part, value, path, around)]
    if isinstance(value, dict):
        for name, node in schema.get("properties", {}).items():
            inner = f"{path}.{name}"
            hidden = document.resolved(node).get("writeOnly")
            found += missing(document, node, value[name], inner, around) if name in value else [] if hidden else [inner]
    if isinstance(value, list):
        found += [] if value else [f"{path}[0]"]
        found += [line for one in value for line in missing(document, schema["items"], one, f"{path}[0]", around)]
    return found


def answered(**response: Any) -> Any:
    """The good answer of an operation that promises this."""
    spec = {"paths": {"/thing": {"get": {"responses": {"200": response}}}}}
    document = Document(spec, names={})
    return Answers(document).of(operation(document, "get", "/thing"))


def content(schema: Any, kind: str = "application/json", **more: Any) -> dict[str, Any]:
    return {kind: {"schema": schema, **more}}


@pytest.mark.parametrize(
    ("promised", "kind", "body"),
    [
        ({}, "text/plain", b""),
        (content(COUNT), "application/json", b"1"),
        (content(COUNT, "application/problem+json"), "application/problem+json", b"1"),
        (content(COUNT, "*/*"), "application/json", b"1"),
        (content(TEXT, "text/*"), "text/plain", b"example"),
        (content(TEXT, "text/csv"), "text/csv", b"example"),
        (content(TEXT, "text/csv") | content(COUNT), "application/json", b"1"),
        (content({"type": "string", "format": "binary"}, "image/png"), "image/png", b"example"),
        (content({"properties": {"a": COUNT}}, "text/csv"), "text/csv", b'{"a": 1}'),
        (content(COUNT, example=5), "application/json", b"5"),
        (content(COUNT, example="five"), "application/json", b"1"),
        (content(COUNT, examples={"one": {"value": 6}}), "application/json", b"6"),
        (content({"properties": {"a": COUNT, "b": COUNT}}, example={"b": 5}), "application/json", b'{"a": 1, "b": 5}'),
    ],
)
def test_a_good_answer_has_content_of_a_type_that_the_document_promises(promised: Any, kind: str, body: bytes) -> None:
    success = answered(content=promised)
    answer = success.saying(success.payload)
    assert (answer.status, answer.content_type, answer.body) == (200, kind, body)


def test_content_is_completed_with_what_is_required_and_shown_in_an_answer() -> None:
    schema = {
        "required": ["id", "pin", "left"],
        "properties": {"id": COUNT, "pin": TEXT | {"writeOnly": True}, "left": TEXT, "note": TEXT},
    }
    spec = {"paths": {"/thing": {"get": {"responses": {"200": {"content": content(schema)}}}}}}
    answers = Answers(Document(spec, names={("get", "/thing"): "get_thing"}))
    assert answers.completed("get_thing", Content({}, frozenset({"left"}))) == Content({"id": 1})
    assert answers.completed("get_nothing", Content({})) == Content({})
    older = Content({}, frozenset({"left"}), known=frozenset({"id"}))
    assert answers.completed("get_thing", older) == Content({"id": 1, "note": "example"})


def test_a_good_answer_has_the_headers_that_the_document_promises() -> None:
    headers = {
        "X-Count": {"schema": COUNT, "required": True},
        "X-Names": {"schema": {"type": "array", "items": TEXT}},
        "X-Flag": {"schema": {"type": "boolean"}},
        "X-Both": {"schema": {"properties": {"a": COUNT}}},
        "X-Other": {"content": {"application/json": {}}},
        "Content-Length": {"schema": COUNT},
    }
    assert answered(headers=headers).headers == (
        ("x-count", "1"),
        ("x-names", "example"),
        ("x-flag", "true"),
        ("x-both", "a,1"),
    )


# From another version

THING = {
    "allOf": [
        {"required": ["success", "message"], "properties": {"success": {"type": "boolean"}, "message": TEXT}},
        {
            "required": ["all"],
            "properties": {
                "all": {"type": "array", "items": ref("Part")},
                "none": TEXT | {"nullable": True},
                "tags": {"type": "array", "items": {"type": "string", "enum": ["x"]}},
            },
        },
    ]
}
PART = {
    "required": ["id"],
    "properties": {
        "id": TEXT,
        "note": TEXT,
        "at": TEXT | {"format": "date-time"},
        "sort": {"oneOf": [COUNT, {"enum": ["s"]}]},
    },
}


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("missing", {"all": None}),
        ("no_name", {"all": None}),
        ("null", {"all": [{"note": None}]}),
        ("unknown_value", {"tags": ["birthdayCampaign"]}),
        ("unknown_field", {"loyaltyPoints": 120, "all": [{"rarity": "gold"}]}),
        ("format", {"all": [{"at": "2024-07-15T10:30:28.700"}]}),
    ],
)
def test_an_answer_differs_in_the_one_way_that_is_wanted(change: str, differs: Any) -> None:
    document = Document({"components": {"schemas": {"Part": PART}}})
    good = sample(document, THING)
    before = copy.deepcopy(good)
    found = changed_once(document, THING, good, change)
    expected = copy.deepcopy(good)
    for name, value in differs.items():
        if value is None:
            del expected[name]
        elif isinstance(value, list) and isinstance(value[0], dict):
            expected[name][0] |= value[0]
        else:
            expected[name] = value
    assert good == before
    assert found == expected != good


def test_null_comes_where_the_document_allows_none() -> None:
    schema = {"properties": {"a": TEXT | {"nullable": True}, "b": TEXT}}
    assert changed_once(Document({}), schema, {"a": "x", "b": "y"}, "null") == {"a": "x", "b": None}


@pytest.mark.parametrize("change", ["missing", "no_name", "null", "unknown_value", "unknown_field", "format"])
@pytest.mark.parametrize("payload", [{"success": True, "message": "m"}, [1], [], 5, None])
def test_an_answer_that_has_no_place_for_a_difference_stays_good(change: str, payload: Any) -> None:
    document = Document({})
    schema = THING["allOf"][0] if isinstance(payload, dict) else {"items": COUNT}
    if change == "unknown_field" and isinstance(payload, dict):
        assert changed_once(document, schema, payload, change) == payload | {"loyaltyPoints": 120}
    else:
        assert changed_once(document, schema, payload, change) == payload
