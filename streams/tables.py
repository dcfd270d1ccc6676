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
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faust.tables.recovery import RebalanceAgain
from faust.transport.drivers import aiokafka as driver
from faust.types import AppT

from streams.producer import Outgoing, Producer

CLAIM_PREFIX = b"c/"
REPLAY_POLL_MS = 500
REPLAY_FETCH_BYTES = 16 * 1024 * 1024

Replayed = Sequence[ConsumerRecord[bytes | None, bytes | None]]


class PartitionLost(RuntimeError):
    """The partition is not ours (any more): send nothing, mark nothing durable."""


class ForeignWrite(PartitionLost):
    """Another owner wrote between our appends, so our state is not what the log says."""


class PartitionLog(Protocol):
    """Who keeps the state of the partitions of one ``LogTable``; called in this order."""

    def begin(self, partition: int) -> None:
        """A recovery starts: forget whatever is known of the partition."""

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in the next records, in offset order, claims included (``is_claim``).

        Records of an epoch older than the last claim passed are a zombie's; to tell them, put
        the epoch in a header of what you append.
        """

    def settle(self, partition: int) -> Iterable[None]:
        """All is told: work out what follows from it, in slices of some tenths of a second."""

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
        #: Grows while a recovery gets on.
        self.progress = 0
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
        # The reader takes a moment to stop, long enough for a rebalance.
        await self._turn(begun)
        for partition in ordered:
            # A worker that is silent between slices for long would lose its partitions.
            for _ in self._listener.settle(partition):
                self.progress += 1
                await self._turn(begun)
        for partition, epoch in claims.items():
            self._ends[partition] = epoch + 1
            self._listener.ready(partition, epoch, epoch + 1)

    async def _turn(self, begun: set[int]) -> None:
        """Let others run; raises RebalanceAgain when the partitions were taken away by then."""
        await asyncio.sleep(0)
        if self._begun is not begun:
            raise RebalanceAgain

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
                await self._turn(begun)
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
        self.progress += len(records)

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
