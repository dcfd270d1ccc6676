"""Alerts as the board shows them. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from schemas.alerts import AlertTransition
from schemas.groupings import DEFAULT_GROUPINGS, subject_key
from sinks.board.ids import id_of
from sinks.board.live import Held, Live, agrees, firing
from sinks.board.scope import Scope

_ORDER = {name: place for place, name in enumerate(("org", "source", "project", "queue", "team"))}


def shown(alert: AlertTransition, live: Live) -> dict[str, Any]:
    """One alert in short."""
    seen = alert.evidence
    numbers = ("metric", "unit", "window", "value", "low", "high", "n", "op", "threshold", "cause")
    found: dict[str, Any] = {name: getattr(seen, name, None) for name in numbers}
    own = ("fingerprint", "rule", "state", "transition", "starts_at_ms", "at_ms", "ends_at_ms")
    found |= {name: getattr(alert, name) for name in own}
    runbook = alert.annotations.get("runbook", "")
    return found | {
        "severity": alert.labels.get("severity", ""),
        "labels": alert.labels,
        "summary": alert.annotations.get("summary", ""),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "suppressed_by": list(alert.suppressed_by),
        "late": alert.late,
        "runbook": PurePosixPath(runbook).name,
        "link": f"/alerts/{alert.fingerprint}",
        "place": place_of(alert, live),
    }


def place_of(alert: AlertTransition, live: Live) -> str | None:
    """The subject that an alert is about, when its labels name just one."""
    if alert.fingerprint not in live.places:
        live.places[alert.fingerprint] = _place_of(alert, live)
    return live.places[alert.fingerprint]


def _place_of(alert: AlertTransition, live: Live) -> str | None:
    names = _ORDER.keys() & alert.labels.keys()
    wanted = {name: alert.labels[name] for name in names}
    groupings = [each.name for each in DEFAULT_GROUPINGS if names and names <= {*each.dimensions}]
    for grouping in groupings:
        found = [
            held
            for held in live.subjects.values()
            if held.grouping == grouping and agrees(held.dims, wanted)
        ]
        if len(found) == 1:
            return id_of(found[0].key)
    return None if wanted else id_of(subject_key("all", ()))


def visible(live: Live, place: Held | None, scope: Scope) -> list[AlertTransition]:
    """Alerts that fire, may be seen, and are not of another place than that one."""
    seen = (scope.alert(each) for each in firing(live.alerts.values()))
    # The watchdog always fires, and says only that somebody watches.
    worded = (each for each in seen if each is not None and each.labels.get("severity") != "none")
    return [each for each in worded if concerns(each, place)]


def recent(live: Live, scope: Scope) -> list[AlertTransition]:
    """Every alert that may be seen in whatever state, the latest step first."""
    seen = (scope.alert(each) for each in live.alerts.values())
    found = [each for each in seen if each is not None]
    return sorted(found, key=lambda each: -each.at_ms)


def concerns(alert: AlertTransition, place: Held | None) -> bool:
    """Whether an alert belongs to a view of a place."""
    if place is None:
        return True
    # An alert about more than the place concerns it as well: the label is just not there.
    return all(alert.labels.get(name, value) == value for name, value in place.dims.items())


def counts(alerts: Iterable[AlertTransition]) -> dict[str, int]:
    """How many fire; the silenced and the acknowledged are among them."""
    found: Counter[str] = Counter()
    for each in alerts:
        severity = each.labels.get("severity", "")
        found["firing"] += 1
        found["critical" if severity in ("critical", "error") else "warning"] += 1
        found["acknowledged"] += bool(each.acknowledged_by)
        found["silenced"] += bool(each.suppressed_by)
    names = ("firing", "critical", "warning", "acknowledged", "silenced")
    return {name: found[name] for name in names}


def count_at(alerts: Iterable[AlertTransition], dims: Mapping[str, str]) -> int:
    """How many of these alerts are about a subject and nothing wider."""
    return sum(
        1
        for each in alerts
        if each.labels.get("severity") != "none"
        and all(each.labels.get(name, dims[name]) == dims[name] for name in dims)
        and any(name in each.labels for name in list(dims)[-1:])
    )


def evidence(alert: AlertTransition) -> dict[str, Any] | None:
    """Why it stands where it does."""
    found: Any = None if alert.evidence is None else msgspec.to_builtins(alert.evidence)
    if found is None:
        return None
    empty: dict[str, Any] = {"low": None, "high": None, "cause": None, "sql": "", "items_sql": ""}
    return {**empty, "contributors": [], "item_ids": [], **found}
