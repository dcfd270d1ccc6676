"""Stage 2 in the worker: chunks in, durable flushes, rollup rows and snapshots out."""

from faust.types import TP

from schemas.groupings import SEPARATOR
from schemas.rows import RollupRow, encode
from streams.changelog import StageSettings
from streams.core import publish, wire
from streams.core.publish import Calendar, Published, RollupsKeeper
from streams.core.rollups import Rollups
from streams.meters import Meters
from streams.producer import Outgoing
from streams.runtime import App
from streams.stage import Flushed, Sends, Stage
from streams.transport import Batch


class Stage2(Stage[Rollups]):
    """The partitions of subjects that this process owns."""

    def __init__(
        self, app: App, settings: StageSettings, calendar: Calendar, meters: Meters
    ) -> None:
        super().__init__(app, settings, meters, 2, "subjects")
        self._calendar = calendar

    def _fresh(self, _partition: int) -> tuple[Rollups, RollupsKeeper]:
        state = Rollups(self.settings.plan, self.settings.partitions)
        return state, RollupsKeeper(state)

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

    def _flushed(self, partition: int, state: Rollups) -> Flushed | None:
        flush = publish.flush(state, self._calendar)
        if flush is None:
            return None
        return Flushed(flush.seq, flush.log, self._sends(partition, flush))

    def _sends(self, partition: int, flush: Published) -> Sends:
        topics = self.settings.topics
        rows: list[Outgoing] = [(_row_key(row), encode(row), []) for row in flush.rows]
        snapshots: list[Outgoing] = [
            (subject.encode(), encode(row), []) for subject, row in flush.snapshots
        ]
        return {topics.rollups: {partition: rows}, topics.snapshots: {partition: snapshots}}


def _row_key(row: RollupRow) -> bytes:
    values = (row.grouping, *row.dims.values(), str(row.pane_start_ms), str(row.pane_s))
    return SEPARATOR.join(values).encode()
