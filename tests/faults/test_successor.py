"""A transport of httpx2's, the package that follows httpx, is taken as one of httpx's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpcore2
import httpx
import httpx2
import pytest
from scripted import ALLOWED, OVERSHOOT, PAIR, answer, each, friendly, hang, overshoot, refusal, serving

from conftest import GOOD, SECRET, TOKEN, Connect
from mantago import (
    APIConnectionError,
    APITimeoutError,
    AsyncMantaGo,
    ClientNotFoundError,
    ConfigurationError,
    InvalidResponseError,
    MantaGo,
)
from mantago_runtime.calls.policy import may_retry


def transport_for(connect: Connect) -> Any:
    """A real transport of the flavour that the driver needs."""
    return httpx2.HTTPTransport() if connect().flavour == "sync" else httpx2.AsyncHTTPTransport()


def mocked(handler: Any) -> Any:
    return httpx2.MockTransport(handler)


def refusing(error: Exception) -> Any:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise error

    return mocked(handle)


def test_its_classes_are_none_of_httpxs():
    assert not issubclass(httpx2.BaseTransport, httpx.BaseTransport)
    assert not issubclass(httpx2.HTTPError, httpx.HTTPError)


def test_a_transport_of_httpx2s_carries_calls(connect: Connect):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url, transport=transport_for(connect))
        for _ in range(2):
            assert driver.get_client_gifts(client_id="杯").tickets == ()
        assert server.connections == 1
        assert [request.json for request in server.requests] == [{"secret": SECRET, "clientId": "杯"}] * 2
        assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_it_carries_calls_on_trio_too():
    async def main() -> None:
        async with AsyncMantaGo(**PAIR, base_url=server.base_url, transport=httpx2.AsyncHTTPTransport()) as client:
            await client.get_client_gifts(client_id="a")

    with serving(friendly) as server:
        anyio.run(main, backend="trio")
        assert len(server.requests) == 1


def test_refusals_retries_and_headers_are_as_with_any_transport(connect: Connect):
    answers = [refusal(503, Retry_After="0"), refusal(404, 37011, X_Echo=TOKEN, X_Request_Id="4711")]
    with serving(each(*answers)) as server:
        driver = connect(base_url=server.base_url, transport=transport_for(connect))
        with pytest.raises(ClientNotFoundError) as caught:
            driver.get_client_gifts(client_id="a")
    assert caught.value.attempts == 2
    assert (caught.value.headers["x-echo"], caught.value.headers["x-request-id"]) == ("<redacted>", "4711")


def test_a_body_above_the_limit_is_refused_as_with_any_transport(connect: Connect):
    with serving(each(answer(b"x" * 100_000))) as server:
        driver = connect(base_url=server.base_url, transport=transport_for(connect), max_response_bytes=1000)
        with pytest.raises(InvalidResponseError, match="larger than 1,000 bytes"):
            driver.get_client_gifts(client_id="a")


def test_a_call_ends_at_its_timeout(connect: Connect):
    with serving(hang) as server:
        driver = connect(base_url=server.base_url, transport=transport_for(connect), timeout=ALLOWED)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


class OwnError(httpx2.ReadError):
    """As somebody's transport could raise it."""


class NewError(httpx2.TransportError):
    """As a later version could have it, under a name that httpx doesn't know."""


NewError.__module__ = "httpx2"

FAILURES: dict[str, tuple[Exception, type[APIConnectionError], type[Exception]]] = {
    **{
        name: (getattr(httpx2, name)("why"), APIConnectionError, getattr(httpx, name))
        for name in (
            *("ConnectError", "ReadError", "WriteError", "CloseError", "NetworkError", "ProxyError"),
            *("LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol", "TransportError", "DecodingError"),
        )
    },
    **{
        name: (getattr(httpx2, name)("why"), APITimeoutError, getattr(httpx, name))
        for name in ("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "TimeoutException")
    },
    "one of the caller's": (OwnError("why"), APIConnectionError, httpx.ReadError),
    "one that httpx doesn't know": (NewError("why"), APIConnectionError, httpx.TransportError),
    "httpcore2's": (httpcore2.ConnectError("why"), APIConnectionError, httpx.ConnectError),
    "httpcore2's timeout": (httpcore2.ReadTimeout("why"), APITimeoutError, httpx.ReadTimeout),
    "httpx's": (httpx.ReadError("why"), APIConnectionError, httpx.ReadError),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_it_raises_is_the_same_failure_as_httpxs(connect: Connect, name):
    error, kind, cause = FAILURES[name]
    with pytest.raises(APIConnectionError, match="why") as caught:
        connect(transport=refusing(error), max_retries=0).get_client_gifts(client_id="a")
    assert type(caught.value) is kind
    assert type(caught.value.__cause__) is cause


def failure_of(error: Exception) -> APIConnectionError:
    with MantaGo(**PAIR, transport=refusing(error), max_retries=0) as client:
        with pytest.raises(APIConnectionError) as caught:
            client.get_client_gifts(client_id="a")
    return caught.value


def test_what_may_be_sent_again_follows_from_it():
    assert may_retry(failure_of(httpx2.ConnectError("why")), read_only=False)
    assert not may_retry(failure_of(httpx2.ReadError("why")), read_only=False)


def test_what_no_transport_raises_comes_out_as_it_is(connect: Connect):
    with pytest.raises(ZeroDivisionError):
        connect(transport=refusing(ZeroDivisionError("a bug of the transport"))).get_client_gifts(client_id="a")


def pieces() -> Iterator[bytes]:
    yield from (b"one,", b"two")


async def apieces() -> AsyncIterator[bytes]:
    for piece in pieces():
        yield piece


@pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)
def test_a_body_in_pieces_is_sent_whole(connect: Connect, package):
    seen: list[Any] = []

    async def ahandle(request: Any) -> Any:
        seen.append((request.headers["Content-Length"], await request.aread()))
        return package.Response(200, json=GOOD)

    def handle(request: Any) -> Any:
        seen.append((request.headers["Content-Length"], request.read()))
        return package.Response(200, json=GOOD)

    synchronous = connect().flavour == "sync"
    driver = connect(transport=package.MockTransport(handle if synchronous else ahandle))
    content, headers = pieces() if synchronous else apieces(), {"Content-Type": "text/csv", "Content-Length": "7"}
    driver.request("POST", "/upload", content=content, headers=headers)
    assert seen == [("7", b"one,two")]


def test_a_transport_for_the_other_client_is_refused():
    with pytest.raises(ConfigurationError, match=r"not AsyncHTTPTransport: or is it for AsyncMantaGo\?"):
        MantaGo(**PAIR, transport=httpx2.AsyncHTTPTransport())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"not HTTPTransport: or is it for MantaGo\?"):
        AsyncMantaGo(**PAIR, transport=httpx2.HTTPTransport())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["BaseTransport", "Transport"])
def test_a_class_that_only_has_the_name_is_refused(name):
    lookalike = type(name, (), {"handle_request": lambda *_: None, "close": lambda _: None})
    with pytest.raises(ConfigurationError, match=r"transport must be an httpx\.BaseTransport, not"):
        MantaGo(**PAIR, transport=lookalike())


def test_closing_the_client_closes_it():
    closed = []

    class Transport(httpx2.HTTPTransport):
        def close(self) -> None:
            closed.append(1)
            super().close()

    with serving(friendly) as server, MantaGo(**PAIR, base_url=server.base_url, transport=Transport()) as client:
        client.get_client_gifts(client_id="a")
    assert closed == [1]


def test_its_logs_show_no_secret(connect: Connect, caplog):
    with serving(each(answer(X_Echo=TOKEN))) as server, caplog.at_level(logging.DEBUG):
        connect(base_url=server.base_url, transport=transport_for(connect)).get_client_gifts(client_id="a")
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("httpcore2"))
    assert "X-Echo" in told
    assert TOKEN not in told
