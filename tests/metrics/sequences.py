"""What deciding again and again costs: simulations of intervals and of alarms, fixed seeds.

The suite runs them small. In full, a few minutes: ``python -m tests.metrics.sequences``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from random import Random

import click

from schemas import statistics
from streams.core import alerts
from streams.core.alerts import Alert, Timing, Verdict

TRUE_RATE = 0.92
ALPHA = 0.05

#: Whether (successes, n) exclude the true rate.
Excludes = Callable[[int, int], bool]


def by_wilson(successes: int, n: int) -> bool:
    """The true rate is outside the 95 % Wilson interval."""
    low, high = statistics.wilson_low(successes, n), statistics.wilson_high(successes, n)
    return low is not None and high is not None and not low <= TRUE_RATE <= high


def by_sequence(successes: int, n: int) -> bool:
    """The true rate is outside the 95 % confidence sequence."""
    return statistics.sequence_log_evidence(successes, n, TRUE_RATE) >= -log(ALPHA)


def share_ever_excluded(
    excludes: Excludes, *, streams: int, events: int, last: int | None = None, seed: int = 5
) -> float:
    """The share of streams at the true rate that exclude it at least once.

    Looks after each event from the tenth on; ``last``: at a sliding window of so many events.
    """
    rng = Random(seed)
    hits = 0
    for _ in range(streams):
        outcomes = [rng.random() < TRUE_RATE for _ in range(events)]
        hits += _ever(excludes, outcomes, last or events)
    return hits / streams


def _ever(excludes: Excludes, outcomes: list[bool], last: int) -> bool:
    successes = 0
    for at, outcome in enumerate(outcomes):
        successes += outcome
        if at >= last:
            successes -= outcomes[at - last]
        if at >= 9 and excludes(successes, min(at + 1, last)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Floor:
    """Queues that are all exactly at their target, for some days of eight hours."""

    queues: int = 200
    days: int = 1
    per_hour: int = 60
    #: This share of decisions is heard of late, up to two hours.
    late_share: float = 0.1
    #: This share of passes is taken back within three hours, and as many failures become passes.
    restated_share: float = 0.03


@dataclass(frozen=True, slots=True)
class Alarms:
    """Queue days with a false alarm by each rule, of so many."""

    point: int
    confidence: int
    queue_days: int
    #: Days on which any queue had one.
    point_days: int
    confidence_days: int


#: (heard at this minute, happened at this minute, what it adds to passes, and to decisions).
Heard = tuple[int, int, int, int]


def _day(rng: Random, floor: Floor) -> list[Heard]:
    heard: list[Heard] = []
    failure_share = floor.restated_share * TRUE_RATE / (1 - TRUE_RATE)
    for _ in range(8 * floor.per_hour):
        at = rng.randrange(480)
        known = at + (rng.randrange(120) if rng.random() < floor.late_share else 0)
        passed = rng.random() < TRUE_RATE
        heard.append((known, at, int(passed), 1))
        if rng.random() < (floor.restated_share if passed else failure_share):
            heard.append((known + rng.randrange(180), at, -1 if passed else 1, 0))
    return sorted(heard)


def _fires(heard: list[Heard], decide: Callable[[int, list[Heard]], bool], timing: Timing) -> bool:
    """Whether a rule fires on that day, looked at every minute as the floor looks at it."""
    alert, known = Alert({}), 0
    for minute in range(480):
        while known < len(heard) and heard[known][0] <= minute:
            known += 1
        verdict = Verdict.BREACHED if decide(minute, heard[:known]) else Verdict.CLEAR
        if "firing" in alerts.step(alert, timing, verdict, minute * 60_000):
            return True
    return False


def _below_in_the_last_hour(minute: int, heard: list[Heard]) -> bool:
    recent = [each for each in heard if each[1] > minute - 60]
    n = sum(each[3] for each in recent)
    return n >= 30 and sum(each[2] for each in recent) / n < TRUE_RATE


def _surely_below(alpha: float) -> Callable[[int, list[Heard]], bool]:
    def decide(_minute: int, heard: list[Heard]) -> bool:
        passed, n = sum(each[2] for each in heard), sum(each[3] for each in heard)
        if n < 30 or passed / n >= TRUE_RATE:
            return False
        return statistics.sequence_log_evidence(passed, n, TRUE_RATE) >= -log(alpha)

    return decide


def false_alarms(floor: Floor, seed: int = 7) -> Alarms:
    """How often a rule on the point and one on the sequence fire, though all is as agreed."""
    rng = Random(seed)
    point = sure = point_days = sure_days = 0
    timing = Timing(for_ms=5 * 60_000)
    surely = _surely_below(ALPHA / floor.queues)
    for _ in range(floor.days):
        days = [_day(rng, floor) for _ in range(floor.queues)]
        by_point = sum(_fires(day, _below_in_the_last_hour, timing) for day in days)
        by_sure = sum(_fires(day, surely, timing) for day in days)
        point, sure = point + by_point, sure + by_sure
        point_days, sure_days = point_days + bool(by_point), sure_days + bool(by_sure)
    return Alarms(point, sure, floor.queues * floor.days, point_days, sure_days)


def main() -> None:
    """Print the full simulations."""
    size = {"streams": 400, "events": 5_000}
    for name, excludes, last in (
        ("Wilson, cumulative", by_wilson, None),
        ("sequence, cumulative", by_sequence, None),
        ("sequence, sliding 100", by_sequence, 100),
        ("sequence, sliding 60", by_sequence, 60),
    ):
        share = share_ever_excluded(excludes, last=last, **size)
        click.echo(f"{name:24} excluded the truth in {share:6.1%} of the streams")
    alarms = false_alarms(Floor(days=20))
    click.echo(f"queue days with a false alarm, of {alarms.queue_days}:")
    click.echo(f"  point with for: 5m  {alarms.point}, on {alarms.point_days} of 20 days")
    click.echo(f"  confidence          {alarms.confidence}, on {alarms.confidence_days} of 20 days")


if __name__ == "__main__":
    main()
