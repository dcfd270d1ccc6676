"""A real broker, and workers that a test starts on it."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start, Worker


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The broker at WATCHFLOOR_KAFKA, else that of the test session's local stack."""
    address = os.environ.get("WATCHFLOOR_KAFKA") or request.getfixturevalue("stack").kafka
    opened = Broker(address)
    yield opened
    opened.close()


@pytest.fixture
def start(broker: Broker, tmp_path: Path) -> Iterator[Start]:
    """Start ``stock`` or ``ours`` with a scenario; all are killed when the test ends."""
    started: list[Worker] = []

    def start_one(
        program: str, scenario: str, env: dict[str, str] | None = None, **args: Any
    ) -> Worker:
        args.setdefault("group", f"trap-{uuid.uuid4().hex}")
        args |= {"kafka": broker.address, "out": str(tmp_path / f"{len(started)}.txt")}
        worker = Worker(program, scenario, args, env or {})
        started.append(worker)
        return worker

    yield start_one
    for worker in started:
        if worker.alive:
            worker.kill()
