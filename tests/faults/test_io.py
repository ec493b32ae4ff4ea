"""What a call needs is loaded before it sends: whatever comes then, nothing is opened and nothing imported."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from scripted import Connection, Server, answer, refusal

import mantago
import mantago_generated
import mantago_runtime
from conftest import GOOD, SECRET, TOKEN

GIFT = {"name": "n", "resource": "wheel", "createdAt": "2024-07-15 10:30:28", "isExpired": None, "startTime": ""}
ANSWERS: dict[str, list[bytes | None]] = {
    "a good answer": [answer(GOOD | {"virtualGifts": [GIFT], "tickets": [{"createdAt": "2024-07-15T10:30:28.700Z"}]})],
    "an answer with drift": [answer({**GOOD, "tickets": None, "physicalGifts": [GIFT], "more": 1.5})],
    "a failure and then a good answer": [refusal(503, Retry_After="0"), answer()],
    "a date to retry after": [refusal(503, Retry_After="Fri, 15 Jan 2021 08:00:00 GMT"), answer()],
    "a connection that is cut": [None, answer()],
    "what is no HTTP": [b"no HTTP\r\n\r\n", answer()],
    "a refusal that echoes": [refusal(404, 37011, X_Echo=TOKEN)],
    "a secret in escapes": [answer(('{"echo": "' + "".join(f"\\u{ord(c):04x}" for c in SECRET) + '"}').encode(), 400)],
    "a header in no UTF-8": [answer(X_Odd="\xe9").replace("é".encode(), b"\xe9")],
    "a redirect": [answer(b"", 302, Location="https://evil.example/")],
    "no JSON": [answer(b"<html>", 502), answer(b'{"a": 1, "a": NaN}')],
    "a broken gzip": [answer(b"no", Content_Encoding="gzip")],
    "a status that isn't listed": [answer(b"", 204)],
    "a pair that is refused": [refusal(401, 120000), answer()],
}

PROGRAM = """
import json, logging, sys
sys.path[:0] = json.loads(sys.argv[3])
import anyio
from mantago import AsyncMantaGo, Credentials, MantaGo, MantaGoError

kind, engine = sys.argv[1:3]
addresses = json.load(sys.stdin)
logging.getLogger("mantago").setLevel(logging.DEBUG)
logging.getLogger("mantago").addHandler(logging.NullHandler())
logging.getLogger("httpcore").setLevel(logging.DEBUG)
events, seen, sent = [], [], False
if sys.argv[4] == "otel":
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider())

def watch(event, args):
    global sent
    if event == "socket.connect":
        sent = True
    elif sent and event in ("open", "import"):
        seen.append([event, str(args[0]), str(sys._getframe(1).f_code.co_name)])

pairs = iter([Credentials(bot_id="b", token=sys.argv[5], secret=sys.argv[6])] * 99)
sys.addaudithook(watch)
found = {}
for what, address in addresses.items():
    options = dict(base_url=address, engine=engine, timeout=10, credentials=lambda: next(pairs), on_event=events.append)
    seen.clear()
    sent = False
    async def main():
        async with AsyncMantaGo(**options) as client:
            await client.get_client_gifts(client_id="a")
    try:
        if kind == "sync":
            with MantaGo(**options) as client:
                client.get_client_gifts(client_id="a")
        else:
            anyio.run(main, backend=kind)
    except MantaGoError as error:
        str(error), repr(error)
    sent = False
    if seen:
        found[what] = list(seen)
modules = [sys.modules[name].__file__ for name in sys.modules if name.startswith("mantago")]
assert all(module.startswith(place) for place in sys.path[:1] for module in modules if sys.argv[3] != "[]"), modules
assert {event.operation for event in events} == {"POST /openapi/client/gift"}, events
print(json.dumps(found))
"""


def scripted(answers: list[bytes | None]) -> Any:
    left = list(answers)

    def script(connection: Connection) -> None:
        while connection.request():
            if (data := left.pop(0) if len(left) > 1 else left[0]) is None:
                connection.reset()
            else:
                connection.send(data)

    return script


def run(kind: str, engine: str, addresses: dict[str, str], *, path: tuple[str, ...] = (), otel: str = "no") -> Any:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, engine, json.dumps(path), otel, TOKEN, SECRET],
        input=json.dumps(addresses),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def addresses() -> Any:
    servers = {what: Server(scripted(answers), None, 0, 0) for what, answers in ANSWERS.items()}
    yield {what: server.base_url for what, server in servers.items()}
    for server in servers.values():
        server.close()


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_nothing_is_opened_or_imported_once_a_call_has_begun_to_send(kind: str, engine: str, addresses: dict[str, str]):
    assert run(kind, engine, addresses) == {}


def test_nothing_is_opened_or_imported_for_a_span(addresses: dict[str, str]):
    pytest.importorskip("opentelemetry.sdk")
    assert run("sync", "httpcore", addresses, otel="otel") == {}


PACKAGES = (mantago, mantago_generated, mantago_runtime)


def copied(archive: Path) -> str:
    """Make a zip of the packages' modules, without any other file, as bundlers do that are told of none."""
    with zipfile.ZipFile(archive, "w") as made:
        for package in PACKAGES:
            folder = Path(str(package.__file__)).parent
            for module in folder.rglob("*.py"):
                made.write(module, Path(package.__name__) / module.relative_to(folder))
    return str(archive)


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_calls_work_from_a_zip_without_data_files(
    kind: str, engine: str, addresses: dict[str, str], tmp_path: Path
) -> None:
    archive = copied(tmp_path / "application.zip")
    assert run(kind, engine, addresses, path=(archive,)) == {}
