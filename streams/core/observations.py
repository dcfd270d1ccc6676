"""What stage 2 knows at a moment, read for rules: each subject once, and only what rules ask.

The same readings that the board shows: from the same sums, spans and marks (a test compares).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.deadlines import DueLine
from schemas.groupings import SEPARATOR, Grouping, subject_dims
from schemas.metrics import Metric
from schemas.metrics.formulas import DueSoon, Quantile, Share, Survival
from schemas.readings import Gauges, Reading
from schemas.rules_signals import Signal
from streams.core.formulas import Counts, total_of
from streams.core.gauges import Gauge
from streams.core.plan import MINUTE_MS
from streams.core.readings import Context, is_stale, read_counts
from streams.core.rollups import Rollups
from streams.core.rules import needs_gauges

#: Signals that somebody else measured: by id, then by subject (values joined; "" is the floor).
Signals = Mapping[str, Mapping[str, float]]

_NOTHING = Counts.of({})


@dataclass(frozen=True, slots=True)
class Span:
    """The window an observation is about; both ends are now for what has no window."""

    start_ms: int
    end_ms: int
    #: How much of it lies after the first event of its sources.
    covered_ms: int


@dataclass(frozen=True, slots=True)
class Shares:
    """The two counts of a share, and the window they were counted in."""

    part: int
    whole: int
    span: Span


class Index:
    """The subjects of a partition by grouping; looked through once a minute, or when one is new."""

    def __init__(self) -> None:
        self._by_grouping: dict[str, list[str]] = {}
        self._dims: dict[str, dict[str, str]] = {}
        self._made_at = (-1, -1)

    def refresh(self, state: Rollups, now_ms: int) -> None:
        """Follow what the partition has. Subjects are forgotten on whole minutes only."""
        at = (len(state.subjects), now_ms // MINUTE_MS)
        if at == self._made_at:
            return
        self._made_at = at
        found: dict[str, list[str]] = {}
        for subject in sorted(state.subjects):
            found.setdefault(subject.partition(SEPARATOR)[0], []).append(subject)
            if subject not in self._dims:
                self._dims[subject] = subject_dims(subject, state.groupings)[1]
        self._by_grouping = found
        if len(self._dims) > 2 * len(state.subjects):
            self._dims = {subject: self._dims[subject] for subject in state.subjects}

    def of(self, grouping: str) -> list[str]:
        """The subjects of a grouping."""
        return self._by_grouping.get(grouping, [])

    def dims(self, subject: str) -> dict[str, str]:
        """The dimensions of a subject that the partition has; not to be changed."""
        return self._dims[subject]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a subject's sources ever sent, and when they first and last sent anything."""

    kinds: frozenset[str]
    first_ms: int | None
    last_ms: int | None


class Observer:
    """One partition at one moment of event time."""

    def __init__(self, state: Rollups, now_ms: int, index: Index, signals: Signals) -> None:
        self.now_ms = now_ms
        self._state = state
        self._index = index
        self._signals = {**_own_signals(state, now_ms), **signals}
        self._counts: dict[tuple[str, str, bool], tuple[Counts, int]] = {}
        self._heard: dict[tuple[str | None, str | None], _Heard] = {}
        self._gauges: dict[str, Gauges] = {}

    @property
    def groupings(self) -> Iterable[Grouping]:
        """Every grouping of the floor."""
        return self._state.groupings.values()

    def subjects(self, grouping: str) -> list[str]:
        """The subjects of a grouping that this partition has."""
        return self._index.of(grouping)

    def has(self, subject: str) -> bool:
        """Whether the partition knows of a subject."""
        return subject in self._state.subjects

    def dims(self, subject: str) -> dict[str, str]:
        """A subject's dimensions; not to be changed."""
        return self._index.dims(subject)

    def signal(self, signal: Signal) -> Mapping[str, float]:
        """A signal's present values by subject; empty when nobody measures it."""
        return self._signals.get(signal.id, {})

    def shares(self, metric: Metric, subject: str, window: str) -> Shares | None:
        """Part and whole of a share over a window; None when there is no such window now."""
        assert isinstance(metric.formula, Share)
        found = self._counted(subject, window)
        if found is None:
            return None
        counts, span = found
        part, whole = total_of(metric.formula.part), total_of(metric.formula.whole)
        return Shares(part(counts.counters), whole(counts.counters), span)

    def _counted(
        self, subject: str, window: str, *, with_bins: bool = False
    ) -> tuple[Counts, Span] | None:
        """The counts of a window; taking histograms apart costs more than all the rest."""
        key = (subject, window, with_bins)
        known = self._counts.get(key)
        if known is None:
            windows = self._state.subjects[subject].windows
            if window not in windows.names:
                return None
            found = windows.read(window, self.now_ms)
            counts = Counts.of(found.tally) if with_bins else Counts(found.tally, {})
            known = self._counts[key] = (counts, found.start_ms)
        counts, start_ms = known
        first_ms = self._heard_of(subject).first_ms
        begin_ms = self.now_ms if first_ms is None else max(start_ms, first_ms)
        return counts, Span(start_ms, self.now_ms, max(0, self.now_ms - begin_ms))

    def reading(self, metric: Metric, subject: str, window: str | None) -> tuple[Reading, Span]:
        """One metric, and the window it was read over; None reads what needs no window."""
        heard = self._heard_of(subject)
        counts = _NOTHING
        span = Span(self.now_ms, self.now_ms, 0)
        covered_ms = 0
        if window is None:
            # The present is there as soon as anything was heard.
            covered_ms = 0 if heard.first_ms is None else 1
        elif (found := self._counted(subject, window, with_bins=_has_bins(metric))) is not None:
            counts, span = found
            covered_ms = span.covered_ms
        context = Context(heard.kinds, tuple(self.dims(subject)), self._is_stale(heard, span))
        gauges = self._gauges_of(subject) if needs_gauges(metric) else None
        return read_counts(metric, counts, covered_ms, gauges, context), span

    def stale(self, subject: str, span: Span) -> bool:
        """Whether so much of a window is silence that a low count may only be a gap."""
        return self._is_stale(self._heard_of(subject), span)

    def _is_stale(self, heard: _Heard, span: Span) -> bool:
        return is_stale(heard.last_ms, self.now_ms, span.end_ms - span.start_ms)

    def _heard_of(self, subject: str) -> _Heard:
        dims = self.dims(subject)
        key = (dims.get("org"), dims.get("source"))
        known = self._heard.get(key)
        if known is None:
            first, last_ms = self._state.seen(subject)
            first_ms = min(first.values(), default=None)
            known = self._heard[key] = _Heard(frozenset(first), first_ms, last_ms)
        return known

    def _gauges_of(self, subject: str) -> Gauges:
        known = self._gauges.get(subject)
        if known is None:
            known = self._gauges[subject] = gauges_at(self._state.gauge(subject), self.now_ms)
        return known


def _has_bins(metric: Metric) -> bool:
    return isinstance(metric.formula, DueSoon | Quantile | Survival)


def gauges_at(gauge: Gauge, now_ms: int) -> Gauges:
    """A subject's backlog as metrics read it; the oldest item's age is as of now."""
    queued_ms = gauge.oldest_waiting_ms
    return Gauges(
        as_of_ms=now_ms,
        waiting=gauge.waiting,
        in_work=gauge.in_work,
        in_review=gauge.in_review,
        open=gauge.open,
        oldest_waiting_ms=None if queued_ms is None else max(0, now_ms - queued_ms),
        waiting_with_due=gauge.waiting_with_due,
        waiting_aged_50=gauge.aged_50,
        waiting_aged_80=gauge.aged_80,
        waiting_aged_100=gauge.aged_100,
        open_since={start_ms // MINUTE_MS: n for start_ms, n in gauge.open_since.items()},
        due=DueLine.of(gauge.deadlines, now_ms),
    )


def _own_signals(state: Rollups, now_ms: int) -> dict[str, Mapping[str, float]]:
    """What stage 2 knows of the floor by itself."""
    last_ms: dict[str, int] = {}
    for mark in state.meta.sources.values():
        for name, heard_ms in mark.last_seen_ms.items():
            last_ms[name] = max(heard_ms, last_ms.get(name, heard_ms))
    silence = {name: max(0, now_ms - heard_ms) / 1000 for name, heard_ms in last_ms.items()}
    return {"floor_alive": {"": 1.0}, "source_silence": silence}
