"""The whole floor through real Kafka, beside the empty transport over the same topics.

One worker process reads a backlog of simulated events with all default groupings: alone, then
while its rows are delivered to ClickHouse and Redis, then under a sampling profiler.
"""

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from schemas.topics import INPUT_ROLES, Role
from tests.bench import environments
from tests.bench.environments import Unavailable, say
from tests.bench.findings import Flow, Pipeline, Volume
from tests.bench.floors import Watched, await_applied, await_read, drain, watched
from tests.bench.ground import FLOOR_EVENTS_PER_S, Ground, send, simulated
from tests.bench.rates import READ_SHARE, Rate
from tests.bench.weights import weigh
from tests.integration.main_job.floor_processes import FloorSpace

#: Of the events asked for, the part that is profiled.
PROFILED_SHARE = 0.4
SAMPLES_PER_S = 100
HOT_MAX = 5
ROWS = (Role.ROLLUPS, Role.ITEMS, Role.LABELS, Role.DEAD_LETTERS)
OUTPUT_ROLES = (Role.PANES, *ROWS, Role.SNAPSHOTS)


def run(ground: Ground, events: int) -> Pipeline:
    """Measure about so many events three times, and part of them under the profiler."""
    with ground.space() as space:
        total = fill(ground, space, events)
        empty = read_empty(ground, space, total)
        say(f"pipeline: empty transport: {empty.per_s:,.0f} events/s")
        worker = watched(space.worker(0))
        alone = drain(space, worker, total, "worker")
        say(f"pipeline: worker alone: {alone.per_s:,.0f} events/s")
        space.stop()
        volumes = _volumes(ground, space, total)
    delivering, delivered_per_s = with_delivery(ground, events)
    return Pipeline(
        events=total,
        floor_events_per_s=FLOOR_EVENTS_PER_S,
        empty_per_s=empty.per_s,
        empty_per_cpu_s=empty.per_cpu_s,
        worker=alone,
        delivering=delivering,
        delivered_per_s=delivered_per_s,
        volumes=volumes,
        hot=profile(ground, int(events * PROFILED_SHARE)),
    )


def fill(ground: Ground, space: FloorSpace, events: int) -> int:
    """Send a simulated backlog; how many events it has."""
    say(f"{space.name}: sending {events:,} simulated events")
    partitions = space.settings.floor.partitions
    return send(ground.kafka, space.topics, partitions, simulated(events))


def read_empty(ground: Ground, space: FloorSpace, total: int) -> Rate:
    """The batched transport with an empty body over the inputs of a space."""
    read = str(int(total * READ_SHARE))
    module = [sys.executable, "-m", "tests.bench.peers.ours", "empty", ground.kafka, read]
    return ground.read("empty", [*module, *(space.topics.name(role) for role in INPUT_ROLES)])


def with_delivery(ground: Ground, events: int) -> tuple[Flow, float]:
    """The worker's flow while both sinks are served; events a second until all rows are stored."""
    with ground.space() as space:
        total = fill(ground, space, events)
        for sink in ("clickhouse", "redis"):
            watched(space.deliver(sink))
        worker = watched(space.worker(0))
        began_s = time.perf_counter()
        flow = drain(space, worker, total, "worker, rows delivered")
        await_read(space, "deliver-clickhouse", ROWS)
        per_s = total / (time.perf_counter() - began_s)
        say(f"pipeline: with delivery: {flow.per_s:,.0f} events/s, stored {per_s:,.0f}")
        space.stop()
    return flow, per_s


def _volumes(ground: Ground, space: FloorSpace, total: int) -> list[Volume]:
    """Per event what came in, what went out, and both changelogs."""
    topics = space.topics
    inputs = [topics.name(role) for role in INPUT_ROLES]
    outputs = [topics.name(role) for role in OUTPUT_ROLES]
    logs = [topics.floor_changelog(1), topics.floor_changelog(2)]
    groups = {"events in": inputs} | {name: [name] for name in (*outputs, *logs)}
    found = []
    for label, names in groups.items():
        records, size = weigh(ground.kafka, names, space.settings.floor.partitions)
        stored = sum(ground.bytes_on_disk(name) for name in names)
        short = label.removeprefix(topics.prefix)
        found.append(Volume(short, records / total, size / total, stored / total))
    return found


def profile(ground: Ground, events: int) -> list[str]:
    """The functions that take most of a worker's own time, with their shares."""
    try:
        python = environments.python_of("py-spy", ground.home)
    except Unavailable as error:
        return [f"no profile: {error}"]
    with ground.space() as space:
        total = fill(ground, space, events)
        worker = watched(space.worker(0))
        stacks = ground.logs / f"{space.name}.stacks"
        sampler = _sample(python.parent / "py-spy", worker, stacks)
        await_applied(worker, total)
        space.stop()
        said = sampler.communicate()[1].decode(errors="replace").strip()
    if not stacks.is_file():
        return [f"no profile: {said.splitlines()[-1] if said else 'py-spy wrote none'}"]
    return hottest(stacks.read_text())


def _sample(py_spy: Path, worker: Watched, stacks: Path) -> subprocess.Popen[bytes]:
    """Sample a process until it ends."""
    options = ["--gil", "--format", "raw", "--rate", str(SAMPLES_PER_S), "--output", str(stacks)]
    command = [str(py_spy), "record", "--pid", str(worker.child.process.pid), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def hottest(stacks: str) -> list[str]:
    """The functions with most samples of their own in folded stacks, as ``12.3 % name (file)``."""
    own: Counter[str] = Counter()
    for line in stacks.splitlines():
        frames, _, n = line.rpartition(" ")
        if not frames:
            continue
        own[re.sub(r":\d+\)$", ")", frames.rpartition(";")[2])] += int(n)
    samples = sum(own.values())
    return [f"{n / samples:.1%} {name}" for name, n in own.most_common(HOT_MAX)]
