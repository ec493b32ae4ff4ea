import io
import json
import re
import runpy
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import import_spec
from first import tree
from generation.overlays import mended
from vendoring.pages import find_specs, read_specs
from vendoring.validation import problems
from vendoring.vendored import ROOT, ScriptError, Vendored, canonical, read_lock, read_spec, run, sha256, write_all

SPEC = {
    "openapi": "3.0.3",
    "info": {"version": "1.2.3", "title": "禮物"},
    "paths": {
        "x-get": {"get": {"summary": "not a path"}},
        "/gift": {"summary": "not an operation", "post": {"responses": {"200": {"description": "ok"}}}},
        "/bot": {
            "get": {"responses": {"200": {"description": "ok"}}},
            "post": {"responses": {"200": {"description": "ok"}}},
        },
    },
}
TEXT = json.dumps(SPEC, ensure_ascii=False)
PRETTY = canonical(SPEC)


def fenced(text: str, info: str = "json") -> str:
    return f"# Gifts\n\nProse.\n\n```{info}\n{text}\n```\n\nMore prose.\n"


OK = {"200": {"description": "ok"}}
MODE = {"name": "mode", "in": "query", "schema": {"type": "string", "enum": ["a", "b"], "default": "z"}}


def spec(**changes: Any) -> dict[str, Any]:
    return SPEC | changes


def schema(value: object) -> dict[str, Any]:
    return spec(components={"schemas": {"A": value}})


@pytest.fixture
def vendored(tmp_path: Path) -> Vendored:
    return Vendored(tmp_path / "checkout" / "openapi")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "gifts.md"
    path.write_text(fenced(TEXT), "utf-8")
    return path


def import_page(page: Path, vendored: Vendored, *options: str) -> int:
    return run(import_spec.main, [str(page), "--into", str(vendored.folder), *options])


# What a page may look like


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(fenced(TEXT), id="one line"),
        pytest.param(fenced(PRETTY), id="many lines"),
        pytest.param(fenced(TEXT, ""), id="no info string"),
        pytest.param(fenced(TEXT, "JSON"), id="upper case"),
        pytest.param(fenced(TEXT, " json title=x"), id="attributes"),
        pytest.param(fenced(TEXT, "yaml"), id="another language"),
        pytest.param(fenced(TEXT).replace("```", "~~~"), id="tildes"),
        pytest.param(fenced(TEXT).replace("```", "`````"), id="five backticks"),
        pytest.param(fenced(TEXT).replace("```", "   ```"), id="indented"),
        pytest.param(fenced(PRETTY).replace("\n", "\n> "), id="in a block quote"),
        pytest.param("- a list\n\n" + fenced(PRETTY).replace("\n", "\n  "), id="in a list"),
        pytest.param(f"```json\n{TEXT}", id="never closed"),
        pytest.param("\ufeff" + fenced(TEXT), id="byte order mark"),
        pytest.param(f"\ufeff```json\n{TEXT}\n```", id="byte order mark before the fence"),
        pytest.param(fenced(PRETTY).replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(fenced(PRETTY).replace("\n", "\r"), id="old Mac line ends"),
        pytest.param(fenced('{"success": false}') + fenced(TEXT), id="another JSON fence"),
        pytest.param(fenced('["openapi"]') + fenced(TEXT), id="a JSON list"),
        pytest.param(fenced('{"a": NaN, "a": [') + fenced(TEXT), id="a JSON fence that is no JSON"),
        pytest.param(fenced("[" * 100_000) + fenced(TEXT), id="a JSON fence that is too deep"),
        pytest.param(fenced("9" * 5000) + fenced(TEXT), id="a JSON fence that is too long a number"),
        pytest.param(fenced("curl openapi.json", "sh") + fenced(TEXT), id="a shell fence"),
        pytest.param(fenced("") + fenced(TEXT), id="an empty fence"),
        pytest.param(f"A `{TEXT}`\n\n    {TEXT}\n\n" + fenced(TEXT), id="specs that aren't fenced"),
        pytest.param("# Agents\n\nGET x?ask=<y>\n\n" + fenced(TEXT), id="boilerplate"),
    ],
)
def test_the_one_fenced_spec_is_read_whatever_stands_around_it(text: str) -> None:
    [(_, read)] = read_specs(text.encode())
    assert canonical(read) == PRETTY


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values, st.sampled_from([None, 2]))
@pytest.mark.unmeasured
def test_content_and_key_order_survive_unchanged(value: object, indent: int | None) -> None:
    document = spec(**{"x-any": value})
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    for source in (fenced(text), text):
        [(_, found)] = find_specs(source)
        assert canonical(found) == canonical(document)


# What is refused


def broken(*lines: str) -> str:
    return fenced("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("# Prose only\n", ["no spec"], id="no fence"),
        pytest.param(fenced('{"a": 1}') + fenced("x"), ["no spec", "line 6: ", "line 15, column 1: "], id="no spec"),
        pytest.param(fenced("x") * 8, ["no spec", "line 6, ", "line 42, ", "and 3 more"], id="many fences"),
        pytest.param(f"A spec:\n\n    {TEXT}\n", ["no spec"], id="a spec that isn't fenced"),
        pytest.param(fenced('["openapi"]'), ["no spec", "no object"], id="a list"),
        pytest.param(fenced(TEXT) * 2, ["2 specs", "lines 6 and 15"], id="the same spec twice"),
        pytest.param(fenced(TEXT) + fenced("{'openapi': 1}"), ["broken", "line 15, column 2"], id="one of two broken"),
        pytest.param(fenced("{openapi: '3.0.3'}"), ["broken", "line 6, column 2"], id="JavaScript"),
        pytest.param(broken("{", '  "openapi": "3.0.3",', '  "a": 1,', "}"), ["broken", "line 8, column 9"], id="comma")
        if sys.version_info >= (3, 13)
        else pytest.param(
            broken("{", '  "openapi": "3.0.3",', '  "a": 1,', "}"), ["broken", "line 9, column 1"], id="comma"
        ),
        pytest.param(broken('{"openapi": "3.0.3"', " x}").replace("\n", "\r\n"), ["line 7, column 2"], id="Windows"),
        pytest.param(broken('{"openapi": "3.0.3"', " x}").replace("\n", "\r"), ["line 7, column 2"], id="old Mac"),
        pytest.param(
            broken('{"openapi": "3.0.3"', " x}").replace("\n", "\n> "), ["line 7, column 4"], id="block quote"
        ),
        pytest.param(broken('{"openapi": "3.0.3"', " x}").replace("\n", "\n   "), ["line 7, column 5"], id="indented"),
        pytest.param(fenced(TEXT[:-1]), ["broken", "line 6, column "], id="cut off"),
        pytest.param(f"```\n{TEXT[:-1]}", ["broken", "line 2, column "], id="cut off with the page"),
        pytest.param(fenced(TEXT).replace("```\n\nMore", "More"), ["broken", "line 7, column 1"], id="never closed"),
        pytest.param(
            fenced('{"openapi": ' + "[" * 100_000), ["broken", "line 6: ", "too deeply"], id="too deep to parse"
        ),
        pytest.param(fenced('{"openapi": ' + "9" * 5000 + "}"), ["broken", "line 6: "], id="long number"),
        pytest.param(fenced(TEXT[:-1] + ', "openapi": "3.0.3"}'), ["$.openapi: ", "twice"], id="duplicate key"),
        pytest.param(
            fenced(TEXT.replace('{"description"', '{"description": 1, "description"')),
            ["$.paths['/gift'].post.responses['200'].description: ", "twice"],
            id="duplicate key inside",
        ),
        *(
            pytest.param(fenced(TEXT[:-1] + f', "x-a": [{number}]}}'), ["$['x-a'][0]: ", said], id=number)
            for number, said in {
                "NaN": "NaN is not JSON",
                "Infinity": "Infinity is not JSON",
                "-Infinity": "-Infinity is not JSON",
                "1e999": "1e999 can't be kept",
                "0.12345678901234567890": "can't be kept",
            }.items()
        ),
        pytest.param(fenced(TEXT[:-1] + ', "x-a": "\\ud83d"}'), ["$['x-a']: ", "surrogate"], id="half a character"),
        pytest.param(fenced(TEXT[:-1] + ', "x-\\ud83d": 1}'), ["$['x-\\ud83d']: ", "surrogate"], id="half in a key"),
        pytest.param(fenced(TEXT).replace("Prose", "Pr\0se"), ["NUL"], id="NUL"),
    ],
)
def test_a_page_without_exactly_one_sound_spec_is_refused_and_nothing_is_written(
    text: str, said: list[str], page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    page.write_bytes(text.encode())
    assert import_page(page, vendored) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {page}: ")
    assert [part for part in said if part not in err] == []
    assert len(err.splitlines()) <= 7
    assert not vendored.folder.parent.exists()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param(spec(openapi="3.1.0"), ["$.openapi: is '3.1.0', not 3.0.x"], id="OpenAPI 3.1"),
        pytest.param(spec(openapi="3.0.x"), ["$.openapi: "], id="not a version"),
        pytest.param(spec(openapi=3.0), ["$.openapi: is 3.0, "], id="a number"),
        pytest.param(spec(info={"title": "x"}), ["$.info: 'version' is a required property"], id="no version"),
        pytest.param(spec(info={"title": "x", "version": 1}), ["$.info.version: 1 is not"], id="version 1"),
        pytest.param(spec(info={"title": "x", "version": " "}), ["$.info.version: "], id="blank"),
        pytest.param(spec(info={"title": "x", "version": "1\x1b["}), ["$.info.version: "], id="unprintable"),
        pytest.param({"openapi": "3.0.3"}, ["$: 'info' is", "$: 'paths' is"], id="every error is listed"),
        pytest.param(spec(paths=[]), ["$.paths: [] is not of type 'object'"], id="paths is a list"),
        pytest.param(spec(components=[]), ["$.components: "], id="components is a list"),
        pytest.param(
            spec(
                paths={"/x": {"parameters": [{"$ref": "#/info"}], "get": {"responses": {"200": {"description": "x"}}}}}
            ),
            ["$: can't be validated", "wrong kind"],
            id="a validator's crash is no traceback",
        ),
        pytest.param(
            schema({"type": "object", "properties": {"a": {"type": "strin"}}}),
            ["$.components.schemas.A.properties.a.type: 'strin' is not one of"],
            id="the deepest error is the one said",
        ),
        pytest.param(
            schema({"type": "string", "default": 3}),
            ["$.components.schemas.A.default: 3 is not of type"],
            id="wrong default",
        ),
        pytest.param(
            schema({"type": "array", "items": {"type": "integer"}, "default": [1, "z"]}),
            ["$.components.schemas.A.default[1]: 'z' is not of type"],
            id="wrong within a default",
        ),
        pytest.param(
            spec(
                paths={"/x": {"get": {"parameters": [{"$ref": "#/components/parameters/a~1b"}], "responses": OK}}},
                components={
                    "parameters": {
                        "a/b": {"name": "mode", "in": "query", "schema": {"enum": ["a", "b"], "default": "z"}}
                    }
                },
            ),
            ["$.components.parameters['a/b'].schema.default: 'z' is not one of ['a', 'b']"],
            id="wrong default behind a reference",
        ),
        pytest.param(
            spec(
                paths={"/x": {"get": {"parameters": [{"$ref": "#/paths/~1y/get/parameters/0"}], "responses": OK}}}
                | {"/y": {"get": {"parameters": [MODE], "responses": OK}}}
            ),
            ["$.paths['/y'].get.parameters[0].schema.default: 'z' is not one of"],
            id="wrong default behind a reference into a list",
        ),
        pytest.param(
            spec(security=[{"key": []}]),
            ["$.security[0]: 'key' is no scheme of components.securitySchemes"],
            id="a security scheme that isn't declared",
        ),
        pytest.param(
            spec(
                paths={
                    "x-a": {"get": {}},
                    "/x": {"summary": "x", "get": {"security": [{}, {"b": []}], "responses": OK}},
                },
                components={"securitySchemes": {"a": {"type": "http", "scheme": "basic"}}},
            ),
            ["$.paths['/x'].get.security[1]: 'b' is no scheme"],
            id="a security scheme of an operation that isn't declared",
        ),
        pytest.param(
            spec(paths={"/x/{a}": {"get": {"responses": {"200": {"description": "x"}}}}}),
            ["Path parameter 'a'"],
            id="a rule beyond the schema",
        ),
        pytest.param(
            schema({"$ref": "#/components/schemas/Nope"}),
            ["$.components.schemas.A['$ref']: '#/components/schemas/Nope' is nowhere"],
            id="dangling reference",
        ),
        pytest.param(schema({"$ref": "http://127.0.0.1:9/a"}), ["127.0.0.1:9/a' is nowhere"], id="address"),
        pytest.param(schema({"$ref": "file:///etc/hostname"}), ["hostname' is nowhere"], id="file"),
        pytest.param(schema({"$ref": "other.json#/a"}), ["other.json#/a' is nowhere"], id="relative"),
        pytest.param(schema({"$ref": "http://[/a"}), ["http://[/a' is nowhere"], id="not even an address"),
        pytest.param(schema({"$ref": "#/paths/x/0"}), ["is nowhere"], id="through nothing"),
        pytest.param(spec(tags=[], info={"$ref": "#/tags/x"}), ["is nowhere"], id="a word as index"),
        pytest.param(spec(info={"$ref": "#/openapi/x"}), ["is nowhere"], id="into a string"),
        pytest.param(spec(**{"x-a": 3, "$ref": "#/x-a/b"}), ["is nowhere"], id="into a number"),
        pytest.param(schema({"$ref": "#/components/schemas/A"}), ["$: ", "back to itself"], id="loop"),
        pytest.param(
            schema({"enum": "x" * 10_000}), ["$.components.schemas.A.enum: 'xxx", "not of type"], id="long value"
        ),
    ],
)
def test_an_invalid_document_is_refused_with_the_json_path_of_each_error(
    document: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(ScriptError, match="not a valid OpenAPI") as refusal:
        read_specs(fenced(json.dumps(document)).encode())
    text = str(refusal.value)
    assert [part for part in said if part not in text] == []
    assert max(map(len, text.splitlines())) < 300


def test_of_many_errors_the_first_few_are_said_and_the_rest_counted() -> None:
    document = schema({f"x{number}": 1 for number in range(8)})
    document["components"]["schemas"] = {f"A{number}": {"type": 1} for number in range(8)}
    with pytest.raises(ScriptError, match=r"schemas\.A4\.type: .*\n.*\n  and 3 more\n"):
        read_specs(fenced(json.dumps(document)).encode())


def remedies(text: str, *values: Any) -> list[dict[str, Any]]:
    """Return the actions that a refusal proposes, with values for their dots, one after the other."""
    waiting = list(values)

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return waiting.pop(0) if value == "..." else value

    actions = [filled(json.loads(line)) | {"description": "why"} for line in re.findall("mended by (.*)", text)]
    assert not waiting
    return actions


def parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("document", "values"),
    [
        pytest.param(schema({"type": "strin"}), ["string"], id="a wrong value"),
        pytest.param(schema({"type": ["string", "null"]}), ["string"], id="a list instead of a value"),
        pytest.param(schema({"type": "object", "propertie": {}}), [], id="an unknown key"),
        pytest.param(schema({"type": "object", "required": [1, "a"]}), [], id="a wrong element of a list"),
        pytest.param(schema({"type": "object", "required": ["b", "a", "b"]}), [], id="an element that is there twice"),
        pytest.param(schema({"type": "string", "enum": []}), ["a"], id="an empty list"),
        pytest.param(schema({"allOf": [{}], "properties": {"c": {}}, "required": ["a", "b", "c"]}), [], id="required, and not described"),
        pytest.param(schema({"type": "string", "default": 3}), ["x"], id="a default of another type"),
        pytest.param(schema({"$ref": "#/components/schemas/B"}), ["#/components/schemas/C"], id="a dangling reference"),
        pytest.param(
            spec(paths={"/x": {"get": {"responses": {"200": {}}}}, "/y'": {"get": {"responses": {"200": {}}}}}),
            ["Fine.", "Good."],
            id="what must be there",
        ),
        pytest.param(spec(paths={"/x/{a'}": {"get": {"responses": OK}}}), ["string"], id="a path parameter"),
        pytest.param(
            spec(paths={"/x": {"get": {"parameters": [parameter("b"), parameter("a")], "responses": OK}}}),
            [],
            id="parameters that the path doesn't have",
        ),
        pytest.param(
            spec(paths={f"/{name}": {"get": {"operationId": "x", "responses": OK}} for name in "ab"}),
            ["y"],
            id="one id of two operations",
        ),
        pytest.param(
            spec(paths={"/x": {"get": {"parameters": [{"$ref": "#/paths/~1y/get/parameters/0"}], "responses": OK}}}
                 | {"/y": {"get": {"parameters": [MODE], "responses": OK}}}),
            ["a"],
            id="a wrong default behind a reference",
        ),
        pytest.param(spec(security=[{"key": []}]), ["http"], id="an undeclared scheme"),
        pytest.param(spec(info={"title": "x", "version": " "}), ["1"], id="a blank version"),
    ],
)  # fmt: skip
def test_the_actions_that_a_refusal_proposes_make_the_document_valid(document: dict[str, Any], values: list[Any]):
    document = json.loads(json.dumps(document))
    document.setdefault("components", {}).setdefault("schemas", {})["C"] = {}
    data = json.dumps(document).encode()
    with pytest.raises(ScriptError, match=r"errata\.overlay\.yaml") as refusal:
        read_specs(data)
    actions = remedies(str(refusal.value), *values)
    if document.get("security"):
        actions[0]["update"]["components"]["securitySchemes"]["key"]["scheme"] = "basic"
    # The spec is returned as it was published.
    assert read_specs(data, lambda spec: mended(spec, {"overlay": "1.0.0", "actions": actions})) == [(1, document)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('{"a": 1, "a": 2, ' + TEXT[1:], "a", id="a key that is there twice"),
        pytest.param(json.dumps(spec(**{"x-a": "\ud800"})), "surrogate", id="half a character"),
        pytest.param(json.dumps(spec(info={"title": "x"})), "'version' is a required", id="no version to merge by"),
        pytest.param(json.dumps(spec(openapi="3.1.0")), "not 3.0.x", id="another OpenAPI"),
    ],
)
def test_what_no_overlay_can_mend_is_refused_without_a_proposal(text: str, said: str):
    with pytest.raises(ScriptError, match=said) as refusal:
        read_specs(text.encode(), lambda _: SPEC if "3.1.0" not in text else {"openapi": "3.1.0"})
    assert "mended by" not in str(refusal.value)


def test_where_nothing_says_what_would_mend_a_document_errata_can_still_do_it():
    data = json.dumps(spec(tags=[{"name": "a"}, {"name": "a", "description": "b"}])).encode()
    with pytest.raises(ScriptError, match=r"Duplicate tag name 'a'$"):
        read_specs(data)
    action = {"target": "$.tags[1]", "description": "why", "remove": True}
    assert len(read_specs(data, lambda one: mended(one, {"overlay": "1.0.0", "actions": [action]}))) == 1


def test_errata_that_mend_an_invalid_document_let_it_be_imported_as_it_was_published(
    page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    document = schema({"type": "strin"})
    page.write_text(fenced(json.dumps(document)), "utf-8")
    assert import_page(page, vendored) == 2
    [action] = remedies(capsys.readouterr().err, "string")
    vendored.overlay.parent.mkdir(parents=True)
    elsewhere = {"target": "$.components.schemas.Gone", "description": "of another page", "remove": True}
    vendored.overlay.write_text(json.dumps({"overlay": "1.0.0", "actions": [elsewhere, action]}), "utf-8")
    assert import_page(page, vendored) == 0
    assert read_spec(vendored) == document
    # The sources are read again, and what is merged of them is looked at, too.
    other = page.with_name("other.md")
    other.write_text(fenced(json.dumps(spec(paths={"/other": {"get": {"responses": OK}}}))), "utf-8")
    assert import_page(other, vendored) == 0
    assert read_spec(vendored)["components"] == document["components"]


def test_a_property_named_ref_and_a_recursive_schema_are_fine() -> None:
    value = {"type": "object", "properties": {"$ref": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}}
    assert problems(schema(value)) == []


@pytest.mark.parametrize("kind", ["missing", "empty folder", "not UTF-8"])
def test_a_source_that_cannot_be_read_is_named(
    kind: str, tmp_path: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source.md"
    if kind == "empty folder":
        source.mkdir()
    elif kind == "not UTF-8":
        source.write_bytes("a\n禮物".encode("big5"))
    assert import_page(source, vendored) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {source}: ")
    assert ("line 2: is not UTF-8" in err) == (kind == "not UTF-8")
    assert not vendored.folder.exists()


def test_a_name_too_long_for_a_file_is_told_in_a_line(
    tmp_path: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / ("x" * 300 + ".md")
    assert import_page(source, vendored) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {source}: ")


def test_a_page_name_that_cannot_be_printed_is_refused(vendored: Vendored, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_page(Path("a\x1b[2J.md"), vendored) == 2
    assert "printable" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--bump"], ["--in", "x", "a.md"]])
def test_wrong_use_is_exit_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        import_spec.main(arguments)
    assert stop.value.code == 2


# What an import writes


def test_an_import_writes_the_spec_the_lock_and_the_page_and_says_so(
    page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_page(page, vendored) == 0
    assert capsys.readouterr().out.splitlines() == [
        "gifts.md: version 1.2.3, 3 operations",
        "wrote openapi/lock.toml, openapi/manta-openapi.json, openapi/sources/gifts.md",
    ]
    written = tree(vendored.folder)
    assert written.keys() == {"lock.toml", "manta-openapi.json", "sources", "sources/gifts.md"}
    assert written["manta-openapi.json"] == PRETTY.encode()
    assert written["sources/gifts.md"] == page.read_bytes()
    lock = written["lock.toml"].decode()
    assert lock.startswith("# Written by python scripts/import_spec.py ")
    assert "\n[[sources]]\n" in lock
    assert "\r" not in lock
    assert tomllib.loads(lock) == {
        "spec": {"file": "manta-openapi.json", "version": "1.2.3", "sha256": sha256(PRETTY.encode())},
        "sources": [{"name": "gifts.md", "sha256": sha256(page.read_bytes())}],
        "generator": {"name": "openapi-python-client", "version": "0.29.1"},
    }


def test_the_page_is_kept_to_the_byte(page: Path, vendored: Vendored) -> None:
    data = b"\xef\xbb\xbf" + fenced(TEXT).replace("\n", "\r\n").encode()
    page.write_bytes(data)
    assert import_page(page, vendored) == 0
    assert (vendored.sources / page.name).read_bytes() == data
    assert vendored.spec.read_bytes() == PRETTY.encode()


@pytest.mark.parametrize("again", ["the page", "the copy of the page"])
def test_importing_again_touches_nothing_and_says_so(
    again: str, page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_page(page, vendored) == 0
    before = {path: path.stat() for path in vendored.folder.rglob("*")}
    capsys.readouterr()
    source = page if again == "the page" else vendored.sources / page.name
    assert import_page(source, vendored) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in vendored.folder.rglob("*")} == {
        path: stat.st_mtime_ns for path, stat in before.items()
    }


def test_an_import_repairs_what_was_edited_by_hand(page: Path, vendored: Vendored) -> None:
    assert import_page(page, vendored) == 0
    sound = tree(vendored.folder)
    vendored.spec.write_text("{}", "utf-8")
    vendored.lock.write_text("[", "utf-8")
    assert import_page(vendored.sources / page.name, vendored) == 0
    assert tree(vendored.folder) == sound


def test_another_page_replaces_the_last_one_but_no_file_that_someone_put_there(
    page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_page(page, vendored) == 0
    foreign = vendored.sources / "notes.md"
    foreign.write_text("mine", "utf-8")
    other = page.with_name("禮物.md")
    other.write_text(fenced(TEXT.replace("1.2.3", "1.3.0")), "utf-8")
    capsys.readouterr()
    assert import_page(other, vendored, "--bump") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "removed openapi/sources/gifts.md"
    assert sorted(path.name for path in vendored.sources.iterdir()) == ["notes.md", "禮物.md"]
    assert [source["name"] for source in read_lock(vendored)["sources"]] == ["禮物.md"]


@pytest.mark.parametrize("case", ["edited", "gone"])
def test_a_page_of_the_last_import_that_is_not_as_it_was_stops_an_import_that_needs_it(
    case: str, page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_page(page, vendored) == 0
    left = vendored.sources / page.name
    if case == "edited":
        left.write_text("precious", "utf-8")
    else:
        left.unlink()
    before = tree(vendored.folder)
    other = page.with_name("other.md")
    other.write_text(fenced(TEXT.replace("/gift", "/other").replace("/bot", "/robot")), "utf-8")
    assert import_page(other, vendored) == 2
    assert f"{left}: is missing or was edited by hand" in capsys.readouterr().err
    assert tree(vendored.folder) == before

    complete = Vendored(vendored.folder.with_name("complete"))
    shutil.copytree(vendored.folder, complete.folder)
    named_alike = page.with_name("elsewhere") / page.name
    named_alike.parent.mkdir()
    named_alike.write_bytes(other.read_bytes())
    assert import_page(named_alike, complete, "--complete") == 0
    assert sorted(read_spec(complete)["paths"]) == ["/other", "/robot", "x-get"]
    assert ((complete.sources / page.name).read_bytes() == b"precious") == (case == "edited")

    assert import_page(page, vendored) == 0
    assert left.read_bytes() == page.read_bytes()


def test_a_lock_that_names_a_file_outside_is_damaged(page: Path, vendored: Vendored) -> None:
    assert import_page(page, vendored) == 0
    for name in ("../../../gifts.md", "/etc/passwd", "..", "C:gifts.md"):
        vendored.lock.write_text(
            f"sources = [{{name = {name!r}, sha256 = 'a'}}]\n[spec]\nsha256 = 'a'\n[generator]\nversion = 'a'", "utf-8"
        )
        with pytest.raises(ScriptError, match="is no file of"):
            read_lock(vendored)


def test_the_committed_folder_is_what_its_pages_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    committed = Vendored()
    fresh = Vendored(tmp_path / "openapi")
    assert import_page(committed.sources, fresh, "--bump") == 0
    assert f"version {read_spec(committed)['info']['version']}, " in capsys.readouterr().out
    wanted = tree(fresh.folder)
    present = tree(committed.folder)
    assert {name: present.get(name) for name in wanted} == wanted


def test_the_script_runs_by_itself(page: Path, vendored: Vendored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["import_spec.py", str(page), "--into", str(vendored.folder)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / "scripts" / "import_spec.py"), run_name="__main__")
    assert stop.value.code == 0
    assert read_spec(vendored) == SPEC


# Reading what is vendored


def test_canonical_json_keeps_order_and_chinese_and_refuses_what_is_no_json() -> None:
    text = '{\n  "b": "禮物",\n  "a": [\n    1.5\n  ]\n}\n'
    assert canonical({"b": "禮物", "a": [1.5]}) == text
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


def test_the_vendored_files_have_their_names() -> None:
    vendored = Vendored()
    names = [path.name for path in (vendored.spec, vendored.lock, vendored.overlay, vendored.sources)]
    assert names == ["manta-openapi.json", "lock.toml", "errata.overlay.yaml", "sources"]
    assert vendored.folder == ROOT / "openapi"


@pytest.mark.parametrize("new", [PRETTY.replace("1.2.3", "1.2.4").encode(), PRETTY.encode()[:-1], b"", None])
def test_a_spec_edited_by_hand_is_refused_with_the_command_that_restores_it(
    new: bytes | None, page: Path, vendored: Vendored
) -> None:
    assert import_page(page, vendored) == 0
    assert read_spec(vendored) == SPEC
    write_all({vendored.spec: new})
    with pytest.raises(ScriptError) as refusal:
        read_spec(vendored)
    assert str(refusal.value).startswith(f"{vendored.spec}: ")
    assert ("edited by hand" in str(refusal.value)) == (new is not None)
    assert f"python scripts/import_spec.py {vendored.sources}" in str(refusal.value)
    if vendored.lock.exists():
        assert import_page(vendored.sources, vendored) == 0
        assert read_spec(vendored) == SPEC


@pytest.mark.parametrize(
    "lock",
    [
        None,
        b"[",
        b"\xff",
        b"",
        b"spec = 1",
        b"[spec]\nsha256 = 1\n[generator]\nversion = '1'\n[[sources]]\nname = 'a'\nsha256 = 'b'",
        b"sources = []\n[spec]\nsha256 = 'a'",
        b"sources = [1]\n[spec]\nsha256 = 'a'\n[generator]\nversion = '1'",
    ],
)
def test_a_damaged_lock_is_refused_with_what_to_do(lock: bytes | None, page: Path, vendored: Vendored) -> None:
    assert import_page(page, vendored) == 0
    write_all({vendored.lock: lock})
    with pytest.raises(ScriptError, match="import the spec again") as refusal:
        read_spec(vendored)
    assert str(refusal.value).startswith(f"{vendored.lock}: ")


# Writing all or nothing


def test_only_files_that_differ_are_written_and_none_removes_a_file(tmp_path: Path) -> None:
    same, differs, gone, never, new = (tmp_path / name for name in "abcde")
    for path in (same, differs, gone):
        path.write_bytes(b"old")
    stamp = same.stat()
    changed = write_all({same: b"old", differs: b"new", gone: None, never: None, new / "deep" / "file": b"new"})
    assert changed == [differs, gone, new / "deep" / "file"]
    assert same.stat() == stamp
    assert tree(tmp_path) == {"a": b"old", "b": b"new", "e": b"folder", "e/deep": b"folder", "e/deep/file": b"new"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_written_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_all({tmp_path / "written": b"x"})
    assert (tmp_path / "written").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("operation", ["mkdir", "write_bytes", "replace", "unlink"])
@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_at_any_point_leaves_the_tree_as_it_was(
    operation: str, call: int, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("changed", "removed", "removed too"):
        (tmp_path / name).write_bytes(b"old")
    before = tree(tmp_path)
    real = getattr(Path, operation)
    calls: list[Path] = []

    def failing(self: Path, *args: Any, **options: Any) -> Any:
        calls.append(self)
        if len(calls) == call + 1:
            raise failure
        return real(self, *args, **options)

    monkeypatch.setattr(Path, operation, failing)
    wanted = ScriptError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(wanted):
        write_all(
            {
                tmp_path / "changed": b"new",
                tmp_path / "folder" / "deep" / "new": b"new",
                tmp_path / "removed": None,
                tmp_path / "removed too": None,
            }
        )
    monkeypatch.undo()
    assert len(calls) > call
    assert tree(tmp_path) == before


def test_a_target_that_cannot_be_written_is_one_line_and_exit_status_2(
    page: Path, vendored: Vendored, capsys: pytest.CaptureFixture[str]
) -> None:
    vendored.lock.mkdir(parents=True)
    before = tree(vendored.folder)
    assert import_page(page, vendored) == 2
    assert capsys.readouterr().err.startswith("error: nothing was written: ")
    assert tree(vendored.folder) == before


# Running a script


def test_ctrl_c_is_exit_status_130_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(arguments: list[str] | None) -> int:
        raise KeyboardInterrupt

    assert run(interrupted) == 130
    assert capsys.readouterr() == ("", "")


def said_in_chinese(arguments: list[str] | None) -> int:
    print("禮物")
    return 1


def test_an_output_that_cannot_say_a_chinese_name_gets_it_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii", write_through=True))
    assert run(said_in_chinese) == 1
    assert raw.getvalue().strip() == rb"\u79ae\u7269"


def test_an_output_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    assert run(said_in_chinese, []) == 1
    assert text.getvalue() == "禮物\n"
