"""The real parts and spaces of one test, as the other commands' tests have them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink, connect
from sinks.migrations import migrate
from streams import settings
from streams.setup import Accept
from tests.admin.conftest import bare, connected, parts, run
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import FloorSpace, floor_space

__all__ = ["bare", "connected", "parts", "run"]

#: 2026-03-02T08:00:00Z.
START_MS = 1_772_438_400_000
HOUR_MS = 3_600_000


@contextmanager
def a_space(parts: dict[str, str], folder: Path, accept: Accept | None) -> Iterator[FloorSpace]:
    """A space of its own with topics and tables; commands of this process look there."""
    name = f"t{secrets.token_hex(5)}"
    own = {
        "WATCHFLOOR_SPACE": name,
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
    }
    with environment(parts | own), floor_space(settings.read(name), folder, accept) as made:
        yield made


@pytest.fixture(scope="module")
def filled(parts: dict[str, str]) -> Iterator[tuple[str, Client]]:
    """A space's name and its database: rows of three queues, hours 0 to 5 without hour 3."""
    name = f"t{secrets.token_hex(5)}"
    url, database = parts["WATCHFLOOR_CLICKHOUSE"], f"ops_{name}"
    client = connect(url)
    migrate(client, database)
    client.database = database
    sink = ClickHouseSink(url, database)
    assert sink.write("rollups", list(_rows())) == []
    sink.close()
    yield name, client
    client.command(f"DROP DATABASE {database}")
    client.close()


@pytest.fixture
def client(connected: pytest.MonkeyPatch, filled: tuple[str, Client]) -> Client:
    """The same; commands look there."""
    connected.setenv("WATCHFLOOR_SPACE", filled[0])
    return filled[1]


def _rows() -> Iterator[RollupRow]:
    for hour in (0, 1, 2, 4, 5):
        for number, queue in enumerate(("faces", "it's", "text")):
            dims = {"org": "acme", "source": "cvat", "project": "p", "queue": queue}
            tally = {key_of("submitted"): 10 * number + hour + 1}
            tally |= {key_of("reviewed"): 20, key_of("first_reviewed"): 20}
            tally |= {key_of("first_passed"): 10 + hour, key_of("arrived"): 1}
            start_ms = START_MS + hour * HOUR_MS
            for grouping in ("queue", "project", "all"):
                kept = {"queue": 4, "project": 3, "all": 0}[grouping]
                named = dict(list(dims.items())[:kept])
                if grouping == "queue" or number == 2:
                    yield RollupRow(grouping, named, start_ms, 60, 1, tally)
