"""Rules over stage 2: what fires, with which evidence, and what keeps quiet."""

import pytest

from schemas.alerts import Acknowledge, Matcher, Silence, Unacknowledge
from schemas.targets import Target
from streams.core.gauges import Gauge
from streams.core.plan import HOUR_MS, MINUTE_MS
from tests.core.rule_floors import START_MS, RuleFloor, book, queue, rule, steps

GOOD = {"golden_n": 10, "golden_correct": 10}
BAD = {"golden_n": 10, "golden_correct": 5}


def test_an_alert_says_why() -> None:
    floor = RuleFloor(book(rule()))
    floor.minutes(3, GOOD)
    assert floor.said == []
    (fired,) = floor.minutes(2, BAD)
    assert (fired.transition, fired.state, fired.seq) == ("firing", "firing", 1)
    assert fired.labels == {
        "alertname": "LowAccuracy",
        "org": "north",
        "source": "coop",
        "project": "chat",
        "queue": "q1",
        "severity": "warning",
    }
    evidence = fired.evidence
    assert evidence is not None and evidence.low is not None and evidence.value is not None
    assert (evidence.value, evidence.n, evidence.threshold) == (35 / 40, 40, 0.9)
    assert evidence.low < evidence.value
    assert evidence.window == "1h"
    assert fired.annotations["summary"] == "q1 88% n=40"
    assert evidence.sql.startswith("SELECT value, low, high, n, cause FROM metric_values(grouping")
    assert "queue = 'q1'" in evidence.sql


def test_a_few_events_say_nothing() -> None:
    floor = RuleFloor(book(rule(min_events=50)))
    assert floor.minutes(4, BAD) == []
    assert steps(floor.minutes(1, BAD)) == ["firing"]


def test_it_resolves_only_beyond_the_clear_threshold() -> None:
    floor = RuleFloor(book(rule(window="5m", clear=0.95)))
    floor.minutes(5, BAD)
    assert floor.minutes(20, {"golden_n": 100, "golden_correct": 93}) == []
    (resolved,) = floor.minutes(10, GOOD)
    assert (resolved.transition, resolved.state, resolved.seq) == ("resolved", "resolved", 2)
    assert resolved.ends_at_ms == resolved.at_ms
    assert resolved.starts_at_ms == floor.said[0].starts_at_ms
    assert resolved.annotations == floor.said[0].annotations, "the words are about what was wrong"
    assert resolved.evidence is not None and (resolved.evidence.value or 0) > 0.93


@pytest.mark.parametrize(
    ("no_data", "expected"),
    [("keep", ["firing", "stale"]), ("ok", ["firing", "resolved"]), ("alert", ["firing"])],
)
def test_missing_data_does_what_the_rule_says(no_data: str, expected: list[str]) -> None:
    floor = RuleFloor(book(rule(window="5m", no_data=no_data)))
    floor.minutes(3, BAD)
    floor.quiet(60)
    assert steps(floor.said) == expected


def test_silence_of_a_source_fires_where_no_data_is_an_alert() -> None:
    floor = RuleFloor(book(rule(window="5m", no_data="alert")))
    floor.minutes(3, GOOD)
    assert floor.quiet(4) == []
    assert steps(floor.quiet(10)) == ["firing"]


def test_a_signal_tells_of_a_silent_source() -> None:
    silent = rule(
        alert="SourceSilent",
        metric="source_silence",
        by=["org", "source"],
        window=None,
        op=">",
        value="10m",
        min_events=0,
        annotations={"summary": "{source}: {value:.0f} s", "runbook": "https://example.org"},
    )
    floor = RuleFloor(book(silent))
    floor.minutes(3, GOOD)
    (fired,) = floor.quiet(15)
    assert fired.annotations["summary"] == "coop: 660 s"
    assert steps(floor.minutes(1, GOOD)) == ["resolved"]


def test_an_empty_backlog_is_well_and_not_unknown() -> None:
    old = rule(metric="oldest_waiting_age", window=None, op=">", value="30m", min_events=0)
    floor = RuleFloor(book(old))
    (fired,) = floor.minute(gauge=Gauge(waiting=3, oldest_waiting_ms=START_MS - HOUR_MS))
    assert fired.evidence is not None and fired.evidence.value == 3660
    assert "FROM backlog_now(grouping='queue'" in fired.evidence.sql
    assert steps(floor.minute(gauge=Gauge())) == ["resolved"]


def test_a_backlog_that_never_clears_is_later_than_any_time() -> None:
    floor = RuleFloor(book(rule(metric="time_to_clear", op=">", value="8h", min_events=0)))
    (fired,) = floor.minute({"open_delta": 5}, gauge=Gauge(open=5, open_since={START_MS: 5}))
    assert fired.evidence is not None
    assert (fired.evidence.value, fired.evidence.cause) == (None, "never")
    assert fired.annotations["summary"] == "q1 unknown n=5"


def test_a_target_moves_the_threshold_and_its_end_resolves() -> None:
    targets = (
        Target(metric="golden_accuracy", value="90%", where={"queue": "q1"}),
        Target(metric="golden_accuracy", value=0.4, where={"queue": "q1", "org": "north"}),
    )
    floor = RuleFloor(book(rule(value=None, target=True), targets=targets[:1]))
    floor.minutes(2, BAD)
    floor.minutes(2, BAD, queue("q2"))
    assert steps(floor.said) == ["firing"]
    floor.alerting.book = book(rule(value=None, target=True), targets=targets)
    assert steps(floor.minutes(1, BAD)) == ["resolved"]


def test_a_rule_that_is_no_more_resolves_its_alerts() -> None:
    floor = RuleFloor(book(rule()))
    floor.minutes(2, BAD)
    floor.alerting.book = book()
    (resolved,) = floor.minutes(1, BAD)
    assert (resolved.transition, resolved.note) == ("resolved", "there is nothing left to judge")


def test_contributors_come_from_finer_groupings_of_the_partition() -> None:
    wide = rule(by=["org", "source", "project"], annotations=rule().annotations | {"summary": "x"})
    floor = RuleFloor(book(wide))
    project = "\x1f".join(("project", "north", "coop", "chat"))
    for name, correct in (("good", 10), ("bad", 1), ("worse", 0)):
        floor.minute({"golden_n": 10, "golden_correct": correct}, subject=queue(name))
    (fired,) = floor.minute({"golden_n": 30, "golden_correct": 11}, subject=project)
    assert fired.evidence is not None
    names = [each.dims["queue"] for each in fired.evidence.contributors]
    assert names == ["worse", "bad", "good"]


def silence(ends_at_ms: int, updated_at_ms: int = 1, **matchers: str) -> Silence:
    wanted = tuple(Matcher(name, value) for name, value in matchers.items())
    return Silence("s1", wanted, START_MS, ends_at_ms, "ana", "planned", updated_at_ms)


def test_a_silence_that_ends_while_it_fires_tells_at_once() -> None:
    floor = RuleFloor(book(rule()))
    floor.command(silence(START_MS + 5 * MINUTE_MS, queue="q1"))
    (fired,) = floor.minutes(2, BAD)
    assert (fired.transition, fired.suppressed_by) == ("firing", ("s1",))
    (told,) = floor.minutes(5, BAD)
    assert (told.transition, told.state, told.suppressed_by) == ("unsuppressed", "firing", ())
    assert told.evidence is not None


def test_a_silence_begins_for_what_fires_and_is_ended_early_by_a_later_word() -> None:
    floor = RuleFloor(book(rule()))
    floor.minutes(2, BAD)
    floor.command(silence(START_MS + 9 * HOUR_MS, queue="q1"))
    assert steps(floor.minutes(1, BAD)) == ["suppressed"]
    floor.command(silence(START_MS, updated_at_ms=0, queue="q1"))
    assert floor.minutes(1, BAD) == []
    floor.command(silence(START_MS + 4 * MINUTE_MS, updated_at_ms=2, queue="q1"))
    assert steps(floor.minutes(1, BAD)) == ["unsuppressed"]


def test_the_worse_alert_of_a_subject_keeps_the_milder_one_quiet() -> None:
    mild = rule(alert="Mild", inhibited_by=["Bad"])
    floor = RuleFloor(book(mild, rule(alert="Bad", value=0.7)))
    said = floor.minutes(2, BAD)
    quiet = {each.labels["alertname"]: bool(each.suppressed_by) for each in said}
    assert quiet == {"Bad": False, "Mild": True}
    assert steps(floor.minutes(5, GOOD)) == ["resolved", "unsuppressed"]


def test_an_owner_is_named_until_it_resolves() -> None:
    floor = RuleFloor(book(rule(window="5m")))
    (fired,) = floor.minutes(1, BAD)
    take = Acknowledge("c1", fired.fingerprint, "ana", floor.now_ms, "looking")
    (taken,) = floor.command(take)
    assert (taken.transition, taken.acknowledged_by, taken.note) == (
        "acknowledged",
        "ana",
        "looking",
    )
    assert floor.command(take) == []
    assert floor.command(Acknowledge("c2", "0" * 16, "ana", floor.now_ms)) == []
    assert steps(floor.command(Unacknowledge("c3", fired.fingerprint, "ana", floor.now_ms))) == [
        "unacknowledged"
    ]


def test_a_second_is_evaluated_once() -> None:
    floor = RuleFloor(book(rule()))
    floor.minutes(2, BAD)
    for part_ms in (0, 1, 999):
        assert floor.alerting.evaluate(floor.rollups, floor.now_ms + part_ms) == []
