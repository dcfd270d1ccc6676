"""The SQL that an alert carries gives its number again, to the last digit."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from clickhouse_connect.driver.client import Client

from schemas.alerts import Evidence
from schemas.groupings import DEFAULT_GROUPINGS
from schemas.measures import MEASURES, Kind
from schemas.metrics import METRICS, Metric
from schemas.readings import Reading
from schemas.rows import ItemRow, RollupRow
from sinks.clickhouse import ClickHouseSink
from streams.core.alerts import Verdict
from streams.core.evidence import evidence_of
from streams.core.gauges import Gauge
from streams.core.observations import Span
from streams.core.plan import HOUR_MS
from streams.core.rules import looks_at_window
from streams.core.verdicts import Finding
from tests.core.rule_floors import START_MS, RuleFloor, book, queue, rule

#: The finest ones first.
GROUPINGS = sorted(DEFAULT_GROUPINGS, key=lambda each: -len(each.dimensions))
HOUR = {
    "golden_n": 7,
    "golden_correct": 4,
    "submitted": 3,
    "handled": 3,
    "handle_ms": 70_001,
    "first_reviewed": 3,
    "first_passed": 1,
    "open_delta": -1,
}
SLO = {"objective": 0.9, "period": "24h", "budget_share": 0.1, "window": "1h", "short": "5m"}


@contextmanager
def within(client: Client, database: str) -> Iterator[None]:
    """The client asks this database; other tests share it, and the database goes."""
    before, client.database = client.database, database
    yield
    client.database = before


def answered(client: Client, database: str, evidence: Evidence) -> tuple[float, dict[str, object]]:
    """The number that the evidence's SQL gives, and everything that it answers."""
    with within(client, database):
        (row,) = client.query(evidence.sql).named_results()
    value = row["value"]
    assert isinstance(value, float)
    return value, dict(row)


@pytest.fixture(scope="module")
def sink(clickhouse_url: str, database: str) -> ClickHouseSink:
    """A sink into a database where every event type has come."""
    sink = ClickHouseSink(clickhouse_url, database)
    everything = {m.key: 1 for m in MEASURES if m.kind is Kind.COUNTER}
    sink.write("rollups", [RollupRow("all", {}, START_MS - 10**9, 60, 1, everything)])
    return sink


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "golden_accuracy"},
        {"metric": "handle_time_mean", "op": ">", "value": 1},
        {"metric": "throughput", "value": 1000},
        {"window": None, "decide_on": "confidence", "since": "day"},
        {"window": None, "op": None, "value": None, "slo": SLO},
    ],
)
def test_the_sql_of_an_alert_gives_its_number(
    client: Client, database: str, sink: ClickHouseSink, changes: dict[str, object]
) -> None:
    name = f"it's a \\ {sorted(changes.items())}"[:200]
    floor = RuleFloor(book(rule(**({"min_events": 100} | changes))))
    floor.minutes(75, HOUR, queue(name))
    (fired,) = floor.said
    evidence = fired.evidence
    assert evidence is not None and evidence.value is not None
    past = [row for row in floor.rows if row.pane_start_ms < evidence.end_ms]
    assert sink.write("rollups", past) == []
    value, row = answered(client, database, evidence)
    if "slo" in changes:
        assert value == pytest.approx(evidence.value, rel=1e-12)
    else:
        assert (value, row["n"]) == (evidence.value, evidence.n)


def test_the_sql_of_a_backlog_counts_the_items(
    client: Client, database: str, sink: ClickHouseSink
) -> None:
    queued_ms = START_MS - HOUR_MS
    old = rule(metric="oldest_waiting_age", window=None, op=">", value="30m", min_events=0)
    floor = RuleFloor(book(old))
    gauge = Gauge(waiting=1, open=1, oldest_waiting_ms=queued_ms, open_since={queued_ms: 1})
    (fired,) = floor.minute(gauge=gauge)
    item = ItemRow("north", "coop", "chat", "i1", 1, "waiting", queue="q1", queued_ms=queued_ms)
    assert sink.write("items", [item]) == []
    assert fired.evidence is not None
    value, row = answered(client, database, fired.evidence)
    assert (value, row["n"]) == (fired.evidence.value, fired.evidence.n)
    with within(client, database):
        assert client.query(fired.evidence.items_sql).result_rows == [("i1",)]


def items_sql(metric: Metric) -> str:
    """What an alert on the metric would say, by the finest grouping that it is known by."""
    grouping = next(each for each in GROUPINGS if metric.makes_sense_by(each.dimensions))
    window = "1h" if looks_at_window(metric) else None
    (ready,) = book(rule(metric=metric.id, by=grouping.dimensions, window=window, value=0.5)).rules
    dims = dict.fromkeys(grouping.dimensions, "x")
    span = Span(START_MS - HOUR_MS, START_MS, HOUR_MS)
    reading = Reading(None, None, None, 0, None)
    evidence = evidence_of(ready, dims, Finding(Verdict.BREACHED, reading, 0.5, "<", span))
    assert bool(evidence.items_sql) is ("label" not in dims)
    return evidence.items_sql


@pytest.mark.usefixtures("sink")
def test_every_query_for_items_runs(client: Client, database: str) -> None:
    queries = sorted({items_sql(metric) for metric in METRICS} - {""})
    with within(client, database):
        assert [client.query(query).result_rows for query in queries] == [[]] * len(queries)
