"""What a worker leaves behind when it dies, and what the next one makes of it."""

from dataclasses import dataclass, field
from random import Random

import pytest

from schemas.groupings import Grouping
from streams.core import outputs, wire
from streams.core.plan import Plan
from streams.core.publish import RollupsKeeper
from streams.core.publish import flush as publish_flush
from streams.core.recovery import PlanChanged, Replay, ShardKeeper
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from tests.core.floors import CALENDAR, Both, Said, apply_all, new_shard, said
from tests.oracle.histories import arrivals, history


@dataclass(slots=True)
class Log:
    """A changelog: (key, value, stamp of a deletion, offset); compaction keeps a key's last."""

    records: list[tuple[bytes, bytes | None, bytes | None, int]] = field(default_factory=list)
    end: int = 0
    #: The broker leaves younger records alone (min.compaction.lag.ms): an owner that takes over
    #: has written again by then what a zombie wrote.
    old_until: int = 0

    def append(self, batch: list[tuple[bytes, bytes | None]], epoch: int, seq: int) -> None:
        """One atomic batch."""
        for key, value in batch:
            stamp = wire.stamp(epoch, seq) if value is None else None
            self.records.append((key, value, stamp, self.end))
            self.end += 1

    def claim(self, name: str) -> int:
        """A claim; its offset is the epoch."""
        self.append([(wire.CLAIM + b"/" + name.encode(), b"me")], 0, 0)
        return self.end - 1

    def compact(self) -> None:
        """Of the old records keep the last of each key, as the broker may at any time."""
        old = [record for record in self.records if record[3] < self.old_until]
        last = {key: offset for key, _, _, offset in old}
        self.records = [
            record
            for record in self.records
            if record[3] >= self.old_until or last[record[0]] == record[3]
        ]

    def recover(self, epoch: int, plan: Plan | None = None) -> Shard:
        """What a new owner reads."""
        keeper = ShardKeeper(new_shard(plan))
        replay = Replay(keeper)
        for record in self.records:
            replay.record(*record)
        replay.finish(epoch)
        return keeper.shard


def replayable(shard: Shard, records: list[tuple[str, Said]]) -> list[tuple[str, Said]]:
    """What Kafka delivers again: everything from the offsets of the state on."""
    return [each for each in records if each[1].offset >= shard.meta.offsets.get(each[0], 0)]


def crashing_run(rng: Random, records: list[tuple[str, Said]]) -> Both:
    """A floor whose owner dies at random moments, with zombies and compaction; then it is done."""
    log = Log()
    both = Both(log.recover(log.claim("0")))
    zombie: Shard | None = None
    for life in range(1, 6):
        todo = replayable(both.shard, records)
        for role, record in todo[: rng.randrange(len(todo) + 1)]:
            both.shard.apply(role, [record])
            if rng.random() < 0.1:
                log.append(both.flush(), both.shard.epoch, both.shard.seq)
                log.old_until = log.end
        last = both.shard.flush()
        if last is not None and rng.random() < 0.6:
            # Durable, but the owner dies before what follows from it is sent.
            log.append(last.log, both.shard.epoch, last.seq)
        if rng.random() < 0.5:
            log.compact()
        epoch = log.claim(str(life))
        if zombie is not None and rng.random() < 0.7:
            apply_all(zombie, replayable(zombie, records)[:9])
            written = zombie.flush()
            if written is not None:
                log.append(written.log, zombie.epoch, written.seq)
                epoch = log.claim(f"{life} again")
        zombie = both.shard
        both = Both(log.recover(epoch), both.state).going_on(both)
    apply_all(both.shard, replayable(both.shard, records))
    log.append(both.flush(), both.shard.epoch, both.shard.seq)
    return both


@pytest.mark.parametrize("seed", range(30))
def test_crashes_zombies_and_compaction_lose_and_double_nothing(seed: int) -> None:
    rng = Random(seed)
    records = said(arrivals(rng, history(rng)))
    calm = Both(apply_all(new_shard(), records))
    calm.flush()
    crashed = crashing_run(rng, records)
    assert crashed.panes() == calm.panes()
    crashed.shard.meta.check()
    assert crashed.shard.meta.consumed == len(records)


@pytest.mark.parametrize("seed", range(20))
def test_a_recovered_floor_has_the_same_backlog(seed: int) -> None:
    records = said(history(Random(seed)))
    shard = apply_all(new_shard(), records)
    log = Log()
    epoch = log.claim("0")
    flush = shard.flush()
    assert flush is not None
    log.append(flush.log, 0, flush.seq)
    again = log.recover(log.claim("1")).flush()
    assert epoch == 0
    assert again is not None
    assert {s: g.counts() for s, g in again.gauges.items() if g.counts()} == {
        s: g.counts() for s, g in flush.gauges.items() if g.counts()
    }


@pytest.mark.parametrize("seed", range(8))
def test_stage_2_hears_chunks_again_and_forgets_nothing_when_it_dies(seed: int) -> None:
    rng = Random(seed)
    calm, restless = Both(new_shard()), Both(new_shard())
    told: list[bytes] = []
    log = Log()
    for role, record in said(history(rng)):
        calm.shard.apply(role, [record])
        if rng.random() > 0.2:
            continue
        flush = calm.shard.flush()
        assert flush is not None
        (chunk,) = outputs.chunks(flush, 0, 0, 1, lambda _: 0)
        told.append(wire.encode_chunk(chunk))
        calm.hear(told[-1])
        restless.state.apply(wire.decode_chunk(told[-1]))
        published = publish_flush(restless.state, CALENDAR)
        assert published is not None
        log.append(published.log, restless.state.epoch, published.seq)
        keeper = RollupsKeeper(Rollups(Plan(), 1))
        replay = Replay(keeper)
        for each in log.records:
            replay.record(*each)
        replay.finish(log.claim(str(len(told))))
        restless.state = keeper.state
        restless.hear(rng.choice(told))
    for chunk_bytes in told:
        restless.hear(chunk_bytes)
    assert {at: restless.panes().get(at) for at in calm.panes()} == calm.panes()


def test_state_of_other_groupings_is_refused() -> None:
    shard = apply_all(new_shard(), said(history(Random(1))))
    log = Log()
    log.claim("0")
    flush = shard.flush()
    assert flush is not None
    log.append(flush.log, 0, flush.seq)
    with pytest.raises(PlanChanged, match="became"):
        log.recover(log.claim("1"), Plan(groupings=(Grouping("all", ()),)))
