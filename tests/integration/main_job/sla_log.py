"""Items whose SLA clocks start, pause, stop and are late, told in no useful order; and policies.

What happens does so on even minutes, and policies change on an odd one, so that somebody who
watches minute by minute sees all of it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.integration.main_job.arrivals import Arrival, arrival
from tests.sla.walks import Seen, Walker, walk

MINUTE_MS = 60_000
#: Minutes in which things happen, at which new versions begin, and by which all clocks are done.
BUSY, CHANGE, END = 600, 201, 1_000
#: A whole minute so long ago that all deadlines have passed and no item is forgotten.
START_MS = (time.time_ns() // (MINUTE_MS * 1_000_000) - END) * MINUTE_MS
ITEMS = 60
#: Minutes after the event at which its record came; the last ones come when all is told.
DELAYS = (0, 0, 0, 0, 1, 25, 190)
LATE = 100
_ACTIONS = ("start", "start", "pause", "resume", "resume", "stop", "cancel")
_EVENTS: dict[str, dict[str, Any]] = {
    "start": {"event_type": "item.queued", "reason": "new"},
    "pause": {"event_type": "work.paused", "reason": "client"},
    "resume": {"event_type": "work.resumed"},
    "stop": {"event_type": "item.completed", "terminal_state": "kept"},
    "cancel": {"event_type": "item.cancelled", "reason": "duplicate"},
}
_TERMS: dict[str, Any] = {
    "start": [{"event": "item.queued"}],
    "pause": [{"event": "work.paused", "reason": "client"}],
    "resume": [{"event": "work.resumed"}],
    "stop": [{"event": "item.completed"}],
    "cancel": [{"event": "item.cancelled"}],
    "at_risk": 0.75,
}


def _version(number: int, target: str, **more: Any) -> dict[str, Any]:
    return {"version": number, **_TERMS, "targets": [{"target": target}], **more}


def _second(target: str, **more: Any) -> dict[str, Any]:
    return _version(2, target, valid_from=START_MS + CHANGE * MINUTE_MS, **more)


def _policy(name: str, *versions: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "title": name, "versions": list(versions)}


NOWHERE = [{"queue": "nowhere", "target": "1m"}]
POLICIES = {
    "policies": [
        _policy("plain", _version(1, "60m")),
        _policy("newer", _version(1, "60m"), _second("40m")),
        _policy("opened", _version(1, "5h"), _second("40m", applies="open")),
        _policy("retired", _version(1, "60m"), _second("1m", applies="open", targets=NOWHERE)),
    ]
}


def plans(seed: int) -> dict[str, dict[int, str]]:
    """What happens to each item, by minute."""
    random = Random(seed)
    found = {}
    for number in range(ITEMS):
        # Some clocks run when the terms change, some only before or after.
        plan = {2 * random.choice((random.randrange(20), random.randrange(80, 100))): "start"}
        for _ in range(random.randrange(1, 9)):
            minute = 2 * random.randrange(BUSY // 2)
            # What is paused as terms change is another matter, and has tests of its own.
            paused = random.choice(_ACTIONS)
            plan[minute] = paused if minute > CHANGE or paused != "pause" else "stop"
        found[f"job-{number:02}"] = plan
    return found


def log(seed: int, given: dict[str, dict[int, str]]) -> tuple[list[Arrival], list[Arrival]]:
    """The same as records, some of them twice; and those that come when all else is told."""
    random = Random(f"{seed}/log")
    found: tuple[list[Arrival], list[Arrival]] = ([], [])
    for item, plan in given.items():
        for minute, action in plan.items():
            event = _event(item, minute, action)
            delay = random.choice(DELAYS)
            record_ms = event["occurred_at"] + delay * MINUTE_MS
            found[delay >= LATE].extend([arrival(event, record_ms)] * random.choice((1, 1, 1, 2)))
    for each in found:
        each.sort(key=lambda one: one.record_ms)
    return found


def _event(item: str, minute: int, action: str) -> dict[str, Any]:
    at_ms = START_MS + minute * MINUTE_MS
    event = {
        "event_id": f"{item}/{minute}", "schema_version": "1.0", "occurred_at": at_ms,
        "received_at": at_ms, "source": "coop", "org_id": "north", "project_id": "chat",
        "item_id": item, "queue_id": "images", **_EVENTS[action],
    }  # fmt: skip
    if action in ("pause", "resume"):
        event |= {"actor_id": "p_abcdefghij0123456789", "assignment_id": f"{item}/1"}
    return event


@dataclass(slots=True)
class Changing(Walker):
    """A clock whose terms change at ``CHANGE``, for new clocks or for open ones as well."""

    policy: str = "plain"

    def act(self, action: str, minute: int) -> None:
        """Somebody does something: what starts is under the terms of its day."""
        if action == "start" and not self.on:
            if self.policy == "retired" and minute > CHANGE:
                return
            if self.policy in ("newer", "opened") and minute > CHANGE:
                self.target = 40
            else:
                self.target = 300 if self.policy == "opened" else 60
        Walker.act(self, action, minute)

    def look(self, minute: int) -> None:
        """The change comes before anything else of its minute."""
        if minute == CHANGE and self.on and not self.breached:
            if self.policy in ("opened", "retired"):
                self.see("cancel", minute)
                self.on = self.policy == "opened"
            if self.policy == "opened":
                self.target, self.at_risk = 40, False
                self.see("activate", minute)
        Walker.look(self, minute)


def watched(given: dict[str, dict[int, str]]) -> Iterator[tuple[str, str, Seen]]:
    """(item, policy, step) of all that somebody sees who knows the rules and none of the code."""
    for item, plan in given.items():
        for policy in ("plain", "newer", "opened", "retired"):
            walker = Changing(60, 0.75, policy=policy)
            for step in walk(plan, walker, set(range(END)), 0, END):
                yield item, policy, step
