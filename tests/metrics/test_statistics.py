"""Each statistic against an implementation that is not ours."""

from math import ceil

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from schemas.measures import ALPHA, bin_of
from schemas.statistics import (
    ages_ms,
    duration_of_bin_ms,
    quantile_ms,
    survival_quantile_ms,
    wilson_high,
    wilson_low,
)

QUANTILES = (0.5, 0.9, 0.95)
#: The microsecond to which a bin's value is rounded, and what doubles add.
SLACK_MS = 0.0006
durations = st.lists(st.integers(0, 30 * 86_400_000), min_size=1, max_size=80)


def _bins(values: list[int]) -> dict[int, int]:
    bins: dict[int, int] = {}
    for value in values:
        bins[bin_of(value)] = bins.get(bin_of(value), 0) + 1
    return bins


@given(durations, st.sampled_from(QUANTILES))
def test_a_quantile_is_within_one_per_cent_of_the_true_one(values: list[int], q: float) -> None:
    true = float(np.quantile(values, q, method="inverted_cdf"))
    found = quantile_ms(_bins(values), q)
    assert found is not None
    assert abs(found - true) <= ALPHA * true + SLACK_MS


@given(durations, st.sampled_from(QUANTILES))
def test_a_quantile_is_the_one_of_ddsketch_at_the_same_rank(values: list[int], q: float) -> None:
    sketch = DDSketch(ALPHA)
    for value in values:
        sketch.add(value)
    n = len(values)
    rank = ceil(n * q) - 1
    # ddsketch takes the value at 0-based rank floor(q * (n - 1)); this q is in its middle.
    theirs = sketch.get_quantile_value(min(1.0, (rank + 0.5) / max(1, n - 1)))
    assert theirs is not None
    assert quantile_ms(_bins(values), q) == pytest.approx(theirs, abs=SLACK_MS, rel=1e-12)


def test_bins_that_came_to_less_than_one_are_no_observations() -> None:
    assert quantile_ms({300: 1, 700: -4, 800: 0}, 0.95) == duration_of_bin_ms(300)
    assert quantile_ms({700: -4}, 0.5) is None


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(8, 10, 0.49, 0.94), (10, 10, 0.72, 1.0), (19, 20, 0.76, 0.99), (190, 200, 0.91, 0.97)],
)
def test_the_table_of_the_design(successes: int, n: int, low: float, high: float) -> None:
    assert wilson_low(successes, n) == pytest.approx(low, abs=0.005)
    assert wilson_high(successes, n) == pytest.approx(high, abs=0.005)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_the_one_of_statsmodels(case: tuple[int, int]) -> None:
    successes, n = case
    low, high = proportion_confint(successes, n, method="wilson")
    assert wilson_low(successes, n) == pytest.approx(low, abs=1e-9)
    assert wilson_high(successes, n) == pytest.approx(high, abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2), (1, -1)])
def test_what_is_no_proportion_has_no_interval(successes: int, n: int) -> None:
    assert wilson_low(successes, n) is None
    assert wilson_high(successes, n) is None


@given(durations, st.sampled_from(QUANTILES))
def test_without_open_items_survival_is_the_quantile(values: list[int], q: float) -> None:
    assert survival_quantile_ms(_bins(values), {}, q) == quantile_ms(_bins(values), q)


@given(durations, durations, st.sampled_from(QUANTILES))
def test_survival_is_the_one_of_statsmodels(closed: list[int], ages: list[int], q: float) -> None:
    bins = _bins(closed)
    binned = [duration_of_bin_ms(bin_of(value)) for value in closed]
    times = np.array([*binned, *map(float, ages)])
    ended = np.array([1] * len(binned) + [0] * len(ages))
    curve = SurvfuncRight(times, ended)
    # Their curve is a running product, which may miss an exact tail by its last digit.
    reached = [
        t for t, s in zip(curve.surv_times, curve.surv_prob, strict=True) if s <= 1 - q + 1e-9
    ]
    counts = {age: ages.count(age) for age in ages}
    found = survival_quantile_ms(bins, counts, q)
    assert found == (min(reached) if reached else None)


def test_survival_by_hand() -> None:
    # Five items: closed at 1, 2 and 4 bins; one open beyond the first, one beyond the last.
    bins = {bin_of(1000): 1, bin_of(2000): 1, bin_of(4000): 1}
    ages = {1500: 1, 9000: 1}
    # S = 4/5, then 4/5 * 2/3 = 0.533, then 0.533 * 1/2 = 0.267.
    assert survival_quantile_ms(bins, ages, 0.5) == duration_of_bin_ms(bin_of(4000))
    assert survival_quantile_ms(bins, ages, 0.45) == duration_of_bin_ms(bin_of(2000))
    assert survival_quantile_ms(bins, ages, 0.9) is None


def test_open_items_make_turnaround_longer_never_shorter() -> None:
    bins = _bins([1000] * 8 + [60_000] * 2)
    alone = survival_quantile_ms(bins, {}, 0.5)
    with_open = survival_quantile_ms(bins, {30_000: 20}, 0.5)
    assert alone == duration_of_bin_ms(bin_of(1000))
    assert with_open is None or with_open > duration_of_bin_ms(bin_of(1000))


def test_ages_come_from_the_middle_of_a_quarter_of_an_hour() -> None:
    as_of_ms = 100 * 60_000
    assert ages_ms({30: 2, 90: 1, 105: 3}, as_of_ms) == {62 * 60_000 + 30_000: 2, 150_000: 1, 0: 3}
