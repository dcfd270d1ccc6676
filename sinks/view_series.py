"""A metric over time out of a view's rows: one series for each subject, a point for each step.

A step without a row, or with an unknown value, is a point without a value: a gap, never a zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.groupings import DIMENSIONS
from sinks.item_rows import unix_ms
from sinks.view_catalog import ViewInfo

#: What makes two series of one metric: amounts of two currencies are never one line.
_APART = (*DIMENSIONS, "currency")


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a range, UTC ms; ``known_ms`` is how far the counts go."""

    from_ms: int
    to_ms: int
    step_ms: int
    known_ms: int

    @property
    def starts_ms(self) -> range:
        """Where each step begins."""
        return range(self.from_ms, self.to_ms, self.step_ms)

    def is_partial(self, start_ms: int) -> bool:
        """Whether a step was cut off by the range, or was not over when the last count came."""
        return start_ms + self.step_ms > min(self.to_ms, self.known_ms)


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its 95 % interval and the observations behind it; None is unknown."""

    start_ms: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One subject's points, one for every step."""

    name: str
    points: tuple[Point, ...]

    @property
    def n(self) -> int:
        """All observations behind it."""
        return sum(point.n for point in self.points)


def metrics_of(view: ViewInfo) -> list[str]:
    """The metrics that a view has columns for; "" when it has a row for each instead."""
    names = {column.name for column in view.columns}
    if {"metric", "value", "n"} <= names:
        return [""]
    return [column.name for column in view.columns if f"{column.name}_n" in names]


def select(view: ViewInfo, metric: str, answer: str) -> str:
    """The query that finds a metric's points in what a view answers."""
    names = {column.name for column in view.columns}
    dims = [name for name in _APART if name in names]
    if metrics_of(view) == [""]:
        given = ["value", "low", "high", "n"]
    else:
        ends = [f"{metric}{end}" for end in ("_low", "_high")]
        given = [metric, *(end if end in names else "NULL" for end in ends), f"{metric}_n"]
    columns = ", ".join(
        f"{column} AS point_{name}"
        for column, name in zip(given, ("value", "low", "high", "n"), strict=True)
    )
    return f"SELECT {', '.join(['step_start', *dims])}, {columns} FROM ({answer})"


def series(rows: Iterable[Mapping[str, Any]], steps: Steps) -> list[Series]:
    """The rows of ``select`` by subject; the one with the most observations first."""
    found: dict[str, dict[int, Point]] = {}
    for row in rows:
        start_ms = unix_ms(row["step_start"])
        value, low, high = (row[f"point_{name}"] for name in ("value", "low", "high"))
        point = Point(start_ms, value, low, high, int(row["point_n"] or 0))
        found.setdefault(_name(row), {})[start_ms] = point
    whole = [
        Series(name, tuple(points.get(ms, Point(ms)) for ms in steps.starts_ms))
        for name, points in found.items()
    ]
    return sorted(whole, key=lambda each: (-each.n, each.name))


def _name(row: Mapping[str, Any]) -> str:
    return " / ".join(str(row[name]) for name in _APART if row.get(name)) or "all"


def last_known(found: Sequence[Series]) -> int | None:
    """Where the last step begins that has a value."""
    starts = [point.start_ms for each in found for point in each.points if point.value is not None]
    return max(starts, default=None)
