"""Where an item is and who has it, told by its moments in order: whose time burns.

The states are those of an item's life (``life.py``; a test holds them equal). The team is that of
whoever took the item up last and still has it, or the one that its state was entered with.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.core import moments
from streams.core.life import (
    CLOSED,
    ESCALATED,
    IN_REVIEW,
    IN_WORK,
    REVIEWED,
    SUBMITTED,
    UNOPENED,
    WAITING,
)
from streams.core.moments import Moment

_TAKEN_UP = frozenset({moments.ASSIGNED, moments.CLAIMED, moments.STARTED, moments.RESUMED})
_QUEUED = frozenset({moments.QUEUED, moments.REQUEUED})
_HANDED_BACK = frozenset({moments.SKIPPED, moments.RELEASED, moments.EXPIRED})
_REVIEW = {
    moments.REVIEW_QUEUED: IN_REVIEW,
    moments.REVIEW_ASSIGNED: IN_REVIEW,
    moments.REVIEW_STARTED: IN_REVIEW,
    moments.DECIDED: REVIEWED,
}
_END = frozenset({moments.COMPLETED, moments.CANCELLED, moments.DELETED})
CODES = _TAKEN_UP | _QUEUED | _HANDED_BACK | _REVIEW.keys() | _END
CODES |= {moments.CREATED, moments.SUBMITTED, moments.ESCALATED}


class Place(NamedTuple):
    """Where an item is; "" is not known."""

    state: str
    queue: str
    team: str
    site: str


class Custody:
    """An item's way through queues and hands."""

    __slots__ = ("_at_work", "_base", "_holder", "_opened", "queue", "way")

    def __init__(self) -> None:
        self.queue = ""
        #: Since when (UTC ms) it was where, in order.
        self.way: list[tuple[int, Place]] = []
        self._base = UNOPENED
        self._opened = False
        #: Team and site that the present state was entered with.
        self._holder = ("", "")
        #: Assignments at work, with the team and site of whoever has them.
        self._at_work: dict[str, tuple[str, str]] = {}

    @property
    def place(self) -> Place:
        """Where the item is now."""
        return self.way[-1][1] if self.way else Place(UNOPENED, "", "", "")

    def stretches(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, int, Place]]:
        """The parts of ``[from_ms, to_ms)`` that the item spent in one place, latest first."""
        for since_ms, place in reversed(self.way):
            if from_ms >= to_ms:
                return
            begin_ms = max(since_ms, from_ms)
            if begin_ms < to_ms:
                yield begin_ms, to_ms, place
                to_ms = begin_ms
        if from_ms < to_ms:
            yield from_ms, to_ms, Place(UNOPENED, "", "", "")

    def step(self, moment: Moment) -> None:
        """Follow the item through one moment."""
        if moment.code not in CODES:
            return
        self._move(moment)
        state, (team, site) = self._base, self._holder
        if self._at_work and state != CLOSED:
            state, (team, site) = IN_WORK, next(reversed(self._at_work.values()))
        elif not self._opened and state != CLOSED:
            state = UNOPENED
        place = (state, self.queue, team, site)
        if not self.way or self.way[-1][1] != place:
            self.way.append((moment.t_ms, Place(*place)))

    def _move(self, moment: Moment) -> None:
        code = moment.code
        who = (moment.team or "", moment.site or "")
        if code in _TAKEN_UP:
            self._opened = True
            assert moment.assignment is not None
            # To the end: the last to take it up is whom it is with.
            self._at_work.pop(moment.assignment, None)
            self._at_work[moment.assignment] = who
        elif code in _QUEUED or code == moments.CREATED:
            self._queue(moment, who)
        elif code == moments.SUBMITTED:
            self._opened = True
            self._at_work.pop(moment.assignment or "", None)
            self._enter(SUBMITTED, ("", ""))
        elif code in _HANDED_BACK:
            if self._at_work.pop(moment.assignment or "", None) is not None:
                self._enter(WAITING, ("", ""))
        elif code == moments.ESCALATED:
            self.queue = moment.details[0]
            if self._is_open:
                self._at_work.clear()
                self._enter(ESCALATED, who)
        elif code in _REVIEW:
            if self._is_open:
                self._enter(_REVIEW[code], who if code != moments.DECIDED else ("", ""))
        else:
            self._at_work.clear()
            self._base, self._holder = CLOSED, ("", "")

    def _queue(self, moment: Moment, who: tuple[str, str]) -> None:
        if moment.queue is not None:
            self.queue = moment.queue
        if moment.code == moments.CREATED:
            if not self._opened and self._base != CLOSED:
                self._base, self._holder = WAITING, who
            self._opened = True
            return
        self._opened = True
        self._at_work.clear()
        self._base, self._holder = WAITING, who

    def _enter(self, state: str, who: tuple[str, str]) -> None:
        """What is closed stays closed until it is queued again."""
        if self._base != CLOSED:
            self._base, self._holder = state, who

    @property
    def _is_open(self) -> bool:
        return self._opened and self._base != CLOSED
