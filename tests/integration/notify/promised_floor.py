"""A live floor with one short promise and one rule about it, for tests and for measuring."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schemas.alerts import Command
from schemas.partitioner import Partitioner
from schemas.topics import Topics
from streams.feed import Feed
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from tests.integration.main_job.arrivals import arrival

ENDS = [{"event": "item.completed"}]
STARTS = [{"event": "item.queued"}]
RULE = {
    "alert": "SlaBreach",
    "metric": "sla_breaches",
    "by": ["project", "queue"],
    "window": "15m",
    "op": ">",
    "value": 0,
    "labels": {"severity": "critical"},
    "annotations": {
        "summary": "{queue}: {value:.0f} breached",
        "runbook": "https://runbooks.example.org/breach",
    },
}


def files(folder: Path, target_s: int) -> dict[str, str]:
    """Settings that name the promise (done within ``target_s`` of being queued) and the rule."""
    version = {"version": 1, "start": STARTS, "stop": ENDS, "targets": [{"target": f"{target_s}s"}]}
    policy = {"id": "quick", "title": "Done at once", "versions": [version]}
    policies, rules, targets = (
        folder / f"{name}.yaml" for name in ("policies", "rules", "targets")
    )
    policies.write_text(yaml.safe_dump({"policies": [policy]}))
    rules.write_text(yaml.safe_dump({"rules": [RULE]}))
    targets.write_text("targets: []\n")
    return {
        "WATCHFLOOR_ALERTS_POLICIES": str(policies),
        "WATCHFLOOR_ALERTS_RULES": str(rules),
        "WATCHFLOOR_ALERTS_TARGETS": str(targets),
    }


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to the one item of a queue."""

    queue: str
    kind: str
    at_ms: int

    @property
    def event(self) -> dict[str, Any]:
        """As a platform tells it."""
        more: dict[str, Any] = {"reason": "new"}
        if self.kind == "item.completed":
            more = {"terminal_state": "kept"}
        return {
            "event_id": f"{self.queue}/{self.kind}/{self.at_ms}", "event_type": self.kind,
            "schema_version": "1.0", "occurred_at": self.at_ms, "received_at": self.at_ms,
            "source": "coop", "org_id": "north", "project_id": "chat",
            "item_id": f"job-{self.queue}", "queue_id": self.queue, **more,
        }  # fmt: skip


async def tell(settings: Settings, given: Iterable[Happening]) -> None:
    """Send what happened, with records of now."""
    servers, topics = settings.connections.kafka, Topics(settings.space.space)
    partitioner = Partitioner(settings.floor.partitioner)
    async with Feed(servers, topics, settings.floor.partitions, partitioner) as feed:
        now_ms = time.time_ns() // 1_000_000
        for each in given:
            record = arrival(each.event, now_ms)
            await feed.put(record.role, record.key, record.value, now_ms)
        await feed.flush()


def command(settings: Settings, given: Command, data: bytes) -> None:
    """Ask the floor for something past the API."""
    topic = Topics(settings.space.space).commands
    with Sender(settings.connections.kafka, 10) as sender:
        sender.send(
            [
                Outgoing(topic, partition, given.id.encode(), data)
                for partition in range(settings.floor.partitions)
            ]
        )


def alerts_in(body: bytes) -> list[tuple[str, str]]:
    """(queue, reason) of each alert that a webhook was told of."""
    found = json.loads(body)["alerts"]
    return [(each["labels"].get("queue", ""), each.get("reason", "")) for each in found]
