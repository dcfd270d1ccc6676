"""The Kafka producer under every Faust app here: idempotent, and loud when a write fails.

Stock Faust warns about a failed changelog write and commits the source offset anyway (L1), and
its ``flush()`` returns after 100 ms with messages unsent (L2). Here a failed write ends the
process, and ``flush()`` returns when nothing is unsent or unanswered.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer
from faust.types import HeadersArg, RecordMetadata
from faust.types.tuples import FutureMessage

Headers = Sequence[tuple[str, bytes | None]]
#: Key, value (None deletes the key) and headers of one record to write.
Outgoing = tuple[bytes | None, bytes | None, Headers]


class BatchTooLarge(ValueError):
    """The records do not fit one atomic batch; nothing was sent."""


class EndsProcess(Protocol):
    """Whatever can end the process with a reason: the app."""

    def fatal(self, reason: str) -> None: ...


class _Unanswered:
    """Writes handed to the producer that the broker has not answered yet."""

    def __init__(self, app: EndsProcess) -> None:
        self._app = app
        self._writes: set[asyncio.Future[Any]] = set()

    def add(self, write: asyncio.Future[Any], topic: str) -> None:
        self._writes.add(write)
        write.add_done_callback(partial(self._answered, topic))

    def _answered(self, topic: str, write: asyncio.Future[Any]) -> None:
        self._writes.discard(write)
        if write.cancelled():
            return
        error = write.exception()
        if error is not None:
            self._app.fatal(f"a write to {topic} failed: {error!r}")

    async def settle(self) -> None:
        """Wait until none is left, including those that are added meanwhile."""
        while self._writes:
            await asyncio.wait(set(self._writes))


class Buffer(ProducerBuffer):
    """Faust's queue of messages to send, which also knows when they were answered."""

    unanswered: _Unanswered

    def put(self, fut: FutureMessage) -> None:
        self.unanswered.add(fut, fut.message.channel.get_topic_name())
        super().put(fut)

    async def flush(self) -> None:
        await self.unanswered.settle()


class Producer(driver.Producer):
    """Faust's producer with idempotence, a real ``flush()``, and whole batches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.app.conf.producer_threaded:
            raise ValueError("producer_threaded must stay False: commits do not wait for it (L9)")
        self._unanswered = _Unanswered(cast(EndsProcess, self.app))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        buffer = Buffer(loop=self.loop, beacon=self.beacon)
        buffer.app = self.app
        buffer.unanswered = self._unanswered
        self.buffer = buffer

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}

    async def send(  # noqa: PLR0913 - as Faust calls it.
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        write = await super().send(topic, key, value, partition, timestamp, headers)
        self._unanswered.add(cast("asyncio.Future[RecordMetadata]", write), topic)
        return write

    async def flush(self) -> None:
        """Return when every message handed over so far was answered by the broker."""
        await self._unanswered.settle()
        if self._producer is not None:
            await self._producer.flush()

    async def send_atomic(self, topic: str, partition: int, records: Sequence[Outgoing]) -> int:
        """Write the records as one batch, which the broker keeps whole or not at all.

        Returns the offset of the first record. Raises ``BatchTooLarge`` before sending
        anything, or the broker's error.
        """
        assert records, "an empty batch has no offset"
        kafka = self._ensure_producer()
        batch, taken = _fill(kafka, records)
        if taken < len(records):
            raise BatchTooLarge(
                f"{len(records)} records for {topic}: only {taken} fit {self.max_batch_size} bytes"
            )
        return await self._send_batch(kafka, batch, topic, partition)

    async def send_many(self, topic: str, by_partition: Mapping[int, Sequence[Outgoing]]) -> None:
        """Write many records to many partitions, in order within each, and await them all.

        As many batches as it takes: only for what may be seen in part. A failure ends the
        process, as does one of ``send``.
        """
        await asyncio.gather(
            *(self._send_all(topic, part, records) for part, records in by_partition.items())
        )

    async def _send_all(self, topic: str, partition: int, records: Sequence[Outgoing]) -> None:
        kafka = self._ensure_producer()
        start = 0
        while start < len(records):
            batch, taken = _fill(kafka, records[start:])
            if not taken:
                raise BatchTooLarge(f"one record for {topic} exceeds {self.max_batch_size} bytes")
            await self._send_batch(kafka, batch, topic, partition)
            start += taken

    async def _send_batch(
        self, kafka: AIOKafkaProducer, batch: BatchBuilder, topic: str, partition: int
    ) -> int:
        batch.close()
        write = await kafka.send_batch(batch, topic, partition=partition)
        self._unanswered.add(write, topic)
        metadata = await asyncio.shield(write)  # A cancelled caller must not hide a failed write.
        return cast(int, metadata.offset)


def _fill(kafka: AIOKafkaProducer, records: Iterable[Outgoing]) -> tuple[BatchBuilder, int]:
    """One batch with as many of the records as fit, and how many those are."""
    batch = kafka.create_batch()
    append = batch.append
    taken = 0
    for key, value, headers in records:
        if append(key=key, value=value, timestamp=None, headers=headers) is None:
            break
        taken += 1
    return batch, taken
