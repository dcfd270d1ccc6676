"""Shifts and business days where people work: odd zones, nights, both changes of the clocks."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from streams.core.plan import QUARTER_MS
from streams.core.shifts import Shift, Site, SiteCalendar

DAY = Shift("day", time(6), time(14))
LATE = Shift("late", time(14), time(22))
NIGHT = Shift("night", time(22), time(6), "start")
NIGHT_ENDS = Shift("night", time(22), time(6), "end")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def starts(site: Site, at: str) -> dict[str, str]:
    found = site.starts_ms(ms(at))
    return {n: datetime.fromtimestamp(t / 1000, UTC).isoformat()[:16] for n, t in found.items()}


def site(zone: str, *shifts: Shift) -> Site:
    return Site(zone, ZoneInfo(zone), shifts)


@pytest.mark.parametrize(
    ("zone", "at", "shift", "day"),
    [
        # Manila is UTC+8: 06:00 there is 22:00 of the day before.
        ("Asia/Manila", "2026-03-10T01:00", "2026-03-09T22:00", "2026-03-09T22:00"),
        ("Asia/Kolkata", "2026-03-10T01:00", "2026-03-10T00:30", "2026-03-10T00:30"),
        ("Asia/Kathmandu", "2026-03-10T00:30", "2026-03-10T00:15", "2026-03-10T00:15"),
        ("America/Bogota", "2026-03-10T12:00", "2026-03-10T11:00", "2026-03-10T11:00"),
    ],
)
def test_a_day_shift_begins_by_the_clock_on_the_wall(
    zone: str, at: str, shift: str, day: str
) -> None:
    assert starts(site(zone, DAY, LATE, NIGHT), at) == {"shift": shift, "business_day": day}


def test_a_night_shift_belongs_to_the_date_it_starts_on() -> None:
    found = starts(site("Asia/Manila", DAY, LATE, NIGHT), "2026-03-10T20:00")
    assert found == {"shift": "2026-03-10T14:00", "business_day": "2026-03-09T22:00"}


def test_a_night_shift_may_belong_to_the_date_it_ends_on() -> None:
    found = starts(site("Asia/Manila", DAY, LATE, NIGHT_ENDS), "2026-03-10T20:00")
    assert found == {"shift": "2026-03-10T14:00", "business_day": "2026-03-10T14:00"}


@pytest.mark.parametrize(
    ("at", "shift", "hours"),
    [
        # Dublin springs forward on 29 March 2026 and falls back on 25 October 2026.
        ("2026-03-29T03:00", "2026-03-28T22:00", 7),
        ("2026-10-25T03:00", "2026-10-24T21:00", 9),
    ],
)
def test_a_night_over_a_change_of_the_clocks_is_an_hour_off(
    at: str, shift: str, hours: int
) -> None:
    dublin = site("Europe/Dublin", NIGHT)
    assert starts(dublin, at)["shift"] == shift
    end_ms = ms(shift) + hours * 3_600_000
    assert "shift" in dublin.starts_ms(end_ms - 1)
    assert "shift" not in dublin.starts_ms(end_ms)


def test_between_shifts_there_is_a_business_day_and_no_shift() -> None:
    found = starts(site("Asia/Kolkata", DAY), "2026-03-10T12:00")
    assert found == {"business_day": "2026-03-10T00:30"}


def test_every_start_in_every_zone_used_lies_on_a_quarter() -> None:
    for zone in ("Asia/Kathmandu", "Asia/Kolkata", "Asia/Manila", "Europe/Dublin"):
        for hour in range(0, 24 * 400, 7):
            at_ms = ms("2026-01-01T00:00") + hour * 3_600_000
            assert all(
                t % QUARTER_MS == 0 for t in site(zone, DAY, NIGHT).starts_ms(at_ms).values()
            )


def test_a_subject_without_a_known_site_has_the_default_calendar() -> None:
    calendar = SiteCalendar({"cebu": site("Asia/Manila", DAY)}, site("UTC"))
    at_ms = ms("2026-03-10T01:00")
    assert calendar.starts_ms({"site": "cebu"}, at_ms)["shift"] == ms("2026-03-09T22:00")
    assert calendar.starts_ms({}, at_ms) == {"business_day": ms("2026-03-10T00:00")}
