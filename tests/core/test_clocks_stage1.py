"""SLA clocks inside stage 1: through ticks, crashes and recovery, rows are the stories."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

import msgspec
import pytest

from schemas.codec import Decoder
from schemas.groupings import SEPARATOR
from schemas.measures import BY_ID
from schemas.metrics.declaration import SLA_ACTIVATE
from schemas.policies import PolicyFile
from schemas.rows import SlaRow
from streams.core import attainment, outputs, wire
from streams.core.engine import OfflineRecord
from streams.core.kept import Layout
from streams.core.plan import QUARTER_MS, Plan
from streams.core.recovery import Replay, ShardKeeper
from streams.core.shard import Shard
from streams.core.stories import tell
from streams.core.terms import make_book
from streams.core.ticks import Tick
from streams.core.transitions import Key, Kind
from tests.core.clock_lives import PLAIN
from tests.core.clock_worlds import policy
from tests.core.floors import Believing, Both, by_quarter, said
from tests.core.test_recovery import Log
from tests.oracle.histories import START_MS, arrivals, history
from tests.oracle.lives import Event

DAY_MS = 86_400_000
TARGETS = [{"queue": "images", "target": "30m"}, {"target": "2h"}]
SHORT = PLAIN | {"pause": [{"event": "work.paused"}], "targets": TARGETS}
BOOK = make_book(
    PolicyFile.model_validate(
        {
            "policies": [
                policy("plain", SHORT),
                policy("claim", SHORT | {"anchor": "last_claim"}),
                policy("inner", SHORT, contract="OLA"),
            ]
        }
    ),
    Layout(),
)
Script = list[tuple[str, Any]]


def shard() -> Shard:
    return Shard(Plan(), 0, cast(Decoder, Believing()), policies=BOOK)


def script_of(rng: Random, events: list[Event]) -> Script:
    """Records in the order of their arrival, ticks between them, and the end of time."""
    script: Script = []
    ends: dict[str, int] = {}
    now_ms, ticks = START_MS, 0

    def tick() -> None:
        value = msgspec.json.encode(Tick(now_ms, dict(ends)))
        script.append(("ticks", OfflineRecord(ticks, now_ms, None, value)))

    for role, record in said(arrivals(rng, events)):
        script.append((role, record))
        ends[role] = record.offset + 1
        if rng.random() < 0.3:
            now_ms += rng.choice((1_000, 60_000, 1_800_000))
            tick()
            ticks += 1
    now_ms = max(now_ms, *[event["occurred_at"] for event in events]) + 10 * DAY_MS
    tick()
    return script


@dataclass(slots=True)
class Floor:
    """One partition whose owner dies now and then, and all that it said."""

    log: Log = field(default_factory=Log)
    rows: dict[tuple[object, ...], SlaRow] = field(default_factory=dict)
    both: Both = field(init=False)

    def __post_init__(self) -> None:
        self.both = Both(self._recovered("0"))

    def _recovered(self, name: str) -> Shard:
        epoch = self.log.claim(name)
        keeper = ShardKeeper(shard())
        replay = Replay(keeper)
        for record in self.log.records:
            replay.record(*record)
        replay.finish(epoch)
        return keeper.shard

    def flush(self, lost: bool = False) -> None:
        """Write what changed; what follows from it may be lost with the owner."""
        shard = self.both.shard
        flush = shard.flush()
        if flush is None:
            return
        self.log.append(flush.log, shard.epoch, flush.seq)
        if lost:
            return
        for row in outputs.sla_rows(flush, shard.epoch):
            at = (row.org, row.source, row.project, row.item_id)
            self.rows[(*at, row.policy, row.cycle, row.kind, row.n)] = row
        (chunk,) = outputs.chunks(flush, 0, shard.epoch, 1, lambda _: 0)
        outputs.rows(flush, shard.epoch)
        self.both.hear(wire.encode_chunk(chunk))

    def die(self, name: str) -> None:
        """The next owner goes on with what the changelog has."""
        self.both = Both(self._recovered(name), self.both.state).going_on(self.both)

    def run(self, rng: Random, script: Script) -> None:
        """Live through all of it, dying up to five times."""
        number, lives = 0, 0
        while number < len(script):
            role, record = script[number]
            number += 1
            if role == "ticks":
                self.both.shard.tick([record])
            else:
                self.both.shard.apply(role, [record])
            if rng.random() < 0.15:
                self.flush()
            elif rng.random() < 0.05 and lives < 5:
                lives += 1
                if rng.random() < 0.5:
                    self.flush(lost=True)
                self.die(str(lives))
                number = 0
        self.flush()

    def stories(self) -> dict[str, Any]:
        """What happened to each item's clocks, told anew from all that is known of it."""
        shelf, now_ms = self.both.shard.shelf, self.both.shard.meta.watermark_ms
        keys = {SEPARATOR.join(map(str, at[:4])) for at in self.rows}
        return {key: tell(BOOK, shelf.item(key).moments, now_ms).transitions for key in keys}


@pytest.mark.parametrize("seed", range(12))
def test_rows_and_counts_are_the_stories(seed: int) -> None:
    rng = Random(seed)
    floor = Floor()
    floor.run(rng, script_of(rng, history(rng, items=3)))
    stories = floor.stories()
    expected: dict[tuple[object, ...], tuple[object, ...]] = {}
    facts: Counter[tuple[int, int]] = Counter()
    for key, story in stories.items():
        for step in story:
            place: Key = step.key
            expected[(*key.split(SEPARATOR), *place)] = (step.at_ms, step.elapsed_ms, step.burned)
        for fact in attainment.facts_of(story):
            for measure, n in fact.deltas:
                facts[fact.t_ms - fact.t_ms % QUARTER_MS, measure] += n
    held = {
        at: (row.at_ms, row.elapsed_ms, row.burned)
        for at, row in floor.rows.items()
        if row.holds and row.kind != Kind.BREACH_WITHDRAWN
    }
    assert held == expected
    counted = {
        (start_ms, measure): n
        for (grouping, _, start_ms), tally in by_quarter(floor.both.panes()).items()
        if grouping == "all"
        for measure, n in tally.items()
        if BY_ID[measure >> 12].name.startswith("sla_")
    }
    assert counted == {at: n for at, n in facts.items() if n}
    seen = floor.both.shard.meta.first_seen_ms.values()
    assert any(SLA_ACTIVATE in kinds for kinds in seen) is bool(facts)
