"""Regeneration: what is committed is what it writes, hand edits don't survive, and errata don't outlive their cause."""

from __future__ import annotations

import copy
import datetime as dt
import importlib
import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import yaml
from attrs import frozen

import first
import regenerate
from conftest import Connect
from first import FIRST, copy_project, tree
from generated_package import NOTHING, imported
from generation.overlays import apply_overlay
from generation.stock import edit_templates
from mantago import InvalidResponseError
from regenerate import GENERATED, PACKAGE, read_package, replace_package
from vendoring.vendored import ROOT, ScriptError, Vendored, canonical, read_spec, run, sha256


@frozen
class Checkout:
    """A copy of what regeneration reads and writes."""

    folder: Path

    @property
    def vendored(self) -> Vendored:
        return Vendored(self.folder / "openapi")

    @property
    def generated(self) -> Path:
        return self.folder / "generated"

    @property
    def package(self) -> Path:
        return self.generated / PACKAGE

    def regenerate(self, *arguments: str) -> int:
        return run(lambda argv: regenerate.main(argv, self.vendored, self.generated), list(arguments))

    def vendor(self, spec: dict[str, Any]) -> None:
        """Put a spec in place as an import would, without errata and names."""
        before = sha256(self.vendored.spec.read_bytes())
        self.vendored.spec.write_text(canonical(spec), "utf-8")
        edit(self.vendored.lock, before, sha256(self.vendored.spec.read_bytes()))
        self.vendored.overlay.write_text(NOTHING, "utf-8")
        self.vendored.names.write_text(NOTHING, "utf-8")


def copy_checkout(folder: Path) -> Checkout:
    return Checkout(copy_project(folder, "openapi", "generated"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the generator makes of the spec, once."""
    return first.written()


@pytest.fixture
def replayed(written: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The generator's work and its proof, without their seconds."""
    monkeypatch.setattr(regenerate, "generate", lambda *_: written)
    monkeypatch.setattr(regenerate, "prove", lambda *_: None)
    return written


# The package


def test_the_committed_package_is_what_regeneration_writes(capsys):
    before = tree(GENERATED)
    assert run(regenerate.main, ["--check"]) == 0, capsys.readouterr().out
    assert capsys.readouterr() == (f"{PACKAGE}: {len(read_package(GENERATED / PACKAGE))} files, all up to date\n", "")
    assert tree(GENERATED) == before


def test_every_run_writes_the_same_bytes_and_nothing_beside_them(checkout, tmp_path, monkeypatch, capfd):
    committed = tree(checkout.folder)
    here, scratch = tmp_path / "here", tmp_path / "scratch"
    here.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    # Once without what mypy found out before, and once with it.
    monkeypatch.setattr(regenerate, "MYPY_CACHE", tmp_path / "mypy")
    for seed, zone, hand in [("1", "Asia/Taipei", "client.py"), ("2", "America/New_York", "models/__init__.py")]:
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("TZ", zone)
        edit(checkout.package / hand, "import", "import os, ")
        assert checkout.regenerate() == 0
        assert capfd.readouterr() == (
            f"differs: {hand}\n{PACKAGE}: {len(read_package(checkout.package))} files, rewritten\n",
            "",
        )
        assert tree(checkout.folder) == committed
        assert tree(here) == tree(scratch) == {}
        assert regenerate.MYPY_CACHE.exists()


def test_every_generated_module_says_how_it_came_about_but_not_where(written):
    modules = {name: content.decode() for name, content in written.items() if name.endswith(".py")}
    assert [name for name, text in modules.items() if not text.startswith(regenerate.HEADER)] == []
    assert [name for name, text in modules.items() if str(ROOT) in text or "/tmp" in text] == []
    assert [name for name in written if "cache" in name or name.startswith(".")] == []
    assert written["openapi.json"] == FIRST.spec.read_bytes()
    assert written["py.typed"] == b""


DAMAGES: dict[str, tuple[str, bytes | None]] = {
    "differs: client.py": ("client.py", b"import os\n"),
    "differs: models/gift_item.py": ("models/gift_item.py", b""),
    "differs: openapi.json": ("openapi.json", b"{}\n"),
    "differs: py.typed": ("py.typed", b"partial\n"),
    "missing: py.typed": ("py.typed", None),
    "missing: models/gift_item.py": ("models/gift_item.py", None),
    "not generated: notes.txt": ("notes.txt", b""),
    "not generated: models/mine.py": ("models/mine.py", b""),
    "not generated: api/deep/er/.hidden": ("api/deep/er/.hidden", b""),
    "not generated: .ruff_cache/CACHEDIR.TAG": (".ruff_cache/CACHEDIR.TAG", b""),
}


@pytest.mark.parametrize("line", DAMAGES)
def test_a_hand_edit_is_named_by_check_and_gone_after_a_regeneration(checkout, replayed, capsys, line):
    committed = tree(checkout.folder)
    name, content = DAMAGES[line]
    path = checkout.package / name
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    damaged = tree(checkout.folder)

    assert checkout.regenerate("--check") == 1
    out, err = capsys.readouterr()
    assert out == f"{line}\n"
    assert err == f"1 of {len(replayed)} files differ: run python scripts/regenerate.py\n"
    assert tree(checkout.folder) == damaged

    assert checkout.regenerate() == 0
    assert capsys.readouterr().out.splitlines() == [line, f"{PACKAGE}: {len(replayed)} files, rewritten"]
    assert tree(checkout.folder) == committed


def test_a_package_that_is_missing_is_written_anew(checkout, replayed):
    committed = tree(checkout.folder)
    shutil.rmtree(checkout.package)
    assert checkout.regenerate("--check") == 1
    assert checkout.regenerate() == 0
    assert tree(checkout.folder) == committed


def test_compiled_files_and_a_checkouts_line_ends_are_no_difference(checkout, replayed):
    for path in checkout.package.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (checkout.package / "__pycache__").mkdir()
    (checkout.package / "__pycache__" / "client.pyc").write_bytes(b"\0")
    assert checkout.regenerate("--check") == 0


def test_a_package_that_is_up_to_date_is_not_touched(checkout, replayed, capsys):
    before = [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in checkout.generated.rglob("*")]
    assert checkout.regenerate() == 0
    assert capsys.readouterr().out.endswith("all up to date\n")
    assert [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in checkout.generated.rglob("*")] == before


def test_a_package_that_cannot_be_completed_leaves_the_old_one_whole(checkout):
    before = read_package(checkout.package)
    with pytest.raises(OSError, match="a"):
        replace_package(checkout.package, {"a": b"a file", "a/b": b"can't be in it"})
    assert read_package(checkout.package) == before


@pytest.mark.parametrize("moved", [True, False], ids=["between the two moves", "while writing"])
def test_what_an_interrupted_run_left_is_gone_after_the_next(checkout, replayed, moved):
    committed = tree(checkout.folder)
    if moved:
        checkout.package.rename(checkout.generated / f".{PACKAGE}.old")
    else:
        (checkout.package / "client.py").unlink()
    (checkout.generated / f".{PACKAGE}.new").mkdir()
    (checkout.generated / f".{PACKAGE}.new" / "stale.py").write_bytes(b"")
    assert checkout.regenerate() == 0
    assert tree(checkout.folder) == committed


# What stops it


def generator(checkout: Checkout) -> None:
    edit(checkout.vendored.lock, 'version = "0.29.1"', 'version = "0.28.7"')


def spec_by_hand(checkout: Checkout) -> None:
    edit(checkout.vendored.spec, "Gift name", "Name of the gift")


def outlived_erratum(checkout: Checkout) -> None:
    edit(checkout.vendored.overlay, "isExpired'", "hasExpired'")


def changed_template(checkout: Checkout) -> None:
    edit(checkout.generated / "template-edits.yaml", "    @define\n", "    @defined\n")


def content_that_nobody_can_write(checkout: Checkout) -> None:
    spec = read_spec(checkout.vendored)
    operation = spec["paths"]["/openapi/client/gift"]["post"]
    operation["requestBody"]["content"] = {"application/禮物": {"schema": {"type": "string"}}}
    checkout.vendor(spec)


def names_that_nobody_has(checkout: Checkout) -> None:
    edit(checkout.vendored.names, "schemas.TicketGift", "schemas.TicketGone")


def names_that_spoil_the_document(checkout: Checkout) -> None:
    checkout.vendored.names.write_text(
        "overlay: 1.0.0\nactions:\n  - {target: $.info, description: why, update: {version: 5}}\n", "utf-8"
    )


def overlay(text: str | None) -> Callable[[Checkout], None]:
    def spoil(checkout: Checkout) -> None:
        if text is None:
            checkout.vendored.overlay.unlink()
        else:
            checkout.vendored.overlay.write_text(text, "utf-8")

    return spoil


def one_action(action: str) -> Callable[[Checkout], None]:
    return overlay(f"overlay: 1.0.0\nactions:\n  - description: why\n    {action}\n")


def spec_without_server(checkout: Checkout) -> None:
    checkout.vendor(read_spec(checkout.vendored) | {"servers": []})


def no_template_edits(checkout: Checkout) -> None:
    (checkout.generated / "template-edits.yaml").unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (overlay(None), ["errata.overlay.yaml: No such file", "bring it back with git"]),
        (overlay("a: [1"), ["errata.overlay.yaml: is no YAML"]),
        (overlay(""), ["no OpenAPI Overlay document of version 1.0"]),
        (overlay("overlay: 2.0.0"), ["no OpenAPI Overlay document of version 1.0"]),
        (overlay("overlay: 1.0.0"), ["no list of actions"]),
        (overlay("overlay: 1.0.0\nactions: [{remove: true}]"), ["action 1 of the overlay has no target"]),
        (one_action("target: '$['\n    remove: true"), ["a target that is no JSONPath"]),
        (one_action("target: $.info\n    update: {version: 0.318.0}"), ["changes nothing: the vendor has mended it"]),
        (
            one_action("target: $.info\n    update: {version: 5}"),
            ["with it, the spec is no valid OpenAPI", "$.info.version"],
        ),
        (spec_without_server, ["manta-openapi.json: names no server"]),
        (no_template_edits, ["template-edits.yaml: No such file"]),
        (generator, ["openapi-python-client 0.29.1 is installed", "asks for 0.28.7", "requirements/dev.txt"]),
        (spec_by_hand, ["manta-openapi.json: was edited by hand", "import_spec.py", "errata.overlay.yaml"]),
        (outlived_erratum, ["action 1 of the overlay", "hasExpired", "matches nothing"]),
        (changed_template, ["in client.py.jinja this stands 0 times, not 2", "@defined", "shows the token"]),
        (
            content_that_nobody_can_write,
            ["/paths/~1openapi~1client~1gift/post/requestBody/content", "can't be sent as application/禮物", "as JSON"],
        ),
        (names_that_nobody_has, ["action 5 of the overlay", "TicketGone", "matches nothing"]),
        (names_that_spoil_the_document, ["names.overlay.yaml: with it, the spec is no valid", "$.info.version"]),
    ],
    ids=lambda value: getattr(value, "__name__", "") or value[0],
)
@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["rewrite", "check"])
def test_regeneration_stops_with_a_reason_and_leaves_the_package_as_it_was(checkout, capfd, spoil, said, arguments):
    spoil(checkout)
    (checkout.package / "client.py").write_bytes(b"# by hand\n")
    before = tree(checkout.folder)
    assert checkout.regenerate(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert [part for part in said if part not in err] == []
    assert "Traceback" not in err
    assert tree(checkout.folder) == before


@pytest.mark.parametrize(
    ("template", "old", "new", "said"),
    [
        (
            "model",
            "{{ field.arguments }}",
            '{{ field.arguments | replace("createdAt", "created") }}',
            "Ticket, full sample",
        ),
        ("api", ".parsed\n", ".status_code\n", "Incompatible return value type"),
        ("identification", "import Protocol", "import Protocols as Protocol", "ImportError"),
        ("operations", "self._caller.call(request", "self._caller.call(requested", "F821 Undefined name `requested`"),
    ],
)
def test_what_was_generated_is_taken_over_only_if_it_works(checkout, capfd, template, old, new, said):
    edit(checkout.generated / "templates" / f"{template}.py.jinja", old, new)
    before = tree(checkout.folder)
    assert checkout.regenerate() == 2
    assert said in capfd.readouterr().err
    assert tree(checkout.folder) == before


def test_what_only_errata_make_valid_is_generated_and_served_as_they_have_it(checkout, tmp_path, capsys):
    spec = read_spec(checkout.vendored)
    spec["components"]["schemas"]["GiftItem"]["properties"]["name"]["type"] = "strin"
    checkout.vendor(spec)
    assert checkout.regenerate() == 2
    assert (
        '{"target": "$.components.schemas.GiftItem.properties.name", "update": {"type": "..."}}'
        in capsys.readouterr().err
    )
    overlay(
        "overlay: 1.0.0\nactions:\n"
        "  - {target: $.components.schemas.GiftItem.properties.name, description: why, update: {type: string}}\n"
    )(checkout)
    written = regenerate.generate(checkout.vendored, checkout.generated, tmp_path)
    assert json.loads(written["openapi.json"]) == read_spec(FIRST) != spec
    assert b"name: str" in written["models/gift_item.py"]


# The overlay


SMALL: dict[str, Any] = {
    "info": {"title": "x", "tags": ["a"]},
    "list": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}],
    "names": ["a", "b", "c", "b"],
    "text": "t",
}


def small(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (SMALL | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        pytest.param(
            {"target": "$.info", "update": {"title": "y", "n": 1}},
            small(info={"title": "y", "tags": ["a"], "n": 1}),
            id="an update replaces and adds values",
        ),
        pytest.param(
            {"target": "$", "update": {"info": {"deep": {"er": 1}}}},
            small(info={"title": "x", "tags": ["a"], "deep": {"er": 1}}),
            id="objects are merged to any depth",
        ),
        pytest.param(
            {"target": "$.info", "update": {"tags": ["b", "a"]}},
            small(info={"title": "x", "tags": ["a", "b", "a"]}),
            id="lists inside an update are joined",
        ),
        pytest.param(
            {"target": "$.info", "update": {"tags": "none"}},
            small(info={"title": "x", "tags": "none"}),
            id="a value of another kind replaces",
        ),
        pytest.param(
            {"target": "$", "update": {"text": {"a": 1}}}, small(text={"a": 1}), id="an object replaces a scalar"
        ),
        pytest.param({"target": "$", "update": {"text": False}}, small(text=False), id="a false value is a value"),
        pytest.param(
            {"target": "$.names", "update": "d"}, small(names=["a", "b", "c", "b", "d"]), id="a list gets an element"
        ),
        pytest.param(
            {"target": "$.list[?@.id > 2]", "update": {"late": True}},
            small(list=[{"id": 1}, {"id": 2}, {"id": 3, "late": True}, {"id": 4, "late": True}]),
            id="every match is updated",
        ),
        pytest.param({"target": "$.text", "remove": True}, small(text=None), id="a member is removed"),
        pytest.param(
            {"target": "$.names[?@ == 'b']", "remove": True}, small(names=["a", "c"]), id="several elements are removed"
        ),
        pytest.param({"target": "$.list[*]", "remove": True}, small(list=[]), id="all elements are removed"),
        pytest.param({"target": "$.list[0,1]", "remove": True}, small(list=[{"id": 3}, {"id": 4}]), id="neighbours"),
        pytest.param(
            {"target": "$.text", "remove": True, "update": {"a": 1}}, small(text=None), id="remove wins over update"
        ),
    ],
)
def test_an_action_of_the_overlay_does_what_overlay_1_0_says(action, expected):
    published = copy.deepcopy(SMALL)
    assert apply_overlay(published, {"overlay": "1.0.0", "actions": [{"description": "why", **action}]}) == expected
    assert published == SMALL


def test_actions_are_applied_in_order_and_share_nothing():
    extra = {"shared": []}
    actions = [
        {"target": "$.list[?@.id < 3]", "description": "why", "update": {"extra": extra}},
        {"target": "$.list[0].extra.shared", "description": "why", "update": "only here"},
    ]
    result = apply_overlay(SMALL, {"overlay": "1.0.0", "actions": actions})
    assert [entry.get("extra") for entry in result["list"][:2]] == [{"shared": ["only here"]}, {"shared": []}]
    assert extra == {"shared": []}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"target": "$.text", "remove": True}, "has no description: say why"),
        ({"target": "$.text", "description": "", "remove": True}, "has no description: say why"),
        ({"target": "$.nope", "description": "why", "remove": True}, "matches nothing in the spec"),
        ({"target": "$.list[?@.id == 9]", "description": "why", "update": {}}, "matches nothing in the spec"),
        ({"target": "$.text", "description": "why"}, "neither updates nor removes"),
        ({"target": "$.text", "description": "why", "remove": False}, "neither updates nor removes"),
        ({"target": "$", "description": "why", "remove": True}, "would remove the whole document"),
        ({"target": "$.text", "description": "why", "update": "u"}, "updates a str with a str"),
        ({"target": "$.text", "description": "why", "update": {}}, "updates a str with a dict"),
        ({"target": "$.info", "description": "why", "update": ["x"]}, "updates a dict with a list"),
        ({"target": "$.info", "description": "why", "update": None}, "updates a dict with a NoneType"),
    ],
)
def test_an_action_without_reason_or_effect_is_refused_with_its_number_and_target(action, said):
    fine = {"target": "$.names", "description": "why", "update": "d"}
    with pytest.raises(ScriptError) as caught:
        apply_overlay(SMALL, {"overlay": "1.0.0", "actions": [fine, action]})
    assert f"action 2 of the overlay ({action['target']})" in str(caught.value)
    assert said in str(caught.value)


def test_our_errata_make_is_expired_optional():
    published = read_spec(FIRST)
    overlay = yaml.safe_load(FIRST.overlay.read_text("utf-8"))
    assert apply_overlay(published, overlay)["components"]["schemas"]["GiftItem"]["required"] == [
        "name",
        "resource",
        "createdAt",
    ]
    assert "isExpired" in published["components"]["schemas"]["GiftItem"]["required"]


# The templates


def template_edit(find: str, replace: str, **more: object) -> dict[str, object]:
    return {"template": "a.jinja", "reason": "because", "find": find, "replace": replace, **more}


def test_edits_of_one_template_build_on_each_other_and_others_stay_stock():
    edits = [template_edit("one", "two"), template_edit("two", "three", times=2)]
    assert edit_templates({"a.jinja": "one two", "b.jinja": "one"}, edits) == {"a.jinja": "three three"}


@pytest.mark.parametrize(
    ("find", "times", "said"),
    [
        ("gone", 1, "stands 0 times, not 1"),
        ("one", 1, "stands 2 times, not 1"),
        ("one", 3, "stands 2 times, not 3"),
        ("two", 2, "stands 1 times, not 2"),
    ],
)
def test_an_edit_that_fits_too_seldom_or_too_often_stops_it_with_template_and_reason(find, times, said):
    with pytest.raises(ScriptError) as caught:
        edit_templates({"a.jinja": "one two one"}, [template_edit(find, "x", times=times)])
    assert [part for part in ("a.jinja", said, find, "because") if part not in str(caught.value)] == []


# A harder spec than today's


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def described(**more: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": reference("Order")}}}
    return {"tags": ["Orders"], "responses": {"200": answer}, **more}


ORDER_ID = {"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}
STATES = {"name": "states", "in": "query", "schema": {"type": "array", "items": reference("State")}}
CANCEL = {"required": True, "content": {"application/json": {"schema": reference("Cancel")}}}
DATE = {"type": "string", "format": "date"}
HARDER: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "訂單", "version": "9.9.9"},
    "servers": [{"url": "https://orders.example/api"}],
    "paths": {
        "/orders/{orderId}": {"get": described(operationId="getOrder", parameters=[ORDER_ID, STATES])},
        "/orders/{orderId}/cancel": {
            "post": described(operationId="cancelOrder", parameters=[ORDER_ID], requestBody=CANCEL)
        },
    },
    "components": {
        "schemas": {
            "State": {"type": "string", "enum": ["待處理", "全部 取消", "name", "123"]},
            "Priority": {"type": "integer", "enum": [-1, 0, 10]},
            "Cancel": {
                "type": "object",
                "required": ["secret"],
                "properties": {"secret": {"type": "string"}, "reason": reference("State")},
            },
            "Line": {
                "type": "object",
                "required": ["sku"],
                "properties": {
                    "sku": {"type": "string"},
                    "note": {"type": "string", "nullable": True},
                    "priority": reference("Priority"),
                },
            },
            "Order": {
                "type": "object",
                "required": ["id", "state", "priority", "day", "lines", "buyer"],
                "properties": {
                    "id": {"type": "string"},
                    "state": reference("State"),
                    "priority": reference("Priority"),
                    "day": DATE,
                    "lines": {"type": "array", "items": reference("Line")},
                    "buyer": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "born": {**DATE, "nullable": True}},
                    },
                    "shippedAt": {"type": "string", "format": "date-time", "nullable": True},
                    "history": {"type": "array", "items": reference("State")},
                    "priorities": {"type": "array", "items": reference("Priority")},
                    "shelf": {"type": "string", "enum": ["開", "關", None], "nullable": True},
                    "class": {"type": "string"},
                },
            },
        }
    },
}
ORDER: dict[str, Any] = {
    "id": "A-1",
    "state": "待處理",
    "priority": 10,
    "day": "2024-02-29",
    "lines": [{"sku": "x", "note": "n", "priority": -1}, {"sku": "y"}],
    "buyer": {"name": "王小明", "born": "1990-01-31"},
    "shippedAt": "2024-07-15T10:30:28.700Z",
    "history": ["全部 取消", "name", "123"],
    "priorities": [0, -1, 10],
    "shelf": "開",
    "class": "a keyword of Python",
}


@pytest.fixture(scope="module")
def harder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package generated from the harder spec, imported in place of ours."""
    checkout = copy_checkout(tmp_path_factory.mktemp("harder"))
    names = checkout.vendored.names.read_text("utf-8")
    ours = read_spec(FIRST)
    ours["paths"] |= HARDER["paths"]
    ours["components"]["schemas"] |= HARDER["components"]["schemas"]
    checkout.vendor(HARDER | {"paths": ours["paths"], "components": ours["components"]})
    checkout.vendored.names.write_text(names, "utf-8")
    assert checkout.regenerate() == 0
    with imported(checkout.generated) as package:
        for name in ("models", "types", "spec", "client", "api.orders.get_order", "api.orders.cancel_order"):
            importlib.import_module(f"mantago_generated.{name}")
        yield package


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as the spec says"),
        pytest.param({"state": "未來", "history": ["未來", "待處理"]}, id="unknown strings"),
        pytest.param({"priority": 77, "priorities": [-5, 0]}, id="unknown integers"),
        pytest.param({"shelf": "半開"}, id="an unknown value of a nullable enumeration"),
        pytest.param({"history": [], "priorities": [], "lines": []}, id="empty lists"),
        pytest.param({"更多": {"a": [1, None]}}, id="an unknown field"),
        pytest.param({"buyer": {"name": "", "born": "1990-01-31", "更多": 1}}, id="an unknown field inside"),
    ],
)
def test_a_model_decodes_and_encodes_to_the_same(harder, changes):
    answer = ORDER | changes
    order = harder.models.Order.from_dict(answer)
    assert order.to_dict() == answer
    assert json.loads(json.dumps(order.to_dict())) == answer
    assert harder.models.Order.from_dict(order.to_dict()) == order


@pytest.mark.parametrize("absent", ["shippedAt", "history", "priorities", "shelf", "class"])
def test_an_absent_field_stays_absent_and_a_list_is_empty(harder, absent):
    answer = {name: value for name, value in ORDER.items() if name != absent}
    empty = {absent: []} if absent in {"history", "priorities"} else {}
    assert harder.models.Order.from_dict(answer).to_dict() == answer | empty


def test_null_is_none_where_the_document_allows_it_and_no_drift(harder):
    order = harder.models.Order.from_dict(ORDER | {"shelf": None, "shippedAt": None})
    assert (order.shelf, order.shipped_at, order.drift) == (None, None, ())


def test_the_fields_of_a_model_have_the_types_that_the_spec_says(harder):
    order = harder.models.Order.from_dict(ORDER)
    assert order.day == dt.date(2024, 2, 29)
    assert order.shipped_at == dt.datetime(2024, 7, 15, 10, 30, 28, 700_000, dt.UTC)
    assert order.buyer.born == dt.date(1990, 1, 31)
    assert order.class_ == "a keyword of Python"
    assert [type(value).__name__ for value in (order.buyer, *order.lines)] == ["OrderBuyer", "Line", "Line"]
    assert {type(value) for value in (order.state, *order.history)} == {harder.models.State}
    assert {type(value) for value in (order.priority, *order.priorities)} == {harder.models.Priority}


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        *(("State", value, True) for value in HARDER["components"]["schemas"]["State"]["enum"]),
        *(("State", value, False) for value in ("未來", "NAME", "", " 123", "is_known", "\U0001f381")),
        *(("Priority", value, True) for value in (-1, 0, 10)),
        *(("Priority", value, False) for value in (1, -2, 10**30)),
    ],
)
def test_an_enumeration_keeps_any_value_and_says_whether_it_is_known(harder, name, value, known):
    member = getattr(harder.models, name)(value)
    assert member.is_known is known
    assert member == value == member.value
    assert {member: 1}[value] == 1
    assert json.loads(json.dumps(member)) == value
    assert str(member) == f"{member}" == str(value)
    copies = [pickle.loads(pickle.dumps(member, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for again in (*copies, copy.copy(member), copy.deepcopy(member)):
        assert (again, type(again), again.is_known) == (member, type(member), known)


@pytest.mark.parametrize(
    ("name", "value"), [("State", 5), ("State", None), ("State", b"name"), ("Priority", "10"), ("Priority", 2.5)]
)
def test_an_enumeration_refuses_a_value_of_another_type(harder, name, value):
    with pytest.raises(ValueError, match=f"is not a valid {name}"):
        getattr(harder.models, name)(value)


def test_values_that_are_not_known_do_not_join_the_enumeration(harder):
    harder.models.State("未來")
    assert set(harder.models.State) == set(HARDER["components"]["schemas"]["State"]["enum"])


@pytest.mark.parametrize("order_id", ["A-1", "?x=1", "#", "%2e%2e", "%2F", "\\..", "王 小明", "a\nb", ";", ":"])
def test_a_path_parameter_stays_the_one_segment_that_it_is(connect: Connect, harder, order_id):
    seen: list[httpx.Request] = []
    driver = connect(lambda request: seen.append(request) or httpx.Response(200, json=ORDER))
    orders = harder.api.orders
    driver.operation(orders.get_order, order_id=order_id)
    driver.operation(orders.cancel_order, order_id=order_id, body=harder.models.Cancel(secret=""))
    paths = [request.url.raw_path.partition(b"?")[0].decode().split("/") for request in seen]
    assert [list(map(unquote, path)) for path in paths] == [
        ["", "api", "orders", order_id],
        ["", "api", "orders", order_id, "cancel"],
    ]


def test_a_list_of_enumerated_values_is_sent_as_given_known_or_not(connect: Connect, harder):
    seen: list[httpx.Request] = []
    driver = connect(lambda request: seen.append(request) or httpx.Response(200, json=ORDER))
    states = [harder.models.State(value) for value in ("全部 取消", "未來")]
    driver.operation(harder.api.orders.get_order, order_id="A-1", states=states)
    assert seen[0].url.params.get_list("states") == ["全部 取消", "未來"]


@pytest.mark.parametrize(
    "answer",
    [
        *({name: value for name, value in ORDER.items() if name != lost} for lost in ("id", "state", "buyer", "day")),
        *(ORDER | {name: None} for name in ("state", "priority", "day", "lines", "buyer")),
        *(ORDER | {name: 5.5} for name in ("state", "priority", "day", "lines", "buyer", "history")),
        ORDER | {"lines": [None]},
        ORDER | {"lines": [{}]},
        ORDER | {"lines": ["x"]},
        ORDER | {"state": {}},
        ORDER | {"day": "2024-02-30"},
        None,
        [],
        [ORDER],
        "x",
        7,
    ],
    ids=lambda answer: json.dumps(answer, ensure_ascii=False)[:60],
)
def test_an_operation_generated_later_gives_our_exception_for_an_answer_that_does_not_fit(
    connect: Connect, harder, answer
):
    driver = connect(lambda _: httpx.Response(200, content=json.dumps(answer).encode()))
    with pytest.raises(InvalidResponseError):
        driver.operation(harder.api.orders.get_order, order_id="A-1")


def test_the_generated_package_knows_the_spec_it_came_from(harder):
    assert (harder.spec.VERSION, harder.spec.SERVER_URL) == ("9.9.9", "https://orders.example/api")


def test_a_folder_that_cannot_be_written_is_told_in_a_line(checkout, replayed, monkeypatch, capsys):
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(regenerate, "replace_package", refuse)
    (checkout.package / "client.py").write_bytes(b"# by hand\n")
    assert checkout.regenerate() == 2
    assert capsys.readouterr().err.endswith("mantago_generated: can't be written: Read-only file system\n")
