"""The ticks that a real worker sends: each tells the stamp of the one before it, at once."""

import os
import time

import msgspec

from streams import records
from streams.admin import Kafka
from streams.records import Stored
from tests.integration.main_job.conftest import OPEN_SPACE

WANTED = 12
WAIT_S_MAX = 120.0


def ticks(kafka: Kafka, topic: str) -> list[Stored]:
    """All ticks of partition 0 once there are enough of them."""
    until_s = time.monotonic() + WAIT_S_MAX
    while (span := kafka.spans([(topic, 0)])[topic, 0]).end < WANTED:
        assert time.monotonic() < until_s, "no ticks come"
        time.sleep(0.2)
    return list(records.read(kafka.servers, {(topic, 0): span}))[:WANTED]


def test_every_other_tick_is_much_younger_than_the_pause_between_them(opened: OPEN_SPACE) -> None:
    space = opened(None)
    space.worker(os.getpid())
    found = ticks(space.kafka, space.topics.ticks)
    told_ms = [msgspec.json.decode(record.value or b"")["t_ms"] for record in found]
    stamps_ms = [record.timestamp_ms for record in found]
    assert told_ms == [0, *stamps_ms[:-1]]
    ages_ms = [stamp - told for stamp, told in zip(stamps_ms, told_ms, strict=True)][1:]
    # At 1, 3, 5 … the second of a pair; what lies between pairs is the pause.
    assert sum(ages_ms[::2]) < sum(ages_ms[1::2]) / 2
