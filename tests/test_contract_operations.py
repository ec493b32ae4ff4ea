"""Each rule for operations, parameters, bodies, answers and the contract as a whole, forwards and backwards."""

import datetime as dt
from typing import Any

import pytest

from contract import spec
from contract.changes import Change
from contract.documents import Document
from contract.facets import FACETS
from contract.properties import _IN_REQUEST, _IN_RESPONSE
from contract.rules import RULES, Level

TODAY = dt.date(2030, 1, 1)
JSON = "application/json"
STRING, INTEGER, ARRAY = {"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}
BOOLEAN = {"type": "boolean"}
BEARER = {"type": "http", "scheme": "bearer"}
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a/token", "scopes": {"r": "read"}}}}


def doc(**root: Any) -> Document:
    return Document("x", {"openapi": "3.0.3"} | root)


def compare(old: Document, new: Document) -> tuple[Change, ...]:
    return spec.compare(old, new, TODAY)


def ids(old: Document, new: Document) -> list[str]:
    return [f"{change.id} {change.level}" for change in compare(old, new)]


def op(operation: Any, **root: Any) -> Document:
    return doc(paths={"/x": {"post": operation}}, **root)


def param(**keywords: Any) -> Document:
    return op({"parameters": [{"in": "query", "name": "q", "schema": STRING} | keywords]})


def params(*found: Any) -> Document:
    return op({"parameters": list(found)})


def path_param(**keywords: Any) -> Document:
    return doc(paths={"/x/{id}": {"get": {"parameters": [{"in": "path", "name": "id", "required": True} | keywords]}}})


def renamed_param(name: str = "key") -> Document:
    return doc(paths={"/x/{key}": {"get": {"parameters": [{"in": "path", "name": name, "required": True}]}}})


def body(**keywords: Any) -> Document:
    return op({"requestBody": {"content": {JSON: {}}} | keywords})


def answers(**found: Any) -> Document:
    return op({"responses": {name.removeprefix("_"): {"description": ""} | value for name, value in found.items()}})


def headers(**found: Any) -> Document:
    return answers(_200={"headers": found})


def secured(*ways: Any, **schemes: Any) -> Document:
    return op({"security": list(ways)}, components={"securitySchemes": schemes})


def hooks(**found: Any) -> Document:
    return doc(webhooks={name: {"post": operation} for name, operation in found.items()})


def hook(schema: Any, **keywords: Any) -> Document:
    return hooks(called={"requestBody": {"content": {JSON: {"schema": schema}}} | keywords})


def sunset(day: str | None, **keywords: Any) -> Any:
    return {"deprecated": True} | ({"x-sunset": day} if day else {}) | keywords


GONE = doc(paths={})
ROWS: list[tuple[Document, Document, list[str], list[str]]] = [
    (GONE, op({}), ["endpoint-added info"], ["api-removed-without-deprecation breaking"]),
    (GONE, op(sunset(None)), ["endpoint-added info"], ["api-removed-with-deprecation warning"]),
    (GONE, op(sunset("2029-12-31")), ["endpoint-added info"], ["api-removed-with-deprecation warning"]),
    (GONE, op(sunset("2030-01-02T00:00:00Z")), ["endpoint-added info"], ["api-removed-before-sunset breaking"]),
    (GONE, op(sunset("soon")), ["endpoint-added info"], ["api-sunset-parse breaking"]),
    (GONE, op({"x-stability-level": "alpha"}), ["endpoint-added info"], ["api-removed-without-deprecation info"]),
    (
        doc(paths={"/a": {"get": {"operationId": "o"}}}),
        doc(paths={"/b": {"get": {"operationId": "o"}}}),
        ["api-moved breaking"],
        ["api-moved breaking"],
    ),
    (op({}), op(sunset(None)), ["api-deprecated info"], ["api-reactivated info"]),
    (op({}), op(sunset("2031-01-01")), ["api-deprecated info"], ["api-reactivated info"]),
    (
        op({}),
        op(sunset("2029-01-01")),
        ["api-sunset-date-too-small breaking", "api-deprecated info"],
        ["api-reactivated info"],
    ),
    (op({}), op(sunset("soon")), ["api-sunset-parse breaking", "api-deprecated info"], ["api-reactivated info"]),
    (op(sunset(None)), op(sunset("2031-01-01")), [], ["api-sunset-deleted breaking"]),
    (op(sunset("2031-01-01")), op(sunset("2029-01-01")), ["api-sunset-date-changed-too-small breaking"], []),
    (op({}), op({"x-stability-level": "beta"}), [], ["api-stability-decreased breaking"]),
    (
        op({"x-stability-level": "beta"}),
        op({"x-stability-level": "great"}),
        ["api-invalid-stability-level breaking"],
        [],
    ),
    (
        op({"x-stability-level": "alpha"}),
        op({"x-stability-level": "alpha", "parameters": [{"in": "query", "name": "q", "required": True}]}),
        ["new-required-request-parameter info"],
        ["request-parameter-removed info"],
    ),
    (
        op({"operationId": "a"}),
        op({"operationId": "b"}),
        ["api-operation-id-changed warning"],
        ["api-operation-id-changed warning"],
    ),
    (op({"tags": ["a"]}), op({"tags": ["a", "b"]}), ["api-tag-added info"], ["api-tag-removed warning"]),
    (op({}), op({"callbacks": {"c": {}}}), ["api-callbacks-changed warning"], ["api-callbacks-changed warning"]),
    (op({"summary": "a"}), op({"summary": "b"}), ["summary-changed info"], ["summary-changed info"]),
    (
        op({}, servers=[{"url": "https://a"}]),
        op({}, servers=[{"url": "https://a/"}, {"url": "https://b"}]),
        ["api-server-added info"],
        ["api-server-removed warning"],
    ),
    (
        op({}, servers=[{"url": "https://a"}]),
        op({"servers": [{"url": "https://a"}, {"url": "/"}]}, servers=[{"url": "https://a"}]),
        ["api-server-added info"],
        ["api-server-removed warning"],
    ),
    (
        op({}, servers=[{"url": "https://a/v1"}]),
        op({}, servers=[{"url": "https://{h}/v1", "variables": {"h": {"default": "a"}}, "description": "x"}]),
        ["description-changed info"],
        ["description-changed info"],
    ),
    (
        doc(info={"version": "1"}),
        doc(info={"version": "2"}),
        ["api-version-changed info"],
        ["api-version-changed info"],
    ),
    (doc(paths={}), doc(paths={}) and Document("x", {"openapi": "3.1.0"}), *[["openapi-version-changed info"]] * 2),
    (doc(info={"license": {"name": "a"}}), doc(), ["api-info-changed info"], ["api-info-changed info"]),
    (
        doc(info={"termsOfService": "a"}),
        doc(info={"termsOfService": "b"}),
        ["terms-of-service-changed info"],
        ["terms-of-service-changed info"],
    ),
    (doc(tags=[{"name": "a"}]), doc(), ["api-tags-described info"], ["api-tags-described info"]),
    (doc(), doc(components={"schemas": {"A": {}}}), ["unused-schema-added info"], ["unused-schema-removed info"]),
    (
        op({}, components={"schemas": {"A": STRING, "B": {"$ref": "#/components/schemas/A"}}}),
        op({}, components={"schemas": {"A": INTEGER, "B": {"$ref": "#/components/schemas/A"}}}),
        *[["unused-schema-changed info", "unused-schema-changed info"]] * 2,
    ),
    (
        op({}),
        op({}, components={"securitySchemes": {"b": BEARER}, "x-note": {"a": 1}}),
        ["unused-component-added info"],
        ["unused-component-removed info"],
    ),
    (
        op({}, components={"responses": {"b": {"description": "a"}}}),
        op({}, components={"responses": {"b": {"description": "b"}}}),
        ["unused-component-changed info"],
        ["unused-component-changed info"],
    ),
    (
        answers(_200={"content": {"multipart/mixed": {}}}),
        answers(_200={"content": {"multipart/mixed": {"encoding": {"a": {"contentType": "text/csv"}}}}}),
        ["response-encoding-changed warning"],
        ["response-encoding-changed warning"],
    ),
    (
        secured({"o": ["r"]}, o=OAUTH),
        secured(
            {"o": ["r"]},
            o={"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a/token", "scopes": {}}}},
        ),
        ["api-security-scopes-changed info"],
        ["api-security-scopes-changed info"],
    ),
    (op({}), op({"callbacks": {}, "x": 1}), ["keyword-changed warning"], ["keyword-changed warning"]),
    (param(), param(schema=STRING | {"$comment": "a"}), ["comment-changed info"], ["comment-changed info"]),
    (param(), param(schema=STRING | {"$defs": {"a": {}}}), ["definitions-changed info"], ["definitions-changed info"]),
    (hooks(), hooks(called={}), ["webhook-added info"], ["webhook-removed breaking"]),
    (hooks(), hooks(called=sunset(None)), ["webhook-added info"], ["webhook-removed-with-deprecation warning"]),
    (hooks(called={}), hook(STRING), ["webhook-body-added info"], ["webhook-body-removed breaking"]),
    (
        hook(STRING),
        hook(STRING, required=True),
        ["webhook-body-became-required info"],
        ["webhook-body-became-optional breaking"],
    ),
    (
        hook(STRING | {"enum": ["a"]}),
        hook(STRING | {"enum": ["a", "b"]}),
        ["response-body-enum-value-added warning"],
        ["response-body-enum-value-removed info"],
    ),
    (hooks(called={}), hooks(called={"parameters": []}), ["keyword-changed warning"], ["keyword-changed warning"]),
    (
        hook(STRING),
        hooks(called={"requestBody": {"$ref": "#/nowhere"}}),
        ["unresolvable-reference warning"],
        ["unresolvable-reference warning"],
    ),
    (hooks(called={}), hooks(called=sunset(None)), ["api-deprecated info"], ["api-reactivated info"]),
    (
        params(),
        param(required=True),
        ["new-required-request-parameter breaking"],
        ["request-parameter-removed warning"],
    ),
    (params(), param(), ["new-optional-request-parameter info"], ["request-parameter-removed warning"]),
    (
        params(),
        param(**sunset("2031-01-01")),
        ["new-optional-request-parameter info"],
        ["request-parameter-removed-before-sunset breaking"],
    ),
    (
        doc(paths={"/x/{id}": {"get": {}}}),
        path_param(),
        ["request-path-parameter-declared info"],
        ["request-path-parameter-undeclared info"],
    ),
    (
        params(),
        params({"in": "path", "name": "id", "required": True}),
        ["new-request-path-parameter breaking"],
        ["request-parameter-removed warning"],
    ),
    (path_param(), renamed_param(), *[["request-path-parameter-renamed info"]] * 2),
    (renamed_param(name="id"), path_param(), *[["request-path-parameter-renamed info"]] * 2),
    (
        doc(paths={"/x/{id}": {"get": {}}}),
        doc(paths={"/x/{key}": {"get": {}}}),
        *[["request-path-parameter-renamed info"]] * 2,
    ),
    (
        doc(paths={"/x/{id}": {"get": {}}}),
        renamed_param(),
        ["request-path-parameter-declared info", "request-path-parameter-renamed info"],
        ["request-path-parameter-renamed info", "request-path-parameter-undeclared info"],
    ),
    (
        doc(paths={"/x": {"post": {}}}, servers=[{"url": "https://a/v1"}]),
        doc(paths={"/v1/x": {"post": {}}}, servers=[{"url": "https://a"}]),
        ["api-server-added info", "api-server-rewritten info"],
        ["api-server-added info", "api-server-rewritten info"],
    ),
    (
        doc(paths={"/x": {"post": {}}}, servers=[{"url": "https://a/v1"}]),
        doc(paths={"/v2/x": {"post": {}}}, servers=[{"url": "https://a"}]),
        [
            "api-removed-without-deprecation breaking",
            "api-server-removed warning",
            "api-server-added info",
            "endpoint-added info",
        ],
        [
            "api-removed-without-deprecation breaking",
            "api-server-removed warning",
            "api-server-added info",
            "endpoint-added info",
        ],
    ),
    (
        op({"servers": [{"url": "https://a/v1"}]}),
        doc(paths={"/v1/x": {"post": {"servers": [{"url": "https://a"}]}}}),
        ["api-server-added info", "api-server-rewritten info"],
        ["api-server-added info", "api-server-rewritten info"],
    ),
    (param(), param(schema=ARRAY), ["request-value-became-list info"], ["request-parameter-type-changed breaking"]),
    (
        param(schema={"type": ["string"]}),
        param(schema=ARRAY),
        ["request-value-became-list info"],
        ["request-parameter-type-changed breaking"],
    ),
    (
        param(explode=False),
        param(schema=ARRAY | {"items": INTEGER}),
        ["request-parameter-type-specialized breaking", "request-value-became-list info"],
        ["request-parameter-style-changed breaking", "request-parameter-type-changed breaking"],
    ),
    (
        param(),
        param(schema=ARRAY, explode=False),
        ["request-parameter-style-changed breaking", "request-parameter-type-changed breaking"],
        ["request-parameter-style-changed breaking", "request-parameter-type-changed breaking"],
    ),
    (
        param(),
        param(schema=ARRAY | {"minItems": 2}),
        ["request-parameter-type-changed breaking"],
        ["request-parameter-type-changed breaking"],
    ),
    (
        param(schema=BOOLEAN),
        param(schema=STRING | {"enum": ["true"]}),
        ["request-parameter-enum-value-removed breaking"],
        ["request-parameter-enum-value-added info"],
    ),
    (param(), param(**{"in": "header"}), ["request-parameter-moved breaking"], ["request-parameter-moved breaking"]),
    (
        param(),
        param(**{"in": "header", "required": True}),
        ["new-required-request-parameter breaking", "request-parameter-moved breaking"],
        ["request-parameter-moved breaking"],
    ),
    (
        param(),
        param(required=True),
        ["request-parameter-became-required breaking"],
        ["request-parameter-became-optional info"],
    ),
    (
        param(schema=ARRAY),
        param(schema=ARRAY, explode=False),
        ["request-parameter-style-changed breaking"],
        ["request-parameter-style-changed breaking"],
    ),
    (param(), param(explode=False), [], []),
    (
        param(),
        op({"parameters": [{"in": "query", "name": "q", "content": {JSON: {"schema": STRING}}}]}),
        ["request-parameter-content-changed breaking"],
        ["request-parameter-content-changed breaking"],
    ),
    (
        param(),
        param(allowEmptyValue=True),
        ["request-parameter-empty-value-allowed info"],
        ["request-parameter-empty-value-disallowed breaking"],
    ),
    (
        param(),
        param(allowReserved=True),
        ["request-parameter-reserved-changed warning"],
        ["request-parameter-reserved-changed warning"],
    ),
    (
        param(),
        param(schema=STRING | {"default": "a"}),
        ["request-parameter-default-value-added breaking"],
        ["request-parameter-default-value-removed breaking"],
    ),
    (param(required=True), param(required=True, schema=STRING | {"default": "a"}), [], []),
    (
        param(schema=INTEGER),
        param(),
        ["request-parameter-type-generalized info"],
        ["request-parameter-type-specialized breaking"],
    ),
    (param(), param(**sunset(None)), ["request-parameter-deprecated info"], ["request-parameter-reactivated info"]),
    (
        param(),
        param(**sunset("2029-01-01")),
        ["request-parameter-sunset-date-too-small breaking", "request-parameter-deprecated info"],
        ["request-parameter-reactivated info"],
    ),
    (
        param(),
        param(**sunset("soon")),
        ["request-parameter-sunset-parse breaking", "request-parameter-deprecated info"],
        ["request-parameter-reactivated info"],
    ),
    (param(**sunset(None)), param(**sunset("2031-01-01")), [], ["request-parameter-sunset-deleted breaking"]),
    (
        param(**sunset("2031-01-01")),
        param(**sunset("2029-01-01")),
        ["request-parameter-sunset-date-changed-too-small breaking"],
        [],
    ),
    (op({}), body(required=True), ["request-body-added-required breaking"], ["request-body-removed warning"]),
    (op({}), body(), ["request-body-added-optional info"], ["request-body-removed warning"]),
    (body(), body(required=True), ["request-body-became-required breaking"], ["request-body-became-optional info"]),
    (
        body(),
        body(content={JSON: {}, "text/csv": {}}),
        ["request-body-media-type-added info"],
        ["request-body-media-type-removed breaking"],
    ),
    (
        body(content={"text/csv": {}}),
        body(content={"text/*": {}}),
        ["request-body-media-type-added info"],
        ["request-body-media-type-removed breaking", "request-body-media-type-added info"],
    ),
    (
        body(content={"multipart/form-data": {}}),
        body(content={"multipart/form-data": {"encoding": {"a": {"contentType": "text/csv"}}}}),
        ["request-body-encoding-changed warning"],
        ["request-body-encoding-changed warning"],
    ),
    (
        answers(_200={}),
        answers(_200={}, _201={}),
        ["response-success-status-added info"],
        ["response-success-status-removed breaking"],
    ),
    (
        answers(_200={}),
        answers(_200={}, default={}),
        ["response-non-success-status-added info"],
        ["response-non-success-status-removed warning"],
    ),
    (
        answers(_200={}),
        answers(_200={"content": {JSON: {}}}),
        ["response-media-type-added info"],
        ["response-media-type-removed breaking"],
    ),
    (answers(_200={}), headers(X={}), ["response-header-added info"], ["optional-response-header-removed warning"]),
    (
        answers(_200={}),
        headers(X={"required": True}),
        ["response-header-added info"],
        ["required-response-header-removed breaking"],
    ),
    (
        headers(X={}),
        headers(X={"required": True}),
        ["response-header-became-required info"],
        ["response-header-became-optional breaking"],
    ),
    (
        headers(X={"schema": ARRAY}),
        headers(X={"schema": ARRAY, "explode": True}),
        ["response-header-style-changed breaking"],
        ["response-header-style-changed breaking"],
    ),
    (
        headers(X={"schema": STRING}),
        headers(X={"schema": INTEGER}),
        ["response-header-type-specialized info"],
        ["response-header-type-generalized breaking"],
    ),
    (
        answers(_200={}),
        answers(_200={"links": {"a": {}}}),
        ["response-links-changed info"],
        ["response-links-changed info"],
    ),
    (op({}), secured({"b": []}, b=BEARER), ["api-security-added breaking"], ["api-security-relaxed info"]),
    (
        secured({"b": []}, b=BEARER, k=KEY),
        secured({"b": []}, {"k": []}, b=BEARER, k=KEY),
        ["api-security-relaxed info"],
        ["api-security-replaced breaking"],
    ),
    (
        secured({"o": ["r"]}, o=OAUTH),
        secured({"o": ["r", "w"]}, o=OAUTH),
        ["api-security-scope-added warning"],
        ["api-security-relaxed info"],
    ),
    (
        secured({"k": []}, k=KEY),
        secured({"k": []}, k=KEY | {"in": "query"}),
        ["api-security-scheme-changed breaking"],
        ["api-security-scheme-changed breaking"],
    ),
    (
        secured({"o": []}, o=OAUTH),
        secured({"o": []}, o={"type": "openIdConnect", "openIdConnectUrl": "https://a"}),
        ["api-security-endpoint-changed warning"],
        ["api-security-endpoint-changed warning"],
    ),
    (
        op({}),
        op({"parameters": [{"$ref": "#/nowhere"}]}),
        ["unresolvable-reference warning"],
        ["unresolvable-reference warning"],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{(*row[2], *row[3])[:1]}" for n, row in enumerate(ROWS)])
def test_each_change_has_its_level_both_ways(row: Any) -> None:
    old, new, there, back = row
    assert ids(old, new) == there
    assert ids(new, old) == back
    assert ids(old, old) == ids(new, new) == []


def test_every_rule_of_the_catalogue_is_tried() -> None:
    tried = {entry.split()[0] for row in ROWS for entry in (*row[2], *row[3])}
    # These are tried for each kind of place by test_contract_schemas.
    elsewhere = {rule.id for facet in FACETS for rule in facet.rules()} | {
        *_IN_REQUEST.values(),
        *_IN_RESPONSE.values(),
    }
    elsewhere |= {f"{what}-changed" for what in ("title", "description", "example", "external-docs")}
    elsewhere |= {"request-property-no-longer-allowed", "schema-renamed", "schemas-too-entangled"}
    # The other parts of the diff are for test_contract_client.
    parts = ("python-", "client-", "assumption-")
    assert {name for name in RULES if not name.startswith(parts)} - tried - elsewhere == set()


def test_each_rule_says_why() -> None:
    for rule in RULES.values():
        assert rule.reason
        assert rule.id == rule.id.lower().strip("-")
        assert rule.level in Level


def test_no_rule_can_be_registered_twice() -> None:
    from contract.rules import register

    with pytest.raises(ValueError, match="two rules are named endpoint-added"):
        register([RULES["endpoint-added"]])


SAME: list[tuple[str, Document, Document]] = [
    (
        "parameters of the path",
        param(),
        doc(paths={"/x": {"parameters": [{"in": "query", "name": "q", "schema": STRING}], "post": {}}}),
    ),
    (
        "parameters of the path said again",
        param(required=True),
        doc(
            paths={
                "/x": {
                    "parameters": [{"in": "query", "name": "q", "schema": INTEGER}],
                    "post": {"parameters": [{"in": "query", "name": "q", "schema": STRING, "required": True}]},
                }
            }
        ),
    ),
    (
        "parameter by reference",
        param(),
        op(
            {"parameters": [{"$ref": "#/components/parameters/Q"}]},
            components={"parameters": {"Q": {"in": "query", "name": "q", "schema": STRING}}},
        ),
    ),
    (
        "path by reference",
        op({"summary": "x"}),
        doc(
            paths={"/x": {"$ref": "#/components/pathItems/X"}},
            components={"pathItems": {"X": {"post": {"summary": "x"}}}},
        ),
    ),
    (
        "body and answer by reference",
        op({"requestBody": {"content": {JSON: {"schema": STRING}}}, "responses": {"200": {"description": "d"}}}),
        op(
            {
                "requestBody": {"$ref": "#/components/requestBodies/B"},
                "responses": {"200": {"$ref": "#/components/responses/R"}},
            },
            components={
                "requestBodies": {"B": {"content": {JSON: {"schema": STRING}}}},
                "responses": {"R": {"description": "d"}},
            },
        ),
    ),
    ("both values", param(schema=BOOLEAN), param(schema=STRING | {"enum": ["true", "false"]})),
    ("numbers as words", param(schema=INTEGER | {"enum": [1]}), param(schema=STRING | {"enum": ["1"]})),
    ("not required said", param(), param(required=False, deprecated=False, allowEmptyValue=False)),
    ("style said", param(schema=ARRAY), param(schema=ARRAY, style="form", explode=True)),
    ("style of a path", path_param(schema=ARRAY), path_param(schema=ARRAY, style="simple", explode=False)),
    ("header's case", headers(**{"X-Rate": {}}), headers(**{"x-rate": {}})),
    ("header parameter's case", param(**{"in": "header", "name": "X-A"}), param(**{"in": "header", "name": "x-a"})),
    ("media type's form", body(), body(content={"Application/JSON; charset=UTF-8": {}})),
    ("optional body said", body(), body(required=False)),
    ("order of parameters", params(*(p := [{"in": "query", "name": n} for n in "ab"])), params(*reversed(p))),
    ("content-type header", answers(_200={}), headers(**{"Content-Type": {"required": True}})),
    (
        "security of all",
        op({}, security=[{"b": []}], components={"securitySchemes": {"b": BEARER}}),
        secured({"b": []}, b=BEARER),
    ),
    ("renamed security scheme", secured({"b": []}, b=BEARER), secured({"jwt": []}, jwt=BEARER)),
    ("no security said", op({}), secured({})),
    (
        "server said",
        op({}, servers=[{"url": "https://a"}]),
        op({"servers": [{"url": "https://a"}]}, servers=[{"url": "https://a"}]),
    ),
    ("a server without an address", op({}), op({}, servers=[{"description": "x"}])),
    (
        "extension",
        op({}),
        doc(paths={"/x": {"post": {"x-internal": 1}, "x-note": {"post": {}}}, "x-paths": {"get": {}}}),
    ),
    (
        "integer status",
        answers(_200={}),
        Document.parse("x", b"openapi: 3.0.3\npaths: {/x: {post: {responses: {200: {description: ''}}}}}"),
    ),
    ("range of statuses", answers(_2xx={}), answers(_2XX={})),
]


@pytest.mark.parametrize(("old", "new"), [pytest.param(old, new, id=name) for name, old, new in SAME])
def test_the_same_in_other_words_is_no_change(old: Document, new: Document) -> None:
    assert ids(old, new) == ids(new, old) == []


def test_a_status_that_a_range_covers_stays() -> None:
    old, new = answers(_200={"description": "a"}), answers(_2XX={"description": "b"})
    assert [change.path for change in compare(old, new)] == ["POST /x response 200"]


def shaped(kind: Any, description: str = "d") -> Any:
    schema = {"type": "object", "properties": {"m": kind}, "required": ["m"]}
    return {"description": description, "content": {JSON: {"schema": schema}}}


@pytest.mark.parametrize(
    ("range_", "status", "success"),
    [("4XX", "422", "non-success"), ("default", "404", "non-success"), ("2XX", "201", "success")],
)
def test_a_status_that_leaves_a_range_or_default_is_compared_with_it(range_: str, status: str, success: str) -> None:
    old = answers(**{range_: shaped(STRING)})
    added = f"response-{success}-status-added info"
    for rest in ({}, {range_: shaped(STRING)}):
        other, same = (answers(**rest, **{status: shaped(kind)}) for kind in (INTEGER, STRING))
        removed = [f"response-{success}-status-removed"] if range_ == "default" and not rest else []
        found = compare(old, other)
        assert [c.path for c in found if c.level == "breaking"] == [f"POST /x response {status} {JSON} m"]
        assert {c.id for c in found} == {"response-property-type-changed", added.split(maxsplit=1)[0], *removed}
        assert [c.id for c in compare(old, same)] == [*removed, added.split(maxsplit=1)[0]]


def test_the_old_place_of_a_status_that_left_is_pointed_at() -> None:
    (change, _) = compare(
        answers(**{"4XX": shaped(STRING)}), answers(**{"4XX": shaped(STRING), "422": shaped(INTEGER)})
    )
    place = "content/application~1json/schema/properties/m/type"
    assert change.pointer_old == f"/paths/~1x/post/responses/4XX/{place}"
    assert change.pointer_new == f"/paths/~1x/post/responses/422/{place}"


def test_a_status_that_default_takes_over_is_compared_with_it() -> None:
    old, new = answers(_404=shaped(STRING), default=shaped(STRING)), answers(default=shaped(STRING))
    assert ids(old, new) == ["response-non-success-status-removed warning"]
    old = answers(_404=shaped(INTEGER), default=shaped(STRING))
    assert ids(old, new) == ["response-property-type-changed breaking", "response-non-success-status-removed warning"]


def test_a_success_is_nothing_that_default_takes_over() -> None:
    old, new = answers(_200=shaped(STRING), default=shaped(INTEGER)), answers(default=shaped(INTEGER))
    assert ids(old, new) == ["response-success-status-removed breaking"]


def test_a_success_does_not_leave_a_default_beside_another_success() -> None:
    old = answers(_200=shaped(STRING), default=shaped(INTEGER))
    new = answers(_200=shaped(STRING), _202=shaped(STRING), default=shaped(INTEGER))
    assert ids(old, new) == ["response-success-status-added info"]


def test_a_range_that_is_added_beside_its_codes_is_told() -> None:
    assert ids(answers(_200={}), answers(_200={}, **{"2XX": {}})) == ["response-success-status-added info"]


def test_paths_that_differ_in_parameter_names_only_keep_apart_what_is_named_alike() -> None:
    old = doc(paths={"/x/{a}": {"get": {"summary": "a"}}, "/x/{b}": {"get": {"summary": "b"}}})
    new = doc(paths={"/x/{b}": {"get": {"summary": "b"}}, "/x/{c}": {"get": {"summary": "c"}}})
    assert [(c.operation, c.id) for c in compare(old, new)] == [
        ("GET /x/{a}", "summary-changed"),
        ("GET /x/{a}", "request-path-parameter-renamed"),
    ]


def test_what_all_operations_inherit_is_said_once() -> None:
    paths = {"/x": {"get": {}, "post": {}}}
    new = doc(paths=paths, security=[{"b": []}], components={"securitySchemes": {"b": BEARER}})
    (change,) = compare(doc(paths=paths), new)
    assert (change.id, change.operation, change.path) == ("api-security-added", "", "security")
    assert (change.pointer_old, change.pointer_new) == (None, "/security")
    assert change.text == "credentials are asked for where none were: b"


def test_scopes_and_combinations_are_spelled_out() -> None:
    schemes = {"o": OAUTH, "k": KEY}
    (change,) = compare(secured({"k": []}, **schemes), secured({"k": [], "o": ["w", "r"]}, {"o": []}, **schemes))
    assert change.text == "k no longer suffices; accepted is k and o (r, w), or o"


def test_pointers_lead_into_both_documents() -> None:
    old = op({"responses": {"200": {"$ref": "#/components/responses/a~1b"}}}, components={"responses": {"a/b": {}}})
    new = answers(_200={"description": "x"})
    (change,) = [c for c in compare(old, new) if c.id == "description-changed"]
    assert (change.pointer_old, change.pointer_new) == (
        "/components/responses/a~1b",
        "/paths/~1x/post/responses/200/description",
    )


@pytest.mark.parametrize("name", ["requestBody", "responses", "headers", "content"])
def test_a_reference_to_nowhere_is_reported_once_and_not_compared(name: str) -> None:
    ref = {"$ref": "#/nowhere"}
    broken = {
        "requestBody": op({"requestBody": ref}),
        "responses": op({"responses": {"200": ref}}),
        "headers": headers(X=ref),
        "content": body(content={JSON: ref}),
    }[name]
    good = {
        "requestBody": body(),
        "responses": answers(_200={}),
        "headers": headers(X={"schema": STRING}),
        "content": body(),
    }[name]
    assert ids(good, broken) == ids(broken, good) == ["unresolvable-reference warning"]
    assert ids(broken, broken) == []
