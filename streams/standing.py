"""How far a space's floor is, as its changelogs say: for tools that look from outside."""

from collections.abc import Mapping

import msgspec

from streams import records
from streams.admin import Kafka, Place, Span
from streams.core import wire

#: A partition's meta record is the last of its latest flush, so looking begins near the end.
_TAIL_RECORDS = 64
_TAIL_GROWS = 8


def last_metas(kafka: Kafka, topic: str, partitions: int) -> list[wire.Meta]:
    """The last ``meta`` of each partition of stage 1's changelog; none where nothing was flushed.

    Raises Refusal when the brokers fall silent, and KafkaError for a topic that does not exist.
    """
    whole = kafka.spans([(topic, partition) for partition in range(partitions)])
    left, length, found = whole, _TAIL_RECORDS, dict[Place, wire.Meta]()
    while left:
        tails = records.last_spans(left, length)
        found |= _metas(kafka, tails)
        left = {
            place: span
            for place, span in left.items()
            if place not in found and tails[place].start > span.start
        }
        length *= _TAIL_GROWS
    return [found[place] for place in sorted(found)]


def _metas(kafka: Kafka, spans: Mapping[Place, Span]) -> dict[Place, wire.Meta]:
    """The last meta within each span that holds one."""
    found = {}
    for record in records.read(kafka.servers, spans):
        if record.key == wire.META and record.value is not None:
            _, _, payload = wire.unstamped(record.value)
            found[record.topic, record.partition] = payload
    return {place: msgspec.json.decode(payload, type=wire.Meta) for place, payload in found.items()}
