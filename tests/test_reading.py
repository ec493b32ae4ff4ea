"""How requests and answers are judged by the document: with the verdict of an independent validator, in safe words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker

from mantago.testing.document import Document
from mantago.testing.refusals import CannedResponse
from mantago.testing.requests import answer_faults, read
from mantago.testing.schemas import FORMATS, schema_faults
from mantago_generated.spec import published

SPEC = published()
TEXT, COUNT = {"type": "string"}, {"type": "integer"}

# Schemas and values

MOMENTS = [
    *(
        "2024-07-15T10:30:28Z",
        "2024-07-15t10:30:28.123456789z",
        "2024-07-15T10:30:28+09:00",
        "2024-07-15T10:30:28-23:59",
    ),
    *(
        "2024-07-15T10:30:28",
        "2024-07-15 10:30:28Z",
        "2024-07-15T24:00:00Z",
        "2024-07-15T10:30Z",
        "2024-02-30T10:30:28Z",
    ),
    *("20240715T103028Z", "2024-07-15T10:30:28.Z", "2024-07-15T10:30:28+24:00", "2024-07-15T10:60:28Z", "2024-07-15"),
]
TEXTS = [
    *("", "a", "ab", "abc", "ba", "YQ==", "YQ=", "Y Q==", "12", "2024-02-29", "2023-02-29", "20240229", "2024-W09-4"),
    *(
        "c56a4180-65aa-42ec-a945-5fd21dec0538",
        "C56A4180-65AA-42EC-A945-5FD21DEC0538",
        "{c56a4180-65aa-42ec-a945-5fd21dec0538}",
    ),
    *("c56a418065aa42eca9455fd21dec0538", "c56a4180-65aa-42ec-a945-5fd21dec053"),
]
NUMBERS = [0, 1, 2, 3, 4, -1, 0.5, 0.3, 1.5, 1e300, 2**31, -(2**31), 2**31 - 1, -(2**31) - 1, 2**63, 2**63 - 1]
LISTS = [[], [1], [1, 2], [1, 1], [1, True], [0, False], ["a", "b", "c"], [{}, {}], [[1], [True]], [{"a": 1}, {"a": 1}]]
OBJECTS = [
    {},
    {"a": 1},
    {"a": "a"},
    {"a": None},
    {"b": 1},
    {"a": 1, "b": "b"},
    {"a": "a", "b": 1, "c": [1]},
    {"a": {"a": 1}},
]
VALUES = [None, True, False, *NUMBERS, *TEXTS, *MOMENTS, *LISTS, *OBJECTS]
TYPES = ["array", "boolean", "integer", "number", "object", "string"]
A, WRITTEN, READ = (
    {"properties": {"a": TEXT}},
    {"type": "string", "writeOnly": True},
    {"type": "string", "readOnly": True},
)
SCHEMAS: list[dict[str, Any]] = [
    {},
    *({"type": kind} for kind in TYPES),
    *({"type": kind, "nullable": True} for kind in TYPES),
    *({"enum": values} for values in (["a", 1], [None], [0, 1.0], [[1]], [{"a": 1}], [True])),
    *({"format": name} for name in (*FORMATS, "password", "float", "made-up")),
    *({"pattern": pattern} for pattern in ("^a", "b$", "^[0-9-]+$")),
    *({keyword: 2} for keyword in ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")),
    *({keyword: bound} for keyword in ("minimum", "maximum") for bound in (2, 0.5)),
    *({"minimum": 2, "exclusiveMinimum": flag} for flag in (True, False)),
    *({"maximum": 2, "exclusiveMaximum": flag} for flag in (True, False)),
    *({"multipleOf": step} for step in (1, 2, 0.5)),
    *({"uniqueItems": flag} for flag in (True, False)),
    *({"items": schema} for schema in ({}, COUNT, {"items": COUNT})),
    *({"required": names} for names in (["a"], ["a", "b"])),
    *({**A, "additionalProperties": schema} for schema in (True, False, {}, COUNT)),
    *({keyword: [A, {"required": ["b"]}, COUNT]} for keyword in ("allOf", "anyOf", "oneOf")),
    *({keyword: [COUNT, {"type": "number"}, TEXT]} for keyword in ("anyOf", "oneOf")),
    {"not": TEXT},
    *({"properties": {"a": schema}, "required": ["a"]} for schema in (TEXT, WRITTEN, READ, {"$ref": "#/components/schemas/GiftItemResource"})),
    READ,
    WRITTEN,
    {"$ref": "#/components/schemas/ErrorResponse"},
]  # fmt: skip
COMPONENTS = {"schemas": {**SPEC["components"]["schemas"], "GiftItemResource": TEXT}}
DIRECTIONS = [("readOnly", OAS30WriteValidator), ("writeOnly", OAS30ReadValidator)]


def verdicts(schema: Any, value: Any) -> Iterator[tuple[list[str], list[Any]]]:
    """What we find wrong with a value, and what the validator does, in a request and in an answer."""
    for hidden, kind in DIRECTIONS:
        judge = kind({"allOf": [schema], "components": COMPONENTS}, format_checker=oas30_format_checker)
        ours = schema_faults(Document({"components": COMPONENTS}), schema, value, hidden=hidden)  # type: ignore[arg-type]
        yield [*ours], [*judge.iter_errors(value)]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_the_verdict_on_a_value_is_that_of_an_independent_validator(schema: Any) -> None:
    for value in VALUES:
        for ours, theirs in verdicts(schema, value):
            assert bool(ours) == bool(theirs), (value, ours, theirs)


def test_each_rule_is_kept_by_some_of_the_values_and_broken_by_others() -> None:
    document = Document({"components": COMPONENTS})
    indifferent = [{}, *({"format": name} for name in ("password", "float", "made-up")), {"items": {}}]
    indifferent += [{"uniqueItems": False}, *({**A, "additionalProperties": part} for part in (True, {}))]
    for schema in SCHEMAS:
        broken = {any(schema_faults(document, schema, value, hidden="readOnly")) for value in VALUES}
        assert True in broken or schema in indifferent or schema == WRITTEN, schema


@pytest.mark.parametrize(
    ("schema", "value", "faults"),
    [
        # The validator has null in a nullable enumeration only where it is listed; what is generated sends it.
        ({"type": "string", "enum": ["a"], "nullable": True}, None, []),
        ({"nullable": True, "allOf": [TEXT]}, None, []),
        (
            {"type": "string", "nullable": True, "readOnly": True},
            None,
            ["$: must be left out, since it is for answers only"],
        ),
        # A leap second, and what the validator itself stumbles over.
        ({"format": "date-time"}, "2016-12-31T23:59:60Z", []),
        ({"format": "date-time"}, "2016-12-31T23:59:60.5+00:00", []),
        ({"format": "byte"}, "杯", ['$: must have the format byte, such as "ZXhhbXBsZQ=="']),
        ({"minLength": 2}, "杯杯", []),
        ({"multipleOf": 0.5}, 10**4000, []),
        ({"multipleOf": 0.1}, 0.3, []),
        ({"multipleOf": 7}, float("nan"), ["$: must be a multiple of 7"]),
        ({"minimum": 7}, float("nan"), ["$: must be at least 7"]),
        # As JavaScript has it.
        ({"pattern": r"^\p{L}$"}, "7", []),
        # As OpenAPI 3.1 has it.
        ({"type": ["string", "null"]}, None, []),
        ({"type": ["string", "null"]}, 5, ["$: must be a string or null, not an integer"]),
        ({"const": 1}, True, ["$: must be 1"]),
        ({"const": 1}, 1.0, []),
        ({"exclusiveMinimum": 2}, 2, ["$: must be more than 2"]),
        ({"exclusiveMaximum": 2}, 1, []),
        # In words.
        ({"properties": {"a": {"items": COUNT}}}, {"a": [1, "b"]}, ["$.a[1]: must be an integer, not a string"]),
        ({"additionalProperties": COUNT}, {"a": 1, "b": "b"}, ["$.b: must be an integer, not a string"]),
        ({"anyOf": [COUNT, TEXT]}, None, ["$: must fit one of the 2 schemas of anyOf"]),
        ({"oneOf": [COUNT, TEXT]}, None, ["$: must fit exactly one of the 2 schemas of oneOf, not none"]),
        ({"oneOf": [COUNT, {"type": "number"}]}, 1, ["$: must fit exactly one of the 2 schemas of oneOf, not 2"]),
        ({"const": "a"}, 1, ['$: must be "a"']),
        ({"enum": ["a", None]}, 1, ['$: must be one of "a", null']),
        ({"exclusiveMaximum": 2}, 2.5, ["$: must be less than 2"]),
        ({"exclusiveMaximum": True, "maximum": 2}, 2, ["$: must be less than 2"]),
        ({"exclusiveMinimum": True, "minimum": 2}, 2, ["$: must be more than 2"]),
        ({"format": "int32"}, 2**31, ["$: must have the format int32"]),
        ({"maxItems": 2}, [1, 2, 3], ["$: must have at most 2 elements"]),
        ({"maxLength": 0}, "a", ["$: must have at most 0 characters"]),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, ["$: must have at most 1 member"]),
        ({"maximum": 2}, 3, ["$: must be at most 2"]),
        ({"minItems": 1}, [], ["$: must have at least 1 element"]),
        ({"minLength": 2}, "a", ["$: must have at least 2 characters"]),
        ({"minProperties": 1}, {}, ["$: must have at least 1 member"]),
        ({"minimum": 0}, -1, ["$: must be at least 0"]),
        ({"multipleOf": 0.5}, 0.7, ["$: must be a multiple of 0.5"]),
        ({"pattern": "^a$"}, "b", ['$: must match the pattern "^a$"']),
        ({"type": "array"}, {}, ["$: must be a list, not an object"]),
        ({"type": ["integer", "boolean"]}, None, ["$: must be an integer or a boolean, not null"]),
        ({"type": "object"}, True, ["$: must be an object, not a boolean"]),
        ({"type": "integer"}, 1.5, ["$: must be an integer, not a number"]),
        ({"uniqueItems": True}, [1, 1], ["$: must have no element twice"]),
        ({"additionalProperties": False}, {"a": 1}, ["$: must have no members"]),
        (
            {"additionalProperties": False, "properties": {"b": {}, "c": {}}},
            {"a": 1},
            ["$: must have no member but 'b', 'c'"],
        ),
        ({"required": ["a"]}, {}, ["$.a: is missing"]),
        ({"not": TEXT}, "a", ['$: must not fit the schema {"type": "string"}']),
    ],
)
def test_what_is_wrong_is_told_by_place_and_rule(schema: Any, value: Any, faults: list[str]) -> None:
    assert [*schema_faults(Document(SPEC), schema, value, hidden="readOnly")] == faults


CAT, DOG = {"type": "object", "required": ["claws"]}, {"type": "object", "required": ["tail"]}
PETS = {"components": {"schemas": {"Cat": CAT, "Dog": DOG}}}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    ("mapping", "value", "faults"),
    [
        ({}, {"kind": "Cat", "claws": 1, "tail": 1}, []),
        ({}, {"kind": "Cat", "tail": 1}, ["$.claws: is missing"]),
        ({"dog": "#/components/schemas/Dog"}, {"kind": "dog"}, ["$.tail: is missing"]),
        ({"dog": "Dog"}, {"kind": "dog", "tail": 1}, []),
        *(({}, value, ["$: must name its schema in 'kind'"]) for value in ({"kind": "x"}, {"kind": 1}, {}, 1)),
    ],
)
def test_where_a_member_tells_which_schema_it_is_that_one_judges(
    keyword: str, mapping: Any, value: Any, faults: list[str]
) -> None:
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog")]
    schema = {keyword: refs, "discriminator": {"propertyName": "kind", "mapping": mapping}}
    assert [*schema_faults(Document(PETS), schema, value)] == faults


@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.unmeasured
def test_what_is_put_together_is_judged_like_its_parts(data: st.DataObject) -> None:
    schemas = st.recursive(st.sampled_from(SCHEMAS), put_together, max_leaves=5)
    values = st.recursive(
        st.sampled_from(VALUES),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=5,
    )
    for ours, theirs in verdicts(data.draw(schemas), data.draw(values)):
        assert bool(ours) == bool(theirs), (ours, theirs)


def put_together(inner: Any) -> Any:
    several = st.lists(inner, min_size=1, max_size=3)
    members = st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    parts = {"properties": members, "items": inner, "additionalProperties": inner | st.booleans(), "not": inner}
    return st.one_of(
        *(st.fixed_dictionaries({keyword: several}) for keyword in ("allOf", "anyOf", "oneOf")),
        *(st.fixed_dictionaries({keyword: part}) for keyword, part in parts.items()),
    )


# Requests


def document(*parameters: dict[str, Any], path: str = "/thing", shared: Any = (), **operation: Any) -> Document:
    """The vendored document with one operation more, which wants no credentials unless that is said."""
    spec = copy.deepcopy(SPEC)
    node = {"responses": {}, "security": [], "parameters": [*parameters], **operation}
    spec["paths"][path] = {"post": node, "parameters": shared}
    return Document(spec)


def asked(
    spec: Document, query: str = "", path: str = "/thing", body: bytes = b"", **headers: str
) -> tuple[dict[str, Any], str]:
    """What a request brings in query and body, and what is wrong with it."""
    found = spec.operation_at("post", f"{spec.base_path}{path}")
    assert found is not None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    result = read(spec, found, given, query, body)
    return {**result.query, **result.body}, "; ".join(result.faults)


def parameter(schema: Any, place: str = "query", name: str = "p", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **more}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def enum(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": [*values]}


POINT = {"type": "object", "required": ["x"], "properties": {"x": COUNT, "y": TEXT}}
SHORT = {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "string", "maxLength": 1}]}


@pytest.mark.parametrize(
    ("declared", "query", "value", "faults"),
    [
        (parameter(COUNT), "p=7", 7, ""),
        (parameter(COUNT), "p=seven", None, "query parameter p: must be an integer, not a string"),
        (parameter(COUNT), "p=7.0", None, "query parameter p: must be an integer, not a number"),
        (parameter(COUNT | {"minimum": 8}), "p=7", None, "query parameter p: must be at least 8"),
        (parameter({"type": "number"}), "p=7.5", 7.5, ""),
        (parameter({"type": "boolean"}), "p=true", True, ""),
        (parameter({"type": "boolean"}), "p=yes", None, "query parameter p: must be a boolean, not a string"),
        (parameter(TEXT), "p=7", "7", ""),
        (parameter(TEXT), "p=a%20b%2Cc", "a b,c", ""),
        (parameter({}), "p=true", "true", ""),
        (parameter(SHORT), "p=x", "x", ""),
        (parameter(SHORT), "p=12", None, "query parameter p: must fit one of the 2 schemas of anyOf"),
        (parameter({"allOf": [COUNT, {"minimum": 8}]}), "p=8", 8, ""),
        (parameter(TEXT), "", None, ""),
        (parameter(TEXT | {"default": ""}), "p=", "", ""),
        (parameter({"allOf": [{"type": "string", "enum": ["", "a"]}]}), "p=", "", ""),
        (parameter(TEXT | {"default": "a"}), "p=", None, "query parameter p: is empty"),
        (parameter(TEXT, required=True), "", None, "query parameter p: is missing"),
        (parameter(TEXT), "p=", None, "query parameter p: is empty"),
        (parameter(TEXT, allowEmptyValue=True), "p=", "", ""),
        (parameter(TEXT), "p=a&p=a", None, "query parameter p: given more than once"),
        (parameter(COUNT), "p=" + "[" * 5000, None, "query parameter p: must be an integer, not a string"),
        # arrays
        (parameter(array(COUNT)), "p=1&p=2", [1, 2], ""),
        (parameter(array(COUNT)), "p=1&p=x", None, "query parameter p[1]: must be an integer, not a string"),
        (parameter(array(COUNT)), "p=1,2", None, "query parameter p[0]: must be an integer, not a string"),
        (parameter(array(COUNT), explode=False), "p=1,2", [1, 2], ""),
        (parameter(array(COUNT), style="pipeDelimited"), "p=1|2", [1, 2], ""),
        (parameter(array(TEXT), style="spaceDelimited"), "p=a%20b", ["a", "b"], ""),
        (parameter(array(COUNT) | {"maxItems": 1}), "p=1&p=2", None, "query parameter p: must have at most 1 element"),
        # objects
        (parameter(POINT), "x=1&y=2&z=3", {"x": 1, "y": "2"}, ""),
        (parameter(POINT), "y=2", None, "query parameter p.x: is missing"),
        (parameter(POINT), "", None, ""),
        (parameter(POINT, explode=False), "p=x,1,y,2", {"x": 1, "y": "2"}, ""),
        (parameter(POINT, style="deepObject"), "p[x]=1&p[y]=2", {"x": 1, "y": "2"}, ""),
        (parameter(POINT, style="deepObject"), "p[x]=a", None, "query parameter p.x: must be an integer, not a string"),
        # JSON
        ({"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}}, "p=" + quote('{"x": 1}'), {"x": 1}, ""),
        ({"name": "p", "in": "query", "content": {"application/json": {"schema": array(COUNT)}}}, "p=[1,2]", [1, 2], ""),
        ({"name": "p", "in": "query", "content": {"text/plain": {}}}, "p=a,b", "a,b", ""),
    ],
)  # fmt: skip
def test_a_parameter_of_the_query_is_read_as_its_schema_and_style_say(
    declared: Any, query: str, value: Any, faults: str
) -> None:
    assert asked(document(declared), query) == ({} if value is None else {"p": value}, faults)


@pytest.mark.parametrize(
    ("declared", "path", "headers", "faults"),
    [
        (parameter(COUNT, "path", required=True), "/thing/7", {}, ""),
        (parameter(COUNT, "path", required=True), "/thing/x", {}, "path parameter p: must be an integer, not a string"),
        (parameter(array(COUNT), "path"), "/thing/1,2", {}, ""),
        (parameter(array(COUNT), "path"), "/thing/1,x", {}, "path parameter p[1]: must be an integer, not a string"),
        (parameter(POINT, "path"), "/thing/x,1", {}, ""),
        (parameter(POINT, "path", explode=True), "/thing/x=1,y=2", {}, ""),
        (parameter(POINT, "path", explode=True), "/thing/y=2", {}, "path parameter p.x: is missing"),
        *((parameter(COUNT, "path", style=style), path, {}, "") for style, path in (("label", "/thing/.7"), ("matrix", "/thing/;p=7"))),
        *((parameter(array(COUNT) | {"maxItems": 2}, "path", style="label", explode=explode), path, {}, "") for explode, path in ((False, "/thing/.1,2"), (True, "/thing/.1.2"))),
        *((parameter(array(COUNT) | {"maxItems": 2}, "path", style="matrix", explode=explode), path, {}, "") for explode, path in ((False, "/thing/;p=1,2"), (True, "/thing/;p=1;p=2"))),
        *((parameter(POINT, "path", style="label", explode=explode), path, {}, "") for explode, path in ((False, "/thing/.x,1"), (True, "/thing/.x=1.y=2"))),
        *((parameter(POINT, "path", style="matrix", explode=explode), path, {}, "") for explode, path in ((False, "/thing/;p=x,1,y,2"), (True, "/thing/;x=1;y=2"))),
        (parameter(array(COUNT), "path", style="matrix", explode=True), "/thing/;p=1;p=x", {}, "path parameter p[1]: must be an integer, not a string"),
        (parameter(array(COUNT), "path", style="label"), "/thing/.1,x", {}, "path parameter p[1]: must be an integer, not a string"),
        (parameter(COUNT, "header", "X-Page", required=True), "/thing/1", {"x_page": "7"}, ""),
        (parameter(COUNT, "header", "X-Page"), "/thing/1", {"x_page": "x"}, "header parameter X-Page: must be an integer, not a string"),
        (parameter(COUNT, "header", "X-Page", required=True), "/thing/1", {}, "header parameter X-Page: is missing"),
        (parameter(COUNT, "header", "Accept"), "/thing/1", {"accept": "x"}, ""),
        (parameter(COUNT, "cookie", "c", required=True), "/thing/1", {"cookie": "a=b; c=7"}, ""),
        (parameter(enum("a;b"), "cookie", "c", required=True), "/thing/1", {"cookie": "c=a%3Bb"}, ""),
        (parameter(COUNT, "cookie", "c", required=True), "/thing/1", {"cookie": "a; d"}, "cookie parameter c: is missing"),
    ],
)  # fmt: skip
def test_a_parameter_of_another_place_is_too(declared: Any, path: str, headers: dict[str, str], faults: str) -> None:
    assert asked(document(declared, path="/thing/{p}"), path=path, **headers) == ({}, faults)


def test_a_parameter_of_the_path_holds_for_each_operation_that_has_none_of_that_name() -> None:
    shared = [parameter(COUNT, name="a"), parameter(COUNT, name="b")]
    spec = document(parameter(TEXT, name="b"), shared=shared)
    assert asked(spec, "a=x&b=x")[1] == "query parameter a: must be an integer, not a string"


def test_what_the_document_does_not_declare_is_not_read() -> None:
    assert asked(document(), "p=1", body=b"{}") == ({}, "")


@pytest.mark.parametrize("method", ["parameters", "summary", "$ref", "brew"])
def test_what_is_no_method_finds_no_operation(method: str) -> None:
    assert document().operation_at(method, "/api/thing") is None


# Bodies

FORM = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": COUNT, "t": array(TEXT), "f": {"type": "boolean"}, "o": POINT},
}


def with_body(kind: str, schema: Any, **more: Any) -> Document:
    return document(requestBody={"content": {kind: {"schema": schema}}, **more})


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize(
    ("fields", "read_as", "faults"),
    [
        ({"n": "7", "t": ["a", "b"], "f": "true"}, {"n": 7, "t": ["a", "b"], "f": True}, ""),
        ({"n": "7", "t": ["1"], "o": '{"x": 1}', "more": "5"}, {"n": 7, "t": ["1"], "o": {"x": 1}, "more": "5"}, ""),
        ({"n": "x"}, {"n": "x"}, "body.n: must be an integer, not a string"),
        ({"f": "false"}, {"f": False}, "body.n: is missing"),
    ],
)
def test_a_form_is_read_as_its_schema_says(kind: str, fields: Any, read_as: Any, faults: str) -> None:
    if kind.startswith("multipart"):
        parts = [
            (name, (None, text))
            for name, texts in fields.items()
            for text in ([texts] if isinstance(texts, str) else texts)
        ]
        request = httpx.Request("POST", "http://x", files=parts)
    else:
        request = httpx.Request("POST", "http://x", data=fields)
    request.read()
    found = asked(with_body(kind, FORM), body=request.content, content_type=request.headers["content-type"])
    assert found == (read_as, faults)


@pytest.mark.parametrize(
    ("fields", "read_as", "faults"),
    [
        ("n=7&t=a,b&o[x]=1", {"n": 7, "t": ["a", "b"], "o": {"x": 1}}, ""),
        ("n=7&f=true&o[y]=1", {"n": 7, "f": True, "o": {"y": "1"}}, "body.o.x: is missing"),
        ("n=7", {"n": 7}, ""),
    ],
)
def test_a_field_of_a_form_is_written_as_its_encoding_says(fields: str, read_as: Any, faults: str) -> None:
    encoding = {
        "t": {"explode": False},
        "o": {"style": "deepObject"},
        "f": {"contentType": "text/plain"},
        "n": {"style": "form"},
    }
    kind = "application/x-www-form-urlencoded"
    spec = document(requestBody={"content": {kind: {"schema": FORM, "encoding": encoding}}})
    assert asked(spec, body=fields.encode(), content_type=kind) == (read_as, faults)


def test_a_file_in_a_form_is_a_text_whatever_its_bytes() -> None:
    request = httpx.Request("POST", "http://x", files={"file": ("a.png", b"\x89PNG\r\n\x00\xff")})
    request.read()
    spec = with_body("multipart/form-data", {"properties": {"file": TEXT | {"format": "binary", "minLength": 8}}})
    assert asked(spec, body=request.content, content_type=request.headers["content-type"])[1] == ""


@pytest.mark.parametrize(
    ("kind", "sent", "body", "faults"),
    [
        ("multipart/form-data", "multipart/form-data", b"x", "body: can't be read as multipart/form-data, which its Content-Type says"),
        ("multipart/form-data", "multipart/form-data; boundary=x", b"x", "body: can't be read as multipart/form-data, which its Content-Type says"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded", b"\xff", "body: can't be read as application/x-www-form-urlencoded, which its Content-Type says"),
        ("text/*", "text/csv", "杯".encode(), ""),
        ("text/*", "text/csv", "杯杯".encode(), "body: must have at most 1 character"),
        ("text/csv", "text/csv", b"\xff", "body: can't be read as text/csv, which its Content-Type says"),
        ("*/*", "application/octet-stream", b"\xff", ""),
        ("application/octet-stream", "image/png", b"\xff", "body: must have the Content-Type application/octet-stream"),
    ],
)  # fmt: skip
def test_another_body_is_a_text(kind: str, sent: str, body: bytes, faults: str) -> None:
    assert asked(with_body(kind, TEXT | {"maxLength": 1}), body=body, content_type=sent) == ({}, faults)


def test_a_media_type_that_is_listed_by_name_comes_before_a_range() -> None:
    content = {"*/*": {"schema": COUNT}, "application/problem+json": {"schema": TEXT}}
    spec = document(requestBody={"content": content})
    assert asked(spec, body=b'"a"', content_type="application/problem+json")[1] == ""
    assert asked(spec, body=b'"a"', content_type="application/json")[1] == "body: must be an integer, not a string"


def test_what_is_for_answers_only_does_not_stand_in_a_request() -> None:
    schema = {
        "required": ["id", "pin"],
        "properties": {"id": TEXT | {"readOnly": True}, "pin": TEXT | {"writeOnly": True}},
    }
    spec = with_body("application/json", schema)
    assert asked(spec, body=b'{"pin": "1"}', content_type="application/json")[1] == ""
    faults = asked(spec, body=b'{"id": "1"}', content_type="application/json")[1]
    assert faults == "body.pin: is missing; body.id: must be left out, since it is for answers only"


def test_a_body_that_is_nested_too_deeply_for_its_schema_is_refused_and_said_once() -> None:
    spec = copy.deepcopy(SPEC)
    ref = {"$ref": "#/components/schemas/Nested"}
    spec["components"]["schemas"]["Nested"] = {"allOf": [{"items": ref}, {"type": "array"}, {"type": "array"}]}
    node = {"responses": {}, "security": [], "requestBody": {"content": {"application/json": {"schema": ref}}}}
    spec["paths"]["/thing"] = {"post": node}
    # Whether the parser overflows, or what holds the value to the schema, depends on the Python and on the stack.
    deep = [(b"[" * depth + b"]" * depth, "body: is nested too deeply") for depth in (700, 1000, 100_000)]
    for body, said in (*deep, (b"5", "body: must be a list, not an integer")):
        assert asked(Document(spec), body=body, content_type="application/json") == ({}, said)


# Credentials

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "Basic"},
    "oauth": {"type": "oauth2", "flows": {}},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
}


@pytest.mark.parametrize(
    ("ways", "query", "headers", "tokens"),
    [
        ([], "", {}, ()),
        ([{}], "", {}, ()),
        ([{}, {"bearer": []}], "", {"authorization": "Bearer t"}, ()),
        ([{"bearer": []}], "", {}, None),
        ([{"bearer": []}], "", {"authorization": "bearer t"}, ("t",)),
        ([{"bearer": []}], "", {"authorization": "Bearer "}, None),
        ([{"bearer": []}], "", {"authorization": "Basic t"}, None),
        ([{"basic": []}, {"bearer": []}], "", {"authorization": "Bearer t"}, ("t",)),
        ([{"basic": []}], "", {"authorization": "Basic t"}, ("t",)),
        ([{"oauth": []}], "", {"authorization": "Bearer t"}, ("t",)),
        ([{"header": []}], "", {"x_key": "t"}, ("t",)),
        ([{"query": []}], "key=t&key=u", {}, ("t",)),
        ([{"cookie": []}], "", {"cookie": "key=t"}, ("t",)),
        ([{"header": [], "query": []}], "key=u", {"x_key": "t"}, ("t", "u")),
        ([{"header": [], "query": []}], "key=u", {}, None),
    ],
)
def test_the_first_way_to_sign_that_a_request_follows_counts(
    ways: Any, query: str, headers: dict[str, str], tokens: Any
) -> None:
    spec = document(security=ways)
    spec.spec["components"]["securitySchemes"] |= SCHEMES  # type: ignore[index]
    found = spec.operation_at("post", "/api/thing")
    assert found is not None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    assert read(spec, found, given, query, b"").tokens == tokens


# Answers


@pytest.mark.parametrize(
    ("responses", "answer", "faults"),
    [
        ({"200": {"description": ""}}, CannedResponse(200, b"anything"), []),
        ({"200": {}, "2XX": {"content": {"application/json": {"schema": COUNT}}}}, CannedResponse(201, b'"a"'), ["body: must be an integer, not a string"]),
        ({"default": {"content": {"application/json": {"schema": COUNT}}}}, CannedResponse(500, b"5"), []),
        ({"200": {}}, CannedResponse(500, b"5"), ["body: must be an object, not an integer"]),
        ({}, CannedResponse(500, b""), ["body: is missing"]),
        ({"200": {"headers": {"X-N": {"schema": COUNT, "required": True}}}}, CannedResponse(200, b""), ["header X-N: is missing"]),
        ({"200": {"headers": {"X-N": {"schema": COUNT}}}}, CannedResponse(200, b"", headers=(("x-n", "a"),)), ["header X-N: must be an integer, not a string"]),
        ({"200": {"headers": {"X-N": {"schema": COUNT}}}}, CannedResponse(200, b"", headers=(("x-n", "5"),)), []),
        ({"200": {"content": {"application/json": {"schema": WRITTEN}}}}, CannedResponse(200, b'"a"'), ["body: must be left out, since it is for requests only"]),
    ],
)  # fmt: skip
def test_an_answer_is_judged_by_what_is_promised_for_its_status(
    responses: Any, answer: CannedResponse, faults: list[str]
) -> None:
    spec = document(responses=responses)
    assert [*answer_faults(spec, spec.operation_at("post", "/api/thing"), answer)] == faults
