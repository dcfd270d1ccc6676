"""A lively floor sent as it happens: events of the last half hour, stamped when they are sent."""

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from schemas.partitioner import Partitioner
from schemas.topics import Topics
from streams.feed import Feed
from streams.settings import Settings
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from tests.integration.main_job.arrivals import Arrival, arrival
from tests.integration.main_job.mixed_log import HOUR_MS, START_MS, moved
from tests.oracle import histories

SPAN_MS = HOUR_MS // 2
SLICE_S = 0.1


def live_events(seed: int, now_ms: int) -> list[dict[str, Any]]:
    """A floor's last half hour, and wild items of the last hours: some of them come late."""
    rng = Random(seed)
    floor = list(Floor(seed, FloorConfig(seats=64)).events(now_ms - SPAN_MS, now_ms))
    wild = histories.history(rng, 60)
    back_ms = now_ms - START_MS - 12 * HOUR_MS
    wild = [moved(event, back_ms, "-w") for event in wild]
    wild = [event for event in wild if event["occurred_at"] < now_ms]
    for event in wild:
        floor.insert(rng.randrange(len(floor)), event)
    return floor


def live_arrivals(seed: int, events: list[dict[str, Any]], now_ms: int) -> Iterator[Arrival]:
    """The events as records, with repeats and spoilt ones between them."""
    rng = Random(f"{seed}/live")
    for event in events:
        each = arrival(event, now_ms)
        yield each
        if rng.randrange(25) == 0:
            yield each
        if rng.randrange(50) == 0:
            yield Arrival(each.role, each.key, each.value[:-1], now_ms)


async def feed_steadily(settings: Settings, arrivals: list[Arrival], seconds: float) -> int:
    """Send all within about so many seconds, each record stamped when it is sent; how many."""
    topics, partitions = Topics(settings.space.space), settings.floor.partitions
    servers, partitioner = settings.connections.kafka, Partitioner(settings.floor.partitioner)
    async with Feed(servers, topics, partitions, partitioner) as feed:
        began_s, done = time.monotonic(), 0
        while done < len(arrivals):
            share = min(1.0, (time.monotonic() - began_s) / seconds)
            due = max(done + 1, int(share * len(arrivals)))
            now_ms = int(time.time() * 1000)
            for each in arrivals[done:due]:
                await feed.put(each.role, each.key, each.value, now_ms)
            await feed.flush()
            done = due
            await asyncio.sleep(SLICE_S)
        return feed.sent
