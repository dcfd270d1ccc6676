"""The backlog as it stands: open items by state, the oldest that waits, how old the rest is.

Gauges are not sums of panes: they are whole values that each source partition states for its own
items, and stage 2 adds them (counts) or takes the least (oldest).
"""

from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from schemas.measures import add
from streams.core.facts import Scope
from streams.core.life import IN_WORK, WAITING, Life
from streams.core.plan import MINUTE_MS, QUARTER_MS
from streams.core.subjects import Home, Subjects


class Standing(NamedTuple):
    """How one item counts in the gauges: where, since when, and how far beyond its target."""

    state: str
    #: Where it counts as open, and where as being in its state; None: it doesn't.
    open_scope: Scope | None
    state_scope: Scope | None
    waiting_since_ms: int
    open_since_ms: int
    #: 0 to 3 of the marks 50, 80, 100 % of the time to its due time that have passed; None: no due.
    aged: int | None


#: The gauge's counts of items, in the order of its fields.
COUNTS = (
    "waiting",
    "in_work",
    "in_review",
    "open",
    "waiting_with_due",
    "aged_50",
    "aged_80",
    "aged_100",
)


class Gauge(msgspec.Struct, array_like=True):
    """One source partition's backlog of one subject; counts of items."""

    waiting: int = 0
    in_work: int = 0
    in_review: int = 0
    open: int = 0
    oldest_waiting_ms: int | None = None
    waiting_with_due: int = 0
    aged_50: int = 0
    aged_80: int = 0
    aged_100: int = 0
    #: Open items by the quarter of an hour of their creation (UTC ms of its start).
    open_since: dict[int, int] = {}
    #: SLA clocks that run and may still be kept, by the minute (UTC ms of its start) they are due.
    deadlines: dict[int, int] = {}

    def counts(self) -> dict[str, int]:
        """The counts that are not zero."""
        return {name: n for name in COUNTS if (n := getattr(self, name))}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is counted."""
        return not self.deadlines and not self.counts()


class Oldest:
    """The least of a changing bag of times; removal is lazy."""

    __slots__ = ("_counts", "_heap")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._heap: list[int] = []

    def change(self, t_ms: int, n: int) -> None:
        """Put a time in (+1) or take it out (-1)."""
        count = self._counts.get(t_ms, 0) + n
        assert count >= 0
        if count:
            if t_ms not in self._counts:
                heappush(self._heap, t_ms)
            self._counts[t_ms] = count
        else:
            del self._counts[t_ms]

    def least(self) -> int | None:
        """The oldest time, None when there is none."""
        while self._heap and self._heap[0] not in self._counts:
            heappop(self._heap)
        return self._heap[0] if self._heap else None


def due_marks(life: Life) -> tuple[int, int, int] | None:
    """When 50, 80 and 100 % of an item's time to its due time will have passed (UTC ms)."""
    if life.due_ms is None or life.queued_ms is None or life.due_ms <= life.queued_ms:
        return None
    target_ms = life.due_ms - life.queued_ms
    return (life.queued_ms + target_ms // 2, life.queued_ms + target_ms * 4 // 5, life.due_ms)


def standing_of(life: Life, opened_ms: int, now_ms: int) -> Standing:
    """How an item counts at ``now_ms``, event time."""
    state = life.held_state
    marks = due_marks(life) if state == WAITING else None
    return Standing(
        state,
        life.open_scope,
        life.state_scope,
        life.queued_ms if life.queued_ms is not None else opened_ms,
        opened_ms,
        None if marks is None else sum(mark <= now_ms for mark in marks),
    )


def _opened(standing: Standing) -> int:
    return standing.open_since_ms - standing.open_since_ms % QUARTER_MS


def _aged(standing: Standing) -> tuple[str, int, int | None]:
    return (standing.state, standing.waiting_since_ms, standing.aged)


class Gauges:
    """The gauges of all subjects of one source partition."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects
        self._gauges: dict[str, tuple[Gauge, Oldest]] = {}
        self._dirty: set[str] = set()

    def move(self, home: Home, old: Standing | None, new: Standing | None) -> None:
        """Count an item in its new standing and no longer in its old one."""
        if old == new:
            return
        # Most moves change the state and not that the item is open, or the other way round.
        if not (old and new and old.open_scope == new.open_scope and _opened(old) == _opened(new)):
            self._count_open(home, old, -1)
            self._count_open(home, new, +1)
        if not (old and new and old.state_scope == new.state_scope and _aged(old) == _aged(new)):
            self._count_state(home, old, -1)
            self._count_state(home, new, +1)

    def due(self, home: Home, scope: Scope, deadline_ms: int, n: int) -> None:
        """Count ``n`` more running SLA clocks that are due then."""
        minute_ms = deadline_ms - deadline_ms % MINUTE_MS
        for gauge, _ in self._of(home, scope):
            add(gauge.deadlines, {minute_ms: n})

    def _count_open(self, home: Home, standing: Standing | None, n: int) -> None:
        if standing is None or standing.open_scope is None:
            return
        quarter_ms = _opened(standing)
        for gauge, _ in self._of(home, standing.open_scope):
            gauge.open += n
            count = gauge.open_since.get(quarter_ms, 0) + n
            if count:
                gauge.open_since[quarter_ms] = count
            else:
                del gauge.open_since[quarter_ms]

    def _count_state(self, home: Home, standing: Standing | None, n: int) -> None:
        if standing is None or standing.state_scope is None:
            return
        state, since_ms, aged = standing.state, standing.waiting_since_ms, standing.aged
        for gauge, oldest in self._of(home, standing.state_scope):
            if state == WAITING:
                gauge.waiting += n
                oldest.change(since_ms, n)
            elif state == IN_WORK:
                gauge.in_work += n
            else:
                gauge.in_review += n
            if aged is not None:
                gauge.waiting_with_due += n
                gauge.aged_50 += n * (aged >= 1)
                gauge.aged_80 += n * (aged >= 2)
                gauge.aged_100 += n * (aged >= 3)

    def _of(self, home: Home, scope: Scope) -> list[tuple[Gauge, Oldest]]:
        gauges, found = self._gauges, []
        subjects = self._subjects.of(home, scope)
        self._dirty.update(subjects)
        for subject in subjects:
            known = gauges.get(subject)
            if known is None:
                known = gauges[subject] = (Gauge(), Oldest())
            found.append(known)
        return found

    def take_dirty(self) -> dict[str, Gauge]:
        """Gauges that changed since the last call, whole."""
        dirty, self._dirty = self._dirty, set()
        found: dict[str, Gauge] = {}
        for subject in dirty:
            gauge, oldest = self._gauges[subject]
            gauge.oldest_waiting_ms = oldest.least()
            found[subject] = gauge
            if gauge.is_empty:
                del self._gauges[subject]
        return found
