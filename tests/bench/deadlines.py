"""From an SLA deadline to the webhook that tells of the breach, through the real floor.

python -m tests.bench.deadlines                  60 clocks, on a stack that it starts itself
python -m tests.bench.deadlines --clocks 200

Each clock is that of one item in a queue of its own, so each breach is an alert of its own; their
deadlines lie a quarter of a second apart. The receiver is told at once (``group_wait: 0s``). Event
time and the receiver's clock are the same machine's.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.bench.environments import say
from tests.bench.ground import Ground, ground
from tests.bench.probes import percentile
from tests.integration.main_job.floor_processes import FloorSpace
from tests.integration.notify.notify_space import hook, port_of
from tests.integration.notify.promised_floor import Happening, alerts_in, files, tell
from tests.notify.listeners import Heard, listening

#: Long enough that all events are in before the first deadline, on a busy machine.
TARGET_S = 20
APART_MS = 250
WAIT_S = 120.0


def told_ms(heard: list[Heard], due_ms: dict[str, int]) -> dict[str, int]:
    """When each queue that is due was first told of (UTC ms)."""
    found: dict[str, int] = {}
    for each in heard:
        for queue, why in alerts_in(each.body):
            if why == "firing" and queue in due_ms:
                found.setdefault(queue, each.at_ms)
    return found


@contextmanager
def promised(on: Ground) -> Iterator[tuple[FloorSpace, Path]]:
    """A space with one short promise, its worker and its notifier's file of receivers."""
    folder = on.logs / f"promise-{time.monotonic_ns()}"
    folder.mkdir()
    receivers = folder / "receivers.yaml"
    receivers.write_text("receivers: []\n")
    given = {name.removeprefix("WATCHFLOOR_"): at for name, at in files(folder, TARGET_S).items()}
    given |= {"NOTIFY_RECEIVERS": str(receivers), "NOTIFY_REPLAYS": "true", "ALERTS_PORT": "0"}
    with on.space(**given) as space:
        space.worker(0).await_at_work()
        space.deliver("clickhouse").await_at_work()
        yield space, receivers


async def measure(space: FloorSpace, receivers: Path, clocks: int) -> list[float]:
    """Seconds from each deadline to the webhook, of clocks that pass it one after the other."""
    async with listening() as here:
        who = hook("ops", here.url, matchers=["alertname=SlaBreach"])
        receivers.write_text(yaml.safe_dump({"receivers": [who]}))
        await asyncio.to_thread(port_of, space.deliver("notify"))
        # One that is not counted wakes everything up.
        await _start(space, ["first"])
        await here.until(bool, WAIT_S)
        due_ms = await _start(space, [f"q{number:04}" for number in range(clocks)])
        await here.until(lambda heard: told_ms(heard, due_ms).keys() == due_ms.keys(), WAIT_S)
        told = told_ms(here.heard, due_ms)
    return [(told[queue] - due_ms[queue]) / 1000 for queue in due_ms]


async def _start(space: FloorSpace, queues: list[str]) -> dict[str, int]:
    """Queue an item in each; when each is due (UTC ms)."""
    now_ms, due_ms = time.time_ns() // 1_000_000, {}
    happenings = []
    for number, queue in enumerate(queues):
        # Begun a little ago, so that deadlines lie apart and no event is ahead of its time.
        at_ms = now_ms - number * APART_MS % (TARGET_S * 500)
        due_ms[queue] = at_ms + TARGET_S * 1000
        happenings.append(Happening(queue, "item.queued", at_ms))
    await tell(space.settings, happenings)
    return due_ms


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.deadlines", description=__doc__)
    parser.add_argument("--clocks", type=int, default=60)
    parser.add_argument("--home", type=Path, default=Path(".local/bench"))
    chosen = parser.parse_args()
    with ground(chosen.home.absolute()) as on, promised(on) as (space, receivers):
        say(f"deadlines: {chosen.clocks} clocks")
        delays_s = asyncio.run(measure(space, receivers, chosen.clocks))
        space.stop()
    p50, p99 = (percentile(delays_s, share) for share in (0.5, 0.99))
    print("| deadlines | p50, s | p99, s | earliest, s |")
    print("|----------:|-------:|-------:|------------:|")
    print(f"| {len(delays_s)} | {p50:.2f} | {p99:.2f} | {min(delays_s):.2f} |")


if __name__ == "__main__":
    main()
