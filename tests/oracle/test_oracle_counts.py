"""The oracle's reading of the counters: hand-made lives with sums done on paper."""

from tests.oracle.lives import Event
from tests.oracle.measures import M, key_of
from tests.oracle.minutes import minute_rows
from tests.oracle.scripts import MINUTE_MS, decided, event, queued, submitted, totals, turn

PROJECT = ("o", "s", "p")


def picked(counted: dict[M, int], *measures: M) -> list[int]:
    return [counted.get(measure, 0) for measure in measures]


def test_handle_runs_from_the_first_start_or_else_the_claim() -> None:
    claimed, started = turn("item.claimed", 1_000), turn("work.started", 4_000)
    handle = (M.HANDLED, M.HANDLE_MS, M.HANDLE_HIST)
    assert picked(totals([claimed, started, submitted(9_000)]), *handle) == [1, 5_000, 1]
    assert picked(totals([claimed, submitted(9_000)]), *handle) == [1, 8_000, 1]
    assert picked(totals([submitted(9_000)]), *handle) == [0, 0, 0]


def test_a_later_submission_of_an_assignment_needs_a_start_of_its_own() -> None:
    begun, again = turn("work.started", 1_000), turn("work.started", 20_000)
    handle = (M.HANDLED, M.HANDLE_MS)
    later = submitted(25_000, attempt=2)
    assert picked(totals([begun, submitted(9_000), later]), *handle) == [1, 8_000]
    assert picked(totals([begun, submitted(9_000), again, later]), *handle) == [2, 13_000]


def test_active_time_is_given_or_comes_from_heartbeats_once() -> None:
    beats = [turn("work.heartbeat", ms, active_ms_delta=500) for ms in (1, 2)]
    events = [
        turn("work.started", 0),
        *beats,
        submitted(1_000, unit_count=4),
        submitted(2_000, attempt=2),
        submitted(3_000, attempt=2, active_ms=70),
        submitted(9_000, "a2", unit_count=9),
    ]
    counted = totals(events)
    assert picked(counted, M.ACTIVE_MS, M.ACTIVE_N, M.REWORK_ACTIVE_MS) == [1_070, 2, 70]
    assert picked(counted, M.UNITS, M.UNITS_ACTIVE_MS) == [4, 1_000]
    assert picked(counted, M.RATIO_ACTIVE_MS, M.RATIO_ELAPSED_MS) == [1_000, 1_000]


def test_a_repeat_counts_once_and_ids_belong_to_their_source() -> None:
    once = submitted(5)
    elsewhere = once | {"source": "t"}
    assert totals([once, once, elsewhere])[M.SUBMITTED] == 2


def test_claims_wait_since_the_first_queueing() -> None:
    events = [
        queued(0),
        turn("item.claimed", 1_000),
        queued(2_000, reason="expiry"),
        turn("item.assigned", 8_000, "a2", actor_id="bob"),
    ]
    rows = minute_rows(events)
    overall = dict(zip(rows[rows["grouping"] == "all"]["key"], rows["n"], strict=False))
    assert key_of(M.CLAIM_FIRST_HIST, 1_000) in overall
    assert key_of(M.CLAIM_LAST_HIST, 8_000) in overall
    assert picked(totals(events), M.CLAIMED, M.ARRIVED, M.REQUEUED) == [2, 1, 1]
    assert picked(totals(events, "annotator", ("o", "bob")), M.CLAIM_LAST_HIST) == [1]


def test_completion_counts_once_as_first_and_a_system_is_apart() -> None:
    life = [event("item.created", 0), submitted(1_000, active_ms=10)]
    done = [event("item.completed", ms) for ms in (3_000, 4_000)]
    measures = (M.COMPLETED, M.COMPLETED_FIRST, M.TURNAROUND_HIST, M.AUTO_CLOSED)
    assert picked(totals(life + done), *measures) == [2, 1, 1, 0]
    assert picked(totals(life + done), M.FLOW_ACTIVE_MS, M.FLOW_ELAPSED_MS) == [10, 3_000]
    by_system = done[0] | {"actor_type": "system"}
    assert picked(totals([*life, by_system]), *measures) == [1, 1, 0, 1]


def test_reviews_first_rounds_and_what_is_taken_back() -> None:
    events = [
        submitted(0, team_id="blue"),
        decided(1, "reject"),
        decided(2, "accept"),
        decided(3, "accept", reviewer_id="second"),
        decided(4, "fix"),
        event("appeal.decided", 5, appeal_id="a", outcome="overturn"),
    ]
    counted = totals(events, "team", ("o", "blue"))
    assert picked(counted, M.REVIEWED, M.ACCEPTED, M.REJECTED, M.FIXED) == [4, 2, 1, 1]
    assert picked(counted, M.FIRST_REVIEWED, M.FIRST_PASSED, M.FIRST_FIXED) == [1, 0, 0]
    assert picked(counted, M.ROUNDS, M.ROUNDS_N, M.ACCEPT_RETRACTED) == [2, 1, 1]
    assert picked(totals(events, "reviewer", ("o", "second")), M.ACCEPT_RETRACTED) == [1]


def test_an_appeal_takes_back_an_accept() -> None:
    overturned = event("appeal.decided", 9, appeal_id="a", outcome="overturn")
    assert totals([submitted(0), decided(1, "accept"), overturned])[M.ACCEPT_RETRACTED] == 1


def golden(at_ms: int, expected: str, actual: str, **fields: object) -> Event:
    answer = {"expected": expected, "actual": actual, "correct": expected == actual}
    return event("golden.answered", at_ms, golden_id="g", actor_id="ann", **answer, **fields)


def test_golden_confusion_is_told_label_by_label() -> None:
    events = [
        golden(0, "spam", "spam", options=["spam", "safe", "adult"]),
        golden(1, "spam", "safe", options=["spam", "safe", "adult"]),
        golden(2, "spam", "safe"),
    ]
    measures = (M.GOLDEN_TP, M.GOLDEN_FN, M.GOLDEN_FP, M.GOLDEN_FP_KNOWN, M.GOLDEN_TN)
    assert picked(totals(events, "label", (*PROJECT, "spam")), *measures) == [1, 2, 0, 0, 0]
    assert picked(totals(events, "label", (*PROJECT, "safe")), *measures) == [0, 0, 2, 1, 1]
    assert picked(totals(events, "label", (*PROJECT, "adult")), *measures) == [0, 0, 0, 0, 2]
    assert totals(events, "annotator", ("o", "ann")) == {M.GOLDEN_N: 3, M.GOLDEN_CORRECT: 1}


def test_labels_of_a_submission_count_in_the_label_grouping_only() -> None:
    events = [submitted(0, labels=["spam", "adult", "spam"])]
    assert totals(events, "label", (*PROJECT, "spam")) == {M.SUBMITTED: 1, M.LABELLED: 1}
    assert picked(totals(events), M.SUBMITTED, M.LABELLED) == [1, 0]


def test_an_unknown_team_is_empty_for_people_and_absent_for_items() -> None:
    nobody = totals([queued(0), submitted(1)], "team", ("o", ""))
    assert picked(nobody, M.SUBMITTED, M.ARRIVED) == [1, 0]


def test_a_fact_without_a_queue_lies_where_the_item_lies() -> None:
    escalated = event("item.escalated", 1, from_queue="q", to_queue="experts")
    counted = totals([queued(0), escalated, submitted(2)], "queue", (*PROJECT, "experts"))
    assert counted[M.SUBMITTED] == 1


def test_productive_time_is_split_over_the_minutes_it_spans() -> None:
    says = {"actor_id": "ann", "status": "x"}
    events = [
        event("presence.changed", 30_000, productive=True, **says),
        event("presence.changed", 150_000, productive=False, **says),
        event("presence.changed", 900_000, productive=True, **says),
    ]
    rows = minute_rows(events)
    mine = rows[rows["grouping"] == "annotator"]
    assert list(zip(mine["pane_ms"] // MINUTE_MS, mine["n"], strict=True)) == [
        (0, 30_000),
        (1, 60_000),
        (2, 30_000),
    ]
    assert "project" not in set(rows["grouping"])
