"""What one flush of stage 1 writes, and sends once that is durable."""

from dataclasses import dataclass

from streams.core import wire
from streams.core.gauges import Gauge
from streams.core.items import Item
from streams.core.panes import Pane
from streams.core.sla import Told


@dataclass(frozen=True, slots=True)
class Flush:
    """What one flush writes (``log``, one atomic batch) and sends once that is durable."""

    seq: int
    log: list[wire.LogRecord]
    panes: list[Pane]
    gauges: dict[str, Gauge]
    items: list[tuple[str, Item]]
    sla: Told
    meta: wire.Meta
