"""SQL that gives an alert's number again, and items behind it, from what ClickHouse has."""

from collections.abc import Mapping
from datetime import UTC, datetime

from schemas.metrics import Direction, Metric
from schemas.metrics.formulas import PROMISED
from streams.core.observations import Span
from streams.core.plan import HOUR_MS, MINUTE_MS
from streams.core.rules import ReadyRule, looks_at_window, needs_gauges
from streams.core.verdicts import Finding
from streams.core.windows import ROLLING_MS

#: Columns of the table of items that say where an item is and who worked on it.
_ITEM_DIMENSIONS = frozenset(
    {"org", "source", "project", "queue", "team", "site", "annotator", "reviewer"}
)
#: Those that say where a step of an SLA clock happened.
_STEP_DIMENSIONS = frozenset({"org", "source", "project", "queue", "team"})
#: Numbers of metrics about what reviewers decided, and about promises.
_REVIEWS, _PROMISES = frozenset({7, 52, 53}), frozenset(range(26, 31))
ITEMS_MAX = 20


def sql_of(ready: ReadyRule, dims: Mapping[str, str], finding: Finding) -> str:
    """A query over the views that gives the number again; "" for what ClickHouse doesn't know."""
    metric, span = ready.watched, finding.span
    if not isinstance(metric, Metric):
        return ""
    conditions = [f"{name} = {_quoted(value)}" for name, value in dims.items()]
    if not needs_gauges(metric):
        conditions.insert(0, f"metric = '{metric.id}'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if ready.rule.slo is not None:
        return "" if finding.period is None else _budget_sql(ready, where, span, finding.period)
    if needs_gauges(metric):
        # What stands now has no window; the view wants one, of any length.
        start_ms = span.start_ms if looks_at_window(metric) else span.end_ms - HOUR_MS
        view = "promises_now" if isinstance(metric.formula, PROMISED) else "backlog_now"
        source = f"{view}({_arguments(ready, start_ms, span.end_ms)})"
        return f"SELECT {metric.id} AS value, {metric.id}_n AS n FROM {source}{where}"
    return f"SELECT value, low, high, n, cause FROM {_values(ready, span)}{where}"


def _budget_sql(ready: ReadyRule, where: str, span: Span, period: Span) -> str:
    """What went wrong within the window, over what may go wrong in the whole period."""
    slo, metric = ready.rule.slo, ready.watched
    assert slo is not None and isinstance(metric, Metric)
    bad = "value" if metric.direction is Direction.LOWER_IS_BETTER else "(1 - value)"
    expected = f"(SELECT n FROM {_values(ready, period)}{where})"
    if period.covered_ms != (period_ms := ROLLING_MS[slo.period]):
        expected += f" * {period_ms} / {period.covered_ms}"
    return (
        f"SELECT (SELECT n * {bad} FROM {_values(ready, span)}{where}) "
        f"/ ((1 - {slo.objective:g}) * {expected}) AS value"
    )


def _values(ready: ReadyRule, span: Span) -> str:
    return f"metric_values({_arguments(ready, span.start_ms, span.end_ms)}, step_s=0)"


def _arguments(ready: ReadyRule, start_ms: int, end_ms: int) -> str:
    grouping = _quoted(ready.grouping)
    return f"grouping={grouping}, from='{_utc(start_ms)}', to='{_utc(end_ms)}'"


def _utc(t_ms: int) -> str:
    """UTC ms as the views take it, whole seconds."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def items_sql_of(ready: ReadyRule, dims: Mapping[str, str], span: Span) -> str:
    """A query for some of the items behind an alert, worst first; "" where none can be named."""
    metric = ready.watched
    if not isinstance(metric, Metric) or not _ITEM_DIMENSIONS.issuperset(dims):
        return ""
    if isinstance(metric.formula, PROMISED):
        return _running_clocks_sql(dims)
    where = [f"{name} = {_quoted(value)}" for name, value in dims.items()]
    # A window holds all of its last minute that had been told by then.
    end_ms = span.end_ms - span.end_ms % MINUTE_MS + MINUTE_MS
    within = f">= '{_utc(span.start_ms)}' AND {{}} < '{_utc(end_ms)}'"
    if metric.number in _PROMISES:
        where += ["kind = 'breach'", "holds", f"at {within.format('at')}"]
        rest = f"sla_ledger FINAL WHERE {' AND '.join(where)} ORDER BY at"
        return (
            f"SELECT DISTINCT item_id FROM {rest} LIMIT {ITEMS_MAX}"
            if set(dims) <= _STEP_DIMENSIONS
            else ""
        )
    if needs_gauges(metric):
        where.append("state NOT IN ('unopened', 'closed')")
        order = "queued_at"
    elif metric.number in _REVIEWS:
        where += [f"reviewed_at {within.format('reviewed_at')}", "outcome != 'accept'"]
        order = "reviewed_at DESC"
    else:
        where.append(f"submitted_at {within.format('submitted_at')}")
        order = "submitted_at DESC"
    rest = f"items FINAL WHERE {' AND '.join(where)} ORDER BY {order}"
    return f"SELECT item_id FROM {rest} LIMIT {ITEMS_MAX}"


def _running_clocks_sql(dims: Mapping[str, str]) -> str:
    """Items whose SLA clocks run and may still be kept, the next deadline first."""
    if not set(dims) <= _STEP_DIMENSIONS:
        return ""
    moving = {"queue", "team"}
    where = [f"{name} = {_quoted(value)}" for name, value in dims.items() if name not in moving]
    where += ["holds", "contract = 'SLA'", "kind != 'breach_withdrawn'"]
    latest = "tuple(at, elapsed_ms + paused_ms, seq)"
    running = "kind IN ('activate', 'resume', 'at_risk') AND NOT breached"
    having = [f"argMax({running}, {latest})"]
    having += [
        f"argMax({name}, {latest}) = {_quoted(value)}"
        for name, value in dims.items()
        if name in moving
    ]
    return (
        f"SELECT item_id FROM sla_ledger FINAL WHERE {' AND '.join(where)} "
        "GROUP BY org, source, project, item_id, policy, cycle "
        f"HAVING {' AND '.join(having)} ORDER BY argMax(deadline_at, {latest}) LIMIT {ITEMS_MAX}"
    )
