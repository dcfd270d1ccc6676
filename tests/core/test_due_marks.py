"""How old the backlog is, kept up by ticks and crashes: what a fresh look at every item finds."""

from collections import Counter
from random import Random

import pytest

from streams.core.plan import QUARTER_MS, Plan
from tests.core.worlds import World, feeds_of
from tests.oracle.histories import history
from tests.oracle.items import standing
from tests.oracle.lives import Event, item_lives
from tests.oracle.measures import M

MARKS = (("aged_50", 50), ("aged_80", 80), ("aged_100", 100))


def due_items(seed: int) -> list[Event]:
    """Histories in which everything that is created has a due time, soon or late."""
    rng = Random(seed)
    events = history(rng, items=6)
    for event in events:
        if event["event_type"] == "item.created":
            event["due_at"] = event["occurred_at"] + rng.choice((600_000, 9_000_000, 90_000_000))
    return events


def looked_at(events: list[Event], now_ms: int) -> tuple[Counter[str], int | None]:
    """Waiting items by the marks they passed, and since when the oldest of them waits."""
    found: Counter[str] = Counter()
    since: list[int] = []
    for row in standing(events, now_ms).to_dict("records"):
        if row["gauge"] != M.WAITING_DELTA:
            continue
        since.append(row["since_ms"])
        if row["due_ms"] is not None and row["due_ms"] > row["since_ms"]:
            target_ms = row["due_ms"] - row["since_ms"]
            found["waiting_with_due"] += 1
            for name, part in MARKS:
                found[name] += row["since_ms"] + target_ms * part // 100 <= now_ms
    return +found, min(since, default=None)


def opened_in(events: list[Event], now_ms: int) -> Counter[int]:
    """Open items by the quarter of an hour of their first event."""
    firsts = {key: life[0]["occurred_at"] for key, life in item_lives(events).items()}
    items = [
        (row["org"], row["source"], row["project"], row["item_id"])
        for row in standing(events, now_ms).to_dict("records")
        if row["gauge"] == M.OPEN_DELTA
    ]
    return Counter(firsts[key] - firsts[key] % QUARTER_MS for key in items)


@pytest.mark.parametrize("seed", range(12))
def test_ticks_and_new_owners_count_what_a_fresh_look_finds(seed: int) -> None:
    events = due_items(seed)
    rng = Random(seed)
    world = World(Plan(), feeds_of(events, Plan()))
    for _ in range(20):
        world.step(rng)
    state = world.finish(rng).roof.state
    gauge = state.gauge("all")
    counts = {name: n for name, n in gauge.counts().items() if "aged" in name or "due" in name}
    assert (counts, gauge.oldest_waiting_ms) == looked_at(events, state.watermark_ms)
    assert gauge.open_since == opened_in(events, state.watermark_ms)
