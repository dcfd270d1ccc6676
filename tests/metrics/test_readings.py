"""A reading says what is known, how sure it is, and why when it is not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.measures import BIN_BITS, MEASURES, Kind, bin_of, key_of, merged
from schemas.metrics import METRIC_BY_ID, METRICS
from schemas.readings import Gauges, Reading
from streams.core.readings import Context, read, read_all

HOUR_MS = 3_600_000
EVERYTHING = frozenset(
    name for metric in METRICS for need in metric.needs for name in need.split("|")
)
KNOWN = Context(seen=EVERYTHING)
BY_LABEL = replace(KNOWN, dimensions=("org", "source", "project", "label"))
NOW = Gauges(as_of_ms=10 * HOUR_MS)


def _tally(**counts: int) -> dict[int, int]:
    return {key_of(name): n for name, n in counts.items()}


def _histogram(name: str, *durations_ms: int) -> dict[int, int]:
    return merged({key_of(name) | bin_of(value): 1} for value in durations_ms)


def _read(name: str, tally: dict[int, int], context: Context = KNOWN) -> Reading:
    return read(METRIC_BY_ID[name], tally, HOUR_MS // 2, NOW, context)


@pytest.mark.parametrize(
    ("name", "tally", "value", "n"),
    [
        ("arrival_rate", _tally(arrived=3), 6.0, 3),
        ("throughput", {}, 0.0, 0),
        ("net_accepted", _tally(accepted=1, accept_retracted=3, reviewed=4), -2.0, 4),
        ("units_per_hour", _tally(units=5, units_active_ms=HOUR_MS // 4), 20.0, 5),
        ("skip_rate", _tally(skipped=1, submitted=3), 0.25, 4),
        ("handle_time_mean", _tally(handle_ms=4500, handled=3), 1.5, 3),
        ("active_time", _tally(active_ms=HOUR_MS // 2, active_n=7), 0.5, 7),
        ("net_drain_rate", _tally(submitted=2, arrived=5), -6.0, 7),
        ("net_drain_rate_open", _tally(open_delta=-4), 8.0, 4),
        ("rounds_to_accept", _tally(rounds=5, rounds_n=2), 2.5, 2),
        ("expiry_rate", _tally(expired=3, claimed=2), 1.5, 2),
    ],
)
def test_a_value_and_its_n(name: str, tally: dict[int, int], value: float, n: int) -> None:
    reading = _read(name, tally)
    assert (reading.value, reading.n, reading.cause) == (value, n, None)


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    tally = _tally(golden_tp=6, golden_fp=2, golden_fn=4)
    precision = _read("precision", tally, BY_LABEL).value
    recall = _read("recall", tally, BY_LABEL).value
    assert precision is not None and recall is not None
    harmonic = 2 * precision * recall / (precision + recall)
    assert _read("f1", tally, BY_LABEL).value == pytest.approx(harmonic, abs=1e-12)


def test_a_share_has_an_interval_around_it() -> None:
    reading = _read("golden_accuracy", _tally(golden_n=10, golden_correct=8))
    assert reading.low is not None and reading.high is not None
    assert reading.low < 0.8 < reading.high


def test_what_is_more_than_its_whole_has_a_value_but_no_interval() -> None:
    reading = _read("expiry_rate", _tally(expired=3, claimed=2))
    assert (reading.low, reading.high) == (None, None)


@pytest.mark.parametrize(
    ("name", "tally", "context", "cause"),
    [
        ("precision", _tally(golden_tp=1), KNOWN, "not_applicable"),
        ("items_per_productive_hour", {}, replace(KNOWN, dimensions=("org", "source", "project")),
         "not_applicable"),
        ("skip_rate", _tally(submitted=5), replace(KNOWN, seen=EVERYTHING - {"item.skipped"}),
         "never_sent:item.skipped"),
        ("expiry_rate", {}, replace(KNOWN, seen=frozenset({"assignment.expired"})),
         "never_sent:item.claimed|item.assigned"),
        ("throughput", _tally(submitted=5), replace(KNOWN, warming=True), "warming_up"),
        ("throughput", _tally(submitted=5), replace(KNOWN, stale=True), "stale_source"),
        ("handle_time_mean", {}, replace(KNOWN, stale=True), "stale_source"),
        ("handle_time_mean", {}, KNOWN, "too_few"),
        ("handle_time_p90", _histogram("handle_hist", *range(9)), KNOWN, "too_few"),
        ("golden_accuracy", {}, KNOWN, "too_few"),
    ],
)  # fmt: skip
def test_an_unknown_value_has_its_cause(
    name: str, tally: dict[int, int], context: Context, cause: str
) -> None:
    reading = _read(name, tally, context)
    assert (reading.value, reading.low, reading.high) == (None, None, None)
    assert reading.cause == cause


def test_either_of_two_event_types_will_do() -> None:
    seen = frozenset({"item.assigned", "item.queued"})
    reading = _read("time_to_first_claim_p50", {}, Context(seen=seen))
    assert reading.cause == "too_few"


def test_a_ratio_with_observations_stands_while_a_source_is_silent() -> None:
    reading = _read(
        "handle_time_mean", _tally(handle_ms=1000, handled=1), replace(KNOWN, stale=True)
    )
    assert reading.value == 1.0


def test_a_window_without_covered_time_is_warming_up() -> None:
    assert read(METRIC_BY_ID["throughput"], {}, 0, NOW, KNOWN).cause == "warming_up"


def test_what_looks_at_the_present_waits_for_it() -> None:
    assert read(METRIC_BY_ID["backlog_open"], {}, HOUR_MS, None, KNOWN).cause == "warming_up"


@pytest.mark.parametrize(
    ("open_delta", "value", "cause"),
    [(-4, 60.0, None), (0, None, "never"), (3, None, "never")],
)
def test_a_backlog_that_does_not_shrink_is_never_cleared(
    open_delta: int, value: float | None, cause: str | None
) -> None:
    gauges = replace(NOW, open=8)
    tally = _tally(open_delta=open_delta)
    reading = read(METRIC_BY_ID["time_to_clear"], tally, HOUR_MS // 2, gauges, KNOWN)
    assert (reading.value, reading.cause, reading.n) == (value, cause, 8)


def test_nothing_open_is_cleared_already() -> None:
    assert _read("time_to_clear", {}).value == 0.0


def test_the_oldest_item_is_unknown_when_nothing_waits() -> None:
    assert _read("oldest_waiting_age", {}).cause == "too_few"
    gauges = replace(NOW, waiting=2, oldest_waiting_ms=90_000)
    assert read(METRIC_BY_ID["oldest_waiting_age"], {}, HOUR_MS, gauges, KNOWN).value == 90.0


def test_open_items_pull_censored_turnaround_up() -> None:
    tally = _histogram("turnaround_hist", *[60_000] * 10)
    plain = read(METRIC_BY_ID["turnaround_p50"], tally, HOUR_MS, NOW, KNOWN)
    old = replace(NOW, open=30, open_since={0: 30})
    censored = read(METRIC_BY_ID["turnaround_censored_p50"], tally, HOUR_MS, old, KNOWN)
    assert plain.value == pytest.approx(60, rel=0.01)
    assert (censored.value, censored.n) == (None, 40)


tallies = st.dictionaries(
    st.sampled_from(MEASURES).flatmap(
        lambda m: (
            st.just(m.key)
            if m.kind is Kind.COUNTER
            else st.integers(1, 1400).map(lambda at: m.id << BIN_BITS | at)
        )
    ),
    st.integers(-3, 10**7),
    max_size=60,
)
contexts = st.builds(
    Context,
    seen=st.sets(st.sampled_from(sorted(EVERYTHING))).map(frozenset),
    dimensions=st.sampled_from([(), ("org", "annotator"), ("org", "source", "project", "label")]),
    stale=st.booleans(),
    warming=st.booleans(),
)


@given(tallies, st.integers(0, 10**10), st.none() | st.just(NOW), contexts)
def test_a_value_or_a_cause_and_never_both(
    tally: dict[int, int], span_ms: int, gauges: Gauges | None, context: Context
) -> None:
    for metric in METRICS:
        reading = read(metric, tally, span_ms, gauges, context)
        assert (reading.value is None) is (reading.cause is not None)


@given(tallies, contexts)
def test_all_at_once_are_the_same_as_one_by_one(tally: dict[int, int], context: Context) -> None:
    together = read_all(tally, HOUR_MS, NOW, context)
    fitting = [m for m in METRICS if m.makes_sense_by(context.dimensions)]
    assert together == {m.id: read(m, tally, HOUR_MS, NOW, context) for m in fitting}
