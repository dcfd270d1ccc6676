"""A rebuild beside the rows that count: compared with them, put in their place, or dropped."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import Progress

from schemas.topics import Topics
from sinks import rebuilds
from sinks.rebuilds import Rebuild, State
from streams import forget_topics
from streams.admin import Kafka
from streams.closed_range import closed_before_ms
from streams.commands.invocation import show_rows
from streams.commands.worker import read_terms
from streams.core.forgotten import fingerprint
from streams.plans import plan_of
from streams.rebuilding import Range
from streams.refusals import Refusal
from streams.settings import Settings
from streams.view_question import ArgumentRefused


@dataclass(frozen=True, slots=True)
class Work:
    """A rebuild of a space's rows, and what it takes."""

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


def refuse_open(work: Work) -> None:
    """Raises Refusal when workers may still restate rows of the range."""
    plan = plan_of(work.settings, read_terms(work.settings))
    partitions = work.settings.floor.partitions
    closed_ms = closed_before_ms(work.kafka, work.topics, plan, partitions)
    if work.within.to_ms > closed_ms:
        closed = datetime.fromtimestamp(closed_ms / 1000, UTC)
        raise ArgumentRefused(
            f"--to {_iso(work.within.to_ms)}: the range is open, the floor may still restate it",
            f"accepted: up to {closed:%Y-%m-%dT%H:%MZ}; --preview computes an open one to look at",
        )


def compare(work: Work) -> None:
    """Show what differs, and whether events are missing; Refusal when it was never begun."""
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


def switch(work: Work) -> None:
    """Put the new rows in place, or go on with that; raises Refusal."""
    state = work.state()
    if state.state == "switched":
        click.echo("it was switched already")
        return
    if state.state not in ("computed", "switching"):
        raise Refusal(f"the new rows are {state.state}", "compute them anew without --preview")
    refuse_open(work)
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


def _refuse_loss(work: Work) -> None:
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


def drop(work: Work) -> None:
    """Remove the new rows; Refusal amid a switch."""
    state = work.state()
    if state.state == "switching":
        raise Refusal("its switch was cut off amid the rows", "go on with --switch")
    work.client.command(f"DROP DATABASE IF EXISTS {work.rebuild.side}")
    work.note(replace(state, state="dropped"))
    click.echo(f"dropped {work.rebuild.side}")


def _iso(t_ms: int) -> str:
    return f"{datetime.fromtimestamp(t_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"


STEPS: dict[str, Callable[[Work], None]] = {
    "compare": compare,
    "switch": switch,
    "drop": drop,
}
