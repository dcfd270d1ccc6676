"""Sends many events fast: whole record batches per partition, awaited, with a tick for time."""

import asyncio
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.partitioner import Partitioner, partition_of
from schemas.topics import Role, Topics
from sinks.clients import aiokafka_login
from streams.core.ticks import Tick
from streams.refusals import Refusal

BATCH_BYTES = 512 * 1024
#: Records gathered in all partitions before they are sent.
GATHER_RECORDS_MAX = 20_000

#: (key, value, record timestamp in UTC ms)
Gathered = tuple[bytes | None, bytes, int]


class Feed:
    """A producer for the input topics of one space; use it in an ``async with``.

    ``put`` gathers, ``flush`` returns when the brokers have all of it. Partitions are chosen as
    the space's terms say, so that an item's events stay together whoever sends them.
    """

    def __init__(
        self,
        servers: str,
        topics: Topics,
        partitions: int,
        partitioner: Partitioner = Partitioner.MURMUR2,
    ) -> None:
        self._servers = servers
        self._topics = topics
        self._partitions = partitions
        self._partitioner = partitioner
        self._gathered: dict[tuple[Role, int], list[Gathered]] = {}
        self._count = 0
        self._ends: dict[int, dict[str, int]] = {}
        self._kafka: Any = None
        self.sent = 0

    def begin_at(self, ends: dict[int, dict[str, int]]) -> None:
        """Where the topics end already, by partition and role: ticks then wait for that too."""
        self._ends = ends

    async def __aenter__(self) -> Self:
        self._kafka = AIOKafkaProducer(
            bootstrap_servers=self._servers.split(","),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            **aiokafka_login(self._servers),
        )
        try:
            await self._kafka.start()
        except KafkaError as error:
            raise Refusal(
                f"Kafka does not answer at {self._servers}", "`watchfloor doctor` says more"
            ) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                await self.flush()
        finally:
            await self._kafka.stop()

    async def put(self, role: Role, key: bytes | None, value: bytes, record_ms: int) -> None:
        """Gather one record; sends when enough is gathered."""
        at = 0 if key is None else partition_of(key, self._partitions, self._partitioner)
        self._gathered.setdefault((role, at), []).append((key, value, record_ms))
        self._count += 1
        if self._count >= GATHER_RECORDS_MAX:
            await self.flush()

    async def flush(self) -> None:
        """Send what is gathered; returns when it is durable."""
        gathered, self._gathered, self._count = self._gathered, {}, 0
        await asyncio.gather(*(self._send(*at, rows) for at, rows in gathered.items()))

    async def _send(self, role: Role, partition: int, rows: list[Gathered]) -> None:
        topic = self._topics.name(role)
        written: list[tuple[Any, int]] = []
        at = 0
        while at < len(rows):
            batch = self._kafka.create_batch()
            began = at
            while at < len(rows):
                key, value, record_ms = rows[at]
                if batch.append(key=key, value=value, timestamp=record_ms) is None:
                    break
                at += 1
            if at == began:
                raise Refusal(f"an event for {topic} exceeds {BATCH_BYTES} bytes", "leave it out")
            batch.close()
            write = await self._kafka.send_batch(batch, topic, partition=partition)
            written.append((write, at - began))
        ends = self._ends.setdefault(partition, {})
        for write, count in written:
            ends[role.value] = (await write).offset + count
        self.sent += len(rows)

    async def tick(self, now_ms: int) -> None:
        """Say that event time has reached ``now_ms``; what was sent before lies before it.

        Only in a space that no worker sends ticks to: a replay's, with one sender.
        """
        await self.flush()
        sends = [
            await self._kafka.send(
                self._topics.ticks,
                msgspec.json.encode(Tick(now_ms, dict(self._ends.get(partition, {})))),
                partition=partition,
            )
            for partition in range(self._partitions)
        ]
        await asyncio.gather(*sends)
