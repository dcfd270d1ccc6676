"""The Faust apps that deliver: rows to ClickHouse, snapshots to Redis; each a group of its own.

A sink that is away delays nothing upstream: its app stops committing, Kafka is the buffer, and
what was not stored is read again. A batch is done once the sink has all of it; rows that it will
never take are dead letters, one by one.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, cast

import faust
import msgspec
from aiokafka import ConsumerRecord

from schemas.dead_letters import DeadLetter, Message, NotADeadLetter, Reason, from_record
from schemas.rows import DeadLetterRow, ItemRow, LabelRow, RollupRow, SnapshotRow, decode
from schemas.topics import Role, Topics
from sinks.clickhouse import ClickHouseSink
from sinks.errors import Refused, SinkUnavailable
from sinks.redis import RedisSink
from sinks.rows import RowKind
from streams import logs
from streams.clockwork import Page
from streams.health import HealthPage
from streams.meters import Meters
from streams.producer import Producer
from streams.runtime import App, AppSettings, make_app, run
from streams.settings import Settings
from streams.spaces import Names
from streams.transport import Batch, Consumer, batch_topic, batches
from streams.watchdog import Watchdog

log = logs.get(__name__)

SINKS = ("clickhouse", "redis")
FIRST_PAUSE_S = 0.25

RawRecord: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
#: Stores rows, blocking; returns those it will never take.
Write = Callable[[Sequence[msgspec.Struct]], Sequence[Refused]]
Read = Callable[[RawRecord], msgspec.Struct]


@dataclass(slots=True)
class Delivery:
    """One sink's process: its app, and how long the sink has been away."""

    app: App
    name: str
    topics: Topics
    settings: Settings
    meters: Meters
    away_since_s: float | None = None

    def declare(self, role: Role, read: Read, write: Write) -> None:
        """Deliver one topic."""

        async def deliver(stream: faust.StreamT[Any]) -> None:
            async for batch in batches(stream):
                await self._take(batch, read, write)

        topic = batch_topic(self.app, self.topics.name(role))
        self.app.agent(topic, name=f"{self.name}-{role.value}")(deliver)

    async def _take(self, batch: Batch, read: Read, write: Write) -> None:
        """Store a batch and mark it durable; given up when the partition is taken away."""
        role = self.topics.role(batch.tp.topic) or Role.ROLLUPS
        self.meters.count("deliver_consumed_records_total", len(batch.records), role.value)
        rows: dict[int, RawRecord] = {}
        read_rows: list[msgspec.Struct] = []
        dead: list[DeadLetter] = []
        for record in batch.records:
            if record.value is None and not record.headers:
                continue
            try:
                row = read(record)
            except (msgspec.DecodeError, NotADeadLetter):
                dead.append(_letter(record, "the row can't be read"))
                continue
            rows[id(row)] = record
            read_rows.append(row)
        refused = await self._write(read_rows, write)
        if refused is None:
            return
        dead += [_letter(rows[id(each.row)], each.reason) for each in refused]
        await self._send_dead(batch.tp.partition, dead)
        if dead:
            self.meters.count("deliver_refused_rows_total", len(dead), self.name, role.value)
        stored = len(read_rows) - len(refused)
        self.meters.count("deliver_stored_rows_total", stored, self.name, role.value)
        cast(Consumer, self.app.consumer).mark_durable({batch.tp: batch.next_offset})

    async def _write(self, rows: list[msgspec.Struct], write: Write) -> Sequence[Refused] | None:
        """Try until the sink has the rows; None when the partitions went away meanwhile."""
        consumer = cast(Consumer, self.app.consumer)
        round_ = consumer.revocations
        pause_s = FIRST_PAUSE_S
        while consumer.revocations == round_:
            began_s = time.monotonic()
            try:
                refused = await asyncio.to_thread(write, rows)
            except SinkUnavailable as error:
                if self.away_since_s is None:
                    self.away_since_s = began_s
                    log.warning("sink_away", sink=self.name, reason=str(error))
                self.meters.count("deliver_failed_writes_total", 1, self.name)
                self.meters.set("deliver_outage_s", began_s - self.away_since_s, self.name)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self.settings.deliver.retry_s_max)
                continue
            if self.away_since_s is not None:
                log.info("sink_back", sink=self.name, away_s=round(began_s - self.away_since_s, 1))
                self.away_since_s = None
                self.meters.set("deliver_outage_s", 0, self.name)
            self.meters.observe("deliver_write_s", time.monotonic() - began_s, self.name)
            return refused
        return None

    async def _send_dead(self, partition: int, dead: list[DeadLetter]) -> None:
        if not dead:
            return
        log.error("rows_refused", sink=self.name, rows=len(dead), reason=dead[0].message)
        records = [letter.to_record() for letter in dead]
        producer = cast(Producer, self.app.producer)
        sent = [(record.key, record.value, record.headers) for record in records]
        await producer.send_many(self.topics.dead_letters, {partition: sent})


def _letter(record: RawRecord, why: str) -> DeadLetter:
    origin = Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )
    return DeadLetter(origin, Reason.SINK_REFUSED, "", why)


def _read_row(kind: type[msgspec.Struct], record: RawRecord) -> msgspec.Struct:
    return decode(record.value or b"", kind)


def _read_dead_letter(record: RawRecord) -> DeadLetterRow:
    return from_record(record.key, record.value, tuple(record.headers)).to_row()


def make_clickhouse(settings: Settings, instance: str) -> Delivery:
    """Rollups, items, labels and dead letters into ClickHouse."""
    delivery = _make(settings, "clickhouse", instance)
    connections = settings.connections
    sink = ClickHouseSink(
        connections.clickhouse,
        Names(settings.space.space).database,
        user=connections.clickhouse_user,
        password=connections.clickhouse_password.get_secret_value(),
    )
    kinds: dict[Role, tuple[RowKind, Read]] = {
        Role.ROLLUPS: ("rollups", partial(_read_row, RollupRow)),
        Role.ITEMS: ("items", partial(_read_row, ItemRow)),
        Role.LABELS: ("labels", partial(_read_row, LabelRow)),
        Role.DEAD_LETTERS: ("dead_letters", _read_dead_letter),
    }
    for role, (kind, read) in kinds.items():
        delivery.declare(role, read, partial(sink.write, kind))
    return delivery


def make_redis(settings: Settings, instance: str) -> Delivery:
    """Live snapshots into Redis."""
    delivery = _make(settings, "redis", instance)
    connections = settings.connections
    sink = RedisSink(
        connections.redis,
        Names(settings.space.space).redis_prefix,
        password=connections.redis_password.get_secret_value() or None,
        expiry_s=settings.deliver.snapshot_ttl_s,
    )

    def write(rows: Sequence[msgspec.Struct]) -> Sequence[Refused]:
        sink.write(cast(Sequence[SnapshotRow], rows))
        return []

    delivery.declare(Role.SNAPSHOTS, partial(_read_row, SnapshotRow), write)
    return delivery


def _make(settings: Settings, name: str, instance: str) -> Delivery:
    app = make_app(
        AppSettings(
            kafka=settings.connections.kafka,
            group=Names(settings.space.space).group(f"deliver-{name}"),
            instance_id=instance,
            session_timeout_s=settings.floor.session_timeout_s,
        )
    )
    return Delivery(app, name, Topics(settings.space.space), settings, Meters())


def run_delivery(delivery: Delivery) -> None:
    """Run until told to stop."""
    app = delivery.app

    def why_not() -> str | None:
        if delivery.away_since_s is not None:
            return f"{delivery.name} has been away for a while"
        consumer = cast(Consumer | None, app._consumer)
        return None if consumer is not None and consumer.reading else "not reading yet"

    page = HealthPage(delivery.settings.health, delivery.meters, lambda: None, why_not)
    watchdog = Watchdog(app, excused=lambda: delivery.away_since_s is not None)
    run(app, Page(page), watchdog)
