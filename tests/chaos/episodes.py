"""One run: letters are sent, seeded faults happen meanwhile, and the truth has to come out."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from streams import records
from streams.admin import Span
from streams.core import wire
from tests.chaos.arena import Arena
from tests.chaos.comparison import Verdict
from tests.chaos.faults import FAULTS
from tests.chaos.maker import Maker

ITEMS = 40
FEED_S_LEAST = 6.0
#: Patience, not a promise: how long it took is in the table.
EXACT_S_MAX = 300.0


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that happened; wall clock in UTC ms, from the harm to the end of the harm."""

    name: str
    from_ms: int
    to_ms: int
    standstill_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an episode. ``recovery_s``: from the end of harm and feed to exactness."""

    number: int
    faults: tuple[Injected, ...]
    verdict: Verdict
    recovery_s: float


def episode(
    arena: Arena,
    seed: int,
    number: int,
    names: Sequence[str],
    *,
    exact_s_max: float = EXACT_S_MAX,
) -> Outcome:
    """Send an episode's letters while these faults happen one after the other."""
    rng = Random(f"{seed}/{number}/faults")
    letters = Maker(seed, number, _now_ms()).letters(ITEMS)
    ends = _changelog_spans(arena)
    happened: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(1, "feed") as pool:
        feeding = pool.submit(arena.sending.send, letters, FEED_S_LEAST + 3 * len(names))
        for name in names:
            time.sleep(rng.uniform(0.5, 3.0))
            from_ms = _now_ms()
            FAULTS[name](arena, rng)
            happened.append((name, from_ms, _now_ms()))
        feeding.result()
    healed_s = time.monotonic()
    verdict = arena.await_exact(exact_s_max)
    recovery_s = time.monotonic() - healed_s
    moments = _advances(arena, ends, _changelog_spans(arena))
    faults = tuple(
        Injected(name, from_ms, to_ms, _longest_s(moments, from_ms, to_ms))
        for name, from_ms, to_ms in happened
    )
    return Outcome(number, faults, verdict, recovery_s)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _changelog_spans(arena: Arena) -> dict[tuple[str, int], Span]:
    topic = arena.topics.floor_changelog(1)
    places = [(topic, number) for number in range(arena.partitions)]
    return arena.ask(lambda kafka: kafka.spans(places))


def _advances(
    arena: Arena, before: dict[tuple[str, int], Span], after: dict[tuple[str, int], Span]
) -> dict[int, list[int]]:
    """When each partition's state became durable (UTC ms of the broker's log)."""
    spans = {
        place: Span(max(before[place].end, after[place].start), after[place].end)
        for place in before
    }
    found: dict[int, list[int]] = {place[1]: [] for place in spans}
    for record in records.read(arena.settings.connections.kafka, spans):
        if record.key == wire.META:
            found[record.partition].append(record.timestamp_ms)
    return found


def _longest_s(moments: dict[int, list[int]], from_ms: int, to_ms: int) -> float:
    """The longest time without a durable flush of some partition that began in the harm."""
    longest_ms = 0
    for flushed_ms in moments.values():
        for before_ms, next_ms in pairwise(flushed_ms):
            if next_ms >= from_ms and before_ms <= to_ms:
                longest_ms = max(longest_ms, next_ms - before_ms)
    return longest_ms / 1000
