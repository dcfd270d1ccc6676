"""Items behind an alert, asked of a real engine; and what happens without one."""

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from schemas.alerts import AlertTransition, Transition
from schemas.rows import ItemRow
from sinks import evidence_items
from sinks.clickhouse import ClickHouseSink
from sinks.evidence_items import EvidenceItems
from tests.integration.sinks.engines import free_port
from tests.notify.transitions import evidence, step


def _firing(query: str, kind: Transition = "firing") -> AlertTransition:
    seen = msgspec.structs.replace(evidence(), item_ids=(), items_sql=query)
    return step(kind, 1, evidence=seen)


def _items(given: AlertTransition) -> tuple[str, ...]:
    assert given.evidence is not None
    return given.evidence.item_ids


@pytest.fixture
def items(clickhouse_url: str, database: str) -> EvidenceItems:
    rows = [ItemRow("o", "s", "p", f"i{n:02}", 1, "waiting", queue="hate") for n in range(30)]
    ClickHouseSink(clickhouse_url, database).write("items", rows)
    return EvidenceItems(clickhouse_url, database)


def test_an_alert_that_fires_names_some_items(items: EvidenceItems) -> None:
    query = "SELECT item_id FROM items FINAL ORDER BY item_id"
    fired, over = items.fill([_firing(query), _firing(query, "resolved")])
    assert _items(fired) == tuple(f"i{n:02}" for n in range(evidence_items.ITEMS_MAX))
    assert _items(over) == ()


def test_of_a_storm_the_first_name_items(items: EvidenceItems) -> None:
    found = items.fill([_firing("SELECT 'x'")] * (evidence_items.ALERTS_AT_ONCE_MAX + 1))
    assert [_items(each) for each in found] == [("x",)] * evidence_items.ALERTS_AT_ONCE_MAX + [()]


def test_a_query_that_came_over_the_topic_can_not_write(
    items: EvidenceItems, client: Client, database: str
) -> None:
    (found,) = items.fill([_firing(f"DROP TABLE {database}.labels")])
    assert _items(found) == ()
    assert client.query(f"EXISTS TABLE {database}.labels").result_rows == [(1,)]


def test_without_an_engine_an_alert_goes_on_and_nobody_asks_for_a_while() -> None:
    nowhere = EvidenceItems(f"http://127.0.0.1:{free_port()}", "ops")
    fired = _firing("SELECT 'x'")
    assert nowhere.fill([fired, fired]) == [fired, fired]
