"""Up to when the past is closed: nothing that a worker still knows can change it any more.

Minutes are sealed within hours, but what comes late is counted in quarters of an hour that stay in
the state for the retention, and a new SLA policy restates the clocks of items that are still open.
Rows that were told wait in their topic for delivery. After the longest of it a row stays as it is.
"""

import msgspec

from schemas.topics import Role, Topics
from streams import records
from streams.admin import Kafka
from streams.core import wire
from streams.core.plan import DAY_MS, QUARTER_MS, Plan
from streams.core.windows import COARSE_KEPT_MS
from streams.refusals import Refusal

_LATEST_RECORDS = 50_000


def restatable_ms(plan: Plan, topics: Topics, partitions: int) -> int:
    """For how long behind the floor's time a row may still be told anew or be on its way."""
    known_ms = max(plan.retention_ms + DAY_MS, COARSE_KEPT_MS, plan.open_item_retention_ms)
    name = topics.name(Role.ROLLUPS)
    configs = {spec.name: spec.config for spec in topics.specs(partitions)}
    return known_ms + int(configs[name]["retention.ms"])


def closed_before_ms(kafka: Kafka, topics: Topics, plan: Plan, partitions: int) -> int:
    """The time (UTC ms, a whole quarter of an hour) before which everything is closed.

    It follows from the source that is furthest behind. Raises Refusal when the floor has no state
    that says how far it is.
    """
    behind_ms = min(_watermarks(kafka, topics, partitions))
    closed_ms = behind_ms - restatable_ms(plan, topics, partitions)
    return max(0, closed_ms - closed_ms % QUARTER_MS)


def _watermarks(kafka: Kafka, topics: Topics, partitions: int) -> list[int]:
    """How far each source partition is, as each partition of stage 2 last heard of it."""
    log = topics.floor_changelog(2)
    found: dict[int, wire.RollupsMeta] = {}
    if kafka.topics([log]):
        spans = kafka.spans([(log, number) for number in range(partitions)])
        for latest in (records.last_spans(spans, _LATEST_RECORDS), spans):
            for record in records.read(kafka.servers, latest):
                if record.key == wire.META and record.value is not None:
                    payload = wire.unstamped(record.value)[2]
                    found[record.partition] = msgspec.json.decode(payload, type=wire.RollupsMeta)
            if len(found) == partitions:
                break
    marks = [mark.watermark_ms for meta in found.values() for mark in meta.sources.values()]
    if len(marks) < partitions * partitions:
        raise Refusal(
            "the floor's state does not say how far it is, so no range is known to be closed",
            "let a worker run until `watchfloor lag` shows nothing to do",
        )
    return marks
