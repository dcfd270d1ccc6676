"""Shares before and after a moment ``at``, for questions about change: what they read and take.

Definitions, zones, ``as_of`` and ``filters`` are those of ``metric_values_at``, and who may not see
a subject there does not see it here.
"""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.metrics import Direction, Interval
from sinks import flows, views_arguments, views_long
from sinks.flows import Frame
from sinks.formulas import strings
from sinks.questions.shape import Told
from sinks.views_shape import WINDOW_METRICS
from sinks.views_spans import named_in

#: Metrics whose observations are right or wrong, so that their chance is known.
SHARES = tuple(metric for metric in WINDOW_METRICS if metric.interval is Interval.WILSON)
_HIGHER_IS_BETTER, _LOWER_IS_BETTER = (
    strings([metric.id for metric in SHARES if metric.direction is direction])
    for direction in (Direction.HIGHER_IS_BETTER, Direction.LOWER_IS_BETTER)
)
METRIC: Told = ("metric", "String", "Which metric; see metric_definitions", "metric")
DIMS: list[Told] = [
    (name, "String", f"{name.capitalize()}; empty where not grouped by", name)
    for name in DIMENSIONS
]
_DIMENSIONS = ", ".join(DIMENSIONS)
#: What tells apart what a question is asked of.
KEY = f"metric, {_DIMENSIONS}"


def checks(groupings: Sequence[Grouping]) -> tuple[views_arguments.Check, ...]:
    """What every argument may be; ``at`` parts the range."""
    outside = f"{flows.AT} < {flows.LOCAL.start} OR {flows.AT} > {flows.LOCAL.end}"
    return (
        views_arguments.metric(SHARES),
        views_arguments.grouping(groupings),
        views_arguments.moment("from"),
        views_arguments.moment("to"),
        views_arguments.moment("at"),
        views_arguments.local_span(flows.LOCAL.start, flows.LOCAL.end),
        (outside, "at: must lie between from and to: it parts before and after"),
        views_arguments.moment("as_of", optional=True),
        views_arguments.kept(flows.AS_OF),
        views_arguments.filters(groupings),
    )


def parted(step_start: str, step_end: str) -> Frame:
    """A range with all before ``at`` as one step, and such steps after it."""
    start, end = flows.LOCAL.start, flows.LOCAL.end
    return Frame(
        start,
        end,
        f"if(pane_start < {flows.AT}, {start}, {step_start})",
        f"if(step_start < {flows.AT}, {flows.AT}, {step_end})",
    )


def read(database: str, groupings: Sequence[Grouping], frame: Frame) -> str:
    """The shares that are asked for, a row for each step; ``is_before``: that before ``at``."""
    readings = [views_long.reading(metric, groupings, "{metric:String}") for metric in SHARES]
    source = flows.window_at(database, named_in(" ".join(readings)), frame)
    rows = views_long.unfolded(readings, f"step_start, step_end, {_DIMENSIONS}", source)
    values = ", ".join(f"{sql} AS {told.split(' ', 1)[0]}" for told, sql in views_long.VALUES)
    return (
        f"SELECT step_start, step_end, step_start < {flows.AT} AS is_before, r.id AS metric, "
        f"{_DIMENSIONS}, {values} FROM ({rows})"
    )


def judged(rose: str, fell: str, otherwise: str) -> str:
    """What it means that a share rose or fell, both as SQL: better, worse, or neither."""
    higher, lower = (f"has({each}, metric)" for each in (_HIGHER_IS_BETTER, _LOWER_IS_BETTER))
    return (
        f"multiIf({rose}, multiIf({higher}, 'better', {lower}, 'worse', 'rose'), "
        f"{fell}, multiIf({higher}, 'worse', {lower}, 'better', 'fell'), {otherwise})"
    )
