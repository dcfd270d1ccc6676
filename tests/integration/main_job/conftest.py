"""Spaces of one test module each, on the real parts."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from streams import settings, setup
from tests.integration.main_job.floor_processes import FloorSpace, floor_space

PARTS = ("WATCHFLOOR_KAFKA", "WATCHFLOOR_CLICKHOUSE", "WATCHFLOOR_REDIS")
GIVEN = {name: os.environ[name] for name in PARTS if name in os.environ}
OPEN_SPACE = Callable[..., FloorSpace]


@pytest.fixture(scope="session")
def parts(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where Kafka, ClickHouse and Redis are, by the names of their variables."""
    if len(GIVEN) == len(PARTS):
        return GIVEN
    found = request.getfixturevalue("stack")
    return dict(zip(PARTS, (found.kafka, found.clickhouse, found.redis), strict=True))


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Settings of ours are these and no others, for this process and its children."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("WATCHFLOOR_"):
                patch.delenv(name)
        for name, value in values.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def opened(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OPEN_SPACE]:
    """``opened(accept, **settings)`` sets a space up that lives as long as the module."""
    with ExitStack() as stack:

        def open_space(accept: setup.Accept | None, **given: str) -> FloorSpace:
            folder = tmp_path_factory.mktemp("space")
            stack.enter_context(environment(_environment(parts, folder, given)))
            found = settings.read(f"t{secrets.token_hex(5)}")
            opening: AbstractContextManager[FloorSpace] = floor_space(found, folder, accept)
            return stack.enter_context(opening)

        yield open_space


def _environment(parts: dict[str, str], folder: Path, given: dict[str, str]) -> dict[str, str]:
    own = {
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_HEALTH_PORT": "0",
        "WATCHFLOOR_ALERTS_POLICIES": str(Path(__file__).with_name("no_policies.yaml")),
    }
    return parts | own | given
