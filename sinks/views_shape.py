"""What views have in common: which metrics there are, columns with comments, CREATE VIEW."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.groupings import DIMENSIONS
from schemas.metrics import METRICS, Metric
from schemas.metrics.formulas import PRESENT, PROMISED
from sinks import views_arguments
from sinks.ddl import quoted

VALUE = "Nullable(Float64)"
#: A column: its declaration (name, type, comment), and the expression that fills it.
Column = tuple[str, str]
STEP: Column = ("step_start DateTime('UTC') COMMENT 'Start of the step, event time'", "step_start")


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
class Shape:
    """A view but for where it reads: its name, columns, what it is, and what its arguments are."""

    name: str
    columns: Sequence[Column]
    comment: str
    checks: Sequence[views_arguments.Check] = ()


def subject_columns() -> list[Column]:
    """The dimensions, as every view has them."""
    return [
        (f"{name} String COMMENT '{name.capitalize()}; empty where not grouped by'", name)
        for name in DIMENSIONS
    ]


def create(database: str, shape: Shape, source: str) -> str:
    """``CREATE VIEW`` with a comment on it and on each column."""
    declared = ", ".join(declaration for declaration, _ in shape.columns)
    selected = ", ".join(
        f"{value} AS {declaration.split(' ', 1)[0]}" for declaration, value in shape.columns
    )
    where = f" WHERE {views_arguments.condition(shape.checks)}" if shape.checks else ""
    return (
        f"CREATE OR REPLACE VIEW {database}.{shape.name} ({declared}) AS "
        f"SELECT {selected} FROM ({source}){where} COMMENT {quoted(shape.comment)}"
    )
