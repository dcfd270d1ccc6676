"""History computed anew by the floor's own core, without a broker, into rows of a side database.

Records go in with the Kafka time that they had (or, from files, that a replay gives them), with a
tick for every hour, as a replay does. Rows leave as the core tells them, so that what is held in
memory is the core's state and no more.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from schemas.topics import INPUT_ROLES, Topics
from sinks.clickhouse import ClickHouseSink
from streams import records
from streams.admin import Kafka, Span
from streams.core.engine import Engine, Found
from streams.core.plan import HOUR_MS
from streams.refusals import Refusal
from streams.replay import Sent

#: Records between two times that rows leave.
STORE_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Range:
    """``[from_ms, to_ms)`` of event time, UTC, in whole quarters of an hour."""

    from_ms: int
    to_ms: int


def from_topics(kafka: Kafka, topics: Topics, partitions: int) -> tuple[int, Iterator[Sent]]:
    """How many records the source topics hold, and these in about the order of their times."""
    names = {topics.name(role): role for role in INPUT_ROLES}
    places = [(name, number) for name in names for number in range(partitions)]
    spans = {place: span for place, span in kafka.spans(places).items() if span.end > span.start}

    def of(place: tuple[str, int], span: Span) -> Iterator[Sent]:
        role = names[place[0]]
        for record in records.read(kafka.servers, {place: span}):
            if record.value is not None:
                yield Sent(role, record.key, record.value, record.timestamp_ms)

    parts = (of(place, span) for place, span in spans.items())
    count = sum(span.end - span.start for span in spans.values())
    return count, merge(*parts, key=lambda sent: sent.record_ms)


def compute(
    sends: Iterable[Sent], engine: Engine, store: "Store", on_done: Callable[[int], None]
) -> None:
    """Put everything through the core and store what it says; ``on_done`` hears how far it is.

    Raises Refusal when there is nothing.
    """
    done = ticked_ms = last_ms = 0
    for sent in sends:
        last_ms = max(last_ms, sent.record_ms)
        if sent.record_ms >= ticked_ms + HOUR_MS:
            ticked_ms = sent.record_ms
            engine.tick(ticked_ms)
        engine.put(sent.role, sent.key, sent.value, sent.record_ms)
        done += 1
        if done % STORE_EVERY == 0:
            engine.flush()
            store.take(engine.found)
            on_done(done)
    if not done:
        raise Refusal("there are no events", "name the files that hold the range's events")
    engine.flush()
    engine.tick(last_ms + 1)
    engine.flush()
    store.take(engine.found)
    on_done(done)


class Store:
    """Brings what the core says to the side database: rows of the range, and all of items."""

    def __init__(self, sink: ClickHouseSink, within: Range) -> None:
        self._sink = sink
        self._within = within

    def take(self, found: Found) -> None:
        """Store what was said since the last call, and let go of it."""
        within = self._within
        rollups = [
            row
            for row in found.rollups.values()
            if within.from_ms <= row.pane_start_ms < within.to_ms
        ]
        for kind, rows in (
            ("rollups", rollups),
            ("items", list(found.items.values())),
            ("labels", list(found.labels.values())),
            ("sla_ledger", list(found.sla.values())),
        ):
            if refused := self._sink.write(kind, rows):  # type: ignore[arg-type]  # Kinds of rows.
                raise Refusal(
                    f"ClickHouse refused {len(refused)} {kind}: {refused[0].reason}",
                    "nothing was switched; this version and its tables do not fit",
                )
        for said in (found.rollups, found.items, found.labels, found.sla, found.snapshots):
            said.clear()
        found.dead.clear()
        found.alerts.clear()
