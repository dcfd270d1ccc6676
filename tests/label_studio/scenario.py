"""What people and managers do in Label Studio, step by step, each with what it sent.

Every step is one call to the API, so that its deliveries are known to be its own: as pip installs
it, Label Studio calls webhooks before it answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.label_studio.client import LabelStudio, chosen
from tests.label_studio.recorder import Delivery, Recorder

SECRET_HEADER = "X-Watchfloor-Secret"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: its name, what it sent, and what Label Studio answered."""

    name: str
    deliveries: tuple[Delivery, ...]
    answer: Any


class Scenario:
    """Plays the steps in a new project that has a webhook."""

    def __init__(self, studio: LabelStudio, recorder: Recorder) -> None:
        self._studio = studio
        self._recorder = recorder
        self._project = 0
        self._tasks: list[int] = []
        self._second = 0

    def play(self) -> Iterator[Step]:
        """Yields each step once it is done."""
        self._project = self._studio.create_project("A first project")
        self._second = self._studio.add_person("second")
        headers = {SECRET_HEADER: "open-sesame"}
        self._studio.add_webhook(f"{self._recorder.address}/label-studio", self._project, headers)
        yield from self._prepared()
        yield from self._worked()
        yield from self._edited_by_another()
        yield from self._skipped()
        yield from self._predicted()
        yield from self._wanted_twice()
        yield self._step("export", lambda: self._studio.export(self._project))
        yield from self._annotations_deleted()
        yield from self._tasks_deleted()

    def _prepared(self) -> Iterator[Step]:
        project = f"/api/projects/{self._project}/"
        yield self._asked("project_updated", "PATCH", project, {"title": "A new title"})
        tasks = [{"data": {"text": f"text {n}"}, "meta": {"queue": "first"}} for n in range(8)]
        step = self._step("tasks_imported", lambda: self._studio.import_tasks(self._project, tasks))
        self._tasks = step.answer
        yield step
        answered = {
            "data": {"text": "answered before"},
            "annotations": [{"result": chosen("Yes"), "lead_time": 9.5}],
            "predictions": [{"result": chosen("No"), "model_version": "m1", "score": 0.7}],
        }
        step = self._imported("tasks_imported_with_annotations", [answered])
        self._tasks += step.answer
        yield step
        one_more = {"data": {"text": "one more"}, "project": self._project}
        yield self._asked("task_created", "POST", "/api/tasks/", one_more)
        task = f"/api/tasks/{self._tasks[0]}/"
        yield self._asked("task_updated", "PATCH", task, {"meta": {"queue": "second"}})

    def _worked(self) -> Iterator[Step]:
        first, second, third = self._tasks[:3]
        drafted = {"result": chosen("No"), "lead_time": 4.0}
        step = self._asked("draft_created", "POST", f"/api/tasks/{first}/drafts", drafted)
        yield step
        draft = step.answer["id"]
        changed = {"result": chosen("Yes"), "lead_time": 7.5}
        yield self._asked("draft_updated", "PATCH", f"/api/drafts/{draft}/", changed)
        step = self._annotated("annotation_created_from_draft", first, "Yes", 12.345, draft)
        yield step
        yield self._updated("annotation_updated", step, result=chosen("No"), lead_time=20.5)
        yield self._updated("annotation_updated_again", step, lead_time=31.25)
        yield self._updated("annotation_ground_truth", step, ground_truth=True)
        yield self._annotated("annotation_created", second, "No", 8.001)
        without = {"result": chosen("Yes")}
        path = f"/api/tasks/{third}/annotations/"
        yield self._asked("annotation_created_without_lead_time", "POST", path, without)

    def _edited_by_another(self) -> Iterator[Step]:
        theirs = {"result": chosen("Yes"), "lead_time": 5, "completed_by": self._second}
        path = f"/api/tasks/{self._tasks[1]}/annotations/"
        step = self._asked("annotation_created_second_of_task", "POST", path, theirs)
        yield step
        yield self._updated("annotation_updated_by_another", step, lead_time=6.5)
        yield self._updated("annotation_lead_time_lowered", step, lead_time=2.0)

    def _skipped(self) -> Iterator[Step]:
        path = f"/api/tasks/{self._tasks[3]}/annotations/?was_cancelled=1"
        skip = {"result": [], "lead_time": 3.2, "was_cancelled": True}
        step = self._asked("task_skipped", "POST", path, skip)
        yield step
        withdrawn = {"was_cancelled": False, "result": chosen("Unsure"), "lead_time": 10.2}
        yield self._updated("skip_withdrawn", step, **withdrawn)
        step = self._annotated("annotation_created_then_skipped", self._tasks[4], "Yes", 6.0)
        yield step
        yield self._updated("annotation_skipped", step, was_cancelled=True, lead_time=7.0)

    def _predicted(self) -> Iterator[Step]:
        task = self._tasks[5]
        predicted = {"task": task, "result": chosen("No"), "model_version": "m2", "score": 0.9}
        yield self._asked("prediction_created", "POST", "/api/predictions/", predicted)
        yield self._step(
            "predictions_to_annotations",
            lambda: self._studio.bulk(self._project, "predictions_to_annotations", [task]),
        )
        yield self._annotated("annotation_created_with_prediction", self._tasks[8], "Yes", 2.5)

    def _wanted_twice(self) -> Iterator[Step]:
        project = f"/api/projects/{self._project}/"
        yield self._asked("project_overlap_two", "PATCH", project, {"maximum_annotations": 2})
        step = self._imported("task_imported_for_two", [{"data": {"text": "for two"}}])
        yield step
        (task,) = step.answer
        yield self._annotated("annotation_created_first_of_two", task, "No", 3.0)
        theirs = {"result": chosen("No"), "lead_time": 4, "completed_by": self._second}
        path = f"/api/tasks/{task}/annotations/"
        yield self._asked("annotation_created_second_of_two", "POST", path, theirs)

    def _annotations_deleted(self) -> Iterator[Step]:
        seventh, eighth = self._tasks[6:8]
        step = self._annotated("annotation_created_to_delete", seventh, "No", 1.5)
        yield step
        path = f"/api/annotations/{step.answer['id']}/"
        yield self._asked("annotation_deleted", "DELETE", path)
        step = self._annotated("annotation_created_to_convert", eighth, "No", 1.5)
        yield step
        path = f"/api/annotations/{step.answer['id']}/convert-to-draft"
        yield self._asked("annotation_to_draft", "POST", path, {})
        yield self._step(
            "annotations_deleted_in_bulk",
            lambda: self._studio.bulk(self._project, "delete_tasks_annotations", self._tasks[1:3]),
        )

    def _tasks_deleted(self) -> Iterator[Step]:
        yield self._asked("task_deleted", "DELETE", f"/api/tasks/{self._tasks[0]}/")
        yield self._step(
            "tasks_deleted_in_bulk",
            lambda: self._studio.bulk(self._project, "delete_tasks", self._tasks[3:5]),
        )
        project = f"/api/projects/{self._project}/"
        yield self._asked("all_tasks_deleted", "DELETE", f"{project}tasks/")
        yield self._asked("project_deleted", "DELETE", project)

    def _imported(self, name: str, tasks: list[Any]) -> Step:
        return self._step(name, lambda: self._studio.import_tasks(self._project, tasks))

    def _annotated(
        self, name: str, task: int, label: str, lead_time_s: float, draft: int | None = None
    ) -> Step:
        body = {"result": chosen(label), "lead_time": lead_time_s}
        more = {} if draft is None else {"draft_id": draft}
        return self._asked(name, "POST", f"/api/tasks/{task}/annotations/", {**body, **more})

    def _updated(self, name: str, created: Step, **changes: Any) -> Step:
        return self._asked(name, "PATCH", f"/api/annotations/{created.answer['id']}/", changes)

    def _asked(self, name: str, method: str, path: str, body: Any = None) -> Step:
        return self._step(name, lambda: self._studio.call(method, path, body))

    def _step(self, name: str, act: Callable[[], Any]) -> Step:
        self._recorder.take()
        answer = act()
        return Step(name, tuple(self._recorder.take()), answer)
