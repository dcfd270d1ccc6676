"""A whole floor of owners that die: source partitions, their changelogs, and stage 2 behind them.

Everything that Kafka promises is kept, and nothing more: batches are atomic, topics are in order,
what was not durable is delivered again, and only then may what follows from it be sent.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import msgspec

from schemas.measures import Tally
from streams.core import outputs, publish, wire
from streams.core.plan import HOUR_MS, Plan
from streams.core.publish import RollupsKeeper
from streams.core.recovery import Replay
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from streams.core.ticks import Tick
from tests.core.floors import CALENDAR, Event, PaneRows, Said, role_of
from tests.core.test_recovery import Log

SOURCES = 2


def feeds_of(events: list[Event], plan: Plan) -> list[list[tuple[str, Said]]]:
    """Each source partition's records in order of their Kafka time, and ticks among them."""
    feeds: list[list[tuple[str, Said]]] = [[] for _ in range(SOURCES)]
    ends: list[Counter[str]] = [Counter() for _ in range(SOURCES)]
    ticked_ms = 0
    for event in sorted(events, key=lambda event: event["received_at"]):
        now_ms = event["received_at"]
        if now_ms > ticked_ms + plan.pane_ms:
            ticked_ms = now_ms
            for feed, end in zip(feeds, ends, strict=True):
                _tick(feed, end, now_ms)
        key: str = event.get("item_id") or event.get("actor_id") or ""
        at = sum(key.encode()) % SOURCES
        role = role_of(event).value
        feeds[at].append((role, Said(ends[at][role], now_ms, event)))
        ends[at][role] += 1
    for feed, end in zip(feeds, ends, strict=True):
        _tick(feed, end, ticked_ms + HOUR_MS)
    return feeds


def _tick(feed: list[tuple[str, Said]], ends: Counter[str], now_ms: int) -> None:
    sources = {role: end for role, end in ends.items() if role != "ticks"}
    value = msgspec.json.encode(Tick(now_ms, sources))
    feed.append(("ticks", Said(ends["ticks"], now_ms, {}, value=value)))
    ends["ticks"] += 1


def feed_one(shard: Shard, role: str, record: Said) -> None:
    """Apply an event, or hear a tick."""
    if role == "ticks":
        shard.tick([record])
    else:
        shard.apply(role, [record])


@dataclass(slots=True)
class SourceOwner:
    """The life of one source partition: whoever owns it now, and what is in its changelog."""

    number: int
    feed: list[tuple[str, Said]]
    plan: Plan
    log: Log = field(default_factory=Log)
    shard: Shard = field(init=False)
    claims: int = 0

    def __post_init__(self) -> None:
        self.take_over()

    def take_over(self) -> None:
        """A new owner claims the partition and reads the state."""
        self.claims += 1
        self.shard = self.log.recover(self.log.claim(str(self.claims)), self.plan)

    def unread(self, shard: Shard) -> list[tuple[str, Said]]:
        """What Kafka has for an owner, in order of time."""
        offsets = shard.meta.offsets
        return [each for each in self.feed if each[1].offset >= offsets.get(each[0], 0)]

    def read(self, rng: Random, shard: Shard, count: int) -> None:
        """Let an owner take in so many records, its topics overtaking each other."""
        lanes: dict[str, list[Said]] = {}
        for role, record in self.unread(shard):
            lanes.setdefault(role, []).append(record)
        for _ in range(count):
            if not lanes:
                return
            role = rng.choice(sorted(lanes))
            feed_one(shard, role, lanes[role].pop(0))
            if not lanes[role]:
                del lanes[role]

    def flush(self, *, durable: bool = True, sent: bool = True) -> list[bytes]:
        """Write what changed; returns what stage 2 will hear of it."""
        flush = self.shard.flush()
        if flush is None or not durable:
            return []
        self.log.append(flush.log, self.shard.epoch, flush.seq)
        (chunk,) = outputs.chunks(flush, self.number, self.shard.epoch, 1, lambda _: 0)
        outputs.rows(flush, self.shard.epoch)
        return [wire.encode_chunk(chunk)] if sent else []

    def haunt(self, rng: Random, zombie: Shard) -> None:
        """A dead owner writes once more; the living one notices and takes over anew."""
        self.read(rng, zombie, rng.randrange(1, 20))
        flush = zombie.flush()
        if flush is not None:
            self.log.append(flush.log, zombie.epoch, flush.seq)
            self.take_over()


class Roof:
    """Stage 2: one partition of subjects, the topic it reads, its changelog and its rows."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.topic: list[bytes] = []
        self.log = Log()
        self.claims = 0
        self.rows: dict[tuple[str, tuple[str, ...], int, int], tuple[int, Tally]] = {}
        self.take_over()

    def take_over(self) -> None:
        """A new owner claims the partition and reads the state."""
        self.claims += 1
        keeper = RollupsKeeper(Rollups(self.plan, SOURCES))
        replay = Replay(keeper)
        epoch = self.log.claim(str(self.claims))
        for record in self.log.records:
            replay.record(*record)
        replay.finish(epoch)
        self.state = keeper.state

    def read(self, state: Rollups, count: int) -> None:
        """Let an owner take in so many chunks."""
        at = state.meta.next_offset
        for chunk in self.topic[at : at + count]:
            state.apply(wire.decode_chunk(chunk))
            state.meta.next_offset += 1

    def flush(self, state: Rollups, *, durable: bool = True, sent: bool = True) -> bool:
        """Write what changed and send the rows; whether anything was written."""
        published = publish.flush(state, CALENDAR)
        if published is None or not durable:
            return False
        self.log.append(published.log, state.epoch, published.seq)
        for row in published.rows if sent else []:
            at = (row.grouping, tuple(row.dims.values()), row.pane_start_ms, row.pane_s * 1000)
            if row.revision >= self.rows.get(at, (-1, {}))[0]:
                self.rows[at] = (row.revision, dict(row.tally))
        return True

    def panes(self) -> PaneRows:
        """The rows as tallies, empty ones left out."""
        return {at: tally for at, (_, tally) in self.rows.items() if tally}


@dataclass(slots=True)
class World:
    """All owners of a floor; ``step`` lets one of them do or suffer something."""

    plan: Plan
    feeds: list[list[tuple[str, Said]]]
    roof: Roof = field(init=False)
    sources: list[SourceOwner] = field(init=False)

    def __post_init__(self) -> None:
        self.roof = Roof(self.plan)
        self.sources = [SourceOwner(n, feed, self.plan) for n, feed in enumerate(self.feeds)]

    def step(self, rng: Random) -> None:
        """Some owner reads, flushes, dies or comes back from the dead."""
        source, roof = rng.choice(self.sources), self.roof
        match rng.randrange(8):
            case 0 | 1 | 2:
                source.read(rng, source.shard, rng.randrange(1, 25))
                roof.topic += source.flush()
                source.log.old_until = source.log.end
            case 3 | 4:
                roof.read(roof.state, rng.randrange(1, 5))
                roof.flush(roof.state)
                roof.log.old_until = roof.log.end
            case 5:
                self._source_dies(rng, source)
            case 6:
                self._roof_dies(rng)
            case _:
                source.log.compact()
                roof.log.compact()
                # A sender that heard nothing sends again; the broker keeps both.
                roof.topic += rng.sample(roof.topic, min(2, len(roof.topic)))

    def _source_dies(self, rng: Random, source: SourceOwner) -> None:
        dead = source.shard
        source.read(rng, dead, rng.randrange(25))
        self.roof.topic += source.flush(durable=rng.random() < 0.7, sent=rng.random() < 0.5)
        source.take_over()
        if rng.random() < 0.4:
            source.haunt(rng, dead)

    def _roof_dies(self, rng: Random) -> None:
        roof, dead = self.roof, self.roof.state
        roof.read(dead, rng.randrange(4))
        roof.flush(dead, durable=rng.random() < 0.7, sent=False)
        roof.take_over()
        if rng.random() < 0.4:
            roof.read(dead, rng.randrange(1, 4))
            if roof.flush(dead, sent=False):
                roof.take_over()

    def finish(self, rng: Random) -> "World":
        """Everybody reads to the end."""
        for source in self.sources:
            source.read(rng, source.shard, len(source.feed))
            # Ticks that waited for events die with their owner; there is always a next one.
            _, last = max(source.feed, key=lambda each: each[1].timestamp)
            value = msgspec.json.encode(Tick(last.timestamp + 3 * HOUR_MS, {}))
            source.shard.tick([Said(len(source.feed), last.timestamp, {}, value=value)])
            self.roof.topic += source.flush()
        self.roof.read(self.roof.state, len(self.roof.topic))
        self.roof.flush(self.roof.state)
        return self
