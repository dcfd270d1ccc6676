"""From an event to what people see of it, at parts of the rate that the floor was measured at."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.topics import INPUT_ROLES
from tests.bench.environments import say
from tests.bench.findings import Delay, Latency
from tests.bench.floors import CONSUMED, await_read, await_ready, watched
from tests.bench.ground import Ground
from tests.bench.probes import Probes, percentile
from tests.integration.main_job.floor_processes import FloorSpace

LOADS = (0.1, 0.4, 0.7)
#: Before the first probe of a load, and after the last.
MARGIN_S = 6.0
#: What it takes to make an event ahead, on a busy machine; and to start.
AHEAD_S_PER_EVENT = 60e-6
START_S = 6.0


@contextmanager
def loaded(ground: Ground, space: FloorSpace, per_s: float, seconds: float) -> Iterator[float]:
    """Send a load for so long; yields when it begins how long it will last."""
    start_s = time.time() + START_S + AHEAD_S_PER_EVENT * per_s * seconds
    partitions = space.settings.floor.partitions
    numbers = [partitions, per_s, int(start_s * 1000), seconds]
    sender = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load", ground.kafka, space.name, *map(str, numbers)]
    )
    try:
        time.sleep(max(0.0, start_s - time.time()))
        yield seconds
        sender.wait(seconds + 60)
    finally:
        sender.kill()
        sender.wait()


def run(ground: Ground, full_per_s: float, seconds: float) -> Latency:
    """Probe for so many seconds at each load; ``full_per_s`` is what the floor can do."""
    with ground.space() as space:
        worker = watched(space.worker(0))
        for sink in ("clickhouse", "redis"):
            watched(space.deliver(sink))
        await_ready(worker)
        delays = [
            delay for load in LOADS for delay in _probe(ground, space, load, full_per_s, seconds)
        ]
        space.stop()
    return Latency(full_per_s=full_per_s, delays=delays)


def _probe(
    ground: Ground, space: FloorSpace, load: float, full_per_s: float, seconds: float
) -> Iterator[Delay]:
    per_s = load * full_per_s
    say(f"latency: {load:.0%} load, {per_s:,.0f} events/s")
    probes = Probes(space.name, f"load{load:.0%}".replace("%", ""))
    connections = space.settings.connections
    before = _consumed(space)
    with loaded(ground, space, per_s, seconds + 2 * MARGIN_S) as lasts_s:
        time.sleep(MARGIN_S)
        asyncio.run(probes.run(ground.kafka, connections.redis, space.client, seconds))
    await_read(space, "floor", INPUT_ROLES)
    sent_per_s = (_consumed(space) - before) / lasts_s
    for sink, seen_s in probes.seen_s.items():
        p50, p99 = (percentile(list(seen_s.values()), share) for share in (0.5, 0.99))
        say(f"latency: {load:.0%} load, {sink}: p50 {p50}, p99 {p99} s")
        yield Delay(
            load=load,
            events_per_s=sent_per_s,
            sink=sink,
            n=len(probes.sent_s),
            lost=len(probes.missing(sink)),
            ms_p50=None if p50 is None else p50 * 1000,
            ms_p99=None if p99 is None else p99 * 1000,
        )


def _consumed(space: FloorSpace) -> float:
    worker = next(child for child in space.children if "worker" in child.arguments)
    return watched(worker).total(CONSUMED)
