"""``watchfloor rebuild``: history computed anew, first beside the rows that count."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from schemas.topics import Topics
from sinks import rebuilds
from sinks.rebuilds import Rebuild, State
from streams import forget_topics
from streams.admin import Kafka
from streams.closed_range import closed_before_ms
from streams.commands.invocation import read_settings, show_rows
from streams.core.forgotten import fingerprint
from streams.core.plan import QUARTER_MS
from streams.floor_files import read_plan
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
            _STEPS[step](work)


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


@dataclass(frozen=True, slots=True)
class _Work:
    settings: Settings
    client: Client
    kafka: Kafka
    within: Range
    rebuild: Rebuild

    @property
    def topics(self) -> Topics:
        """The space's topics."""
        return Topics(self.settings.space.space)

    def state(self) -> State:
        """How far the rebuild is; Refusal when it was never begun."""
        found = rebuilds.read(self.client, self.rebuild)
        if found is None or found.state == "dropped":
            raise Refusal(
                "that range was not computed anew", "first without --compare, --switch and --drop"
            )
        return found

    def note(self, state: State) -> None:
        """Keep how far it is."""
        rebuilds.write(self.client, self.rebuild, state)


@contextmanager
def _working(settings: Settings, within: Range) -> Iterator[_Work]:
    database, connections = Names(settings.space.space).database, settings.connections
    client = connect_clickhouse(connections)
    rebuild = Rebuild(database, within.from_ms // 1000, within.to_ms // 1000)
    try:
        with Kafka(connections.kafka, connections.timeout_s) as kafka:
            yield _Work(settings, client, kafka, within, rebuild)
    except DriverError as error:
        raise Refusal(
            f"ClickHouse refused: {str(error).strip().splitlines()[0]}",
            "`watchfloor setup` makes missing tables; then the same command again",
        ) from error
    finally:
        client.close()


def _refuse_open(work: _Work) -> None:
    """Raises Refusal when workers may still restate rows of the range."""
    floor = work.settings.floor
    plan = read_plan(floor)
    closed_ms = closed_before_ms(work.kafka, work.topics, plan, floor.partitions)
    if work.within.to_ms > closed_ms:
        closed = datetime.fromtimestamp(closed_ms / 1000, UTC)
        raise ArgumentRefused(
            f"--to {_iso(work.within.to_ms)}: the range is open, the floor may still restate it",
            f"accepted: up to {closed:%Y-%m-%dT%H:%MZ}; --preview computes an open one to look at",
        )


def _compute(work: _Work, files: tuple[Path, ...], preview: bool) -> None:
    state = rebuilds.read(work.client, work.rebuild)
    if state is not None and state.state == "switching":
        raise Refusal("its switch was cut off", "go on with --switch")
    if not preview:
        _refuse_open(work)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    ) as progress:
        said = _input(work, files, progress)
        work.note(State("computing", detail=said.detail))
        task = progress.add_task("computing", total=said.count)
        done = run_side(
            work.settings,
            work.rebuild,
            work.within,
            said,
            lambda n: progress.update(task, completed=n),
        )
    work.note(State("previewed" if preview else "computed", events=done, detail=said.detail))
    click.echo(f"{done} events; new rows are in {work.rebuild.side}")
    _compare(work)


def _input(work: _Work, files: tuple[Path, ...], progress: Progress) -> Input:
    forgotten = forget_topics.listed(work.kafka, work.topics)
    if files:
        task = progress.add_task("reading", total=None)
        return files_input(files, forgotten, lambda n: progress.update(task, completed=n))
    return topics_input(work.settings, work.kafka, forgotten)


def _compare(work: _Work) -> None:
    work.state()
    found = rebuilds.difference(work.client, work.rebuild)
    click.echo(f"{found.differing} of {found.quarters} quarters of an hour of subjects differ")
    if found.sums:
        show_rows(("measure", "old", "new"), found.sums)
    if found.differing:
        differing = rebuilds.metrics(work.client, work.rebuild)
        show_rows(("metric of the whole floor", "old", "new"), differing)
    lost, example = rebuilds.uncovered(work.client, work.rebuild)
    if lost:
        click.echo(f"{lost} items have events that did not go in, as {example}: no switch")


def _switch(work: _Work) -> None:
    state = work.state()
    if state.state == "switched":
        click.echo("it was switched already")
        return
    if state.state not in ("computed", "switching"):
        raise Refusal(f"the new rows are {state.state}", "compute them anew without --preview")
    _refuse_open(work)
    _refuse_loss(work)
    if state.state == "computed":
        revision = rebuilds.next_revision(work.client, work.rebuild)
        state = replace(state, state="switching", revision=revision)
        work.note(state)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("switching", total=work.rebuild.to_s - work.rebuild.from_s)
        for end_s in rebuilds.switch(work.client, work.rebuild, state.revision):
            progress.update(task, completed=end_s - work.rebuild.from_s)
    if n := rebuilds.restated_since(work.client, work.rebuild, state.revision):
        raise Refusal(f"{n} rows were told anew meanwhile", "drop the rebuild and compute it anew")
    if n := rebuilds.difference(work.client, work.rebuild).differing:
        raise Refusal(f"{n} quarters differ from the new rows", "the same command again")
    work.note(replace(state, state="switched"))
    work.client.command(f"DROP DATABASE IF EXISTS {work.rebuild.side}")
    click.echo(f"switched; the rows have revision {state.revision}")


def _refuse_loss(work: _Work) -> None:
    """Raises Refusal when the new rows lack events, or name who was forgotten since."""
    lost, example = rebuilds.uncovered(work.client, work.rebuild)
    if lost:
        raise Refusal(
            f"{lost} items of the range have events that did not go in, as {example}",
            "compute it anew from all files that have events of these items",
        )
    listed = forget_topics.listed(work.kafka, work.topics)
    if any(fingerprint(each) in listed for each in rebuilds.people(work.client, work.rebuild)):
        raise Refusal("the new rows name somebody who was forgotten since", "compute them anew")


def _drop(work: _Work) -> None:
    state = work.state()
    if state.state == "switching":
        raise Refusal("its switch was cut off amid the rows", "go on with --switch")
    work.client.command(f"DROP DATABASE IF EXISTS {work.rebuild.side}")
    work.note(replace(state, state="dropped"))
    click.echo(f"dropped {work.rebuild.side}")


def _iso(t_ms: int) -> str:
    return f"{datetime.fromtimestamp(t_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"


_STEPS: dict[str, Callable[[_Work], None]] = {
    "compare": _compare,
    "switch": _switch,
    "drop": _drop,
}
