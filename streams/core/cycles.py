"""One run of an SLA clock, from its activation to its end: what has burned, and what is left.

Once ended nothing changes it. All times are UTC ms of event time; spans are ms of its calendar.
"""

from streams.core.known import Known
from streams.core.moments import Moment
from streams.core.terms import Terms
from streams.core.transitions import Burned, Cause, Kind, Transition

#: Steps that say whose the time was.
_TELLING = frozenset({Kind.BREACH, Kind.FULFIL, Kind.CANCEL})


class Cycle:
    """A clock that runs or is paused; its steps are appended to ``story``."""

    def __init__(self, known: Known, story: list[Transition], number: int, anchor_ms: int) -> None:
        self.known = known
        self.story = story
        self.number = number
        self.anchor_ms = anchor_ms
        self.paused = self.breached = self.risky = False
        self.elapsed_ms = self.paused_ms = 0
        #: When the target is used up, as it stands; None while the clock is paused.
        self.deadline_ms: int | None = None
        #: When the clock breaches and comes at risk, if nothing happens before.
        self.due_ms: int | None = None
        self.risk_ms: int | None = None
        #: Up to when its time is accounted for.
        self._mark_ms = anchor_ms
        self._burned: dict[tuple[str, str, str], int] = {}
        self._counts: dict[Kind, int] = {}

    def activate(self, terms: Terms, target_ms: int, cause: Cause, moment: Moment) -> None:
        """Begin under these terms, maybe with time already burned since the anchor."""
        self._take(terms, target_ms, moment.t_ms)
        self.account(moment.t_ms)
        self.tell(Kind.ACTIVATE, moment.t_ms, cause, moment)

    def _take(self, terms: Terms, target_ms: int, begun_ms: int) -> None:
        self.terms, self.target_ms, self.begun_ms = terms, target_ms, begun_ms
        self._set_marks()

    def hold(self, moment: Moment) -> None:
        """Stand still."""
        self.account(moment.t_ms)
        self.paused = True
        self._set_marks()
        self.tell(Kind.PAUSE, moment.t_ms, Cause.PAUSE, moment)

    def go_on(self, moment: Moment) -> None:
        """Run again."""
        self.account(moment.t_ms)
        self.paused = False
        self._set_marks()
        self.tell(Kind.RESUME, moment.t_ms, Cause.RESUME, moment)

    def come_at_risk(self, t_ms: int) -> None:
        """The share of the target that is a warning has burned."""
        self.account(t_ms)
        self.risky, self.risk_ms = True, None
        self.tell(Kind.AT_RISK, t_ms, Cause.TIME)

    def breach(self, t_ms: int) -> None:
        """The target has burned and the clock still runs."""
        self.account(t_ms)
        self.breached = True
        self.due_ms = self.risk_ms = None
        self.tell(Kind.BREACH, t_ms, Cause.TIME)

    def end(self, kind: Kind, cause: Cause, moment: Moment) -> None:
        """The last step."""
        self.account(moment.t_ms)
        self.tell(kind, moment.t_ms, cause, moment)

    def switch(self, terms: Terms, target_ms: int | None, t_ms: int) -> None:
        """Go on under new terms with what has burned; without a target this is the end."""
        self.account(t_ms)
        self.tell(Kind.CANCEL, t_ms, Cause.POLICY)
        if target_ms is not None:
            self.risky = False
            self._take(terms, target_ms, t_ms)
            self.tell(Kind.ACTIVATE, t_ms, Cause.POLICY)

    def _set_marks(self) -> None:
        """Never before the clock began, wherever it counts from."""
        self.due_ms = self.risk_ms = None
        if self.breached:
            return
        self.deadline_ms = None
        if self.paused:
            return
        after, burned_ms = self.terms.hours.after, self.elapsed_ms
        self.deadline_ms = after(self._mark_ms, self.target_ms - burned_ms)
        self.due_ms = max(self.deadline_ms, self.begun_ms)
        share_ms = int(self.target_ms * self.terms.at_risk)
        risk_ms = after(self._mark_ms, share_ms - burned_ms)
        if not self.risky and risk_ms < self.due_ms:
            self.risk_ms = max(risk_ms, self.begun_ms)

    def account(self, to_ms: int) -> None:
        """Bring elapsed or paused time, and whose it was, up to a time."""
        between = self.terms.hours.between
        for from_ms, until_ms, place in self.known.custody.stretches(self._mark_ms, to_ms):
            spent_ms = between(from_ms, until_ms)
            if not spent_ms:
                continue
            at = ("paused" if self.paused else place.state, place.queue, place.team)
            self._burned[at] = self._burned.get(at, 0) + spent_ms
            if self.paused:
                self.paused_ms += spent_ms
            else:
                self.elapsed_ms += spent_ms
        self._mark_ms = max(self._mark_ms, to_ms)

    def tell(self, kind: Kind, t_ms: int, cause: Cause, moment: Moment | None = None) -> None:
        """Put a step on record."""
        place = self.known.custody.place
        n = self._counts[kind] = self._counts.get(kind, 0) + 1
        burned: tuple[Burned, ...] = ()
        if kind in _TELLING:
            burned = tuple(sorted((*at, spent_ms) for at, spent_ms in self._burned.items()))
        self.story.append(
            Transition(
                policy=self.terms.policy,
                contract=self.terms.contract,
                version=self.terms.version,
                cycle=self.number,
                kind=kind,
                n=n,
                at_ms=t_ms,
                cause=cause,
                event_id="" if moment is None else f"{moment.id:016x}",
                anchor_ms=self.anchor_ms,
                target_ms=self.target_ms,
                deadline_ms=self.deadline_ms,
                elapsed_ms=self.elapsed_ms,
                paused_ms=self.paused_ms,
                breached=self.breached,
                queue=place.queue,
                team=place.team,
                site=place.site,
                extras=tuple(self.known.values[3:]),
                burned=burned,
            )
        )
