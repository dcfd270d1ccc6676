"""SQL gives the numbers of the stream, to the last digit, for every metric and grouping."""

from datetime import UTC, datetime
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import add, key_of
from schemas.metrics import METRICS, Metric
from schemas.readings import Reading
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink
from sinks.migrations import migrate
from sinks.views import PRESENT_METRICS, VIEWS, WINDOW_METRICS, view_of_present
from streams.core.readings import Context, read_all
from streams.metric_sql import Wanted, metric_sql
from tests.integration.sinks.floors import HOURS, RANGE, START_MS, Floor, seen_types


def _answers(
    client: Client, database: str, grouping: Grouping, step_s: int
) -> dict[tuple[str, int, tuple[str, ...]], Reading]:
    dimensions = "".join(f", {name}" for name in grouping.dimensions)
    rows = client.query(
        "SELECT metric, intDiv(toUnixTimestamp(step_start), 3600), value, low, high, n, cause"
        f"{dimensions} FROM {database}.metric_values(grouping='{grouping.name}', {RANGE}, "
        f"step_s={step_s})"
    ).result_rows
    first = START_MS // 3_600_000
    return {(row[0], row[1] - first, tuple(row[7:])): Reading(*row[2:7]) for row in rows}


@pytest.mark.parametrize("grouping", DEFAULT_GROUPINGS, ids=lambda grouping: grouping.name)
@pytest.mark.parametrize("step_s", [0, 3600])
def test_every_metric_of_a_window_is_the_same_in_sql(
    client: Client, database: str, floor: Floor, grouping: Grouping, step_s: int
) -> None:
    answers = _answers(client, database, grouping, step_s)
    context = Context(seen_types(client, database), grouping.dimensions)
    compared = 0
    for (name, values), hours in floor.windows.items():
        if name != grouping.name:
            continue
        steps = dict(hours)
        if not step_s:
            steps = {0: {}}
            for tally in hours.values():
                add(steps[0], tally)
        for step, tally in steps.items():
            span_ms = (step_s or HOURS * 3600) * 1000
            expected = read_all(tally, span_ms, None, context, WINDOW_METRICS)
            for metric, reading in expected.items():
                found = answers.get((metric, step, values))
                # A step without any row has no row in the answer either.
                if found is not None:
                    assert (metric, values, found) == (metric, values, reading)
                    compared += 1
    assert compared == len(answers)
    assert compared > 0


def test_what_was_never_sent_is_unknown_in_sql_too(
    clickhouse_url: str, client: Client, database: str, floor: Floor
) -> None:
    context = Context(frozenset({"item.created", "work.started", "item.submitted"}))
    lonely = f"{database}_lonely"
    migrate(client, lonely)
    row = RollupRow("all", {}, START_MS, 60, 1, {key_of("submitted"): 4})
    ClickHouseSink(clickhouse_url, lonely).write("rollups", [row])
    assert seen_types(client, lonely) == context.seen
    expected = read_all({key_of("submitted"): 4}, HOURS * 3_600_000, None, context, WINDOW_METRICS)
    answers = _answers(client, lonely, DEFAULT_GROUPINGS[0], 0)
    assert {key[0]: reading for key, reading in answers.items()} == expected
    client.command(f"DROP DATABASE {lonely}")


def test_the_wide_views_show_the_same_as_the_long_one(
    client: Client, database: str, floor: Floor
) -> None:
    answers = _answers(client, database, DEFAULT_GROUPINGS[3], 3600)
    assert {metric for view in VIEWS for metric in view.metrics} == set(WINDOW_METRICS)
    for view in VIEWS:
        columns = [f"{metric.id}{part}" for metric in view.metrics for part in ("", "_n")]
        rows = client.query(
            "SELECT intDiv(toUnixTimestamp(step_start), 3600), org, source, project, queue, "
            f"{', '.join(columns)} FROM {database}.{view.name}(grouping='queue', {RANGE}, "
            "step_s=3600)"
        ).result_rows
        assert rows
        for hour, *values in rows:
            for metric, value, n in zip(view.metrics, values[4::2], values[5::2], strict=True):
                step = hour - START_MS // 3_600_000
                reading = answers.get((metric.id, step, tuple(values[:4])))
                known = (reading.value, reading.n) if reading else (None, 0)
                assert (value, n) == known


def test_levels_are_the_sum_of_all_changes_so_far(
    client: Client, database: str, floor: Floor
) -> None:
    rows = client.query(
        "SELECT org, intDiv(toUnixTimestamp(step_start), 3600), waiting_at_end, open_at_end "
        f"FROM {database}.backlog(grouping='org', {RANGE}, step_s=3600)"
    ).result_rows
    for org, hour, waiting, opened in rows:
        hours = floor.windows[("org", (org,))]
        past = range(hour - START_MS // 3_600_000 + 1)
        for name, level in (("waiting_delta", waiting), ("open_delta", opened)):
            assert level == sum(hours[step].get(key_of(name), 0) for step in past)


def test_dd_quantile_is_quantile_exact_weighted(client: Client) -> None:
    random = Random(11)
    compared = []
    for q in (0.5, 0.9, 0.95, 0.99):
        for _ in range(25):
            bins = {random.randint(1, 1400): random.randint(1, 50) for _ in range(12)}
            ours = f"dd_quantile(map({', '.join(f'{key}, {n}' for key, n in bins.items())}), {q})"
            values = ", ".join(f"dd_value({key})" for key in bins)
            weights = ", ".join(f"toUInt64({n})" for n in bins.values())
            theirs = f"arrayReduce('quantileExactWeighted({q})', [{values}], [{weights}])"
            compared.append(f"{ours} = {theirs}")
    assert set(client.query(f"SELECT {', '.join(compared)}").result_rows[0]) == {1}


def test_definitions_are_in_the_database(client: Client, database: str) -> None:
    rows = client.query(
        f"SELECT id, number, version, unit FROM {database}.metric_definitions"
    ).result_rows
    assert rows == [(m.id, m.number, m.version, m.unit.value) for m in METRICS]


def test_metrics_are_either_of_a_window_or_of_the_present() -> None:
    both: tuple[Metric, ...] = (*WINDOW_METRICS, *PRESENT_METRICS)
    assert sorted(m.id for m in both) == sorted(m.id for m in METRICS)


def test_printed_sql_gives_the_same_as_the_long_view(
    client: Client, database: str, floor: Floor
) -> None:
    (grouping,) = (each for each in DEFAULT_GROUPINGS if each.name == "team")
    answers = _answers(client, database, grouping, 3600)
    compared = 0
    for metric in WINDOW_METRICS:
        if not metric.makes_sense_by(grouping.dimensions):
            continue
        wanted = Wanted(grouping.name, "2026-01-01", "2026-01-01T03:00")
        sql = metric_sql(database, metric, wanted, DEFAULT_GROUPINGS, datetime.now(UTC))
        for start, *found in client.query(sql).result_rows:
            dims = tuple(found[: len(grouping.dimensions)])
            reading = answers[(metric.id, start.hour, dims)]
            told = (reading.value, reading.low, reading.high, reading.n)
            assert (*found[len(dims) :],) == (*told, metric.unit.value, metric.version)
            compared += 1
    assert compared == len(answers)


def test_the_long_view_of_the_present_shows_the_same_as_the_wide_ones(
    client: Client, database: str, floor: Floor
) -> None:
    shown = {
        (row[0], row[1]): row[2:]
        for row in client.query(
            "SELECT metric, org, value, n "
            f"FROM {database}.metric_values_now(grouping='org', {RANGE})"
        ).result_rows
    }
    fitting = [metric for metric in PRESENT_METRICS if metric.makes_sense_by(("org",))]
    assert {metric for metric, _ in shown} == {metric.id for metric in fitting}
    for view in ("backlog_now", "promises_now"):
        ids = [metric.id for metric in fitting if view_of_present(metric) == view]
        columns = ", ".join(f"{name}, {name}_n" for name in ids)
        rows = client.query(
            f"SELECT org, {columns} FROM {database}.{view}(grouping='org', {RANGE})"
        ).result_rows
        assert rows
        for org, *found in rows:
            for name, value, n in zip(ids, found[::2], found[1::2], strict=True):
                assert shown[name, org] == (value, n)
