"""Stage 1 in the worker: batches of the sources and ticks in, durable flushes and chunks out.

A redelivered event is skipped by its offset, and what a dead owner may not have sent is sent again
by the next one.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from faust.types import TP

from schemas.codec import Decoder, Record
from schemas.dead_letters import DeadLetter
from schemas.groupings import SEPARATOR
from schemas.partitioner import partition_of, sample_mismatch
from schemas.rows import ItemRow, LabelRow, SlaRow, encode
from schemas.topics import INPUT_ROLES, Role
from streams import logs
from streams.changelog import StageSettings
from streams.commanding import read_forget
from streams.core import outputs, wire
from streams.core.flush import Flush
from streams.core.forgetting import forget_in_shard
from streams.core.recovery import ShardKeeper
from streams.core.shard import Shard
from streams.core.terms import Book
from streams.meters import Meters
from streams.producer import Outgoing, Producer
from streams.runtime import App
from streams.stage import Flushed, Sends, Stage
from streams.telemetry import Counter
from streams.transport import Batch

log = logs.get(__name__)

#: Records applied between two looks at how much there is to flush; presence events may each
#: touch a thousand minutes.
SLICE_RECORDS = 500
SLICE_RECORDS_WORKFORCE = 20

#: Counters of the state and the meters that follow them.
COUNTED: dict[str, Counter] = {
    "consumed": "floor_consumed_events_total",
    "applied": "floor_applied_events_total",
    "duplicate": "floor_duplicate_events_total",
    "late": "floor_late_events_total",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What stage 1 takes events in by: how they are read, and what was promised about items."""

    decoder: Decoder
    policies: Book


class Stage1(Stage[Shard]):
    """The shards of the source partitions that this process owns."""

    def __init__(self, app: App, settings: StageSettings, reading: Reading, meters: Meters) -> None:
        super().__init__(app, settings, meters, 1, "partitions")
        self._reading = reading
        roles = (*INPUT_ROLES, Role.TICKS, Role.COMMANDS)
        self._roles = {settings.topics.name(role): role for role in roles}

    @property
    def shards(self) -> dict[int, Shard]:
        """The state of each partition."""
        return self.states

    def _fresh(self, partition: int) -> tuple[Shard, ShardKeeper]:
        decoder, policies = self._reading.decoder, self._reading.policies
        shard = Shard(self.settings.plan, partition, decoder, policies=policies)
        return shard, ShardKeeper(shard)

    def offsets(self, partition: int) -> dict[TP, int]:
        """Where to go on reading, from the state."""
        # Who has read no command yet begins with the first, wherever stage 2 is.
        offsets = {Role.COMMANDS.value: 0, **self.shards[partition].meta.offsets}
        return {
            TP(name, partition): offsets[role]
            for name, role in self._roles.items()
            if role in offsets
        }

    async def take(self, batch: Batch) -> None:
        """Apply a batch, flushing whenever enough has changed."""
        partition = batch.tp.partition
        role = self._roles[batch.tp.topic]
        if role is not Role.TICKS:
            self._check_keys(role, batch)
        step = SLICE_RECORDS_WORKFORCE if role is Role.WORKFORCE else SLICE_RECORDS
        for at in range(0, len(batch.records), step):
            shard = self.shards.get(partition)
            if shard is None:
                return
            records: Sequence[Record] = batch.records[at : at + step]
            if role is Role.TICKS:
                shard.tick(records)
            else:
                self._apply(shard, role, records)
            await self._pause(partition, shard)
            while shard.is_behind and self.shards.get(partition) is shard:
                shard.tell_clocks()
                await self._pause(partition, shard)

    async def take_commands(self, batch: Batch) -> None:
        """Forget whom people ask to be forgotten; other commands are for stage 2."""
        partition = batch.tp.partition
        for record in batch.records:
            shard = self.shards.get(partition)
            if shard is None:
                return
            if record.offset < shard.meta.offsets.get(Role.COMMANDS, 0):
                continue
            command = read_forget(record.value)
            if command is not None:
                for _ in forget_in_shard(shard, command.person, self.settings.flush_changes_max):
                    await self.flush(partition)
                    if self.shards.get(partition) is not shard:
                        return
            # No await since the last step: both are in one flush.
            shard.meta.offsets[Role.COMMANDS.value] = record.offset + 1
            shard.changed = True

    async def _pause(self, partition: int, shard: Shard) -> None:
        """Flush if enough has changed, else let health, ticks and other partitions have a turn."""
        if shard.changes >= self.settings.flush_changes_max:
            await self.flush(partition)
        else:
            await asyncio.sleep(0)

    def _apply(self, shard: Shard, role: Role, records: Sequence[Record]) -> None:
        """Apply records and count what became of them."""
        before = [getattr(shard.meta, name) for name in COUNTED]
        began_s = time.monotonic()
        shard.apply(role.value, records)
        self._meters.observe("floor_batch_s", time.monotonic() - began_s, "1")
        for name, n in zip(COUNTED, before, strict=True):
            self._meters.count(COUNTED[name], getattr(shard.meta, name) - n, role.value)

    async def _secure(self, partition: int, state: Shard) -> None:
        while state.dead:
            dead, state.dead = state.dead, []
            await self._send_dead(partition, dead)

    def _flushed(self, partition: int, state: Shard) -> Flushed | None:
        flush = state.flush()
        return None if flush is None else Flushed(flush.seq, flush.log, self._sends(state, flush))

    def _sends(self, shard: Shard, flush: Flush) -> Sends:
        """Everything that follows from a flush."""
        topics, own = self.settings.topics, shard.partition
        chunks = outputs.chunks(
            flush, own, shard.epoch, self.settings.partitions, self._partition_of
        )
        source = str(own).encode()
        items, labels = outputs.rows(flush, shard.epoch)
        # Items, labels and clocks stay in the number of their source partition: no hashing needed.
        return {
            topics.panes: {
                target: [(source, wire.encode_chunk(chunk), [])]
                for target, chunk in enumerate(chunks)
            },
            topics.items: {own: [(_item_key(row), encode(row), []) for row in items]},
            topics.labels: {own: [(_label_key(row), encode(row), []) for row in labels]},
            topics.sla: {
                own: [
                    (_sla_key(row), encode(row), []) for row in outputs.sla_rows(flush, shard.epoch)
                ]
            },
        }

    def _partition_of(self, subject: str) -> int:
        """The partition of stage 2 that owns a subject."""
        return partition_of(subject.encode(), self.settings.partitions)

    async def _send_dead(self, partition: int, dead: list[DeadLetter]) -> None:
        """Refused messages, before the offsets that pass them; sent twice, they are the same."""
        for letter in dead:
            role = self._roles[letter.origin.topic]
            self._meters.count("floor_dead_events_total", 1, role.value, letter.reason.value)
        records = [letter.to_record() for letter in dead]
        sent: list[Outgoing] = [
            (record.key, record.value, list(record.headers)) for record in records
        ]
        producer = cast(Producer, self.app.producer)
        await producer.send_many(self.settings.topics.dead_letters, {partition: sent})

    def _check_keys(self, role: Role, batch: Batch) -> None:
        """Say loudly when keys lie where the declared partitioner has not put them."""
        settings = self.settings
        keys = [record.key for record in batch.records]
        found = sample_mismatch(keys, batch.tp.partition, settings.partitions, settings.partitioner)
        if found is None:
            return
        self._meters.count("floor_misplaced_keys_total", found.misplaced, role.value)
        log.error(
            "keys_misplaced",
            topic=batch.tp.topic,
            partition=batch.tp.partition,
            misplaced=found.misplaced,
            checked=found.checked,
            fits=found.fits,
            remedy="watchfloor doctor",
        )


def _item_key(row: ItemRow) -> bytes:
    return SEPARATOR.join((row.org, row.source, row.project, row.item_id)).encode()


def _sla_key(row: SlaRow) -> bytes:
    # A step told anew is a record of its own: readers want each of them, and their order.
    return SEPARATOR.join((row.org, row.source, row.project, row.item_id, str(row.seq))).encode()


def _label_key(row: LabelRow) -> bytes:
    parts = (row.org, row.source, row.project, row.item_id, row.event_id, row.label)
    return SEPARATOR.join(parts).encode()
