"""The sandbox on the command line: the option `--sandbox`, and the command that runs one (extra `cli`)."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click
import httpx
from attrs import asdict
from rich.console import Console
from rich.markup import escape

from mantago.cli import options
from mantago.cli.statuses import MEANINGS, ExitStatus
from mantago_runtime.configuration import is_loopback
from mantago_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from mantago.sandbox import Sandbox


def arguments_for(
    account: options.Account, stack: ExitStack, transport: Callable[..., object] = httpx.HTTPTransport
) -> dict[str, Any]:
    """Return a client's arguments; with `--sandbox`, they are for a sandbox that runs as long as the stack lasts."""
    given: dict[str, Any] = asdict(account, filter=lambda field, _: field.name in options.PLACE)
    if not account.sandbox:
        return given
    if named := [name for name, value in given.items() if value is not None]:
        raise ConfigurationError(
            f"--sandbox brings its own account and address: leave out {options.as_option(named[0])}"
        )
    from mantago.sandbox import Sandbox  # noqa: PLC0415 - needs an extra

    server = stack.enter_context(Sandbox())
    # Not through a proxy of the environment, which couldn't reach this machine.
    return {name: getattr(server, name) for name in given} | {"transport": transport(trust_env=False)}


BEYOND = """\
It listens on {host}, beyond this machine: whoever reaches it can ask it,
unencrypted. It holds nothing real; give it no real token or secret.
Clients of this package take http:// for loopback only. From elsewhere
- share its network: "network_mode: service:sandbox" in Compose, one pod in
  Kubernetes;
- or have a port of your own loopback lead to it: docker run -p
  127.0.0.1:{port}:{port}, or ssh -L {port}:127.0.0.1:{port} THIS-MACHINE;
- or put a TLS proxy before it, and set MANTAGO_BASE_URL to its https:// address.
"""


@click.command(
    cls=options.Command,
    exit_statuses={status: MEANINGS[status] for status in (ExitStatus.WRONG_USE, ExitStatus.INTERRUPTED)},
)
@options.sandbox
def sandbox(*, host: str, port: int, quiet: bool, **account: Any) -> None:
    """Run a stand-in for the service on this machine until Ctrl-C, and show how to use it (extra sandbox).

    It shows a line on stderr for each call: time of day, method, path, status and
    code, without any id.

    For example:
      mantago sandbox --port 8000
      mantago sandbox --port 8000 --token team-token --secret team-secret
      mantago sandbox --port 8000 --rate 20        answers more calls with 429
    """
    from mantago import sandbox as sandboxes  # noqa: PLC0415 - needs an extra

    given = {name: value for name, value in account.items() if value is not None}
    with ExitStack() as stack:
        try:
            server = stack.enter_context(sandboxes.Sandbox(host=host, port=port, log=None if quiet else _log, **given))
        except ValueError as error:
            raise ConfigurationError(options.with_options(str(error))) from None
        except OSError as error:
            # The message says in words what Python adds in parentheses.
            reason = (error.strerror or str(error)).partition(" (while ")[0]
            raise ConfigurationError(
                f"can't listen on port {port} of {host}: {reason}; choose another --port or --host"
            ) from None
        _introduce(Console(highlight=False, soft_wrap=True), server, host)
        while True:
            # A wait for an event would keep Ctrl-C waiting on Windows.
            time.sleep(3600)


def _log(line: str) -> None:
    # The reader of stderr may be gone, while programs still want their answers.
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _introduce(console: Console, server: Sandbox, host: str) -> None:
    """Show how to use the sandbox, and the ids that it knows."""
    from mantago.sandbox import CLIENTS, TRIGGERS  # noqa: PLC0415 - needs an extra

    console.print("The sandbox is running; in another terminal, tell the client where it is:\n")
    for name in options.PLACE:
        console.print(f"export MANTAGO_{name.upper()}={shlex.quote(getattr(server, name))}", markup=False)
    if not is_loopback(host):
        console.print("\n" + BEYOND.format(host=host or "every network", port=httpx.URL(server.base_url).port).rstrip())
    for title, entries in (("Clients", CLIENTS), ("Ids that fail", TRIGGERS)):
        console.print(f"\n[bold]{title}[/]")
        for entry in entries:
            console.print(f"  {entry.id:<26} {escape(entry.description)}")
            for other in entry.platform_ids:
                console.print(f"  {'':<26} also {other.platform} {other.platform_client_id}")
    console.print("\nCtrl-C ends it.")
    # Where stdout is no terminal, as in a container, it is buffered.
    console.file.flush()
