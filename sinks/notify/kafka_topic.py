"""Alerts into a Kafka topic of the receiver's, as CloudEvents in binary mode."""

import asyncio

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from sinks.clients import aiokafka_login
from sinks.notify.answers import Answer
from sinks.notify.bodies import EVENT_TYPE, iso
from sinks.notify.notice import Entry

Headers = list[tuple[str, bytes]]


def record(entry: Entry, notice_id: str, space: str) -> tuple[bytes, bytes, Headers]:
    """Key (the fingerprint), value and headers of one alert."""
    alert = entry.alert
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": f"{notice_id}/{alert.id}",
        "ce_source": f"/watchfloor/{space}",
        "ce_type": EVENT_TYPE,
        "ce_subject": alert.fingerprint,
        "ce_time": iso(alert.at_ms),
        "content-type": "application/json",
    }
    headers = [(name, value.encode()) for name, value in attributes.items()]
    return alert.fingerprint.encode(), msgspec.json.encode(alert), headers


class Producers:
    """One producer for each set of brokers, connected when it is first needed."""

    def __init__(self) -> None:
        self._producers: dict[str, AIOKafkaProducer] = {}

    async def send(
        self,
        servers: str,
        topic: str,
        records: list[tuple[bytes, bytes, Headers]],
        timeout_s: float,
    ) -> Answer:
        """Store records in order, and say what came of it."""
        try:
            async with asyncio.timeout(timeout_s):
                producer = await self._connected(servers)
                for key, value, headers in records:
                    await producer.send_and_wait(topic, value, key=key, headers=headers)
        except (KafkaError, TimeoutError, OSError) as error:
            await self._drop(servers)
            return Answer("retry", type(error).__name__)
        return Answer("sent", "stored")

    async def close(self) -> None:
        """Disconnect from all brokers."""
        for servers in list(self._producers):
            await self._drop(servers)

    async def _connected(self, servers: str) -> AIOKafkaProducer:
        if servers not in self._producers:
            self._producers[servers] = producer = AIOKafkaProducer(
                bootstrap_servers=servers,
                acks="all",
                enable_idempotence=True,
                **aiokafka_login(servers),
            )
            await producer.start()
        return self._producers[servers]

    async def _drop(self, servers: str) -> None:
        producer = self._producers.pop(servers, None)
        if producer is not None:
            await producer.stop()
