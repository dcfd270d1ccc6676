"""What is asked wrongly is refused, with the argument's name and what is accepted."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink
from tests.integration.sinks.floors import Floor
from tests.integration.sinks.questions import Asked

RANGE = {"from": "2026-01-01 00:00:00", "to": "2026-01-01 03:00:00"}
EVERY_GROUPING = "grouping: accepted are " + ", ".join(each.name for each in DEFAULT_GROUPINGS)
ANY_DAY = "YYYY-MM-DD hh:mm:ss"

WRONG = [
    ("throughput", {"grouping": "queues"}, EVERY_GROUPING),
    ("throughput", {"from": "2026-01-02 00:00:00"}, "from: must not be after to"),
    ("throughput", {"step_s": 90}, "step_s: accepted are 0"),
    ("throughput", {"step_s": -60}, "cannot be parsed as UInt32 for query parameter 'step_s'"),
    ("throughput", {"from": "soon"}, "query parameter 'from'"),
    ("metric_values", {"grouping": ""}, EVERY_GROUPING),
    ("metric_values", {"step_s": 1}, "step_s: accepted are 0"),
    ("backlog", {"to": "2025-01-02 00:00:00"}, "from: must not be after to"),
    ("backlog_now", {"grouping": "team"}, "grouping: accepted are all, org, project, queue"),
    ("promises_now", {"grouping": "site"}, "grouping: accepted are all, org, project, queue, team"),
    ("metric_values_now", {"grouping": "label"}, "grouping: accepted are all, org"),
    ("metric_values_at", {"metric": "speed"}, "metric: accepted are '' for all, and arrival_rate"),
    ("metric_values_at", {"grouping": "x'; --"}, EVERY_GROUPING),
    ("metric_values_at", {"from": "soon"}, f"from: accepted is {ANY_DAY}"),
    ("metric_values_at", {"to": ""}, f"to: accepted is {ANY_DAY}"),
    ("metric_values_at", {"to": "2025-01-02 00:00:00"}, "from: must not be after to"),
    ("metric_values_at", {"as_of": "monday"}, f"as_of: accepted are '' for now, and {ANY_DAY}"),
    ("metric_values_at", {"as_of": "2019-03-02"}, "as_of: what was told when is kept for 2 years"),
    ("metric_values_at", {"step_s": 61}, "step_s: accepted are 0"),
    ("metric_values_at", {"tz": "Mars/Phobos"}, "Cannot load time zone Mars/Phobos"),
    ("metric_values_at", {"filters": {"team": "red"}}, "filters: accepted are the dimensions"),
    ("metric_values_at", {"filters": {"1=1": "1"}}, "filters: accepted are the dimensions"),
    ("metric_restatements", {"as_of": ""}, f"as_of: accepted is {ANY_DAY}"),
    ("restatements", {"grouping": "queues"}, EVERY_GROUPING),
]


def _asked(view: str, given: Mapping[str, object]) -> Asked:
    return Asked(view, {**RANGE, **given})


@pytest.mark.parametrize(("view", "given", "said"), WRONG)
def test_an_error_names_the_argument_and_what_is_accepted(
    client: Client, database: str, view: str, given: dict[str, object], said: str
) -> None:
    asked = _asked(view, given)
    # There is nothing in this database: an empty answer would look right.
    with pytest.raises(DatabaseError) as refused:
        client.query(asked.sql(database))
    assert said in str(refused.value).replace("\\'", "'")


@pytest.mark.parametrize("value", ["'; DROP TABLE x; --", "\\", "a'b\"c", "}", "\n", "%s", "ü"])
def test_quotes_and_semicolons_in_a_filter_are_only_text(
    clickhouse_url: str, client: Client, database: str, value: str
) -> None:
    dims = {"org": "o", "source": "s", "project": "p", "queue": value}
    row = RollupRow("queue", dims, 1_767_225_600_000, 60, 1, {key_of("submitted"): 7})
    ClickHouseSink(clickhouse_url, database).write("rollups", [row])
    given: dict[str, object] = {"metric": "throughput", "filters": {"queue": value}}
    sql = _asked("metric_values_at", given).sql(database)
    assert [row[0] for row in client.query(f"SELECT queue FROM ({sql})").result_rows] == [value]


def test_every_column_of_every_view_says_what_it_is(client: Client, database: str) -> None:
    names = {
        name
        for (name,) in client.query(
            "SELECT name FROM system.tables WHERE database = {db:String} AND engine = 'View'",
            parameters={"db": database},
        ).result_rows
    }
    assert names >= {"metric_values", "metric_values_at", "metric_values_now", "restatements"}
    for name in sorted(names):
        call = _asked(name, {"as_of": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"}).source(
            client, database
        )
        described = [row[0] for row in client.query(f"DESCRIBE {call}").result_rows]
        told = client.query(
            f"SELECT column, comment, about FROM {database}.view_columns "
            "WHERE view = {it:String} ORDER BY position",
            parameters={"it": name},
        ).result_rows
        assert [row[0] for row in told] == described
        assert all(all(row) for row in told)


def test_filters_choose_subjects(client: Client, database: str, floor: Floor) -> None:
    given: dict[str, object] = {"grouping": "queue", "step_s": 3600}
    chosen = {"queue": "queue3", "org": "org3"}
    everything = _asked("metric_values_at", given).sql(database)
    filtered = _asked("metric_values_at", given | {"filters": chosen}).sql(database)
    wanted = client.query(
        f"SELECT * FROM ({everything}) WHERE queue = 'queue3' ORDER BY ALL"
    ).result_rows
    assert wanted
    assert client.query(f"SELECT * FROM ({filtered}) ORDER BY ALL").result_rows == wanted
