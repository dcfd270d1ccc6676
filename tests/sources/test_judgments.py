"""Logs of judgments map fully: every row yields events or one named reject.

The tests run on a small log that is written here, and on every log in the folder that
``WATCHFLOOR_REAL_DATA`` names.
"""

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from streams.sources.clock import parse_clock
from streams.sources.reading import ReadOptions, read_events
from streams.sources.records import Reject
from tests.sources.logs import judgments, kinds, split, written

HEADER = (
    "source_file,job_id,judgment_id,item_id,annotator_id,label,gold,started_at,"
    "submitted_at,handle_s,review_status,reviewed_at,rejected_at,stage,row,"
    "server_created_at,expert,retired_at,retirement_reason"
)
AT = "2016-06-15T00:51:20.702Z"
REAL = (
    sorted(Path(os.environ["WATCHFLOOR_REAL_DATA"]).glob("*_judgments.csv.gz"))
    if "WATCHFLOOR_REAL_DATA" in os.environ
    else []
)


def row(**cells: str) -> str:
    values = {
        "source_file": "f",
        "job_id": "j",
        "item_id": "i1",
        "annotator_id": "ann",
        "label": "G",
        "submitted_at": AT,
        "row": "0",
    } | cells
    return ",".join(
        '"' + values.get(name, "").replace('"', '""') + '"' for name in HEADER.split(",")
    )


def log(folder: Path, *rows: str) -> Path:
    return written(folder, gzip.compress("\n".join((HEADER, *rows, "")).encode()), "s.csv.gz")


def sample(folder: Path) -> Path:
    """Every trap of the real logs in a few invented rows."""
    return log(
        folder,
        row(row="0", gold="G", handle_s="9.5"),
        row(row="1", gold="P"),
        row(row="2", label="P"),
        row(
            row="3",
            item_id="i2",
            started_at="2016-06-14T06:51:20Z",
            stage="zoo",
            label='[{"task":"T0","value":["Yes"]}]',
            server_created_at=AT,
            retired_at=AT,
        ),
        row(row="4", item_id="i2", stage="zoo", gold="True", expert="expert", retired_at=AT),
        row(row="5", submitted_at="15/06/2016", handle_s="1"),
    )


def test_a_repeated_judgment_with_another_label_stays_an_event_of_its_own(tmp_path: Path) -> None:
    events, _ = split(
        log(tmp_path, row(row="1"), row(row="2"), row(row="3", label="P")), judgments()
    )
    submitted = [i.event for i in events if i.event["event_type"] == "item.submitted"]
    assert len({event["event_id"] for event in submitted}) == 3
    assert len({event["assignment_id"] for event in submitted}) == 3


def test_reading_again_and_under_another_order_gives_the_same_ids(tmp_path: Path) -> None:
    rows = [row(row=str(number)) for number in range(5)]
    first, _ = split(log(tmp_path, *rows), judgments())
    second, _ = split(log(tmp_path, *reversed(rows)), judgments())
    assert {str(i.event["event_id"]) for i in first} == {str(i.event["event_id"]) for i in second}


def test_equal_rows_without_any_id_are_events_of_their_own(tmp_path: Path) -> None:
    text = "item_id,annotator_id,label,submitted_at\n" + f"i,a,G,{AT}\n" * 2
    events, _ = split(written(tmp_path, text), judgments())
    assert len({str(i.event["event_id"]) for i in events}) == len(events) == 4


def test_the_client_says_when_and_the_server_when_it_arrived(tmp_path: Path) -> None:
    events, _ = split(log(tmp_path, row(server_created_at="2016-06-15T00:51:15Z")), judgments())
    assert {(i.event["occurred_at"], i.event["received_at"]) for i in events} == {
        (1_465_951_880_702, 1_465_951_875_000)
    }


def test_a_start_is_taken_from_the_duration_when_it_was_not_written(tmp_path: Path) -> None:
    events, _ = split(log(tmp_path, row(handle_s="9.5")), judgments())
    started, submitted = events[0].event, events[1].event
    assert isinstance(submitted["occurred_at"], int)
    assert started["occurred_at"] == submitted["occurred_at"] - 9500
    assert started["occurred_at_quality"] == "estimated"
    assert "occurred_at_quality" not in submitted


def test_gold_is_compared_and_the_options_are_what_the_project_chose_from(tmp_path: Path) -> None:
    events, _ = split(log(tmp_path, row(gold="G"), row(row="1", label="P", gold="X")), judgments())
    golden = [i.event for i in events if i.event["event_type"] == "golden.answered"]
    assert [(e["expected"], e["actual"], e["correct"], e["options"]) for e in golden] == [
        ("G", "G", True, ["G", "P", "X"]),
        ("X", "P", False, ["G", "P", "X"]),
    ]


def test_a_golden_answer_says_its_queue_as_the_submission_of_its_row_does(tmp_path: Path) -> None:
    queues = HEADER + ",queue_id"
    rows = (row(gold="G") + ",q", row(row="1", gold="P") + ",")
    events, _ = split(written(tmp_path, "\n".join((queues, *rows, ""))), judgments())
    said = {
        kind: [i.event.get("queue_id") for i in events if i.event["event_type"] == kind]
        for kind in ("item.submitted", "golden.answered")
    }
    assert said == {"item.submitted": ["q", "j"], "golden.answered": ["q", "j"]}


def test_what_was_never_written_is_not_made_up(tmp_path: Path) -> None:
    events, _ = split(log(tmp_path, row()), judgments())
    assert kinds(events) == ["item.submitted", "label.recorded"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"review_status": "approved", "reviewed_at": AT}, ["accept"]),
        ({"review_status": "fixed", "reviewed_at": AT}, ["fix"]),
        ({"review_status": "rejected", "rejected_at": AT}, ["reject"]),
        ({"review_status": "pending"}, []),
    ],
)
def test_review_outcomes_are_translated(
    tmp_path: Path, cells: dict[str, str], expected: list[str]
) -> None:
    events, rejects = split(log(tmp_path, row(**cells)), judgments())
    assert rejects == []
    assert [
        i.event["outcome"] for i in events if i.event["event_type"] == "review.decided"
    ] == expected


@pytest.mark.parametrize("clock", ["rate:5", "gaps:20:1"])
def test_a_clock_gives_the_same_times_each_time(tmp_path: Path, clock: str) -> None:
    path = log(tmp_path, *(row(row=str(n), submitted_at="", handle_s=str(n)) for n in range(9)))
    runs = [
        split(path, judgments(), ReadOptions(clock=parse_clock(clock, 10**12))) for _ in range(2)
    ]
    assert runs[0] == runs[1]
    times = [
        i.event["occurred_at"] for i in runs[0][0] if i.event["event_type"] == "item.submitted"
    ]
    assert len(times) == 9
    assert times == sorted(times)  # type: ignore[type-var]  # They are integers here.
    assert runs[0][0][0].event["occurred_at_quality"] == "estimated"


def test_without_times_and_without_a_clock_each_row_says_what_is_missing(tmp_path: Path) -> None:
    events, rejects = split(log(tmp_path, row(submitted_at="")), judgments())
    assert events == []
    assert "give the log a clock" in rejects[0].message


@pytest.mark.parametrize("text", ["", "rate", "rate:0", "rate:-1", "rate:x", "gaps:0", "gaps:2:x"])
def test_a_clock_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="use rate:"):
        parse_clock(text, 0)


@pytest.mark.parametrize("name", ["", *(path.name for path in REAL)])
def test_every_row_yields_events_or_one_named_reject(tmp_path: Path, name: str) -> None:
    path = next((p for p in REAL if p.name == name), None) or sample(tmp_path)
    with gzip.open(path, "rt", newline="") as text:
        rows = sum(1 for _ in csv.DictReader(text))
    mapped: set[int] = set()
    rejected: Counter[tuple[str, str]] = Counter()
    clock = parse_clock("rate:5", 1_600_000_000_000)
    for found in read_events(path, judgments(), ReadOptions(clock=clock)):
        if isinstance(found, Reject):
            assert found.field
            rejected[found.reason, found.field] += 1
        else:
            mapped.add(found.line)
            assert all(len(str(value)) <= 2000 for value in found.event.values())
    assert len(mapped) + rejected.total() == rows
    assert dict(rejected) == ({} if name else {("bad_time", "submitted_at"): 1})
