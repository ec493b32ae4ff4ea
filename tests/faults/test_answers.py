"""Malformed and surprising answers: each is our error of the right class, which names the place, or gifts with drift."""

from __future__ import annotations

import gzip
import json
import logging
import re
from typing import Any

import pytest
from scripted import answer, chunk, head, once, serving

import mantago
from conftest import GOOD, Connect
from mantago import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    ClientGifts,
    ClientNotFoundError,
    InvalidResponseError,
    MantaGoError,
    NotFoundError,
    ServerError,
    testing,
)

MOMENT = "2024-07-15T10:30:28.700Z"
# What a newer document adds to them is made up.
GIFT = testing.gift("保溫杯").to_dict() | {"createdAt": MOMENT}
TICKET = testing.ticket().to_dict() | {"createdAt": MOMENT}


def body(**changes: Any) -> bytes:
    """A good answer but for what is changed."""
    whole = GOOD | {"tickets": [TICKET], "physicalGifts": [GIFT], "virtualGifts": [GIFT]}
    return answer({name: value for name, value in (whole | changes).items() if value is not ...})


def gift(**changes: Any) -> bytes:
    """A good answer but for its second physical gift."""
    return body(physicalGifts=[GIFT, {name: value for name, value in (GIFT | changes).items() if value is not ...}])


def raw(text: str | bytes, status: int = 200, **headers: object) -> bytes:
    return answer(text if isinstance(text, bytes) else text.encode(), status, **headers)


INVALID = InvalidResponseError
TEXT = json.dumps(GOOD)

# What comes; what is raised, or ClientGifts; the path, with what the text says; or the kinds and paths of the drift.
CORPUS: dict[str, tuple[bytes, type, str]] = {
    # Not JSON, or not quite
    "nothing at all, with 200": (raw(""), INVALID, r"\$: is empty"),
    "white space": (raw(" \r\n\t"), INVALID, r"\$: is empty"),
    "HTML with 200": (raw("<!doctype html><title>Sign in</title>", Content_Type="text/html"), INVALID, r"\$: isn't JSON"),
    "plain text": (raw("OK", Content_Type="text/plain"), INVALID, r"\$: isn't JSON"),
    "XML": (raw("<?xml version='1.0'?><gifts/>", Content_Type="application/xml"), INVALID, r"\$: isn't JSON"),
    "JavaScript": (raw(f"callback({TEXT})"), INVALID, r"\$: isn't JSON"),
    "JSON lines": (raw(f"{TEXT}\n{TEXT}"), INVALID, r"\$: isn't JSON: Extra data"),
    "JSON and then rubbish": (raw(TEXT + "\0"), INVALID, r"\$: isn't JSON: Extra data"),
    "JSON cut off in a string": (raw(TEXT[:-5]), INVALID, r"\$: isn't JSON: Unterminated string"),
    "JSON cut off in an object": (raw(TEXT[:-1]), INVALID, r"\$: isn't JSON"),
    "a comma too many": (raw('{"success": true,}'), INVALID, r"\$: isn't JSON"),
    "single quotes": (raw("{'success': true}"), INVALID, r"\$: isn't JSON"),
    "comments": (raw("// gifts\n" + TEXT), INVALID, r"\$: isn't JSON"),
    "a line break in a string": (raw('{"success": true, "message": "a\nb"}'), INVALID, r"\$: isn't JSON: Invalid control"),
    "an escape that is none": (raw(r'{"success": true, "message": "\x41"}'), INVALID, r"\$: isn't JSON: Invalid \\"),
    "NaN": (raw('{"success": true, "message": "m", "x": NaN}'), INVALID, r"\$: can't be read as JSON: NaN"),
    "Infinity": (raw('{"success": true, "message": "m", "x": Infinity}'), INVALID, r"\$: can't be read .*Infinity"),
    "a number beyond floating point": (raw('{"success": true, "message": "m", "x": 1e999}'), INVALID, r"1e999 isn't a number"),
    "an integer of 5,000 digits": (raw('{"x": %s}' % ("9" * 5000)), INVALID, r"\$: can't be read as JSON: Exceeds"),
    "a name twice": (raw('{"success": true, "success": false, "message": "m"}'), INVALID, r"'success' comes twice"),
    "a name twice in a gift": (
        raw('{"success": true, "message": "m", "tickets": [{"createdAt": "", "createdAt": ""}]}'), INVALID, r"'createdAt' comes twice"),
    "100,000 levels of lists": (raw("[" * 100_000 + "]" * 100_000), INVALID, r"\$: .*nested too deeply"),
    "100,000 levels of objects": (raw('{"a":' * 100_000 + "1" + "}" * 100_000), INVALID, r"\$: .*nested too deeply"),
    "100,000 levels in a field that nobody knows": (
        raw(TEXT[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"), INVALID, r"\$: .*nested too deeply"),
    # Encodings
    "Latin-1": (raw('{"success": true, "message": "é"}'.encode("latin-1")), INVALID, r"\$: isn't JSON: not UTF-8"),
    "Big5": (raw('{"success": true, "message": "禮物"}'.encode("big5")), INVALID, r"\$: isn't JSON: not UTF-8"),
    "UTF-16": (raw(TEXT.encode("utf-16"), Content_Type="application/json; charset=utf-16"), INVALID, r"\$: isn't JSON: not UTF-8"),
    "UTF-8 with half a character": (raw(b'{"success": true, "message": "\xe7\xa6"}'), INVALID, r"\$: isn't JSON: not UTF-8"),
    "UTF-8 in overlong form": (raw(b'{"success": true, "message": "\xc0\xaf"}'), INVALID, r"\$: isn't JSON: not UTF-8"),
    "a byte-order mark": (raw(b"\xef\xbb\xbf" + TEXT.encode()), ClientGifts, "format $"),
    "two byte-order marks": (raw(b"\xef\xbb\xbf" * 2 + TEXT.encode()), INVALID, r"\$: isn't JSON"),
    "half a surrogate pair": (gift(name="\ud800"), ClientGifts, ""),
    "a wrong charset in the header": (raw(TEXT, Content_Type="application/json; charset=nonsense"), ClientGifts, ""),
    "an unknown media type": (raw(TEXT, Content_Type="application/vnd.mantago.v9+json"), ClientGifts, ""),
    "no media type": (raw(TEXT), ClientGifts, ""),
    "a media type that lies": (raw(TEXT, Content_Type="text/html"), ClientGifts, ""),
    "gzip in several members": (raw(gzip.compress(TEXT[:9].encode()) + gzip.compress(TEXT[9:].encode()) + gzip.compress(b"")
        + b"\0" * 9, Content_Encoding="gzip"), ClientGifts, ""),
    "a compression that isn't there": (raw(TEXT, Content_Encoding="gzip"), INVALID, r"\$: isn't the gzip"),
    "a compression not asked for": (raw(TEXT, Content_Encoding="zstd"), INVALID, r"\$: has the content encoding 'zstd'"),
    # JSON of another shape
    "null": (raw("null"), INVALID, r"\$: must be an object, not null"),
    "true": (raw("true"), INVALID, r"\$: must be an object, not a boolean"),
    "a number": (raw("42"), INVALID, r"\$: must be an object, not a number"),
    "a string": (raw('"gifts"'), INVALID, r"\$: must be an object, not a string"),
    "a list": (raw(f"[{TEXT}]"), INVALID, r"\$: must be an object, not a list"),
    "an empty object": (raw("{}"), INVALID, r"success: is missing"),
    "the envelope around the answer": (raw(f'{{"data": {TEXT}}}'), INVALID, r"success: is missing"),
    "GraphQL": (raw('{"errors": [{"message": "no"}]}'), INVALID, r"success: is missing"),
    "success as a string": (body(success="true"), INVALID, r"success: must be true or false, not a string"),
    "success as a number": (body(success=1), INVALID, r"success: must be true or false, not a number"),
    "success as null": (body(success=None), INVALID, r"success: must not be null"),
    "no message": (body(message=...), INVALID, r"message: is missing"),
    "a message as an object": (body(message={"en": "m"}), INVALID, r"message: must be a string, not an object"),
    # Lists
    "no lists": (body(tickets=..., physicalGifts=..., virtualGifts=...), ClientGifts, ""),
    "nulls for lists": (
        body(tickets=None, physicalGifts=None, virtualGifts=None), ClientGifts, "null tickets, null physicalGifts, null virtualGifts"),
    "an object for a list": (body(tickets={}), INVALID, r"tickets: must be a list, not an object"),
    "an object with numbers for a list": (body(tickets={"0": TICKET}), INVALID, r"tickets: must be a list"),
    "a string for a list": (body(physicalGifts=""), INVALID, r"physicalGifts: must be a list, not a string"),
    "false for a list": (body(virtualGifts=False), INVALID, r"virtualGifts: must be a list, not a boolean"),
    "null for a ticket": (body(tickets=[TICKET, None]), INVALID, r"tickets\[1\]: must be an object, not null"),
    "a string for a ticket": (body(tickets=[MOMENT]), INVALID, r"tickets\[0\]: must be an object, not a string"),
    "a list for a gift": (body(virtualGifts=[[GIFT]]), INVALID, r"virtualGifts\[0\]: must be an object, not a list"),
    "an empty ticket": (body(tickets=[{}]), INVALID, r"tickets\[0\].createdAt: is missing"),
    # Fields
    "a number for a name": (gift(name=7), INVALID, r"physicalGifts\[1\].name: must be a string, not a number"),
    "null for a name": (gift(name=None), INVALID, r"physicalGifts\[1\].name: must not be null"),
    "no name": (gift(name=...), INVALID, r"physicalGifts\[1\].name: is missing"),
    "an empty name": (gift(name=""), ClientGifts, ""),
    "names in capitals": (gift(name=..., Name="n"), INVALID, r"physicalGifts\[1\].name: is missing"),
    "a resource that nobody knows": (gift(resource="wheel"), ClientGifts, "unknown_value physicalGifts[1].resource"),
    "a resource in other letters": (gift(resource="REWARDSCARD"), ClientGifts, "unknown_value physicalGifts[1].resource"),
    "a number for a resource": (gift(resource=1), INVALID, r"physicalGifts\[1\].resource: must be a string"),
    "no isExpired": (gift(isExpired=...), ClientGifts, "missing physicalGifts[1].isExpired"),
    "null for isExpired": (gift(isExpired=None), ClientGifts, "null physicalGifts[1].isExpired"),
    "a string for isExpired": (gift(isExpired="false"), INVALID, r"physicalGifts\[1\].isExpired: must be true or false"),
    "a number for isExpired": (gift(isExpired=0), INVALID, r"physicalGifts\[1\].isExpired: must be true or false"),
    "nulls for both ends": (
        gift(startTime=None, endTime=None), ClientGifts, "null physicalGifts[1].startTime, null physicalGifts[1].endTime"),
    "an empty string for an end": (gift(endTime=""), ClientGifts, "format physicalGifts[1].endTime"),
    "an empty string for isExpired": (gift(isExpired=""), ClientGifts, "format physicalGifts[1].isExpired"),
    "an empty string for a timestamp": (gift(createdAt=""), INVALID, r"physicalGifts\[1\].createdAt: must be a timestamp"),
    "seconds since 1970": (gift(createdAt=1721039428), INVALID, r"physicalGifts\[1\].createdAt: must be a string"),
    "seconds since 1970 in a string": (gift(createdAt="1721039428"), INVALID, r"physicalGifts\[1\].createdAt: must be a timestamp"),
    "a date without time": (gift(createdAt="2024-07-15"), INVALID, r"physicalGifts\[1\].createdAt: must be a timestamp"),
    "a timestamp without offset": (gift(createdAt="2024-07-15T10:30:28"), ClientGifts, "format physicalGifts[1].createdAt"),
    "a timestamp in words": (gift(createdAt="Mon Jul 15 2024"), INVALID, r"physicalGifts\[1\].createdAt: must be a timestamp"),
    "the 30th of February": (gift(createdAt="2024-02-30T00:00:00Z"), INVALID, r"\[1\].createdAt: is a timestamp that no"),
    "a leap second": (gift(createdAt="2016-12-31T23:59:60Z"), ClientGifts, ""),
    "digits of another script": (gift(createdAt="٢٠٢٤-07-15T10:30:28Z"), INVALID, r"\[1\].createdAt: must be a timestamp"),
    "a timestamp of 1 MB": (gift(createdAt=MOMENT[:-1] + "0" * 1_000_000 + "Z"), ClientGifts, ""),
    "nulls everywhere": (
        gift(name=None, resource=None, createdAt=None, isExpired=None), INVALID, r"physicalGifts\[1\].name: must not be null"),
    "extra everything": (
        body(page=1, tickets=[TICKET | {"x": {}}], physicalGifts=[GIFT | {"x": [None]}], virtualGifts=[GIFT | {"": 1}]),
        ClientGifts, "unknown_field tickets[0].x, unknown_field physicalGifts[0].x, unknown_field virtualGifts[0]., unknown_field page"),
    "a field with a name like a method": (gift(__class__="x", extra={}, drift=1), ClientGifts,
        "unknown_field physicalGifts[1].__class__, unknown_field physicalGifts[1].extra, unknown_field physicalGifts[1].drift"),
    "a gift where tickets stand": (body(tickets=[TICKET | {"name": "x", "resource": "unknown", "isExpired": False}]), ClientGifts,
        "unknown_field tickets[0].name, unknown_field tickets[0].resource, unknown_field tickets[0].isExpired"),
    # Statuses
    "another good answer with 201": (raw(TEXT, 201), INVALID, r"\$: has the status 201 Created, where the spec says 200"),
    "202": (raw(TEXT, 202), INVALID, r"\$: has the status 202"),
    "204": (head(204), INVALID, r"\$: has the status 204"),
    "206": (raw(TEXT, 206, Content_Range="bytes 0-10/99"), INVALID, r"\$: has the status 206"),
    "101": (head(101, Upgrade="websocket", Connection="Upgrade"), APIConnectionError, "RemoteProtocolError"),
    "a status of 299": (raw(TEXT, 299), INVALID, r"\$: has the status 299"),
    "304": (head(304), APIStatusError, "^304 Not Modified.*a redirect is not followed"),
    "300 without a place": (raw("", 300), APIStatusError, "^300 Multiple Choices"),
    "302 with HTML": (raw("<html>", 302, Location="https://login.example"), APIStatusError, "^302 Found"),
    "400 with HTML": (raw("<html>Bad Request</html>", 400), BadRequestError, "^400 Bad Request [(]"),
    "404 of a proxy": (raw("<html>nginx</html>", 404), NotFoundError, "^404 Not Found .not one of the service's known refusals"),
    "405": (raw("", 405), APIStatusError, "^405 Method Not Allowed"),
    "418": (raw("{}", 418), APIStatusError, "^418"),
    "500 with nothing": (raw("", 500), ServerError, "^500 Internal Server Error"),
    "502 with HTML": (raw("<html>", 502), ServerError, "^502 Bad Gateway"),
    "520 of a content delivery network": (raw("error code: 520", 520), ServerError, "^520: the service gave no message"),
    "599": (raw("", 599), ServerError, "^599: the service gave no message"),
    "a status of 999": (raw("", 999), APIStatusError, "^999: the service gave no message"),
    "a status of two digits": (b"HTTP/1.1 99 Low\r\n\r\n", APIConnectionError, "RemoteProtocolError"),
    "a status in words": (b"HTTP/1.1 good\r\n\r\n", APIConnectionError, "RemoteProtocolError"),
    "HTTP/1.0": (TEXT.encode().join([b"HTTP/1.0 200 OK\r\n\r\n", b""]), ClientGifts, ""),
    "HTTP/2 that nobody asked for": (b"HTTP/2 200\r\n\r\n" + TEXT.encode(), APIConnectionError, "RemoteProtocolError"),
    "chunks": (head(Transfer_Encoding="chunked") + chunk(TEXT.encode()) + chunk(b""), ClientGifts, ""),
    "early hints before": (head(103, Link="</x>") + raw(TEXT), ClientGifts, ""),
    # Envelopes
    "a refusal with 200": (raw('{"success": false, "errResponse": {"message": "m", "code": 37011}}'), ClientNotFoundError,
        r"^200 OK, code 37011: m \[no client matches"),
    "a refusal with 200 and nothing else": (raw('{"success": false}'), APIStatusError, '^200 OK: the answer says "success": false'),
    "an envelope beside success": (answer(GOOD | {"errResponse": {"code": 1}}), ClientGifts, "unknown_field errResponse"),
    "an envelope without code": (raw('{"success": false, "errResponse": {"message": "m"}}', 400), BadRequestError, r"^400 Bad Request: m \("),
    "a code as a string": (raw('{"errResponse": {"message": "m", "code": "37011"}}', 404), ClientNotFoundError, "code 37011: m"),
    "a code in words": (raw('{"errResponse": {"message": "m", "code": "E1"}}', 404), NotFoundError, r"^404 Not Found: m"),
    "a code that is no integer": (raw('{"errResponse": {"message": "m", "code": 1.5}}', 404), NotFoundError, r"^404 Not Found: m"),
    "a message that is an object": (raw('{"errResponse": {"message": {}, "code": 1}}', 400), BadRequestError, "code 1 "),
    "an envelope that is a string": (raw('{"success": false, "errResponse": "no"}', 400), BadRequestError, "^400 Bad Request"),
    "an envelope that is a list": (raw('{"success": false, "errResponse": []}', 500), ServerError, "^500 Internal"),
    "an envelope with a name twice": (raw('{"errResponse": {"code": 1, "code": 2}}', 403), mantago.PermissionDeniedError, "^403 Forbidden"),
    "a refusal of 100,000 levels": (raw("[" * 100_000, 403), mantago.PermissionDeniedError, "^403 Forbidden"),
    "a message of many lines": (raw('{"errResponse": {"message": "a\\n\\nb", "code": 1}}', 400), BadRequestError, "code 1: a b"),
}  # fmt: skip


@pytest.mark.parametrize("case", CORPUS)
@pytest.mark.unmeasured
def test_an_answer_is_our_error_or_gifts_with_drift(connect: Connect, case):
    data, kind, told = CORPUS[case]
    with serving(once(data)) as server:
        driver = connect(base_url=server.base_url, max_retries=0)
        if kind is ClientGifts:
            gifts = driver.get_client_gifts(client_id="a")
            assert ", ".join(f"{line.kind} {line.path}" for line in gifts.drift) == told
            return
        with pytest.raises(MantaGoError) as caught:
            driver.get_client_gifts(client_id="a")
    assert type(caught.value) is kind
    assert re.search(told, str(caught.value), re.DOTALL), str(caught.value)
    assert len(str(caught.value)) < 1000
    assert caught.value.__cause__ is None or kind is APIConnectionError


@pytest.mark.parametrize("case", [name for name, (_, kind, told) in CORPUS.items() if kind is ClientGifts and told])
def test_strict_refuses_each_drift_but_a_field_that_nobody_knows(connect: Connect, case):
    data, _, told = CORPUS[case]
    with serving(once(data)) as server:
        driver = connect(base_url=server.base_url, strict=True)
        if told.startswith("unknown_field"):
            assert driver.get_client_gifts(client_id="a").drift
        else:
            kind, path = re.match(r"(\w+) ([^,]+)", told).groups()  # type: ignore[union-attr]
            with pytest.raises(InvalidResponseError, match=rf"{re.escape(path)}: {kind}: .*\(strict=True\)"):
                driver.get_client_gifts(client_id="a")


def test_a_service_that_makes_up_names_fills_neither_memory_nor_log(connect: Connect, caplog):
    fields = {f"field\n{number}" + "x" * 1000: number for number in range(3000)}
    with serving(once(answer(GOOD | fields))) as server, caplog.at_level(logging.WARNING):
        gifts = connect(base_url=server.base_url).get_client_gifts(client_id="a")
    texts = [record.getMessage() for record in caplog.records if record.name == "mantago.drift"]
    assert len(gifts.drift) == len(gifts.extra) == 3000
    assert len(texts) == 1000
    assert all(len(text) < 300 and "\n" not in text for text in texts)
