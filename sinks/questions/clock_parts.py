"""What SLA clocks count for, item by item, out of the ledger: as ``streams.core.attainment`` does.

A step that was told more than an hour after it happened may lie in the quarter of an hour around
it in the rows, so both are equal over ranges of whole quarters.
"""

from schemas.groupings import Grouping
from schemas.measures import BY_NAME
from schemas.metrics import Metric
from schemas.metrics.declaration import SLA_ACTIVATE
from sinks.present import CLOCK_PLACE, STEP_RANK

_CLOCK = "org, source, project, item_id, policy, cycle"
_ORDERED = f"PARTITION BY {_CLOCK} ORDER BY at, elapsed_ms + paused_ms, {STEP_RANK}, n"
_BEFORE = f"({_ORDERED} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
#: Steps that tell how long the clock has run and been paused.
_SETTLES = "kind IN ('pause', 'resume', 'fulfil', 'cancel')"

#: By measure, what a step adds to it.
_COUNTS = {
    "sla_activated": "kind = 'activate'",
    "sla_at_risk": "kind = 'at_risk'",
    "sla_breached": "kind = 'breach'",
    "sla_breached_cancelled": "kind = 'breach' AND cancelled",
    "sla_fulfilled": "kind = 'fulfil' AND NOT breached",
    "sla_fulfilled_late": "kind = 'fulfil' AND breached",
    "sla_cancelled": "kind = 'cancel' AND cause = 'cancel'",
    "sla_superseded": "kind = 'cancel' AND cause != 'cancel'",
    "sla_overdue_ms": "if(kind = 'fulfil' AND breached, greatest(0, elapsed_ms - target_ms), 0)",
    "sla_elapsed_ms": f"if({_SETTLES}, elapsed_ms - ifNull(elapsed_before, 0), 0)",
    "sla_paused_ms": f"if({_SETTLES}, paused_ms - ifNull(paused_before, 0), 0)",
}


def counts_clocks(metric: Metric) -> bool:
    """Whether a metric is made of SLA clocks."""
    return SLA_ACTIVATE in metric.needs


def may_be_by(metric: Metric, grouping: Grouping) -> bool:
    """Whether what is behind a metric can be told by a grouping."""
    known = not counts_clocks(metric) or CLOCK_PLACE.issuperset(grouping.dimensions)
    return known and metric.makes_sense_by(grouping.dimensions)


def parts(database: str, start_s: str, end_s: str) -> str:
    """A row for each step of a clock in the range (SQL, UTC s): its place, pane and counts."""
    table = f"{database}.sla_ledger FINAL"
    at_s = "intDiv(toUnixTimestamp64Milli(at), 60000) * 60"
    of_range = f"{at_s} >= {start_s} AND {at_s} < {end_s}"
    true = "holds AND contract = 'SLA' AND kind != 'breach_withdrawn'"
    item = "(org, source, project, item_id)"
    steps = (
        f"SELECT *, {at_s} AS start_s, max(kind = 'cancel' AND cause = 'cancel') "
        f"OVER (PARTITION BY {_CLOCK}) AS cancelled, "
        f"anyLast(if({_SETTLES}, elapsed_ms, NULL)) OVER {_BEFORE} AS elapsed_before, "
        f"anyLast(if({_SETTLES}, paused_ms, NULL)) OVER {_BEFORE} AS paused_before "
        f"FROM {table} WHERE {true} AND {item} IN (SELECT {item} FROM {table} "
        f"WHERE {true} AND {of_range})"
    )
    counted = ", ".join(
        f"(toUInt32({BY_NAME[name].key}), toInt64({sql}))" for name, sql in _COUNTS.items()
    )
    return (
        "SELECT org, source, project, item_id, toString(queue) AS queue, toString(team) AS team, "
        f"toUInt32(start_s) AS start_s, arrayFilter(c -> c.2 != 0, [{counted}]) AS counts "
        f"FROM ({steps}) WHERE start_s >= {start_s} AND start_s < {end_s}"
    )
