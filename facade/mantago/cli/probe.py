"""The probe of `mantago doctor`: a request without credentials, which shows connection, TLS and clock."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx
from attrs import frozen

from mantago import __version__
from mantago.cli.statuses import ExitStatus
from mantago_runtime.calls.failures import NO_TLS, behind, certificate_fault
from mantago_runtime.calls.io_backend import sync_io_backend
from mantago_runtime.concurrency import maybe_await, run_sync
from mantago_runtime.configuration import Network, is_loopback
from mantago_runtime.connections.connection import ConnectionUse
from mantago_runtime.errors import ConfigurationError
from mantago_runtime.mappings import Headers
from mantago_runtime.text import seconds

CLOCK_TOLERANCE = 60.0
"""The difference between two clocks that is no fault, in seconds."""


@frozen
class Check:
    """One line of the report; `ok` is None where there was nothing to judge.

    `hint` says what to do about a cross, and `status` is its exit status.
    """

    name: str
    ok: bool | None
    detail: str
    hint: str = ""
    status: ExitStatus = ExitStatus.REFUSED


def passed(name: str, detail: str) -> Check:
    """Return a line that says that all is well."""
    return Check(name, ok=True, detail=detail)


def failed(name: str, detail: str, hint: str, status: ExitStatus = ExitStatus.REFUSED) -> Check:
    """Return a line that says what is wrong, and what to do."""
    return Check(name, ok=False, detail=detail, hint=hint, status=status)


def skipped(name: str, detail: str) -> Check:
    """Return a line that says why there is nothing to judge."""
    return Check(name, ok=None, detail=detail)


def span(seconds: float) -> str:
    """Say a length of time in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}s"
    return f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"


@frozen
class ProbeResult:
    """The result of a request without credentials; times of day are in seconds since 1970."""

    sent: float
    received: float
    peer: str = ""
    tls: str | None = None
    certificate: Mapping[str, Any] | None = None
    date: str | None = None


def probe(address: str, proxy: str | None, timeout: float, now: Callable[[], float]) -> ProbeResult | Exception:
    """Send a request without credentials the way that a client sends its own; any answer will do."""
    url = httpx.URL(address)
    headers = [(b"Host", url.netloc), (b"User-Agent", f"mantago/{__version__} (doctor)".encode()), (b"Accept", b"*/*")]
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    io = sync_io_backend(None, Network(proxy=proxy))
    try:
        with io.bound(timeout):
            sent = now()
            request = httpcore.Request("GET", target, headers=headers)
            response, connection = run_sync(maybe_await(io.send(request, ConnectionUse())))
            probed = probe_result(sent, now(), response.headers, response.extensions["network_stream"])
            run_sync(maybe_await(io.done(response, connection)))
    except ConfigurationError as error:
        return error
    except io.failures as error:
        return error
    else:
        return probed
    finally:
        run_sync(maybe_await(io.shut()))


def probe_result(sent: float, received: float, headers: Iterable[tuple[bytes, bytes]], stream: Any) -> ProbeResult:
    """Return the result of a request, from its answer's header and its connection."""
    told = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    (host, port, *_), tls = stream.get_extra_info("server_addr"), stream.get_extra_info("ssl_object")
    version, certificate = (tls.version(), tls.getpeercert()) if tls else (None, None)
    peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ProbeResult(sent, received, peer, version, certificate, told.get("Date"))


def of_connection(probed: ProbeResult | Exception | None, address: str, proxy: str | None, timeout: float) -> Check:
    """Judge whether the service can be reached at all."""
    if probed is None:
        return skipped("connection", "not tried")
    if isinstance(probed, ConfigurationError):
        return skipped("connection", "not tried: there are no certificates to trust")
    if isinstance(probed, ProbeResult):
        return passed("connection", f"{probed.peer} answered in {(probed.received - probed.sent) * 1000:.0f} ms")
    host = httpx.URL(proxy or address).host
    if behind(probed, ssl.SSLError):
        return passed("connection", f"{host} accepts connections")
    text = " ".join(str(probed).split()) or type(probed).__name__
    if behind(probed, socket.gaierror):
        text, hint = f"the name {host} isn't known here: {text}", "check the name, and this machine's DNS."
    elif behind(probed, ConnectionRefusedError):
        text, hint = f"{host} refuses the connection: {text}", "check the port, and that the service runs there."
    elif isinstance(probed, (httpcore.TimeoutException, httpx.TimeoutException)):
        text, hint = (
            f"{host} gave no answer within {seconds(timeout)}",
            "check whether a firewall blocks the connection.",
        )
    else:
        text, hint = f"{host} gave no answer: {text}", "check the port: the server there may not speak HTTP."
    if proxy and is_loopback(httpx.URL(address).host):
        hint = "set NO_PROXY=127.0.0.1,localhost: the environment's proxy (HTTP_PROXY) can't reach this machine."
    else:
        used, missing = (
            "The proxy comes from the environment (HTTPS_PROXY).",
            "If this network needs a proxy, name it in HTTPS_PROXY.",
        )
        hint = f"{hint} {used if proxy else missing}"
    return failed("connection", text, hint, ExitStatus.TRY_LATER)


def of_tls(probed: ProbeResult | Exception | None, address: str) -> Check:
    """Judge whether TLS proves that the service is the right one."""
    if isinstance(probed, ConfigurationError):
        return failed("TLS", str(probed), "correct SSL_CERT_FILE or SSL_CERT_DIR, or unset them", ExitStatus.WRONG_USE)
    if isinstance(probed, Exception) and (error := behind(probed, ssl.SSLError)):
        text = " ".join(str(error).split())
        if not isinstance(error, ssl.SSLCertVerificationError):
            return failed("TLS", text, NO_TLS, ExitStatus.TRY_LATER)
        return failed("TLS", text, certificate_fault(error)[1], ExitStatus.TRY_LATER)
    if not isinstance(probed, ProbeResult):
        return skipped("TLS", "not tried")
    if probed.tls is None or not probed.certificate:
        return skipped("TLS", f"none: {httpx.URL(address).host} is this machine")
    until = ssl.cert_time_to_seconds(probed.certificate["notAfter"])
    issuer = {name: value for part in probed.certificate["issuer"] for name, value in part}
    authority = issuer.get("organizationName") or issuer.get("commonName", "unnamed")
    return passed("TLS", f"{probed.tls}, certified by {authority} until {datetime.fromtimestamp(until, UTC):%Y-%m-%d}")


def of_clock(probed: ProbeResult | Exception | None) -> Check:
    """Judge this machine's clock by the service's, which tells whole seconds."""
    try:
        if not isinstance(probed, ProbeResult) or probed.date is None:
            return skipped("clock", "the answer has no time" if isinstance(probed, ProbeResult) else "not tried")
        date = parsedate_to_datetime(probed.date)
        told = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return skipped("clock", "its time can't be read")
    # The answer was dated between `sent` and `received`, and the date leaves out a fraction of a second.
    ahead, behind_by = probed.sent - (told + 1), told - probed.received
    off = max(ahead, behind_by, 0.0)
    if off <= CLOCK_TOLERANCE:
        return passed("clock", f"it agrees with the service's to within {span(max(off, 1))}")
    way = "ahead of" if ahead > behind_by else "behind"
    return failed(
        "clock", f"it is {span(off)} {way} the service's", "set this machine's clock: tokens and TLS depend on it"
    )
