"""When the next deadline is missed at the present pace, and how many people for how long help."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streams.core.remedy import HOUR_MS, Outlook, Pace, at_risk, outlook

MINUTE_MS = 60_000
NOW_MS = 1_772_438_400_000
#: Ten minutes for an item at full occupancy: one person does six in an hour.
TEN_MINUTES = Pace(Fraction(6), 600_000, Fraction(1))


def due(*minutes: int) -> dict[int, int]:
    """One open clock for each deadline, in minutes from now."""
    found: dict[int, int] = {}
    for minute in minutes:
        found[NOW_MS + minute * MINUTE_MS] = found.get(NOW_MS + minute * MINUTE_MS, 0) + 1
    return found


def test_deadlines_that_one_person_meets_need_one_person() -> None:
    expected = Outlook(None, 0, 1, 10 * MINUTE_MS)
    assert outlook(due(10, 30, 60), NOW_MS, TEN_MINUTES) == expected


def test_the_first_that_comes_too_early_is_the_next_breach() -> None:
    found = outlook(due(10, 25, 25, 60), NOW_MS, TEN_MINUTES)
    assert (found.breach_in_ms, found.late, found.people) == (25 * MINUTE_MS, 1, 2)
    assert found.for_ms == 25 * MINUTE_MS


def test_without_anybody_at_work_everything_is_late() -> None:
    found = outlook(due(10, 30), NOW_MS, Pace(Fraction(0), 600_000))
    assert (found.breach_in_ms, found.late) == (10 * MINUTE_MS, 2)


def test_nobody_is_needed_where_nothing_is_due() -> None:
    assert outlook({}, NOW_MS, TEN_MINUTES) == Outlook(None, 0, 0, 0)


def test_a_deadline_that_passes_now_can_not_be_saved() -> None:
    assert outlook(due(0), NOW_MS, TEN_MINUTES) == Outlook(0, 0, 0, 0)


def test_at_risk_is_what_can_not_wait_for_another_item() -> None:
    assert at_risk(due(-1, 0, 5, 10, 11), NOW_MS, 10 * MINUTE_MS) == 3


@given(
    st.lists(st.integers(1, 300), max_size=40),
    st.integers(0, 40),
    st.integers(60_000, 3_000_000),
)
def test_the_remedy_is_the_least_number_of_people_that_saves_all(
    minutes: list[int], per_hour: int, handle_ms: int
) -> None:
    deadlines = due(*minutes)
    now = Pace(Fraction(per_hour), handle_ms, Fraction(4, 5))
    found = outlook(deadlines, NOW_MS, now)
    assert (found.breach_in_ms is None) == (found.late == 0)

    def late(people: int) -> int:
        rate = people * now.occupancy * HOUR_MS / handle_ms
        return outlook(deadlines, NOW_MS, Pace(rate, handle_ms, now.occupancy)).late

    assert late(found.people) == 0
    if found.people > 0:
        assert late(found.people - 1) > 0


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 40))
def test_as_many_are_late_as_a_queue_served_one_by_one_leaves(
    minutes: list[int], per_hour: int
) -> None:
    found = outlook(due(*minutes), NOW_MS, Pace(Fraction(per_hour), 600_000))
    done_ms = [Fraction(HOUR_MS * n, per_hour) for n in range(1, len(minutes) + 1)]
    ends = zip(sorted(minutes), done_ms, strict=True)
    late = [minute for minute, ready_ms in ends if ready_ms > minute * MINUTE_MS]
    assert found.late == len(late)
    assert found.breach_in_ms == (min(late) * MINUTE_MS if late else None)
