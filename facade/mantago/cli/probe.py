"""How `mantago doctor` judges the way to the service: connection, TLS and clock, by a request without credentials."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpcore
import httpx
from attrs import frozen

from mantago import __version__
from mantago_runtime.calls.failures import NETWORK_FAILURES
from mantago_runtime.calls.io_backend import sync_edge
from mantago_runtime.concurrency import resolved, run
from mantago_runtime.errors import ConfigurationError
from mantago_runtime.mappings import Headers

T = TypeVar("T", bound=BaseException)

REFUSED, WRONG_USE, NO_ANSWER = 1, 2, 3
"""What a cross makes the exit status; of several, wrong use counts before no answer, and that before a refusal."""
CLOCK_TOLERANCE = 60.0
"""Seconds."""
OTHER_HOST = "is the address right? The certificate is another host's"
UNTRUSTED: Mapping[int, str] = {
    9: "is this machine's clock right?",
    10: "is this machine's clock right? Else the service's operator must renew the certificate",
    62: OTHER_HOST,
    64: OTHER_HOST,  # where the address is a number
}


@frozen
class Check:
    """One line of the report; `ok` is None where there was nothing to judge. A hint says what to do."""

    name: str
    ok: bool | None
    detail: str
    hint: str = ""
    status: int = REFUSED


def tick(name: str, detail: str) -> Check:
    """Return a line that says that all is well."""
    return Check(name, ok=True, detail=detail)


def cross(name: str, detail: str, hint: str, status: int = REFUSED) -> Check:
    """Return a line that says what is wrong, and what to do."""
    return Check(name, ok=False, detail=detail, hint=hint, status=status)


def skip(name: str, detail: str) -> Check:
    """Return a line that says why there is nothing to judge."""
    return Check(name, ok=None, detail=detail)


def span(seconds: float) -> str:
    """Say a length of time in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}s"
    return f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"


@frozen
class Met:
    """What a request without credentials met; times of day are in seconds since 1970."""

    sent: float
    received: float
    peer: str = ""
    tls: str | None = None
    certificate: Mapping[str, Any] | None = None
    date: str | None = None


def reach(address: str, proxy: str | None, timeout: float, now: Callable[[], float]) -> Met | Exception:
    """Send a request without credentials the way that a client sends its own; any answer will do."""
    url = httpx.URL(address)
    headers = [(b"Host", url.netloc), (b"User-Agent", f"mantago/{__version__} (doctor)".encode()), (b"Accept", b"*/*")]
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    edge = sync_edge(None, proxy)
    try:
        with edge.bound(timeout):
            sent = now()
            response, connection = run(resolved(edge.send(httpcore.Request("GET", target, headers=headers))))
            met = met_by(sent, now(), response.headers, response.extensions["network_stream"])
            run(resolved(edge.done(response, connection)))
    except (*NETWORK_FAILURES, ConfigurationError) as error:
        return error
    else:
        return met
    finally:
        run(resolved(edge.shut()))


def met_by(sent: float, received: float, headers: Iterable[tuple[bytes, bytes]], stream: Any) -> Met:
    """Return what a request met, from its answer's header and its connection."""
    told = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    (host, port, *_), tls = stream.get_extra_info("server_addr"), stream.get_extra_info("ssl_object")
    version, certificate = (tls.version(), tls.getpeercert()) if tls else (None, None)
    peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Met(sent, received, peer, version, certificate, told.get("Date"))


def behind(error: BaseException | None, kind: type[T]) -> T | None:
    """Return the first error of a kind among an error and its causes."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def of_connection(met: Met | Exception | None, address: str, proxy: str | None, timeout: float) -> Check:
    """Judge whether the service can be reached at all."""
    if met is None:
        return skip("connection", "not tried")
    if isinstance(met, ConfigurationError):
        return skip("connection", "not tried: there are no certificates to trust")
    if isinstance(met, Met):
        return tick("connection", f"{met.peer} answered in {(met.received - met.sent) * 1000:.0f} ms")
    host = httpx.URL(proxy or address).host
    if behind(met, ssl.SSLError):
        return tick("connection", f"{host} accepts connections")
    text = " ".join(str(met).split()) or type(met).__name__
    if behind(met, socket.gaierror):
        text, hint = f"the name {host} isn't known here: {text}", "is the name right? Else look at this machine's DNS."
    elif behind(met, ConnectionRefusedError):
        text, hint = f"{host} refuses the connection: {text}", "is the port right, and does the service run there?"
    elif isinstance(met, (httpcore.TimeoutException, httpx.TimeoutException)):
        text, hint = f"{host} gave no answer within {timeout:g} s", "does a firewall keep this machine from it?"
    else:
        text, hint = f"{host} gave no answer: {text}", "what is there may be no HTTP server: is the port right?"
    hint += " The proxy comes from the environment (HTTPS_PROXY)." if proxy else " A proxy is named in HTTPS_PROXY."
    return cross("connection", text, hint, NO_ANSWER)


def of_tls(met: Met | Exception | None, address: str) -> Check:
    """Judge whether the service can be trusted to be itself."""
    if isinstance(met, ConfigurationError):
        return cross("TLS", str(met), "correct SSL_CERT_FILE or SSL_CERT_DIR, or unset them", WRONG_USE)
    if isinstance(met, Exception) and (error := behind(met, ssl.SSLError)):
        text = " ".join(str(error).split())
        if not isinstance(error, ssl.SSLCertVerificationError):
            return cross("TLS", text, "what answers there may speak no TLS: is the port right?", NO_ANSWER)
        own = "if the authority is your own, name its file in SSL_CERT_FILE; else somebody reads along"
        return cross("TLS", text, UNTRUSTED.get(error.verify_code, own), NO_ANSWER)
    if not isinstance(met, Met):
        return skip("TLS", "not tried")
    if met.tls is None or not met.certificate:
        return skip("TLS", f"none: {httpx.URL(address).host} is this machine")
    until = ssl.cert_time_to_seconds(met.certificate["notAfter"])
    issuer = {name: value for part in met.certificate["issuer"] for name, value in part}
    authority = issuer.get("organizationName") or issuer.get("commonName", "unnamed")
    return tick("TLS", f"{met.tls}, certified by {authority} until {datetime.fromtimestamp(until, UTC):%Y-%m-%d}")


def of_clock(met: Met | Exception | None) -> Check:
    """Judge this machine's clock by the service's, which tells whole seconds."""
    try:
        if not isinstance(met, Met) or met.date is None:
            return skip("clock", "the service told no time" if isinstance(met, Met) else "not tried")
        date = parsedate_to_datetime(met.date)
        told = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return skip("clock", "the service told a time that is none")
    # The answer was dated between `sent` and `received`, and the date leaves out a fraction of a second.
    ahead, behind_by = met.sent - (told + 1), told - met.received
    off = max(ahead, behind_by, 0.0)
    if off <= CLOCK_TOLERANCE:
        return tick("clock", f"it agrees with the service's to within {span(max(off, 1))}")
    way = "ahead of" if ahead > behind_by else "behind"
    return cross(
        "clock", f"it is {span(off)} {way} the service's", "set this machine's clock: tokens and TLS depend on it"
    )
