"""The options of the command line, and the layout of its help (extra `cli`)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce, wraps
from typing import Any, TypeVar

import click
from attrs import evolve, field, fields_dict, frozen

from mantago import Platform
from mantago.cli.statuses import MEANINGS, ExitStatus
from mantago_runtime.configuration import MAX_TIMEOUT_SECONDS
from mantago_runtime.errors import ConfigurationError, IdentificationError

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
SAFER_HELP = (
    "Better set MANTAGO_{}: other users of the machine can read a command line, and it stays in the shell's history."
)


def _number(read: Callable[[Any], float], told: str) -> Callable[[Any], float]:
    """Return the type of an option that is a number; its error says which numbers there may be."""

    def convert(value: Any) -> float:
        try:
            return read(value)
        except ValueError:
            raise click.BadParameter(f"it must be {told}, not {value!r}") from None

    return convert


def _port(text: Any) -> int:
    port = int(text)
    if not 0 <= port <= MAX_PORT:
        raise ValueError
    return port


MAX_PORT = 65535
RATE = _number(float, "a number of calls a second above zero")
SECONDS = _number(float, f"a number of seconds above zero, at most {MAX_TIMEOUT_SECONDS:,}")
PORT = _number(_port, f"a whole number from 0 to {MAX_PORT}")


class HeadedOption(click.Option):
    """An option that the help shows under a heading of its own."""

    def __init__(self, *names: Any, heading: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.heading = heading


class Command(click.Command):
    """A command whose help keeps the lines of its examples, groups options by heading and lists the exit statuses.

    `exit_statuses` holds the meaning of each status for this command.
    """

    def __init__(self, *names: Any, exit_statuses: Mapping[ExitStatus, str] = MEANINGS, **settings: Any):
        settings["context_settings"] = {"help_option_names": ["-h", "--help"]}
        super().__init__(*names, **settings)
        self.exit_statuses = exit_statuses

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option that is given twice, of which click would ignore the first value."""
        if not ctx.resilient_parsing:
            try:
                _, _, given = self.make_parser(ctx).parse_args(args=[*args])
            except click.UsageError as error:
                # The message names the command whose help says more.
                error.ctx = error.ctx or ctx
                raise
            valued = [one for one in given if isinstance(one, click.Option) and not (one.is_flag or one.multiple)]
            if twice := next((one for one in valued if valued.count(one) > 1), None):
                raise click.UsageError(f"{twice.opts[0]} is given twice: it takes one value.", ctx)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the meanings of the exit statuses."""
        with formatter.section("Exit status"):
            formatter.write_dl([(str(int(status)), text) for status, text in self.exit_statuses.items()])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write what the command does; click keeps the lines of a paragraph that begins with a backspace."""
        text = inspect.cleandoc(self.help or "").replace("For example:\n", "\b\nFor example:\n")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        headings: dict[str, list[tuple[str, str]]] = {}
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        shown = [(one, record) for one in options if (record := one.get_help_record(ctx))]
        for parameter, record in shown:
            headings.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class Group(Command, click.Group):
    """The command that holds the other commands."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands, the one that most people want first."""
        return [*self.commands]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and what each command does."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, str(one.help).partition("\n")[0]) for name, one in self.commands.items()])


def _all(*options: Callable[[FunctionT], FunctionT]) -> Callable[[FunctionT], FunctionT]:
    """Return the decorator that gives a command all of these options, in this order."""
    return lambda function: reduce(lambda inner, option: option(inner), reversed(options), function)


def _option(heading: str, *names: str, **settings: Any) -> Callable[[FunctionT], FunctionT]:
    return click.option(*names, cls=HeadedOption, heading=heading, **settings)


def _platforms(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [platform for platform in Platform if platform.startswith(incomplete)]


def _gathered(name: str, kind: type, *options: Callable[[FunctionT], FunctionT]) -> Callable[[FunctionT], FunctionT]:
    """Return the decorator that gives a command these options, and passes their values on as one argument."""

    def decorate(function: Any) -> Any:
        @wraps(function)
        def call(**given: Any) -> Any:
            values = {each: given.pop(each) for each in fields_dict(kind)}
            return function(**{name: kind(**values)}, **given)

        gathering: Any = call
        return _all(*options)(gathering)

    return decorate


@frozen(kw_only=True)
class Who:
    """The client that is asked for."""

    client_id: str | None
    platform: str | None
    platform_client_id: str | None


def check_ids(ids: Sequence[str], who: Who) -> None:
    """Refuse an empty ID, a client that is named both as ID and by an option, and a platform without an id there."""
    if "" in ids:
        raise ConfigurationError("ID is empty: give the client's id")
    if not ids and who.platform is not None and who.platform_client_id is None and who.client_id is None:
        raise IdentificationError(
            "platform was given, but platform_client_id is missing: give it, or give the client's id there as ID"
        )
    if ids and (named := [name for name in ("client_id", "platform_client_id") if getattr(who, name) is not None]):
        raise ConfigurationError(f"give the client as ID or by {as_option(named[0])}, not both")


def client_of(id_: str, who: Who) -> Who:
    """Return the client of an ID; if a platform is named, the ID is the client's id there."""
    return evolve(who, **{"client_id" if who.platform is None else "platform_client_id": id_})


_who = partial(_option, "Client")
id_ = click.argument("id_", metavar="[ID]", required=False, help="The client's id; with --platform, its id there.")
ids = click.argument(
    "ids",
    metavar="[ID]...",
    nargs=-1,
    help="The client's id; with --platform, its id there; - reads ids from standard input, one in each line.",
)
who = _gathered(
    "who",
    Who,
    _who("--client-id", help="The client's id at MantaGO; the same as ID."),
    _who(
        "--platform",
        shell_complete=_platforms,
        help=f"The platform, if you give the client's id there: {', '.join(Platform)}.",
    ),
    _who("--platform-client-id", help="The client's id on that platform, such as U and 32 hex digits on LINE."),
)


@frozen(kw_only=True)
class Account:
    """Holds the account, the address and the time limit of a client."""

    bot_id: str | None
    token: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    base_url: str | None
    sandbox: bool
    timeout: float


PLACE = ("base_url", "bot_id", "token", "secret")
"""The arguments that a sandbox provides, or else an account."""
_account = partial(_option, "Account")


def account(*, timeout: float, help: str) -> Callable[[FunctionT], FunctionT]:  # noqa: A002 - as click has it
    """Return the options of a command that calls the service; `timeout` and `help` are those of `--timeout`."""
    return _gathered(
        "account",
        Account,
        _account("--bot-id", help="The bot's id. Default: MANTAGO_BOT_ID."),
        _account("--token", help="The bot's API token. " + SAFER_HELP.format("TOKEN")),
        _account("--secret", help="The bot's secret key. " + SAFER_HELP.format("SECRET")),
        _account("--base-url", help="The API's address. Default: MANTAGO_BASE_URL, else the vendor's server."),
        _account("--sandbox", is_flag=True, help="Ask the built-in sandbox, without an account (extra sandbox)."),
        _account("--timeout", type=SECONDS, metavar="SECONDS", default=timeout, show_default=True, help=help),
    )


@frozen(kw_only=True)
class Output:
    """Holds how much a command prints, and in which form."""

    as_json: bool
    quiet: bool
    verbose: bool


_output = partial(_option, "Output", is_flag=True)
utc = _output("--utc", help="Show times in UTC, not in the local zone.")


def output(*, quiet: str) -> Callable[[FunctionT], FunctionT]:
    """Return the options for a command's output; `quiet` says what `--quiet` leaves out."""
    return _gathered(
        "output",
        Output,
        _output("--json", "as_json", help="Print JSON, for programs."),
        _output("--quiet", "-q", help=quiet),
        _output("--verbose", "-v", help="Show each call and each retry on stderr."),
    )


_export = partial(_option, "Export")
export = _all(
    click.argument(
        "ids",
        metavar="IDS",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="A text file with one id in each line, a CSV file, a JSON Lines file, or - for standard input.",
    ),
    _export(
        "--into",
        metavar="FOLDER",
        required=True,
        help="The folder for the parts: a new one, or that of a run to continue.",
    ),
    _export(
        "--column",
        metavar="NAME",
        help="The column with the client's id. Default: client_id, else platform and platform_client_id.",
    ),
    _export(
        "--format",
        type=click.Choice(["jsonl", "parquet"]),
        default="jsonl",
        show_default=True,
        help="JSON Lines in gzip, or Parquet (extra parquet).",
    ),
    _export("--rate", type=RATE, metavar="N", help="The most calls a second. Default: as many as the service allows."),
    _export("--retry-failed", is_flag=True, help="Ask once more for the clients that failed."),
)
_sandbox = partial(_option, "Sandbox")
sandbox = _all(
    _sandbox(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="The address to listen on; 0.0.0.0 means every network of this machine.",
    ),
    _sandbox(
        "--port",
        type=PORT,
        metavar="PORT",
        default=0,
        show_default=True,
        help="The port to listen on; 0 takes a free one.",
    ),
    _sandbox("--bot-id", help="The bot id that it accepts. Default: always the same."),
    _sandbox("--token", help="The token that it accepts: any text, no real token. Default: a new one each time."),
    _sandbox("--secret", help="The secret that it accepts. Default: a new one each time."),
    _sandbox("--rate", type=RATE, metavar="N", help="The most calls a second; it answers more with 429."),
    _sandbox("--quiet", "-q", is_flag=True, help="No line on stderr for each call."),
)


def as_option(argument: str) -> str:
    """Return the option that stands for an argument of a client."""
    return "--" + argument.replace("_", "-")


def with_options_named(text: str) -> str:
    """Return an error about the identification rule with options in place of arguments."""
    return re.sub(r"\b(platform_client_id|client_id|platform)\b", lambda name: as_option(name[0]), text)


def with_options(text: str) -> str:
    """Return a client's error about an argument with the option in its place."""
    return re.sub(r"^(bot_id|token|secret|base_url|timeout|rate)\b", lambda name: as_option(name[0]), text)


def at_once(name: str, callback: Callable[..., None], **settings: Any) -> Callable[[FunctionT], FunctionT]:
    """Return an option that calls its function and ends the program."""
    return click.option(name, callback=callback, expose_value=False, is_eager=True, **settings)


def for_a_shell(
    name: str, callback: Callable[[click.Command, str], str], text: str
) -> Callable[[FunctionT], FunctionT]:
    """Return an option that prints something about the shell that it names; the function gets "" if it names none."""

    def tell(context: click.Context, _parameter: click.Parameter, shell: str | None) -> None:
        if shell is not None and not context.resilient_parsing:
            click.echo(callback(context.command, shell))
            context.exit()

    return at_once(name, tell, is_flag=False, flag_value="", metavar="[SHELL]", help=text)
