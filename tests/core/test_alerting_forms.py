"""Rules that decide on an interval, and on an error budget counted in items."""

from schemas.alerts import Acknowledge
from schemas.metrics import METRICS
from schemas.readings import Reading
from schemas.rows import SnapshotRow
from sinks.snapshots import gauges_of, window_of
from streams.core import publish
from streams.core.observations import Index, Observer
from streams.core.plan import MINUTE_MS
from streams.core.rules import looks_at_window
from tests.core.floors import CALENDAR
from tests.core.rule_floors import RuleFloor, book, queue, rule, steps

PASSED, FAILED = {"golden_n": 10, "golden_correct": 10}, {"golden_n": 10, "golden_correct": 7}


def sure(since: str, **changes: object) -> RuleFloor:
    given = {"window": None, "decide_on": "confidence", "since": since, "series": 10}
    return RuleFloor(book(rule(**(given | changes))))


def test_a_confidence_rule_waits_for_proof() -> None:
    point, proof = RuleFloor(book(rule())), sure("day")
    assert steps(point.minutes(3, FAILED)) == ["firing"]
    assert proof.minutes(3, FAILED) == []
    (fired,) = proof.minutes(20, FAILED)
    evidence = fired.evidence
    assert evidence is not None and evidence.high is not None
    assert evidence.high < 0.9
    assert (evidence.window, evidence.n >= 40) == ("since day", True)


def test_a_new_day_needs_new_proof() -> None:
    floor = sure("day")
    floor.minutes(20, FAILED)
    floor.minutes(24 * 60)
    floor.minute(FAILED)
    assert steps(floor.said) == ["firing", "resolved"]


def test_after_an_acknowledgement_last_change_counts_anew() -> None:
    floor = sure("last_change")
    floor.minutes(40, FAILED)
    (fired,) = floor.said
    floor.command(Acknowledge("c", fired.fingerprint, "ana", floor.now_ms))
    floor.minutes(20, PASSED)
    assert steps(floor.said) == ["firing", "acknowledged", "resolved"]
    assert steps(floor.minutes(60, FAILED)) == ["firing"]


def budget(**changes: object) -> RuleFloor:
    slo = {"objective": 0.9, "period": "24h", "budget_share": 0.1, "window": "1h", "short": "5m"}
    given = {"window": None, "op": None, "value": None, "slo": slo, "min_events": 0}
    return RuleFloor(book(rule(**(given | changes))))


def test_a_budget_is_counted_in_items_and_must_still_be_burning() -> None:
    """A day expects 14,400 items, of which 1,440 may be bad: 144 within an hour are a tenth."""
    floor = budget()
    floor.minutes(24 * 60, PASSED)
    assert floor.said == []
    (fired,) = floor.minutes(50, FAILED)
    assert fired.evidence is not None and fired.evidence.value is not None
    assert 144 <= fired.evidence.value * 1440 < 148
    assert (fired.evidence.threshold, fired.evidence.op) == (0.1, ">=")
    (resolved,) = floor.minutes(5, PASSED)
    assert resolved.transition == "resolved"


def test_a_floor_that_is_younger_than_the_window_has_no_budget_yet() -> None:
    floor = budget()
    floor.first_heard_ms = floor.now_ms
    assert floor.minutes(59, {"golden_n": 10}) == []
    assert steps(floor.minutes(1, {"golden_n": 10})) == ["firing"]


def snapshot_of(floor: RuleFloor) -> SnapshotRow:
    """The whole snapshot of the queue, as the board would have it."""
    subject = floor.rollups.subjects[queue()]
    subject.windows.changed.update(subject.windows.names)
    subject.long_sent_ms, floor.rollups.changed = -1, True
    published = publish.flush(floor.rollups, CALENDAR)
    assert published is not None
    return dict(published.snapshots)[queue()]


def test_what_a_rule_judges_is_what_the_board_shows() -> None:
    floor = RuleFloor(book())
    floor.minutes(30, {"golden_n": 10, "golden_correct": 9, "submitted": 4, "handle_ms": 900})
    floor.quiet(7)
    row = snapshot_of(floor)
    index = Index()
    index.refresh(floor.rollups, floor.now_ms)
    seen = Observer(floor.rollups, floor.now_ms, index, {})
    for name, window in row.windows.items():
        shown = window_of(row, window, gauges_of(row))
        for metric in METRICS:
            if metric.id in shown and looks_at_window(metric):
                judged: tuple[Reading, object] = seen.reading(metric, queue(), name)
                assert judged[0] == shown[metric.id], (name, metric.id)
    assert row.windows["1h"].end_ms - row.windows["1h"].start_ms == 60 * MINUTE_MS
