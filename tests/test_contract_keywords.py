"""No change of a contract is invisible: every keyword of OpenAPI 3.0, 3.1 and JSON Schema 2020-12 is spoken of.

One document says something under each keyword, and each place in it is taken away and changed in turn. The keywords are
those that the specifications' own schemas list.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from contract import spec
from contract.documents import Document

TODAY = dt.date(2030, 1, 1)
JSON, FORM = "application/json", "multipart/form-data"
STRING: Any = {"type": "string"}


def kind(name: str, **keywords: Any) -> Any:
    return {"type": name} | {f"${key[1:]}" if key[0] == "_" else key: value for key, value in keywords.items()}


PARTS = {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}
SCHEMAS: dict[str, Any] = {
    "texts": kind(
        "string", title="a", description="a", example="a", _comment="a", externalDocs={"url": "a", "description": "a"}
    ),
    "examples": kind("string", examples=["a"]),
    "values": kind("string", enum=["a", "b"], default="a", nullable=True),
    "constant": kind("string", const="a"),
    "text": kind("string", minLength=1, maxLength=9, pattern="a+"),
    "form": kind("string", format="date"),
    "content": kind("string", contentEncoding="base64", contentMediaType="image/png", contentSchema=STRING),
    "number": kind("number", minimum=1, maximum=9, multipleOf=3),
    "outside": kind("number", exclusiveMinimum=1, exclusiveMaximum=9),
    "older": kind("number", minimum=1, maximum=9, exclusiveMinimum=True, exclusiveMaximum=True),
    "items": kind("array", items=STRING, minItems=1, maxItems=9, uniqueItems=True),
    "tuple": kind("array", prefixItems=[STRING, STRING], items=False),
    "contains": kind("array", contains=STRING, minContains=2, maxContains=3, unevaluatedItems=STRING),
    "object": kind("object", properties={"a": STRING}, required=["a"], minProperties=1, maxProperties=9),
    "map": kind("object", additionalProperties=STRING, propertyNames={"maxLength": 5}),
    "closed": kind("object", unevaluatedProperties=False, patternProperties={"^a": STRING}),
    "dependent": kind("object", dependentRequired={"a": ["b"]}, dependentSchemas={"a": {"required": ["b"]}}),
    "condition": kind("object") | PARTS,
    "none": kind("string") | {"not": {"enum": ["a"]}},
    "all": {"allOf": [kind("string", maxLength=9), {"minLength": 1}]},
    "one": {"oneOf": [kind("object", title="A"), kind("string", title="B", maxLength=9)]},
    "any": {"anyOf": [kind("integer"), kind("string", maxLength=9)]},
    "told": {
        "oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/components/schemas/A"}},
    },
    "flags": kind("string", deprecated=True),
    "read": kind("string", readOnly=True),
    "written": kind("string", writeOnly=True),
    "xml": kind("string", xml={"name": "a", "namespace": "b", "prefix": "c", "attribute": True, "wrapped": True}),
    "beside": {"$ref": "#/components/schemas/A", "description": "a"},
    "core": kind(
        "string", _schema="a", _id="b", _anchor="c", _dynamicRef="#d", _dynamicAnchor="d", _vocabulary={"e": True}
    ),
    "definitions": kind("string", _defs={"a": STRING}),
}
EXAMPLES = {"a": {"summary": "a", "description": "b", "value": 1, "externalValue": "c"}}
DOCS = {"url": "a", "description": "b"}
SERVER = {
    "url": "https://{a}/b",
    "description": "c",
    "variables": {"a": {"default": "d", "enum": ["d", "e"], "description": "f"}},
}
LIST = kind("array", items=STRING)
HEADER: Any = {"description": "a", "required": True, "deprecated": True, "explode": True, "schema": LIST}
HEADER |= {"allowEmptyValue": True, "allowReserved": True, "example": ["a"]}
ENCODING = {
    "contentType": "a",
    "headers": {"X": HEADER},
    "style": "spaceDelimited",
    "explode": True,
    "allowReserved": True,
}
LINK = {
    "operationRef": "a",
    "operationId": "b",
    "parameters": {"c": "d"},
    "requestBody": "e",
    "description": "f",
    "server": SERVER,
}
QUERY: Any = {
    "in": "query",
    "name": "a",
    "description": "b",
    "required": True,
    "deprecated": True,
    "allowEmptyValue": True,
}
QUERY |= {"style": "pipeDelimited", "explode": True, "allowReserved": True, "schema": LIST, "example": ["a"]}
ALL = kind("object", properties=SCHEMAS)
BODY = {
    "description": "a",
    "required": True,
    "content": {
        JSON: {"schema": ALL, "example": {}},
        FORM: {"schema": kind("object", properties={"a": STRING}), "encoding": {"a": ENCODING}},
    },
}
ANSWER = {
    "description": "a",
    "headers": {"X": HEADER},
    "content": {JSON: {"schema": ALL, "examples": EXAMPLES}},
    "links": {"a": LINK},
}
CALLBACK = {"{$request.body#/a}": {"post": {"responses": {"200": {"description": "a"}}}}}
OPERATION = {
    "tags": ["a"], "summary": "b", "description": "c", "externalDocs": DOCS, "operationId": "d", "deprecated": True,
    "parameters": [
        QUERY,
        {"in": "query", "name": "b", "examples": EXAMPLES, "content": {JSON: {"schema": STRING}}},
        {"in": "path", "name": "id", "required": True, "schema": STRING},
        {"$ref": "#/components/parameters/P", "description": "e"},
    ],
    "requestBody": BODY,
    "responses": {"200": ANSWER, "4XX": {"$ref": "#/components/responses/R", "summary": "g", "description": "f"}, "default": {"description": "g"}},
    "callbacks": {"a": CALLBACK}, "security": [{"key": []}], "servers": [SERVER | {"url": "https://{a}/c"}],
}  # fmt: skip
ITEM = {"summary": "a", "description": "b", "parameters": [QUERY | {"name": "c"}]}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
FLOW = {"authorizationUrl": "a", "tokenUrl": "b", "refreshUrl": "c", "scopes": {"d": "e"}}
FLOWS = ("implicit", "password", "clientCredentials", "authorizationCode")
SCHEMES: Any = {
    "key": {"type": "apiKey", "name": "X", "in": "header", "description": "a"},
    "http": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "oauth": {"type": "oauth2", "flows": dict.fromkeys(FLOWS, FLOW)},
    "connect": {"type": "openIdConnect", "openIdConnectUrl": "a"},
}
INFO: Any = {"title": "a", "summary": "b", "description": "c", "termsOfService": "d", "version": "1"}
INFO |= {"contact": {"name": "a", "url": "b", "email": "c"}, "license": {"name": "a", "identifier": "b", "url": "c"}}
FULL: dict[str, Any] = {
    "openapi": "3.1.0",
    "jsonSchemaDialect": "a",
    "info": INFO,
    "servers": [SERVER],
    "security": [{name: ["d"] if name == "oauth" else []} for name in SCHEMES],
    "tags": [{"name": "a", "description": "b", "externalDocs": DOCS}],
    "externalDocs": DOCS,
    "paths": {
        "/x/{id}": ITEM | {"post": OPERATION},
        "/y": {"servers": [SERVER | {"url": "https://{a}/d"}]} | {method: {"responses": {"200": {"description": "a"}}} for method in METHODS},
        "/z": {"$ref": "#/components/pathItems/I"},
    },
    "webhooks": {"a": {"post": {"requestBody": BODY, "responses": {"200": {"description": "a"}}}}},
    "components": {
        "schemas": {"A": kind("object", title="A", properties={"kind": STRING}), "B": kind("object", title="B"), "Unused": STRING},
        "parameters": {"P": {"in": "query", "name": "p", "description": "a", "schema": STRING}, "Unused": QUERY},
        "responses": {"R": {"description": "a", "headers": {"X": HEADER}}},
        "headers": {"H": HEADER}, "examples": EXAMPLES, "requestBodies": {"B": BODY}, "links": {"L": LINK},
        "callbacks": {"C": CALLBACK}, "pathItems": {"I": {"get": {"summary": "a"}}}, "securitySchemes": SCHEMES,
    },
}  # fmt: skip
# Each part is its own, so that a change is one.
FULL = json.loads(json.dumps(FULL))
Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


# What changes nothing, and why.
SAME = {
    ("paths", "/x/{id}", "post", "parameters", 2, "required"): "a path parameter is required, said or not",
    ("components", "parameters", "P", "description"): "the text beside the reference stands instead",
    ("components", "responses", "R", "description"): "the text beside the reference stands instead",
    ("components", "schemas", "B", "title"): "an alternative goes by the name of its schema",
}


IMPLY = {"items", "prefixItems", "properties", "additionalProperties", "enum", "const"}


def is_hidden(path: Path) -> bool:
    """Whether a property is none of what is sent this way: read-only in a request, write-only in an answer."""
    hidden = "read" if "requestBody" in path and "webhooks" not in path else "written"
    return "properties" in path and path[path.index("properties") + 1 :][:1] == (hidden,) and "schemas" not in path


def with_(path: Path, value: Any, tree: Any = FULL) -> Any:
    """The document with another value at a place, or without it; what isn't on the way there is the same object."""
    key, *rest = path
    changed = copy.copy(tree)
    if rest:
        changed[key] = with_(tuple(rest), value, tree[key])
    elif value is None:
        del changed[key]
    else:
        changed[key] = value
    return changed


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return f"{value}z"
    return None


def silent(path: Path) -> list[str]:
    """The ways of changing a place of which nothing is said."""
    if path in SAME or is_hidden(path):
        return []
    owner: Any = FULL
    for key in path[:-1]:
        owner = owner[key]
    # What the other keywords say of the type needn't be said.
    implied = path[-1] == "type" and IMPLY & owner.keys()
    found = []
    for said in {other(owner[path[-1]])} | (set() if implied else {None}):
        old, new = Document("old", FULL), Document("new", with_(path, said))
        for words, one, two in (("", old, new), (" back", new, old)):
            if not spec.compare(one, two, TODAY):
                found.append(f"{'without' if said is None else said!r}{words}")
    return found


def parts(number: int) -> list[Path]:
    return [*places(FULL)][number::16]


@pytest.mark.parametrize("number", range(16))
@pytest.mark.unmeasured
def test_of_every_change_something_is_said(number: int) -> None:
    wrong = {path: found for path in parts(number) if (found := silent(path))}
    assert not wrong, "\n".join(f"{path}: {found}" for path, found in wrong.items())


def test_what_is_the_same_is_not_spoken_of() -> None:
    assert spec.compare(Document("a", FULL), Document("b", copy.deepcopy(FULL)), TODAY) == ()


def keywords_of(schema: Any) -> set[str]:
    """The names that a specification's own schema gives to properties."""
    if isinstance(schema, list):
        return set().union(*map(keywords_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*map(keywords_of, schema.values()))


def test_every_keyword_of_the_specifications_is_tried() -> None:
    openapi = files("openapi_spec_validator") / "resources" / "schemas"
    vocabularies = files("jsonschema_specifications") / "schemas" / "draft202012" / "vocabularies"
    schemas = [openapi / version / "schema.json" for version in ("v3.0", "v3.1")]
    schemas += [file for file in vocabularies.iterdir() if file.is_file()]
    wanted = set().union(*(keywords_of(json.loads(file.read_text("utf-8"))) for file in schemas))
    tried = {key for path in places(FULL) for key in path}
    # "body" is what the schema of 3.1 has for the server of a link, by mistake.
    assert wanted - tried - {"body"} == set()
    assert len(wanted) > 130
