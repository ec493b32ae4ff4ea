"""A made-up MantaGO API of some 40 operations at 0.400.0: today's gift operation, and what the vendor may publish next.

It holds what generators stumble over: a schema named `Client` (and others named like what generated code imports),
Chinese enumerations, properties named `next` and `type`, path parameters, pages, nesting, dates, lists of enumerations.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import yaml

import every_kind
from first import FIRST
from vendoring.vendored import read_spec

Json = dict[str, Any]
VERSION = "0.400.0"
MOMENT = "2024-07-15T10:30:28.700Z"


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def listed(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


def record(required: str = "", **properties: Json) -> Json:
    schema: Json = {"type": "object", "properties": {name.rstrip("_"): value for name, value in properties.items()}}
    return schema | ({"required": required.split()} if required else {})


def success(**properties: Json) -> Json:
    return {"allOf": [ref("BasicSuccessResponse"), record(**properties)]}


TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
FLAG: Json = {"type": "boolean"}
DAY: Json = {"type": "string", "format": "date"}
TIME: Json = {"type": "string", "format": "date-time"}
ID: Json = {"type": "string", "format": "uuid"}


def enum(*values: Any, **more: Any) -> Json:
    kind = "string" if isinstance(values[0], str) else "integer"
    return {"type": kind, "enum": [*values], **more}


SCHEMAS: Json = {
    "Clash": enum("a b", "a-b", "a_b", "★", "☆"),
    "Client": record(
        "id type",
        id=TEXT,
        type=enum("一般會員", "VIP 會員", "黑名單"),
        next=ref("Client"),
        tags=listed(ref("Tag")),
        born=DAY | {"nullable": True},
        seenAt=TIME,
        address=record("city", city=TEXT, zip=TEXT, geo=record(lat=NUMBER, lng=NUMBER)),
        channels=listed(enum("line", "facebook", "即時聊天")),
        custom={"type": "object", "additionalProperties": TEXT},
        class_=TEXT,
        self=TEXT,
        from_=TEXT,
        備註=TEXT,
        clash=ref("Clash"),
        title=TEXT,
        kind=enum("甲", "乙", title="Same"),
        sort=enum("丙", "丁", title="Same"),
    ),
    "ClientPointsResponse": {"allOf": [ref("BasicSuccessResponse"), record("points", points=COUNT, expiresAt=TIME)]},
    "Tag": record("name", name=TEXT, color=enum("紅", "綠", "藍"), weight=enum(-1, 0, 1)),
    "Response": record(type=TEXT, next=TEXT),
    "Unset": record(reason=TEXT),
    "File": record(name=TEXT, size=COUNT),
    "Any": record(anything={}),
    "HTTPStatus": enum("好", "壞"),
    "Page": record("next", next={"type": "string", "nullable": True}, previous=TEXT, size=COUNT, total=COUNT),
    "ClientPage": success(items=listed(ref("Client")), page=ref("Page")),
    "ClientAnswer": success(client=ref("Client")),
    "Visit": record("id", id=TEXT, at=TIME),
    "VisitPage": success(visits=listed(ref("Visit")), total=NUMBER),
    "TagPage": success(items=listed(ref("Tag")), page=ref("Page"), unset=ref("Unset"), file=ref("File")),
    "MessageState": enum("待處理", "已送出", "失敗", "123", "name", "a b"),
    "Message": record(
        "id state type",
        id=ID,
        state=ref("MessageState"),
        type=TEXT,
        history=listed(ref("MessageState")),
        at=TIME,
        days=listed(DAY),
        parts=listed({"oneOf": [ref("TextPart"), ref("ImagePart")]}),
        http=ref("HTTPStatus"),
        any=ref("Any"),
        response=ref("Response"),
    ),
    "TextPart": record("text", text=TEXT, type=TEXT),
    "ImagePart": record("url", url=TEXT, width=COUNT, type=TEXT),
    "MessageAnswer": success(sent=ref("Message"), messages=listed(ref("Message"))),
    "Secret": record("secret", secret=TEXT),
    "ClientEdit": {"allOf": [ref("ClientIdentificationRequest"), record(client=ref("Client"), tags=listed(TEXT))]},
    "Search": record("secret", secret=TEXT, types=listed(enum("一般會員", "VIP 會員", "黑名單")), since=DAY, next=TEXT),
    "Broadcast": record(
        "secret message",
        secret=TEXT,
        message=TEXT,
        to=listed(TEXT, minItems=1),
        at=TIME,
        dry=FLAG,
        targets=listed(record("shopId", shopId=TEXT, area=record("lat lng", lat=NUMBER, lng=NUMBER))),
    ),
}

BOT: Json = {"name": "botId", "in": "query", "required": True, "schema": TEXT}
LIMIT: Json = {"name": "limit", "in": "query", "schema": COUNT | {"default": 20}}
PAGE: Json = {"name": "page", "in": "query", "schema": NUMBER | {"default": 1}}
PER_PAGE: Json = {"name": "perPage", "in": "query", "schema": COUNT | {"default": 20}}
NEXT: Json = {"name": "next", "in": "query", "schema": TEXT}
TYPE: Json = {"name": "type", "in": "query", "schema": listed(enum("一般會員", "VIP 會員"))}
SINCE: Json = {"name": "since", "in": "query", "schema": DAY}


def segment(name: str, schema: Json = TEXT) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def query(name: str) -> Json:
    return {"name": name, "in": "query", "schema": TEXT}


ODD = ["client", "body", "url", "json", "quote", "httpx", "errors", "kwargs", "next", "type", "self", "class"]


def operation(answer: str, body: str | None = "Secret", *parameters: Json, tag: str = "Clients", **more: Any) -> Json:
    ok = {"description": "ok", "content": {"application/json": {"schema": ref(answer)}}}
    refs = {"401": "TokenError", "403": "PermissionError", "429": "RateLimitError", "500": "InternalServerError"}
    responses = {"200": ok} | {status: {"$ref": f"#/components/responses/{name}"} for status, name in refs.items()}
    result: Json = {"tags": [tag], "parameters": [BOT, *parameters], "responses": responses, **more}
    if body:
        result["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(body)}}}
    return {name: value for name, value in result.items() if value is not None}


def _paths() -> Json:
    client, tag, message = segment("clientId"), segment("tagName"), segment("messageId", ID)
    paths: Json = {
        "/openapi/client": {
            "post": operation("ClientAnswer", "ClientEdit"),
            "get": operation("ClientPage", None, LIMIT, NEXT, TYPE, SINCE),
        },
        "/openapi/client/points": {
            "post": operation("ClientPointsResponse", "ClientIdentificationRequest", tag="Client Points & Gifts")
        },
        "/openapi/client/search": {"post": operation("ClientPage", "Search", LIMIT, NEXT)},
        "/openapi/client/{clientId}": {
            "get": operation("ClientAnswer", None, client),
            "delete": operation("BasicSuccessResponse", None, client),
            "patch": operation("ClientAnswer", "ClientEdit", client),
        },
        "/openapi/client/{clientId}/tag/{tagName}": {
            "put": operation("ClientAnswer", "Secret", client, tag),
            "delete": operation("ClientAnswer", None, client, tag),
        },
        "/openapi/client/{clientId}/day/{day}": {
            "get": operation("ClientAnswer", None, client, segment("day", DAY), operationId="getClientOnDay")
        },
        "/openapi/client/{clientId}/at/{time}": {
            "get": operation("ClientAnswer", None, client, segment("time", TIME), operationId="getClientAtTime")
        },
        "/openapi/client/{clientId}/color/{color}": {
            "get": operation("ClientAnswer", None, client, segment("color", enum("紅", "綠")), operationId="getColor")
        },
        "/openapi/client/{clientId}/page/{number}": {
            "get": operation("ClientAnswer", None, client, segment("number", COUNT), operationId="getNumber")
        },
        "/openapi/client/{clientId}/flag/{flag}": {
            "get": operation("ClientAnswer", None, client, segment("flag", FLAG), operationId="getFlag")
        },
        "/openapi/file/{name}.json": {"get": operation("TagPage", None, segment("name"), operationId="getFile")},
        "/openapi/tag": {
            "get": operation("TagPage", None, LIMIT, NEXT, tag="標籤"),
            "post": operation("TagPage", "Secret", tag="標籤"),
        },
        "/openapi/message": {
            "post": operation("MessageAnswer", "Broadcast", tag="Messages & More", operationId="sendBroadcast")
        },
        "/openapi/message/{messageId}": {"get": operation("MessageAnswer", None, message, tag="Messages & More")},
        "/openapi/one": {
            "get": operation("Client", None, operationId="getOne"),
            "post": operation("Response", "Client", operationId="postOne"),
        },
        "/openapi/odd/{segment}": {
            "get": operation("File", None, segment("segment"), *(query(name) for name in ODD), operationId="getOdd")
        },
        "/openapi/visits": {
            "get": operation("VisitPage", None, PAGE, PER_PAGE, SINCE, operationId="getVisits", tag="Messages & More")
        },
        "/openapi/untagged": {"post": operation("BasicSuccessResponse", "Secret") | {"tags": []}},
    }
    names = (
        "points coupon order cart product booking survey form ticket invoice reward visit note group label flow menu"
    )
    for name in names.split():
        paths[f"/openapi/{name}/list"] = {
            "post": operation("ClientPage", "Search", LIMIT, NEXT, summary=f"列出 {name}")
        }
    return paths


PAGING_ACTIONS: list[Json] = [
    {
        "target": "$.paths['/openapi/visits'].get",
        "description": "Pages by number; the answer tells how many items there are.",
        "update": {
            "operationId": "list_visits",
            "x-mantago-reads": True,
            "x-mantago-paging": {"page": "page", "size": "perPage", "items": "visits", "total": "total"},
        },
    },
    {
        "target": "$.paths['/openapi/tag'].get",
        "description": "Pages by token; the answer has that of the next one.",
        "update": {
            "operationId": "list_tags",
            "x-mantago-reads": True,
            "x-mantago-paging": {"token": "next", "size": "limit", "items": "items", "next": "page.next"},
        },
    },
]
"""What an overlay of names says of lists in pages."""


def spec(*, kinds: bool = True) -> Json:
    """The whole API as one document; without `kinds`, only what a vendor like this one may publish next."""
    document = copy.deepcopy(read_spec(FIRST))
    document["info"]["version"] = VERSION
    document["tags"] += [{"name": "Clients", "description": "客戶"}, {"name": "標籤"}, {"name": "Messages & More"}]
    document["components"]["schemas"] |= copy.deepcopy(SCHEMAS)
    document["paths"] |= _paths()
    if kinds:
        document["tags"].append({"name": "Kinds, all of 'em"})
        document["components"]["schemas"] |= copy.deepcopy(every_kind.SCHEMAS)
        document["paths"] |= copy.deepcopy(every_kind.paths())
    return document


def names() -> str:
    """An overlay of names for it: today's, and more."""
    overlay = yaml.safe_load(FIRST.names.read_text("utf-8"))
    overlay["actions"] += [*PAGING_ACTIONS, *every_kind.NAMES_ACTIONS]
    return yaml.safe_dump(overlay, allow_unicode=True)


def pages(document: Json) -> dict[str, str]:
    """The document as the vendor publishes it: a page for each operation, with what that operation refers to."""
    texts = {}
    for path, item in document["paths"].items():
        for method, found in item.items():
            parts = _needed(found, document["components"])
            tags = [tag for tag in document["tags"] if tag["name"] in found["tags"]]
            fragment = document | {"tags": tags, "components": parts, "paths": {path: {method: found}}}
            title = f"{method} {path}".replace("/", " ").replace("{", "").replace("}", "")
            texts["-".join(title.split()) + ".md"] = (
                f"# {title}\n\n## {title}\n\n> Does it.\\\n> \\\n> Well<br>\n\n```json\n"
                f"{json.dumps(fragment, ensure_ascii=False)}\n```\n\n---\n\nGET page.md?ask=<question>\n"
            )
    return texts


def _needed(value: Any, components: Json) -> Json:
    wanted, found = [value], {("securitySchemes", name) for name in components["securitySchemes"]}
    while wanted:
        for target in re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(wanted.pop(), ensure_ascii=False)):
            if target not in found:
                found.add(target)
                wanted.append(components[target[0]][target[1]])
    return {
        section: {name: member for name, member in members.items() if (section, name) in found}
        for section, members in components.items()
    }


def example(schema: Json, schemas: Json, depth: int = 0) -> Any:
    """A value of a schema with every property that it has, but a schema that holds itself only once."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    if "allOf" in schema:
        parts = [example(part, schemas, depth) for part in schema["allOf"]]
        return {name: value for part in parts for name, value in part.items()} if type(parts[0]) is dict else parts[0]
    if "enum" in schema:
        return [value for value in schema["enum"] if value is not None][-1]
    if schema.get("type") == "array":
        return [example(schema["items"], schemas, depth + 1)] if depth < 6 else []
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {"任何": schema.get("additionalProperties")})
        return {
            name: example(inner, schemas, depth)
            for name, inner in properties.items()
            if depth < 6 or not inner.get("$ref")
        }
    for choices in ("oneOf", "anyOf"):
        if choices in schema:
            return example(schema[choices][-1], schemas, depth)
    kind = (schema.get("type"), schema.get("format"))
    return EXAMPLES[kind if kind in EXAMPLES else kind[:1]]


EXAMPLES: dict[tuple[str | None, ...], Any] = {
    ("string",): "禮物",
    ("string", "date"): "2024-02-29",
    ("string", "date-time"): MOMENT,
    ("string", "uuid"): "c56a4180-65aa-42ec-a945-5fd21dec0538",
    ("integer",): 7,
    ("number",): 25.03,
    ("boolean",): True,
    (None,): {"any": [1, None]},
}
