"""A worker at work on a space, watched from outside: its meters, its process, its group."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from resource import getpagesize

from schemas.topics import INPUT_ROLES, Role
from streams.admin import Place
from streams.spaces import Names
from tests.bench.findings import Flow
from tests.bench.rates import Moment
from tests.integration.main_job.floor_processes import Child, FloorSpace

LOOK_EVERY_S = 0.05
START_S_MAX = 300.0
CONSUMED = "floor_consumed_events_total"
DONE_S_MAX = 900.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Meters = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Watched:
    """A process of ours and where its meters are."""

    child: Child
    address: str

    def meters(self) -> Meters:
        """Every counter and gauge by name and tags."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=30) as answer:
            return parsed(answer.read().decode())

    def total(self, name: str) -> float:
        """A counter or gauge, summed over its tags."""
        return sum(self.meters().get(name, {}).values())

    def moment(self) -> Moment:
        """Wall clock and the CPU time of the process so far."""
        return Moment(time.perf_counter(), cpu_s(self.child.process.pid))


def parsed(text: str) -> Meters:
    """Prometheus' text, histograms included, as name to tags to value."""
    found: Meters = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name, _, tags = series.partition("{")
            found.setdefault(name, {})[tags.removesuffix("}")] = float(value)
    return found


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process, user and system."""
    # The name in brackets may hold anything, so count from its end.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * getpagesize()


def await_true(true: Callable[[], bool], what: str, s_max: float = DONE_S_MAX) -> None:
    """Return when it is; TimeoutError names what did not come."""
    until_s = time.monotonic() + s_max
    while not true():
        if time.monotonic() > until_s:
            raise TimeoutError(f"{what}: not in {s_max:.0f} s")
        time.sleep(LOOK_EVERY_S)


def watched(child: Child) -> Watched:
    """The child once its health page is open."""
    child.await_at_work()
    for line in child.output.read_bytes()[child.begins_at :].splitlines():
        said = json.loads(line) if line.startswith(b"{") else {}
        if "address" in said:
            return Watched(child, said["address"])
    raise ValueError(f"{child.output} names no health page")


def await_ready(worker: Watched) -> None:
    """Return when it has its partitions and their state."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{worker.address}/readyz", timeout=30):
                return True
        except OSError:
            assert worker.child.process.poll() is None, worker.child.output.read_text()
            return False

    await_true(ready, "a worker ready", START_S_MAX)


def places(space: FloorSpace, roles: Iterable[Role]) -> list[Place]:
    """The partitions of topics."""
    partitions = range(space.settings.floor.partitions)
    return [(space.topics.name(role), number) for role in roles for number in partitions]


def has_read(space: FloorSpace, group: str, ends: dict[Place, int]) -> bool:
    """Whether a group has committed all records before these offsets."""
    name = Names(space.name).group(group)
    committed = space.kafka.client.list_group_offsets([name])[name]
    found = {tuple(place): at.offset for place, at in committed.items()}
    return all(found.get(place, 0) >= end for place, end in ends.items() if end)


def ends(space: FloorSpace, roles: Iterable[Role]) -> dict[Place, int]:
    """Where topics end now."""
    return {place: span.end for place, span in space.kafka.spans(places(space, roles)).items()}


def await_read(space: FloorSpace, group: str, roles: Iterable[Role]) -> None:
    """Return when a group has committed all that lies in these topics now."""
    there = ends(space, roles)
    await_true(lambda: has_read(space, group, there), f"{group} to read {', '.join(roles)}")


def await_applied(worker: Watched, total: int) -> None:
    """Return when a worker has applied so many events."""
    await_true(lambda: worker.total(CONSUMED) >= total, "all events applied")


def drain(space: FloorSpace, worker: Watched, total: int, name: str) -> Flow:
    """Let a worker that has just started read what lies there; its rate from its first batch.

    What was applied before the clock started is left out. It stops when the offsets of stage 1,
    and then of the panes that stage 2 got from it, are committed: all is durable and published.
    """
    before = 0.0
    while not before:
        time.sleep(LOOK_EVERY_S)
        assert worker.child.process.poll() is None, worker.child.output.read_text()
        before = worker.total(CONSUMED)
    began = worker.moment()
    await_applied(worker, total)
    applied = worker.moment()
    await_read(space, "floor", INPUT_ROLES)
    await_read(space, "floor", [Role.PANES])
    done = worker.moment()
    events = total - int(before)
    if events < total / 2:
        raise ValueError(f"half of {total} events were applied at once: ask for more")
    return Flow(
        name,
        events,
        events / (done.wall_s - began.wall_s),
        events / (done.cpu_s - began.cpu_s),
        events / (applied.wall_s - began.wall_s),
    )
