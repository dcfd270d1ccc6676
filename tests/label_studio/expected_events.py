"""The events that each recorded step must give, in words."""

from streams.sources.records import EventDict
from tests.label_studio.recording import read_bodies

BODIES = read_bodies()
NEW_TASK = ["item.created", "item.queued reason=new"]
#: What Label Studio tells nobody.
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
