"""What tests do with a notifier: name receivers, send steps, read what it wrote down."""

import asyncio
import os
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from schemas.alerts import AlertTransition
from schemas.notices import Told, decode_record
from streams import records
from streams.sender import Outgoing, Sender
from tests.integration.main_job.floor_processes import Child, FloorSpace


@dataclass(slots=True)
class NotifySpace:
    """A space and the file of its receivers."""

    floor: FloorSpace
    file: Path

    def receivers(self, *given: dict[str, Any]) -> None:
        """Make these the receivers; a running notifier reads them again."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(yaml.safe_dump({"receivers": list(given)}))
        os.replace(fresh, self.file)

    def notifier(self) -> Child:
        """Start the notifier."""
        return self.floor.deliver("notify")

    def another_notifier(self) -> Child:
        """Start one that takes over when the first is gone."""
        arguments = ("--space", self.floor.name, "deliver", "--only", "notify", "--instance", "e")
        child = Child.start(arguments, self.file.with_name("another-notifier.log"))
        self.floor.children.append(child)
        return child

    async def again(self, child: Child) -> Child:
        """Start a notifier that was killed."""
        return await asyncio.to_thread(self.floor.start_again, child)

    async def say(self, *steps: AlertTransition) -> None:
        """Send steps as stage 2 does, and wait until the broker has them."""
        await asyncio.to_thread(self._send, steps)

    def _send(self, steps: Sequence[AlertTransition]) -> None:
        with Sender(self.floor.settings.connections.kafka, 10) as sender:
            sender.send(
                [
                    Outgoing(
                        self.floor.topics.alerts, 0,
                        f"{each.fingerprint}/{each.starts_at_ms}/{each.seq}".encode(),
                        msgspec.json.encode(each),
                    )
                    for each in steps
                ]
            )  # fmt: skip

    def alerts(self) -> list[AlertTransition]:
        """Every step on the topic, those of the notifier's own alerts included."""
        found = [decode_record(value) for value in self._values(self.floor.topics.alerts)]
        return [each for each in found if isinstance(each, AlertTransition)]

    def told(self) -> list[Told]:
        """All that the notifier wrote down of its notices."""
        values = self._values(self.floor.topics.notices)
        return [msgspec.json.decode(value, type=Told) for value in values]

    def outcomes(self) -> Counter[str]:
        """How many (notice, alert) pairs ended in which way, by their last record."""
        last = {(each.notice_id, each.fingerprint): each.outcome for each in self.told()}
        return Counter(last.values())

    def _values(self, topic: str) -> list[bytes]:
        kafka = self.floor.kafka
        spans = kafka.spans([(topic, 0)])
        return [each.value for each in records.read(kafka.servers, spans) if each.value]


def hook(name: str, url: str, **more: Any) -> dict[str, Any]:
    """A receiver that is told at once; ``more`` are keys as the file has them."""
    return {
        "name": name,
        "webhook": {"url": url},
        "internal": True,
        "group_by": ["queue"],
        "group_wait": "0s",
    } | more


def port_of(child: Child) -> int:
    """Where a notifier's API listens, once it does."""
    child.await_at_work()
    until_s = time.monotonic() + 60
    while True:
        for line in child.output.read_bytes()[child.begins_at :].splitlines():
            if b"alerts_api_opened" in line:
                return int(msgspec.json.decode(line)["port"])
        assert time.monotonic() < until_s, "the API did not open"
        time.sleep(0.1)


def program(name: str) -> str:
    """A program of Debian's, which these tests are about.

    ``.ci/run`` installs it, so there its absence fails; who only has Python is told and goes on.
    """
    found = shutil.which(name)
    if found is not None:
        return found
    missing = f"{name} is missing: apt-get install -y prometheus-alertmanager prometheus"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
