"""Connections are kept last used first, and what can't be used any more is closed; all with stand-ins for sockets."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import types
from collections.abc import Coroutine, Iterator
from typing import Any

import httpcore
import httpx
import pytest
from attrs import define, field

from mantago import ConfigurationError, Credentials, MantaGo
from mantago_runtime.concurrency import run_sync
from mantago_runtime.connections.adapters import Flavour
from mantago_runtime.connections.asyncio_stream import AsyncioBackend, AsyncioStream
from mantago_runtime.connections.pool import ConnectionPool
from mantago_runtime.connections.threads import DeadlineBackend
from mantago_runtime.secrets.redaction import Redactor, redacted_logs


@define(eq=False)
class FakeConnection:
    """A connection that answers at once."""

    idle: bool = True
    expired: bool = False
    closed: bool = False
    failure: BaseException | None = None

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        assert request.method == b"POST"
        if self.failure:
            raise self.failure
        return httpcore.Response(200, content=b"{}")

    def is_idle(self) -> bool:
        return self.idle

    def has_expired(self) -> bool:
        return self.expired

    def close(self) -> None:
        self.closed = True


@define
class Room:
    most: int = 100
    taken: int = 0

    def acquire(self) -> bool:
        self.taken += self.taken < self.most
        return self.taken <= self.most and self.most > 0

    def release(self) -> None:
        self.taken -= 1


@define(slots=False)
class Lines:
    """Connections over stand-ins, and what they made."""

    room: Room = field(factory=Room)
    made: list[FakeConnection] = field(factory=list)
    failure: BaseException | None = None

    def __attrs_post_init__(self) -> None:
        flavour = Flavour(self._make, None, httpx.HTTPTransport, "handle_request", "close")
        self.line = ConnectionPool(None, flavour, None, self.room.acquire, self.room.release)

    def _make(self, *_: Any, **__: Any) -> FakeConnection:
        self.made.append(FakeConnection(failure=self.failure))
        return self.made[-1]

    def send(self) -> tuple[httpcore.Response, FakeConnection]:
        return run_sync(self.line.send(httpcore.Request("POST", "http://127.0.0.1/")))

    def done(self, sent: tuple[httpcore.Response, FakeConnection]) -> None:
        run_sync(self.line.done(*sent))


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_the_connection_used_last_is_used_first(lines: Lines):
    first, second = lines.send(), lines.send()
    lines.done(first)
    lines.done(second)
    assert lines.send()[1] is second[1]
    assert lines.send()[1] is first[1]
    assert len(lines.made) == 2


def test_a_connection_that_the_server_closed_is_not_used_again(lines: Lines):
    sent = lines.send()
    lines.done(sent)
    sent[1].expired = True
    assert lines.send()[1] is not sent[1]
    assert sent[1].closed


def test_what_a_burst_left_over_is_closed_as_it_expires_by_later_calls(lines: Lines):
    burst = [lines.send() for _ in range(3)]
    for sent in burst:
        lines.done(sent)
    burst[0][1].expired = burst[1][1].expired = True
    for closed in ([True, False], [True, True]):
        lines.done(lines.send())
        assert [sent[1].closed for sent in burst[:2]] == closed
    assert not burst[2][1].closed
    assert len(lines.made) == 3


def test_a_connection_whose_answer_was_not_read_to_its_end_is_closed(lines: Lines):
    sent = lines.send()
    sent[1].idle = False
    lines.done(sent)
    assert sent[1].closed
    assert lines.send()[1] is not sent[1]


def test_a_call_that_finds_no_connection_free_in_time_says_so():
    lines = Lines(Room(most=0))
    with pytest.raises(httpcore.PoolTimeout, match="all 100 connections are in use"):
        lines.send()


@pytest.mark.parametrize("failure", [httpcore.ConnectError("refused"), KeyboardInterrupt()])
def test_a_call_that_fails_gives_its_place_back(failure):
    lines = Lines(failure=failure)
    with pytest.raises(type(failure)):
        lines.send()
    assert lines.room.taken == 0


def test_a_call_that_is_done_gives_its_place_back(lines: Lines):
    lines.done(lines.send())
    assert lines.room.taken == 0


def test_shutting_closes_all_that_are_unused(lines: Lines):
    burst = [lines.send() for _ in range(3)]
    for sent in burst:
        lines.done(sent)
    run_sync(lines.line.shut())
    assert all(connection.closed for connection in lines.made)


def test_threads_never_get_the_same_connection(lines: Lines):
    wrong: list[object] = []
    in_use: set[int] = set()

    def work() -> None:
        for _ in range(300):
            sent = lines.send()
            if id(sent[1]) in in_use:
                wrong.append(sent[1])
            in_use.add(id(sent[1]))
            in_use.discard(id(sent[1]))
            lines.done(sent)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_certificates_of_the_environment_that_cannot_be_read_are_a_configuration_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with MantaGo(bot_id="b", token="t", secret="s", base_url="https://127.0.0.1:9") as client:
        with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE='.*none\.pem' and SSL_CERT_DIR=.* can't be read"):
            client.get_client_gifts(client_id="a")


# --- asyncio's wire -------------------------------------------------------------------------------------------------


class FakeTransport:
    """What a wire does to asyncio's transport."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def abort(self) -> None:
        self.done.append("abort")


async def begun(waiting: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    task = asyncio.create_task(waiting)
    await asyncio.sleep(0)
    assert not task.done()
    return task


def wired() -> tuple[AsyncioStream, FakeTransport]:
    stream, transport = AsyncioStream(), FakeTransport()
    stream.connection_made(transport)
    return stream, transport


def test_a_wire_reads_what_comes_and_then_the_end():
    async def scenario() -> list[bytes]:
        stream, _ = wired()
        reading = await begun(stream.read(10))
        stream.data_received(b"one")
        stream.data_received(b"two")
        stream.eof_received()
        stream.connection_lost(None)
        return [await reading, await stream.read(10), await stream.read(10), await stream.read(10)]

    assert asyncio.run(scenario()) == [b"one", b"two", b"", b""]


def test_a_server_that_sends_unasked_is_not_listened_to_until_that_is_read():
    async def scenario() -> tuple[object, list[Any]]:
        stream, transport = wired()
        for piece in (b"1", b"2", b"3"):
            stream.data_received(piece)
        readable = stream.get_extra_info("is_readable")
        for _ in range(3):
            await stream.read(10)
        return readable, transport.done

    assert asyncio.run(scenario()) == (True, ["pause", "pause", "resume"])


def test_data_that_comes_before_a_handshake_is_done_is_kept():
    async def scenario() -> bytes:
        stream = AsyncioStream()
        stream.data_received(b"1")
        stream.data_received(b"2")
        stream.connection_made(FakeTransport())
        return await stream.read(10) + await stream.read(10)

    assert asyncio.run(scenario()) == b"12"


def test_writing_waits_while_the_transport_is_full():
    async def scenario() -> list[Any]:
        stream, transport = wired()
        stream.pause_writing()
        writing = await begun(stream.write(b"much"))
        stream.resume_writing()
        await writing
        await stream.aclose()
        return transport.done

    assert asyncio.run(scenario()) == [b"much", "abort"]


def test_a_wire_that_was_lost_says_why():
    async def scenario() -> None:
        stream, _ = wired()
        stream.pause_writing()
        writing = await begun(stream.write(b"much"))
        stream.connection_lost(ConnectionResetError("reset"))
        await writing
        with pytest.raises(httpcore.ReadError, match="reset"):
            await stream.read(10)
        with pytest.raises(httpcore.WriteError, match="reset"):
            await stream.write(b"more")

    asyncio.run(scenario())


def test_what_the_service_echoes_is_masked_in_httpcores_log_too_and_nothing_else_is_changed(caplog):
    httpcore_log = logging.getLogger("httpcore.http11")
    redactor = Redactor([Credentials(bot_id="b", token="token-12345678", secret="secret-12345678")])
    others = r"of %r", "C:\\temp, token-12345678"
    with caplog.at_level(1):
        httpcore_log.debug(*others)
        with redacted_logs(redactor):
            httpcore_log.debug("headers=%r", [b"X-Echo", b"token-12345678"])
            httpcore_log.debug("of %r", "C:\\temp")
            copied = contextvars.copy_context()
        httpcore_log.debug(*others)
        copied.run(httpcore_log.debug, *others)
    whole = r"of 'C:\\temp, token-12345678'"
    assert [record.getMessage() for record in caplog.records] == [
        whole,
        "headers=[b'X-Echo', b'<redacted>']",
        r"of 'C:\\temp'",
        whole,
        whole,
    ]


def test_a_call_that_nobody_went_on_with_ends_in_another_context():
    @types.coroutine
    def suspending() -> Iterator[None]:
        with redacted_logs(Redactor([])):
            yield

    call = suspending()
    contextvars.Context().run(call.send, None)
    call.close()


# --- asyncio's addresses --------------------------------------------------------------------------------------------


def connect_through(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> tuple[list[str], Any]:
    """Connect to a host of as many addresses as there are outcomes; return those tried, and the wire or failure."""
    tried: list[str] = []

    async def scenario() -> Any:
        loop = asyncio.get_running_loop()

        async def addresses(*_: Any, **__: Any) -> list[Any]:
            return [(0, 0, 0, "", (f"192.0.2.{number}", 1)) for number in range(len(outcomes))]

        async def create(_: Any, host: str, __: int) -> tuple[None, Any]:
            tried.append(host)
            if isinstance(outcome := outcomes[len(tried) - 1], Exception):
                raise outcome
            return None, outcome

        monkeypatch.setattr(loop, "getaddrinfo", addresses)
        monkeypatch.setattr(loop, "create_connection", create)
        return await AsyncioBackend().connect_tcp("host", 1, timeout=5)

    try:
        return tried, asyncio.run(scenario())
    except httpcore.NetworkError as error:
        return tried, error
    except httpcore.TimeoutException as error:
        return tried, error


def test_every_address_of_a_host_is_tried_in_turn(monkeypatch):
    stream = AsyncioStream()
    assert connect_through(monkeypatch, OSError("refused"), TimeoutError(), stream) == (
        ["192.0.2.0", "192.0.2.1", "192.0.2.2"],
        stream,
    )


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([OSError("refused"), OSError("refused")], httpcore.ConnectError),
        ([OSError("refused"), TimeoutError()], httpcore.ConnectTimeout),
        ([], httpcore.ConnectError),
    ],
    ids=["refused", "late", "no address"],
)
def test_when_no_address_answers_the_last_says_why(monkeypatch, outcomes, kind):
    tried, error = connect_through(monkeypatch, *outcomes)
    assert len(tried) == len(outcomes)
    assert type(error) is kind


def test_a_host_that_idna_cannot_write_is_a_connection_failure():
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(AsyncioBackend().connect_tcp("a..b", 1))
    with pytest.raises(httpcore.ConnectError):
        DeadlineBackend().connect_tcp("a..b", 1)
