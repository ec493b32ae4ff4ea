"""A faster parser changes nothing but the time: same results, same errors, whatever the body."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mantago import InvalidResponseError
from mantago_runtime.reading.json import _IN_DOUBT, _parsed, _parsed_strictly, parse_json, parser_of, plain

PARSERS = {
    "standard library": parser_of(),
    "orjson": parser_of("orjson:loads"),
    "msgspec": parser_of("msgspec.json:decode"),
}
GIFTS = b'{"success": true, "message": "\xe7\xa6\xae", "tickets": [{"createdAt": "x"}], "physicalGifts": []}'
TAKEN = [
    GIFTS,
    b"{}",
    b'{"a" : "b" , "list": [{"c":1},{"c":null,"d":false}]}',
    b'{"a": ":", "b": "\\u4e2d"}',
    b'{"a": 18446744073709551615, "b": -9223372036854775808}',
]
LEFT = [
    b'{"a": 1, "a": 2}',
    b'{"a" :1, "a":2}',
    b'{"a": "x", "b": ":", "a": 1}',
    b'{"a": "\\"", "a": 1}',
    b'{"a": 1, "\\u0061": 1}',
    b'{"list": [{"b": 1, "b": 1}]}',
    b'{"list": [{"b": {"c": 1, "c": 2}}]}',
    b'{"a": {"b": 1, "b": 2}}',
    b'{"list": ["x", "y"]}',
    b'{"list": [[{"a": 1, "a": 1}]]}',
    b'{"list": [1.5]}',
    b'{"a": 18446744073709551616}',
    b'{"a": -9223372036854775809}',
    b'{"a": [{"b": 18446744073709551616}]}',
    b'{"a": 1e999}',
    b'{"a": -1e999}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -0}',
    b'{"a": 1.5}',
    b'{"a": 1e2}',
    b'{"a": "\\ud800"}',
    b'{"a": "\\udc00\\ud800"}',
    b'{"\\ud800": "x"}',
    b'{"a": "\xff"}',
    b'{"\xff": 1}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\x01"}',
    b'{"a": "\\x"}',
    b'{"a": 1' + b"1" * 5_000 + b"}",
    b'{"a": 01}',
    b'{"a": +1}',
    b'{"a": 1,}',
    b'{"a": 1} x',
    b'{"a": 1}\x00',
    b"[" * 1_500 + b"]" * 1_500,
    b'{"a":' * 1_500 + b"1" + b"}" * 1_500,
    b"[" * 100_000,
    b"\xef\xbb\xbf" + GIFTS,
    b"\xef\xbb\xbf\xef\xbb\xbf{}",
    GIFTS.decode().encode("utf-16"),
    b"",
    b" ",
    b"null",
    b"1",
    b'"x"',
    b"[]",
    b"[{}]",
    GIFTS[:-1],
]


@pytest.fixture(params=PARSERS)
def name(request: pytest.FixtureRequest) -> str:
    if request.param != "standard library":
        pytest.importorskip(request.param)
    return request.param


def outcome(body: bytes, parser: Any) -> tuple[str, str]:
    try:
        return "read", repr(parse_json(body, parser) if parser else _parsed_strictly(body))
    except InvalidResponseError as error:
        return "refused", str(error)


@pytest.mark.parametrize("body", TAKEN + LEFT, ids=lambda body: repr(body[:40]))
def test_every_parser_gives_what_the_strict_one_gives(name, body):
    assert outcome(body, PARSERS[name]) == outcome(body, None)


@pytest.mark.parametrize("body", TAKEN, ids=repr)
def test_a_usual_answer_is_not_parsed_twice(name, body):
    assert _parsed(body, PARSERS[name]) == json.loads(body)


@pytest.mark.parametrize("body", [body for body in LEFT if b"-0" not in body], ids=lambda body: repr(body[:40]))
def test_whatever_is_in_doubt_is_left_to_the_strict_one(name, body):
    payload = _parsed(body, PARSERS[name])
    if name != "orjson" and payload is not _IN_DOUBT:
        # The others read integers of any size, and the standard library half a surrogate pair.
        assert ("read", repr(payload)) == outcome(body, None)
    else:
        assert payload is _IN_DOUBT


def test_without_a_faster_parser_the_standard_library_is_used():
    assert parser_of("no_such_package_as_this:loads") is plain
    assert parser_of("no_such_package_as_this:loads", "json:loads") is json.loads


NAMES = st.sampled_from(["a", "b", "createdAt", ":", '"', "", "\\", "中"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), NAMES)
FLAT = st.lists(st.tuples(NAMES, SCALARS), max_size=4)
VALUES = st.one_of(SCALARS, st.lists(st.one_of(FLAT, SCALARS), max_size=3), FLAT.map(tuple))


def written(value: Any, *, ascii_only: bool, space: str) -> str:
    """Write JSON where a list of pairs is an object, so that a name can come twice."""
    if isinstance(value, list) and all(isinstance(part, tuple) for part in value) and value:
        members = (
            json.dumps(name, ensure_ascii=ascii_only) + space + ":" + written(part, ascii_only=ascii_only, space=space)
            for name, part in value
        )
        return "{" + f",{space}".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(written(part, ascii_only=ascii_only, space=space) for part in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.booleans(), st.sampled_from(["", " ", "\n"]))
@example([("a", [[("b", 1), ("b", 2)]])], False, " ")
def test_any_document_is_read_or_refused_alike_by_all_parsers(members, ascii_only, space):
    body = written(members, ascii_only=ascii_only, space=space).encode("utf-8", "surrogatepass")
    assert {outcome(body, parser) for parser in PARSERS.values()} == {outcome(body, None)}
