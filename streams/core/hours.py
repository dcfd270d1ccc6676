"""Business time: how much of it lies between two moments, and when an amount of it has passed.

A calendar becomes open intervals in UTC ms, a table for each year, made when first asked for; an
answer is a look-up by halves. An opening or closing time that daylight saving repeats counts when
the clock first shows it, one that it leaves out when the clock jumps over it.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from schemas.calendars import BusinessCalendar, Span
from schemas.field_types import TIME_MS_MAX

_ONE_DAY = timedelta(days=1)
_YEAR_MAX = 9998


class Hours(Protocol):
    """Time as a clock counts it; all times in UTC ms."""

    def between(self, from_ms: int, to_ms: int) -> int:
        """Ms that count in ``[from_ms, to_ms)``; 0 when it is empty."""

    def after(self, from_ms: int, amount_ms: int) -> int:
        """The earliest time by which ``amount_ms`` have counted; ``from_ms`` for no amount."""


class AllHours:
    """The clock on the wall: every ms counts."""

    def between(self, from_ms: int, to_ms: int) -> int:
        """Ms in ``[from_ms, to_ms)``."""
        return max(0, to_ms - from_ms)

    def after(self, from_ms: int, amount_ms: int) -> int:
        """``amount_ms`` later."""
        return min(from_ms + amount_ms, TIME_MS_MAX)


class _Year(NamedTuple):
    """Open intervals of one UTC year in order, and the ms open before each and after the last."""

    starts: list[int]
    ends: list[int]
    before: list[int]


class BusinessHours:
    """A calendar's opening hours."""

    def __init__(self, calendar: BusinessCalendar) -> None:
        self._zone = ZoneInfo(calendar.zone)
        self._week = calendar.week()
        self._special = calendar.special()
        self._years: dict[int, _Year] = {}

    def between(self, from_ms: int, to_ms: int) -> int:
        """Open ms in ``[from_ms, to_ms)``."""
        if to_ms <= from_ms:
            return 0
        first, last = _year_of(from_ms), _year_of(to_ms)
        open_ms = _open_before(self._year(last), to_ms) - _open_before(self._year(first), from_ms)
        return open_ms + sum(self._year(year).before[-1] for year in range(first, last))

    def after(self, from_ms: int, amount_ms: int) -> int:
        """When ``amount_ms`` of open time have passed, at most the last time there is."""
        if amount_ms <= 0:
            return from_ms
        number = _year_of(from_ms)
        year = self._year(number)
        wanted_ms = _open_before(year, from_ms) + amount_ms
        while wanted_ms > year.before[-1]:
            wanted_ms -= year.before[-1]
            number += 1
            if number > _YEAR_MAX:
                return TIME_MS_MAX
            year = self._year(number)
        at = bisect_left(year.before, wanted_ms) - 1
        return year.starts[at] + wanted_ms - year.before[at]

    def _year(self, number: int) -> _Year:
        known = self._years.get(number)
        if known is None:
            known = self._years[number] = self._table(number)
        return known

    def _table(self, number: int) -> _Year:
        from_ms, to_ms = _new_year_ms(number), _new_year_ms(number + 1)
        # A zone is at most a day off UTC, and a shift may begin on the day before.
        first = date(number, 1, 1) - 2 * _ONE_DAY
        days = [first + n * _ONE_DAY for n in range(370)]
        opened = [self._span_ms(day, span) for day in days for span in self._spans(day)]
        starts: list[int] = []
        ends: list[int] = []
        for opened_ms, closed_ms in sorted(opened):
            start_ms, end_ms = max(opened_ms, from_ms), min(closed_ms, to_ms)
            if start_ms >= end_ms:
                continue
            if ends and start_ms <= ends[-1]:
                ends[-1] = max(ends[-1], end_ms)
            else:
                starts.append(start_ms)
                ends.append(end_ms)
        lengths = [end_ms - start_ms for start_ms, end_ms in zip(starts, ends, strict=True)]
        return _Year(starts, ends, list(accumulate(lengths, initial=0)))

    def _spans(self, day: date) -> tuple[Span, ...]:
        return self._special.get(day, self._week[day.weekday()])

    def _span_ms(self, day: date, span: Span) -> tuple[int, int]:
        midnight = datetime.combine(day, time(0))
        start = midnight + timedelta(minutes=span.start_min)
        end = midnight + timedelta(minutes=span.end_min)
        return first_shown_ms(start, self._zone), first_shown_ms(end, self._zone)


def first_shown_ms(local: datetime, zone: ZoneInfo) -> int:
    """When a clock in the zone first shows a local time or, where it jumps over it, jumps."""
    at = local.replace(tzinfo=zone)
    at_ms = int(at.timestamp()) * 1000
    if datetime.fromtimestamp(at_ms // 1000, zone).replace(tzinfo=None) == local:
        return at_ms
    # Read by the offset after the jump it lies before it, by the offset before it behind it.
    low, high = int(at.replace(fold=1).timestamp()), at_ms // 1000
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) >= local:
            high = middle
        else:
            low = middle
    return high * 1000


def _year_of(t_ms: int) -> int:
    return min(datetime.fromtimestamp(t_ms // 1000, UTC).year, _YEAR_MAX)


def _new_year_ms(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000


def _open_before(year: _Year, t_ms: int) -> int:
    """Open ms of the year before a time in it."""
    at = bisect_right(year.starts, t_ms) - 1
    if at < 0:
        return 0
    return year.before[at] + min(t_ms, year.ends[at]) - year.starts[at]
