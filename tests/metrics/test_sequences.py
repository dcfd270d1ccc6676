"""The confidence sequence holds at all times at once, where Wilson and sliding windows do not."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import statistics
from tests.metrics.sequences import (
    ALPHA,
    Floor,
    by_sequence,
    by_wilson,
    false_alarms,
    share_ever_excluded,
)

SIZE = {"streams": 400, "events": 1_000}


def test_looked_at_after_each_event_the_sequence_excludes_the_truth_in_five_percent_at_most() -> (
    None
):
    assert share_ever_excluded(by_sequence, **SIZE) <= ALPHA


def test_wilson_looked_at_again_and_again_excludes_the_truth_far_more_often() -> None:
    assert share_ever_excluded(by_wilson, **SIZE) > 4 * ALPHA


def test_a_sequence_over_a_sliding_window_does_not_hold() -> None:
    sliding = share_ever_excluded(by_sequence, streams=100, events=5_000, last=60)
    assert sliding > 2 * ALPHA


def test_two_hundred_queues_on_target_with_restated_data_alarm_nobody_for_sure() -> None:
    alarms = false_alarms(Floor())
    assert (alarms.confidence, alarms.queue_days) == (0, 200)
    assert alarms.point > 0.5 * alarms.queue_days


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_what_the_evidence_leaves(counts: tuple[int, int]) -> None:
    successes, n = counts
    interval = statistics.sequence_interval(successes, n, ALPHA)
    assert interval is not None
    low, high = interval
    assert 0 <= low <= successes / n <= high <= 1
    for p in (low, high, successes / n):
        assert not statistics.sequence_log_evidence(successes, n, p) > 3.0
    for p in (low - 1e-6, high + 1e-6):
        if 0 < p < 1:
            assert statistics.sequence_log_evidence(successes, n, p) > 2.99


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_contains_wilsons(counts: tuple[int, int]) -> None:
    successes, n = counts
    interval = statistics.sequence_interval(successes, n, ALPHA)
    low, high = statistics.wilson_low(successes, n), statistics.wilson_high(successes, n)
    assert interval is not None and low is not None and high is not None
    assert interval[0] <= low + 1e-9 and high - 1e-9 <= interval[1]


def test_a_rate_that_allows_no_failure_is_excluded_by_one() -> None:
    assert statistics.sequence_log_evidence(9, 10, 1.0) == inf
    assert statistics.sequence_log_evidence(1, 10, 0.0) == inf
    assert statistics.sequence_log_evidence(10, 10, 1.0) < 0


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_proportion_has_no_interval(successes: int, n: int) -> None:
    assert statistics.sequence_interval(successes, n, ALPHA) is None
    assert statistics.sequence_log_evidence(successes, max(n, 0), 0.5) == 0.0
