"""An API of some forty operations, from its pages to calls: imported, regenerated, type-checked, decoded, called."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest

import import_spec
import many_operations
import regenerate
from _preparation import check_modules, enum_names, prepare
from _vendored import ROOT, ScriptError, Vendored, read_lock, read_spec, run
from conftest import BOT_ID, GOOD, Connect
from first import copy_project
from many_operations import example, pages

SPEC = many_operations.spec()
SCHEMAS = SPEC["components"]["schemas"]
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
    return folder


@pytest.fixture(scope="module")
def many(checkout: Path) -> Iterator[ModuleType]:
    """The package generated from it, under another name: inside, its imports are relative."""
    generated = checkout / "generated"
    assert run(lambda argv: regenerate.main(argv, Vendored(checkout / "openapi"), generated), []) == 0
    shutil.copytree(generated / regenerate.PACKAGE, checkout / "many_generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(checkout))
        package = importlib.import_module("many_generated")
        for found in pkgutil.walk_packages(package.__path__, "many_generated."):
            importlib.import_module(found.name)
        yield package
        for name in [name for name in sys.modules if name.partition(".")[0] == "many_generated"]:
            del sys.modules[name]


def modules(package: ModuleType) -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(package.api.__path__, f"{package.__name__}.api.")]
    found = [importlib.import_module(name) for name in names]
    return [module for module in found if hasattr(module, "sync_detailed")]


# Generated


def test_its_pages_become_the_one_spec_again(checkout: Path) -> None:
    assert len(OPERATIONS) >= 35
    vendored = Vendored(checkout / "openapi")
    assert read_spec(vendored) == SPEC | {"tags": sorted(SPEC["tags"], key=lambda tag: tag["name"])}
    assert "unconfirmed" not in read_lock(vendored)
    assert len(read_lock(vendored)["sources"]) == len(OPERATIONS)


def test_every_operation_is_generated(many: ModuleType) -> None:
    assert len(modules(many)) == len(OPERATIONS)


def test_it_type_checks_strictly(many: ModuleType, checkout: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={os.devnull}",
        "many_generated",
    ]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stdout.startswith("Success: "), done.stdout + done.stderr


def test_where_and_how_it_is_regenerated_makes_no_difference(many: ModuleType, checkout: Path, tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib, regenerate, _vendored\n"
        f"os.umask(0o077); sys.exit(regenerate.main(['--check'], _vendored.Vendored(pathlib.Path({str(checkout)!r}, "
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
import httpx, logging, mantago, mantago_generated
logging.disable()
from mantago_generated.models import GiftItem
answer = {"success": True, "message": "m", "physicalGifts": [{"name": "n", "resource": "unknown", "createdAt": "2024-07-15T10:30:28Z"}]}
with mantago.MantaGo(bot_id="b", token="t", secret="s", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))) as client:
    [gift] = client.get_client_gifts(platform="line", platform_client_id="U1").physical_gifts
print(mantago_generated.spec.VERSION, gift.name, gift.is_expired, GiftItem.__attrs_attrs__[-4].name)
"""


def test_the_facade_and_the_errata_hold_on_the_larger_api(many: ModuleType, checkout: Path) -> None:
    path = os.pathsep.join([str(checkout / "generated"), str(ROOT / "facade")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FACADE],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0.400.0 n None is_expired\n", "")


# Decoded


@pytest.mark.parametrize("name", [name for name in SCHEMAS if "enum" not in SCHEMAS[name]])
def test_a_model_decodes_and_encodes_its_example_and_refuses_to_lose_anything(many: ModuleType, name: str) -> None:
    model = getattr(many.models, name, None) or getattr(many.models, f"{name}Model")
    answer = example(SCHEMAS[name], SCHEMAS)
    decoded = model.from_dict(answer)
    assert decoded.to_dict() == answer
    assert json.loads(json.dumps(decoded.to_dict())) == answer
    assert model.from_dict(decoded.to_dict()) == decoded
    assert model.from_dict(answer | {"未知": [1]}).to_dict() == answer | {"未知": [1]}


def test_names_that_mean_something_in_python_are_told_apart(many: ModuleType) -> None:
    client = many.models.Client.from_dict(example(SCHEMAS["Client"], SCHEMAS))
    assert (client.id, client.class_, client.self_, client.from_, client.備註) == ("禮物",) * 5
    assert (type(client.next_), type(client.next_.type_)) == (many.models.Client, many.models.ClientType)
    assert type(client.address.geo) is many.models.ClientAddressGeo
    assert (client.born, client.seen_at) == (dt.date(2024, 2, 29), dt.datetime.fromisoformat(many_operations.MOMENT))
    assert (type(client.kind), type(client.sort)) == (many.models.ClientKind, many.models.ClientSort)
    assert many.models.Client is not many.Client
    assert issubclass(many.models.HTTPStatusModel, many.types.OpenStrEnum)


def test_no_value_of_an_enumeration_is_lost_to_another_of_a_like_name(many: ModuleType) -> None:
    for name in ("Clash", "MessageState"):
        enumeration = getattr(many.models, name)
        assert {member.value for member in enumeration} == set(SCHEMAS[name]["enum"])
        assert all(enumeration(value).is_known for value in SCHEMAS[name]["enum"])


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a", "b"], []),
        (["待處理", "已送出"], []),
        ([1, -1, None], []),
        (["a b", "a-b", None, "c"], ["A_B", "A_B_2", "C"]),
        (["a_2", "a", "A", "a!"], ["A_2", "A", "A_3", "A_4"]),
        (["", "★", "value 0"], ["VALUE_0", "VALUE_1", "VALUE_0_2"]),
        (["ab", "ＡＢ"], ["AB", "AB_2"]),
        (["ำ", "y"], ["VALUE_0", "Y"]),
    ],
)
def test_the_generator_is_told_names_only_where_its_own_would_clash(values: list[Any], names: list[str]) -> None:
    assert enum_names(values) == names


def test_what_the_generator_is_told_changes_no_data_and_no_name_of_a_property() -> None:
    clash = {"type": "string", "enum": ["a b", "a-b"]}
    schema = {
        "title": "T",
        "type": "object",
        "properties": {"title": clash | {"x-enum-varnames": ["X", "Y"]}, "default": clash | {"title": "U"}},
        "example": {"title": "kept", "enum": ["a b", "a-b"]},
        "default": [{"title": "kept"}],
    }
    spec = {"info": {"title": "kept"}, "paths": {}, "components": {"schemas": {"title": schema}}}
    before = json.dumps(spec)
    prepared = prepare(spec)["components"]["schemas"]["title"]
    assert json.dumps(spec) == before
    assert "title" not in prepared
    assert prepared["properties"] == {
        "title": clash | {"x-enum-varnames": ["X", "Y"]},
        "default": clash | {"x-enum-varnames": ["A_B", "A_B_2"]},
    }
    assert (prepared["example"], prepared["default"]) == (schema["example"], schema["default"])
    assert "components" not in prepare({"info": {}, "paths": {}})


def test_two_operations_that_would_share_a_module_are_named() -> None:
    paths = {path: {"post": {}} for path in ("/a/b", "/a_b", "/c")}
    check_modules({"paths": paths}, ["1", "2", "3"])
    with pytest.raises(ScriptError, match=r"3 operations gave only 2 modules: .*: POST /a/b, POST /a_b$"):
        check_modules({"paths": paths}, ["1", "2"])


# Called


def value_for(hint: Any) -> Any:
    """A value of the type that a parameter asks for."""
    kinds = [kind for kind in get_args(hint) or (hint,) if getattr(kind, "__name__", "") != "Unset"]
    if getattr(hint, "__origin__", None) is list:
        return [value_for(kinds[0])]
    [kind] = kinds
    if get_args(kind):
        return value_for(kind)
    known = {str: "王/小 明?".replace("/", "-"), int: 7, bool: True, float: 0.5, UUID: UUID(int=5)}
    known |= {dt.date: dt.date(2024, 2, 29), dt.datetime: dt.datetime(2024, 7, 15, 10, 30, tzinfo=dt.UTC)}
    if kind in known:
        return known[kind]
    if hasattr(kind, "from_dict"):
        return kind.from_dict(example(SCHEMAS[kind.__name__.removesuffix("Model")], SCHEMAS))
    return next(iter(kind))


def template(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape("/api" + path))


def test_every_operation_is_called_and_answered_through_the_policy(connect: Connect, many: ModuleType) -> None:
    seen: list[httpx.Request] = []
    called: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        path = request.url.raw_path.partition(b"?")[0].decode()
        matching = [(method, known) for method, known in OPERATIONS if re.fullmatch(template(known), path)]
        exact = [one for one in matching if one[0].upper() == request.method]
        called.append(min(exact, key=lambda one: one[1].count("{")))
        method, known = called[-1]
        schema = SPEC["paths"][known][method]["responses"]["200"]["content"]["application/json"]["schema"]
        return httpx.Response(200, json=example(schema, SCHEMAS))

    driver = connect(answer)
    for module in modules(many):
        hints = get_type_hints(module._get_kwargs)
        names = inspect.signature(module._get_kwargs).parameters
        given = {name: value_for(hints[name]) for name in names} | {"bot_id": ""}
        parsed = driver.operation(module, **given).parsed
        assert type(parsed).__module__.startswith("many_generated.models.")
        method, path = called[-1]
        schema = SPEC["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        assert parsed.to_dict() == example(schema, SCHEMAS)
        assert seen[-1].url.params["botId"] == BOT_ID
        wanted = {one["name"] for one in SPEC["paths"][path][method]["parameters"] if one["in"] == "query"}
        assert wanted <= set(seen[-1].url.params)
    assert sorted(called) == sorted(OPERATIONS)


def test_parameters_in_a_path_are_written_as_json_has_them(connect: Connect, many: ModuleType) -> None:
    paths: list[str] = []
    driver = connect(lambda request: paths.append(request.url.raw_path.decode()) or httpx.Response(200, json=GOOD))
    clients, moment = many.api.clients, dt.datetime(2024, 7, 15, 10, 30, tzinfo=dt.UTC)
    for module, values in {
        clients.get_client_on_day: {"day": dt.date(2024, 2, 29)},
        clients.get_client_at_time: {"time": moment},
        clients.get_flag: {"flag": True},
        clients.get_color: {"color": many.models.GetColorColor("紅")},
        clients.get_number: {"number": -1},
    }.items():
        driver.operation(module, client_id="c", bot_id="b", **values)
    assert [unquote(path.partition("?")[0].rpartition("/")[2]) for path in paths] == [
        "2024-02-29",
        "2024-07-15T10:30:00+00:00",
        "true",
        "紅",
        "-1",
    ]
    assert many.types.segment(["a b", "c,d"]) == "a%20b,c%2Cd"


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


@pytest.mark.parametrize(
    "value", ["", ".", "..", "...", "/", "a/b", "../gift", "/openapi/client/gift", "a/../../gift", None, []]
)
def test_a_path_parameter_that_could_reach_another_operation_is_refused_before_anything_is_sent(
    connect: Connect, many: ModuleType, listening: Any, value: Any
) -> None:
    listening.paths.clear()
    driver = connect(base_url=f"http://127.0.0.1:{listening.server_port}/api")
    clients = many.api.clients
    for module, name in (
        (clients.delete_openapi_client_client_id, "client_id"),
        (clients.get_openapi_client_client_id, "client_id"),
        (clients.get_file, "name"),
        (clients.get_odd, "segment"),
    ):
        with pytest.raises(
            ValueError, match=r"a path parameter can't be .*: it must not be empty, dots only, or hold a slash"
        ):
            driver.operation(module, bot_id="b", **{name: value})
    with pytest.raises(ValueError, match="a path parameter can't be"):
        driver.operation(
            clients.delete_openapi_client_client_id_tag_tag_name, client_id="c", tag_name=value, bot_id="b"
        )
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
    connect: Connect, many: ModuleType, listening: Any, value: str
) -> None:
    listening.paths.clear()
    driver = connect(base_url=f"http://127.0.0.1:{listening.server_port}/api")
    driver.operation(
        many.api.clients.delete_openapi_client_client_id_tag_tag_name, client_id=value, tag_name=value, bot_id="b"
    )
    driver.operation(many.api.clients.get_file, name=value, bot_id="b")
    paths = [[unquote(part) for part in path.split("/")] for path in listening.paths]
    assert paths == [
        ["", "api", "openapi", "client", value, "tag", value],
        ["", "api", "openapi", "file", f"{value}.json"],
    ]


# Befriended


POINTS = """
import asyncio
from mantago import AsyncMantaGo, ClientPoints, InvalidResponseError, MantaGo
from mantago.testing import FakeMantaGo

fake = FakeMantaGo()
fake.add_client("VolejRejN")
with MantaGo(transport=fake, credentials=fake.credentials) as mantago:
    fake.fail("server_error")
    print(mantago.get_client_points(client_id="VolejRejN").points)


async def main():
    async with AsyncMantaGo(transport=fake, credentials=fake.credentials) as mantago:
        print((await mantago.get_client_points(client_id="VolejRejN")).to_dict())


asyncio.run(main())
print([(asked.path.rpartition("/")[2], asked.status) for asked in fake.requests])
"""


def example_of_a_friendly_method() -> dict[str, list[tuple[str, str]]]:
    """Return what CONTRIBUTING.md changes: by file, pieces of text and what takes their place."""
    [text] = re.findall(
        r"^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    changes: dict[str, list[tuple[str, str]]] = {}
    for part in text.split("+++ ")[1:]:
        name, *hunks = part.split("\n@@\n")
        lines = [hunk.rstrip("\n").split("\n") for hunk in hunks]
        changes[name] = [
            tuple("\n".join(line[1:] for line in hunk if line[:1] in kept) for kept in (("-", " ", ""), ("+", " ", "")))
            for hunk in lines
        ]
    return changes


def test_a_friendly_method_takes_fewer_than_thirty_lines() -> None:
    hunks = [hunk for hunks in example_of_a_friendly_method().values() for hunk in hunks]
    lines = [{*new.split("\n")} - {*old.split("\n"), ""} for old, new in hunks]
    assert sum(map(len, lines)) == 27  # as CONTRIBUTING.md says


def test_a_friendly_method_takes_the_lines_that_contributing_shows(many: ModuleType, checkout: Path) -> None:
    shutil.copytree(ROOT / "facade", checkout / "facade", ignore=shutil.ignore_patterns("__pycache__"))
    for name, hunks in example_of_a_friendly_method().items():
        text = (checkout / name).read_text("utf-8")
        for old, new in hunks:
            assert text.count(old) == 1, f"CONTRIBUTING.md: {name} has not, or not once:\n{old}"
            text = text.replace(old, new)
        (checkout / name).write_text(text, "utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(checkout / name) for name in ("facade", "generated"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", POINTS], env=environment, capture_output=True, text=True, check=False
    )
    # The first attempt fails, which is logged.
    assert [line for line in done.stderr.splitlines() if ": attempt 1 failed with ServerError 500" not in line] == []
    assert done.stdout.splitlines() == ["0", "{'points': 0}", "[('points', 500), ('points', 200), ('points', 200)]"]
