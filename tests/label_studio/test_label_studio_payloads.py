"""Recorded payloads of a real Label Studio become exactly these events; `payloads/README.md`."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from streams.sources.mapping_files import load_mapping
from streams.sources.memory import HeldMemory
from streams.sources.one_record import RecordMapper
from streams.sources.records import EventDict, RejectReason, RowRefused
from tests.label_studio.recording import PAYLOADS, read_bodies
from tests.label_studio.stripping import stripped

RECEIVED_MS = 1_800_000_000_000
BODIES = read_bodies()
NEW_TASK = ["item.created", "item.queued reason=new"]
SILENT = {
    "annotation_to_draft",
    "all_tasks_deleted",
    "draft_created",
    "draft_updated",
    "prediction_created",
    "project_deleted",
    "task_updated",
}
#: Person 1 is who works; person 2 (here: its id) is the second one.
SECOND = BODIES["annotation_created_second_of_task"][0]["annotation"]["completed_by"]


def answered(label: str, active_ms: int | None, actor: int = 1) -> list[str]:
    """The first submission of an annotation whose task is then done."""
    spent = "" if active_ms is None else f" active_ms={active_ms}"
    started = [] if active_ms is None else [f"work.started actor_id={actor}"]
    return [
        *started,
        f"item.submitted actor_id={actor}{spent} attempt=1 unit_count=1 labels=kind:{label}",
        f"label.recorded actor_id={actor} label=kind:{label}",
        "item.completed terminal_state=labeled",
    ]


EXPECTED = {
    "project_updated": [],
    "tasks_imported": [kind for kind in NEW_TASK for _ in range(8)],
    "tasks_imported_with_annotations": NEW_TASK,
    "task_created": NEW_TASK,
    "annotation_created_from_draft": answered("Yes", 12_345),
    # Label Studio sends 12.345, 20.5, 31.25 and 31.25 s: what is new is the difference.
    "annotation_updated": ["item.edited actor_id=1 active_ms_delta=8155"],
    "annotation_updated_again": ["item.edited actor_id=1 active_ms_delta=10750"],
    "annotation_ground_truth": ["item.edited actor_id=1 active_ms_delta=0"],
    "annotation_created": answered("No", 8_001),
    "annotation_created_without_lead_time": answered("Yes", None),
    "annotation_created_second_of_task": answered("Yes", 5_000, SECOND),
    "annotation_updated_by_another": ["item.edited actor_id=1 active_ms_delta=1500"],
    "annotation_lead_time_lowered": ["item.edited actor_id=1"],
    "task_skipped": [
        "work.started actor_id=1",
        "item.skipped actor_id=1 active_ms=3200 reason=not_given",
    ],
    "skip_withdrawn": answered("Unsure", 7_000)[1:],
    "annotation_created_then_skipped": answered("Yes", 6_000),
    "annotation_skipped": ["item.skipped actor_id=1 active_ms=1000 reason=not_given"],
    "predictions_to_annotations": [
        "item.submitted actor_id=1 actor_type=system attempt=1 unit_count=1 labels=kind:No"
    ],
    "annotation_created_with_prediction": answered("Yes", 2_500),
    "project_overlap_two": [],
    "task_imported_for_two": NEW_TASK,
    # From here on every task wants two answers.
    "annotation_created_first_of_two": answered("No", 3_000)[:-1],
    "annotation_created_second_of_two": answered("No", 4_000, SECOND)[:-1],
    "annotation_created_to_delete": answered("No", 1_500)[:-1],
    "annotation_deleted": ["item.deleted reason=annotation_deleted"],
    "annotation_created_to_convert": answered("No", 1_500)[:-1],
    "annotations_deleted_in_bulk": ["item.deleted reason=annotation_deleted"] * 3,
    "task_deleted": ["item.cancelled reason=task_deleted"],
    "tasks_deleted_in_bulk": ["item.cancelled reason=task_deleted"] * 2,
}
_SHOWN = (
    *("actor_id", "active_ms", "active_ms_delta", "attempt", "unit_count", "labels", "label"),
    *("reason", "terminal_state"),
)


def told(event: EventDict) -> str:
    """An event in words: its type and what the mapping makes of the payload."""
    words = [str(event["event_type"])]
    if event.get("actor_type") not in (None, "human"):
        words.append(f"actor_type={event['actor_type']}")
    for name in _SHOWN:
        value = event.get(name)
        if value is not None:
            text = "+".join(map(str, value)) if isinstance(value, list) else value
            words.append(f"{name}={text}")
    return words[0] + "".join(f" {word}" for word in sorted(words[1:], key=_place))


def _place(word: str) -> int:
    name = word.partition("=")[0]
    return 1 if name == "actor_type" else _SHOWN.index(name) * 2


def mapped(mapper: RecordMapper, step: str) -> list[EventDict]:
    """The events of a step; a refused payload fails the test."""
    events: list[EventDict] = []
    for body in BODIES[step]:
        found = mapper.events_of(body, RECEIVED_MS)
        assert isinstance(found, list), f"{step}: {found}"
        events += found
    return events


@pytest.fixture(scope="module")
def events() -> dict[str, list[EventDict]]:
    """The events of all steps, in their order, with one memory."""
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    return {step: mapped(mapper, step) for step in BODIES}


@pytest.mark.parametrize("step", EXPECTED)
def test_a_step_gives_these_events(step: str, events: dict[str, list[EventDict]]) -> None:
    assert [told(event) for event in events[step]] == EXPECTED[step]


def test_all_steps_are_recorded_and_expected() -> None:
    assert BODIES.keys() == EXPECTED.keys() | SILENT
    assert {step for step, bodies in BODIES.items() if not bodies} == SILENT


def test_the_deltas_of_an_annotation_add_up_to_its_lead_time(
    events: dict[str, list[EventDict]],
) -> None:
    steps = ("annotation_created_from_draft", "annotation_updated", "annotation_updated_again")
    found = [each for step in steps for each in events[step]]
    spent = sum(
        value
        for each in found
        for name in ("active_ms", "active_ms_delta")
        if isinstance(value := each.get(name), int)
    )
    assert spent == BODIES["annotation_ground_truth"][0]["annotation"]["lead_time"] * 1000


def test_a_delivery_that_comes_twice_gives_the_same_events() -> None:
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    first = [event for step in BODIES for event in mapped(mapper, step)]
    assert [event for step in BODIES for event in mapped(mapper, step)] == first


def test_no_two_different_events_share_an_id(events: dict[str, list[EventDict]]) -> None:
    by_id: dict[object, set[str]] = {}
    for event in (each for found in events.values() for each in found):
        about = f"{event['event_type']} {event['item_id']} {event.get('assignment_id')}"
        by_id.setdefault(event["event_id"], set()).add(about)
    assert [about for about in by_id.values() if len(about) > 1] == []


def test_times_are_those_of_label_studio(events: dict[str, list[EventDict]]) -> None:
    for step in ("annotation_created", "annotation_updated", "skip_withdrawn"):
        annotation = BODIES[step][0]["annotation"]
        moment = "created_at" if step == "annotation_created" else "updated_at"
        expected = datetime.fromisoformat(annotation[moment])
        found = next(each for each in events[step] if each["event_type"] != "work.started")
        assert found["occurred_at"] == int(expected.timestamp() * 1000), step
        assert found["occurred_at_quality"] == "server"


def test_deletes_have_no_time_but_that_of_their_arrival(
    events: dict[str, list[EventDict]],
) -> None:
    (deleted,) = events["annotation_deleted"]
    assert (deleted["occurred_at"], deleted["occurred_at_quality"]) == (RECEIVED_MS, "estimated")


def test_a_delete_of_an_annotation_nobody_heard_of_is_refused_with_its_field() -> None:
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    (body,) = BODIES["annotation_deleted"]
    found = mapper.events_of(body, RECEIVED_MS)
    assert isinstance(found, RowRefused)
    assert (found.field, found.reason) == ("memory.annotation.task", RejectReason.FIELD_MISSING)


def test_a_webhook_without_its_payload_is_refused() -> None:
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    assert isinstance(mapper.events_of({"action": "ANNOTATION_CREATED"}, RECEIVED_MS), RowRefused)


def test_the_recording_holds_no_content() -> None:
    for path in PAYLOADS.glob("*.json"):
        whole = json.loads(path.read_text())
        assert stripped(whole) == whole, path.name
        assert "@" not in path.read_text(), path.name


def test_every_event_is_about_the_task_that_the_payload_names(
    events: dict[str, list[EventDict]],
) -> None:
    for step, bodies in BODIES.items():
        for body in bodies:
            found = {event["item_id"] for event in events[step]}
            assert found <= set(map(str, _tasks_of(body))), step


def _tasks_of(body: dict[str, Any]) -> Iterator[int]:
    for key in ("task", "tasks"):
        found = body.get(key, [])
        yield from (each["id"] for each in (found if isinstance(found, list) else [found]))
    # A delete of annotations names no task: what was sent of the annotation before does.
    deleted = {each["id"] for each in body.get("annotations", [])}
    for earlier in (each for bodies in BODIES.values() for each in bodies):
        annotation = earlier.get("annotation")
        if isinstance(annotation, dict) and annotation["id"] in deleted:
            yield annotation["task"]
