"""Send records exactly as given and wait until they are stored: for tools, not for the floor.

Through aiokafka, whose batches take what a message may be: kafka-python refuses a header
without a value, and a message with neither key nor value, so those could never be sent back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.dead_letters import Headers
from sinks.clients import aiokafka_login
from streams.admin import Place
from streams.broker_refusals import no_broker
from streams.refusals import Refusal

#: Below Kafka's usual limit of 1 MB for a batch; a larger record is a batch of its own.
_BATCH_BYTES_MAX = 512 * 1024
_REQUEST_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send; its time is the moment of sending."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def place(self) -> Place:
        """Topic and partition."""
        return self.topic, self.partition


class Sender:
    """A producer to call from ordinary code; use it in a ``with``."""

    def __init__(self, servers: str, timeout_s: float) -> None:
        """Connect; Refusal when no broker answers within ``timeout_s``."""
        self._servers = servers
        self._timeout_s = timeout_s
        self._runner = asyncio.Runner()
        try:
            self._producer = self._runner.run(self._connected())
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._producer.stop())
        self._runner.close()

    def send(self, records: Sequence[Outgoing]) -> None:
        """Send all, in order within a partition, and wait until all are stored.

        Raises Refusal when one is not taken; others may be stored then.
        """
        try:
            self._runner.run(self._send(records))
        except (KafkaError, TimeoutError) as error:
            raise Refusal(
                f"Kafka did not take a record: {type(error).__name__}",
                "`watchfloor doctor` looks into brokers and topics",
            ) from error

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES_MAX,
            max_request_size=_REQUEST_BYTES_MAX,
            request_timeout_ms=int(self._timeout_s * 1000),
            **aiokafka_login(self._servers),
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise no_broker(self._servers) from error
        return producer

    async def _send(self, records: Sequence[Outgoing]) -> None:
        ordered = sorted(records, key=lambda record: record.place)
        for (topic, partition), group in groupby(ordered, key=lambda record: record.place):
            batch = self._producer.create_batch()
            for record in group:
                if not _append(batch, record):
                    await self._store(batch, topic, partition)
                    batch = self._producer.create_batch()
                    fits = _append(batch, record)
                    assert fits, "the first record of a batch is taken whatever its size"
            await self._store(batch, topic, partition)

    async def _store(self, batch: BatchBuilder, topic: str, partition: int) -> None:
        async with asyncio.timeout(self._timeout_s):
            await (await self._producer.send_batch(batch, topic, partition=partition))


def _append(batch: BatchBuilder, record: Outgoing) -> bool:
    return (
        batch.append(
            timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
        )
        is not None
    )
