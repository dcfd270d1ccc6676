"""Minutes and quarters: what goes into which pane, and when a minute is closed for good."""

from random import Random

import msgspec
import pytest

from streams.core.plan import HOUR_MS, MINUTE_MS, QUARTER_MS
from streams.core.ticks import Tick
from tests.core.floors import Both, Event, PaneRows, Said, apply_all, new_shard, rows_of, said
from tests.oracle.histories import history
from tests.oracle.scripts import event, queued, submitted, turn

T0 = 1_760_000_400_000 - 1_760_000_400_000 % QUARTER_MS
LATE_MS = T0 + 5 * MINUTE_MS


def sizes(rows: PaneRows) -> dict[int, int]:
    """Start of each pane of ``all`` to its length."""
    return {start_ms: size_ms for (g, _, start_ms, size_ms) in rows if g == "all"}


def tick(both: Both, number: int, now_ms: int) -> None:
    value = msgspec.json.encode(Tick(now_ms, {}))
    both.shard.tick([Said(number, now_ms, {}, value=value)])


@pytest.mark.parametrize(
    ("behind_ms", "start_ms", "size_ms"),
    [(0, LATE_MS, MINUTE_MS), (HOUR_MS, LATE_MS, MINUTE_MS), (HOUR_MS + 1, T0, QUARTER_MS)],
)
def test_an_event_over_an_hour_older_than_its_record_goes_to_a_quarter(
    behind_ms: int, start_ms: int, size_ms: int
) -> None:
    assert sizes(rows_of([submitted(LATE_MS)], [LATE_MS + behind_ms])) == {start_ms: size_ms}


def test_a_late_claim_takes_the_one_before_back_in_a_quarter_of_its_own() -> None:
    life = [
        queued(T0),
        turn("item.claimed", LATE_MS),
        turn("item.claimed", LATE_MS + 3 * HOUR_MS, "a2"),
    ]
    rows = rows_of(life)
    assert rows["all", (), T0, QUARTER_MS] == {
        key: -n for key, n in rows["all", (), LATE_MS, MINUTE_MS].items() if key >> 12 == 26
    }


def test_a_producer_with_a_clock_far_behind_can_not_write_into_a_closed_minute() -> None:
    both = Both(new_shard())
    apply_all(both.shard, said([submitted(T0)]))
    tick(both, 0, T0 + 3 * HOUR_MS)
    both.flush()
    before = dict(both.rows)
    again = Said(1, T0, submitted(T0 + 1, "a2"))
    both.shard.apply("annotations", [again])
    both.flush()
    minute = ("all", (), T0, 60)
    assert both.rows[minute] == before[minute]
    assert both.panes()["all", (), T0, QUARTER_MS][3 << 12] == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_minute_that_is_closed_never_changes(seed: int) -> None:
    events = sorted(history(Random(seed)), key=lambda each: each["received_at"])
    both = Both(new_shard())
    closed: dict[tuple[str, tuple[str, ...], int, int], dict[int, int]] = {}
    for number, (role, record) in enumerate(said(events, [e["received_at"] for e in events])):
        both.shard.apply(role, [record])
        if number % 7 == 0:
            tick(both, number, record.timestamp)
            both.flush()
            end_ms = both.state.sealed_ms - MINUTE_MS
            assert {at: both.rows[at].tally for at in closed} == closed
            closed |= {
                at: row.tally for at, row in both.rows.items() if at[3] == 60 and at[2] <= end_ms
            }
    assert closed


def test_a_tick_waits_for_the_events_that_were_there_before_it() -> None:
    both = Both(new_shard())
    value = msgspec.json.encode(Tick(T0 + HOUR_MS, {"annotations": 1}))
    both.shard.tick([Said(0, T0, {}, value=value)])
    assert both.shard.meta.watermark_ms == 0
    apply_all(both.shard, said([submitted(T0)]))
    assert both.shard.meta.watermark_ms == T0 + HOUR_MS


def test_time_never_goes_back() -> None:
    both = Both(new_shard())
    for number, now_ms in enumerate((T0 + HOUR_MS, T0)):
        tick(both, number, now_ms)
    assert both.shard.meta.watermark_ms == T0 + HOUR_MS


def late_twice() -> list[Event]:
    return [event("item.completed", T0 + 1), event("item.completed", T0 + 2)]


def test_late_and_early_events_of_one_minute_lie_side_by_side_and_add_up() -> None:
    rows = rows_of(late_twice(), [T0, T0 + 2 * HOUR_MS])
    assert rows["all", (), T0, MINUTE_MS][4 << 12] == 1
    assert rows["all", (), T0, QUARTER_MS] == {4 << 12: 1}
