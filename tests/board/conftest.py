"""One simulated hour, and one real floor, for all tests of the board."""

import os
from collections.abc import Iterator

import pytest

from tests.board.sites import Site, made_site
from tests.board.stands import Ground, lay_out
from tests.integration.main_job.conftest import PARTS, environment

_GIVEN = {name: os.environ[name] for name in PARTS if name in os.environ}


@pytest.fixture(scope="session")
def parts(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where Kafka, ClickHouse and Redis are, by the names of their variables."""
    if len(_GIVEN) == len(PARTS):
        return _GIVEN
    found = request.getfixturevalue("stack")
    return dict(zip(PARTS, (found.kafka, found.clickhouse, found.redis), strict=True))


@pytest.fixture(scope="module")
def ground(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A space of this module with the hour in it."""
    folder = tmp_path_factory.mktemp("board")
    variables = parts | {
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_ALERTS_PRINCIPALS": str(folder / "principals.yaml"),
        "WATCHFLOOR_ALERTS_URL": "http://127.0.0.1:9",
        "WATCHFLOOR_BOARD_PORT": "0",
    }
    (folder / "principals.yaml").write_text("principals: []\n")
    with environment(variables):
        laid = lay_out(variables, folder)
        yield laid
        laid.redis.close()
        laid.feed.close()


@pytest.fixture(scope="session")
def site(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real floor with its board; every test leaves it well."""
    with made_site(parts, tmp_path_factory.mktemp("site")) as made:
        yield made
