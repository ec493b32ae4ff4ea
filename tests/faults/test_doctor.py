"""`mantago doctor`: a tick or a cross for each thing that can be wrong, and what to do about each cross."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import trustme
from scripted import (
    PAIR,
    Connection,
    answer,
    dripping,
    each,
    friendly,
    hang,
    head,
    once,
    refusal,
    serving,
    tls_of,
    trust,
)

from conftest import GOOD
from mantago import (
    SPEC_VERSION,
    APIStatusError,
    ClientGifts,
    Credentials,
    Drift,
    IdentificationError,
    InvalidResponseError,
    cli,
)
from mantago.cli import doctor
from mantago.cli import probe as route
from mantago.testing.scenarios import CLIENTS, TRIGGERS

LINES = ["configuration", "token", "connection", "TLS", "clock", "service", "client", "contract"]
Report = Callable[..., dict[str, Any]]


@pytest.fixture
def report(capsysbinary: Any) -> Report:
    """Run the doctor; return its report, the lines by their names."""

    def run(*arguments: str) -> dict[str, Any]:
        status = cli.main(["doctor", "--json", *arguments])
        output = capsysbinary.readouterr()
        assert output.err == b""
        told = json.loads(output.out)
        assert status == told["exit_status"]
        assert [line["name"] for line in told["checks"]] == LINES
        assert [line for line in told["checks"] if (line["ok"] is False) != bool(line["hint"])] == []
        return told | {line["name"]: line for line in told["checks"]}

    return run


def crosses(told: dict[str, Any]) -> dict[str, str]:
    return {line["name"]: line["detail"] for line in told["checks"] if line["ok"] is False}


def skipped(told: dict[str, Any]) -> list[str]:
    return [line["name"] for line in told["checks"] if line["ok"] is None]


@pytest.fixture
def environment(account: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.items():
        monkeypatch.setenv(f"MANTAGO_{name.upper()}", value)


def options(base_url: str, **pair: str) -> list[str]:
    given = PAIR | {"base_url": base_url} | pair
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def token(**claims: object) -> str:
    return f"h.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


# --- against the sandbox --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_where_all_is_well_every_line_is_a_tick_but_for_tls_on_this_machine(client, report):
    told = report("--client-id", client.id)
    assert (told["ok"], told["exit_status"], crosses(told), skipped(told)) == (True, 0, {}, ["TLS"])


@pytest.mark.usefixtures("environment")
def test_without_a_client_one_that_does_not_exist_shows_that_the_credentials_are_taken(report):
    told = report()
    assert (told["exit_status"], crosses(told), skipped(told)) == (0, {}, ["TLS", "client"])
    assert told["service"]["detail"] == "the service accepts bot id, token and secret"
    assert told["contract"]["detail"] == f"the refusal is what version {SPEC_VERSION} of the document says"
    assert "give ID, or --client-id, or --platform and --platform-client-id" in told["client"]["detail"]


@pytest.mark.usefixtures("environment")
def test_a_client_may_be_given_as_id_as_mantago_gifts_has_it(report, capsysbinary):
    assert report("VolejRejN")["client"]["ok"]
    assert report("--platform", "line", "U4af4980629e14c3b8d2f7a61c05be937")["client"]["ok"]
    assert "37011" in crosses(report("no-such-client"))["client"]
    refused = {
        ("a", "--client-id", "b"): "give the client as ID or by --client-id, not both",
        ("",): "ID is empty: give the client's id",
        ("--platform", "line"): "--platform was given, but --platform-client-id is missing: give it, or give",
    }
    for arguments, told in refused.items():
        assert cli.main(["doctor", *arguments]) == 2
        assert told in capsysbinary.readouterr().err.decode()


@pytest.mark.usefixtures("environment")
def test_a_wrong_variable_is_told_with_what_it_may_be_and_what_to_do(report, monkeypatch):
    monkeypatch.setenv("MANTAGO_LOG", "bad")
    told = report()
    [detail] = crosses(told).values()
    assert detail == "the environment variable MANTAGO_LOG is 'bad': it must be one of debug, info, warning, error"
    assert (told["configuration"]["hint"], told["exit_status"]) == ("correct the variable, or unset it", 2)


PROVOKED = {
    "bad_variables": (1, {"service": "400 Bad Request, code 110000"}),
    "token_expired": (4, {"service": "401 Unauthorized, code 1004"}),
    "credentials_renewed": (4, {"service": "401 Unauthorized, code 120000"}),
    "permission_denied": (4, {"service": "403 Forbidden, code 1002"}),
    "bot_not_found": (1, {"service": "404 Not Found, code 5001"}),
    "platform_not_connected": (1, {"client": "404 Not Found, code 11001"}),
    "client_not_found": (1, {"client": "404 Not Found, code 37011"}),
    "rate_limited": (3, {"service": "429 Too Many Requests"}),
    "rate_limited_once": (3, {"service": "429 Too Many Requests"}),
    "server_error": (3, {"service": "500 Internal Server Error"}),
    "bad_gateway": (3, {"service": "502 Bad Gateway"}),
    "service_unavailable": (3, {"service": "503 Service Unavailable"}),
    "gateway_timeout": (3, {"service": "504 Gateway Timeout"}),
    "redirect": (1, {"service": "302 Found"}),
    "empty_body": (1, {"contract": "the answer can't be used: $: is empty, not JSON"}),
    "missing_name": (1, {"contract": "the answer can't be used: virtualGifts[0].name"}),
    "drift_null": (1, {"contract": "null virtualGifts[0].startTime"}),
    "drift_format": (1, {"contract": "format virtualGifts[0].createdAt"}),
    "slow_answer": (3, {"service": "127.0.0.1:"}),
    "cut_off_answer": (3, {"service": "no answer from 127.0.0.1"}),
    "not_json": (1, {"contract": "the answer can't be used: $: isn't JSON"}),
    "drift_unknown_field": (0, {}),
    "drift_unknown_value": (1, {"contract": "unknown_value virtualGifts[0].resource"}),
    "drift_missing": (1, {"contract": "missing physicalGifts[0].isExpired: required by the spec"}),
    "refused_with_200": (1, {"client": "200 OK, code 37011", "contract": "a refusal comes with status 200"}),
}


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.id)
@pytest.mark.usefixtures("environment")
def test_each_failure_of_the_sandbox_is_shown_where_it_is(trigger, report):
    # Where the first answer differs from the others, a sandbox that nobody has asked yet.
    place = ["--sandbox"] * (len(trigger.answers) > 1)
    told = report("--client-id", trigger.id, "--timeout", "1" if trigger.id == "slow_answer" else "20", *place)
    status, expected = PROVOKED[trigger.id]
    shown = crosses(told)
    assert (told["exit_status"], [*shown]) == (status, [*expected])
    assert [name for name, text in expected.items() if not shown[name].startswith(text)] == []


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("option", "status", "told_by", "hint"),
    [
        ("--token", 4, "401 Unauthorized, code 1004", "check that bot id, token and secret were copied whole"),
        ("--secret", 4, "403 Forbidden, code 1002", "check that bot id, token and secret were copied whole"),
        (
            "--bot-id",
            1,
            "404 Not Found, code 5001",
            "check that it was copied whole: the bot id is the last part of the bot's address",
        ),
    ],
)
def test_a_wrong_credential_is_shown_without_a_client_too(option, status, told_by, hint, report):
    told = report(option, "wrong-one")
    assert (told["exit_status"], [*crosses(told)]) == (status, ["service"])
    assert told["service"]["detail"].startswith(told_by)
    assert told["service"]["hint"].startswith(hint)


@pytest.mark.parametrize(("status", "code"), [(401, 1004), (400, 1004), (401, None), (401, 60001), (403, 1002)])
def test_renewing_which_stops_every_other_program_is_never_advised_first(status, code):
    hint = doctor.hint_for(APIStatusError(status_code=status, code=code, message=""))
    first, _, rest = hint.partition("renew the pair")
    assert "copied whole" in first
    assert "stops the old one everywhere at once" in rest


@pytest.mark.usefixtures("environment")
def test_a_wrong_path_is_an_address_to_correct(account, report):
    told = report("--base-url", account["base_url"] + "/v2")
    assert told["service"]["detail"].startswith("404 Not Found")
    assert told["service"]["hint"].startswith("check the address, down to its path.")
    assert told["contract"]["detail"] == "a 404 with the code 404 isn't one of the service's known refusals"
    assert told["contract"]["hint"] == told["service"]["hint"]


def test_the_option_sandbox_asks_the_built_in_one_past_any_proxy(report, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    told = report("--sandbox", "--client-id", "token_expired")
    assert [*crosses(told)] == ["service"]
    assert told["configuration"]["detail"].endswith("(the built-in sandbox)")


# --- configuration and token ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("missing", ["bot_id", "token", "secret"])
def test_with_a_credential_missing_the_way_is_judged_all_the_same(missing, report, monkeypatch):
    monkeypatch.delenv(f"MANTAGO_{missing.upper()}")
    told = report()
    option, variable = f"--{missing.replace('_', '-')}", f"MANTAGO_{missing.upper()}"
    assert crosses(told) == {"configuration": f"{option} (or the environment variable {variable}) is missing"}
    assert told["exit_status"] == 2
    assert told["connection"]["ok"]
    assert skipped(told) == ["token", "TLS", "service", "client", "contract"]


def test_all_that_is_missing_is_named_at_once_with_where_it_is_found(report, monkeypatch):
    for name in ("BOT_ID", "SECRET"):
        monkeypatch.delenv(f"MANTAGO_{name}", raising=False)
    told = report("--base-url", "http://mantago.cc", "--token", "two\nlines")
    detail = told["configuration"]["detail"].split("; ")
    assert [problem.split()[0] for problem in detail] == ["--bot-id", "--token", "--secret", "--base-url"]
    assert "two" not in told["configuration"]["detail"]
    assert told["configuration"]["hint"] == (
        "the bot id is the last part of the bot's address in the dashboard; token and secret are made together in the "
        "bot's dashboard: Settings, Advanced settings, API integration; mantago doctor --help lists the options"
    )
    assert told["exit_status"] == 2


def test_an_address_that_is_none_leaves_nothing_to_judge(report):
    told = report(*options("http://mantago.cc"))
    assert [*crosses(told)] == ["configuration"]
    assert told["configuration"]["detail"].startswith("--base-url (or the environment variable MANTAGO_BASE_URL)")
    assert skipped(told) == LINES[1:]
    assert told["exit_status"] == 2


@pytest.mark.usefixtures("environment")
def test_the_configuration_says_where_each_value_comes_from(account, report, monkeypatch):
    told = report("--token", account["token"])
    assert told["configuration"]["detail"] == (
        f"bot {account['bot_id']} at {account['base_url']} (base_url, bot_id, secret: environment; token: option)"
    )
    with serving(once(head(502, Content_Length=0))) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@127.0.0.1:{server.port}")
        monkeypatch.delenv("MANTAGO_BASE_URL")
        told = report()
    assert (
        "at https://mantago.cc/api, through the proxy 127.0.0.1 (base_url: default; " in told["configuration"]["detail"]
    )
    assert "hidden" not in json.dumps(told)


@pytest.mark.parametrize(
    ("bot_id", "secret", "seen"), [("1NbWoobyg", "of-a-file\n", "secret"), (" 1NbWoobyg", "a\t", "bot_id and secret")]
)
def test_white_space_around_what_was_copied_is_seen(report, bot_id, secret, seen):
    told = report("--bot-id", bot_id, "--token", "token", "--secret", secret, "--base-url", "http://127.0.0.1:1")
    assert (told["exit_status"], next(iter(crosses(told)))) == (2, "configuration")
    assert told["configuration"]["detail"] == f"there is white space around {seen}"
    assert "copy it again" in told["configuration"]["hint"]
    assert "of-a-file" not in json.dumps(told)


NOW = 1_800_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("claims", "ok", "detail"),
    [
        ({"exp": NOW + 30 * DAY}, True, "it expires in 30 days, on 2027-02-14 08:00 UTC"),
        ({"exp": NOW + 3 * DAY + 1}, True, "it expires in 3 days, on 2027-01-18 08:00 UTC"),
        ({"exp": NOW + 3 * DAY}, False, "it expires in 3 days, on 2027-01-18 08:00 UTC"),
        ({"exp": NOW + 7_200}, False, "it expires in 2 hours, on 2027-01-15 10:00 UTC"),
        ({"exp": NOW + 120}, False, "it expires in 2 minutes, on 2027-01-15 08:02 UTC"),
        ({"exp": NOW + 1}, False, "it expires in 1 second, on 2027-01-15 08:00 UTC"),
        ({"exp": NOW}, False, "it expired 0 seconds ago, on 2027-01-15 08:00 UTC"),
        ({"exp": NOW - 2 * DAY}, False, "it expired 2 days ago, on 2027-01-13 08:00 UTC"),
        ({}, None, "it doesn't say when it expires"),
    ],
)
def test_a_token_is_to_be_renewed_three_days_before_its_end(claims, ok, detail):
    check = doctor.of_token(Credentials(bot_id="b", token=token(**claims), secret="s"), NOW)
    assert (check.ok, check.detail, check.status) == (ok, detail, 4 if ok is False else 1)
    assert bool(check.hint) == (ok is False)


@pytest.mark.usefixtures("environment")
def test_an_expired_token_has_its_own_cross_beside_the_services(report):
    told = report("--token", token(exp=0))
    assert [*crosses(told)] == ["token", "service"]
    assert told["token"]["detail"].endswith("ago, on 1970-01-01 00:00 UTC")


# --- the way --------------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_no_answer(report):
    told = report(*options("http://127.0.0.1:1"))
    assert (told["exit_status"], [*crosses(told)]) == (3, ["connection"])
    assert told["connection"]["detail"].startswith("127.0.0.1 refuses the connection")
    assert skipped(told) == ["token", "TLS", "clock", "service", "client", "contract"]


def test_a_name_that_is_not_known_is_told_as_such(report, monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = report(*options("https://mantago.example"))
    assert told["connection"]["detail"].startswith("the name mantago.example isn't known here: ")
    assert told["connection"]["hint"] == (
        "check the name, and this machine's DNS. If this network needs a proxy, name it in HTTPS_PROXY."
    )


@pytest.mark.parametrize("script", [hang, dripping(answer())], ids=["silent", "dripping"])
def test_a_server_that_says_nothing_in_time_is_left(script, report):
    begun = time.monotonic()
    with serving(script) as server:
        told = report(*options(server.base_url), "--timeout", "0.2")
    assert told["connection"]["detail"] == "127.0.0.1 gave no answer within 0.2 s"
    assert told["exit_status"] == 3
    assert time.monotonic() - begun < 5


def test_what_is_no_http_server_is_told_as_such(report):
    with serving(once(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as server:
        told = report(*options(server.base_url))
    assert "127.0.0.1 gave no answer: " in told["connection"]["detail"]
    assert "may not speak HTTP" in told["connection"]["hint"]


def test_a_proxy_before_this_machine_is_told_with_the_way_past_it(report, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{reserved.getsockname()[1]}")
    told = report(*options("http://localhost:9"))
    assert told["connection"]["hint"].startswith("set NO_PROXY=127.0.0.1,localhost: ")


def test_a_proxy_that_refuses_is_told_as_such(report, monkeypatch):
    with serving(once(head("407 Proxy Authentication Required", Content_Length=0))) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.base_url)
        told = report(*options("https://mantago.example"))
    assert "407" in told["connection"]["detail"]
    assert told["connection"]["hint"].endswith("The proxy comes from the environment (HTTPS_PROXY).")


def test_the_request_that_shows_the_way_carries_no_credentials(report):
    with serving(friendly) as server:
        report(*options(server.base_url + "/api"))
    first, second = server.requests
    assert (first.method, first.target, first.body) == ("GET", "/api", b"")
    assert first.headers.keys() == {"host", "user-agent", "accept"}
    assert PAIR["secret"] not in str(first)
    assert second.json["clientId"] == "mantago-doctor"


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_tls_tells_its_version_who_certified_it_and_until_when(report, authority, tmp_path, monkeypatch):
    trust(authority, tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority)) as server:
        told = report(*options(server.base_url))
    assert told["TLS"]["ok"]
    assert re.fullmatch(r"TLSv1\.3, certified by trustme v.* until \d{4}-\d\d-\d\d", told["TLS"]["detail"])


@pytest.mark.parametrize(
    ("host", "trusted", "hint"),
    [
        ("127.0.0.1", False, "if the authority is your own, name its file in SSL_CERT_FILE"),
        ("mantago.example", True, "is the address right?"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_a_cross_and_no_secret_is_sent(
    host, trusted, hint, report, authority, tmp_path, monkeypatch
):
    trust(authority if trusted else trustme.CA(), tmp_path, monkeypatch)
    with serving(friendly, tls=tls_of(authority, host)) as server:
        told = report(*options(server.base_url))
        assert server.requests == []
    assert (told["exit_status"], [*crosses(told)]) == (3, ["TLS"])
    assert told["connection"]["detail"] == "127.0.0.1 accepts connections"
    assert "certificate verify failed" in told["TLS"]["detail"]
    assert told["TLS"]["hint"].startswith(hint)


def test_an_expired_certificate_may_be_a_wrong_clock(report, authority, tmp_path, monkeypatch):
    import ssl
    from datetime import UTC, datetime

    trust(authority, tmp_path, monkeypatch)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_after=past).configure_cert(context)
    with serving(friendly, tls=context) as server:
        told = report(*options(server.base_url))
    assert "certificate has expired" in told["TLS"]["detail"]
    assert told["TLS"]["hint"].startswith("is this machine's clock right?")


def test_a_port_that_speaks_no_tls_is_told_as_such(report):
    with serving(lambda connection: connection.send(head(400))) as server:
        told = report(*options(server.base_url.replace("http:", "https:")))
    assert [*crosses(told)] == ["TLS"]
    assert told["TLS"]["hint"] == "the server there may not speak TLS: is the port right?"


def test_certificates_that_cannot_be_read_are_wrong_configuration(report, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    told = report(*options("https://127.0.0.1:1"))
    assert (told["exit_status"], [*crosses(told)]) == (2, ["TLS"])
    assert "gone.pem" in told["TLS"]["detail"]


# --- the clock ------------------------------------------------------------------------------------------------------

AT = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("sent", "received", "date", "ok", "detail"),
    [
        (NOW, NOW + 0.5, AT, True, "it agrees with the service's to within 1 second"),
        (NOW - 5, NOW + 5, AT, True, "it agrees with the service's to within 1 second"),
        (NOW + 61, NOW + 61.1, AT, True, "it agrees with the service's to within 60 seconds"),
        (NOW + 62, NOW + 62.1, AT, False, "it is 61 seconds ahead of the service's"),
        (NOW - 60.1, NOW - 60, AT, True, "it agrees with the service's to within 60 seconds"),
        (NOW - 61.1, NOW - 61, AT, False, "it is 61 seconds behind the service's"),
        (NOW - 7 * DAY, NOW - 7 * DAY, AT, False, "it is 7 days behind the service's"),
        (NOW + 3 * 3_600 + 1, NOW + 3 * 3_600 + 2, AT, False, "it is 3 hours ahead of the service's"),
        (NOW, NOW, "Fri, 15 Jan 2027 08:00:00 -0000", True, "it agrees with the service's to within 1 second"),
        (NOW, NOW, None, None, "the answer has no time"),
        (NOW, NOW, "yesterday", None, "its time can't be read"),
    ],
)
def test_a_clock_is_wrong_if_it_differs_from_the_services_by_more_than_a_minute(sent, received, date, ok, detail):
    check = route.of_clock(route.ProbeResult(sent, received, date=date))
    assert (check.ok, check.detail, check.status) == (ok, detail, 1)


def test_a_wrong_clock_is_seen_against_the_sandbox(account):
    def fast() -> float:
        return time.time() + 2 * 3_600 + 30

    checks = list(doctor.examine(account, {}, timeout=20, now=fast))
    assert [check.name for check in checks if check.ok is False] == ["clock"]
    assert checks[4].detail == "it is 2 hours ahead of the service's"
    assert doctor.exit_status(checks) == 1


# --- the answer -----------------------------------------------------------------------------------------------------


def test_fields_that_the_document_allows_are_told_beside_a_tick(report):
    with serving(friendly_with_more) as server:
        told = report(*options(server.base_url), "--client-id", "a")
    assert told["contract"]["detail"].endswith("; fields that it doesn't list: points")
    assert told["contract"]["ok"]


def friendly_with_more(connection: Connection) -> None:
    while connection.request():
        connection.send(answer(GOOD | {"points": 1}))


@pytest.mark.parametrize(
    ("data", "name", "detail", "hint"),
    [
        (
            answer(b"", 301, Location="https://elsewhere.example/"),
            "service",
            "301 Moved Permanently",
            "correct the address",
        ),
        (refusal(418), "service", "418", doctor.NEWER),
        (refusal(422, 37012), "service", "422", doctor.NEWER),
        (refusal(403), "service", "403 Forbidden, code 1", "check that bot id, token and secret were copied whole"),
        (refusal(503), "service", "503 Service Unavailable", "the service is in trouble"),
        (
            answer(b"<html>", 403),
            "contract",
            "the answer can't be used: $: isn't JSON",
            "check whether a proxy answers",
        ),
        (
            refusal(401, "1004"),
            "contract",
            "$.errResponse.code: must be an integer, not a string",
            "check whether a proxy",
        ),
    ],
)
def test_each_refusal_has_its_hint(data, name, detail, hint, report):
    with serving(each(answer(), data)) as server:
        told = report(*options(server.base_url))
    line = told[name]
    assert line["ok"] is False
    assert detail in line["detail"]
    assert line["hint"].startswith(hint)


def test_every_code_that_the_vendor_publishes_has_a_hint():
    from mantago_runtime.errors import CODE_MEANINGS

    assert doctor.BY_CODE.keys() == CODE_MEANINGS.keys()


def test_an_answer_that_cannot_be_read_says_nothing_of_service_and_client():
    outcome = InvalidResponseError("isn't JSON")
    assert doctor.of_service(outcome).ok is None
    assert doctor.of_client(outcome, identified=True).ok is None
    assert doctor.of_contract(outcome).ok is False


def test_one_gift_is_no_plural():
    gifts = ClientGifts(drift=(Drift("missing", "a", "b"), Drift("unknown_field", "c", "d")))
    assert doctor.of_client(gifts, identified=True).detail == "the service knows this client, with 0 gifts"
    assert doctor.of_contract(gifts).detail == "missing a: b"


# --- how it is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statuses", [[], [1], [3, 1], [2, 3, 1], [1, 2]])
def test_wrong_use_counts_before_no_answer_and_that_before_a_refusal(statuses):
    checks = [route.failed("x", "", "", status) for status in statuses] + [
        route.passed("x", ""),
        route.skipped("x", ""),
    ]
    assert doctor.exit_status(checks) == {(): 0, (1,): 1, (3, 1): 3, (2, 3, 1): 2, (1, 2): 2}[tuple(statuses)]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--platform", "line"], "--platform was given, but --platform-client-id is missing"),
        (["--timeout", "nan"], "--timeout must be a number of seconds above zero"),
        (["--quiet", "--verbose"], "give --quiet or --verbose, not both"),
    ],
)
def test_wrong_use_is_one_line_and_exit_status_2(arguments, told, capsys):
    assert cli.main(["doctor", *arguments]) == 2
    output = capsys.readouterr()
    assert (output.err.startswith("error: "), output.err.count("\n")) == (True, 1)
    assert told in output.err


def test_the_identification_is_checked_before_anything_else():
    with pytest.raises(IdentificationError):
        next(doctor.examine({}, {"client_id": " "}, timeout=1))


@pytest.mark.usefixtures("environment")
def test_people_see_a_mark_a_line_and_a_hint_under_each_cross(capsys):
    assert cli.main(["doctor", "--client-id", "token_expired"]) == 4
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if "configuration" in line)
    marks = [line[0] for line in lines[start:] if line[0] != " "]
    assert marks == ["✔", "✔", "✔", "–", "✔", "✘", "–", "✔"]
    [hint] = [line.strip() for line in lines if "hint" in line]
    assert hint.startswith("hint: check that bot id")
    assert lines[0].startswith("mantago 0.")


@pytest.mark.usefixtures("environment")
def test_quiet_shows_only_what_is_wrong(capsys):
    assert cli.main(["doctor", "-q", "--client-id", "VolejRejN"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.main(["doctor", "-q", "--client-id", "drift_missing"]) == 1
    output = capsys.readouterr()
    assert output.out.startswith("✘ contract ")
    assert output.err == ""


@pytest.mark.usefixtures("environment")
def test_neither_token_nor_secret_nor_the_clients_id_is_in_the_report(account, report):
    told = json.dumps(report("--platform", "line", "--platform-client-id", "U4af4980629e14c3b8d2f7a61c05be937"))
    assert [value for value in (account["token"], account["secret"], "U4af49") if value in told] == []
    assert [*json.loads(told)["versions"]] == ["mantago", "spec", "generator", "python", "httpx", "tls", "system"]


def test_an_ipv6_peer_is_written_as_in_an_address():
    class Stream:
        def get_extra_info(self, name: str) -> Any:
            return ("::1", 8000, 0, 0) if name == "server_addr" else None

    assert route.probe_result(1.0, 2.0, [], Stream()).peer == "[::1]:8000"
