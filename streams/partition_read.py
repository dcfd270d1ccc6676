"""Read one partition from end to end, fast: whole fetches through aiokafka's compiled parser.

Four times as fast as ``streams.records``, which reads several partitions as they come. Nothing
here belongs to a consumer group either.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from sinks.clients import aiokafka_login
from streams.admin import Place, Span
from streams.broker_refusals import no_broker

_POLL_MS = 500
_FETCH_BYTES = 16 * 1024 * 1024
_SILENT_S_MAX = 30.0

#: Hears of each record, as aiokafka has it, in order of offset.
Take = Callable[[Any], None]


def read_partition(servers: str, place: Place, span: Span, take: Take) -> None:
    """Every record of a span of one partition; raises Refusal when the broker falls silent."""
    if span.start >= span.end:
        return
    try:
        asyncio.run(_read(servers, TopicPartition(*place), span, take))
    except (KafkaError, OSError) as error:
        raise no_broker(servers) from error


async def _read(servers: str, partition: TopicPartition, span: Span, take: Take) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_bytes=2 * _FETCH_BYTES,
        **aiokafka_login(servers),
    )
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, span.start)
        heard_s = time.monotonic()
        # By position, not by what came: compaction leaves gaps, also at the end.
        while await consumer.position(partition) < span.end:
            fetched = (await consumer.getmany(timeout_ms=_POLL_MS)).get(partition, ())
            if fetched:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > _SILENT_S_MAX:
                raise no_broker(servers)
            for record in fetched:
                if record.offset < span.end:
                    take(record)
    finally:
        await consumer.stop()
