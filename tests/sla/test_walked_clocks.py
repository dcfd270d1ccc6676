"""A clock's story is what somebody sees who watches it minute by minute."""

from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.core.terms import Book
from tests.core.clock_lives import MINUTE_MS, PLAIN, T0, books, moment, story
from tests.sla.calendars import ALL, calendar_of, open_minutes, utc_ms
from tests.sla.walks import Walker, walk

EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "start": ("item.queued", {"queue": "images"}),
    "pause": ("work.paused", {"reason": "client"}),
    "resume": ("work.resumed", {}),
    "stop": ("item.completed", {}),
    "cancel": ("item.cancelled", {"reason": "dup"}),
    "reset": ("appeal.decided", {"outcome": "overturn"}),
}
DAYS = 4
#: Both changes of daylight saving, and an ordinary week.
BEGINS = ("2026-03-27", "2026-10-23", "2026-06-11")

actions = st.dictionaries(
    st.integers(0, DAYS * 1440 - 1),
    st.sampled_from(("start", "start", "pause", "resume", "resume", "stop", "cancel", "reset")),
    min_size=1,
    max_size=12,
)


@cache
def book(calendar: str, target: int) -> Book:
    version = {"version": 1, **PLAIN, "calendar": calendar, "at_risk": 0.75}
    version["targets"] = [{"target": f"{target}m"}]
    policy = {"id": "one", "title": "One", "versions": [version]}
    return books([policy], {name.replace("_", "-"): written for name, written in ALL.items()})


@cache
def open_from(calendar: str, begin: str) -> set[int]:
    first_ms = utc_ms(begin)
    until_ms = first_ms + (DAYS + 1) * 1440 * MINUTE_MS
    if calendar == "always":
        return set(range(first_ms // MINUTE_MS, until_ms // MINUTE_MS))
    return open_minutes(calendar_of(ALL[calendar.replace("-", "_")]), first_ms, until_ms)


@given(
    actions,
    st.sampled_from(("always", "office", "nights", "small-hours", "kathmandu")),
    st.sampled_from((20, 100, 480, 1_000)),
    st.sampled_from(BEGINS),
)
def test_a_story_is_what_a_walker_sees(
    plan: dict[int, str], calendar: str, target: int, begin: str
) -> None:
    first = utc_ms(begin) // MINUTE_MS
    since_t0 = first - T0 // MINUTE_MS
    history = [
        moment(since_t0 + minute, EVENTS[action][0], **EVENTS[action][1])
        for minute, action in plan.items()
    ]
    told = story(book(calendar, target), history, since_t0 + DAYS * 1440)
    seen = walk(
        {first + minute: action for minute, action in plan.items()},
        Walker(target, 0.75),
        open_from(calendar, begin),
        first,
        first + DAYS * 1440,
    )
    found = [
        (
            step.kind.value,
            step.at_ms / MINUTE_MS,
            step.elapsed_ms / MINUTE_MS,
            step.paused_ms / MINUTE_MS,
        )
        for step in told
    ]
    assert found == [(kind, minute, elapsed, paused) for kind, minute, elapsed, paused in seen]
