"""The whole floor without a broker: the same core, the same partitions, the same rows.

``put`` stands for a record that a producer sent, ``tick`` for time, ``flush`` for what a worker
does every second. Nothing here knows a file or a socket.
"""

from dataclasses import dataclass, field
from functools import partial

from schemas.alerts import AlertTransition
from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter, Headers
from schemas.partitioner import Partitioner, partition_of
from schemas.rows import ItemRow, LabelRow, RollupRow, SlaRow, SnapshotRow
from schemas.topics import INPUT_ROLES, Role
from streams.core import outputs, wire
from streams.core.alerting import Alerting
from streams.core.lookout import Lookout
from streams.core.plan import Plan
from streams.core.publish import Calendar
from streams.core.rollups import Rollups
from streams.core.rules import RuleBook
from streams.core.shard import OnFacts, Shard
from streams.core.terms import Book
from streams.core.ticks import Tick

#: Records applied between two flushes: fewer flushes, fewer rows that are restated at once.
FLUSH_EVERY_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class OfflineRecord:
    """A Kafka record that never was in Kafka."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(slots=True)
class Found:
    """Everything the floor said, the last word of each key."""

    rollups: dict[tuple[str, tuple[str, ...], int, int], RollupRow] = field(default_factory=dict)
    items: dict[tuple[str, str, str, str], ItemRow] = field(default_factory=dict)
    labels: dict[tuple[str, ...], LabelRow] = field(default_factory=dict)
    #: By item, and the place of the step in what was told of its clocks.
    sla: dict[tuple[str, str, str, str, int], SlaRow] = field(default_factory=dict)
    snapshots: dict[str, SnapshotRow] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    #: Every transition, in the order in which it was said.
    alerts: list[AlertTransition] = field(default_factory=list)


class Engine:
    """All partitions of both stages in one process."""

    def __init__(
        self,
        plan: Plan,
        decoder: Decoder,
        calendar: Calendar,
        *,
        partitions: int = 4,
        policies: Book | None = None,
    ) -> None:
        self.found = Found()
        self.shards = [
            Shard(plan, number, decoder, policies=policies) for number in range(partitions)
        ]
        owners = [partial(self._owns, number) for number in range(partitions)]
        self.lookouts = [
            Lookout(Rollups(plan, partitions), Alerting(RuleBook(), owns), calendar)
            for owns in owners
        ]
        self._partitions = partitions
        self._ends = [dict.fromkeys((role.value for role in INPUT_ROLES), 0) for _ in self.shards]
        self._ticks = 0
        self._unflushed = 0

    @property
    def states(self) -> list[Rollups]:
        """Stage 2's partitions."""
        return [lookout.rollups for lookout in self.lookouts]

    def listen(self, on_facts: OnFacts) -> None:
        """Have facts told as they are booked, from now on."""
        for shard in self.shards:
            shard.on_facts = on_facts

    def watch(self, book: RuleBook) -> None:
        """Evaluate these rules from now on, with every flush."""
        for lookout in self.lookouts:
            lookout.alerting.book = book

    def put(self, role: Role, key: bytes | None, value: bytes, record_ms: int) -> None:
        """A record arrives; ``record_ms`` is its Kafka time (UTC ms)."""
        at = 0 if key is None else partition_of(key, self._partitions, Partitioner.MURMUR2)
        ends = self._ends[at]
        record = OfflineRecord(ends[role.value], record_ms, key, value)
        ends[role.value] += 1
        self.shards[at].apply(role.value, (record,))
        self._unflushed += 1
        if self._unflushed >= FLUSH_EVERY_RECORDS:
            self.flush()

    def tick(self, now_ms: int) -> None:
        """Event time reaches ``now_ms``: everything put so far is from before."""
        for shard, ends in zip(self.shards, self._ends, strict=True):
            tick = wire.encode_json(Tick(now_ms, ends))
            shard.tick((OfflineRecord(self._ticks, now_ms, None, tick),))
            while shard.is_behind:
                shard.tell_clocks()
        self._ticks += 1

    def flush(self) -> None:
        """Let both stages write what changed, and take in what they said."""
        self._unflushed = 0
        for shard in self.shards:
            self.found.dead += shard.dead
            shard.dead.clear()
            flush = shard.flush()
            if flush is None:
                continue
            chunks = outputs.chunks(
                flush, shard.partition, shard.epoch, self._partitions, self._partition_of
            )
            items, labels = outputs.rows(flush, shard.epoch)
            for lookout, chunk in zip(self.lookouts, chunks, strict=True):
                # Through bytes: stage 2 must not share what stage 1 goes on changing.
                lookout.rollups.apply(wire.decode_chunk(wire.encode_chunk(chunk)))
            for step in outputs.sla_rows(flush, shard.epoch):
                self.found.sla[step.org, step.source, step.project, step.item_id, step.seq] = step
            for item in items:
                self.found.items[item.org, item.source, item.project, item.item_id] = item
            for label in labels:
                key = (label.org, label.source, label.project, label.item_id)
                self.found.labels[(*key, label.event_id, label.label)] = label
        for lookout in self.lookouts:
            self._publish(lookout)

    def _publish(self, lookout: Lookout) -> None:
        flush = lookout.flush({})
        if flush is None:
            return
        self.found.alerts += flush.alerts
        for row in flush.rows:
            at = (row.grouping, tuple(row.dims.values()), row.pane_start_ms, row.pane_s)
            self.found.rollups[at] = row
        self.found.snapshots.update(flush.snapshots)

    def _owns(self, number: int, subject: str) -> bool:
        return self._partition_of(subject) == number

    def _partition_of(self, subject: str) -> int:
        return partition_of(subject.encode(), self._partitions)

    def counters(self) -> dict[str, int]:
        """Conservation over all partitions: consumed = applied + duplicate + late + dead."""
        names = ("consumed", "applied", "duplicate", "late", "dead")
        return {name: sum(getattr(s.meta, name) for s in self.shards) for name in names}
