"""How deeply a document may be nested: the same everywhere, whatever the Python, libyaml or the caller's stack bears."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import yaml

import contract_diff
from contract import trees
from contract.documents import Document
from vendoring import parsing as _parsing
from vendoring.pages import read_specs
from vendoring.parsing import DEEPEST, json_depth, load_json, parse_yaml
from vendoring.vendored import ScriptError

TOO_DEEP = f"nested too deeply to be read, in more than {DEEPEST} levels"


def spec(depth: int, leaf: str = "string") -> dict[str, Any]:
    """A valid spec nested so many levels deep."""
    schema: Any = {"type": leaf}
    for _ in range(depth - 4):
        schema = {"type": "array", "items": schema}
    info = {"title": "Gifts", "version": "1.0.0"}
    return {"openapi": "3.0.3", "info": info, "paths": {}, "components": {"schemas": {"A": schema}}}


FORMS: dict[str, Callable[[int], str]] = {
    "JSON": lambda depth: json.dumps(spec(depth)),
    "a page": lambda depth: f"# Gifts\n\n```json\n{json.dumps(spec(depth))}\n```\n",
    "YAML": lambda depth: yaml.safe_dump(spec(depth)),
    "YAML in flow style": lambda depth: "".join(f"{key}: {json.dumps(value)}\n" for key, value in spec(depth).items()),
    "aliases": lambda depth: (
        yaml.safe_dump(spec(5)) + "x-a:\n- &a0 []\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, depth - 2))
    ),
}
READERS: dict[str, Callable[[bytes], object]] = {"import": read_specs, "comparison": trees.read}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_nested_as_deeply_as_is_allowed_is_read_and_one_level_more_refused(reader: str, form: str) -> None:
    read, text = READERS[reader], FORMS[form]
    assert read(text(DEEPEST).encode())
    with pytest.raises(ScriptError, match=TOO_DEEP):
        read(text(DEEPEST + 1).encode())


# Below and above where each Python's JSON parser, and libyaml, give up by themselves.
@pytest.mark.parametrize("depth", [DEEPEST + 1, 990, 1010, 100_000])
@pytest.mark.parametrize("end", ["", "]", ", 01", ', "a": "'])
def test_broken_json_is_refused_for_its_depth_if_that_comes_before_what_is_broken(depth: int, end: str) -> None:
    text = '{"openapi": ' + "[" * (depth - 1) + end
    for read in READERS.values():
        with pytest.raises(ScriptError, match=TOO_DEEP):
            read(text.encode())


@pytest.mark.parametrize("depth", [DEEPEST + 1, 990, 1010, 100_000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
@pytest.mark.unmeasured
def test_broken_yaml_is_refused_for_its_depth_if_that_comes_before_what_is_broken(depth: int, opening: str) -> None:
    text = "openapi: 3.0.3\na:\n " + opening * depth
    with pytest.raises(ScriptError, match=TOO_DEEP):
        parse_yaml(text)


def test_what_is_broken_before_it_is_too_deep_is_refused_for_what_is_broken() -> None:
    for text in ('{"openapi": 01, "a": ' + "[" * 100_000, '{"openapi": "3.0.3" ' + "[" * 100_000):
        with pytest.raises(ScriptError, match=r"line 1, column [0-9]+: not JSON: "):
            read_specs(text.encode())
    with pytest.raises(ScriptError, match=r"line 2, column [0-9]+: not YAML: "):
        parse_yaml("openapi: 3.0.3\na: ]" + "[" * 100_000)


def test_a_parser_that_bears_less_says_no_other_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(text: str, **hooks: object) -> NoReturn:
        raise RecursionError

    monkeypatch.setattr(json, "loads", overflow)
    for read in READERS.values():
        with pytest.raises(ScriptError, match=TOO_DEEP):
            read(b'{"openapi": ' + b"[" * 2000)


class Shallow(yaml.SafeLoader):
    """A libyaml that refuses a depth before it has handed out anything."""

    def get_event(self) -> NoReturn:
        raise yaml.MarkedYAMLError(None, None, "exceeded maximum nesting depth", self.get_mark())

    def get_single_data(self) -> NoReturn:
        self.get_event()


@pytest.mark.parametrize("loader", [yaml.SafeLoader, Shallow, _parsing.YAML_LOADER])
@pytest.mark.unmeasured
def test_each_libyaml_and_none_leads_to_the_same_refusal_of_the_same_place(
    loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parsing, "YAML_LOADER", loader)
    with pytest.raises(ScriptError) as refusal:
        parse_yaml("openapi: 3.0.3\na: " + "[" * 100_000)
    assert str(refusal.value) == f"line 2, column {DEEPEST + 3}: not YAML: {TOO_DEEP}"


def test_the_comparison_takes_the_refusal_of_libyaml_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_Loader", Shallow)
    with pytest.raises(ScriptError, match=TOO_DEEP):
        trees.read(b"a: [[[")


def test_merge_keys_nested_until_the_stack_overflows_are_refused_as_too_deep() -> None:
    def read(frames: int) -> object:
        return read(frames - 1) if frames else trees.read(b"{<<: " * 700 + b"{}" + b"}" * 700)

    with pytest.raises(ScriptError, match=TOO_DEEP):
        read(400)


def test_brackets_and_escaped_quotes_in_strings_are_no_nesting() -> None:
    text = json.dumps({'[{"\\': ['[[["[[[', "\\", {"]": "[" * 1000}]})
    assert (json_depth(text), load_json(text)) == (3, json.loads(text))
    assert json_depth(text + '"[[[[[') == 3
    assert json_depth("1") == 0


def test_the_deepest_document_is_validated_and_compared_without_an_overflow() -> None:
    old, new = (Document.parse(leaf, json.dumps(spec(DEEPEST, leaf)).encode()) for leaf in ("string", "integer"))
    assert not contract_diff.compare(old, new, ()).breaks
