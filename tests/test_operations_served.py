"""Every friendly method of a large API gets from the fake and the sandbox what its document promises, drift-free.

With only what must be given, and with all that may be; by the synchronous and the asynchronous client.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Union, get_args, get_origin

import attrs
import httpx
import pytest
import yaml

import many_operations
from generated_package import generated, imported
from mantago_runtime.concurrency import maybe_await
from vendoring.vendored import read_spec

ERRATA = many_operations.FIRST.overlay.read_text("utf-8")
VALUES: Mapping[Any, Any] = {
    str: "00000000-0000-4000-8000-000000000000",  # which is a text for every format that these operations ask for
    int: 7,
    float: 1.5,
    bool: True,
    bytes: b"bytes",
    dt.date: dt.date(2024, 2, 29),
    dt.datetime: dt.datetime(2024, 7, 15, 10, 30, tzinfo=dt.UTC),
    Any: {"any": 1},
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = generated(
        tmp_path_factory.mktemp("many") / "project", many_operations.spec(), many_operations.names(), ERRATA
    )
    with imported(folder) as package:
        yield package


@pytest.fixture(scope="module", params=["fake", "sandbox"])
def service(request: pytest.FixtureRequest, many: ModuleType) -> Iterator[dict[str, Any]]:
    """How to call a service that serves the large API, as arguments of a client."""
    with ExitStack() as stack:
        if request.param == "fake":
            fake = import_module("mantago.testing").FakeMantaGo()
            fake.add_client("VolejRejN")
            yield {"transport": fake, "credentials": fake.credentials}
        else:
            box = stack.enter_context(import_module("mantago.sandbox").Sandbox())
            yield {name: getattr(box, name) for name in ("base_url", "bot_id", "token", "secret")}


def names_in(owner: Any) -> dict[str, Any]:
    """All that annotations of generated code may name, also what is imported for type checkers only."""
    models = import_module("mantago_generated.models")
    known = {name: getattr(models, name) for name in models.__all__}
    aliases = {f"_{name}": value for name, value in known.items()}
    beside = {"EllipsisType": types.EllipsisType, "date": dt.date, "datetime": dt.datetime}
    beside |= {"Any": Any, "Literal": Literal, "Mapping": Mapping, "Sequence": Sequence}
    return known | aliases | beside | vars(sys.modules[owner.__module__])


def value_for(kind: Any, depth: int = 0) -> Any:
    """A value of a type; LookupError where it would get too deep."""
    if kind in VALUES:
        return VALUES[kind]
    origin, inner = get_origin(kind), [one for one in get_args(kind) if one is not type(None)]
    if origin in (Union, types.UnionType):
        return value_for(inner[0], depth)
    if origin is Literal:
        return inner[0]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"key": value_for(inner[1], depth)}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return [value_for(inner[0], depth)]
    if issubclass(kind, Enum):
        return next(iter(kind))
    return model_for(kind, depth)


def model_for(kind: Any, depth: int) -> Any:
    """A model with all that it may hold, but for what is too deep in it."""
    if depth > 2:
        raise LookupError
    known = names_in(kind)
    given = {}
    for one in attrs.fields(kind):
        if one.name not in {"extra", "drift", "response", "secret"}:
            try:
                given[one.name] = value_for(eval(str(one.type), known), depth + 1)
            except LookupError:
                if one.default is attrs.NOTHING:
                    raise
    return kind(**given)


def arguments(method: Any, *, everything: bool) -> dict[str, Any]:
    """What to call a friendly method with: the client that is known where the rule holds, else made-up values."""
    function = inspect.unwrap(method)
    known = names_in(function)
    parameters = inspect.signature(function).parameters
    rule = {"client_id", "platform", "platform_client_id"} <= parameters.keys()
    given: dict[str, Any] = {"client_id": "VolejRejN"} if rule else {}
    others = {"self", "timeout", *({"client_id", "platform", "platform_client_id"} if rule else ())}
    for name, parameter in parameters.items():
        if name not in others and (everything or parameter.default is inspect.Parameter.empty):
            given[name] = value_for(eval(parameter.annotation, known))
    return given


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("client", ["MantaGo", "AsyncMantaGo"])
def test_every_friendly_method_is_answered_as_the_document_promises(
    many: ModuleType, service: dict[str, Any], client: str, *, everything: bool
) -> None:
    operations = import_module("mantago_generated.spec").OPERATIONS
    assert len(operations) >= 60

    async def call_all() -> dict[str, Any]:
        mantago = getattr(import_module("mantago"), client)(max_retries=0, **service)
        found = {}
        for operation in operations:
            method = getattr(mantago, operation.name)
            found[operation.name] = await maybe_await(method(**arguments(method, everything=everything)))
        await maybe_await(mantago.aclose() if client == "AsyncMantaGo" else mantago.close())
        return found

    results = asyncio.run(call_all())
    assert {name: result.drift for name, result in results.items() if getattr(result, "drift", ())} == {}
    assert results["count_things"] == 1
    assert results["post_openapi_client_points"].points == 1
    assert {type(shape).__name__ for shape in results["try_styles"]} == {"Circle"}


def test_the_fake_answers_with_a_model_of_any_operation_and_with_functions_of_the_request(many: ModuleType) -> None:
    mantago, testing = import_module("mantago"), import_module("mantago.testing")
    fake = testing.FakeMantaGo()
    with mantago.MantaGo(transport=fake, credentials=fake.credentials) as client:
        fake.answer("post_openapi_client_points", mantago.ClientPointsResponse(points=7))
        assert client.post_openapi_client_points(client_id="whoever").points == 7
        fake.answer("get_thing", lambda request: mantago.Branch(name=request.path_parameters["id"]))
        assert client.get_thing(id="a b", page=2).name == "a b"
        fake.answer("get_thing", lambda request: {"name": str(request.query["page"])})
        assert client.get_thing(id="a", page=2).name == "2"
        fake.answer("count_things", 12)
        assert client.count_things() == 12
        with pytest.raises(ValueError, match="did you mean post_openapi_client_points"):
            fake.answer("post_openapi_client_point", {})
        with pytest.raises(mantago.NotFoundError):
            client.get_thing(id="client-not-found")
        fake.fail("cut_off_answer")
        with pytest.raises(mantago.APIConnectionError):
            client.delete_thing(id="a")
        assert [asked.status for asked in fake.requests[-2:]] == [404, 204]


def test_what_is_raised_before_anything_is_sent_never_reaches_the_fake(many: ModuleType) -> None:
    mantago, testing = import_module("mantago"), import_module("mantago.testing")
    fake = testing.FakeMantaGo()
    with mantago.MantaGo(transport=fake, credentials=fake.credentials) as client:
        with pytest.raises(mantago.IdentificationError):
            client.post_openapi_client_points()
        with pytest.raises(ValueError, match="that of another operation"):
            client.get_thing(id="count")
    assert fake.requests == ()
    assert isinstance(fake, httpx.BaseTransport)


def test_the_rule_holds_on_whichever_schema_it_is_declared(tmp_path: Path) -> None:
    spec = read_spec(many_operations.FIRST)
    schemas = spec["components"]["schemas"]
    schemas["Whom"] = {**schemas["ClientIdentificationRequest"], "description": "Who is meant"}
    operation = many_operations.operation("BasicSuccessResponse", "Whom", summary="Greet client")
    spec["paths"]["/openapi/client/greeting"] = {"post": operation}
    names = yaml.safe_load(many_operations.FIRST.names.read_text("utf-8"))
    said = {"target": "$.components.schemas.Whom", "update": {"x-mantago-rule": "identification"}}
    names["actions"].append(said | {"description": "Its prose tells the rule."})
    with imported(generated(tmp_path / "project", spec, yaml.safe_dump(names, allow_unicode=True), ERRATA)):
        mantago, testing = import_module("mantago"), import_module("mantago.testing")
        fake = testing.FakeMantaGo()
        fake.add_client("VolejRejN")
        pair = fake.credentials
        with httpx.Client(transport=fake, base_url="https://mantago.cc/api") as raw:
            refused = raw.post(
                "/openapi/client/greeting",
                params={"botId": pair.bot_id},
                headers={"Authorization": f"Bearer {pair.token}"},
                json={"secret": pair.secret},
            )
        assert "the body must have clientId, or platform and platformClientId" in refused.text
        with mantago.MantaGo(transport=fake, credentials=pair) as client:
            assert client.greet_client(client_id="VolejRejN").drift == ()
            with pytest.raises(mantago.NotFoundError):
                client.greet_client(client_id="nobody")


# After a bump that adds to gifts


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[ModuleType]:
    """The package of a document with more in a gift, a ticket, their resources and the answer around them."""
    spec = read_spec(many_operations.FIRST)
    schemas = spec["components"]["schemas"]
    schemas["GiftItem"]["properties"] |= {"imageUrl": {"type": "string"}, "quantity": {"type": "integer"}}
    schemas["GiftItem"]["properties"]["resource"]["enum"].append("diceGame")
    schemas["TicketGift"]["properties"]["serial"] = {"type": "string"}
    schemas["ClientGiftsResponse"]["allOf"][1]["properties"]["total"] = {"type": "integer"}
    schemas["GiftItem"]["required"].append("quantity")
    schemas["TicketGift"]["required"].append("serial")
    schemas["ClientGiftsResponse"]["allOf"][1]["required"] = ["total"]
    names = many_operations.FIRST.names.read_text("utf-8")
    with imported(generated(tmp_path / "project", spec, names, ERRATA)) as package:
        yield package


def test_after_a_bump_the_builders_fill_what_is_new_and_nothing_drifts(newer: ModuleType) -> None:
    mantago, testing = import_module("mantago"), import_module("mantago.testing")
    fake = testing.FakeMantaGo()
    bare = mantago.Gift("Tea", "diceGame", VALUES[dt.datetime], is_expired=False)
    fake.add_client("VolejRejN", tickets=[testing.ticket()], virtual_gifts=[testing.gift(), bare])
    with mantago.MantaGo(transport=fake, credentials=fake.credentials, strict=True) as client:
        found = client.get_client_gifts(client_id="VolejRejN")
        assert found.drift == ()
        assert (found.tickets, found.virtual_gifts[0]) == ((testing.ticket(),), testing.gift())
        assert (testing.gift().image_url, testing.gift().quantity, found.total) == ("example", 1, 1)
        # What is optional and wasn't given is left out; what is required is made up.
        assert found.virtual_gifts[1] == attrs.evolve(bare, quantity=1)
        assert found.virtual_gifts[1].resource.is_known
        fake.answer("get_client_gifts", mantago.ClientGifts(virtual_gifts=(bare,)))
        assert client.get_client_gifts(client_id="nobody").virtual_gifts == (attrs.evolve(bare, quantity=1),)


def test_after_a_bump_the_sandboxs_clients_drift_only_where_they_mean_to(newer: ModuleType) -> None:
    mantago, sandbox = import_module("mantago"), import_module("mantago.sandbox")
    drifting = {"field-from-the-future": 2, "enum-from-the-future": 1, "missing-is-expired": 1}
    with sandbox.Sandbox() as box:
        account = {name: getattr(box, name) for name in ("base_url", "bot_id", "token", "secret")}
        with mantago.MantaGo(**account) as client:
            for id_ in [*(one.id for one in sandbox.CLIENTS), *drifting]:
                assert len(client.get_client_gifts(client_id=id_).drift) == drifting.get(id_, 0)
