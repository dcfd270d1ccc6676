"""A space with a notifier of its own on the real parts; receivers listen in the test."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams import settings
from tests.integration.main_job.conftest import environment, parts
from tests.integration.main_job.floor_processes import floor_space
from tests.integration.notify.notify_space import NotifySpace

__all__ = ["parts"]

OpenNotify = Callable[..., NotifySpace]


@pytest.fixture(scope="module")
def opened(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenNotify]:
    """``opened(**settings)`` sets a space up whose receivers the test writes."""
    with ExitStack() as stack:

        def open_space(**given: str) -> NotifySpace:
            folder: Path = tmp_path_factory.mktemp("notify")
            file = folder / "receivers.yaml"
            file.write_text("receivers: []\n")
            values = {
                "WATCHFLOOR_PEOPLE_KEY": secrets.token_hex(32),
                "WATCHFLOOR_HEALTH_PORT": "0",
                "WATCHFLOOR_ALERTS_PORT": "0",
                "WATCHFLOOR_NOTIFY_RECEIVERS": str(file),
                "WATCHFLOOR_NOTIFY_REPLAYS": "true",
            }
            stack.enter_context(environment(parts | values | given))
            found = settings.read(f"notify-{secrets.token_hex(4)}")
            floor = stack.enter_context(floor_space(found, folder, None))
            return NotifySpace(floor, file)

        yield open_space
