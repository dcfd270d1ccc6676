"""What one flush of stage 1 writes, and sends once that is durable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.core import wire
from streams.core.gauges import Gauge
from streams.core.items import Item
from streams.core.panes import Pane
from streams.core.plan import Plan
from streams.core.sla import Told


def log_of(
    values: Sequence[tuple[bytes, bytes]], deleted: Iterable[bytes], epoch: int, seq: int
) -> list[wire.LogRecord]:
    """The atomic batch: values with their stamp, and deletions of what is not written."""
    log: list[wire.LogRecord]
    log = [(key, wire.stamped(epoch, seq, value)) for key, value in values]
    written = {key for key, _ in values}
    log += [(key, None) for key in deleted if key not in written]
    return log


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
    plan: Plan
