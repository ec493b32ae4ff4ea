"""What the generator makes of schemas and operations: the right types, or a refusal with its JSON pointer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generated_package import planned
from generation.arguments import parameter as argument
from generation.code import Imports, annotation, reader
from generation.document import Refused
from generation.methods import method
from generation.operations import server_url
from generation.package import Plan
from vendoring.vendored import ScriptError

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer"}
PING: Json = {"/ping": {"get": {"responses": {"204": {"description": "ok"}}}}}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def record(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def document(schemas: Json | None = None, paths: Json | None = None, **more: Any) -> Json:
    return {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "https://x.example/api"}],
        "paths": PING if paths is None else paths,
        "components": {"schemas": schemas or {}, **more},
    }


def operation(**more: Any) -> Json:
    return {"/x": {"post": {"responses": {"200": {"description": "ok"}}} | more}}


def body(media: str, schema: Json | None = None, **more: Any) -> Json:
    content: Json = {} if schema is None else {"schema": schema}
    return operation(requestBody={"required": True, "content": {media: content | more}})


def parameter(**more: Any) -> Json:
    return operation(parameters=[{"name": "p", "in": "query", "schema": TEXT} | more])


def answers(**responses: Json) -> Json:
    return {"/x": {"post": {"responses": {name.strip("_"): found for name, found in responses.items()}}}}


def holding(media: str, schema: Json | None = None) -> Json:
    return {"description": "ok", "content": {media: {} if schema is None else {"schema": schema}}}


def types_of(plan: Plan, schema: str = "A") -> dict[str, tuple[str, str]]:
    """The annotation and the reader of each property of a schema, without the imports."""
    [shape] = [shape for place, shape in plan.classes.shapes.items() if place == ("components", "schemas", schema)]
    return {
        one.name: (annotation(one.type, Imports(), plan.classes), reader(one.type, Imports(), plan.classes))
        for one in shape.properties
    }


def type_of(schema: Json, **schemas: Json) -> str:
    """The annotation of a schema."""
    return types_of(planned(document({"A": record(x=schema), **schemas})))["x"][0]


def reader_of(schema: Json, **schemas: Json) -> str:
    """The reader of a schema, without the package's name."""
    found = types_of(planned(document({"A": record(x=schema), **schemas})))["x"][1]
    return found.replace("mantago_generated.models.", "")


# --- types ----------------------------------------------------------------------------------------------------------

B, C = record(b=TEXT), record(c=COUNT)
KIND = {"type": "object", "required": ["kind"], "properties": {"kind": TEXT}}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        (TEXT, "str"),
        ({"type": "string", "format": "uuid"}, "str"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "date-time"}, "datetime"),
        ({"type": "boolean"}, "bool"),
        (COUNT, "int"),
        ({"type": "number", "format": "double"}, "float"),
        ({}, "Any"),
        ({"description": "anything"}, "Any"),
        ({"not": TEXT}, "Any"),
        ({"type": "object"}, "Mapping[str, Any]"),
        ({"type": "object", "additionalProperties": False}, "Mapping[str, Any]"),
        ({"type": "object", "additionalProperties": {}}, "Mapping[str, Any]"),
        ({"additionalProperties": COUNT}, "Mapping[str, int]"),
        ({"type": "array", "items": TEXT}, "tuple[str, ...]"),
        ({"items": {"type": "array", "items": COUNT}}, "tuple[tuple[int, ...], ...]"),
        ({"type": "array"}, "tuple[Any, ...]"),
        ({"type": "array", "items": TEXT | {"nullable": True}}, "tuple[str | None, ...]"),
        (ref("B"), "B"),
        ({"allOf": [ref("B")], "description": "text"}, "B"),
        ({"allOf": [ref("B"), {"description": "text"}], "nullable": True}, "B"),
        ({"allOf": [ref("B"), record(more=TEXT)]}, "AX"),
        ({"allOf": [TEXT, {"maxLength": 5}]}, "str"),
        ({"allOf": [{"type": "number"}, COUNT]}, "int"),
        ({"allOf": [{"description": "text"}]}, "Any"),
        ({"allOf": [{"enum": ["a", "b"], "type": "string"}, {"enum": ["b", "c"]}]}, "AX"),
        ({"oneOf": [TEXT, COUNT]}, "int | str"),
        ({"oneOf": [TEXT, {"type": "string", "format": "date"}]}, "date | str"),
        ({"anyOf": [ref("B"), ref("C"), ref("B")]}, "B | C"),
        ({"oneOf": [ref("B"), {"oneOf": [ref("C"), TEXT]}]}, "B | C | str"),
        ({"oneOf": [ref("B")]}, "B"),
        ({"oneOf": [ref("B"), {}]}, "Any"),
        ({"type": "string", "oneOf": [{"format": "date"}, {"maxLength": 1}]}, "date | str"),
        ({"type": "object", "oneOf": [record(p=TEXT), ref("B")]}, "AXType0 | B"),
        ({"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}, "AX"),
        ({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, "Mapping[str, Any]"),
        ({"oneOf": [ref("B"), {"enum": [None], "nullable": True}]}, "B"),
        ({"enum": ["a", 1, True]}, "bool | int | str"),
        ({"enum": [1.5, 2.5], "type": "number"}, "float"),
        ({"enum": [True], "type": "boolean"}, "bool"),
        ({"enum": [1, 2]}, "AX"),
        ({"enum": [None], "nullable": True}, "Any"),
        ({"type": "integer", "x-mantago-format": "milliseconds"}, "datetime"),
        ({"type": "string", "format": "date", "x-mantago-format": "text"}, "str"),
        ({"$ref": "#/components/schemas/T", "x-mantago-format": "date-time"}, "datetime"),
    ],
    ids=json.dumps,
)
def test_a_schema_has_the_type_that_it_says(schema: Json, wanted: str) -> None:
    assert type_of(schema, B=B, C=C, T=TEXT) == wanted


def test_a_type_that_holds_itself_without_a_class_between_is_plain_json() -> None:
    tree = {"oneOf": [TEXT, {"type": "array", "items": ref("T")}]}
    assert type_of(ref("T"), T=tree) == "tuple[Any, ...] | str"
    assert type_of(ref("T"), T={"type": "object", "additionalProperties": ref("T")}) == "Mapping[str, Any]"


@pytest.mark.parametrize(
    ("said", "cases"),
    [
        ({"propertyName": "kind"}, {"Cat": "cat:Cat", "Dog": "dog:Dog"}),
        ({"propertyName": "kind", "mapping": {"c": "Cat"}}, {"c": "cat:Cat", "Dog": "dog:Dog"}),
        (
            {"propertyName": "kind", "mapping": {"d": "#/components/schemas/Dog", "e": "#/components/schemas/Dog"}},
            {"d": "dog:Dog", "e": "dog:Dog", "Cat": "cat:Cat"},
        ),
    ],
)
def test_a_discriminator_tells_alternatives_apart(said: Json, cases: dict[str, str]) -> None:
    found = reader_of({"oneOf": [ref("Cat"), ref("Dog")], "discriminator": said}, Cat=KIND, Dog=KIND)
    table = ", ".join(f'"{value}": model_of("{cls}")' for value, cls in cases.items())
    assert found == f'told_apart_by("kind", {{{table}}})'


def test_the_one_value_of_an_alternatives_property_is_its_kind() -> None:
    cat = KIND | {"properties": {"kind": TEXT | {"enum": ["cat"]}}}
    inline = {"oneOf": [ref("Cat"), cat | {"properties": {"kind": {"enum": ["dog"]}}}]}
    found = reader_of(inline | {"discriminator": {"propertyName": "kind"}}, Cat=cat)
    assert found == 'told_apart_by("kind", {"cat": model_of("cat:Cat"), "dog": model_of("ax_type_1:AXType1")})'


def test_those_that_take_a_base_in_are_told_apart_and_the_rest_is_the_base() -> None:
    pet = KIND | {"discriminator": {"propertyName": "kind"}}
    cat, kitten = ({"allOf": [ref(base), record(lives=COUNT)]} for base in ("Pet", "Cat"))
    assert reader_of(ref("Pet"), Pet=pet, Cat=cat, Kitten=kitten) == (
        'told_apart_by("kind", {"Pet": model_of("pet:Pet"), "Cat": model_of("cat:Cat"), '
        '"Kitten": model_of("kitten:Kitten")}, otherwise=model_of("pet:Pet"))'
    )
    assert reader_of(ref("Pet"), Pet=pet) == 'model_of("pet:Pet")'
    mapped = pet | {"discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "p": "Pet"}}}
    assert '{"Pet": model_of("pet:Pet"), "c": model_of("cat:Cat")}' in reader_of(ref("Pet"), Pet=mapped, Cat=cat)
    listed = pet | {"oneOf": [ref("Cat")]}
    assert reader_of(ref("Pet"), Pet=listed, Cat=cat) == 'told_apart_by("kind", {"Cat": model_of("cat:Cat")})'


def test_kinds_may_be_told_apart_in_turn() -> None:
    inner = {"oneOf": [ref("B")], "discriminator": {"propertyName": "b"}}
    found = reader_of({"oneOf": [ref("Inner")], "discriminator": {"propertyName": "kind"}}, Inner=inner, B=B)
    assert found == 'told_apart_by("kind", {"Inner": told_apart_by("b", {"B": model_of("b:B")})})'


def test_properties_are_gathered_from_all_parts_of_an_object() -> None:
    whole = {
        "allOf": [ref("B"), {"required": ["own", "b"], "properties": {"b": {"description": "again"}}}],
        "properties": {"own": COUNT},
        "anyOf": [record(one=TEXT), record(two=TEXT) | {"required": ["two"]}],
    }
    plan = planned(document({"A": whole, "B": B}))
    shape = plan.classes.shapes["components", "schemas", "A"]
    assert [(one.name, one.required) for one in shape.properties] == [
        ("b", True),
        ("own", True),
        ("one", False),
        ("two", False),
    ]
    assert {name: found for name, (found, _) in types_of(plan).items()} == {
        "b": "str",
        "own": "int",
        "one": "str",
        "two": "str",
    }


def test_what_alternatives_declare_differently_is_the_one_or_the_other() -> None:
    beside = record(own=TEXT) | {"oneOf": [record(x=TEXT), record(x=COUNT)]}
    assert types_of(planned(document({"A": beside})))["x"][0] == "int | str"


def test_a_property_that_is_demanded_and_nowhere_described_can_be_anything() -> None:
    plan = planned(document({"A": record(a=TEXT) | {"required": ["b"]}}))
    [_, found] = plan.classes.shapes["components", "schemas", "A"].properties
    assert (found.name, found.required, types_of(plan)["b"][0]) == ("b", True, "Any")


def test_what_errata_take_back_is_still_promised() -> None:
    erratum = "overlay: 1.0.0\nactions: [{target: \"$..required[?@ == 'x']\", description: why, remove: true}]\n"
    names = "overlay: 1.0.0\nactions: [{target: $..x, description: why, update: {nullable: true}}]\n"
    plan = planned(document({"A": record(x={**TEXT}, y=TEXT) | {"required": ["x", "y"]}}), names, erratum)
    found = plan.classes.shapes["components", "schemas", "A"].properties
    assert [(one.required, one.promised, one.nullable, one.published_nullable) for one in found] == [
        (False, True, True, False),
        (True, True, False, False),
    ]


def test_a_named_schema_that_only_means_another_has_its_name_too() -> None:
    plan = planned(document({"A": ref("B"), "B": B, "N": {"allOf": [ref("B")], "nullable": True}, "L": {"items": B}}))
    assert plan.types.aliases == {("components", "schemas", "A"): ("components", "schemas", "B")}


def test_what_only_errata_describe_is_as_they_say() -> None:
    erratum = "overlay: 1.0.0\nactions: [{target: $.components.schemas, description: why, update: {A: {type: object, required: [x], properties: {x: {type: string}}}}}]\n"
    [found] = planned(document({}), errata=erratum).classes.shapes["components", "schemas", "A"].properties
    assert (found.required, found.promised) == (True, True)


# --- operations -----------------------------------------------------------------------------------------------------


def endpoint_of(paths: Json, **components: Any) -> Any:
    return planned(document({"B": B}, paths, **components)).endpoints[0]


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [
        (["multipart/form-data", "application/json"], "application/json"),
        (["application/xml", "application/vnd.api+json; charset=utf-8"], "application/vnd.api+json; charset=utf-8"),
        (["text/plain", "application/x-www-form-urlencoded"], "application/x-www-form-urlencoded"),
        (["application/xml", "image/png"], "image/png"),
        (["*/*"], "application/json"),
    ],
)
def test_a_body_is_json_if_it_may_be_else_a_form_else_bytes(offered: list[str], wanted: str) -> None:
    content = {media: {"schema": B} for media in offered}
    found = endpoint_of(operation(requestBody={"content": content}))
    assert (found.body.content_type, found.body.required) == (wanted, False)


def test_the_parts_of_a_form_are_written_as_its_encoding_says() -> None:
    said = {"b": {"contentType": "text/plain"}, "c": {"explode": False}, "d": {"style": "pipeDelimited"}}
    fields = record(b=TEXT, c=TEXT, d=TEXT)
    form = body("application/x-www-form-urlencoded", fields, encoding=said)
    assert endpoint_of(form).body.encoding == {"c": ("form", False), "d": ("pipeDelimited", False)}
    assert endpoint_of(body("multipart/form-data", fields, encoding=said)).body.encoding == {}


def test_a_body_that_may_be_left_out_is_one_argument_if_a_part_of_it_may_not() -> None:
    optional = {"required": False, "content": {"application/json": {"schema": ref("A")}}}
    for members, wanted in [(["b"], ["body"]), ([], ["b"])]:
        plan = planned(document({"A": B | {"required": members}}, operation(requestBody=optional)))
        found = method(plan.endpoints[0], "x", plan.classes, Imports())
        assert [(one.name, one.default) for one in found.arguments] == [(name, "None") for name in wanted]


@pytest.mark.parametrize(
    ("responses", "answered", "accept"),
    [
        ({"_200": holding("application/json", B)}, [200], "application/json"),
        ({"_200": holding("application/json")}, [200], "application/json"),
        ({"_201": holding("text/plain", TEXT), "_204": {"description": "none"}}, [201, 204], "text/plain"),
        ({"_200": {"description": "ok"}, "_404": holding("application/json", B)}, [200], "application/json"),
        ({"_2xx": holding("application/json", B)}, ["2XX"], "application/json"),
        ({"default": holding("application/json", B)}, ["2XX"], "application/json"),
        ({"default": holding("application/xml", B), "_200": holding("*/*", B)}, [200], "application/json"),
        (
            {"_200": holding("application/json", B), "_202": holding("image/png", B)},
            [200, 202],
            "application/json, image/png",
        ),
    ],
)
def test_every_status_of_a_success_is_read(responses: Json, answered: list[Any], accept: str) -> None:
    found = endpoint_of(answers(**{name.replace("2xx", "2XX"): one for name, one in responses.items()}))
    assert [status for status, _ in found.answers] == answered
    assert found.accept == accept


def test_parameters_come_from_the_path_as_well_and_those_of_http_itself_from_nobody() -> None:
    paths = operation(
        parameters=[
            {"$ref": "#/components/parameters/Q"},
            *({"name": name, "in": "header", "schema": TEXT} for name in ("Accept", "Content-Type", "Authorization")),
            {"name": "p", "in": "query"},
        ]
    )
    paths["/x"]["parameters"] = [{"name": "p", "in": "query", "required": True}, {"name": "p", "in": "header"}]
    q = {"name": "q", "in": "query", "schema": record(low={"type": "string", "enum": ["a"]}), "style": "deepObject"}
    found = endpoint_of(paths, parameters={"Q": q})
    assert [(one.where, one.name, one.required) for one in found.parameters] == [
        ("query", "p", False),
        ("header", "p", False),
        ("query", "q", False),
    ]


@pytest.mark.parametrize(
    ("path", "others"),
    [
        ("/thing/{id}", ["/thing/count"]),
        ("/thing/{id}/x", ["/thing/count/{x}"]),
        ("/file/{name}.json", ["/file/all.json"]),
        ("/file/{name}", ["/file/{name}.json", "/file/all.json"]),
        ("/{a}/{b}", ["/thing/{id}", "/thing/count", "/file/{name}", "/file/{name}.json", "/file/all.json"]),
        ("/thing/count", []),
    ],
)
def test_a_path_knows_the_others_that_a_value_could_make_of_it(path: str, others: list[str]) -> None:
    known = ["/thing/{id}", "/thing/count", "/thing/{id}/x", "/thing/count/{x}", "/file/{name}"]
    known += ["/file/{name}.json", "/file/all.json", "/{a}/{b}"]
    paths = {
        one: {"get": {
            "parameters": [{"name": name, "in": "path", "required": True} for name in ("a", "b", "id", "name", "x") if f"{{{name}}}" in one],
            "responses": {"204": {"description": "ok"}},
        }}
        for one in known
    }  # fmt: skip
    plan = planned(document({}, paths))
    [found] = [one for one in plan.endpoints if one.path == path]
    assert sorted(found.not_paths) == sorted(others)


def test_an_extension_beside_paths_is_no_operation() -> None:
    assert planned(document({}, PING | {"x-note": {"get": {}}})).endpoints[0].path == "/ping"
    assert planned({name: value for name, value in document().items() if name != "components"}).types.shapes == {}


@pytest.mark.parametrize("url", ["https://x.example/api", "https://x.example/api/"])
def test_an_operation_may_name_the_documents_server_itself(url: str) -> None:
    spec = document(paths=operation(servers=[{"url": url}])) | {
        "servers": [
            {"url": "https://{host}/api", "variables": {"host": {"default": "x.example"}}},
            {"url": "https://y"},
        ]
    }
    assert planned(spec).endpoints[0].path == "/x"


def test_the_defaults_of_a_servers_variables_are_in_its_address() -> None:
    server = {"url": "https://{region}.x/{v}", "variables": {"region": {"default": "tw"}, "v": {"default": 2}}}
    assert server_url(server) == "https://tw.x/2"


# --- refused --------------------------------------------------------------------------------------------------------

LOOP = {"allOf": [ref("A"), B]}
RULE = {"x-mantago-rule": "identification"}
REFUSED: dict[str, tuple[Json, str, str]] = {
    "a reference to itself": (document({"A": ref("A")}), "/components/schemas/A", "refers to itself"),
    "a reference outside": (
        document({"A": {"$ref": "other.json#/A"}}),
        "/components/schemas/A",
        "refers to 'other.json#/A', which is outside of this document",
    ),
    "an allOf that holds itself": (document({"A": LOOP}), "/components/schemas/A", "is a part of itself"),
    "a deeper allOf that holds itself": (
        document({"A": {"allOf": [ref("B")]}, "B": {"allOf": [ref("A")]}}),
        "/components/schemas/B",
        "is a part of itself",
    ),
    "text and number at once": (
        document({"A": {"allOf": [TEXT, COUNT]}}),
        "/components/schemas/A",
        "is 'string' and 'integer' at once",
    ),
    "oneOf beside anyOf": (
        document({"A": {"oneOf": [TEXT], "anyOf": [COUNT]}}),
        "/components/schemas/A",
        "has oneOf beside anyOf",
    ),
    "no object beside properties": (
        document({"A": record(a=TEXT) | {"oneOf": [TEXT]}}),
        "/components/schemas/A/oneOf",
        "offers an alternative that is no object beside properties",
    ),
    "an unknown format": (
        document({"A": TEXT | {"x-mantago-format": "seconds"}}),
        "/components/schemas/A",
        "x-mantago-format is 'seconds': say one of milliseconds",
    ),
    "an object in an enumeration": (
        document({"A": {"enum": [{"a": 1}]}}),
        "/components/schemas/A/enum",
        "lists an object or a list",
    ),
    "a value of another type": (
        document({"A": {"type": "string", "enum": ["on", True]}}),
        "/components/schemas/A/enum",
        "lists True, which is no string: quote the value",
    ),
    "a boolean among integers": (
        document({"A": {"type": "integer", "enum": [1, True]}}),
        "/components/schemas/A/enum",
        "lists True, which is no integer",
    ),
    "a mapping to nothing": (
        document({"A": {"oneOf": [ref("B")], "discriminator": {"propertyName": "k", "mapping": {"x": "Gone"}}}, "B": B}),
        "/components/schemas/A/discriminator",
        "maps 'x' to 'Gone', which isn't there",
    ),
    "kinds that are no objects": (
        document({"A": {"oneOf": [ref("B")], "discriminator": {"propertyName": "k"}}, "B": TEXT}),
        "/components/schemas/B",
        "is told apart by a property, but is no object",
    ),
    "kinds without a name": (
        document({"A": {"oneOf": [record(k=TEXT)], "discriminator": {"propertyName": "k"}}}),
        "/components/schemas/A/oneOf/0",
        "is told apart by 'k', but has no name of its own: give 'k' an enum of one value in it",
    ),
    "alternatives that hold the whole": (
        document({"A": record(a=TEXT) | {"oneOf": [ref("A")]}}),
        "/components/schemas/A",
        "is a part of itself",
    ),
    "kinds beside properties": (
        document({"A": record(a=TEXT) | {"oneOf": [ref("B")], "discriminator": {"propertyName": "k"}}, "B": B}),
        "/components/schemas/A/discriminator",
        "tells apart what stands beside properties",
    ),
    "a default of another type": (
        document(paths=parameter(required=True, schema=COUNT | {"default": "five"})),
        "/paths/~1x/post/parameters/0",
        "the default 'five' isn't what its schema allows",
    ),
    "a path that is a reference": (document(paths={"/x": {"$ref": "#/y"}}), "/paths/~1x", "is a reference"),
    "a path without its parameter": (
        document(paths={"/x/{id}": operation()["/x"]}),
        "/paths/~1x~1{id}/post",
        "the path and its parameters don't agree on 'id'",
    ),
    "another server": (
        document(paths=operation(servers=[{"url": "https://x.example/other"}])),
        "/paths/~1x/post/servers",
        "another server than the document's",
    ),
    "no success": (document(paths=answers(_404={"description": "no"})), "/paths/~1x/post/responses", "no answer of a success"),
    "XML": (
        document(paths=answers(_200=holding("application/xml", B))),
        "/paths/~1x/post/responses/200/content",
        "an answer of application/xml can't be read: describe it as JSON or as text",
    ),
    "an XML body": (
        document(paths=body("application/xml", B)),
        "/paths/~1x/post/requestBody/content",
        "a body can't be sent as application/xml",
    ),
    "a body of nothing": (
        document(paths=operation(requestBody={"content": {}})),
        "/paths/~1x/post/requestBody/content",
        "a body can't be sent as nothing",
    ),
    "a form without fields": (
        document(paths=body("multipart/form-data", TEXT)),
        "/paths/~1x/post/requestBody/content/multipart~1form-data",
        "a form needs a schema with properties",
    ),
    "an encoding of nothing": (
        document(paths=body("multipart/form-data", B, encoding={"gone": {}})),
        "/paths/~1x/post/requestBody/content/multipart~1form-data/encoding/gone",
        "is about no property of the form",
    ),
    "headers of a part": (
        document(paths=body("multipart/form-data", B, encoding={"b": {"headers": {"X": {}}}})),
        "/paths/~1x/post/requestBody/content/multipart~1form-data/encoding/b",
        "headers and allowReserved of a form's part aren't supported",
    ),
    "allowReserved": (document(paths=parameter(allowReserved=True)), "/paths/~1x/post/parameters/0", "allowReserved"),
    "XML in a parameter": (
        document(paths=operation(parameters=[{"name": "p", "in": "query", "content": {"application/xml": {}}}])),
        "/paths/~1x/post/parameters/0/content/application~1xml",
        "is no JSON",
    ),
    "a style of elsewhere": (
        document(paths=parameter(style="matrix")),
        "/paths/~1x/post/parameters/0",
        "style 'matrix' can't stand in the query: say one of form",
    ),
    "deepObject of a text": (document(paths=parameter(style="deepObject")), "/paths/~1x/post/parameters/0", "is for objects"),
    "objects in a list in the query": (
        document({"B": B}, paths=parameter(schema={"type": "array", "items": ref("B")})),
        "/paths/~1x/post/parameters/0",
        "style 'form' can't say what lies deeper than one level",
    ),
    "lists in an object in the query": (
        document(paths=parameter(schema=record(a={"type": "array", "items": TEXT}), style="deepObject")),
        "/paths/~1x/post/parameters/0",
        "style 'deepObject' can't say what lies deeper than one level",
    ),
    "maps of maps in the query": (
        document(paths=parameter(schema={"additionalProperties": {"type": "object"}})),
        "/paths/~1x/post/parameters/0",
        "can't say what lies deeper",
    ),
    "an unknown rule": (
        document({"B": B | {"x-mantago-rule": "other"}}, body("application/json", ref("B"))),
        "/components/schemas/B",
        "x-mantago-rule is 'other'",
    ),
}  # fmt: skip


def written(spec: Json) -> None:
    """Plan a document, and go as far as the arguments of its operations."""
    plan = planned(spec)
    for one in plan.endpoints:
        for each in one.parameters:
            argument(each, "p", Imports(), plan.classes, "request")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_put_right_is_refused_with_its_pointer_and_what_to_do(name: str) -> None:
    spec, pointer, said = REFUSED[name]
    with pytest.raises(Refused) as caught:
        written(spec)
    assert str(caught.value).startswith(f"{pointer}: ")
    assert said in str(caught.value)
    assert "by an action of an overlay" in " ".join(str(caught.value).split())
    assert isinstance(caught.value, ScriptError)
