"""Token and secret appear nowhere: canaries go through every way that a call can end."""

from __future__ import annotations

import json
import pickle
import secrets
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import mantago
import mantago_generated
from conftest import GOOD, Connect
from mantago import Credentials, MantaGoError

OURS = tuple(str(Path(str(package.__file__)).parent) for package in (mantago, mantago_generated))
Handler = Callable[[httpx.Request], httpx.Response]


def echo(request: httpx.Request) -> str:
    return f"{request.headers['Authorization']} {json.loads(request.content)['secret']}"


def refused(status: int) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        error = {"message": echo(request), "code": 1002, "botId": echo(request)}
        headers = [(b"X-Echo", echo(request).encode()), (b"Location", f"https://evil.example/{echo(request)}".encode())]
        return httpx.Response(
            status, json={"success": False, "errResponse": error, "more": echo(request)}, headers=headers
        )

    return handler


def raising(kind: type[httpx.HTTPError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise kind(f"illegal line {echo(request).encode()!r}", request=request)

    return handler


def good(**fields: Callable[[str], object]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=GOOD | {name: make(echo(request)) for name, make in fields.items()})

    return handler


def gift(text: str) -> list[object]:
    moment = "2024-07-15T10:30:28.700Z"
    return [{"name": text, "resource": text, "createdAt": moment, "isExpired": False, text: text}]


ENDS: dict[str, Handler] = {
    **{f"refused with {status}": refused(status) for status in (200, 302, 400, 401, 403, 404, 429, 500, 503, 520)},
    **{kind.__name__: raising(kind) for kind in (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError)},
    "an HTML page": lambda request: httpx.Response(502, text=f"<html>{echo(request)}</html>"),
    "not JSON": lambda request: httpx.Response(200, text=f"{echo(request)} {{"),
    "a body too large": lambda request: httpx.Response(200, text=echo(request) * 10_000),
    "another success": lambda request: httpx.Response(202, text=echo(request)),
    "a broken compression": lambda request: httpx.Response(
        200, content=echo(request), headers={"Content-Encoding": "br"}
    ),
    "a list that is none": good(tickets=str),
    "a timestamp that is none": good(tickets=lambda text: [{"createdAt": text}]),
    "gifts that echo": good(physicalGifts=gift, page=str),
    "gifts": good(),
}


@pytest.fixture
def canaries() -> dict[str, str]:
    return {"bot_id": "bot", "token": f"token.{secrets.token_hex(16)}", "secret": f'secret/"é\\{secrets.token_hex(16)}'}


def shown(error: BaseException | None) -> Iterator[str]:
    """Everything that the error, its causes and the frames that are ours let somebody see."""
    while error is not None:
        yield from (str(error), repr(error), *getattr(error, "__notes__", ()), repr(vars(error)))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith((*OURS, "<attrs generated")):
                yield from (f"{name}={value!r}" for name, value in frame.f_locals.items())
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("end", ENDS)
def test_neither_token_nor_secret_is_seen_when_a_call_ends_with(connect: Connect, canaries, end, caplog):
    driver = connect(ENDS[end], max_retries=0, max_response_bytes=20_000, **canaries)
    seen = [repr(driver.client), repr(driver.client.generated), repr(driver.client.credentials)]
    with caplog.at_level(1):
        try:
            result = driver.get_client_gifts(client_id="a")
        except MantaGoError as error:
            seen += [*shown(error), str(pickle.dumps(error)), str(vars(pickle.loads(pickle.dumps(error))))]
        else:
            assert end.startswith("gifts")
            seen += [repr(result), str(result.to_dict()), str(pickle.dumps(result)), str(result.drift)]
    seen += [record.getMessage() for record in caplog.records]
    text = "\n".join(seen)
    needles = [canaries["token"], canaries["secret"], canaries["token"][6:], canaries["secret"][-32:]]
    assert not [needle for needle in needles if needle in text]
    if "echo" in end or "refused" in end:
        assert "<redacted>" in text


def test_the_check_above_can_fail(canaries):
    # What a caller's own frame shows isn't ours; a name in ours would be found.
    error = MantaGoError(f"a text with {canaries['token']}")
    assert any(canaries["token"] in line for line in shown(error))


def test_a_provider_that_fails_shows_no_pair_of_before(connect: Connect, canaries):
    pairs = [Credentials(**canaries)]

    def provide() -> object:
        return pairs.pop() if pairs else None

    with pytest.raises(mantago.ConfigurationError) as caught:
        connect(refused(401), credentials=provide).get_client_gifts(client_id="a")
    text = "\n".join(shown(caught.value))
    assert canaries["token"] not in text
    assert canaries["secret"] not in text


def test_the_personal_id_is_in_no_log_of_ours_and_in_no_error(connect: Connect, caplog):
    personal = f"U{secrets.token_hex(16)}"
    driver = connect(refused(404))
    with caplog.at_level(1), pytest.raises(mantago.NotFoundError) as caught:
        driver.get_client_gifts(platform="line", platform_client_id=personal)
    assert personal not in str(caught.value) + repr(caught.value)
    assert personal not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("mantago")
    )


def test_a_secret_that_a_generated_call_brings_itself_is_masked_too(connect: Connect, canaries):
    driver = connect(refused(403))
    with pytest.raises(mantago.PermissionDeniedError) as caught:
        driver.request("POST", "/openapi/client/gift", params={"botId": "other"}, json={"secret": canaries["secret"]})
    assert canaries["secret"][-32:] not in "".join(shown(caught.value))
    assert "<redacted>" in str(caught.value)
