"""A broker of the gateway's tests alone, since some stop it, and gateways before it."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from deploy.local.stack import Stack
from tests.gateway.running_gateway import RunningGateway, running_gateway

OpenGateway = Callable[..., RunningGateway]


@pytest.fixture(scope="session")
def gateway_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of Kafka only."""
    stack = Stack(tmp_path_factory.mktemp("gateway-stack"))
    try:
        stack.up(("kafka",))
        yield stack
    finally:
        stack.reset()


@pytest.fixture(scope="module")
def open_gateway(
    gateway_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenGateway]:
    """``open_gateway(**settings)`` starts a gateway in a space of its own."""
    with ExitStack() as stack:

        def opened(**given: str) -> RunningGateway:
            folder = tmp_path_factory.mktemp("gateway")
            space = f"g{secrets.token_hex(4)}"
            kafka = gateway_stack.status()[0].address
            assert kafka is not None
            return stack.enter_context(running_gateway(folder, space, kafka, given))

        yield opened


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway) -> RunningGateway:
    """One that most tests of a module share."""
    return open_gateway()
