"""The command `mantago gifts`, which shows one client's gifts as a table, or several clients' as JSON Lines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import click
from attrs import asdict
from rich.console import Console

from mantago import MantaGo
from mantago.bulk.outcomes import Verdict, verdict
from mantago.cli import options
from mantago.cli.output import described, notes, print_json, print_json_line
from mantago.cli.sandbox import arguments_for
from mantago.cli.statuses import ExitStatus, status_of, worst
from mantago.cli.tables import show_gifts
from mantago.identification import identify
from mantago_runtime.errors import ConfigurationError, IdentificationError, MantaGoError

_log = logging.getLogger("mantago.cli")
STDIN = "-"


@click.command(cls=options.Command)
@options.ids
@options.who
@options.account(timeout=30.0, help="Seconds that each call may take in all.")
@options.output(quiet="No title, and no notes on stderr.")
@options.utc
def gifts(
    *, ids: tuple[str, ...], who: options.Who, account: options.Account, output: options.Output, utc: bool
) -> ExitStatus:
    """Show a client's tickets, physical and virtual gifts.

    For several ids, or for ids from standard input, it prints one line of JSON
    for each, with the outcome ok, not_found or failed. The exit status is then
    the worst of all, in the order 2, 4, 3, 1. For thousands, use mantago export.

    For example:
      mantago gifts --sandbox VolejRejN
      mantago gifts --platform line --platform-client-id U4af49806...
      mantago gifts VolejRejN --json | jq '.virtualGifts[].name'
      mantago gifts - < ids.txt | jq 'select(.outcome == "failed")'
    """
    options.check_ids(ids, who)
    clients = [options.client_of(id_, who) for id_ in ids if id_ != STDIN]
    with ExitStack() as stack:
        stack.enter_context(notes(output))
        for one in clients:
            identify(**asdict(one))  # all of them, before anything is sent
        client = stack.enter_context(MantaGo(**arguments_for(account, stack), timeout=account.timeout))
        _log.info("%r", client)
        if len(ids) > 1 or STDIN in ids:
            statuses = [_tell(client, options.client_of(id_, who)) for id_ in _with_lines(ids)]
            if not statuses:
                raise ConfigurationError("there are no ids on standard input: write one in each line")
            return worst(statuses)
        [one] = clients or [who]
        result = client.get_client_gifts(**asdict(one))
    if output.as_json:
        print_json(result.to_dict())
    else:
        name = one.client_id or f"{one.platform_client_id} on {one.platform}"
        show_gifts(Console(highlight=False), result, name, utc=utc, quiet=output.quiet)
    return ExitStatus.FINE


def _with_lines(ids: Iterable[str]) -> Iterator[str]:
    """Yield the ids, with those of standard input as they arrive; a program may have no standard input."""
    for id_ in ids:
        if id_ == STDIN:
            yield from _lines(getattr(sys.stdin, "buffer", ()))
        else:
            yield id_


def _lines(stdin: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(stdin, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise ConfigurationError(f"standard input: line {number} isn't UTF-8") from None
        if text:
            yield text


def _tell(client: MantaGo, who: options.Who) -> ExitStatus:
    """Ask for one of several clients and print its outcome as a line; return the exit status for it."""
    told: dict[str, Any] = {name: value for name, value in asdict(who).items() if value is not None}
    status = ExitStatus.FINE
    try:
        told |= {"outcome": "ok", "gifts": client.get_client_gifts(**asdict(who)).to_dict()}
    except IdentificationError:
        raise
    except MantaGoError as error:
        status = status_of(error)
        told |= {"outcome": "not_found" if verdict(error) is Verdict.NOT_FOUND else "failed", "error": described(error)}
    print_json_line(told)
    return status
