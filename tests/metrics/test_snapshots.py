"""What a live snapshot says about its windows: covered, stale, warming up, and the present."""

import msgspec
import pytest

from schemas.measures import bin_of, key_of
from schemas.metrics import METRIC_BY_ID
from schemas.metrics.declaration import SLA_ACTIVATE
from schemas.rows import SnapshotRow, WindowRow
from sinks.snapshots import fields_of, gauges_of, window_of

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
NOW_MS = 500_000 * HOUR_MS
PROMISES = ("at_risk", "time_to_breach", "breaches_ahead", "people_needed", "people_needed_for")
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
    row = _row(last_ms=NOW_MS - silent_ms)
    found = window_of(row, LAST_HOUR, gauges_of(row))["throughput"]
    assert (found.cause == "stale_source") is stale


def test_a_quiet_minute_is_no_silence() -> None:
    minute = WindowRow(NOW_MS - MINUTE_MS, NOW_MS, {})
    row = _row(last_ms=NOW_MS - 2 * MINUTE_MS)
    assert window_of(row, minute, gauges_of(row))["throughput"].value == 0.0


def test_until_every_source_has_reported_nothing_is_known() -> None:
    row = _row(sources_known=3)
    assert window_of(row, LAST_HOUR, gauges_of(row))["throughput"].cause == "warming_up"


def test_the_present_is_as_of_the_snapshot() -> None:
    gauges = gauges_of(_row())
    assert (gauges.waiting, gauges.waiting_aged_80, gauges.oldest_waiting_ms) == (2, 1, 90_000)
    assert gauges.open_since == {(NOW_MS - HOUR_MS) // MINUTE_MS: 4}


def test_deadlines_ahead_are_seen_from_the_snapshot() -> None:
    row = msgspec.structs.replace(
        _row(),
        first_seen_ms={SLA_ACTIVATE: 0},
        deadlines={NOW_MS + minute * MINUTE_MS: 2 for minute in (10, 20, 90)},
    )
    done = {key_of("sla_fulfilled"): 6, key_of("handled"): 1, key_of("handle_ms"): 15 * MINUTE_MS}
    window = WindowRow(
        NOW_MS - HOUR_MS, NOW_MS, done | {key_of("handle_hist") | bin_of(900_000): 1}
    )
    found = window_of(row, window, gauges_of(row))
    # One is done every ten minutes: of two that are due in ten, one will be late, and so on.
    told = {name: found[name].value for name in PROMISES}
    assert told == {
        "at_risk": 2.0,
        "time_to_breach": 10.0,
        "breaches_ahead": 3.0,
        "people_needed": 4.0,
        "people_needed_for": 20.0,
    }
    assert {found[name].n for name in PROMISES} == {6}


def test_what_is_sent_of_the_present_does_not_list_every_deadline() -> None:
    row = msgspec.structs.replace(_row(), deadlines={NOW_MS: 1})
    assert "due" not in msgspec.json.decode(dict(fields_of(row))["gauges"])


def test_no_metric_is_called_like_a_window_s_own_fields() -> None:
    assert not {"covered", "start_ms", "end_ms"} & METRIC_BY_ID.keys()
