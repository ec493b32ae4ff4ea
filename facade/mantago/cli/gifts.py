"""`mantago gifts` (extra `cli`)."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import click
from attrs import asdict
from rich.console import Console

from mantago import MantaGo
from mantago.cli import options
from mantago.cli.output import notes, print_json
from mantago.cli.sandbox import arguments_for
from mantago.cli.tables import show_gifts

_log = logging.getLogger("mantago.cli")


@click.command(cls=options.Command)
@options.who
@options.account(timeout=30.0, help="Seconds that the call may take in all.")
@options.output(quiet="No title, and no notes on stderr.")
@options.utc
def gifts(*, who: options.Who, account: options.Account, output: options.Output, utc: bool) -> None:
    """Show a client's tickets, physical and virtual gifts.

    For example:
      mantago gifts --sandbox --client-id VolejRejN
      mantago gifts --platform line --platform-client-id U4af49806...
      mantago gifts --client-id VolejRejN --json | jq '.virtualGifts[].name'
    """
    with ExitStack() as stack:
        stack.enter_context(notes(output))
        client = stack.enter_context(MantaGo(**arguments_for(account, stack), timeout=account.timeout))
        _log.info("%r", client)
        result = client.get_client_gifts(**asdict(who))
    if output.as_json:
        print_json(result.to_dict())
    else:
        name = who.client_id or f"{who.platform_client_id} on {who.platform}"
        show_gifts(Console(highlight=False), result, name, utc=utc, quiet=output.quiet)
