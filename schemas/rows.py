"""Rows that leave the stream: whole values with a revision, never increments.

``revision`` is ``epoch << 24 | seq``: of two rows with the same key the larger one is true,
whatever the order in which they arrive. Times are UTC ms; ``None`` is unknown.
"""

from typing import TypeVar

import msgspec

#: Bits of a revision that count the flushes of one epoch.
SEQ_BITS = 24
SEQ_MAX = (1 << SEQ_BITS) - 1


def revision(epoch: int, seq: int) -> int:
    """One number that orders every value an owner writes, over all owners."""
    assert 0 <= seq <= SEQ_MAX
    return epoch << SEQ_BITS | seq


class RollupRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one subject did in one pane (60 s, or 900 s for very late events)."""

    grouping: str
    dims: dict[str, str]
    pane_start_ms: int
    pane_s: int
    revision: int
    #: As JSON its keys are decimal text.
    tally: dict[int, int]


UNKNOWN_PARTS = msgspec.Raw(b"null")


class ItemPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an item counted for in one pane (UTC s) and place, by tally key; about no person.

    None: the dimension does not apply. ``extras`` are further dimensions that were given.
    """

    start_s: int
    size_s: int
    queue: str | None
    team: str | None
    site: str | None
    label: str | None
    extras: dict[str, str]
    counts: list[tuple[int, int]]


class ItemRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item as it stands: its times, people, attempts and outcome."""

    org: str
    source: str
    project: str
    item_id: str
    revision: int
    state: str
    queue: str = ""
    team: str = ""
    site: str = ""
    annotator: str = ""
    reviewer: str = ""
    outcome: str = ""
    labels: tuple[str, ...] = ()
    attempt: int | None = None
    claims: int = 0
    submissions: int = 0
    reviews: int = 0
    events: int = 0
    created_ms: int | None = None
    queued_ms: int | None = None
    first_claimed_ms: int | None = None
    last_claimed_ms: int | None = None
    started_ms: int | None = None
    submitted_ms: int | None = None
    reviewed_ms: int | None = None
    completed_ms: int | None = None
    due_ms: int | None = None
    handle_ms: int | None = None
    active_ms: int | None = None
    #: ``ItemPart``s as JSON, in order of their text; null: unknown, or too many to be told.
    parts: msgspec.Raw = UNKNOWN_PARTS


class LabelRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One label that one person gave to one unit of one item; ``weight`` is in thousandths."""

    org: str
    source: str
    project: str
    item_id: str
    unit_id: str
    annotator: str
    label: str
    occurred_ms: int
    event_id: str
    kind: str
    revision: int
    weight: int = 1000


class SlaRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of one SLA clock of one item, as it stands; ``holds`` is false once it is no more.

    (policy, cycle, kind, n) name the step within the item; ``seq`` counts what was told about the
    item's clocks. ``burned`` says whose the time was: state, queue, team and ms.
    """

    org: str
    source: str
    project: str
    item_id: str
    policy: str
    cycle: int
    kind: str
    n: int
    revision: int
    seq: int
    contract: str
    version: int
    cause: str
    at_ms: int
    told_ms: int
    anchor_ms: int
    target_ms: int
    elapsed_ms: int
    paused_ms: int
    holds: bool = True
    breached: bool = False
    restated_ms: int | None = None
    deadline_ms: int | None = None
    event_id: str = ""
    queue: str = ""
    team: str = ""
    burned: tuple[tuple[str, str, str, int], ...] = ()


class WindowRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One window of a subject: ``[start_ms, end_ms)`` of event time and what fell into it."""

    start_ms: int
    end_ms: int
    tally: dict[int, int]


class SnapshotRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A subject's windows and backlog at a moment; only windows that changed are sent.

    ``first_seen_ms`` says when each event type was first heard of in the subject's sources, and
    ``last_seen_ms`` when any was last: they tell an unknown number from a zero.
    ``sources_known`` of ``sources_total`` source partitions have reported. ``deadlines`` are
    running SLA clocks by the minute (UTC ms of its start) of their deadline.
    """

    grouping: str
    dims: dict[str, str]
    as_of_ms: int
    revision: int
    sources_known: int
    sources_total: int
    first_seen_ms: dict[str, int]
    gauge: dict[str, int | None]
    open_since: dict[int, int]
    windows: dict[str, WindowRow]
    #: All windows that the subject has now, sent or not.
    window_names: tuple[str, ...]
    last_seen_ms: int | None = None
    deadlines: dict[int, int] = {}


class DeadLetterRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a refused message lies and why it was refused; never what it said."""

    topic: str
    partition: int
    offset: int
    reason: str
    at_ms: int
    field: str = ""
    event_type: str = ""


class AlertLogRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of an alert, a notice of it, or a command about it; see the table's comments."""

    fingerprint: str
    kind: str
    id: str
    what: str
    at_ms: int
    starts_ms: int = 0
    seq: int = 0
    receiver: str = ""
    state: str = ""
    outcome: str = ""
    attempts: int = 0
    detail: str = ""
    rule: str = ""
    rule_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    ends_ms: int | None = None
    person: str = ""
    note: str = ""
    suppressed_by: tuple[str, ...] = ()
    late: bool = False
    metric: str = ""
    window: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    threshold: float | None = None
    item_ids: tuple[str, ...] = ()
    sql: str = ""
    revision: int = 0


Row = TypeVar("Row", bound=msgspec.Struct)


def encode(row: msgspec.Struct) -> bytes:
    """A row as JSON bytes; defaults are left out."""
    return msgspec.json.encode(row)


def decode(data: bytes, kind: type[Row]) -> Row:
    """A row from JSON bytes; msgspec.ValidationError when it is not of that kind."""
    return msgspec.json.decode(data, type=kind)
