"""The edge of retention: up to it nothing is dropped or counted twice, from it on life is new.

How old an item is follows from the records alone: whether a tick retired it before the next event
came, or none ever came, makes no difference.
"""

from random import Random

import msgspec
import pytest

from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, Plan
from streams.core.shard import Shard
from streams.core.ticks import Tick
from tests.core.floors import Both, Event, Said, apply_all, new_shard, said
from tests.oracle.histories import arrivals, history
from tests.oracle.scripts import event, queued, submitted

T0 = 1_760_000_400_000 - 1_760_000_400_000 % QUARTER_MS
PLAN = Plan()
ARRIVED, COMPLETED = 1, 4
OPEN = [queued(T0)]
CLOSED = [queued(T0 - MINUTE_MS), event("item.completed", T0)]
LIVES = [
    pytest.param(CLOSED, PLAN.retention_ms, id="closed"),
    pytest.param(OPEN, PLAN.open_item_retention_ms, id="open"),
]


def tick(shard: Shard, number: int, now_ms: int) -> None:
    """Time reaches ``now_ms``, and a flush makes what follows durable."""
    value = msgspec.json.encode(Tick(now_ms, {}))
    shard.tick([Said(number, now_ms, {}, value=value)])


def told(life: list[Event], again_ms: int, *, ticking: bool) -> Both:
    """A life, and its last event once more in a record of ``again_ms``; ticks before, or none."""
    both = Both(new_shard(PLAN))
    *before, (role, again) = said([*life, life[-1]], [*_times(life), again_ms])
    apply_all(both.shard, before)
    both.flush()
    if ticking:
        for number, now_ms in enumerate((T0 + DAY_MS, again_ms)):
            tick(both.shard, number, now_ms)
            both.flush()
    both.shard.apply(role, [again])
    both.flush()
    return both


def _times(life: list[Event]) -> list[int]:
    return [each["occurred_at"] for each in life]


@pytest.mark.parametrize("ticking", [False, True], ids=["no tick", "ticks"])
@pytest.mark.parametrize(("life", "kept_ms"), LIVES)
def test_a_repeat_is_known_up_to_the_last_ms_of_retention(
    life: list[Event], kept_ms: int, ticking: bool
) -> None:
    meta = told(life, T0 + kept_ms - 1, ticking=ticking).shard.meta
    assert (meta.duplicate, meta.applied + meta.late) == (1, len(life))
    meta.check()


@pytest.mark.parametrize("ticking", [False, True], ids=["no tick", "ticks"])
@pytest.mark.parametrize(("life", "kept_ms"), LIVES)
def test_from_the_end_of_its_retention_an_item_starts_anew(
    life: list[Event], kept_ms: int, ticking: bool
) -> None:
    both = told(life, T0 + kept_ms, ticking=ticking)
    meta = both.shard.meta
    assert (meta.duplicate, meta.applied, meta.late) == (0, len(life), 1)
    assert len(both.shard.shelf) == 1
    meta.check()


@pytest.mark.parametrize(("life", "kept_ms"), LIVES)
@pytest.mark.parametrize("beyond_ms", [-1, 0, DAY_MS])
def test_it_makes_no_difference_whether_a_tick_came_before(
    life: list[Event], kept_ms: int, beyond_ms: int
) -> None:
    ticked, unticked = (
        told(life, T0 + kept_ms + beyond_ms, ticking=each) for each in (True, False)
    )
    assert ticked.panes() == unticked.panes()


@pytest.mark.parametrize(
    "behind_ms", [0, HOUR_MS, HOUR_MS + 1, DAY_MS, 30 * DAY_MS, PLAN.retention_ms - DAY_MS]
)
def test_an_event_however_late_inside_retention_is_counted_at_its_own_time(behind_ms: int) -> None:
    now_ms = T0 + 60 * DAY_MS
    both = Both(new_shard(PLAN))
    for number, at_ms in enumerate((now_ms - DAY_MS, now_ms)):
        tick(both.shard, number, at_ms)
        both.flush()
    at_ms = now_ms - behind_ms
    apply_all(both.shard, said([event("item.completed", at_ms)], [now_ms]))
    both.flush()
    size_ms = MINUTE_MS if behind_ms <= HOUR_MS else QUARTER_MS
    counted = {
        at[2:]: tally[COMPLETED << 12] for at, tally in both.panes().items() if at[0] == "all"
    }
    assert counted == {(at_ms - at_ms % size_ms, size_ms): 1}
    both.shard.meta.check()


@pytest.mark.parametrize("seed", range(6))
def test_conservation_holds_when_items_expire_amid_their_lives(seed: int) -> None:
    rng = Random(seed)
    plan = Plan(retention_ms=HOUR_MS, open_item_retention_ms=2 * HOUR_MS)
    events = arrivals(rng, history(rng))
    both = Both(new_shard(plan))
    for number, (role, record) in enumerate(said(events, [e["received_at"] for e in events])):
        both.shard.apply(role, [record])
        if number % 5 == 0:
            tick(both.shard, number, record.timestamp)
        if number % 11 == 0:
            both.flush()
        both.shard.meta.check()
    meta = both.shard.meta
    assert meta.consumed == len(events)
    assert meta.dead == 0
    # What was forgotten may count again, but nothing that was new may be taken for a repeat.
    repeats = len(events) - len({each["event_id"] for each in events})
    assert meta.duplicate <= repeats


def test_a_new_life_owes_nothing_to_the_old_one() -> None:
    later_ms = T0 + PLAN.retention_ms
    old = [*CLOSED, submitted(T0)]
    fresh = Both(apply_all(new_shard(PLAN), said([queued(later_ms)])))
    fresh.flush()
    records = said([*old, queued(later_ms)], [*_times(CLOSED), T0, later_ms])
    both = Both(apply_all(new_shard(PLAN), records))
    both.flush()
    new = {at: tally for at, tally in both.panes().items() if at[2] >= later_ms}
    assert new == {at: tally for at, tally in fresh.panes().items() if at[2] >= later_ms}
    assert any(ARRIVED << 12 in tally for tally in new.values())
