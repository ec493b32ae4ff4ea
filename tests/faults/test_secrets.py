"""Token and secret appear nowhere: canaries go through every way that a call can end, on real sockets."""

from __future__ import annotations

import asyncio
import contextvars
import gzip
import json
import pickle
import secrets
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from scripted import Connection, Request, always, answer, chunk, head, refusal, serving

import mantago
import mantago_generated
import mantago_runtime
from conftest import ENGINE, GOOD, Connect
from mantago import Credentials, MantaGoError
from mantago.identification import ClientIdentity
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import ClientIdentificationRequest
from mantago_runtime.calls.policy import Policy
from mantago_runtime.calls.requests import UnsignedRequest
from mantago_runtime.calls.responses import RawResponse
from mantago_runtime.configuration import Network

OURS = tuple(str(Path(str(package.__file__)).parent) for package in (mantago, mantago_generated, mantago_runtime))
Reply = Callable[[str], bytes]
"""Makes the raw answer to a request from the token and the secret that were in it."""

MOMENT = "2024-07-15T10:30:28.700Z"


def told(request: Request) -> str:
    return f"{request.headers['authorization']} {request.json.get('secret')}"


def in_header(text: str) -> str:
    """The text as far as a header can hold it."""
    return json.dumps(text)


def refused(status: int) -> Reply:
    def reply(text: str) -> bytes:
        error = {"message": text, "code": 1002, "botId": text}
        body = {"success": False, "errResponse": error, "more": text, text: 1}
        place = f"https://evil.example/{in_header(text)}"
        return answer(body, status, X_Echo=in_header(text), Location=place, Retry_After=in_header(text))

    return reply


def good(**fields: Callable[[str], object]) -> Reply:
    return lambda text: answer(GOOD | {name: make(text) for name, make in fields.items()}, X_Echo=in_header(text))


def gift(text: str) -> list[object]:
    return [{"name": text, "resource": text, "createdAt": MOMENT, "isExpired": False, text: text}]


ENDS: dict[str, Reply] = {
    **{f"refused with {code}": refused(code) for code in (200, 302, 308, 400, 401, 403, 404, 422, 429, 500, 503, 520)},
    "an HTML page": lambda text: answer(f"<html>{text}</html>".encode(), 502, Content_Type="text/html"),
    "no JSON": lambda text: answer(f"{text} {{".encode()),
    "a name twice": lambda text: answer(f'{{{json.dumps(text)}: 1, {json.dumps(text)}: 2}}'.encode()),
    "a body too large": lambda text: answer(text.encode() * 10_000),
    "another success": lambda text: answer(text.encode(), 202),
    "a compression not asked for": lambda text: answer(text.encode(), Content_Encoding="br"),
    "a compression that is none": lambda text: answer(text.encode(), Content_Encoding="gzip"),
    "a compression of what echoes": lambda text: answer(gzip.compress(text.encode()), 403, Content_Encoding="gzip"),
    "an answer cut off": lambda text: head(Content_Length=10_000) + text.encode(),
    "an answer that isn't HTTP": lambda text: text.encode() + b"\r\n\r\n",
    "a header that is none": lambda text: b"HTTP/1.1 200 OK\r\n" + text.encode() + b"\r\n\r\n",
    "a reason that echoes": lambda text: f"HTTP/1.1 404 {in_header(text)}\r\nContent-Length: 0\r\n\r\n".encode(),
    "a chunk that is none": lambda text: head(Transfer_Encoding="chunked") + chunk(b"[") + text.encode() + b"\r\n",
    "a length that is none": lambda text: head(Content_Length=in_header(text)),
    "no answer": lambda _: b"",
    "a timeout": lambda text: head(X_Echo=in_header(text)) + b" " * 10,
    "a list that is none": good(tickets=str),
    "a timestamp that is none": good(tickets=lambda text: [{"createdAt": text}]),
    "gifts that echo": good(physicalGifts=gift, page=str),
    "gifts": good(),
}  # fmt: skip


def echoing(reply: Reply, *, and_hang: bool) -> Callable[[Connection], None]:
    def script(connection: Connection) -> None:
        if request := connection.request():
            connection.send(reply(told(request)))
            if and_hang:
                connection.wait_for_the_end()

    return script


@pytest.fixture
def canaries() -> dict[str, str]:
    return {"bot_id": "bot", "token": f"token.{secrets.token_hex(16)}", "secret": f'secret/"é\\{secrets.token_hex(16)}'}


def frames(error: BaseException) -> Iterator[str]:
    """Show what stands in the frames of ours that the error has in its traceback."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith((*OURS, "<attrs generated")):
            yield from (f"{name}={value!r}" for name, value in frame.f_locals.items())


def shown(error: BaseException | None) -> Iterator[str]:
    """Everything that the error, its causes and the frames that are ours let somebody see."""
    while error is not None:
        yield from (str(error), repr(error), *getattr(error, "__notes__", ()), repr(vars(error)), *frames(error))
        error = error.__cause__ or error.__context__


def needles(canaries: dict[str, str]) -> list[str]:
    return [canaries["token"][6:], canaries["secret"][-32:]]


def found(canaries: dict[str, str], seen: list[str]) -> list[str]:
    return [text[:300] for text in seen if any(needle in text for needle in needles(canaries))]


@pytest.mark.parametrize("kind", [ClientIdentity, Credentials, Network, Policy, RawResponse, UnsignedRequest])
def test_what_may_hold_a_secret_has_no_items(kind: type) -> None:
    """Error reporters show the items of a sequence or a mapping, whatever its repr is."""
    assert not issubclass(kind, Iterable)


CALLS: dict[str, Callable[[Any], Any]] = {
    "the friendly method": lambda driver: driver.get_client_gifts(client_id="a"),
    "the generated operation": lambda driver: driver.operation(
        post_openapi_client_gift, bot_id="", body=ClientIdentificationRequest(secret="", client_id="a")
    ),
    "the generated client": lambda driver: driver.request("POST", "/openapi/other", json={"client_id": "a"}),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.unmeasured
def test_neither_token_nor_secret_is_seen_when_a_call_ends_with(connect: Connect, canaries, end, call, caplog):
    with serving(echoing(ENDS[end], and_hang=end == "a timeout")) as server, caplog.at_level(1):
        limits = {"max_retries": 0, "max_response_bytes": 20_000, "timeout": 0.2 if end == "a timeout" else 30}
        driver = connect(base_url=server.base_url, **limits, **canaries)
        seen = [repr(driver.client), repr(driver.client.generated), repr(driver.client.credentials)]
        try:
            result = CALLS[call](driver)
        except MantaGoError as error:
            assert end != "gifts"
            again = pickle.loads(pickle.dumps(error))
            seen += [*shown(error), str(pickle.dumps(error)), str(vars(again)), *traceback.format_exception(error)]
        else:
            assert end.startswith(("gifts", "a list", "a timestamp"))
            seen += [repr(result), str(getattr(result, "drift", "")), str(getattr(result, "headers", ""))]
            if call == "the friendly method":
                seen += [str(result.to_dict()), str(pickle.dumps(result))]
    seen += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    assert canaries["token"] in str(server.requests), "it was sent"
    assert found(canaries, seen) == []
    if "echo" in end or "refused" in end:
        assert "<redacted>" in "\n".join(seen)


def test_the_check_above_can_fail(canaries):
    # What a caller's own frame shows isn't ours; a name in ours would be found.
    assert found(canaries, list(shown(MantaGoError(f"a text with {canaries['token']}"))))


@pytest.mark.skipif(ENGINE != "httpcore", reason="the other engine doesn't log")
def test_httpcore_logs_what_it_receives_and_so_the_check_above_sees_it(connect: Connect, caplog):
    with serving(echoing(lambda _: answer(X_Seen="a header of the answer"), and_hang=False)) as server:
        with caplog.at_level(1):
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
    assert any("a header of the answer" in record.getMessage() for record in caplog.records)


def of_another(base_url: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What httpcore logs of somebody else's call."""
    caplog.clear()
    httpx.get(base_url)
    return [record.getMessage() for record in caplog.records if "X-Path" in record.getMessage()]


def test_the_logs_of_other_calls_of_httpcore_are_left_alone(caplog):
    with serving(always(answer(X_Path=r"C:\temp"))) as server, caplog.at_level(1), ThreadPoolExecutor(1) as pool:
        assert any(r"C:\\temp" in line for line in pool.submit(of_another, server.base_url, caplog).result())


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_what_is_masked_of_a_call_is_not_masked_before_beside_and_after_it(kind, canaries, caplog):
    seen: list[list[str]] = []

    with serving(always(answer(X_Path=r"C:\temp " + canaries["token"]))) as server, caplog.at_level(1):

        def look(*_: object) -> Credentials:
            seen.append(of_another(server.base_url, caplog))
            return Credentials(**canaries)

        options: dict[str, Any] = {"base_url": server.base_url, "credentials": look, "on_event": look}

        def synchronously() -> None:
            look()
            with mantago.MantaGo(**options) as client:
                client.get_client_gifts(client_id="a")
            look()

        async def in_a_task() -> None:
            look()
            async with mantago.AsyncMantaGo(**options) as client:
                await client.get_client_gifts(client_id="a")
            look()

        if kind == "sync":
            synchronously()
        else:
            anyio.run(in_a_task, backend=kind)
    before, beside, told, after = seen
    assert canaries["token"] in before[0]
    assert before == beside == told == after


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize("reply", [answer(), refusal(404), b"no HTTP\r\n\r\n"], ids=["good", "refused", "none"])
def test_no_context_holds_a_secret_after_a_call(kind, reply, canaries):
    def held() -> list[object]:
        values = [*contextvars.copy_context().values()]
        values += [element for value in values if isinstance(value, list) for element in value]
        return [value for value in values if "mantago" in type(value).__module__]

    async def in_a_task() -> list[object]:
        async with mantago.AsyncMantaGo(base_url=server.base_url, max_retries=0, **canaries) as client:
            with suppress(MantaGoError):
                await client.get_client_gifts(client_id="a")
        return held()

    def synchronously() -> list[object]:
        with mantago.MantaGo(base_url=server.base_url, max_retries=0, **canaries) as client:
            with suppress(MantaGoError):
                client.get_client_gifts(client_id="a")
        return held()

    with serving(always(reply)) as server:
        assert (synchronously() if kind == "sync" else anyio.run(in_a_task, backend=kind)) == []


def test_neither_token_nor_secret_is_in_the_frames_of_a_call_that_was_cancelled(canaries, caplog):
    async def main(base_url: str) -> BaseException:
        async with mantago.AsyncMantaGo(base_url=base_url, **canaries) as client:
            task = asyncio.create_task(client.get_client_gifts(client_id="a"))
            await asyncio.sleep(0.1)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
            raise AssertionError

    with serving(lambda connection: connection.wait_for_the_end()) as server, caplog.at_level(1):
        error = asyncio.run(main(server.base_url))
    # The frames of httpx and httpcore aren't ours; those of ours stand between them.
    assert len(list(frames(error))) > 10
    assert found(canaries, [*frames(error), *(record.getMessage() for record in caplog.records)]) == []


def test_a_provider_that_fails_shows_no_pair_of_before(connect: Connect, canaries):
    pairs = [Credentials(**canaries)]

    def provide() -> object:
        return pairs.pop() if pairs else None

    with serving(echoing(refused(401), and_hang=False)) as server:
        with pytest.raises(mantago.ConfigurationError) as caught:
            connect(base_url=server.base_url, credentials=provide).get_client_gifts(client_id="a")
    assert found(canaries, list(shown(caught.value))) == []


def test_a_secret_that_a_generated_call_brings_itself_is_masked_too(connect: Connect, canaries):
    with serving(echoing(refused(403), and_hang=False)) as server:
        driver = connect(base_url=server.base_url)
        with pytest.raises(mantago.PermissionDeniedError) as caught:
            driver.request("POST", "/other", params={"botId": "other"}, json={"secret": canaries["secret"]})
    assert found(canaries, list(shown(caught.value))) == []
    assert "<redacted>" in str(caught.value)


def logs_with_a_personal_id(connect: Connect, caplog: Any, **options: Any) -> list[str]:
    """Return which loggers tell the id, in a call that succeeds and one that fails."""
    personal = f"U{secrets.token_hex(16)}"
    for end in ("gifts", "refused with 404"):
        with caplog.at_level(1), serving(echoing(ENDS[end], and_hang=False)) as server:
            try:
                connect(base_url=server.base_url, **options).get_client_gifts(
                    platform="line", platform_client_id=personal
                )
            except mantago.NotFoundError as error:
                assert personal not in f"{error} {error!r} {vars(error)}"
            assert personal in str(server.requests)
    assert ENGINE != "httpcore" or {"httpcore.http11"} <= {record.name for record in caplog.records}
    return sorted({record.name for record in caplog.records if personal in record.getMessage()})


def test_the_personal_id_is_in_no_log_of_ours_and_in_no_error(connect: Connect, caplog):
    assert logs_with_a_personal_id(connect, caplog) == []


def test_the_personal_id_is_in_no_log_at_all_where_it_is_kept_out_of_addresses(connect: Connect, caplog):
    assert logs_with_a_personal_id(connect, caplog, identify_in="body") == []


COMMANDS = [
    ["gifts", "--client-id", "a"],
    ["gifts", "--client-id", "a", "--json"],
    ["gifts", "--platform", "line", "--platform-client-id", "U1"],
    ["gifts"],
    ["gifts", "--help"],
    ["--help"],
    ["--version"],
]


@pytest.mark.parametrize("end", ["refused with 403", "no JSON", "no answer", "gifts that echo"])
def test_the_command_line_shows_neither_on_any_way_out(canaries, end, monkeypatch, capfdbinary):
    from mantago.cli import main

    for name, value in canaries.items():
        monkeypatch.setenv(f"MANTAGO_{name.upper()}", value)
    with serving(echoing(ENDS[end], and_hang=False)) as server:
        monkeypatch.setenv("MANTAGO_BASE_URL", server.base_url)
        for command in COMMANDS:
            main(command)
            main([*command, "--token", canaries["token"], "--secret", canaries["secret"], "--nonsense"])
    output = b"".join(capfdbinary.readouterr()).decode()
    assert "Usage" in output
    assert "error: " in output or end == "gifts that echo"
    assert found(canaries, [output]) == []


def test_no_traceback_of_the_interpreter_shows_one(canaries):
    code = f"""
import mantago
client = mantago.MantaGo(base_url="http://127.0.0.1:1", max_retries=0, **{canaries!r})
client.get_client_gifts(client_id="a")
"""
    done = subprocess.run([sys.executable, "-X", "dev"], input=code, capture_output=True, text=True, check=False)
    assert "APIConnectionError" in done.stderr
    assert found(canaries, [done.stderr, done.stdout]) == []
