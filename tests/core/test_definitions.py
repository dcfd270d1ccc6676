"""The trickiest definitions, one small life each, with the numbers worked out by hand."""

import pytest

from schemas.measures import BY_ID, bin_of, key_of
from schemas.statistics import duration_of_bin_ms, quantile_ms
from tests.core.floors import Event, rows_of
from tests.oracle.scripts import decided, event, queued, submitted, turn

#: A life, and what it counts for in all; measures not named may be anything.
Case = tuple[list[Event], dict[str, int]]

CREATED, DONE = event("item.created", 0), event("item.completed", 9_000)
OVERTURN = event("appeal.decided", 8_000, appeal_id="a", outcome="overturn")

LIVES: dict[str, Case] = {
    "a re-queue of the same ms follows the review that caused it": (
        [queued(0), decided(5, "reject"), queued(5, reason="rework")],
        {"arrived": 1, "requeued": 1, "waiting_delta": 1, "open_delta": 1},
    ),
    "a first queueing of the same ms comes before the claim": (
        [turn("item.claimed", 0), queued(0)],
        {"waiting_delta": 0, "in_work_delta": 1, "claim_first_hist": 1},
    ),
    "a re-queue of the same ms comes before the completion": (
        [DONE, queued(9_000, reason="rework")],
        {"open_delta": 0, "completed": 1},
    ),
    "handle time runs from the start of work, not from the claim": (
        [turn("item.claimed", 0), turn("work.started", 3_000), submitted(10_000)],
        {"handled": 1, "handle_ms": 7_000},
    ),
    "handle time runs from the claim when no start is known": (
        [turn("item.claimed", 2_000), submitted(10_000)],
        {"handled": 1, "handle_ms": 8_000},
    ),
    "handle time is unknown without start and claim": (
        [submitted(10_000)],
        {"submitted": 1, "handled": 0, "handle_ms": 0},
    ),
    "a second start of an assignment changes nothing": (
        [turn("work.started", 1_000), turn("work.started", 4_000), submitted(10_000)],
        {"handle_ms": 9_000},
    ),
    "a second submission of an assignment needs a start of its own": (
        [turn("work.started", 0), submitted(1_000), submitted(5_000)],
        {"submitted": 2, "handled": 1, "handle_ms": 1_000},
    ),
    "a second submission with a start of its own has its own time": (
        [
            turn("work.started", 0),
            submitted(1_000),
            turn("work.started", 4_000),
            submitted(6_000),
        ],
        {"handled": 2, "handle_ms": 3_000},
    ),
    "heartbeats make active time when the submission has none": (
        [
            turn("work.heartbeat", 0, active_ms_delta=300),
            turn("work.heartbeat", 1, active_ms_delta=400),
            submitted(2),
            submitted(3, "a2", active_ms=5),
        ],
        {"active_n": 2, "active_ms": 705, "ratio_active_ms": 0},
    ),
    "rework is the active time of attempts after the first": (
        [submitted(0, active_ms=10), submitted(1, attempt=2, active_ms=4)],
        {"active_ms": 14, "rework_active_ms": 4},
    ),
    "units without active time are not counted": (
        [submitted(0, unit_count=7), submitted(1, "a2", unit_count=3, active_ms=60)],
        {"units": 3, "units_active_ms": 60},
    ),
    "only the first completion is one, and of a person it has a turnaround": (
        [CREATED, submitted(1, active_ms=40), DONE, event("item.completed", 12_000)],
        {
            "completed": 2,
            "completed_first": 1,
            "turnaround_hist": 1,
            "flow_active_ms": 40,
            "flow_elapsed_ms": 9_000,
        },
    ),
    "what a system completes has no turnaround": (
        [CREATED, DONE | {"actor_type": "system"}],
        {"completed_first": 1, "auto_closed": 1, "turnaround_hist": 0},
    ),
    "the latest claim takes the place of the one before": (
        [queued(0), turn("item.claimed", 1_000), turn("item.claimed", 4_000, "a2")],
        {"claimed": 2, "claim_first_hist": 1, "claim_last_hist": 1},
    ),
    "an accept is taken back once, however often": (
        [decided(1, "accept"), decided(2, "reject"), decided(3, "fix"), OVERTURN],
        {"accepted": 1, "accept_retracted": 1, "rejected": 1, "fixed": 1},
    ),
    "two accepts in a row are one standing accept": (
        [decided(1, "accept"), decided(2, "accept", reviewer_id="second"), OVERTURN],
        {"accepted": 2, "accept_retracted": 1},
    ),
    "a fix is a first review and no pass": (
        [decided(1, "fix"), decided(2, "accept")],
        {"first_reviewed": 1, "first_passed": 0, "first_fixed": 1, "rounds": 1, "rounds_n": 1},
    ),
    "rounds are counted up to the first accept": (
        [decided(1, "reject"), decided(2, "reject"), decided(3, "accept"), decided(4, "reject")],
        {"reviewed": 4, "rounds": 3, "rounds_n": 1, "first_passed": 0},
    ),
    "two people at work on one item are one item in work": (
        [queued(0), turn("item.claimed", 1), turn("item.claimed", 2, "a2"), submitted(3)],
        {"in_work_delta": 1, "waiting_delta": 0, "open_delta": 1},
    ),
    "an expired assignment brings its item back to waiting": (
        [queued(0), turn("item.claimed", 1), event("assignment.expired", 2, assignment_id="a1")],
        {"expired": 1, "waiting_delta": 1, "in_work_delta": 0},
    ),
    "what happens to a closed item does not open it": (
        [queued(0), DONE, turn("item.claimed", 9_001), submitted(9_002)],
        {"open_delta": 0, "in_work_delta": 0, "submitted": 1},
    ),
}


def counted(events: list[Event]) -> dict[str, int]:
    """Each measure's sum over all panes of ``all``; a histogram's is its number of values."""
    sums: dict[str, int] = {}
    for (grouping, *_), tally in rows_of(events).items():
        for key, n in tally.items() if grouping == "all" else ():
            name = BY_ID[key >> 12].name
            sums[name] = sums.get(name, 0) + n
    return sums


@pytest.mark.parametrize("sentence", LIVES)
def test_it_holds_in_either_order(sentence: str) -> None:
    life, wanted = LIVES[sentence]
    for events in (life, life[::-1], life[1::2] + life[::2]):
        sums = counted(events)
        assert {name: sums.get(name, 0) for name in wanted} == wanted


def test_the_latest_claim_is_restated_where_it_was_counted() -> None:
    events = [queued(0), turn("item.claimed", 1_000), turn("item.claimed", 125_000, "a2")]
    rows = rows_of(events)
    latest = key_of("claim_last_hist") | bin_of(125_000)
    histograms = {
        at: {key: n for key, n in tally.items() if BY_ID[key >> 12].name == "claim_last_hist"}
        for at, tally in rows.items()
        if at[0] == "all"
    }
    assert {at[2]: tally for at, tally in histograms.items() if tally} == {120_000: {latest: 1}}


def test_a_review_counts_for_the_team_that_its_author_submitted_with() -> None:
    events = [submitted(0, team_id="red"), decided(1, "accept", team_id="reviewers")]
    teams = {values for (grouping, values, *_) in rows_of(events) if grouping == "team"}
    assert teams == {("o", "red")}


def test_what_lies_in_a_label_counts_nowhere_else() -> None:
    rows = rows_of([submitted(0, labels=["spam", "spam", "safe"])])
    submitted_in = {at[:2]: tally[key_of("submitted")] for at, tally in rows.items()}
    assert submitted_in[("label", ("o", "s", "p", "spam"))] == 1
    assert submitted_in[("label", ("o", "s", "p", "safe"))] == 1
    assert submitted_in[("all", ())] == 1


@pytest.mark.parametrize(("q", "rank"), [(0.5, 2), (0.51, 3), (0.75, 3), (0.95, 4)])
def test_a_quantile_is_the_value_of_rank_q_n_rounded_up(q: float, rank: int) -> None:
    durations_ms = [1_000, 2_000, 3_000, 4_000]
    bins = {bin_of(ms): 1 for ms in durations_ms}
    assert quantile_ms(bins, q) == duration_of_bin_ms(bin_of(durations_ms[rank - 1]))
