"""A person out of ClickHouse: keys that name them go, other rows stay without the name."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from sinks import forget_rows

ANNA, BO = "p_annaannaannaannaann", "p_bobobobobobobobobob"


@pytest.fixture(autouse=True)
def _rows(client: Client, migrated: str) -> Iterator[None]:
    """What Anna and Bo left."""
    tables = ("rollups", "items", "labels", "alert_log", "people_directory")
    for table in tables:
        client.command(f"TRUNCATE TABLE {migrated}.{table}")
    for who in (ANNA, BO):
        for insert in (
            f"rollups (grouping, org, annotator, pane_s) VALUES ('annotator', 'a', '{who}', 60)",
            f"items (item_id, annotator, reviewer) VALUES ('of {who[2:4]}', '{who}', '{BO}')",
            f"labels (item_id, annotator, label) VALUES ('1', '{who}', 'car')",
            f"people_directory (person, name) VALUES ('{who}', 'somebody')",
            (
                f"alert_log (fingerprint, id, labels) VALUES ('{who[:4]}', '1', "
                f"{{'annotator': '{who}'}})"
            ),
            f"alert_log (fingerprint, id) VALUES ('{who[:4]}', '2')",
        ):
            client.command(f"INSERT INTO {migrated}.{insert}")
    client.command(
        f"INSERT INTO {migrated}.alert_log (fingerprint, id, annotations, suppressed_by, sql) "
        f"VALUES ('q', '3', {{'why': '{ANNA}\\'s work'}}, ['{ANNA}', 'x'], 'of {ANNA} and {BO}')"
    )
    yield
    for table in tables:
        client.command(f"TRUNCATE TABLE {migrated}.{table}")


def rows(client: Client, question: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in client.query(question).result_rows]


def test_she_goes_and_everybody_else_stays(client: Client, migrated: str) -> None:
    forget_rows.forget(client, migrated, ANNA)
    assert [held for held in forget_rows.search(client, migrated, ANNA) if held.rows] == []
    for table, column in (("rollups", "annotator"), ("labels", "annotator")):
        assert rows(client, f"SELECT {column} FROM {migrated}.{table}") == [(BO,)]
    assert rows(client, f"SELECT person FROM {migrated}.people_directory") == [(BO,)]
    found = rows(client, f"SELECT annotator, reviewer FROM {migrated}.items ORDER BY 1")
    assert found == [("", BO), (BO, BO)]


def test_alerts_about_her_go_whole_and_others_lose_the_name(client: Client, migrated: str) -> None:
    forget_rows.forget(client, migrated, ANNA)
    table = f"{migrated}.alert_log"
    found = rows(client, f"SELECT fingerprint, id FROM {table} ORDER BY id, fingerprint")
    assert found == [(BO[:4], "1"), (BO[:4], "2"), ("q", "3")]
    (said,) = rows(
        client, f"SELECT annotations['why'], suppressed_by, sql FROM {table} WHERE id = '3'"
    )
    assert said == ("'s work", ["", "x"], f"of  and {BO}")


def test_again_it_changes_nothing(client: Client, migrated: str) -> None:
    forget_rows.forget(client, migrated, ANNA)
    question = f"SELECT count() FROM system.mutations WHERE database = '{migrated}'"
    before = rows(client, question)
    forget_rows.forget(client, migrated, ANNA)
    assert rows(client, question) == before


def test_every_table_that_holds_text_is_searched(client: Client, migrated: str) -> None:
    searched = {held.table for held in forget_rows.search(client, migrated, ANNA)}
    assert {"rollups", "items", "labels", "sla_ledger", "alert_log", "dim_targets"} <= searched
