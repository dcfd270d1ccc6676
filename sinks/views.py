"""The views that analysts ask, made from the metric declarations.

Every view takes ``grouping``, ``from``, ``to`` and, but for ``backlog_now`` and ``promises_now``,
``step_s`` (0: one row for the whole range)::

    SELECT * FROM ops.throughput(grouping='queue', from='2026-03-01 00:00:00',
                                 to='2026-03-02 00:00:00', step_s=3600)

A view reads the rows as they are now, with FINAL, so a restated pane is in the next answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.groupings import DEFAULT_GROUPINGS, DIMENSIONS, Grouping
from schemas.metrics import METRICS, Interval, Metric
from schemas.metrics.formulas import PRESENT, PROMISED
from schemas.readings import NOT_APPLICABLE
from sinks import flows, present, small_groups
from sinks.ddl import quoted
from sinks.formulas import expression

_DIMENSIONS = ", ".join(DIMENSIONS)
_VALUE = "Nullable(Float64)"


def looks_at_present(metric: Metric) -> bool:
    """Whether a metric needs gauges and not only counts of the window."""
    return isinstance(metric.formula, PRESENT)


def view_of_present(metric: Metric) -> str:
    """The view that has a metric which looks at the present."""
    return "promises_now" if isinstance(metric.formula, PROMISED) else "backlog_now"


WINDOW_METRICS = tuple(metric for metric in METRICS if not looks_at_present(metric))
PRESENT_METRICS = tuple(metric for metric in METRICS if looks_at_present(metric))
BACKLOG_NOW = tuple(each for each in PRESENT_METRICS if view_of_present(each) == "backlog_now")
PROMISES_NOW = tuple(each for each in PRESENT_METRICS if view_of_present(each) == "promises_now")


@dataclass(frozen=True, slots=True)
class View:
    """One question over time: its name, what it answers, and the numbers of its metrics."""

    name: str
    comment: str
    numbers: tuple[int, ...]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the window that answer it."""
        return tuple(metric for metric in WINDOW_METRICS if metric.number in self.numbers)


VIEWS: tuple[View, ...] = (
    View("throughput", "How much was done, per hour", (1, 2, 3, 4, 5, 6, 7, 8, 9)),
    View("aht", "What it cost in time: handle, active and flow", (10, 11, 12, 13, 17, 18, 19)),
    View("backlog", "Waits, drain, and what stood at the end of each step", (23, 24, 31, 35)),
    View("sla", "Promises kept and broken", (26, 27, 28, 29, 30, 34)),
    View("review_yield", "What reviewers made of the work", (7, 52, 53)),
    View("quality", "How right the answers to golden items were", (36, 37, 38)),
)


def statements(database: str, groupings: Sequence[Grouping] = DEFAULT_GROUPINGS) -> list[str]:
    """What puts every view in place; each statement can be run again."""
    return [
        flows.seen_events(database),
        *(_over_time(database, view, groupings) for view in VIEWS),
        _backlog_now(database, groupings),
        _promises_now(database, groupings),
        _metric_values(database, groupings),
        _metric_definitions(database),
        *small_groups.statements(database, groupings),
    ]


def _columns(metrics: Sequence[Metric], groupings: Sequence[Grouping]) -> list[tuple[str, str]]:
    """The columns of some metrics, each as its declaration and its expression."""
    columns = []
    for metric in metrics:
        sql = expression(metric, groupings)
        about = f"{metric.title}, {metric.unit}. {metric.caveat}"
        parts = [("", _VALUE, sql.value, about), ("_n", "Int64", sql.n, "observations behind it")]
        if metric.interval is Interval.WILSON:
            parts.append(("_low", _VALUE, sql.low, "lower end of the 95 % Wilson interval"))
            parts.append(("_high", _VALUE, sql.high, "upper end of the 95 % Wilson interval"))
        for suffix, kind, value, comment in parts:
            text = comment if not suffix else f"{metric.id}: {comment}"
            columns.append((f"{metric.id}{suffix} {kind} COMMENT {quoted(text)}", value))
    return columns


def _subject_columns() -> list[tuple[str, str]]:
    return [
        (f"{name} String COMMENT '{name.capitalize()}; empty where not grouped by'", name)
        for name in DIMENSIONS
    ]


_STEP = ("step_start DateTime('UTC') COMMENT 'Start of the step, event time'", "step_start")


def _create(
    database: str, name: str, columns: Sequence[tuple[str, str]], source: str, comment: str
) -> str:
    """``CREATE VIEW`` with a comment on it and on each column."""
    declared = ", ".join(declaration for declaration, _ in columns)
    selected = ", ".join(
        f"{value} AS {declaration.split(' ', 1)[0]}" for declaration, value in columns
    )
    return (
        f"CREATE OR REPLACE VIEW {database}.{name} ({declared}) AS "
        f"SELECT {selected} FROM ({source}) COMMENT {quoted(comment)}"
    )


def _over_time(database: str, view: View, groupings: Sequence[Grouping]) -> str:
    columns = [_STEP, *_subject_columns(), *_columns(view.metrics, groupings)]
    source = flows.window(database)
    if view.name == "backlog":
        levels = ("waiting", "in_work", "in_review", "open")
        columns += [
            (f"{name}_at_end Int64 COMMENT 'Items {name} at the end of the step'", f"{name}_at_end")
            for name in levels
        ]
        source = flows.window_with_levels(database, levels)
    return _create(database, view.name, columns, source, view.comment)


def _backlog_now(database: str, groupings: Sequence[Grouping]) -> str:
    columns = [*_subject_columns(), *_columns(BACKLOG_NOW, groupings)]
    source = _beside_flows(database, present.gauges(database, groupings))
    comment = "Items as they stand, aged to the end of the range; drain over the range"
    return _create(database, "backlog_now", columns, source, comment)


def _promises_now(database: str, groupings: Sequence[Grouping]) -> str:
    columns = [*_subject_columns(), *_columns(PROMISES_NOW, groupings)]
    names = [grouping.name for grouping in present.clocked(groupings)]
    source = f"{_beside_flows(database, present.clocks(database, groupings))} "
    source += f"WHERE {present.is_of(names)}"
    comment = "SLA clocks that run, as seen from the end of the range; the pace is the range's"
    return _create(database, "promises_now", columns, source, comment)


def _beside_flows(database: str, now: str) -> str:
    """The sums of the range beside what stands now, by subject."""
    return (
        f"SELECT *, {{grouping:String}} AS grouping, "
        f"(SELECT types FROM {database}.seen_events) AS seen, "
        "toInt64(dateDiff('second', {from:DateTime('UTC')}, {to:DateTime('UTC')})) * 1000 "
        f"AS span_ms FROM ({flows.whole(database)}) AS flows "
        f"FULL JOIN ({now}) AS now USING ({_DIMENSIONS})"
    )


def _metric_values(database: str, groupings: Sequence[Grouping]) -> str:
    """Every metric of the window in one shape: a row for each metric, step and subject."""
    rows = []
    for metric in WINDOW_METRICS:
        sql = expression(metric, groupings)
        rows.append(
            f"CAST(('{metric.id}', {sql.value}, {sql.low}, {sql.high}, {sql.n}, {sql.cause}), "
            f"'Tuple(String, {_VALUE}, {_VALUE}, {_VALUE}, Int64, Nullable(String))')"
        )
    columns = [
        ("metric String COMMENT 'Which metric; see metric_definitions'", "reading.1"),
        _STEP,
        *_subject_columns(),
        (f"value {_VALUE} COMMENT 'Its value; NULL is unknown, never zero'", "reading.2"),
        (f"low {_VALUE} COMMENT 'Lower end of the 95 % interval'", "reading.3"),
        (f"high {_VALUE} COMMENT 'Upper end of the 95 % interval'", "reading.4"),
        ("n Int64 COMMENT 'Observations behind it'", "reading.5"),
        ("cause Nullable(String) COMMENT 'Why there is no value'", "reading.6"),
    ]
    source = (
        f"SELECT step_start, {_DIMENSIONS}, arrayJoin([{', '.join(rows)}]) AS reading "
        f"FROM ({flows.window(database)})"
    )
    source = f"SELECT * FROM ({source}) WHERE ifNull(reading.6, '') != '{NOT_APPLICABLE}'"
    return _create(database, "metric_values", columns, source, "Any metric by any grouping")


_DEFINITION: tuple[tuple[str, str, str], ...] = (
    ("id", "String", "Name of the metric and of its columns"),
    ("number", "UInt16", "Its row in the design's table of metrics"),
    ("version", "UInt16", "Counts up when the formula changes"),
    ("title", "String", "What to call it"),
    ("unit", "String", "What a value is counted in"),
    ("direction", "String", "Which way is good news"),
    ("interval", "String", "Kind of interval that comes with it"),
    ("needs", "String", "Event types without which it is unknown; a|b is either"),
    ("min_n", "UInt16", "With fewer observations the value is withheld"),
    ("source", "String", "Where the definition comes from"),
    ("caveat", "String", "What to know before using it"),
)


def _metric_definitions(database: str) -> str:
    """What each metric means, where the numbers are."""
    rows = ", ".join(
        "(" + ", ".join(_literal(getattr(metric, name)) for name, _, _ in _DEFINITION) + ")"
        for metric in METRICS
    )
    kinds = ", ".join(f"{name} {kind}" for name, kind, _ in _DEFINITION)
    columns = [(f"{name} {kind} COMMENT {quoted(text)}", name) for name, kind, text in _DEFINITION]
    source = f"SELECT * FROM values({quoted(kinds)}, {rows})"
    return _create(database, "metric_definitions", columns, source, "What every metric means")


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(" and ".join(value) if isinstance(value, tuple) else str(value))
