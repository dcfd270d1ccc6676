"""The views that analysts ask, made from the metric declarations.

Every view takes ``grouping``, ``from``, ``to`` and, but for ``backlog_now`` and ``promises_now``,
``step_s`` (0: one row for the whole range)::

    SELECT * FROM ops.throughput(grouping='queue', from='2026-03-01 00:00:00',
                                 to='2026-03-02 00:00:00', step_s=3600)

A view reads the rows as they are now, with FINAL, so a restated pane is in the next answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import Measure
from schemas.metrics import METRICS, Interval, Metric
from sinks import (
    flows,
    present,
    questions,
    small_groups,
    views_arguments,
    views_columns,
    views_long,
    views_restated,
)
from sinks.ddl import quoted
from sinks.formulas import expression, knowable
from sinks.views_shape import (
    BACKLOG_NOW,
    PRESENT_METRICS,
    PROMISES_NOW,
    STEP,
    VALUE,
    WINDOW_METRICS,
    Column,
    Shape,
    create,
    looks_at_present,
    subject_columns,
    view_of_present,
)
from sinks.views_spans import named_in

__all__ = [
    "BACKLOG_NOW",
    "PRESENT_METRICS",
    "PROMISES_NOW",
    "VIEWS",
    "WINDOW_METRICS",
    "View",
    "looks_at_present",
    "statements",
    "view_of_present",
]


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
        *views_long.statements(database, groupings),
        _metric_definitions(database),
        *views_restated.statements(database, groupings),
        *small_groups.statements(database, groupings),
        *questions.statements(database, groupings),
        views_columns.statement(database),
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """Columns of metrics, and by its name the condition under which some of them are known.

    A condition is written once and not once for each metric: an engine takes longer to understand
    a long query than to answer it.
    """

    columns: list[Column]
    conditions: dict[str, str]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that the columns are made of."""
        return named_in(" ".join(value for _, value in self.columns))


def _told(metrics: Sequence[Metric], groupings: Sequence[Grouping]) -> Told:
    """The columns of some metrics, each as its declaration and its expression."""
    columns, names = [], dict[str, str]()
    for metric in metrics:
        condition = knowable(metric, groupings)
        sql = expression(metric, names.setdefault(condition, f"known_{len(names)}"))
        about = f"{metric.title}, {metric.unit}. {metric.caveat}"
        parts = [("", VALUE, sql.value, about), ("_n", "Int64", sql.n, "observations behind it")]
        if metric.interval is Interval.WILSON:
            parts.append(("_low", VALUE, sql.low, "lower end of the 95 % Wilson interval"))
            parts.append(("_high", VALUE, sql.high, "upper end of the 95 % Wilson interval"))
        for suffix, kind, value, comment in parts:
            text = comment if not suffix else f"{metric.id}: {comment}"
            columns.append((f"{metric.id}{suffix} {kind} COMMENT {quoted(text)}", value))
    return Told(columns, {name: condition for condition, name in names.items()})


def _over_time(database: str, view: View, groupings: Sequence[Grouping]) -> str:
    checks = (
        views_arguments.grouping(groupings), views_arguments.span(), views_arguments.step()
    )  # fmt: skip
    told = _told(view.metrics, groupings)
    columns, measures = [STEP, *subject_columns(), *told.columns], told.measures
    source = flows.window(database, measures, told.conditions)
    if view.name == "backlog":
        levels = ("waiting", "in_work", "in_review", "open")
        columns += [
            (f"{name}_at_end Int64 COMMENT 'Items {name} at the end of the step'", f"{name}_at_end")
            for name in levels
        ]
        source = flows.window_with_levels(database, measures, levels, told.conditions)
    return create(database, Shape(view.name, columns, view.comment, checks), source)


def _backlog_now(database: str, groupings: Sequence[Grouping]) -> str:
    placed = present.placed(groupings)
    checks = (views_arguments.grouping(placed), views_arguments.span())
    told = _told(BACKLOG_NOW, placed)
    columns, now = [*subject_columns(), *told.columns], present.gauges(database, groupings)
    source = present.beside_flows(database, now, told.measures, told.conditions)
    comment = "Items as they stand, aged to the end of the range; drain over the range"
    return create(database, Shape("backlog_now", columns, comment, checks), source)


def _promises_now(database: str, groupings: Sequence[Grouping]) -> str:
    clocked = present.clocked(groupings)
    checks = (views_arguments.grouping(clocked), views_arguments.span())
    told = _told(PROMISES_NOW, clocked)
    columns, now = [*subject_columns(), *told.columns], present.clocks(database, groupings)
    source = present.beside_flows(database, now, told.measures, told.conditions)
    comment = "SLA clocks that run, as seen from the end of the range; the pace is the range's"
    return create(database, Shape("promises_now", columns, comment, checks), source)


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
    shape = Shape("metric_definitions", columns, "What every metric means")
    return create(database, shape, source)


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(" and ".join(value) if isinstance(value, tuple) else str(value))
