"""The present in SQL: gauges counted from items, and every metric that looks at them."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import Tally, add
from schemas.readings import Gauges
from schemas.rows import ItemRow
from sinks.clickhouse import ClickHouseSink
from sinks.views import BACKLOG_NOW
from streams.core.readings import Context, read_all
from tests.integration.sinks.floors import HOURS, RANGE, START_MS, Floor, seen_types

QUARTER_MS = 15 * 60_000
STATES = (
    "waiting",
    "in_work",
    "submitted",
    "in_review",
    "reviewed",
    "escalated",
    "closed",
    "unopened",
)


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
    named: dict[str, Any] = levels | {f"waiting_aged_{percent}": n for percent, n in aged.items()}
    return Gauges(
        as_of_ms,
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
    opened = [item for item in items if item.state not in ("closed", "unopened")]
    columns = [f"{metric.id}{part}" for metric in BACKLOG_NOW for part in ("", "_n")]
    dimensions = "".join(f", {name}" for name in grouping.dimensions)
    rows = client.query(
        f"SELECT {', '.join(columns)}{dimensions} "
        f"FROM {database}.backlog_now(grouping='{grouping.name}', {RANGE})"
    ).result_rows
    context = Context(seen_types(client, database), grouping.dimensions)
    assert len(rows) >= (10 if grouping.dimensions else 1)
    for row in rows:
        values = tuple(row[len(columns) :])
        own = [i for i in opened if _place(i, grouping) == values]
        tally: Tally = {}
        for hour in floor.windows[(grouping.name, values)].values():
            add(tally, hour)
        gauges = _gauges(own, START_MS + HOURS * 3_600_000)
        expected = read_all(tally, HOURS * 3_600_000, gauges, context, BACKLOG_NOW)
        found = dict(zip(columns, row, strict=False))
        for name, reading in expected.items():
            assert (name, found[name], found[f"{name}_n"]) == (name, reading.value, reading.n)


def _place(item: ItemRow, grouping: Grouping) -> tuple[str, ...]:
    return tuple(getattr(item, name) for name in grouping.dimensions)
