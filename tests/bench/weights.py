"""How much lies in a topic: records, and bytes of their keys and values."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

FETCH_BYTES = 8 * 1024 * 1024


def weigh(kafka: str, topics: Sequence[str], partitions: int) -> tuple[int, int]:
    """Records and bytes of all that lies in these topics now, uncompressed."""
    places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    return asyncio.run(_weigh(kafka, places))


async def _weigh(kafka: str, places: Sequence[TopicPartition]) -> tuple[int, int]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places)
        left = {place for place in places if ends[place]}
        consumer.assign(list(places))
        records = size = 0
        while left:
            for fetched in (await consumer.getmany(*left, timeout_ms=1000)).values():
                records += len(fetched)
                size += sum(len(each.key or b"") + len(each.value or b"") for each in fetched)
            left = {place for place in left if await consumer.position(place) < ends[place]}
        return records, size
    finally:
        await consumer.stop()
