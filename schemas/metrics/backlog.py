"""What waits, and for how long: numbers 20 to 25, 31, 32 and 35."""

from schemas.metrics.declaration import PLACE, WORK, Direction, Metric, Unit
from schemas.metrics.formulas import (
    Age,
    Clearing,
    Formula,
    Level,
    LevelShare,
    PerHour,
    Quantile,
    Share,
    Sum,
    Survival,
    total,
)

_QUEUED = "item.queued|item.created|snapshot.backlog"
_CLAIMED = "item.claimed|item.assigned"


def _level(gauge: str, title: str) -> Metric:
    return Metric(
        id=f"backlog_{gauge}",
        number=20,
        title=title,
        formula=Level(gauge),
        unit=Unit.ITEMS,
        direction=Direction.LOWER_IS_BETTER,
        needs=(_QUEUED,),
        source="Label Studio Enterprise: Remaining tasks by state",
        caveat="A present count, not a sum over the window.",
    )


def _aged(percent: int) -> Metric:
    return Metric(
        id=f"waiting_aged_{percent}_share",
        number=22,
        title=f"Waiting longer than {percent} % of the time allowed",
        formula=LevelShare(f"waiting_aged_{percent}", "waiting_with_due"),
        unit=Unit.FRACTION,
        direction=Direction.LOWER_IS_BETTER,
        needs=(_QUEUED,),
        source="Jira: remainingTime",
        caveat="Of the waiting items that have a due time; time allowed = due - queued.",
    )


def _wait(name: str, title: str, formula: Formula, number: int, min_n: int) -> Metric:
    needs = {
        23: ("item.queued", _CLAIMED),
        24: ("item.created", "item.completed"),
        25: ("item.created", "item.completed"),
    }
    caveats = {
        23: "First and last claim are two metrics: the last one grows with every hand-over.",
        24: "Finished items only, so it looks best when the old ones are stuck; see 25.",
        25: "Open items count with their age, known to a quarter of an hour.",
    }
    return Metric(
        id=name,
        number=number,
        title=title,
        formula=formula,
        unit=Unit.SECONDS,
        direction=Direction.LOWER_IS_BETTER,
        needs=needs[number],
        dimensions=WORK if number == 23 else PLACE,
        min_n=min_n,
        source={
            23: "Amazon Connect: queue answer time; coop #380",
            24: "Coop: getTimeToAction; DSA Art. 15",
            25: "Kaplan and Meier 1958",
        }[number],
        caveat=caveats[number],
    )


BACKLOG: tuple[Metric, ...] = (
    _level("waiting", "Items waiting"),
    _level("in_work", "Items in work"),
    _level("in_review", "Items in review"),
    _level("open", "Items open"),
    Metric(
        id="oldest_waiting_age",
        number=21,
        title="Age of the oldest waiting item",
        formula=Age("oldest_waiting_ms", "waiting"),
        unit=Unit.SECONDS,
        direction=Direction.LOWER_IS_BETTER,
        needs=(_QUEUED,),
        source="Amazon Connect: Maximum queued time; coop #1287",
        caveat="Since it was last queued; unknown when nothing waits.",
    ),
    _aged(50),
    _aged(80),
    _aged(100),
    _wait(
        "time_to_first_claim_p50",
        "Time to first claim p50",
        Quantile("claim_first_hist", 0.5),
        23,
        2,
    ),
    _wait(
        "time_to_first_claim_p90",
        "Time to first claim p90",
        Quantile("claim_first_hist", 0.9),
        23,
        10,
    ),
    _wait(
        "time_to_last_claim_p50",
        "Time to last claim p50",
        Quantile("claim_last_hist", 0.5),
        23,
        2,
    ),
    _wait(
        "time_to_last_claim_p90",
        "Time to last claim p90",
        Quantile("claim_last_hist", 0.9),
        23,
        10,
    ),
    _wait("turnaround_p50", "Turnaround p50", Quantile("turnaround_hist", 0.5), 24, 2),
    _wait("turnaround_p90", "Turnaround p90", Quantile("turnaround_hist", 0.9), 24, 10),
    Metric(
        id="auto_closed_share",
        number=24,
        title="Completed by a system",
        formula=Share(total("auto_closed"), total("completed_first")),
        unit=Unit.FRACTION,
        direction=Direction.NEITHER,
        needs=("item.completed",),
        source="coop #1287",
        caveat="Kept out of turnaround, which it would flatter.",
    ),
    _wait(
        "turnaround_censored_p50",
        "Turnaround p50, open items included",
        Survival("turnaround_hist", 0.5),
        25,
        2,
    ),
    _wait(
        "turnaround_censored_p90",
        "Turnaround p90, open items included",
        Survival("turnaround_hist", 0.9),
        25,
        10,
    ),
    Metric(
        id="net_drain_rate",
        number=31,
        title="Net drain: submissions less arrivals",
        formula=PerHour(Sum(("submitted",), ("arrived",))),
        unit=Unit.PER_HOUR,
        direction=Direction.HIGHER_IS_BETTER,
        needs=("item.queued", "item.submitted"),
        source="Little's law",
        caveat="Overlap and rework count each submission; net_drain_rate_open does not.",
    ),
    Metric(
        id="net_drain_rate_open",
        number=31,
        title="Net drain: items closed less items opened",
        formula=PerHour(Sum((), ("open_delta",))),
        unit=Unit.PER_HOUR,
        direction=Direction.HIGHER_IS_BETTER,
        needs=("item.queued|item.created", "item.completed"),
        source="Little's law, from state flows",
        caveat="Exact whatever the overlap; cancelled items drain too.",
    ),
    Metric(
        id="time_to_clear",
        number=32,
        title="Time to clear all open items",
        formula=Clearing("open", "open_delta"),
        unit=Unit.MINUTES,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.queued|item.created", "item.completed"),
        source="Backlog over drain",
        caveat="If it goes on as in the window; never while as much comes as goes.",
    ),
    Metric(
        id="time_to_clear_waiting",
        number=32,
        title="Time to clear the waiting items",
        formula=Clearing("waiting", "waiting_delta"),
        unit=Unit.MINUTES,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.queued|item.created", _CLAIMED),
        source="Backlog over drain",
        caveat="Taken up is cleared here, even when it comes back.",
    ),
    Metric(
        id="expiry_rate",
        number=35,
        title="Claims that expired",
        formula=Share(total("expired"), total("claimed")),
        unit=Unit.FRACTION,
        direction=Direction.LOWER_IS_BETTER,
        needs=("assignment.expired", _CLAIMED),
        source="Coop: QueueOperations.ts, a lock of 600,000 ms",
        caveat="Expiries of the window over claims of the window; above 1 after a quiet hour.",
    ),
)
