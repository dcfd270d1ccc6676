"""Generated SQL = the stream's windows = brute force, for every metric, window and grouping."""

import pytest
from clickhouse_connect.driver.client import Client

from schemas.codec import AcceptedTimes
from sinks.clickhouse import ClickHouseSink
from sinks.views import WINDOW_METRICS
from streams import settings
from tests.integration.main_job import arrivals, mixed_log, row_sets
from tests.integration.main_job.same_metrics import Floor, compare
from tests.oracle.minutes import minute_rows

SEED = 20260302
END_MS = mixed_log.START_MS - mixed_log.START_MS % 900_000 + 1_800_000


@pytest.fixture(scope="module")
def simulated(clickhouse_url: str, client: Client, database: str) -> Floor:
    """A simulated floor with nasty histories, late records and repeats, through core and sink."""
    events = mixed_log.mixed_events(SEED, floor_hours=0.25, items=16)
    from_ms, to_ms = mixed_log.times_of(events)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS", "true")
        found = settings.read("equality")
        plan = arrivals.plan_of(found).holding(from_ms, to_ms)
        core = arrivals.engine(found, plan, AcceptedTimes(from_ms, to_ms, relative=False))
    log = mixed_log.mixed_arrivals(SEED, events)
    arrivals.through_core(core, arrivals.with_ticks(log, log[-1].record_ms + 1))
    rows = list(core.found.rollups.values())
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []
    return Floor(client, database, row_sets.panes_offline(rows), minute_rows(events))


def test_every_metric_of_every_window_and_grouping_is_the_same_three_ways(
    simulated: Floor,
) -> None:
    compared = compare(simulated, END_MS)
    print("\n".join(compared.lines()))
    assert not compared.differ, "\n".join(compared.differ[:20])
    assert compared.n["readings: SQL = stream"] > 5_000
    assert compared.n["of these quantiles of histograms"] > 300
    silent = {metric.id for metric in WINDOW_METRICS if metric.number < 26} - compared.metrics
    assert not silent
