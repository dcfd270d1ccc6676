"""Stage 2 in the worker: chunks in, durable flushes, rollup rows and snapshots out."""

import asyncio
import time
from typing import cast

from faust.types import TP

from schemas.groupings import SEPARATOR
from schemas.rows import RollupRow, encode
from streams import logs
from streams.changelog import StageSettings, outgoing, replay
from streams.core import publish, wire
from streams.core.publish import Calendar, Published, RollupsKeeper
from streams.core.recovery import Replay
from streams.core.rollups import Rollups
from streams.meters import Meters
from streams.producer import Outgoing, Producer
from streams.runtime import App
from streams.tables import LogTable, PartitionLost, Replayed
from streams.transport import Batch, Consumer

log = logs.get(__name__)


class Stage2:
    """The partitions of subjects that this process owns."""

    def __init__(
        self, app: App, settings: StageSettings, calendar: Calendar, meters: Meters
    ) -> None:
        self.app = app
        self.settings = settings
        self.states: dict[int, Rollups] = {}
        self.table = LogTable(
            app, name="subjects", topic=settings.topics.floor_changelog(2), listener=self
        )
        self._calendar = calendar
        self._meters = meters
        self._replays: dict[int, tuple[Replay, RollupsKeeper]] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._began_s: dict[int, float] = {}
        #: When each partition last became durable, monotonic seconds.
        self.durable_s: dict[int, float] = {}

    def begin(self, partition: int) -> None:
        """Start a partition from nothing."""
        self._began_s[partition] = time.monotonic()
        self.states.pop(partition, None)
        keeper = RollupsKeeper(Rollups(self.settings.plan, self.settings.partitions))
        self._replays[partition] = (Replay(keeper), keeper)

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in what the changelog says."""
        replay(self._replays[partition][0], batch)

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        """The partition is ours."""
        into, keeper = self._replays.pop(partition)
        into.finish(epoch)
        self.states[partition] = keeper.state
        self._meters.count("floor_claims_total", 1, "2")
        self.durable_s[partition] = now_s = time.monotonic()
        recovery_s = now_s - self._began_s.pop(partition)
        self._meters.set("floor_recovery_s", recovery_s, "2")
        log.info("partition_recovered", stage=2, partition=partition, epoch=epoch, end=end_offset)

    def drop(self, partition: int) -> None:
        """The partition is no longer ours."""
        self.states.pop(partition, None)
        self._replays.pop(partition, None)
        self.durable_s.pop(partition, None)

    def offsets(self, partition: int) -> dict[TP, int]:
        """Where to go on reading, from the state."""
        next_offset = self.states[partition].meta.next_offset
        return {TP(self.settings.topics.panes, partition): next_offset} if next_offset else {}

    async def take(self, batch: Batch) -> None:
        """Apply chunks, flushing whenever enough has changed."""
        partition = batch.tp.partition
        for record in batch.records:
            state = self.states.get(partition)
            if state is None:
                return
            if record.offset < state.meta.next_offset:
                continue
            assert record.value is not None
            state.apply(wire.decode_chunk(record.value))
            state.meta.next_offset = record.offset + 1
            state.changed = True
            if len(state.dirty_panes) >= self.settings.flush_changes_max:
                await self.flush(partition)

    async def flush_all(self) -> None:
        """Make everything durable that was applied so far, and publish it."""
        for partition in list(self.states):
            await self.flush(partition)

    async def flush(self, partition: int) -> None:
        """Make one partition durable, then publish what follows from it."""
        async with self._locks.setdefault(partition, asyncio.Lock()):
            state = self.states.get(partition)
            if state is None:
                return
            # From here to the append nothing awaits: what is written is one moment of the state.
            offsets = self.offsets(partition)
            flush = publish.flush(state, self._calendar)
            if flush is None:
                return
            sends = self._sends(partition, flush)
            records = outgoing(flush.log, state.epoch, flush.seq)
            if await self._write(partition, records):
                producer = cast(Producer, self.app.producer)
                await asyncio.gather(*(producer.send_many(*send) for send in sends.items()))
                cast(Consumer, self.app.consumer).mark_durable(offsets)

    async def _write(self, partition: int, records: list[Outgoing]) -> bool:
        """Append to the changelog; False when the partition turned out not to be ours."""
        began_s = time.monotonic()
        try:
            await self.table.append(partition, records)
        except PartitionLost as error:
            log.warning("partition_lost", stage=2, partition=partition, error=str(error))
            self._meters.count("floor_lost_partitions_total", 1, "2")
            self.drop(partition)
            await cast(Consumer, self.app.consumer).rejoin()
            return False
        now_s = time.monotonic()
        self.durable_s[partition] = now_s
        self._meters.observe("floor_flush_s", now_s - began_s, "2")
        size = sum(len(key or b"") + len(value or b"") for key, value, _ in records)
        self._meters.count("floor_changelog_bytes_total", size, "2")
        self._meters.observe("floor_flush_bytes", size, "2")
        self._meters.count("floor_flushes_total", 1, "2")
        return True

    def _sends(self, partition: int, flush: Published) -> dict[str, dict[int, list[Outgoing]]]:
        topics = self.settings.topics
        rows: list[Outgoing] = [(_row_key(row), encode(row), []) for row in flush.rows]
        snapshots: list[Outgoing] = [
            (subject.encode(), encode(row), []) for subject, row in flush.snapshots
        ]
        return {topics.rollups: {partition: rows}, topics.snapshots: {partition: snapshots}}


def _row_key(row: RollupRow) -> bytes:
    values = (row.grouping, *row.dims.values(), str(row.pane_start_ms), str(row.pane_s))
    return SEPARATOR.join(values).encode()
