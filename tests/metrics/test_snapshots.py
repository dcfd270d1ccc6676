"""What a live snapshot says about its windows: covered, stale, warming up, and the present."""

import pytest

from schemas.measures import key_of
from schemas.metrics import METRIC_BY_ID
from schemas.rows import SnapshotRow, WindowRow
from sinks.snapshots import gauges_of, is_stale, window_of

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
NOW_MS = 500_000 * HOUR_MS
LAST_HOUR = WindowRow(NOW_MS - HOUR_MS, NOW_MS, {key_of("submitted"): 6})


def _row(first_ms: int = 0, last_ms: int = NOW_MS, sources_known: int = 4) -> SnapshotRow:
    return SnapshotRow(
        grouping="all",
        dims={},
        as_of_ms=NOW_MS,
        revision=1,
        sources_known=sources_known,
        sources_total=4,
        first_seen_ms={"item.submitted": first_ms, "item.queued": first_ms},
        last_seen_ms=last_ms,
        gauge={"waiting": 2, "aged_80": 1, "oldest_waiting_ms": NOW_MS - 90_000},
        open_since={NOW_MS - HOUR_MS: 4},
        windows={},
        window_names=("1h",),
    )


def test_a_rate_is_per_hour_of_what_is_covered() -> None:
    row = _row(first_ms=NOW_MS - HOUR_MS // 4)
    window = window_of(row, LAST_HOUR, gauges_of(row))
    assert window["covered"] == 0.25
    assert window["throughput"].value == 24.0


@pytest.mark.parametrize(
    ("silent_ms", "stale"), [(0, False), (5 * MINUTE_MS, False), (6 * MINUTE_MS, True)]
)
def test_an_hour_with_a_tenth_of_silence_at_its_end_is_stale(silent_ms: int, stale: bool) -> None:
    assert is_stale(_row(last_ms=NOW_MS - silent_ms), LAST_HOUR) is stale


def test_a_quiet_minute_is_no_silence() -> None:
    minute = WindowRow(NOW_MS - MINUTE_MS, NOW_MS, {})
    assert not is_stale(_row(last_ms=NOW_MS - 2 * MINUTE_MS), minute)


def test_until_every_source_has_reported_nothing_is_known() -> None:
    row = _row(sources_known=3)
    assert window_of(row, LAST_HOUR, gauges_of(row))["throughput"].cause == "warming_up"


def test_the_present_is_as_of_the_snapshot() -> None:
    gauges = gauges_of(_row())
    assert (gauges.waiting, gauges.waiting_aged_80, gauges.oldest_waiting_ms) == (2, 1, 90_000)
    assert gauges.open_since == {(NOW_MS - HOUR_MS) // MINUTE_MS: 4}


def test_no_metric_is_called_like_a_window_s_own_fields() -> None:
    assert not {"covered", "start_ms", "end_ms"} & METRIC_BY_ID.keys()
