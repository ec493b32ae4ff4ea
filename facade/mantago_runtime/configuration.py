"""The checks of a client's options."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from mantago_runtime.errors import ConfigurationError
from mantago_runtime.text import characters

HTTPCORE, HTTPTOOLS = ENGINES = ("httpcore", "httptools")
HTTPX_PACKAGES = ("httpx", "httpx2")
"""The packages whose transports may be given: the successor's classes are of the same shape."""
MAX_CONNECTIONS = 100
"""Connections that a client opens in a process, or in an event loop; a call that finds none free waits."""
MAX_TIMEOUT_SECONDS = 10**9
DEFAULT_PORTS = {"http": 80, "https": 443}


def check_flavour(transport: object, flavour: type) -> None:
    """Refuse a transport that is for the other client."""
    if transport is not None and package_of(transport, flavour.__name__) is None:
        other = "AsyncMantaGo" if flavour is httpx.BaseTransport else "MantaGo"
        raise ConfigurationError(
            f"transport must be an httpx.{flavour.__name__}, not {type(transport).__name__}: or is it for {other}?"
        )


def package_of(transport: object, base: str) -> str | None:
    """Return the package that this transport is of: httpx, or its successor; None if it is of neither."""
    packages = (cls.__module__.partition(".")[0] for cls in type(transport).__mro__ if cls.__name__ == base)
    return next((package for package in packages if package in HTTPX_PACKAGES), None)


def _with_scheme(proxy: object) -> Any:
    if not isinstance(proxy, str) or not proxy:
        return proxy
    return characters(proxy) if "://" in proxy else f"http://{characters(proxy)}"


class Network:
    """The ways to make connections, under the names of a client's options.

    The repr is silent, as a proxy's address may hold a password.
    """

    __slots__ = ("engine", "max_connections", "proxy", "ssl_context")

    def __init__(
        self,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
        engine: str | None = None,
    ) -> None:
        self.proxy: str | None = _with_scheme(proxy)
        self.ssl_context = ssl_context
        self.max_connections = max_connections
        self.engine = engine

    def check(self, transport: object) -> None:
        """Raise ConfigurationError for what can't be used, or comes beside a transport."""
        names = ("proxy", "ssl_context", "max_connections", "engine")
        given = [name for name in names if getattr(self, name) != getattr(DIRECT, name)]
        if transport is not None and given:
            raise ConfigurationError(
                f"give transport or {given[0]}, not both: a transport makes connections of its own, in its own way"
            )
        if self.proxy is not None and (problem := _proxy_problem(self.proxy)):
            raise ConfigurationError(f"proxy {problem}")
        if self.ssl_context is not None:
            _check_context(self.ssl_context)
        checked_whole("max_connections", self.max_connections, least=1)
        if self.engine is not None:
            _check_engine(self.engine)

    def completed(self, address: str, engine: str) -> Network:
        """Return it with the environment's proxy for an address, and with an engine, where it has none itself."""
        proxy = environment_proxy(address) if self.proxy is None else self.proxy
        return Network(proxy, self.ssl_context, self.max_connections, self.engine or engine)

    @property
    def proxy_host(self) -> str | None:
        """The proxy's name and port, without user and password."""
        return None if self.proxy is None else httpx.URL(self.proxy).netloc.decode("ascii")

    @property
    def proxy_secrets(self) -> tuple[str, ...]:
        """A proxy's password, and how its header spells it with the user's name."""
        url = httpx.URL(self.proxy or "")
        pair = f"{url.username}:{url.password}".encode()
        return (url.password, base64.b64encode(pair).decode()) if url.password else ()


DIRECT = Network()


def _check_engine(engine: object) -> None:
    """Refuse an engine that there isn't, or that isn't installed."""
    if engine not in ENGINES:
        raise ConfigurationError(f"engine must be one of {', '.join(map(repr, ENGINES))}, not {str(engine)[:50]!r}")
    if engine == HTTPTOOLS and not _is_installed("httptools"):
        raise ConfigurationError("engine='httptools' needs a package that is missing: pip install 'mantago[fast]'")


def _is_installed(package: str) -> bool:
    """Return whether an optional package can be imported."""
    from importlib.util import find_spec  # noqa: PLC0415 - hardly any client needs it

    return find_spec(package) is not None


def _check_context(context: object) -> None:
    """Refuse what can't secure the connections of a client."""
    make = "make one by ssl.create_default_context(), with cafile= for an authority of your own"
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError(f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}: {make}")
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        raise ConfigurationError(f"ssl_context is one for servers: {make}")


def _proxy_problem(proxy: object) -> str | None:
    """Say why a proxy can't be used, without quoting it: it may hold a password."""
    if not isinstance(proxy, str):
        return f"must be a string, not {type(proxy).__name__}"
    try:
        url = httpx.Proxy(proxy).url
    except (ValueError, httpx.InvalidURL):
        url = httpx.URL()
    if not url.host or not 0 < (1 if url.port is None else url.port) <= 65_535 or re.search(r"\s", proxy):
        return "isn't a proxy's address: it must begin with http://, https:// or socks5://, and a host"
    if url.scheme.startswith("socks") and not _is_installed("socksio"):
        return "needs a package for SOCKS: pip install socksio"
    return None


def checked_address(base_url: str | None, default: str) -> str:
    """Check where requests, and with them the secret, may go."""
    name = "base_url (or the environment variable MANTAGO_BASE_URL)"
    url = (os.environ.get("MANTAGO_BASE_URL") or default) if base_url is None else base_url
    if not isinstance(url, str):
        raise ConfigurationError(f"{name} must be a string, not {type(url).__name__}")
    if not url:
        raise ConfigurationError(f"{name} is empty")
    # Before anything else, and without quoting the address: these parts could be secrets.
    if re.search(r"[?#@\\]|\s", url):
        raise ConfigurationError(f"{name} must be without user info, query, fragment, backslashes and white space")
    try:
        # urlsplit finds a port out of range, httpx what no URL may hold.
        scheme, _, host = urlsplit(url).scheme.lower(), urlsplit(url).port, httpx.URL(url).host
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"{name} {url!r} isn't a URL: {error}") from None
    if scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"{name} {url!r} must begin with https:// and a host")
    if scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{name} {url!r} must begin with https://: http:// is only for addresses of this machine, such as 127.0.0.1"
        )
    return characters(url)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its address or the name localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def environment_proxy(address: str) -> str | None:
    """Return the proxy that the environment names for an address, found as curl, urllib and httpx find it.

    NO_PROXY may hold names, which stand for what is below them too, addresses, networks such as 10.0.0.0/8 and
    fd00::/8, each with a port if only that is meant, and `*`. Where the environment names no proxy, the settings of
    the system do.
    """
    url = httpx.URL(address)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or _is_excepted(url, proxies.get("no") or ""):
        return None
    if not urllib.request.getproxies_environment() and urllib.request.proxy_bypass(url.netloc.decode("ascii")):
        return None
    proxy = str(_with_scheme(proxy))
    if problem := _proxy_problem(proxy):
        # A traceback with locals must not show what else is in them.
        del proxies, proxy
        name = f"the proxy that the environment names for {url.scheme} ({url.scheme.upper()}_PROXY or ALL_PROXY)"
        raise ConfigurationError(f"{name} {problem}")
    return proxy


def _is_excepted(url: httpx.URL, no_proxy: str) -> bool:
    """Return whether a NO_PROXY says that an address is reached without a proxy."""
    entries = (entry for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)
    return any(entry == "*" or _excepts(entry, url) for entry in entries)


def _excepts(entry: str, url: httpx.URL) -> bool:
    scheme, found, rest = entry.rpartition("://")
    place, port = _split_port(rest.rstrip("/") if found else rest)
    if (found and scheme not in (url.scheme, "all")) or (port and int(port) != (url.port or DEFAULT_PORTS[url.scheme])):
        return False
    if not (addresses := _addresses(url.host)):
        name = _ascii_name(place.lstrip("*").lstrip("."))
        return bool(name) and f".{_ascii_name(url.host)}".endswith(f".{name}")
    try:
        network = ipaddress.ip_network(re.sub(r"[\[\]]|%[^/]*", "", place), strict=False)
    except ValueError:
        return False
    return any(address in network for address in addresses)


def _split_port(place: str) -> tuple[str, str]:
    """Return host and port; an IPv6 address without brackets has none."""
    host, _, port = place.rpartition(":")
    return (host, port) if port.isdecimal() and (":" not in host or "]" in host) else (place, "")


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the address that a host is, and that of IPv4 which it may stand for; none if it is a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return []
    mapped = getattr(address, "ipv4_mapped", None)
    return [address, mapped] if mapped else [address]


def _ascii_name(name: str) -> str:
    """Return a name as DNS has it."""
    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii").rstrip(".")
    except httpx.InvalidURL:
        return name.rstrip(".")


def checked_seconds(timeout: object) -> float:
    """Return a timeout as a float; refuse what isn't one."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= MAX_TIMEOUT_SECONDS:
        raise ConfigurationError(
            f"timeout must be a number of seconds above zero, at most {MAX_TIMEOUT_SECONDS:,}, not {timeout!r:.50}"
        )
    return float(timeout)


# What is signed, what the connection and the body need, and what says which answers can be read.
OWN_HEADERS = re.compile(
    "authorization|bot[-_]?id|proxy-.*|host|content-.*|transfer-encoding|te|trailer|connection|keep-alive|upgrade|expect|"
    "accept|accept-encoding"
)


def checked_headers(headers: object) -> dict[str, str] | ConfigurationError:
    """Return the header fields that go with each request.

    The error is returned, not raised: a traceback with locals would show the values.
    """
    if not isinstance(headers, Mapping):
        return ConfigurationError(f"headers must be a mapping of names to values, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            return ConfigurationError(f"headers: {str(name)[:50]!r} can't be the name of a header")
        if OWN_HEADERS.fullmatch(name.lower()):
            return ConfigurationError(
                f"headers can't hold {name}: what signs and carries a request is the client's own"
            )
        if problem := field_problem(value):
            return ConfigurationError(f"headers: the value of {name} {problem}")
    if len({name.lower() for name in headers}) < len(headers):
        return ConfigurationError(f"headers has a name twice, in different case: {', '.join(headers)}")
    return {characters(name): characters(value) for name, value in headers.items()}


def field_problem(value: object) -> str | None:
    """Say why a value can't be in a header, without quoting it; None if it can."""
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if value != value.strip():
        return "can't be in a header: it begins or ends with white space"
    if bad := re.search(r"[^\t\x20-\x7e]", value):
        return f"can't be in a header: character {bad.start() + 1} of {len(value)} isn't one of ASCII's visible ones"
    return None


def checked_user_agent(suffix: str) -> str:
    """Return what follows our own product in User-Agent; refuse what can't."""
    if problem := "is empty" if suffix == "" else field_problem(suffix):
        raise ConfigurationError(f"user_agent {problem}")
    return characters(suffix)


def checked_whole(name: str, value: object, *, least: int) -> int:
    """Return a whole number; refuse anything else, and a number less than the least."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name} must be a whole number, {least} or more, not {value!r}")
    return value
