"""Business time equals what somebody counts who watches a local clock minute by minute."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.field_types import TIME_MS_MAX
from streams.core.hours import AllHours, BusinessHours
from tests.sla.calendars import (
    ALL,
    DAY_MS,
    KATHMANDU,
    NEW_YORK,
    NIGHTS,
    OFFICE,
    calendar_of,
    counted_ms,
    open_minutes,
    utc_ms,
)

#: Ten days each around both changes of daylight saving, holidays, and the turn of a year.
TIMES = {
    "berlin_spring": "2026-03-25",
    "berlin_autumn": "2026-10-20",
    "new_york_spring": "2026-03-05",
    "new_york_autumn": "2026-10-29",
    "thanksgiving": "2026-11-23",
    "lord_howe_autumn": "2026-04-01",
    "lord_howe_spring": "2026-09-29",
    "new_year": "2025-12-27",
}
#: Far enough for 20 open hours from the tenth day on, in the calendar with the fewest.
WALKED_MS = 34 * DAY_MS
HOURS = {name: BusinessHours(calendar_of(written)) for name, written in ALL.items()}
by_name = st.sampled_from(sorted(ALL))
by_time = st.sampled_from(sorted(TIMES))
offsets = st.integers(0, 10 * DAY_MS) | st.integers(0, 14_400).map(lambda minute: minute * 60_000)


@cache
def minutes_of(name: str, time: str) -> set[int]:
    start_ms = utc_ms(TIMES[time])
    return open_minutes(calendar_of(ALL[name]), start_ms, start_ms + WALKED_MS)


@given(by_name, by_time, offsets, offsets)
def test_between_is_what_a_walk_counts(name: str, time: str, one: int, other: int) -> None:
    start_ms = utc_ms(TIMES[time])
    from_ms, to_ms = start_ms + min(one, other), start_ms + max(one, other)
    expected = counted_ms(minutes_of(name, time), from_ms, to_ms)
    assert HOURS[name].between(from_ms, to_ms) == expected


@given(by_name, by_time, offsets, st.integers(1, 20 * 3_600_000))
def test_after_is_the_first_time_at_which_a_walk_has_counted_enough(
    name: str, time: str, offset: int, amount_ms: int
) -> None:
    minutes, from_ms = minutes_of(name, time), utc_ms(TIMES[time]) + offset
    reached = HOURS[name].after(from_ms, amount_ms)
    assert reached <= utc_ms(TIMES[time]) + WALKED_MS
    assert counted_ms(minutes, from_ms, reached) == amount_ms
    assert counted_ms(minutes, from_ms, reached - 1) == amount_ms - 1


@given(by_name, st.lists(st.integers(0, 3_000 * DAY_MS), min_size=3, max_size=3))
def test_time_adds_up_over_years(name: str, times: list[int]) -> None:
    one, two, three = sorted(times)
    hours = HOURS[name]
    assert hours.between(one, two) + hours.between(two, three) == hours.between(one, three)
    assert hours.between(two, one) == 0


@pytest.mark.parametrize(
    ("written", "start", "amount_h", "end"),
    [
        # A night is an hour shorter in spring and an hour longer in autumn.
        (NIGHTS, "2026-03-28T21:00", 7.0, "2026-03-29T04:00"),
        (NIGHTS, "2026-10-24T20:00", 9.0, "2026-10-25T05:00"),
        # Friday afternoon to Monday morning.
        (OFFICE, "2026-03-06T16:00", 1.0, "2026-03-09T08:30"),
        # Sunday is the first day of the week there, and the offset is 5 h 45 min.
        (KATHMANDU, "2026-03-05T12:00", 1.0, "2026-03-06T04:45"),
        # Two shifts that overlap count once; the holiday does not, nor most of the day after.
        (NEW_YORK, "2026-11-26T02:30", 1.0, "2026-11-27T14:30"),
    ],
)
def test_deadlines_that_a_person_can_check(
    written: dict[str, object], start: str, amount_h: float, end: str
) -> None:
    hours = BusinessHours(calendar_of(written))
    assert hours.after(utc_ms(start), round(amount_h * 3_600_000)) == utc_ms(end)


def test_nothing_to_wait_for_is_over_at_once_even_at_night() -> None:
    night_ms = utc_ms("2026-03-06T23:00")
    assert HOURS["office"].after(night_ms, 0) == night_ms


@pytest.mark.parametrize("hours", [HOURS["office"], AllHours()])
def test_the_end_of_time_is_a_time(hours: BusinessHours | AllHours) -> None:
    assert hours.after(TIME_MS_MAX - 5, 10**13) == TIME_MS_MAX
    assert hours.between(TIME_MS_MAX - DAY_MS, TIME_MS_MAX) >= 0
