"""The guards of the pure core, each with the switch that leaves it out; for tests only.

Where the guard is a promise that the shell keeps (one atomic batch, claim before reading), the
switch breaks that promise in the simulated floor of ``tests.core``.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from streams.core import wire
from streams.core.recovery import Replay, ShardKeeper
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from streams.core.ticks import Tick, Ticks
from tests.core.worlds import SourceOwner

LeaveOut = Callable[[pytest.MonkeyPatch], None]
LEFT_OUT: dict[str, LeaveOut] = {}


def guard(name: str) -> Callable[[LeaveOut], LeaveOut]:
    """Register a switch under the name of its guard."""

    def register(leave_out: LeaveOut) -> LeaveOut:
        LEFT_OUT[name] = leave_out
        return leave_out

    return register


@guard("one atomic flush")
def _part_of_a_flush(patch: pytest.MonkeyPatch) -> None:
    """An owner dies within a flush, and some of its records are in."""
    original = SourceOwner.flush
    rng = Random(1)

    def flush(self: SourceOwner, *, durable: bool = True, sent: bool = True) -> list[bytes]:
        if durable:
            return original(self, sent=sent)
        found = self.shard.flush()
        if found is not None:
            part = found.log[: rng.randrange(len(found.log) + 1)]
            self.log.append(part, self.shard.epoch, found.seq)
        return []

    patch.setattr(SourceOwner, "flush", flush)


@guard("claim before recovery")
def _claim_after_recovery(patch: pytest.MonkeyPatch) -> None:
    """What a zombie writes after the reading and before the claim counts for who reads next."""
    unclaimed: set[int] = set()
    original = SourceOwner.flush

    def take_over(self: SourceOwner) -> None:
        self.shard = self.log.recover(self.log.end, self.plan)
        unclaimed.add(id(self))

    def haunt(self: SourceOwner, rng: Random, zombie: Shard) -> None:
        self.read(rng, zombie, rng.randrange(1, 20))
        flush = zombie.flush()
        if flush is not None:
            self.log.append(flush.log, zombie.epoch, flush.seq)

    def flush(self: SourceOwner, **how: bool) -> list[bytes]:
        if id(self) in unclaimed:
            unclaimed.discard(id(self))
            self.claims += 1
            self.shard.epoch = self.log.claim(str(self.claims))
        return original(self, **how)

    patch.setattr(SourceOwner, "take_over", take_over)
    patch.setattr(SourceOwner, "haunt", haunt)
    patch.setattr(SourceOwner, "flush", flush)


@guard("older epochs are ignored on recovery")
def _believe_zombies(patch: pytest.MonkeyPatch) -> None:
    original = Replay.record

    def record(self: Replay, key: bytes, *rest: Any) -> None:
        original(self, key, *rest)
        self._epoch = 0

    patch.setattr(Replay, "record", record)


@guard("what a zombie wrote is written over")
def _leave_zombies_words(patch: pytest.MonkeyPatch) -> None:
    original = ShardKeeper.begin

    def begin(self: ShardKeeper, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        original(self, epoch, touched - stale, set())

    patch.setattr(ShardKeeper, "begin", begin)


@guard("deletions carry their writer")
def _anonymous_deletions(patch: pytest.MonkeyPatch) -> None:
    """Without the stamp a zombie's deletion is taken for the owner's."""
    original = Replay.record

    def record(
        self: Replay, key: bytes, value: bytes | None, _stamp: bytes | None, offset: int
    ) -> None:
        original(self, key, value, None, offset)

    patch.setattr(Replay, "record", record)


@guard("what the last flush may not have sent is sent again at start")
def _send_nothing_again(patch: pytest.MonkeyPatch) -> None:
    original = ShardKeeper.begin

    def begin(self: ShardKeeper, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        original(self, epoch, touched & stale, stale)

    patch.setattr(ShardKeeper, "begin", begin)


@guard("offsets applied are compared")
def _apply_again(patch: pytest.MonkeyPatch) -> None:
    """A redelivered record is applied once more."""
    original = Shard.apply

    def apply(self: Shard, role: str, records: Any) -> int:
        before = self.meta.offsets.pop(role, 0)
        found = original(self, role, records)
        self.meta.offsets[role] = max(before, self.meta.offsets[role])
        return found

    patch.setattr(Shard, "apply", apply)


@guard("event ids are remembered")
def _forget_ids(patch: pytest.MonkeyPatch) -> None:
    """An event that comes again is taken for another one."""
    original = Shard._item_event

    def item_event(self: Shard, event: Any, record_ms: int) -> bool | None:
        another = event | {"event_id": f"{event['event_id']}/{self.meta.consumed}"}
        return original(self, another, record_ms)

    patch.setattr(Shard, "_item_event", item_event)


@guard("epoch and seq in stage 2")
def _believe_any_chunk(patch: pytest.MonkeyPatch) -> None:
    """An old chunk that comes again takes its panes back to what they were."""
    original = Rollups.apply

    def apply(self: Rollups, chunk: wire.Chunk) -> None:
        self.meta.sources.setdefault(chunk.source_partition, wire.SourceMark()).epoch = -1
        self.meta.sources[chunk.source_partition].seq = -1
        original(self, chunk)

    patch.setattr(Rollups, "apply", apply)


@guard("a new owner's first chunk states every gauge")
def _keep_gauges(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rollups, "_forget_gauges", lambda *_: None)


@guard("rows leave before their pane is folded")
def _fold_at_once(patch: pytest.MonkeyPatch) -> None:
    original = Rollups.fold

    def fold(self: Rollups) -> None:
        dirty, self.dirty_panes = self.dirty_panes, set()
        original(self)
        self.dirty_panes = {at for at in dirty if at in self.parts}

    patch.setattr(Rollups, "fold", fold)


@guard("a tick waits for the events before it")
def _hasty_ticks(patch: pytest.MonkeyPatch) -> None:
    original = Ticks.take_due

    def take_due(self: Ticks, _offsets: Any) -> Iterator[int]:
        self._pending = [Tick(tick.t_ms, {}) for tick in self._pending]
        return original(self, {})

    patch.setattr(Ticks, "take_due", take_due)


@guard("conservation check")
def _unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wire.Meta, "check", lambda _: None)
