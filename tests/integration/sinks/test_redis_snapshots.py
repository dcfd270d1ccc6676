"""Snapshots in a real Redis: the newest stays, whatever the order, and old ones go."""

import secrets
from collections.abc import Iterator
from itertools import permutations

import pytest
from redis import Redis

from schemas.measures import key_of
from schemas.rows import SnapshotRow, WindowRow
from sinks.errors import SinkUnavailable
from sinks.redis import RedisSink
from sinks.snapshots import subject_of
from streams.delivery import on_top_of

NOW_MS = 1_767_225_600_000


@pytest.fixture
def sink(redis_url: str) -> Iterator[RedisSink]:
    sink = RedisSink(redis_url, f"ops:test-{secrets.token_hex(4)}:")
    yield sink
    sink.close()


def _snapshot(
    revision: int, queue: str = "q", windows: dict[str, int] | None = None, gone: str = ""
) -> SnapshotRow:
    """A snapshot whose windows have these submissions; ``gone`` is no longer there at all."""
    counts = {"5m": 3} if windows is None else windows
    tally = key_of("submitted")
    return SnapshotRow(
        grouping="queue",
        dims={"org": "o", "source": "s", "project": "p", "queue": queue},
        as_of_ms=NOW_MS + revision % 1000,
        revision=revision,
        sources_known=4,
        sources_total=4,
        first_seen_ms={"item.submitted": NOW_MS - 10**7},
        last_seen_ms=NOW_MS,
        gauge={"waiting": revision % 7, "oldest_waiting_ms": None},
        open_since={},
        windows={
            name: WindowRow(NOW_MS - 300_000, NOW_MS, {tally: n}) for name, n in counts.items()
        },
        window_names=tuple(name for name in ("1m", "5m") if name != gone),
    )


def _submissions(sink: RedisSink, queue: str = "q") -> dict[str, int]:
    found = sink.read(subject_of(_snapshot(0, queue)))
    assert found is not None
    return {name: window["throughput"]["n"] for name, window in found["windows"].items()}


def test_what_is_written_is_read_as_metrics(sink: RedisSink) -> None:
    row = _snapshot(5)
    assert sink.write([row]) == 1
    found = sink.read(subject_of(row))
    assert found is not None
    assert (found["grouping"], found["dims"], found["revision"]) == ("queue", row.dims, 5)
    assert (found["as_of_ms"], found["gauges"]["waiting"]) == (NOW_MS + 5, 5)
    window = found["windows"]["5m"]
    assert window["covered"] == 1.0
    assert window["throughput"] == {"value": 36.0, "low": None, "high": None, "n": 3, "cause": None}
    assert window["skip_rate"]["cause"] == "never_sent:item.skipped"


def test_the_newest_revision_stays_in_any_order(sink: RedisSink) -> None:
    # Beyond 2^53, where Lua's numbers can't tell neighbours apart.
    revisions = {9: 1, 2**60: 2, 2**60 + 1: 3}
    for number, order in enumerate(permutations(revisions)):
        for revision in order:
            sink.write([_snapshot(revision, f"q{number}", {"5m": revisions[revision]})])
        assert _submissions(sink, f"q{number}") == {"5m": 3}


def test_snapshots_put_together_say_what_they_say_one_after_the_other(sink: RedisSink) -> None:
    earlier, later = _snapshot(1, windows={"1m": 1, "5m": 1}), _snapshot(2, windows={"5m": 2})
    assert on_top_of(None, earlier) is earlier
    assert sink.write([on_top_of(earlier, later)]) == 1
    assert _submissions(sink) == {"1m": 1, "5m": 2}
    less = _snapshot(3, windows={}, gone="1m")
    sink.write([on_top_of(on_top_of(earlier, later), less)])
    assert _submissions(sink) == {"5m": 2}


def test_each_window_keeps_its_newest_value_in_any_order(sink: RedisSink) -> None:
    rows = [
        _snapshot(1, windows={"1m": 1, "5m": 1}),
        _snapshot(2, windows={"5m": 2}),
        _snapshot(3, windows={"1m": 3}),
    ]
    for number, order in enumerate(permutations(rows)):
        for row in order:
            dims = {**row.dims, "queue": f"w{number}"}
            sink.write([_renamed(row, dims)])
        assert _submissions(sink, f"w{number}") == {"1m": 3, "5m": 2}


def _renamed(row: SnapshotRow, dims: dict[str, str]) -> SnapshotRow:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return SnapshotRow(**{**values, "dims": dims})


def test_an_older_one_is_not_counted_as_stored(sink: RedisSink) -> None:
    assert sink.write([_snapshot(2), _snapshot(1), _snapshot(2)]) == 2


def test_a_window_that_the_subject_no_longer_has_is_gone(sink: RedisSink) -> None:
    sink.write([_snapshot(1, windows={"1m": 1, "5m": 1})])
    sink.write([_snapshot(2, windows={}, gone="1m")])
    assert _submissions(sink) == {"5m": 1}


def test_subjects_are_listed_and_expire(redis_url: str) -> None:
    prefix = f"ops:test-{secrets.token_hex(4)}:"
    brief = RedisSink(redis_url, prefix, expiry_s=1)
    brief.write([_snapshot(1, "a"), _snapshot(1, "b")])
    assert brief.subjects() == [subject_of(_snapshot(1, name)) for name in ("a", "b")]
    with Redis.from_url(redis_url) as redis:
        assert 0 < redis.pttl(f"{prefix}snapshot:{subject_of(_snapshot(1, 'a'))}") <= 1000
    brief.close()


def test_a_server_that_forgot_the_script_is_taught_again(sink: RedisSink, redis_url: str) -> None:
    sink.write([_snapshot(1)])
    with Redis.from_url(redis_url) as redis:
        redis.script_flush()
    assert sink.write([_snapshot(2)]) == 1


def test_nobody_at_the_door_is_an_outage() -> None:
    with pytest.raises(SinkUnavailable):
        RedisSink("redis://127.0.0.1:9/0", "ops:").write([_snapshot(1)])
