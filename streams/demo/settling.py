"""Waits until everything that was sent is applied, published and delivered.

Station by station: where its topics end is asked for when the station before has read and
committed all of its own, so nothing can slip by, although ticks go on for ever.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kafka.errors import KafkaError

from schemas.topics import INPUT_ROLES, Topics
from streams import groups
from streams.admin import Kafka, Place
from streams.refusals import Refusal
from streams.spaces import Names

#: No record of a station got done in so long: it hangs.
STUCK_S_MAX = 60.0
SAY_EVERY_S = 5.0
_POLL_S = 0.25

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Station:
    """A consumer group and the topics it has to have read; ``optional``: if anybody is in it."""

    group: str
    what: str
    topics: tuple[str, ...]
    optional: bool = False


def stations(space: str) -> tuple[Station, ...]:
    """The way of an event through a space, in order."""
    names, topics = Names(space), Topics(space)
    floor, inputs = names.group("floor"), tuple(topics.name(role) for role in INPUT_ROLES)
    rows = (topics.rollups, topics.items, topics.labels, topics.sla, topics.dead_letters)
    told = (topics.alerts, topics.commands, topics.notices)
    return (
        Station(floor, "events to be applied", inputs),
        # Time moves clocks, and what they count for.
        Station(floor, "ticks to be acted on", (topics.ticks,)),
        Station(floor, "changes to be summed up", (topics.panes,)),
        Station(floor, "commands to be done", (topics.commands,)),
        Station(names.group("deliver-notify"), "alerts to be told", (topics.alerts,), True),
        Station(names.group("deliver-clickhouse"), "rows to be stored in ClickHouse", rows + told),
        Station(
            names.group("deliver-redis"),
            "snapshots and alerts to be stored in Redis",
            (topics.snapshots, topics.alerts),
        ),
    )


def settle(kafka: Kafka, space: str, partitions: int, say: Say) -> None:
    """Return when all that lies in the topics now has gone all the way.

    Raises Refusal when a station does not get on.
    """
    counts = {spec.name: spec.partitions for spec in Topics(space).specs(partitions)}
    for station in stations(space):
        if station.optional and not any(each.members for each in find(kafka, [station.group])):
            continue
        places = [(topic, n) for topic in station.topics for n in range(counts[topic])]
        spans = kafka.spans(places)
        ends = {place: span.end for place, span in spans.items() if span.end > span.start}
        _await(kafka, station, ends, say)


def _await(kafka: Kafka, station: Station, ends: dict[Place, int], say: Say) -> None:
    least, moved_s, said_s = None, time.monotonic(), time.monotonic()
    while left := _left(kafka, station.group, ends):
        now_s = time.monotonic()
        if least is None or left < least:
            least, moved_s = left, now_s
        if now_s - moved_s > STUCK_S_MAX:
            raise Refusal(
                f"{left:,} {station.what}, and none got done in {STUCK_S_MAX:.0f} s",
                "read the logs of worker and deliver in .local/logs",
            )
        if now_s - said_s > SAY_EVERY_S:
            said_s = now_s
            say(f"{left:,} {station.what}")
        time.sleep(_POLL_S)


def _left(kafka: Kafka, group: str, ends: dict[Place, int]) -> int:
    """How many records before ``ends`` the group has not committed; an upper bound."""
    if not ends:
        return 0
    found = find(kafka, [group])
    committed = found[0].committed if found else {}
    return sum(max(0, end - committed.get(place, 0)) for place, end in ends.items())


def find(kafka: Kafka, names: Collection[str]) -> list[groups.Group]:
    """The groups that are known; none while a fresh broker still reads what it knows of them."""
    try:
        return groups.find(kafka, names)
    except KafkaError as error:
        if not error.retriable:
            raise
        return []


def await_members(kafka: Kafka, wanted: dict[str, int], check: Callable[[], None]) -> None:
    """Return when each group is stable with so many members; ``check`` raises to give up."""
    until_s = time.monotonic() + STUCK_S_MAX
    while not _complete(find(kafka, list(wanted)), wanted):
        check()
        if time.monotonic() > until_s:
            raise Refusal(
                f"worker and deliver are not all at work after {STUCK_S_MAX:.0f} s",
                "read their logs in .local/logs",
            )
        time.sleep(_POLL_S)


def _complete(found: Collection[groups.Group], wanted: dict[str, int]) -> bool:
    ready = {g.name for g in found if g.state == "Stable" and len(g.members) >= wanted[g.name]}
    return ready == wanted.keys()
