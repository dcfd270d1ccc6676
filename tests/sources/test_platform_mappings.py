"""The built-in mappings of platforms, on the samples that are shipped with them."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from streams.sources.mapping_files import load_mapping
from streams.sources.memory import HeldMemory
from streams.sources.one_record import RecordMapper
from streams.sources.records import EventDict
from tests.sources.logs import split

SAMPLES = Path(__file__).parents[2] / "deploy" / "mappings" / "samples"
CONTENT = ("example.org", "because", "Street signs", "/data/", "user_email", "Filename")
FILES = {
    "argilla": "argilla.jsonl",
    "cvat": "cvat.jsonl",
    "cvat_events": "cvat_events.jsonl",
    "judgments": "judgments.csv",
    "label_studio": "label_studio.jsonl",
    "label_studio_export": "label_studio_export.json",
    "mturk": "Batch_1_batch_results.csv",
    "zooniverse": "zooniverse.csv",
}


def events_in(name: str) -> list[EventDict]:
    """The events of a sample, of which no record may be rejected."""
    events, rejects = split(SAMPLES / FILES[name], load_mapping(name))
    assert rejects == []
    return [each.event for each in events]


def of_type(name: str, kind: str) -> list[EventDict]:
    return [event for event in events_in(name) if event["event_type"] == kind]


@pytest.mark.parametrize("name", FILES)
def test_no_content_enters_an_event(name: str) -> None:
    text = orjson.dumps(events_in(name)).decode()
    assert [word for word in CONTENT if word in text] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "argilla",
            {"item.created": 1, "item.queued": 1, "item.submitted": 1, "label.recorded": 2,
             "item.edited": 1, "item.skipped": 1, "item.completed": 1, "item.deleted": 1},
        ),
        (
            "cvat",
            {"source.heartbeat": 1, "item.created": 1, "item.queued": 2, "item.assigned": 3,
             "item.released": 2, "work.started": 1, "item.submitted": 4, "review.queued": 2,
             "review.started": 1, "review.decided": 2, "item.completed": 1, "item.cancelled": 1},
        ),
        (
            "cvat_events",
            {"item.created": 1, "item.queued": 1, "work.started": 1, "work.heartbeat": 2,
             "item.submitted": 1, "review.queued": 1, "item.completed": 1},
        ),
        (
            "label_studio",
            {"item.created": 3, "item.queued": 3, "work.started": 2, "item.submitted": 3,
             "label.recorded": 2, "item.skipped": 1, "item.completed": 2, "item.edited": 1,
             "item.deleted": 1, "item.cancelled": 1},
        ),
        (
            "label_studio_export",
            {"item.created": 3, "item.queued": 3, "work.started": 3, "item.submitted": 2,
             "label.recorded": 2, "item.skipped": 1},
        ),
        (
            "zooniverse",
            {"work.started": 3, "item.submitted": 3, "label.recorded": 3, "item.completed": 1},
        ),
    ],
)  # fmt: skip
def test_each_record_becomes_what_the_design_says(name: str, expected: dict[str, int]) -> None:
    assert Counter(str(event["event_type"]) for event in events_in(name)) == expected


def test_time_spent_on_an_edit_is_what_the_total_grew_by() -> None:
    assert [e["active_ms_delta"] for e in of_type("label_studio", "item.edited")] == [12_000]
    back = [e for e in of_type("label_studio", "item.submitted") if e["item_id"] == "102"]
    assert [e["active_ms"] for e in back] == [15_000]


def test_a_delete_finds_the_task_of_its_annotation() -> None:
    assert [e["item_id"] for e in of_type("label_studio", "item.deleted")] == ["103"]


def test_webhook_and_export_name_a_submission_alike() -> None:
    hook = RecordMapper(load_mapping("label_studio"))
    export = RecordMapper(load_mapping("label_studio_export"))
    annotation = {
        "id": 1, "task": 2, "completed_by": 3, "result": [], "was_cancelled": False,
        "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:00:00Z",
    }  # fmt: skip
    one = hook.events_of({"action": "ANNOTATION_CREATED", "annotation": annotation}, 1)
    other = export.events_of(
        {"id": 2, "created_at": "2026-03-02T08:00:00Z", "annotations": [annotation]}, 1
    )
    assert isinstance(one, list)
    assert isinstance(other, list)
    ids = [
        {e["event_id"] for e in events if e["event_type"] == "item.submitted"}
        for events in (one, other)
    ]
    assert ids[0] == ids[1]


def test_one_change_told_by_two_hooks_and_a_job_finished_twice_count_once() -> None:
    submitted = of_type("cvat", "item.submitted")
    assert len({e["event_id"] for e in submitted}) == 2
    assert [e["attempt"] for e in submitted] == [1, 1, 2, 2]


def test_a_review_knows_its_author_and_its_attempt() -> None:
    told = [
        (e["author_id"], e["reviewer_id"], e["outcome"], e["attempt"])
        for e in of_type("cvat", "review.decided")
    ]
    assert told == [("11", "12", "reject", 1), ("11", "12", "accept", 2)]


@pytest.mark.parametrize("name", ["argilla", "cvat", "cvat_events", "label_studio"])
def test_a_record_that_comes_again_gives_the_same_events(name: str) -> None:
    memory = HeldMemory()
    mapper = RecordMapper(load_mapping(name), memory)
    for line in (SAMPLES / FILES[name]).read_bytes().splitlines():
        first = mapper.events_of_bytes(line, 1_772_500_000_000)
        kept = dict(memory.kept)
        assert isinstance(first, list)
        assert mapper.events_of_bytes(line, 1_772_500_000_000) == first
        assert memory.kept == kept
