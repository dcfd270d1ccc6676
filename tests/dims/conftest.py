"""A real ClickHouse engine with the tables of one space, and the command line that knows it."""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from clickhouse_connect.driver.client import Client

from sinks.clickhouse import connect
from sinks.dimensions import ALL
from sinks.migrations import migrate
from streams.cli import main
from streams.spaces import Names
from tests.admin.conftest import Ran, Run
from tests.integration.sinks.engines import Engine


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an engine of our own answers."""
    engine = Engine(tmp_path_factory.mktemp("dims-clickhouse"))
    engine.start()
    yield engine.url
    engine.kill()


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[Client]:
    """A client for questions."""
    found = connect(url)
    yield found
    found.close()


@pytest.fixture(scope="session")
def migrated(client: Client) -> Iterator[str]:
    """The database of a space that is set up."""
    name = Names(f"d{secrets.token_hex(4)}").database
    migrate(client, name)
    yield name
    client.command(f"DROP DATABASE {name}")


@pytest.fixture
def database(client: Client, migrated: str) -> str:
    """The same with nothing loaded."""
    for table in [*(each.table for each in ALL.values()), "dim_loads"]:
        client.command(f"TRUNCATE TABLE {migrated}.{table}")
    return migrated


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    url: str,
    database: str,
) -> Iterator[Run]:
    """Call the command line in the space of the test."""
    monkeypatch.setenv("WATCHFLOOR_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("WATCHFLOOR_CLICKHOUSE", url)
    monkeypatch.setenv("WATCHFLOOR_SPACE", database.removeprefix("ops_"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), *printed)

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
