"""Shifts of the simulated people follow the sites' clocks, daylight saving included."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from streams.simulate.config import FloorConfig
from streams.simulate.roster import Stint, load_sites, seats_of, stints

HOUR_MS = 3_600_000
SLACK_MS = 20 * 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def stint_on(site: str, shift: str, begins: str) -> Stint:
    """The first stint of any seat of that shift that begins within minutes of the moment."""
    config = FloorConfig(seats=400)
    for seat in seats_of(config, load_sites()):
        if (seat.site, seat.shift.name) == (site, shift):
            for stint in islice(stints(seat, config, 1, ms(begins) - 12 * HOUR_MS), 3):
                if 0 <= stint.start_ms - ms(begins) < SLACK_MS:
                    return stint
    raise AssertionError(f"nobody works {shift} in {site} from {begins}")


@pytest.mark.parametrize(
    ("site", "shift", "begins", "hours"),
    [
        ("manila", "day", "2025-06-15T22:00", 9),
        ("hyderabad", "night", "2025-06-16T15:00", 9),
        ("dublin", "night", "2025-01-15T22:30", 9),
        ("dublin", "night", "2025-07-15T21:30", 9),
        ("dublin", "night", "2025-03-29T22:30", 8),
        ("dublin", "night", "2025-10-25T21:30", 10),
    ],
)
def test_a_shift_begins_by_the_local_clock_and_lasts_as_long_as_it_really_does(
    site: str, shift: str, begins: str, hours: int
) -> None:
    stint = stint_on(site, shift, begins)
    assert 0 <= stint.end_ms - (ms(begins) + hours * HOUR_MS) < SLACK_MS
    assert all(ms(begins) < start < end < stint.end_ms for start, end in stint.breaks)


def test_people_come_and_go() -> None:
    config = FloorConfig()
    seat = seats_of(config, load_sites())[0]
    people = {stint.actor_id for stint in islice(stints(seat, config, 1, ms("2025-01-01")), 300)}
    assert len(people) > 1


def test_every_queue_has_annotators_and_reviewers_who_can_do_its_work() -> None:
    config = FloorConfig(seats=80)
    seats = seats_of(config, load_sites())
    for queue in config.queues:
        skilled = [seat for seat in seats if queue in seat.queues]
        assert any(seat.reviewer for seat in skilled)
        assert any(not seat.reviewer for seat in skilled)
