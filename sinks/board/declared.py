"""A metric as the page explains it."""

from dataclasses import asdict
from typing import Any

from schemas.metrics import METRIC_BY_ID
from sinks.board.history import has_history
from sinks.formula_text import formula_text


def declared(name: str) -> dict[str, Any]:
    """Everything that is declared of a metric, in words; KeyError when there is none."""
    metric = METRIC_BY_ID[name]
    return {
        **asdict(metric),
        "formula": formula_text(metric.formula),
        "unit": metric.unit.value,
        "direction": metric.direction.value,
        "interval": metric.interval.value,
        "dimensions": sorted(metric.dimensions),
        "always_by": sorted(metric.always_by),
        "history": has_history(name),
    }
