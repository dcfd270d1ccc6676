"""SLA clocks, small lives by hand: each condition, each anchor, and whose the time was."""

import pytest

from streams.core.transitions import Cause, Kind
from tests.core.clock_lives import PLAIN, at, book_of, books, moment, of_kind, steps, story

BOOK = book_of(PLAIN)
QUEUED = moment(0, "item.queued", queue="images")
DONE = moment(40, "item.submitted")


def test_a_clock_that_is_stopped_in_time_is_fulfilled() -> None:
    told = story(BOOK, [QUEUED, DONE], 600)
    assert steps(told) == [("activate", 0), ("fulfil", 40)]
    assert (told[1].elapsed_ms, told[1].remaining_ms) == (2_400_000, 1_200_000)


def test_a_deadline_passes_when_time_does() -> None:
    assert steps(story(BOOK, [QUEUED], 60)) == [("activate", 0), ("at_risk", 48)]
    later = story(BOOK, [QUEUED], 60.001)
    assert steps(later)[2:] == [("breach", 60)]
    assert later[2].elapsed_ms == later[2].target_ms


def test_the_very_millisecond_of_the_deadline_is_in_time() -> None:
    told = story(BOOK, [QUEUED, moment(60, "item.submitted")], 600)
    assert steps(told) == [("activate", 0), ("at_risk", 48), ("fulfil", 60)]
    assert not told[2].breached


def test_what_is_dated_ahead_of_time_has_not_happened_yet() -> None:
    assert steps(story(BOOK, [QUEUED, DONE], 30)) == [("activate", 0)]


def test_a_clock_stopped_late_is_a_breach_at_its_deadline_and_a_late_end() -> None:
    told = story(BOOK, [QUEUED, moment(90, "item.submitted")], 600)
    assert steps(told)[2:] == [("breach", 60), ("fulfil", 90)]
    assert (told[3].breached, told[3].remaining_ms) == (True, -1_800_000)


def test_a_pause_moves_the_deadline_and_is_accounted_for() -> None:
    history = [
        QUEUED,
        moment(20, "work.paused", reason="client"),
        moment(90, "work.resumed"),
        moment(300, "item.submitted"),
    ]
    told = story(BOOK, history, 600)
    assert steps(told) == [
        ("activate", 0), ("pause", 20), ("resume", 90), ("at_risk", 118), ("breach", 130),
        ("fulfil", 300),
    ]  # fmt: skip
    assert told[1].deadline_ms is None
    assert told[2].deadline_ms == at(130)
    assert told[5].paused_ms == 70 * 60_000


def test_a_pause_for_a_reason_that_the_policy_does_not_grant_moves_nothing() -> None:
    history = [QUEUED, moment(20, "work.paused", reason="lunch"), DONE]
    assert steps(story(BOOK, history, 600)) == [("activate", 0), ("fulfil", 40)]


def test_a_cancelled_item_breaches_nothing_any_more() -> None:
    history = [QUEUED, moment(30, "item.cancelled", reason="dup"), moment(31, "item.submitted")]
    assert steps(story(BOOK, history, 600)) == [("activate", 0), ("cancel", 30)]


def test_a_reset_ends_the_clock_and_begins_the_next() -> None:
    history = [
        QUEUED,
        moment(50, "appeal.decided", outcome="overturn"),
        moment(70, "item.submitted"),
    ]
    told = story(BOOK, history, 600)
    assert steps(told) == [
        ("activate", 0), ("at_risk", 48), ("cancel", 50), ("activate", 50), ("fulfil", 70),
    ]  # fmt: skip
    assert [step.cycle for step in told] == [1, 1, 1, 2, 2]
    assert told[2].cause is Cause.RESET


def test_rework_is_a_clock_of_its_own_where_the_policy_repeats() -> None:
    again = moment(100, "item.queued", reason="rework", queue="images")
    history = [QUEUED, DONE, again, moment(200, "item.submitted", id="second")]
    assert steps(story(BOOK, history, 600))[2:] == [
        ("activate", 100), ("at_risk", 148), ("breach", 160), ("fulfil", 200),
    ]  # fmt: skip
    once = book_of(PLAIN, repeats=False)
    assert len(story(once, history, 600)) == 2


def test_the_target_is_that_of_the_item_when_its_clock_starts() -> None:
    urgent = moment(0, "item.queued", queue="images", priority="p1")
    assert steps(story(BOOK, [urgent], 600))[1:] == [("at_risk", 24), ("breach", 30)]
    lowered = moment(10, "item.edited", priority="p3")
    assert steps(story(BOOK, [urgent, lowered], 600))[1:] == [("at_risk", 24), ("breach", 30)]


def test_without_a_target_there_is_no_clock() -> None:
    only = book_of(PLAIN | {"targets": [{"queue": ["videos"], "target": "1h"}]})
    assert story(only, [QUEUED], 600) == ()


def test_conditions_ask_for_the_queue_that_the_item_is_in() -> None:
    start = [{"event": "item.claimed", "queue": "appeals"}]
    book = book_of(PLAIN | {"start": start})
    moved = moment(5, "item.escalated", to_queue="appeals")
    assert story(book, [QUEUED, moment(10, "item.claimed")], 30) == ()
    assert steps(story(book, [QUEUED, moved, moment(10, "item.claimed")], 30)) == [("activate", 10)]


@pytest.mark.parametrize(
    ("anchor", "begun", "breach"),
    [(None, 5, 65), ("created", 5, 60), ("queued", 5, 65), ("first_claim", 10, 70)],
)
def test_a_clock_counts_from_its_anchor(anchor: str | None, begun: int, breach: int) -> None:
    book = book_of(PLAIN | ({"anchor": anchor} if anchor else {}))
    history = [
        moment(0, "item.created"),
        moment(5, "item.queued", queue="images"),
        moment(10, "item.claimed"),
        moment(30, "item.claimed", id="second"),
    ]
    told = story(book, history, 600)
    assert steps(told)[0] == ("activate", begun)
    assert of_kind(told, Kind.BREACH)[0].at_ms == at(breach)


def test_each_claim_begins_a_clock_that_counts_from_the_last_one() -> None:
    book = book_of(PLAIN | {"anchor": "last_claim"})
    history = [QUEUED, moment(10, "item.claimed"), moment(30, "item.claimed", id="second")]
    told = story(book, history, 600)
    assert steps(told) == [
        ("activate", 10), ("cancel", 30), ("activate", 30), ("at_risk", 78), ("breach", 90),
    ]  # fmt: skip
    assert told[1].cause is Cause.ANCHOR


def test_a_clock_whose_anchor_is_long_past_breaches_when_it_starts_and_not_before() -> None:
    book = book_of(PLAIN | {"anchor": "created"})
    told = story(book, [moment(0, "item.created"), moment(100, "item.queued", queue="x")], 600)
    assert steps(told) == [("activate", 100), ("breach", 100)]
    assert (told[1].deadline_ms, told[1].elapsed_ms) == (at(60), 6_000_000)


def test_a_breach_says_whose_the_time_was() -> None:
    history = [
        moment(0, "item.created", queue="images"),
        QUEUED,
        moment(20, "item.claimed", team="blue"),
        moment(35, "work.paused", team="blue", reason="client"),
        moment(45, "work.resumed", team="blue"),
        moment(50, "item.released", reason="shift"),
        moment(55, "item.claimed", team="red", assignment="a2"),
    ]
    (breach,) = of_kind(story(BOOK, history, 600), Kind.BREACH)
    assert [(*at, ms // 60_000) for *at, ms in breach.burned] == [
        ("in_work", "images", "blue", 20),
        ("in_work", "images", "red", 15),
        ("paused", "images", "blue", 10),
        ("waiting", "images", "", 25),
    ]
    assert breach.at_ms == at(70)


def test_several_clocks_run_on_one_item() -> None:
    first = {"id": "first", "title": "a", "versions": [{"version": 1, **PLAIN}]}
    slow = PLAIN | {"targets": [{"target": "2h"}]}
    second = {"id": "second", "title": "b", "contract": "OLA", "versions": [{"version": 1, **slow}]}
    told = story(books([first, second]), [QUEUED, moment(90, "item.submitted")], 600)
    kinds = {step.policy: step.kind.value for step in told}
    assert kinds == {"first": "fulfil", "second": "fulfil"}
    assert [step.policy for step in of_kind(told, Kind.BREACH)] == ["first"]
