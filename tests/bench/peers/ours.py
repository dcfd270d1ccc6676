"""The batched transport: its body empty, or the plain task with its state in a ``LogTable``.

``python -m tests.bench.peers.ours KIND KAFKA TOTAL TOPIC ... [CHANGELOG]``, where KIND is
``empty`` (any number of topics), ``plain`` (events read by msgspec) or ``validated`` (by pydantic).
"""

import asyncio
import struct
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import faust
import msgspec
from faust.types import TP
from mode import Service
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from streams.producer import Outgoing
from streams.runtime import App, AppSettings, Hooks, make_app, run
from streams.tables import LogTable, Replayed, is_claim
from streams.transport import Batch, Consumer, batch_topic, batches
from tests.bench.rates import Stopwatch, count
from tests.bench.task import PANE_MS

FLUSH_EVERY_S = 1.0
META = b"m"
_TALLY = struct.Struct(">qqq")
_OFFSET = struct.Struct(">q")


class Submitted(msgspec.Struct):
    """What the task needs of an event."""

    actor_id: str
    occurred_at: int
    handle_ms: int


class Whole(TypedDict):
    """The event, validated field by field."""

    event_id: str
    event_type: str
    actor_id: str
    queue_id: str
    item_id: str
    occurred_at: int
    handle_ms: int


Cell = tuple[str, int]
Read = Callable[[bytes], tuple[str, int, int]]


def by_msgspec() -> Read:
    """Reads person, time and handle time, checked against their types."""
    decode = msgspec.json.Decoder(Submitted).decode

    def read(value: bytes) -> tuple[str, int, int]:
        event = decode(value)
        return event.actor_id, event.occurred_at, event.handle_ms

    return read


def by_pydantic() -> Read:
    """The same, all fields checked, as the contract's events are."""
    validate = TypeAdapter(Whole).validator.validate_json

    def read(value: bytes) -> tuple[str, int, int]:
        event = validate(value)
        return event["actor_id"], event["occurred_at"], event["handle_ms"]

    return read


class Windows:
    """Count, sum and maximum per person and minute of each partition; durable like the floor's."""

    def __init__(self, app: App, topic: str, changelog: str, read: Read) -> None:
        self.app, self.topic, self._read = app, topic, read
        self.tallies: dict[int, dict[Cell, list[int]]] = {}
        self._changed: dict[int, set[Cell]] = {}
        self._next: dict[int, int] = {}
        self.table = LogTable(app, name="tallies", topic=changelog, listener=self)

    def begin(self, partition: int) -> None:
        """Start from nothing."""
        self.tallies[partition], self._changed[partition] = {}, set()

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in what the changelog says."""
        for record in batch:
            assert record.key is not None
            assert record.value is not None
            if record.key == META:
                (self._next[partition],) = _OFFSET.unpack(record.value)
            elif not is_claim(record.key):
                person, _, start_ms = record.key.decode().rpartition("/")
                self.tallies[partition][person, int(start_ms)] = [*_TALLY.unpack(record.value)]

    def settle(self, partition: int) -> Iterable[None]:
        """Nothing follows from it."""
        return ()

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        """The partition is ours; nothing else to do."""

    def drop(self, partition: int) -> None:
        """The partition is no longer ours."""
        for state in (self.tallies, self._changed, self._next):
            cast("dict[int, Any]", state).pop(partition, None)

    def offsets(self) -> dict[TP, int]:
        """Where the state ends."""
        return {TP(self.topic, partition): offset for partition, offset in self._next.items()}

    def take(self, batch: Batch) -> None:
        """Add a batch to the tallies."""
        partition = batch.tp.partition
        tallies, changed, read = self.tallies[partition], self._changed[partition], self._read
        for record in batch.records:
            person, at_ms, handle_ms = read(record.value or b"")
            cell = (person, at_ms - at_ms % PANE_MS)
            tally = tallies.get(cell)
            if tally is None:
                tally = tallies[cell] = [0, 0, 0]
            tally[0] += 1
            tally[1] += handle_ms
            if handle_ms > tally[2]:
                tally[2] = handle_ms
            changed.add(cell)
        self._next[partition] = batch.next_offset

    async def flush(self) -> None:
        """One atomic batch for each partition, then its offset."""
        await asyncio.gather(*(self._flush(each) for each in list(self._changed)))

    async def _flush(self, partition: int) -> None:
        changed, self._changed[partition] = self._changed[partition], set()
        if not changed:
            return
        tallies, offset = self.tallies[partition], self._next[partition]
        records: list[Outgoing] = [
            (f"{person}/{at}".encode(), _TALLY.pack(*tallies[person, at]), [])
            for person, at in changed
        ]
        await self.table.append(partition, [*records, (META, _OFFSET.pack(offset), [])])
        cast(Consumer, self.app.consumer).mark_durable({TP(self.topic, partition): offset})


class Flusher(Service):
    """Flushes every second, as the floor does."""

    def __init__(self, windows: Windows) -> None:
        super().__init__()
        self._windows = windows

    @Service.task
    async def _flush(self) -> None:
        while not self.should_stop:
            await self.sleep(FLUSH_EVERY_S)
            await self._windows.flush()


def run_empty(app: App, stopwatch: Stopwatch, topics: Sequence[str]) -> None:
    """Count what is fetched and do nothing with it; never returns."""

    async def take(stream: faust.StreamT[Any]) -> None:
        async for batch in batches(stream):
            cast(Consumer, app.consumer).mark_durable({batch.tp: batch.next_offset})
            count(stopwatch, len(batch.records))

    for number, topic in enumerate(topics):
        app.agent(batch_topic(app, topic), name=f"bench-{number}")(take)
    run(app)


def run_windows(app: App, stopwatch: Stopwatch, windows: Windows) -> None:
    """Do the plain task; never returns."""

    async def take(stream: faust.StreamT[Any]) -> None:
        async for batch in batches(stream):
            windows.take(batch)
            count(stopwatch, len(batch.records))

    async def start_offsets(_sources: set[TP]) -> Mapping[TP, int]:
        return windows.offsets()

    app.hooks = Hooks(before_revoke=lambda _: windows.flush(), start_offsets=start_offsets)
    app.agent(batch_topic(app, windows.topic), name="tally")(take)
    run(app, Flusher(windows))


def main(kind: str, kafka: str, total: int, *topics: str) -> None:
    """Read so many events; never returns."""
    app = make_app(AppSettings(kafka=kafka, group=f"bench-{uuid.uuid4().hex}"))
    stopwatch = Stopwatch(total)
    if kind == "empty":
        run_empty(app, stopwatch, topics)
    topic, changelog = topics
    read = by_pydantic() if kind == "validated" else by_msgspec()
    run_windows(app, stopwatch, Windows(app, topic, changelog, read))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
