"""The real parts, and spaces that belong to one test."""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from schemas.topics import Topics
from streams import settings, setup
from streams.admin import Kafka
from streams.cli import main
from streams.settings import Settings
from streams.spaces import Names

PARTS = ("WATCHFLOOR_KAFKA", "WATCHFLOOR_CLICKHOUSE", "WATCHFLOOR_REDIS")
# Read here, because the fixtures take the variables away.
GIVEN = {name: os.environ[name] for name in PARTS if name in os.environ}
KEY = "00" * 31 + "07"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def parts(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where Kafka, ClickHouse and Redis are, by the names of their variables."""
    if len(GIVEN) == len(PARTS):
        return GIVEN
    endpoints = request.getfixturevalue("stack")
    return dict(zip(PARTS, (endpoints.kafka, endpoints.clickhouse, endpoints.redis), strict=True))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without a setting of ours, and no local stack in it."""
    for name in list(os.environ):
        if name.startswith("WATCHFLOOR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WATCHFLOOR_LOCAL_DIR", str(tmp_path))
    return monkeypatch


@pytest.fixture
def connected(bare: pytest.MonkeyPatch, parts: dict[str, str]) -> pytest.MonkeyPatch:
    """An environment that knows the real parts and has a people key."""
    for name, value in parts.items():
        bare.setenv(name, value)
    bare.setenv("WATCHFLOOR_PEOPLE_KEY", KEY)
    return bare


@pytest.fixture
def space(connected: pytest.MonkeyPatch, run: Run) -> Iterator[str]:
    """The name of a space that is not set up, and is dropped afterwards."""
    name = f"t{secrets.token_hex(5)}"
    yield name
    # What a test broke must not keep its space alive.
    for part in ("WATCHFLOOR_REDIS", "WATCHFLOOR_PARTITIONS", "WATCHFLOOR_PARTITIONER"):
        connected.delenv(part, raising=False)
    assert run("space", "drop", name, "--yes").code in (0, 1)


@pytest.fixture
def floor(space: str) -> Settings:
    """The settings of a space that has its topics, and no tables yet."""
    found = settings.read(space)
    setup.set_up_kafka(found, lambda _: None, None)
    return found


@pytest.fixture
def whole_floor(floor: Settings) -> Settings:
    """The settings of a space that has its topics and tables."""
    setup.migrate(floor.connections, Names(floor.space.space).database)
    return floor


@pytest.fixture
def topics(floor: Settings) -> Topics:
    """The topics of the space that is set up."""
    return Topics(floor.space.space)


@pytest.fixture
def names(floor: Settings) -> Names:
    """The other names of the space that is set up."""
    return Names(floor.space.space)


@pytest.fixture
def kafka(floor: Settings) -> Iterator[Kafka]:
    """A connection to the broker."""
    with Kafka(floor.connections.kafka, floor.connections.timeout_s) as found:
        yield found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Call the command line; logging is as before afterwards."""
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
