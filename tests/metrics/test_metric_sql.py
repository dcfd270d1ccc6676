"""The SQL that is printed for a metric, and what is said when it can't be asked so."""

from datetime import UTC, datetime

import pytest

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.metrics import METRIC_BY_ID, METRICS
from streams.metric_sql import Wanted, metric_sql
from streams.refusals import Refusal

NOW = datetime(2026, 3, 9, 10, 20, tzinfo=UTC)
WEEK = {"since": "2026-03-02", "until": "2026-03-09"}


def sql(metric: str, wanted: Wanted) -> str:
    return metric_sql("ops", METRIC_BY_ID[metric], wanted, DEFAULT_GROUPINGS, NOW)


def test_a_metric_over_time_is_a_column_of_its_view() -> None:
    assert sql("skip_rate", Wanted("project", where=("project=images",), **WEEK)) == (
        "SELECT step_start, org, source, project, skip_rate AS value, skip_rate_low AS low, "
        "skip_rate_high AS high, skip_rate_n AS n, 'fraction' AS unit, 1 AS version\n"
        "FROM ops.throughput(grouping='project', from='2026-03-02 00:00:00', "
        "to='2026-03-09 00:00:00', step_s=3600)\n"
        "WHERE project = 'images'\n"
        "ORDER BY step_start, org, source, project"
    )


def test_without_times_it_is_about_the_latest_24_full_hours() -> None:
    said = sql("throughput", Wanted())
    assert "from='2026-03-08 10:00:00', to='2026-03-09 10:00:00'" in said


def test_a_zone_or_a_moment_needs_the_view_that_has_both() -> None:
    wanted = Wanted("queue", step="1d", zone="Europe/Berlin", as_of="2026-03-05T18:00", **WEEK)
    said = sql("handle_time_p95", wanted)
    assert "ops.metric_values_at(metric='handle_time_p95', grouping='queue', " in said
    assert "from='2026-03-01 23:00:00Z', to='2026-03-08 23:00:00Z', tz='Europe/Berlin', " in said
    assert "as_of='2026-03-05 17:00:00Z', step_s=86400, filters=map())" in said


def test_every_metric_has_sql() -> None:
    for metric in METRICS:
        fitting = [g.name for g in DEFAULT_GROUPINGS if metric.makes_sense_by(g.dimensions)]
        assert "SELECT" in sql(metric.id, Wanted(fitting[0]))


@pytest.mark.parametrize(
    ("metric", "wanted", "said"),
    [
        ("skip_rate", Wanted("queues"), "accepted: all, org, project, queue, team, site, ann"),
        ("skip_rate", Wanted("reviewer"), "accepted: all, org, project, queue, team, site, ann"),
        ("backlog_waiting", Wanted("team"), "accepted: all, org, project, queue"),
        ("backlog_waiting", Wanted(as_of="2026-03-02"), "--as-of: backlog_waiting looks at what"),
        ("backlog_waiting", Wanted(zone="UTC"), "--tz: backlog_waiting looks at what stands now"),
        ("throughput", Wanted(until="2026-03-02"), "--to without --from"),
        ("throughput", Wanted(since="2026-03-09", until="2026-03-02"), "is not before --to"),
        ("throughput", Wanted(step="-5m", **WEEK), "--step '-5m' can't be used"),
        ("throughput", Wanted(step="90s", **WEEK), "--step '90s' can't be used"),
        ("throughput", Wanted(zone="Mars/Phobos", **WEEK), "--tz 'Mars/Phobos' is no time zone"),
        ("throughput", Wanted(as_of="monday", **WEEK), "--as-of 'monday' is no time"),
        ("throughput", Wanted(where=("queue=a'; DROP TABLE x",)), "can't be used"),
        ("throughput", Wanted("queue", where=("team=red",)), "has no column 'team'"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(
    metric: str, wanted: Wanted, said: str
) -> None:
    with pytest.raises(Refusal) as refused:
        sql(metric, wanted)
    assert said in f"{refused.value} {refused.value.remedy}"
