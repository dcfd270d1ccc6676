"""What was said before and is said now: panes that changed after they had been told as finished.

``rollups_history`` holds what each pane said at the end of each minute in which it was told anew.
"""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.measures import MEASURES, Kind
from sinks import flows, views_arguments
from sinks.ddl import quoted
from sinks.views_shape import (
    STEP,
    VALUE,
    WINDOW_METRICS,
    Column,
    Shape,
    create,
    subject_columns,
)

#: What stood for so long after its pane's end counts as told; a replay tells a pane faster.
SETTLED_S = 120
_QUARTER_S = 900

_DIMENSIONS = ", ".join(DIMENSIONS)
_PANE = f"{_DIMENSIONS}, pane_start, pane_s"
_WHY = "Why: late_data, very_late_data (a quarter-hour pane), or rebuild (see rebuilds)"
_CAUSES = (
    "Why: late_data, very_late_data, rebuild, or not_finished at as_of; none when only what is "
    "known of the event types changed"
)

_METRIC_COLUMNS: list[Column] = [
    ("metric String COMMENT 'Which metric; see metric_definitions'", "metric"),
    STEP,
    ("step_end DateTime('UTC') COMMENT 'End of the step, not part of it'", "step_end"),
    (
        "local_start String COMMENT 'Start of the step as the clocks of tz show it'",
        "local_start",
    ),
    *subject_columns(),
    (f"old {VALUE} COMMENT 'What was said at as_of; NULL is unknown'", "old"),
    ("old_n Int64 COMMENT 'Observations behind it'", "old_n"),
    (f"new {VALUE} COMMENT 'What is said now; NULL is unknown'", "new"),
    ("new_n Int64 COMMENT 'Observations behind it'", "new_n"),
    (f"causes Array(String) COMMENT {quoted(_CAUSES)}", "causes"),
    ("panes UInt64 COMMENT 'Panes that were told anew since as_of'", "panes"),
    ("told_at DateTime('UTC') COMMENT 'When the latest of them was told'", "told_at"),
    ("unit String COMMENT 'What the values are counted in'", "unit"),
    ("version UInt16 COMMENT 'Version of the definition'", "version"),
]


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """What puts these views in place; each statement can be run again."""
    return [_panes(database, groupings), _metrics(database, groupings)]


def _cause(database: str) -> str:
    """Why a row was told: by a rebuild of its range, or because events came late."""
    rebuilt = (
        f"SELECT groupArray((revision, from_at, to_at)) FROM {database}.rebuilds FINAL "
        "WHERE revision > 0"
    )
    return (
        "multiIf(arrayExists(it -> it.1 = revision AND pane_start >= it.2 AND pane_start < it.3, "
        f"({rebuilt})), 'rebuild', pane_s > 60, 'very_late_data', 'late_data')"
    )


def _counts() -> tuple[str, str]:
    """Names and values of all measures of a row as arrays; of a histogram how many it holds."""
    names = ", ".join(quoted(measure.name) for measure in MEASURES)
    values = ", ".join(
        f"arraySum(mapValues({each.name}))" if each.kind is Kind.HISTOGRAM else each.name
        for each in MEASURES
    )
    return f"[{names}]", f"[{values}]"


def _panes(database: str, groupings: Sequence[Grouping]) -> str:
    """A row for each measure of each pane that was told, stood, and was told otherwise.

    A pane that had no row was told as nothing, once anything of its quarter had been told.
    """
    names, values = _counts()
    before = f"PARTITION BY {_PANE} ORDER BY told_at ROWS BETWEEN UNBOUNDED PRECEDING"
    quarter = f"intDiv(toUnixTimestamp(pane_start), {_QUARTER_S})"
    told = (
        f"SELECT {_PANE}, told_at, revision, {values} AS said, "
        f"max(revision) OVER ({before} AND 1 PRECEDING) AS old_revision, "
        f"argMax(said, revision) OVER ({before} AND 1 PRECEDING) AS old_said, "
        f"argMax(told_at, revision) OVER ({before} AND 1 PRECEDING) AS old_at, "
        f"min(told_at) OVER (PARTITION BY {quarter}) AS first_at "
        f"FROM {database}.rollups_history FINAL WHERE grouping = {{grouping:String}} "
        f"AND pane_start >= {flows.UTC.start} AND pane_start < {flows.UTC.end}"
    )
    old = "if(old_revision = 0, arrayMap(n -> toInt64(0), said), old_said)"
    stood = "greatest(old_told_at, pane_start + pane_s)"
    changes = (
        f"arrayFilter(c -> c.2 != c.3, arrayZip({names}, {old}, arrayMap(n -> toInt64(n), said)))"
    )
    source = (
        f"SELECT *, arrayJoin({changes}) AS change FROM "
        f"(SELECT *, if(old_revision = 0, first_at, old_at) AS old_told_at FROM ({told})) "
        f"WHERE revision > old_revision AND told_at >= {stood} + {SETTLED_S}"
    )
    columns: list[Column] = [
        ("told_at DateTime('UTC') COMMENT 'When it was told anew, to the minute'", "told_at"),
        ("old_told_at DateTime('UTC') COMMENT 'Since when it had been told'", "old_told_at"),
        (f"cause String COMMENT {quoted(_WHY)}", _cause(database)),
        *subject_columns(),
        ("pane_start DateTime('UTC') COMMENT 'Start of the pane, event time'", "pane_start"),
        ("pane_s UInt16 COMMENT 'Length of the pane in seconds'", "pane_s"),
        ("measure String COMMENT 'What is counted; of a histogram how many'", "change.1"),
        ("old Int64 COMMENT 'What had been told'", "change.2"),
        ("new Int64 COMMENT 'What was told then'", "change.3"),
    ]
    checks = (views_arguments.grouping(groupings), views_arguments.span())
    comment = "Counts that changed after they had been told as finished"
    return create(database, Shape("restatements", columns, comment, checks), source)


def _metrics(database: str, groupings: Sequence[Grouping]) -> str:
    """A row for each metric, step and subject that says something else now than at ``as_of``."""
    asked = (
        "grouping={grouping:String}, `from`={from:String}, `to`={to:String}, "
        "step_s={step_s:UInt32}, tz={tz:String}, metric={metric:String}, "
        "filters={filters:Map(String, String)}"
    )
    key = f"metric, unit, version, step_start, step_end, local_start, {_DIMENSIONS}"

    def side(name: str, as_of: str) -> str:
        return (
            f"SELECT {key}, value AS {name}, n AS {name}_n, 1 AS {name}_is "
            f"FROM {database}.metric_values_at({asked}, as_of={as_of})"
        )

    finished = f"pane_start + pane_s + {SETTLED_S} <= {flows.AS_OF}"
    since = (
        f"SELECT {flows.LOCAL.step_start} AS step_start, {_DIMENSIONS}, max(h.told_at) AS told_at, "
        f"uniqExact(pane_start, pane_s) AS panes, "
        f"arraySort(groupUniqArray(if({finished}, {_cause(database)}, 'not_finished'))) AS causes "
        f"FROM {database}.rollups_history AS h WHERE {flows.within(flows.LOCAL)} "
        f"AND h.told_at > {flows.AS_OF} GROUP BY step_start, {_DIMENSIONS}"
    )
    source = (
        f"SELECT * FROM (SELECT * FROM ({side('old', '{as_of:String}')}) AS o "
        f"FULL JOIN ({side('new', quoted(''))}) AS n USING ({key})) AS both "
        f"LEFT JOIN ({since}) AS since USING (step_start, {_DIMENSIONS}) "
        "WHERE old IS DISTINCT FROM new OR old_n != new_n"
    )
    checks = (
        views_arguments.metric(WINDOW_METRICS),
        views_arguments.grouping(groupings),
        views_arguments.moment("as_of"),
        views_arguments.kept(flows.AS_OF),
    )
    comment = "Published figures that say something else now than they said at as_of"
    return create(database, Shape("metric_restatements", _METRIC_COLUMNS, comment, checks), source)
