"""Small lives and policies for the laws of SLA clocks; times are minutes after ``T0``."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.policies import PolicyFile
from streams.core import moments
from streams.core.kept import Layout
from streams.core.ledger import Entry
from streams.core.moments import CODES, QUEUED, REQUEUED, Moment, event_hash
from streams.core.stories import tell
from streams.core.terms import Book, make_book
from streams.core.transitions import Kind, Transition

MINUTE_MS = 60_000
#: Monday, 2 March 2026, 08:00 in UTC.
T0 = 1_772_438_400_000
EXTRAS = ("priority",)
LAYOUT = Layout(EXTRAS)

#: Triage within an hour; pauses count only while waiting for the client.
PLAIN: dict[str, Any] = {
    "start": [{"event": "item.queued"}],
    "pause": [{"event": "work.paused", "reason": "client"}],
    "resume": [{"event": ["work.resumed", "work.started"]}],
    "stop": [{"event": ["item.submitted", "item.completed"]}],
    "cancel": [{"event": ["item.cancelled", "item.deleted"]}],
    "reset": [{"event": "appeal.decided", "outcome": "overturn"}],
    "targets": [{"priority": "p1", "target": "30m"}, {"target": "60m"}],
}


def at(minute: float) -> int:
    """A time (UTC ms)."""
    return T0 + round(minute * MINUTE_MS)


def book_of(*versions: dict[str, Any], **policy: Any) -> Book:
    """A book with one policy of these versions."""
    written = [{"version": n, **each} for n, each in enumerate(versions, 1)]
    return books([{"id": "triage", "title": "Triage", **policy, "versions": written}])


def books(policies: list[dict[str, Any]], calendars: dict[str, Any] | None = None) -> Book:
    """A book of several policies."""
    content = {"policies": policies, "calendars": calendars or {}}
    return make_book(PolicyFile.model_validate(content), LAYOUT)


def moment(minute: float, kind: str, record: float | None = None, **fields: Any) -> Moment:
    """One event of the item; its Kafka record is as old as itself unless said otherwise."""
    code = CODES[kind]
    if code == QUEUED and fields.get("reason") not in (None, "new"):
        code = REQUEUED
    name = fields.pop("id", f"{minute}/{kind}/{sorted(fields.items())}")
    return Moment(
        t_ms=at(minute),
        code=code,
        id=event_hash(name),
        record_ms=at(minute if record is None else record),
        queue=fields.get("queue"),
        team=fields.get("team"),
        site=None,
        actor=None,
        assignment=fields.get("assignment", "a1"),
        details=tuple(fields.get(name) for name in moments.DETAILS.get(code, ())),
        extras=(fields.get("priority"),),
    )


def story(book: Book, history: Iterable[Moment], minute: float) -> tuple[Transition, ...]:
    """What has happened by that minute."""
    return tell(book, sorted(history, key=lambda each: each.order), at(minute)).transitions


def steps(transitions: Iterable[Transition]) -> list[tuple[str, float]]:
    """Kinds and minutes, in order."""
    return [(step.kind.value, (step.at_ms - T0) / MINUTE_MS) for step in transitions]


def said(entries: Sequence[Entry]) -> list[tuple[str, bool]]:
    """What was told: kinds, and whether they hold."""
    return [(entry.transition.kind.value, entry.holds) for entry in entries]


def of_kind(transitions: Iterable[Transition], kind: Kind) -> list[Transition]:
    """The steps of one kind."""
    return [step for step in transitions if step.kind is kind]
