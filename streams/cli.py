"""The command `watchfloor`. A subcommand's module is imported when it is called, not before.

Exit codes: 0 all is well, 1 a check failed or a part is missing, 2 wrong usage or setting.
What is expected to go wrong is one line with its remedy; a traceback is a bug of ours.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

import click

from streams.refusals import Refusal

SPACE = "watchfloor.space"


@dataclass(frozen=True, slots=True)
class Entry:
    """A subcommand: where it is (``module:attribute``) and the line that help shows."""

    path: str
    help: str


COMMANDS = {
    "local": Entry("deploy.local.cli:local", "Start and stop Kafka, ClickHouse and Valkey here."),
    "setup": Entry("streams.commands.setup:command", "Make topics, tables and the people key."),
    "doctor": Entry("streams.commands.doctor:command", "Check everything; say what to do."),
    "worker": Entry("streams.commands.worker:command", "Run the floor: events to windows."),
    "deliver": Entry("streams.commands.deliver:command", "Bring rows to stores, alerts to people."),
    "alerts": Entry("streams.commands.alerts:command", "Show what fires, and why."),
    "ack": Entry("streams.commands.alerts:acknowledge", "Take care of an alert."),
    "silence": Entry("streams.commands.silence:command", "Keep alerts quiet for a while."),
    "notify-test": Entry("streams.commands.notify_test:command", "Send a receiver a sample."),
    "gateway": Entry("streams.commands.gateway:command", "Take events over HTTP into Kafka."),
    "reconcile": Entry("streams.commands.reconcile:command", "Send what webhooks have missed."),
    "board": Entry("streams.commands.board:command", "Serve the live page for operations."),
    "top": Entry("streams.commands.top:command", "Show the floor in the terminal."),
    "lag": Entry("streams.commands.lag:command", "Show how far each consumer group is behind."),
    "dlq": Entry("streams.commands.dlq:command", "List, show and replay dead letters."),
    "replay": Entry("streams.commands.replay:command", "Read logs, offline or through Kafka."),
    "map": Entry("streams.commands.map:command", "Map a topic of another tool into events."),
    "mapping": Entry("streams.commands.mapping:command", "Make mappings of other tools' records."),
    "rebuild": Entry("streams.commands.rebuild:command", "Compute history anew, compare, switch."),
    "simulate": Entry("streams.commands.simulate:command", "Make a believable floor's events."),
    "demo": Entry("streams.commands.demo:command", "Set up, simulate and watch a floor."),
    "sql": Entry("streams.commands.sql:command", "Ask ClickHouse in SQL."),
    "explain": Entry("streams.commands.explain:command", "Show all about one item and its panes."),
    "export": Entry("streams.commands.export:command", "Write a view to Parquet, CSV or Arrow."),
    "chart": Entry("streams.commands.chart:command", "Draw a metric over time as SVG or PNG."),
    "rules": Entry("streams.commands.rules:command", "Check, test and backtest alert rules."),
    "metrics": Entry("streams.commands.metrics:command", "Explain the metrics."),
    "dims": Entry("streams.commands.dims:command", "Load names, teams, targets and rates."),
    "people": Entry("streams.commands.people:command", "Turn a person's id into its pseudonym."),
    "access": Entry("streams.commands.access:command", "Say who may read what in ClickHouse."),
    "space": Entry("streams.commands.space:command", "List and drop spaces."),
}


#: The stack is one for all spaces.
_WITHOUT_SPACE = frozenset({"local"})


class Commands(click.Group):
    """A group that knows its commands by name and help, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that does not exist."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.path.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        if cmd_name not in _WITHOUT_SPACE:
            _take_space(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _say_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    # Only here: other commands need not wait for it.
    metrics = import_module("schemas.metrics")
    said = f"{len(metrics.METRICS)} metrics, definitions {metrics.definitions_version()}"
    click.echo(f"watchfloor {version('watchfloor')}, {said}")
    ctx.exit()


def _keep_space(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[SPACE] = value


def _space_option() -> click.Option:
    return click.Option(
        ["--space"],
        metavar="NAME",
        expose_value=False,
        callback=_keep_space,
        help="A floor of its own: topics, groups, database and keys. Default: live.",
    )


def _take_space(command: click.Command) -> None:
    """Let ``--space`` stand behind any command as well as before it."""
    if not any("--space" in param.opts for param in command.params):
        command.params.append(_space_option())
    if isinstance(command, click.Group):
        for nested in command.commands.values():
            _take_space(nested)


@click.group(
    cls=Commands,
    params=[_space_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are WATCHFLOOR_* variables. Exit codes: 0 well, 1 not well, 2 wrong usage.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version, and that of the definitions of all metrics.",
)
def cli() -> None:
    """Watch human annotation work as it happens.

    \b
    watchfloor local up            start Kafka, ClickHouse and Valkey on this machine
    watchfloor setup               make topics, tables and the people key
    watchfloor doctor              check all of it
    watchfloor worker              run the floor
    watchfloor --space june dlq ls look into another space
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process."""
    try:
        cli.main(arguments, prog_name="watchfloor")
    except Refusal as refusal:
        click.echo(f"watchfloor: {refusal}", err=True)
        sys.exit(refusal.exit_code)
    raise AssertionError("click ends the process by itself")
