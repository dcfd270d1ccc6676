"""Tallies are a commutative group: what is summed can be summed in any order and taken away."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.measures import ALPHA, Tally, add, bin_of, bin_value_ms, merged, subtract

tallies = st.dictionaries(
    st.integers(1, 5).map(lambda measure: measure << 12), st.integers(-3, 3).filter(bool)
)


def plus(a: Tally, b: Tally) -> Tally:
    return merged([a, b])


@given(tallies, tallies, tallies)
def test_merge_is_a_commutative_monoid(a: Tally, b: Tally, c: Tally) -> None:
    assert plus(a, {}) == plus({}, a) == a
    assert plus(a, b) == plus(b, a)
    assert plus(plus(a, b), c) == plus(a, plus(b, c))


@given(tallies, tallies)
def test_what_was_added_can_be_taken_away_and_leaves_nothing(a: Tally, b: Tally) -> None:
    total = dict(a)
    add(total, b)
    subtract(total, b)
    assert total == a
    subtract(total, a)
    assert total == {}


@given(st.integers(0, 10**12))
def test_the_value_of_a_bin_is_within_one_percent_of_all_it_holds(duration_ms: int) -> None:
    assert abs(bin_value_ms(bin_of(duration_ms)) - duration_ms) <= ALPHA * duration_ms * (1 + 1e-9)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_longer_durations_never_lie_in_earlier_bins(a_ms: int, b_ms: int) -> None:
    assert (bin_of(a_ms) <= bin_of(b_ms)) or a_ms > b_ms
