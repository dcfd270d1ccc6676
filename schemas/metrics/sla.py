"""What was promised and kept: numbers 26 to 30 and 32 to 34.

All count clocks of contracts of type SLA, of every such policy together; a single policy's numbers
are in the ledger. Nothing is known until a clock has started (``sla.activate``): a floor without
policies has no attainment, and not a perfect one.
"""

from schemas.metrics.declaration import SLA_ACTIVATE, Direction, Metric, Unit
from schemas.metrics.formulas import (
    Amount,
    DueSoon,
    Foresight,
    Formula,
    Ratio,
    Share,
    Sum,
    total,
)

_JUDGED = total("sla_fulfilled", "sla_breached")
_ENDED = total("sla_fulfilled", "sla_fulfilled_late", "sla_cancelled", "sla_superseded")
#: Bad shares are compared with what an objective of 95 % allows: one in twenty.
_BURN_OBJECTIVE_TIMES = 20


def _promise(name: str, title: str, formula: Formula, number: int, caveat: str) -> Metric:
    """A metric of clocks; shares and counts of good ones are better high, of bad ones low."""
    unit, direction = _KINDS[name]
    return Metric(
        id=name,
        number=number,
        title=title,
        formula=formula,
        unit=unit,
        direction=direction,
        needs=(SLA_ACTIVATE,),
        source=_SOURCES[number],
        caveat=caveat,
    )


_STOPPED, _HANDLE_MS, _HANDLED = (
    total("sla_fulfilled", "sla_fulfilled_late"),
    total("handle_ms"),
    total("handled"),
)
_SOURCES = {
    26: "Amazon Connect: service level",
    27: "ServiceNow, Zendesk: SLA attainment",
    28: "Jira: breachTime",
    29: "Zendesk, Jira: at risk",
    30: "Google SRE workbook: burn rate",
    32: "Ours: deadlines in their order, at the pace of the window",
    33: "Ours, for queues that are worked off; where people wait for work use Erlang C",
    34: "Zendesk: pause events",
}
_KINDS = {
    "service_level": (Unit.FRACTION, Direction.HIGHER_IS_BETTER),
    "service_level_resolved": (Unit.FRACTION, Direction.HIGHER_IS_BETTER),
    "sla_attainment": (Unit.FRACTION, Direction.HIGHER_IS_BETTER),
    "sla_breaches": (Unit.ITEMS, Direction.LOWER_IS_BETTER),
    "sla_overdue_mean": (Unit.MINUTES, Direction.LOWER_IS_BETTER),
    "sla_came_at_risk": (Unit.ITEMS, Direction.LOWER_IS_BETTER),
    "at_risk": (Unit.ITEMS, Direction.LOWER_IS_BETTER),
    "time_to_breach": (Unit.MINUTES, Direction.HIGHER_IS_BETTER),
    "breaches_ahead": (Unit.ITEMS, Direction.LOWER_IS_BETTER),
    "people_needed": (Unit.PEOPLE, Direction.LOWER_IS_BETTER),
    "people_needed_for": (Unit.MINUTES, Direction.LOWER_IS_BETTER),
    "sla_burn_rate_95": (Unit.TIMES, Direction.LOWER_IS_BETTER),
    "sla_pause_share": (Unit.FRACTION, Direction.LOWER_IS_BETTER),
}

SLA: tuple[Metric, ...] = (
    _promise(
        "service_level",
        "Resolved in time, of what was due or resolved",
        Share(total("sla_fulfilled"), _JUDGED),
        26,
        "Each clock counts once: when it is fulfilled in time, else at its deadline, where an open "
        "item is bad for good, even if it is cancelled later.",
    ),
    _promise(
        "service_level_resolved",
        "Resolved in time, of what was resolved",
        Share(total("sla_fulfilled"), total("sla_fulfilled", "sla_fulfilled_late")),
        26,
        "Looks best while overdue items are left lying: they count when they are resolved.",
    ),
    _promise(
        "sla_attainment",
        "Fulfilled, of fulfilled and breached",
        Share(
            total("sla_fulfilled"),
            Sum(("sla_fulfilled", "sla_breached"), ("sla_breached_cancelled",)),
        ),
        27,
        "Cancelled clocks are out, also those that had breached: compare with service_level.",
    ),
    _promise(
        "sla_breaches",
        "Breaches",
        Amount(total("sla_breached"), total("sla_breached")),
        28,
        "At their deadlines; what a late event withdraws is gone from there.",
    ),
    _promise(
        "sla_overdue_mean",
        "How late the late ones were",
        Ratio(
            total("sla_overdue_ms"),
            total("sla_fulfilled_late"),
            total("sla_fulfilled_late"),
            by=60_000,
        ),
        28,
        "In the calendar's time, of clocks stopped late; those still open are not in it.",
    ),
    _promise(
        "sla_came_at_risk",
        "Clocks that came at risk",
        Amount(total("sla_at_risk"), total("sla_at_risk")),
        29,
        "By the share of the target that the policy names, when it had burned.",
    ),
    _promise(
        "at_risk",
        "Clocks at risk: who begins on one now may be late",
        DueSoon("handle_hist", 0.9),
        29,
        "Running clocks due within the window's p90 of handle time, known to the minute; what "
        "has breached is not at risk any more.",
    ),
    _promise(
        "time_to_breach",
        "Time to the next breach at the present pace",
        Foresight("next_breach", _STOPPED, _HANDLE_MS, _HANDLED),
        32,
        "Clocks served in the order of their deadlines, as many an hour as were stopped in the "
        "window; what has breached already waits. Unknown with no_breach when all will be met.",
    ),
    _promise(
        "breaches_ahead",
        "Running clocks that will breach at the present pace",
        Foresight("breaches", _STOPPED, _HANDLE_MS, _HANDLED),
        32,
        "If nothing changes and nothing comes; deadlines within this minute are not among them.",
    ),
    _promise(
        "people_needed",
        "People needed to keep what can still be kept",
        Foresight("people", _STOPPED, _HANDLE_MS, _HANDLED),
        33,
        "In all, not in addition, each at the window's mean handle time and 85 % of the time at "
        "work on items; people_needed_for says how long.",
    ),
    _promise(
        "people_needed_for",
        "How long they are needed",
        Foresight("people_for", _STOPPED, _HANDLE_MS, _HANDLED),
        33,
        "Up to the deadline that asks for the fastest pace; fewer will do afterwards.",
    ),
    _promise(
        "sla_burn_rate_95",
        "How fast the error budget of 95 % burns",
        Ratio(total("sla_breached"), _JUDGED, _JUDGED, times=_BURN_OBJECTIVE_TIMES),
        30,
        "1 uses the budget up exactly; 20 is the most there can be. Rules name other objectives.",
    ),
    _promise(
        "sla_pause_share",
        "Paused, of the time on the clock",
        Ratio(
            total("sla_paused_ms"),
            total("sla_paused_ms", "sla_elapsed_ms"),
            _ENDED,
        ),
        34,
        "Booked when a clock pauses, goes on or ends; rising without a reason is gaming.",
    ),
)
