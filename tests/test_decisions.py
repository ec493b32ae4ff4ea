"""What a person has yet to decide: how it is written down at first sight, listed, and taken back."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonpath
import pytest
import yaml
from attrs import evolve

import many_operations
import unconfirmed
from first import FIRST
from generation import decisions
from generation.decisions import CLASS, FIELDS, MARK, MEMBERS, OPERATION_ID, READS, Unpinned
from generation.overlays import read_yaml
from generation.package import Documents, Settings, modules, plan
from regenerate import GENERATED, documents
from upgrading.names import named_document
from vendoring.vendored import ScriptError, Vendored, read_spec

GIFTS = "/openapi/client/gift"
POINTS = ("paths", "/openapi/client/points", "post")
ANSWER = ("components", "schemas", "ClientPointsResponse")
KIND = (*ANSWER, "properties", "kind")
DOCUMENT: dict[str, Any] = {
    "paths": {"/openapi/client/points": {"post": {"summary": "Get client points"}}, "/openapi/gift": {"post": {}}},
    "components": {
        "schemas": {
            "ClientPointsResponse": {
                "properties": {"points": {}, "expiresAt": {}, "kind": {"type": "string", "enum": ["甲", "乙"]}}
            },
            "Gift": {"allOf": [{"properties": {"name": {}}}]},
        }
    },
}
NAMES = [
    Unpinned(POINTS, OPERATION_ID, None, "get_client_points", "the summary 'Get client points'"),
    Unpinned(ANSWER, CLASS, None, "ClientPointsResponse"),
    Unpinned(ANSWER, FIELDS, "points", "points"),
    Unpinned(ANSWER, FIELDS, "expiresAt", "expires_at"),
    Unpinned(KIND, MEMBERS, "甲", "VALUE_0"),
]
BY_HAND = """\
# Why each name is as it is.
overlay: 1.0.0
info: { title: Names, version: 0.318.0 }
actions:
  # It only reads.
  - target: $.paths['/openapi/gift'].post
    description: >-
      Named
      by us.
    update: { operationId: get_gifts, x-mantago-reads: true }
  - target: $.components.schemas.Gift
    description: Ours.
    update:
      x-mantago-class: Gift   # not GiftItem
      x-mantago-fields:
        name: name
"""


def proposed(text: str = BY_HAND) -> str:
    return decisions.appended(text, decisions.actions(NAMES, "0.319.0"))


def test_names_are_added_at_the_end_and_what_is_by_hand_stays_to_the_byte():
    text = proposed()
    assert text.startswith(BY_HAND)
    assert text.removeprefix(BY_HAND) == (
        """\
  - target: $.paths['/openapi/client/points'].post
    description: Proposed with 0.319.0, after the summary 'Get client points'.
    x-unconfirmed: true
    update:
      operationId: get_client_points
      x-mantago-reads: false
  - target: $.components.schemas.ClientPointsResponse
    description: Proposed with 0.319.0.
    x-unconfirmed: true
    update:
      x-mantago-class: ClientPointsResponse
      x-mantago-fields:
        points: points
        expiresAt: expires_at
  - target: $.components.schemas.ClientPointsResponse.properties.kind
    description: Proposed with 0.319.0.
    x-unconfirmed: true
    update:
      x-mantago-members:
        甲: VALUE_0
"""
    )


def test_without_new_names_nothing_is_written():
    assert decisions.appended(BY_HAND, []) == BY_HAND


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BY_HAND.rstrip("\n"), id="no line end"),
        pytest.param("overlay: 1.0.0\nactions: []\n", id="no action yet"),
        pytest.param("overlay: 1.0.0\nactions:\n- target: $.paths\n  update: {x-a: 1}\n", id="not indented"),
        pytest.param(BY_HAND + "  # The end.\n", id="a comment at the end"),
    ],
)
def test_names_are_added_however_the_list_is_written(text):
    before = yaml.safe_load(text)
    assert yaml.safe_load(proposed(text)) == {
        **before, "actions": [*before["actions"], *decisions.actions(NAMES, "0.319.0")]
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("overlay: 1.0.0\nactions: [{target: $.paths, update: {x-a: 1}}]\n", id="in one line"),
        pytest.param(BY_HAND + "x-more: 1\n", id="something below"),
        pytest.param("overlay: 1.0.0\n", id="no list"),
    ],
)
def test_a_list_that_cannot_be_added_to_is_refused(text):
    with pytest.raises(ScriptError, match="let `actions` be the last in it"):
        proposed(text)


@pytest.mark.parametrize("part", ["plain", "/a/{b}", "it's", 'a"b', "a\\b", "名", "a\nb", "", "a.b", "1", "*"])
def test_a_path_leads_to_its_place_and_nowhere_else(part):
    document = {"x": [{"other": 1, "*": 2, part: 3}]}
    found = [*jsonpath.finditer(decisions.json_path(("x", 0, part)), document)]
    assert [node.obj for node in found] == [3]


def test_what_nobody_confirmed_is_listed_with_its_line():
    text = proposed()
    found = decisions.unconfirmed(text)
    assert [one.names for one in found] == [("get_client_points()",), ("ClientPointsResponse",), ("VALUE_0",)]
    for one in found:
        assert text.splitlines()[one.line - 1] == f"  - target: {one.target}"
    assert str(found[1]) == "ClientPointsResponse (line 23: $.components.schemas.ClientPointsResponse)"
    assert decisions.unconfirmed(BY_HAND) == []


def test_a_name_is_confirmed_by_removing_its_mark():
    text = proposed().replace(f"    {MARK}: true\n", "", 1)
    assert [one.names for one in decisions.unconfirmed(text)] == [("ClientPointsResponse",), ("VALUE_0",)]


def test_an_operation_is_undecided_until_somebody_says_whether_it_only_reads():
    assert decisions.undecided(DOCUMENT, BY_HAND) == [POINTS]
    assert decisions.undecided(DOCUMENT, proposed()) == [POINTS]
    assert decisions.undecided(DOCUMENT, proposed().replace(f"    {MARK}: true\n", "", 1)) == []
    assert decisions.undecided(DOCUMENT, "overlay: 1.0.0\nactions: []\n") == [
        POINTS,
        ("paths", "/openapi/gift", "post"),
    ]


# The names of a whole document


def inputs(names: Path) -> tuple[Documents, dict[str, Any]]:
    spec = many_operations.spec()
    spec["paths"]["/openapi/client/points"]["post"]["summary"] = "Get client points"
    spec["paths"]["/openapi/one"]["get"]["operationId"] = "get_one"
    return documents(spec, FIRST.overlay, names), read_yaml(GENERATED / "config.yaml")


def test_what_is_written_down_is_what_the_generator_calls_it(tmp_path):
    given, config = inputs(FIRST.names)
    found = decisions.unpinned(plan(given, config), read_yaml(FIRST.names))
    names = tmp_path / "names.overlay.yaml"
    names.write_text(decisions.appended(FIRST.names.read_text("utf-8"), decisions.actions(found, "0.400.0")), "utf-8")
    after = plan(inputs(names)[0], config)
    assert decisions.unpinned(after, read_yaml(names)) == []
    settings = Settings(config, read_yaml(GENERATED / "template-edits.yaml"), GENERATED / "templates", "x 1")
    assert modules(after, settings) == modules(plan(given, config), settings)
    # Neither the envelope nor what the client fills in itself is a name that anybody uses.
    assert not {(one.place[-1], one.of) for one in found} & {("ClientPage", "success"), ("Search", "secret")}
    by_name = {one.name: one for one in found if one.key == OPERATION_ID}
    assert by_name["get_client_points"].after == "the summary 'Get client points'"
    assert by_name["get_one"].after == "the vendor's operationId"
    assert by_name["post_openapi_cart_list"].after == "its path"


def test_the_vendored_document_has_a_pin_for_every_name():
    # Whether somebody confirmed them is asked of a release, not of an upgrade.
    assert named_document(Vendored(), GENERATED).unpinned == ()


def test_a_document_of_which_all_is_decided_has_nothing_listed(capsys):
    assert unconfirmed.main([], FIRST) == 0
    assert capsys.readouterr().out == "all is decided\n"


def test_what_is_to_be_confirmed_is_listed_with_where_it_stands(tmp_path, capsys):
    names = tmp_path / "names.overlay.yaml"
    text = FIRST.names.read_text("utf-8").replace("    update:\n", f"    {MARK}: true\n    update:\n", 1)
    names.write_text(text.replace("lotteryGame: LOTTERY_GAME, ", ""), "utf-8")
    assert unconfirmed.main([], Vendored(FIRST.folder, names)) == 1
    number = 1 + next(number for number, line in enumerate(text.splitlines()) if "/openapi/client/gift" in line)
    assert capsys.readouterr().out.splitlines() == [
        f"names.overlay.yaml:{number}: confirm get_client_gifts(): correct the action, then remove its mark x-unconfirmed",
        "names.overlay.yaml: nothing pins LOTTERY_GAME: add their actions, or have scripts/upgrade.py propose them",
        "2 to decide before a release",
    ]


def test_what_shares_a_class_and_grew_apart_is_listed_with_what_nobody_said_of_reading(tmp_path, capsys, monkeypatch):
    names = tmp_path / "names.overlay.yaml"
    names.write_text(re.sub(rf"^ +{READS}: .*\n", "", FIRST.names.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    grown = evolve(
        named_document(Vendored(FIRST.folder, names), GENERATED), plan=SimpleNamespace(apart=("/a is pinned as A",))
    )
    monkeypatch.setattr(unconfirmed, "named_document", lambda *_: grown)
    assert unconfirmed.main([], Vendored(FIRST.folder, names)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "names.overlay.yaml: /a is pinned as A",
        f"names.overlay.yaml: nothing says whether POST {GIFTS} only reads: give its action {READS}: true or false",
        "2 to decide before a release",
    ]


# What the document no longer has


def without(document: dict[str, Any], *place: str) -> dict[str, Any]:
    head, *rest = place
    if not rest:
        return {key: value for key, value in document.items() if key != head}
    return {**document, head: without(document[head], *rest)}


def test_what_nobody_confirmed_goes_with_its_cause():
    gone = without(DOCUMENT, "paths", "/openapi/client/points")
    text, lines = decisions.without_stale(proposed(), gone)
    assert text.startswith(BY_HAND)
    assert len(decisions.unconfirmed(text)) == 2
    assert lines == ("$.paths['/openapi/client/points'].post get_client_points",)


def test_of_a_class_only_the_field_and_the_member_go_that_are_gone():
    less = without(DOCUMENT, "components", "schemas", "ClientPointsResponse", "properties", "points")
    less["components"]["schemas"]["ClientPointsResponse"]["properties"]["kind"] = {"enum": ["乙"]}
    text, lines = decisions.without_stale(proposed(), less)
    left = yaml.safe_load(text)["actions"][-1]
    assert left["update"] == {CLASS: "ClientPointsResponse", FIELDS: {"expiresAt": "expires_at"}}
    assert lines == (
        "$.components.schemas.ClientPointsResponse points",
        "$.components.schemas.ClientPointsResponse.properties.kind",
    )
    assert decisions.without_stale(text, less) == (text, ())


def test_a_name_that_was_corrected_before_it_was_confirmed_is_kept():
    text = proposed().replace("expiresAt: expires_at", "expiresAt: ends_at")
    less = without(DOCUMENT, "components", "schemas", "ClientPointsResponse", "properties", "points")
    assert "ends_at" in decisions.without_stale(text, less)[0]


def test_a_confirmed_name_stays_although_its_cause_is_gone():
    gone = without(DOCUMENT, "paths", "/openapi/gift")
    assert decisions.without_stale(BY_HAND, gone) == (BY_HAND, ())


def test_what_an_allof_may_hold_stays():
    text = decisions.appended(
        "actions: []\n", decisions.actions([Unpinned(("components", "schemas", "Gift"), FIELDS, "x", "x")], "1")
    )
    assert decisions.without_stale(text, DOCUMENT) == (text, ())


def test_when_all_is_gone_an_empty_list_is_left():
    text = decisions.appended("overlay: 1.0.0\nactions: []\n", decisions.actions(NAMES[:1], "1"))
    left, _ = decisions.without_stale(text, {"paths": {}})
    assert yaml.safe_load(left) == {"overlay": "1.0.0", "actions": []}


# Prose that sounds like the rule


def sounding(body: dict[str, Any] | None = None, **operation: Any) -> list[tuple[str, str]]:
    schemas = {"Body": body or {}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}
    return decisions.sounding(
        {
            "paths": {"/a": {"post": {"requestBody": {"content": content}, **operation}}},
            "components": {"schemas": schemas},
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        "Either provide 'clientId' OR both 'platform' and 'platformClientId'.",
        "The id, or both of the others.",
        "Required if `platform` is given",
        "Exactly one must be there",
        "clientId 與 platform 擇一",
    ],
)
def test_prose_that_sounds_like_a_rule_is_found_wherever_it_stands(text):
    assert sounding(description=f"Does it. {text}") == [("POST /a", text)]
    assert sounding({"properties": {"description": {"description": text}}}) == [("POST /a", text)]
    assert sounding(parameters=[{"name": "x", "description": text}]) == [("POST /a", text)]


def test_prose_that_says_how_it_is_and_a_declared_rule_are_no_findings():
    assert sounding(description="Returns gifts or tickets, whichever there are.") == []
    rule = {"description": "Either a or b", "x-mantago-rule": "identification", "properties": {}}
    assert sounding(rule) == []
    rule["properties"] = {"inner": {"allOf": [{"$ref": "#/components/schemas/Body"}]}}
    assert sounding(rule) == []


def test_the_first_document_states_the_rule_for_its_operation():
    assert [operation for operation, _ in decisions.sounding(read_spec(FIRST))] == ["POST /openapi/client/gift"]
