"""Messages that could not be read: why, where from, and every byte, so that they can come back.

A dead letter is a value, never an exception. Its record carries key, value and headers of the
message as they were; where it came from and why it is here are further headers, those of Kafka
Connect and four of our own. No message text ever repeats content.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.rows import DeadLetterRow

Header = tuple[str, bytes | None]
Headers = tuple[Header, ...]

_CONNECT: Final = "__connect.errors."
_OURS: Final = "watchfloor.dead."
_NAME: Final = "watchfloor"


class Reason(StrEnum):
    """Why a message is a dead letter; a closed list, so that it can be counted and replayed by."""

    TOO_LARGE = "too_large"
    TOMBSTONE = "tombstone"
    NULL_KEY = "null_key"
    KEY_MISMATCH = "key_mismatch"
    UNSUPPORTED_FORMAT = "unsupported_format"
    BAD_CLOUDEVENT = "bad_cloudevent"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    NOT_FINITE = "not_finite"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_TOPIC = "wrong_topic"
    MISSING_FIELD = "missing_field"
    WRONG_FIELD = "wrong_field"
    UNSUPPORTED_VERSION = "unsupported_version"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    #: The message is sound, but its item has more events than the state may hold.
    TOO_MANY_EVENTS = "too_many_events"
    #: A row of ours that a sink will never take; the origin is our own topic.
    SINK_REFUSED = "sink_refused"


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka message as it came: its place, its time (UTC ms), its bytes."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What is produced to a topic."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class NotADeadLetter(ValueError):
    """The record was not written by :meth:`DeadLetter.to_record`."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused message. ``field`` is '' when no single field is to blame.

    ``event_type`` is '' unless it is one of the contract's; ``message`` is for a human and says
    nothing of what the message held.
    """

    origin: Message
    reason: Reason
    field: str
    message: str
    event_type: str = ""

    def to_record(self) -> Record:
        """The record for ``ops.dead-letters``: the message itself, with our headers at the end."""
        origin = self.origin
        about = (
            (_CONNECT + "topic", origin.topic),
            (_CONNECT + "partition", str(origin.partition)),
            (_CONNECT + "offset", str(origin.offset)),
            (_CONNECT + "connector.name", _NAME),
            (_CONNECT + "stage", "VALUE_CONVERTER"),
            (_CONNECT + "exception.class.name", f"{_NAME}.{self.reason.value}"),
            (_CONNECT + "exception.message", self.message),
            (_OURS + "reason", self.reason.value),
            (_OURS + "field", self.field),
            (_OURS + "event_type", self.event_type),
            (_OURS + "timestamp_ms", str(origin.timestamp_ms)),
        )
        added = tuple((name, text.encode()) for name, text in about)
        return Record(origin.key, origin.value, origin.headers + added)

    def to_row(self) -> DeadLetterRow:
        """What ClickHouse gets: where it lies and why, never what it said."""
        return DeadLetterRow(
            topic=self.origin.topic,
            partition=self.origin.partition,
            offset=self.origin.offset,
            reason=self.reason.value,
            at_ms=self.origin.timestamp_ms,
            field=self.field,
            event_type=self.event_type,
        )


_ADDED: Final = 11


def from_record(key: bytes | None, value: bytes | None, headers: Headers) -> DeadLetter:
    """The dead letter that a record of ``ops.dead-letters`` holds; raises NotADeadLetter.

    Only the last headers are ours: a message that failed twice carries an older set before them,
    and gets it back.
    """
    ours = dict(headers[-_ADDED:])
    try:
        text = {name: (value or b"").decode() for name, value in ours.items()}
        origin = Message(
            topic=text[_CONNECT + "topic"],
            partition=int(text[_CONNECT + "partition"]),
            offset=int(text[_CONNECT + "offset"]),
            timestamp_ms=int(text[_OURS + "timestamp_ms"]),
            key=key,
            value=value,
            headers=headers[:-_ADDED],
        )
        return DeadLetter(
            origin=origin,
            reason=Reason(text[_OURS + "reason"]),
            field=text[_OURS + "field"],
            message=text[_CONNECT + "exception.message"],
            event_type=text[_OURS + "event_type"],
        )
    except (KeyError, ValueError) as error:
        raise NotADeadLetter("the record lacks the headers of a dead letter") from error
