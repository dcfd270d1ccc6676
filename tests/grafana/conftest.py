"""The rows of a small simulated floor in a real engine, as ``deliver`` would have stored them."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from schemas.topics import Role
from sinks.clickhouse import ClickHouseSink
from streams.core.engine import Engine
from streams.core.kept import Layout
from streams.core.plan import HOUR_MS, Plan
from streams.core.terms import make_book
from streams.policy_files import POLICIES_FILE, read_policies
from tests.analysts.offline_floor import SPAN_MS, START_MS, played
from tests.integration.sinks.conftest import clickhouse_url, client, database

__all__ = ["clickhouse_url", "client", "database"]

#: Long enough for clocks to run out on what nobody finished.
WAIT_H = 30


def _write(sink: ClickHouseSink, engine: Engine) -> None:
    found = engine.found
    assert sink.write("rollups", list(found.rollups.values())) == []
    assert sink.write("items", list(found.items.values())) == []
    assert sink.write("sla_ledger", list(found.sla.values())) == []
    dead = [letter.to_row() for letter in found.dead]
    assert sink.write("dead_letters", dead) == []


@pytest.fixture(scope="module")
def filled(client: Client, clickhouse_url: str, database: str) -> Iterator[Client]:
    """A client whose database has the floor's rows."""
    plan = Plan()
    book = make_book(read_policies(POLICIES_FILE), Layout(plan.extra_dims))
    sink = ClickHouseSink(clickhouse_url, database)
    engine = played(plan, book)
    engine.put(Role.ANNOTATIONS, b"nothing", b"{", START_MS)
    engine.tick(START_MS + SPAN_MS + WAIT_H * HOUR_MS)
    engine.flush()
    _write(sink, engine)
    sink.close()
    before, client.database = client.database, database
    yield client
    client.database = before
