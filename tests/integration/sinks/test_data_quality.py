"""How good the data is, by hour: refused, late, and the hours without any event between others."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.measures import key_of
from schemas.rows import DeadLetterRow, RollupRow
from sinks.clickhouse import ClickHouseSink
from streams.core.plan import HOUR_MS, Plan
from tests.analysts.offline_floor import played, sent

MORNING_MS = int(datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() * 1000)
RANGE = "`from`='2026-03-02 00:00:00', `to`='2026-03-03 00:00:00'"
COUNTED_TYPES = {
    "item.queued", "item.claimed", "item.assigned", "assignment.expired", "item.submitted",
    "item.skipped", "review.decided", "golden.answered", "item.completed",
}  # fmt: skip
STREET = {"org": "acme", "source": "cvat", "project": "street"}


def _pane(hour: int, submitted: int, project: str = "street", size_s: int = 60) -> RollupRow:
    start_ms = MORNING_MS + hour * HOUR_MS
    tally = {key_of("submitted"): submitted, key_of("handled"): 7}
    return RollupRow("project", {**STREET, "project": project}, start_ms, size_s, 1, tally)


@pytest.fixture(scope="module")
def stored(clickhouse_url: str, database: str) -> str:
    """A project that was silent from ten to one, with late events; another that never was."""
    sink = ClickHouseSink(clickhouse_url, database)
    panes = [_pane(hour, 4) for hour in (0, 1, 5, 6)]
    panes += [_pane(5, 6, size_s=900), *(_pane(hour, 2, "park") for hour in range(6))]
    assert sink.write("rollups", panes) == []
    letters = [
        DeadLetterRow("ops.annotations", 0, number, reason, MORNING_MS + hour * HOUR_MS)
        for number, (hour, reason) in enumerate([(0, "not_json"), (0, "not_json"), (2, "too_deep")])
    ]
    assert sink.write("dead_letters", letters) == []
    return database


def _ask(client: Client, database: str, kind: str, columns: str) -> list[tuple[object, ...]]:
    query = f"SELECT {columns} FROM {database}.data_quality({RANGE}) WHERE kind = '{kind}'"
    return [tuple(row) for row in client.query(f"{query} ORDER BY hour, project").result_rows]


def test_refused_messages_are_counted_by_hour_topic_and_reason(client: Client, stored: str) -> None:
    found = _ask(client, stored, "refused", "toHour(hour), topic, reason, events, of_events")
    topic = "ops.annotations"
    assert found == [(8, topic, "not_json", 2, None), (10, topic, "too_deep", 1, None)]


def test_late_events_are_told_with_all_of_their_hour(client: Client, stored: str) -> None:
    found = _ask(client, stored, "late", "toHour(hour), source, project, events, of_events, share")
    assert found == [(13, "cvat", "street", 6, 10, 0.6)]


def test_a_gap_is_told_once_with_its_length(client: Client, stored: str) -> None:
    found = _ask(client, stored, "gap", "toHour(hour), project, hours, events")
    # The hours before the first and after the last event are none: nobody knows what came there.
    assert found == [(10, "street", 3, None)]


def test_late_events_are_those_that_came_an_hour_late(
    client: Client, clickhouse_url: str, stored: str
) -> None:
    client.command(f"TRUNCATE TABLE {stored}.rollups")
    rows = list(played(Plan()).found.rollups.values())
    assert ClickHouseSink(clickhouse_url, stored).write("rollups", rows) == []
    (found,) = client.query(
        f"SELECT sumIf(events, kind = 'late'), sumIf(of_events, kind = 'late') >= sum(events) "
        f"FROM {stored}.data_quality(`from`='1971-01-01 00:00:00', `to`='2040-01-01 00:00:00') "
        "WHERE kind != 'refused'"
    ).result_rows
    late = 0
    for record, record_ms in sent():
        event = orjson.loads(record.value)
        if event["event_type"] in COUNTED_TYPES:
            late += _occurred_ms(event) < record_ms - HOUR_MS
    assert found == (late, 1)
    assert late > 20


def _occurred_ms(event: dict[str, Any]) -> int:
    at = event["occurred_at"]
    return at if isinstance(at, int) else round(datetime.fromisoformat(at).timestamp() * 1000)


def test_a_clock_ahead_is_told_by_the_least_that_it_must_be(client: Client, stored: str) -> None:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    for name, ahead_s in (("right", -60), ("ahead", 600), ("more", 900)):
        client.command(
            f"INSERT INTO {stored}.items (org, source, project, item_id, revision, queued_at, "
            f"submitted_at, emitted_at) VALUES ('acme', 'custom', 'clock', '{name}', 1, "
            f"fromUnixTimestamp64Milli({now_ms - 7_200_000}), "
            f"fromUnixTimestamp64Milli({now_ms + ahead_s * 1000}), "
            f"fromUnixTimestamp64Milli({now_ms}))"
        )
    around = f"`from`=toDateTime({now_ms // 1000 - 3600}), `to`=toDateTime({now_ms // 1000 + 3600})"
    query = (
        "SELECT source, project, sum(events), max(ahead_s), max(of_events) "
        f"FROM {stored}.data_quality({around}) WHERE kind = 'ahead' GROUP BY ALL"
    )
    assert client.query(query).result_rows == [("custom", "clock", 2, 900.0, None)]


def test_a_reversed_range_is_refused_by_its_name(client: Client, stored: str) -> None:
    reversed_range = "`from`='2027-01-01 00:00:00', `to`='2026-01-01 00:00:00'"
    with pytest.raises(DatabaseError, match="from: must not be after to"):
        client.query(f"SELECT * FROM {stored}.data_quality({reversed_range})")
