"""The options for the network: a proxy, a TLS context, how many connections, and what the User-Agent says beside."""

from __future__ import annotations

import base64
import pickle
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest
import trustme
from scripted import (
    ALLOWED,
    OVERSHOOT,
    PAIR,
    Connection,
    answer,
    drip_a_tunnel,
    friendly,
    hang,
    head,
    overshoot,
    serving,
    tls_of,
    trust,
    tunnel,
)

from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import APIConnectionError, APITimeoutError, AsyncMantaGo, ConfigurationError, MantaGo, MantaGoError

ENGINES = pytest.mark.parametrize("engine", ["httpcore", "httptools"])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """The context of a caller who trusts one authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


# --- a proxy --------------------------------------------------------------------------------------------------------


@ENGINES
def test_a_proxy_carries_calls_in_a_tunnel_and_sees_no_secret(connect: Connect, authority, engine):
    with serving(friendly, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        driver = connect(base_url=server.base_url, proxy=proxy.base_url, ssl_context=trusting(authority), engine=engine)
        for _ in range(2):
            driver.get_client_gifts(client_id="a")
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert TOKEN not in str(proxy.requests)
        assert SECRET not in str(proxy.requests)
        assert len(server.requests) == 2


def test_a_proxy_carries_calls_on_trio_too(authority):
    async def main() -> None:
        options = {"proxy": proxy.base_url, "ssl_context": trusting(authority)}
        async with AsyncMantaGo(**PAIR, base_url=server.base_url, **options) as client:
            await client.get_client_gifts(client_id="a")

    with serving(friendly, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        anyio.run(main, backend="trio")
        assert len(proxy.requests) == len(server.requests) == 1


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}", "HTTP://127.0.0.1:{}/"])
def test_a_call_without_tls_goes_to_the_proxy_as_it_is(connect: Connect, form):
    with serving(tunnel) as proxy:
        gifts = connect(base_url="http://localhost:9/api", proxy=form.format(proxy.port)).get_client_gifts(
            client_id="a"
        )
        assert gifts.extra == {"via": "proxy"}
        assert proxy.requests[0].target.startswith(f"http://localhost:9/api/openapi/client/gift?botId={BOT_ID}")


def test_the_option_comes_before_the_environments_proxy_and_its_exceptions(connect: Connect, monkeypatch):
    with serving(tunnel) as proxy, serving(tunnel) as other:
        monkeypatch.setenv("HTTP_PROXY", other.base_url)
        monkeypatch.setenv("NO_PROXY", "*")
        connect(base_url="http://localhost:9/api", proxy=proxy.base_url).get_client_gifts(client_id="a")
        assert (len(proxy.requests), other.connections) == (1, 0)


def test_user_and_password_go_to_the_proxy_and_nowhere_else(connect: Connect, authority):
    with serving(friendly, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        address = proxy.base_url.replace("//", "//user:hidden%40@")
        driver = connect(base_url=server.base_url, proxy=address, ssl_context=trusting(authority))
        driver.get_client_gifts(client_id="a")
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpoaWRkZW5A"
        assert "proxy-authorization" not in server.requests[0].headers
        shown = [
            driver.client,
            driver.client.generated,
            driver.client._sending.sender.transport,
            driver.client._sending.sender.transport.calls,
        ]
        assert "hidden" not in str(shown)


def shown(error: BaseException | None) -> str:
    """What an error, its causes, and the frames of ours in its traceback let somebody see."""
    seen: list[str] = []
    while error is not None:
        seen += [str(error), repr(error), repr(vars(error))]
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "facade" in frame.f_code.co_filename:
                seen += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


@ENGINES
def test_a_proxy_that_wants_another_password_is_named_without_it(connect: Connect, engine):
    def refuse(connection: Connection) -> None:
        while connection.request():
            connection.send(b"HTTP/1.1 407 no user:hidden here\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as proxy:
        address = proxy.base_url.replace("//", "//user:hidden@")
        with pytest.raises(APIConnectionError, match="ProxyError: 407 Proxy Authentication Required") as caught:
            connect(base_url="https://mantago.invalid", proxy=address, engine=engine, max_retries=0).get_client_gifts(
                client_id="a"
            )
        assert f"no answer from mantago.invalid (through the proxy 127.0.0.1:{proxy.port})" in str(caught.value)
        assert caught.value.attempts == len(proxy.requests) == 1
    assert "hidden" not in shown(caught.value)


@pytest.mark.parametrize("named", ["option", "environment"])
def test_a_proxys_password_that_it_echoes_is_in_no_log_and_no_answer(connect: Connect, named, monkeypatch, caplog):
    login = base64.b64encode(b"user:hidden-pass/word").decode()

    def echo(connection: Connection) -> None:
        while connection.request():
            told = f"hidden-pass/word hidden-pass%2Fword {login}"
            connection.send(answer(b'{"echo": "%s"}' % told.encode(), 403, X_Seen=told))

    with serving(echo) as proxy, caplog.at_level(1):
        address = proxy.base_url.replace("//", "//user:hidden-pass%2Fword@")
        monkeypatch.setenv("HTTP_PROXY", address if named == "environment" else "")
        options: dict[str, Any] = {"proxy": address} if named == "option" else {}
        with pytest.raises(MantaGoError) as caught:
            connect(base_url="http://127.0.0.1:9", max_retries=0, **options).get_client_gifts(client_id="a")
    lines = [record.getMessage() for record in caplog.records]
    assert any("<redacted>" in line for line in lines)
    told = "\n".join([*lines, repr(vars(caught.value)), shown(caught.value)])
    assert not [secret for secret in ("hidden-pass", login) if secret in told]


@pytest.mark.parametrize("status", [b"407 hidden", b"502 hidden", b"599 hidden"])
def test_a_proxy_that_refuses_is_asked_again_as_the_service_saw_nothing(connect: Connect, status):
    def refuse(connection: Connection) -> None:
        while connection.request():
            connection.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status)

    with serving(refuse) as proxy:
        driver = connect(base_url="https://mantago.invalid", proxy=proxy.base_url, jitter=lambda: 0.0)
        with pytest.raises(APIConnectionError, match=f"ProxyError: {status[:3].decode()}") as caught:
            driver.get_client_gifts(client_id="a")
    assert caught.value.attempts == 3
    assert "hidden" not in shown(caught.value)


def test_a_proxy_that_nobody_listens_at_is_named(connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(APIConnectionError, match=rf"through the proxy 127\.0\.0\.1:{port}\): ConnectError"):
        connect(
            base_url="https://mantago.invalid", proxy=f"user:hidden@127.0.0.1:{port}", max_retries=0
        ).get_client_gifts(client_id="a")


def test_the_proxy_of_the_environment_is_named_too(connect: Connect, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{reserved.getsockname()[1]}")
    with pytest.raises(APIConnectionError, match=r"no answer from mantago\.invalid \(through the proxy 127\.0\.0\.1:"):
        connect(base_url="https://mantago.invalid", max_retries=0).get_client_gifts(client_id="a")


PAST = "which the environment names: set NO_PROXY={} to reach this machine without it"


@pytest.mark.parametrize(
    ("host", "named"), [("127.0.0.1", "127.0.0.1,localhost"), ("localhost", "127.0.0.1,localhost"), ("[::1]", "::1")]
)
def test_before_this_machine_the_way_past_the_environments_proxy_is_named(connect: Connect, monkeypatch, host, named):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
    with pytest.raises(APIConnectionError) as caught:
        connect(base_url=f"http://{host}:9", max_retries=0).get_client_gifts(client_id="a")
    assert f"{host}:9 (through the proxy {address}, {PAST.format(named)}): ConnectError" in str(caught.value)
    with pytest.raises(APIConnectionError) as caught:
        connect(base_url=f"http://{host}:9", proxy=address, max_retries=0).get_client_gifts(client_id="a")
    assert "NO_PROXY" not in str(caught.value)


@pytest.mark.parametrize("data", [answer(b"<html>", 403), answer(b"<html>")], ids=["refused", "a page"])
def test_an_answer_that_may_be_the_environments_proxys_is_noted_before_this_machine(connect, monkeypatch, data):
    with serving(lambda connection: connection.request() and connection.send(data)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        with pytest.raises(MantaGoError) as caught:
            connect(base_url="http://127.0.0.1:9", max_retries=0).get_client_gifts(client_id="a")
    [note] = caught.value.__notes__
    assert PAST.format("127.0.0.1,localhost") in note
    assert pickle.loads(pickle.dumps(caught.value)).__notes__ == [note]


def test_an_answer_with_the_vendors_code_or_without_a_proxy_has_no_note(connect: Connect, monkeypatch):
    coded = answer({"success": False, "errResponse": {"message": "", "code": 1002}}, 403)
    for data, variable in ((coded, "HTTP_PROXY"), (answer(b"<html>", 403), "UNUSED")):
        with serving(lambda connection, data=data: connection.request() and connection.send(data)) as server:
            monkeypatch.setenv(variable, server.base_url)
            with pytest.raises(MantaGoError) as caught:
                connect(base_url=server.base_url, max_retries=0).get_client_gifts(client_id="a")
        monkeypatch.delenv(variable)
        assert not hasattr(caught.value, "__notes__")


def test_a_transport_of_the_callers_hides_no_proxy_of_the_environment(connect: Connect, monkeypatch):
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(APIConnectionError, match=r"^no answer from mantago\.cc: ConnectError"):
        connect(refuse, max_retries=0).get_client_gifts(client_id="a")


# --- the time in all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [hang, drip_a_tunnel])
@ENGINES
def test_a_call_ends_at_its_timeout_when_the_proxy_does_not_answer(connect: Connect, fault, engine):
    with serving(fault) as proxy:
        driver = connect(base_url="https://mantago.invalid", proxy=proxy.base_url, timeout=ALLOWED, engine=engine)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)
    assert f"through the proxy 127.0.0.1:{proxy.port}" in str(error)


@pytest.mark.parametrize("where", ["the service", "the proxy"])
@ENGINES
def test_a_call_ends_at_its_timeout_when_nobody_shakes_hands(connect: Connect, authority, where, engine):
    with serving(hang) as silent:
        options: dict[str, Any] = {"base_url": f"https://127.0.0.1:{silent.port}"}
        if where == "the proxy":
            options = {"base_url": "https://mantago.invalid", "proxy": f"https://127.0.0.1:{silent.port}"}
        driver = connect(ssl_context=trusting(authority), timeout=ALLOWED, engine=engine, **options)
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


def drip(connection: Connection) -> None:
    connection.request()
    connection.send(head(200, Content_Length=100_000))
    for _ in range(200):
        connection.send(b" ")
        time.sleep(0.02)


@ENGINES
def test_a_call_ends_at_its_timeout_when_an_answer_drips_through_a_tunnel(connect: Connect, authority, engine):
    with serving(drip, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        driver = connect(
            base_url=server.base_url,
            proxy=proxy.base_url,
            ssl_context=trusting(authority),
            timeout=ALLOWED,
            engine=engine,
        )
        late, error = overshoot(lambda: driver.get_client_gifts(client_id="a"))
    assert late < OVERSHOOT
    assert isinstance(error, APITimeoutError)


# --- a TLS context --------------------------------------------------------------------------------------------------


@ENGINES
def test_a_context_that_trusts_an_authority_of_ones_own_is_used(connect: Connect, authority, engine):
    with serving(friendly, tls=tls_of(authority)) as server:
        driver = connect(base_url=server.base_url, ssl_context=trusting(authority), engine=engine)
        assert driver.get_client_gifts(client_id="a").tickets == ()


def test_a_context_comes_before_what_the_environment_names(connect: Connect, authority, tmp_path, monkeypatch):
    other = trusting(trustme.CA())
    trust(authority, tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority)) as server:
        driver = connect(base_url=server.base_url, ssl_context=other)
        with pytest.raises(
            APIConnectionError, match=r"is not trusted: .*or load it into the ssl_context that"
        ) as caught:
            driver.get_client_gifts(client_id="a")
    assert caught.value.attempts == 1


@ENGINES
def test_a_context_brings_a_certificate_of_the_client(connect: Connect, authority, engine):
    seen: list[Any] = []

    def note(connection: Connection) -> None:
        while connection.request():
            seen.append(connection.socket.getpeercert())  # type: ignore[attr-defined]
            connection.send(answer())

    server_side, own = tls_of(authority), trusting(authority)
    server_side.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(server_side)
    authority.issue_cert("shop@example.com").configure_cert(own)
    with serving(note, tls=server_side) as server:
        connect(base_url=server.base_url, ssl_context=own, engine=engine).get_client_gifts(client_id="a")
    assert "shop@example.com" in str(seen)


@ENGINES
def test_a_context_secures_the_way_to_the_proxy_as_well(connect: Connect, authority, engine):
    tls = tls_of(authority)
    with serving(friendly, tls=tls) as server, serving(tunnel, tls=tls) as proxy:
        driver = connect(base_url=server.base_url, proxy=proxy.base_url, ssl_context=trusting(authority), engine=engine)
        driver.get_client_gifts(client_id="a")
        assert [request.method for request in proxy.requests] == ["CONNECT"]


# --- how many connections -------------------------------------------------------------------------------------------


class Slow:
    """Answers as soon as somebody says so."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, connection: Connection) -> None:
        while connection.request():
            self.go.wait(10)
            connection.send(answer())


@ENGINES
def test_no_more_threads_have_a_connection_than_the_option_says(engine):
    slow = Slow()
    with serving(slow) as server, ThreadPoolExecutor(8) as pool:
        with MantaGo(**PAIR, base_url=server.base_url, max_connections=2, engine=engine) as client:
            calls = [pool.submit(client.get_client_gifts, client_id=str(number)) for number in range(8)]
            with pytest.raises(APITimeoutError, match=r"none of the 2 connections to .* became free within the 0\.3 s"):
                client.get_client_gifts(client_id="late", timeout=ALLOWED)
            slow.go.set()
            assert all(call.result().tickets == () for call in calls)
        assert server.most_open == 2
        assert len(server.requests) == 8


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_no_more_tasks_have_a_connection_than_the_option_says(backend):
    async def main() -> None:
        async with AsyncMantaGo(**PAIR, base_url=server.base_url, max_connections=3) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(12):
                    tasks.start_soon(lambda: client.get_client_gifts(client_id="a"))

    with serving(friendly) as server:
        anyio.run(main, backend=backend)
        assert server.most_open <= 3
        assert len(server.requests) == 12


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_finds_no_connection_free_is_told_so(backend):
    async def main() -> None:
        async with AsyncMantaGo(**PAIR, base_url=server.base_url, max_connections=1) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: client.get_client_gifts(client_id="a"))
                await anyio.wait_all_tasks_blocked()
                with pytest.raises(APITimeoutError, match=r"none of the 1 connections .* or raise max_connections"):
                    await client.get_client_gifts(client_id="late", timeout=ALLOWED)
                slow.go.set()

    slow = Slow()
    with serving(slow) as server:
        anyio.run(main, backend=backend)


# --- what is refused ------------------------------------------------------------------------------------------------

TRANSPORT = httpx.MockTransport(lambda _: httpx.Response(200, json=GOOD))
CLIENTS = pytest.mark.parametrize("client", [MantaGo, AsyncMantaGo])


def option_of(case: object) -> str | None:
    """The name of a case: what it holds is shown with its address, which each worker of the tests has its own of."""
    return next(iter(case)) if isinstance(case, dict) else None


@CLIENTS
@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "http://user:hidden@localhost:1"},
        {"ssl_context": ssl.create_default_context()},
        {"max_connections": 5},
        {"engine": "httpcore"},
    ],
    ids=option_of,
)
def test_an_option_of_connections_excludes_a_transport(client, options):
    with pytest.raises(ConfigurationError, match=rf"give transport or {next(iter(options))}, not both") as caught:
        client(**PAIR, transport=TRANSPORT, **options)
    assert "hidden" not in shown(caught.value)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"proxy": ""}, "proxy isn't a proxy's address"),
    ({"proxy": "  "}, "proxy isn't a proxy's address"),
    ({"proxy": "http://"}, "proxy isn't a proxy's address"),
    ({"proxy": "ftp://user:hidden@localhost:1"}, "it must begin with http://, https:// or socks5://"),
    ({"proxy": "http://user:hidden@localhost:port"}, "proxy isn't a proxy's address"),
    ({"proxy": "http://user:hidden@127.0.0.1:65536"}, "proxy isn't a proxy's address"),
    ({"proxy": "user:hidden@127.0.0.1:0"}, "proxy isn't a proxy's address"),
    ({"proxy": "user:hidden@[::1"}, "proxy isn't a proxy's address"),
    ({"proxy": "socks5://user:hidden@localhost:1"}, "proxy needs a package for SOCKS"),
    ({"proxy": 5}, "proxy must be a string, not int"),
    ({"proxy": httpx.Proxy("http://user:hidden@localhost:1")}, "proxy must be a string, not Proxy"),
    ({"ssl_context": "/etc/ca.pem"}, "ssl_context must be an ssl.SSLContext, not str: make one by ssl.create_default"),
    ({"ssl_context": False}, "ssl_context must be an ssl.SSLContext, not bool"),
    ({"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}, "ssl_context is one for servers: make one by"),
    *(({"max_connections": value}, "max_connections must be a whole number, 1 or more") for value in (0, -1, 1.5, True, None, "5")),
    ({"user_agent": ""}, "user_agent is empty"),
    ({"user_agent": " shop"}, "user_agent can't be in a header: it begins or ends with white space"),
    ({"user_agent": "shop\r\nX-Evil: 1"}, "user_agent can't be in a header: character 5 of 15"),
    ({"user_agent": "店"}, "user_agent can't be in a header: character 1 of 1"),
    ({"user_agent": 5}, "user_agent must be a string, not int"),
]  # fmt: skip


@CLIENTS
@pytest.mark.parametrize(("options", "told"), REFUSED, ids=option_of)
def test_an_option_that_cannot_be_used_is_refused_without_showing_a_password(client, options, told):
    with pytest.raises(ConfigurationError, match=told) as caught:
        client(**PAIR, **options)
    assert "hidden" not in shown(caught.value).replace("httpx.Proxy", "")


@pytest.mark.parametrize(
    "options", [{"base_url": "ftp://x"}, {"timeout": 0}, {"identify_in": "query"}, {"transport": "x"}, {"token": ""}]
)
def test_no_other_refusal_shows_a_proxys_password(options):
    with pytest.raises(ConfigurationError) as caught:
        MantaGo(**PAIR | options, proxy="http://user:hidden@localhost:1")
    assert "hidden" not in shown(caught.value)


@pytest.mark.parametrize("proxy", ["ftp://user:hidden@localhost:1", "http://user:hidden@localhost:port"])
def test_no_refusal_of_the_environments_proxy_shows_its_password(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=r"the environment names for https \(HTTPS_PROXY") as caught:
        MantaGo(**PAIR)
    assert "hidden" not in shown(caught.value)


def test_certificates_that_cannot_be_read_show_no_proxys_password(connect: Connect, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    driver = connect(base_url="https://mantago.invalid", proxy="http://user:hidden@127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="can't be read") as caught:
        driver.get_client_gifts(client_id="a")
    assert "hidden" not in shown(caught.value)


# --- the User-Agent -------------------------------------------------------------------------------------------------


def test_the_user_agent_has_the_suffix_with_a_transport_too(connect: Connect):
    seen: list[Callable[..., Any] | str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["User-Agent"])
        return httpx.Response(200, json=GOOD)

    driver = connect(note, user_agent="gift-shop/2.1 (+https://shop.example)")
    driver.get_client_gifts(client_id="a")
    driver.request("POST", "/openapi/client/gift", json={})
    ours, _, theirs = str(seen[0]).partition(") ")
    assert (ours[:8], theirs) == ("mantago/", "gift-shop/2.1 (+https://shop.example)")
    assert seen[0] == seen[1]
