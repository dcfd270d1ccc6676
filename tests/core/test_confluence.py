"""The same set of events makes the same numbers, whatever way they came."""

from random import Random

import pytest

from schemas.measures import add
from streams.core.plan import QUARTER_MS
from tests.core.floors import (
    Both,
    Event,
    apply_all,
    by_quarter,
    new_shard,
    role_of,
    rows_of,
    said,
)
from tests.oracle.histories import arrivals, history
from tests.oracle.minutes import as_tallies, minute_rows

SEEDS = range(25)


def interleaved(rng: Random, events: list[Event]) -> list[int]:
    """Positions in an order in which topics overtake each other but none overtakes itself."""
    lanes: dict[str, list[int]] = {}
    for number, event in enumerate(events):
        lanes.setdefault(role_of(event).value, []).append(number)
    order = []
    while lanes:
        lane = rng.choice(sorted(lanes))
        order.append(lanes[lane].pop(0))
        if not lanes[lane]:
            del lanes[lane]
    return order


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_and_any_repeats_add_up_to_what_the_oracle_counts(seed: int) -> None:
    rng = Random(seed)
    events = history(rng)
    wanted: dict[tuple[str, tuple[str, ...], int], dict[int, int]] = {}
    for (grouping, values, pane_ms), tally in as_tallies(minute_rows(events)).items():
        at = (grouping, values, pane_ms - pane_ms % QUARTER_MS)
        add(wanted.setdefault(at, {}), tally)
    wanted = {at: tally for at, tally in wanted.items() if tally}
    assert by_quarter(rows_of(arrivals(rng, events))) == wanted


@pytest.mark.parametrize("seed", SEEDS)
def test_topics_that_overtake_each_other_make_the_very_same_rows(seed: int) -> None:
    rng = Random(seed)
    events = sorted(history(rng), key=lambda event: event["received_at"])
    late_ms = [rng.choice((0, 0, 0, 400_000, 9_000_000)) for _ in events]
    record_ms = [e["received_at"] + late for e, late in zip(events, late_ms, strict=True)]
    order = interleaved(rng, events)
    shuffled = rows_of([events[at] for at in order], [record_ms[at] for at in order])
    assert shuffled == rows_of(events, record_ms)


@pytest.mark.parametrize("seed", range(10))
def test_a_redelivered_record_changes_nothing(seed: int) -> None:
    records = said(history(Random(seed)))
    once = Both(apply_all(new_shard(), records))
    twice = Both(apply_all(new_shard(), records + records[: len(records) // 2]))
    once.flush(), twice.flush()
    assert twice.panes() == once.panes()
    assert twice.shard.meta.consumed == len(records)


@pytest.mark.parametrize("seed", range(10))
def test_every_record_is_applied_or_duplicate_or_late(seed: int) -> None:
    rng = Random(seed)
    arrived = arrivals(rng, history(rng))
    record_ms = [event["occurred_at"] + rng.choice((0, 7_200_000)) for event in arrived]
    meta = apply_all(new_shard(), said(arrived, record_ms)).meta
    distinct = {(e["org_id"], e["source"], e.get("project_id"), e["event_id"]) for e in arrived}
    meta.check()
    assert (meta.consumed, meta.dead) == (len(arrived), 0)
    assert meta.applied + meta.late == len(distinct)
    assert meta.late > 0
