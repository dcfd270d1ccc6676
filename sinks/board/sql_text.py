"""SQL that gives a number of the board again, to the last digit, for people to copy and change."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from schemas.measures import BY_NAME, Kind
from schemas.metrics import Interval, Metric
from schemas.metrics.formulas import Formula, Sum
from sinks.ddl import quoted
from sinks.formulas import plain
from sinks.views import VIEWS, WINDOW_METRICS, looks_at_present, view_of_present

_LEVELS = {"backlog_waiting": "waiting_at_end", "backlog_in_work": "in_work_at_end",
           "backlog_in_review": "in_review_at_end", "backlog_open": "open_at_end"}  # fmt: skip


def utc(t_ms: int) -> str:
    """UTC ms as ClickHouse reads a DateTime, whole seconds."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def where(dims: Mapping[str, str]) -> str:
    """Conditions on dimensions, ready to follow others; '' for all subjects."""
    return "".join(f" AND {name} = {quoted(value)}" for name, value in dims.items())


def measures_of(formula: Formula) -> list[str]:
    """The measures that a formula adds up."""
    found: list[str] = []
    for each in fields(formula):
        value = getattr(formula, each.name)
        if isinstance(value, Sum):
            found += [*value.plus, *value.minus]
        elif each.name == "histogram":
            found.append(value)
    return list(dict.fromkeys(found))


def value_sql(
    database: str, metric: Metric, grouping: str, dims: Mapping[str, str], window: Mapping[str, int]
) -> str:
    """A metric of one subject in a window: ``start_ms``, ``end_ms`` and ``span_ms`` covered.

    Equal to the last digit, but for a pace of what stands now: SQL takes its time in whole seconds.
    """
    start_ms, end_ms = window["start_ms"], window["end_ms"]
    if looks_at_present(metric):
        # A pace is that of the time covered; what was before it holds nothing.
        start_ms = max(start_ms, end_ms - window["span_ms"])
        return (
            f"SELECT {metric.id} AS value, {metric.id}_n AS n "
            f"FROM {database}.{view_of_present(metric)}("
            f"grouping={quoted(grouping)}, from='{utc(start_ms)}', to='{utc(end_ms)}')"
            f" WHERE 1{where(dims)}"
        )
    raw = plain(metric)
    sums = [
        f"{'sumMap' if BY_NAME[name].kind is Kind.HISTOGRAM else 'sum'}(r.{name}) AS {name}"
        for name in measures_of(metric.formula)
    ]
    sums.append(f"toInt64({window['span_ms']}) AS span_ms")
    shown = [f"{raw.value} AS value", f"{raw.n} AS n"]
    if metric.interval is Interval.WILSON:
        shown += [f"{raw.low} AS low", f"{raw.high} AS high"]
    return (
        f"SELECT {', '.join(shown)} FROM (SELECT {', '.join(sums)} "
        f"FROM {database}.rollups AS r FINAL WHERE grouping = {quoted(grouping)}{where(dims)} "
        f"AND pane_start >= '{utc(start_ms)}' AND pane_start < '{_ceiling(end_ms)}')"
    )


def _ceiling(t_ms: int) -> str:
    return utc(-(-t_ms // 1000) * 1000)


def view_of(metric: str) -> str | None:
    """The view that has a metric over time; None when there is no history of it."""
    if metric in _LEVELS:
        return "backlog"
    found = [view.name for view in VIEWS if metric in {each.id for each in view.metrics}]
    return found[0] if found else None


def columns_of(metric: str) -> tuple[str, str, str, str]:
    """Expressions of value, n, low and high of a metric in its view."""
    if metric in _LEVELS:
        return (f"toFloat64({_LEVELS[metric]})", f"{_LEVELS[metric]}", "NULL", "NULL")
    declared = next(each for each in WINDOW_METRICS if each.id == metric)
    if declared.interval is Interval.WILSON:
        return (metric, f"{metric}_n", f"{metric}_low", f"{metric}_high")
    return (metric, f"{metric}_n", "NULL", "NULL")


def history_sql(
    database: str, metric: str, grouping: str, dims: Mapping[str, str], span: tuple[int, int, int]
) -> str:
    """A metric of one subject, or of all of a grouping, by step: ``(from_ms, to_ms, step_ms)``."""
    from_ms, to_ms, step_ms = span
    value, n, low, high = columns_of(metric)
    return (
        f"SELECT toUnixTimestamp(step_start) * 1000 AS t_ms, {value} AS value, {n} AS n, "
        f"{low} AS low, {high} AS high FROM {database}.{view_of(metric)}("
        f"grouping={quoted(grouping)}, from='{utc(from_ms)}', to='{utc(to_ms)}', "
        f"step_s={step_ms // 1000}) WHERE 1{where(dims)} ORDER BY t_ms"
    )


def sparkline_sql(
    database: str, metric: str, grouping: str, names: tuple[str, ...], span: tuple[int, int, int]
) -> str:
    """A metric of every subject of a grouping by step, with its dimensions as ``names``."""
    inner = history_sql(database, metric, grouping, {}, span)
    listed = ", ".join(names)
    return inner.replace("SELECT ", f"SELECT CAST([{listed}], 'Array(String)') AS names, ", 1)
