"""Values that a test of rules says instead of a floor: the same questions, scripted answers."""

from dataclasses import dataclass

from schemas.groupings import SEPARATOR, Grouping, subject_dims, subject_key
from schemas.measures import BY_NAME
from schemas.metrics import METRIC_BY_ID, Metric
from schemas.metrics.formulas import Share
from schemas.readings import STALE_SOURCE, WARMING_UP, Reading
from schemas.rules_signals import SIGNAL_BY_ID
from schemas.rules_tests import InputSeries, expanded, series_of
from schemas.statistics import wilson_high, wilson_low
from streams.core.observations import Index, Observer, Shares, Span
from streams.core.rollups import Rollups
from streams.core.rules import grouping_of
from streams.core.windows import ROLLING_MS


@dataclass(frozen=True, slots=True)
class Said:
    """A value at a time, and the observations behind it."""

    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Series:
    """One series made ready: ``values`` by interval since the start; ``n`` beside each."""

    name: str
    subject: str
    values: list[float | None]
    n: list[int]

    def at(self, number: int) -> Said | None:
        """What it says at an interval; None where that is nothing."""
        value = self.values[number] if 0 <= number < len(self.values) else None
        return None if value is None else Said(value, self.n[min(number, len(self.n) - 1)])


def make_series(given: InputSeries, groupings: tuple[Grouping, ...]) -> Series:
    """A series with its subject; ValueError with what would be accepted."""
    name, labels = series_of(given.series)
    values = expanded(given.values)
    n = [given.n] if isinstance(given.n, int) else [int(each or 0) for each in expanded(given.n)]
    signal = SIGNAL_BY_ID.get(name)
    if signal is not None:
        if set(labels) != set(signal.dimensions):
            raise ValueError(f"{name} has the dimensions [{', '.join(signal.dimensions)}]")
        return Series(name, SEPARATOR.join(labels[each] for each in signal.dimensions), values, n)
    if name not in METRIC_BY_ID and name not in BY_NAME:
        raise ValueError(f"{name!r} is no metric, signal or measure; `watchfloor metrics ls`")
    grouping = grouping_of(tuple(labels), groupings)
    if grouping is None or set(labels) != set(grouping.dimensions):
        accepted = ", ".join(f"[{', '.join(each.dimensions)}]" for each in groupings)
        raise ValueError(f"a series names all dimensions of a grouping; there are {accepted}")
    ordered = tuple(labels[each] for each in grouping.dimensions)
    return Series(name, subject_key(grouping.name, ordered), values, n)


@dataclass(frozen=True, slots=True)
class Script:
    """All series of a test, and the time of their first values (UTC ms)."""

    series: tuple[Series, ...]
    start_ms: int
    interval_ms: int

    def now(self, now_ms: int) -> dict[tuple[str, str], Said | None]:
        """What each series of a metric or signal says, by name and subject; None: nothing."""
        number = (now_ms - self.start_ms) // self.interval_ms
        return {
            (each.name, each.subject): each.at(number)
            for each in self.series
            if each.name not in BY_NAME
        }


class ScriptedObserver(Observer):
    """An observer that answers from series where there are some, else from what was counted."""

    def __init__(self, rollups: Rollups, now_ms: int, index: Index, script: Script) -> None:
        self._said = script.now(now_ms)
        self._scripted = {subject for name, subject in self._said if name in METRIC_BY_ID}
        self._by_name = rollups.groupings
        signals: dict[str, dict[str, float]] = {}
        for (name, subject), said in self._said.items():
            if name in SIGNAL_BY_ID and said is not None:
                signals.setdefault(name, {})[subject] = said.value
        super().__init__(rollups, now_ms, index, signals)

    def subjects(self, grouping: str) -> list[str]:
        """Those that were counted and those that series are about."""
        scripted = {each for each in self._scripted if each.partition(SEPARATOR)[0] == grouping}
        return sorted(scripted.union(super().subjects(grouping)))

    def has(self, subject: str) -> bool:
        """Whether anything is known of a subject."""
        return subject in self._scripted or super().has(subject)

    def dims(self, subject: str) -> dict[str, str]:
        """A subject's dimensions."""
        return subject_dims(subject, self._by_name)[1]

    def reading(self, metric: Metric, subject: str, window: str | None) -> tuple[Reading, Span]:
        """What the series says now; silence where it says nothing."""
        span = self._span(window)
        if (metric.id, subject) not in self._said:
            if super().has(subject):
                return super().reading(metric, subject, window)
            return Reading(None, None, None, 0, WARMING_UP), span
        said = self._said[metric.id, subject]
        if said is None:
            return Reading(None, None, None, 0, STALE_SOURCE), span
        if not isinstance(metric.formula, Share):
            return Reading(said.value, None, None, said.n, None), span
        part = round(said.value * said.n)
        low, high = wilson_low(part, said.n), wilson_high(part, said.n)
        return Reading(said.value, low, high, said.n, None), span

    def shares(self, metric: Metric, subject: str, window: str) -> Shares | None:
        """The counts that the series' value stands for."""
        if (metric.id, subject) not in self._said:
            return super().shares(metric, subject, window) if super().has(subject) else None
        said = self._said[metric.id, subject]
        n = 0 if said is None else said.n
        part = 0 if said is None else round(said.value * said.n)
        return Shares(part, n, self._span(window))

    def stale(self, subject: str, span: Span) -> bool:
        """A subject whose series all say nothing is silent."""
        if subject in self._scripted:
            return all(said is None for at, said in self._said.items() if at[1] == subject)
        return super().stale(subject, span)

    def _span(self, window: str | None) -> Span:
        length_ms = ROLLING_MS.get(window or "", 0)
        return Span(self.now_ms - length_ms, self.now_ms, length_ms)
