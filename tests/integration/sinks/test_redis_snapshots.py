"""Snapshots in a real Redis: the newest stays, whatever the order, and old ones go."""

import secrets
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from redis import Redis

from sinks.errors import SinkUnavailable
from sinks.redis import RedisSink, subject_of


@pytest.fixture
def sink(redis_url: str) -> Iterator[RedisSink]:
    sink = RedisSink(redis_url, f"ops:test-{secrets.token_hex(4)}:")
    yield sink
    sink.close()


def _snapshot(
    revision: int, queue: str = "q", windows: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "grouping": "queue",
        "dims": {"org": "o", "source": "s", "project": "p", "queue": queue},
        "as_of_ms": 1_767_225_600_000 + revision % 1000,
        "revision": revision,
        "windows": windows or {"1m": {"throughput": {"value": 1.5}, "covered": 1.0}},
        "gauges": {"waiting": revision % 7},
    }


def test_what_is_written_is_read(sink: RedisSink) -> None:
    snapshot = _snapshot(5)
    assert sink.write([snapshot]) == 1
    assert sink.read(subject_of(snapshot)) == snapshot


def test_the_newest_revision_stays_in_any_order(sink: RedisSink) -> None:
    # Beyond 2^53, where Lua's numbers can't tell neighbours apart.
    revisions = (9, 2**60, 2**60 + 1)
    for number, order in enumerate(permutations(revisions)):
        for revision in order:
            sink.write([_snapshot(revision, f"q{number}")])
        kept = sink.read(subject_of(_snapshot(0, f"q{number}")))
        assert kept == _snapshot(2**60 + 1, f"q{number}")


def test_an_older_one_in_the_same_batch_is_not_counted_as_stored(sink: RedisSink) -> None:
    assert sink.write([_snapshot(2), _snapshot(1), _snapshot(2)]) == 2


def test_a_window_that_is_no_longer_there_is_gone(sink: RedisSink) -> None:
    sink.write([_snapshot(1, windows={"1m": {}, "5m": {}})])
    sink.write([_snapshot(2, windows={"5m": {}})])
    kept = sink.read(subject_of(_snapshot(2)))
    assert kept is not None and list(kept["windows"]) == ["5m"]


def test_subjects_are_listed_until_they_expire(redis_url: str) -> None:
    prefix = f"ops:test-{secrets.token_hex(4)}:"
    brief = RedisSink(redis_url, prefix, expiry_s=1)
    brief.write([_snapshot(1, "a"), _snapshot(1, "b")])
    assert brief.subjects() == [subject_of(_snapshot(1, name)) for name in ("a", "b")]
    with Redis.from_url(redis_url) as redis:
        assert 0 < redis.pttl(f"{prefix}snapshot:{subject_of(_snapshot(1, 'a'))}") <= 1000
    brief.close()


def test_a_flushed_cache_takes_snapshots_again(sink: RedisSink, redis_url: str) -> None:
    sink.write([_snapshot(1)])
    with Redis.from_url(redis_url) as redis:
        redis.script_flush()
    assert sink.write([_snapshot(2)]) == 1


def test_nobody_at_the_door_is_an_outage() -> None:
    with pytest.raises(SinkUnavailable):
        RedisSink("redis://127.0.0.1:9/0", "ops:").write([_snapshot(1)])
