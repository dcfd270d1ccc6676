"""Transitions, notices and commands in a real engine: each once, however often they come."""

import pytest
from clickhouse_connect.driver.client import Client

from schemas.alerts import Acknowledge, Close, Command, Matcher, Silence, Unacknowledge
from schemas.notices import Outcome, Told
from schemas.rows import AlertLogRow
from sinks import alert_log
from sinks.clickhouse import ClickHouseSink
from tests.notify.transitions import START_MS, evidence, labels, step


@pytest.fixture
def sink(clickhouse_url: str, database: str) -> ClickHouseSink:
    return ClickHouseSink(clickhouse_url, database)


def _told(outcome: Outcome, attempts: int) -> AlertLogRow:
    fingerprint = step("firing", 1).fingerprint
    told = Told("m-1", "ops", "firing", fingerprint, START_MS, 1, outcome, attempts, START_MS)
    return alert_log.of_told(told)


def _asked(client: Client, database: str, what: str, where: str) -> list[tuple[object, ...]]:
    question = f"SELECT {what} FROM {database}.alert_log FINAL WHERE {where}"
    return [tuple(row) for row in client.query(question).result_rows]


def test_a_transition_is_one_row_with_its_evidence(
    sink: ClickHouseSink, client: Client, database: str
) -> None:
    row = alert_log.of_transition(step("firing", 1, evidence=evidence()))
    for _ in range(2):
        assert sink.write("alert_log", [row, row]) == []
    (found,) = _asked(
        client, database, "state, value, n, item_ids, labels, ends_at", "kind = 'transition'"
    )
    assert found == ("firing", 1260.0, 41, ["case-1", "case-2"], labels(), None)


def test_of_a_notice_the_last_try_is_seen(
    sink: ClickHouseSink, client: Client, database: str
) -> None:
    for row in (_told("sent", 3), _told("pending", 1), _told("pending", 3)):
        sink.write("alert_log", [row])
    found = _asked(client, database, "receiver, outcome, attempts", "kind = 'notice'")
    assert found == [("ops", "sent", 3)]


def test_every_command_names_its_person(
    sink: ClickHouseSink, client: Client, database: str
) -> None:
    commands: list[Command] = [
        Acknowledge("a", "f1", "ada", START_MS, "mine"),
        Unacknowledge("u", "f1", "bob", START_MS),
        Close("c", "f1", START_MS, "noise", "cyd", START_MS),
        Silence("s", (Matcher("queue", "hate"),), START_MS, START_MS + 1, "dee", "known", START_MS),
    ]
    sink.write("alert_log", [alert_log.of_command(each) for each in commands * 2])
    found = _asked(client, database, "what, person, outcome", "kind = 'command' ORDER BY person")
    assert found == [
        ("acknowledge", "ada", ""),
        ("unacknowledge", "bob", ""),
        ("close", "cyd", "noise"),
        ("silence", "dee", ""),
    ]
