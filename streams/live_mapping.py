"""Somebody's topic into ours, for as long as it runs.

The order for a batch of one partition: events and dead letters durable (acks=all), then what the
mapping remembers, then the offset. A crash anywhere repeats from the offset, and a repeat gives
the same events with the same ids, which the floor counts once; nothing is lost. What is
remembered lies in a compacted topic, in the partition of the record that told it.
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from schemas.dead_letters import Message
from sinks.clients import aiokafka_login
from streams import logs
from streams.foreign_topic import Source
from streams.mapped_records import Tally, outgoing
from streams.mapping_health import Pulse
from streams.sender import Outgoing
from streams.sources.memory import HeldMemory
from streams.sources.one_record import RecordMapper

log = logs.get(__name__)

BATCH_RECORDS_MAX = 1000
#: Of a partition; a thing takes about a kilobyte.
THINGS_MAX = 200_000
_POLL_MS = 500
_PAUSE_S = 2.0


@dataclass(slots=True)
class _Partition:
    mapper: RecordMapper
    memory: HeldMemory


@dataclass(slots=True)
class LiveMapping:
    """The process; ``run`` returns when it was told to stop, or, once, at the topic's end."""

    source: Source
    tally: Tally = field(default_factory=Tally)
    pulse: Pulse = field(default_factory=Pulse)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _held: dict[int, _Partition] = field(default_factory=dict)
    # Partitions may only be taken away between two batches.
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Read, map, send, remember, commit; after a fault of Kafka from the last offset anew."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop.set)
        while not self._stop.is_set():
            self.pulse.beat()
            try:
                await self._session()
            except (KafkaError, OSError) as error:
                log.warning("mapping_interrupted", kind=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _PAUSE_S)
        log.info("mapping_stopped", records=self.tally.records, events=self.tally.events)

    async def _session(self) -> None:
        source = self.source
        consumer = AIOKafkaConsumer(
            bootstrap_servers=source.servers.split(","),
            group_id=source.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest" if source.from_start else "latest",
            isolation_level="read_committed",
            **aiokafka_login(source.servers),
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=source.servers.split(","),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_request_size=4 << 20,
            **aiokafka_login(source.servers),
        )
        self._held.clear()
        consumer.subscribe([source.topic], listener=_Listener(self))
        try:
            await producer.start()
            await consumer.start()
            await self._pump(consumer, producer)
        finally:
            await consumer.stop()
            # Stopping waits for what is unsent, which without a broker is for ever.
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                await asyncio.wait_for(producer.stop(), 10.0)

    async def _pump(self, consumer: Any, producer: Any) -> None:
        while not self._stop.is_set():
            found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=BATCH_RECORDS_MAX)
            self.pulse.tell(self.tally, [each.memory for each in self._held.values()])
            await self.pulse.lag(consumer)
            async with self._busy:
                for place, records in found.items():
                    if place not in consumer.assignment():
                        continue
                    if place.partition not in self._held:
                        # Fetched before what was remembered is back: read it once more.
                        consumer.seek(place, records[0].offset)
                        continue
                    await self._batch(records, producer)
                    await consumer.commit({place: records[-1].offset + 1})
            if not found and self.source.once and self._held and await _is_at_end(consumer):
                self._stop.set()

    async def _batch(self, records: list[Any], producer: Any) -> None:
        held = self._held[records[0].partition]
        made = [
            each
            for record in records
            for each in outgoing(_message(record), held.mapper, self.source.to, self.tally)
        ]
        sent = [await _sent(producer, each) for each in made]
        await asyncio.gather(*sent)
        kept = [
            await producer.send(
                self.source.memory_topic,
                held.memory.encoded(name),
                name.encode("utf-8", "replace"),
                partition=records[0].partition,
            )
            for name in held.memory.in_order()
        ]
        await asyncio.gather(*kept)
        held.memory.changed.clear()

    async def give_up(self) -> None:
        """Forget all partitions, once the batch at hand is done."""
        async with self._busy:
            self._held.clear()

    async def take(self, partitions: Iterable[int]) -> None:
        """Recall what was remembered in these partitions."""
        async with self._busy:
            for partition in partitions:
                memory = HeldMemory(THINGS_MAX)
                if self.source.mapping.memory:
                    await self._recall(partition, memory)
                mapper = RecordMapper(self.source.mapping, memory)
                self._held[partition] = _Partition(mapper, memory)
        log.info("mapping_assigned", partitions=len(self._held))

    async def _recall(self, partition: int, memory: HeldMemory) -> None:
        place = TopicPartition(self.source.memory_topic, partition)
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.source.servers.split(","),
            enable_auto_commit=False,
            **aiokafka_login(self.source.servers),
        )
        await reader.start()
        try:
            reader.assign([place])
            await reader.seek_to_beginning(place)
            end = (await reader.end_offsets([place]))[place]
            while await reader.position(place) < end:
                self.pulse.beat()
                for record in (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
                    if record.key is not None:
                        memory.recall(record.key.decode(), record.value)
        finally:
            await reader.stop()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types.
    def __init__(self, process: LiveMapping) -> None:
        self._process = process

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._process.give_up()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._process.take(sorted(place.partition for place in assigned))


async def _sent(producer: Any, record: Outgoing) -> Any:
    """What completes when the record is durable."""
    if record.key is not None or record.value is not None:
        return await producer.send(
            record.topic,
            record.value,
            record.key,
            partition=record.partition,
            headers=list(record.headers),
        )
    # `send` refuses a letter of neither key nor value, which a tombstone is; a batch takes it.
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=None, headers=list(record.headers))
    batch.close()
    return await producer.send_batch(batch, record.topic, partition=record.partition)


def _message(record: Any) -> Message:
    headers = tuple((name, value) for name, value in record.headers)
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=headers,
    )


async def _is_at_end(consumer: Any) -> bool:
    places = list(consumer.assignment())
    if not places:
        return False
    ends = await consumer.end_offsets(places)
    return all([await consumer.position(place) >= ends[place] for place in places])
