"""A broker for the tests of this folder, and spaces on it."""

import secrets
from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from streams import settings, setup
from tests.integration.main_job.conftest import environment


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Kafka."""
    stack = Stack(tmp_path_factory.mktemp("mapping-stack"))
    try:
        stack.up(("kafka",))
        address = stack.status()[0].address
        assert address is not None
        yield address
    finally:
        stack.reset()


@pytest.fixture
def space(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A space with its topics; settings of this process and its children are those of it."""
    name = f"m{secrets.token_hex(4)}"
    own = {
        "WATCHFLOOR_KAFKA": broker,
        "WATCHFLOOR_LOCAL_DIR": str(tmp_path_factory.mktemp("mapping")),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_HEALTH_PORT": "0",
    }
    with environment(own):
        setup.set_up_kafka(settings.read(name), lambda _text: None, None)
        yield name
