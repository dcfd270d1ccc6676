"""SQL gives the numbers of the stream, to the last digit, for every metric and grouping."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import BIN_BITS, MEASURES, Kind, Tally, add, key_of
from schemas.metrics import METRICS, Metric
from schemas.readings import Reading
from schemas.rows import ItemRow, RollupRow
from sinks.clickhouse import ClickHouseSink
from sinks.migrations import migrate
from sinks.views import PRESENT_METRICS, VIEWS, WINDOW_METRICS
from streams.core.readings import Context, Gauges, read_all

START_MS = 1_767_225_600_000
MINUTE_MS = 60_000
HOURS = 3
RANGE = "from='2026-01-01 00:00:00', to='2026-01-01 03:00:00'"
QUARTER_MS = 15 * MINUTE_MS
SUBJECTS = 15


def _random_tally(random: Random) -> Tally:
    """Counts as they come and as they should never come: large, none, negative."""
    tally: Tally = {}
    for measure in random.sample(MEASURES, random.randint(0, len(MEASURES))):
        low = -5 if measure.name.endswith("_delta") or random.random() < 0.1 else 0
        high = random.choice((1, 40, 10**9))
        if measure.kind is Kind.COUNTER:
            tally[measure.key] = random.randint(low, high)
        else:
            for _ in range(random.randint(0, 30)):
                tally[measure.id << BIN_BITS | random.randint(1, 1400)] = random.randint(low, 40)
    return tally


class Floor:
    """Random counts in a real database, and the same counts in Python."""

    def __init__(self, sink: ClickHouseSink, random: Random) -> None:
        self.windows: dict[tuple[str, tuple[str, ...]], dict[int, Tally]] = {}
        rows = [row for grouping in DEFAULT_GROUPINGS for row in self._fill(grouping, random)]
        random.shuffle(rows)
        assert sink.write("rollups", rows) == []

    def _fill(self, grouping: Grouping, random: Random) -> Iterator[RollupRow]:
        for subject in range(SUBJECTS if grouping.dimensions else 1):
            dims = {name: f"{name}{subject}" for name in grouping.dimensions}
            hours = self.windows.setdefault((grouping.name, tuple(dims.values())), {})
            for hour in range(HOURS):
                hours[hour] = {}
                for minute in range(random.randint(0, 3)):
                    start_ms = START_MS + (hour * 60 + minute * 7) * MINUTE_MS
                    stale, true = _random_tally(random), _random_tally(random)
                    add(hours[hour], true)
                    for revision, tally in ((1, stale), (2, true)):
                        flat = {str(key): n for key, n in tally.items()}
                        yield RollupRow(grouping.name, dims, start_ms, 60, revision, flat)


@pytest.fixture(scope="module")
def floor(clickhouse_url: str, database: str) -> Floor:
    sink = ClickHouseSink(clickhouse_url, database)
    everything = {str(m.key): 1 for m in MEASURES if m.kind is Kind.COUNTER}
    # Outside the range that is asked for: it only says that every event type has come.
    sink.write("rollups", [RollupRow("all", {}, START_MS - 10**9, 60, 1, everything)])
    return Floor(sink, Random(3))


def _seen(client: Client, database: str) -> frozenset[str]:
    types = client.query(f"SELECT types FROM {database}.seen_events").result_rows[0][0]
    return frozenset(types)


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
    context = Context(_seen(client, database), grouping.dimensions)
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
    row = RollupRow("all", {}, START_MS, 60, 1, {str(key_of("submitted")): 4})
    ClickHouseSink(clickhouse_url, lonely).write("rollups", [row])
    assert _seen(client, lonely) == context.seen
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


STATES = ("waiting", "in_work", "submitted", "in_review", "reviewed", "escalated", "closed")


def _random_items(random: Random) -> Iterator[ItemRow]:
    now_ms = START_MS + HOURS * 3_600_000
    for number in range(600):
        created_ms = random.choice((None, now_ms - random.randint(0, 10**8)))
        queued_ms = now_ms - random.randint(0, 10**7)
        due_ms = random.choice((None, queued_ms - 5, queued_ms + random.randint(1, 10**7)))
        subject = random.randint(0, 9)
        yield ItemRow(
            f"org{subject}",
            f"source{subject}",
            f"project{subject}",
            f"item{number}",
            random.randint(1, 9),
            random.choice(STATES),
            queue=f"queue{subject}",
            created_ms=created_ms,
            queued_ms=queued_ms,
            due_ms=due_ms,
        )


def _gauges(items: list[ItemRow], as_of_ms: int) -> Gauges:
    """The gauges of some items, counted one by one."""
    open_since: dict[int, int] = {}
    levels = dict.fromkeys(("waiting", "in_work", "in_review"), 0)
    aged = {50: 0, 80: 0, 100: 0}
    with_due, oldest_ms = 0, None
    for item in items:
        if item.state in levels:
            levels[item.state] += 1
        assert item.queued_ms is not None
        opened_ms = item.queued_ms if item.created_ms is None else item.created_ms
        start_min = opened_ms // QUARTER_MS * 15
        open_since[start_min] = open_since.get(start_min, 0) + 1
        if item.state != "waiting":
            continue
        oldest_ms = max(oldest_ms or 0, as_of_ms - item.queued_ms)
        if item.due_ms is not None and item.due_ms > item.queued_ms:
            with_due += 1
            for percent in aged:
                mark_ms = item.queued_ms + (item.due_ms - item.queued_ms) * percent // 100
                aged[percent] += mark_ms <= as_of_ms
    named: dict[str, Any] = {f"waiting_aged_{percent}": n for percent, n in aged.items()}
    return Gauges(
        as_of_ms,
        **levels,
        **named,
        open=len(items),
        oldest_waiting_ms=oldest_ms,
        waiting_with_due=with_due,
        open_since=open_since,
    )


@pytest.mark.parametrize("grouping", DEFAULT_GROUPINGS[:4], ids=lambda grouping: grouping.name)
def test_every_metric_of_the_present_is_the_same_in_sql(
    clickhouse_url: str, client: Client, database: str, floor: Floor, grouping: Grouping
) -> None:
    items = list(_random_items(Random(5)))
    ClickHouseSink(clickhouse_url, database).write("items", items)
    opened = [item for item in items if item.state != "closed"]
    columns = [f"{metric.id}{part}" for metric in PRESENT_METRICS for part in ("", "_n")]
    dimensions = "".join(f", {name}" for name in grouping.dimensions)
    rows = client.query(
        f"SELECT {', '.join(columns)}{dimensions} "
        f"FROM {database}.backlog_now(grouping='{grouping.name}', {RANGE})"
    ).result_rows
    context = Context(_seen(client, database), grouping.dimensions)
    assert len(rows) >= (10 if grouping.dimensions else 1)
    for row in rows:
        values = tuple(row[len(columns) :])
        own = [i for i in opened if _place(i, grouping) == values]
        tally: Tally = {}
        for hour in floor.windows[(grouping.name, values)].values():
            add(tally, hour)
        gauges = _gauges(own, START_MS + HOURS * 3_600_000)
        expected = read_all(tally, HOURS * 3_600_000, gauges, context, PRESENT_METRICS)
        found = dict(zip(columns, row, strict=False))
        for name, reading in expected.items():
            assert (name, found[name], found[f"{name}_n"]) == (name, reading.value, reading.n)


def _place(item: ItemRow, grouping: Grouping) -> tuple[str, ...]:
    return tuple(getattr(item, name) for name in grouping.dimensions)


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
