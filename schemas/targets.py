"""Targets as they are agreed: by place, metric, and the day from which they hold.

One file feeds the rules, the board and SQL, so that nobody compares with a number of their own.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from pydantic import BaseModel, ConfigDict, Field, StrictStr, field_validator

from schemas.groupings import DIMENSIONS
from schemas.rules import RawAmount


class Target(BaseModel):
    """One agreed value; ``where`` narrows it to a project, a queue or any other dimension.

    ``valid_from`` is a date; it begins at midnight UTC. Between ``value`` and ``warn`` a target is
    missed, beyond ``warn`` it is missed by far: the board's band, which rules do not read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: StrictStr
    value: RawAmount
    warn: RawAmount | None = None
    where: dict[StrictStr, StrictStr] = {}
    valid_from: date = date(1970, 1, 1)
    note: str = ""

    @field_validator("where")
    @classmethod
    def _known(cls, where: dict[str, str]) -> dict[str, str]:
        for name in where:
            if name not in DIMENSIONS:
                raise ValueError(f"there is no dimension {name!r}: {', '.join(DIMENSIONS)}")
        return where

    @property
    def valid_from_ms(self) -> int:
        """UTC ms from which it holds."""
        return int(datetime.combine(self.valid_from, time(0), UTC).timestamp()) * 1000


class TargetsFile(BaseModel):
    """A whole file of targets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: tuple[Target, ...] = Field(())


def target_of(
    targets: tuple[Target, ...], metric: str, dims: Mapping[str, str], at_ms: int
) -> Target | None:
    """The target of a metric for a subject at a moment; None when nothing was agreed.

    The one with the most dimensions wins, among equals the one that began last.
    """
    fitting = [
        target
        for target in targets
        if target.metric == metric
        and target.valid_from_ms <= at_ms
        and all(dims.get(name) == value for name, value in target.where.items())
    ]
    return max(fitting, key=lambda each: (len(each.where), each.valid_from_ms), default=None)
