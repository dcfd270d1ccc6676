"""Should a receiver be told? A table of cases, then whole lives of alerts told to a book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertTransition, Transition
from schemas.notices import Reason
from sinks.notify.answers import Answer, settle
from sinks.notify.book import Book
from sinks.notify.decision import Mark, should_notify
from sinks.notify.planning import Moment, plan
from tests.notify.receivers import receiver
from tests.notify.transitions import START_MS, labels, step

HOUR_MS = 3_600_000
NOW_MS = START_MS + 10 * HOUR_MS


def told(standing: Reason = "firing", seq: int = 1, ago_ms: int = 1000) -> Mark:
    return Mark(seq, NOW_MS - ago_ms, standing, 1)


@pytest.mark.parametrize(
    ("alert", "mark", "reason"),
    [
        pytest.param(step("pending", 0), None, None, id="pending wakes nobody"),
        pytest.param(step("firing", 1), None, "firing", id="firing is told"),
        pytest.param(step("firing", 1), told(), None, id="once"),
        pytest.param(step("recovering", 2), told(), None, id="recovering is not over"),
        pytest.param(step("refired", 3), told(), None, id="nor is a relapse news"),
        pytest.param(step("refired", 5), told("resolved", 4), "refired", id="after the end it is"),
        pytest.param(step("firing", 1), told(ago_ms=4 * HOUR_MS), "repeat", id="repeated in time"),
        pytest.param(step("firing", 1), told(ago_ms=4 * HOUR_MS - 1), None, id="not before"),
        pytest.param(step("resolved", 3), told(), "resolved", id="resolved is told"),
        pytest.param(step("resolved", 3), None, None, id="to those who knew"),
        pytest.param(step("resolved", 3), told("resolved", 3), None, id="and once"),
        pytest.param(step("dropped", 1), None, None, id="a pending alert drops in silence"),
        pytest.param(step("corrected", 3), told(), "corrected", id="who was told is corrected"),
        pytest.param(step("corrected", 4), told("resolved", 3), "corrected", id="also afterwards"),
        pytest.param(step("corrected", 4), told("corrected", 4), None, id="once"),
        pytest.param(step("corrected", 4), None, None, id="nobody else"),
        pytest.param(step("suppressed", 2, suppressed_by=("s",)), None, None, id="silenced"),
        pytest.param(
            step("suppressed", 2, suppressed_by=("s",)), told(ago_ms=9 * HOUR_MS), None,
            id="a silence ends repeats",
        ),
        pytest.param(step("unsuppressed", 3), None, "firing", id="its end tells at once"),
        pytest.param(step("unsuppressed", 3), told(), "repeat", id="also those who knew"),
        pytest.param(step("unsuppressed", 3), told(seq=3), None, id="but once"),
        pytest.param(
            step("resolved", 3, suppressed_by=("s",)), told(), "resolved",
            id="the end is told in spite of a silence",
        ),
        pytest.param(
            step("acknowledged", 2, acknowledged_by="ada"), told(ago_ms=9 * HOUR_MS), None,
            id="an acknowledged alert is not repeated",
        ),
        pytest.param(
            step("acknowledged", 2, acknowledged_by="ada"), None, None, id="nor told anew"
        ),
        pytest.param(step("unacknowledged", 3), None, "firing", id="until it is given up"),
        pytest.param(
            step("resolved", 3, acknowledged_by="ada"), told(), "resolved", id="its end is told"
        ),
    ],
)  # fmt: skip
def test_the_reason_is(alert: AlertTransition, mark: Mark | None, reason: Reason | None) -> None:
    assert should_notify(mark, alert, receiver(), NOW_MS, caught_up=True) == reason


def test_a_receiver_may_not_want_to_hear_of_the_end_but_hears_corrections() -> None:
    deaf = receiver(send_resolved=False)
    assert should_notify(told(), step("resolved", 3), deaf, NOW_MS, caught_up=True) is None
    said = should_notify(told(), step("corrected", 3), deaf, NOW_MS, caught_up=True)
    assert said == "corrected"


def test_what_is_late_waits_for_the_digest() -> None:
    late = step("firing", 1, late=True)
    assert should_notify(None, late, receiver(), NOW_MS, caught_up=False) is None
    assert should_notify(None, late, receiver(), NOW_MS, caught_up=True) == "digest"
    over = step("resolved", 2, late=True)
    assert should_notify(None, over, receiver(), NOW_MS, caught_up=True) == "digest"


def test_catching_up_tells_one_digest() -> None:
    book, who = Book(), receiver()
    for n in range(20):
        alert = step("firing", 1, given=labels(queue=f"q{n}"), late=True)
        book.take(alert, NOW_MS + n)
        assert plan(book, [who], Moment(NOW_MS + n)) == []
    (digest,) = plan(book, [who], Moment(NOW_MS + 60_019))
    assert {each.reason for each in digest.news} == {"digest"}
    assert len(digest.news) == 20


_STEPS: list[Transition] = ["firing", "recovering", "refired", "acknowledged", "suppressed"]


@given(
    st.lists(st.sampled_from(_STEPS), max_size=12),
    st.lists(st.integers(1, 600_000), min_size=14, max_size=14),
    st.booleans(),
)
def test_an_episode_pages_once_and_ends_once(
    steps: list[Transition], waits_ms: list[int], twice: bool
) -> None:
    book, who, now_ms = Book(), receiver(), NOW_MS
    seen: list[Reason | None] = []
    story: list[Transition] = ["pending", "firing", *steps, "resolved"]
    for seq, (transition, wait_ms) in enumerate(zip(story, [1, *waits_ms], strict=False)):
        alert = step(transition, seq, suppressed_by=("s",) if transition == "suppressed" else ())
        now_ms += wait_ms
        for _ in range(1 + twice):
            book.take(alert, now_ms)
            for notice in plan(book, [who], Moment(now_ms)):
                seen += [each.reason for each in notice.news]
                settle(book, notice, Answer("sent"), who, now_ms)
    assert seen == ["firing", "resolved"]
