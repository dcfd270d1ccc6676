"""A steady load for long, with samples of memory."""

import time

from tests.bench.environments import say
from tests.bench.findings import Sample, Soak
from tests.bench.floors import CONSUMED, Watched, await_ready, resident_bytes, watched
from tests.bench.ground import Ground
from tests.bench.latency import loaded

SAMPLES = 30
SAMPLE_EVERY_S_MIN = 2.0


def run(ground: Ground, per_s: float, seconds: float) -> Soak:
    """Worker and both deliverers at so many events a second."""
    with ground.space() as space:
        processes = {"worker": watched(space.worker(0))}
        for sink in ("clickhouse", "redis"):
            processes[f"deliver-{sink}"] = watched(space.deliver(sink))
        await_ready(processes["worker"])
        say(f"soak: {per_s:,.0f} events/s for {seconds:,.0f} s")
        samples = []
        every_s = max(SAMPLE_EVERY_S_MIN, seconds / SAMPLES)
        with loaded(ground, space, per_s, seconds) as lasts_s:
            began_s = time.monotonic()
            while (at_s := time.monotonic() - began_s) < lasts_s:
                samples.append(_sample(processes, at_s))
                time.sleep(every_s)
        consumed = processes["worker"].total(CONSUMED)
        space.stop()
    return Soak(seconds=seconds, events_per_s=consumed / seconds, samples=samples)


def _sample(processes: dict[str, Watched], at_s: float) -> Sample:
    meters = processes["worker"].meters()
    lag = sum(meters.get("floor_lag_records", {}).values())
    items = sum(meters.get("floor_held_items", {}).values())
    panes = sum(meters.get("floor_held_panes", {}).values())
    resident = {name: resident_bytes(each.child.process.pid) for name, each in processes.items()}
    megabytes = resident["worker"] / 1e6
    say(f"soak: {at_s:4.0f} s, {megabytes:.0f} MB, {items:,.0f} items, {panes:,.0f} panes")
    return Sample(at_s, resident, int(items), int(lag), int(panes))
