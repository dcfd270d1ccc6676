"""Stores records in Kafka and says when they are there, or that nobody knows.

The producer is idempotent and repeats what the broker does not answer, without end. So a request
waits ``broker_s`` and is then told that the broker is away; its records may still be stored, and
the sender's repeat, with the same event ids, is then a duplicate that stage 1 drops. While the
oldest write is older than that, further requests are turned away at once, so that an outage
holds no more than one such span of requests.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.partitioner import Partitioner, partition_of
from schemas.topics import INPUT_ROLES, Role, Topics
from sinks.clients import aiokafka_login
from streams import logs
from streams.broker_refusals import no_broker
from streams.gateway.answers import Turned
from streams.gateway.intake import Ready
from streams.refusals import Refusal

log = logs.get(__name__)

_BATCH_BYTES_MAX = 512 * 1024
_REQUEST_BYTES_MAX = 4 * 1024 * 1024
_RETRY_AFTER_S = 5
_RENEW_PAUSE_S = 1.0

Connect = Callable[[], AIOKafkaProducer]


def producer_at(servers: str) -> Connect:
    """What makes a producer for these brokers."""

    def connect() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=servers.split(","),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=_BATCH_BYTES_MAX,
            max_request_size=_REQUEST_BYTES_MAX,
            **aiokafka_login(servers),
        )

    return connect


class Writer:
    """The way into Kafka; ``start`` and ``stop`` inside the event loop."""

    def __init__(
        self, connect: Connect, topics: Topics, partitioner: Partitioner, broker_s: float
    ) -> None:
        self._connect = connect
        self._topics = topics
        self._partitioner = partitioner
        self._broker_s = broker_s
        self._kafka: AIOKafkaProducer | None = None
        self._partitions: dict[Role, int] = {}
        #: Writes that are not answered, and since when; the oldest first.
        self._open: dict[asyncio.Task[None], float] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def start(self, servers: str) -> None:
        """Connect and look at the topics; raises Refusal."""
        kafka = self._connect()
        try:
            async with asyncio.timeout(self._broker_s):
                await kafka.start()
                for role in INPUT_ROLES:
                    found = await kafka.partitions_for(self._topics.name(role))
                    self._partitions[role] = len(found)
        except (KafkaError, OSError) as error:
            await kafka.stop()
            raise no_broker(servers) from error
        if not all(self._partitions.values()):
            await kafka.stop()
            raise Refusal("the space's topics are not there", "`watchfloor setup` makes them")
        self._kafka = kafka

    async def stop(self) -> None:
        """Send what is left, as far as the broker answers, and disconnect."""
        if self._renewing is not None:
            self._renewing.cancel()
        if self._open:
            await asyncio.wait(set(self._open), timeout=self._broker_s)
        if self._kafka is not None:
            await _end(self._kafka, self._broker_s)

    def away_s(self) -> float:
        """How long the broker has owed an answer; 0 when there is none to give."""
        oldest_s = next(iter(self._open.values()), None)
        return 0.0 if oldest_s is None else time.monotonic() - oldest_s

    @property
    def is_away(self) -> bool:
        """Whether requests are turned away."""
        return self._kafka is None or self.away_s() > self._broker_s

    def why_dead(self) -> str | None:
        """Why no event will ever be stored again; None when all is well."""
        gone = self._renewing is not None and self._renewing.done()
        return "the producer is gone" if gone and self._kafka is None else None

    async def store(self, records: Sequence[Ready], answered: Callable[[], None]) -> None:
        """Return when all are durable; raises Turned when nobody knows.

        ``answered`` is called once, when the broker has answered or never will: until then the
        records are held, also after this has raised.
        """
        kafka = self._kafka
        if kafka is None or self.is_away:
            answered()
            raise _away()
        write = asyncio.create_task(self._send(kafka, records))
        self._open[write] = time.monotonic()
        write.add_done_callback(self._closed)
        write.add_done_callback(lambda _: answered())
        await asyncio.wait((write,), timeout=self._broker_s)
        if not write.done() or write.cancelled() or write.exception() is not None:
            raise _away()

    async def _send(self, kafka: AIOKafkaProducer, records: Sequence[Ready]) -> None:
        answers = []
        for each in records:
            at = partition_of(each.key, self._partitions[each.role], self._partitioner)
            topic = self._topics.name(each.role)
            answers.append(await kafka.send(topic, each.value, each.key, partition=at))
        for found in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found

    def _closed(self, write: asyncio.Task[None]) -> None:
        self._open.pop(write, None)
        if write.cancelled() or (error := write.exception()) is None:
            return
        log.error("gateway_write_failed", kind=type(error).__name__)
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        """Begin anew with another producer.

        After a batch has failed the broker expects another sequence number than the producer will
        send (aiokafka counts a batch that expired without a leader), and would refuse all others.
        """
        old, self._kafka = self._kafka, None
        for write in list(self._open):
            write.cancel()
        if old is not None:
            await _end(old, self._broker_s)
        while self._kafka is None:
            kafka = self._connect()
            try:
                async with asyncio.timeout(self._broker_s):
                    await kafka.start()
                self._kafka = kafka
            except (KafkaError, OSError):
                await _end(kafka, self._broker_s)
                await asyncio.sleep(_RENEW_PAUSE_S)
        self._renewing = None
        log.info("gateway_producer_renewed")


async def _end(kafka: AIOKafkaProducer, limit_s: float) -> None:
    # Stopping waits for what is unsent, which without a broker is for ever.
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(limit_s):
            await kafka.stop()


def _away() -> Turned:
    return Turned(
        "broker_away",
        "the broker has not confirmed the events",
        "send the same request again, with the same event ids",
        retry_after_s=_RETRY_AFTER_S,
    )
