"""SQL of the panels, over the views that analysts have, with the macros of Grafana's plugin.

``$__fromTime``, ``$__toTime`` and ``$__interval_s`` are the plugin's; ``${name:singlequote}`` is
Grafana's list of what is chosen. Steps begin at whole multiples of the interval, so that a refresh
moves no step.
"""

from schemas.metrics import Interval, Metric

FROM = "toStartOfInterval($__fromTime, INTERVAL $__interval_s second)"
_PARTS = "arrayFilter(part -> part != '', [project, queue, team, site, label])"
_NAMED = f"arrayStringConcat({_PARTS}, ' / ') AS named"
_SUBJECT = "if(named = '', if(org = '', 'all', org), named) AS subject"


def asked(view: str, grouping: str, *, whole: bool = False) -> str:
    """A view over the dashboard's range; ``whole`` is one row of each subject."""
    start = "$__fromTime" if whole else FROM
    step = "0" if whole else "$__interval_s"
    return f"{view}(grouping='{grouping}', from={start}, to=$__toTime, step_s={step})"


def asked_now(view: str, grouping: str) -> str:
    """A view of what stands at the end of the range."""
    return f"{view}(grouping='{grouping}', from=$__fromTime, to=$__toTime)"


def chosen(*names: str) -> str:
    """Rows of what is chosen; dimensions that the grouping does not have let everything through."""
    return " AND ".join(f"{name} IN ('', ${{{name}:singlequote}})" for name in names)


def by_subject(source: str, columns: str, where: str) -> str:
    """A column for each time and subject: a line for each subject."""
    return (
        f"SELECT step_start AS time, {_SUBJECT}, {columns} FROM "
        f"(SELECT *, {_NAMED} FROM {source} WHERE {where}) ORDER BY time, subject"
    )


def over_time(source: str, columns: str, where: str) -> str:
    """The columns as lines, of one subject."""
    return f"SELECT step_start AS time, {columns} FROM {source} WHERE {where} ORDER BY time"


def ranking(source: str, columns: str, where: str, order: str) -> str:
    """A row for each subject."""
    return (
        f"SELECT {_SUBJECT}, {columns} FROM "
        f"(SELECT *, {_NAMED} FROM {source} WHERE {where}) ORDER BY {order} LIMIT 100"
    )


def band(metric: Metric) -> str:
    """The columns of a metric with its interval, when it has one."""
    if metric.interval is Interval.NONE:
        return metric.id
    return f"{metric.id}, {metric.id}_low AS low, {metric.id}_high AS high"


def values_of(name: str, *, within: str = "") -> str:
    """The values of a dimension in the range, for a variable."""
    among = f"AND {within} IN (${{{within}:singlequote}}) " if within else ""
    return (
        f"SELECT DISTINCT {name} FROM rollups WHERE grouping = '{name}' {among}"
        f"AND pane_start >= $__fromTime AND pane_start < $__toTime ORDER BY {name}"
    )


#: How far behind the end of the range, or now, the newest pane ends.
DATA_AGE = (
    "SELECT dateDiff('second', max(pane_start + pane_s), least(now(), $__toTime)) AS age "
    "FROM rollups WHERE grouping = 'all' AND pane_start >= $__fromTime AND pane_start < $__toTime"
)
LAST_STORED = (
    "SELECT max(emitted_at) AS stored FROM rollups WHERE grouping = 'all' "
    "AND pane_start >= $__fromTime AND pane_start < $__toTime"
)
DEAD_LETTERS = (
    "SELECT toStartOfInterval(at, INTERVAL $__interval_s second) AS time, reason, "
    "count() AS refused FROM dead_letters FINAL WHERE at >= $__fromTime AND at < $__toTime "
    "GROUP BY time, reason ORDER BY time, reason"
)
LATE_ROWS = (
    "SELECT toStartOfInterval(pane_start, INTERVAL $__interval_s second) AS time, "
    "countIf(pane_s > 60) AS very_late, countIf(revision_of > 1) AS restated FROM "
    "(SELECT pane_start, pane_s, uniqExact(revision) AS revision_of FROM rollups_history "
    "WHERE grouping = 'queue' AND pane_start >= $__fromTime AND pane_start < $__toTime "
    "GROUP BY org, source, project, queue, pane_start, pane_s) GROUP BY time ORDER BY time"
)
BREACHES = (
    "SELECT at, policy, project, queue, team, item_id, kind, elapsed_ms / 60000 AS elapsed_min, "
    "target_ms / 60000 AS target_min FROM sla_ledger FINAL "
    "WHERE holds AND kind IN ('breach', 'at_risk') AND at >= $__fromTime AND at < $__toTime "
    f"AND {chosen('org', 'project', 'queue')} ORDER BY at DESC LIMIT 200"
)
