"""What past records said is found again, whatever order records come in and however often."""

from hypothesis import given
from hypothesis import strategies as st

from streams.sources.memory import VERSIONS_MAX, Remembered


def deltas(totals: dict[int, int], order: list[int]) -> dict[int, int | None]:
    remembered = Remembered()
    found: dict[int, int | None] = {}
    for at_ms in order:
        remembered, version = remembered.told(at_ms, {}, totals[at_ms])
        found[at_ms] = version.delta_ms
    return found


def test_the_first_sight_of_a_total_and_one_that_went_back_have_no_delta() -> None:
    totals = {1: 30, 2: 50, 3: 20, 4: 25}
    assert deltas(totals, [1, 2, 3, 4]) == {1: None, 2: 20, 3: None, 4: 5}


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=VERSIONS_MAX).flatmap(
        lambda sizes: st.tuples(st.just(sizes), st.permutations(range(len(sizes))))
    )
)
def test_in_any_order_deltas_add_up_to_what_the_total_grew_by(
    drawn: tuple[list[int], list[int]],
) -> None:
    grown, order = drawn
    totals = {at: sum(grown[: at + 1]) for at in range(len(grown))}
    found = deltas(totals, order)
    since = [d for d in found.values() if d is not None]
    assert sum(since) == max(totals.values()) - totals[order[0]]


@given(st.lists(st.tuples(st.integers(0, VERSIONS_MAX - 1), st.integers(0, 99)), max_size=40))
def test_what_is_told_again_changes_nothing(told: list[tuple[int, int]]) -> None:
    remembered = Remembered()
    for at_ms, total in told:
        remembered, version = remembered.told(at_ms, {"a": str(total)}, total)
        assert remembered.told(at_ms, {"a": "other"}, 1) == (remembered, version)
        assert Remembered.decode(remembered.encode()) == remembered
