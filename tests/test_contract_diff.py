"""The command: what it reads, what it prints, its exit status; and what holds for any two documents."""

import copy
import datetime as dt
import html.parser
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contract_diff
from contract import accepted, render, spec
from contract.changes import Acceptance, Change, Kind, Report, show, sorted_unique
from contract.documents import Document
from contract.rules import RULES, Level
from first import FIRST
from vendoring.vendored import ROOT, ScriptError, Vendored, canonical, run

TODAY = dt.date(2030, 1, 1)
FENCE = '```json\n{"openapi": "3.0.3", "paths": {}}\n```\n'
STRING: Any = {"type": "string"}
GIFT = {"type": "object", "properties": {"name": STRING, "day": STRING}, "required": ["name"]}


def tree(gift: Any = GIFT, version: Any = "1.0.0", **root: Any) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gift"}}}}
    operation = {"requestBody": content, "responses": {"200": {"description": "ok"} | content}}
    start = {"openapi": "3.0.3", "info": {"title": "x", "version": version}, "paths": {"/gift": {"post": operation}}}
    return start | {"components": {"schemas": {"Gift": gift}}} | root


REQUIRED = GIFT | {"required": ["name", "day"]}
FEWER = GIFT | {"properties": {"name": STRING}}


@pytest.fixture
def vendored(tmp_path: Path) -> Vendored:
    folder = tmp_path / "checkout" / "openapi"
    folder.mkdir(parents=True)
    return Vendored(folder)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any, str], str]:
    def write(content: Any, name: str = "spec.json") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str | bytes) else canonical(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def diff(vendored: Vendored, *arguments: str) -> int:
    return run(lambda argv: contract_diff.main(argv, vendored), list(arguments))


def changes(vendored: Vendored, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert diff(vendored, *arguments, "--format", "json") in (0, 1), capsys.readouterr().err
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["changes"]
    return found


# What is read


def page(text: str) -> str:
    return f'# Gifts\n\n```json\n{{"success": false}}\n```\n\n```json\n{text}\n```\n'


AS_YAML = """
openapi: 3.0.3
info: {title: x, version: 1.0.0}
paths:
  /gift:
    post: &operation
      requestBody: &content
        content:
          application/json: {schema: {$ref: '#/components/schemas/Gift'}}
      responses:
        200: {<<: *content, description: ok}
components:
  schemas:
    Gift: {type: object, properties: {name: {type: string}, day: {type: string}}, required: [name]}
"""


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(canonical(tree()), "new.json", id="json"),
        pytest.param("\ufeff" + canonical(tree()), "new.txt", id="byte order mark"),
        pytest.param(AS_YAML, "new.yaml", id="yaml"),
        pytest.param(AS_YAML, "new.json", id="yaml by another name"),
        pytest.param(page(canonical(tree())), "new.md", id="page"),
        pytest.param("---\ntitle: x\n---\n" + page(canonical(tree())), "new.md", id="page with front matter"),
    ],
)
def test_the_content_decides_how_a_source_is_read(
    content: str, name: str, vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = file(tree()), file(content, name)
    assert diff(vendored, old, new) == 0
    assert capsys.readouterr().out == f"{old} -> {new}: 0 breaking, 0 warning, 0 info\n"


def test_a_page_with_a_spec_for_each_operation_is_compared_as_one(
    vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tree()
    other["paths"] = {"/ticket": other["paths"]["/gift"]}
    assert diff(vendored, file(tree()), file(page(canonical(tree())) + page(canonical(other)), "new.md")) == 0
    assert "POST /ticket" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "is not UTF-8 text (byte 0)", id="bytes"),
        pytest.param("[]", "is no OpenAPI document", id="a list"),
        pytest.param("{}", 'it has neither "openapi" nor "paths"', id="an empty object"),
        pytest.param("a: 1", 'it has neither "openapi" nor "paths"', id="any yaml"),
        pytest.param("hello", "(it is YAML, but no mapping), and as a page: there is no spec", id="text"),
        pytest.param(f"# Page\n{FENCE}\ntext\n{FENCE}", "holds 2 specs that can't be made one", id="two specs"),
        pytest.param("a: b: c", "is neither JSON nor YAML (mapping values are not allowed", id="broken yaml"),
        pytest.param("a: &x [*x]", "has a YAML alias that holds itself", id="an endless alias"),
        pytest.param(
            '{"swagger": "2.0", "paths": {}}', "is Swagger 2.0, and only OpenAPI 3 can be compared", id="swagger"
        ),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param(
            "a0: &a0 [x, x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)),
            "has YAML aliases that unfold to more than can be compared",
            id="a bomb of aliases",
        ),
    ],
)
def test_what_cannot_be_compared_is_named_with_exit_status_2(
    content: Any, said: str, vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    source = file(content, "new")
    assert diff(vendored, file(tree()), source) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {source}: ")
    assert said in error


def test_a_source_that_is_not_there_is_named(vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(vendored, file(tree()), "missing.json") == 2
    assert diff(vendored, file(tree()), "null\0.json") == 2
    assert (
        capsys.readouterr().err
        == "error: missing.json: No such file or directory\nerror: null\0.json: embedded null byte\n"
    )


def test_yaml_dates_numbers_and_words_are_read_as_json_would_have_them() -> None:
    text = b"openapi: 3.0.3\nx: [2024-01-01, no, 0x10, 1e3, .5, .inf, ~, true, !!binary aGk=, !!set {a}]\n2: {true: 1, null: 2}\n"
    values = Document.parse("x", text).tree
    assert values["x"][:8] == ["2024-01-01", "no", 16, 1000.0, 0.5, "inf", None, True]
    assert values["2"] == {"true": 1, "null": 2}
    json.dumps(values)
    long = Document.parse("x", b"openapi: 1\nx: 0x1" + b"0" * 5000).tree["x"]
    assert long.startswith("0x1000")


def test_references_to_files_beside_the_document_are_followed(
    vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def split(folder: str, kind: str) -> str:
        schemas = {"Gift": {"type": "object", "properties": {"a": {"$ref": "leaf%20s/a.yaml"}, "b": {"$ref": "#/B"}}}}
        file(schemas | {"B": {"$ref": "./leaf s/a.yaml#"}}, f"{folder}/common.json")
        file(
            f"type: {kind}\nproperties: {{x: {{$ref: '../common.json#/B/none'}}, y: {{$ref: b.yaml}}}}",
            f"{folder}/leaf s/a.yaml",
        )
        file("type: string", f"{folder}/leaf s/b.yaml")
        return str(file(tree({"$ref": "./common.json#/Gift"}), f"{folder}/spec.json"))

    found = changes(vendored, capsys, split("old", "object"), split("new", "array"))
    assert [change["path"].split()[-1] for change in found if change["level"] == "breaking"] == ["a"]
    assert found[0]["pointer_old"] == "leaf s/a.yaml#/type"


@pytest.mark.parametrize(
    "ref",
    [
        "https://example.org/x.json#/A",
        "/etc/hostname",
        "missing.yaml",
        "broken.yaml",
        "#/a/b",
        "#/tags/7",
        "#x",
        "#/components/schemas/Gift",
    ],
)
def test_a_reference_that_leads_nowhere_is_a_finding(
    ref: str, vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file("a: b: c", "broken.yaml")
    found = changes(vendored, capsys, file(tree()), file(tree({"$ref": ref}, tags=[{}]), "new.json"))
    by_level = {change["id"]: change["level"] for change in found if change["id"] != "api-tags-described"}
    if ref == "#x":  # an anchor is not looked for: it is the whole document
        assert "unresolvable-reference" not in by_level
    else:
        assert by_level == {"unresolvable-reference": "warning"}


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_vendored_spec_of_a_commit_is_read(vendored: Vendored, capsys: pytest.CaptureFixture[str]) -> None:
    git(vendored.folder, "init", "-q", "..")
    git(vendored.folder, "commit", "-q", "--allow-empty", "-m", "empty")
    for gift in (GIFT, REQUIRED):
        vendored.spec.write_text(canonical(tree(gift)), "utf-8")
        git(vendored.folder, "add", "-A")
        git(vendored.folder, "commit", "-q", "-m", "spec")
    found = changes(vendored, capsys, "git:HEAD~1", "git:HEAD")
    assert [change["id"] for change in found] == ["request-property-became-required"]
    assert diff(vendored, "git:HEAD~2", "git:HEAD") == 2
    assert "that commit has no manta-openapi.json" in capsys.readouterr().err
    for wrong in ("nowhere", "--help", "HEAD:x"):
        assert diff(vendored, f"git:{wrong}", "git:HEAD") == 2
        assert f"git:{wrong}: names no commit" in capsys.readouterr().err


def test_a_machine_without_git_is_told_so(
    vendored: Vendored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert diff(vendored, "git:HEAD", "git:HEAD") == 2
    assert "git can't be run in" in capsys.readouterr().err


# What is printed


def test_the_exit_status_says_whether_something_breaks(vendored: Vendored, file: Any) -> None:
    old, warning, breaking = file(tree()), file(tree(FEWER), "w.json"), file(tree(REQUIRED), "b.json")
    assert diff(vendored, old, old) == 0
    assert diff(vendored, old, warning) == 0
    assert diff(vendored, old, breaking) == 1


def test_json_has_the_promised_shape(vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = file(tree()), file(tree(REQUIRED), "new.json")
    assert diff(vendored, old, new, "--format", "json") == 1
    place = "/components/schemas/Gift/properties/day"
    breaking = {
        "id": "request-property-became-required",
        "level": "breaking",
        "operation": "POST /gift",
        "path": "POST /gift request body application/json day",
        "text": "the property became required",
        "pointer_old": place,
        "pointer_new": place,
        "met": ["POST /gift request body application/json day", "POST /gift response 200 application/json day"],
        "count": 2,
    }
    assert json.loads(capsys.readouterr().out) == {
        "old": old,
        "new": new,
        "changes": [breaking],
        "summary": {"breaking": 1, "warning": 0, "info": 0, "operations": ["POST /gift"], "accepted": []},
    }


def many(count: int) -> Report:
    place = "/components/schemas/A"
    spots = {(f"GET /{n}", f"GET /{n} x") for n in range(count)}
    found = [Change.met_at({Kind("description-changed", Level.INFO, "it changed"): spots}, place, place)]
    nasty = "<b>`x`\n::error::[a](b) @me 100%</b>"
    found += [
        Change("api-tag-removed", Level.WARNING, "", nasty, nasty),
        Change("api-moved", Level.BREAKING, "", "", nasty),
    ]
    entry = Acceptance("api-tag-added", "*", "we <know>", "2.0")
    return Report(
        "o,l:d.json",
        "git:HEAD",
        sorted_unique(found),
        ((Change("api-tag-added", Level.INFO, "", "tags", "a tag"), entry),),
    )


def test_text_groups_what_is_met_at_many_places() -> None:
    assert render.as_text(many(6)) == (
        "o,l:d.json -> git:HEAD: 1 breaking, 1 warning, 1 info, 1 accepted\n"
        "\nBREAKING\n  the document\n    <b>`x`\\n::error::[a](b) @me 100%</b>  [api-moved]\n"
        "\nWARNING\n  <b>`x`\\n::error::[a](b) @me 100%</b>\n    <b>`x`\\n::error::[a](b) @me 100%</b>  [api-tag-removed]\n"
        "\nINFO\n  GET /0 x\n    it changed  [description-changed]\n    also: GET /1 x, GET /2 x, GET /3 x, 2 more\n"
        "\nACCEPTED\n  tags\n    a tag  [api-tag-added]\n    until 2.0: we <know>\n"
    )


def test_markdown_can_stand_in_a_comment() -> None:
    text = render.as_markdown(many(2))
    assert text.startswith(
        "## Contract: `o,l:d.json` → `git:HEAD`\n\n**1 breaking, 1 warning, 1 info, 1 accepted**\n\n### Breaking (1)\n"
    )
    assert (
        "- `` <b>`x`\\n::error::[a](b) @me 100%</b> ``: &lt;b&gt;&#96;x&#96;&#92;n::error::&#91;a&#93;(b) &#64;me"
        in text
    )
    assert "<details><summary>Info (1)</summary>\n\n- `GET /0 x`: it changed\n" in text
    assert "  <sub>also: GET /1 x</sub>\n\n</details>\n\n### Accepted (1)\n\n- `tags`: a tag\n" in text
    assert render.as_markdown(Report("a", "b", ())) == "## Contract: `a` → `b`\n\n**0 breaking, 0 warning, 0 info**\n"


def test_github_annotations_cannot_be_forged() -> None:
    nasty = "<b>`x`%0A::error::[a](b) @me 100%25</b>"
    assert render.as_github(many(2)).splitlines() == [
        f"::error file=openapi/manta-openapi.json,title=api-moved::: {nasty}",
        f"::warning file=openapi/manta-openapi.json,title=api-tag-removed::{nasty}: {nasty}",
        "::notice file=openapi/manta-openapi.json,title=description-changed::GET /0 x: it changed (also: GET /1 x)",
    ]
    report = Report("a", "x,y:z.json", (Change("api-moved", Level.BREAKING, "", "p", "t"),))
    assert render.as_github(report) == "::error file=x%2Cy%3Az.json,title=api-moved::p: t\n"


def test_html_is_a_page_of_its_own() -> None:
    class Parser(html.parser.HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: list[str] = []
            self.words = ""

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.tags.append(tag)
            assert not {name for name, _ in attrs} & {"src", "href"}

        def handle_data(self, data: str) -> None:
            self.words += data

    parser = Parser()
    parser.feed(render.as_html(many(2)))
    assert "b" not in parser.tags
    assert parser.tags.count("tr") == 4
    assert "<b>`x`\n::error::[a](b) @me 100%</b>" in parser.words
    assert "Accepted (1)" in parser.words


def test_the_rules_are_listed_with_level_direction_and_reason(
    vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(vendored, "--rules") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(RULES)
    rule = RULES["request-property-became-required"]
    assert [*lines[[line.split()[0] for line in lines].index(rule.id)].split(None, 3)] == [
        rule.id,
        "breaking",
        "request",
        rule.reason,
    ]
    assert diff(vendored, "--rules", "--format", "json") == 0
    assert {rule["id"] for rule in json.loads(capsys.readouterr().out)} == RULES.keys()


def test_wrong_use_is_exit_status_2(vendored: Vendored, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        diff(vendored, "one")
    assert exit_info.value.code == 2
    assert "two sources are needed: OLD NEW" in capsys.readouterr().err


def test_the_script_runs_as_a_script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    spec_file = str(Vendored().spec)
    monkeypatch.setattr(sys, "argv", ["contract_diff.py", spec_file, spec_file])
    with pytest.raises(SystemExit) as exit_info:
        runpy.run_path(str(ROOT / "scripts" / "contract_diff.py"), run_name="__main__")
    assert exit_info.value.code == 0
    assert "0 breaking" in capsys.readouterr().out


# What was accepted

ENTRY = """
[[accepted]]
id = "request-property-became-required"
path = "POST /gift request body * day"
reason = "nobody left it out"
until = "1.2"
"""


def accept(vendored: Vendored, text: str) -> None:
    (vendored.folder / "accepted.toml").write_text(text, "utf-8")


@pytest.mark.parametrize("version", ["1.0.0", "1.2", "v1.2.0", "1.2.0-rc1", "", None])
def test_an_accepted_finding_no_longer_breaks(
    version: Any, vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    accept(vendored, ENTRY)
    old, new = file(tree(version=version)), file(tree(REQUIRED, version), "new.json")
    assert diff(vendored, old, new, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [change["id"] for change in found["changes"]] == ["response-property-became-required"]
    assert found["summary"]["accepted"][0]["reason"] == "nobody left it out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY.replace("day", "night"), "matches no finding any more"),
        (ENTRY.replace("became-required", "removed"), "matches no finding any more"),
        (ENTRY.replace("1.2", "0.9.9"), "was accepted until 0.9.9, and this is 1.0.0: decide anew"),
        (ENTRY.replace("became-required", "vanished"), "no rule is named request-property-vanished"),
        (ENTRY.replace("until", "unless"), "entry 1: id, path, reason, until must all be given"),
        (ENTRY.replace('"nobody left it out"', '" "'), "must all be given"),
        ("accepted = 5", "must all be given"),
        ("[[accepted", "can't be read"),
    ],
)
def test_an_entry_that_does_not_hold_is_an_error(
    text: str, said: str, vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    accept(vendored, text)
    assert diff(vendored, file(tree()), file(tree(REQUIRED), "new.json")) == 2
    assert said in capsys.readouterr().err


def test_another_list_of_accepted_findings_can_be_given(
    vendored: Vendored, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = file(tree()), file(tree(REQUIRED), "new.json")
    assert diff(vendored, old, new, "--accepted", file(ENTRY, "ours.toml")) == 0
    assert diff(vendored, old, new, "--accepted", "missing.toml") == 2
    assert "missing.toml: there is no such file" in capsys.readouterr().err


def test_the_vendored_list_of_accepted_findings_can_be_read() -> None:
    assert isinstance(accepted.read(Vendored().folder / "accepted.toml"), list)


# What holds for any documents

# The first document: what is vendored later may hold what can't be written in other words.
SPEC = json.loads(FIRST.spec.read_text("utf-8"))
words = st.sampled_from(["a", "b", "type", "$ref", "200", "x-y", "", "/", "{a}", "properties"])
garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.just("#/components/schemas/Gift"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, inner in pairs for place in places(inner, (*path, key))]


RICH = tree(
    {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": STRING | {"enum": ["a", "b"], "minLength": 1, "pattern": "a|b", "default": "a"},
            "parts": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Gift"},
                "maxItems": 3,
                "uniqueItems": True,
            },
            "price": {"type": "number", "minimum": 1, "exclusiveMinimum": True, "multipleOf": 0.5},
            "kind": {
                "oneOf": [STRING, {"type": "object", "title": "K", "properties": {"k": STRING}}],
                "discriminator": {"propertyName": "k", "mapping": {"x": "y"}},
            },
        },
        "additionalProperties": {"anyOf": [STRING, {"type": "integer"}]},
        "allOf": [{"not": {"required": ["z"]}}],
    },
    servers=[{"url": "https://{h}", "variables": {"h": {"default": "a"}}}],
    tags=[{"name": "t"}],
    security=[{"b": ["s"]}],
)
RICH["components"]["securitySchemes"] = {"b": {"type": "oauth2", "flows": {"implicit": {"scopes": {"s": ""}}}}}
RICH["paths"]["/gift"]["post"] |= {
    "operationId": "o",
    "tags": ["t"],
    "deprecated": True,
    "x-sunset": "2031-01-01",
    "parameters": [{"in": "query", "name": "q", "schema": {"type": "array", "items": STRING}, "explode": False}],
}
RICH["paths"]["/gift"]["post"]["responses"]["200"]["headers"] = {"X": {"schema": STRING, "required": True}}
PLACES = places(RICH)


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    result = copy.deepcopy(document)
    parent = result
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return result


def parsed(document: Any) -> Document:
    return Document.parse("x", json.dumps(document).encode())


@given(st.sampled_from(PLACES), garbage, st.sampled_from(PLACES), garbage)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_is_too_broken_to_be_compared(place: Any, value: Any, other: Any, second: Any) -> None:
    try:
        documents = [parsed(put(RICH, place, value)), parsed(put(RICH, other, second)), parsed(RICH)]
    except ScriptError:
        return
    for old, new in ((0, 1), (1, 2), (2, 0)):
        found = spec.compare(documents[old], documents[new], TODAY)
        assert isinstance(render.as_text(Report("a", "b", found)), str)
    assert spec.compare(documents[0], documents[0], TODAY) == ()


@given(
    st.dictionaries(st.sampled_from(["openapi", "paths", "info", "components", "servers", "tags", "security"]), garbage)
)
@settings(max_examples=60, deadline=None)
def test_anything_is_the_same_as_itself(document: Any) -> None:
    one, two = Document("a", json.loads(json.dumps(document))), Document("b", json.loads(json.dumps(document)))
    assert spec.compare(one, two, TODAY) == ()


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
@pytest.mark.unmeasured
def test_the_order_of_keys_never_matters(random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = random.sample(sorted(value), len(value))
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(inner) for inner in value] if isinstance(value, list) else value

    for document in (RICH, SPEC):
        assert spec.compare(parsed(document), parsed(shuffled(document)), TODAY) == ()


def inlined(value: Any, depth: int = 8) -> Any:
    if isinstance(value, dict):
        name = str(value.get("$ref", "")).rpartition("/")[2]
        if depth and name in SPEC["components"]["schemas"]:
            return inlined(SPEC["components"]["schemas"][name], depth - 1)
        return {key: inlined(inner, depth) for key, inner in value.items()}
    return [inlined(inner, depth) for inner in value] if isinstance(value, list) else value


def split(value: Any) -> Any:
    """Each object's properties in an allOf of two parts, one of them in another."""
    if isinstance(value, dict):
        found = {key: split(inner) for key, inner in value.items()}
        listed = found.get("properties")
        if isinstance(listed, dict) and len(listed) > 1 and found.get("type") == "object":
            parts = [{"type": "object", "properties": {name: inner}} for name, inner in listed.items()]
            rest = {key: inner for key, inner in found.items() if key not in ("properties", "type")}
            return rest | {"allOf": [parts[0], {"allOf": parts[1:]}]}
        return found
    return [split(inner) for inner in value] if isinstance(value, list) else value


def test_the_vendored_spec_rewritten_is_the_same_spec() -> None:
    for rewritten in (inlined(SPEC), split(SPEC), split(inlined(SPEC))):
        assert spec.compare(parsed(SPEC), parsed(rewritten), TODAY) == ()
        assert spec.compare(parsed(rewritten), parsed(SPEC), TODAY) == ()


REQUIRED_PLACES = [
    (path, index)
    for path in places(SPEC)
    if path[-1] == "required" and path[0] == "components" and isinstance(path[-2], str)
    for index in [0]
]


@pytest.mark.parametrize("path", [path for path, _ in REQUIRED_PLACES], ids=lambda path: "-".join(map(str, path)))
def test_removing_anything_required_is_found(path: tuple[Any, ...]) -> None:
    owner: Any = SPEC
    for key in path[:-1]:
        owner = owner[key]
    for name in owner["required"]:
        rest = {key: value for key, value in owner["properties"].items() if key != name}
        names = [key for key in owner["required"] if key != name]
        gone = put(put(SPEC, (*path[:-1], "properties"), rest), path, names)
        optional = put(SPEC, path, names)
        for new, expected in ((gone, "removed"), (optional, "became-optional")):
            found = spec.compare(parsed(SPEC), parsed(new), TODAY)
            assert found
            assert all(change.id.endswith(expected) for change in found)
            in_answers = [change for change in found if " response " in change.path]
            assert {change.level for change in in_answers} <= {Level.BREAKING}


def test_a_long_value_is_shortened() -> None:
    assert show("x" * 500) == '"' + "x" * 59 + " ... " + "x" * 29 + '"'


def test_a_document_too_deep_to_compare_is_refused(
    vendored: Vendored, file: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_deep(old: Document, new: Document) -> list[Change]:
        raise RecursionError

    monkeypatch.setattr(contract_diff, "PARTS", (too_deep,))
    assert diff(vendored, file(tree()), file(tree())) == 2
    assert "nested too deeply to be compared" in capsys.readouterr().err
