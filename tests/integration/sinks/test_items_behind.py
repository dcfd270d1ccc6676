"""The items behind a number are the number, to the last digit, on a floor with late records."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import Tally, add
from schemas.metrics import Metric
from schemas.metrics.formulas import Amount, PerHour, Quantile, Ratio
from schemas.rows import ItemRow
from sinks.clickhouse import ClickHouseSink
from sinks.ddl import quoted
from sinks.questions.clock_parts import counts_clocks, may_be_by
from sinks.questions.items_behind import METRICS
from streams.core.engine import Found
from streams.core.kept import Layout
from streams.core.plan import MINUTE_MS, Plan
from streams.core.terms import make_book
from streams.policy_files import POLICIES_FILE, read_policies
from tests.analysts.offline_floor import SPAN_MS, START_MS, played
from tests.integration.sinks.metric_counts import Counts, counts_of

OPEN = tuple(g for g in DEFAULT_GROUPINGS if not {"annotator", "reviewer"} & set(g.dimensions))
#: From a minute to a minute, a quarter of an hour begun on both ends.
ODD = START_MS + 7 * MINUTE_MS, START_MS + SPAN_MS - 4 * MINUTE_MS
#: Whole quarters, as clocks need it: what of them was told late lies in one.
WHOLE = START_MS, START_MS + 4 * SPAN_MS
ITEMS = tuple(each for each in METRICS if not counts_clocks(each))
CLOCKS = tuple(each for each in METRICS if counts_clocks(each))
Range = tuple[int, int]
#: Metrics, and a range over which they can be opened.
Metrics = tuple[tuple[Metric, ...], Range]


def _text(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _asked(metric: str, grouping: str, filters: str = "map()", span: Range = ODD) -> str:
    return (
        f"items_behind(metric='{metric}', grouping='{grouping}', `from`='{_text(span[0])}', "
        f"`to`='{_text(span[1])}', filters={filters})"
    )


@pytest.fixture(scope="module")
def found(clickhouse_url: str, database: str) -> Found:
    """What a floor said that has taken in everything; its rows are stored."""
    plan = Plan()
    found = played(plan, make_book(read_policies(POLICIES_FILE), Layout(plan.extra_dims))).found
    sink = ClickHouseSink(clickhouse_url, database)
    assert sink.write("rollups", list(found.rollups.values())) == []
    assert sink.write("items", list(found.items.values())) == []
    assert sink.write("sla_ledger", list(found.sla.values())) == []
    return found


def _subjects(found: Found, grouping: Grouping, span: Range) -> dict[tuple[str, ...], Tally]:
    sums: dict[tuple[str, ...], Tally] = defaultdict(dict)
    for row in found.rollups.values():
        if row.grouping == grouping.name and span[0] <= row.pane_start_ms < span[1]:
            add(sums[tuple(row.dims[name] for name in grouping.dimensions)], row.tally)
    return sums


def _opened(
    client: Client, database: str, grouping: Grouping, span: Range
) -> dict[tuple[str, tuple[str, ...]], Counts]:
    """Of all metrics, what the items of each subject add up to."""
    dims = ", ".join(grouping.dimensions) or "''"
    rows = client.query(
        f"SELECT metric, sum(numerator), sum(denominator), sum(n), min(is_known), {dims} "
        f"FROM {database}.{_asked('', grouping.name, span=span)} GROUP BY ALL"
    ).result_rows
    assert all(row[4] == 1 for row in rows)
    count = len(grouping.dimensions)
    return {(row[0], tuple(row[5 : 5 + count])): (row[1], row[2], row[3]) for row in rows}


@pytest.mark.parametrize("grouping", OPEN, ids=lambda each: each.name)
@pytest.mark.parametrize("metrics", [(ITEMS, ODD), (CLOCKS, WHOLE)], ids=["items", "clocks"])
def test_the_items_behind_every_number_are_the_number(
    client: Client, database: str, found: Found, grouping: Grouping, metrics: Metrics
) -> None:
    chosen, span = metrics
    fitting = [metric for metric in chosen if may_be_by(metric, grouping)]
    opened = _opened(client, database, grouping, span)
    wanted = {}
    for subject, tally in _subjects(found, grouping, span).items():
        for metric in fitting:
            counts = counts_of(metric, tally)
            if any(counts):
                wanted[metric.id, subject] = counts
    # Items whose parts come to nothing together are no row of the number.
    ids = {metric.id for metric in chosen}
    assert {at: it for at, it in opened.items() if any(it) and at[0] in ids} == wanted
    assert len({metric for metric, _ in wanted}) >= 0.6 * len(fitting)


@pytest.mark.parametrize("grouping", ["all", "project", "queue", "team"])
def test_the_view_says_what_its_items_add_up_to(
    client: Client, database: str, found: Found, grouping: str
) -> None:
    assert found.items
    asked = f"grouping='{grouping}', `from`='{_text(WHOLE[0])}', `to`='{_text(WHOLE[1])}', step_s=0"
    values = client.query(
        f"SELECT metric, org, project, queue, team, value, n FROM {database}.metric_values({asked})"
    ).result_rows
    by_project = grouping in ("project", "queue")
    place = ["org" if grouping != "all" else "''", "project" if by_project else "''"]
    opened = client.query(
        f"SELECT metric, {', '.join(place)}, queue, team, sum(numerator) AS top, "
        f"sum(denominator) AS bottom, sum(n) FROM {database}.{_asked('', grouping, span=WHOLE)} "
        "GROUP BY ALL"
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
            return top * 3_600_000 / (WHOLE[1] - WHOLE[0])
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
    old = ItemRow("acme", "cvat", "old", "o1", 1, "closed", completed_ms=ODD[0] + 1, created_ms=1)
    before = ItemRow("acme", "cvat", "old", "o2", 1, "closed", completed_ms=ODD[0] - 9999)
    assert ClickHouseSink(clickhouse_url, database).write("items", [old, before]) == []
    rows = client.query(
        f"SELECT item_id, metric, numerator, denominator, n FROM {database}."
        f"{_asked('acceptance_rate', 'all')} WHERE NOT is_known"
    ).result_rows
    of_all = client.query(
        f"SELECT count() > 25, uniqExact(metric) = count() FROM {database}.{_asked('', 'all')} "
        "WHERE NOT is_known"
    ).result_rows
    client.command(f"DELETE FROM {database}.items WHERE project = 'old'")
    assert rows == [("o1", "acceptance_rate", None, None, None)]
    assert of_all == [(1, 1)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nonsense", "all", "map()"), "metric: accepted are"),
        # Presence is of people, and the present is no sum.
        (("items_per_productive_hour", "all", "map()"), "metric: accepted are"),
        (("backlog_waiting", "all", "map()"), "metric: accepted are"),
        (("sla_attainment", "site", "map()"), "grouping: the metric can not be told by it"),
        (("throughput", "annotator", "map()"), "grouping: accepted are"),
        (("throughput", "queue", "map('team', 't')"), "filters: accepted are"),
        (("arrival_rate", "label", "map()"), "grouping: the metric can not be told by it"),
    ],
)
def test_what_can_not_be_opened_is_refused_by_its_name(
    client: Client, database: str, asked: tuple[str, str, str], told: str
) -> None:
    with pytest.raises(DatabaseError, match=told):
        client.query(f"SELECT * FROM {database}.{_asked(*asked)}")
