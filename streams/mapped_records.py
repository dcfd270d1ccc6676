"""A record of somebody's topic into records of ours: events, or one dead letter with its reason."""

from dataclasses import dataclass, replace

import orjson

from schemas.dead_letters import DeadLetter, Headers, Message, Reason
from schemas.partitioner import Partitioner, partition_of
from schemas.topics import Role, Topics
from streams.sender import Outgoing
from streams.sources.one_record import RecordMapper
from streams.sources.records import RejectReason, RowRefused
from streams.sources.routing import route_of

#: The floor knows fewer reasons than a mapping; the letter's text says the mapping's own.
_REASONS = {
    RejectReason.BAD_TIME: Reason.WRONG_FIELD,
    RejectReason.TIME_MISSING: Reason.MISSING_FIELD,
    RejectReason.BAD_NUMBER: Reason.WRONG_FIELD,
    RejectReason.FIELD_MISSING: Reason.MISSING_FIELD,
    RejectReason.VALUE_UNKNOWN: Reason.WRONG_FIELD,
    RejectReason.VALUE_REFUSED: Reason.WRONG_FIELD,
    RejectReason.NOT_UTF8: Reason.NOT_UTF8,
    RejectReason.NOT_JSON: Reason.NOT_JSON,
    RejectReason.ROW_SHAPE: Reason.WRONG_FIELD,
    RejectReason.NO_EVENT: Reason.UNKNOWN_TYPE,
}


#: Room for its headers in a batch of Kafka's usual 1 MB.
LETTER_BYTES_MAX = 900_000


@dataclass(slots=True)
class Tally:
    """What became of records: ``ignored`` are those that the mapping leaves out on purpose."""

    records: int = 0
    events: int = 0
    ignored: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where our records go."""

    topics: Topics
    partitions: int
    partitioner: Partitioner


def outgoing(
    message: Message, mapper: RecordMapper, to: Destination, tally: Tally
) -> list[Outgoing]:
    """The records that one record becomes; none where the mapping ignores it."""
    tally.records += 1
    found = mapper.events_of_bytes(message.value, message.timestamp_ms)
    if isinstance(found, RowRefused):
        tally.dead += 1
        return [_dead_letter(message, found, to)]
    tally.ignored += not found
    tally.events += len(found)
    records = []
    for event in found:
        route = route_of(event)
        key = route.key or b""
        at = partition_of(key, to.partitions, to.partitioner)
        records.append(Outgoing(to.topics.name(route.role), at, key, orjson.dumps(event)))
    return records


def _dead_letter(message: Message, refused: RowRefused, to: Destination) -> Outgoing:
    reason = Reason.TOMBSTONE if message.value is None else _REASONS[refused.reason]
    text = f"mapping: {refused.reason.value}: {refused.message}"
    if len(message.value or b"") > LETTER_BYTES_MAX:
        # Our topic might not take it, and everything behind it would wait for ever.
        message, reason = replace(message, value=None), Reason.TOO_LARGE
        text += "; the value is left where it lies"
    record = DeadLetter(message, reason, refused.field, text).to_record()
    headers: Headers = record.headers
    topic = to.topics.name(Role.DEAD_LETTERS)
    return Outgoing(topic, message.partition % to.partitions, record.key, record.value, headers)
