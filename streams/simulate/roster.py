"""Who works at the simulated floor, and when: seats, shifts, breaks, absences, turnover."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict

from streams.simulate.config import FloorConfig, QueueConfig

DAY_MS = 86_400_000
ABSENT_SHARE = 0.07
TENURE_DAYS_MEDIAN = 70
LATENESS_S_MEAN = 150
VENDORS = ("in-house", "northwind", "contoso")


class BreakPlan(BaseModel):
    """A pause inside a shift, by the site's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    start: str
    minutes: int


class ShiftPlan(BaseModel):
    """A shift by the site's clock; it ends on the next day when ``end`` is not after ``start``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    start: str
    end: str
    belongs_to: Literal["start", "end"]
    breaks: tuple[BreakPlan, ...] = ()


class SitePlan(BaseModel):
    """One site of ``deploy/sites.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zone: str
    shifts: tuple[ShiftPlan, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """A work place: site, shift, what is worked on there; people come and go."""

    number: int
    site: str
    shift: ShiftPlan
    zone: ZoneInfo
    vendor: str
    team: str
    reviewer: bool
    queues: tuple[QueueConfig, ...]


@dataclass(frozen=True, slots=True)
class Stint:
    """One person's working day: UTC ms of its start, end and breaks, and how they work."""

    seat: Seat
    actor_id: str
    start_ms: int
    end_ms: int
    breaks: tuple[tuple[int, int], ...]
    skill: float
    pace: float


def load_sites() -> dict[str, SitePlan]:
    """The sites of ``deploy/sites.yaml``."""
    text = files("deploy").joinpath("sites.yaml").read_text("utf-8")
    sites = yaml.safe_load(text)["sites"]
    return {name: SitePlan.model_validate(site) for name, site in sites.items()}


def seats_of(config: FloorConfig, sites: dict[str, SitePlan]) -> list[Seat]:
    """Spreads the seats over sites and shifts in turn, over queues by their share of the work."""
    posts = [(name, site, shift) for name, site in sites.items() for shift in site.shifts]
    mains = _mains(config)
    # Shuffled, so that neither a site nor a vendor has one queue to itself.
    chance = random.Random("seats")
    chance.shuffle(mains)
    # Half of one owed at first: a small floor has a reviewer for each of its queues early.
    reviewers_owed = {queue.name: 0.5 for queue in config.queues}
    seats = []
    for number, main in enumerate(mains):
        name, site, shift = posts[number % len(posts)]
        reviewers_owed[main.name] += config.reviewer_share
        reviewer = reviewers_owed[main.name] >= 1
        reviewers_owed[main.name] -= reviewer
        others = (q for q in config.queues if q.source == main.source and q != main)
        seats.append(
            Seat(
                number,
                name,
                shift,
                ZoneInfo(site.zone),
                chance.choice(VENDORS),
                f"{name}-{main.name}",
                reviewer,
                (main, *others),
            )
        )
    return seats


def _mains(config: FloorConfig) -> list[QueueConfig]:
    """The queue that each seat serves first, by largest remainder."""
    owed = {queue.name: 0.0 for queue in config.queues}
    total_share = sum(queue.work_share for queue in config.queues)
    mains = []
    for _ in range(config.seats):
        for queue in config.queues:
            owed[queue.name] += queue.work_share / total_share
        main = max(config.queues, key=lambda queue: owed[queue.name])
        owed[main.name] -= 1
        mains.append(main)
    return mains


def stints(seat: Seat, config: FloorConfig, seed: int, start_ms: int) -> Iterator[Stint]:
    """The working days at a seat that end after ``start_ms``, without end."""
    chance = random.Random(f"{seed}/{config.cell}/seat/{seat.number}")
    day = datetime.fromtimestamp(start_ms / 1000, UTC).date() - timedelta(days=2)
    generation, days_left = 0, chance.lognormvariate(0, 0.8) * TENURE_DAYS_MEDIAN / 2
    skill, pace = _person(chance)
    while True:
        day += timedelta(days=1)
        days_left -= 1
        if days_left < 0:
            generation, days_left = (
                generation + 1,
                chance.lognormvariate(0, 0.8) * (TENURE_DAYS_MEDIAN),
            )
            skill, pace = _person(chance)
        absent = chance.random() < ABSENT_SHARE
        late_ms = int(chance.expovariate(1 / LATENESS_S_MEAN) * 1000)
        longer_ms = int(chance.expovariate(1 / LATENESS_S_MEAN) * 1000)
        if absent:
            continue
        begin, end = _local_span(seat, day)
        if end > start_ms:
            actor = f"{config.cell}-{seat.site}-{seat.number:05d}-{generation}"
            yield Stint(
                seat,
                actor,
                max(begin + late_ms, start_ms + late_ms % 60_000),
                end + longer_ms,
                _breaks(seat, day),
                skill,
                pace,
            )


def _person(chance: random.Random) -> tuple[float, float]:
    """Skill is the probability of a right answer on ordinary items; pace 1 is the median."""
    return 0.72 + 0.26 * chance.betavariate(5, 2), chance.lognormvariate(0, 0.18)


def _local_span(seat: Seat, day: date) -> tuple[int, int]:
    start, end = seat.shift.start, seat.shift.end
    last = day if end > start else day + timedelta(days=1)
    return _utc_ms(day, start, seat.zone), _utc_ms(last, end, seat.zone)


def _breaks(seat: Seat, day: date) -> tuple[tuple[int, int], ...]:
    spans = []
    for plan in seat.shift.breaks:
        on = day if plan.start >= seat.shift.start else day + timedelta(days=1)
        begin = _utc_ms(on, plan.start, seat.zone)
        spans.append((begin, begin + plan.minutes * 60_000))
    return tuple(spans)


def _utc_ms(day: date, clock: str, zone: ZoneInfo) -> int:
    hour, minute = clock.split(":")
    local = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=zone)
    return int(local.timestamp() * 1000)
