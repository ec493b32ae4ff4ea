"""What a client may be configured with, and what is refused before anything is sent."""

import asyncio
import copy
import inspect
import math
import pickle
import re
import subprocess
import sys
from typing import get_type_hints
from unittest.mock import create_autospec

import httpx
import pytest

import mantago
import mantago_runtime.configuration
from conftest import BOT_ID, GOOD, SECRET, TOKEN, Connect
from mantago import AsyncMantaGo, ConfigurationError, MantaGo, MantaGoError
from vendoring.vendored import Vendored, read_spec

PAIR = {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
REFUSED_TIMEOUTS = [None, math.nan, 0, -1, math.inf, -math.inf, "30", True, 10**400]


@pytest.mark.parametrize("timeout", REFUSED_TIMEOUTS)
def test_a_timeout_that_bounds_nothing_is_refused_for_the_client_and_for_a_call(connect: Connect, timeout):
    with pytest.raises(ConfigurationError, match="timeout must be a number of seconds above zero"):
        connect(timeout=timeout)
    with pytest.raises(ConfigurationError, match="timeout must be a number of seconds above zero"):
        connect(lambda _: httpx.Response(200, json=GOOD)).get_client_gifts(client_id="a", timeout=timeout)


@pytest.mark.parametrize(
    "options",
    [
        *({"max_retries": value} for value in (-1, 1.5, True, None, "2")),
        *({"max_response_bytes": value} for value in (0, -1, 1.5, None)),
        *({"identify_in": value} for value in ("query", "", None, True)),
        *({"base_url": value} for value in (5, b"https://host")),
        *({"strict": value} for value in ("yes", "", 0, 1, None)),
    ],
    ids=str,
)
def test_an_option_of_the_wrong_kind_is_refused_by_name_and_value(options):
    [(name, value)] = options.items()
    for client in (MantaGo, AsyncMantaGo):
        with pytest.raises(ConfigurationError, match=name) as caught:
            client(**PAIR, **options)
        assert repr(value) in str(caught.value) or type(value).__name__ in str(caught.value)


def test_a_transport_of_the_wrong_flavour_is_refused():
    with pytest.raises(ConfigurationError, match=r"must be an httpx\.BaseTransport, not AsyncHTTPTransport"):
        MantaGo(**PAIR, transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"must be an httpx\.AsyncBaseTransport, not HTTPTransport"):
        AsyncMantaGo(**PAIR, transport=httpx.HTTPTransport())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        *("https://mantago.cc/api", "https://mantago.cc", "https://mantago.cc/api/", "HTTPS://mantago.cc:8443/v2"),
        *("http://127.0.0.1:8000/api", "http://localhost/api", "http://LOCALHOST:1/", "http://[::1]:8000", "http://127.9.9.9"),
        "https://例え.jp/api",
    ],
)  # fmt: skip
def test_https_is_accepted_anywhere_and_http_on_loopback(url):
    with MantaGo(**PAIR, base_url=url) as client:
        assert url in repr(client)


@pytest.mark.parametrize(
    "url",
    [
        *("http://mantago.cc/api", "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://10.0.0.1", "http://2130706433"),
        *("ftp://mantago.cc", "mantago.cc/api", "//mantago.cc", "https://", "https:///api", "file:///etc/passwd", "javascript:alert(1)"),
        *("https://u:hidden@mantago.cc", "https://hidden@mantago.cc", "https://mantago.cc?hidden=1", "https://mantago.cc/#hidden"),
        *("https://mantago.cc\\hidden", "https://mantago.cc /api", " https://mantago.cc", "https://mantago.cc\n", "", "  "),
        *("https://mantago.cc:port", "https://[::1", "https://mantago.cc:99999", "http://localhost@evil.com"),
    ],
)  # fmt: skip
def test_any_other_address_is_refused_naming_argument_and_variable(url, monkeypatch):
    with pytest.raises(
        ConfigurationError, match=r"base_url \(or the environment variable MANTAGO_BASE_URL\)"
    ) as caught:
        MantaGo(**PAIR, base_url=url)
    assert "hidden" not in str(caught.value)
    if url:
        monkeypatch.setenv("MANTAGO_BASE_URL", url)
        with pytest.raises(ConfigurationError, match="MANTAGO_BASE_URL"):
            MantaGo(**PAIR)


def test_the_address_comes_from_the_argument_else_the_environment_else_the_spec(connect: Connect, monkeypatch):
    sent = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(re.sub(r"\?.*", "", str(request.url)))
        return httpx.Response(200, json=GOOD)

    connect(handler).get_client_gifts(client_id="a")
    monkeypatch.setenv("MANTAGO_BASE_URL", "")
    connect(handler).get_client_gifts(client_id="a")
    monkeypatch.setenv("MANTAGO_BASE_URL", "https://environment.example/v1/")
    connect(handler).get_client_gifts(client_id="a")
    connect(handler, base_url="https://argument.example").get_client_gifts(client_id="a")
    assert sent == [
        "https://mantago.cc/api/openapi/client/gift",
        "https://mantago.cc/api/openapi/client/gift",
        "https://environment.example/v1/openapi/client/gift",
        "https://argument.example/openapi/client/gift",
    ]


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"HTTP_PROXY": "http://plain:1"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "mantago.cc"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "cc"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "other.example"}, "http://proxy:3128"),
    ],
)
def test_the_environments_proxy_is_used_as_httpx_users_expect(environment, proxy, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert mantago_runtime.configuration.environment_proxy("https://mantago.cc/api") == proxy


SERVICE, V4, V6 = "https://api.mantago.cc/v1", "http://127.0.0.1:8080", "http://[::1]:8080"


@pytest.mark.parametrize(
    ("address", "no_proxy", "direct"),
    [
        (V6, "::1", True),
        (V6, "[::1]", True),
        (V6, "[::1]:8080", True),
        (V6, "[::1]:80", False),
        (V6, "0:0:0:0:0:0:0:1", True),
        (V6, "::/64", True),
        (V6, "[::]/64", True),
        (V6, "fd00::/8", False),
        (V6, "::1%lo", True),
        (V6, "127.0.0.1", False),
        (V6, "localhost", False),
        (V6, "http://[::1]:8080/", True),
        ("http://[::ffff:127.0.0.1]:1", "127.0.0.0/8", True),
        ("http://[::ffff:127.0.0.1]:1", "::ffff:7f00:1", True),
        ("https://[2001:DB8::A]", "2001:db8::a", True),
        ("https://[2001:db8::a]", "[2001:DB8::A]:443", True),
        (V4, "127.0.0.1", True),
        (V4, "127.0.0.1:8080", True),
        (V4, "127.0.0.1:80", False),
        (V4, "127.0.0.0/8", True),
        (V4, "127.0.0.9/8", True),
        (V4, "10.0.0.0/8", False),
        (V4, "0.0.1", False),
        (V4, "::1", False),
        (V4, "localhost,::1 , 127.0.0.1", True),
        (SERVICE, "api.mantago.cc", True),
        (SERVICE, "mantago.cc", True),
        (SERVICE, ".mantago.cc", True),
        (SERVICE, "*.mantago.cc", True),
        (SERVICE, "tago.cc", False),
        (SERVICE, "www.api.mantago.cc", False),
        (SERVICE, "API.MANTAGO.CC", True),
        (SERVICE, "mantago.cc.", True),
        ("https://api.mantago.cc.", "mantago.cc", True),
        (SERVICE, "mantago.cc:443", True),
        (SERVICE, "mantago.cc:8443", False),
        ("https://mantago.cc:8443", "mantago.cc:8443", True),
        (SERVICE, "https://mantago.cc", True),
        (SERVICE, "all://mantago.cc:443", True),
        (SERVICE, "http://mantago.cc", False),
        (SERVICE, "other.example  mantago.cc", True),
        (SERVICE, " mantago.cc ,", True),
        (SERVICE, "*", True),
        (SERVICE, "other.example, *", True),
        (SERVICE, ".", False),
        (SERVICE, ",", False),
        (SERVICE, "10.0.0.0/8,[::1]", False),
        ("https://xn--mller-kva.example", "müller.example", True),
        ("https://müller.example", "xn--mller-kva.example", True),
        (SERVICE, "[::", False),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_excepts_an_address_in_each_form_that_curl_urllib_and_httpx_take(
    variable, address, no_proxy, direct, monkeypatch
):
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://user:p%40ss@proxy:3128")
    monkeypatch.setenv(variable, no_proxy)
    found = mantago_runtime.configuration.environment_proxy(address)
    assert found == (None if direct else "http://user:p%40ss@proxy:3128")


@pytest.mark.parametrize("excepted", [True, False])
def test_the_systems_own_exceptions_count_where_the_environment_names_no_proxy(excepted, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://system:1"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: asked.append(host) or excepted)
    proxy = mantago_runtime.configuration.environment_proxy("https://mantago.cc:8443/api")
    assert (proxy, asked) == (None if excepted else "http://system:1", ["mantago.cc:8443"])


def test_a_closed_client_says_so_and_closing_twice_is_fine(connect: Connect):
    driver = connect(lambda _: httpx.Response(200, json=GOOD))
    driver.get_client_gifts(client_id="a")
    for _ in range(2):
        driver.runner.run(driver.client.aclose()) if driver.flavour == "async" else driver.client.close()
    with pytest.raises(MantaGoError, match="this client is closed"):
        driver.get_client_gifts(client_id="a")
    with pytest.raises(MantaGoError, match="this client is closed"):
        driver.request("POST", "/openapi/client/gift")


def test_a_client_that_never_called_closes_its_transport_too():
    closed = []

    class Transport(httpx.MockTransport):
        def close(self) -> None:
            closed.append(1)

    with MantaGo(**PAIR, transport=Transport(lambda _: httpx.Response(200))):
        pass
    assert closed == [1]


def test_a_client_that_never_called_is_closed_without_one():
    client = MantaGo(**PAIR)
    client.close()
    with pytest.raises(MantaGoError, match="this client is closed"):
        client.get_client_gifts(client_id="a")
    client.close()


def test_entering_a_closed_client_is_refused(connect: Connect):
    driver = connect()
    driver.close() if driver.flavour == "sync" else driver.runner.run(driver.client.aclose())
    enter = (
        driver.client.__enter__ if driver.flavour == "sync" else lambda: driver.runner.run(driver.client.__aenter__())
    )
    with pytest.raises(MantaGoError, match="closed"):
        enter()


def test_pickling_or_copying_a_client_is_refused_with_what_to_do_instead(connect: Connect):
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="make a client in each process"):
            attempt(connect().client)


def test_a_clients_repr_shows_where_and_who_but_no_secret(connect: Connect):
    shown = repr(connect().client)
    assert "base_url='https://mantago.cc/api'" in shown
    assert f"bot_id='{BOT_ID}'" in shown
    assert TOKEN not in shown
    assert SECRET not in shown


def test_what_is_public_says_it_comes_from_mantago():
    for name in mantago.__all__:
        member = getattr(mantago, name)
        if isinstance(member, type):
            assert member.__module__ == "mantago"
            assert pickle.loads(pickle.dumps(member)) is member
    assert read_spec(Vendored())["info"]["version"] == mantago.SPEC_VERSION


def test_the_clients_can_be_specified_as_mocks_and_show_their_signature():
    assert inspect.iscoroutinefunction(AsyncMantaGo.get_client_gifts)
    assert not inspect.iscoroutinefunction(MantaGo.get_client_gifts)
    for client in (MantaGo, AsyncMantaGo):
        names = ["self", "client_id", "platform", "platform_client_id", "timeout"]
        assert list(inspect.signature(client.get_client_gifts).parameters) == names
        assert "Give either `client_id`" in str(inspect.getdoc(client.get_client_gifts))
    mock = create_autospec(AsyncMantaGo, instance=True)
    mock.get_client_gifts.return_value = mantago.ClientGifts()
    assert asyncio.run(mock.get_client_gifts(client_id="a")) == mantago.ClientGifts()


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("garbage://user:hidden@x", "isn't a proxy's address"),
        ("http://[::1", "isn't a proxy's address"),
        ("socks5://x:1", "pip install socksio"),
    ],
)
def test_a_proxy_of_the_environment_that_cannot_be_used_is_a_configuration_error(
    connect: Connect, monkeypatch, proxy, told
):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=told) as caught:
        connect(base_url="https://api.example")
    assert "hidden" not in str(caught.value)


def test_with_a_transport_the_environments_proxy_does_not_count(connect: Connect, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "garbage://x")
    connect(lambda _: httpx.Response(200, json=GOOD)).get_client_gifts(client_id="a")


def test_an_empty_base_url_is_refused_as_such(connect: Connect):
    with pytest.raises(ConfigurationError, match=r"base_url .* is empty"):
        connect(base_url="")


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_loads_nothing_heavy_until_a_name_is_used():
    ours = "sorted(name for name in sys.modules if name.split('.')[0] in ('mantago', 'httpx', 'attr', 'typing'))"
    assert (
        run_python(f"import sys; before = {ours}; import mantago; print({ours} == sorted([*before, 'mantago']))")
        == "True\n"
    )
    assert (
        run_python("import sys, mantago; mantago.Platform; print('mantago_runtime.connections.pool' in sys.modules)")
        == "False\n"
    )
    assert (
        run_python("import sys, mantago; mantago.preload(); print('mantago_runtime.connections.pool' in sys.modules)")
        == "True\n"
    )


FIRST_CALL = {
    *("anyio", "attr", "httpcore", "mantago_generated.client", "mantago_runtime.calls.loop"),
    *("mantago_runtime.instrumentation", "mantago_runtime.operation", "mantago_runtime.reading.fields"),
}


@pytest.mark.parametrize("kind", ["MantaGo", "AsyncMantaGo"])
def test_a_client_that_does_not_call_imports_nothing_that_only_calls_need(kind: str):
    close = "client.close()" if kind == "MantaGo" else "asyncio.run(client.aclose())"
    code = f"""
import asyncio, sys, httpx
of_httpx = set(sys.modules)  # older versions import more
import mantago
client = mantago.{kind}(bot_id="b", token="t", secret="s")
repr(client), client.credentials, client.with_options(timeout=5, headers={{"X-Team": "a"}}), {close}
ours = {FIRST_CALL} & (sys.modules.keys() - of_httpx)
client.generated
print(ours, {FIRST_CALL} <= sys.modules.keys())
"""
    assert run_python(code) == "set() True\n"


@pytest.mark.parametrize("engine", ["httpcore", "httptools"])
def test_preloading_leaves_nothing_to_the_first_call(engine: str):
    code = f"""
import sys, mantago
mantago.preload()
before = {{name for name in sys.modules if name.startswith("mantago")}}
options = {{"base_url": "http://127.0.0.1:1", "max_retries": 0, "engine": {engine!r}}}
with mantago.MantaGo(bot_id="b", token="t", secret="s", **options) as client:
    try:
        client.get_client_gifts(client_id="a")
    except mantago.APIConnectionError:
        after = {{name for name in sys.modules if name.startswith("mantago")}}
print({FIRST_CALL} <= sys.modules.keys(), after - before)
"""
    assert run_python(code) == "True set()\n"


def test_what_stands_in_the_place_of_a_public_name_stays_there():
    """Tests put doubles there; a name that is asked for later must not bring the original back."""
    code = "import mantago; mantago.MantaGo; mantago.MantaGo = 1; mantago.Drift, mantago.Gift; print(mantago.MantaGo)"
    assert run_python(code) == "1\n"


def test_who_resolves_the_annotations_of_a_client_at_run_time_can():
    assert get_type_hints(mantago.MantaGo.__init__).keys() == get_type_hints(mantago.AsyncMantaGo.__init__).keys()
    assert get_type_hints(mantago.MantaGo.generated.fget).keys() == {"return"}


def test_a_name_that_the_package_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mantago' has no attribute 'Mantago'"):
        mantago.Mantago  # noqa: B018
    mantago.preload()
    assert set(mantago.__all__) <= set(dir(mantago))


def test_the_user_agent_says_who_calls(connect: Connect):
    script = []
    connect(lambda request: script.append(request) or httpx.Response(200, json=GOOD)).get_client_gifts(client_id="a")
    expected = (
        rf"mantago/{mantago.__version__} \(spec {re.escape(mantago.SPEC_VERSION)}; python 3\.1[1-3]; httpx 0\.28\.1\)"
    )
    assert re.fullmatch(expected, script[0].headers["User-Agent"])


@pytest.mark.parametrize("client", [MantaGo, AsyncMantaGo])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"engine": "curl"}, "engine must be one of 'httpcore', 'httptools', not 'curl'"),
        ({"engine": 5}, "not '5'"),
        ({"engine": ""}, "not ''"),
        ({"engine": ["httpcore"]}, "engine must be one of"),
        (
            {"engine": "httpcore", "transport": httpx.MockTransport(lambda _: httpx.Response(200))},
            "transport or engine",
        ),
    ],
)
def test_an_engine_that_cannot_be_used_is_refused(client, options, told):
    with pytest.raises(ConfigurationError, match=told):
        client(**PAIR, **options)


def test_an_engine_whose_package_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "httptools", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'mantago\[fast\]'"):
        MantaGo(**PAIR, engine="httptools")
    MantaGo(**PAIR, engine="httpcore").close()
