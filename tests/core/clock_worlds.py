"""Lives of an item with SLA clocks, and everything that can happen while they are heard of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from streams.core.attainment import Standing
from streams.core.facts import Fact, Scope
from streams.core.ledger import Entry
from streams.core.moments import Moment
from streams.core.terms import Book
from streams.core.transitions import Kind
from streams.core.watch import Told, Watch
from tests.core.clock_lives import PLAIN, at, books, moment

KEY = "acme\x1fcvat\x1fp\x1fjob-1"
#: Minutes that a life lasts, and the minute by which every clock has said all.
LIFE, END = 600, 60 * 24 * 30
OFFICE = {"zone": "Asia/Kathmandu", "hours": {"mon-fri": ["12:00-15:30", "16:00-18:15"]}}
SHORTER = PLAIN | {"targets": [{"target": "45m"}], "valid_from": at(200)}
QUEUES = [{"queue": "images", "target": "20m"}]

#: (scope, time, tally key) to signed count.
Sums = Counter[tuple[Scope, int, int]]


def policy(name: str, *versions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A policy as a file has it."""
    written = [{"version": n, **each} for n, each in enumerate(versions, 1)]
    return {"id": name, "title": name, **more, "versions": written}


#: One clock of each sort on every item.
BOOK = books(
    [
        policy("plain", PLAIN),
        policy("created", PLAIN | {"anchor": "created"}, repeats=False),
        policy("office", PLAIN | {"calendar": "office", "anchor": "queued"}),
        policy("claim", PLAIN | {"anchor": "last_claim", "targets": [{"target": "25m"}]}),
        policy("first", PLAIN | {"anchor": "first_claim"}, contract="OLA"),
        policy("newer", PLAIN, SHORTER),
        policy("opened", PLAIN | {"targets": [{"target": "5h"}]}, SHORTER | {"applies": "open"}),
        policy("dropped", PLAIN, SHORTER | {"applies": "open", "targets": QUEUES}),
    ],
    {"office": OFFICE},
)

_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("item.created", {}),
    ("item.queued", {"queue": "images"}),
    ("item.queued", {"queue": "texts", "reason": "rework", "priority": "p1"}),
    ("item.claimed", {"team": "blue"}),
    ("item.claimed", {"team": "red", "assignment": "a2"}),
    ("work.started", {"team": "blue"}),
    ("work.paused", {"reason": "client", "team": "blue"}),
    ("work.paused", {"reason": "lunch"}),
    ("work.resumed", {"team": "blue"}),
    ("work.heartbeat", {"active_ms_delta": 1000}),
    ("item.submitted", {"team": "blue"}),
    ("item.released", {"reason": "shift", "assignment": "a2"}),
    ("item.escalated", {"to_queue": "appeals", "team": "green"}),
    ("review.queued", {"team": "green"}),
    ("review.decided", {"outcome": "reject"}),
    ("appeal.decided", {"outcome": "overturn"}),
    ("item.cancelled", {"reason": "dup"}),
    ("item.completed", {}),
)


def life(rng: Random) -> list[Moment]:
    """Some moments in no order of sense; several may share a millisecond."""
    found = [moment(rng.choice((0, 0, 7)), "item.queued", id="first", queue="images")]
    for number in range(rng.randrange(1, 12)):
        kind, fields = rng.choice(_KINDS)
        minute = rng.choice((5 * rng.randrange(LIFE // 5), rng.randrange(60), 30, 60))
        record = minute + rng.choice((0, 0, 1, 20, 300))
        found.append(moment(minute, kind, record, id=f"{number}", **fields))
    return found


def in_order(history: Iterable[Moment]) -> list[Moment]:
    """As a shelf keeps them."""
    return sorted(history, key=lambda each: each.order)


def summed(bookings: Iterable[Fact]) -> Sums:
    """What facts come to; zeros left out."""
    sums: Sums = Counter()
    for fact in bookings:
        for key, n in fact.deltas:
            sums[fact.scope, fact.t_ms, key] += n
    return Counter({at: n for at, n in sums.items() if n})


@dataclass(slots=True)
class Heard:
    """What reached the ledger and the panes."""

    history: list[Moment] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    said: list[Entry] = field(default_factory=list)
    #: Open clocks by place and deadline.
    due: Counter[Standing] = field(default_factory=Counter)
    stored: bytes | None = None

    def copy(self) -> "Heard":
        """As a crash finds it again."""
        return Heard(list(self.history), list(self.facts), list(self.said), +self.due, self.stored)


class World:
    """One item under a watch that may die at any moment and comes back as of its last flush."""

    def __init__(self, book: Book = BOOK) -> None:
        self.book = book
        self.heard = Heard()
        self.watch = Watch(book)

    def hear(self, moment: Moment) -> None:
        """An event comes, unless it came before."""
        if all(each.id != moment.id for each in self.heard.history):
            self.heard.history = in_order([*self.heard.history, moment])
            self.watch.touch(KEY, moment)

    def tick(self, now_ms: int, limit: int = 1) -> list[Told]:
        """Time comes to ``now_ms``."""
        found = []
        while self.watch.waits(now_ms):
            found += self.watch.advance(now_ms, lambda _: self.heard.history, limit)
        for told in found:
            self.heard.said += told.entries
            for standing, n in told.moves:
                self.heard.due[standing] += n
            self.heard.facts += [fact for _, facts in told.bookings for fact in facts]
        return found

    def flush(self) -> None:
        """What is written is what a crash leaves."""
        for _, packed in self.watch.take_dirty():
            self.heard.stored = packed

    def restart(self, as_of: Heard) -> None:
        """A new owner reads what the last flush wrote."""
        self.heard = as_of.copy()
        self.watch = Watch(self.book)
        if self.heard.stored is not None:
            self.watch.put(KEY, self.heard.stored)
            assert [key for key, _ in self.watch.begin()] == [KEY]

    def run(self, rng: Random, arrivals: list[Moment]) -> None:
        """Events in this order, ticks, flushes and crashes between them; then the end of time."""
        now_ms, at_flush, flushed = 0, 0, self.heard.copy()
        number, crashes = 0, 2
        while number < len(arrivals):
            what = rng.choice(("event", "event", "event", "tick", "flush", "crash"))
            if what == "event":
                self.hear(arrivals[number])
                number += 1
            elif what == "tick":
                now_ms = max(now_ms, at(rng.randrange(-5, LIFE)))
                self.tick(now_ms, rng.choice((1, 100)))
            elif what == "flush":
                self.flush()
                at_flush, flushed = number, self.heard.copy()
            elif crashes:
                crashes -= 1
                number = at_flush
                self.restart(flushed)
        self.tick(at(END))

    def breaches_told(self) -> dict[tuple[str, int], tuple[int, int]]:
        """How often each clock's breach was told where it had not held, and withdrawn."""
        counts: dict[tuple[str, int], tuple[int, int]] = {}
        holds: dict[tuple[str, int], bool] = {}
        for entry in self.heard.said:
            step = entry.transition
            clock = (step.policy, step.cycle)
            told, withdrawn = counts.get(clock, (0, 0))
            if step.kind is Kind.BREACH:
                told += entry.holds and not holds.get(clock, False)
                holds[clock] = entry.holds
            withdrawn += step.kind is Kind.BREACH_WITHDRAWN
            counts[clock] = (told, withdrawn)
        return counts
