"""What both stages do alike: own partitions, make them durable, and let go of them.

The order of a flush is what makes a crash harmless: first what must not be lost, then the state
as one atomic batch, then everything that follows from it, then the offsets.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar, cast

from faust.types import TP

from streams import logs
from streams.changelog import StageSettings, outgoing, replay
from streams.core import wire
from streams.core.recovery import Keeper, Replay
from streams.meters import Meters
from streams.producer import Outgoing, Producer
from streams.runtime import App
from streams.tables import LogTable, PartitionLost, Replayed
from streams.transport import Consumer

log = logs.get(__name__)

#: What to send, by topic and partition.
Sends = dict[str, dict[int, list[Outgoing]]]


class Owned(Protocol):
    """The state of a partition; ``epoch`` numbers its owners."""

    @property
    def epoch(self) -> int: ...


State = TypeVar("State", bound=Owned)


@dataclass(frozen=True, slots=True)
class Flushed:
    """One moment of a state: its changelog records, and what to send once they are durable."""

    seq: int
    log: Iterable[wire.LogRecord]
    sends: Sends


class Stage(ABC, Generic[State]):
    """The partitions of one stage that this process owns; the listener of their ``LogTable``."""

    def __init__(
        self,
        app: App,
        settings: StageSettings,
        meters: Meters,
        number: Literal[1, 2],
        table_name: str,
    ) -> None:
        self.app = app
        self.settings = settings
        self.states: dict[int, State] = {}
        #: When each partition last became durable, monotonic seconds.
        self.durable_s: dict[int, float] = {}
        self.table = LogTable(
            app, name=table_name, topic=settings.topics.floor_changelog(number), listener=self
        )
        self._meters = meters
        self._number = number
        self._tag = str(number)
        self._replays: dict[int, tuple[Replay, State]] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._began_s: dict[int, float] = {}

    @abstractmethod
    def offsets(self, partition: int) -> dict[TP, int]:
        """Where to go on reading, from the state."""

    @abstractmethod
    def _fresh(self, partition: int) -> tuple[State, Keeper]:
        """The state of a partition nothing is known of, and who puts it back together."""

    @abstractmethod
    def _flushed(self, partition: int, state: State) -> Flushed | None:
        """Take what changed since the last flush; None when nothing did."""

    async def _secure(self, partition: int, state: State) -> None:
        """Send what the flush would lose, since its offsets pass the records it came from."""

    def begin(self, partition: int) -> None:
        """Start a partition from nothing."""
        self._began_s[partition] = time.monotonic()
        self.states.pop(partition, None)
        state, keeper = self._fresh(partition)
        self._replays[partition] = (Replay(keeper), state)

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in what the changelog says."""
        replay(self._replays[partition][0], batch)

    def settle(self, partition: int) -> Iterator[None]:
        """What takes long of a recovery, in slices."""
        return self._replays[partition][0].settle()

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        """The partition is ours."""
        into, state = self._replays.pop(partition)
        into.finish(epoch)
        self.states[partition] = state
        self._meters.count("floor_claims_total", 1, self._tag)
        self.durable_s[partition] = now_s = time.monotonic()
        recovery_s = now_s - self._began_s.pop(partition)
        self._meters.set("floor_recovery_s", recovery_s, self._tag)
        log.info(
            "partition_recovered",
            stage=self._number,
            partition=partition,
            epoch=epoch,
            end=end_offset,
        )

    def drop(self, partition: int) -> None:
        """The partition is no longer ours."""
        self.states.pop(partition, None)
        self._replays.pop(partition, None)
        self.durable_s.pop(partition, None)

    async def flush_all(self) -> None:
        """Make everything durable that was applied so far, and send what follows from it."""
        # Together, so that one waits for the broker's answer while another is made ready, and all
        # that follows from this turn is told at about the same time.
        await asyncio.gather(*[self.flush(partition) for partition in list(self.states)])

    async def flush(self, partition: int) -> None:
        """Make one partition durable, then send what follows from it."""
        async with self._locks.setdefault(partition, asyncio.Lock()):
            state = self.states.get(partition)
            if state is None:
                return
            await self._secure(partition, state)
            if self.states.get(partition) is not state:
                return  # It was revoked meanwhile.
            # From here to the append nothing awaits: what is written is one moment of the state.
            offsets = self.offsets(partition)
            flushed = self._flushed(partition, state)
            if flushed is None:
                return
            records = outgoing(flushed.log, state.epoch, flushed.seq)
            if await self._write(partition, records):
                producer = cast(Producer, self.app.producer)
                await asyncio.gather(*(producer.send_many(*send) for send in flushed.sends.items()))
                cast(Consumer, self.app.consumer).mark_durable(offsets)

    async def _write(self, partition: int, records: list[Outgoing]) -> bool:
        """Append to the changelog; False when the partition turned out not to be ours."""
        began_s = time.monotonic()
        try:
            await self.table.append(partition, records)
        except PartitionLost as error:
            log.warning("partition_lost", stage=self._number, partition=partition, error=str(error))
            self._meters.count("floor_lost_partitions_total", 1, self._tag)
            self.drop(partition)
            await cast(Consumer, self.app.consumer).rejoin()
            return False
        now_s = time.monotonic()
        self.durable_s[partition] = now_s
        self._meters.observe("floor_flush_s", now_s - began_s, self._tag)
        size = sum(len(key or b"") + len(value or b"") for key, value, _ in records)
        self._meters.count("floor_changelog_bytes_total", size, self._tag)
        self._meters.observe("floor_flush_bytes", size, self._tag)
        self._meters.count("floor_flushes_total", 1, self._tag)
        return True
