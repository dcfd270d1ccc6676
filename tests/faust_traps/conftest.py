"""A real broker, topics on it, and workers as processes of their own."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
POLL_S = 0.05


class Broker:
    """Topics, records and committed offsets of the real broker."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._admin = KafkaAdminClient(bootstrap_servers=address)
        self._producer = KafkaProducer(bootstrap_servers=address)
        self._reader = KafkaConsumer(bootstrap_servers=address)
        self._topics: list[str] = []

    def topic(self, name: str = "", partitions: int = 1, **config: str) -> str:
        """Create a topic; underscores in the names of the settings stand for dots."""
        name = name or f"trap-{uuid.uuid4().hex}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        self._admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        self._topics.append(name)
        return name

    def configure(self, topic: str, **config: str) -> None:
        settings = {key.replace("_", "."): value for key, value in config.items()}
        self._admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])

    def send(self, topic: str, values: Sequence[bytes], partition: int = 0) -> None:
        """Write the values and wait until they are stored."""
        for value in values:
            self._producer.send(topic, value, key=b"k", partition=partition)
        self._producer.flush()

    def committed(self, group: str, topic: str, partition: int = 0) -> int | None:
        """The group's committed offset, None when there is none."""
        tp = TopicPartition(topic, partition)
        found = self._admin.list_group_offsets(group)
        offset = found.get(group, found).get(tp)
        return None if offset is None or offset.offset < 0 else int(offset.offset)

    def end(self, topic: str, partition: int = 0) -> int:
        tp = TopicPartition(topic, partition)
        return int(self._reader.end_offsets([tp])[tp])

    def close(self) -> None:
        self._admin.delete_topics(self._topics)
        self._reader.close()
        self._producer.close()
        self._admin.close()


class Worker:
    """A worker process; each line it prints is a JSON object of what it saw."""

    def __init__(self, program: str, scenario: str, args: dict[str, Any], env: dict[str, str]):
        self.group = args["group"]
        self._out = Path(args.pop("out"))
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with self._out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / f"{program}.py"), scenario, json.dumps(args)],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self._out.parent,  # Stock Faust makes a directory where it runs.
                env={**os.environ, "PYTHONPATH": paths, **env},
            )

    @property
    def directory(self) -> Path:
        """Where it runs; holds the output of every worker of the test."""
        return self._out.parent

    @property
    def text(self) -> str:
        return self._out.read_text()

    def saw(self, name: str) -> list[Any]:
        """Every value printed under the name so far."""
        lines = (line for line in self.text.splitlines() if line.startswith("{"))
        return [line[name] for line in map(json.loads, lines) if name in line]

    def wait(self, found: Callable[[], Any], seconds: float = 20.0) -> Any:
        """What ``found`` returns as soon as it is true; fails with the output after a while."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, f"waited {seconds} s:\n{self.text[-4000:]}"
            time.sleep(POLL_S)
        return value

    def wait_for(self, name: str, count: int = 1, seconds: float = 20.0) -> list[Any]:
        """The values printed under the name, once there are that many."""
        self.wait(lambda: len(self.saw(name)) >= count, seconds)
        return self.saw(name)

    def exit_code(self, seconds: float = 20.0) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.text[-4000:]}")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The broker at WATCHFLOOR_KAFKA, else that of the test session's local stack."""
    address = os.environ.get("WATCHFLOOR_KAFKA") or request.getfixturevalue("stack").kafka
    opened = Broker(address)
    yield opened
    opened.close()


Start = Callable[..., Worker]


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
