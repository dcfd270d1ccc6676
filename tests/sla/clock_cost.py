"""What a tick costs in CPU time when so many clocks are open and 20 fall due a second.

python -m tests.sla.clock_cost [CLOCKS ...]
"""

import statistics
import sys
import time
from collections.abc import Sequence

from schemas.policies import PolicyFile
from streams.core import moments
from streams.core.kept import Layout
from streams.core.moments import Moment
from streams.core.terms import make_book
from streams.core.watch import Watch
from streams.health import resident_bytes

T0 = 1_772_438_400_000
TARGET_MS = 3 * 86_400_000
DUE_PER_TICK = 20
TICKS = 50
POLICIES = {
    "policies": [
        {
            "id": "turnaround",
            "title": "Done within three days",
            "versions": [
                {
                    "version": 1,
                    "start": [{"event": ["item.created", "item.queued"]}],
                    "stop": [{"event": "item.completed"}],
                    "targets": [{"target": "72h"}],
                }
            ],
        }
    ]
}


def history(number: int) -> list[Moment]:
    """Item ``number``: its clock starts 50 ms after that of the one before."""
    t_ms = T0 + 1000 * number // DUE_PER_TICK
    return [
        Moment(
            t_ms=t_ms,
            code=moments.QUEUED,
            id=number,
            record_ms=t_ms,
            queue="images",
            team=None,
            site=None,
            actor=None,
            assignment=None,
            details=(),
            extras=(),
        )
    ]


def told_of(key: str) -> Sequence[Moment]:
    """The history behind a key."""
    return history(int(key.rpartition("-")[2]))


def open_clocks(count: int) -> Watch:
    """A watch over so many clocks that run and have been told of, flushed."""
    watch = Watch(make_book(PolicyFile.model_validate(POLICIES), Layout()))
    for number in range(count):
        watch.touch(f"acme\x1fcvat\x1fp\x1fitem-{number}", history(number)[0])
        if number % 10_000 == 9_999:
            watch.advance(T0 + TARGET_MS // 3, told_of, count)
            watch.take_dirty()
    watch.advance(T0 + TARGET_MS // 3, told_of, count)
    watch.take_dirty()
    return watch


def measure(count: int, ticks: int = TICKS) -> str:
    """One line of the table."""
    before = resident_bytes() or 0
    began_s = time.process_time()
    watch = open_clocks(count)
    started_us = (time.process_time() - began_s) * 1e6 / count
    held = ((resident_bytes() or 0) - before) / count
    costs_ms, told = [], 0
    now_ms = T0 + TARGET_MS * 4 // 5
    for tick in range(ticks):
        began_s = time.process_time()
        told += len(watch.advance(now_ms + 1000 * (tick + 1), told_of, 10_000))
        costs_ms.append((time.process_time() - began_s) * 1e3)
    idle_ms = []
    for _ in range(ticks):
        began_s = time.process_time()
        watch.advance(now_ms + 1000 * ticks, told_of, 10_000)
        idle_ms.append((time.process_time() - began_s) * 1e3)
    middle, most = statistics.median(costs_ms), max(costs_ms)
    return (
        f"| {count:>9,} | {told / ticks:>5.0f} | {middle:>7.2f} | {most:>7.2f} "
        f"| {statistics.median(idle_ms) * 1e3:>6.1f} | {started_us:>6.1f} | {held:>6.0f} |"
    )


def main() -> None:
    """Print the table."""
    counts = [int(each) for each in sys.argv[1:]] or [1_000, 100_000, 1_000_000]
    print("|    clocks |  told | p50, ms | max, ms | idle, us | start, us | B each |")
    print("|----------:|------:|--------:|--------:|---------:|----------:|-------:|")
    for count in counts:
        print(measure(count), flush=True)


if __name__ == "__main__":
    main()
