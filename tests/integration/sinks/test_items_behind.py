"""The items behind a number are the number, to the last digit, on a floor with late records."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import Tally, add, histogram, key_of
from schemas.metrics import Metric
from schemas.metrics.formulas import Amount, PerHour, Quantile, Ratio, Share, Sum
from schemas.rows import ItemRow
from sinks.clickhouse import ClickHouseSink
from sinks.ddl import quoted
from sinks.questions.items_behind import METRICS
from streams.core.engine import Found
from streams.core.plan import MINUTE_MS, Plan
from tests.analysts.offline_floor import SPAN_MS, START_MS, played

OPEN = tuple(g for g in DEFAULT_GROUPINGS if not {"annotator", "reviewer"} & set(g.dimensions))
#: From a minute to a minute, a quarter of an hour begun on both ends.
FROM_MS, TO_MS = START_MS + 7 * MINUTE_MS, START_MS + SPAN_MS - 4 * MINUTE_MS
Counts = tuple[int | None, int | None, int]


def _text(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _asked(metric: str, grouping: str, filters: str = "map()") -> str:
    return (
        f"items_behind(metric='{metric}', grouping='{grouping}', `from`='{_text(FROM_MS)}', "
        f"`to`='{_text(TO_MS)}', filters={filters})"
    )


@pytest.fixture(scope="module")
def found(clickhouse_url: str, database: str) -> Found:
    """What a floor said that has taken in everything; its rows are stored."""
    found = played(Plan()).found
    sink = ClickHouseSink(clickhouse_url, database)
    assert sink.write("rollups", list(found.rollups.values())) == []
    assert sink.write("items", list(found.items.values())) == []
    return found


def _sum(tally: Tally, what: Sum) -> int:
    plus = sum(tally.get(key_of(name), 0) for name in what.plus)
    return plus - sum(tally.get(key_of(name), 0) for name in what.minus)


def _wanted(metric: Metric, tally: Tally) -> Counts:
    """Numerator, denominator and n of a metric, from the sums of the rows."""
    match formula := metric.formula:
        case Amount():
            return _sum(tally, formula.what), None, _sum(tally, formula.n)
        case PerHour():
            counted = Sum(formula.what.plus + formula.what.minus)
            return _sum(tally, formula.what), None, _sum(tally, counted)
        case Share():
            whole = _sum(tally, formula.whole)
            return _sum(tally, formula.part), whole, whole
        case Ratio():
            return (
                _sum(tally, formula.top), _sum(tally, formula.bottom), _sum(tally, formula.n)
            )  # fmt: skip
        case Quantile():
            return None, None, sum(histogram(tally, formula.histogram).values())
    raise AssertionError(metric.id)


def _subjects(found: Found, grouping: Grouping) -> dict[tuple[str, ...], Tally]:
    sums: dict[tuple[str, ...], Tally] = defaultdict(dict)
    for row in found.rollups.values():
        if row.grouping == grouping.name and FROM_MS <= row.pane_start_ms < TO_MS:
            add(sums[tuple(row.dims[name] for name in grouping.dimensions)], row.tally)
    return sums


def _opened(
    client: Client, database: str, grouping: Grouping
) -> dict[tuple[str, tuple[str, ...]], Counts]:
    """Of all metrics, what the items of each subject add up to."""
    dims = ", ".join(grouping.dimensions) or "''"
    rows = client.query(
        f"SELECT metric, sum(numerator), sum(denominator), sum(n), min(is_known), {dims} "
        f"FROM {database}.{_asked('', grouping.name)} GROUP BY ALL"
    ).result_rows
    assert all(row[4] == 1 for row in rows)
    count = len(grouping.dimensions)
    return {(row[0], tuple(row[5 : 5 + count])): (row[1], row[2], row[3]) for row in rows}


@pytest.mark.parametrize("grouping", OPEN, ids=lambda each: each.name)
def test_the_items_behind_every_number_are_the_number(
    client: Client, database: str, found: Found, grouping: Grouping
) -> None:
    opened = _opened(client, database, grouping)
    wanted = {}
    for subject, tally in _subjects(found, grouping).items():
        for metric in METRICS:
            counts = _wanted(metric, tally)
            if metric.makes_sense_by(grouping.dimensions) and any(counts):
                wanted[metric.id, subject] = counts
    # Items whose parts come to nothing together are no row of the number.
    assert {at: counts for at, counts in opened.items() if any(counts)} == wanted
    assert len({metric for metric, _ in wanted}) >= (1 if grouping.name == "label" else 29)


@pytest.mark.parametrize("grouping", ["all", "project", "queue", "team"])
def test_the_view_says_what_its_items_add_up_to(
    client: Client, database: str, found: Found, grouping: str
) -> None:
    assert found.items
    asked = f"grouping='{grouping}', `from`='{_text(FROM_MS)}', `to`='{_text(TO_MS)}', step_s=0"
    values = client.query(
        f"SELECT metric, org, project, queue, team, value, n FROM {database}.metric_values({asked})"
    ).result_rows
    by_project = grouping in ("project", "queue")
    place = ["org" if grouping != "all" else "''", "project" if by_project else "''"]
    opened = client.query(
        f"SELECT metric, {', '.join(place)}, queue, team, sum(numerator) AS top, "
        f"sum(denominator) AS bottom, sum(n) FROM {database}.{_asked('', grouping)} GROUP BY ALL"
    ).result_rows
    behind = {row[:5]: row[5:] for row in opened}
    seen = 0
    for metric in METRICS:
        for name, *subject, value, n in values:
            if name != metric.id or value is None or isinstance(metric.formula, Quantile):
                continue
            top, bottom, count = behind.get((name, *subject), (0, 0, 0))
            assert value == _value(metric, top, bottom)
            assert n == abs(count)
            seen += 1
    assert seen > 25


def _value(metric: Metric, top: int, bottom: int) -> float:
    """As ``schemas.metrics.formulas`` tells it."""
    match formula := metric.formula:
        case Amount():
            return top / formula.by
        case PerHour():
            return top * 3_600_000 / (TO_MS - FROM_MS)
        case Ratio():
            return (top * formula.times) / (bottom * formula.by)
    return top / bottom


def test_filters_leave_the_items_of_a_subject(client: Client, database: str, found: Found) -> None:
    assert found.items
    query = f"SELECT DISTINCT queue FROM {database}."
    ((queue, *_), *others) = client.query(query + _asked("throughput", "queue")).result_rows
    assert others
    asked = _asked("throughput", "queue", f"map('queue', '{queue}')")
    assert client.query(query + asked).result_rows == [(queue,)]
    odd = quoted("'; DROP TABLE items; --")
    nobody = _asked("throughput", "queue", f"map('queue', {odd})")
    assert client.query(query + nobody).result_rows == []


def test_items_of_which_that_is_unknown_are_told_so_and_no_zero(
    client: Client, clickhouse_url: str, database: str, found: Found
) -> None:
    assert found.items
    old = ItemRow("acme", "cvat", "old", "o1", 1, "closed", completed_ms=FROM_MS + 1, created_ms=1)
    before = ItemRow("acme", "cvat", "old", "o2", 1, "closed", completed_ms=FROM_MS - 9999)
    assert ClickHouseSink(clickhouse_url, database).write("items", [old, before]) == []
    rows = client.query(
        f"SELECT item_id, metric, numerator, denominator, n FROM {database}."
        f"{_asked('acceptance_rate', 'all')} WHERE NOT is_known"
    ).result_rows
    client.command(f"DELETE FROM {database}.items WHERE project = 'old'")
    assert rows == [("o1", "acceptance_rate", None, None, None)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nonsense", "all"), "metric: accepted are"),
        # Presence is of people, the present is no sum, and clocks are in the ledger.
        (("items_per_productive_hour", "all"), "metric: accepted are"),
        (("backlog_waiting", "all"), "metric: accepted are"),
        (("sla_attainment", "all"), "metric: accepted are"),
        (("throughput", "annotator"), "grouping: accepted are"),
        (("throughput", "queue", "map('team', 't')"), "filters: accepted are"),
        (("arrival_rate", "label"), "grouping: the metric makes no sense by it"),
    ],
)
def test_what_can_not_be_opened_is_refused_by_its_name(
    client: Client, database: str, asked: tuple[str, ...], told: str
) -> None:
    with pytest.raises(DatabaseError, match=told):
        client.query(f"SELECT * FROM {database}.{_asked(*asked)}")
