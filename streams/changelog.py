"""How both stages write their state to a changelog and read it back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.partitioner import Partitioner
from schemas.topics import Topics
from streams.core import wire
from streams.core.plan import Plan
from streams.core.recovery import Replay
from streams.producer import Outgoing
from streams.tables import Replayed


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What both stages are told. ``flush_changes_max``: changed panes and items in a flush."""

    plan: Plan
    topics: Topics
    partitions: int
    partitioner: Partitioner = Partitioner.MURMUR2
    flush_changes_max: int = 20_000


def outgoing(records: Iterable[wire.LogRecord], epoch: int, seq: int) -> list[Outgoing]:
    """Changelog records as the producer takes them: deletions carry their writer in a header."""
    deleted = [(wire.STAMP_HEADER, wire.stamp(epoch, seq))]
    return [(key, value, deleted if value is None else []) for key, value in records]


def replay(into: Replay, batch: Replayed) -> None:
    """Feed a fetch of a changelog to a replay."""
    for record in batch:
        assert record.key is not None
        into.record(record.key, record.value, _stamp(record.headers), record.offset)


def _stamp(headers: Sequence[tuple[str, bytes]]) -> bytes | None:
    return next((value for name, value in headers if name == wire.STAMP_HEADER), None)
