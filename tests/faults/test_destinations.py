"""Where requests go: to the address given and to no other, over TLS that is checked, through the environment's proxy."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import anyio
import httpcore
import httpx
import pytest
import trustme
from scripted import PAIR, Connection, Server, always, answer, friendly, serving, tls_of, trust, tunnel

from conftest import BOT_ID, SECRET, TOKEN, Connect
from mantago import APIConnectionError, APIStatusError, AsyncMantaGo, ConfigurationError, MantaGo
from mantago_runtime.connections.sockets import Deadline
from mantago_runtime.connections.threads import DeadlineBackend

# --- redirects ------------------------------------------------------------------------------------------------------

STATUSES = [300, 301, 302, 303, 304, 305, 307, 308]
PLACES: dict[str, Callable[[Server, Server], str]] = {
    "another port of the same host": lambda _, other: f"http://127.0.0.1:{other.port}/",
    "another host": lambda _, other: f"http://localhost:{other.port}/api",
    "another scheme": lambda server, _: f"https://127.0.0.1:{server.port}/",
    "another host without scheme": lambda _, other: f"//localhost:{other.port}/",
    "another path, relative": lambda *_: "/other",
    "itself": lambda server, _: f"{server.base_url}/openapi/client/gift",
    "nowhere": lambda *_: "",
    "an address that is none": lambda *_: "http://[",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_redirect_is_an_error_and_followed_by_no_request(connect: Connect, status, place):
    with serving(friendly) as other, ExitStack() as stack:
        server = stack.enter_context(serving(lambda connection: redirect(connection)))
        location = PLACES[place](server, other)

        def redirect(connection: Connection) -> None:
            always(answer(b"", status, Location=location))(connection)

        driver = connect(base_url=server.base_url)
        with pytest.raises(APIStatusError, match=rf"^{status} .*a redirect is not followed.*correct base_url"):
            driver.get_client_gifts(client_id="a")
        with pytest.raises(APIStatusError):
            driver.request("POST", "/openapi/other", json={}, follow_redirects=True)
        assert len(server.requests) == 2
        assert other.connections == 0


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_of_an_unknown_authority_is_refused_once_and_said(connect: Connect, authority):
    told = r"the certificate of 127\.0\.0\.1:\d+ is not trusted.*name its file in SSL_CERT_FILE"
    with serving(friendly, tls=tls_of(authority)) as server:
        with pytest.raises(APIConnectionError, match=told) as caught:
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
        assert caught.value.attempts == server.connections == 1
        assert server.requests == []


def test_a_self_signed_certificate_is_refused_and_said(connect: Connect, tmp_path):
    import ssl

    authority = trustme.CA()
    authority.private_key_pem.write_to_path(str(tmp_path / "key"))
    authority.cert_pem.write_to_path(str(tmp_path / "certificate"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    with serving(friendly, tls=context) as server:
        with pytest.raises(APIConnectionError, match=r"is not trusted: .*self-signed certificate"):
            connect(base_url=server.base_url).get_client_gifts(client_id="a")


def test_a_certificate_for_another_host_is_refused_and_said(connect: Connect, authority, tmp_path, monkeypatch):
    trust(authority, tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority, "mantago.example")) as server:
        with pytest.raises(APIConnectionError, match=r"is another host's: .*; is the address right\?") as caught:
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
    assert "SSL_CERT_FILE" not in str(caught.value)
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    ("valid", "told"),
    [
        ({"not_after": datetime(2020, 1, 1, tzinfo=UTC)}, r"has expired: .*must renew the certificate"),
        ({"not_before": datetime(2200, 1, 1, tzinfo=UTC)}, r"is not valid yet: .*; is this machine's clock right\?"),
    ],
    ids=["expired", "not begun"],
)
def test_a_certificate_of_another_time_is_refused_and_said(connect, authority, tmp_path, monkeypatch, valid, told):
    import ssl

    trust(authority, tmp_path, monkeypatch)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    valid = {"not_after": datetime(2300, 1, 1, tzinfo=UTC)} | valid
    authority.issue_cert("127.0.0.1", **valid).configure_cert(context)
    with serving(friendly, tls=context) as server:
        with pytest.raises(APIConnectionError, match=told) as caught:
            connect(base_url=server.base_url).get_client_gifts(client_id="a")
    assert "SSL_CERT_FILE" not in str(caught.value)


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
def test_a_port_that_speaks_no_tls_is_told_as_such(connect: Connect, engine):
    with serving(lambda connection: connection.send(answer(b"", 400))) as server:
        address = server.base_url.replace("http:", "https:")
        with pytest.raises(APIConnectionError, match="the server there may not speak TLS: is the port right") as caught:
            connect(base_url=address, engine=engine, jitter=lambda: 0.0).get_client_gifts(client_id="a")
    assert caught.value.attempts == 3


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_authority_that_the_environment_names_is_trusted(connect, authority, tmp_path, monkeypatch, variable):
    trust(authority, tmp_path, monkeypatch)
    if variable == "SSL_CERT_DIR":
        from cryptography import x509

        subject = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        (tmp_path / f"{openssl_hash(subject.public_bytes()):08x}.0").write_bytes(authority.cert_pem.bytes())
    with serving(friendly, tls=tls_of(authority)) as server:
        assert connect(base_url=server.base_url).get_client_gifts(client_id="a").tickets == ()


def openssl_hash(name: bytes) -> int:
    """Return the number by which OpenSSL finds a certificate in a folder: of its subject in canonical form."""
    import hashlib
    import re

    # trustme's subjects are plain UTF-8 strings: lower case and single spaces make them canonical.
    entries, rest = [], name[2:] if name[1] < 0x80 else name[3:]
    while rest:
        entries.append(rest[: rest[1] + 2])
        rest = rest[rest[1] + 2 :]
    canonical = b""
    for entry in entries:
        oid_end = 6 + entry[5]
        text = re.sub(rb"\s+", b" ", entry[oid_end + 2 :].strip().lower())
        pair = entry[4:oid_end] + bytes([0x0C, len(text)]) + text
        canonical += bytes([0x31, len(pair) + 2, 0x30, len(pair)]) + pair
    return int.from_bytes(hashlib.sha1(canonical).digest()[:4], "little")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, r"SSL_CERT_FILE='/nowhere/ca.pem' .* can't be read: .*No such file"),
        ({"SSL_CERT_FILE": __file__}, "SSL_CERT_FILE=.* can't be read"),
        ({"ALL_PROXY": "socks5://user:hidden@localhost:1"}, "needs a package for SOCKS"),
        ({"ALL_PROXY": "ftp://user:hidden@localhost:1"}, "isn't a proxy's address"),
        ({"ALL_PROXY": "http://user:hidden@localhost:port"}, "isn't a proxy's address"),
    ],
)
def test_what_the_environment_names_and_cannot_be_used_is_a_configuration_error(
    connect: Connect, environment, told, monkeypatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=told) as caught:
        connect(base_url="https://localhost:1").get_client_gifts(client_id="a")
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


# --- proxies --------------------------------------------------------------------------------------------------------


PROXIES: dict[str, tuple[dict[str, str], bool]] = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": "{proxy}"}, True),
    "https_proxy": ({"https_proxy": "{proxy}"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "{proxy}"}, True),
    "a proxy without scheme": ({"HTTPS_PROXY": "{bare}"}, True),
    "NO_PROXY of another host": ({"HTTPS_PROXY": "{proxy}", "NO_PROXY": "mantago.example"}, True),
    "NO_PROXY of the host": ({"HTTPS_PROXY": "{proxy}", "NO_PROXY": "other,127.0.0.1"}, False),
    "NO_PROXY of all": ({"HTTPS_PROXY": "{proxy}", "NO_PROXY": "*"}, False),
    "HTTP_PROXY only": ({"HTTP_PROXY": "{proxy}"}, False),
}


@pytest.mark.parametrize("case", PROXIES)
def test_the_environments_proxy_carries_calls_in_a_tunnel_and_sees_no_secret(
    connect: Connect, case, authority, tmp_path, monkeypatch
):
    environment, through = PROXIES[case]
    trust(authority, tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(proxy=proxy.base_url, bare=f"127.0.0.1:{proxy.port}"))
        driver = connect(base_url=server.base_url)
        assert driver.get_client_gifts(client_id="a").tickets == ()
        assert driver.get_client_gifts(client_id="a").tickets == ()
        assert [request.method for request in proxy.requests] == ["CONNECT"] * through
        assert TOKEN not in str(proxy.requests)
        assert SECRET not in str(proxy.requests)
        assert len(server.requests) == 2


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
def test_a_proxy_that_is_itself_reached_by_tls_carries_calls_in_a_tunnel(
    connect: Connect, engine, authority, tmp_path, monkeypatch
):
    trust(authority, tmp_path, monkeypatch)
    tls = tls_of(authority)
    with serving(friendly, tls=tls) as server, serving(tunnel, tls=tls) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
        driver = connect(base_url=server.base_url, engine=engine)
        for _ in range(2):
            driver.get_client_gifts(client_id="a")
        driver.get_client_gifts(client_id="a" * 1_000_000)
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert len(server.requests) == 3


def test_a_call_to_loopback_without_tls_goes_through_a_plain_proxy_as_httpx_users_expect(connect, monkeypatch):
    with serving(tunnel) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        gifts = connect(base_url="http://localhost:9/api").get_client_gifts(client_id="a")
        assert gifts.extra == {"via": "proxy"}
        assert proxy.requests[0].target.startswith(f"http://localhost:9/api/openapi/client/gift?botId={BOT_ID}")


def has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(
    ("host", "excepted"),
    [
        ("127.0.0.1", "example.com, 127.0.0.0/8"),
        *(pytest.param("::1", form, marks=pytest.mark.skipif(not has_ipv6(), reason="needs IPv6"))
          for form in ("::1", "[::1]", "0:0::1/128")),
    ],
)  # fmt: skip
def test_a_proxy_sees_nothing_of_a_call_to_an_address_that_no_proxy_excepts(kind, engine, host, excepted, monkeypatch):
    options: dict[str, Any] = {**PAIR, "engine": engine}

    async def in_a_task() -> None:
        async with AsyncMantaGo(base_url=server.base_url, **options) as client:
            await client.get_client_gifts(client_id="a")

    with serving(friendly, host=host) as server, serving(tunnel) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("NO_PROXY", excepted)
        if kind == "sync":
            with MantaGo(base_url=server.base_url, **options) as client:
                client.get_client_gifts(client_id="a")
        else:
            anyio.run(in_a_task, backend=kind)
        assert (len(server.requests), proxy.connections) == (1, 0)


def test_a_proxys_password_goes_to_the_proxy_and_nowhere_else(connect: Connect, authority, tmp_path, monkeypatch):
    trust(authority, tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority)) as server, serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url.replace("//", "//user:hidden@"))
        driver = connect(base_url=server.base_url)
        driver.get_client_gifts(client_id="a")
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpoaWRkZW4="
        assert "proxy-authorization" not in server.requests[0].headers
        with serving(always(answer(b"", 407))) as refusing:
            monkeypatch.setenv("HTTPS_PROXY", refusing.base_url.replace("//", "//user:hidden@"))
            with pytest.raises(APIConnectionError, match="ProxyError: 407") as caught:
                connect(base_url=server.base_url, max_retries=0).get_client_gifts(client_id="a")
        assert "hidden" not in str(caught.value) + repr(caught.value.__cause__)


# --- names and addresses --------------------------------------------------------------------------------------------


def test_all_addresses_of_a_host_are_tried_within_one_deadline(monkeypatch):
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **options: Any) -> list[Any]:
        # Nobody listens at the first address.
        addresses = ["127.0.0.2", "127.0.0.1"] if host == "localhost" else [host]
        return [entry for address in addresses for entry in real(address, *rest, **options)]

    with serving(friendly) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with MantaGo(**PAIR, base_url=f"http://localhost:{server.port}") as client:
            assert client.get_client_gifts(client_id="a").tickets == ()


def test_a_host_without_address_is_a_connection_error(monkeypatch):
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    with MantaGo(**PAIR, max_retries=0) as client:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(APIConnectionError, match="Name or service not known"):
            client.get_client_gifts(client_id="a")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
        with pytest.raises(APIConnectionError, match=r"mantago\.cc has no address"):
            client.get_client_gifts(client_id="a")


def test_a_wait_of_a_socket_after_the_deadline_is_not_begun():
    with Deadline(-1), pytest.raises(httpcore.ConnectTimeout, match="used up"):
        DeadlineBackend().connect_tcp("127.0.0.1", 1)


def test_a_custom_transport_is_used_below_all_policy():
    with serving(friendly) as server:
        with MantaGo(**PAIR, base_url=server.base_url, transport=httpx.HTTPTransport()) as client:
            assert client.get_client_gifts(client_id="a").tickets == ()


# --- what a request carries -----------------------------------------------------------------------------------------

IDS = [
    "a/b", "../../admin", "a?b=c", "a&botId=other", "a%2Fb", "100%", "a+b c", "a#b", "a;b", 'a"b', "a\\b", "a\r\nX-Evil: 1",
    "a\0b", " a ", "杯", "é", "e\u0301", "👩‍👩‍👧", "\u202e", "x" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("who", IDS, ids=ascii)
def test_an_id_travels_intact(connect: Connect, who):
    with serving(friendly) as server:
        driver = connect(base_url=server.base_url)
        driver.get_client_gifts(client_id=who)
        driver.get_client_gifts(platform="line", platform_client_id=who)
        by_id, by_platform = server.requests
    assert by_id.json == {"secret": SECRET, "clientId": who}
    assert by_id.query == {"botId": BOT_ID}
    assert by_platform.json == {"secret": SECRET, "platform": "line", "platformClientId": who}
    assert by_platform.query == {"botId": BOT_ID, "platform": "line", "platformClientId": who}
    assert unquote(by_platform.target.partition("?")[0]) == "/openapi/client/gift"
    assert "x-evil" not in by_id.headers | by_platform.headers


CREDENTIALS = [value for value in IDS[:-1] if value == value.strip() and len(value.splitlines()) == 1]


@pytest.mark.parametrize("value", [*CREDENTIALS, "a b"], ids=ascii)
def test_a_bot_id_and_a_secret_of_any_characters_travel_intact(connect: Connect, value):
    with serving(friendly) as server:
        connect(base_url=server.base_url, bot_id=value, token=TOKEN, secret=value).get_client_gifts(client_id="a")
        [request] = server.requests
    assert request.query == {"botId": value}
    assert request.json == {"secret": value, "clientId": "a"}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_client_id_of_a_mebibyte_travels_intact(connect: Connect):
    with serving(friendly) as server:
        connect(base_url=server.base_url).get_client_gifts(client_id="杯" * 350_000)
        assert server.requests[0].json["clientId"] == "杯" * 350_000
