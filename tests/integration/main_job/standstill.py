"""How long the floor stood still: read from what its changelog wrote, when."""

from dataclasses import dataclass
from itertools import pairwise

import msgspec

from schemas.topics import Topics
from streams import records
from streams.admin import Kafka
from streams.core import wire


@dataclass(frozen=True, slots=True)
class Standstill:
    """Longest times without a record applied, in s: of the whole floor, and of one partition."""

    floor_s: float
    partition_s: float


def longest(kafka: Kafka, topics: Topics, partitions: int, until_ms: int) -> Standstill:
    """The longest gaps between advances up to ``until_ms``, when the feed ended (UTC ms)."""
    topic = topics.floor_changelog(1)
    spans = kafka.spans([(topic, number) for number in range(partitions)])
    consumed: dict[int, int] = {}
    advanced_ms: dict[int, list[int]] = {number: [] for number in range(partitions)}
    for record in records.read(kafka.servers, spans):
        if record.key != wire.META or record.value is None:
            continue
        meta = msgspec.json.decode(wire.unstamped(record.value)[2], type=wire.Meta)
        if meta.consumed > consumed.get(record.partition, 0):
            consumed[record.partition] = meta.consumed
            advanced_ms[record.partition].append(record.timestamp_ms)
    everywhere = sorted(moment for moments in advanced_ms.values() for moment in moments)
    return Standstill(
        _gap_s(everywhere, until_ms),
        max(_gap_s(moments, until_ms) for moments in advanced_ms.values()),
    )


def _gap_s(moments_ms: list[int], until_ms: int) -> float:
    """The longest gap that began before ``until_ms``."""
    gaps_ms = (after - at for at, after in pairwise(moments_ms) if at < until_ms)
    return max(gaps_ms, default=0) / 1000
