"""What only the client can tell: its own requests and answers, its packages, and what it takes for granted."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

import contract_diff
import release_diff
import watch_vendor
from contract import assumptions, client, contracts, execution, packages, python, sources
from contract.changes import Change
from contract.documents import Document
from contract.plain_schemas import MOST_SCHEMAS, PlainSchemas
from contract.rules import REQUEST, RESPONSE
from contract.samples import NoValueError, smallest, values
from first import FIRST
from large_document import document
from mantago.assumptions import ASSUMPTIONS
from regenerate import PACKAGE, generate, replace_package
from vendoring.vendored import ROOT, Vendored, canonical, read_spec, run, sha256

GIFTS = "/openapi/client/gift"
Edit = Callable[[dict[str, Any]], Any]


def edited(edit: Edit = lambda _: None) -> Document:
    # The rules are tried on the first document: in others, one schema may serve more operations.
    tree = copy.deepcopy(read_spec(FIRST))
    edit(tree)
    return Document("new", tree)


OLD = edited()


def schemas(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["components"]["schemas"]


def gift(tree: dict[str, Any]) -> dict[str, Any]:
    return schemas(tree)["GiftItem"]["properties"]


def operation(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["paths"][GIFTS]["post"]


def request(tree: dict[str, Any]) -> dict[str, Any]:
    return schemas(tree)["ClientIdentificationRequest"]


# Assumptions


def test_all_assumptions_hold_for_the_vendored_document():
    vendored = Document("vendored", read_spec(Vendored()))
    facts = assumptions.facts(vendored, f"POST {GIFTS}")
    for assumption in ASSUMPTIONS:
        for place in assumptions._places(assumption.place, facts):
            _, said = facts[place]
            for key, expected in assumption.facts.items():
                assert assumptions._holds(key, expected, said), (place, key, said)
    assert {assumption.module for assumption in ASSUMPTIONS} == {
        "mantago.identification", "mantago_runtime.calls.responses", "mantago_runtime.calls.signing",
        "mantago_runtime.errors",
    }  # fmt: skip
    assert [*assumptions.compare(vendored, vendored)] == []


def failure(tree: dict[str, Any]) -> dict[str, Any]:
    return schemas(tree)["ErrorResponse"]["properties"]["errResponse"]["properties"]


@pytest.mark.parametrize(
    ("edit", "module", "text"),
    [
        pytest.param(
            lambda t: operation(t).update(description="No rule"),
            "mantago.identification",
            "sentence",
            id="the rule of the operation",
        ),
        pytest.param(
            lambda t: request(t).update(description="No rule"), "mantago.identification", "sentence", id="of the body"
        ),
        pytest.param(lambda t: operation(t)["parameters"].pop(0), "mantago_runtime.calls.signing", "gone", id="bot id"),
        pytest.param(
            lambda t: request(t).update(required=[]), "mantago_runtime.calls.signing", "required False", id="the secret"
        ),
        pytest.param(
            lambda t: operation(t)["responses"].update({"409": operation(t)["responses"]["401"]}),
            "mantago_runtime.errors",
            "an exception for each status, and now it is without one for 409",
            id="a status",
        ),
        pytest.param(
            lambda t: schemas(t)["BasicSuccessResponse"]["properties"].pop("success"),
            "mantago_runtime.calls.responses",
            "gone",
            id="success",
        ),
        pytest.param(
            lambda t: failure(t)["code"].update(type="string"),
            "mantago_runtime.calls.responses",
            "type string",
            id="the code of a refusal",
        ),
    ],
)
def test_a_broken_assumption_names_the_module_to_look_at(edit: Edit, module: str, text: str):
    [change] = assumptions.compare(OLD, edited(edit))
    assert f"look at {module} " in change.text
    assert text in change.text
    assert change.level == "warning"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda t: t["paths"].pop(GIFTS), id="the operation is gone, which is a finding of its own"),
        pytest.param(lambda t: operation(t).update(summary="Other"), id="a text"),
        pytest.param(lambda t: gift(t).pop("name"), id="a field, whose class is generated"),
        pytest.param(
            lambda t: operation(t).update(description=operation(t)["description"].replace(" OR both", "\n  or both")),
            id="the rule, wrapped otherwise",
        ),
        pytest.param(lambda t: gift(t).update(next={"$ref": "#/components/schemas/GiftItem"}), id="recursion"),
        pytest.param(lambda t: gift(t).update(next={"format": 1}), id="no type"),
        pytest.param(lambda t: operation(t)["responses"].pop("404"), id="a status less"),
        pytest.param(lambda t: operation(t)["responses"].update(default={"description": ""}), id="any status"),
    ],
)
def test_what_breaks_no_assumption_is_no_finding(edit: Edit):
    assert [*assumptions.compare(OLD, edited(edit))] == []


# Proof by execution


def tried(edit: Edit) -> list[Change]:
    return [*execution.compare(OLD, edited(edit))]


@pytest.mark.parametrize(
    ("edit", "place", "text"),
    [
        pytest.param(lambda t: request(t)["required"].append("x"), "request body", "'x' is a required", id="field"),
        pytest.param(
            lambda t: request(t)["properties"]["clientId"].update(pattern="^[0-9]+$"),
            "request body clientId",
            "does not match",
            id="pattern",
        ),
        pytest.param(
            lambda t: request(t)["properties"]["platform"]["enum"].remove("line"),
            "request body platform",
            "identify_in='both', platform='line'",
            id="one platform",
        ),
        pytest.param(
            lambda t: operation(t)["parameters"].append({"name": "x", "in": "header", "required": True}),
            "request header x",
            "the client doesn't send it",
            id="header",
        ),
        pytest.param(
            lambda t: operation(t)["parameters"][0].update(schema={"type": "integer"}),
            "request query botId",
            "is not of type 'integer'",
            id="type of a parameter",
        ),
        pytest.param(lambda t: operation(t).pop("requestBody"), "request body", "no JSON is accepted", id="no body"),
        pytest.param(
            lambda t: t.update(servers=[{"url": "https://api.mantago.cc/v2"}]), "request", "its address", id="server"
        ),
    ],
)
def test_a_request_that_the_new_contract_refuses_breaks(edit: Edit, place: str, text: str):
    found = [change for change in tried(edit) if change.path == f"POST {GIFTS} {place}"]
    assert {(change.id, change.level) for change in found} == {("client-request-refused", "breaking")}
    assert any(text in change.text for change in found)


@pytest.mark.parametrize(
    ("edit", "place", "smallest"),
    [
        pytest.param(
            lambda t: schemas(t)["TicketGift"].pop("required"), "tickets[].createdAt", '"tickets": [{}]', id="missing"
        ),
        pytest.param(
            lambda t: gift(t).update(isExpired={"type": "integer"}),
            "physicalGifts[].isExpired",
            '"isExpired": 0',
            id="type",
        ),
        pytest.param(
            lambda t: schemas(t)["BasicSuccessResponse"].update(required=["success"]), "message", "{", id="message"
        ),
        pytest.param(
            lambda t: schemas(t)["BasicSuccessResponse"]["properties"]["success"].update(type="string"),
            "success",
            '"success": ""',
            id="success",
        ),
    ],
)
def test_an_answer_that_the_client_cannot_read_breaks_with_the_smallest_example(edit: Edit, place: str, smallest: str):
    found = {change.path: change for change in tried(edit)}
    change = found[f"POST {GIFTS} response 200 {place}"]
    assert (change.id, change.level) == ("client-answer-unreadable", "breaking")
    assert smallest in change.text.partition("the smallest answer is ")[2]


def test_what_the_client_tolerates_is_told_as_drift():
    found = tried(lambda t: gift(t)["resource"]["enum"].append("dice") or gift(t).update(quantity={"type": "integer"}))
    assert {(change.id, change.level) for change in found} == {
        ("client-answer-drift", "warning"),
        ("client-answer-unknown-field", "info"),
    }
    assert any('"resource": "dice"' in change.text for change in found)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda t: operation(t).update(summary="Other"), id="text"),
        pytest.param(lambda t: t["paths"].pop(GIFTS), id="the operation is gone"),
        pytest.param(lambda t: schemas(t)["ClientIdentificationRequest"]["properties"].update(x={}), id="a field more"),
        pytest.param(lambda t: t.update(servers=[{"url": "/api"}]), id="a server without a host"),
        pytest.param(
            lambda t: operation(t)["parameters"].append({"name": "x", "in": "query", "schema": {"type": "integer"}}),
            id="an optional parameter",
        ),
        pytest.param(lambda t: operation(t)["responses"].pop("200"), id="no answer to read"),
        pytest.param(lambda t: gift(t)["resource"]["enum"].pop(), id="a value less in an answer"),
        pytest.param(
            lambda t: request(t)["properties"]["clientId"].update(pattern=r"^\p{L}+$"),
            id="a pattern of another language",
        ),
    ],
)
def test_what_the_client_does_not_notice_is_no_finding(edit: Edit):
    assert tried(edit) == []


@pytest.mark.unmeasured
def test_it_finds_the_same_each_time():
    def change(tree: dict[str, Any]) -> None:
        schemas(tree)["TicketGift"]["properties"]["createdAt"]["nullable"] = True

    assert tried(change) == tried(change) != []


def test_an_answer_that_no_value_fits_is_told():
    found = tried(
        lambda t: schemas(t)["BasicSuccessResponse"]["properties"].update(
            message={"type": "string", "minLength": 3, "pattern": "^a$"}
        )
    )
    assert [change.id for change in found] == ["client-not-tried"]


def gifts_pair(edit: Edit) -> tuple[contracts.Contract, contracts.Contract]:
    [pair] = contracts.changed(OLD, edited(edit))
    return pair


def test_operations_that_answer_with_the_same_are_read_once(monkeypatch):
    pair, read = gifts_pair(lambda t: schemas(t)["TicketGift"].pop("required")), []
    real = execution._answers
    monkeypatch.setattr(execution, "_answers", lambda *given, **options: read.append(given) or real(*given, **options))
    found = [*execution.differing([pair, pair])]
    assert len(read) == 2
    assert found[0] == found[len(found) // 2]


def test_an_operation_that_the_client_has_not_is_not_tried(monkeypatch):
    monkeypatch.setattr(execution, "client_operations", dict)
    assert [*execution.differing([gifts_pair(lambda t: request(t)["required"].append("x"))])] == []


def test_an_operation_that_nobody_can_ask_for_is_told(monkeypatch):
    monkeypatch.setattr(client.ClientOperation, "requests", lambda *_: [])
    [found] = execution.differing([gifts_pair(lambda t: schemas(t)["TicketGift"].pop("required"))])
    assert found.values == {"problem": "the old contract allows no request"}


def test_every_kind_of_call_is_tried():
    contract = contracts.Contracts(OLD).of(f"POST {GIFTS}")
    tried = client.client_operations()[f"POST {GIFTS}"]
    friendly = [*tried._friendly()]
    assert len(friendly) == 12
    assert sum("platformClientId" in asked.request.url.params for asked in friendly) == 5
    generated = [*tried._generated(contract)]
    assert len(generated) > 12
    assert {"clientId" in json.loads(asked.request.content) for asked in generated} == {True, False}


def test_a_method_without_the_rule_is_tried_by_what_its_contract_allows_only():
    assert [*client.ClientOperation("close")._friendly()] == []


def test_a_client_without_generated_methods_is_tried_by_the_one_that_it_has(monkeypatch):
    monkeypatch.delattr("mantago_generated.spec.OPERATIONS")
    [[operation, tried]] = client.client_operations().items()
    contract = contracts.Contracts(OLD).of(operation)
    assert (operation, len(tried.requests(contract)), tried.result) == (f"POST {GIFTS}", 12, "get_client_gifts")


def contract(path: str = GIFTS, **parameters: dict[str, Any]) -> contracts.Contract:
    return contracts.Contract(
        f"POST {path}",
        {name.replace("_", " "): (True, schema) for name, schema in parameters.items()},
        {},
        "200",
        None,
        (),
    )


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": ["integer"]}, "7", "x"),
        ({"type": ["array"], "items": {"type": ["integer"]}}, "7,8", "7,x"),
        ({"type": ["string"], "enum": ["a"]}, "a", "7"),
    ],
)
def test_a_parameter_is_judged_as_what_its_text_stands_for(schema: dict[str, Any], good: str, bad: str):
    asked = [httpx.Request("POST", f"http://x{GIFTS}?n={text}", json={}) for text in (good, bad)]
    assert [len([*execution.faults(contract(query_n=schema), one)]) for one in asked] == [0, 1]


def test_a_contract_that_nothing_fits_has_no_samples():
    assert client.samples(contract(query_n={"enum": []}), 5) == []


def test_a_parameter_is_looked_for_where_it_stands():
    text = {"type": ["string"], "minLength": 2}
    said = contract("/a/{id}.json", path_id=text, header_x=text, cookie_c=text)
    good = httpx.Request("POST", "http://x/api/a/bc.json", headers={"x": "bc", "cookie": "c=bc; d=e"})
    assert [*execution.faults(said, good)] == []
    bad = httpx.Request("POST", "http://x/api/a/b.json", headers={"x": "b"})
    assert [place for place, _ in execution.faults(said, bad)] == ["path id", "header x", "cookie c"]
    elsewhere = httpx.Request("POST", "http://x/api/b/c", headers={"x": "bc", "cookie": "c=bc"})
    assert [place for place, _ in execution.faults(said, elsewhere)] == [""]


# The packages of a commit


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits: the spec alone, then with its packages, then with a method less."""
    root = tmp_path_factory.mktemp("repository")
    commit(root, "openapi")
    git(root, "branch", "spec-alone")
    commit(root, "facade", "generated")
    git(root, "branch", "released")
    return root


def git(root: Path, *arguments: str) -> None:
    name = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, *folders: str) -> None:
    for folder in folders:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    if not (root / ".git").exists():
        git(root, "init", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--message=x")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Vendored:
    subprocess.run(["git", "clone", "--quiet", str(repository), str(tmp_path / "clone")], check=True)
    git(tmp_path / "clone", "fetch", "--quiet", "origin", "released:released", "spec-alone:spec-alone")
    return Vendored(tmp_path / "clone" / "openapi")


def package_changes(checkout: Vendored, reference: str = "git:released") -> list[Change]:
    return [*python.compare(sources.load(reference, checkout), sources.load(str(checkout.spec), checkout))]


def test_what_teams_can_no_longer_write_is_told_with_file_and_line(checkout: Vendored):
    assert package_changes(checkout) == []
    root = checkout.folder.parent
    generated, errors = root / "generated/mantago_generated", root / "facade/mantago_runtime/errors.py"
    error, models = generated / "models/error_response.py", generated / "models"
    for name in ("Ticket", "TicketGift"):
        replace(models / "__init__.py", f"    from .ticket_gift import Ticket as {name}\n", "")
    replace(models / "__init__.py", '    "TicketGift",\n', "")
    (models / "ticket_gift.py").unlink()
    replace(error, "    success: bool", "    size: int = field(kw_only=True)\n    success: int")
    replace(errors, "class APITimeoutError(APIConnectionError)", "class APITimeoutError(MantaGoError)")
    replace(errors, "-> type[APIStatusError]:", "-> str:")
    api = generated / "api/client_points_gifts/post_openapi_client_gift.py"
    replace(api, "    platform: Platform | str | None = None,\n", "    platform: Platform | str | None,\n")
    found = {change.path.partition(" ")[0]: change for change in package_changes(checkout)}
    removed = found["mantago_generated.models.TicketGift"]
    assert (removed.id, removed.level, removed.pointer_new) == ("python-object-removed", "breaking", None)
    assert (removed.pointer_old or "").startswith("generated/mantago_generated/models/__init__.py#L")
    assert "mantago_generated.models.ticket_gift" not in found
    field = found["mantago_generated.models.error_response.ErrorResponse.__init__"]
    assert (field.id, field.level) == ("python-model-field-required", "warning")
    assert ": size, generated/mantago_generated/models/error_response.py:" in field.text
    shared = found["mantago_generated.api.client_points_gifts.post_openapi_client_gift.request"]
    assert shared.id == "python-parameter-changed-required"
    assert shared.path.endswith("(and sync_detailed, sync, asyncio_detailed, asyncio)")
    timeout = found["mantago_runtime.errors.APITimeoutError"]
    assert timeout.id == "python-class-removed-base"
    assert timeout.text.startswith("base class was removed: APIConnectionError, facade")
    types = {change.text.partition(", ")[0] for change in found.values() if change.id.endswith("-type")}
    assert types == {
        "attribute types are incompatible: bool -> int",
        "return types are incompatible: type[APIStatusError] -> str",
    }


RENAMED = [
    (
        "operationId: get_client_gifts",
        "operationId: get_gifts",
        "mantago.client.MantaGo.get_client_gifts (and Operations, AsyncMantaGo, AsyncOperations)",
    ),
    ("x-mantago-class: Ticket", "x-mantago-class: Coupon", "mantago.Ticket"),
    ("isExpired: is_expired", "isExpired: expired", "mantago_generated.models.gift_item.Gift.is_expired"),
    (
        "lotteryGame: LOTTERY_GAME",
        "lotteryGame: LOTTERY",
        "mantago_generated.models.gift_item_resource.GiftResource.LOTTERY_GAME",
    ),
]


def test_another_name_for_what_is_public_breaks(checkout: Vendored, tmp_path: Path):
    root = checkout.folder.parent
    for old, new, _ in RENAMED:
        replace(checkout.names, old, new)
    replace_package(root / "generated" / PACKAGE, generate(checkout, root / "generated", tmp_path))
    found = [change for change in package_changes(checkout) if change.level == "breaking"]
    removed = {change.path: change for change in found if change.id == "python-object-removed"}
    for *_, path in RENAMED:
        assert path in removed
        assert str(removed[path].pointer_old).startswith(("facade/mantago/", "generated/mantago_generated/"))
    lost = {
        (change.path, change.text.partition(", ")[0]) for change in found if change.id == "python-parameter-removed"
    }
    gift = "mantago_generated.models.gift_item.Gift.__init__"
    assert (gift, "parameter was removed: is_expired") in lost


def regenerated(checkout: Vendored, edit: Edit, scratch: Path) -> None:
    """Vendor another document and generate its package."""
    tree = read_spec(checkout)
    edit(tree)
    before = sha256(checkout.spec.read_bytes())
    checkout.spec.write_text(canonical(tree), "utf-8")
    replace(checkout.lock, before, sha256(checkout.spec.read_bytes()))
    package = checkout.folder.parent / "generated"
    scratch.mkdir()
    replace_package(package / PACKAGE, generate(checkout, package, scratch))


def list_clients(tree: dict[str, Any]) -> None:
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    answered = {"type": "object", "properties": {"clients": {"type": "array", "items": {"type": "string"}}}}
    paging = {"page": "page", "items": "clients"}
    tree["paths"]["/openapi/clients"] = {
        "get": {
            "operationId": "list_clients",
            "parameters": [page],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": answered}}}},
            "x-mantago-paging": paging,
        }
    }


def test_a_list_that_no_longer_pages_breaks_once(checkout: Vendored, tmp_path: Path):
    regenerated(checkout, list_clients, tmp_path / "before")
    root = checkout.folder.parent
    git(root, "add", ".")
    git(root, "commit", "--message=x")
    regenerated(checkout, lambda t: t["paths"]["/openapi/clients"]["get"].pop("x-mantago-paging"), tmp_path / "after")
    old, new = sources.load("git:HEAD", checkout), sources.load(str(checkout.spec), checkout)
    [change] = [change for change in contract_diff.compare(old, new).changes if change.level != "info"]
    assert (change.id, change.level) == ("python-object-removed", "breaking")
    assert change.path.startswith("mantago.client.MantaGo.iter_clients (and ")


def test_an_operation_that_answers_with_what_was_a_part_of_others_breaks_nothing(checkout: Vendored, tmp_path: Path):
    schema = {"$ref": "#/components/schemas/BasicSuccessResponse"}
    responses = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    regenerated(
        checkout, lambda t: t["paths"].update({"/openapi/ping": {"post": {"responses": responses}}}), tmp_path / "new"
    )
    assert [change for change in package_changes(checkout) if change.level == "breaking"] == []


def test_another_name_for_an_argument_breaks(checkout: Vendored):
    operations = checkout.folder.parent / "generated/mantago_generated/operations.py"
    replace(
        operations, "        platform_client_id: str | None = None,", "        platforms_client_id: str | None = None,"
    )
    found = {(change.level, change.id, change.path) for change in package_changes(checkout)}
    method = "mantago_generated.operations.Operations.get_client_gifts"
    assert ("breaking", "python-parameter-removed", method) in found


def test_a_changed_default_is_a_warning_and_what_is_private_is_nobodys_business(checkout: Vendored):
    root = checkout.folder.parent
    replace(root / "facade/mantago_runtime/calls/signing.py", "def sign(", "def signed(")
    gift = root / "generated/mantago_generated/models/gift_item.py"
    replace(gift, "is_expired: bool | None = field(default=None", "is_expired: bool | None = field(default=False")
    replace(gift, 'json_field("startTime", TIMESTAMP)', 'json_field("startTime", TIMESTAMP, promised=True)')
    [change] = [change for change in package_changes(checkout) if change.level != "info"]
    assert (change.id, change.level) == ("python-parameter-changed-default", "warning")
    assert "is_expired, generated/mantago_generated/models/gift_item.py:" in change.text


def test_a_commit_without_packages_and_a_mere_file_have_none(checkout: Vendored, tmp_path: Path):
    assert package_changes(checkout, "git:spec-alone") == []
    page = tmp_path / "page.json"
    shutil.copy(checkout.spec, page)
    with packages.packages(sources.load(str(page), checkout)) as root:
        assert root is None


def test_the_client_of_the_old_commit_is_the_one_that_is_tried(checkout: Vendored):
    root = checkout.folder.parent
    # That client sends a platform that this one doesn't know.
    platform = root / "generated/mantago_generated/models/client_identification_request_platform.py"
    replace(platform, 'WHATSAPP = "whatsapp"', 'WHATSAPP = "line2"')
    git(root, "commit", "--all", "--message=x")
    old = sources.load("git:HEAD", checkout)
    new = edited(lambda t: request(t)["properties"]["platformClientId"].update(maxLength=1))
    found = [*execution.compare(old, new)]
    assert any("platformClientId" in change.path and "is too long" in change.text for change in found)
    replace(root / "facade/mantago/__init__.py", '__version__ = "', 'raise RuntimeError("broken")\n__version__ = "')
    git(root, "commit", "--all", "--message=x")
    [change] = execution.compare(sources.load("git:HEAD", checkout), new)
    assert (change.id, change.level) == ("client-not-tried", "warning")
    assert "RuntimeError: broken" in change.text


def test_the_worker_answers_in_json():
    new = edited(lambda t: request(t)["required"].append("x"))
    [found] = json.loads(execution.worker(json.dumps([OLD.tree, new.tree])))
    assert (found["rule"], found["place"]) == ("client-request-refused", "request body")
    assert json.loads(execution.worker(json.dumps([OLD.tree, {"paths": {}}]))) == []


# JSON Schemas and their values

SAMPLES: list[dict[str, Any]] = [
    {},
    {"type": "string", "minLength": 2, "maxLength": 3},
    {"type": "string", "minLength": 30},
    {"type": "string", "pattern": "^[a-c]+$", "minLength": 1},
    {"type": "string", "format": "date-time", "nullable": True},
    {"type": "string", "format": "uuid"},
    {"type": "string", "enum": ["a", "b"], "nullable": True},
    {"type": "integer", "minimum": 3, "exclusiveMaximum": True, "maximum": 9, "multipleOf": 2},
    {"type": "number", "minimum": 0.5, "maximum": 1},
    {"type": "number", "exclusiveMinimum": True, "minimum": 0.5, "exclusiveMaximum": True, "maximum": 1},
    {"type": "integer", "exclusiveMinimum": True, "minimum": 0},
    {"exclusiveMinimum": True, "minimum": 0, "exclusiveMaximum": True, "maximum": 2},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    {"type": "array"},
    # The empty name is the one that is drawn first.
    {"type": "object", "additionalProperties": {"type": "integer"}, "properties": {"": {"type": "string"}}},
    {"type": "object", "required": ["x"], "additionalProperties": False},
    {"type": "object", "required": ["x"], "properties": {"a": {"type": "string", "writeOnly": True}}},
    {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}]},
    {"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"b": {}}}]},
]


@pytest.mark.parametrize("schema", SAMPLES, ids=range(len(SAMPLES)))
def test_a_generated_value_is_one_that_the_schema_allows(schema: dict[str, Any]):
    for direction in (REQUEST, RESPONSE):
        plain = PlainSchemas(direction).of([Document("", schema).root])
        made = [*values(plain, 50)]
        for value in made:
            jsonschema.Draft7Validator(plain).validate(value)
            assert json.loads(json.dumps(value)) == value
        assert made == [*values(plain, 50)]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": ["string"], "pattern": "^a$", "minLength": 3}, "fits the pattern ^a$"),
        ({"enum": []}, "no value fits the schema"),
        ({"type": ["array"], "items": {"enum": [1]}, "minItems": 2, "uniqueItems": True}, "no 2 different items"),
    ],
)
def test_a_schema_that_no_value_fits_is_an_error(schema: dict[str, Any], why: str):
    with pytest.raises(NoValueError, match=re.escape(why)):
        [*values(schema, 5)]
    # What may be left out is left out.
    made = [*values({"type": ["object"], "properties": {"a": schema}}, 20)]
    assert made
    assert all(value == {} for value in made)


def test_the_smallest_value_is_what_nothing_can_be_taken_from():
    value = {"a": [{"b": "xyz", "c": [1, 2, 3]}, {"b": "xyz"}, 7, None, True], "d": {"e": 1.5}}
    found = smallest(
        value, lambda value: any(isinstance(part, dict) and 3 in part.get("c", ()) for part in value.get("a", ()))
    )
    assert found == {"a": [{"c": [3]}]}
    assert smallest("text", lambda _: True) == ""


def test_what_is_for_the_other_direction_does_not_count():
    schema = {
        "required": ["r", "w"],
        "properties": {"r": {"type": "string", "readOnly": True}, "w": {"type": "string", "writeOnly": True}},
    }
    asked, answered = (PlainSchemas(direction).of([Document("", schema).root]) for direction in (REQUEST, RESPONSE))
    assert (asked["required"], answered["required"]) == (["w"], ["r"])
    assert "additionalProperties" not in asked
    assert answered["additionalProperties"] is False


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.unmeasured
def test_a_schema_that_holds_itself_comes_to_an_end(required):
    inner = {"next": {"$ref": "#"}, "all": {"type": "array", "items": {"$ref": "#"}}}
    schema = {"type": "object", "properties": inner} | ({"required": ["next"]} if required else {})
    plain = PlainSchemas(RESPONSE).of([Document("", schema | {"additionalProperties": {"$ref": "#"}}).root])
    assert json.dumps(plain).count('"required"') <= MOST_SCHEMAS
    assert len([json.dumps(value) for value in values(plain, 20)]) == 20


def test_schemas_in_circles_are_read_no_deeper_than_their_size_allows():
    root = Document("", document(40, 100)).root.get("components").get("schemas")
    for direction in (REQUEST, RESPONSE):
        plain, flat = PlainSchemas(direction), PlainSchemas(direction, most=1)
        made = [json.dumps(plain.of([place])) for _, place in root.children()]
        assert len(flat.of([root.get("Resource000")])["properties"]) == 2
        # The changed contract is read in full where it is small, and a few levels deep here.
        assert 2 < max(text.count('"required"') for text in made) <= MOST_SCHEMAS


# The last release, and what the vendor publishes


def released(checkout: Vendored, *arguments: str) -> int:
    return run(lambda argv: release_diff.main(argv, checkout), [*arguments])


def vendor(checkout: Vendored, edit: Edit) -> None:
    """Put a spec in place as an upgrade would."""
    tree = read_spec(checkout)
    edit(tree)
    checkout.spec.write_text(canonical(tree), "utf-8")


def test_without_tags_the_first_commit_that_has_a_spec_is_the_last_release(checkout: Vendored, capsys):
    assert released(checkout) == 0
    assert ": 0 breaking, 0 warning, 0 info" in capsys.readouterr().out
    vendor(checkout, lambda t: t["paths"].pop(GIFTS))
    assert released(checkout) == 0
    assert "has no package that anyone could have installed" in capsys.readouterr().out


def test_a_break_that_the_version_does_not_admit_fails(checkout: Vendored, tmp_path: Path, capsys):
    root = checkout.folder.parent
    git(root, "tag", "v0.1.0", "released")
    vendor(checkout, lambda t: request(t)["required"].append("x"))
    report = tmp_path / "report.md"
    assert released(checkout, "--format=markdown", f"--into={report}") == 1
    assert "from 0.1.0 to 0.2.0" in capsys.readouterr().out
    assert "git:v0.1.0" in report.read_text("utf-8")
    assert "client-request-refused" in report.read_text("utf-8")
    replace(root / "facade/mantago/__init__.py", '__version__ = "0.1.0"', '__version__ = "0.2.0"')
    assert released(checkout) == 0
    assert "the version of the package says so: 0.2.0" in capsys.readouterr().out


def test_a_folder_without_history_cannot_be_compared(tmp_path: Path, monkeypatch, capsys):
    vendored = Vendored(tmp_path / "openapi")
    vendored.folder.mkdir()
    git(tmp_path, "init")
    assert released(vendored) == 2
    assert "no commit has a vendored spec" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert released(vendored) == 2
    assert "git can't be run" in capsys.readouterr().err


def watched(*arguments: object) -> int:
    return run(lambda argv: watch_vendor.main(argv, FIRST), [*map(str, arguments)])


def test_what_is_published_as_vendored_opens_no_issue(capsys):
    assert watched(FIRST.sources) == 0
    assert "nothing changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edit", "title"),
    [
        (lambda t: t["info"].update(version="0.319.0"), "The vendor published version 0.319.0"),
        (lambda t: operation(t).update(summary="X"), "The vendor changed version 0.318.0 without a new number"),
        (lambda t: operation(t).update(deprecated=True), "The vendor's pages no longer fit version 0.318.0"),
    ],
)
def test_what_is_published_otherwise_is_an_issue(edit: Edit, title: str, tmp_path: Path, capsys):
    page = tmp_path / "get-client-rewards.json"
    tree = read_spec(FIRST)
    edit(tree)
    page.write_text(canonical(tree), "utf-8")
    assert watched(page) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{title}\n\n")
    assert "python scripts/upgrade.py" in said
    assert watched(page, "--into", tmp_path / "issue") == 1
    assert (tmp_path / "issue" / "title.txt").read_text("utf-8") == title
    assert (tmp_path / "issue" / "body.md").read_text("utf-8") == said.partition("\n\n")[2]


def test_a_page_that_cannot_be_read_is_an_error_and_no_issue(tmp_path: Path):
    assert watched(tmp_path / "nowhere.md") == 2


def test_the_parts_of_the_diff_are_all_there(checkout: Vendored, tmp_path: Path, capsys):
    path = tmp_path / "new.json"
    path.write_text(
        canonical(edited(lambda t: request(t)["required"].append("x") or operation(t).update(description="x")).tree),
        "utf-8",
    )
    assert contract_diff.main(["git:released", str(path), "--format=json"], checkout) == 1
    ids = {change["id"] for change in json.loads(capsys.readouterr().out)["changes"]}
    assert {"new-required-request-property", "assumption-broken", "client-request-refused"} <= ids
