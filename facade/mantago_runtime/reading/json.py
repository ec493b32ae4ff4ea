"""Bytes to JSON, as RFC 8259 has it and with nothing left to chance; a faster parser is used where one is installed.

Parsers differ in what they make of two members of one name, of large integers, of half a surrogate pair. What the
quickest one read is taken only if it is beyond doubt. Of anything else, a refusal too, the strict way decides: results
and errors are the same whatever is installed.
"""

from __future__ import annotations

import importlib
import json
import math
from codecs import BOM_UTF8
from collections.abc import Callable
from itertools import chain
from typing import Any, Final, NoReturn

from mantago_runtime.errors import InvalidResponseError

Parser = Callable[[bytes], Any]

EXACT_TYPES: Final = frozenset({str, bool, int, type(None)})
"""The types whose values every parser reads alike; a float may have been an integer."""
_IN_DOUBT: Final = object()
_decode: Final = json.JSONDecoder().decode


def plain(body: bytes) -> Any:
    """Parse with the standard library, checking nothing."""
    return _decode(body.decode())


def parser_of(*loaders: str) -> Parser:
    """Return the first of these functions, named like `orjson:loads`, whose package is installed; else `plain`."""
    for loader in loaders:
        module, _, name = loader.partition(":")
        try:
            parser: Parser = getattr(importlib.import_module(module), name)
        except ImportError:
            continue
        return parser
    return plain


FASTEST_PARSER = parser_of("orjson:loads", "msgspec.json:decode")


def parse_json(body: bytes, parser: Parser = FASTEST_PARSER) -> Any:
    """Parse a body: UTF-8, no NaN, no name twice in an object; a byte-order mark is passed over."""
    payload = _parsed(body, parser)
    return _parsed_strictly(body) if payload is _IN_DOUBT else payload


def _parsed(body: bytes, parser: Parser) -> Any:
    """Return what a parser reads, if that is what the strict way would read."""
    try:
        payload = parser(body)
        # Of the form that answers have: an object whose lists hold flat objects. TypeError for anything else.
        values: list[object] = []
        names = len(payload)
        for value in dict.values(payload):
            if type(value) is list:
                names += sum(map(dict.__len__, value))
                values += chain.from_iterable(map(dict.values, value))
            else:
                values.append(value)
    except (TypeError, ValueError, RecursionError):
        return _IN_DOUBT
    kinds = list(map(type, values))
    # Each string, and so each name, stands between two quotation marks: if there are more of them than what was kept
    # takes, a name may have come twice.
    certain = EXACT_TYPES.issuperset(kinds) and 2 * (names + kinds.count(str)) == body.count(b'"')
    return payload if certain else _IN_DOUBT


def _parsed_strictly(body: bytes) -> Any:
    problem = "isn't JSON"
    try:
        text = body.removeprefix(BOM_UTF8).decode()
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_members)
    except UnicodeDecodeError:
        problem = "isn't JSON: not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"isn't JSON: {error.msg} at character {error.pos}" if body.strip() else "is empty, not JSON"
    except RecursionError:
        problem = "can't be read as JSON: nested too deeply"
    except ValueError as error:
        problem = f"can't be read as JSON: {error}"
    # Raised out here, the error doesn't carry the parser's, which holds the whole document.
    raise InvalidResponseError(problem)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text[:50]} isn't a number that can be read")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; where a name comes twice, one reader takes the one and another the other."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:50]!r} comes twice in an object")
    return members
