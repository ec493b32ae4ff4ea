"""What is written: texts of a document never become code, defaults fit their types, classes are as their pins say."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from generated_package import generated, imported, planned
from generation.code import Imports, either
from generation.defaults import default_code
from generation.document import Refused
from generation.ir import (
    ABSENT,
    DATE,
    FLAG,
    INTEGER,
    JSON,
    NUMBER,
    TEXT,
    TIMESTAMP,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Scalar,
    Type,
    Union,
)
from generation.models import ClassModel, model
from generation.package import Plan
from generation.proof import check, differences, main
from generation.samples import KINDS, Endless, Sampler
from generation.text import docstring, literal, sentence
from regenerate import GENERATED
from test_generation_reading import COUNT, Json, document, holding, operation, record, ref
from test_generation_reading import TEXT as STRING

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from("\\\"'\n\t {}#a禮\u202e\x00"))


@given(ANY_TEXT)
def test_a_text_is_a_literal_of_itself(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert "\n" not in literal(text)


@given(st.lists(ANY_TEXT, min_size=1, max_size=3), st.sampled_from([0, 4, 8]))
@example(['"""'], 0)
@example(['\\"'], 0)
@example(['a"'], 4)
def test_a_text_in_a_docstring_stays_one(texts: list[str], indent: int) -> None:
    module = ast.parse(f"if True:\n{' ' * indent or ' '}{docstring(*texts, indent=indent)}")
    [statement] = module.body[0].body  # type: ignore[attr-defined]
    assert isinstance(statement.value, ast.Constant)
    assert isinstance(statement.value.value, str)
    kept = {character for text in texts for character in text if character.isalnum()}
    assert kept <= {*statement.value.value}


def test_what_cannot_be_seen_is_told_by_number_in_code_and_left_out_of_prose() -> None:
    assert literal("a\u202eb\x00") == '"a\\u202eb\\u0000"'
    assert docstring("a\u202eb\x00") == '"""ab"""'


def test_a_docstring_is_wrapped_at_blanks_only() -> None:
    assert docstring("x" * 150, indent=0) == f'"""{"x" * 150}"""'
    assert max(map(len, docstring("word " * 60).split("\n"))) <= 120
    assert docstring("one", ["Args:", "    a: b"], "") == '"""one\n\n    Args:\n        a: b\n    """'
    assert docstring('ends in "') == '"""ends in \\""""'
    assert docstring("a\n\n\n\nb\r\nc\td") == '"""a\n\n    b\n    c    d\n    """'


@pytest.mark.parametrize(("text", "wanted"), [("a", "a."), ("a.", "a."), ("a)", "a)."), ("", ""), ("a?", "a?")])
def test_a_sentence_ends(text: str, wanted: str) -> None:
    assert sentence(text) == wanted


# --- types and defaults ---------------------------------------------------------------------------------------------

TONE = planned(document({"Tone": {"type": "string", "enum": ["warm", "cold"]}, "N": {"type": "integer", "enum": [1]}}))
TONE_TYPE = Named(("components", "schemas", "Tone"))
NUMBERS = Named(("components", "schemas", "N"))


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (TEXT, "a\"'", '"a\\"\'"'),
        (FLAG, True, "True"),
        (INTEGER, 5, "5"),
        (INTEGER, 5.0, "5"),
        (NUMBER, 1.5, "1.5"),
        (NUMBER, 1, "1"),
        (DATE, "2024-02-29", "date(2024, 2, 29)"),
        (TIMESTAMP, "2024-01-01T00:00:00Z", 'datetime.fromisoformat("2024-01-01T00:00:00+00:00")'),
        (TONE_TYPE, "cold", '"cold"'),
        (NUMBERS, 1, "1"),
        (ListOf(TEXT), ["a", "b"], '("a", "b", )'),
        (ListOf(TEXT), [], "()"),
        (Nullable(TEXT), None, "None"),
        (Nullable(TEXT), "a", '"a"'),
        (Union((INTEGER, TEXT)), "a", '"a"'),
        (JSON, {"a": 1}, None),
        (MapOf(TEXT), {"a": "b"}, None),
        (ListOf(JSON), [1], None),
        (TEXT, ABSENT, None),
    ],
)
def test_a_default_is_written_as_its_type_has_it(kind: Type, value: Any, code: str | None) -> None:
    assert default_code(kind, value, (), Imports(), TONE.classes) == code


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, 5),
        (FLAG, "true"),
        (INTEGER, True),
        (INTEGER, 5.5),
        (INTEGER, "5"),
        (NUMBER, True),
        (NUMBER, "1"),
        (DATE, "tomorrow"),
        (DATE, 5),
        (TIMESTAMP, "2024-01-01T00:00:00"),
        (TIMESTAMP, "noon"),
        (TONE_TYPE, "hot"),
        (NUMBERS, True),
        (ListOf(TEXT), "a"),
        (ListOf(TEXT), [5]),
        (Union((INTEGER, FLAG)), "a"),
        (TEXT, None),
    ],
)
def test_a_default_that_its_type_does_not_allow_is_refused(kind: Type, value: Any) -> None:
    with pytest.raises(Refused, match=r"^/a/0: the default .* isn't what its schema allows: correct it by an action"):
        default_code(kind, value, ("a", 0), Imports(), TONE.classes)


def test_an_absent_default_says_so() -> None:
    assert repr(ABSENT) == "ABSENT"


def test_a_union_names_each_type_once_and_none_at_its_end() -> None:
    assert either(["A | None", "B", "A", "tuple[A | None, ...]"]) == "A | B | tuple[A | None, ...] | None"
    assert either(["A", "Any", "None"]) == "Any"


def test_an_imported_name_makes_way_for_what_the_module_calls_so_itself() -> None:
    imports = Imports(avoid={"date"})
    assert imports.name("datetime", "date") == imports.name("datetime", "date") == "_date"
    assert (imports.name("a", "X"), imports.name("b", "X", later=True), imports.name("", "str")) == ("X", "_X", "str")
    assert imports.lines() == ["from a import X", "from datetime import date as _date"]
    assert imports.lines(later=True) == ["from b import X as _X"]
    imports.name("b", "X")
    assert imports.lines(later=True) == []
    imports.name("b", "X", later=True)
    assert imports.lines(later=True) == []


# --- classes --------------------------------------------------------------------------------------------------------


def made(schema: Json, *, sent: bool = False, answered: bool = True, **schemas: Json) -> ClassModel:
    """The class A of a document that sends or answers it."""
    paths = operation(
        **({"requestBody": {"required": True, "content": {"application/json": {"schema": ref("A")}}}} if sent else {}),
        responses={"200": holding("application/json", ref("A") if answered else None)},
    )
    plan = planned(document({"A": schema, **schemas}, paths))
    return model(plan.classes.shapes["components", "schemas", "A"], plan.classes, plan.used)


def fields_of(found: ClassModel) -> dict[str, str]:
    return {one.name: f"{one.annotation} = {one.arguments}" for one in found.fields}


PINNED: Json = record(a=STRING, b=COUNT, c=STRING, list={"type": "array", "items": STRING}) | {
    "required": ["a", "b", "c"],
    "x-mantago-positional": ["b", "a"],
}


def test_a_pinned_class_keeps_its_positions_and_grows_by_keywords_that_may_be_left_out() -> None:
    found = made(PINNED)
    assert found.decorator == "frozen(repr=False)"
    assert [one.name for one in found.fields] == ["b", "a", "extra", "drift", "c", "list_"]
    assert fields_of(found)["c"].startswith(
        'str | None = default=None, kw_only=True, metadata=json_field("c", TEXT, promised=True)'
    )
    assert fields_of(found)["list_"].startswith("tuple[str, ...] = default=(), kw_only=True, converter=")


def test_what_is_insisted_on_is_required_by_keyword_too() -> None:
    found = fields_of(made(PINNED | {"x-mantago-insists": ["c"]}))
    assert found["c"] == 'str = kw_only=True, metadata=json_field("c", TEXT, required=True)'


def test_a_positional_field_before_a_required_one_has_no_default() -> None:
    found = fields_of(made(PINNED | {"required": ["a"]}))
    assert found["b"] == 'int | None = metadata=json_field("b", INTEGER)'


@pytest.mark.parametrize(
    ("schema", "around"),
    [
        (record(success={"type": "boolean"}, message=STRING, a=STRING) | {"required": ["success"]}, ["success", "message"]),
        (record(success={"type": "boolean"}, message=COUNT), ["success"]),
        # Alone, they are the content, as they are for whoever imports the class before an operation answers with it.
        (record(success={"type": "boolean"}, message=STRING), []),
        (record(success={"type": "boolean"}), []),
        (record(message=STRING), []),
        (record(success=STRING), []),
        (record(success={"type": "boolean"}, a=STRING) | {"x-mantago-fields": {"success": "worked"}}, []),
    ],
)  # fmt: skip
def test_success_and_message_stand_around_the_content_of_an_answer(schema: Json, around: list[str]) -> None:
    found = made(schema)
    assert [text.split('"')[1] for text in found.envelope] == around
    assert {*around}.isdisjoint(one.name for one in found.fields)
    if around == ["success", "message"]:
        assert found.envelope[0] == 'JsonField("success", FLAG, required=True)'
        assert made(schema, sent=True).envelope == made(schema, answered=False).envelope == ()


@pytest.mark.parametrize(
    ("sent", "answered", "name", "shown"),
    [(False, True, "a", True), (True, False, "a", False), (True, True, "a", True), (False, True, "token", False)],
)
def test_what_is_only_sent_and_what_holds_credentials_shows_nothing(
    sent: bool, answered: bool, name: str, shown: bool
) -> None:
    assert made(record(**{name: STRING}), sent=sent, answered=answered).shows_values is shown


@pytest.mark.parametrize(
    ("schema", "sent", "wanted"),
    [
        (STRING | {"default": "x"}, True, 'str = default="x", metadata=json_field("a", TEXT, required=True)'),
        (STRING | {"default": "x"}, False, 'str = metadata=json_field("a", TEXT, required=True)'),
        (
            STRING | {"nullable": True},
            True,
            'str | None = metadata=json_field("a", TEXT, required=True, nullable=True)',
        ),
        (
            STRING | {"readOnly": True},
            True,
            'str | None = default=None, metadata=json_field("a", TEXT, required=True, read_only=True)',
        ),
        (STRING | {"readOnly": True}, False, 'str = metadata=json_field("a", TEXT, required=True, read_only=True)'),
        (
            STRING | {"writeOnly": True},
            True,
            'str | None = metadata=json_field("a", TEXT, required=True, write_only=True)',
        ),
        ({"type": "object"}, False, 'Mapping[str, Any] = converter=read_only, hash=False, metadata=json_field("a", map_of(JSON), required=True)'),
        ({}, False, 'Any = hash=False, metadata=json_field("a", JSON, required=True, nullable=True)'),
        (
            {"type": "string", "enum": ["x"], "default": "x"},
            True,
            'AA = default=AA("x"), converter=AA, metadata=json_field("a", enum_of(AA), required=True)',
        ),
        (
            {"type": "string", "enum": ["x"], "default": "x", "x-mantago-closed": True},
            True,
            'AA | str = default="x", metadata=json_field("a", enum_of(AA), required=True)',
        ),
        (
            {"type": "array", "items": STRING, "nullable": True},
            False,
            'tuple[str, ...] | None = converter=_to_tuple_str_none, metadata=json_field("a", list_of(TEXT), required=True, nullable=True)',
        ),
    ],
)  # fmt: skip
def test_a_required_field_is_declared_as_it_goes(schema: Json, sent: bool, wanted: str) -> None:
    assert fields_of(made(record(a=schema) | {"required": ["a"]}, sent=sent))["a"] == wanted


def test_null_that_only_errata_allow_is_tolerated() -> None:
    erratum = "overlay: 1.0.0\nactions: [{target: $..a, description: why, update: {nullable: true}}]\n"
    paths = operation(responses={"200": holding("application/json", ref("A"))})
    plan = planned(document({"A": record(a={**STRING}) | {"required": ["a"]}}, paths), errata=erratum)
    found = model(plan.classes.shapes["components", "schemas", "A"], plan.classes, plan.used)
    assert fields_of(found)["a"] == 'str | None = default=None, metadata=json_field("a", TEXT, promised=True)'


def test_converters_of_nested_lists_of_enumerations_keep_null() -> None:
    tone = {"type": "string", "enum": ["x"], "nullable": True}
    found = made(record(a={"type": "array", "items": {"type": "array", "nullable": True, "items": tone}}))
    [helper] = found.helpers
    assert helper.endswith(
        "tuple(None if inner_values is None else tuple(None if inner_value is None else AAItemItem(inner_value) "
        "for inner_value in inner_values) for inner_values in values)"
    )


def test_two_converters_that_would_share_a_name_are_told_apart() -> None:
    lists = [{"type": "array", "items": STRING}, {"type": "array", "items": STRING | {"nullable": True}}]
    found = made(record(a=lists[0] | {"nullable": True}, b=lists[1]))
    assert [helper.partition("(")[0] for helper in found.helpers] == [
        "def _to_tuple_str_none",
        "def _to_tuple_str_none_2",
    ]


# --- the proof ------------------------------------------------------------------------------------------------------

CHAIN = record(next=ref("Chain")) | {"required": ["next"]}
DEEP = record(a=STRING) | {"x-mantago-class": "Deep"}
PROVED: Json = document(
    {
        "A": record(at={"type": "string", "format": "date-time"}, b=ref("B"), x=STRING) | {"required": ["x"]},
        "B": record(day={"type": "string", "format": "date"}, more={"type": "array", "items": ref("B")})
        | {"additionalProperties": ref("B")},
        "Chain": CHAIN,
        "D": DEEP,
        "E": DEEP,
        "OneWay": record(a=STRING | {"readOnly": True}, b=STRING),
        "Either": {"oneOf": [ref("OneWay"), ref("Kind")]},
        "Kind": {"oneOf": [ref("K")], "discriminator": {"propertyName": "k"}},
        "K": record(k=STRING, more=STRING | {"readOnly": True}),
    },
    {
        "/x": {
            "post": {
                "parameters": [
                    {"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}},
                    {"name": "tone", "in": "query", "schema": {"type": "string", "enum": ["warm"]}},
                    {"name": "at", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                    {"name": "ms", "in": "query", "schema": COUNT | {"x-mantago-format": "milliseconds"}},
                    {"name": "m", "in": "query", "schema": {"type": "object", "additionalProperties": STRING}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"type": "array", "items": ref("B") | {"nullable": True}}}
                    }
                },
                "responses": {"200": holding("application/json", ref("A")), "201": {"description": "none"}},
            },
            "get": {"responses": {"204": {"description": "none"}}},
            "delete": {
                "requestBody": {"content": {"application/json": {"schema": ref("Either")}}},
                "responses": {"200": holding("application/json", ref("Either"))},
            },
            "patch": {
                "requestBody": {"content": {"application/json": {"schema": ref("OneWay")}}},
                "responses": {"200": holding("application/json", ref("OneWay"))},
            },
            "put": {
                "requestBody": {"content": {"application/octet-stream": {}}},
                "responses": {"200": holding("application/json", {"type": "array", "items": ref("A")})},
            },
        }
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(tmp_path_factory.mktemp("proved"), PROVED)


def checked(folder: Path) -> list[str]:
    with imported(folder):
        return [*check(planned(PROVED))]


def test_what_works_is_proved_without_a_word(folder: Path) -> None:
    assert checked(folder) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("models/a.py", 'json_field("x"', 'json_field("y"', ["A, full sample: InvalidResponseError", "POST /x, full sample of an answer: Invalid"]),
        ("models/a.py", 'json_field("at", TIMESTAMP', 'json_field("at", DATE', ["A, full sample: "]),
        ("models/a.py", "kw_only=True)", "kw_only=True, eq=False)", ["A, full sample: the result of to_dict() isn't read as the same"]),
        ("models/b.py", 'json_field("day", DATE)', 'json_field("day", DATE, read_only=True)', ["B, full sample: $.day is '2024-02-29', and comes back as None"]),
        ("api/default/post_x.py", '"since": since,', '"until": since,', ["POST /x, full sample of a request: the parameter 'since' isn't sent"]),
        ("api/default/post_x.py", "def request(", "def requested(", ["POST /x, minimal sample of a request: AttributeError"]),
    ],
)  # fmt: skip
def test_what_does_not_work_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, said: list[str]
) -> None:
    module = folder / "mantago_generated" / name
    text = module.read_text("utf-8")
    assert old in text
    module.write_text(text.replace(old, new), "utf-8")
    importlib.invalidate_caches()
    try:
        problems = checked(folder)
    finally:
        module.write_text(text, "utf-8")
    for line in said:
        assert any(problem.startswith(line) for problem in problems), problems


@pytest.mark.parametrize("works", [True, False])
def test_the_proof_says_on_its_output_what_does_not_work(
    folder: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], works: bool
) -> None:
    told = tmp_path / "documents.json"
    spec = PROVED if works else document({"A": record(禮物=COUNT)}, PROVED["paths"] | {})
    spec = spec | {
        "paths": PROVED["paths"],
        "components": {"schemas": PROVED["components"]["schemas"] | spec["components"]["schemas"]},
    }
    config = yaml.safe_load((GENERATED / "config.yaml").read_text("utf-8"))
    told.write_text(json.dumps({"documents": dict.fromkeys(("published", "mended", "named"), spec), "config": config}))
    with imported(folder):
        assert main(str(told)) == int(not works)
    out = capsysbinary.readouterr().out.decode()
    assert out == "" if works else "A, full sample: $.禮物 is 7, and comes back as" not in out
    assert works or out.startswith("A, full sample: ")


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ({"a": None}, {}, []),
        ({}, {"a": []}, []),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["$.a[1].b is 2, and comes back as 3"]),
        ([1], [1, 2], ["$ is [1], and comes back as [1, 2]"]),
        (1, True, ["$ is 1, and comes back as True"]),
        (1, 1.0, ["$ is 1, and comes back as 1.0"]),
    ],
)
def test_a_difference_is_told_with_its_place(wanted: Any, found: Any, told: list[str]) -> None:
    assert [*differences(wanted, found)] == told


def test_samples_of_an_object_that_never_ends_are_none() -> None:
    plan: Plan = planned(document({"Chain": CHAIN}))
    for kind in KINDS:
        with pytest.raises(Endless):
            Sampler(plan.classes, kind).object(("components", "schemas", "Chain"))


def test_samples_differ_by_their_kind() -> None:
    schema = record(u={"oneOf": [COUNT, STRING]}, n=STRING | {"nullable": True}, l={"type": "array", "items": COUNT})
    plan = planned(document({"A": schema | {"required": ["u", "n"]}}))
    made = {kind: Sampler(plan.classes, kind, text="t").object(("components", "schemas", "A")) for kind in KINDS}
    assert made == {
        "full": {"u": 7, "n": "t", "l": [7]},
        "other": {"u": "t", "n": "t", "l": [7]},
        "minimal": {"u": 7, "n": "t"},
        "nulls": {"u": 7, "n": None, "l": [7]},
    }
    assert Sampler(plan.classes, "nulls").of(Nullable(TEXT)) is None
    assert Sampler(plan.classes).of(Scalar("NO_CONTENT")) is None
