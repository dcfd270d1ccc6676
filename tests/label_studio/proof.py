"""Work in Label Studio, and the same numbers as Label Studio and as Watchfloor have them."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.topics import Role
from streams import records
from tests.integration.main_job.floor_processes import FloorSpace
from tests.label_studio.client import LABELS, LabelStudio, chosen

SUMS = (
    "SELECT sum(arrived), sum(submitted), sum(skipped), sum(active_ms), sum(handle_ms) "
    "FROM rollups FINAL WHERE grouping = 'all'"
)
BY_PERSON = (
    "SELECT annotator, sum(submitted) FROM rollups FINAL WHERE grouping = 'annotator' "
    "GROUP BY annotator HAVING sum(submitted) > 0"
)
_SKIP_EVERY = 5


@dataclass(frozen=True, slots=True)
class Numbers:
    """What both sides can tell of a project; times in ms."""

    tasks: int
    submitted: int
    skipped: int
    active_ms: int
    handle_ms: int
    by_person: dict[str, int]


@dataclass(frozen=True, slots=True)
class Work:
    """People at work on the tasks of one project."""

    studio: LabelStudio
    project: int
    people: tuple[int, int]

    def answer(self, tasks: list[int]) -> list[int]:
        """Answers or skips all tasks but the last; returns the ids of the answers."""
        answers = []
        for number, task in enumerate(tasks[:-1], start=1):
            body = {
                "result": chosen(LABELS[number % len(LABELS)]),
                "lead_time": 2 + number * 0.873,
                "completed_by": self.people[number % len(self.people)],
            }
            skipped = number % _SKIP_EVERY == 0
            if skipped:
                body |= {"result": [], "was_cancelled": True}
            path = f"/api/tasks/{task}/annotations/"
            found = self.studio.call("POST", path, body)
            if not skipped:
                answers.append(int(found["id"]))
        return answers

    def answer_one(self, task: int) -> None:
        """Answers one task."""
        path, body = f"/api/tasks/{task}/annotations/", {"result": chosen("No"), "lead_time": 7.5}
        self.studio.call("POST", path, body)

    def edit(self, answers: list[int]) -> None:
        """Works a little longer on every second answer, twice on each."""
        for number, answer in enumerate(answers[::2], start=1):
            for more_s in (1.5, 4.25):
                later = {"lead_time": 20 + number + more_s}
                self.studio.call("PATCH", f"/api/annotations/{answer}/", later)

    def told(self) -> Numbers:
        """What Label Studio says: the project's own counters, and its export."""
        project = self.studio.call("GET", f"/api/projects/{self.project}/")
        done = [each for each in self._annotations() if not each["was_cancelled"]]
        spent_ms = sum(_ms(each["lead_time"]) for each in done)
        return Numbers(
            tasks=project["task_number"],
            submitted=project["total_annotations_number"],
            skipped=project["skipped_annotations_number"],
            active_ms=spent_ms,
            handle_ms=spent_ms,
            by_person=dict(Counter(str(each["completed_by"]) for each in done)),
        )

    def _annotations(self) -> Iterator[dict[str, Any]]:
        for task in self.studio.export(self.project):
            yield from task["annotations"]


def found(space: FloorSpace) -> Numbers:
    """What Watchfloor says, by SQL."""
    tasks, submitted, skipped, active_ms, handle_ms = map(
        int, space.client.query(SUMS).result_rows[0]
    )
    people = space.client.query(BY_PERSON).result_rows
    by_person = {str(name): int(count) for name, count in people}
    return Numbers(tasks, submitted, skipped, active_ms, handle_ms, by_person)


def spent_ms(space: FloorSpace) -> int:
    """Time of answers and of later edits together, from the events in Kafka."""
    topic = space.topics.name(Role.ANNOTATIONS)
    count = space.kafka.topics([topic])[topic].partitions
    spans = space.kafka.spans([(topic, number) for number in range(count)])
    total = 0
    for stored in records.read(space.settings.connections.kafka, spans):
        event = json.loads(stored.value or b"{}")
        kind, field = event["event_type"], "active_ms_delta"
        if kind == "item.submitted":
            field = "active_ms"
        if kind in ("item.submitted", "item.edited"):
            total += event.get(field) or 0
    return total


def _ms(seconds: float) -> int:
    return round(Decimal(str(seconds)) * 1000)
