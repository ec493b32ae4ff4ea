"""Importing several sources: one spec comes out, whatever their order, or the reason why there is none."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import frozen

import import_spec
from first import FIRST
from vendoring import sources as _sources
from vendoring.fragments import Fragment, version_key
from vendoring.merge import merge
from vendoring.parsing import parse_yaml
from vendoring.vendored import ScriptError, Vendored, canonical, read_lock, read_spec, run

PAGE = FIRST.sources / "get-client-rewards.md"
Spec = dict[str, Any]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def answer(name: str) -> dict[str, Any]:
    return {
        "200": {"description": "ok", "content": {"application/json": {"schema": ref(name)}}},
        "401": {"$ref": "#/components/responses/TokenError"},
    }


def fragment(path: str = "/client/gift", version: str = "1.0.0", **changes: Any) -> Spec:
    """A fragment as the vendor publishes them: an operation, and what it refers to."""
    name = path.strip("/").replace("/", "-")
    spec: Spec = {
        "openapi": "3.0.3",
        "info": {"title": "API", "version": version},
        "tags": [{"name": "Clients", "description": "All about clients"}],
        "servers": [{"url": "https://api.example"}],
        "security": [{"bearerAuth": []}],
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                name: {"type": "object", "properties": {"id": {"type": "string", "description": "Id"}}},
                "Error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
                },
            },
            "responses": {
                "TokenError": {"description": "bad", "content": {"application/json": {"schema": ref("Error")}}}
            },
        },
        "paths": {path: {"post": {"tags": ["Clients"], "summary": name, "responses": answer(name)}}},
    }
    return spec | changes


def changed(spec: Spec, path: str, value: Any) -> Spec:
    """The spec with another value at a place written as keys joined by dots; None takes it away."""
    spec = copy.deepcopy(spec)
    *parents, last = path.split(".")
    place: Any = spec
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return spec


def page(*specs: Spec, prose: str = "Prose.") -> str:
    fences = "".join(f"\n> {prose}\n\n```json\n{json.dumps(spec, ensure_ascii=False)}\n```\n" for spec in specs)
    return f"# A page\n{fences}\n---\n\nGET https://doc.example/page.md?ask=<question>\n"


@frozen
class Desk:
    """Where a person who imports works."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def vendored(self) -> Vendored:
        return Vendored(self.folder / "checkout" / "openapi")

    def write(self, name: str, content: str | bytes | Spec) -> str:
        path = self.folder / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = page(content) if isinstance(content, dict) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        status = run(import_spec.main, [*arguments, "--into", str(self.vendored.folder)])
        return status, *self.capsys.readouterr()

    def imports(self, *arguments: str) -> str:
        status, out, err = self.run(*arguments)
        assert (status, err) == (0, "")
        return out

    def refuses(self, *arguments: str) -> str:
        before = self.tree()
        status, out, err = self.run(*arguments)
        assert (status, out) == (2, "")
        assert self.tree() == before
        assert err.startswith("error: ")
        return err

    def tree(self) -> dict[str, bytes]:
        folder = self.vendored.folder
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    @property
    def spec(self) -> Spec:
        return read_spec(self.vendored)

    @property
    def unconfirmed(self) -> dict[str, str]:
        return read_lock(self.vendored).get("unconfirmed", {})

    @property
    def names(self) -> list[str]:
        return [source["name"] for source in read_lock(self.vendored)["sources"]]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def merged(*specs: Spec) -> Spec:
    return merge([Fragment(f"{number}.md", f"{number}.md", spec) for number, spec in enumerate(specs)]).spec


# One spec out


def test_fragments_are_united(desk: Desk) -> None:
    pages = [desk.write(f"{path[1:]}.md", fragment(path)) for path in ("/tag", "/gift", "/bot")]
    out = desk.imports(*pages)
    copies = "openapi/sources/bot.md, openapi/sources/gift.md, openapi/sources/tag.md"
    assert out.splitlines() == [
        "bot.md: version 1.0.0, 1 operation",
        "gift.md: version 1.0.0, 1 operation",
        "tag.md: version 1.0.0, 1 operation",
        "all sources: version 1.0.0, 3 operations",
        f"wrote openapi/lock.toml, openapi/manta-openapi.json, {copies}",
    ]
    spec = desk.spec
    assert list(spec) == ["openapi", "info", "tags", "servers", "security", "components", "paths"]
    assert list(spec["paths"]) == ["/bot", "/gift", "/tag"]
    assert list(spec["components"]["schemas"]) == ["Error", "bot", "gift", "tag"]
    assert spec["tags"] == fragment()["tags"]
    assert desk.names == ["bot.md", "gift.md", "tag.md"]
    assert desk.unconfirmed == {}


@pytest.mark.unmeasured
def test_neither_the_order_nor_the_number_of_imports_matters(desk: Desk, tmp_path: Path, capsys: Any) -> None:
    specs = {
        "a.md": fragment("/a"),
        "b.md": changed(fragment("/b"), "components.schemas.Error.description", "b's"),
        "c.md": changed(fragment("/a"), "components.schemas.Error.description", "c's"),
        "d.md": fragment("/d", tags=[{"name": "D"}, {"name": "Clients", "description": "d's"}]),
    }
    pages = [desk.write(name, spec) for name, spec in specs.items()]
    desk.imports(*pages)
    expected = desk.tree()
    assert len(expected) == 2 + len(pages)
    for number, order in enumerate(itertools.permutations(pages)):
        other = Desk(tmp_path / str(number), capsys)
        if number % 2:
            other.imports(*order)
        else:
            for one in order:
                other.imports(one)
        assert other.tree() == expected


def test_importing_anything_again_changes_no_byte(desk: Desk) -> None:
    old, new, other = (
        desk.write("old.md", fragment("/old")),
        desk.write("new.md", fragment("/new", "2.0.0")),
        desk.write("other.md", changed(fragment("/other"), "components.schemas.Error.required", ["code"])),
    )
    desk.imports(old)
    desk.imports(other, new, "--bump", "--complete")
    before = desk.tree()
    pages = str(desk.vendored.sources)
    for again in ([other], [new], [other, new], [new, other, "--bump"], [pages], [pages, "--complete"], [pages, new]):
        assert "nothing changed" in desk.imports(*again)
        assert desk.tree() == before


def test_a_page_that_is_the_whole_spec_is_vendored_as_it_was_published(desk: Desk) -> None:
    published = fragment("/z/{id}", components={}, paths={"/z": {"post": {"responses": answer("x")}}, "/a": {}})
    published["components"] = fragment("/x")["components"] | {"headers": {}}
    desk.imports(desk.write("whole.md", published), desk.write("zh.md", page(published, prose="中文")))
    assert desk.vendored.spec.read_text("utf-8") == canonical(published)
    part = changed(published, "paths./a", None)
    desk.imports(desk.write("yy.md", part))
    assert desk.vendored.spec.read_text("utf-8") == canonical(published)


def test_editions_in_other_languages_are_one_spec_and_the_first_by_name_gives_the_text(desk: Desk) -> None:
    english = fragment()
    chinese = english
    texts = {
        "info.title": "介面",
        "info.description": "說明",
        "tags.0.description": "客戶",
        "components.schemas.client-gift.properties.id.description": "編號",
        "components.schemas.client-gift.properties.id.example": "甲",
        "components.schemas.client-gift.title": "禮物",
        "components.responses.TokenError.description": "不行",
        "components.examples": {"one": {"value": "一"}},
        "paths./client/gift.post.summary": "取得禮物",
        "paths./client/gift.post.externalDocs": {"url": "https://doc.example/zh"},
        "paths./client/gift.summary": "禮物",
        "servers.0.description": "主機",
    }
    for path, text in texts.items():
        chinese = changed(chinese, path, text)
    one, other = desk.write("en/gift.md", english), desk.write("zh/gift.md", chinese)
    out = desk.imports(other, one)
    assert desk.names == ["en-gift.md", "zh-gift.md"]
    assert "all sources: version 1.0.0, 1 operation" in out
    spec = desk.spec
    assert spec["components"].pop("examples") == {"one": {"value": "一"}}
    assert spec["paths"]["/client/gift"].pop("summary") == "禮物"
    assert spec == english
    assert merged(chinese, english)["paths"]["/client/gift"]["post"]["summary"] == "取得禮物"


def test_text_comes_from_the_newest_version(desk: Desk) -> None:
    desk.imports(desk.write("a.md", changed(fragment("/a"), "components.schemas.Error.description", "old")))
    newer = changed(fragment("/b", "1.0.1"), "components.schemas.Error.description", "new")
    desk.imports(desk.write("z.md", newer), "--bump")
    assert desk.spec["components"]["schemas"]["Error"]["description"] == "new"


@pytest.mark.parametrize("path", ["description", "title", "example", "default", "summary"])
def test_a_property_that_is_named_like_a_text_field_is_no_text(path: str) -> None:
    value = {"type": "object", "properties": {path: {"type": "string"}}}
    one = changed(fragment(), "components.schemas.Error", value)
    other = changed(one, f"components.schemas.Error.properties.{path}.type", "integer")
    with pytest.raises(ScriptError, match=f"\n  /components/schemas/Error/properties/{path}/type: "):
        merged(one, other)
    assert merged(one, changed(one, f"components.schemas.Error.properties.{path}.description", "x")) == one


def test_the_order_of_what_has_none_is_no_difference() -> None:
    one = changed(fragment(), "components.schemas.Error.properties.code.enum", [1, 2])
    one = changed(one, "x-mixed", [{"a": 1, "b": 2}, "c"])
    other = changed(one, "components.schemas.Error.properties.code.enum", [2, 1])
    other = changed(other, "x-mixed", [{"b": 2, "a": 1}, "c"])
    other = changed(other, "components.schemas.Error.required", ["message", "code"])
    other = changed(other, "components.schemas.Error.properties", {"message": {"type": "string"}, "code": {}})
    other["components"]["schemas"]["Error"]["properties"]["code"] = {"enum": [2, 1], "type": "integer"}
    assert merged(one, dict(reversed(other.items()))) == one


def test_an_empty_list_says_the_same_as_none() -> None:
    one = fragment("/a")
    other = changed(changed(one, "paths./a.parameters", []), "paths./a.servers", [])
    assert merged(one, other) == one


def test_the_order_of_fragments_does_not_matter_to_the_merge_itself() -> None:
    specs = [changed(fragment(f"/{name}"), "components.schemas.Error.description", name) for name in "abc"]
    fragments = [Fragment(name, name, spec) for name, spec in zip("abc", specs, strict=True)]
    results = [merge(order) for order in itertools.permutations(fragments)]
    assert results == [results[0]] * 6
    assert results[0].spec["components"]["schemas"]["Error"]["description"] == "a"


def test_the_texts_of_scopes_are_no_difference_and_their_names_are_one() -> None:
    def scheme(**scopes: str) -> Spec:
        flow = {"tokenUrl": "https://a.example", "scopes": scopes}
        value = {"type": "oauth2", "flows": {"clientCredentials": flow}}
        return changed(fragment(), "components.securitySchemes.bearerAuth", value)

    assert merged(scheme(description="read"), scheme(description="讀")) == scheme(description="read")
    with pytest.raises(ScriptError, match="/flows/clientCredentials/scopes: "):
        merged(scheme(description="read"), scheme(summary="read"))


def test_a_page_may_leave_to_the_others_what_holds_for_the_whole(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a")))
    lean = {key: fragment("/b")[key] for key in ("openapi", "info", "components", "paths")}
    desk.imports(desk.write("0.md", lean | {"openapi": "3.0.0", "x-lean": {"a": 1}}))
    assert (desk.spec["servers"], desk.spec["security"]) == (fragment()["servers"], fragment()["security"])
    assert desk.spec["openapi"] == "3.0.3"
    assert desk.spec["x-lean"] == {"a": 1}


def test_methods_of_one_path_may_come_from_different_pages() -> None:
    one = fragment("/a")
    other = changed(fragment("/a"), "paths", {"/a": {"get": {"responses": answer("a")}}, "x-paths": 1})
    spec = merged(one, other)
    assert list(spec["paths"]["/a"]) == ["get", "post"]
    assert spec["paths"]["x-paths"] == 1


# What a page may look like


def test_a_page_that_describes_several_operations_has_a_spec_for_each(desk: Desk) -> None:
    text = page(fragment("/a"), fragment("/b"), fragment("/c"))
    text = text.replace("\n---\n", '\n```json\n{"success": false}\n```\n\n~~~json\n{"not": json\n~~~\n')
    assert "page.md: version 1.0.0, 3 operations" in desk.imports(desk.write("page.md", text))
    assert list(desk.spec["paths"]) == ["/a", "/b", "/c"]


@pytest.mark.parametrize(
    "second",
    [
        fragment("/a"),
        changed(fragment("/a"), "info.description", "another text"),
        fragment("/b", "1.0.1"),
        fragment("/b", info={"title": "Another API", "version": "1.0.0"}),
        fragment("/b", paths={}),
    ],
    ids=["the same", "the same in other words", "another version", "another API", "no operation"],
)
def test_two_specs_on_a_page_that_do_not_belong_together_are_refused(desk: Desk, second: Spec) -> None:
    err = desk.refuses(desk.write("page.md", page(fragment("/a"), second)))
    assert "page.md: there are 2 specs, at lines 6 and 12, and one is wanted, or several" in err


def test_specs_of_one_page_that_disagree_are_named_by_their_lines(desk: Desk) -> None:
    other = changed(fragment("/b"), "components.schemas.Error.type", "array")
    other["components"]["schemas"]["Error"]["items"] = {}
    err = desk.refuses(desk.write("page.md", page(fragment("/a"), other)))
    assert "page.md, line 6 and " in err
    assert "page.md, line 12: both are of version 1.0.0" in err
    assert '\n  /components/schemas/Error/type: "object" and "array"\n' in err


def test_an_invalid_spec_among_several_is_named_by_its_line(desk: Desk) -> None:
    err = desk.refuses(desk.write("page.md", page(fragment("/a"), changed(fragment("/b"), "servers", 1))))
    assert "page.md: the spec at line 12 is not a valid OpenAPI 3.0 document:\n  $.servers: " in err


DOCUMENTS: dict[str, Callable[[Spec], str]] = {
    "JSON": json.dumps,
    "JSON in many lines": canonical,
    "YAML": lambda spec: yaml.safe_dump(spec, allow_unicode=True, sort_keys=False),
    "YAML in flow style": lambda spec: "openapi: 3.0.3\n" + yaml.safe_dump(changed(spec, "openapi", None), width=9**9),
    "YAML with a preamble": lambda spec: "# a comment\n---\n" + yaml.safe_dump(spec) + "...\n",
    "a page": page,
}


@pytest.mark.parametrize("form", DOCUMENTS)
@pytest.mark.parametrize("name", ["spec.json", "spec.yaml", "spec.md", "spec", "spec.txt"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_the_content_says_what_a_source_is_and_not_its_name(desk: Desk, form: str, name: str, bom: str) -> None:
    spec = changed(fragment("/禮物"), "info.description", "```json\n{}\n```\nopenapi: no\n")
    desk.imports(desk.write(name, (bom + DOCUMENTS[form](spec)).replace("\n", "\r\n")))
    assert desk.spec == spec


def test_yaml_is_read_as_json_would_have_it() -> None:
    text = """
    200: {description: ok, on: yes, no: NO}
    2024-01-01: 2024-07-15
    time: 12:30:45
    version: '0.318'
    null: [~, null, NULL, Null]
    nothing:
    true: [true, True, false]
    numbers: [0, 012, -5, +7, 0o17, 0xff, 1.5, -1e3, .5, 1_000]
    words: ["5", 'true', !!str 5, "", 1.2.3, 0x, "~"]
    folded: >-
      a
      b
    &anchored: 1
    """.replace("&anchored: 1", "base: &base {a: [1, 禮物]}\n    again: [*base, *base]")
    assert parse_yaml(text) == {
        "200": {"description": "ok", "on": "yes", "no": "NO"},
        "2024-01-01": "2024-07-15",
        "time": "12:30:45",
        "version": "0.318",
        "null": [None, None, None, None],
        "nothing": None,
        "true": [True, True, False],
        "numbers": [0, 12, -5, 7, 15, 255, 1.5, -1000.0, 0.5, "1_000"],
        "words": ["5", "true", "5", "", "1.2.3", "0x", "~"],
        "folded": "a b",
        "base": {"a": [1, "禮物"]},
        "again": [{"a": [1, "禮物"]}, {"a": [1, "禮物"]}],
    }


BOMB = "openapi: 3.0.3\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openapi: 3.0.3\na: [1, 2\nb: 3\n", ["broken", "line 3, column 2: not YAML: "]),
        ("openapi: 3.0.3\na: *nothing\n", ["line 2, column 4", "nothing is anchored as 'nothing'"]),
        ("openapi: 3.0.3\na: &a [*a]\n", ["line 2, column 8", "nothing is anchored as 'a'"]),
        ("openapi: 3.0.3\na: !!binary aGk=\n", ["line 2", "the tag binary is none of JSON's types"]),
        ("openapi: 3.0.3\na: !!python/object/apply:os.system [ls]\n", ["line 2", "python/object"]),
        ("openapi: 3.0.3\n? [a, b]\n: c\n", ["line 2", "this key is no plain word"]),
        ("openapi: 3.0.3\n---\nopenapi: 3.0.3\n", ["line 2", "there is a second document"]),
        (BOMB, ["the aliases up to here make the document too large"]),
        ("openapi: 3.0.3\na: " + "[" * 100_000, ["line 2", "nested too deeply"]),
        ("openapi: 3.0.3\na: " + "- " * 100_000, ["not YAML"]),
        ("openapi: 3.0.3\na: \x07\n", ["not YAML"]),
        ("openapi: 3.0.3\na: " + "9" * 5000, ["not YAML"]),
        ("openapi: 3.0.3\na: 1\na: 2\n", ["$.a: this key stands twice"]),
        ("openapi: 3.0.3\na: .nan\nb: [.inf, -.INF]\n", ["$.a: .nan is not JSON", "$.b[0]: ", "$.b[1]: "]),
        ("openapi: 3.0.3\na: 0.12345678901234567890\n", ["$.a: ", "can't be kept exactly"]),
        ("openapi: 3.0.3\ninfo: {title: x, version: 0.318}\npaths: {}\n", ["$.info.version: 0.318 is not"]),
        ("openapi: [3\n", ["broken", "not YAML"]),
        ("[openapi]", ["no spec"]),
        ('"text\nopenapi: 3"', ["no spec"]),
        ("- openapi: 3\n", ["no spec"]),
        ('{"a": 1}', ["no spec: JSON, but no object"]),
        ("{}", ["no spec: JSON, but no object"]),
        ('{"openapi": "3.0.3",}', ["line 1, column ", "not JSON"]),
        ('{\n "openapi": "3.0.3"\n "a": 1}', ["line 3, column 2: not JSON"]),
        ("<!DOCTYPE html>\n<p>hello", ["no spec", "it seems to be HTML: give the Markdown page"]),
        ("", ["no spec"]),
    ],
    ids=lambda value: value[:40].replace("\n", "|") if isinstance(value, str) else "",
)
def test_a_document_that_is_no_sound_spec_is_refused(desk: Desk, text: str, said: list[str]) -> None:
    source = desk.write("document", text)
    err = desk.refuses(source)
    assert err.startswith(f"error: {source}: ")
    assert [part for part in said if part not in err] == []


def test_a_page_with_a_line_like_yaml_in_an_example_is_a_page(desk: Desk) -> None:
    desk.imports(desk.write("page.md", "```yaml\nopenapi: 3.0.3\n```\n\n" + page(fragment())))
    assert desk.spec == fragment()


# Conflicts


CONFLICTS: dict[str, tuple[str, Any, str]] = {
    "a type": ("components.schemas.Error.properties.code.type", "string", "/properties/code/type"),
    "a required field": ("components.schemas.Error.required", ["code"], "/required"),
    "a new property": ("components.schemas.Error.properties.at", {"type": "string"}, "/properties/at"),
    "an extension": ("components.schemas.Error.x-note", {"description": "one"}, "/x-note"),
    "a default": ("components.schemas.Error.default", {"code": 1, "message": "m"}, "/default"),
    "a response": ("components.responses.TokenError.headers", {}, "/components/responses/TokenError/headers"),
    "a server": ("servers", [{"url": "https://other.example"}], "/servers/0/url"),
    "security": ("security", [], "/security"),
    "an operation": ("paths./client/gift.post.deprecated", True, "/paths/~1client~1gift/post/deprecated"),
    "a path's parameters": (
        "paths./client/gift.parameters",
        [{"name": "a", "in": "query", "schema": {}}],
        "/paths/~1client~1gift/parameters",
    ),
    "a scheme": (
        "components.securitySchemes.bearerAuth.scheme",
        "basic",
        "/components/securitySchemes/bearerAuth/scheme",
    ),
    "an extension of the components": ("components.x-note", 2, "/components/x-note"),
    "an extension of the whole": ("x-logo", {"url": "a"}, "/x-logo/url"),
}


@pytest.mark.parametrize("what", CONFLICTS)
@pytest.mark.parametrize("given", ["together", "one after the other"])
def test_one_name_with_different_content_is_refused_with_both_sources_and_each_place(
    desk: Desk, what: str, given: str
) -> None:
    path, value, place = CONFLICTS[what]
    ours = changed(changed(fragment(), "x-logo", {"url": "b"}), "components.x-note", 1)
    first, second = desk.write("first.md", ours), desk.write("second.md", changed(ours, path, value))
    if given == "together":
        err = desk.refuses(second, first)
        assert first in err
    else:
        desk.imports(first)
        err = desk.refuses(second)
        assert str(desk.vendored.sources / "first.md") in err
    assert second in err
    assert "both are of version 1.0.0" in err
    assert f"{place}: " in err


def test_every_place_is_said_up_to_a_number(desk: Desk) -> None:
    many = {f"p{number:02}": {"type": "string"} for number in range(30)}
    ours = changed(fragment(), "components.schemas.Error.properties", many)
    theirs = json.loads(json.dumps(ours).replace('"string"', '"integer"'))
    err = desk.refuses(desk.write("a.md", ours), desk.write("b.md", theirs))
    assert err.count("\n  /components/schemas/") == 20
    assert "\n  and 11 more" in err


def test_a_conflict_under_the_same_name_needs_complete(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment()), desk.write("b.md", fragment("/b")))
    mended = changed(fragment(), "components.schemas.client-gift.properties.id.type", "integer")
    assert "/properties/id/type" in desk.refuses(desk.write("a.md", mended))
    assert "no longer there: POST /b" in desk.imports(desk.write("a.md", mended), "--complete")
    assert desk.spec == mended
    assert desk.names == ["a.md"]


def test_two_operations_with_one_id_are_refused(desk: Desk) -> None:
    pages = [
        desk.write(f"{name}.md", changed(fragment(f"/{name}"), f"paths./{name}.post.operationId", "send"))
        for name in "ab"
    ]
    err = desk.refuses(*pages)
    assert "two operations have the operationId 'send': /paths/~1a/post and /paths/~1b/post" in err
    assert [one for one in pages if one not in err] == []


def test_one_path_under_two_names_is_refused(desk: Desk) -> None:
    def of(name: str, method: str) -> Spec:
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        return fragment("/a", paths={f"/a/{{{name}}}": {method: {"parameters": [parameter], "responses": answer("a")}}})

    err = desk.refuses(desk.write("a.md", of("id", "get")), desk.write("b.md", of("aId", "post")))
    assert "one path under two names, /paths/~1a~1{aId} and /paths/~1a~1{id}" in err
    desk.imports(desk.write("a.md", of("id", "get")))
    desk.imports(desk.write("b.md", of("aId", "get") | {"info": {"title": "API", "version": "1.1"}}), "--bump")
    assert list(desk.spec["paths"]) == ["/a/{aId}"]


def test_what_is_valid_apart_and_not_together_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_spec, "unmended", lambda spec, _: f"\n  $: {len(spec['paths'])} paths")
    err = desk.refuses(desk.write("a.md", fragment("/a")), desk.write("b.md", fragment("/b")))
    assert "merged, this is not a valid OpenAPI 3.0 document:\n  $: 2 paths" in err


# Versions


@pytest.mark.parametrize(
    "versions",
    [
        [
            "0.317.9",
            "0.318.0",
            "0.318.1",
            "0.400.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-rc.2",
            "1.0.0-rc.10",
            "1.0.0",
        ],
        ["0.9", "0.10"],
        ["1", "1.0", "1.0.0", "1.0.1"],
        ["2024-05-01", "2024.5.2", "2025"],
        ["1.0.0", "1.0.0+build", "1.0.1"],
    ],
    ids=" ".join,
)
def test_versions_are_sorted_as_people_would(versions: list[str]) -> None:
    assert sorted(set(versions), key=version_key) == versions


@pytest.mark.parametrize("version", ["1.1.0", "0.9.0"])
def test_a_page_of_another_version_is_refused_with_both_named_unless_a_bump_is_meant(desk: Desk, version: str) -> None:
    desk.imports(desk.write("a.md", fragment("/a")))
    other = desk.write("b.md", fragment("/b", version))
    err = desk.refuses(other)
    assert err.startswith(f"error: {other}: describes version {version}, and the document in ")
    assert "is version 1.0.0: with --bump" in err
    assert version in desk.refuses(other, "--complete")
    desk.imports(other, "--bump")


def test_a_first_import_of_several_versions_needs_a_bump_too(desk: Desk) -> None:
    pages = desk.write("a.md", fragment("/a")), desk.write("b.md", fragment("/b", "2.0.0"))
    err = desk.refuses(*pages)
    assert f"{pages[0]}: describes version 1.0.0, and {pages[1]} is version 2.0.0" in err
    desk.imports(*pages, "--bump")
    assert desk.spec["info"]["version"] == "2.0.0"
    assert desk.unconfirmed == {"POST /a": "last seen at 1.0.0"}


def test_after_a_bump_what_no_page_confirmed_stays_and_is_listed_until_it_is_confirmed(desk: Desk) -> None:
    for path in ("/a", "/b"):
        desk.imports(desk.write(f"pages/{path[1:]}.md", fragment(path)))
    out = desk.imports(desk.write("new/a.md", fragment("/a", "1.1.0")), "--bump")
    assert "last seen at 1.0.0: POST /b" in out.splitlines()
    assert desk.spec["info"]["version"] == "1.1.0"
    assert list(desk.spec["paths"]) == ["/a", "/b"]
    assert desk.unconfirmed == {"POST /b": "last seen at 1.0.0"}
    assert '\n[unconfirmed]\n"POST /b" = "last seen at 1.0.0"\n' in desk.vendored.lock.read_text("utf-8")
    assert desk.names == ["a.md", "b.md"]

    assert "last seen at 1.0.0: POST /b" in desk.imports(desk.write("c.md", fragment("/c", "1.2.0")), "--bump")
    assert desk.unconfirmed == {"POST /a": "last seen at 1.1.0", "POST /b": "last seen at 1.0.0"}

    for path in ("/a", "/b"):
        out = desk.imports(desk.write(f"newest/{path[1:]}.md", fragment(path, "1.2.0")), "--bump")
    assert "last seen" not in out
    assert desk.unconfirmed == {}
    assert desk.names == ["a.md", "b.md", "c.md"]


def test_what_a_new_version_changes_holds_and_what_only_the_old_one_needs_stays(desk: Desk) -> None:
    old = fragment("/old")
    old["components"]["schemas"] |= {
        "Pet": {"oneOf": [ref("Cat")], "discriminator": {"propertyName": "is", "mapping": {"d": "Dog"}}}
    }
    old["components"]["schemas"] |= {"Cat": ref("Error"), "Dog": {"type": "object"}, "Unused": {}}
    old["components"]["schemas"]["old"]["properties"] |= {"pet": ref("Pet"), "self": ref("old")}
    old["components"]["securitySchemes"] |= {
        "key": {"type": "apiKey", "in": "header", "name": "k"},
        "unused": {"type": "http", "scheme": "basic"},
    }
    old["tags"] += [{"name": "Old"}, {"name": "Unused"}]
    old["paths"]["/old"]["post"] |= {"security": [{"key": []}], "tags": ["Old"]}
    old["paths"]["/old"]["parameters"] = [{"name": "botId", "in": "query", "schema": ref("Cat")}]
    desk.imports(desk.write("old.md", old))
    new = changed(fragment("/new", "2.0.0"), "components.schemas.Error.required", ["code"])
    new = changed(changed(new, "servers", [{"url": "https://v2.example"}]), "security", None)
    desk.imports(desk.write("new.md", new), "--bump")
    components = desk.spec["components"]
    assert components["schemas"]["Error"]["required"] == ["code"]
    assert sorted(components["schemas"]) == ["Cat", "Dog", "Error", "Pet", "new", "old"]
    assert sorted(components["securitySchemes"]) == ["bearerAuth", "key"]
    assert [tag["name"] for tag in desk.spec["tags"]] == ["Clients", "Old"]
    assert desk.spec["servers"] == new["servers"]
    assert desk.spec["security"] == old["security"]
    old["paths"]["/old"]["post"]["servers"] = old["servers"]
    assert desk.spec["paths"]["/old"] == old["paths"]["/old"]
    before = desk.tree()
    desk.imports(str(desk.vendored.sources))
    assert desk.tree() == before


def test_an_operation_that_is_kept_keeps_what_its_page_said_of_all_operations(desk: Desk) -> None:
    oldest = fragment("/oldest") | {"security": [{"key": []}], "servers": [{"url": "https://v0.example"}]}
    key = {"type": "apiKey", "in": "header", "name": "k"}
    oldest["components"]["securitySchemes"] |= {"key": key, "unused": key}
    oldest["paths"]["/own"] = {
        "servers": [{"url": "https://own.example"}],
        "get": {"responses": answer("oldest"), "security": []},
    }
    old = fragment("/old", "1.1.0") | {"servers": [{"url": "https://api.example", "description": "another text"}]}
    # What says nothing of all operations, takes what the others say.
    bare = fragment("/bare", "1.2.0")
    del bare["security"], bare["servers"]
    new = fragment("/new", "2.0.0")
    for name, page in (("oldest", oldest), ("old", old), ("bare", bare), ("new", new)):
        desk.imports(desk.write(f"{name}.md", page), "--bump")
    assert [desk.spec[name] for name in ("servers", "security")] == [new["servers"], new["security"]]
    paths = desk.spec["paths"]
    theirs = {"servers": oldest["servers"], "security": oldest["security"]}
    assert paths["/oldest"]["post"] == oldest["paths"]["/oldest"]["post"] | theirs
    assert paths["/own"] == oldest["paths"]["/own"]
    for name, page in (("/old", old), ("/bare", bare), ("/new", new)):
        assert paths[name] == page["paths"][name]
    assert sorted(desk.spec["components"]["securitySchemes"]) == ["bearerAuth", "key"]


def test_a_child_that_only_a_discriminator_refers_to_stays_with_the_operation_that_answers_with_it(desk: Desk) -> None:
    old = fragment("/old")
    base = {"type": "object", "properties": {"is": {"type": "string"}}, "discriminator": {"propertyName": "is"}}
    plain = {"type": "object", "properties": {"id": {"type": "string"}}}
    old["components"]["schemas"] |= {
        "Animal": base,
        "Dog": {"allOf": [ref("Animal"), {"type": "object", "properties": {"bark": {"type": "string"}}}]},
        "Puppy": {"allOf": [ref("Dog")]},
        "Plain": plain,
        "Unused": {"allOf": [ref("Plain")]},
    }
    old["components"]["schemas"]["old"]["properties"] |= {
        "animal": ref("Animal"),
        "dog": ref("Dog"),
        "plain": ref("Plain"),
    }
    desk.imports(desk.write("old.md", old))
    desk.imports(desk.write("new.md", fragment("/new", "2.0.0")), "--bump")
    assert sorted(desk.spec["components"]["schemas"]) == ["Animal", "Dog", "Error", "Plain", "Puppy", "new", "old"]


def test_methods_of_one_path_from_two_versions_must_agree_on_what_holds_for_both(desk: Desk) -> None:
    parameters = [{"name": "botId", "in": "query", "schema": {"type": "string"}}]
    old = changed(fragment("/a"), "paths./a.parameters", parameters)
    desk.imports(desk.write("old.md", old))
    new = fragment("/a", "2.0.0", paths={"/a": {"get": {"responses": answer("a")}}})
    err = desk.refuses(desk.write("new.md", new), "--bump")
    assert "versions 2.0.0 and 1.0.0 describe different operations of one path" in err
    assert "\n  /paths/~1a/parameters: " in err
    desk.imports(desk.write("new.md", changed(new, "paths./a.parameters", parameters)), "--bump")
    assert list(desk.spec["paths"]["/a"]) == ["parameters", "get", "post"]


def test_a_page_older_than_what_is_vendored_adds_only_what_was_not_known(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a")))
    out = desk.imports(desk.write("old/a.md", fragment("/a", "0.9.0")), "--bump")
    assert "nothing taken from it" in out
    assert "nothing changed" in out
    out = desk.imports(desk.write("old/b.md", fragment("/b", "0.9.0")), "--bump")
    assert "last seen at 0.9.0: POST /b" in out
    assert desk.spec["info"]["version"] == "1.0.0"


def test_a_page_of_several_operations_stays_until_all_of_them_are_confirmed(desk: Desk) -> None:
    desk.imports(desk.write("both.md", page(fragment("/a"), fragment("/b"))))
    desk.imports(desk.write("a.md", fragment("/a", "2.0.0")), "--bump")
    assert (desk.names, desk.unconfirmed) == (["a.md", "both.md"], {"POST /b": "last seen at 1.0.0"})
    desk.imports(desk.write("b.md", fragment("/b", "2.0.0")))
    assert (desk.names, desk.unconfirmed) == (["a.md", "b.md"], {})
    assert sorted(path.name for path in desk.vendored.sources.iterdir()) == ["a.md", "b.md"]


def test_complete_removes_what_the_sources_lack_and_says_so(desk: Desk) -> None:
    for path in ("/a", "/b", "/c"):
        desk.imports(desk.write(f"{path[1:]}.md", fragment(path)))
    out = desk.imports(desk.write("new.md", fragment("/b", "1.1.0")), "--bump", "--complete")
    assert out.splitlines() == [
        "new.md: version 1.1.0, 1 operation",
        "no longer there: POST /a",
        "no longer there: POST /c",
        "wrote openapi/lock.toml, openapi/manta-openapi.json, openapi/sources/new.md",
        "removed openapi/sources/a.md, openapi/sources/b.md, openapi/sources/c.md",
    ]
    assert desk.spec == fragment("/b", "1.1.0")


def test_complete_is_no_way_back(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a", "2.0.0")))
    err = desk.refuses(desk.write("a.md", fragment("/a")), "--bump", "--complete")
    assert (
        "version 1.0.0, and the vendored document is version 2.0.0: to go back to an older version, take it from git"
        in err
    )


# A vendor that numbers anew


def test_a_lower_version_is_the_newer_one_if_the_maintainer_says_that_the_vendor_numbers_anew(desk: Desk) -> None:
    for path in ("/a", "/b"):
        desk.imports(desk.write(f"pages/{path[1:]}.md", fragment(path, "1.43.2")))
    new = changed(fragment("/a", "1.0.0"), "components.schemas.Error.required", ["code"])
    page = desk.write("new/a.md", new)
    assert "say so with --version-reset" in desk.refuses(page, "--bump", "--complete")
    out = desk.imports(page, "--version-reset")
    assert "last seen at 1.43.2: POST /b" in out
    assert desk.spec["info"]["version"] == "1.0.0"
    assert desk.spec["components"]["schemas"]["Error"]["required"] == ["code"]
    before = desk.tree()
    desk.imports(page, "--version-reset")
    desk.imports(str(desk.vendored.sources))
    assert desk.tree() == before

    # Later ones are counted from there on.
    desk.imports(desk.write("newest/a.md", fragment("/a", "1.1.0")), "--bump")
    assert desk.spec["info"]["version"] == "1.1.0"
    assert desk.unconfirmed == {"POST /b": "last seen at 1.43.2"}
    desk.imports(desk.write("newest/b.md", fragment("/b", "1.1.0")), "--bump")
    assert desk.unconfirmed == {}
    assert "resets" not in desk.vendored.lock.read_text("utf-8")


def test_the_whole_api_may_be_numbered_anew(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a", "1.43.2")))
    desk.imports(desk.write("a.md", fragment("/a")), "--version-reset", "--complete")
    assert desk.spec == fragment("/a")


def test_a_reset_of_versions_that_is_none_is_refused(desk: Desk) -> None:
    first = desk.write("a.md", fragment("/a"))
    assert "nothing is vendored" in desk.refuses(first, "--version-reset")
    desk.imports(first)
    err = desk.refuses(desk.write("a.md", fragment("/a", "1.0.1")), "--version-reset")
    assert "a.md: describes version 1.0.1, and the vendored document is version 1.0.0: --version-reset is for" in err


# Sources and their copies


def test_a_page_takes_the_place_of_its_former_self(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment()), desk.write("b.md", fragment("/b")))
    better = changed(fragment(), "paths./client/gift.post.summary", "Better said")
    desk.imports(desk.write("a.md", better))
    assert desk.spec["paths"]["/client/gift"]["post"]["summary"] == "Better said"
    assert desk.names == ["a.md", "b.md"]


def test_another_page_of_the_same_name_gets_a_name_of_its_own_and_keeps_it(desk: Desk) -> None:
    desk.imports(desk.write("a/index.md", fragment("/a")))
    desk.imports(desk.write("b/index.md", fragment("/b")))
    first, second = desk.names
    assert (first[:6], second) == ("index-", "index.md")
    assert list(desk.spec["paths"]) == ["/a", "/b"]
    desk.imports(desk.write("b/index.md", changed(fragment("/b"), "paths./b.post.summary", "new")))
    assert len(desk.names) == 2
    assert desk.spec["paths"]["/b"]["post"]["summary"] == "new"


def test_a_file_that_someone_put_there_is_never_overwritten(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a")))
    notes = desk.vendored.sources / "B.md"
    notes.write_text(page(fragment("/mine")), "utf-8")
    for suffix, path in (("b.md", "/b"), ("no-suffix", "/c")):
        desk.imports(desk.write(suffix, fragment(path)))
    (desk.vendored.sources / "no-suffix2").write_text("mine", "utf-8")
    desk.imports(desk.write("no-suffix2", fragment("/d")))
    assert notes.read_text("utf-8") == page(fragment("/mine"))
    assert [name for name in desk.names if "-" in name and name != "no-suffix"] == [
        next(name for name in desk.names if name.startswith("b-")),
        next(name for name in desk.names if name.startswith("no-suffix2-")),
    ]
    assert "/mine" not in desk.spec["paths"]


def test_folders_are_read_to_the_bottom_and_what_holds_no_spec_is_passed_over(desk: Desk) -> None:
    desk.write("docs/zh/deep/gift.md", fragment("/a"))
    desk.write("docs/en/bot.yaml", yaml.safe_dump(fragment("/b")))
    copy = desk.write("docs/en/copy of bot.yaml", yaml.safe_dump(fragment("/b")))
    passed = [
        desk.write("docs/intro.md", "# Hello"),
        desk.write("docs/logo.png", b"\x89PNG\r\n\0\xff"),
        desk.write("docs/en/error.json", '{"success": false}'),
        desk.write("docs/empty", ""),
        desk.write("docs/nul", "\0"),
    ]
    desk.write("docs/.git/hidden.md", fragment("/hidden"))
    desk.write("docs/.hidden.md", fragment("/hidden"))
    out = desk.imports(str(desk.folder / "pages" / "docs"), copy)
    assert list(desk.spec["paths"]) == ["/a", "/b"]
    assert desk.names == ["bot.yaml", "gift.md"]
    assert [line for line in out.splitlines() if line.endswith(": holds no spec")] == [
        f"{path}: holds no spec" for path in sorted(passed, key=lambda path: (path.count("/"), path))
    ]


@pytest.mark.parametrize(
    "content", [page(fragment()).replace('"paths"', '"paths'), "openapi 禮物".encode("big5"), "openapi\0"]
)
def test_a_broken_spec_in_a_folder_stops_everything_and_is_named(desk: Desk, content: str | bytes) -> None:
    desk.write("docs/a.md", fragment())
    broken = desk.write("docs/b.md", content)
    assert desk.refuses(str(Path(broken).parent)).startswith(f"error: {broken}: ")


def test_folders_without_any_spec_are_refused(desk: Desk) -> None:
    intro = desk.write("docs/intro.md", "# Hello")
    assert f"there is no spec in any file:\n  {intro}: holds no spec" in desk.refuses(str(Path(intro).parent))
    Path(intro).unlink()
    assert "is a folder without any file" in desk.refuses(str(Path(intro).parent))


def test_a_folder_that_cannot_be_read_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk.write("docs/a.md", fragment())

    def walk(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[Any]:
        onerror(PermissionError(13, "Permission denied", str(folder)))
        yield from ()

    monkeypatch.setattr(_sources.os, "walk", walk)
    assert desk.refuses(str(Path(source).parent)) == f"error: {Path(source).parent}: Permission denied\n"


def test_two_files_of_one_name_are_told_apart_by_their_folders(desk: Desk) -> None:
    for folder in ("en/client", "zh/client", "en/bot"):
        desk.write(f"{folder}/index.md", fragment(f"/{folder}"))
    desk.write("en/other.md", fragment("/other"))
    desk.imports(str(desk.folder / "pages"))
    assert desk.names == ["bot-index.md", "en-client-index.md", "other.md", "zh-client-index.md"]


def test_names_and_folders_too_long_for_one_name_are_cut_and_told_apart(desk: Desk) -> None:
    for folder in ("a", "b"):
        desk.write(f"{folder}/{'禮' * 40}/{'物' * 40}.md", fragment(f"/{folder}"))
    desk.imports(str(desk.folder / "pages"))
    assert len({*desk.names}) == 2
    assert all(len(name.encode()) < 255 and name.endswith(".md") for name in desk.names)


def test_a_file_that_is_too_large_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk.write("a.md", fragment())
    monkeypatch.setattr(_sources, "LARGEST_SOURCE", Path(source).stat().st_size)
    desk.imports(source)
    monkeypatch.setattr(_sources, "LARGEST_SOURCE", Path(source).stat().st_size - 1)
    assert desk.refuses(source).startswith(f"error: {source}: is larger than ")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("gift.md", "gift.md"),
        ("禮物.md", "禮物.md"),
        ("a b.md", "a b.md"),
        ('a<b>:"|?*\\.md', "a-b-------.md"),
        ("a\x1b[2J.md", "a-[2J.md"),
        (".hidden", "_hidden"),
        ("..", "_"),
        ("...", "_"),
        ("", "_"),
        ("CON", "_CON"),
        ("nul.md", "_nul.md"),
        ("console.md", "console.md"),
        ("page. ", "page"),
        ("x" * 250 + ".md", "x" * 197 + ".md"),
        ("禮" * 80 + ".md", "禮" * 65 + ".md"),
        ("x." + "y" * 199, "_" + "y" * 199),
    ],
)
def test_a_copy_has_a_name_that_every_system_takes(name: str, clean: str) -> None:
    assert _sources.clean_name(name) == clean


def test_a_damaged_lock_loses_no_page(desk: Desk) -> None:
    for path in ("/a", "/b"):
        desk.imports(desk.write(f"{path[1:]}.md", fragment(path)))
    sound = desk.tree()
    (desk.vendored.sources / "notes.md").write_text("mine", "utf-8")
    desk.vendored.lock.write_text("[", "utf-8")
    desk.imports(str(desk.folder / "pages" / "a.md"))
    assert desk.tree() == sound | {str(Path("sources") / "notes.md"): b"mine"}


def test_a_copy_that_is_broken_is_named(desk: Desk) -> None:
    source = desk.write("a.md", fragment())
    desk.imports(source)
    desk.vendored.lock.unlink()
    left = desk.vendored.sources / "a.md"
    left.write_text(page(fragment()).replace('"paths"', '"paths'), "utf-8")
    assert desk.refuses(source).startswith(f"error: {left}: the spec is broken: ")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(desk: Desk) -> None:
    desk.imports(desk.write("a.md", fragment("/a")))
    before = desk.tree()
    out = desk.imports(desk.write("b.md", fragment("/b", "2.0.0")), "--bump", "--complete", "--dry-run")
    assert out.splitlines()[-2:] == [
        "would write openapi/lock.toml, openapi/manta-openapi.json, openapi/sources/b.md",
        "would remove openapi/sources/a.md",
    ]
    assert desk.tree() == before


# Addresses


class Site(BaseHTTPRequestHandler):
    """Some addresses of a documentation site."""

    def do_GET(self) -> None:
        place = self.path.partition("?")[0]
        moved = {"/moved.md": "/docs/gift.md", "/loop": "/loop", "/ftp": "ftp://x.example/gift.md"}
        if place in moved:
            self._answer(302, b"", Location=moved[place])
        elif place in {"/docs/gift.md", "/"}:
            self._answer(200, page(fragment()).encode())
        elif place == "/docs/packed":
            self._answer(200, gzip.compress(page(fragment("/packed")).encode()), **{"Content-Encoding": "gzip"})
        elif place.startswith("/endless"):
            self.send_response(200)
            self.send_header("X-Long", "x")
            if place == "/endless-headers":
                self.wfile.write(b"".join(self._headers_buffer).rstrip())  # type: ignore[attr-defined]
            else:
                self.end_headers()
            while not self.server.stopping.is_set():  # type: ignore[attr-defined]
                try:
                    self.wfile.write(b"x")
                except OSError:
                    break
                self.server.stopping.wait(0.01)  # type: ignore[attr-defined]
        elif place == "/cut":
            self._answer(200, b"{", **{"Content-Length": "100"})
        elif place == "/prose":
            self._answer(200, b"# Hello")
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.stopping = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.stopping.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/docs/gift.md", "gift.md"),
        ("/docs/gift.md?token=hidden#part", "gift.md"),
        ("/docs%2Fgift.md", None),
        ("/moved.md", "moved.md"),
        ("/docs/packed", "packed"),
        ("", "127.0.0.1"),
    ],
)
def test_an_address_is_a_source(desk: Desk, site: str, address: str, name: str | None) -> None:
    if name is None:
        assert "404" in desk.refuses(site + address)
        return
    desk.imports(site + address)
    assert desk.names == [name]
    assert [path for path in ("/client/gift", "/packed") if path in desk.spec["paths"]]


def test_the_same_page_from_a_file_and_from_an_address_is_one(desk: Desk, site: str) -> None:
    desk.imports(f"{site}/docs/gift.md", desk.write("gift.md", fragment()))
    before = desk.tree()
    desk.imports(f"{site}/moved.md")
    assert desk.names == ["gift.md"]
    assert desk.tree() == before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/gone.md?token=hidden", "/gone.md: the answer is 404 Not Found"),
        ("/loop", "/loop: TooManyRedirects: "),
        ("/ftp", "/ftp: UnsupportedProtocol: "),
        ("/cut", "/cut: RemoteProtocolError: "),
        ("/prose", "/prose: there is no spec"),
    ],
)
def test_an_address_that_has_no_page_is_named_without_its_query(desk: Desk, site: str, address: str, said: str) -> None:
    err = desk.refuses(site + address)
    assert err.startswith(f"error: {site}{said}")
    assert "hidden" not in err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://x.example/gift.md", "ftp://x.example/gift.md: only http and https"),
        ("file:///etc/passwd?hidden", "file:///etc/passwd: only http and https"),
        ("https://me:hidden@x.example/gift.md", "https://x.example/gift.md: the address holds a password"),
        ("https://[::1/gift.md?hidden", "'https://[::1/gift.md' is no address: "),
        ("https://x.example:port/gift.md", "https://x.example:port/gift.md: "),
        ("http://", "http://: UnsupportedProtocol"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_without_what_is_secret(desk: Desk, address: str, said: str) -> None:
    err = desk.refuses(address)
    assert err.startswith(f"error: {said}")
    assert "hidden" not in err


@pytest.mark.parametrize("place", ["/endless", "/endless-headers"])
def test_an_address_has_so_much_time_in_all_however_it_dribbles(
    desk: Desk, site: str, place: str, monkeypatch: Any
) -> None:
    assert (_sources.SECONDS, _sources.LARGEST_SOURCE) == (20, 20 * 1024 * 1024)
    monkeypatch.setattr(_sources, "SECONDS", 0.2)
    started = time.monotonic()
    assert desk.refuses(site + place) == f"error: {site}{place}: not complete within 0.2 s\n"
    assert time.monotonic() - started < 4


def test_an_address_may_hold_so_much(desk: Desk, site: str, monkeypatch: Any) -> None:
    size = len(page(fragment("/packed")).encode())
    monkeypatch.setattr(_sources, "LARGEST_SOURCE", size)
    desk.imports(f"{site}/docs/packed")
    monkeypatch.setattr(_sources, "LARGEST_SOURCE", size - 1)
    assert f"/docs/packed: is larger than {size - 1:,} bytes" in desk.refuses(f"{site}/docs/packed")


def test_a_redirect_to_an_unencrypted_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    def handle(request: httpx.Request) -> httpx.Response:
        location = {"Location": "http://x.example/gift.md"}
        return httpx.Response(302, headers=location) if request.url.scheme == "https" else httpx.Response(200)

    real = httpx.AsyncClient
    monkeypatch.setattr(
        _sources.httpx, "AsyncClient", lambda **options: real(transport=httpx.MockTransport(handle), **options)
    )
    with pytest.raises(ScriptError, match="redirects from https to http"):
        _sources.download("https://x.example/gift.md", "x")


# The vendor's own page


def test_the_vendors_page_and_another_of_the_same_shape_become_one_spec(desk: Desk) -> None:
    text = PAGE.read_text("utf-8")
    other = text.replace("/openapi/client/gift", "/openapi/client/points").replace("Get client gifts", "Get points")
    desk.imports(str(PAGE), desk.write("get-client-points.md", other))
    assert list(desk.spec["paths"]) == ["/openapi/client/gift", "/openapi/client/points"]
    assert tomllib.loads(desk.vendored.lock.read_text("utf-8"))["spec"]["version"] == "0.318.0"
    newer = other.replace("0.318.0", "0.319.0").replace('"code":{"type":"integer"}', '"code":{"type":"string"}')
    out = desk.imports(desk.write("get-client-points.md", newer), "--bump")
    assert "last seen at 0.318.0: POST /openapi/client/gift" in out
    error = desk.spec["components"]["schemas"]["ErrorResponse"]
    assert error["properties"]["errResponse"]["properties"]["code"] == {"type": "string"}
