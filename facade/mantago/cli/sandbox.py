"""The sandbox on the command line: the option `--sandbox`, and the command that runs one (extra `cli`)."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import click
import httpx
from attrs import asdict
from rich.console import Console
from rich.markup import escape

from mantago.cli import options
from mantago_runtime.errors import ConfigurationError


def arguments_for(account: options.Account, stack: ExitStack) -> dict[str, Any]:
    """Return a client's arguments; with `--sandbox` those for a sandbox, which runs as long as the stack lasts."""
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
    return {name: getattr(server, name) for name in given} | {"transport": httpx.HTTPTransport(trust_env=False)}


@click.command(cls=options.Command)
@options.port
def sandbox(*, port: int) -> None:
    """Run a stand-in for the service on this machine until Ctrl-C, and show how to use it (extra sandbox).

    For example:
      mantago sandbox --port 8000
    """
    from mantago import sandbox as sandboxes  # noqa: PLC0415 - needs an extra

    console = Console(highlight=False)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(sandboxes.Sandbox(port=port))
        except OSError as error:
            raise ConfigurationError(f"can't listen on port {port}: {error.strerror}; choose another --port") from None
        console.print("The sandbox is running; in another terminal, tell the client where it is:\n")
        for name in ("base_url", "bot_id", "token", "secret"):
            console.print(f"export MANTAGO_{name.upper()}={getattr(server, name)}", soft_wrap=True)
        for title, entries in (("Clients", sandboxes.CLIENTS), ("Ids that cause something", sandboxes.TRIGGERS)):
            console.print(f"\n[bold]{title}[/]")
            for entry in entries:
                console.print(f"  {entry.id:<26} {escape(entry.description)}", soft_wrap=True)
                for other in entry.platform_ids:
                    console.print(f"  {'':<26} also {other.platform} {other.platform_client_id}", soft_wrap=True)
        console.print("\nCtrl-C ends it.")
        while True:
            # A wait for an event would keep Ctrl-C waiting on Windows.
            time.sleep(3600)
