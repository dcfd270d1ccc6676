"""One log through the core alone and through Kafka, two workers and ClickHouse: the same numbers.

And the same again by the oracle's count, which shares no code with either.
"""

import time
from dataclasses import dataclass

import pandas as pd
import pytest

from schemas.codec import AcceptedTimes
from sinks.rows import RowKind
from streams import setup
from streams.core.engine import Engine
from tests.integration.main_job import arrivals, mixed_log, sums
from tests.integration.main_job.conftest import OPEN_SPACE
from tests.integration.main_job.floor_processes import FloorSpace
from tests.integration.main_job.row_sets import (
    Panes,
    differences,
    panes_in_clickhouse,
    panes_offline,
    rows_in_clickhouse,
    rows_offline,
)
from tests.oracle.minutes import minute_rows

SEED = 20260301
AGAIN_S_MAX = 120.0
#: While the floor works, when it has ended, and hours later.
ENDS_MS = tuple(
    mixed_log.START_MS - mixed_log.START_MS % sums.QUARTER_MS + step_ms
    for step_ms in (1_800_000, 4_500_000, 29_700_000)
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that was found, all ways."""

    space: FloorSpace
    sent: int
    core: Engine
    panes: Panes
    oracle: pd.DataFrame
    codes: list[int]


@pytest.fixture(scope="module")
def seen(opened: OPEN_SPACE) -> Seen:
    """The log has gone all ways."""
    events = mixed_log.mixed_events(SEED)
    from_ms, to_ms = mixed_log.times_of(events)
    space = opened(setup.Accept(from_ms, to_ms))
    space.worker(0)
    space.worker(1)
    space.deliver("clickhouse")
    space.deliver("redis")
    log = mixed_log.mixed_arrivals(SEED, events)
    steps = list(arrivals.with_ticks(log, log[-1].record_ms + 1))
    sent = arrivals.into_kafka(space.settings, steps)
    plan = arrivals.plan_of(space.settings).holding(from_ms, to_ms)
    accepted = AcceptedTimes(from_ms, to_ms, relative=False)
    core = arrivals.engine(space.settings, plan, accepted)
    arrivals.through_core(core, steps)
    oracle = minute_rows(events)
    space.settle()
    panes = panes_in_clickhouse(space.client)
    return Seen(space, sent, core, panes, oracle, space.stop())


def test_processes_stop_when_asked(seen: Seen) -> None:
    assert seen.codes == [0, 0, 0, 0]


def test_every_record_has_one_fate(seen: Seen) -> None:
    fates = seen.space.fates()
    assert fates.total == seen.sent
    counters = seen.core.counters()
    assert (fates.applied, fates.duplicate, fates.late, fates.dead) == tuple(
        counters[name] for name in ("applied", "duplicate", "late", "dead")
    )
    assert fates.duplicate and fates.late


def test_panes_are_those_of_the_core(seen: Seen) -> None:
    assert differences(seen.panes, panes_offline(seen.core.found.rollups.values())) == []


@pytest.mark.parametrize("kind", ["items", "labels", "dead_letters"])
def test_other_rows_are_those_of_the_core(seen: Seen, kind: RowKind) -> None:
    client = seen.space.client
    assert rows_in_clickhouse(client, kind) == rows_offline(seen.core.found, kind)


def test_every_quarter_of_an_hour_is_what_the_oracle_counts(seen: Seen) -> None:
    assert sums.quarters_of_panes(seen.panes) == sums.quarters_counted(seen.oracle)


@pytest.mark.parametrize("span", sums.spans(ENDS_MS), ids=lambda span: f"{span[0]}-{span[2]}")
def test_every_window_in_sql_is_what_the_oracle_counts(
    seen: Seen, span: tuple[str, int, int, bool]
) -> None:
    _, start_ms, end_ms, _ = span
    # Widened to whole quarters of an hour: what came over an hour late is told by the quarter.
    start_ms -= start_ms % sums.QUARTER_MS
    found = sums.in_sql(seen.space.client, start_ms, end_ms)
    assert found
    assert found == sums.counted(seen.oracle, start_ms, end_ms)


@pytest.mark.parametrize("end_ms", ENDS_MS)
def test_every_window_of_the_core_is_what_sql_says(seen: Seen, end_ms: int) -> None:
    held = sums.in_core_windows(seen.panes, end_ms)
    for name, start_ms, _, fine in sums.spans([end_ms]):
        assert held[name] == sums.in_sql(seen.space.client, start_ms, end_ms, fine=fine), name


def test_a_backup_brings_back_what_was_lost(seen: Seen) -> None:
    client, database = seen.space.client, seen.space.client.database
    operator = setup.connect_clickhouse(seen.space.settings.connections)
    for statement in (
        f"BACKUP DATABASE {database} TO File('{database}')",
        f"DROP DATABASE {database}",
        f"RESTORE DATABASE {database} FROM File('{database}')",
    ):
        operator.command(statement)
    operator.close()
    assert differences(panes_in_clickhouse(client), seen.panes) == []
    assert sums.in_sql(client, ENDS_MS[0] - 4 * sums.QUARTER_MS, ENDS_MS[0])


def test_what_a_backup_does_not_have_is_delivered_again(seen: Seen) -> None:
    client = seen.space.client
    for table in ("rollups", "items", "labels"):
        client.command(f"TRUNCATE TABLE {table}")
    again = seen.space.deliver("clickhouse", "--again")
    try:
        # Nothing is committed yet, so the rows themselves are what there is to wait for.
        until_s = time.monotonic() + AGAIN_S_MAX
        while missing := _missing(seen):
            assert time.monotonic() < until_s, missing
            time.sleep(0.5)
        # Somebody works for it now: nothing is forgotten behind their back.
        with pytest.raises(AssertionError, match="has members"):
            seen.space.run("deliver", "--only", "clickhouse", "--again")
    finally:
        again.ask_to_stop()
    assert again.await_end() == 0


def _missing(seen: Seen) -> list[str]:
    """The kinds of rows that are not what they were."""
    client = seen.space.client
    kinds: tuple[RowKind, ...] = ("items", "labels")
    found = ["rollups"] if differences(panes_in_clickhouse(client), seen.panes) else []
    return found + [
        kind
        for kind in kinds
        if rows_in_clickhouse(client, kind) != rows_offline(seen.core.found, kind)
    ]
