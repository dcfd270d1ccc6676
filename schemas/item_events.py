"""Events in an item's life, from its creation to its end, and what its source says of itself."""

from typing import Literal

from schemas.envelope import Envelope, OfItem
from schemas.field_types import (
    Attempt,
    Count,
    DeltaMs,
    DurationMs,
    Id,
    Ids,
    Label,
    Labels,
    Reason,
    Share,
    TimeMs,
    Weight,
    Word,
    Words,
)
from schemas.topics import Role


class Assigned(OfItem):
    """An event of one assignment: one person's turn at one item."""

    actor_id: Id
    assignment_id: Id


class ItemCreated(OfItem):
    """The item exists at its source; ``duration_ms`` is the length of its media."""

    event_type: Literal["item.created"]
    created_at: TimeMs
    unit_count: Count | None = None
    content_kind: Word | None = None
    duration_ms: DurationMs | None = None
    due_at: TimeMs | None = None
    prediction_id: Id | None = None


class ItemQueued(OfItem):
    """The item waits in a queue."""

    event_type: Literal["item.queued"]
    queue_id: Id
    reason: Literal["new", "rework", "appeal", "escalation", "expiry"] | None = None


class ItemAssigned(Assigned):
    """The item was given to a person (push)."""

    event_type: Literal["item.assigned"]
    assigned_by: Id | None = None
    expires_at: TimeMs | None = None


class ItemClaimed(Assigned):
    """A person took the item (pull)."""

    event_type: Literal["item.claimed"]
    lock_expires_at: TimeMs | None = None


class WorkStarted(Assigned):
    """Work on the assignment began."""

    event_type: Literal["work.started"]


class WorkResumed(Assigned):
    """Work on the assignment went on after a pause."""

    event_type: Literal["work.resumed"]


class WorkHeartbeat(Assigned):
    """Work goes on; ``active_ms_delta`` is active time since the last heartbeat."""

    event_type: Literal["work.heartbeat"]
    active_ms_delta: DeltaMs
    visible: bool | None = None
    input_count: Count | None = None
    tab_id: Id | None = None


class WorkPaused(Assigned):
    """Work on the assignment stopped for a while."""

    event_type: Literal["work.paused"]
    reason: Reason


class ItemSubmitted(Assigned):
    """The person handed in a result; ``labels`` are names only, never content."""

    event_type: Literal["item.submitted"]
    attempt: Attempt
    active_ms: DurationMs | None = None
    unit_count: Count | None = None
    decision: Label | None = None
    labels: Labels | None = None
    confidence: Share | None = None
    edit_count: Count | None = None
    prediction_id: Id | None = None


class ItemSkipped(Assigned):
    """The person gave the item back undone."""

    event_type: Literal["item.skipped"]
    reason: Reason
    active_ms: DurationMs | None = None


class ItemReleased(OfItem):
    """The assignment ended without a result."""

    event_type: Literal["item.released"]
    assignment_id: Id
    reason: Reason


class AssignmentExpired(OfItem):
    """The assignment's time ran out."""

    event_type: Literal["assignment.expired"]
    assignment_id: Id
    from_actor: Id | None = None
    to_actor: Id | None = None


class AssignmentReassigned(OfItem):
    """The assignment went from one person to another."""

    event_type: Literal["assignment.reassigned"]
    assignment_id: Id
    from_actor: Id | None = None
    to_actor: Id | None = None


class ItemEscalated(OfItem):
    """The item moved to a queue of other people."""

    event_type: Literal["item.escalated"]
    from_queue: Id
    to_queue: Id
    reason: Reason | None = None


class ItemEdited(OfItem):
    """A result was changed after it was handed in; ``fields`` are names only."""

    event_type: Literal["item.edited"]
    actor_id: Id
    edit_of: Id
    active_ms_delta: DeltaMs | None = None
    fields: Words | None = None


class ItemCancelled(OfItem):
    """Nobody needs the item any more."""

    event_type: Literal["item.cancelled"]
    reason: Reason


class ItemDeleted(OfItem):
    """The item was removed from its source."""

    event_type: Literal["item.deleted"]
    reason: Reason


class ItemCompleted(OfItem):
    """The item reached its end; ``actor_type`` system means that nobody had to look."""

    event_type: Literal["item.completed"]
    terminal_state: Word


class LabelRecorded(OfItem):
    """One label that one person gave to one unit; feeds agreement."""

    event_type: Literal["label.recorded"]
    unit_id: Id
    actor_id: Id
    label: Label
    weight: Weight | None = None


class GoldenAnswered(OfItem):
    """A person answered an item whose answer is known.

    ``options`` are the labels that could be chosen; without them true negatives are unknown.
    """

    event_type: Literal["golden.answered"]
    golden_id: Id
    actor_id: Id
    correct: bool
    expected: Label | None = None
    actual: Label | None = None
    options: Labels | None = None
    score: Share | None = None
    pool_id: Id | None = None


class GuidelinePublished(Envelope):
    """A new version of the guideline is in force; keyed by ``project_id``."""

    role = Role.ANNOTATIONS
    key_field = "project_id"

    event_type: Literal["guideline.published"]
    project_id: Id
    guideline_version: Word
    queue_ids: Ids | None = None


class SnapshotBacklog(Envelope):
    """How many items a queue really holds by state; reconciles gauges. Keyed by ``queue_id``."""

    role = Role.ANNOTATIONS
    key_field = "queue_id"

    event_type: Literal["snapshot.backlog"]
    project_id: Id
    queue_id: Id
    waiting: Count
    in_work: Count | None = None
    in_review: Count | None = None
    open: Count | None = None


class SourceHeartbeat(Envelope):
    """The source lives, even if nothing happens there; keyed by ``source``."""

    role = Role.ANNOTATIONS
    key_field = "source"

    event_type: Literal["source.heartbeat"]
    lag_ms: DurationMs | None = None
    last_event_at: TimeMs | None = None
