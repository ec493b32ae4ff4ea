"""The command `mantago doctor`, which checks everything from the configuration to the contract (extra `cli`).

`examine` checks in the order in which a call can fail, with two requests: one without credentials, which shows the way
to the service and its clock, and one as any client makes it. It doesn't judge what it can't reach. A pure function
judges each line.
"""

from __future__ import annotations

import os
import platform
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import click
import httpx
from attrs import asdict, evolve
from rich.console import Console

from mantago import __version__
from mantago.cli import options
from mantago.cli.output import notes, print_json
from mantago.cli.probe import Check, ProbeResult, failed, of_clock, of_connection, of_tls, passed, probe, skipped, span
from mantago.cli.sandbox import arguments_for
from mantago.cli.statuses import ExitStatus, status_of, worst
from mantago.cli.tables import show_check
from mantago.client import MantaGo
from mantago.identification import identify
from mantago.testing.document import Document
from mantago.testing.schemas import schema_faults
from mantago.testing.service import REFUSAL
from mantago_generated.friendly import ClientGifts
from mantago_generated.spec import GENERATOR, SERVER_URL, published
from mantago_generated.spec import VERSION as SPEC_VERSION
from mantago_runtime.configuration import checked_address, checked_seconds, environment_proxy
from mantago_runtime.errors import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    InvalidResponseError,
    MantaGoError,
    is_strange_404,
)
from mantago_runtime.reading.json import parse_json
from mantago_runtime.secrets.credentials import ARGUMENTS, Credentials, problem_of
from mantago_runtime.secrets.store import EXPIRY_WARNING_SECONDS

UNKNOWN_CLIENT_ID = "mantago-doctor"
"""A client id that no client has: a service that looks for it has accepted bot id, token and secret."""
CLIENT_CODES = frozenset({11001, 37011})
"""The codes of refusals that are about the client, and so come after the credentials were accepted."""
IDENTIFICATION = "--client-id, or --platform and --platform-client-id"
PAGE = "Settings, Advanced settings, API integration"
"""The page of the bot's dashboard on which token and secret are made."""
RENEW = f"renew the pair in the bot's dashboard ({PAGE}), and set both halves"
WHOLE = "check that bot id, token and secret were copied whole, and belong together"
STOPS = "which stops the old one everywhere at once"
BOT_ID = "the bot id is the last part of the bot's address in the dashboard"
PLACES: Mapping[str, str] = {
    "bot_id": BOT_ID,
    **dict.fromkeys(("token", "secret"), f"token and secret are made together in the bot's dashboard: {PAGE}"),
    "base_url": "mantago doctor --help lists the options",
    "environment": "correct the variable, or unset it",
}
"""The hint for each part of the configuration: the place of a credential, or what to do."""
NEWER = "look for a newer version of mantago, or tell its maintainers"

BY_CODE: Mapping[int, str] = {
    1002: f"{WHOLE}; then check the bot's plan. If nothing else helps, {RENEW}, {STOPS}",
    1004: f"{WHOLE}. If they do, {RENEW}, {STOPS}",
    5001: f"check that it was copied whole: {BOT_ID}",
    11001: "connect the bot to this platform in the dashboard, or name another platform",
    37011: "check that the id was copied whole and is of this bot. A platform's id goes into --platform-client-id",
    110000: NEWER,
    120000: "somebody renewed the pair: set the new token and the new secret",
}
BY_STATUS: Mapping[int, str] = {
    400: NEWER,
    401: f"{WHOLE}. If they do, {RENEW}, {STOPS}",
    403: f"{WHOLE}. If they do, a firewall of the service may refuse this network",
    404: f"check the address, down to its path. The document says {SERVER_URL}",
    422: NEWER,
    429: "wait, and ask less often",
}


@click.command(cls=options.Command)
@options.id_
@options.who
@options.account(timeout=10.0, help="Seconds that each of the two requests may take.")
@options.output(quiet="Only what is wrong.")
def doctor(*, id_: str | None, who: options.Who, account: options.Account, output: options.Output) -> ExitStatus:
    """Find out why calls fail: configuration, token, connection, TLS, clock, and what the service answers.

    It sends two requests, which change nothing. If you name no client, the second
    asks for one that doesn't exist. This shows whether the service accepts bot id,
    token and secret, but not how it answers with gifts.

    For example:
      mantago doctor
      mantago doctor VolejRejN                 judges gifts, too
      mantago doctor --json > report.json      for a report; it holds no secret
      mantago doctor --sandbox token_expired
    """
    options.check_ids(() if id_ is None else (id_,), who)
    who = who if id_ is None else options.client_of(id_, who)
    console, checks = Console(highlight=False), []
    with ExitStack() as stack:
        # The report has what the library would warn of.
        stack.enter_context(notes(evolve(output, quiet=output.quiet or not output.verbose)))
        arguments = arguments_for(account, stack)
        if not (output.as_json or output.quiet):
            console.print(", ".join(f"{name} {version}" for name, version in versions().items()), style="dim")
        for check in examine(arguments, asdict(who), timeout=account.timeout):
            checks.append(check)
            if not output.as_json and (check.ok is False or not output.quiet):
                show_check(console, check)
    status = exit_status(checks)
    if output.as_json:
        report = [{"name": c.name, "ok": c.ok, "detail": c.detail, "hint": c.hint} for c in checks]
        print_json({"ok": status == 0, "exit_status": int(status), "versions": versions(), "checks": report})
    return status


def exit_status(checks: Iterable[Check]) -> ExitStatus:
    """Return the exit status that follows from all lines."""
    return worst(check.status for check in checks if check.ok is False)


def versions() -> dict[str, str]:
    """Return the versions that a bug report should name."""
    return {
        "mantago": __version__,
        "spec": SPEC_VERSION,
        "generator": GENERATOR,
        "python": platform.python_version(),
        "httpx": httpx.__version__,
        "tls": ssl.OPENSSL_VERSION,
        "system": platform.platform(),
    }


def examine(
    account: Mapping[str, Any], who: Mapping[str, Any], *, timeout: float, now: Callable[[], float] = time.time
) -> Iterator[Check]:
    """Yield the lines as they are found out.

    `account` holds the arguments for a client that were given, `who` the identification, which may be missing as a
    whole. Raises IdentificationError, or ConfigurationError for the timeout. `now` tells the time of day.
    """
    checked_seconds(timeout)
    identified = any(value is not None for value in who.values())
    if identified:
        identify(**who)
    client: MantaGo | None = None
    problems, address, proxy = credential_problems(account, os.environ), "", None
    try:
        address = checked_address(account["base_url"], SERVER_URL)
        proxy = None if "transport" in account else environment_proxy(address)
        client = None if problems else MantaGo(**account, timeout=timeout, max_retries=0)
    except ConfigurationError as error:
        problems |= {"base_url" if str(error).startswith("base_url") else "environment": str(error)}
    yield of_configuration(problems, client, account, os.environ, proxy)
    yield of_token(client.credentials if client else None, now())
    probed = probe(address, proxy, timeout, now) if address else None
    yield of_connection(probed, address, proxy, timeout)
    yield of_tls(probed, address)
    yield of_clock(probed)
    outcome: ClientGifts | MantaGoError | None = None
    if client:
        with client:
            if isinstance(probed, ProbeResult):
                try:
                    outcome = client.get_client_gifts(**(who if identified else {"client_id": UNKNOWN_CLIENT_ID}))
                except MantaGoError as error:
                    outcome = error
    yield of_service(outcome)
    yield of_client(outcome, identified=identified)
    yield of_contract(outcome)


# --- before anything is sent ----------------------------------------------------------------------------------------


def credential_problems(account: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each credential, by its argument; a client would name the first fault only."""
    values = {
        name: environment.get(f"MANTAGO_{name.upper()}") or None if account[name] is None else account[name]
        for name in ARGUMENTS
    }
    found = {name: problem_of({name: value}) for name, value in values.items()}
    return {name: problem for name, problem in found.items() if problem}


def of_configuration(
    problems: Mapping[str, str],
    client: MantaGo | None,
    account: Mapping[str, Any],
    environment: Mapping[str, str],
    proxy: str | None,
) -> Check:
    """Judge what the client was configured with, and say where each value comes from."""
    if client is None or client.credentials is None:
        hints = dict.fromkeys(PLACES[name] for name in problems)
        detail = "; ".join(map(options.with_options, problems.values()))
        return failed("configuration", detail, "; ".join(hints), ExitStatus.WRONG_USE)
    sources: dict[str, list[str]] = {}
    for name in ("base_url", "bot_id", "token", "secret"):
        source = "environment" if environment.get(f"MANTAGO_{name.upper()}") else "default"
        sources.setdefault("option" if account[name] is not None else source, []).append(name)
    padded = [name for name in ("bot_id", "secret") if (value := getattr(client.credentials, name)) != value.strip()]
    if padded:
        detail = f"there is white space around {' and '.join(padded)}"
        hint = "copy it again without the white space; the line break at the end of a file doesn't belong to it"
        return failed("configuration", detail, hint, ExitStatus.WRONG_USE)
    told = "; ".join(f"{', '.join(names)}: {source}" for source, names in sources.items())
    told = "the built-in sandbox" if "transport" in account else told
    way = f", through the proxy {httpx.URL(proxy).host}" if proxy else ""
    return passed(
        "configuration",
        f"bot {client.credentials.bot_id} at {checked_address(account['base_url'], SERVER_URL)}{way} ({told})",
    )


def of_token(credentials: Credentials | None, now: float) -> Check:
    """Judge how long the token lasts."""
    if credentials is None:
        return skipped("token", "there is no token to look at")
    expiry = credentials.expires_at
    if expiry is None:
        return skipped("token", "it doesn't say when it expires")
    left, when = expiry.timestamp() - now, f"{expiry:%Y-%m-%d %H:%M} UTC"
    text = f"it expired {span(abs(left))} ago, on {when}" if left <= 0 else f"it expires in {span(left)}, on {when}"
    if left > EXPIRY_WARNING_SECONDS:
        return passed("token", text)
    return failed("token", text, RENEW, ExitStatus.CREDENTIALS)


# --- the answer -----------------------------------------------------------------------------------------------------

Outcome = ClientGifts | MantaGoError | None


def of_service(outcome: Outcome) -> Check:
    """Judge whether the service takes the bot's id, token and secret, and does its work."""
    taken = "the service accepts bot id, token and secret"
    if outcome is None:
        return skipped("service", "not asked")
    if isinstance(outcome, ClientGifts):
        return passed("service", taken)
    if isinstance(outcome, APIConnectionError):
        return failed("service", str(outcome), "try again; --timeout allows more time", status_of(outcome))
    if not isinstance(outcome, APIStatusError):
        return skipped("service", "its answer can't be read")
    if outcome.code in CLIENT_CODES:
        return passed("service", taken)
    return failed("service", str(outcome), hint_for(outcome), status_of(outcome))


def hint_for(refusal: APIStatusError) -> str:
    """Return what to do about a refusal."""
    status = refusal.status_code
    if 300 <= status <= 399:
        return f"correct the address; the document says {SERVER_URL}"
    other = "the service is in trouble: try again later" if status >= 500 else NEWER
    return BY_CODE.get(refusal.code or 0) or BY_STATUS.get(status, other)


def of_client(outcome: Outcome, *, identified: bool) -> Check:
    """Judge whether the service knows the client."""
    if not identified:
        return skipped("client", f"no client was given: give ID, or {IDENTIFICATION}")
    if isinstance(outcome, ClientGifts):
        count = len(outcome.tickets) + len(outcome.physical_gifts) + len(outcome.virtual_gifts)
        return passed("client", f"the service knows this client, with {count} gift{'s' * (count != 1)}")
    if isinstance(outcome, APIStatusError) and outcome.code in CLIENT_CODES:
        return failed("client", str(outcome), hint_for(outcome))
    return skipped("client", "not known")


def of_contract(outcome: Outcome) -> Check:
    """Judge whether the answer is what the document says."""
    document, proxy = f"version {SPEC_VERSION} of the document", f"check whether a proxy answers instead; else {NEWER}"
    if isinstance(outcome, ClientGifts):
        beside = [line.path for line in outcome.drift if line.kind == "unknown_field"]
        faults = [f"{line.kind} {line.path}: {line.detail}" for line in outcome.drift if line.kind != "unknown_field"]
        if faults:
            return failed("contract", "; ".join(faults), NEWER)
        known = f"; fields that it doesn't list: {', '.join(beside)}" if beside else ""
        return passed("contract", f"the gifts are what {document} says{known}")
    if isinstance(outcome, InvalidResponseError):
        return failed("contract", str(outcome), proxy)
    if not isinstance(outcome, APIStatusError) or not (outcome.status_code == 200 or 400 <= outcome.status_code <= 499):
        return skipped("contract", "no answer to judge")
    faults = [f"a refusal comes with status 200, not as {document} says"] if outcome.status_code == 200 else []
    faults += envelope_faults(outcome.body)
    if faults:
        return failed("contract", "; ".join(faults), proxy)
    if is_strange_404(outcome):
        detail = f"a 404 with the code {outcome.code} isn't one of the service's known refusals"
        return failed("contract", detail, BY_STATUS[404])
    return passed("contract", f"the refusal is what {document} says")


def envelope_faults(body: bytes) -> list[str]:
    """Return the faults of a refusal by the document."""
    document = Document(published())
    try:
        payload = parse_json(body)
    except InvalidResponseError as error:
        return [str(error)]
    return [f"the refusal: {fault}" for fault in schema_faults(document, {"$ref": REFUSAL}, payload)]
