"""A steady stream of simulated events, in a process of its own.

``python -m tests.bench.load KAFKA SPACE PARTITIONS EVENTS_PER_S START_MS SECONDS``

The floor is as busy as the hour has it, scaled to the rate asked for. Its cells do everything at
the same moment, so each cell is shifted by its share of a second. With more than ``AHEAD_S_MAX``
seconds to send, batches are made while it sends; else before, so that they cost nothing then.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.partitioner import partition_of
from schemas.topics import Role, Topics
from streams.simulate.history import CELL_EVENTS_PER_S, Record, history
from tests.bench.ground import busyness

STEP_MS = 100
SPREAD_MS = 1_000
AHEAD_S_MAX = 120
BATCH_BYTES = 1024 * 1024
SEED = 7

#: What is sent together: when it is due, UTC ms, and records by topic and partition.
Step = tuple[int, dict[tuple[Role, int], list[tuple[bytes, bytes]]]]


def shifted(records: Iterable[Record], cells: int) -> Iterator[tuple[int, Record]]:
    """Each record with the moment it is due: copies of one event follow each other in a second."""
    at_ms = copy = 0
    for record in records:
        copy = (copy + 1) % cells if record.received_ms == at_ms else 0
        at_ms = record.received_ms
        yield at_ms + copy * SPREAD_MS // cells, record


def steps(partitions: int, per_s: float, start_ms: int, seconds: float) -> Iterator[Step]:
    """The load, in the order in which it is due."""
    end_ms = start_ms + int(seconds * 1000)
    wanted = per_s / busyness(start_ms, end_ms)
    cells = max(1, round(wanted / CELL_EVENTS_PER_S))
    waiting: dict[int, dict[tuple[Role, int], list[tuple[bytes, bytes]]]] = {}
    for due_ms, record in shifted(history(SEED, start_ms, end_ms, wanted), cells):
        for step in sorted(step for step in waiting if step < record.received_ms // STEP_MS):
            yield (step + 1) * STEP_MS, waiting.pop(step)
        at = (record.role, partition_of(record.key, partitions))
        here = waiting.setdefault(due_ms // STEP_MS, {})
        here.setdefault(at, []).append((record.key, record.value))
    for step in sorted(waiting):
        yield (step + 1) * STEP_MS, waiting[step]


Batches = tuple[int, list[tuple[str, int, Any]]]


def batched(kafka: AIOKafkaProducer, topics: Topics, log: Iterable[Step]) -> Iterator[Batches]:
    """Record batches, compressed already."""
    for due_ms, gathered in log:
        batches = []
        for (role, partition), records in gathered.items():
            batch = kafka.create_batch()
            for key, value in records:
                if batch.append(key=key, value=value, timestamp=due_ms) is None:
                    batches.append((topics.name(role), partition, batch))
                    batch = kafka.create_batch()
                    batch.append(key=key, value=value, timestamp=due_ms)
            batches.append((topics.name(role), partition, batch))
        for _, _, batch in batches:
            batch.close()
        yield due_ms, batches


async def main(kafka: str, space: str, partitions: int, log: Iterator[Step], ahead: bool) -> None:
    """Send every step when it is due."""
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, compression_type="lz4",
        max_batch_size=BATCH_BYTES, max_request_size=4 * BATCH_BYTES,
    ) as producer:  # fmt: skip
        made: Iterable[Batches] = batched(producer, Topics(space), log)
        for due_ms, batches in list(made) if ahead else made:
            await asyncio.sleep(due_ms / 1000 - time.time())
            for topic, partition, batch in batches:
                await producer.send_batch(batch, topic, partition=partition)


if __name__ == "__main__":
    partitions, per_s = int(sys.argv[3]), float(sys.argv[4])
    start_ms, seconds = int(sys.argv[5]), float(sys.argv[6])
    log = steps(partitions, per_s, start_ms, seconds)
    asyncio.run(main(sys.argv[1], sys.argv[2], partitions, log, seconds <= AHEAD_S_MAX))
