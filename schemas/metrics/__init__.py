"""Every metric that Watchfloor publishes, each declared once.

The stream's windows, the ClickHouse views and their comments are made from these declarations.
An id or a formula never changes its meaning: a changed formula gets a new ``version``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from schemas.metrics.backlog import BACKLOG
from schemas.metrics.declaration import Direction, Interval, Metric, Unit
from schemas.metrics.efficiency import EFFICIENCY
from schemas.metrics.quality import QUALITY
from schemas.metrics.review import REVIEWS
from schemas.metrics.sla import SLA
from schemas.metrics.throughput import THROUGHPUT

METRICS: tuple[Metric, ...] = (*THROUGHPUT, *EFFICIENCY, *BACKLOG, *SLA, *QUALITY, *REVIEWS)

METRIC_BY_ID: Mapping[str, Metric] = {metric.id: metric for metric in METRICS}


def definitions_version() -> str:
    """Names what all metrics mean: another one as soon as any declaration changes.

    Two installations with the same one say the same of the same events.
    """
    declared = [{**asdict(it), "kind": type(it.formula).__name__} for it in METRICS]
    told = json.dumps(declared, sort_keys=True, default=sorted)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


__all__ = [
    "METRICS",
    "METRIC_BY_ID",
    "Direction",
    "Interval",
    "Metric",
    "Unit",
    "definitions_version",
]
