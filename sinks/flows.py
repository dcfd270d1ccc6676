"""Sums of the rollups as SQL: every measure by subject and step, under its own name.

Parameters of the query: ``grouping``, ``from``, ``to`` and ``step_s``; 0 is one step for all.
"""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS
from schemas.measures import MEASURES, Kind
from schemas.metrics.declaration import SLA_ACTIVATE
from sinks.ddl import quoted

#: The event types that leave a trace in the rollups, and the trace; of others nothing is said.
_TRACES: dict[str, str] = {
    "item.queued": "sum(arrived) + sum(requeued)",
    "item.submitted": "sum(submitted)",
    "item.completed": "sum(completed)",
    "item.skipped": "sum(skipped)",
    "review.decided": "sum(reviewed)",
    "presence.changed": "sum(productive_ms)",
    "item.claimed": "sum(claimed)",
    "assignment.expired": "sum(expired)",
    "golden.answered": "sum(golden_n)",
    SLA_ACTIVATE: "sum(sla_activated)",
}
_UNTRACED = ("item.created", "work.started")

_DIMENSIONS = ", ".join(DIMENSIONS)
_FROM, _TO, _STEP_S = "{from:DateTime('UTC')}", "{to:DateTime('UTC')}", "{step_s:UInt32}"
_OF_GROUPING = "grouping = {grouping:String}"
_STEP_START = (
    f"if({_STEP_S} = 0, {_FROM}, {_FROM} + intDiv(toUnixTimestamp(pane_start) "
    f"- toUnixTimestamp({_FROM}), greatest({_STEP_S}, 1)) * {_STEP_S})"
)


def seen_events(database: str) -> str:
    """A view of the event types that this floor ever sent, as far as counts can tell."""
    traced = ", ".join(f"if({trace} > 0, '{name}', '')" for name, trace in _TRACES.items())
    untraced = ", ".join(f"'{name}'" for name in _UNTRACED)
    comment = "A count of something that was never sent is unknown, not zero"
    about = "Event types that came at least once; those that leave no trace are always listed"
    return (
        f"CREATE OR REPLACE VIEW {database}.seen_events "
        f"(types Array(String) COMMENT {quoted(about)}) AS "
        f"SELECT arrayFilter(name -> name != '', [{untraced}, {traced}]) AS types "
        f"FROM {database}.rollups WHERE grouping = 'all' COMMENT {quoted(comment)}"
    )


def _measures() -> str:
    """Every measure merged; the table's alias keeps the sums from meaning themselves."""
    return ", ".join(
        f"{'sumMap' if measure.kind is Kind.HISTOGRAM else 'sum'}(r.{measure.name}) "
        f"AS {measure.name}"
        for measure in MEASURES
    )


def _rows(database: str) -> str:
    return (
        f"FROM {database}.rollups AS r FINAL WHERE {_OF_GROUPING} "
        f"AND pane_start >= {_FROM} AND pane_start < {_TO}"
    )


def whole(database: str) -> str:
    """The sums of the whole range, by subject."""
    return f"SELECT {_DIMENSIONS}, {_measures()} {_rows(database)} GROUP BY {_DIMENSIONS}"


def window(database: str) -> str:
    """The sums of each step with its length, the grouping, and what was ever seen."""
    end = f"if({_STEP_S} = 0, {_TO}, least({_TO}, step_start + {_STEP_S}))"
    return (
        f"SELECT *, toInt64(dateDiff('second', step_start, {end})) * 1000 AS span_ms, "
        f"{{grouping:String}} AS grouping, (SELECT types FROM {database}.seen_events) AS seen "
        f"FROM (SELECT {_STEP_START} AS step_start, {_DIMENSIONS}, {_measures()} "
        f"{_rows(database)} GROUP BY step_start, {_DIMENSIONS})"
    )


def window_with_levels(database: str, states: Sequence[str]) -> str:
    """The same, and how many items were in each state at the end of each step.

    A level is the sum of all changes up to then, so it needs the whole history of the subject.
    """
    before = ", ".join(f"sum(r.{state}_delta) AS {state}_before" for state in states)
    levels = ", ".join(
        f"{state}_before + sum({state}_delta) OVER (PARTITION BY {_DIMENSIONS} "
        f"ORDER BY step_start) AS {state}_at_end"
        for state in states
    )
    return (
        f"SELECT *, {levels} FROM ({window(database)}) AS steps LEFT JOIN "
        f"(SELECT {_DIMENSIONS}, {before} FROM {database}.rollups AS r FINAL "
        f"WHERE {_OF_GROUPING} AND pane_start < {_FROM} GROUP BY {_DIMENSIONS}) AS history "
        f"USING ({_DIMENSIONS})"
    )
