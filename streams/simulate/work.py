"""How one person works on one item: claim, heartbeats, pauses, and how it ends."""

import random
from dataclasses import dataclass
from enum import Enum

from streams.simulate.config import FloorConfig, QueueConfig
from streams.simulate.incidents import Troubles
from streams.simulate.outbox import EventDict, Outbox
from streams.simulate.roster import Stint

PAUSE_SHARE = 0.04
WALK_AWAY_SHARE = 0.004
SKIP_REASONS = ("unclear", "wrong_language", "broken_media")


class End(Enum):
    """How the work on an item ended."""

    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    EXPIRED = "expired"


@dataclass(slots=True)
class Item:
    """One item on the floor; ``truth`` is what a perfect person would answer."""

    item_id: str
    queue: QueueConfig
    created_ms: int
    truth: str
    golden: bool
    prelabel: str | None
    attempt: int = 1
    author: Stint | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """When the person is free again, and when the item ended in which way."""

    free_ms: int
    ended_ms: int
    end: End


def item_fields(item: Item) -> EventDict:
    """What every event about an item carries."""
    queue = item.queue
    return {
        "project_id": queue.project,
        "item_id": item.item_id,
        "queue_id": queue.name,
        "language": queue.language,
        "category": queue.category,
    }


def person_fields(stint: Stint) -> EventDict:
    """What every event of a person carries."""
    seat = stint.seat
    return {
        "actor_id": stint.actor_id,
        "actor_type": "human",
        "team_id": seat.team,
        "vendor_id": seat.vendor,
        "site": seat.site,
    }


class Annotation:
    """Plays the work of one person on one item into the outbox."""

    def __init__(
        self, config: FloorConfig, troubles: Troubles, outbox: Outbox, chance: random.Random
    ) -> None:
        self._config = config
        self._troubles = troubles
        self._outbox = outbox
        self._chance = chance
        self._assignments = 0

    def play(self, stint: Stint, item: Item, now_ms: int) -> Played:
        """Emits everything from the claim on; the item's label and author are then known."""
        chance, queue = self._chance, item.queue
        self._assignments += 1
        fields = item_fields(item) | person_fields(stint)
        fields["assignment_id"] = self._outbox.new_id("a", self._assignments)
        self._emit(
            now_ms,
            "item.claimed",
            item,
            fields | {"lock_expires_at": now_ms + self._config.lock_s * 1000},
        )
        started_ms = now_ms + 400 + int(chance.random() * 2500)
        self._emit(started_ms, "work.started", item, fields)
        if chance.random() < WALK_AWAY_SHARE:
            ended_ms = now_ms + self._config.lock_s * 1000
            self._emit(ended_ms, "assignment.expired", item, fields)
            return Played(started_ms + 600_000, ended_ms, End.EXPIRED)
        slow = self._troubles.handle_factor(stint.seat.vendor, now_ms)
        work_ms = (
            int(chance.lognormvariate(0, queue.spread) * queue.handle_s * 1000 * stint.pace * slow)
            + 800
        )
        if chance.random() < queue.skip_share:
            ended_ms = started_ms + work_ms // 3
            fields["reason"] = chance.choice(SKIP_REASONS)
            self._emit(ended_ms, "item.skipped", item, fields)
            return Played(ended_ms + 500, ended_ms, End.SKIPPED)
        ended_ms, active_ms = self._worked(item, fields, started_ms, work_ms)
        self._submit(stint, item, fields, ended_ms, active_ms)
        return Played(ended_ms + 300 + int(chance.random() * 1500), ended_ms, End.SUBMITTED)

    def _emit(self, at_ms: int, event_type: str, item: Item, fields: EventDict) -> None:
        self._outbox.emit(at_ms, event_type, item.queue.source, fields)

    def _worked(
        self, item: Item, fields: EventDict, started_ms: int, work_ms: int
    ) -> tuple[int, int]:
        """Emits heartbeats and at most one pause; returns the end and the active ms."""
        chance, beat_ms = self._chance, self._config.heartbeat_s * 1000
        pause_after_ms = int(work_ms * chance.random()) if chance.random() < PAUSE_SHARE else None
        now_ms, left_ms, active_ms = started_ms, work_ms, 0
        while left_ms > 0:
            step_ms = min(beat_ms, left_ms)
            now_ms, left_ms = now_ms + step_ms, left_ms - step_ms
            delta_ms = int(step_ms * (0.7 + 0.3 * chance.random()))
            active_ms += delta_ms
            if left_ms > 0:
                self._emit(now_ms, "work.heartbeat", item, fields | {"active_ms_delta": delta_ms})
            if pause_after_ms is not None and work_ms - left_ms >= pause_after_ms and left_ms > 0:
                self._emit(now_ms, "work.paused", item, fields | {"reason": "away"})
                now_ms += 20_000 + int(chance.expovariate(1 / 90_000))
                self._emit(now_ms, "work.resumed", item, fields)
                pause_after_ms = None
        return now_ms, active_ms

    def _submit(
        self, stint: Stint, item: Item, fields: EventDict, at_ms: int, active_ms: int
    ) -> None:
        queue = item.queue
        item.author, item.label = stint, self._answer(stint, item, at_ms)
        guideline = self._troubles.guideline_version(queue.project, at_ms)
        fields = fields | {"guideline_version": guideline}
        submission = fields | {
            "attempt": item.attempt,
            "active_ms": active_ms,
            "unit_count": queue.units,
            "labels": [item.label],
        }
        if item.prelabel is not None:
            submission["prediction_id"] = f"{item.item_id}-p"
            submission["edit_count"] = int(item.label != item.prelabel)
        self._emit(at_ms, "item.submitted", item, submission)
        if item.attempt == 1:
            self._emit(
                at_ms,
                "label.recorded",
                item,
                fields | {"unit_id": item.item_id, "label": item.label},
            )
        if item.golden:
            self._emit(
                at_ms,
                "golden.answered",
                item,
                fields
                | {
                    "golden_id": item.item_id,
                    "correct": item.label == item.truth,
                    "expected": item.truth,
                    "actual": item.label,
                    "options": list(queue.labels),
                },
            )

    def _answer(self, stint: Stint, item: Item, at_ms: int) -> str:
        # A second look after a rejection is nearly always right.
        loss = self._troubles.accuracy_loss(item.queue.project, at_ms)
        skill = min(0.99, stint.skill + 0.12 * (item.attempt - 1)) - loss
        if self._chance.random() < skill:
            return item.truth
        wrong = [label for label in item.queue.labels if label != item.truth]
        return self._chance.choice(wrong)
