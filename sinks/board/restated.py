"""Numbers that stand otherwise than they were told, because events came late. Pure.

A live window ends now and was never told before; its minutes were. A number counts as restated
when minutes of its window had been told as finished and were told anew, see the view
``restatements``. What it *was* is what the window would say had they stayed as they were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.groupings import Grouping, subject_key
from schemas.metrics import Metric
from schemas.metrics.formulas import Amount, Formula, PerHour, Quantile, Ratio, Share, Sum
from sinks.board.live import Held
from sinks.board.sql_text import measures_of, utc
from sinks.ddl import quoted
from sinks.views import WINDOW_METRICS

#: How far back is looked; windows that begin before get no marks.
SPAN_MS = 24 * 3_600_000 + 60_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Change:
    """How much more a pane counts of a measure than it was told with."""

    t_ms: int
    measure: str
    more: int
    at_ms: int


def query(database: str, grouping: Grouping, as_of_ms: int) -> str:
    """Rows of (names, t_ms, measure, more, at_ms) of a grouping in the last day."""
    names = f"CAST([{', '.join(grouping.dimensions)}], 'Array(String)') AS names"
    return (
        f"SELECT {names}, toUnixTimestamp(pane_start) * 1000 AS t_ms, measure, "
        "sum(new - old) AS more, toUnixTimestamp(max(told_at)) * 1000 AS at_ms "
        f"FROM {database}.restatements(grouping={quoted(grouping.name)}, "
        f"from='{utc(as_of_ms - SPAN_MS)}', to='{utc(as_of_ms)}') "
        "GROUP BY names, t_ms, measure HAVING more != 0"
    )


def by_subject(grouping: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Change]]:
    """The same by subject key."""
    found: dict[str, list[Change]] = {}
    for row in rows:
        change = Change(int(row["t_ms"]), row["measure"], int(row["more"]), int(row["at_ms"]))
        found.setdefault(subject_key(grouping, tuple(row["names"])), []).append(change)
    return found


def marks(held: Held, changes: Iterable[Change], from_ms: int) -> dict[str, dict[str, Any]]:
    """What was, by window and metric, for the numbers of a subject that are restated."""
    known = list(changes)
    found: dict[str, dict[str, Any]] = {}
    for name, window in held.windows.items():
        start_ms, end_ms = window["start_ms"], window["end_ms"]
        inside = [each for each in known if start_ms <= each.t_ms < end_ms]
        if start_ms < from_ms or not inside:
            continue
        span_ms = round(window["covered"] * (end_ms - start_ms))
        marked = {each.id: _mark(each, window[each.id], inside, span_ms)
                  for each in WINDOW_METRICS if each.id in window}  # fmt: skip
        if any(marked.values()):
            found[name] = {metric: mark for metric, mark in marked.items() if mark}
    return found


def _mark(
    metric: Metric, reading: Mapping[str, Any], inside: list[Change], span_ms: int
) -> dict[str, Any] | None:
    """None when its number is not known, or is what it was."""
    measures = set(measures_of(metric.formula))
    touching = [each for each in inside if each.measure in measures]
    if not touching or reading["value"] is None:
        return None
    more: dict[str, int] = {}
    for each in touching:
        more[each.measure] = more.get(each.measure, 0) + each.more
    was, n = _before(metric.formula, reading, more, span_ms)
    if was == reading["value"] and n == reading["n"]:
        return None
    return {"was": was, "n": n, "at_ms": max(each.at_ms for each in touching)}


def _before(
    formula: Formula, reading: Mapping[str, Any], more: Mapping[str, int], span_ms: int
) -> tuple[float | None, int]:
    """Value and n without what came late; the value is None where only SQL can tell."""

    def of(what: Sum) -> int:
        return sum(more.get(name, 0) for name in what.plus) - sum(
            more.get(name, 0) for name in what.minus
        )

    value, n = reading["value"], reading["n"]
    match formula:
        case Amount():
            return value - of(formula.what) / formula.by, n - of(formula.n)
        case PerHour() if span_ms > 0:
            return value - of(formula.what) * _HOUR_MS / span_ms, n - of(formula.what)
        case Share():
            whole = n - of(formula.whole)
            part = round(value * n) - of(formula.part)
            return (part / whole if whole > 0 else None), whole
        case Ratio() if formula.bottom == formula.n:
            before, scale = n - of(formula.n), formula.times / formula.by
            top = value * n / scale - of(formula.top)
            return (top * scale / before if before > 0 else None), before
        case Ratio():
            return None, n - of(formula.n)
        case Quantile():
            return None, n - more.get(formula.histogram, 0)
    return None, n
