"""What every test may use: the real local stack, and the settings of property tests."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from deploy.local.endpoints import Endpoints
from deploy.local.stack import Stack

# In CI a failure must come from the change and not from the dice; elsewhere dice find more.
# Slow examples are the machine's fault there, and no finding.
hypothesis.settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Endpoints]:
    """Real Kafka, ClickHouse and Valkey for this session; gone afterwards."""
    parts = Stack(tmp_path_factory.mktemp("stack"))
    terminal = request.config.pluginmanager.getplugin("capturemanager")
    assert terminal is not None
    try:
        # Shown, for the first start ever downloads Kafka and would look hung.
        with terminal.global_and_fixture_disabled():
            endpoints = parts.up(quiet=False)
        yield endpoints
    finally:
        parts.reset()
