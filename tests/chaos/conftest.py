"""The proxied stack that all chaos tests of a session share."""

import gc
import time
import warnings
from collections.abc import Iterator

import pytest
from kafka.errors import KafkaError

from tests.chaos.grounds import Grounds, grounds
from tests.faust_traps.broker import Broker
from tests.faust_traps.conftest import start

_FRESH_S_MAX = 30.0
__all__ = ["broker", "harmed_grounds", "start"]


@pytest.fixture(scope="session")
def harmed_grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """A stack of its own, for its parts are killed and its ways are cut."""
    with grounds(tmp_path_factory.mktemp("grounds")) as found:
        _await_coordinator(found.direct["WATCHFLOOR_KAFKA"])
        yield found
    # kafka-python leaves sockets to a broker that was killed to the collector.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def broker(harmed_grounds: Grounds) -> Iterator[Broker]:
    """Its broker, unharmed, for workers of the traps."""
    opened = Broker(harmed_grounds.direct["WATCHFLOOR_KAFKA"])
    yield opened
    opened.close()


def _await_coordinator(servers: str) -> None:
    """A fresh broker makes its topic of offsets when it is first asked for one."""
    broker = Broker(servers)
    until_s = time.monotonic() + _FRESH_S_MAX
    while True:
        try:
            broker.committed("nobody", "nothing")
            break
        except KafkaError:
            assert time.monotonic() < until_s, "no coordinator"
            time.sleep(0.1)
    broker.close()
