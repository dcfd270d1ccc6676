"""Steps of days are days of the zone, also those that have 23, 24.5 or 25 hours."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink
from tests.integration.sinks.questions import Asked

QUARTER = timedelta(minutes=15)
DAY_S = 86_400
#: A zone, a first day and how long the three days from it are, in hours.
DAYS = [
    ("UTC", date(2026, 3, 28), [24, 24, 24]),
    ("Europe/Berlin", date(2026, 3, 28), [24, 23, 24]),
    ("Europe/Berlin", date(2026, 10, 24), [24, 25, 24]),
    ("Asia/Kolkata", date(2026, 3, 28), [24, 24, 24]),
    ("Asia/Kathmandu", date(2026, 10, 24), [24, 24, 24]),
    ("Australia/Lord_Howe", date(2026, 4, 4), [24, 24.5, 24]),
    ("Australia/Lord_Howe", date(2026, 10, 3), [24, 23.5, 24]),
    ("America/Havana", date(2026, 3, 7), [24, 23, 24]),
]


def _quarters(first: date) -> Iterator[datetime]:
    """Quarters of an hour from the day before to well after the third day."""
    at = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    for number in range(6 * 96):
        yield at + number * QUARTER


@pytest.fixture(scope="module")
def filled(clickhouse_url: str, client: Client, database: str) -> str:
    """One submission in each quarter of an hour around every first day."""
    starts = {at for _, first, _ in DAYS for at in _quarters(first)}
    rows = [
        RollupRow("all", {}, int(at.timestamp()) * 1000, 60, 1, {key_of("submitted"): 1})
        for at in sorted(starts)
    ]
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []
    return database


@pytest.mark.parametrize(("tz", "first", "hours"), DAYS)
def test_a_step_of_a_day_is_a_day_of_the_zone(
    client: Client, filled: str, tz: str, first: date, hours: list[float]
) -> None:
    expected = Counter(at.astimezone(ZoneInfo(tz)).date() for at in _quarters(first))
    given = {"metric": "throughput", "tz": tz, "step_s": DAY_S, "grouping": "all",
             "from": f"{first}", "to": f"{first + timedelta(days=3)}"}  # fmt: skip
    sql = Asked("metric_values_at", given).sql(filled)
    rows = client.query(
        "SELECT toUnixTimestamp(step_start), toUnixTimestamp(step_end), local_start, n, value "
        f"FROM ({sql}) ORDER BY step_start"
    ).result_rows
    assert [(end - start) / 3600 for start, end, *_ in rows] == hours
    for number, (start, _, shown, n, value) in enumerate(rows):
        day = first + timedelta(days=number)
        begins = min(
            at for at in _quarters(first) if at.astimezone(ZoneInfo(tz)).date() == day
        ).astimezone(ZoneInfo(tz))
        assert datetime.fromtimestamp(start, UTC) == begins
        assert shown == begins.strftime("%Y-%m-%dT%H:%M:%S%z")
        assert n == expected[day]
        # Every quarter has one, so the rate is 4 per hour whatever the day's length.
        assert value == 4


def test_a_range_that_begins_within_a_day_has_a_shorter_first_step(
    client: Client, filled: str
) -> None:
    given = {"metric": "throughput", "tz": "Europe/Berlin", "step_s": DAY_S, "grouping": "all",
             "from": "2026-03-28 18:00:00", "to": "2026-03-30T06:00:00+02:00"}  # fmt: skip
    sql = Asked("metric_values_at", given).sql(filled)
    rows = client.query(f"SELECT local_start, n FROM ({sql}) ORDER BY step_start").result_rows
    assert rows == [
        ("2026-03-28T18:00:00+0100", 24),
        ("2026-03-29T00:00:00+0100", 92),
        ("2026-03-30T00:00:00+0200", 24),
    ]


def test_hours_go_on_evenly_where_the_clocks_change(client: Client, filled: str) -> None:
    given = {"metric": "throughput", "tz": "Europe/Berlin", "step_s": 3600, "grouping": "all",
             "from": "2026-10-25 00:00:00", "to": "2026-10-26 00:00:00"}  # fmt: skip
    sql = Asked("metric_values_at", given).sql(filled)
    rows = client.query(f"SELECT local_start, n FROM ({sql}) ORDER BY step_start").result_rows
    assert len(rows) == 25
    assert {n for _, n in rows} == {4}
    assert [shown for shown, _ in rows][2:4] == [
        "2026-10-25T02:00:00+0200",
        "2026-10-25T02:00:00+0100",
    ]


def test_a_week_is_seven_days_of_the_zone(client: Client, filled: str) -> None:
    given = {"metric": "throughput", "tz": "Europe/Berlin", "step_s": 7 * DAY_S,
             "grouping": "all", "from": "2026-03-23", "to": "2026-04-06"}  # fmt: skip
    sql = Asked("metric_values_at", given).sql(filled)
    rows = client.query(
        f"SELECT local_start, (step_end - step_start) / 3600 FROM ({sql}) ORDER BY step_start"
    ).result_rows
    assert rows == [("2026-03-23T00:00:00+0100", 167), ("2026-03-30T00:00:00+0200", 168)]
