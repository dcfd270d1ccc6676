"""Items in the state and the topics of a space, written as a worker and its sources would."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.partitioner import partition_of
from schemas.topics import Role, Topics
from sinks.clickhouse import ClickHouseSink
from streams.admin import Kafka
from streams.core import outputs, wire
from streams.core.engine import OfflineRecord
from streams.core.flush import Flush
from streams.core.kept import Layout
from streams.core.plan import HOUR_MS, Plan
from streams.core.shard import Shard
from streams.core.terms import make_book
from streams.core.ticks import Tick
from streams.policy_files import POLICIES_FILE, read_policies
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from streams.setup import Accept
from streams.sources.routing import route_of
from streams.spaces import Names

AT_MS = 1_772_438_400_000
ACCEPT = Accept(AT_MS - 24 * HOUR_MS, AT_MS + 48 * HOUR_MS)
PARTITIONS = 4


@cache
def _example(event_type: str) -> bytes:
    return (files("schemas") / "examples" / f"{event_type}.json").read_bytes()


def event(event_type: str, after_s: int, **changes: Any) -> dict[str, Any]:
    """The example of that type, so many seconds after ``AT_MS``, with an id of its own."""
    found = orjson.loads(_example(event_type))
    t_ms = AT_MS + after_s * 1000
    named = {"event_id": f"e{after_s}-{event_type}", "occurred_at": t_ms, "received_at": t_ms + 50}
    return {**found, **named, **changes}


STORY = [
    event("item.queued", 0),
    event("item.claimed", 60),
    event("item.submitted", 180),
    event("item.completed", 200),
]


@dataclass
class Keeper:
    """The worker of the partition that an item is in; ``story`` is the item's."""

    settings: Settings
    item: str
    shard: Shard = field(init=False)
    offset: int = 0

    def __post_init__(self) -> None:
        plan = Plan()
        times = AcceptedTimes(ACCEPT.from_ms or 0, ACCEPT.to_ms or 0, relative=False)
        decoder = Decoder(None, DecoderSettings(accepted=times))
        book = make_book(read_policies(POLICIES_FILE), Layout(plan.extra_dims))
        self.shard = Shard(plan, self.partition, decoder, policies=book)
        self.topics = Topics(self.settings.space.space)

    @property
    def partition(self) -> int:
        """The partition of the item."""
        return partition_of(self.item.encode(), PARTITIONS)

    @property
    def story(self) -> list[dict[str, Any]]:
        """Queued, claimed, submitted, completed."""
        return [{**each, "item_id": self.item} for each in STORY]

    def claim(self, kafka: Kafka, sender: Sender) -> None:
        """Take the partition over."""
        self.lose(sender)
        place = self.topics.floor_changelog(1), self.partition
        self.shard.epoch = kafka.spans([place])[place].end - 1

    def lose(self, sender: Sender) -> None:
        """Somebody takes the partition over."""
        self._write(sender, [(wire.CLAIM + b"/test", b"x")])

    def hear(self, events: list[dict[str, Any]]) -> Flush:
        """Take events in, let an hour pass, and flush."""
        for each in events:
            role = route_of(each).role.value
            record = OfflineRecord(self.offset, each["received_at"], *_message(each))
            assert self.shard.apply(role, [record]) == 1
            self.offset += 1
        now_ms = events[-1]["occurred_at"] + HOUR_MS
        tick = wire.encode_json(Tick(now_ms, {}))
        self.shard.tick([OfflineRecord(self.offset, now_ms, None, tick)])
        flush = self.shard.flush()
        assert flush is not None
        return flush

    def _write(self, sender: Sender, log: list[wire.LogRecord]) -> None:
        stamp = wire.stamp(self.shard.epoch, max(0, self.shard.seq))
        sender.send(
            [
                Outgoing(
                    self.topics.floor_changelog(1),
                    self.partition,
                    key,
                    value,
                    () if value is not None else ((wire.STAMP_HEADER, stamp),),
                )
                for key, value in log
            ]
        )

    def keep(self, sender: Sender, flush: Flush) -> None:
        """Make a flush durable."""
        self._write(sender, flush.log)

    def deliver(self, flush: Flush) -> None:
        """Bring a flush's item and label rows to ClickHouse."""
        items, labels = outputs.rows(flush, self.shard.epoch)
        sink = ClickHouseSink(
            self.settings.connections.clickhouse, Names(self.settings.space.space).database
        )
        assert sink.write("items", items) == []
        assert sink.write("labels", labels) == []
        assert sink.write("sla_ledger", outputs.sla_rows(flush, self.shard.epoch)) == []
        sink.close()


def publish(sender: Sender, topics: Topics, events: list[dict[str, Any]]) -> None:
    """Send events to their topics as sources do."""
    rows = []
    for each in events:
        key, value = _message(each)
        role: Role = route_of(each).role
        partition = partition_of(key or b"", PARTITIONS)
        rows.append(Outgoing(topics.name(role), partition, key, value))
    sender.send(rows)


def _message(given: dict[str, Any]) -> tuple[bytes | None, bytes]:
    return route_of(given).key, orjson.dumps(given)
