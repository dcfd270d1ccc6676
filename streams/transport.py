"""Faust's Kafka transport, made fast and safe: whole fetches in, only durable offsets out.

Registered as ``batched`` in the entry-point group ``faust.transports``; use it as
``broker="batched://host:port"``. One Faust message is everything one fetch brought for one
partition: its value is the list of raw records, its offset that of the last one.

Faust's acknowledgements are switched off. An offset becomes committable only by
``Consumer.mark_durable``, which the agents call once a flush that holds it is durable. So
nothing here can commit past a message that was not processed (L3-L6), and no message is
decoded before our own code does it (L8, D1).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, cast

from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message
from faust.types.transports import TPorTopicSet
from mode import Service

from streams.batches import Batch, Records, batch_topic, batches
from streams.producer import Producer

__all__ = ["Batch", "Consumer", "TopicReplaced", "Transport", "batch_topic", "batches"]

IDLE_S = 0.05
COORDINATOR_CHECK_S = 1.0


class TopicReplaced(RuntimeError):
    """We have processed offsets that the topic does not have: it was deleted and made again."""


class Consumer(driver.Consumer):
    """Reads whole fetches, starts where the state ends, commits what is durable."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._durable: dict[TP, int] = {}
        self._left = False
        #: How often partitions were taken away; a recovery that began before is outdated.
        self.revocations = 0
        #: Whether records reach the agents; not from a revocation until the next seek.
        self._open = False
        #: Counted in the consumer's thread, as the fetches are, so that what was fetched before
        #: a seek is never taken for what was fetched after it, nor the other way round.
        self._seeks = 0

    def mark_durable(self, offsets: Mapping[TP, int]) -> None:
        """Make the offsets (each the next one to read) committable; they only go forward.

        Offsets of partitions that are not ours (any more) are ignored.
        """
        for tp, offset in offsets.items():
            if offset > self._durable.get(tp, offset):
                self._durable[tp] = offset

    def holds(self, batch: Batch) -> bool:
        """Whether the batch is still ours to finish.

        An agent that retries a sink asks before each try and gives up when it is False (D3);
        whoever has the partition next reads the batch again.
        """
        return self.reading and batch.generation == self.app.consumer_generation_id

    def committed(self, tp: TP) -> int | None:
        """The offset last committed by us, or found committed after the last rebalance."""
        return self._committed_offset[tp]

    @property
    def connected(self) -> bool:
        """Whether the consumer's thread has a connection to read assignments from."""
        return self._thread._consumer is not None

    @property
    def reading(self) -> bool:
        """Whether fetched records reach the agents: recovered, sought, not being revoked."""
        return self._open

    def lags(self) -> dict[TP, int]:
        """Records not yet committed, per source, as far as the last fetch saw."""
        return {tp: (self.highwater(tp) or 0) - (self.committed(tp) or 0) for tp in self.sources()}

    def sources(self) -> set[TP]:
        """The partitions assigned to us, changelogs left out."""
        return {tp for tp in self.assignment() if not self._is_changelog_tp(tp)}

    async def rejoin(self) -> None:
        """Ask for a rebalance, by which every partition is claimed and recovered anew."""
        await self._thread.call_thread(self._coordinator().request_rejoin)

    async def leave(self) -> None:
        """Leave the group for good, so that others need not wait for our session to expire."""
        self._left = True
        await self._thread.call_thread(self._leave)

    async def _leave(self) -> None:
        coordinator = self._coordinator()
        # aiokafka sends no LeaveGroup for a static member.
        coordinator._group_instance_id = None
        await coordinator.close()

    def _coordinator(self) -> Any:
        return self._thread._ensure_consumer()._coordinator

    def hold(self) -> None:
        """Let no further record through to the agents, until ``let_go``."""
        self._open = False
        self.stop_flow()
        self.app.flow_control.suspend()

    # -- fetching

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Yield one message per partition that has something new."""
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        active = self._get_active_partitions()
        if not self._open or not active:
            await self.sleep(IDLE_S)
            return
        seeks, fetched = await self._thread.call_thread(self._fetch, active, timeout)
        while not self._open and self._seeks == seeks and not self.should_stop:
            await self.sleep(IDLE_S)  # Fetched behind a seek whose rebalance is not over.
        for tp, records in fetched.items():
            if self.should_stop or not self._open or self._seeks != seeks:
                return  # The next seek reads them again.
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            yield tp, self._to_message(tp, records)

    async def _fetch(self, active: set[TP], timeout: float) -> tuple[int, Mapping[TP, Records]]:
        """In the consumer's thread: records, and how many seeks they come after."""
        kafka = self._thread._ensure_consumer()
        fetched = await self._thread._fetch_records(
            kafka, active, timeout=timeout, max_records=kafka._max_poll_records
        )
        return self._seeks, fetched

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        last: ConsumerRecord[Any, Any] = record[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000.0, last.timestamp_type,
            [], None, record, None, 0, 0, TP(tp.topic, tp.partition),
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps only matter to Faust's acknowledgements."""

    # -- where to start

    async def perform_seek(self) -> None:
        """Seek each source to where our state ends, else to what was committed, else to 0."""
        self._read_offset.update(await self.seek_to_committed())

    async def seek_to_committed(self) -> Mapping[TP, int]:
        sources = self.sources()
        wanted = await cast(Any, self.app).hooks.start_offsets(sources)
        found = await self._thread.call_thread(self._seek_sources, sources, wanted)
        self._durable = {tp: start for tp, (start, _) in found.items()}
        self._committed_offset.update({tp: committed for tp, (_, committed) in found.items()})
        return dict(self._durable)

    async def _seek_sources(
        self, sources: set[TP], wanted: Mapping[TP, int]
    ) -> dict[TP, tuple[int, int | None]]:
        """In the consumer's thread: seek; where each starts, and what was committed."""
        kafka = self._thread._ensure_consumer()
        kafka.pause(*(tp for tp in kafka.assignment() if tp not in sources))
        if not sources:
            return {}
        earliest, ends, *committed = await asyncio.gather(
            kafka.beginning_offsets(list(sources)),
            kafka.end_offsets(list(sources)),
            *(kafka.committed(tp) for tp in sources),
        )
        found: dict[TP, tuple[int, int | None]] = {}
        self._seeks += 1  # No await from here to the last seek.
        for tp, commit in zip(sources, committed, strict=True):
            start = wanted.get(tp, commit)
            if start is not None and start > ends[tp]:
                raise TopicReplaced(f"{tp} ends at {ends[tp]}, but was processed up to {start}")
            if start is not None and start < earliest[tp]:
                self.log.error("source_expired_unread tp=%s from=%s to=%s", tp, start, earliest[tp])
            start = max(start or 0, earliest[tp])
            kafka.seek(tp, start)
            found[tp] = (start, commit)
        return found

    def let_go(self) -> None:
        """Let fetched records through again; the last step after a rebalance."""
        self._open = True

    # -- commits

    async def force_commit(
        self, topics: TPorTopicSet | None = None, start_new_transaction: bool = True
    ) -> bool:
        """Commit every durable offset that is ahead of the committed one."""
        assigned = self.assignment()
        offsets = {
            tp: offset
            for tp, offset in self._durable.items()
            if tp in assigned and offset > (self._committed_offset[tp] or 0)
        }
        if self._left or not offsets or not await self._commit(offsets):
            return False
        self._committed_offset.update(offsets)
        self.app.monitor.on_tp_commit(offsets)
        return True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop reading, let the agents flush, commit; only then forget the partitions."""
        self.revocations += 1
        self.hold()
        if revoked:
            await cast(Any, self.app).settle(revoked)
        self._durable.clear()
        self._buffered_partitions.clear()
        await super().on_partitions_revoked(revoked)

    async def verify_all_partitions_active(self) -> None:
        """Left to the watchdog: Faust's check complains of changelogs, which we never read."""

    @Service.task
    async def _watch_coordinator(self) -> None:
        """Crash when aiokafka has given up on the group: nobody else reads that error."""
        while not self.should_stop:
            await self.sleep(COORDINATOR_CHECK_S)
            if self._left or not self.connected:
                continue
            coordinator = self._coordinator()
            if coordinator._pending_exception is not None:
                raise coordinator._pending_exception
            if coordinator._coordination_task.done():
                raise IllegalStateError("the group coordination of aiokafka has ended")


class Transport(driver.Transport):
    """``batched://``: Faust's aiokafka transport with the consumer and producer above."""

    Consumer: ClassVar[type[Any]] = Consumer
    Producer: ClassVar[type[Any]] = Producer
