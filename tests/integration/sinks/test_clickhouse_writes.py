"""Rows into a real engine: restated in any order, through outages, beside poisonous ones."""

import threading
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import key_of
from schemas.rows import DeadLetterRow, ItemRow, LabelRow, RollupRow
from sinks.clickhouse import ClickHouseSink, connect
from sinks.errors import SinkUnavailable, SinkUnknown
from sinks.migrations import migrate
from tests.integration.sinks.engines import Engine

START_MS = 1_767_225_600_000
ARRIVED, HANDLE_BIN = key_of("arrived"), key_of("handle_hist") | 300


def _rollup(queue: str, revision: int = 1, arrived: int = 1, pane_s: int = 60) -> RollupRow:
    dims = {"org": "o", "source": "s", "project": "p", "queue": queue}
    tally = {ARRIVED: arrived, HANDLE_BIN: arrived}
    return RollupRow("queue", dims, START_MS, pane_s, revision, tally)


def _totals(client: Client, database: str, where: str = "1") -> tuple[int, int, int]:
    """Rows, arrivals and observations in the histogram."""
    row = client.query(
        f"SELECT count(), sum(arrived), arraySum(mapValues(sumMap(handle_hist))) "
        f"FROM {database}.rollups FINAL WHERE {where}"
    ).result_rows[0]
    return (row[0], row[1], row[2])


def test_the_last_revision_wins_in_whatever_order_rows_arrive(
    clickhouse_url: str, client: Client, database: str
) -> None:
    sink = ClickHouseSink(clickhouse_url, database)
    for seed in range(12):
        random = Random(seed)
        rows = [
            _rollup(f"any-{seed}-{queue}", revision, arrived=100 * revision + queue)
            for queue in range(5)
            for revision in (1, 2, 3, 2**40)
        ]
        rows += random.sample(rows, 8)
        random.shuffle(rows)
        for start in range(0, len(rows), 7):
            assert sink.write("rollups", rows[start : start + 7]) == []
        expected = sum(100 * 2**40 + queue for queue in range(5))
        assert _totals(client, database, f"startsWith(queue, 'any-{seed}-')") == (
            5,
            expected,
            expected,
        )


def test_a_minute_and_a_late_quarter_of_the_same_start_are_two_rows(
    clickhouse_url: str, client: Client, database: str
) -> None:
    sink = ClickHouseSink(clickhouse_url, database)
    sink.write("rollups", [_rollup("lengths", pane_s=60), _rollup("lengths", pane_s=900)])
    assert _totals(client, database, "queue = 'lengths'")[0] == 2


def test_a_count_that_went_to_zero_is_zero(
    clickhouse_url: str, client: Client, database: str
) -> None:
    sink = ClickHouseSink(clickhouse_url, database)
    sink.write("rollups", [_rollup("gone")])
    gone = RollupRow("queue", _rollup("gone").dims, START_MS, 60, 2, {})
    sink.write("rollups", [gone])
    assert _totals(client, database, "queue = 'gone'") == (1, 0, 0)


def test_unknown_times_are_null_and_known_ones_exact(
    clickhouse_url: str, client: Client, database: str
) -> None:
    row = ItemRow(
        "o", "s", "p", "i", 7, "waiting", labels=("x", "y"), attempt=2, created_ms=START_MS + 123
    )
    other = ItemRow("o", "s", "p", "j", 7, "waiting")
    assert ClickHouseSink(clickhouse_url, database).write("items", [row, other]) == []
    found = client.query(
        "SELECT item_id, toUnixTimestamp64Milli(created_at), completed_at, labels, attempt, "
        f"handle_ms FROM {database}.items FINAL ORDER BY item_id"
    ).result_rows
    assert found == [
        ("i", START_MS + 123, None, ["x", "y"], 2, None),
        ("j", None, None, [], None, None),
    ]


def test_labels_and_dead_letters_are_stored_once_however_often_they_come(
    clickhouse_url: str, client: Client, database: str
) -> None:
    sink = ClickHouseSink(clickhouse_url, database)
    label = LabelRow("o", "s", "p", "i", "u", "a", "cat", START_MS, "e1", "label.recorded", 1)
    letter = DeadLetterRow("ops.reviews", 1, 2**40, "not_json", START_MS)
    for _ in range(3):
        sink.write("labels", [label])
        sink.write("dead_letters", [letter])
    for table in ("labels", "dead_letters"):
        assert client.query(f"SELECT count() FROM {database}.{table} FINAL").result_rows == [(1,)]


POISON = {
    "a pane longer than the column": _rollup("bad", pane_s=70_000),
    "a pane without length, which the engine itself refuses": _rollup("bad", pane_s=0),
    "a count beyond 64 bits": _rollup("bad", arrived=2**70),
    "a negative revision": _rollup("bad", revision=-1),
    "a time before 1970": RollupRow("queue", {"queue": "bad"}, -60_000, 60, 1, {}),
    "half a character": RollupRow("queue", {"queue": "\ud800"}, START_MS, 60, 1, {}),
    "a measure we do not know": RollupRow("queue", {"queue": "bad"}, START_MS, 60, 1, {99: 1}),
    "a dimension we do not know": RollupRow("queue", {"colour": "red"}, START_MS, 60, 1, {}),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poisonous_row_comes_back_and_all_others_are_stored(
    clickhouse_url: str, client: Client, database: str, poison: RollupRow
) -> None:
    sink = ClickHouseSink(clickhouse_url, database)
    good = [_rollup(f"beside-{queue}", arrived=queue) for queue in range(30)]
    refused = sink.write("rollups", [*good[:11], poison, *good[11:]])
    assert [refusal.row for refusal in refused] == [poison]
    assert refused[0].reason
    assert _totals(client, database, "startsWith(queue, 'beside-')")[:2] == (30, sum(range(30)))
    assert _totals(client, database, "queue = 'bad' OR org = ''")[0] == 0


def test_nothing_is_refused_when_the_table_is_missing(clickhouse_url: str) -> None:
    with pytest.raises(SinkUnknown):
        ClickHouseSink(clickhouse_url, "ops_nowhere").write("rollups", [_rollup("q")])


def test_nobody_at_the_door_is_an_outage() -> None:
    with pytest.raises(SinkUnavailable):
        ClickHouseSink("http://127.0.0.1:9", "ops").write("rollups", [_rollup("q")])


def test_an_engine_killed_in_the_middle_of_inserts_loses_and_doubles_nothing(
    engine: Engine,
) -> None:
    migrate(connect(engine.url), "ops")
    sink = ClickHouseSink(engine.url, "ops")
    batches = [[_rollup(f"{batch}-{row}") for row in range(500)] for batch in range(40)]
    killer = threading.Timer(0.4, engine.kill)
    killer.start()
    outages = 0
    for batch in batches:
        while True:
            try:
                assert sink.write("rollups", batch) == []
                break
            except SinkUnavailable:
                outages += 1
                killer.join()
                engine.start()
    assert outages
    assert _totals(connect(engine.url), "ops") == (20_000, 20_000, 20_000)
