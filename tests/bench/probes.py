"""How long an event takes until people can see it: probes sent into a floor under load.

Each probe is an event of a queue of its own, so that the queue's first snapshot in Redis and its
first row in ClickHouse tell of this event. Looking costs up to ``LOOK_S`` of the answer.
"""

import asyncio
import math
import time
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaProducer
from clickhouse_connect.driver.client import Client
from redis.asyncio import Redis

from schemas.groupings import subject_key
from schemas.topics import Topics
from streams.spaces import Names

LOOK_S = {"redis": 0.01, "clickhouse": 0.1}
EVERY_S = 0.1
LOST_AFTER_S = 30.0
ORG, SOURCE, PROJECT = "probe", "custom", "delays"


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that at least this share of all do not exceed; None when there is none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None


@dataclass(slots=True)
class Probes:
    """Probes of one load; ``seen_s`` are seconds from sending to seeing, by sink and queue."""

    space: str
    name: str
    sent_s: dict[str, float] = field(default_factory=dict)
    seen_s: dict[str, dict[str, float]] = field(
        default_factory=lambda: {sink: {} for sink in LOOK_S}
    )
    sending: bool = True

    def saw(self, sink: str, queues: list[str]) -> None:
        """These queues can be read now."""
        now_s, seen = time.monotonic(), self.seen_s[sink]
        for queue in queues:
            if queue in self.sent_s and queue not in seen:
                seen[queue] = now_s - self.sent_s[queue]

    def missing(self, sink: str) -> list[str]:
        """What was sent and is not there."""
        return [queue for queue in self.sent_s if queue not in self.seen_s[sink]]

    async def run(self, kafka: str, redis: str, client: Client, seconds: float) -> None:
        """Send probes for so long, and look until all are there or lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send(kafka, seconds))
            tasks.create_task(self._look_at_redis(redis))
            tasks.create_task(self._look_at_clickhouse(client))

    async def _send(self, kafka: str, seconds: float) -> None:
        topic = Topics(self.space).annotations
        until_s = time.monotonic() + seconds
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            while time.monotonic() < until_s:
                queue = f"{self.name}-{len(self.sent_s)}"
                self.sent_s[queue] = time.monotonic()
                await producer.send(topic, _event(queue), key=queue.encode())
                await asyncio.sleep(EVERY_S)
        self.sending = False

    def _goes_on(self, sink: str) -> bool:
        if self.sending:
            return True
        waited_s = time.monotonic() - max(self.sent_s.values())
        return bool(self.missing(sink)) and waited_s < LOST_AFTER_S

    async def _look_at_redis(self, url: str) -> None:
        prefix = Names(self.space).redis_prefix
        async with Redis.from_url(url) as redis:
            while self._goes_on("redis"):
                queues = self.missing("redis")
                pipeline = redis.pipeline(transaction=False)
                for queue in queues:
                    subject = subject_key("queue", (ORG, SOURCE, PROJECT, queue))
                    pipeline.exists(f"{prefix}snapshot:{subject}")
                there = await pipeline.execute() if queues else []
                self.saw(
                    "redis", [q for q, is_there in zip(queues, there, strict=True) if is_there]
                )
                await asyncio.sleep(LOOK_S["redis"])

    async def _look_at_clickhouse(self, client: Client) -> None:
        question = (
            f"SELECT DISTINCT queue FROM {Names(self.space).database}.rollups "
            f"WHERE grouping = 'queue' AND org = '{ORG}'"
        )
        while self._goes_on("clickhouse"):
            rows = (await asyncio.to_thread(client.query, question)).result_rows
            self.saw("clickhouse", [str(queue) for (queue,) in rows])
            await asyncio.sleep(LOOK_S["clickhouse"])


def _event(queue: str) -> bytes:
    now_ms = int(time.time() * 1000)
    return orjson.dumps(
        {
            "event_id": f"probe/{queue}",
            "event_type": "item.queued",
            "schema_version": "1.0",
            "occurred_at": now_ms,
            "received_at": now_ms,
            "source": SOURCE,
            "org_id": ORG,
            "project_id": PROJECT,
            "item_id": queue,
            "queue_id": queue,
            "reason": "new",
        }
    )
