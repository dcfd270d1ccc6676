"""Business calendars as they are written in ``deploy/policies.yaml``: weekly hours and holidays.

Hours are local times of an IANA zone. ``22:00-06:00`` ends on the next day, ``00:00-24:00`` is a
whole one. A holiday, or a special day, replaces the hours that *begin* on its date, so the night
shift of the eve runs to its end. Holidays are dated lists: a contract names its days, and what a
library thinks a public holiday is changes between its releases. Zones come from ``tzdata``.
"""

import re
from datetime import date
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from schemas.field_types import Word

MINUTES_PER_DAY = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class Span(NamedTuple):
    """Opening hours of one day: minutes after local midnight, ``end`` maybe on the next day."""

    start_min: int
    end_min: int


def span_of(text: object) -> Span:
    """Hours such as ``09:00-17:30``; ValueError when they are none."""
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} are no hours: write 09:00-17:30, or 22:00-06:00 over midnight")
    from_h, from_m, to_h, to_m = map(int, match.groups())
    start, end = from_h * 60 + from_m, to_h * 60 + to_m
    if start >= MINUTES_PER_DAY or end > MINUTES_PER_DAY or start == end:
        raise ValueError(f"{text!r} are no hours: they begin before 24:00 and last some minutes")
    return Span(start, end if end > start else end + MINUTES_PER_DAY)


def weekdays_of(text: str) -> tuple[int, ...]:
    """Days such as ``mon``, ``mon-fri`` or ``sat,sun`` as numbers from 0; ValueError if none."""
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(f"{text!r} names no days: write mon, mon-fri or sat,sun")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        days += [(start + n) % 7 for n in range((end - start) % 7 + 1)]
    if len(set(days)) != len(days):
        raise ValueError(f"{text!r} names a day twice")
    return tuple(days)


def _existing_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        text = f"there is no time zone {name!r}: write an IANA name, for example Europe/Berlin"
        raise ValueError(text) from error
    return name


Zone = Annotated[str, AfterValidator(_existing_zone)]
Hours = Annotated[Span, BeforeValidator(span_of)]


class BusinessCalendar(BaseModel):
    """When a business clock runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: Zone
    hours: dict[str, tuple[Hours, ...]]
    holidays: dict[date, Word] = {}
    special_days: dict[date, tuple[Hours, ...]] = {}

    @model_validator(mode="after")
    def _has_hours(self) -> "BusinessCalendar":
        named = [day for key in self.hours for day in weekdays_of(key)]
        if len(set(named)) != len(named):
            raise ValueError("hours name a day twice")
        if not any(self.hours.values()):
            raise ValueError("no day of the week has hours, so no deadline would ever come")
        both = sorted(self.holidays.keys() & self.special_days.keys())
        if both:
            raise ValueError(f"{both[0]} is a holiday and a special day: leave one of them out")
        return self

    def week(self) -> tuple[tuple[Span, ...], ...]:
        """The hours of Monday to Sunday."""
        days: list[tuple[Span, ...]] = [()] * 7
        for key, spans in self.hours.items():
            for day in weekdays_of(key):
                days[day] = spans
        return tuple(days)

    def special(self) -> dict[date, tuple[Span, ...]]:
        """The hours of each date that its weekday does not tell."""
        return dict.fromkeys(self.holidays, ()) | self.special_days
