"""Two stages whose owners die at any moment say the same as two that never do."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from schemas.groupings import subject_key
from schemas.measures import Tally, add, merged
from streams.core.plan import MINUTE_MS, Plan
from streams.core.windows import ROLLING_MS
from tests.core.floors import by_quarter
from tests.core.worlds import World, feeds_of
from tests.oracle.histories import arrivals, history
from tests.oracle.items import standing
from tests.oracle.minutes import GROUPINGS, as_tallies, minute_rows

NAMES = {45: "waiting", 46: "in_work", 47: "in_review", 48: "open"}


def worlds(seed: int) -> tuple[World, World]:
    """A calm and a deadly world with the same records."""
    rng = Random(seed)
    feeds = feeds_of(arrivals(rng, history(rng)), Plan())
    calm = World(Plan(), feeds)
    deadly = World(Plan(), feeds)
    for _ in range(40):
        deadly.step(rng)
    return calm.finish(rng), deadly.finish(rng)


def gauges(world: World) -> dict[str, Any]:
    state = world.roof.state
    found = {subject: state.gauge(subject) for subject in list(state.subjects)}
    return {subject: gauge for subject, gauge in found.items() if gauge.counts()}


def read_windows(world: World) -> dict[tuple[str, str], Tally]:
    state = world.roof.state
    found: dict[tuple[str, str], Tally] = {}
    for subject, known in state.subjects.items():
        for name in known.windows.names:
            found[subject, name] = dict(known.windows.read(name, state.watermark_ms).tally)
    return {at: tally for at, tally in found.items() if tally}


@pytest.mark.parametrize("seed", range(12))
def test_rows_backlog_and_windows_survive_everybody_who_dies(seed: int) -> None:
    calm, deadly = worlds(seed)
    assert deadly.roof.panes() == calm.roof.panes()
    assert gauges(deadly) == gauges(calm)
    assert read_windows(deadly) == read_windows(calm)
    for mine, theirs in zip(deadly.sources, calm.sources, strict=True):
        mine.shard.meta.check()
        assert mine.shard.meta.consumed == theirs.shard.meta.consumed
        assert mine.shard.meta.applied == theirs.shard.meta.applied


@pytest.mark.parametrize("seed", range(100, 105))
def test_what_a_deadly_world_says_is_what_the_oracle_counts(seed: int) -> None:
    events = history(Random(seed))
    rng = Random(seed)
    world = World(Plan(), feeds_of(events, Plan()))
    for _ in range(40):
        world.step(rng)
    world.finish(rng)
    wanted: dict[tuple[str, tuple[str, ...], int, int], Tally] = {}
    for (grouping, values, start_ms), tally in as_tallies(minute_rows(events)).items():
        wanted[grouping, values, start_ms, MINUTE_MS] = tally
    assert by_quarter(world.roof.panes()) == by_quarter(wanted)
    counted: dict[str, Counter[str]] = {}
    for row in standing(events, world.roof.state.watermark_ms).to_dict("records"):
        for grouping, dims in GROUPINGS.items():
            values = tuple(row[name] for name in dims)
            if None not in values:
                subject = subject_key(grouping, values)
                counted.setdefault(subject, Counter())[NAMES[int(row["gauge"])]] += 1
    assert {
        subject: {name: n for name in NAMES.values() if (n := getattr(gauge, name))}
        for subject, gauge in gauges(world).items()
    } == counted


@pytest.mark.parametrize("seed", range(200, 204))
def test_every_window_of_every_subject_is_the_sum_of_its_rows(seed: int) -> None:
    _, world = worlds(seed)
    state, panes = world.roof.state, world.roof.panes()
    for subject, known in state.subjects.items():
        for name in known.windows.names:
            window = known.windows.read(name, state.watermark_ms)
            fine = ROLLING_MS.get(name, MINUTE_MS * 61) <= MINUTE_MS * 60
            inside = [
                tally
                for (grouping, values, start_ms, size_ms), tally in panes.items()
                if subject_key(grouping, values) == subject
                and start_ms >= window.start_ms
                and (size_ms == MINUTE_MS or not fine)
            ]
            assert dict(window.tally) == merged(inside), (subject, name)


def test_folding_moves_minutes_into_quarters_and_changes_no_total() -> None:
    _, world = worlds(300)
    state = world.roof.state
    total: Tally = {}
    for (subject, _, _), parts in state.parts.items():
        if subject == "all":
            add(total, merged(parts.values()))
    left = dict(total)
    for (subject, _), tally in state.quarters.items():
        if subject == "all":
            add(total, tally)
    rows = [tally for (grouping, *_), tally in world.roof.panes().items() if grouping == "all"]
    assert total == merged(rows)
    assert total != left
