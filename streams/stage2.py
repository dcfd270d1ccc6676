"""Stage 2 in the worker: chunks in, durable flushes, rollup rows and snapshots out."""

import asyncio
import time
from dataclasses import dataclass

import msgspec
from faust.types import TP

from schemas.alerts import AlertTransition, Silence, decode_command
from schemas.groupings import SEPARATOR
from schemas.partitioner import partition_of
from schemas.rows import RollupRow, encode
from streams import logs
from streams.changelog import StageSettings
from streams.commanding import read_forget
from streams.core import wire
from streams.core.alerting import Alerting
from streams.core.lookout import Lookout, LookoutKeeper
from streams.core.publish import Calendar, Published
from streams.core.rollups import Rollups
from streams.core.rules import RuleBook
from streams.kept_files import KeptFile
from streams.meters import Meters
from streams.producer import Outgoing
from streams.runtime import App
from streams.stage import Flushed, Sends, Stage
from streams.transport import Batch

log = logs.get(__name__)


#: Alerts that come from events so much older than the broker's time are marked late (ms).
LATE_AFTER_MS = 120_000


@dataclass(frozen=True, slots=True)
class Watching:
    """What stage 2 watches by: rules, the calendar of shifts, and whether its time is now."""

    rules: KeptFile[RuleBook]
    calendar: Calendar
    live: bool


class Stage2(Stage[Lookout]):
    """The partitions of subjects that this process owns."""

    def __init__(
        self, app: App, settings: StageSettings, watching: Watching, meters: Meters
    ) -> None:
        super().__init__(app, settings, meters, 2, "subjects")
        self._watching = watching
        #: Set when there is something new to flush.
        self.heard = asyncio.Event()

    def _fresh(self, partition: int) -> tuple[Lookout, LookoutKeeper]:
        partitions = self.settings.partitions
        alerting = Alerting(
            self._watching.rules.current,
            lambda subject: partition_of(subject.encode(), partitions) == partition,
        )
        rollups = Rollups(self.settings.plan, partitions)
        lookout = Lookout(rollups, alerting, self._watching.calendar)
        return lookout, LookoutKeeper(lookout)

    async def flush_all(self) -> None:
        """Make durable what was applied so far, and say what rules say, as they are now."""
        book = self._watching.rules.look()
        for lookout in self.states.values():
            lookout.alerting.book = book
        await super().flush_all()

    def offsets(self, partition: int) -> dict[TP, int]:
        """Where to go on reading, from the state."""
        topics, meta = self.settings.topics, self.states[partition].rollups.meta
        offsets = {topics.panes: meta.next_offset, topics.commands: meta.command_offset}
        return {TP(name, partition): offset for name, offset in offsets.items() if offset}

    async def take(self, batch: Batch) -> None:
        """Apply chunks, flushing whenever enough has changed."""
        partition = batch.tp.partition
        for record in batch.records:
            lookout = self.states.get(partition)
            if lookout is None:
                return
            state = lookout.rollups
            if record.offset < state.meta.next_offset:
                continue
            assert record.value is not None
            state.apply(wire.decode_chunk(record.value))
            state.meta.next_offset = record.offset + 1
            state.changed = True
            self.heard.set()
            if len(state.dirty_panes) >= self.settings.flush_changes_max:
                await self.flush(partition)

    async def take_commands(self, batch: Batch) -> None:
        """Do what people ask for; what can't be read asks for nothing."""
        for record in batch.records:
            lookout = self.states.get(batch.tp.partition)
            if lookout is None:
                return
            meta = lookout.rollups.meta
            if record.offset < meta.command_offset:
                continue
            meta.command_offset = record.offset + 1
            forget = read_forget(record.value)
            if forget is not None:
                lookout.forget(forget.person)
                continue
            try:
                lookout.command(decode_command(record.value or b""))
            except msgspec.DecodeError:
                log.warning("command_unreadable", offset=record.offset)

    def _flushed(self, partition: int, state: Lookout) -> Flushed | None:
        signals, late = {}, False
        watermark_ms = state.rollups.watermark_ms
        if self._watching.live and watermark_ms:
            lag_ms = max(0, int(time.time() * 1000) - watermark_ms)
            signals["watermark_lag"] = lag_ms / 1000
            late = lag_ms > LATE_AFTER_MS
        flush = state.flush(signals, late=late)
        if flush is None:
            return None
        return Flushed(flush.seq, flush.log, self._sends(partition, flush))

    def _sends(self, partition: int, flush: Published) -> Sends:
        topics = self.settings.topics
        rows: list[Outgoing] = [(_row_key(row), encode(row), []) for row in flush.rows]
        snapshots: list[Outgoing] = [
            (subject.encode(), encode(row), []) for subject, row in flush.snapshots
        ]
        alerts: list[Outgoing] = [(_alert_key(each), encode(each), []) for each in flush.alerts]
        alerts += [(_silence_key(each), encode(each), []) for each in flush.silences]
        return {
            # One partition for all: a receiver hears of them in one order.
            topics.alerts: {0: alerts},
            topics.rollups: {partition: rows},
            topics.snapshots: {partition: snapshots},
        }


def _alert_key(alert: AlertTransition) -> bytes:
    return f"{alert.fingerprint}/{alert.starts_at_ms}/{alert.seq}".encode()


def _silence_key(silence: Silence) -> bytes:
    return f"silence/{silence.id}/{silence.updated_at_ms}".encode()


def _row_key(row: RollupRow) -> bytes:
    values = (row.grouping, *row.dims.values(), str(row.pane_start_ms), str(row.pane_s))
    return SEPARATOR.join(values).encode()
