"""One change is one finding, wherever it is met; and a document of real size is compared in time, and imported."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

import contract_diff
import import_spec
from contract import accepted, collector, render, spec
from contract.changes import Acceptance, Change, Report
from contract.documents import Document
from contract.rules import Level
from large_document import CHANGES, OPERATIONS, SCHEMAS, changed, document
from vendoring.vendored import ScriptError, Vendored, canonical

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
JSON = "application/json"


@pytest.fixture(scope="module")
def large() -> dict[str, Any]:
    return document()


def compared(old: Any, new: Any) -> tuple[Change, ...]:
    return spec.compare(Document("old", old), Document("new", new))


@pytest.mark.unmeasured
def test_the_document_is_of_the_size_that_it_says(large: Any) -> None:
    methods = sum(len(item) for item in large["paths"].values())
    assert (methods, len(large["components"]["schemas"])) == (OPERATIONS, SCHEMAS) == (360, 950)
    assert 2.5e6 < len(canonical(large)) < 4.5e6


@pytest.mark.unmeasured
def test_each_change_of_a_large_document_is_one_finding_in_every_format(large: dict[str, Any]) -> None:
    began = time.process_time()
    found = contract_diff.compare(Document("old", large), Document("new", changed(large))).changes
    # Some 5 s, and several times that on a slow machine that is measured for coverage.
    assert time.process_time() - began < 60
    by_id: dict[str, list[Change]] = {}
    for change in found:
        by_id.setdefault(change.id, []).append(change)
    assert {name: len(listed) for name, listed in by_id.items()} == {
        "response-property-type-changed": CHANGES,
        "api-removed-without-deprecation": 1,
        "endpoint-added": 1,
        "api-version-changed": 1,
    }
    # All but the operation that was removed have a request and three answers that lead everywhere.
    assert {change.count for change in by_id["response-property-type-changed"]} == {4 * (OPERATIONS - 1)}
    for change in by_id["response-property-type-changed"]:
        assert change.path.startswith("POST /v1/resources_0 response 200 application/json ")
        assert change.path.endswith("field_1")

    report = Report("old", "new", found)
    read = json.loads("".join(render.pieces(report, "json")))
    assert len(read["changes"]) == sum(read["summary"][level.value] for level in Level) == CHANGES + 3
    assert all(change["count"] == len(change["met"]) == len(set(change["met"])) for change in read["changes"])
    assert all(change["met"][0] == change["path"] for change in read["changes"])
    assert len(read["summary"]["operations"]) == OPERATIONS + 1
    head = f"{CHANGES + 1} breaking, 0 warning, 2 info"
    for form in ("text", "markdown", "html"):
        (text,) = render.pieces(report, form)
        assert head in text
    assert render.as_text(report).count("[response-property-type-changed]") == CHANGES
    assert render.as_github(report).count("\n") == CHANGES + 3


def test_json_is_written_as_json_would_write_it() -> None:
    two = Change("api-moved", Level.BREAKING, "", "p\n", 't"'), Change("api-moved", Level.INFO, "", "", "ü")
    for found in ((), two[:1], two):
        text = render.as_json(Report("a", "b", found))
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.unmeasured
def test_a_document_of_schemas_in_a_long_chain_is_imported(tmp_path: Path) -> None:
    def link(number: int) -> Any:
        following = {"$ref": f"#/components/schemas/S{(number + 1) % 1200}"}
        return {"type": "object", "properties": {"next": following}, "required": ["next"]}

    answer = {"description": "", "content": {JSON: {"schema": {"$ref": "#/components/schemas/S0"}}}}
    chain: Any = {
        "openapi": "3.0.3",
        "info": {"title": "Chain", "version": "1.0.0"},
        "paths": {"/x": {"get": {"responses": {"200": answer}}}},
        "components": {"schemas": {f"S{number}": link(number) for number in range(1200)}},
    }
    path = tmp_path / "chain.json"
    path.write_text(canonical(chain), "utf-8")
    assert import_spec.main([str(path), "--into", str(tmp_path / "openapi")]) == 0
    assert Vendored(tmp_path / "openapi").spec.read_bytes() == path.read_bytes()
    # What is wrong at the end of the chain is still found.
    chain["components"]["schemas"]["S1199"]["properties"]["day"] = {"type": "integer", "default": "x"}
    path.write_text(canonical(chain), "utf-8")
    with pytest.raises(ScriptError, match="'x' is not of type 'integer'"):
        import_spec.main([str(path), "--into", str(tmp_path / "other")])


# what is one change


def shared(schema: Any, **more: Any) -> dict[str, Any]:
    media = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Gift"}}}}
    wrapped = {"content": {JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Gift"}}}}}
    return {
        "paths": {
            "/a": {"post": {"requestBody": media, "responses": {"200": media}}},
            "/b": {"get": {"responses": {"200": wrapped}}},
        },
        "components": {"schemas": {"Gift": schema}},
    } | more


def test_what_requests_and_answers_meet_is_one_change_as_bad_as_it_gets() -> None:
    (change,) = compared(shared(STRING | {"enum": ["a"]}), shared(STRING | {"enum": ["a", "b"]}))
    assert (change.id, change.level, change.count) == ("response-property-enum-value-added", "warning", 3)
    assert [(one.path, one.kind.level, one.kind.id) for one in change.occurrences] == [
        ("GET /b response 200 application/json []", "warning", "response-property-enum-value-added"),
        ("POST /a response 200 application/json", "warning", "response-body-enum-value-added"),
        ("POST /a request body application/json", "info", "request-body-enum-value-added"),
    ]
    assert change.met == [one.path for one in change.occurrences]


def test_a_place_that_was_accepted_leaves_the_others() -> None:
    (change,) = compared(shared(STRING | {"enum": ["a"]}), shared(STRING | {"enum": ["a", "b"]}))
    entry = Acceptance("response-property-enum-value-added", "GET /b *", "we know", "9")
    left, allowed = accepted.apply([entry], [change], "1")
    assert [found.met for found in left] == [[path for path in change.met if "/b" not in path]]
    assert [(found.met, one) for found, one in allowed] == [(["GET /b response 200 application/json []"], entry)]
    rest = Acceptance("response-body-enum-value-added", "*", "we know", "9")
    last = Acceptance("request-body-enum-value-added", "*", "we know", "9")
    assert accepted.apply([entry, rest, last], [change], "1")[0] == ()


def test_an_operation_that_was_too_young_to_rely_on_does_not_make_the_others_so() -> None:
    old, new = shared(STRING), shared(INTEGER)
    young = copy.deepcopy((old, new))
    for side in young:
        side["paths"]["/a"]["post"]["x-stability-level"] = "alpha"
    (change,) = compared(*young)
    assert (change.level, change.operation, change.count) == ("breaking", "GET /b", 3)
    for side in young:
        side["paths"]["/b"]["get"]["x-stability-level"] = "alpha"
    (change,) = compared(*young)
    assert (change.level, change.count) == ("info", 3)


@pytest.mark.parametrize("most", [0, 1_000_000])
def test_where_there_are_very_many_places_only_the_first_is_told_in_full(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "MOST_WAYS", most)
    gift = {"type": "object", "properties": {"name": STRING, "day": {"type": "string"}}}
    (change,) = compared(shared(gift), shared(gift | {"required": ["day"]}))
    assert change.path == "POST /a request body application/json day"
    way = " day" if most else ""
    assert change.met[0] == f"POST /a request body application/json{way}"
    (top,) = compared(shared(STRING), shared(INTEGER))
    assert top.path == "GET /b response 200 application/json []"
    assert top.count == change.count == 3


def test_changes_in_circles_are_met_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_WAYS", 0)

    def gift(kind: Any) -> Any:
        again = {"$ref": "#/components/schemas/Gift"}
        return {"type": "object", "properties": {"name": {**kind}, "day": {**kind}, "next": again, "last": again}}

    found = compared(shared(gift(STRING)), shared(gift(INTEGER)))
    assert [change.path for change in found] == [
        f"GET /b response 200 application/json [].{name}" for name in ("day", "name")
    ]
    assert [change.met for change in found] == [found[0].met] * 2


def test_what_refers_to_the_same_is_the_same() -> None:
    def both(kind: Any) -> Any:
        more = {"A": STRING, "B": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}
        refs = {name.lower(): {"$ref": f"#/components/schemas/{name}"} for name in more}
        document = shared({"type": "object", "properties": refs | {"c": kind}})
        document["components"]["schemas"] |= more
        return document

    assert [change.path.split()[-1] for change in compared(both(STRING), both(INTEGER))] == ["[].c"]


def test_a_rule_that_does_not_hold_at_a_place_is_not_told_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(schema: Any) -> Any:
        return {
            "paths": {"/a": {"get": {"parameters": [{"in": "query", "name": "q", "required": True, "schema": schema}]}}}
        }

    for most in (0, 1_000_000):
        monkeypatch.setattr(collector, "MOST_WAYS", most)
        assert compared(asked(STRING), asked(STRING | {"default": "a"})) == ()


def test_a_shared_parameter_that_changed_is_one_change() -> None:
    def limited(**keywords: Any) -> Any:
        ref = {"parameters": [{"$ref": "#/components/parameters/Limit"}]}
        parameter = {"in": "query", "name": "limit", "schema": INTEGER} | keywords
        return {"paths": {"/a": {"get": ref}, "/b": {"get": ref}}, "components": {"parameters": {"Limit": parameter}}}

    (change,) = compared(limited(), limited(required=True))
    assert (change.operation, change.met) == ("GET /a", ["GET /a request query limit", "GET /b request query limit"])


def test_each_added_operation_is_a_finding_of_its_own() -> None:
    item = {"get": {"responses": {}}}
    old = {"paths": {}, "components": {"pathItems": {"X": item}}}
    new = old | {"paths": {f"/{name}": {"$ref": "#/components/pathItems/X"} for name in "ab"}}
    assert [(change.id, change.operation) for change in compared(old, new)] == [
        ("endpoint-added", "GET /a"),
        ("endpoint-added", "GET /b"),
    ]


def test_the_exit_status_is_1_exactly_if_something_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {}
    for name, schema in {
        "old": STRING | {"enum": ["a"]},
        "wider": STRING | {"enum": ["a", "b"]},
        "other": INTEGER,
    }.items():
        files[name] = tmp_path / f"{name}.json"
        files[name].write_text(json.dumps(shared(schema)), "utf-8")
    vendored = Vendored(tmp_path)
    for new, status in (("old", 0), ("wider", 0), ("other", 1)):
        for form in render.REPORT_FORMATS:
            arguments = [str(files["old"]), str(files[new]), "--format", form]
            assert contract_diff.main(arguments, vendored) == status
    assert "title=response-property-type-changed" in capsys.readouterr().out
