"""A real ClickHouse engine and a real Valkey: those that the environment names, else our own."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from clickhouse_connect.driver.client import Client
from redis import Redis
from redis.exceptions import ConnectionError

from deploy.local.valkey import find_server
from schemas.measures import MEASURES, Kind
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink, connect
from sinks.migrations import migrate
from tests.integration.sinks.engines import Engine, free_port, wait_for
from tests.integration.sinks.floors import START_MS, Floor


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a ClickHouse answers."""
    if named := os.environ.get("WATCHFLOOR_CLICKHOUSE"):
        yield named
        return
    engine = Engine(tmp_path_factory.mktemp("clickhouse"))
    engine.start()
    yield engine.url
    engine.kill()


@pytest.fixture(scope="session")
def client(clickhouse_url: str) -> Iterator[Client]:
    """A client for questions."""
    client = connect(clickhouse_url)
    yield client
    client.close()


@pytest.fixture(scope="module")
def database(client: Client) -> Iterator[str]:
    """A migrated database for one test file."""
    name = f"ops_test_{secrets.token_hex(4)}"
    migrate(client, name)
    yield name
    client.command(f"DROP DATABASE {name}")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine that a test may kill; started."""
    engine = Engine(tmp_path / "clickhouse")
    engine.start()
    yield engine
    engine.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Redis answers."""
    if named := os.environ.get("WATCHFLOOR_REDIS"):
        yield named
        return
    port = free_port()
    directory = str(tmp_path_factory.mktemp("redis"))
    process = subprocess.Popen(
        [find_server(), "--port", str(port), "--bind", "127.0.0.1", "--dir", directory],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    with Redis.from_url(url) as redis:
        wait_for(redis.ping, ConnectionError)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def floor(clickhouse_url: str, database: str) -> Floor:
    """Random counts for every default grouping, stored with stale revisions among them."""
    sink = ClickHouseSink(clickhouse_url, database)
    everything = {m.key: 1 for m in MEASURES if m.kind is Kind.COUNTER}
    # Outside the range that is asked for: it only says that every event type has come.
    sink.write("rollups", [RollupRow("all", {}, START_MS - 10**9, 60, 1, everything)])
    return Floor(sink, Random(3))
