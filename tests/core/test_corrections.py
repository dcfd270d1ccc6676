"""An alert whose reason is taken back is taken back, once; one that time ends is not."""

import pytest

from tests.core.rule_floors import RuleFloor, book, rule, steps

BREACHES = rule(metric="sla_breaches", op=">", value=0, window="15m", min_events=0)
LEVEL = rule(metric="service_level", window="15m", value=0.9, min_events=1)
SLO = {"objective": 0.9, "period": "24h", "budget_share": 0.1, "window": "1h", "short": "5m"}
BUDGET = rule(metric="service_level", window=None, op=None, value=None, slo=SLO, min_events=1)
BREACH, NONE = {"sla_breached": 1}, {"sla_breached": 0}


@pytest.mark.parametrize("given", [BREACHES, LEVEL], ids=["count", "share"])
def test_a_breach_that_was_none_is_corrected_once(given: object) -> None:
    floor = RuleFloor(book(given))  # type: ignore[arg-type]  # Parameters are objects to pytest.
    assert steps(floor.minute(BREACH)) == ["firing"]
    floor.minutes(2)
    floor.tell_again(0, NONE | {"sla_fulfilled": 1})
    (corrected,) = floor.minute()
    assert (corrected.transition, corrected.state) == ("corrected", "resolved")
    assert corrected.ends_at_ms == floor.now_ms
    assert floor.minutes(30) == []


def test_a_breach_that_time_leaves_behind_was_one() -> None:
    floor = RuleFloor(book(BREACHES))
    floor.minute(BREACH)
    assert steps(floor.minutes(30)) == ["resolved"]


def test_what_is_over_can_still_be_taken_back_within_a_day() -> None:
    floor = RuleFloor(book(BREACHES))
    floor.minute(BREACH)
    (resolved,) = floor.minutes(20)
    floor.tell_again(0, NONE)
    (corrected,) = floor.minute()
    assert corrected.transition == "corrected"
    assert (corrected.starts_at_ms, corrected.seq) == (resolved.starts_at_ms, resolved.seq + 1)
    assert corrected.ends_at_ms == resolved.ends_at_ms


def test_of_two_breaches_one_is_enough_to_have_been_right() -> None:
    floor = RuleFloor(book(BREACHES))
    floor.minute(BREACH)
    floor.minute(BREACH)
    floor.tell_again(0, NONE)
    assert floor.minute() == []
    floor.tell_again(1, NONE)
    assert steps(floor.minute()) == ["corrected"]


def test_more_that_was_good_is_no_correction() -> None:
    floor = RuleFloor(book(LEVEL))
    floor.minute(BREACH)
    floor.tell_again(0, BREACH | {"sla_fulfilled": 99})
    assert steps(floor.minute()) == ["resolved"]


def test_what_happened_before_the_window_takes_nothing_back() -> None:
    floor = RuleFloor(book(rule(metric="sla_breaches", op=">", value=0, window="5m", min_events=0)))
    floor.minute(BREACH)
    floor.minutes(20)
    floor.minute(BREACH)
    floor.tell_again(0, NONE)
    assert steps(floor.minute()) == []


def test_a_budget_that_did_not_burn_is_corrected() -> None:
    floor = RuleFloor(book(BUDGET))
    floor.minutes(70, {"sla_fulfilled": 1})
    assert steps(floor.minute({"sla_breached": 60})) == ["firing"]
    floor.tell_again(70, {"sla_fulfilled": 60})
    assert steps(floor.minute()) == ["corrected"]


def test_who_takes_over_still_knows_what_was_taken_back() -> None:
    floor = RuleFloor(book(BREACHES))
    floor.minute(BREACH)
    floor.take_over()
    floor.tell_again(0, NONE)
    assert steps(floor.minute()) == ["corrected"]


def test_after_a_correction_it_may_fire_again() -> None:
    floor = RuleFloor(book(BREACHES))
    (first,) = floor.minute(BREACH)
    floor.tell_again(0, NONE)
    floor.minute()
    (again,) = floor.minute(BREACH)
    assert again.transition == "firing"
    assert again.starts_at_ms > first.starts_at_ms
