"""Numbers over time from ClickHouse, asked once for everybody and remembered for a moment.

What was shown of a step that was over is remembered too: when it says something else later, late
data restated it, and the answer says what it was.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from schemas.groupings import Grouping, subject_key
from schemas.metrics import METRIC_BY_ID
from sinks.board import hands, restated
from sinks.board.asking import ClickHouse
from sinks.board.ids import id_of
from sinks.board.live import Held
from sinks.board.sql_text import history_sql, sparkline_sql, view_of

MINUTE_MS = 60_000
_HOUR_MS = 60 * MINUTE_MS
SPANS_MS = {"30m": 30 * MINUTE_MS, "1h": _HOUR_MS, "3h": 3 * _HOUR_MS, "6h": 6 * _HOUR_MS,
            "12h": 12 * _HOUR_MS, "24h": 24 * _HOUR_MS, "3d": 72 * _HOUR_MS,
            "7d": 168 * _HOUR_MS, "28d": 672 * _HOUR_MS}  # fmt: skip
STEPS_MS = {"1m": MINUTE_MS, "2m": 2 * MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS,
            "1h": _HOUR_MS, "6h": 6 * _HOUR_MS, "1d": 24 * _HOUR_MS}  # fmt: skip
POINTS_MAX = 500
_POINTS_WANTED = 90
#: A step counts as told when it has been over for so long.
SETTLED_MS = 90_000
_FRESH_S, _SPARKLINE_FRESH_S = 5.0, 30.0
_REMEMBERED_MAX = 500


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in whole steps; ``partial_from_ms`` is where a step is not over."""

    from_ms: int
    to_ms: int
    step_ms: int
    partial_from_ms: int


def stretch(span: str, step: str | None, as_of_ms: int) -> Stretch:
    """The last so much before a moment; KeyError and ValueError for what there is not."""
    span_ms = SPANS_MS[span]
    fitting = [ms for ms in STEPS_MS.values() if span_ms // ms <= _POINTS_WANTED]
    step_ms = STEPS_MS[step] if step else fitting[0]
    if span_ms // step_ms > POINTS_MAX:
        raise ValueError(f"{span} in steps of {step} are more than {POINTS_MAX} points")
    partial_ms = as_of_ms - as_of_ms % step_ms
    to_ms = partial_ms + step_ms
    return Stretch(to_ms - span_ms - step_ms, to_ms, step_ms, partial_ms)


@dataclass(slots=True)
class _Shown:
    """What was first shown of steps that were over, and what was restated since."""

    first: dict[int, float | None] = field(default_factory=dict)
    restated: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Answers about the past. ``groupings`` are the floor's."""

    clickhouse: ClickHouse
    groupings: tuple[Grouping, ...]
    _kept: OrderedDict[str, tuple[float, Any]] = field(default_factory=OrderedDict)
    _shown: OrderedDict[tuple[str, str, int], _Shown] = field(default_factory=OrderedDict)
    #: One for each question that is being asked: others need not wait for it.
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def series(self, held: Held, metric: str, asked: Stretch, now_ms: int) -> dict[str, Any]:
        """One metric of one subject; raises HistoryAway."""
        span = (asked.from_ms, asked.to_ms, asked.step_ms)
        database = self.clickhouse.database
        sql = history_sql(database, metric, held.grouping, held.dims, span)
        rows = await self._ask(sql, _FRESH_S)
        points = _filled(rows, asked, is_level=metric.startswith("backlog_"))
        declared = METRIC_BY_ID[metric]
        return {
            "title": declared.title,
            "unit": declared.unit.value,
            "points": points,
            "restated": self._restated((held.key, metric, asked.step_ms), points, asked, now_ms),
            "sql": sql,
        }

    async def sparklines(self, grouping: str, metric: str, asked: Stretch) -> dict[str, Any]:
        """One metric of every subject of a grouping, by subject key; raises HistoryAway."""
        names = next(each.dimensions for each in self.groupings if each.name == grouping)
        span = (asked.from_ms, asked.to_ms, asked.step_ms)
        sql = sparkline_sql(self.clickhouse.database, metric, grouping, names, span)
        found: dict[str, list[dict[str, Any]]] = {}
        for row in await self._ask(sql, _SPARKLINE_FRESH_S):
            found.setdefault(subject_key(grouping, tuple(row["names"])), []).append(row)
        is_level = metric.startswith("backlog_")
        return {
            key: [each["value"] for each in _filled(rows, asked, is_level=is_level)]
            for key, rows in found.items()
        }

    async def hands(self, held: Held, as_of_ms: int) -> list[dict[str, Any]]:
        """Who worked at a place; raises HistoryAway."""
        at_ms = as_of_ms - as_of_ms % MINUTE_MS
        return await self._ask(hands.query(self.clickhouse.database, held.dims, at_ms), 60.0)

    async def restated(self, grouping: Grouping, as_of_ms: int) -> dict[str, list[restated.Change]]:
        """What late data changed in the last day, by subject key; raises HistoryAway."""
        at_ms = as_of_ms - as_of_ms % MINUTE_MS
        sql = restated.query(self.clickhouse.database, grouping, at_ms)
        return restated.by_subject(grouping.name, await self._ask(sql, _SPARKLINE_FRESH_S))

    async def _ask(self, sql: str, fresh_s: float) -> list[dict[str, Any]]:
        """Ask, or answer what was answered a moment ago."""
        async with self._locks.setdefault(sql, asyncio.Lock()):
            known = self._kept.get(sql)
            if known is not None and time.monotonic() - known[0] < fresh_s:
                self._locks.pop(sql, None)
                return list(known[1])
            try:
                rows = await self.clickhouse.rows(sql)
            finally:
                self._locks.pop(sql, None)
            self._kept[sql] = (time.monotonic(), rows)
            while len(self._kept) > _REMEMBERED_MAX:
                self._kept.popitem(last=False)
            return rows

    def _restated(
        self, name: tuple[str, str, int], points: list[dict[str, Any]], asked: Stretch, now_ms: int
    ) -> list[dict[str, Any]]:
        known = self._shown.setdefault(name, _Shown())
        self._shown.move_to_end(name)
        while len(self._shown) > _REMEMBERED_MAX:
            self._shown.popitem(last=False)
        for point in points:
            t_ms, value = point["t_ms"], point["value"]
            if t_ms + asked.step_ms + SETTLED_MS > now_ms:
                continue
            was = known.first.setdefault(t_ms, value)
            if was == value:
                known.restated.pop(t_ms, None)
            elif known.restated.get(t_ms, {}).get("is") != value:
                known.restated[t_ms] = {"t_ms": t_ms, "was": was, "is": value, "at_ms": now_ms}
        for old in [t_ms for t_ms in known.first if t_ms < asked.from_ms]:
            del known.first[old]
            known.restated.pop(old, None)
        return [known.restated[t_ms] for t_ms in sorted(known.restated)]


def _filled(rows: list[dict[str, Any]], asked: Stretch, *, is_level: bool) -> list[dict[str, Any]]:
    """A point for every step: a step without rows is not known, but a level stays as it was."""
    by_step = {int(row["t_ms"]): row for row in rows}
    points: list[dict[str, Any]] = []
    level: dict[str, Any] | None = None
    for t_ms in range(asked.from_ms, asked.to_ms, asked.step_ms):
        row = by_step.get(t_ms) or (level if is_level else None)
        if row is None:
            points.append({"t_ms": t_ms, "value": None, "low": None, "high": None, "n": 0,
                           "cause": "nothing_counted"})  # fmt: skip
            continue
        level = row
        numbers = {name: row[name] for name in ("value", "low", "high")}
        cause = "too_few" if row["value"] is None else None
        points.append({"t_ms": t_ms, **numbers, "n": int(row["n"]), "cause": cause})
    return points


def has_history(metric: str) -> bool:
    """Whether ClickHouse has a metric over time."""
    return metric in METRIC_BY_ID and view_of(metric) is not None


def by_id(series: dict[str, Any]) -> dict[str, Any]:
    """Subject keys as ids."""
    return {id_of(key): values for key, values in series.items()}
