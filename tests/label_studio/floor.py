"""A local stack with gateway, worker and deliverer in a space of their own, and then none of it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from streams import settings
from tests.gateway.running_gateway import RunningGateway
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import Child, FloorSpace, floor_space
from tests.label_studio.client import LabelStudio
from tests.label_studio.server import free_port


@dataclass(slots=True)
class Floor:
    """Where Label Studio's webhooks go, with which secret, and what comes of them."""

    space: FloorSpace
    secret: str
    gateway: Child
    url: str

    @property
    def hook(self) -> str:
        """The address of Label Studio's webhooks."""
        return f"{self.url}/v1/hooks/label-studio"

    def stop_gateway(self) -> None:
        """Whatever is sent from now on is lost."""
        self.gateway.ask_to_stop()
        self.gateway.await_end()

    def start_gateway(self) -> None:
        """The same gateway again, with what it remembers."""
        self.gateway = self.space.start_again(self.gateway)
        _open(self.gateway, self.space)

    def reconcile(self, studio: LabelStudio) -> str:
        """What `watchfloor reconcile` says when it has looked at Label Studio."""
        given = {
            "LABEL_STUDIO": studio.address,
            "LABEL_STUDIO_AUTHORIZATION": f"Token {studio.token}",
            "GATEWAY": self.url,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in given.items():
                patch.setenv(f"WATCHFLOOR_RECONCILE_{name}", value)
            return self.space.run("reconcile", "label-studio", "--settled", "1ms")


@contextmanager
def floor(root: Path) -> Iterator[Floor]:
    """Starts everything below ``root``, whose stack is deleted at the end."""
    stack = Stack(root)
    with tempfile.TemporaryDirectory(prefix="watchfloor-") as folder:
        try:
            endpoints = stack.up(quiet=False)
            secret, port = secrets.token_hex(16), free_port()
            values = {f"WATCHFLOOR_{k.upper()}": v for k, v in endpoints.as_dict().items()}
            with environment(values | _values(Path(folder), secret, port)):
                found = settings.read(f"t{secrets.token_hex(5)}")
                with floor_space(found, Path(folder), None) as space:
                    gateway = _started(space)
                    yield Floor(space, secret, gateway, f"http://127.0.0.1:{port}")
        finally:
            stack.reset()


def _values(folder: Path, secret: str, port: int) -> dict[str, str]:
    return {
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_HEALTH_PORT": "0",
        "WATCHFLOOR_GATEWAY_PORT": str(port),
        "WATCHFLOOR_GATEWAY_MEMORY": str(folder / "gateway.sqlite"),
        "WATCHFLOOR_GATEWAY_LABEL_STUDIO_SECRET": secret,
    }


def _started(space: FloorSpace) -> Child:
    gateway = Child.start(("--space", space.name, "gateway"), space.folder / "gateway.log")
    space.children.append(gateway)
    for child in (space.worker(1), space.deliver("clickhouse"), space.deliver("redis")):
        child.await_at_work()
    _open(gateway, space)
    return gateway


def _open(gateway: Child, space: FloorSpace) -> None:
    RunningGateway(gateway, space.name, space.settings.connections.kafka).await_open()
