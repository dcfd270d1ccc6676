"""``python -m tests.chaos.burst --events 5000000``: millions at once, and every pane is right.

The letters of ``maker`` without presence, sent as fast as Kafka takes them to a floor of two
workers, one of which is killed in the middle. Half of them are of hot items.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from schemas.measures import add
from schemas.topics import Role
from streams.feed import Feed
from tests.chaos.arena import Arena, arena
from tests.chaos.comparison import Verdict, compare_fates, compare_panes, only_counted
from tests.chaos.grounds import grounds
from tests.chaos.maker import Maker
from tests.chaos.truth import Panes, Sent
from tests.integration.main_job.row_sets import panes_in_clickhouse

_EPISODES, _ITEMS, _CREWS, _SAY_EVERY_S = 20, 40, 20, 30.0


def send(floor: Arena, events: int) -> tuple[Sent, Panes]:
    """At least so many records; their fates (without the events), and the true panes."""
    return asyncio.run(_send(floor, events))


async def _send(floor: Arena, events: int) -> tuple[Sent, Panes]:
    total, panes, number = Sent(), Panes(), 0
    servers = floor.settings.connections.kafka
    async with Feed(servers, floor.topics, floor.partitions) as feed:
        while total.count < events:
            sent, now_ms = Sent(), time.time_ns() // 1_000_000
            for _ in range(_EPISODES):
                for each in Maker(1, number, now_ms, number % _CREWS).letters(_ITEMS):
                    if each.topic != "workforce":
                        record_ms = now_ms - each.slow_ms
                        await feed.put(Role(each.topic), each.key.encode(), each.value, record_ms)
                        sent.took(each, (each.topic, 0, sent.count))
                number += 1
            for at, tally in sent.panes().items():
                add(panes.setdefault(at, {}), tally)
            total.fates.update(sent.fates)
    return total, {at: tally for at, tally in panes.items() if tally}


def await_fates(floor: Arena, sent: Sent, patience_s: float) -> Verdict:
    """What became of the records, once nothing is missing or nothing has moved for so long."""
    changelog, verdict = floor.topics.floor_changelog(1), Verdict()
    was, moved_s, said_s = Counter[str](), time.monotonic(), 0.0
    while True:
        less = floor.ask(lambda kafka: compare_fates(kafka, changelog, floor.partitions, sent))
        now_s = time.monotonic()
        if now_s - said_s > _SAY_EVERY_S:
            click.echo(f"{-less.total()} of {sent.count} are yet to be counted", err=True)
            said_s = now_s
        if less != was:
            was, moved_s = less, now_s
        if not less:
            return verdict
        if now_s - moved_s > patience_s:
            verdict.note(f"fates: {dict(less)} more than sent")
            return verdict
        time.sleep(1.0)


def await_panes(floor: Arena, wanted: Panes, patience_s: float) -> Verdict:
    """What differs in ClickHouse, once nothing does or nothing has changed for so long."""
    was, moved_s = -1, time.monotonic()
    while True:
        verdict = Verdict()
        compare_panes(only_counted(panes_in_clickhouse(floor.client)), wanted, verdict)
        now_s, differs = time.monotonic(), verdict.lost + verdict.doubled
        if differs != was:
            was, moved_s = differs, now_s
        if verdict.exact or now_s - moved_s > patience_s:
            return verdict
        time.sleep(5.0)


@click.command()
@click.option("--events", default=5_000_000, show_default=True, type=click.IntRange(1))
@click.option("--patience-s", default=300.0, show_default=True, help="Stand still this long: fail.")
def main(events: int, patience_s: float) -> None:
    """Send a burst to a real floor; exits 1 when anything is lost, doubled or wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory() as scratch,
        grounds(Path(scratch)) as found,
        arena(found, Path(scratch) / "burst") as floor,
    ):
        began_s = time.monotonic()
        sent, panes = send(floor, events)
        sent_s = time.monotonic() - began_s
        click.echo(f"{sent.count} records sent in {sent_s:.0f} s: {dict(sent.fates)}")
        floor.crew.members["w0"].signal(signal.SIGKILL)
        verdict = await_fates(floor, sent, patience_s)
        counted_s = time.monotonic() - began_s
        said = "all counted" if verdict.exact else "given up"
        click.echo(f"{said} after {counted_s:.0f} s, {sent.count / counted_s:.0f} a second")
        after = await_panes(floor, panes, patience_s)
        verdict.wrong += after.wrong
        click.echo(
            f"{len(panes)} panes after {time.monotonic() - began_s:.0f} s: lost {after.lost}, "
            f"doubled {after.doubled}, wrong {verdict.wrong}"
        )
        for note in (*verdict.notes, *after.notes):
            click.echo(f"    {note[:300]}", err=True)
        sys.exit(not (verdict.exact and after.exact))


if __name__ == "__main__":
    main()
