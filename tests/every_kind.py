"""Operations of every kind that a document may hold and a generator gets wrong; part of the API of many_operations."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
FLAG: Json = {"type": "boolean"}
DAY: Json = {"type": "string", "format": "date"}
TIME: Json = {"type": "string", "format": "date-time"}
BINARY: Json = {"type": "string", "format": "binary"}
LONG = "Very" * 70 + "Long"
CODE = "\"\"\" + __import__('os').system('exit 1') + ''' \\"


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: str = "", **properties: Json) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    return schema | ({"required": required.split()} if required else {})


def listed(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


NAMES = [
    *("to_dict", "from_dict", "extra", "drift", "response", "d", "cls", "self", "class", "field", "json_field", "date"),
    *("datetime", "str", "list", "_private", "__dunder__", "$", "★", "備註", "createdAt", "created_at", "created-at"),
    *("additional_keys", "additional_properties", "cast", "field_dict", "frozen", "mro", "repr", "TEXT", "Any"),
    *('quote"', "back\\slash", "title", "items", "next", "from", "type", "id"),
]
SCHEMAS: Json = {
    "Names": record(**dict.fromkeys(NAMES, TEXT), day=DAY, at=TIME) | {"title": "Same", "description": CODE},
    "Tone": {"type": "string", "enum": ["warm", "cold"], "title": "Same", "description": CODE},
    "Values": {
        "type": "string",
        "enum": [
            "紅",
            "綠",
            "red",
            "Red",
            "RED",
            "",
            "★",
            "☆",
            " ",
            "a b",
            "a-b",
            "1",
            "name",
            "None",
            "_x_",
            "mro",
            '"',
        ],
    },
    "Numbers": {"type": "integer", "enum": [-1, 0, 1, 10]},
    "Nulls": record(
        "tone nothing",
        tone={"type": "string", "enum": ["s", "m"], "nullable": True},
        nothing=TEXT | {"nullable": True},
        by_all={"nullable": True, "allOf": [ref("Tone")]},
        by_reference=ref("NullTone"),
        object=ref("NullRecord"),
        inside=listed({"type": "string", "enum": ["p", "q"], "nullable": True}),
        numbers={"type": "integer", "enum": [1, 2], "nullable": True},
        with_null={"type": "string", "enum": ["x", None], "nullable": True},
        list=listed(ref("Tree"), nullable=True),
        map={"type": "object", "additionalProperties": TEXT | {"nullable": True}},
        either={"nullable": True, "oneOf": [ref("NullRecord"), COUNT]},
    ),
    "NullTone": {"type": "string", "enum": ["a"], "nullable": True},
    "NullRecord": record(a=TEXT) | {"nullable": True},
    "Tree": record("name", name=TEXT, children=listed(ref("Tree")), parent=ref("Tree")),
    "Grids": record(
        "rows",
        rows=listed(listed(NUMBER)),
        cube=listed(listed(listed(ref("Values")))),
        tables=listed({"type": "object", "additionalProperties": listed(TEXT)}),
        trees={"type": "object", "additionalProperties": ref("Tree")},
    ),
    "OpenRecord": record(a=TEXT) | {"additionalProperties": COUNT},
    "FreeRecord": record(a=TEXT) | {"additionalProperties": True},
    "Pet": record("petType", petType=TEXT, name=TEXT) | {"discriminator": {"propertyName": "petType"}},
    "Cat": {"allOf": [ref("Pet"), record(lives=COUNT)]},
    "Dog": {"allOf": [ref("Pet"), record(bark=TEXT)]},
    "Shape": {
        "oneOf": [ref("Circle"), ref("Square")],
        "discriminator": {"propertyName": "kind", "mapping": {"round": "#/components/schemas/Circle"}},
    },
    "Circle": record("kind", kind=TEXT, r=NUMBER),
    "Square": record("kind", kind={"type": "string", "enum": ["square"]}, side=NUMBER),
    "Contact": record("id", id=TEXT)
    | {"oneOf": [record("email", email=TEXT), record("phone", phone=TEXT), {"required": ["id"]}]},
    "Choices": record(
        one={"oneOf": [record("p", p=TEXT), record("q", q=COUNT)]},
        any={"anyOf": [COUNT, DAY]},
        list={"oneOf": [TEXT, listed(TEXT)]},
        mixed={"enum": ["a", 1, True]},
        floats={"type": "number", "enum": [0.5, 1.5]},
    ),
    "Defaults": record(
        "text count tone day moment list",
        text=TEXT | {"default": "q\"'\\\n"},
        count=COUNT | {"default": 5},
        tone={"allOf": [ref("Tone")], "default": "cold"},
        day=DAY | {"default": "2024-01-01"},
        moment=TIME | {"default": "2024-01-01T00:00:00+08:00"},
        list=listed(TEXT, default=["a", "b"]),
        optional=COUNT | {"default": 3},
    ),
    "OneWay": record(
        "id password name",
        id=TEXT | {"readOnly": True},
        password=TEXT | {"writeOnly": True},
        name=TEXT,
        tags=listed(TEXT),
    ),
    "foo-bar": record(a=TEXT),
    "FooBar": record(b=TEXT),
    "foo_bar": record(c=TEXT),
    "None": record(x=TEXT),
    "Con": record(x=TEXT),
    "Result": record(x=TEXT),
    "Request": record(request=ref("Result")),
    "Platform_": record(x=TEXT),
    "禮物": record(禮物=TEXT, 內=record(値=TEXT)),
    LONG: record(x=TEXT),
    "Renewed": record("token secret", token=TEXT, secret=TEXT),
    "Data": record("data", success=FLAG, data=record("items", items=listed(ref("Tree")))),
    "Stamped": record("at", at=COUNT),
    "Narrowed": {"allOf": [ref("Square"), {"properties": {"side": {"type": "integer"}}, "required": ["side"]}]},
}


def answer(schema: Json | None, status: str = "200", media: str = "application/json") -> Json:
    return {status: {"description": "ok"} | ({"content": {media: {"schema": schema}}} if schema is not None else {})}


def sent(schema: Json, media: str = "application/json", **more: Any) -> Json:
    return {"requestBody": {"required": True, "content": {media: {"schema": schema, **more}}}}


def query(name: str, schema: Json = TEXT, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": schema, **more}


def segment(name: str, schema: Json = TEXT, **more: Any) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema, **more}


BOT = query("botId", required=True)
PARAMETERS = [
    *map(query, ["params", "headers", "cookies", "body", "client", "timeout", "self", "request", "operation", "url"]),
    *map(query, ["kwargs", "response", "UNSET", "class", "fooBar", "foo_bar"]),
    query("id"),
    query("day", DAY),
    query("page", COUNT | {"default": 1}, required=True),
    query("size", COUNT | {"default": 20}),
    query("tone", ref("Tone")),
    {"name": "X-Trace", "in": "header", "schema": TEXT},
    {"name": "session", "in": "cookie", "schema": TEXT},
]
STYLES = [
    query("comma", listed(COUNT), explode=False),
    query("pipes", listed(TEXT), style="pipeDelimited", explode=False),
    query("spaces", listed(TEXT), style="spaceDelimited", explode=False),
    query("each", listed(ref("Tone"))),
    query("deep", record(min=COUNT, max=COUNT), style="deepObject", explode=True),
    query("flat", record(low=COUNT)),
    query("map", {"type": "object", "additionalProperties": TEXT}, style="deepObject"),
    {"name": "json", "in": "query", "content": {"application/json": {"schema": ref("Tree")}}},
]
FORM = record("name", name=TEXT, flag=FLAG, tags=listed(TEXT), filter=record(a=TEXT))
ENCODING = {"tags": {"style": "form", "explode": False}, "filter": {"style": "deepObject", "explode": True}}
EVERYTHING = record(
    **{f"{name.lower()}_": ref(name) for name in SCHEMAS if name not in {"禮物", LONG}},
    gift=ref("禮物"),
    long=ref(LONG),
)


def paths() -> Json:
    """The operations, by path."""
    kinds: Json = {
        "/everything": {"get": {"summary": "Get everything", "responses": answer(EVERYTHING)}},
        "/names": {
            "post": {
                "summary": CODE,
                "description": f"{CODE}\n\n{CODE}",
                **sent(ref("Names")),
                "responses": answer(ref("Names")),
            }
        },
        "/things/{id}": {
            "get": {
                "summary": "Get thing",
                "parameters": [segment("id"), *PARAMETERS],
                "responses": answer(ref("Tree")),
            },
            "delete": {"summary": "Delete thing", "parameters": [segment("id")], "responses": answer(None, "204")},
            "head": {"parameters": [segment("id")], "responses": answer(ref("Tree"))},
        },
        "/things/count": {"get": {"summary": "Count things", "responses": answer(COUNT)}},
        "/things/{id}/{part}.json": {
            "get": {
                "parameters": [segment("id"), segment("part", listed(TEXT), style="matrix", explode=True)],
                "responses": answer({"type": "object", "additionalProperties": ref("Tree")}),
            }
        },
        "/things": {
            "post": {
                "summary": "Create things",
                **sent(listed(ref("Tree"))),
                "responses": answer(ref("Tree")) | answer(ref("Names"), "201") | answer(None, "204"),
            }
        },
        "/styles": {"get": {"summary": "Try styles", "parameters": STYLES, "responses": answer(listed(ref("Shape")))}},
        "/text": {"get": {"summary": "Get text", "responses": answer(TEXT, media="text/plain")}},
        "/file": {
            "get": {"summary": "Download file", "responses": answer(BINARY, media="application/pdf")},
            "put": {"summary": "Upload file", **sent(BINARY, "application/octet-stream"), "responses": answer(None)},
        },
        "/both": {
            "get": {
                "summary": "Get both",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"text/plain": {"schema": TEXT}, "application/json": {"schema": ref("Pet")}},
                    }
                },
            },
            "post": {
                "summary": "Send both",
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {"schema": record(f=BINARY)},
                        "application/json": {"schema": ref("Defaults")},
                    },
                },
                "responses": answer(ref("Defaults")),
            },
        },
        "/form": {
            "post": {
                "summary": "Send form",
                **sent(FORM, "application/x-www-form-urlencoded", encoding=ENCODING),
                "responses": answer(ref("BasicSuccessResponse")),
            }
        },
        "/upload": {
            "post": {
                "summary": "Upload files",
                **sent(record("file", file=BINARY, more=listed(BINARY), note=TEXT), "multipart/form-data"),
                "responses": answer(ref("Data")),
            }
        },
        "/one-way": {"post": {"summary": "Send one way", **sent(ref("OneWay")), "responses": answer(ref("OneWay"))}},
        "/credentials": {
            "post": {
                "summary": "Renew credentials",
                **sent(record("secret", secret=TEXT)),
                "responses": answer(ref("Renewed")),
            }
        },
        "/inline": {
            "post": {
                "operationId": "make inline",
                **sent(record(a=record(b=listed(record(c={"type": "string", "enum": ["x", "y"]}))))),
                "responses": answer(record(list=listed(record(id=COUNT)))),
            }
        },
        "/nothing": {"get": {"summary": "Get nothing", "responses": answer({"type": "object"})}},
        "/any": {"get": {"summary": "Get any", "responses": answer({})}},
        "/range": {"get": {"summary": "Get range", "responses": answer(ref("Tree"), "2XX")}},
    }
    for item in kinds.values():
        for found in item.values():
            found.setdefault("tags", ["Kinds, all of 'em"])
            found["parameters"] = [BOT, *found.get("parameters", [])]
    return {f"/openapi/kind{path}": item for path, item in kinds.items()}


NAMES_ACTIONS: list[Json] = [
    {
        "target": "$.paths['/openapi/kind/things/{id}'].get",
        "description": "It only reads.",
        "update": {"operationId": "get_thing", "x-mantago-reads": True},
    },
    {
        "target": "$.components.schemas.Stamped.properties.at",
        "description": "Its text says that it counts milliseconds.",
        "update": {"x-mantago-format": "milliseconds"},
    },
    {
        "target": "$.components.schemas.Values",
        "description": "Its values make bad names.",
        "update": {"x-mantago-class": "Color", "x-mantago-members": {"紅": "CRIMSON", "綠": "GREEN"}},
    },
    {
        "target": "$.components.schemas.Tree",
        "description": "A better name.",
        "update": {"x-mantago-class": "Branch", "x-mantago-fields": {"children": "branches"}},
    },
]
"""What an overlay of names says of them."""
