"""What was last seen of a job or an annotation, and what a later look shows to have been missed.

A look (a poll of the platform's API) becomes the deliveries that a webhook would have made, with
ids that depend on what was seen only: two looks at the same state yield nothing the second time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from schemas.field_types import iso_to_ms
from streams.sources.memory import Memory, Remembered, Version

STAGES = ("annotation", "validation", "acceptance")
_NEW, _DONE = "new", "completed"
_NOBODY = ""

Delivery = dict[str, Any]


class Watcher(Protocol):
    """Knows what was seen of one platform's things."""

    def missed(self, look: dict[str, Any], memory: Memory) -> list[Delivery]:
        """The deliveries that lead from what was seen to this look; ValueError for a bad one."""
        ...

    def saw(self, delivery: Delivery, memory: Memory) -> None:
        """Remember a delivery whose events are stored."""
        ...


class CvatJobs:
    """A look is ``{"job": …}`` as CVAT's ``GET /api/jobs`` has it."""

    def missed(self, look: dict[str, Any], memory: Memory) -> list[Delivery]:
        """The deliveries that lead from what was seen to this look; ValueError for a bad one.

        What lies between is stepped through as CVAT's own pages do: a job that is in validation
        was completed in annotation. Only the last step's time is known: the others lie one
        millisecond apart before it.
        """
        job = _checked(look)
        name, at_ms = _job_name(job), _ms(job["updated_date"])
        known = memory.get(name).before(None)
        if known is not None and at_ms <= known.at_ms:
            return []
        found: list[Delivery] = [] if known is not None else [{"event": "create:job", "job": job}]
        was = known.fields if known is not None else {"stage": STAGES[0], "state": _NEW, "who": ""}
        now = _of_job(job)
        places = [*_path(was["stage"], was["state"], now["stage"]), (now["stage"], now["state"])]
        places = [place for place in places if place != (was["stage"], was["state"])]
        if not places and now["who"] != was["who"]:
            places = [(now["stage"], now["state"])]
        for left, (stage, state) in zip(range(len(places) - 1, -1, -1), places, strict=True):
            step = {**job, "stage": stage, "state": state, "updated_date": _iso(at_ms - left)}
            found.append(_update(step, was))
            was = {"stage": stage, "state": state, "who": now["who"]}
        if not places and known is not None:
            # Something else changed: nothing to tell, but the next look shall begin here.
            self.saw({"event": "update:job", "job": job}, memory)
        return found

    def saw(self, delivery: Delivery, memory: Memory) -> None:
        """Remember a delivery whose events are stored."""
        job = delivery.get("job")
        if not isinstance(job, dict) or delivery.get("event") not in ("create:job", "update:job"):
            return
        try:
            job = _checked(delivery)
        except ValueError:
            return
        name, at_ms = _job_name(job), _ms(job["updated_date"])
        known = memory.get(name).before(None)
        if known is None or at_ms >= known.at_ms:
            memory.put(name, Remembered((Version(at_ms, _of_job(job)),)))


@dataclass(frozen=True, slots=True)
class LabelStudioTasks:
    """A look is ``{"project": …, "task": …}`` with the task's annotations in it.

    ``mapping_id`` is the mapping's, which remembers annotations itself.
    """

    mapping_id: str

    def missed(self, look: dict[str, Any], memory: Memory) -> list[Delivery]:
        """The deliveries that lead from what was seen to this look; ValueError for a bad one."""
        task, project = look.get("task"), look.get("project")
        if not isinstance(task, dict) or not isinstance(project, dict) or "id" not in task:
            raise ValueError("a look has project and task")
        found: list[Delivery] = []
        if not memory.get(_task_name(project, task)).versions:
            bare = {name: value for name, value in task.items() if name != "annotations"}
            found.append({"action": "TASKS_CREATED", "project": project, "tasks": [bare]})
        for each in task.get("annotations") or []:
            if not isinstance(each, dict) or "id" not in each:
                raise ValueError("an annotation has an id")
            known = memory.get(f"{self.mapping_id}\0annotation\0{each['id']}")
            at_ms = _ms(each.get("updated_at") or each.get("created_at"))
            newest = known.before(None)
            if newest is None or newest.at_ms < at_ms:
                action = "ANNOTATION_UPDATED" if known.versions else "ANNOTATION_CREATED"
                annotation = {"task": task["id"], **each}
                found.append({"action": action, "project": project, "annotation": annotation})
        return found

    def saw(self, delivery: Delivery, memory: Memory) -> None:
        """Remember a delivery whose events are stored; its annotations the mapping remembers."""
        project, tasks = delivery.get("project"), delivery.get("tasks")
        if delivery.get("action") != "TASKS_CREATED" or not isinstance(tasks, list):
            return
        for each in tasks:
            if isinstance(each, dict) and isinstance(project, dict) and "id" in each:
                memory.put(_task_name(project, each), Remembered((Version(0, {}),)))


def _path(stage: str, state: str, to_stage: str) -> Iterator[tuple[str, str]]:
    """The places between: each earlier stage is completed, and the next one begins as new."""
    if to_stage not in STAGES or stage not in STAGES:
        return
    for at in range(STAGES.index(stage), STAGES.index(to_stage)):
        if (STAGES[at], state) != (STAGES[at], _DONE):
            yield STAGES[at], _DONE
        yield STAGES[at + 1], _NEW
        state = _NEW


def _update(job: dict[str, Any], was: dict[str, str]) -> Delivery:
    now = _of_job(job)
    before: dict[str, Any] = {
        name: was[name] for name in ("stage", "state") if was[name] != now[name]
    }
    if was["who"] != now["who"]:
        before["assignee"] = {"id": int(was["who"])} if was["who"].isdigit() else None
    return {"event": "update:job", "job": job, "before_update": before, "sender": None}


def _of_job(job: dict[str, Any]) -> dict[str, str]:
    assignee = job.get("assignee")
    who = str(assignee.get("id", "")) if isinstance(assignee, dict) else _NOBODY
    return {"stage": str(job["stage"]), "state": str(job["state"]), "who": who}


def _checked(look: dict[str, Any]) -> dict[str, Any]:
    job = look.get("job")
    if not isinstance(job, dict) or not {"id", "stage", "state", "updated_date"} <= job.keys():
        raise ValueError("a job has id, stage, state and updated_date")
    return job


def _job_name(job: dict[str, Any]) -> str:
    return f"seen\0cvat\0{job['id']}"


def _task_name(project: dict[str, Any], task: dict[str, Any]) -> str:
    return f"seen\0label_studio\0{project.get('id')}\0{task['id']}"


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _ms(moment: Any) -> int:
    if isinstance(moment, int) and not isinstance(moment, bool):
        return moment
    if not isinstance(moment, str):
        raise ValueError("a time is ISO 8601")
    return iso_to_ms(moment)
