"""Each rule for what a schema says: a row a change, seen in requests and in responses, forwards and backwards.

In a row, "max-length-unset IB" is the change's name and its level in a request and in a response: breaking, warning,
info. The first list is what going from left to right finds, the second what going back finds.
"""

import datetime as dt
from typing import Any

import pytest

from contract import graph, spec
from contract.documents import Document
from contract.facets import FACETS, REQUEST_PLACES, RESPONSE_PLACES

Schema = dict[str, Any]
LEVELS = {"B": "breaking", "W": "warning", "I": "info"}
TODAY = dt.date(2030, 1, 1)
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
CAT, DOG = ({"title": name, "type": "object", "properties": {name: {"type": "string"}}} for name in ("Cat", "Dog"))
CATS, PETS, ANY_PETS = {"oneOf": [CAT, CAT]}, {"oneOf": [CAT, DOG]}, {"anyOf": [CAT, DOG]}
JSON_KIND = "application/json"
STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
STRICT_CAT = CAT | {"required": ["Cat"], "additionalProperties": False}
STRICT_DOG = DOG | {"required": ["Dog"], "additionalProperties": False}


def typed(kind: str, **keywords: Any) -> Schema:
    return {"type": kind} | {key.replace("_", "-"): value for key, value in keywords.items()}


def text(**keywords: Any) -> Schema:
    return typed("string", **keywords)


def pet(**discriminator: Any) -> Schema:
    return PETS | {"discriminator": discriminator}


def limits(keyword: str, name: str, kind: str, *, floor: bool = False) -> list[Any]:
    def at(value: int) -> Schema:
        return {"type": kind, keyword: value}

    up, down = (
        (f"{name}-increased BI", f"{name}-decreased IB") if floor else (f"{name}-increased IB", f"{name}-decreased BI")
    )
    rows = [(at(5), at(9), [up], [down])]
    if name in ("min-length", "min-items", "min-properties"):
        return [*rows, ({"type": kind}, at(5), [up], [down])]
    return [*rows, ({"type": kind}, at(5), [f"{name}-set BI"], [f"{name}-unset IB"])]


ROWS: list[tuple[Schema, Schema, list[str], list[str]]] = [
    (STRING, {"type": "boolean"}, ["type-changed BB"], ["type-changed BB"]),
    (INTEGER, NUMBER, ["type-generalized IB"], ["type-specialized BI"]),
    ({}, typed("object"), ["type-specialized BI"], ["type-generalized IB"]),
    ({"type": ["string", "boolean"]}, STRING, ["type-specialized BI"], ["type-generalized IB"]),
    (text(format="uuid"), text(format="date"), ["format-changed BB"], ["format-changed BB"]),
    (text(format="date"), STRING, ["format-generalized IB"], ["format-specialized BI"]),
    (
        typed("integer", format="int32"),
        typed("integer", format="int64"),
        ["format-generalized IB"],
        ["format-specialized BI"],
    ),
    *(
        (typed(kind), typed(kind, format=form), *[["format-hint-changed II"]] * 2)
        for kind, form in (
            *(("string", "password"), ("string", "markdown"), ("integer", "int64"), ("number", "double")),
            ("string", "int64"),
        )
    ),
    (text(format="markdown"), text(format="html"), *[["format-hint-changed II"]] * 2),
    (STRING, text(format="byte"), *[["content-encoding-changed BB"]] * 2),
    (
        {"oneOf": [{"const": "a", "description": "x"}]},
        {"oneOf": [{"const": "a", "description": "x"}, {"enum": ["b"]}]},
        ["enum-value-added IW"],
        ["enum-value-removed BI"],
    ),
    (STRING, text(nullable=True), ["became-nullable IB"], ["became-not-nullable BI"]),
    (STRING, {"type": ["string", "null"]}, ["became-nullable IB"], ["became-not-nullable BI"]),
    (STRING, {"anyOf": [STRING, {"type": "null"}]}, ["became-nullable IB"], ["became-not-nullable BI"]),
    (STRING, text(enum=["a"]), ["became-enum BI"], ["enum-lifted IW"]),
    (STRING, text(const="a"), ["became-enum BI"], ["enum-lifted IW"]),
    (
        text(const="a"),
        text(const="b"),
        ["enum-value-added IW", "enum-value-removed BI"],
        ["enum-value-added IW", "enum-value-removed BI"],
    ),
    (text(enum=["a", "b"]), text(enum=["a"]), ["enum-value-removed BI"], ["enum-value-added IW"]),
    (
        text(enum=["a", "b"]),
        text(enum=["a", "c"]),
        ["enum-value-added IW", "enum-value-removed BI"],
        ["enum-value-added IW", "enum-value-removed BI"],
    ),
    (
        text(x_extensible_enum=["a", "b"]),
        text(x_extensible_enum=["a"]),
        ["extensible-enum-value-removed BI"],
        ["extensible-enum-value-added II"],
    ),
    *limits("maximum", "max", "number"),
    *limits("minimum", "min", "number", floor=True),
    *limits("maxLength", "max-length", "string"),
    *limits("maxItems", "max-items", "array"),
    *limits("maxProperties", "max-properties", "object"),
    *limits("minLength", "min-length", "string", floor=True),
    *limits("minItems", "min-items", "array", floor=True),
    *limits("minProperties", "min-properties", "object", floor=True),
    (
        typed("number", maximum=5),
        typed("number", maximum=5, exclusiveMaximum=True),
        ["max-decreased BI"],
        ["max-increased IB"],
    ),
    (typed("number", minimum=5), typed("number", exclusiveMinimum=5), ["min-increased BI"], ["min-decreased IB"]),
    (STRING, text(pattern="a+"), ["pattern-added BI"], ["pattern-removed II"]),
    (text(pattern="a+"), text(pattern="b+"), ["pattern-changed WI"], ["pattern-changed WI"]),
    (NUMBER, typed("number", multipleOf=0.1), ["multiple-of-set BI"], ["multiple-of-unset IB"]),
    (
        typed("number", multipleOf=0.1),
        typed("number", multipleOf=0.5),
        ["multiple-of-specialized BI"],
        ["multiple-of-generalized IB"],
    ),
    (
        typed("integer", multipleOf=2),
        typed("integer", multipleOf=3),
        ["multiple-of-changed BB"],
        ["multiple-of-changed BB"],
    ),
    (typed("array"), typed("array", uniqueItems=True), ["unique-items-set BI"], ["unique-items-unset IB"]),
    (
        OBJECT,
        OBJECT | {"additionalProperties": False},
        ["additional-properties-disallowed BI"],
        ["additional-properties-allowed IW"],
    ),
    (PETS, {"oneOf": [CAT, DOG, STRING]}, ["one-of-added IW"], ["one-of-removed BI"]),
    ({"oneOf": [CAT]}, PETS, ["one-of-added IW"], ["one-of-removed BI"]),
    (OBJECT | {"anyOf": [CAT]}, OBJECT | ANY_PETS, ["any-of-added IW"], ["any-of-removed BI"]),
    (ANY_PETS, {"anyOf": [CAT, DOG, STRING]}, ["any-of-added IW"], ["any-of-removed BI"]),
    (
        STRING,
        {"oneOf": [STRING, typed("boolean")]},
        ["one-of-generalized I-", "one-of-introduced -B"],
        ["one-of-removed BI"],
    ),
    (
        STRING,
        {"anyOf": [STRING, typed("boolean")]},
        ["any-of-generalized I-", "any-of-introduced -B"],
        ["any-of-removed BI"],
    ),
    (
        typed("object"),
        {"oneOf": [STRICT_CAT, STRICT_DOG]},
        ["one-of-introduced B-", "one-of-specialized -I"],
        ["one-of-dissolved IB"],
    ),
    (
        typed("object"),
        {"anyOf": [STRICT_CAT, STRICT_DOG]},
        ["any-of-introduced B-", "any-of-specialized -I"],
        ["any-of-dissolved IB"],
    ),
    (
        {"anyOf": [INTEGER, NUMBER, STRING]},
        {"anyOf": [NUMBER, STRING]},
        ["alternatives-covered I-", "any-of-removed -I"],
        ["alternatives-covered -I", "any-of-added I-"],
    ),
    (
        {"oneOf": [text(enum=["a"], maxLength=2), text(enum=["b"], maxLength=2)]},
        text(enum=["a", "b"], maxLength=2),
        ["one-of-dissolved I-", "alternatives-merged -I"],
        ["one-of-introduced B-", "one-of-specialized -I"],
    ),
    (PETS, ANY_PETS, ["one-of-became-any-of IW"], ["any-of-became-one-of BI"]),
    *(
        ({"oneOf": pair}, {"anyOf": pair}, *[["alternatives-kind-changed II"]] * 2)
        for pair in (
            [STRING, INTEGER],
            [text(enum=["a"], maxLength=2), text(enum=["b"], maxLength=2)],
            [STRICT_CAT, STRICT_DOG],
            [
                typed("object", properties={"kind": text(enum=[name])}, required=["kind"], title=name)
                for name in ("Cat", "Dog")
            ],
        )
    ),
    *(
        ({"oneOf": pair}, {"anyOf": pair}, ["one-of-became-any-of IW"], ["any-of-became-one-of BI"])
        for pair in (
            [INTEGER, NUMBER | {"title": "N"}],
            [{"title": "A"}, {"title": "B", "maxLength": 9}],
            [typed("object", properties={"kind": STRING}, required=["kind"], title=name) for name in ("Cat", "Dog")],
        )
    ),
    (
        pet(propertyName="kind"),
        ANY_PETS | {"discriminator": {"propertyName": "kind"}},
        *[["alternatives-kind-changed II"]] * 2,
    ),
    (PETS, pet(propertyName="kind"), ["discriminator-added II"], ["discriminator-removed WW"]),
    (
        pet(propertyName="kind"),
        pet(propertyName="k"),
        ["discriminator-property-changed WW"],
        ["discriminator-property-changed WW"],
    ),
    (
        pet(propertyName="kind"),
        pet(propertyName="kind", mapping={"c": "Cat"}),
        ["discriminator-mapping-added II"],
        ["discriminator-mapping-removed WW"],
    ),
    (
        pet(propertyName="kind", mapping={"c": "Cat"}),
        pet(propertyName="kind", mapping={"c": "Dog"}),
        ["discriminator-mapping-changed WW"],
        ["discriminator-mapping-changed WW"],
    ),
    ({"enum": ["a"]}, False, ["became-impossible BI"], ["became-possible IW"]),
    (
        typed("object", dependentRequired={"a": ["b"]}),
        typed("object", dependentRequired={"a": ["b", "c"]}),
        ["dependent-required-added BI"],
        ["dependent-required-removed IB"],
    ),
    (
        text(contentEncoding="base16"),
        text(contentEncoding="base64"),
        ["content-encoding-changed BB"],
        ["content-encoding-changed BB"],
    ),
    (
        text(contentMediaType="text/csv"),
        text(contentMediaType="text/html"),
        ["content-media-type-changed WW"],
        ["content-media-type-changed WW"],
    ),
    (text(), text(readOnly=True), ["access-changed II"], ["access-changed II"]),
    (text(), text(writeOnly=True), ["access-changed II"], ["access-changed II"]),
    *(
        row
        for name, kind, one, two in (
            ("condition", "object", {"if": {}, "then": {"required": ["a"]}}, {"if": {}, "then": {"required": ["b"]}}),
            ("condition", "object", {"else": {"required": ["a"]}}, {"else": {"required": ["b"]}}),
            ("contains", "array", {"contains": STRING}, {"contains": INTEGER}),
            ("dependent-schemas", "object", {"dependentSchemas": {"a": OBJECT}}, {"dependentSchemas": {"a": {}}}),
            ("unevaluated-items", "array", {"unevaluatedItems": STRING}, {"unevaluatedItems": INTEGER}),
        )
        for row in (
            (typed(kind), typed(kind) | one, [f"{name}-added BI"], [f"{name}-removed IW"]),
            (typed(kind) | one, typed(kind) | two, [f"{name}-changed WW"], [f"{name}-changed WW"]),
        )
    ),
    (
        typed("object"),
        typed("object", patternProperties={"^a": STRING}),
        ["pattern-properties-added BI"],
        ["pattern-properties-removed IB"],
    ),
    (
        OBJECT | {"additionalProperties": False},
        OBJECT | {"additionalProperties": False, "patternProperties": {"^b": STRING}},
        ["pattern-properties-allowed IW"],
        ["pattern-properties-disallowed BI"],
    ),
    (STRING, text(**{"not": {"enum": ["a"]}}), ["not-added BI"], ["not-removed IW"]),
    (text(**{"not": {"enum": ["a"]}}), text(**{"not": {"enum": ["b"]}}), ["not-changed WW"], ["not-changed WW"]),
    (STRING, text(default="a"), ["default-value-added II"], ["default-value-removed II"]),
    (text(default="a"), text(default="b"), ["default-value-changed II"], ["default-value-changed II"]),
    (STRING, text(deprecated=True), ["schema-deprecated II"], ["schema-reactivated II"]),
]
TEXTS = [("title", "title-changed"), ("description", "description-changed"), ("example", "example-changed")]
TEXTS += [("examples", "example-changed"), ("externalDocs", "external-docs-changed")]


def document(place: str, schema: Schema, **root: Any) -> Document:
    """A document that has the schema at one kind of place."""
    inner = {"type": "object", "properties": {"deep": {"type": "array", "items": schema}}}
    body = {"content": {"application/json": {"schema": schema if place.endswith("body") else inner}}}
    operation: dict[str, Any] = {"responses": {"200": {"description": ""}}}
    if place == "request-parameter":
        operation["parameters"] = [{"in": "query", "name": "q", "content": {"application/json": {"schema": schema}}}]
    elif place.startswith("request"):
        operation["requestBody"] = body
    elif place == "response-header":
        operation["responses"]["200"]["headers"] = {"X": {"content": {"application/json": {"schema": schema}}}}
    else:
        operation["responses"]["200"] |= body
    return Document("x", {"openapi": "3.0.3", "paths": {"/x": {"post": operation}}} | root)


def found(place: str, old: Schema, new: Schema, **root: Any) -> list[str]:
    changes = spec.compare(document(place, old, **root), document(place, new, **root), TODAY)
    return sorted(f"{change.id} {change.level}" for change in changes)


def expected(place: str, rows: list[str]) -> list[str]:
    result = []
    for row in rows:
        name, levels = row.split()
        level = levels[place in RESPONSE_PLACES]
        if place == "request-parameter" and name.startswith("default-value"):
            level = "B"
        if level != "-":
            result.append(f"{place}-{name} {LEVELS[level]}")
    return sorted(result)


@pytest.mark.parametrize("place", [*REQUEST_PLACES, *RESPONSE_PLACES])
@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row[2][0].split()[0]}" for n, row in enumerate(ROWS)])
def test_each_change_of_a_schema_has_its_level_both_ways(place: str, row: Any) -> None:
    old, new, there, back = row
    assert found(place, old, new) == expected(place, there)
    assert found(place, new, old) == expected(place, back)
    assert found(place, old, old) == found(place, new, new) == []


@pytest.mark.parametrize(("keyword", "rule"), TEXTS)
@pytest.mark.parametrize("place", [*REQUEST_PLACES, *RESPONSE_PLACES])
def test_texts_are_only_info(place: str, keyword: str, rule: str) -> None:
    assert (
        found(place, STRING, text(**{keyword: "x"})) == found(place, text(**{keyword: "x"}), STRING) == [f"{rule} info"]
    )


def test_every_row_of_the_catalogue_is_tried_here() -> None:
    tried = {entry.split()[0] for row in ROWS for entry in (*row[2], *row[3])}
    # Those by discriminator need components: test_contract_inheritance.
    assert tried == {facet.name for facet in FACETS} - {"subtype-added", "subtype-removed"}


# Properties

A, PLAIN = {"a": STRING}, {"type": "object", "properties": {}}
CLOSED = PLAIN | {"additionalProperties": False}
PROPERTIES: list[tuple[str, Schema, Schema, list[str], list[str]]] = [
    ("request", PLAIN, {"properties": A}, ["new-optional-request-property info"], ["request-property-removed warning"]),
    (
        "request",
        PLAIN,
        {"properties": A, "required": ["a"]},
        ["new-required-request-property breaking"],
        ["request-property-removed warning"],
    ),
    (
        "request",
        PLAIN,
        {"required": ["a"]},
        ["new-required-request-property breaking"],
        ["request-property-removed warning"],
    ),
    (
        "request",
        PLAIN,
        {"properties": {"a": text(default="x")}, "required": ["a"]},
        ["new-required-request-property-with-default info"],
        ["request-property-removed warning"],
    ),
    (
        "request",
        CLOSED,
        CLOSED | {"properties": A},
        ["new-optional-request-property info"],
        ["request-property-no-longer-allowed breaking"],
    ),
    (
        "request",
        {"properties": A},
        {"properties": A, "required": ["a"]},
        ["request-property-became-required breaking"],
        ["request-property-became-optional info"],
    ),
    (
        "request",
        {"properties": {"a": text(default="x")}},
        {"properties": {"a": text(default="x")}, "required": ["a"]},
        ["request-property-became-required-with-default info"],
        ["request-property-became-optional info"],
    ),
    (
        "request",
        {"properties": A},
        {"properties": {"a": text(readOnly=True)}},
        ["request-property-became-read-only warning"],
        ["request-optional-property-became-not-read-only info"],
    ),
    (
        "request",
        {"properties": A, "required": ["a"]},
        {"properties": {"a": text(readOnly=True)}, "required": ["a"]},
        ["request-property-became-read-only warning"],
        ["request-required-property-became-not-read-only breaking"],
    ),
    ("request", PLAIN, {"properties": {"a": text(readOnly=True)}, "required": ["a"]}, [], []),
    (
        "request",
        {"properties": {"a": text(readOnly=True)}},
        {"properties": {"a": INTEGER | {"readOnly": True}}},
        [],
        [],
    ),
    (
        "response",
        PLAIN,
        {"properties": A},
        ["response-optional-property-added info"],
        ["response-optional-property-removed warning"],
    ),
    (
        "response",
        PLAIN,
        {"properties": A, "required": ["a"]},
        ["response-required-property-added info"],
        ["response-required-property-removed breaking"],
    ),
    (
        "response",
        {"properties": A},
        {"properties": A, "required": ["a"]},
        ["response-property-became-required info"],
        ["response-property-became-optional breaking"],
    ),
    (
        "response",
        {"properties": A},
        {"properties": {"a": text(writeOnly=True)}},
        ["response-optional-property-became-write-only warning"],
        ["response-property-became-not-write-only info"],
    ),
    (
        "response",
        {"properties": A, "required": ["a"]},
        {"properties": {"a": text(writeOnly=True)}, "required": ["a"]},
        ["response-required-property-became-write-only breaking"],
        ["response-property-became-not-write-only info"],
    ),
    ("response", PLAIN, {"properties": {"a": text(writeOnly=True)}}, [], []),
    (
        "response",
        {"properties": A},
        {"properties": {"a": text(readOnly=True)}},
        *[["response-property-access-changed info"]] * 2,
    ),
    (
        "request",
        {"properties": A},
        {"properties": {"a": text(writeOnly=True)}},
        *[["request-property-access-changed info"]] * 2,
    ),
]


@pytest.mark.parametrize(
    "row", PROPERTIES, ids=[f"{n}-{(*row[3], 'nothing')[0].split()[0]}" for n, row in enumerate(PROPERTIES)]
)
def test_each_change_of_a_property_has_its_level_both_ways(row: Any) -> None:
    direction, old, new, there, back = row
    old, new = ({"type": "object"} | side for side in (old, new))
    for place in (f"{direction}-body", f"{direction}-property"):
        assert found(place, old, new) == there
        assert found(place, new, old) == back


def test_every_rule_for_properties_is_tried_here() -> None:
    from contract import properties

    tried = {entry.split()[0] for row in PROPERTIES for entry in (*row[3], *row[4])}
    tried = {name for name in tried if not name.endswith("-access-changed")}
    rules = {*properties._IN_REQUEST.values(), *properties._IN_RESPONSE.values(), "request-property-no-longer-allowed"}
    assert tried == rules


# What is the same in other words

REF = {"$ref": "#/components/schemas/A"}
COMPONENTS: Any = {
    "schemas": {
        "A": OBJECT,
        "Alias": REF,
        "B": {"type": "object", "required": ["a"]},
        "Both": {"allOf": [REF, {"$ref": "#/components/schemas/B"}]},
        "Cat": CAT,
        "Dog": DOG,
    }
}
CAT_REF, DOG_REF = ({"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog"))
SAME: list[tuple[str, Schema, Schema]] = [
    ("inlined", REF, OBJECT),
    ("through an alias", REF, {"$ref": "#/components/schemas/Alias"}),
    ("one-part allOf", REF, {"allOf": [REF]}),
    ("one-part oneOf", REF, {"oneOf": [REF]}),
    ("one-part anyOf", STRING, {"anyOf": [STRING]}),
    ("an alternative twice", STRING, {"anyOf": [STRING, STRING]}),
    ("split into an allOf", OBJECT | {"required": ["a"]}, {"$ref": "#/components/schemas/Both"}),
    (
        "split in two",
        {"type": "object", "properties": {"a": STRING, "b": STRING}, "required": ["a"]},
        {"allOf": [{"properties": {"a": STRING}}, {"type": "object", "properties": {"b": STRING}}], "required": ["a"]},
    ),
    ("limits split", text(maxLength=5), {"allOf": [text(maxLength=9), {"maxLength": 5}]}),
    ("enum split", text(enum=["a"]), {"allOf": [text(enum=["a", "b"]), {"enum": ["c", "a"]}]}),
    ("types split", INTEGER, {"allOf": [NUMBER, INTEGER]}),
    ("nullable said", STRING, text(nullable=False)),
    ("flags said", STRING, text(readOnly=False, writeOnly=False, deprecated=False)),
    ("additional properties said", OBJECT, OBJECT | {"additionalProperties": True}),
    ("any additional property", OBJECT, OBJECT | {"additionalProperties": {}}),
    ("least said", OBJECT, OBJECT | {"minProperties": 0, "required": []}),
    ("empty text said", STRING, text(minLength=0)),
    ("unique items said", typed("array"), typed("array", uniqueItems=False, minItems=0, items={})),
    ("inclusive said", typed("number", minimum=1), typed("number", minimum=1, exclusiveMinimum=False)),
    ("integer limits", typed("integer", minimum=1), typed("integer", minimum=0, exclusiveMinimum=True)),
    ("integer ceilings", typed("integer", maximum=9), typed("integer", exclusiveMaximum=10)),
    ("number's form", typed("number", maximum=1), typed("number", maximum=1.0)),
    ("number's form in an enum", typed("number", enum=[1]), typed("number", enum=[1.0])),
    ("a reference to nowhere", {"$ref": "#/nowhere"}, {"allOf": [{"$ref": "#/nowhere"}]}),
    ("steps of one", INTEGER, typed("integer", multipleOf=1)),
    ("any pattern", STRING, text(pattern=".*")),
    ("const", text(enum=["a"]), text(const="a")),
    ("type of an enum", text(enum=["a"]), {"enum": ["a"]}),
    ("type of an object", OBJECT, {"properties": {"a": STRING}}),
    ("type of an array", typed("array", items=STRING), {"items": STRING}),
    ("order of an enum", text(enum=["a", "b"]), text(enum=["b", "a"])),
    ("order of alternatives", {"oneOf": [CAT_REF, DOG_REF]}, {"oneOf": [DOG_REF, CAT_REF]}),
    ("inlined alternatives", {"oneOf": [CAT_REF, DOG_REF]}, {"oneOf": [DOG, CAT]}),
    ("untitled alternatives", {"oneOf": [STRING, INTEGER]}, {"oneOf": [INTEGER, STRING]}),
    ("null as an alternative", text(nullable=True), {"oneOf": [STRING, {"type": "null"}]}),
    ("null as a constant", text(nullable=True), {"oneOf": [STRING, {"const": None}]}),
    ("null in an enum", text(enum=["a", None], nullable=True), text(enum=["a"], nullable=True)),
    ("null as a type", text(nullable=True), {"type": ["null", "string"]}),
    ("null through allOf", text(nullable=True), {"allOf": [text(nullable=True)]}),
    (
        "a mapping to its own name",
        pet(propertyName="k"),
        pet(propertyName="k", mapping={"Cat": "#/components/schemas/Cat"}),
    ),
    ("both values", typed("boolean"), typed("boolean", enum=[False, True])),
    ("bytes", text(format="byte"), text(contentEncoding="base64")),
    ("raw bytes", text(format="binary"), text(contentMediaType="application/octet-stream")),
    (
        "an enum as alternatives",
        text(enum=["a", "b"]),
        text(oneOf=[text(const="a", title="A"), {"enum": ["b"], "description": "B"}]),
    ),
    ("no alternatives", STRING, text(oneOf=[], anyOf="x")),
    ("an enum said twice", text(enum=["a", "b"]), text(enum=["a", "b"], anyOf=[{"const": "a"}, {"const": "b"}])),
    ("no default said", STRING, text(default=None)),
    ("extension", STRING, text(x_note="hello")),
]


@pytest.mark.parametrize("place", [*REQUEST_PLACES, *RESPONSE_PLACES])
@pytest.mark.parametrize(("old", "new"), [pytest.param(old, new, id=name) for name, old, new in SAME])
def test_the_same_in_other_words_is_no_change(place: str, old: Schema, new: Schema) -> None:
    assert found(place, old, new, components=COMPONENTS) == found(place, new, old, components=COMPONENTS) == []


# Depth


def paths(place: str, before: Schema, after: Schema, /, **root: Any) -> list[str]:
    one, two = (
        document(place, before, components=root.get("old", {})),
        document(place, after, components=root.get("new", {})),
    )
    return [f"{change.path} {change.id} {change.level}" for change in spec.compare(one, two, TODAY)]


def test_a_change_deep_inside_is_found_where_a_consumer_meets_it() -> None:
    def deep(leaf: Schema) -> Schema:
        inner = {"type": "object", "additionalProperties": {"anyOf": [STRING, typed("array", items=leaf)]}}
        return {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}

    assert paths("request-body", deep(text(enum=["a", "b"])), deep(text(enum=["a"]))) == [
        "POST /x request body application/json a[].*(#2)[] request-property-enum-value-removed breaking"
    ]


def tree(value: Schema) -> Any:
    node = {
        "type": "object",
        "properties": {"value": value, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
    }
    return {"schemas": {"Node": node}}


def test_a_recursive_schema_is_compared_once() -> None:
    ref = {"$ref": "#/components/schemas/Node"}
    assert paths("response-body", ref, ref, old=tree(STRING), new=tree(INTEGER)) == [
        "POST /x response 200 application/json value response-property-type-changed breaking"
    ]


def test_a_schema_that_is_met_twice_is_reported_once() -> None:
    both = {
        "type": "object",
        "properties": {"to": {"$ref": "#/components/schemas/A"}, "by": {"$ref": "#/components/schemas/A"}},
    }
    old, new = ({"schemas": {"A": {"type": "object", "properties": {"zip": side}}}} for side in (STRING, INTEGER))
    assert [line.split()[-3] for line in paths("request-body", both, both, old=old, new=new)] == ["by.zip"]


def test_schemas_that_all_refer_to_each_other_are_compared_in_time() -> None:
    names = [f"S{number}" for number in range(40)]

    def web(leaf: Schema) -> Any:
        properties = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
        return {"schemas": {name: {"type": "object", "properties": properties | {"leaf": {**leaf}}} for name in names}}

    ref = {"$ref": "#/components/schemas/S0"}
    lines = paths("request-body", ref, ref, old=web(STRING), new=web(INTEGER))
    assert "POST /x request body application/json S39.leaf request-property-type-changed breaking" in lines
    assert len(lines) == 40


def test_the_places_of_a_tuple_are_compared_one_by_one() -> None:
    def listed(*firsts: Schema, rest: Any = None) -> Schema:
        return {"type": "array", "prefixItems": [*firsts]} | ({} if rest is None else {"items": rest})

    def lines(one: Schema, two: Schema) -> list[str]:
        return [line.partition("json ")[2] for line in paths("response-body", one, two)]

    changed = "response-property-type-changed breaking"
    assert lines(listed(STRING, STRING), listed(STRING, INTEGER)) == [f"[1] {changed}"]
    assert lines(listed(STRING, rest=STRING), listed(STRING, INTEGER, rest=STRING)) == [f"[1] {changed}"]
    assert lines(listed(STRING, rest=STRING), listed(STRING, rest=INTEGER)) == [f"[] {changed}"]
    assert lines(listed(STRING, rest=False), listed(STRING, STRING, rest=False)) == [
        "[1] response-property-became-possible warning"
    ]


def test_names_and_patterns_of_properties_are_compared() -> None:
    def named(pattern: Schema, name: Schema) -> Schema:
        return {"type": "object", "patternProperties": {"^x": pattern}, "propertyNames": name}

    lines = paths("request-body", named(STRING, text(maxLength=9)), named(INTEGER, text(maxLength=5)))
    assert [line.partition("json ")[2] for line in lines] == [
        "(name) request-property-max-length-decreased breaking",
        "/^x/ request-property-type-changed breaking",
    ]


def test_what_a_condition_refers_to_counts() -> None:
    ref = {"type": "array", "contains": {"$ref": "#/components/schemas/A"}}
    old, new = ({"schemas": {"A": side}} for side in (STRING, INTEGER))
    assert paths("request-body", ref, ref, old=old, new=new)[0].split()[-2:] == [
        "request-body-contains-changed",
        "warning",
    ]


def test_an_alternative_that_changed_is_compared_with_itself() -> None:
    one, two = ({"oneOf": [INTEGER, text(maxLength=length)]} for length in (9, 5))
    assert paths("request-body", one, two) == [
        "POST /x request body application/json (#2) request-property-max-length-decreased breaking"
    ]


def test_an_object_that_gets_alternatives_is_still_compared() -> None:
    choice = OBJECT | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    base = OBJECT | {"properties": {"a": INTEGER}}
    lines = paths("request-body", base, choice)
    assert [line.split()[-2] for line in lines] == ["request-body-one-of-introduced", "request-property-type-changed"]


def test_an_object_that_loses_its_alternatives_is_still_compared() -> None:
    choice = OBJECT | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert {line.split()[-2] for line in paths("request-body", choice, OBJECT | {"description": "x"})} == {
        "description-changed",
        "request-body-one-of-dissolved",
    }
    assert paths("response-body", choice, OBJECT)[0].split()[-2:] == ["response-body-one-of-dissolved", "breaking"]


def test_a_renamed_schema_is_a_warning_and_nothing_else() -> None:
    def named(name: str) -> Any:
        return {
            "schemas": {
                name: OBJECT,
                "Holder": {"type": "object", "properties": {"x": {"$ref": f"#/components/schemas/{name}"}}},
            }
        }

    ref = {"$ref": "#/components/schemas/Holder"}
    assert paths("response-body", ref, ref, old=named("Old"), new=named("New")) == ["schema Old schema-renamed warning"]


def test_a_renamed_alternative_is_only_renamed() -> None:
    def pets(name: str) -> tuple[Schema, Any]:
        return {"oneOf": [DOG_REF, {"$ref": f"#/components/schemas/{name}"}]}, {"schemas": {"Dog": DOG, name: OBJECT}}

    (old, schemas_old), (new, schemas_new) = pets("Old"), pets("New")
    assert paths("response-body", old, new, old=schemas_old, new=schemas_new) == ["schema Old schema-renamed warning"]


def test_text_in_parameters_and_forms_says_what_a_number_does() -> None:
    def form(kind: str, schema: Schema) -> Document:
        body = {"content": {kind: {"schema": {"type": "object", "properties": {"a": schema}}}}}
        return Document("x", {"paths": {"/x": {"post": {"requestBody": body}}}})

    for kind, level in (("application/x-www-form-urlencoded", "info"), ("application/json", "breaking")):
        assert [c.level for c in spec.compare(form(kind, INTEGER), form(kind, STRING), TODAY)] == [level]
        assert [c.level for c in spec.compare(form(kind, STRING), form(kind, INTEGER), TODAY)] == ["breaking"]
    assert [c.id for c in spec.compare(form("text/plain", typed("array")), form("text/plain", STRING), TODAY)] == [
        "request-property-type-changed"
    ]


def form(kind: str, schema: Schema, encoding: Any = None) -> Document:
    media = {"schema": {"type": "object", "properties": {"a": schema}}} | (
        {"encoding": {"a": encoding}} if encoding else {}
    )
    return Document("x", {"paths": {"/x": {"post": {"requestBody": {"content": {kind: media}}}}}})


MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


def test_a_part_that_is_json_is_judged_as_json() -> None:
    def levels(schema: Any, kind: str = MULTIPART, encoding: Any = None) -> list[str]:
        sides = (form(kind, schema(side), encoding) for side in (INTEGER, STRING))
        return [str(change.level) for change in spec.compare(*sides, TODAY)]

    def inner(side: Schema) -> Schema:
        return {"type": "object", "properties": {"n": side}}

    assert levels(inner) == levels(lambda side: {"type": "array", "items": inner(side)}) == ["breaking"]
    nest = {"components": {"schemas": {"Nest": {"type": "array", "items": {"$ref": "#/components/schemas/Nest"}}}}}
    circle = [form(MULTIPART, {"$ref": "#/components/schemas/Nest", "x": side}) for side in "ab"]
    for side in circle:
        side.tree.update(nest)
    assert spec.compare(*circle, TODAY) == ()
    assert levels(inner, URLENCODED) == ["info"]
    assert levels(lambda side: side) == levels(lambda side: {"type": "array", "items": side}) == ["info"]
    assert levels(lambda side: side, encoding={"contentType": "application/json"}) == ["breaking"]
    assert levels(inner, encoding={"contentType": "text/plain"}) == ["info"]
    assert levels(inner, URLENCODED, {"contentType": "application/problem+json"}) == ["breaking"]


def test_a_field_of_a_form_may_become_a_list() -> None:
    def ids(kind: str, encoding: Any = None) -> list[str]:
        sides = (form(kind, side, encoding) for side in (STRING, typed("array", items=STRING)))
        return [change.id for change in spec.compare(*sides, TODAY)]

    assert ids(URLENCODED) == ids(MULTIPART) == ids(URLENCODED, {"style": "form"}) == ["request-value-became-list"]
    changed = ["request-property-type-changed"]
    assert (
        ids(JSON_KIND) == ids(URLENCODED, {"explode": False}) == ids(URLENCODED, {"style": "spaceDelimited"}) == changed
    )


def test_a_property_that_a_map_allowed_before_is_compared_with_its_schema() -> None:
    def mapped(**more: Any) -> Schema:
        return {"type": "object", "additionalProperties": STRING} | more

    for place, added, gone in (
        ("request-body", "new-optional-request-property info", "request-property-removed warning"),
        ("response-body", "response-optional-property-added info", "response-optional-property-removed warning"),
    ):
        changed = f"{place.partition('-')[0]}-property-type-changed breaking"
        assert found(place, mapped(), mapped(properties={"x": STRING})) == [added]
        assert found(place, mapped(), mapped(properties={"x": INTEGER})) == sorted([added, changed])
        assert found(place, mapped(properties={"x": INTEGER}), mapped()) == sorted([gone, changed])
        patterns = {"^x": INTEGER, "(": STRING}
        assert found(
            place, mapped(patternProperties=patterns), mapped(patternProperties=patterns, properties={"x": STRING})
        ) == sorted([added, changed])


def test_the_texts_of_values_are_told() -> None:
    def chosen(description: str) -> Schema:
        return {"oneOf": [{"const": "a", "description": description}, {"const": "b"}]}

    assert found("request-body", chosen("a"), chosen("b")) == ["description-changed info"]


def test_an_answer_that_came_as_anything_may_come_as_what_it_was() -> None:
    def answer(kind: str, schema: Schema) -> Document:
        return Document(
            "x", {"paths": {"/x": {"get": {"responses": {"200": {"content": {kind: {"schema": schema}}}}}}}}
        )

    added = "response-media-type-added"
    for kind in ("*/*", "application/*"):
        (change,) = spec.compare(answer(kind, OBJECT), answer(JSON_KIND, OBJECT), TODAY)
        assert (change.id, change.path) == (added, "GET /x response 200 application/json")
        found = spec.compare(answer(kind, STRING), answer(JSON_KIND, INTEGER), TODAY)
        assert [c.id for c in found] == ["response-body-type-changed", added]
    wider = spec.compare(answer(JSON_KIND, OBJECT), answer("*/*", OBJECT), TODAY)
    assert [c.id for c in wider] == ["response-media-type-removed", added]


def test_types_that_are_one_as_bare_text_are_no_change() -> None:
    def header(schema: Schema) -> Document:
        return Document(
            "x", {"paths": {"/x": {"post": {"responses": {"200": {"headers": {"X": {"schema": schema}}}}}}}}
        )

    assert spec.compare(header(STRING), header({"type": ["string", "boolean"]}), TODAY) == ()


def test_what_stands_beside_a_reference_counts_from_openapi_3_1_on() -> None:
    ref = {"$ref": "#/components/schemas/A", "nullable": True}
    for version, expected_changes in (("3.0.3", []), ("3.1.0", ["request-property-became-not-nullable breaking"])):
        one, two = (document("request-property", side, openapi=version, components=COMPONENTS) for side in (ref, REF))
        assert [f"{change.id} {change.level}" for change in spec.compare(one, two, TODAY)] == expected_changes


def heirs(leaf: Schema, *more: str) -> Any:
    """Schemas that say again what they inherit, each with another of the same kind, in circles."""
    schemas: Any = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/A"}}}}
    for name in "ABC":
        parts = [{"$ref": f"#/components/schemas/{base}"} for base in ("Node", *more)]
        own = {"properties": {"next": {"$ref": "#/components/schemas/C"}, "leaf": {**leaf}}}
        schemas[name] = {"allOf": [*parts, own]}
    return {"schemas": schemas}


def test_what_several_schemas_say_together_is_compared_schema_by_schema() -> None:
    ref = {"$ref": "#/components/schemas/A"}
    lines = paths("request-body", ref, ref, old=heirs(STRING), new=heirs(INTEGER))
    assert lines == [
        *(
            f"POST /x request body application/json {place} request-property-type-changed breaking"
            for place in ("leaf", "next.leaf")
        ),
        "schema B unused-schema-changed info",
    ]


def test_what_is_too_entangled_to_be_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = {"$ref": "#/components/schemas/A"}
    more = {"More": {"properties": {"next": {"$ref": "#/components/schemas/B"}}}}
    new = {"schemas": heirs(STRING, "More")["schemas"] | more}
    assert not [line for line in paths("request-body", ref, ref, old=heirs(STRING), new=new) if "entangled" in line]
    monkeypatch.setattr(graph, "MOST_COMBINED", 0)
    assert "POST /x request body application/json next schemas-too-entangled warning" in paths(
        "request-body", ref, ref, old=heirs(STRING), new=new
    )


def test_trying_whether_one_schema_stands_for_another_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = {"anyOf": [INTEGER, NUMBER, STRING]}, {"anyOf": [NUMBER, STRING]}
    monkeypatch.setattr(graph, "MOST_TRIED", 0)
    assert paths("request-body", one, two)[0].split()[-2:] == ["request-body-any-of-removed", "breaking"]
