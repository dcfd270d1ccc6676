"""Which partition a key belongs to, by the two rules that producers use.

All events of an item have to meet in one partition, so all producers must choose alike. Java's
producer (and Kafka Connect, kafka-python, aiokafka) hashes with murmur2; librdkafka (C, Go, .NET,
confluent-kafka) with CRC-32 unless it is told ``partitioner=murmur2_random``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from zlib import crc32

_SEED = 0x9747B28C
_M = 0x5BD1E995
_32_BITS = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
SAMPLE_MAX_DEFAULT = 4


class Partitioner(StrEnum):
    """How producers turn a key into a partition."""

    MURMUR2 = "murmur2"
    CRC32 = "crc32"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Sampled keys that lie in a partition where the declared partitioner would not put them.

    ``fits`` is the partitioner that explains all of the sample, None when neither does (the
    producer then counts other partitions, or names partitions itself).
    """

    partition: int
    checked: int
    misplaced: int
    fits: Partitioner | None


def murmur2(key: bytes) -> int:
    """Java's ``org.apache.kafka.common.utils.Utils.murmur2`` as an unsigned 32-bit number."""
    size = len(key)
    whole = size & ~3
    h = _SEED ^ size
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * _M & _32_BITS
        h = h * _M & _32_BITS ^ (k ^ k >> 24) * _M & _32_BITS
    if whole < size:
        h = (h ^ int.from_bytes(key[whole:], "little")) * _M & _32_BITS
    h = (h ^ h >> 13) * _M & _32_BITS
    return h ^ h >> 15


def partition_of(
    key: bytes, partitions: int, partitioner: Partitioner = Partitioner.MURMUR2
) -> int:
    """The partition, 0 to ``partitions`` - 1, that a producer chooses for a key."""
    match partitioner:
        case Partitioner.MURMUR2:
            return (murmur2(key) & _POSITIVE) % partitions
        case Partitioner.CRC32:
            return crc32(key) % partitions
    assert_never(partitioner)


def sample_mismatch(
    keys: Sequence[bytes | None],
    partition: int,
    partitions: int,
    partitioner: Partitioner = Partitioner.MURMUR2,
    sample_max: int = SAMPLE_MAX_DEFAULT,
) -> Mismatch | None:
    """Check up to ``sample_max`` keys, evenly taken, of a batch read from ``partition``.

    None when all of them belong there. Keys that are None are dead letters elsewhere.
    """
    step = max(1, len(keys) // sample_max)
    sample = [key for key in keys[::step][:sample_max] if key is not None]
    misplaced = sum(partition_of(key, partitions, partitioner) != partition for key in sample)
    if not misplaced:
        return None
    fits = [
        other
        for other in Partitioner
        if all(partition_of(key, partitions, other) == partition for key in sample)
    ]
    return Mismatch(partition, len(sample), misplaced, fits[0] if fits else None)
