"""Read ranges of a topic: for tools, not for the floor.

Nothing here belongs to a consumer group, so looking never changes what a worker reads.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.dead_letters import Headers
from sinks.clients import kafka_python_login
from streams.admin import Place, Span, quiet_client
from streams.broker_refusals import no_broker

_POLL_MS = 500
_SILENT_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it lies in a topic; ``timestamp_ms`` is the broker's or the producer's."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def read(servers: str, spans: Mapping[Place, Span]) -> Iterator[Stored]:
    """Every record of the given spans; within a partition in order of offset.

    Raises Refusal when the broker falls silent.
    """
    left = {TopicPartition(*place): span for place, span in spans.items() if span.end > span.start}
    if not left:
        return
    consumer = _consumer(servers)
    try:
        consumer.assign(list(left))
        for key, span in left.items():
            consumer.seek(key, span.start)
        heard_s = time.monotonic()
        while left:
            for key, records in consumer.poll(timeout_ms=_POLL_MS).items():
                heard_s = time.monotonic()
                for record in records:
                    if key in left and record.offset < left[key].end:
                        yield _stored(record)
            # By position, not by what came: compaction leaves gaps, also at the end.
            for key in [key for key, span in left.items() if consumer.position(key) >= span.end]:
                del left[key]
                consumer.pause(key)
            if time.monotonic() - heard_s > _SILENT_S_MAX:
                raise no_broker(servers)
    finally:
        consumer.close(autocommit=False)


def last_spans(spans: Mapping[Place, Span], n: int) -> dict[Place, Span]:
    """The last ``n`` offsets of each span."""
    return {place: Span(max(span.start, span.end - n), span.end) for place, span in spans.items()}


def _consumer(servers: str) -> KafkaConsumer:
    try:
        with quiet_client():
            return KafkaConsumer(
                bootstrap_servers=servers.split(","),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                bootstrap_timeout_ms=10_000,
                **kafka_python_login(servers),
            )
    except (KafkaError, OSError) as error:
        raise no_broker(servers) from error


def _stored(record: Any) -> Stored:
    return Stored(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
