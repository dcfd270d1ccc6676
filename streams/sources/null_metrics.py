"""Which metrics will stay unknown for a log, and what it lacks for them.

Read from the metrics' own declarations: the event types that each needs, and what its measures
need of their fields.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from schemas.metrics import METRICS, Metric
from schemas.metrics.declaration import SLA_ACTIVATE

#: Fields of events by type, as often as they were filled.
Filled = Mapping[str, Mapping[str, int]]

_ACTIVE = "item.submitted.active_ms|work.heartbeat.active_ms_delta"
_GOLDEN = "golden.answered.expected"
#: What a measure counts only where these fields are filled; ``a|b`` is either.
MEASURE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "active_n": (_ACTIVE,),
    "active_ms": (_ACTIVE,),
    "flow_active_ms": (_ACTIVE,),
    "ratio_active_ms": (_ACTIVE,),
    "units": ("item.submitted.unit_count", _ACTIVE),
    "prelabel_submitted": ("item.submitted.prediction_id",),
    "prelabel_unedited": ("item.submitted.edit_count",),
    "golden_tp": (_GOLDEN, "golden.answered.actual"),
    "golden_tn": (_GOLDEN, "golden.answered.actual", "golden.answered.options"),
    "waiting_with_due": ("item.created.due_at",),
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A metric that will have no value, and every reason."""

    metric: Metric
    reasons: tuple[str, ...]


def unknown_metrics(filled: Filled) -> list[Unknown]:
    """The metrics that events with these fields leave unknown, in the order of the declarations."""
    found = []
    for metric in METRICS:
        lacks = [need for need in metric.needs if not _has(filled, need)]
        reasons = [f"no {_either(need)}" for need in lacks if need != SLA_ACTIVATE]
        wanted = [f for name in _measures(metric.formula) for f in MEASURE_FIELDS.get(name, ())]
        reasons += [
            f"{_either(field)} is never filled"
            for field in dict.fromkeys(wanted)
            if not any(_is_filled(filled, each) for each in field.split("|"))
            and field.rpartition(".")[0] not in lacks
        ]
        if SLA_ACTIVATE in lacks and not _has(filled, "item.queued|item.created"):
            reasons.append("no item.queued or item.created, so no SLA clock starts")
        if reasons:
            found.append(Unknown(metric, tuple(reasons)))
    return found


def fields_filled(events: Iterable[Mapping[str, object]]) -> dict[str, dict[str, int]]:
    """How often each field of each event type is filled."""
    filled: dict[str, dict[str, int]] = {}
    for event in events:
        count_fields(filled, event)
    return filled


def count_fields(filled: dict[str, dict[str, int]], event: Mapping[str, object]) -> None:
    """Count one event's fields."""
    counts = filled.setdefault(str(event.get("event_type")), {})
    for name, value in event.items():
        if value is not None:
            counts[name] = counts.get(name, 0) + 1


def _has(filled: Filled, need: str) -> bool:
    return any(kind in filled for kind in need.split("|"))


def _is_filled(filled: Filled, field: str) -> bool:
    kind, _, name = field.rpartition(".")
    return filled.get(kind, {}).get(name, 0) > 0


def _either(need: str) -> str:
    return " or ".join(need.split("|"))


def _measures(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for inner in part:
            yield from _measures(inner)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _measures(getattr(part, field.name))
