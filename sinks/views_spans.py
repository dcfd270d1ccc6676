"""Rows to sum over, as SQL: whole hours and days where they are true, panes for all the rest.

What is true is decided once for a query, in a scalar subquery, which the engine works out once
however often it stands there. Panes are written first: their snapshot is taken before that
decision and the one of the sums after it, so no sum is older than what it is trusted for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.groupings import DIMENSIONS, PERSONS
from schemas.measures import MEASURES, Measure
from sinks.ddl_spans import DAY_S, HOUR_S

_DIMENSIONS = ", ".join(DIMENSIONS)
_SPAN_DIMENSIONS = ", ".join(f"'' AS {name}" if name in PERSONS else name for name in DIMENSIONS)
_EVER = "toDateTime('1970-01-01 00:00:00', 'UTC')"
_NEVER = "toDateTime('2106-01-01 00:00:00', 'UTC')"


def named_in(sql: str) -> tuple[Measure, ...]:
    """The measures that an expression is made of."""
    words = set(re.findall(r"\w+", sql))
    return tuple(measure for measure in MEASURES if measure.name in words)


@dataclass(frozen=True, slots=True)
class Range:
    """Which rows: of one grouping (SQL), from ``start`` to before ``end`` (SQL, UTC).

    ``step`` is the start of the step in which a pane is, as SQL of ``pane_start``: a span that
    lies in two steps is not used. Only ``measures`` are read: an engine takes longer to understand
    a query of many columns than to answer it.
    """

    grouping: str
    measures: Sequence[Measure] = MEASURES
    start: str = _EVER
    end: str = _NEVER
    step: str = "0"

    @property
    def panes(self) -> str:
        """The condition that a pane is one of these."""
        return (
            f"grouping = {self.grouping} AND pane_start >= {self.start} AND pane_start < {self.end}"
        )

    def _step_of(self, moment: str) -> str:
        return self.step.replace("pane_start", f"({moment})")

    def decided(self, database: str) -> str:
        """(days, hours, other hours of which there are panes), the first two to be summed from."""
        usable = (
            f"sum(t.touched) = max(t.done) AND span_start >= {self.start} "
            f"AND span_start + span_s <= {self.end} "
            f"AND {self._step_of('span_start')} = {self._step_of('span_start + span_s - 60')}"
        )
        spans = (
            f"SELECT span_s, span_start, {usable} AS usable FROM {database}.rollups_touched AS t "
            f"WHERE grouping = {self.grouping} AND span_start >= toStartOfDay({self.start}) "
            f"AND span_start < {self.end} GROUP BY span_s, span_start"
        )
        outside = "NOT has(days, toStartOfDay(hour))"
        return (
            f"(SELECT (days, arrayFilter(hour -> {outside}, hours), "
            f"arrayFilter(hour -> {outside}, others)) FROM (SELECT "
            f"groupArrayIf(span_start, span_s = {DAY_S} AND usable) AS days, "
            f"groupArrayIf(span_start, span_s = {HOUR_S} AND usable) AS hours, "
            f"groupArrayIf(span_start, span_s = {HOUR_S} AND NOT usable) AS others "
            f"FROM ({spans})))"
        )


def rows(database: str, chosen: Range, condition: str = "1") -> str:
    """The rows to sum over, behind FROM: dimensions, ``pane_start`` and all measures.

    Who may not see what is true sees nothing of it, and reads all from panes.
    """
    names = ", ".join(measure.name for measure in chosen.measures)
    days, hours, others = (f"tupleElement(decided, {at})" for at in (1, 2, 3))
    panes = (
        f"SELECT {_DIMENSIONS}, pane_start, {names} FROM {database}.rollups FINAL "
        f"WHERE {chosen.panes} AND {condition} AND ((empty({days}) AND empty({hours})) "
        f"OR toStartOfHour(pane_start) IN {others})"
    )
    spans = (
        f"SELECT {_SPAN_DIMENSIONS}, span_start AS pane_start, {names} "
        f"FROM {database}.rollups_spans FINAL WHERE grouping = {chosen.grouping} AND {condition} "
        f"AND ((span_s = {DAY_S} AND span_start IN {days}) "
        f"OR (span_s = {HOUR_S} AND span_start IN {hours}))"
    )
    return f"(WITH {chosen.decided(database)} AS decided {panes} UNION ALL {spans}) AS r"
