"""The command line (extra `cli`): `mantago gifts` and `mantago sandbox`.

Exit status: 0 fine, 1 the service said no or answered nonsense, 2 wrong use, 3 no answer, 130 Ctrl-C.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from contextlib import ExitStack
from datetime import UTC
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mantago import (
    SPEC_VERSION,
    APIConnectionError,
    ClientGifts,
    ConfigurationError,
    Gift,
    IdentificationError,
    MantaGo,
    MantaGoError,
    Platform,
    Ticket,
    __version__,
)

app = typer.Typer(
    name="mantago",
    help="Ask the MantaGO open API for the gifts of a client.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

NARROWEST = {"name": 8, "created": 10}
SECRET_HELP = (
    "Better in the environment (MANTAGO_{}): what stands on a command line can be read by other users of the machine "
    "and stays in the shell's history."
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit status. What went wrong is told in a line on stderr, never by a traceback."""
    _write_anything()
    logging.basicConfig(format="note: %(message)s", level=logging.WARNING)
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except IdentificationError as error:
        return _complain(re.sub(r"\b(platform_client_id|client_id|platform)\b", _option, str(error)), 2)
    except (ConfigurationError, ImportError) as error:
        text = re.sub(r"^(bot_id|token|secret|base_url|timeout)\b", _option, str(error))
        return _complain(text + ("; or try it with --sandbox" if text.endswith("is missing") else ""), 2)
    except typer.TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "mantago")
        return _complain(f"{error.format_message()} (see {command} --help)", error.exit_code)
    except APIConnectionError as error:
        return _complain(str(error), 3)
    except MantaGoError as error:
        return _complain(str(error), 1)
    except BrokenPipeError:
        # Whoever read the output has seen enough; without this, Python complains when it flushes at its end.
        sys.stdout = None
        return 1
    except OSError as error:
        return _complain(f"the output can't be written: {error.strerror}", 1)
    except Exception as error:  # noqa: BLE001 - a traceback would say less to whoever uses a command line
        return _complain(f"unexpected {type(error).__name__}: {error}; please report this", 1)


def _write_anything() -> None:
    """Have what the output's encoding lacks, as a pipe's on Windows lacks Chinese, written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _option(name: re.Match[str]) -> str:
    return "--" + name[0].replace("_", "-")


def _complain(text: str, status: int) -> int:
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return status


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"mantago {__version__}, for version {SPEC_VERSION} of the API's document")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _every_command(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ask the MantaGO open API for the gifts of a client."""
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit(2)


@app.command()
def gifts(
    client_id: Annotated[str | None, typer.Option(help="The client, by MantaGO's own id.")] = None,
    platform: Annotated[
        str | None, typer.Option(help=f"Or, by a platform's id: the platform ({', '.join(Platform)}) ...")
    ] = None,
    platform_client_id: Annotated[
        str | None, typer.Option(help="... and the client's id there, such as U and 32 hex digits for LINE.")
    ] = None,
    bot_id: Annotated[str | None, typer.Option(help="The bot. Default: MANTAGO_BOT_ID.")] = None,
    token: Annotated[str | None, typer.Option(help="The bot's API token. " + SECRET_HELP.format("TOKEN"))] = None,
    secret: Annotated[str | None, typer.Option(help="The bot's secret key. " + SECRET_HELP.format("SECRET"))] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Where the API is. Default: MANTAGO_BASE_URL, else the vendor's server.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that the call may take in all.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Ask the built-in sandbox, without an account (extra sandbox).")
    ] = False,
) -> None:
    """Show a client's tickets, physical and virtual gifts.

    Example: mantago gifts --sandbox --client-id VolejRejN
    """
    account: dict[str, Any] = {"bot_id": bot_id, "token": token, "secret": secret, "base_url": base_url}
    with ExitStack() as stack:
        if sandbox:
            if given := [name for name, value in account.items() if value is not None]:
                name = given[0].replace("_", "-")
                raise ConfigurationError(f"--sandbox brings its own account and address: leave out --{name}")
            from mantago.sandbox import Sandbox  # noqa: PLC0415 - needs an extra

            server = stack.enter_context(Sandbox())
            # Not through a proxy of the environment, which couldn't reach this machine.
            account = {name: getattr(server, name) for name in account} | {
                "transport": httpx.HTTPTransport(trust_env=False)
            }
        client = stack.enter_context(MantaGo(**account, timeout=timeout))
        who: dict[str, Any] = {"client_id": client_id, "platform": platform, "platform_client_id": platform_client_id}
        result = client.get_client_gifts(**who)
    if as_json:
        # Bytes: the output is UTF-8 whatever the console's encoding. Half a surrogate pair stays an escape.
        text = json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n"
        if sys.stdout:
            sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
            sys.stdout.flush()
    else:
        _show(result, client_id or f"{platform_client_id} on {platform}")


def _show(result: ClientGifts, who: str) -> None:
    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("kind", "name", "from", "created", "valid"):
        table.add_column(column, overflow="fold", min_width=NARROWEST.get(column))
    kinds: list[tuple[str, tuple[Ticket | Gift, ...]]] = [
        ("ticket", result.tickets),
        ("physical", result.physical_gifts),
        ("virtual", result.virtual_gifts),
    ]
    for kind, found in kinds:
        for gift in found:
            created = f"{gift.created_at.astimezone(UTC):%Y-%m-%d}"
            name, resource, valid = "", "", ""
            if isinstance(gift, Gift):
                name, resource, valid = escape(_visible(gift.name)), escape(_visible(gift.resource)), _validity(gift)
            table.add_row(kind, name, resource, created, valid)
    console.print(f"Gifts of client [bold]{escape(who)}[/] (dates in UTC):", soft_wrap=True)
    console.print(table if table.row_count else "none")


VALIDITY = {True: "[red]expired[/]", False: "yes", None: "not said"}


def _validity(gift: Gift) -> str:
    span = " to ".join(f"{moment.astimezone(UTC):%Y-%m-%d}" for moment in (gift.start_time, gift.end_time) if moment)
    return "\n".join(filter(None, [VALIDITY[gift.is_expired], span]))


def _visible(text: str) -> str:
    """Return the text without what could steer a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Where to listen on 127.0.0.1; 0 takes a free port.", min=0, max=65535)] = 0,
) -> None:
    """Run a stand-in for the service on this machine until Ctrl-C, and show how to use it (extra sandbox)."""
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
