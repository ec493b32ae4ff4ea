"""An API of some forty operations, from its pages to calls: imported, regenerated, type-checked, decoded, called."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
import threading
import types
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, Union, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import httpx
import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter

import import_spec
import many_operations
import regenerate
from conftest import BOT_ID, GOOD, SECRET, TOKEN
from first import FIRST, copy_project
from generated_package import imported, planned
from generation.decisions import CLASS, unpinned
from generation.ir import NO_CONTENT, Endpoint, Scalar
from generation.proof import differences
from generation.samples import Sampler
from mantago_runtime.document import find_operation
from mantago_runtime.reading.enums import OpenStrEnum
from many_operations import example, pages
from upgrading.calls import example_calls
from vendoring.vendored import ROOT, Vendored, read_lock, read_spec, run

SPEC = many_operations.spec()
SCHEMAS = SPEC["components"]["schemas"]
PLAN = planned(SPEC, names=many_operations.names(), errata=FIRST.overlay.read_text("utf-8"))
OPERATIONS = [(method, path) for path, item in SPEC["paths"].items() for method in item]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this one, in which the pages of the larger API were imported over today's, and nothing else done."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_project(folder, "openapi", "generated")
    for name, text in pages(SPEC).items():
        (folder / "pages").mkdir(exist_ok=True)
        (folder / "pages" / name).write_text(text, "utf-8")
    assert run(import_spec.main, [str(folder / "pages"), "--bump", "--into", str(folder / "openapi")]) == 0
    Vendored(folder / "openapi").names.write_text(many_operations.names(), "utf-8")
    return folder


@pytest.fixture(scope="module")
def regenerated(checkout: Path) -> Path:
    """The folder that the package generated from it is in, once it was proved to work."""
    generated = checkout / "generated"
    assert run(lambda argv: regenerate.main(argv, Vendored(checkout / "openapi"), generated), []) == 0
    return generated


@pytest.fixture(scope="module")
def many(regenerated: Path) -> Iterator[ModuleType]:
    """The package, imported in place of ours, and so used by mantago."""
    with imported(regenerated) as package:
        for found in pkgutil.walk_packages(package.__path__, "mantago_generated."):
            importlib.import_module(found.name)
        yield package


def modules(package: ModuleType) -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(package.api.__path__, f"{package.__name__}.api.")]
    found = [importlib.import_module(name) for name in names]
    return [module for module in found if hasattr(module, "sync_detailed")]


# Generated


@pytest.mark.unmeasured
def test_its_pages_become_the_one_spec_again(checkout: Path) -> None:
    assert len(OPERATIONS) >= 35
    vendored = Vendored(checkout / "openapi")
    assert read_spec(vendored) == SPEC | {"tags": sorted(SPEC["tags"], key=lambda tag: tag["name"])}
    assert "unconfirmed" not in read_lock(vendored)
    assert len(read_lock(vendored)["sources"]) == len(OPERATIONS)


@pytest.mark.unmeasured
def test_every_operation_is_generated(many: ModuleType) -> None:
    assert len(modules(many)) == len(OPERATIONS)
    assert sorted((info.method.lower(), info.path) for info in many.spec.OPERATIONS) == sorted(OPERATIONS)
    for cls in (many.operations.Operations, many.async_operations.AsyncOperations):
        assert {info.name for info in many.spec.OPERATIONS} <= vars(cls).keys()


def test_only_what_is_confirmed_may_be_sent_twice(many: ModuleType) -> None:
    assert {info.name for info in many.spec.OPERATIONS if info.reads} == {
        "get_client_gifts",
        "get_thing",
        "list_tags",
        "list_visits",
    }


def test_where_and_how_it_is_regenerated_makes_no_difference(regenerated: Path, checkout: Path, tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib, regenerate\nfrom vendoring.vendored import Vendored\n"
        f"os.umask(0o077); sys.exit(regenerate.main(['--check'], Vendored(pathlib.Path({str(checkout)!r}, "
        f"'openapi')), pathlib.Path({str(checkout)!r}, 'generated')))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "COV"))}
    environment |= {
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Taipei",
        "HOME": str(tmp_path / "none"),
        "PYTHONPATH": str(ROOT / "scripts"),
        "COLUMNS": "20",
        "TERM": "dumb",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


FACADE = """
import httpx, logging, mantago, mantago_generated.spec
logging.disable()
answer = {"success": True, "message": "m", "physicalGifts": [{"name": "n", "resource": "unknown", "createdAt": "2024-07-15T10:30:28Z"}]}
with mantago.MantaGo(bot_id="b", token="t", secret="s", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))) as client:
    [gift] = client.get_client_gifts(platform="line", platform_client_id="U1").physical_gifts
print(mantago_generated.spec.VERSION, gift.name, gift.is_expired, type(gift).__module__)
"""


def test_the_facade_and_the_errata_hold_on_the_larger_api(regenerated: Path) -> None:
    path = os.pathsep.join([str(regenerated), str(ROOT / "facade")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FACADE],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0.400.0 n None mantago\n", "")


# Decoded


def class_of(schema: str) -> Any:
    """The class of a schema, or None if it is nothing but a type."""
    where = PLAN.classes.where.get(("components", "schemas", schema))
    return where and getattr(importlib.import_module(f"mantago_generated.models.{where.module}"), where.name)


@pytest.mark.parametrize("name", [name for name in SCHEMAS if "enum" not in SCHEMAS[name]])
@pytest.mark.unmeasured
def test_a_model_decodes_and_encodes_its_example_and_refuses_to_lose_anything(many: ModuleType, name: str) -> None:
    model = class_of(name)
    if model is None:
        assert name == "Shape", "only what is one of several has no class of its own"
        return
    answer = example(SCHEMAS[name], SCHEMAS)
    decoded = model.from_dict(answer)
    around = {field.name for field in getattr(model, "_envelope", ())}
    inside = {key: value for key, value in answer.items() if key not in around}
    assert [*differences(inside, decoded.to_dict())] == []
    assert json.loads(json.dumps(decoded.to_dict())) == decoded.to_dict()
    assert model.from_dict(decoded.to_dict()) == decoded
    adapter = TypeAdapter(model)
    assert adapter.validate_python(answer) == decoded
    assert adapter.dump_python(decoded) == json.loads(adapter.dump_json(decoded)) == decoded.to_dict()
    for mode in ("validation", "serialization"):
        schema = adapter.json_schema(mode=mode)
        jsonschema.validate(decoded.to_dict(), schema, format_checker=jsonschema.FormatChecker())
    if name != "OpenRecord":
        assert [*differences(inside | {"未知": [1]}, model.from_dict(answer | {"未知": [1]}).to_dict())] == []


def test_names_that_mean_something_in_python_are_told_apart(many: ModuleType) -> None:
    client = many.models.Client.from_dict(example(SCHEMAS["Client"], SCHEMAS))
    assert (client.id, client.class_, client.self_, client.from_, client.備註) == ("禮物",) * 5
    assert (type(client.next_), type(client.next_.type_)) == (many.models.Client, many.models.ClientType)
    assert type(client.address.geo) is many.models.ClientAddressGeo
    assert (client.born, client.seen_at) == (dt.date(2024, 2, 29), dt.datetime.fromisoformat(many_operations.MOMENT))
    assert (type(client.kind), type(client.sort)) == (many.models.ClientKind, many.models.ClientSort)
    assert many.models.Client is not many.Client
    assert issubclass(many.models.HTTPStatusModel, OpenStrEnum)


def test_no_value_of_an_enumeration_is_lost_to_another_of_a_like_name(many: ModuleType) -> None:
    for name in ("Clash", "MessageState", "Values"):
        enumeration = getattr(many.models, name)
        assert {member.value for member in enumeration} == set(SCHEMAS[name]["enum"])
        assert all(enumeration(value).is_known for value in SCHEMAS[name]["enum"])


def test_what_the_overlay_names_is_called_so(many: ModuleType) -> None:
    assert many.friendly.Color is many.models.Values is many.models.Color
    assert (many.models.Color.CRIMSON, many.models.Color.GREEN) == ("紅", "綠")
    branch = many.models.Branch.from_dict({"name": "a", "children": [{"name": "b"}]})
    assert branch.branches[0].name == "b"
    assert many.models.Tree is many.models.Branch
    assert many.models.Stamped.from_dict({"at": 1721039428700}).at == dt.datetime.fromisoformat(many_operations.MOMENT)


def test_the_kind_of_an_object_decides_its_class(many: ModuleType) -> None:
    models = many.models
    everything = models.GetOpenapiKindEverythingResponse200.from_dict(
        {"pet_": {"petType": "Dog", "bark": "b"}, "shape_": {"kind": "round", "r": 1}}
    )
    assert (type(everything.pet), type(everything.shape)) == (models.Dog, models.Circle)
    other = models.GetOpenapiKindEverythingResponse200.from_dict(
        {"pet_": {"petType": "Fish"}, "shape_": {"kind": "flat", "r": 1}}
    )
    assert (type(other.pet), type(other.shape).__name__) == (models.Pet, "Unlisted")
    assert [line.path for line in other.drift] == ["pet_.petType", "shape_.kind"]


def test_null_is_no_drift_where_the_document_allows_it(many: ModuleType) -> None:
    nothing = dict.fromkeys(SCHEMAS["Nulls"]["properties"]) | {"inside": [None, "p"], "map": {"a": None}}
    told = many.models.GetOpenapiKindEverythingResponse200.from_dict({"nulls_": nothing})
    assert {line.path for line in told.drift} == set()
    nulls = told.nulls
    assert (nulls.tone, nulls.by_all, nulls.by_reference, nulls.object_, nulls.numbers, nulls.list_) == (None,) * 6
    assert (nulls.inside, dict(nulls.map_)) == ((None, "p"), {"a": None})


def test_credentials_are_not_shown(many: ModuleType) -> None:
    assert repr(many.models.Renewed.from_dict({"token": "t0k3n", "secret": "s3cr3t"})) == "Renewed(...)"


def test_an_operation_that_answers_credentials_says_that_the_client_keeps_its_own(many: ModuleType) -> None:
    said = {
        info.name
        for info in many.spec.OPERATIONS
        if "goes on with the credentials" in " ".join(getattr(many.operations.Operations, info.name).__doc__.split())
    }
    assert said == {"renew_credentials"}


def test_a_method_says_what_it_does_first_and_what_it_raises_for_what_cannot_stand_in_its_path(
    many: ModuleType,
) -> None:
    for info in many.spec.OPERATIONS:
        said = " ".join(getattr(many.operations.Operations, info.name).__doc__.split())
        assert not said.startswith("`timeout`")
        raised = said.partition(" Raises ")[2].partition(".")[0]
        assert ("ValueError before anything is sent" in raised) == ("{" in info.path), info
    assert many.operations.Operations.post_openapi_client.__doc__.startswith("Call POST /openapi/client.\n")


def test_what_only_the_service_sets_is_not_sent_and_what_is_only_sent_needs_no_answer(many: ModuleType) -> None:
    answered = many.models.OneWay.from_dict({"id": "1", "name": "n"})
    assert (answered.password, answered.id) == (None, "1")
    sent = many.models.OneWay(password="p", name="n", id="1")
    assert sent._to_request() == {"password": "p", "name": "n"}
    assert many.models.OneWay(password="p", name="n", tags=[])._to_request()["tags"] == []


# Called


class Service:
    """Answers each operation with a sample of what the document says of it."""

    def __init__(self, package: ModuleType) -> None:
        self.operations = package.spec.OPERATIONS
        self.seen: list[httpx.Request] = []
        self.called: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        path = request.url.raw_path.partition(b"?")[0].decode().removeprefix("/api")
        info = find_operation(self.operations, request.method, path)
        assert info is not None
        self.called.append(info.name)
        status, kind = self.endpoint(info.name).answers[0]
        code = status if isinstance(status, int) else 207
        sample = Sampler(PLAN.classes).of(kind)
        match kind:
            case Scalar("NO_CONTENT"):
                return httpx.Response(code)
            case Scalar("PLAIN_TEXT"):
                return httpx.Response(code, text=sample)
            case Scalar("BINARY"):
                return httpx.Response(code, content=sample.encode(), headers={"Content-Type": "application/pdf"})
            case _:
                return httpx.Response(code, json=sample)

    def endpoint(self, name: str) -> Endpoint:
        [found] = [one for one in PLAN.endpoints if PLAN.names[one.place] == name]
        return found


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, many: ModuleType) -> Iterator[Any]:
    """A client of the larger API in front of a service that knows it, and a function that calls with it."""
    mantago = importlib.import_module("mantago")
    service = Service(many)
    options = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET, "transport": httpx.MockTransport(service)}
    if request.param == "sync":
        with mantago.MantaGo(**options) as made:
            yield made, service, lambda function, **arguments: function(**arguments)
    else:
        with asyncio.Runner() as runner:
            made = mantago.AsyncMantaGo(**options)
            yield made, service, lambda function, **arguments: runner.run(function(**arguments))
            runner.run(made.aclose())


def hints(package: ModuleType, function: Any) -> dict[str, Any]:
    """The types of a function's arguments, which are imported for type checkers only."""
    known = {name: getattr(package.models, name) for name in package.models.__all__}
    names = {"Sequence": Sequence, "Mapping": Mapping, "date": dt.date, "_date": dt.date, "datetime": dt.datetime}
    names |= {"Any": Any, "EllipsisType": type(...), "PlatformName": str, "_Client": known["Client"]}
    names |= {"Request": Any, "Response": Any, "Unlisted": Any}
    globalns = vars(sys.modules[function.__module__]) | known | names
    return {
        name: eval(text, globalns)
        for name, text in function.__annotations__.items()
        if name not in ("return", "client")
    }


def value_for(hint: Any, service: Service) -> Any:
    """A value of the type that an argument asks for."""
    arguments = get_args(hint)
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        return value_for(next(kind for kind in arguments if kind is not type(None)), service)
    if origin is Sequence:
        return [value_for(arguments[0], service)]
    if origin is Mapping:
        return {"key": value_for(arguments[1], service)}
    if origin is tuple:
        return (value_for(arguments[0], service),)
    known = {str: "王 小明?", int: 7, bool: True, float: 0.5, bytes: b"bytes", Any: {"any": [1]}}
    known |= {dt.date: dt.date(2024, 2, 29), dt.datetime: dt.datetime(2024, 7, 15, 10, 30, tzinfo=dt.UTC)}
    if hint in known:
        return known[hint]
    if hasattr(hint, "from_dict"):
        [place] = [place for place, where in PLAN.classes.where.items() if where.name == hint.__name__]
        return hint.from_dict(Sampler(PLAN.classes).object(place))
    return next(iter(hint))


HEADERS = {"x_trace": "trace", "session": "session", "spaces": ["a"], "pipes": ["a"]}


def test_every_operation_is_called_and_answered_by_its_module(many: ModuleType, client: Any) -> None:
    made, service, call = client
    for module in modules(many):
        wanted = hints(many, module.request)
        given = {name: value_for(hint, service) for name, hint in wanted.items()} | {"bot_id": ""}
        given |= {name: value for name, value in HEADERS.items() if name in wanted}
        function = module.sync_detailed if isinstance(made, many.operations.Operations) else module.asyncio_detailed
        response = call(function, client=made.generated, **{k: v for k, v in given.items() if k in wanted})
        assert service.called[-1] == module.OPERATION.info.name
        assert response.status_code in module.OPERATION.answers or response.status_code == 207
        declared = {
            one.name for one in module.OPERATION.parameters if one.place == "query" and one.style != "deepObject"
        }
        assert declared - {"flat"} <= set(service.seen[-1].url.params)
        if "botId" in declared:
            assert service.seen[-1].url.params["botId"] == BOT_ID
    assert sorted(service.called) == sorted(info.name for info in many.spec.OPERATIONS)


def test_every_friendly_method_is_called_and_answers_what_it_says(many: ModuleType, client: Any) -> None:
    made, service, call = client
    for info in many.spec.OPERATIONS:
        method = getattr(made, info.name)
        wanted = hints(many, method)
        rule = {"client_id", "platform", "platform_client_id"}
        given = {name: value_for(hint, service) for name, hint in wanted.items() if name != "timeout"}
        given |= {name: value for name, value in HEADERS.items() if name in wanted}
        if rule <= given.keys():
            given = {name: value for name, value in given.items() if name not in rule} | {"client_id": "VolejRejN"}
        result = call(method, timeout=5, **given)
        assert service.called[-1] == info.name
        [_, kind] = service.endpoint(info.name).answers[0]
        sample = Sampler(PLAN.classes).of(kind)
        if hasattr(result, "to_dict"):
            assert (result.response.attempts, result.response.headers["Content-Type"]) == (1, "application/json")
            around = {field.name for field in result._envelope}
            inside = {name: value for name, value in sample.items() if name not in around}
            assert [*differences(inside, result.to_dict())] == []
            assert [line for line in result.drift if line.kind != "unknown_field"] == []
        elif kind == NO_CONTENT:
            assert result is None


def test_a_bulk_run_of_another_operation_is_a_line_more(many: ModuleType, client: Any, tmp_path: Path) -> None:
    made, service, _ = client
    bulk = importlib.import_module("mantago.bulk")

    async def export(operation: Any, *clients: Any) -> list[dict[str, Any]]:
        into = tmp_path / operation.method
        assert (await bulk.export_async(clients, into, client=made, operation=operation)).status == "done"
        assert {*service.called[-len(clients) :]} == {operation.method}
        return [json.loads(line) for part in into.glob("part-*") for line in gzip.open(part, "rt", encoding="utf-8")]

    points = bulk.BulkOperation(
        "post_openapi_client_points", {"points": "integer"}, lambda found: [{"points": found.points}]
    )
    sample = Sampler(PLAN.classes).of(service.endpoint(points.method).answers[0][1])
    rows = asyncio.run(export(points, "a", ("line", "U1")))
    assert [(row["client_id"], row["platform"], row["points"]) for row in rows] == [
        ("a", None, sample["points"]),
        (None, "line", sample["points"]),
    ]
    # Named in the path, which the pair can't do.
    one = bulk.BulkOperation(
        "get_openapi_client_client_id", {"name": "text"}, lambda found: [{"name": found.client.id}]
    )
    assert [row["outcome"] for row in asyncio.run(export(one, "a", "b"))] == ["ok", "ok"]


def met(names: Mapping[str, Any], annotations: Mapping[str, str], found: set[str]) -> set[str]:
    """The names of the classes in annotations, and in those of the fields of these classes."""
    new = {name for text in annotations.values() for name in re.findall(r"[^\W\d]\w*", text) if name in names} - found
    found |= new
    for name in new:
        met(names, inspect.get_annotations(names[name]) if hasattr(names[name], "from_dict") else {}, found)
    return found


def test_what_a_signature_mentions_is_imported_from_the_public_package(many: ModuleType) -> None:
    mantago = importlib.import_module("mantago")
    names = {where.name: getattr(many.models, where.name) for where in PLAN.classes.where.values()}
    found: set[str] = set()
    for info in many.spec.OPERATIONS:
        met(names, inspect.get_annotations(inspect.unwrap(getattr(mantago.MantaGo, info.name))), found)
    assert {"PostOpenapiKindFormBodyFilter", "BroadcastTargetsItem", "BroadcastTargetsItemArea", "Branch"} <= found
    assert found <= {*mantago.__all__}
    assert {name: (getattr(mantago, name), names[name].__module__) for name in found} == {
        name: (names[name], "mantago") for name in found
    }
    # A body whose members are arguments is met by nobody.
    assert {"Broadcast", "ClientIdentificationRequest"} & {*mantago.__all__} == set()


def test_the_name_of_a_class_that_is_only_an_argument_is_pinned_as_well() -> None:
    open_ = {one.name for one in unpinned(PLAN, yaml.safe_load(many_operations.names())) if one.key == CLASS}
    assert {"BroadcastTargetsItem", "BroadcastTargetsItemArea"} <= open_
    assert open_.isdisjoint({"Broadcast", "ClientIdentificationRequest"})


def test_the_calls_that_a_report_shows_run_as_they_stand(many: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    mantago, service = importlib.import_module("mantago"), Service(many)
    transport, real = httpx.MockTransport(service), mantago.MantaGo
    monkeypatch.setattr(
        mantago, "MantaGo", lambda: real(bot_id=BOT_ID, token=TOKEN, secret=SECRET, transport=transport)
    )
    found = example_calls(PLAN)
    namespace: dict[str, Any] = {}
    exec(found.before, namespace)
    with namespace["mantago"]:
        for line in found.lines.values():
            exec(line, namespace)
    assert service.called == [PLAN.names[one.place] for one in PLAN.endpoints]


def test_secret_and_bot_id_are_no_arguments_and_still_sent(many: ModuleType, client: Any) -> None:
    made, service, call = client
    assert [
        (info.name, name)
        for info in many.spec.OPERATIONS
        for name in inspect.signature(getattr(made, info.name)).parameters
        if name in {"bot_id", "secret"} or "args" in name.split("_")
    ] == []
    call(made.renew_credentials)
    assert json.loads(service.seen[-1].content) == {"secret": SECRET}
    assert service.seen[-1].url.params["botId"] == BOT_ID


def test_the_rule_holds_wherever_its_schema_is_taken_in(many: ModuleType, client: Any) -> None:
    made, service, call = client
    ruled = [
        info.name
        for info in many.spec.OPERATIONS
        if {"client_id", "platform_client_id"} <= hints(many, getattr(made, info.name)).keys()
    ]
    assert sorted(ruled) == [
        "get_client_gifts",
        "patch_openapi_client_client_id",
        "post_openapi_client",
        "post_openapi_client_points",
    ]
    for name in ruled:
        more = {"client_id_in_path": "c1"} if name.startswith("patch") else {}
        with pytest.raises(ValueError, match="the rule: either client_id"):
            call(getattr(made, name), platform="line", **more)
        call(getattr(made, name), platform="line", platform_client_id="U1", **more)
        assert json.loads(service.seen[-1].content)["platformClientId"] == "U1"
        assert ("platform" in service.seen[-1].url.params) is (name == "get_client_gifts")


def test_a_required_parameter_with_a_default_is_sent_and_an_optional_one_is_not(many: ModuleType, client: Any) -> None:
    made, service, call = client
    call(made.get_thing, id="1")
    assert dict(service.seen[-1].url.params) == {"botId": BOT_ID, "page": "1"}
    call(made.send_both)
    assert json.loads(service.seen[-1].content) == {
        "text": "q\"'\\\n",
        "count": 5,
        "tone": "cold",
        "day": "2024-01-01",
        "moment": "2023-12-31T16:00:00.000Z",
        "list": ["a", "b"],
        "secret": SECRET,
    }


def test_values_are_written_in_the_style_that_the_document_says(many: ModuleType, client: Any) -> None:
    made, service, call = client
    models = many.models
    call(
        made.try_styles,
        comma=[1, 2],
        pipes=["a", "b"],
        spaces=["a", "b"],
        each=["warm", "cold"],
        deep=models.GetOpenapiKindStylesDeep(min_=1, max_=2),
        flat=models.GetOpenapiKindStylesFlat(low=3),
        map_={"k": "v"},
        json=models.Branch(name="n"),
    )
    assert [pair for pair in service.seen[-1].url.params.multi_items() if pair[0] != "botId"] == [
        ("comma", "1,2"),
        ("pipes", "a|b"),
        ("spaces", "a b"),
        ("each", "warm"),
        ("each", "cold"),
        ("deep[min]", "1"),
        ("deep[max]", "2"),
        ("low", "3"),
        ("map[k]", "v"),
        ("json", '{"name":"n"}'),
    ]


def test_forms_and_files_are_written_as_such(many: ModuleType, client: Any) -> None:
    made, service, call = client
    call(made.send_form, name="n", flag=True, tags=["a", "b"], filter_=many.models.PostOpenapiKindFormBodyFilter(a="x"))
    assert parse_qsl(service.seen[-1].content.decode()) == [
        ("name", "n"),
        ("flag", "true"),
        ("tags", "a,b"),
        ("filter[a]", "x"),
    ]
    call(made.upload_files, file=b"one", more=[b"two", b"three"], note="n")
    assert service.seen[-1].headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert [service.seen[-1].content.count(part) for part in (b"one", b"two", b"three", b'name="note"')] == [1] * 4


def test_a_value_in_the_path_makes_no_other_operation_of_it(many: ModuleType, client: Any) -> None:
    made, service, call = client
    for method in (made.get_thing, made.delete_thing):
        with pytest.raises(ValueError, match="/openapi/kind/things/count"):
            call(method, id="count")
    assert service.seen == []


def test_what_is_refused_is_called_by_the_argument_that_was_given(many: ModuleType, client: Any) -> None:
    made, service, call = client
    naive = dt.datetime(2024, 7, 15, tzinfo=dt.UTC).replace(tzinfo=None)
    known = many.models.Client(id="i", type_="t", seen_at=naive)
    for name, method, values in (
        ("client_id_in_path", "patch_openapi_client_client_id", {"client_id": "c", "client_id_in_path": "a/b"}),
        ("x_trace", "get_thing", {"id": "1", "x_trace": "ü"}),
        ("map_", "try_styles", {"map_": {"k": float("nan")}}),
        ("at", "post_openapi_message", {"message": "m", "at": naive}),
        ("client_.seen_at", "post_openapi_client", {"client_id": "c", "client_": known}),
    ):
        with pytest.raises(ValueError, match=f"^{name} (can't be|is) "):
            call(getattr(made, method), **values)
    module = next(one for one in modules(many) if one.OPERATION.info.name == "get_openapi_client_client_id")
    with pytest.raises(ValueError, match=r"^client_id can't be 'a/b'"):
        module.request(client_id="a/b")
    assert service.seen == []


def test_parameters_in_a_path_are_written_as_json_has_them(many: ModuleType, client: Any) -> None:
    made, service, call = client
    moment = dt.datetime(2024, 7, 15, 10, 30, tzinfo=dt.UTC)
    for name, values in {
        "get_openapi_client_client_id_day_day": {"day": dt.date(2024, 2, 29)},
        "get_openapi_client_client_id_at_time": {"time": moment},
        "get_openapi_client_client_id_flag_flag": {"flag": True},
        "get_openapi_client_client_id_color_color": {"color": "紅"},
        "get_openapi_client_client_id_page_number": {"number": -1},
    }.items():
        call(getattr(made, name), client_id="c", **values)
    paths = [request.url.raw_path.decode() for request in service.seen]
    assert [unquote(path.partition("?")[0].rpartition("/")[2]) for path in paths] == [
        "2024-02-29",
        "2024-07-15T10:30:00.000Z",
        "true",
        "紅",
        "-1",
    ]


class Listening(BaseHTTPRequestHandler):
    """Notes the path of each request as it came, to the byte."""

    def do_DELETE(self) -> None:
        self.server.paths.append(self.path.partition("?")[0])  # type: ignore[attr-defined]
        body = json.dumps(GOOD).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE  # noqa: N815 - the name that http.server asks for

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def listening() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        server.daemon_threads = True
        server.paths = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def over_http(many: ModuleType, listening: Any) -> Iterator[Any]:
    """A client whose requests are heard to the byte."""
    listening.paths.clear()
    address = f"http://127.0.0.1:{listening.server_port}/api"
    mantago = importlib.import_module("mantago")
    with mantago.MantaGo(bot_id=BOT_ID, token=TOKEN, secret=SECRET, base_url=address) as made:
        yield made


@pytest.mark.parametrize(
    "value", ["", ".", "..", "...", "/", "a/b", "../gift", "/openapi/client/gift", "a/../../gift", None, []]
)
def test_a_path_parameter_that_could_reach_another_operation_is_refused_before_anything_is_sent(
    over_http: Any, listening: Any, value: Any
) -> None:
    for method, name in (
        (over_http.delete_openapi_client_client_id, "client_id"),
        (over_http.get_openapi_client_client_id, "client_id"),
        (over_http.get_openapi_file_name_json, "name"),
        (over_http.get_openapi_odd_segment, "segment"),
    ):
        with pytest.raises(
            ValueError, match=rf"^{name} can't be (.*it must not be empty, dots only, or hold a slash|empty)"
        ):
            method(**{name: value})
    with pytest.raises(ValueError, match=r"^tag_name can't be"):
        over_http.delete_openapi_client_client_id_tag_tag_name(client_id="c", tag_name=value)
    assert listening.paths == []


@pytest.mark.parametrize(
    "value",
    [
        "a",
        " ",
        "a b",
        "%2F",
        "%2e%2e",
        "..%2f..",
        "..\\gift",
        "?x=1",
        "#f",
        "a\r\nHost: x",
        "\0",
        "王 小明",
        ";a=1",
        ":",
        "a..",
        "~",
        "*",
    ],
)
def test_any_other_path_parameter_arrives_as_the_one_segment_that_it_is(
    over_http: Any, listening: Any, value: str
) -> None:
    over_http.delete_openapi_client_client_id_tag_tag_name(client_id=value, tag_name=value)
    over_http.get_openapi_file_name_json(name=value)
    paths = [[unquote(part) for part in path.split("/")] for path in listening.paths]
    assert paths == [
        ["", "api", "openapi", "client", value, "tag", value],
        ["", "api", "openapi", "file", f"{value}.json"],
    ]
