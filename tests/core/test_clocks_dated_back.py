"""Policies that are dated back: clocks are told anew, and no count is lost that was told before."""

from typing import Any, cast

import msgspec
import pytest

from schemas.codec import Decoder
from schemas.measures import BY_ID, key_of
from schemas.policies import PolicyFile
from schemas.rows import SlaRow
from streams.core import outputs, wire
from streams.core.engine import OfflineRecord
from streams.core.kept import Layout
from streams.core.plan import DAY_MS, MINUTE_MS, Plan
from streams.core.recovery import Replay, ShardKeeper
from streams.core.shard import Shard
from streams.core.terms import Book, make_book
from streams.core.ticks import Tick
from tests.core.clock_worlds import policy
from tests.core.floors import Believing, Both, PaneRows, Said
from tests.core.test_recovery import Log

PLAN = Plan()
#: A whole quarter of an hour.
QUEUED_MS = 1_767_225_600_000
#: How long an item has been open when the policies change, in days: within the time for which
#: quarters are kept, at its end, and after it.
AGES_D = (5, 31, 32, 40, 90)


def book(*versions: dict[str, Any]) -> Book:
    """A book with one policy of these versions."""
    content = {"policies": [policy("triage", *versions)]}
    return make_book(PolicyFile.model_validate(content), Layout())


TRIAGE = {"start": [{"event": "item.queued"}], "stop": [{"event": "item.completed"}]}
LONG = TRIAGE | {"targets": [{"target": "200d"}]}
SHORT = TRIAGE | {"targets": [{"target": "10m"}]}
BEFORE = book(LONG)
AFTER = {
    "without a date": book(SHORT),
    "dated 1970": book(SHORT | {"valid_from": 0}),
    "dated back": book(LONG, SHORT | {"valid_from": QUEUED_MS - DAY_MS}),
    "dated back for open clocks": book(
        LONG, SHORT | {"valid_from": QUEUED_MS + MINUTE_MS, "applies": "open"}
    ),
}


class Floor:
    """One partition over owners with different policies."""

    def __init__(self) -> None:
        self.log = Log()
        self.rows: list[SlaRow] = []
        self._ticks = 0
        self.both = Both(self._owner(BEFORE, "first"))

    def _owner(self, policies: Book, name: str) -> Shard:
        epoch = self.log.claim(name)
        keeper = ShardKeeper(Shard(PLAN, 0, cast(Decoder, Believing()), policies=policies))
        replay = Replay(keeper)
        for record in self.log.records:
            replay.record(*record)
        replay.finish(epoch)
        return keeper.shard

    def change(self, policies: Book) -> None:
        """Another owner with other policies goes on."""
        self.both = Both(self._owner(policies, "second"), self.both.state).going_on(self.both)

    def hear(self, item: str, t_ms: int, record_ms: int) -> None:
        """An item is queued; its record may come later."""
        event = {
            "event_id": f"{item}-{t_ms}",
            "event_type": "item.queued",
            "occurred_at": t_ms,
            "org_id": "acme",
            "source": "cvat",
            "project_id": "p",
            "item_id": item,
            "queue_id": "images",
        }
        at = self.both.shard.meta.offsets.get("annotations", 0)
        self.both.shard.apply("annotations", [Said(at, record_ms, event)])

    def tick(self, now_ms: int) -> None:
        """Let time pass, and flush."""
        value = msgspec.json.encode(Tick(now_ms, {}))
        self.both.shard.tick([OfflineRecord(self._ticks, now_ms, None, value)])
        self._ticks += 1
        while self.both.shard.is_behind:
            self.both.shard.tell_clocks()
        self.flush()

    def flush(self) -> None:
        """Write what changed, and bring it to stage 2."""
        shard = self.both.shard
        flush = shard.flush()
        if flush is None:
            return
        self.log.append(flush.log, shard.epoch, flush.seq)
        self.rows += outputs.sla_rows(flush, shard.epoch)
        (chunk,) = outputs.chunks(flush, 0, shard.epoch, 1, lambda _: 0)
        outputs.rows(flush, shard.epoch)
        self.both.hear(wire.encode_chunk(chunk))


def lived(age_d: int) -> Floor:
    """An item that is open for so long, and in the quarter of its queueing a late event."""
    floor = Floor()
    floor.hear("open", QUEUED_MS, QUEUED_MS)
    floor.hear("late", QUEUED_MS + 1, QUEUED_MS + DAY_MS)
    for day in range(1, age_d + 1):
        floor.tick(QUEUED_MS + day * DAY_MS)
    return floor


def without_clocks(panes: PaneRows) -> PaneRows:
    """What events counted for."""
    found = {
        at: {key: n for key, n in tally.items() if not BY_ID[key >> 12].name.startswith("sla_")}
        for at, tally in panes.items()
    }
    return {at: tally for at, tally in found.items() if tally}


def counted(panes: PaneRows, measure: str) -> int:
    """The sum of a measure over all time, whatever the place."""
    key = key_of(measure)
    return sum(t.get(key, 0) for (grouping, *_), t in panes.items() if grouping == "all")


EACH = pytest.mark.parametrize(
    ("age_d", "policies"),
    [
        pytest.param(age_d, policies, id=f"{name}, {age_d} days on")
        for age_d in AGES_D
        for name, policies in AFTER.items()
    ],
)


@EACH
def test_no_count_of_an_event_is_lost(age_d: int, policies: Book) -> None:
    floor = lived(age_d)
    before = without_clocks(floor.both.panes())
    floor.change(policies)
    floor.tick(QUEUED_MS + age_d * DAY_MS + MINUTE_MS)
    floor.tick(QUEUED_MS + (age_d + 1) * DAY_MS)
    assert without_clocks(floor.both.panes()) == before


@EACH
def test_the_ledger_tells_the_new_story_whole(age_d: int, policies: Book) -> None:
    floor = lived(age_d)
    floor.change(policies)
    floor.tick(QUEUED_MS + age_d * DAY_MS + MINUTE_MS)
    held = {(row.item_id, row.kind): row for row in floor.rows}
    breached = {item for (item, kind), row in held.items() if kind == "breach" and row.holds}
    assert breached == {"open", "late"}


@pytest.mark.parametrize("name", AFTER)
def test_figures_are_restated_as_far_back_as_counts_are_kept(name: str) -> None:
    for age_d, told in ((5, 2), (30, 2), (40, 0)):
        floor = lived(age_d)
        assert counted(floor.both.panes(), "sla_breached") == 0
        floor.change(AFTER[name])
        floor.tick(QUEUED_MS + age_d * DAY_MS + MINUTE_MS)
        assert counted(floor.both.panes(), "sla_breached") == told
