"""A partition's durable state as a log: atomic appends, claims, and recovery in whole fetches.

``LogTable`` is a Faust table only so that its changelog is co-partitioned with the sources and
assigned with them. Faust neither writes nor reads it. At every rebalance (never only for
``newly_assigned``, which a paused worker gets empty) each assigned partition is

1. *claimed*: a record of its own key is written and awaited; its offset is the owner's epoch;
2. *replayed* up to that record through the listener, which rebuilds its state from nothing;
3. handed over, after which the sources are sought to where that state ends.

An append that does not land right behind the previous one of the same owner means that
somebody else wrote: ``ForeignWrite``.
"""

import asyncio
import os
import socket
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT
from mode.utils.times import Seconds

from streams.producer import Outgoing, Producer

CLAIM_PREFIX = b"c/"
REPLAY_POLL_MS = 500
REPLAY_FETCH_BYTES = 16 * 1024 * 1024

Replayed = Sequence[ConsumerRecord[bytes | None, bytes | None]]


class PartitionLost(RuntimeError):
    """The partition is not ours (any more): send nothing, mark nothing durable."""


class ForeignWrite(PartitionLost):
    """Another owner wrote between our appends, so our state is not what the log says."""


class RecoveryTimedOut(RuntimeError):
    """A step of the recovery took longer than the broker request time-out (D2)."""


class PartitionLog(Protocol):
    """Who keeps the state of the partitions of one ``LogTable``; called in this order."""

    def begin(self, partition: int) -> None:
        """A recovery starts: forget whatever is known of the partition."""

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in the next records, in offset order, claims included (``is_claim``).

        Records of an epoch older than the last claim passed are a zombie's; to tell them, put
        the epoch in a header of what you append.
        """

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        """The partition is ours under ``epoch``; the next append lands at ``end_offset``."""

    def drop(self, partition: int) -> None:
        """The partition is no longer ours: forget it without writing anything."""


def is_claim(key: bytes | None) -> bool:
    """Whether a record of the log is a claim; its offset is the epoch that begins there."""
    return key is not None and key.startswith(CLAIM_PREFIX)


class LogTable(faust.Table[bytes, bytes]):
    """The durable log of one stage's partitions."""

    def __init__(self, app: faust.App, *, name: str, topic: str, listener: PartitionLog) -> None:
        channel = app.topic(topic, key_type=bytes, value_type=bytes, acks=False, internal=True)
        super().__init__(
            app, name=name, changelog_topic=channel, key_type=bytes, value_type=bytes
        )  # fmt: skip
        self.topic = topic
        self._listener = listener
        self._ends: dict[int, int] = {}
        self._begun: set[int] = set()
        self._writing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        app.tables.add(self)

    async def append(self, partition: int, records: Sequence[Outgoing]) -> int:
        """Write the records as one batch, whole or not at all; the offset of the first.

        Raises ``BatchTooLarge`` (nothing was written), ``PartitionLost`` when the partition is
        not ours and ``ForeignWrite`` when somebody else wrote since our last append. After
        either of the last two call ``app.consumer.rejoin()``.
        """
        async with self._writing[partition]:
            expected = self._ends.get(partition)
            if expected is None:
                raise PartitionLost(f"{self.topic}/{partition} is not ours")
            base = await self._producer.send_atomic(self.topic, partition, records)
            if self._ends.get(partition) != expected:
                raise PartitionLost(f"{self.topic}/{partition} was revoked during a write")
            if base != expected:
                raise ForeignWrite(
                    f"{self.topic}/{partition}: expected to write at {expected}, wrote at {base}"
                )
            self._ends[partition] = base + len(records)
            return base

    def release(self) -> None:
        """Give up every partition; what is being recovered or written finds itself outdated."""
        begun, self._begun = self._begun, set()
        self._ends.clear()
        for partition in sorted(begun):
            self._listener.drop(partition)

    async def recover(self, partitions: set[int]) -> None:
        """Claim and replay the partitions; raises ``RebalanceAgain`` when they are revoked."""
        self.release()
        self._begun = begun = set(partitions)
        if not begun:
            return
        for partition in sorted(partitions):
            self._listener.begin(partition)
        ordered = sorted(partitions)
        epochs = await asyncio.gather(*(self._claim(partition) for partition in ordered))
        claims = dict(zip(ordered, epochs, strict=True))
        await self._replay(dict(claims), begun)
        for partition, epoch in claims.items():
            self._ends[partition] = epoch + 1
            self._listener.ready(partition, epoch, epoch + 1)

    async def _claim(self, partition: int) -> int:
        owner = f"{socket.gethostname()}:{os.getpid()}".encode()
        key = CLAIM_PREFIX + uuid.uuid4().hex.encode()
        async with self._writing[partition]:
            return await self._producer.send_atomic(self.topic, partition, [(key, owner, [])])

    async def _replay(self, until: dict[int, int], begun: set[int]) -> None:
        """Read each partition from its beginning up to its claim, whole fetches at a time."""
        reader = _reader(self.app)
        await reader.start()
        try:
            tps = [TopicPartition(self.topic, partition) for partition in until]
            reader.assign(tps)
            await reader.seek_to_beginning(*tps)
            while until:
                fetched = await reader.getmany(timeout_ms=REPLAY_POLL_MS)
                for tp, records in fetched.items():
                    if self._begun is not begun:
                        raise RebalanceAgain
                    self._take_in(tp, records, until, reader)
                    await asyncio.sleep(0)
                if self._begun is not begun:
                    raise RebalanceAgain
        finally:
            await reader.stop()

    def _take_in(
        self, tp: TopicPartition, records: Replayed, until: dict[int, int], reader: Any
    ) -> None:
        claim = until.get(tp.partition)
        if claim is None:
            return
        if records[-1].offset >= claim:
            records = [record for record in records if record.offset <= claim]
            assert records[-1].offset == claim, "the claim has gone from the log"
            del until[tp.partition]
            reader.pause(tp)
        self._listener.apply(tp.partition, records)

    @property
    def _producer(self) -> Producer:
        return cast(Producer, self.app.producer)

    def on_key_set(self, key: bytes, value: bytes) -> None:
        raise TypeError("a LogTable is written with append()")

    def on_key_del(self, key: bytes) -> None:
        raise TypeError("a LogTable is written with append()")


def _reader(app: AppT) -> "AIOKafkaConsumer":
    """A consumer of no group, so that reading a log has nothing to do with the rebalance."""
    conf = app.conf
    return AIOKafkaConsumer(
        bootstrap_servers=driver.server_list(conf.broker_consumer, driver.Transport.default_port),
        client_id=f"{conf.broker_client_id}-replay",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=int(conf.broker_request_timeout * 1000),
        max_partition_fetch_bytes=REPLAY_FETCH_BYTES,
        fetch_max_wait_ms=100,
        **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
    )


class LogRecovery(Recovery):
    """Faust's recovery service, left with nothing to recover but the order of the steps."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        # No changelog becomes an "active" of Faust's, so it finds nothing to read or wait for.
        if generation_id == self.app.consumer_generation_id:
            self._generation_id = generation_id
            self.signal_recovery_start.set()

    async def _wait(self, coro: Any, timeout: Seconds | None = None) -> None:
        # Stock takes a time-out for the end of the service and waits for ever (D2).
        signal = cast(Any, self.signal_recovery_start)
        result = await self.wait_first(coro, signal, timeout=timeout)
        if signal in result.done:
            raise RebalanceAgain
        if result.stopped:
            raise ServiceStopped if self.should_stop else RecoveryTimedOut

    async def _resume_streams(self, generation_id: int = 0) -> None:
        await self._wait(self.on_recovery_completed(generation_id))

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Claim, replay, seek, and only then let the sources flow."""
        app, consumer = cast(Any, self.app), cast(Any, self.app.consumer)
        revocations, assignment = consumer.revocations, consumer.assignment()
        for table in cast("dict[str, LogTable]", self.tables).values():
            await table.recover({tp.partition for tp in assignment if tp.topic == table.topic})
        await consumer.perform_seek()
        await app._fetcher.maybe_start()
        if consumer.revocations != revocations or app.consumer_generation_id != generation_id:
            return  # The rebalance that is under way starts all this again.
        self._set_recovery_ended()
        self.completed.set()
        # Clears the streams' queues, so nothing may flow before it.
        app.flow_control.resume()
        consumer.resume_partitions(consumer.sources())
        consumer.resume_flow()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        consumer.begin_round()
        self.log.info("worker_ready partitions=%s", len(assignment))
        await app.on_rebalance_complete.send()


class Tables(TableManager):
    """The tables of an app whose tables are all ``LogTable``s."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = LogRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        for table in cast("dict[str, LogTable]", self).values():
            table.release()
        super().on_partitions_revoked(revoked)
