"""Calendars for tests, and business time counted minute by minute: slow, and shares no code."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.calendars import BusinessCalendar

MINUTE_MS = 60_000
DAY_MS = 86_400_000

OFFICE: dict[str, Any] = {"zone": "Europe/Berlin", "hours": {"mon-fri": ["09:00-17:30"]}}
NIGHTS: dict[str, Any] = {"zone": "Europe/Berlin", "hours": {"mon-sun": ["22:00-06:00"]}}
#: Opening and closing inside the hour that daylight saving repeats or leaves out.
SMALL_HOURS: dict[str, Any] = {"zone": "Europe/Berlin", "hours": {"mon-sun": ["00:30-02:30"]}}
LATE_START: dict[str, Any] = {"zone": "Europe/Berlin", "hours": {"mon-sun": ["02:30-03:15"]}}
KATHMANDU: dict[str, Any] = {
    "zone": "Asia/Kathmandu",
    "hours": {"sun-thu": ["10:00-13:00", "14:00-18:15"], "fri": ["10:00-15:00"]},
}
NEW_YORK: dict[str, Any] = {
    "zone": "America/New_York",
    "hours": {"mon-sat": ["06:00-14:00", "13:30-22:00"], "sun": ["00:00-24:00"]},
    "holidays": {"2026-11-26": "Thanksgiving", "2026-03-09": "a Monday"},
    "special_days": {"2026-11-27": ["09:00-13:00"], "2026-03-10": ["20:00-04:00"]},
}
LORD_HOWE: dict[str, Any] = {"zone": "Australia/Lord_Howe", "hours": {"mon-sun": ["01:45-09:00"]}}
ALL: dict[str, dict[str, Any]] = {
    "office": OFFICE,
    "nights": NIGHTS,
    "small_hours": SMALL_HOURS,
    "late_start": LATE_START,
    "kathmandu": KATHMANDU,
    "new_york": NEW_YORK,
    "lord_howe": LORD_HOWE,
}


def calendar_of(written: dict[str, Any]) -> BusinessCalendar:
    """A calendar as a file gives it."""
    return BusinessCalendar.model_validate(written)


def utc_ms(text: str) -> int:
    """An ISO time, UTC when it has no zone, as UTC ms."""
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def open_minutes(calendar: BusinessCalendar, from_ms: int, to_ms: int) -> set[int]:
    """The UTC minutes of the range at which the doors are open: a walk, watching a local clock."""
    zone = ZoneInfo(calendar.zone)
    first = from_ms // MINUTE_MS - 3 * 1440
    shown = [
        datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None)
        for minute in range(first, to_ms // MINUTE_MS + 2)
    ]
    found: set[int] = set()
    for opens, closes in _doors(calendar, shown[0].date(), shown[-1].date()):
        if opens < shown[0]:
            continue
        found |= set(range(first + _first_shown(shown, opens), first + _first_shown(shown, closes)))
    return found


def _first_shown(shown: list[datetime], local: datetime) -> int:
    """The first minute at which the clock shows this or later; no change is over two hours."""
    sure = max(0, (local - shown[0]) // timedelta(minutes=1) - 120)
    return next((at for at in range(sure, len(shown)) if shown[at] >= local), len(shown))


def _doors(
    calendar: BusinessCalendar, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    """What the doors' plan says: local times of opening and closing."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        spans: list[Any] = []
        for key, hours in calendar.hours.items():
            begin, _, end = key.partition("-")
            at = names.index(begin)
            days = [at]
            while names[at] != (end or begin):
                at = (at + 1) % 7
                days.append(at)
            if day.weekday() in days:
                spans += hours
        if day in calendar.holidays:
            spans = []
        spans = list(calendar.special_days.get(day, spans))
        midnight = datetime.combine(day, datetime.min.time())
        for start_min, end_min in spans:
            yield midnight + timedelta(minutes=start_min), midnight + timedelta(minutes=end_min)


def counted_ms(minutes: set[int], from_ms: int, to_ms: int) -> int:
    """Open ms in ``[from_ms, to_ms)``, minute by minute."""
    total = 0
    for minute in range(from_ms // MINUTE_MS, to_ms // MINUTE_MS + 1):
        if minute in minutes:
            begin, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
            total += max(0, min(end, to_ms) - max(begin, from_ms))
    return total
