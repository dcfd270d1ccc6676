"""The commands ``watchfloor local up | down | status | logs | reset``."""

import time
from collections import deque
from pathlib import Path

import click

from deploy.local.endpoints import Endpoints
from deploy.local.errors import StackError
from deploy.local.places import PARTS, Part
from deploy.local.stack import Stack

ROOT_VARIABLE = "WATCHFLOOR_LOCAL_DIR"
_FOLLOW_S = 0.3
_MARKS = {"up": "green", "down": "white", "crashed": "red", "not answering": "yellow"}


class _Commands(click.Group):
    """Shows a StackError as its sentence and remedy, never as a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except StackError as error:
            raise click.ClickException(str(error)) from error


@click.group("local", cls=_Commands)
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar=ROOT_VARIABLE,
    show_default="the current directory",
    help=f"Directory that holds .local/ (or {ROOT_VARIABLE}).",
)
@click.pass_context
def local(context: click.Context, root: Path) -> None:
    """Real Kafka, ClickHouse and Valkey on this machine, without Docker."""
    context.obj = root


@local.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--kafka-port", type=int, help="Refuse any other port for Kafka.")
@click.option("--clickhouse-port", type=int, help="Refuse any other port for ClickHouse.")
@click.option("--redis-port", type=int, help="Refuse any other port for Valkey.")
@click.option("--foreground", is_flag=True, help="Stay, and stop everything at Ctrl-C.")
@click.option("--quiet", is_flag=True, help="Print the addresses only.")
@click.pass_obj
def up(
    root: Path, /, parts: tuple[Part, ...], foreground: bool, quiet: bool, **asked: int | None
) -> None:
    """Start what does not run yet (all, or the PARTS named); returns when it answers."""
    names = {name.removesuffix("_port"): port for name, port in asked.items() if port is not None}
    stack = Stack(root, names)
    if not foreground:
        _show(stack.up(parts or PARTS, quiet))
        return
    try:
        _show(stack.up(parts or PARTS, quiet))
        _watch(stack)
    except KeyboardInterrupt:
        click.echo("stopping")
    finally:
        stack.down(quiet)


@local.command()
@click.pass_obj
def down(root: Path) -> None:
    """Stop what `up` started, data kept; nothing else is touched."""
    stopped = Stack(root).down(quiet=False)
    click.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing of this stack runs")


@local.command()
@click.pass_obj
def status(root: Path) -> None:
    """Ask every part how it is; exits 1 unless all are up."""
    found = Stack(root).status()
    for part in found:
        state = click.style(f"{part.state:<14}", fg=_MARKS[part.state])
        where = f"{part.address}  process {part.pid}" if part.pid else f"log {part.log}"
        click.echo(f"{part.part:<11}{state}{where}")
    if any(part.state != "up" for part in found):
        raise click.exceptions.Exit(1)


@local.command()
@click.argument("part", type=click.Choice(PARTS))
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on.")
@click.pass_obj
def logs(root: Path, part: Part, lines: int, follow: bool) -> None:
    """Show what a part wrote."""
    path = Stack(root).places.log(part)
    if not path.exists():
        raise StackError(f"{part} has no log at {path}", "start it with `watchfloor local up`")
    with path.open(errors="replace") as source:
        for line in deque(source, lines):
            click.echo(line, nl=False)
        while follow:
            click.echo(source.read(), nl=False)
            time.sleep(_FOLLOW_S)


@local.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(root: Path, yes: bool) -> None:
    """Stop everything and delete all data and logs; downloads are kept."""
    stack = Stack(root)
    if not yes:
        click.confirm(f"Delete all data in {stack.places.home}?", abort=True)
    stack.reset(quiet=False)


def _show(endpoints: Endpoints) -> None:
    for name, address in endpoints.as_dict().items():
        click.echo(f"{name:<11}{address}")


def _watch(stack: Stack) -> None:
    """Stay until a part has ended, which is an error."""
    while all(part.state != "crashed" for part in stack.status()):
        time.sleep(1.0)
    raise StackError("a part of the stack ended", "read its log: `watchfloor local logs PART`")
