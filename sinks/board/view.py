"""One view of the floor as JSON: the strip, the rows and their numbers. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.alerts import AlertTransition
from schemas.groupings import is_of_persons
from schemas.metrics import METRIC_BY_ID
from schemas.readings import NOT_APPLICABLE, TOO_FEW
from schemas.targets import Target
from sinks.board import alerts as shown_alerts
from sinks.board.active import Active
from sinks.board.ids import id_of
from sinks.board.live import WHOLE, Held, Live
from sinks.board.scope import Scope
from sinks.board.standing import Goal, budget_of, goal_of, status_of
from sinks.board.words import NOT_HERE_YET, why

#: Metrics of a row and the window of each; None: what stands now, which has no window.
COLUMNS: tuple[tuple[str, str | None], ...] = (
    ("throughput", "5m"),
    ("arrival_rate", "5m"),
    ("backlog_waiting", None),
    ("oldest_waiting_age", None),
    ("at_risk", "1h"),
    ("time_to_breach", "1h"),
    ("breaches_ahead", "1h"),
    ("people_needed", "1h"),
    ("people_needed_for", "1h"),
    ("handle_time_p50", "15m"),
    ("handle_time_p90", "15m"),
    ("golden_accuracy", "1h"),
    ("first_pass_yield", "1h"),
    ("service_level", "24h"),
    ("time_to_clear", "1h"),
)
ROWS_MAX = 500
#: With fewer observations people are not compared.
RANKED_N_MIN = 30
_NOW_GAUGES = {"backlog_waiting": "waiting", "backlog_in_work": "in_work",
               "backlog_in_review": "in_review", "backlog_open": "open"}  # fmt: skip
_GAUGES = (*_NOW_GAUGES.values(), "oldest_waiting_ms", "waiting_with_due",
           "waiting_aged_50", "waiting_aged_80", "waiting_aged_100")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see, and may: ``place`` and the rows inside of it by a grouping."""

    place: str = WHOLE
    by: str = "queue"
    window: str | None = None
    detail: bool = False
    scope: Scope = field(default_factory=Scope)

    @property
    def groupings(self) -> frozenset[str]:
        """Groupings of persons that its rows need."""
        return frozenset({self.by} if is_of_persons(self.by) else ())


@dataclass(slots=True)
class Scenery:
    """What every view is made from; ``health`` and ``pipeline`` are as ``health`` makes them."""

    live: Live
    targets: tuple[Target, ...]
    active: Active
    health: dict[str, Any]
    pipeline: dict[str, Any]
    now_ms: int
    #: Alerts that fire, whoever may see them: made once for all views.
    firing: list[AlertTransition] = field(default_factory=list)


def reading_of(held: Held, metric: str, window: str | None, as_of_ms: int) -> dict[str, Any]:
    """A metric as it is shown; what stands now is taken from the newest of the subject's fields."""
    found = _raw(held, metric, window)
    if found is None:
        # Windows that are there leave out what makes no sense for the grouping.
        cause = NOT_APPLICABLE if _has(held, window) else NOT_HERE_YET
        return {"value": None, "n": 0, "cause": cause, "says": why(cause, 0)}
    shown = {name: found[name] for name in ("value", "n")}
    if metric == "oldest_waiting_age" and found["cause"] == TOO_FEW:
        return {"value": None, "n": 0, "cause": TOO_FEW, "says": "nothing waits"}
    if found["cause"] is not None:
        return {**shown, "cause": found["cause"], "says": why(found["cause"], found["n"])}
    shown |= {name: found[name] for name in ("low", "high") if found[name] is not None}
    if metric in _NOW_GAUGES:
        level = held.gauges.get(_NOW_GAUGES[metric], 0)
        shown |= {"value": float(level), "n": level}
    elif metric == "oldest_waiting_age":
        age_ms = held.gauges.get("oldest_waiting_ms")
        if age_ms is None:
            return {"value": None, "n": 0, "cause": TOO_FEW, "says": "nothing waits"}
        # It went on waiting since the subject was last told of.
        later_ms = max(0, as_of_ms - held.gauges.get("as_of_ms", as_of_ms))
        shown |= {"value": (age_ms + later_ms) / 1000, "n": held.gauges.get("waiting", 0)}
    return shown


def _raw(held: Held, metric: str, window: str | None) -> dict[str, Any] | None:
    if window is not None:
        found = held.windows.get(window, {}).get(metric)
        return found if isinstance(found, dict) else None
    for each in held.windows.values():
        if metric in each:
            return dict(each[metric])
    return None


def _has(held: Held, window: str | None) -> bool:
    return bool(held.windows) if window is None else window in held.windows


def columns(wish: Wish) -> list[dict[str, Any]]:
    """The metrics of each row, in order."""
    return [
        {
            "metric": metric,
            "window": None if window is None else wish.window or window,
            "title": METRIC_BY_ID[metric].title,
            "unit": METRIC_BY_ID[metric].unit.value,
        }
        for metric, window in COLUMNS
    ]


def described(held: Held) -> dict[str, Any]:
    """What a subject is."""
    values = list(held.dims.values())
    return {
        "subject": id_of(held.key),
        "grouping": held.grouping,
        "name": held.name,
        "path": " / ".join(values[:-1]),
        "dims": held.dims,
    }


def _covered(held: Held, names: Iterable[str | None]) -> dict[str, float]:
    """Shares of windows that are covered, never rounded up to whole."""
    return {
        name: math.floor(held.windows[name]["covered"] * 100) / 100
        for name in dict.fromkeys(names)
        if name is not None and name in held.windows
    }


def row(held: Held, wish: Wish, scenery: Scenery) -> dict[str, Any]:
    """One subject of the table."""
    as_of_ms = scenery.live.as_of_ms or held.as_of_ms
    cells, statuses, goals = {}, {}, {}
    for metric, own in COLUMNS:
        window = None if own is None else wish.window or own
        cells[metric] = reading_of(held, metric, window, as_of_ms)
        goal = goal_of(scenery.targets, metric, held.dims, as_of_ms)
        if goal is not None:
            goals[metric] = {"target": goal.target, "warn": goal.warn}
            statuses[metric] = status_of(metric, cells[metric], goal)
    wide = [None if own is None else wish.window or own for _, own in COLUMNS]
    return {
        **described(held),
        "as_of_ms": held.as_of_ms,
        "gauges": {name: held.gauges.get(name) for name in _GAUGES},
        "cells": cells,
        "status": statuses,
        "targets": goals,
        "covered": _covered(held, wide),
        "alerts": shown_alerts.count_at(scenery.firing, held.dims),
        "active_people": scenery.active.of(held.key),
        "ranked": not is_of_persons(held.grouping) or cells["throughput"]["n"] >= RANKED_N_MIN,
    }


def strip(held: Held | None, wish: Wish, scenery: Scenery) -> dict[str, Any]:
    """The numbers on top, each with its target."""
    at_ms = scenery.live.as_of_ms or scenery.now_ms
    found: dict[str, Any] = {
        "throughput": ("throughput", wish.window or "5m"),
        "backlog": ("backlog_waiting", None),
        "oldest": ("oldest_waiting_age", None),
        "attainment": ("service_level", wish.window or "24h"),
    }
    for name, (metric, window) in found.items():
        goal = None if held is None else goal_of(scenery.targets, metric, held.dims, at_ms)
        found[name] = _entry(held, metric, window, goal, at_ms)
    objective = None
    if held is not None:
        objective = goal_of(scenery.targets, "service_level", held.dims, at_ms)
    return {
        **found,
        "active_people": scenery.active.of(WHOLE if held is None else held.key),
        "budget": budget_of({} if held is None else held.windows, objective),
        "alerts": shown_alerts.counts(shown_alerts.visible(scenery.live, held, wish.scope)),
    }


def _entry(
    held: Held | None, metric: str, window: str | None, goal: Goal | None, at_ms: int
) -> dict[str, Any]:
    reading = reading_of(held or Held(WHOLE), metric, window, at_ms)
    return {
        "metric": metric,
        "window": window,
        "reading": reading,
        "target": None if goal is None else goal.target,
        "warn": None if goal is None else goal.warn,
        "status": status_of(metric, reading, goal),
    }


def windows_of(held: Held, as_of_ms: int) -> dict[str, Any]:
    """Every metric of every window."""
    return {
        name: {
            "start_ms": window["start_ms"],
            "end_ms": window["end_ms"],
            "covered": math.floor(window["covered"] * 100) / 100,
            "readings": {
                metric: reading_of(held, metric, name, as_of_ms)
                for metric, value in window.items()
                if isinstance(value, dict)
            },
        }
        for name, window in held.windows.items()
    }


def place_of(wish: Wish, live: Live) -> Held | None:
    """The subject whose numbers are on the strip."""
    return live.subjects.get(wish.place)


def head(scenery: Scenery) -> Mapping[str, Any]:
    """How old it all is; the part that changes every second."""
    as_of_ms = scenery.live.as_of_ms
    age_ms = None if as_of_ms is None else max(0, scenery.now_ms - as_of_ms)
    return {
        "now_ms": scenery.now_ms,
        "as_of_ms": as_of_ms,
        "age_ms": age_ms,
        "live": scenery.health["live"],
    }
