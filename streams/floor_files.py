"""What a floor looks like, read from files: its dimensions, its sites and their shifts."""

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from schemas.groupings import DIMENSIONS, Grouping, name_fits
from streams import policy_files
from streams.core.kept import extras_needed
from streams.core.plan import DAY_MS, Plan
from streams.core.shifts import Shift, Site, SiteCalendar
from streams.refusals import Refusal
from streams.settings import Floor

Found = TypeVar("Found")

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
#: Subjects without a site have the business day of this zone.
DEFAULT_ZONE = "UTC"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Dimensions(_Strict):
    groupings: dict[str, tuple[str, ...]]

    @field_validator("groupings")
    @classmethod
    def _known(cls, groupings: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, dimensions in groupings.items():
            unknown = [each for each in dimensions if each not in DIMENSIONS]
            if unknown:
                raise ValueError(f"grouping {name}: there is no dimension {unknown[0]!r}")
            if len(set(dimensions)) != len(dimensions):
                raise ValueError(f"grouping {name} names a dimension twice")
            if not name_fits(Grouping(name, dimensions)):
                raise ValueError(
                    f"grouping {name}: with annotator or reviewer in it, and only then, a name is "
                    "one of these or begins with it: annotator_queue"
                )
        return groupings


class _Break(_Strict):
    start: time
    minutes: int


class _Shift(_Strict):
    name: str
    start: time
    end: time
    belongs_to: Literal["start", "end"] = "start"
    breaks: tuple[_Break, ...] = ()

    @field_validator("start", "end")
    @classmethod
    def _on_a_quarter(cls, clock: time) -> time:
        if clock.minute % 15 or clock.second or clock.microsecond:
            raise ValueError("shifts begin and end on whole quarters of an hour")
        return clock


class _Site(_Strict):
    zone: str
    shifts: tuple[_Shift, ...] = ()

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {zone!r}") from error
        return zone


class _Sites(_Strict):
    sites: dict[str, _Site]


def read_groupings(path: Path = DEPLOY / "dimensions.yaml") -> tuple[Grouping, ...]:
    """The groupings of the floor; Refusal when the file can't be used."""
    found = _read(path, _Dimensions.model_validate)
    return tuple(Grouping(name, dimensions) for name, dimensions in found.groupings.items())


def read_plan(floor: Floor, dimensions: Path = DEPLOY / "dimensions.yaml") -> Plan:
    """How a worker with these settings slices the floor; Refusal when the file can't be used."""
    return Plan(
        groupings=read_groupings(dimensions),
        late_after_ms=floor.lateness_fine_s_max * 1000,
        policy_dims=extras_needed(policy_files.configured()),
        retention_ms=floor.retention_d * DAY_MS,
    )


def read_calendar(path: Path = DEPLOY / "sites.yaml") -> SiteCalendar:
    """Shifts and business days of all sites; Refusal when the file can't be used."""
    found = _read(path, _Sites.model_validate)
    sites = {
        name: Site(
            name,
            ZoneInfo(site.zone),
            tuple(Shift(each.name, each.start, each.end, each.belongs_to) for each in site.shifts),
        )
        for name, site in found.sites.items()
    }
    return SiteCalendar(sites, Site("", ZoneInfo(DEFAULT_ZONE)))


def _read(path: Path, validate: Callable[[Any], Found]) -> Found:
    try:
        return validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise Refusal(f"{path} can't be read: {error}", "correct the file") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{path}: {place}: {first['msg']}", "correct the file") from error
