"""One SLA clock: a policy's conditions over one item's moments, and over time.

A deadline passes when time does and not when the next event comes; what happens in the very
millisecond of a deadline is still in time. A moment that ends a cycle begins none, but for a reset.
"""

from streams.core.cycles import Cycle
from streams.core.known import QUEUEINGS, Known
from streams.core.moments import Moment
from streams.core.terms import (
    CANCEL,
    CLAIM_ANCHORS,
    CLAIMS,
    PAUSE,
    RESET,
    RESUME,
    START,
    STOP,
    Promise,
    Terms,
)
from streams.core.transitions import Cause, Kind, Transition


class Clock:
    """One policy's clock on one item; it may run several times."""

    def __init__(self, promise: Promise, known: Known, story: list[Transition]) -> None:
        self._promise = promise
        self._known = known
        self._story = story
        #: The terms it is started under; with a claim as anchor it may still wait for that.
        self._terms: Terms | None = None
        self._cycle: Cycle | None = None
        self._cycles = 0
        #: Queueings and claims before these belong to earlier cycles.
        self._queueings = self._claims = 0
        #: The time (UTC ms) behind which this clock changes by itself.
        self.next_ms: int | None = None

    def _look_ahead(self) -> None:
        times = [self._switch_ms()]
        if self._cycle is not None:
            times += (self._cycle.due_ms, self._cycle.risk_ms)
        self.next_ms = min([t_ms for t_ms in times if t_ms is not None], default=None)

    def pass_to(self, now_ms: int) -> None:
        """Let time pass: everything before ``now_ms`` that the clock does by itself."""
        while (t_ms := self.next_ms) is not None and t_ms < now_ms:
            cycle = self._cycle
            if cycle is not None and t_ms == cycle.due_ms:
                cycle.breach(t_ms)
            elif cycle is not None and t_ms == cycle.risk_ms:
                cycle.come_at_risk(t_ms)
            else:
                self._switch(t_ms)
            self._look_ahead()

    def step(self, moment: Moment) -> None:
        """One moment, after ``known`` has heard of it and time has come to it."""
        terms = self._terms or self._promise.at(moment.t_ms)
        if terms is None:
            return
        for trigger in terms.triggers.get(moment.code, ()):
            if self._heeds(trigger.condition) and trigger.holds(self._known.values, moment):
                self._act(trigger.condition, terms, moment)
                self._look_ahead()
                if trigger.condition not in (PAUSE, RESUME):
                    return
                break
        if moment.code in CLAIMS and self._terms is not None:
            self._claimed(self._terms, moment)
            self._look_ahead()

    def _heeds(self, condition: str) -> bool:
        """Whether a condition means anything to the clock as it stands."""
        if condition == START:
            return self._terms is None and (self._cycles == 0 or self._promise.repeats)
        if condition in (PAUSE, RESUME):
            return self._cycle is not None and self._cycle.paused is (condition == RESUME)
        return self._terms is not None

    def _act(self, condition: str, terms: Terms, moment: Moment) -> None:
        if condition == START:
            self._start(terms, Cause.START, moment)
        elif condition == STOP:
            self._end(Kind.FULFIL, Cause.STOP, moment)
        elif condition == CANCEL:
            self._end(Kind.CANCEL, Cause.CANCEL, moment)
        elif condition == RESET:
            self._again(terms, Cause.RESET, moment)
        else:
            assert self._cycle is not None
            if condition == PAUSE:
                self._cycle.hold(moment)
            else:
                self._cycle.go_on(moment)

    def _start(self, terms: Terms, cause: Cause, moment: Moment) -> None:
        """Begin a cycle, now or when its anchor comes."""
        if terms.target_ms(self._known.values) is None:
            return
        self._terms = terms
        anchor_ms = self._anchor(terms.anchor, moment.t_ms)
        if anchor_ms is not None:
            self._activate(terms, anchor_ms, cause, moment)

    def _anchor(self, anchor: str | None, t_ms: int) -> int | None:
        """What the clock counts from; None when that has not come yet.

        What an earlier cycle counted from is no anchor of this one. A creation or queueing that
        nobody told of is replaced by the event that starts the clock.
        """
        known = self._known
        queueings, claims = known.queueings[self._queueings :], known.claims[self._claims :]
        if anchor in CLAIM_ANCHORS:
            return (claims[0] if anchor == "first_claim" else claims[-1]) if claims else None
        if anchor == "created" and not self._cycles and known.created_ms is not None:
            return known.created_ms
        if anchor == "queued" and queueings:
            return queueings[-1]
        return t_ms

    def _claimed(self, terms: Terms, moment: Moment) -> None:
        """A claim is the anchor of a clock that waits for one, or begins a clock anew."""
        if terms.anchor not in CLAIM_ANCHORS:
            return
        if self._cycle is None:
            self._activate(terms, moment.t_ms, Cause.START, moment)
        elif terms.anchor == "last_claim":
            self._again(terms, Cause.ANCHOR, moment)

    def _activate(self, terms: Terms, anchor_ms: int, cause: Cause, moment: Moment) -> None:
        target_ms = terms.target_ms(self._known.values)
        if target_ms is None:
            self._stand_down()
            return
        self._cycles += 1
        self._cycle = Cycle(self._known, self._story, self._cycles, anchor_ms)
        self._cycle.activate(terms, target_ms, cause, moment)

    def _end(self, kind: Kind, cause: Cause, moment: Moment) -> None:
        if self._cycle is not None:
            self._cycle.end(kind, cause, moment)
        self._stand_down()

    def _again(self, terms: Terms, cause: Cause, moment: Moment) -> None:
        """End the cycle and begin the next; the moment may be what that one counts from.

        What begins anew is new: it runs under the terms of its own day.
        """
        self._end(Kind.CANCEL, cause, moment)
        self._queueings -= moment.code in QUEUEINGS
        self._claims -= moment.code in CLAIMS
        self._start(self._promise.at(moment.t_ms) or terms, cause, moment)

    def _stand_down(self) -> None:
        self._terms = self._cycle = None
        self._queueings, self._claims = len(self._known.queueings), len(self._known.claims)

    def _switch_ms(self) -> int | None:
        """When new terms take over the clock that is open."""
        if self._terms is None or (self._cycle is not None and self._cycle.breached):
            return None
        later = self._promise.next_for_open(self._terms)
        return None if later is None else later.valid_from_ms

    def _switch(self, t_ms: int) -> None:
        assert self._terms is not None
        terms = self._promise.next_for_open(self._terms)
        assert terms is not None
        target_ms = terms.target_ms(self._known.values)
        if self._cycle is not None:
            self._cycle.switch(terms, target_ms, t_ms)
        if target_ms is None:
            self._stand_down()
        else:
            self._terms = terms
