"""Shifts and business days of sites, in their own time zones.

A business day belongs to a site and begins with the earliest shift that belongs to its date. A
night shift belongs to the date on which it starts or ends, as the site says. Local times become
UTC by the zone's rules for that day, so both changes of daylight saving come out right: a shift
is an hour longer or shorter in real time then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from streams.core.plan import QUARTER_MS

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift in local time; it ends on the next day when ``end`` is not after ``start``."""

    name: str
    start: time
    end: time
    #: Whether a shift over midnight belongs to the date of its "start" or of its "end".
    belongs_to: str = "start"

    def span_ms(self, day: date, zone: ZoneInfo) -> tuple[int, int]:
        """[start, end) in UTC ms of the shift that belongs to a business date."""
        over_midnight = self.end <= self.start
        first = day - _ONE_DAY if over_midnight and self.belongs_to == "end" else day
        last = first + _ONE_DAY if over_midnight else first
        return _utc_ms(first, self.start, zone), _utc_ms(last, self.end, zone)


@dataclass(frozen=True, slots=True)
class Site:
    """A place of work: its zone and shifts."""

    name: str
    zone: ZoneInfo
    shifts: tuple[Shift, ...] = ()

    def business_day_start_ms(self, day: date) -> int:
        """When a business date begins; at local midnight for a site without shifts."""
        if not self.shifts:
            return _utc_ms(day, time(0), self.zone)
        return min(shift.span_ms(day, self.zone)[0] for shift in self.shifts)

    def business_date(self, at_ms: int) -> date:
        """The business date that a moment (UTC ms) belongs to."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone).date()
        days = (local + _ONE_DAY, local, local - _ONE_DAY)
        return next(day for day in days if self.business_day_start_ms(day) <= at_ms)

    def starts_ms(self, at_ms: int) -> dict[str, int]:
        """Starts of the "business_day" and, while one is on, of the latest "shift" (UTC ms)."""
        day = self.business_date(at_ms)
        starts = {"business_day": self.business_day_start_ms(day)}
        spans = [
            shift.span_ms(day + offset, self.zone)
            for shift in self.shifts
            for offset in (-_ONE_DAY, timedelta(0), _ONE_DAY)
        ]
        current = [start_ms for start_ms, end_ms in spans if start_ms <= at_ms < end_ms]
        if current:
            starts["shift"] = max(current)
        return starts


def _utc_ms(day: date, clock: time, zone: ZoneInfo) -> int:
    local = datetime.combine(day, clock, tzinfo=zone)
    return int(local.timestamp()) * 1000


class SiteCalendar:
    """Answers for any subject: its site's calendar, or the default one without a site."""

    def __init__(self, sites: Mapping[str, Site], default: Site) -> None:
        self._sites = sites
        self._default = default
        self._known: dict[tuple[str, int], dict[str, int]] = {}

    def starts_ms(self, dims: Mapping[str, str], at_ms: int) -> Mapping[str, int]:
        """Window name to start (UTC ms); shifts begin on whole quarters of an hour."""
        site = self._sites.get(dims.get("site", ""), self._default)
        quarter = (site.name, at_ms - at_ms % QUARTER_MS)
        known = self._known.get(quarter)
        if known is None:
            if len(self._known) > 1000:
                self._known.clear()
            # Zones and shifts change on quarters only, so one answer serves the whole quarter.
            known = self._known[quarter] = site.starts_ms(quarter[1])
        return known
