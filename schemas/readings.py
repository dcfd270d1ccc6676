"""What a metric says at a moment, and the present that some metrics look at.

Both travel in snapshots. A value that is not known is None and has a cause, never a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from schemas.deadlines import NOTHING_DUE, DueLine

#: The metric makes no sense in this grouping.
NOT_APPLICABLE = "not_applicable"
#: An event type that the metric needs never came: ``never_sent:TYPE``, or ``never_sent:A|B``.
NEVER_SENT = "never_sent:"
#: The window has no covered time yet, or not all of its data has been heard of.
WARMING_UP = "warming_up"
#: A source behind the window is silent: a low count may only be a gap.
STALE_SOURCE = "stale_source"
#: Fewer observations than the metric asks for, or nothing to divide by.
TOO_FEW = "too_few"
#: A backlog that does not shrink is never cleared.
NEVER = "never"
#: At the present pace no deadline will be missed.
NO_BREACH = "no_breach"


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a metric says now; ``cause`` tells why ``value`` is None, and is None otherwise.

    ``n`` is the number of observations behind it, ``low`` and ``high`` its 95 % interval.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    cause: str | None


@dataclass(frozen=True, slots=True)
class Gauges:
    """The present of one subject, at ``as_of_ms`` (event time).

    ``open_since`` maps the start of a quarter of an hour, in minutes since 1970, to the number
    of open items that were created in it; ``waiting_with_due`` are waiting items whose due
    time is known, ``waiting_aged_N`` those of them that used N % of the time allowed. ``due`` are
    SLA clocks that run and may still be kept.
    """

    as_of_ms: int
    waiting: int = 0
    in_work: int = 0
    in_review: int = 0
    open: int = 0
    oldest_waiting_ms: int | None = None
    waiting_with_due: int = 0
    waiting_aged_50: int = 0
    waiting_aged_80: int = 0
    waiting_aged_100: int = 0
    open_since: Mapping[int, int] | None = None
    due: DueLine = NOTHING_DUE

    def level(self, name: str) -> int:
        """A present count by its name."""
        value = getattr(self, name)
        assert isinstance(value, int)
        return value
