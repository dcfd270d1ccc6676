"""One topic on its way into one sink: gathered, written in few large inserts, and only then done.

A sink that is away delays nothing upstream: nothing is marked durable, Kafka is the buffer, and
what was not stored is read again by whoever has the partition next.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import msgspec
from aiokafka import ConsumerRecord
from faust.types import TP
from mode import Service

from schemas.dead_letters import DeadLetter, Message, NotADeadLetter, Reason
from schemas.rows import SnapshotRow
from schemas.topics import Role, Topics
from sinks.errors import Refused, SinkUnavailable
from streams import logs
from streams.batches import Batch
from streams.meters import Meters
from streams.producer import Outgoing, Producer
from streams.runtime import App
from streams.settings import Deliver
from streams.transport import Consumer

log = logs.get(__name__)

FIRST_PAUSE_S = 0.25

RawRecord: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Read = Callable[[RawRecord], msgspec.Struct]
#: Stores rows, blocking; returns those it will never take.
Write = Callable[[Sequence[msgspec.Struct]], Sequence[Refused]]


def on_top_of(earlier: SnapshotRow | None, later: SnapshotRow) -> SnapshotRow:
    """Both snapshots of a subject as one; a window that the later leaves out has not changed."""
    if earlier is None:
        return later
    return msgspec.structs.replace(later, windows={**earlier.windows, **later.windows})


class Outage:
    """Since when a sink has been away (monotonic seconds); shared by all its topics."""

    def __init__(self) -> None:
        self.since_s: float | None = None


class Delivery(Service):
    """Brings the rows of one topic to a sink, at least every ``batch_age_s_max``."""

    def __init__(
        self, app: App, topics: Topics, settings: Deliver, meters: Meters, outage: Outage
    ) -> None:
        super().__init__()
        self._app = app
        self._topics = topics
        self._settings = settings
        self._meters = meters
        self._outage = outage
        self._lock = asyncio.Lock()
        self._rows: dict[tuple[int, bytes | None], tuple[RawRecord, msgspec.Struct]] = {}
        self._dead: list[DeadLetter] = []
        self._ends: dict[TP, int] = {}
        self._latest: Batch | None = None

    def route(self, sink: str, role: Role, read: Read, write: Write) -> "Delivery":
        """Say what is delivered: which topic, how its records are read and written."""
        self.sink, self.role, self._read, self._write = sink, role, read, write
        return self

    async def take(self, batch: Batch) -> None:
        """Gather a batch; of rows with one key only the last matters. Writes when full."""
        async with self._lock:
            self._forget_what_was_lost()
            self._meters.count(
                "deliver_consumed_records_total", len(batch.records), self.role.value
            )
            for record in batch.records:
                self._gather(batch.tp.partition, record)
            self._ends[batch.tp] = batch.next_offset
            self._latest = batch
            if len(self._rows) >= self._settings.batch_rows_max:
                await self._deliver()

    def _gather(self, partition: int, record: RawRecord) -> None:
        if record.value is None and self.role is not Role.DEAD_LETTERS:
            # Somebody was forgotten: what is gathered under this key must not be stored any more.
            # A dead letter may well be a message without a value.
            self._rows.pop((partition, record.key), None)
            return
        try:
            row = self._read(record)
        except NotADeadLetter:
            return  # A mark of a replay, which lies among the dead letters.
        except msgspec.DecodeError:
            self._dead.append(_letter(record, "the row can't be read"))
            return
        # Rows are whole values, so the last one of a key will do. A dead letter's key may be
        # anybody's, and each command and notice is one of its own: of these each one counts.
        whole = self.role in (Role.ROLLUPS, Role.ITEMS, Role.LABELS)
        at = (partition, record.key if whole else str(record.offset).encode())
        if isinstance(row, SnapshotRow):
            # It holds only what changed. What is behind has the more of each subject to skip.
            known = self._rows.get((partition, record.key))
            earlier = None if known is None else cast(SnapshotRow, known[1])
            if earlier is None or earlier.revision <= row.revision:
                at, row = (partition, record.key), on_top_of(earlier, row)
        self._rows[at] = (record, row)

    @Service.task
    async def _by_the_clock(self) -> None:
        while not self.should_stop:
            await self.sleep(self._settings.batch_age_s_max)
            async with self._lock:
                self._forget_what_was_lost()
                await self._deliver()

    def _forget_what_was_lost(self) -> None:
        """After a rebalance everything gathered is read again, by us or by somebody else."""
        consumer = cast(Consumer, self._app.consumer)
        if self._latest is not None and not consumer.holds(self._latest):
            self._clear()

    def _clear(self) -> None:
        self._rows, self._dead, self._ends, self._latest = {}, [], {}, None

    async def _deliver(self) -> None:
        if not self._ends:
            return
        rows = list(self._rows.values())
        refused = await self._store([row for _, row in rows])
        if refused is None:
            self._clear()
            return
        of_row = {id(row): record for record, row in rows}
        letters = self._dead + [_letter(of_row[id(each.row)], each.reason) for each in refused]
        await self._send(letters)
        stored = len(rows) - len(refused)
        self._meters.count("deliver_stored_rows_total", stored, self.sink, self.role.value)
        cast(Consumer, self._app.consumer).mark_durable(self._ends)
        self._clear()

    async def _store(self, rows: list[msgspec.Struct]) -> Sequence[Refused] | None:
        """Try until the sink has the rows; None when the partitions went away meanwhile."""
        consumer = cast(Consumer, self._app.consumer)
        pause_s = FIRST_PAUSE_S
        while self._latest is not None and consumer.holds(self._latest):
            began_s = time.monotonic()
            try:
                refused = await asyncio.to_thread(self._write, rows)
            except SinkUnavailable as error:
                self._went_away(began_s, str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._settings.retry_s_max)
                continue
            self._came_back(began_s)
            self._meters.observe("deliver_write_s", time.monotonic() - began_s, self.sink)
            self._meters.observe("deliver_write_rows", len(rows), self.sink)
            return refused
        return None

    def _went_away(self, now_s: float, why: str) -> None:
        if self._outage.since_s is None:
            self._outage.since_s = now_s
            log.warning("sink_away", sink=self.sink, reason=why)
        self._meters.count("deliver_failed_writes_total", 1, self.sink)
        self._meters.set("deliver_outage_s", now_s - self._outage.since_s, self.sink)

    def _came_back(self, now_s: float) -> None:
        if self._outage.since_s is not None:
            away_s = round(now_s - self._outage.since_s, 1)
            log.info("sink_back", sink=self.sink, away_s=away_s)
            self._outage.since_s = None
        self._meters.set("deliver_outage_s", 0, self.sink)

    async def _send(self, letters: list[DeadLetter]) -> None:
        if not letters:
            return
        self._meters.count("deliver_refused_rows_total", len(letters), self.sink, self.role.value)
        log.error("rows_refused", sink=self.sink, rows=len(letters), reason=letters[0].message)
        by_partition: dict[int, list[Outgoing]] = {}
        for letter in letters:
            record = letter.to_record()
            sent = (record.key, record.value, list(record.headers))
            by_partition.setdefault(letter.origin.partition, []).append(sent)
        producer = cast(Producer, self._app.producer)
        await producer.send_many(self._topics.dead_letters, by_partition)


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
