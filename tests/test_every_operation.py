"""What the fake and the sandbox promise for every operation of the document that they serve, whichever that is.

Asked over HTTP, with what a client sends by default: no optional parameter, and a body with all that it may have.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import httpx
import pytest
from attrs import field, frozen

import many_operations
from mantago.sandbox import Sandbox
from mantago.testing import FakeMantaGo, OperationRequest
from mantago.testing.answers import Answers
from mantago.testing.changes import changed_once
from mantago.testing.document import Document
from mantago.testing.failures import FAILURES, FailureName
from mantago.testing.samples import sample
from mantago.testing.scenarios import TROUBLES

SPEC = many_operations.spec(kinds=False)
ID = {"type": "string"}


def named(method: str, path: str) -> str:
    return "_".join([method, *re.findall(r"\w+", path.removeprefix("/openapi/"))])


KEYS = [(method, path) for path, item in SPEC["paths"].items() for method in item]
NAMES = {key: named(*key) for key in KEYS} | {("post", "/openapi/client/gift"): "get_client_gifts"}
DOCUMENT = Document(SPEC, names=NAMES)
LINE_ID = "U4af4980629e14c3b8d2f7a61c05be937"


@frozen
class Service:
    """A fake or a sandbox, and how to ask it."""

    it: Any = field(repr=False)
    http: httpx.Client = field(repr=False)

    def ask(
        self, name: str, /, *, client_id: str = "VolejRejN", body: Mapping[str, Any] | None = None, **path: str
    ) -> httpx.Response:
        """Ask for an operation by name; an id stands in the path, and in the body of those that carry the rule."""
        operation = DOCUMENT.named(name)
        assert operation is not None
        method, template = operation.key
        account = getattr(self.it, "credentials", self.it)
        named = {"clientId": client_id, **path}
        content = default_body(operation.node) if body is None else {**body}
        if DOCUMENT.asks_for_a_client(operation) and body is None:
            content |= {"clientId": client_id}
        values = {one["name"]: sample(DOCUMENT, one["schema"]) for one in operation.node["parameters"]}
        query = {"botId": account.bot_id} if DOCUMENT.declares(operation, "botId", "query") else {}
        return self.http.request(
            method,
            re.sub(r"{(.*?)}", lambda found: plain_text(named.get(found[1], values[found[1]])), template),
            params=query,
            headers={"authorization": f"Bearer {account.token}"},
            **({"json": content | {"secret": account.secret}} if "requestBody" in operation.node else {}),
        )


def plain_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def default_body(node: Any) -> Any:
    if "requestBody" not in node:
        return {}
    schema = node["requestBody"]["content"]["application/json"]["schema"]
    body = sample(DOCUMENT, schema, hidden="readOnly")
    return {name: value for name, value in body.items() if name not in ("clientId", "platform", "platformClientId")}


def new_fake() -> FakeMantaGo:
    fake = FakeMantaGo()
    fake._answers = Answers(DOCUMENT)
    fake.add_client("VolejRejN", platform_ids={"line": LINE_ID})
    return fake


@contextlib.contextmanager
def asking(service: Any, **options: Any) -> Iterator[Service]:
    with httpx.Client(trust_env=False, timeout=30, **options) as http:
        yield Service(service, http)


@pytest.fixture
def fake() -> Iterator[Service]:
    service = new_fake()
    with asking(service, transport=service, base_url=SPEC["servers"][0]["url"]) as found:
        yield found


@pytest.fixture(scope="module")
def box() -> Iterator[Service]:
    sandbox = Sandbox()
    sandbox._slow_seconds = 0.01
    sandbox._document = DOCUMENT
    with sandbox, asking(sandbox, base_url=sandbox.base_url) as found:
        yield found


def outcome(ask: Callable[[], httpx.Response]) -> Any:
    """What comes, or the kind of error that does."""
    try:
        response = ask()
    except httpx.TransportError as error:
        return type(error)
    headers = {name: response.headers.get(name) for name in ("content-type", "retry-after")}
    return response.status_code, response.content, headers


OTHERS = [name for key, name in NAMES.items() if name != "get_client_gifts"]
WITH_AN_ID = [
    name
    for name in NAMES.values()
    if (one := DOCUMENT.named(name)) and ("{clientId}" in one.key[1] or DOCUMENT.asks_for_a_client(one))
]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.unmeasured
def test_fake_and_sandbox_answer_alike_with_all_that_the_document_gives_the_answer(
    fake: Service, box: Service, name: str
) -> None:
    operation = DOCUMENT.named(name)
    assert operation is not None
    found = fake.ask(name)
    assert (found.status_code, found.json()) == (200, Answers(DOCUMENT).of(operation).payload)
    assert outcome(lambda: box.ask(name)) == outcome(lambda: fake.ask(name))


def test_an_operation_is_found_by_its_name_only() -> None:
    assert DOCUMENT.named("get_client_points") is None
    assert len({*NAMES.values()}) == len(KEYS) == len(DOCUMENT.names)


# The rule, and ids

RULE = [name for name in NAMES.values() if (one := DOCUMENT.named(name)) and DOCUMENT.asks_for_a_client(one)]


@pytest.mark.parametrize("name", RULE)
def test_the_rule_holds_wherever_its_schema_is_used(fake: Service, box: Service, name: str) -> None:
    for service in (fake, box):
        assert "the body must have clientId" in service.ask(name, body={}).text
        assert "platformClientId" in service.ask(name, body={"platform": "line"}).text
        assert "are both given" in service.ask(name, body={"clientId": "VolejRejN", "platform": "line"}).text
        assert service.ask(name, client_id="nobody").json()["errResponse"]["code"] == 37011
    assert len(RULE) >= 4


def test_a_schema_is_said_to_carry_the_rule() -> None:
    spec = many_operations.spec()
    spec["components"]["schemas"]["Rule"] = spec["components"]["schemas"].pop("ClientIdentificationRequest")
    body = {"content": {"application/json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Rule"}]}}}}
    spec["paths"] = {"/thing": {"post": {"responses": {}, "requestBody": body}}}
    for rules, expected in ((["Rule"], True), (["Other"], False)):
        document = Document(spec, rule_schemas=rules)
        found = document.operation_at("post", "/api/thing")
        assert found is not None
        assert document.asks_for_a_client(found) == expected


@pytest.mark.parametrize("id_", [id_ for id_ in TROUBLES if id_ != "rate_limited_once"])
@pytest.mark.parametrize("name", [name for name in WITH_AN_ID if name != "get_client_gifts"])
def test_an_id_that_makes_trouble_makes_it_at_every_operation_of_both(
    fake: Service, box: Service, name: str, id_: str
) -> None:
    found = outcome(lambda: fake.ask(name, client_id=id_))
    assert outcome(lambda: box.ask(name, client_id=id_)) == found
    [trouble] = TROUBLES[id_]
    operation = DOCUMENT.named(name)
    assert operation is not None
    success = Answers(DOCUMENT).of(operation)
    if trouble.cut_off:
        assert found is httpx.RemoteProtocolError
    elif trouble.instead:
        assert found[:2] == (trouble.instead.status, trouble.instead.body)
    else:
        payload = success.payload
        payload = changed_once(DOCUMENT, success.schema or {}, payload, trouble.change) if trouble.change else payload
        assert (found[0], json.loads(found[1])) == (200, payload)


def test_a_slow_answer_of_any_operation_is_slow(fake: Service) -> None:
    with asking(fake.it, transport=fake.it, base_url=SPEC["servers"][0]["url"]) as hasty:
        hasty.http.timeout = httpx.Timeout(4)
        assert outcome(lambda: hasty.ask("post_client_points", client_id="slow_answer")) is httpx.ReadTimeout


def test_the_first_request_of_each_operation_is_the_first(fake: Service) -> None:
    sandbox = Sandbox()
    sandbox._document = DOCUMENT
    with sandbox, asking(sandbox, base_url=sandbox.base_url) as box:
        for service in (fake, box):
            statuses = [
                service.ask(name, client_id="rate_limited_once").status_code for name in WITH_AN_ID for _ in range(3)
            ]
            assert statuses == [429, 200, 200] * len(WITH_AN_ID)


@pytest.mark.parametrize(
    "body", [{"clientId": "server_error"}, {"list": [{"of": {"platformClientId": "server_error"}}]}, {"clientId": 5}]
)
def test_an_id_makes_trouble_in_any_member_of_that_name(fake: Service, box: Service, body: Any) -> None:
    for service in (fake, box):
        response = service.ask("post_tag", body=body)
        assert response.status_code == (200 if body == {"clientId": 5} else 500)


def test_any_parameter_of_a_path_makes_trouble(fake: Service, box: Service) -> None:
    for service in (fake, box):
        assert service.ask("get_file_name_json", name="client_not_found").json()["errResponse"]["code"] == 37011


def test_a_client_that_was_added_is_no_id_that_makes_trouble(fake: Service) -> None:
    fake.it.add_client("server_error")
    assert fake.ask("post_client_points", client_id="server_error").status_code == 200


# What goes wrong by name


@pytest.mark.parametrize("failure", get_args(FailureName))
def test_each_failure_by_name_happens_to_any_operation(fake: Service, failure: FailureName) -> None:
    good = outcome(lambda: fake.ask("post_message"))
    fake.it.fail(failure)
    found = outcome(lambda: fake.ask("post_message"))
    assert fake.it.requests[-1].failure == failure
    assert outcome(lambda: fake.ask("post_message")) == good
    expected = FAILURES[failure]
    if expected.answer:
        assert found[:2] == (expected.answer.status, expected.answer.body)
    elif failure != "slow_answer":
        assert found != good


@pytest.mark.parametrize("failure", [name for name in get_args(FailureName) if name.startswith("drift")])
def test_an_answer_that_cannot_differ_is_good_however_it_should(fake: Service, failure: FailureName) -> None:
    fake.it.fail(failure)
    response = fake.ask("post_untagged")
    beside = {"loyaltyPoints": 120} if failure == "drift_unknown_field" else {}
    assert response.json() == {"success": True, "message": "example", **beside}


# What a test says is answered


def test_an_answer_in_plain_json_is_given_from_then_on_to_whoever_asks(fake: Service) -> None:
    fake.it.answer("post_client_points", {"points": 7})
    for client_id in ("VolejRejN", "nobody"):
        assert fake.ask("post_client_points", client_id=client_id).json() == {
            "success": True,
            "message": "example",
            "points": 7,
        }
    fake.it.answer("post_client_points", {"points": 8, "success": True, "message": "m", "more": None})
    assert fake.ask("post_client_points").json() == {"points": 8, "success": True, "message": "m", "more": None}


def test_what_the_document_requires_of_an_answer_is_made_up_also_inside_and_nothing_else(fake: Service) -> None:
    fake.it.answer("get_tag", {"items": [{"name": "a"}, {"color": "紅"}], "page": {}})
    assert fake.ask("get_tag").json() == {
        "success": True,
        "message": "example",
        "items": [{"name": "a"}, {"name": "example", "color": "紅"}],
        "page": {"next": "example"},
    }


def test_a_function_answers_for_each_request_as_it_was_asked(fake: Service) -> None:
    asked: list[OperationRequest] = []

    def points(request: OperationRequest) -> Any:
        asked.append(request)
        return {"points": len(asked)}

    fake.it.answer("post_client_points", points)
    assert [fake.ask("post_client_points").json()["points"] for _ in range(3)] == [1, 2, 3]
    assert asked[0] == OperationRequest(
        operation="post_client_points", query={"botId": "1NbWoobyg"}, body={"clientId": "VolejRejN"}
    )
    assert repr(asked[0]) == "OperationRequest(operation='post_client_points', path_parameters={})"
    with pytest.raises(AttributeError):
        asked[0].operation = "another"  # type: ignore[misc]
    fake.it.answer("put_client_clientId_tag_tagName", points)
    fake.ask("put_client_clientId_tag_tagName", client_id="a b", tagName="vip")
    assert asked[-1].path_parameters == {"clientId": "a b", "tagName": "vip"}
    assert asked[-1].body == {}
    assert fake.it.credentials.secret not in str([(one.query, one.body) for one in asked])


def test_a_function_that_changes_what_it_is_given_changes_nothing_else(fake: Service) -> None:
    fake.it.answer("post_tag", lambda request: request.body["list"].clear() or {"items": []})
    fake.ask("post_tag", body={"list": [1]})
    assert fake.it.requests[-1].body == {"list": [1]}


def test_a_function_may_ask_the_fake_and_set_what_comes_next(fake: Service) -> None:
    def first(request: OperationRequest) -> Any:
        fake.it.answer(request.operation, "server_error")
        return {"points": len(fake.it.requests)}

    fake.it.answer("post_client_points", first)
    assert fake.ask("post_client_points").json()["points"] == 0
    assert fake.ask("post_client_points").status_code == 500


def test_what_a_function_raises_reaches_whoever_called(fake: Service) -> None:
    fake.it.answer("post_client_points", lambda request: request.body["nothing"])
    with pytest.raises(KeyError, match="nothing"):
        fake.ask("post_client_points")


@pytest.mark.parametrize("answer", ["client_not_found", lambda request: "client_not_found"])
def test_a_failure_by_name_is_an_answer_too_and_what_is_queued_comes_before_it(fake: Service, answer: Any) -> None:
    fake.it.answer("get_tag", answer)
    fake.it.fail("server_error")
    statuses = [fake.ask("get_tag").status_code for _ in range(3)]
    assert statuses == [500, 404, 404]
    assert [one.failure for one in fake.it.requests] == ["server_error", "client_not_found", "client_not_found"]


def test_what_is_queued_comes_before_what_an_id_does_and_before_any_function_is_asked(fake: Service) -> None:
    asked: list[OperationRequest] = []
    fake.it.answer("post_client_points", lambda request: asked.append(request) or {"points": 1})
    for failure in ("bad_gateway", "connection_refused"):
        fake.it.fail(failure)
    found = [outcome(lambda: fake.ask("post_client_points", client_id="client_not_found")) for _ in range(3)]
    assert [found[0][0], found[1], found[2][0]] == [502, httpx.ConnectError, 404]
    assert asked == []
    assert fake.ask("post_client_points").status_code == 200
    assert len(asked) == 1


def test_an_answer_drifts_as_any_other(fake: Service) -> None:
    fake.it.answer("post_client_points", {"points": 7, "expiresAt": "2024-07-15T10:30:28.700Z"})
    fake.it.fail("drift_null")
    assert fake.ask("post_client_points").json()["expiresAt"] is None
    fake.it.answer("get_client_gifts", {"virtualGifts": []})
    fake.it.fail("drift_missing")
    assert "isExpired" not in fake.ask("get_client_gifts").json()["virtualGifts"][0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("get_client_gift", r"no operation is named 'get_client_gift': did you mean get_client_gifts"),
        ("post_points", r"did you mean .*post_points_list"),
        ("zzz", r"no operation is named 'zzz': there are delete_client_clientId, .*put_client"),
        (5, r"no operation is named 5: there are "),
    ],
)
def test_a_name_that_no_operation_has_lists_those_that_are_near(fake: Service, name: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fake.it.answer(name, {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("clientnotfound", "no failure is named 'clientnotfound'"),
        (KeyError("x"), "a service answers with no exception: give the name of a failure"),
        (KeyError, "a service answers with no exception"),
        (None, "None can't be an answer"),
        ({"at": object()}, "dict can't be an answer: .*object"),
        ({1, 2}, "set can't be an answer"),
        (OperationRequest, "the class OperationRequest can't be an answer: give a result"),
    ],
)
def test_what_no_service_could_answer_is_refused(fake: Service, answer: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fake.it.answer("get_tag", answer)
    fake.it.answer("get_tag", lambda request: answer)
    with pytest.raises(ValueError, match=said):
        fake.ask("get_tag")
