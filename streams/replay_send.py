"""A log into the Kafka topics of a space of its own, at any speed, and on from where it stopped."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import orjson

from schemas.partitioner import Partitioner
from schemas.topics import INPUT_ROLES, Topics
from streams import settings_sources, setup
from streams.admin import Kafka
from streams.feed import Feed
from streams.replay import TICK_EVERY_MS, Log, Sent
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast event time may run: ``times`` real time, None as fast as it goes."""

    times: float | None

    @staticmethod
    def parse(text: str) -> "Pace":
        """Reads ``max``, ``live`` or a factor such as ``60x``; ValueError otherwise."""
        if text == "max":
            return Pace(None)
        if text == "live":
            return Pace(1.0)
        try:
            times = float(text.removesuffix("x"))
        except ValueError:
            times = 0.0
        if not text.endswith("x") or times <= 0:
            raise ValueError(f"{text!r} is no speed: use max, live or a factor such as 60x")
        return Pace(times)


class Bookmark:
    """How many events of a log a space has for certain, kept beside the local stack's files."""

    def __init__(self, log: Log, space: str) -> None:
        names = "\0".join(str(path.resolve()) for path in log.files)
        text = f"{space}\0{names}\0{log.count}\0{log.from_ms}\0{log.to_ms}"
        name = f"replay-{space}-{blake2b(text.encode(), digest_size=6).hexdigest()}.json"
        self._path: Path = settings_sources.local_dir() / name

    def read(self) -> int:
        """Where to go on; 0 for a log that was not begun."""
        try:
            return int(orjson.loads(self._path.read_bytes())["sent"])
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return 0

    def write(self, sent: int) -> None:
        """Remember; replaced as a whole, so that it is never half a number."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({"sent": sent}))
        fresh.replace(self._path)


def replay_to_kafka(
    log: Log, settings: Settings, pace: Pace, on_sent: Callable[[int], None]
) -> int:
    """Set the space up for the log's times, send what it does not have yet, and end its time.

    Returns how many events were sent now. Killed in between, the next run goes on; what was
    sent twice then is counted as duplicate.
    """
    accepted = log.accepted()
    range_of_log = setup.Accept(accepted.oldest_ms, accepted.newest_ms)
    setup.set_up(settings, lambda _text: None, range_of_log)
    topics = Topics(settings.space.space)
    feed = Feed(
        settings.connections.kafka,
        topics,
        settings.floor.partitions,
        Partitioner(settings.floor.partitioner),
    )
    feed.begin_at(_ends(settings, topics))
    return asyncio.run(_send(log, feed, pace, Bookmark(log, settings.space.space), on_sent))


async def _send(
    log: Log, feed: Feed, pace: Pace, bookmark: Bookmark, on_sent: Callable[[int], None]
) -> int:
    skipped = done = bookmark.read()
    async with feed:
        clock = _Clock(pace)
        ticked_ms = 0
        for sent in islice(log.sends(), skipped, None):
            if sent.record_ms >= ticked_ms + TICK_EVERY_MS:
                ticked_ms = sent.record_ms
                await feed.tick(ticked_ms)
                bookmark.write(done)
                on_sent(done)
            await clock.wait_for(sent, feed)
            await feed.put(sent.role, sent.key, sent.value, sent.record_ms)
            done += 1
        await feed.tick((log.to_ms or 0) + 1)
        bookmark.write(done)
        on_sent(done)
    return done - skipped


def _ends(settings: Settings, topics: Topics) -> dict[int, dict[str, int]]:
    """End offsets of the space's input topics, by partition and role."""
    partitions = range(settings.floor.partitions)
    places = {
        (topics.name(role), partition): (partition, role.value)
        for role in INPUT_ROLES
        for partition in partitions
    }
    ends: dict[int, dict[str, int]] = {partition: {} for partition in partitions}
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        for place, span in kafka.spans(list(places)).items():
            partition, role = places[place]
            ends[partition][role] = span.end
    return ends


class _Clock:
    """Lets event time run no faster than the pace."""

    def __init__(self, pace: Pace) -> None:
        self._times = pace.times
        self._began: tuple[float, int] | None = None

    async def wait_for(self, sent: Sent, feed: Feed) -> None:
        """Return when the event's moment has come; what came before is sent meanwhile."""
        if self._times is None:
            return
        now_s = time.monotonic()
        if self._began is None:
            self._began = (now_s, sent.record_ms)
        began_s, began_ms = self._began
        ahead_s = (sent.record_ms - began_ms) / 1000 / self._times - (now_s - began_s)
        if ahead_s > 0.05:
            await feed.flush()
            await asyncio.sleep(ahead_s)
