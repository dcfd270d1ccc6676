"""When the next deadline is missed at the present pace, and how many people for how long help."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadlines import NOTHING_DUE, DueLine
from streams.core import remedy

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NOW_MS = 1_772_438_400_000
#: Six an hour.
TEN_MINUTES = 600_000


def due(*minutes: int) -> DueLine:
    """One running clock for each deadline, in minutes from now."""
    found: dict[int, int] = {}
    for minute in minutes:
        found[NOW_MS + minute * MINUTE_MS] = found.get(NOW_MS + minute * MINUTE_MS, 0) + 1
    return DueLine.of(found, NOW_MS)


def test_deadlines_that_the_pace_meets_are_no_breach() -> None:
    line = due(10, 30, 60)
    assert remedy.next_breach_ms(line, 6, HOUR_MS) is None
    assert remedy.breaches(line, 6, HOUR_MS) == 0


def test_the_first_that_comes_too_early_is_the_next_breach() -> None:
    line = due(10, 25, 25, 60)
    assert remedy.next_breach_ms(line, 6, HOUR_MS) == 25 * MINUTE_MS
    assert remedy.breaches(line, 6, HOUR_MS) == 1
    # Three items of ten minutes in 25 minutes, at 85 % of the time.
    assert (remedy.people(line, TEN_MINUTES), remedy.people_for_ms(line)) == (2, 25 * MINUTE_MS)


def test_without_anybody_at_work_everything_is_late() -> None:
    line = due(10, 30)
    assert remedy.next_breach_ms(line, 0, HOUR_MS) == 10 * MINUTE_MS
    assert remedy.breaches(line, 0, HOUR_MS) == 2


def test_nobody_is_needed_where_nothing_is_due() -> None:
    assert DueLine.of({}, NOW_MS) == NOTHING_DUE
    assert remedy.next_breach_ms(NOTHING_DUE, 0, HOUR_MS) is None
    assert remedy.people(NOTHING_DUE, TEN_MINUTES) == remedy.people_for_ms(NOTHING_DUE) == 0


def test_a_deadline_within_this_minute_is_the_next_breach_and_asks_for_nobody() -> None:
    line = due(0)
    assert (line.n, line.passing) == (1, 1)
    assert remedy.next_breach_ms(line, 1_000, HOUR_MS) == 0
    assert (remedy.breaches(line, 0, HOUR_MS), remedy.people(line, TEN_MINUTES)) == (0, 0)


def test_of_deadlines_that_ask_for_the_same_pace_the_last_says_how_long() -> None:
    line = due(10, 20, 30, 60)
    assert remedy.people_for_ms(line) == 30 * MINUTE_MS
    assert remedy.next_breach_ms(line, 5, HOUR_MS) == 10 * MINUTE_MS


def test_at_risk_is_what_can_not_wait_for_another_item() -> None:
    line = due(-1, 0, 5, 10, 11)
    assert [remedy.at_risk(line, n * 60_000.0) for n in (0, 4, 5, 10, 11)] == [2, 2, 3, 4, 5]


deadlines = st.lists(st.integers(1, 300), max_size=40)


@given(deadlines, st.integers(60_000, 3_000_000))
def test_the_remedy_is_the_least_number_of_people_that_saves_all(
    minutes: list[int], handle_ms: int
) -> None:
    line = due(*minutes)
    found = remedy.people(line, handle_ms)
    part, whole = remedy.OCCUPANCY

    def late(people: int) -> int:
        return remedy.breaches(line, people * part, handle_ms * whole)

    assert late(found) == 0
    if found:
        assert late(found - 1) > 0


@given(deadlines, st.integers(0, 40), st.integers(1, 10 * HOUR_MS))
def test_as_many_are_late_as_a_queue_served_one_by_one_leaves(
    minutes: list[int], done: int, span_ms: int
) -> None:
    line = due(*minutes)
    late = [
        minute
        for number, minute in enumerate(sorted(minutes), 1)
        if not done or Fraction(number * span_ms, done) > minute * MINUTE_MS
    ]
    assert remedy.breaches(line, done, span_ms) == len(late)
    expected = min(late) * MINUTE_MS if late else None
    assert remedy.next_breach_ms(line, done, span_ms) == expected


@given(deadlines)
def test_people_are_needed_until_the_last_deadline_that_asks_for_most(minutes: list[int]) -> None:
    line = due(*minutes)
    paces = {
        minute: Fraction(sum(each <= minute for each in minutes), minute) for minute in minutes
    }
    most = max(paces.values(), default=Fraction(0))
    latest = max((minute for minute, pace in paces.items() if pace == most), default=0)
    assert remedy.people_for_ms(line) == latest * MINUTE_MS
    effort = Fraction(20, 17) * 7 * most
    assert remedy.people(line, 7 * MINUTE_MS) == ceil(effort)
