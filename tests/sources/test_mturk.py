"""Mechanical Turk batch results become events as the contract describes."""

from pathlib import Path

import pytest

from streams.sources.reading import ReadOptions
from streams.sources.records import RejectReason, SourceError, SourceEvent
from tests.sources.logs import MTURK_HEADER, kinds, split, written

HOUR_MS = 3_600_000
ACCEPTED_MS = 1_506_087_657_000  # Fri Sep 22 06:40:57 PDT 2017


def row(**cells: str) -> str:
    """One assignment; by default it is submitted and not yet reviewed."""
    values = {
        "HITId": "H1",
        "HITTypeId": "T1",
        "Title": "Tell Bob's mail bob@x.org",
        "MaxAssignments": "3",
        "AssignmentId": "A1",
        "WorkerId": "W1",
        "AssignmentStatus": "Submitted",
        "CreationTime": "Fri Sep 22 05:40:57 PDT 2017",
        "Expiration": "Fri Sep 29 05:40:57 PDT 2017",
        "AssignmentDurationInSeconds": "3600",
        "AcceptTime": "Fri Sep 22 06:40:57 PDT 2017",
        "SubmitTime": "Fri Sep 22 06:41:57 PDT 2017",
        "AutoApprovalTime": "Mon Sep 25 06:41:57 PDT 2017",
        "ApprovalTime": "",
        "RejectionTime": "",
        "WorkTimeInSeconds": "60",
        "Input.url": "http://secret",
        "Answer.category": "cat",
    } | cells
    return ",".join(values[name] for name in MTURK_HEADER.split(","))


def events_of(folder: Path, *rows: str, options: ReadOptions | None = None) -> list[SourceEvent]:
    events, rejects = split(written(folder, "\n".join((MTURK_HEADER, *rows)) + "\n"), None, options)
    assert rejects == []
    return events


def reviews(events: list[SourceEvent]) -> list[tuple[object, object, object]]:
    return [
        (item.event["outcome"], item.event["actor_type"], item.event["occurred_at"])
        for item in events
        if item.event["event_type"] == "review.decided"
    ]


def test_an_assignment_is_recognised_and_told_from_creation_to_submission(tmp_path: Path) -> None:
    events = events_of(tmp_path, row())
    assert kinds(events) == [
        "item.created",
        "item.queued",
        "item.claimed",
        "work.started",
        "item.submitted",
    ]
    times = [item.event["occurred_at"] for item in events]
    assert times == [
        ACCEPTED_MS - HOUR_MS,
        ACCEPTED_MS - HOUR_MS,
        ACCEPTED_MS,
        ACCEPTED_MS,
        ACCEPTED_MS + 60_000,
    ]
    claim = events[2].event
    assert claim["lock_expires_at"] == ACCEPTED_MS + HOUR_MS
    assert (claim["item_id"], claim["actor_id"], claim["assignment_id"]) == ("H1", "W1", "A1")
    assert "active_ms" not in events[4].event


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"AssignmentStatus": "Approved", "ApprovalTime": "Fri Sep 22 07:40:57 PDT 2017"},
            [("accept", "human", ACCEPTED_MS + HOUR_MS)],
        ),
        (
            {"AssignmentStatus": "Approved", "ApprovalTime": "Mon Sep 25 06:41:57 PDT 2017"},
            [("accept", "system", ACCEPTED_MS + 60_000 + 72 * HOUR_MS)],
        ),
        (
            {"AssignmentStatus": "Approved"},
            [("accept", "system", ACCEPTED_MS + 60_000 + 72 * HOUR_MS)],
        ),
        (
            {"AssignmentStatus": "Rejected", "RejectionTime": "Fri Sep 22 07:40:57 PDT 2017"},
            [("reject", "human", ACCEPTED_MS + HOUR_MS)],
        ),
        (
            {
                "AssignmentStatus": "Approved",
                "RejectionTime": "Fri Sep 22 07:40:57 PDT 2017",
                "ApprovalTime": "Fri Sep 22 08:40:57 PDT 2017",
            },
            [
                ("reject", "human", ACCEPTED_MS + HOUR_MS),
                ("accept", "human", ACCEPTED_MS + 2 * HOUR_MS),
            ],
        ),
    ],
)
def test_reviews_are_who_decided_what_and_when(
    tmp_path: Path, cells: dict[str, str], expected: list[tuple[str, str, int]]
) -> None:
    events = events_of(tmp_path, row(**cells))
    assert reviews(events) == expected
    ids = [item.event["event_id"] for item in events]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"AssignmentStatus": "Rejected"}, "RejectionTime", RejectReason.TIME_MISSING),
        (
            {"AssignmentStatus": "Approved", "AutoApprovalTime": ""},
            "ApprovalTime",
            RejectReason.TIME_MISSING,
        ),
        ({"AssignmentStatus": "Abandoned"}, "AssignmentStatus", RejectReason.VALUE_UNKNOWN),
        ({"SubmitTime": "Fri Sep 22 06:41:57 CEST 2017"}, "SubmitTime", RejectReason.BAD_TIME),
        (
            {"AssignmentDurationInSeconds": "an hour"},
            "AssignmentDurationInSeconds",
            RejectReason.BAD_NUMBER,
        ),
        ({"AcceptTime": ""}, "AcceptTime", RejectReason.TIME_MISSING),
    ],
)
def test_a_row_that_contradicts_itself_is_a_named_reject(
    tmp_path: Path, cells: dict[str, str], field: str, reason: RejectReason
) -> None:
    path = written(tmp_path, "\n".join((MTURK_HEADER, row(**cells))) + "\n")
    events, rejects = split(path)
    assert events == []
    assert [(r.line, r.field, r.reason) for r in rejects] == [(2, field, reason)]


def test_nothing_of_title_input_or_answer_enters_an_event(tmp_path: Path) -> None:
    text = repr([item.event for item in events_of(tmp_path, row())])
    for content in ("secret", "bob", "cat"):
        assert content not in text


def test_a_named_label_column_gives_labels(tmp_path: Path) -> None:
    options = ReadOptions(label_column="Answer.category")
    events = events_of(tmp_path, row(), options=options)
    labels = {item.event["event_type"]: item.event for item in events}
    assert labels["item.submitted"]["labels"] == ["cat"]
    assert labels["label.recorded"]["label"] == "cat"


def test_a_label_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"log\.csv:1: Answer\.color: the mapping needs"):
        events_of(tmp_path, row(), options=ReadOptions(label_column="Answer.color"))


def test_rows_of_one_item_repeat_its_creation_with_equal_ids(tmp_path: Path) -> None:
    events = events_of(tmp_path, row(), row(AssignmentId="A2", WorkerId="W2"))
    created = [item.event for item in events if item.event["event_type"] == "item.created"]
    claimed = [item.event for item in events if item.event["event_type"] == "item.claimed"]
    assert created[0] == created[1]
    assert claimed[0]["event_id"] != claimed[1]["event_id"]


def test_approval_ends_an_item_that_wants_one_assignment(tmp_path: Path) -> None:
    approved = {"AssignmentStatus": "Approved", "ApprovalTime": "Fri Sep 22 07:40:57 PDT 2017"}
    assert kinds(events_of(tmp_path, row(MaxAssignments="1", **approved)))[-1] == "item.completed"
    assert "item.completed" not in kinds(events_of(tmp_path, row(**approved)))


def test_trailing_cells_that_no_one_uses_may_be_missing(tmp_path: Path) -> None:
    short = row().rsplit(",", 2)[0]
    assert len(events_of(tmp_path, short)) == 5
