"""The backlog as it stands: who waits, since when, and how far beyond the due time."""

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest

from streams.core.gauges import Gauge
from streams.core.plan import DAY_MS, HOUR_MS, Plan
from streams.core.shard import Shard
from streams.core.ticks import Tick
from tests.core.floors import Said, apply_all, new_shard, said, subject_of
from tests.oracle.histories import history
from tests.oracle.items import standing

T0 = 1_760_000_000_000
#: The oracle's gauges by the number of their measure.
NAMES = {45: "waiting", 46: "in_work", 47: "in_review", 48: "open"}


def item(kind: str, at_ms: int, **fields: Any) -> dict[str, Any]:
    identity = {"org_id": "acme", "source": "cvat", "project_id": "7", "item_id": "i1"}
    event_id = f"{kind}{at_ms}{fields.get('event_id', '')}"
    return {**identity, "event_type": kind, "occurred_at": at_ms, **fields, "event_id": event_id}


def gauge_of(shard: Shard, subject: str = "all") -> Gauge | None:
    flush = shard.flush()
    assert flush is not None
    return flush.gauges.get(subject)


def tick(shard: Shard, number: int, now_ms: int) -> None:
    value = msgspec.json.encode(Tick(now_ms, {}))
    shard.tick([Said(number, now_ms, {}, value=value)])


@pytest.mark.parametrize("seed", range(15))
def test_gauges_count_the_items_that_stand_there(seed: int) -> None:
    events = history(Random(seed))
    flush = apply_all(new_shard(), said(events)).flush()
    assert flush is not None
    found = standing(events, 1 + max(event["occurred_at"] for event in events))
    there = Counter(NAMES[int(row["gauge"])] for row in found.to_dict("records"))
    counts = flush.gauges.get("all", Gauge()).counts()
    assert {name: counts[name] for name in NAMES.values() if name in counts} == dict(there)


def test_marks_of_the_due_time_pass_on_ticks() -> None:
    shard = apply_all(
        new_shard(),
        said(
            [
                item("item.created", T0, due_at=T0 + 100_000),
                item("item.queued", T0, queue_id="q"),
            ]
        ),
    )
    first = gauge_of(shard)
    assert first is not None
    assert (first.waiting_with_due, first.aged_50, first.oldest_waiting_ms) == (1, 0, T0)
    for number, (now_ms, aged) in enumerate(
        ((T0 + 49_999, None), (T0 + 50_000, (1, 0, 0)), (T0 + 100_000, (1, 1, 1)))
    ):
        tick(shard, number, now_ms)
        gauge = gauge_of(shard)
        assert aged == (gauge and (gauge.aged_50, gauge.aged_80, gauge.aged_100))


def test_a_release_does_not_make_an_item_young() -> None:
    turn = {"actor_id": "p_a", "assignment_id": "a1"}
    shard = apply_all(
        new_shard(),
        said(
            [
                item("item.queued", T0, queue_id="q"),
                item("item.claimed", T0 + 10, **turn),
                item("item.released", T0 + 20, assignment_id="a1", reason="x"),
            ]
        ),
    )
    gauge = gauge_of(shard, subject_of("queue", ("acme", "cvat", "7", "q")))
    assert gauge is not None
    assert (gauge.waiting, gauge.in_work, gauge.oldest_waiting_ms) == (1, 0, T0)


def test_a_queue_that_only_a_claim_names_keeps_the_item_until_it_is_queued_elsewhere() -> None:
    turn = {"actor_id": "p_a", "assignment_id": "a1"}
    claim = item("item.claimed", T0, queue_id="q", **turn)
    back = item("item.released", T0 + 10, assignment_id="a1", reason="x")
    moved = item("item.queued", T0 + 20, queue_id="r", reason="rework")
    there = []
    for events in ([claim], [claim, back], [claim, back, moved]):
        flush = apply_all(new_shard(), said(events)).flush()
        assert flush is not None
        queues = [subject_of("queue", ("acme", "cvat", "7", queue)) for queue in "qr"]
        there.append([flush.gauges[q].open if q in flush.gauges else 0 for q in queues])
    assert there == [[1, 0], [1, 0], [0, 1]]


def test_what_is_taken_back_touches_no_pane() -> None:
    turn = {"actor_id": "p_a", "assignment_id": "a1"}
    # Heard after the claim but dated before it, the label changes nothing that was told.
    label = item("label.recorded", T0, unit_id="u", label="x", actor_id="p_a")
    first, second = said([item("item.claimed", T0 + 10, **turn), label])
    shard = apply_all(new_shard(), [first])
    shard.flush()
    apply_all(shard, [second])
    flush = shard.flush()
    assert flush is not None and flush.panes == []


def test_closed_items_are_forgotten_after_the_retention_and_open_ones_later() -> None:
    plan = Plan(retention_ms=DAY_MS, open_item_retention_ms=3 * DAY_MS)
    closed = item("item.completed", T0, terminal_state="done")
    still_open = item("item.queued", T0, queue_id="q") | {"item_id": "i2"}
    shard = apply_all(new_shard(plan), said([closed, still_open]))
    shard.flush()
    held = []
    for number, now_ms in enumerate((T0 + DAY_MS - 1, T0 + DAY_MS, T0 + 3 * DAY_MS + HOUR_MS)):
        tick(shard, number, now_ms)
        held.append(len(shard.shelf))
    assert held == [2, 1, 0]


def test_an_item_with_too_many_events_refuses_more() -> None:
    events = [
        item("work.heartbeat", T0 + n, assignment_id="a", active_ms_delta=1) for n in range(9)
    ]
    shard = new_shard(Plan(item_events_max=5))
    with pytest.raises(AttributeError, match="dead_letter"):
        # The believing decoder can't write dead letters; the sixth event asks for one.
        apply_all(shard, said(events))
    assert shard.meta.applied == 5
