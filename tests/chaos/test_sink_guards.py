"""The versions in both stores are left out once, and the tests of the sinks go red."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import sinks.redis
from sinks import clickhouse, migrations
from sinks.redis import RedisSink
from sinks.rows import TARGETS, Batch
from tests.chaos.grounds import Grounds
from tests.integration.sinks import test_clickhouse_writes, test_redis_snapshots


@pytest.fixture
def database(harmed_grounds: Grounds) -> Iterator[str]:
    """A migrated database."""
    client = clickhouse.connect(harmed_grounds.direct["WATCHFLOOR_CLICKHOUSE"])
    name = f"ops_guard_{secrets.token_hex(4)}"
    migrations.migrate(client, name)
    yield name
    client.command(f"DROP DATABASE {name}")
    client.close()


def test_without_the_revision_in_clickhouse_an_older_row_wins(
    harmed_grounds: Grounds, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = TARGETS["rollups"]

    def unversioned(rows: Any) -> Batch:
        batch = target.batch(rows)
        at = batch.names.index("revision")
        columns = [*batch.columns]
        columns[at] = [1] * len(rows)
        return Batch(batch.names, batch.types, columns)

    monkeypatch.setitem(TARGETS, "rollups", replace(target, batch=unversioned))
    url = harmed_grounds.direct["WATCHFLOOR_CLICKHOUSE"]
    client = clickhouse.connect(url)
    with pytest.raises(AssertionError):
        test_clickhouse_writes.test_the_last_revision_wins_in_whatever_order_rows_arrive(
            url, client, database
        )
    client.close()


def test_without_the_revision_in_redis_an_older_snapshot_wins(
    harmed_grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = sinks.redis._STORE.replace("held <= revision", "true")
    assert careless != sinks.redis._STORE
    monkeypatch.setattr(sinks.redis, "_STORE", careless)
    url = harmed_grounds.direct["WATCHFLOOR_REDIS"]
    sink = RedisSink(url, f"ops:guard-{secrets.token_hex(4)}:")
    with pytest.raises(AssertionError):
        test_redis_snapshots.test_the_newest_revision_stays_in_any_order(sink)
    sink.close()
