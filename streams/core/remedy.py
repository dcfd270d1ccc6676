"""When the next deadline will be missed at the present pace, and what would save it.

Open clocks are taken up in the order of their deadlines (no order misses fewer) by the people who
work now. The k-th is done after ``k`` items; the first whose deadline comes before is the next
breach. The remedy is the least number of people for whom no deadline comes too early, and how long
they are needed. Backlog queues only: where people wait for work, use Erlang C.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

HOUR_MS = 3_600_000

#: Open clocks by the minute (UTC ms of its start) of their deadline.
DeadlinesByMinute = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """How work goes: items done per hour, ms a person needs for one, share of time at work."""

    done_per_hour: Fraction
    handle_ms: int
    occupancy: Fraction = Fraction(17, 20)

    def people(self, per_ms: Fraction) -> int:
        """How many people do so many items in a ms."""
        return ceil(per_ms * self.handle_ms / self.occupancy)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes if nothing changes, and what to do.

    ``breach_in_ms``: time to the next breach, 0 when a deadline has passed already, None when
    there will be none. ``late`` clocks will miss their deadline; those that have missed it are
    not among them. ``people`` in all for ``for_ms`` would save every one that can still be saved.
    """

    breach_in_ms: int | None
    late: int
    people: int
    for_ms: int


def at_risk(deadlines: DeadlinesByMinute, now_ms: int, within_ms: int) -> int:
    """Open clocks whose deadline is ahead, and within the time that one item takes.

    ``within_ms`` is the present p90 of handle time: who takes such an item up now will be late.
    Known to the minute.
    """
    return sum(n for at_ms, n in deadlines.items() if now_ms <= at_ms <= now_ms + within_ms)


def outlook(deadlines: DeadlinesByMinute, now_ms: int, pace: Pace) -> Outlook:
    """The next breach and its remedy, at ``now_ms``."""
    ahead = sorted((at_ms, n) for at_ms, n in deadlines.items() if at_ms > now_ms)
    done_per_ms = pace.done_per_hour / HOUR_MS
    breach_in_ms: int | None = None
    queued = late = for_ms = 0
    needed_per_ms = Fraction(0)
    for at_ms, n in ahead:
        left_ms = at_ms - now_ms
        before, queued = queued, queued + n
        in_time = min(queued, int(done_per_ms * left_ms))
        late += max(0, queued - max(in_time, before))
        if in_time < queued and breach_in_ms is None:
            breach_in_ms = left_ms
        if Fraction(queued, left_ms) >= needed_per_ms:
            needed_per_ms, for_ms = Fraction(queued, left_ms), left_ms
    if any(at_ms <= now_ms for at_ms in deadlines):
        breach_in_ms = 0
    return Outlook(breach_in_ms, late, pace.people(needed_per_ms), for_ms)
