"""Nasty but contract-valid histories of items and people, for the oracle and for the core's laws.

``history(rng)`` writes what happened; ``arrivals(rng, events)`` is one way in which it may reach
us: shuffled, repeated, late. Both take any ``random.Random``: a seeded one for large runs, or
hypothesis' own (``histories()``) where a failing case should shrink.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.oracle.lives import Event

START_MS = 1_760_000_000_000
LABELS = ("safe", "spam", "adult", "other")
PEOPLE = tuple(f"p_{letter * 20}" for letter in "abcde")
TEAMS = (None, None, "blue", "red")
SITES = (None, "manila", "lisbon")
QUEUES = ("images", "texts", "appeals")


@dataclass(slots=True)
class Pen:
    """Writes one item's events with a clock that mostly, but not always, moves on."""

    rng: Random
    number: int
    place: dict[str, str]
    at_ms: int
    written: list[Event] = field(default_factory=list)
    assignments: int = 0

    def write(self, kind: str, **fields: Any) -> None:
        """Add an event of this type a while after the last; None means not given."""
        step_ms = self.rng.choice((0, 0, 1, 900, 7_000, 45_000, 61_000, 600_000, 5_400_000))
        self.at_ms += step_ms
        slip_ms = self.rng.choice((0,) * 9 + (-30_000, 20_000, -4_000_000))
        event_id = _event_id(self.number, len(self.written))
        slipped_ms = self.at_ms + slip_ms
        self.written.append(_event(self.rng, event_id, kind, slipped_ms, self.place | fields))

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.rng.randrange(100) < percent

    def turn(self) -> dict[str, Any]:
        """A new assignment of some person, with the team and site that the platform knows."""
        self.assignments += 1
        return {
            "actor_id": self.rng.choice(PEOPLE),
            "assignment_id": f"{self.place['item_id']}-{self.assignments}",
            "team_id": self.rng.choice(TEAMS),
            "site": self.rng.choice(SITES),
        }


def _event_id(writer: int, number: int) -> str:
    # Hashed, so that the order of ids has nothing to do with the order of time.
    return blake2b(f"{writer}/{number}".encode(), digest_size=8).hexdigest()


def _event(rng: Random, event_id: str, kind: str, at_ms: int, fields: dict[str, Any]) -> Event:
    envelope = {
        "event_id": event_id,
        "event_type": kind,
        "schema_version": "1.0",
        "occurred_at": at_ms,
        "received_at": at_ms + rng.choice((0, 40, 90_000)),
        "org_id": "acme",
    }
    return {name: value for name, value in (envelope | fields).items() if value is not None}


def history(rng: Random, items: int = 4) -> list[Event]:
    """What happened to some items and people, in no useful order."""
    events: list[Event] = []
    for number in range(items):
        # The same item id may live in two sources: these are two items.
        place = {
            "source": rng.choice(("cvat", "label_studio")),
            "project_id": rng.choice(("7", "8")),
            "item_id": f"i{number // 2}",
        }
        pen = Pen(rng, number, place, START_MS + rng.randrange(0, 7_200_000))
        (_wild if rng.randrange(4) == 0 else _plausible)(pen)
        # Anything may be lost on the way: a start, a creation, a whole claim.
        lost = rng.choice((0, 0, 10, 30))
        events += [event for event in pen.written if not pen.chance(lost)]
    return events + _presence(rng)


def _plausible(pen: Pen) -> None:
    if pen.chance(80):
        queue = pen.rng.choice((None, "images"))
        due_ms = pen.at_ms + pen.rng.choice((600_000, 9_000_000)) if pen.chance(40) else None
        pen.write("item.created", created_at=pen.at_ms, queue_id=queue, due_at=due_ms)
    if pen.chance(90):
        pen.write("item.queued", queue_id=pen.rng.choice(QUEUES), reason=_reason(pen, None, "new"))
    for attempt in range(1, pen.rng.randrange(2, 5)):
        _round(pen, attempt)
        if pen.chance(50):
            reason = _reason(pen, "rework", "appeal", "escalation", "expiry", "new")
            pen.write("item.queued", queue_id=pen.rng.choice(QUEUES), reason=reason)
    if pen.chance(70):
        kind = pen.rng.choice(("human", "system", None))
        for _ in range(pen.rng.choice((1, 1, 2))):
            pen.write("item.completed", terminal_state="done", actor_type=kind)


def _reason(pen: Pen, *choices: str | None) -> str | None:
    return pen.rng.choice(choices)


def _round(pen: Pen, attempt: int) -> None:
    turns = [pen.turn() for _ in range(pen.rng.choice((1, 1, 2, 3)))]
    for turn in turns:
        pen.write(pen.rng.choice(("item.claimed", "item.assigned")), **turn)
    for turn in turns:
        _spell(pen, turn, attempt)
        if pen.chance(60):
            _review(pen, turn["actor_id"])


def _spell(pen: Pen, turn: dict[str, Any], attempt: int) -> None:
    if pen.chance(75):
        pen.write("work.started", **turn)
    for _ in range(pen.rng.randrange(3)):
        pen.write("work.heartbeat", **turn, active_ms_delta=pen.rng.choice((0, 5_000, 30_000)))
    if pen.chance(25):
        pen.write("work.paused", **turn, reason="lunch")
        pen.write("work.resumed", **turn)
    match pen.rng.randrange(10):
        case 0:
            pen.write("item.skipped", **turn, reason="unclear")
        case 1:
            pen.write("item.released", **turn, reason="shift_end")
        case 2:
            pen.write("assignment.expired", assignment_id=turn["assignment_id"])
        case 3:
            pen.write("item.escalated", from_queue="images", to_queue=pen.rng.choice(QUEUES))
        case _:
            _submit(pen, turn, attempt)


def _submit(pen: Pen, turn: dict[str, Any], attempt: int) -> None:
    rng = pen.rng
    pen.write(
        "item.submitted",
        **turn,
        attempt=attempt,
        active_ms=rng.choice((None, None, 0, 1, 41_000)),
        unit_count=rng.choice((None, 0, 3, 12)),
        labels=rng.choice((None, [], ["safe"], ["spam", "adult"], ["spam", "spam"])),
        prediction_id=rng.choice((None, "pred-1")),
        edit_count=rng.choice((None, 0, 4)),
    )
    if pen.chance(30):
        _golden(pen, turn)
    if pen.chance(15):
        pen.write("label.recorded", **turn, unit_id="u1", label=rng.choice(LABELS))


def _golden(pen: Pen, turn: dict[str, Any]) -> None:
    rng = pen.rng
    expected, actual = rng.choice((None, *LABELS)), rng.choice((None, *LABELS))
    options = rng.choice((None, list(LABELS), ["safe", "spam"]))
    answer = {"expected": expected, "actual": actual, "options": options}
    correct = expected == actual if expected and actual else rng.choice((True, False))
    pen.write("golden.answered", **turn, golden_id="g1", correct=correct, **answer)


def _review(pen: Pen, author: str) -> None:
    rng = pen.rng
    review = {"review_id": f"r{rng.randrange(99)}", "reviewer_id": rng.choice(PEOPLE)}
    place = {"team_id": rng.choice(TEAMS), "site": rng.choice(SITES)}
    for kind in ("review.queued", "review.assigned", "review.started"):
        if pen.chance(50):
            pen.write(kind, **review, **place)
    outcome = rng.choice(("accept", "accept", "fix", "reject"))
    pen.write("review.decided", **review, **place, author_id=author, outcome=outcome)
    if pen.chance(25):
        pen.write("appeal.filed", appeal_id="a1")
        pen.write("appeal.decided", appeal_id="a1", outcome=rng.choice(("uphold", "overturn")))
    if pen.chance(10):
        pen.write("qa.sampled", sample_id="q1", inclusion_prob=0.1, stratum="all")
        pen.write("qa.decided", sample_id="q1", correct=rng.choice((True, False)))


def _wild(pen: Pen) -> None:
    """Events in an order that no platform intends."""
    turns = [pen.turn() for _ in range(3)]
    kinds: tuple[Callable[[], None], ...] = (
        lambda: pen.write("item.created", created_at=pen.at_ms, queue_id=pen.rng.choice(QUEUES)),
        lambda: pen.write("item.queued", queue_id=pen.rng.choice(QUEUES)),
        lambda: pen.write("item.claimed", **pen.rng.choice(turns)),
        lambda: _spell(pen, pen.rng.choice(turns), pen.rng.randrange(1, 4)),
        lambda: _submit(pen, pen.rng.choice(turns), pen.rng.randrange(1, 4)),
        lambda: _review(pen, pen.rng.choice(PEOPLE)),
        lambda: pen.write("item.completed", terminal_state="done"),
        lambda: pen.write(pen.rng.choice(("item.cancelled", "item.deleted")), reason="gone"),
        lambda: pen.write("assignment.reassigned", assignment_id=turns[0]["assignment_id"]),
        lambda: pen.write("item.edited", actor_id=PEOPLE[0], edit_of="x"),
    )
    for _ in range(pen.rng.randrange(1, 14)):
        pen.rng.choice(kinds)()


def _presence(rng: Random) -> list[Event]:
    events: list[Event] = []
    for writer, person in enumerate(PEOPLE[: rng.randrange(1, 6)]):
        at_ms = START_MS
        fields = {"source": "cvat", "actor_id": person, "team_id": rng.choice(TEAMS)}
        for number in range(rng.randrange(5)):
            at_ms += rng.choice((0, 1, 59_999, 60_000, 3_600_001))
            says = {"status": "online", "productive": rng.choice((True, True, False, None))}
            event_id = _event_id(-1 - writer, number)
            events.append(_event(rng, event_id, "presence.changed", at_ms, fields | says))
    return events


def arrivals(rng: Random, events: list[Event]) -> list[Event]:
    """One order in which events may arrive: any, with some of them sent more than once."""
    sent = events + [event for event in events if rng.randrange(5) == 0]
    rng.shuffle(sent)
    return sent


@st.composite
def histories(draw: st.DrawFn, items: int = 4) -> list[Event]:
    """Histories for hypothesis: every choice shrinks."""
    return history(draw(st.randoms(use_true_random=False)), items)


@st.composite
def arrivals_of(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """Arrivals of given events for hypothesis."""
    return arrivals(draw(st.randoms(use_true_random=False)), events)
