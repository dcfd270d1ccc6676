"""Memory and recovery of a worker against the number of open items it holds."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from schemas.topics import Role
from tests.bench.environments import say
from tests.bench.findings import Held, Holding
from tests.bench.floors import await_ready, drain, resident_bytes, watched
from tests.bench.ground import Ground, Sent, send
from tests.bench.item_memory import bytes_per_item
from tests.bench.weights import weigh
from tests.integration.main_job.floor_processes import FloorSpace

CORE_ITEMS = 100_000
QUEUES = 20


def run(ground: Ground, sizes: Sequence[int]) -> Holding:
    """Let a worker take in so many open items, stop it, and start it again."""
    say(f"holding: {CORE_ITEMS:,} items in the core alone")
    # In a process of its own: what this one has freed before would be taken again.
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        core = alone.submit(bytes_per_item, CORE_ITEMS).result()
    with ground.space() as space:
        worker = watched(space.worker(0))
        await_ready(worker)
        idle = resident_bytes(worker.child.process.pid)
        space.stop()
    return Holding(
        core_bytes_per_item=core, idle_bytes=idle, held=[_held(ground, n) for n in sizes]
    )


def _held(ground: Ground, items: int) -> Held:
    with ground.space() as space:
        partitions = space.settings.floor.partitions
        say(f"holding: sending {items:,} items")
        send(ground.kafka, space.topics, partitions, _queued(items))
        drain(space, watched(space.worker(0)), items, "filling")
        space.stop()
        say(f"holding: recovering {items:,} items")
        return _recovered(ground, space, items)


def _recovered(ground: Ground, space: FloorSpace, items: int) -> Held:
    """Start the worker again: it reads its state from nothing."""
    logs = [space.topics.floor_changelog(stage) for stage in (1, 2)]
    log_records, log_bytes = weigh(ground.kafka, logs, space.settings.floor.partitions)
    began_s = time.perf_counter()
    worker = watched(space.start_again(space.children[-1]))
    await_ready(worker)
    ready_s = time.perf_counter() - began_s
    recovery_s = max(worker.meters()["floor_recovery_s"].values())
    resident = resident_bytes(worker.child.process.pid)
    space.stop()
    say(f"holding: {items:,} items: ready after {ready_s:.1f} s, recovery {recovery_s:.1f} s")
    return Held(items, log_records, log_bytes, recovery_s, ready_s, resident)


def _queued(items: int) -> Iterator[Sent]:
    """So many items that wait in queues, one event each."""
    now_ms = int(time.time() * 1000)
    text = (
        '{"event_id":"e%012d","event_type":"item.queued","schema_version":"1.0","occurred_at":%d,'
        '"received_at":%d,"source":"custom","org_id":"acme","project_id":"moderation",'
        '"item_id":"item-%012d","queue_id":"queue-%02d","reason":"new"}'
    )
    for number in range(items):
        at_ms = now_ms - (items - number) // 100
        value = text % (number, at_ms, at_ms, number, number % QUEUES)
        yield Role.ANNOTATIONS, b"item-%012d" % number, value.encode(), at_ms
