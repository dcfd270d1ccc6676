"""What the worker relies on: whose signal it is, what is late, what a bad command does, reloads."""

from schemas.alerts import Close, Matcher, Silence
from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from streams.core.alerting import Alerting, RuleCalendar
from streams.core.plan import DAY_MS
from streams.core.rules import make_ready
from tests.core.floors import CALENDAR
from tests.core.rule_floors import START_MS, RuleFloor, book, queue, rule, steps

BAD = {"golden_n": 10, "golden_correct": 5}
LAG = rule(alert="Lag", metric="watermark_lag", by=[], window=None, op=">", value=60, min_events=0)


def test_a_signal_belongs_to_one_partition() -> None:
    floor = RuleFloor(book(LAG))
    floor.minute(BAD)
    owners = {"watermark_lag\x1f"}
    ours = Alerting(book(LAG), lambda subject: subject in owners)
    others = Alerting(book(LAG), lambda subject: subject not in owners)
    signals = {"watermark_lag": {"": 90.0}}
    assert steps(ours.evaluate(floor.rollups, floor.now_ms, signals=signals)) == ["firing"]
    assert others.evaluate(floor.rollups, floor.now_ms, signals=signals) == []


def test_a_signal_that_nobody_measures_any_more_is_unknown_and_not_well() -> None:
    floor = RuleFloor(book())
    floor.minute(BAD)
    alerting = Alerting(book(LAG))
    alerting.evaluate(floor.rollups, floor.now_ms, signals={"watermark_lag": {"": 90.0}})
    said = [alerting.evaluate(floor.rollups, floor.now_ms + at * 60_000) for at in range(1, 9)]
    assert [step for each in said for step in steps(each)] == ["stale"]


def test_what_is_found_while_catching_up_is_marked() -> None:
    floor = RuleFloor(book(rule()))
    floor.minute({"golden_n": 9, "golden_correct": 1})
    alerting = Alerting(book(rule(min_events=0)))
    (fired,) = alerting.evaluate(floor.rollups, floor.now_ms, late=True)
    assert fired.late


def test_a_command_that_can_not_be_kept_changes_nothing() -> None:
    floor = RuleFloor(book(rule()))
    (fired,) = floor.minute(BAD)
    broken = (Matcher("queue", "q[", is_regex=True),)
    floor.command(Silence("s", broken, 0, START_MS + DAY_MS, "ana", "", 1))
    floor.command(Close("c", fired.fingerprint, fired.starts_at_ms, "noise", "ana", 1))
    assert floor.alerting.state.silences == {}
    assert floor.minute(BAD) == []


def test_a_silence_is_forgotten_a_day_after_its_end() -> None:
    floor = RuleFloor(book(rule()))
    quiet = (Matcher("queue", "q1"),)
    floor.command(Silence("s", quiet, START_MS, START_MS + 60_000, "ana", "", 1))
    floor.minutes(24 * 60)
    assert list(floor.alerting.state.silences) == ["s"]
    floor.minutes(2)
    assert floor.alerting.state.silences == {}


def test_the_version_of_a_guideline_is_counted_in_a_window_of_its_own() -> None:
    groupings = (*DEFAULT_GROUPINGS, Grouping("version", ("org", "guideline")))
    by_version = rule(
        by=["org", "guideline"], window=None, decide_on="confidence", since="guideline"
    )
    alerting = Alerting(make_ready((by_version,), (), groupings))
    calendar = RuleCalendar(CALENDAR, alerting)
    starts = calendar.starts_ms({"org": "north", "guideline": "v2"}, START_MS + 3 * DAY_MS)
    assert starts["since:LowAccuracy"] == START_MS
    assert "since:LowAccuracy" not in calendar.starts_ms({"org": "north"}, START_MS)
    anew = calendar.starts_ms({"org": "north", "guideline": "v2"}, START_MS + 29 * DAY_MS)
    assert anew["since:LowAccuracy"] == START_MS + 28 * DAY_MS


def test_a_changed_rule_goes_on_with_its_alerts() -> None:
    floor = RuleFloor(book(rule()))
    (fired,) = floor.minute(BAD)
    floor.alerting.book = book(rule(value=0.3))
    (resolved,) = floor.minute(BAD)
    assert (resolved.transition, resolved.starts_at_ms) == ("resolved", fired.starts_at_ms)
    assert resolved.rule_version != fired.rule_version


def test_who_hears_of_a_silence_tells_everybody_and_who_takes_over_tells_again() -> None:
    floor = RuleFloor(book(rule()))
    floor.minute(BAD)
    quiet = Silence("s", (Matcher("queue", "q1"),), 0, floor.now_ms + DAY_MS, "ada", "", 1)
    floor.command(quiet)
    assert floor.alerting.take_silences() == [quiet]
    assert floor.alerting.take_silences() == []
    floor.take_over()
    assert floor.alerting.take_silences() == [quiet]
    floor.command(quiet)
    assert floor.alerting.take_silences() == [], "an old word is no news"


def test_what_changes_in_a_second_that_was_looked_at_is_looked_at_in_the_next() -> None:
    floor = RuleFloor(book(rule(min_events=1)))
    floor.minute({"golden_n": 1, "golden_correct": 1}, subject=queue("q1"))
    floor.minute({"golden_n": 9, "golden_correct": 1}, subject=queue("q2"))
    alerting = Alerting(floor.book)
    at_ms = floor.now_ms
    assert alerting.evaluate(floor.rollups, at_ms, changed={queue("q1")}) != []
    alerting = Alerting(floor.book)
    alerting.state.last_ms = at_ms
    assert alerting.evaluate(floor.rollups, at_ms + 400, changed={queue("q2")}) == []
    (fired,) = alerting.evaluate(floor.rollups, at_ms + 1_000, changed=set())
    assert fired.labels["queue"] == "q2"


def test_one_partition_speaks_of_a_silence() -> None:
    floor = RuleFloor(book(rule()))
    floor.minute(BAD)
    elsewhere = Alerting(book(rule()), lambda name: not name.startswith("silence"))
    quiet = Silence("s", (Matcher("queue", "q1"),), 0, floor.now_ms + DAY_MS, "ada", "", 1)
    assert elsewhere.command(quiet, floor.rollups) == []
    assert list(elsewhere.state.silences) == ["s"]
    assert elsewhere.take_silences() == []
