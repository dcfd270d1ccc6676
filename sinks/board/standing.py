"""How a number stands to its target, and what is left of an error budget. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.metrics import METRIC_BY_ID, Direction, Unit
from schemas.rules_amounts import amount
from schemas.targets import Target, target_of
from sinks.board.words import NO_TARGET, why

Status = Literal["met", "unsure", "missed", "far"]

#: What budgets are counted in, over how long, and how fast they burn in how long.
BUDGET_METRIC, BUDGET_WINDOW, BURN_WINDOW = "service_level", "28d", "1h"


_ADDED_UP = frozenset({Unit.PER_HOUR, Unit.ITEMS, Unit.PEOPLE})


@dataclass(frozen=True, slots=True)
class Goal:
    """A target in its metric's unit; beyond ``warn`` it is missed by far."""

    target: float
    warn: float | None


def goal_of(
    targets: tuple[Target, ...], metric: str, dims: Mapping[str, str], at_ms: int
) -> Goal | None:
    """What was agreed for a metric of a subject; None: nothing was."""
    found = target_of(targets, metric, dims, at_ms)
    if found is None or metric not in METRIC_BY_ID:
        return None
    unit = METRIC_BY_ID[metric].unit
    # A share or a time that holds for a project holds for its queues; what is added up does not.
    if unit in _ADDED_UP and dims and list(dims)[-1] not in found.where:
        return None
    warn = None if found.warn is None else amount(found.warn, unit)
    return Goal(amount(found.value, unit), warn)


def status_of(metric: str, reading: Mapping[str, Any], goal: Goal | None) -> Status | None:
    """How a reading stands to its goal; None when it is unknown or has none.

    A share decides by its interval: as long as that holds the target, nobody can tell.
    """
    declared = METRIC_BY_ID.get(metric)
    value = reading.get("value")
    if goal is None or value is None or declared is None:
        return None
    if declared.direction is Direction.NEITHER:
        return None
    sign = 1 if declared.direction is Direction.HIGHER_IS_BETTER else -1
    low, high = reading.get("low"), reading.get("high")
    ends = (value, value) if low is None or high is None else (low, high)
    worst, best = sorted(sign * end for end in ends)
    if worst >= sign * goal.target:
        return "met"
    if best >= sign * goal.target:
        return "unsure"
    if goal.warn is not None and sign * value < sign * goal.warn:
        return "far"
    return "missed"


def budget_of(windows: Mapping[str, Mapping[str, Any]], goal: Goal | None) -> dict[str, Any]:
    """What is left of what may go wrong in four weeks, and how fast it goes (1: just enough).

    ``allowed`` counts what may go wrong of what was judged so far, not of a month to come.
    """
    found: dict[str, Any] = {
        "metric": BUDGET_METRIC, "window": BUDGET_WINDOW, "burn_window": BURN_WINDOW,
        "objective": None if goal is None else goal.target, "left": None, "bad": None,
        "allowed": None, "n": 0, "covered": None, "burn": None, "burn_n": 0, "status": None,
    }  # fmt: skip
    if goal is None or goal.target >= 1:
        return found | {"cause": NO_TARGET, "says": why(NO_TARGET, 0)}
    share = 1 - goal.target
    recent = windows.get(BURN_WINDOW, {}).get(BUDGET_METRIC, {})
    if recent.get("value") is not None:
        found |= {"burn": (1 - recent["value"]) / share, "burn_n": recent["n"]}
    window = windows.get(BUDGET_WINDOW, {})
    reading = window.get(BUDGET_METRIC, {})
    found |= {"n": reading.get("n", 0), "covered": window.get("covered")}
    if reading.get("value") is None:
        cause = reading.get("cause") or "not_here_yet"
        return found | {"cause": cause, "says": why(cause, found["n"])}
    bad, allowed = (1 - reading["value"]) * reading["n"], share * reading["n"]
    left = 1 - bad / allowed if allowed else None
    status: Status = "met" if left is not None and left > 0 else "missed"
    return found | {
        "bad": round(bad), "allowed": allowed, "left": left, "status": status,
        "cause": None, "says": None,
    }  # fmt: skip
