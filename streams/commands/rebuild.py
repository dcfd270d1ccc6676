"""``watchfloor rebuild``: history computed anew, first beside the rows that count."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from clickhouse_connect.driver.exceptions import Error as DriverError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sinks import rebuilds
from sinks.rebuilds import Rebuild, State
from streams import forget_topics
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.commands.rebuild_steps import STEPS, Work, compare, refuse_open
from streams.core.plan import QUARTER_MS
from streams.rebuild_input import Input, files_input, run_side, topics_input
from streams.rebuilding import Range
from streams.refusals import Refusal
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names
from streams.view_question import ArgumentRefused, moment_utc


@click.command(
    "rebuild",
    epilog="""\b
watchfloor rebuild --from 2026-01-01 --to 2026-02-01 archive/*.jsonl.gz   beside the old rows
watchfloor rebuild --from 2026-01-01 --to 2026-02-01 --compare            what differs
watchfloor rebuild --from 2026-01-01 --to 2026-02-01 --switch             put them in place
watchfloor rebuild --from 2026-01-01 --to 2026-02-01 --drop               leave it
watchfloor --space june rebuild --from 2026-06-01 --to 2026-07-01         from the source topics

Exit codes: 0 done, 1 refused or not done, 2 wrong usage.""",
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "since", required=True, metavar="TIME", help="Start, UTC unless it says.")
@click.option("--to", "until", required=True, metavar="TIME", help="End, exclusive.")
@click.option("--preview", is_flag=True, help="Compute an open range, too, to look at only.")
@click.option("--compare", "step", flag_value="compare", help="Show what differs.")
@click.option("--switch", "step", flag_value="switch", help="Put the new rows in place.")
@click.option("--drop", "step", flag_value="drop", help="Remove the new rows.")
def command(
    files: tuple[Path, ...], since: str, until: str, preview: bool, step: str | None
) -> None:
    """Compute the rollups of a closed range anew, from FILES or else from the source topics.

    The events have to reach back to the first of every item that lived in the range, and on to
    the last; a switch that would lose some is refused. New rows lie in a database of their own
    beside the old ones, with all views, until they are switched. Live traffic goes on meanwhile.
    """
    settings = read_settings()
    within = _range(since, until)
    with _working(settings, within) as work:
        if step is None:
            _compute(work, files, preview)
        elif files or preview:
            raise ArgumentRefused(f"--{step} takes no files and no --preview", "leave them out")
        else:
            STEPS[step](work)


def _range(since: str, until: str) -> Range:
    ends = [
        round(moment_utc(name, text).timestamp() * 1000)
        for name, text in (("--from", since), ("--to", until))
    ]
    for name, text, ms in zip(("--from", "--to"), (since, until), ends, strict=True):
        if ms % QUARTER_MS:
            raise ArgumentRefused(
                f"{name} {text} cuts a quarter of an hour", "accepted: whole quarters of an hour"
            )
    if ends[0] >= ends[1]:
        raise ArgumentRefused(f"--from {since} is not before --to {until}", "turn them round")
    return Range(*ends)


@contextmanager
def _working(settings: Settings, within: Range) -> Iterator[Work]:
    database, connections = Names(settings.space.space).database, settings.connections
    client = connect_clickhouse(connections)
    rebuild = Rebuild(database, within.from_ms // 1000, within.to_ms // 1000)
    try:
        with Kafka(connections.kafka, connections.timeout_s) as kafka:
            yield Work(settings, client, kafka, within, rebuild)
    except DriverError as error:
        raise Refusal(
            f"ClickHouse refused: {str(error).strip().splitlines()[0]}",
            "`watchfloor setup` makes missing tables; then the same command again",
        ) from error
    finally:
        client.close()


def _compute(work: Work, files: tuple[Path, ...], preview: bool) -> None:
    state = rebuilds.read(work.client, work.rebuild)
    if state is not None and state.state == "switching":
        raise Refusal("its switch was cut off", "go on with --switch")
    if not preview:
        refuse_open(work)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    ) as progress:
        said = _input(work, files, progress)
        work.note(State("computing", detail=said.detail))
        task = progress.add_task("computing", total=said.count)
        counted = run_side(
            work.settings,
            work.rebuild,
            work.within,
            said,
            lambda n: progress.update(task, completed=n),
        )
    now = "previewed" if preview else "computed"
    work.note(State(now, events=counted["consumed"], detail=said.detail))
    click.echo("events: " + " ".join(f"{name}={n}" for name, n in counted.items()))
    click.echo(f"new rows are in {work.rebuild.side}")
    compare(work)


def _input(work: Work, files: tuple[Path, ...], progress: Progress) -> Input:
    forgotten = forget_topics.listed(work.kafka, work.topics)
    if files:
        task = progress.add_task("reading", total=None)
        return files_input(files, forgotten, lambda n: progress.update(task, completed=n))
    return topics_input(work.settings, work.kafka, forgotten)
