"""Connections are kept last used first, and what can't be used any more is closed; all with stand-ins for sockets."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import select
import socket
import ssl
import threading
import types
from collections.abc import Coroutine, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpcore
import pytest
import trio
from attrs import define, field

from mantago import ConfigurationError, Credentials, MantaGo
from mantago_runtime.concurrency import run_sync
from mantago_runtime.connections import racing
from mantago_runtime.connections.addresses import AddressMemory
from mantago_runtime.connections.asyncio_stream import AsyncioBackend, AsyncioStream
from mantago_runtime.connections.connection import ConnectionUse
from mantago_runtime.connections.pool import ConnectionPool
from mantago_runtime.connections.racing import RacingBackend, TrioBackend
from mantago_runtime.connections.sockets import SocketStream, TlsStream, connect_first, is_ready
from mantago_runtime.connections.threads import DeadlineBackend
from mantago_runtime.secrets.redaction import RedactedLogs, Redactor


@define(eq=False)
class FakeConnection:
    """A connection that answers at once."""

    idle: bool = True
    expired: bool = False
    closed: bool = False
    failure: BaseException | None = None

    def send(self, request: httpcore.Request) -> httpcore.Response:
        assert request.method == b"POST"
        if self.failure:
            raise self.failure
        return httpcore.Response(200, content=b"{}")

    def leave(self, response: httpcore.Response) -> None:
        response.close()

    def is_reusable(self) -> bool:
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
        self.line = ConnectionPool(7, self._make, self.room.acquire, self.room.release)

    def _make(self, _: httpcore.Origin) -> FakeConnection:
        self.made.append(FakeConnection(failure=self.failure))
        return self.made[-1]

    def send(self, use: ConnectionUse | None = None) -> tuple[httpcore.Response, FakeConnection]:
        return run_sync(self.line.send(httpcore.Request("POST", "http://127.0.0.1/"), use or ConnectionUse()))

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


def test_a_connection_that_must_be_new_takes_the_place_of_the_oldest(lines: Lines):
    burst = [lines.send() for _ in range(2)]
    for sent in burst:
        lines.done(sent)
    use = ConnectionUse(must_be_new=True)
    sent = lines.send(use)
    assert sent[1] not in [kept[1] for kept in burst]
    assert not use.was_used
    assert [kept[1].closed for kept in burst] == [True, False]


def test_a_connection_whose_answer_was_not_read_to_its_end_is_closed(lines: Lines):
    sent = lines.send()
    sent[1].idle = False
    lines.done(sent)
    assert sent[1].closed
    assert lines.send()[1] is not sent[1]


def test_a_call_that_finds_no_connection_free_in_time_says_so():
    lines = Lines(Room(most=0))
    with pytest.raises(httpcore.PoolTimeout, match="all 7 connections are in use"):
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
    run_sync(lines.line.empty())
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
        with RedactedLogs(redactor):
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
        with RedactedLogs(Redactor([])):
            yield

    call = suspending()
    contextvars.Context().run(call.send, None)
    call.close()


def test_a_wire_that_uvloop_has_just_closed_is_a_failure_of_the_network():
    class Closed(FakeTransport):
        def write(self, data: bytes) -> None:
            raise RuntimeError("unable to perform operation; the handler is closed")

        def resume_reading(self) -> None:
            raise RuntimeError("unable to perform operation; the handler is closed")

    async def scenario() -> bytes:
        stream = AsyncioStream()
        stream.connection_made(Closed())
        with pytest.raises(httpcore.WriteError, match="is closed"):
            await stream.write(b"much")
        stream.data_received(b"1")
        return await stream.read(10)

    assert asyncio.run(scenario()) == b"1"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (TimeoutError("mine"), TimeoutError),
        (ConnectionResetError(104, "reset"), httpcore.ConnectError),
        (UnicodeError("no name"), httpcore.ConnectError),
    ],
    ids=str,
)
def test_a_handshake_of_asyncio_that_fails_closes_the_connection(raised, kind, monkeypatch):
    async def scenario() -> list[Any]:
        stream, transport = wired()

        async def refuse(*_: Any, **__: Any) -> None:
            raise raised

        monkeypatch.setattr(asyncio.get_running_loop(), "start_tls", refuse)
        with pytest.raises(kind):
            await stream.start_tls(ssl.create_default_context())
        return transport.done

    assert asyncio.run(scenario()) == ["abort"]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [(TimeoutError("mine"), TimeoutError), (ConnectionRefusedError(111, "refused"), httpcore.ConnectError)],
    ids=str,
)
def test_only_what_the_system_raises_is_asyncios_failure_to_connect(raised, kind, monkeypatch):
    async def scenario() -> None:
        async def refuse(*_: Any, **__: Any) -> None:
            raise raised

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refuse)
        with pytest.raises(kind):
            await AsyncioBackend().connect("127.0.0.1", 1)

    asyncio.run(scenario())


# --- the sockets of threads -----------------------------------------------------------------------------------------


class FakeSocket:
    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def recv(self, *_: Any) -> bytes:
        raise self.raised

    send = connect = recv


RESET = ConnectionResetError(104, "reset")


@pytest.mark.parametrize("raised", [RESET, ConnectionError("mine")], ids=str)
def test_only_what_the_system_raises_is_a_socket_s_failure(raised):
    fake: Any = FakeSocket(raised)
    stream = SocketStream(fake)
    for work, kind in ((stream.read, httpcore.ReadError), (stream.write, httpcore.WriteError)):
        argument: Any = 10 if kind is httpcore.ReadError else b"much"
        with pytest.raises(kind if raised is RESET else ConnectionError) as caught:
            work(argument)
        assert (caught.value is raised) == (raised is not RESET)


def test_what_an_alarm_raises_as_a_socket_connects_comes_out_as_it_is(monkeypatch):
    raised = ConnectionError("mine")

    class Alarmed(socket.socket):
        def connect(self, *_: Any) -> None:
            raise raised

    monkeypatch.setattr(socket, "socket", Alarmed)
    with pytest.raises(ConnectionError) as caught:
        connect_first(["127.0.0.1"], 1, 5)
    assert caught.value is raised


@pytest.mark.parametrize("with_poll", [True, False])
def test_a_socket_is_asked_whether_it_is_ready(with_poll, monkeypatch):
    if not with_poll:
        monkeypatch.delattr(select, "poll", raising=False)
    one, other = socket.socketpair()
    with one, other:
        assert not is_ready(one)
        assert is_ready(one, to_write=True)
        other.send(b"1")
        assert is_ready(one)
    assert is_ready(one)
    assert is_ready(None)  # what asyncio has for the socket of TLS that was just lost


class Below(httpcore.NetworkStream):
    """A connection whose other side has hung up."""

    closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def test_a_handshake_that_the_server_ends_is_a_failure_to_connect():
    below = Below()
    with pytest.raises(httpcore.ConnectError, match="EOF"):
        TlsStream.over(below, ssl.create_default_context(), "host", None)
    assert below.closed


class FakeTls:
    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def read(self, *_: Any) -> bytes:
        raise self.raised

    write = read

    def pending(self) -> int:
        return 1


@pytest.mark.parametrize("end", [ssl.SSLZeroReturnError(6, "closed"), ssl.SSLEOFError(8, "cut")], ids=str)
def test_the_end_of_tls_is_the_end_of_the_stream(end):
    stream = TlsStream(Below(), ssl.create_default_context(), "host")
    stream._tls = FakeTls(end)  # type: ignore[assignment]
    assert stream.read(10) == b""


def test_a_failure_of_tls_is_one_of_the_network_and_what_it_holds_counts_as_there():
    stream = TlsStream(Below(), ssl.create_default_context(), "host")
    stream._tls = FakeTls(ssl.SSLError(1, "bad record"))  # type: ignore[assignment]
    with pytest.raises(httpcore.ReadError, match="bad record"):
        stream.read(10)
    with pytest.raises(httpcore.WriteError, match="bad record"):
        stream.write(b"much")
    assert stream.get_extra_info("is_readable")


# --- the addresses of a host ----------------------------------------------------------------------------------------


def found(*addresses: str) -> list[Any]:
    """Return what getaddrinfo does of addresses."""
    families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
    return [(family, 1, 6, "", (address, 1)) for family, address in zip(families, addresses, strict=True)]


@pytest.mark.parametrize(
    ("resolved", "tried"),
    [
        (["192.0.2.1"], ["192.0.2.1"]),
        (["::1", "::2", "192.0.2.1", "192.0.2.2"], ["::1", "192.0.2.1", "::2", "192.0.2.2"]),
        (["192.0.2.1", "192.0.2.2", "192.0.2.3", "::1"], ["192.0.2.1", "::1", "192.0.2.2", "192.0.2.3"]),
        (["::1", "::1"], ["::1"]),
    ],
)
def test_addresses_are_tried_the_families_in_turns(resolved, tried):
    assert AddressMemory().ordered("host", found(*resolved)) == tried


def test_the_address_that_worked_comes_first_for_ten_minutes_from_its_first_time_on():
    now = [100.0]
    memory, resolved = AddressMemory(lambda: now[0]), found("::1", "192.0.2.1")
    memory.worked("host", "192.0.2.1", ["::1", "192.0.2.1"])
    now[0] += 599
    assert memory.ordered("host", resolved) == ["192.0.2.1", "::1"]
    memory.worked("host", "192.0.2.1", ["192.0.2.1", "::1"])
    assert memory.ordered("other", resolved) == ["::1", "192.0.2.1"]
    assert memory.ordered("host", found("::1", "192.0.2.2")) == ["::1", "192.0.2.2"], "it isn't the host's any more"
    now[0] += 1
    assert memory.ordered("host", resolved) == ["::1", "192.0.2.1"]
    memory.worked("host", "192.0.2.1", ["192.0.2.1", "::1"])
    memory.worked("host", "::1", ["192.0.2.1", "::1"])
    assert memory.ordered("host", resolved) == ["::1", "192.0.2.1"], "another worked since"


def test_nothing_is_remembered_of_a_host_with_one_address():
    memory = AddressMemory()
    memory.worked("host", "192.0.2.1", ["192.0.2.1"])
    assert memory.ordered("host", found("::1", "192.0.2.1")) == ["::1", "192.0.2.1"]


class FakeStream(httpcore.AsyncNetworkStream):
    closed = False

    async def aclose(self) -> None:
        self.closed = True


@define
class Network(RacingBackend):
    """A network whose addresses answer, refuse, or do so when they are told to."""

    outcomes: dict[str, Any]
    tried: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__init__()

    async def connect(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        self.tried.append(address)
        outcome = self.outcomes[address]
        if callable(outcome):
            outcome = await outcome()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


BOTH = pytest.mark.parametrize("runner", ["asyncio", "trio"])


def race(runner: str, outcomes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Any]:
    """Connect to a host; return the addresses tried, and the connection or failure."""

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return found(*outcomes)

    async def main() -> Any:
        network = Network(outcomes)
        try:
            with anyio.fail_after(5):
                return network.tried, await network.connect_tcp("host", 1)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            return network.tried, error

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    return trio.run(main) if runner == "trio" else asyncio.run(main())


async def never() -> None:
    await anyio.sleep_forever()


REFUSED = httpcore.ConnectError("refused")


@BOTH
def test_the_next_address_is_tried_at_once_when_one_refuses(runner, monkeypatch):
    stream = FakeStream()
    monkeypatch.setattr(racing, "STAGGER_SECONDS", 60)
    outcomes = {"192.0.2.0": REFUSED, "192.0.2.1": httpcore.ConnectTimeout(""), "192.0.2.2": stream}
    assert race(runner, outcomes, monkeypatch) == (list(outcomes), stream)


@BOTH
def test_the_next_address_is_tried_beside_one_that_does_not_answer(runner, monkeypatch):
    stream = FakeStream()
    monkeypatch.setattr(racing, "STAGGER_SECONDS", 0)
    outcomes = {"2001:db8::": never, "192.0.2.1": stream}
    assert race(runner, outcomes, monkeypatch) == (list(outcomes), stream)


@BOTH
def test_an_address_that_is_slow_is_not_cut_off_by_the_ones_after_it(runner, monkeypatch):
    stream = FakeStream()
    monkeypatch.setattr(racing, "STAGGER_SECONDS", 0)
    refused: list[str] = []

    async def slow() -> FakeStream:
        for _ in range(1_000):
            if len(refused) < 2:
                await anyio.lowlevel.checkpoint()
        return stream

    async def refuses() -> httpcore.ConnectError:
        refused.append("refused")
        return REFUSED

    outcomes = {"192.0.2.0": slow, "192.0.2.1": refuses, "192.0.2.2": refuses}
    assert race(runner, outcomes, monkeypatch) == (list(outcomes), stream)


@BOTH
def test_of_two_connections_made_at_the_same_time_one_is_closed(runner, monkeypatch):
    streams = [FakeStream(), FakeStream()]
    monkeypatch.setattr(racing, "STAGGER_SECONDS", 0)
    ready: list[int] = []

    async def both(stream: FakeStream) -> FakeStream:
        with anyio.CancelScope(shield=True):
            ready.append(1)
            for _ in range(1_000):
                if len(ready) < 2:
                    await anyio.lowlevel.checkpoint()
        return stream

    outcomes = {f"192.0.2.{number}": lambda stream=stream: both(stream) for number, stream in enumerate(streams)}
    _, won = race(runner, outcomes, monkeypatch)
    assert sorted(stream.closed for stream in streams) == [False, True]
    assert not won.closed


@BOTH
def test_a_connection_made_as_the_call_is_cancelled_is_closed(runner, monkeypatch):
    stream = FakeStream()
    monkeypatch.setattr(racing, "STAGGER_SECONDS", 60)

    async def main() -> None:
        async def cancelled() -> FakeStream:
            scope.cancel()
            return stream

        with anyio.CancelScope() as scope:
            await Network({"192.0.2.0": cancelled, "192.0.2.1": never}).connect_tcp("host", 1)
        assert scope.cancelled_caught

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return found("192.0.2.0", "192.0.2.1")

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    trio.run(main) if runner == "trio" else asyncio.run(main())
    assert stream.closed


@BOTH
@pytest.mark.parametrize("last", [httpcore.ConnectError("refused too"), httpcore.ConnectTimeout("late")], ids=str)
def test_when_no_address_answers_the_last_says_why(runner, last, monkeypatch):
    outcomes = {"192.0.2.0": REFUSED, "192.0.2.1": last}
    assert race(runner, outcomes, monkeypatch) == (list(outcomes), last)


@BOTH
def test_the_only_address_of_a_host_is_connected_to(runner, monkeypatch):
    stream = FakeStream()
    assert race(runner, {"192.0.2.1": stream}, monkeypatch) == (["192.0.2.1"], stream)


@BOTH
def test_a_call_that_is_cancelled_before_any_address_answers_ends(runner, monkeypatch):
    async def main() -> None:
        with anyio.CancelScope() as scope:

            async def cancelled() -> None:
                scope.cancel()
                await never()

            await Network({"192.0.2.0": cancelled, "192.0.2.1": never}).connect_tcp("host", 1)
        assert scope.cancelled_caught

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return found("192.0.2.0", "192.0.2.1")

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    trio.run(main) if runner == "trio" else asyncio.run(main())


@BOTH
def test_a_connection_that_is_refused_says_so(runner):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    network = TrioBackend() if runner == "trio" else AsyncioBackend()

    async def main() -> None:
        with pytest.raises(httpcore.ConnectError, match=r"\[Errno \d+\]"):
            await network.connect_tcp("127.0.0.1", port)

    trio.run(main) if runner == "trio" else asyncio.run(main())


@BOTH
def test_a_host_without_address_is_a_connection_failure(runner, monkeypatch):
    tried, failure = race(runner, {}, monkeypatch)
    assert tried == []
    assert isinstance(failure, httpcore.ConnectError)


@BOTH
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nobody_is_asked_for_the_address_of_a_host_that_is_one(runner, host, monkeypatch):
    monkeypatch.setattr(anyio, "getaddrinfo", None)
    network = Network({host: FakeStream()})

    async def main() -> Any:
        return await network.connect_tcp(host, 1)

    assert (trio.run(main) if runner == "trio" else asyncio.run(main())) is network.outcomes[host]


def test_a_host_that_idna_cannot_write_is_a_connection_failure():
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(AsyncioBackend().connect_tcp("a..b", 1))
    with pytest.raises(httpcore.ConnectError):
        trio.run(TrioBackend().connect_tcp, "a..b", 1)
    with pytest.raises(httpcore.ConnectError):
        DeadlineBackend().connect_tcp("a..b", 1)
