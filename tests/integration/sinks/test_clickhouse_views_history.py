"""What was told is kept: a figure as of a moment, what became of it, and why."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import MEASURES, key_of
from schemas.rows import RollupRow
from sinks import ddl_history
from sinks.clickhouse import ClickHouseSink, connect
from sinks.errors import SinkUnavailable
from sinks.migrations import load, migrate
from tests.integration.sinks.engines import Engine
from tests.integration.sinks.floors import START_MS, Floor
from tests.integration.sinks.questions import Asked

#: What was told is kept for years, but not for good: a Monday of last month.
_TODAY = datetime.now(UTC).date()
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY = _TODAY - timedelta(days=28 + _TODAY.weekday())
DAY = {"from": f"{MONDAY} 00:00:00", "to": f"{MONDAY + timedelta(days=1)} 00:00:00"}
DIMENSIONS = {"org": "o", "source": "s", "project": "p"}
#: Queue, start of the pane, its length, revision, when it was stored, reviews, accepts.
TOLD = [
    ("a", "09:00:00", 60, 1, "Mon 09:00:20", 3, 2),
    ("a", "09:00:00", 60, 2, "Mon 09:00:58", 9, 8),
    ("a", "09:00:00", 60, 3, "Mon 09:01:03", 10, 9),
    # Thursday: late reviews, then the old row once more, as after a lost answer.
    ("a", "09:00:00", 60, 4, "Thu 12:00:03", 12, 9),
    ("a", "09:00:00", 60, 3, "Thu 14:00:03", 10, 9),
    # Friday: what is very late has a pane of its own, and a queue that had said nothing.
    ("a", "09:00:00", 900, 9, "Fri 12:00:03", 4, 4),
    ("b", "09:05:00", 60, 9, "Fri 12:00:03", 5, 4),
    # Saturday: a rebuild of another hour.
    ("c", "20:00:00", 60, 9, "Mon 20:01:03", 8, 8),
    ("c", "20:00:00", 60, 50, "Sat 12:00:03", 8, 4),
]


@pytest.fixture(scope="module")
def told(client: Client, database: str) -> str:
    """A week in which a Monday's figures were restated twice."""
    names = ["grouping", *DIMENSIONS, "queue", "pane_start", "pane_s", "revision", "emitted_at",
             "reviewed", "accepted"]  # fmt: skip
    for queue, start, pane_s, revision, stored, reviewed, accepted in TOLD:
        pane, at = _time(f"Mon {start}"), _time(stored)
        for grouping, *place in (["queue", *DIMENSIONS.values(), queue], ["all", "", "", "", ""]):
            row = [grouping, *place, pane, pane_s, revision, at, reviewed, accepted]
            client.insert("rollups", [row], column_names=names, database=database)
    client.insert(
        "rebuilds",
        [[_time("Mon 20:00:00"), _time("Mon 21:00:00"), 50]],
        column_names=["from_at", "to_at", "revision"],
        database=database,
    )
    return database


def on(text: str) -> str:
    """A day of that week and a time as ClickHouse reads it."""
    day, _, time = text.partition(" ")
    return f"{MONDAY + timedelta(days=DAYS.index(day))} {time}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(f"{on(text)}+00:00")


def _rows(client: Client, database: str, asked: Asked, columns: str) -> list[Any]:
    return list(
        client.query(f"SELECT {columns} FROM ({asked.sql(database)}) ORDER BY ALL").result_rows
    )


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [
        ("Mon 09:00:30", []),
        ("Mon 09:01:00", [("a", 8 / 9, 9)]),
        ("Mon 18:00:00", [("a", 9 / 10, 10)]),
        ("Thu 13:00:00", [("a", 9 / 12, 12), ("c", 1, 8)]),
        ("Thu 15:00:00", [("a", 9 / 12, 12), ("c", 1, 8)]),
        ("Sat 00:00:00", [("a", 13 / 16, 16), ("b", 4 / 5, 5), ("c", 1, 8)]),
        ("", [("a", 13 / 16, 16), ("b", 4 / 5, 5), ("c", 1 / 2, 8)]),
    ],
)
def test_a_figure_is_shown_as_it_was_told(
    client: Client, told: str, as_of: str, shown: list[Any]
) -> None:
    asked = Asked(
        "metric_values_at", DAY | {"metric": "acceptance_rate", "as_of": as_of and on(as_of)}
    )
    assert _rows(client, told, asked, "queue, value, n") == shown


def test_what_the_history_has_lost_by_age_is_still_told_by_the_rollups(
    client: Client, database: str
) -> None:
    names = ["grouping", "queue", "pane_start", "pane_s", "revision", "emitted_at", "reviewed"]
    row = ["queue", "old", _time("Tue 09:00:00"), 60, 1, _time("Tue 09:01:00"), 7]
    client.insert("rollups", [row], column_names=names, database=database)
    client.command(f"DELETE FROM {database}.rollups_history WHERE queue = 'old'")
    tuesday = {"from": on("Tue 00:00:00"), "to": on("Wed 00:00:00"), "metric": "review_rate"}
    for as_of, n in (("Tue 09:01:30", []), ("Tue 09:02:00", [(7,)]), ("Wed 00:00:00", [(7,)])):
        asked = Asked("metric_values_at", tuesday | {"as_of": on(as_of)})
        assert _rows(client, database, asked, "n") == n


def test_a_moment_is_one_of_the_zone(client: Client, told: str) -> None:
    given = {"from": on("Mon 05:30"), "to": on("Tue 05:30"), "tz": "Asia/Kolkata",
             "metric": "acceptance_rate", "as_of": on("Mon 14:31:00")}  # fmt: skip
    assert _rows(client, told, Asked("metric_values_at", given), "value, n") == [(8 / 9, 9)]


def test_what_had_not_been_sent_then_is_unknown_then(client: Client, told: str) -> None:
    sql = "SELECT types FROM {}.seen_events_as_of(tz='UTC', as_of='{}')"
    before = client.query(sql.format(told, on("Mon 08:00:00"))).result_rows[0][0]
    after = client.query(sql.format(told, on("Mon 10:00:00"))).result_rows[0][0]
    assert set(after) - set(before) == {"review.decided"}


def test_restated_figures_say_old_new_why_and_when(client: Client, told: str) -> None:
    monday = {**DAY, "metric": "acceptance_rate", "as_of": on("Mon 23:00:00")}
    columns = "queue, old, old_n, new, new_n, causes, formatDateTime(told_at, '%a %H:%i')"
    assert _rows(client, told, Asked("metric_restatements", monday), columns) == [
        ("a", 0.9, 10, 13 / 16, 16, ["late_data", "very_late_data"], "Fri 12:01"),
        ("b", None, 0, 0.8, 5, ["late_data"], "Fri 12:01"),
        ("c", 1, 8, 0.5, 8, ["rebuild"], "Sat 12:01"),
    ]
    sunday = monday | {"as_of": on("Sun 00:00:00")}
    assert _rows(client, told, Asked("metric_restatements", sunday), columns) == []


def test_restated_panes_are_those_that_stood_before(client: Client, told: str) -> None:
    columns = (
        "formatDateTime(told_at, '%a %H:%i'), queue, cause, pane_s, measure, old, new, "
        "formatDateTime(old_told_at, '%a %H:%i')"
    )
    assert _rows(client, told, Asked("restatements", DAY), columns) == [
        ("Fri 12:01", "a", "very_late_data", 900, "accepted", 0, 4, "Mon 09:01"),
        ("Fri 12:01", "a", "very_late_data", 900, "reviewed", 0, 4, "Mon 09:01"),
        ("Fri 12:01", "b", "late_data", 60, "accepted", 0, 4, "Mon 09:01"),
        ("Fri 12:01", "b", "late_data", 60, "reviewed", 0, 5, "Mon 09:01"),
        ("Sat 12:01", "c", "rebuild", 60, "accepted", 8, 4, "Mon 20:02"),
        ("Thu 12:01", "a", "late_data", 60, "reviewed", 10, 12, "Mon 09:02"),
    ]


@pytest.mark.parametrize("grouping", ["queue", "annotator"])
def test_as_of_the_end_of_time_is_now(
    client: Client, database: str, floor: Floor, grouping: str
) -> None:
    """For every metric, by what the sink wrote; it was all told by 2100."""
    given: dict[str, object] = {"grouping": grouping, "step_s": 3600}
    columns = "* EXCEPT (step_end, local_start)"
    then = Asked("metric_values_at", {**given, "as_of": "2100-01-01 00:00:00"})
    now = Asked("metric_values_at", given)
    plain = _rows(client, database, Asked("metric_values", given), "*")
    assert len(plain) > 300
    assert _rows(client, database, now, columns) == plain
    assert _rows(client, database, then, columns) == plain


def test_the_history_has_every_measure_and_its_file_is_made_from_them(
    client: Client, database: str
) -> None:
    for table in ("rollups_history", "rollups_history_feed"):
        found = client.query(f"DESCRIBE {database}.{table}").result_rows
        # What is missing belongs in a new numbered migration, as these very statements.
        assert ddl_history.missing_columns(row[0] for row in found) == []
    (file,) = (each for each in load() if each.name == "rollups_history")
    assert {measure.name for measure in MEASURES} <= set(file.text.replace(",", " ").split())


def test_a_crash_and_all_once_more_leaves_the_history_whole(engine: Engine) -> None:
    client = connect(engine.url)
    migrate(client, "crashed")
    batches = [_batch(revision) for revision in range(1, 31)]
    writer = Thread(target=_write_until_it_breaks, args=(engine.url, batches))
    writer.start()
    while not _count(client, "rollups"):
        pass
    engine.kill()
    writer.join()
    engine.start()
    sink = ClickHouseSink(engine.url, "crashed")
    for batch in batches:
        assert sink.write("rollups", batch) == []
    client = connect(engine.url)
    told = "queue, pane_start, argMax(submitted, revision), max(revision)"
    history = f"SELECT {told} FROM crashed.rollups_history GROUP BY queue, pane_start"
    rows = "SELECT queue, pane_start, submitted, revision FROM crashed.rollups FINAL"
    assert _count(client, "rollups") == 200
    assert client.query(f"{rows} EXCEPT ALL {history}").result_rows == []
    assert client.query(f"{history} EXCEPT ALL {rows}").result_rows == []


def _batch(revision: int) -> list[RollupRow]:
    return [
        RollupRow("queue", {"queue": f"q{number}"}, START_MS, 60, revision,
                  {key_of("submitted"): revision * 10 + number})
        for number in range(200)
    ]  # fmt: skip


def _write_until_it_breaks(url: str, batches: list[list[RollupRow]]) -> None:
    sink = ClickHouseSink(url, "crashed")
    try:
        for batch in batches:
            sink.write("rollups", batch)
    except SinkUnavailable:
        return


def _count(client: Client, table: str) -> int:
    counted = client.query(f"SELECT count() FROM crashed.{table} FINAL").result_rows[0][0]
    assert isinstance(counted, int)
    return counted
