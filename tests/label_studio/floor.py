"""A local stack with gateway, worker and deliverer in a space of their own, and then none of it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import Stack
from streams import settings
from tests.gateway.running_gateway import RunningGateway
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import Child, FloorSpace, floor_space

WORKERS = 1


@dataclass(frozen=True, slots=True)
class Floor:
    """Where Label Studio's webhooks go, with which secret, and what comes of them."""

    space: FloorSpace
    hook: str
    secret: str


@contextmanager
def floor(root: Path) -> Iterator[Floor]:
    """Starts everything below ``root``, whose stack is deleted at the end."""
    stack = Stack(root)
    with tempfile.TemporaryDirectory(prefix="watchfloor-") as folder:
        try:
            endpoints = stack.up(quiet=False)
            secret = secrets.token_hex(16)
            values = {f"WATCHFLOOR_{k.upper()}": v for k, v in endpoints.as_dict().items()}
            with environment(values | _values(Path(folder), secret)):
                found = settings.read(f"t{secrets.token_hex(5)}")
                with floor_space(found, Path(folder), None) as space:
                    yield Floor(space, _started(space), secret)
        finally:
            stack.reset()


def _values(folder: Path, secret: str) -> dict[str, str]:
    return {
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_HEALTH_PORT": "0",
        "WATCHFLOOR_GATEWAY_PORT": "0",
        "WATCHFLOOR_GATEWAY_LABEL_STUDIO_SECRET": secret,
    }


def _started(space: FloorSpace) -> str:
    arguments = ("--space", space.name, "gateway")
    gateway = Child.start(arguments, space.folder / "gateway.log")
    space.children.append(gateway)
    for child in (*map(space.worker, range(WORKERS)), space.deliver("clickhouse")):
        child.await_at_work()
    running = RunningGateway(gateway, space.name, space.settings.connections.kafka)
    running.await_open()
    return f"{running.url}/v1/hooks/label-studio"
