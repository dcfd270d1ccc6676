"""The demo is run as those have it who installed a wheel."""

from pathlib import Path

import pytest

from tests.demo.wheels import installed


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the installed ``watchfloor``."""
    return installed(tmp_path_factory.mktemp("installed"))
