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
from tests.label_studio.expected_events import BODIES, EXPECTED, SILENT, told
from tests.label_studio.recording import PAYLOADS, read_export
from tests.label_studio.stripping import stripped

RECEIVED_MS = 1_800_000_000_000


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


def test_ids_begin_anew_elsewhere_and_events_do_not_collide() -> None:
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    (body,) = BODIES["annotation_created"]
    there = {**body, "project": {**body["project"], "id": 77}}
    later = {**body["annotation"], "created_at": "2026-11-24T09:00:00.000001Z"}
    ids = []
    for each in (body, there, {**body, "annotation": later}):
        found = mapper.events_of(each, RECEIVED_MS)
        assert isinstance(found, list)
        ids += [event["event_id"] for event in found if event["event_type"] == "item.submitted"]
    assert len(set(ids)) == 3


def test_a_task_that_got_the_id_of_a_deleted_one_is_created_again() -> None:
    mapper = RecordMapper(load_mapping("label_studio"), HeldMemory())
    (body,) = BODIES["task_created"]
    again = {**body["tasks"][0], "created_at": "2026-11-24T09:00:00.000001Z"}
    first = mapper.events_of(body, RECEIVED_MS)
    second = mapper.events_of({**body, "tasks": [again]}, RECEIVED_MS)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert {e["event_id"] for e in first} & {e["event_id"] for e in second} == set()


def test_the_prediction_that_was_shown_is_named_without_its_result(
    events: dict[str, list[EventDict]],
) -> None:
    submitted = events["annotation_created_with_prediction"][1]
    (body,) = BODIES["annotation_created_with_prediction"]
    assert submitted["prediction_id"] == str(body["annotation"]["prediction"]["id"])


def test_an_export_and_the_webhooks_before_it_name_the_same_events_alike(
    events: dict[str, list[EventDict]],
) -> None:
    mapper = RecordMapper(load_mapping("label_studio_export"), HeldMemory())
    told = {event["event_id"] for found in events.values() for event in found}
    for task in read_export():
        found = mapper.events_of(task, RECEIVED_MS)
        assert isinstance(found, list)
        assert {e["event_id"] for e in found if e["event_type"] == "item.created"} <= told


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
