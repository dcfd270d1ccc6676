"""What rules would have done: a log of the past through both stages, looked at every minute."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.alerts import AlertTransition
from schemas.metrics import Direction, Metric
from streams.core import alerts
from streams.core.alerts import Alert, Timing, Verdict
from streams.core.engine import Engine
from streams.core.observations import Index, Observer
from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS
from streams.core.rollups import Rollups
from streams.replay import Log

#: An alert that comes back this soon after it resolved flaps.
FLAP_MS = 30 * MINUTE_MS
WEEK_MS = 7 * DAY_MS
#: The epoch began on a Thursday, three days after a Monday.
_MONDAY_MS = 3 * DAY_MS


def play(log: Log, engine: Engine, every_ms: int = MINUTE_MS) -> Iterator[int]:
    """Put the log through; yields event time whenever ``every_ms`` of it have passed."""
    due_ms: int | None = None
    for sent in log.sends():
        if due_ms is None:
            due_ms = sent.record_ms - sent.record_ms % every_ms + every_ms
        while sent.record_ms >= due_ms:
            yield _pass(engine, due_ms)
            due_ms += every_ms
        engine.put(sent.role, sent.key, sent.value, sent.record_ms)
    if due_ms is not None:
        yield _pass(engine, due_ms)


def _pass(engine: Engine, now_ms: int) -> int:
    # Twice: what a tick makes true of the past leaves with the flush that follows it.
    engine.flush()
    engine.tick(now_ms)
    engine.flush()
    return now_ms


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that an alert would have fired; ``flaps``: it came back soon after it resolved."""

    rule: str
    fingerprint: str
    from_ms: int
    to_ms: int
    flaps: bool


def episodes(said: Iterable[AlertTransition], from_ms: int, to_ms: int) -> list[Episode]:
    """What fired in ``[from_ms, to_ms)``; what never resolved lasts until the end."""
    firing: dict[str, AlertTransition] = {}
    resolved_ms: dict[str, int] = {}
    found = []

    def end(began: AlertTransition, at_ms: int) -> None:
        last_ms = resolved_ms.get(began.fingerprint)
        flaps = last_ms is not None and began.at_ms - last_ms <= FLAP_MS
        if from_ms <= began.at_ms < to_ms:
            found.append(Episode(began.rule, began.fingerprint, began.at_ms, at_ms, flaps))
        resolved_ms[began.fingerprint] = at_ms

    for each in said:
        if each.transition == "firing":
            firing[each.fingerprint] = each
        elif each.transition == "resolved" and each.fingerprint in firing:
            end(firing.pop(each.fingerprint), min(each.at_ms, to_ms))
    for began in firing.values():
        end(began, to_ms)
    return sorted(found, key=lambda each: (each.from_ms, each.rule, each.fingerprint))


@dataclass(frozen=True, slots=True)
class Tally:
    """Episodes in numbers."""

    fired: int
    minutes: int
    flapping: int
    subjects: int

    @classmethod
    def of(cls, found: Sequence[Episode]) -> "Tally":
        """The numbers of some episodes."""
        lasted_ms = sum(each.to_ms - each.from_ms for each in found)
        return cls(
            fired=len(found),
            minutes=round(lasted_ms / MINUTE_MS),
            flapping=sum(each.flaps for each in found),
            subjects=len({each.fingerprint for each in found}),
        )

    def __str__(self) -> str:
        times = "once" if self.fired == 1 else f"{self.fired} times"
        return f"would have fired {times}, {self.minutes} minutes, {self.flapping} would flap"


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric of one subject at a time of the log."""

    subject: str
    at_ms: int
    value: float


class Sampler:
    """Reads one metric of every subject of a grouping, as rules would."""

    def __init__(self, metric: Metric, grouping: str, window: str | None, n_min: int) -> None:
        self._metric, self._grouping, self._window, self._n_min = metric, grouping, window, n_min
        self._indices: dict[int, Index] = defaultdict(Index)
        self.samples: list[Sample] = []

    def read(self, states: Sequence[Rollups], now_ms: int) -> None:
        """Take the values as they stand; what is unknown or rests on too few is left out."""
        for number, state in enumerate(states):
            index = self._indices[number]
            index.refresh(state, now_ms)
            seen = Observer(state, now_ms, index, {})
            for subject in seen.subjects(self._grouping):
                reading, _ = seen.reading(self._metric, subject, self._window)
                if reading.value is not None and reading.n >= self._n_min:
                    self.samples.append(Sample(subject, now_ms, reading.value))


def by_hour_of_week(samples: Iterable[Sample]) -> dict[tuple[int, int], float]:
    """The median by (weekday, hour), Monday is 0, UTC; hours without values are absent."""
    hours: dict[tuple[int, int], list[float]] = defaultdict(list)
    for each in samples:
        hour = (each.at_ms + _MONDAY_MS) % WEEK_MS // HOUR_MS
        hours[divmod(hour, 24)].append(each.value)
    return {hour: _quantile(sorted(values), 0.5) for hour, values in hours.items()}


def _quantile(ordered: Sequence[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, the share of values beyond it, and the pages it would have sent in a week."""

    value: float
    share_beyond: float
    pages_per_week: float


def thresholds(samples: Sequence[Sample], metric: Metric, timing: Timing) -> list[Threshold]:
    """Candidates at which 1, 2, 5, 10 and 20 % of the values are beyond; () without values."""
    if not samples:
        return []
    below = metric.direction is Direction.HIGHER_IS_BETTER
    ordered = sorted(each.value for each in samples)
    span_ms = max(each.at_ms for each in samples) - min(each.at_ms for each in samples)
    weeks = max(span_ms, HOUR_MS) / WEEK_MS
    found = {}
    for share in (0.01, 0.02, 0.05, 0.1, 0.2):
        value = _quantile(ordered, share if below else 1 - share)
        pages = _pages(samples, value, below, timing)
        beyond = sum(each < value if below else each > value for each in ordered) / len(ordered)
        found[value] = Threshold(value, beyond, pages / weeks)
    return list(found.values())


def _pages(samples: Sequence[Sample], value: float, below: bool, timing: Timing) -> int:
    """How often an alert on this threshold fires, over all subjects."""
    living: dict[str, Alert] = {}
    pages = 0
    for each in samples:
        is_beyond = each.value < value if below else each.value > value
        alert = living.setdefault(each.subject, Alert({}))
        verdict = Verdict.BREACHED if is_beyond else Verdict.CLEAR
        pages += "firing" in alerts.step(alert, timing, verdict, each.at_ms)
    return pages
