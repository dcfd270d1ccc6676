"""Golden answers label by label: those of the events, and together ``golden_accuracy``."""

from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas import statistics
from schemas.rows import ItemRow
from sinks.clickhouse import ClickHouseSink
from sinks.ddl import quoted
from sinks.forget_rows import forget
from streams.core.plan import MINUTE_MS
from streams.simulate.history import encoded
from tests.integration.sinks.golden_floor import (
    FROM_MS,
    LABELS,
    TO_MS,
    Arrived,
    counted,
    new_engine,
    sent,
)

PLACE = ("org", "source", "project", "queue")


@pytest.fixture(scope="module")
def events() -> Arrived:
    """All events of the floor."""
    return sent()


@pytest.fixture(scope="module", autouse=True)
def stored(clickhouse_url: str, database: str, events: Arrived) -> None:
    """What a floor said that has taken in all of them, and what it said on the way."""
    engine, sink, record_ms = new_engine(), ClickHouseSink(clickhouse_url, database), 0
    for number, (event, record_ms) in enumerate(events):
        record = encoded(event)
        engine.put(record.role, record.key, record.value, record_ms)
        if number % (len(events) // 3) == 0:
            engine.tick(record_ms)
            engine.flush()
            assert sink.write("items", list(engine.found.items.values())) == []
    engine.flush()
    engine.tick(record_ms + MINUTE_MS)
    engine.flush()
    assert sink.write("rollups", list(engine.found.rollups.values())) == []
    assert sink.write("items", list(engine.found.items.values())) == []


def _text(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _asked(view: str, grouping: str, filters: str = "map()") -> str:
    return (
        f"{view}(grouping='{grouping}', `from`='{_text(FROM_MS)}', `to`='{_text(TO_MS)}', "
        f"filters={filters})"
    )


def test_the_pairs_are_those_of_the_events(client: Client, database: str, events: Arrived) -> None:
    names = ", ".join(PLACE)
    rows = client.query(
        f"SELECT {names}, expected, given, n, correct, is_known "
        f"FROM {database}.{_asked('golden_confusion', 'queue')}"
    ).result_rows
    assert {row[-1] for row in rows} == {1}
    wanted = counted(events)
    assert {tuple(row[:6]): (row[6], row[7]) for row in rows} == wanted
    known = sum(n for (*_, label), (n, _) in wanted.items() if label is not None)
    assert known > 0.6 * sum(n for n, _ in wanted.values()) > 100


@pytest.mark.parametrize("grouping", ["all", "project", "queue", "team", "site"])
def test_the_rows_add_up_to_the_metric(client: Client, database: str, grouping: str) -> None:
    # Items know their project whatever they are grouped by.
    place = [*PLACE, "team", "site"] if grouping in ("project", "queue") else ["queue", "team"]
    names = ", ".join(place)
    wanted = client.query(
        f"SELECT {names}, value, n FROM {database}.metric_values(grouping='{grouping}', "
        f"`from`='{_text(FROM_MS)}', `to`='{_text(TO_MS)}', step_s=0) "
        "WHERE metric = 'golden_accuracy' AND n > 0"
    ).result_rows
    assert sum(row[-1] for row in wanted) > 100
    for view in ("golden_confusion", "golden_items"):
        found = client.query(
            f"SELECT {names}, sum(correct) / sum(n), sum(n) "
            f"FROM {database}.{_asked(view, grouping)} GROUP BY {names}"
        ).result_rows
        assert set(found) == set(wanted)
        assert len(found) == len(wanted)


def test_shares_of_a_label_are_its_recall(client: Client, database: str) -> None:
    rows = list(
        client.query(
            f"SELECT * FROM {database}.{_asked('golden_confusion', 'all')}"
        ).named_results()
    )
    assert {row["expected"] for row in rows} == {*LABELS, None}
    for row in rows:
        if row["expected"] is None:
            names = ("given", "share", "share_low", "share_high", "expected_n")
            assert {row[name] for name in names} == {None}
            continue
        n, of = row["n"], sum(it["n"] for it in rows if it["expected"] == row["expected"])
        ends = (statistics.wilson_low(n, of), statistics.wilson_high(n, of))
        assert (row["expected_n"], row["share"]) == (of, n / of)
        assert (row["share_low"], row["share_high"]) == ends


def test_the_items_behind_a_pair_are_listed(client: Client, database: str) -> None:
    pair = "WHERE expected = 'cat' AND given = 'dog'"
    ((items, n),) = client.query(
        f"SELECT items, n FROM {database}.{_asked('golden_confusion', 'all')} {pair}"
    ).result_rows
    found = client.query(
        f"SELECT item_id, sum(n) FROM {database}.{_asked('golden_items', 'all')} {pair} "
        "GROUP BY item_id"
    ).result_rows
    assert (len(found), sum(row[1] for row in found)) == (items, n)
    assert items > 1


def test_filters_leave_one_place_and_nothing_in_them_is_sql(client: Client, database: str) -> None:
    query = f"SELECT DISTINCT queue FROM {database}."
    ((queue, *_), *others) = client.query(query + _asked("golden_items", "queue")).result_rows
    assert others
    odd = quoted("'; DROP TABLE items; --")
    for view in ("golden_items", "golden_confusion"):
        asked = query + _asked(view, "queue", f"map('queue', '{queue}')")
        assert client.query(asked).result_rows == [(queue,)]
        nobody = _asked(view, "queue", f"map('queue', {odd})")
        assert client.query(query + nobody).result_rows == []


def test_who_is_forgotten_changes_no_number(client: Client, database: str) -> None:
    query = f"SELECT * FROM {database}.{_asked('golden_confusion', 'queue')} ORDER BY ALL"
    before = client.query(query).result_rows
    people = f"SELECT annotator FROM {database}.items WHERE annotator != '' LIMIT 1"
    ((person,),) = client.query(people).result_rows
    forget(client, database, person)
    assert client.query(people).result_rows != [(person,)]
    assert client.query(query).result_rows == before


def test_items_of_which_that_is_unknown_are_told_so_and_no_zero(
    client: Client, clickhouse_url: str, database: str
) -> None:
    old = ItemRow("acme", "cvat", "old", "o1", 1, "closed", completed_ms=FROM_MS + 1, created_ms=1)
    assert ClickHouseSink(clickhouse_url, database).write("items", [old]) == []
    rows = client.query(
        f"SELECT expected, given, n, correct, expected_n, share, items "
        f"FROM {database}.{_asked('golden_confusion', 'all')} WHERE NOT is_known"
    ).result_rows
    listed = client.query(
        f"SELECT item_id, n FROM {database}.{_asked('golden_items', 'all')} WHERE NOT is_known"
    ).result_rows
    client.command(f"DELETE FROM {database}.items WHERE project = 'old'")
    assert rows == [(None, None, None, None, None, None, 1)]
    assert listed == [("o1", None)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("golden_confusion", "annotator"), "grouping: accepted are"),
        (("golden_confusion", "label"), "grouping: accepted are"),
        (("golden_items", "queue", "map('team', 't')"), "filters: accepted are"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(
    client: Client, database: str, asked: tuple[str, ...], told: str
) -> None:
    with pytest.raises(DatabaseError, match=told):
        client.query(f"SELECT * FROM {database}.{_asked(*asked)}")
