"""Bytes of a Kafka message into an event, or into a dead letter. Nothing else can come out.

The plain case (JSON, no headers, no framing) is one validation in pydantic's Rust core, a few
byte checks and a cached hash for each person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pydantic import ValidationError

from schemas import cloudevents
from schemas.dead_letters import DeadLetter, Header, Message, Reason
from schemas.events import DICT_UNION, MODELS, Event, people_fields
from schemas.field_types import DAY_MS
from schemas.people import Pseudonymiser
from schemas.refusals import Refused, explain, refuse_not_finite
from schemas.topics import INPUT_ROLES, Topics
from schemas.wrappings import unwrap

VALUE_BYTES_MAX_DEFAULT: Final = 256 * 1024
_OPEN_BRACE: Final = b"{"
_LETTER_N: Final = ord("N")
_LETTER_I: Final = ord("I")
_SPECVERSION: Final = b'"specversion"'

#: By event type: the topic's role, the key's field, the fields that name people.
_ROUTES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    name: (model.role.value, model.key_field, people_fields(model))
    for name, model in MODELS.items()
}


class Record(Protocol):
    """A Kafka record, as aiokafka has it; ``timestamp`` in UTC ms, -1 for none."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[Header]: ...


@dataclass(frozen=True, slots=True)
class AcceptedTimes:
    """Which ``occurred_at`` is taken: from ``oldest_ms`` to ``newest_ms``, both included.

    Relative to the record's timestamp (the live floor), or as they are (a replay of old logs).
    """

    oldest_ms: int = -30 * DAY_MS
    newest_ms: int = 5 * 60_000
    relative: bool = True


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """What decoding is told once. ``value_bytes_max`` is checked before anything is parsed."""

    topics: Topics = field(default_factory=Topics)
    value_bytes_max: int = VALUE_BYTES_MAX_DEFAULT
    accepted: AcceptedTimes = AcceptedTimes()


class Decoder:
    """Reads the input topics of one space.

    ``people`` None lets ids of people pass unchanged: only right when they are pseudonyms
    already (see :func:`schemas.people.pseudonymiser`).
    """

    def __init__(
        self, people: Pseudonymiser | None, settings: DecoderSettings | None = None
    ) -> None:
        settings = settings or DecoderSettings()
        self._pseudonym = people.pseudonym if people else None
        self._bytes_max = settings.value_bytes_max
        self._accepted = settings.accepted
        self._topic_names = {role.value: settings.topics.name(role) for role in INPUT_ROLES}
        self._validate = DICT_UNION.validator.validate_json

    def decode(self, role: str, partition: int, record: Record) -> Event | DeadLetter:
        """The event, a dict whose people are pseudonyms, or why there is none; never raises.

        ``role`` is an input role of :class:`schemas.topics.Role` and names the record's topic.
        """
        try:
            event = self._read(record)
            people = self._check_place(role, record, event)
        except Refused as refused:
            return self.dead_letter(role, partition, record, refused)
        pseudonym = self._pseudonym
        if pseudonym is not None:
            org_id, source = event["org_id"], event["source"]
            for name in people:
                person = event.get(name)
                if person is not None:
                    event[name] = pseudonym(org_id, source, person)
        return event

    def _read(self, record: Record) -> Event:
        """The event as it was sent; raises Refused."""
        payload = record.value
        if payload is None:
            raise Refused(Reason.TOMBSTONE, "", "the value is null")
        if len(payload) > self._bytes_max:
            raise Refused(Reason.TOO_LARGE, "", f"the value is over {self._bytes_max} bytes")
        if record.headers or payload[:1] != _OPEN_BRACE:
            payload = unwrap(payload, record.headers)
        # One letter is found several times faster than the words that it begins.
        if _LETTER_N in payload or _LETTER_I in payload:
            refuse_not_finite(payload)
        try:
            event: Event = self._validate(payload)
        except ValidationError as error:
            return self._read_unmarked(payload, error)
        return event

    def _check_place(self, role: str, record: Record, event: Event) -> tuple[str, ...]:
        """Whether topic, key and time fit the event; gives its fields that name people.

        Raises Refused.
        """
        expected_role, key_field, people = _ROUTES[event["event_type"]]
        if role != expected_role:
            raise _refused(event, Reason.WRONG_TOPIC, "event_type", "belongs to another topic")
        key = record.key
        if key is None:
            raise _refused(event, Reason.NULL_KEY, key_field, "has to be the key, which is null")
        if key != event[key_field].encode():
            raise _refused(event, Reason.KEY_MISMATCH, key_field, "is not the record's key")
        accepted, occurred_ms = self._accepted, event["occurred_at"]
        base_ms = 0
        if accepted.relative:
            base_ms = record.timestamp if record.timestamp >= 0 else event["received_at"]
        if not accepted.oldest_ms <= occurred_ms - base_ms <= accepted.newest_ms:
            message = "is outside the accepted range"
            raise _refused(event, Reason.TIME_OUT_OF_RANGE, "occurred_at", message)
        return people

    def _read_unmarked(self, payload: bytes, error: ValidationError) -> Event:
        """The event of a structured CloudEvent that no header announces; raises Refused."""
        if _SPECVERSION in payload and error.errors()[0]["type"] == "union_tag_not_found":
            payload = cloudevents.from_structured(payload)
            try:
                event: Event = self._validate(payload)
                return event
            except ValidationError as inner:
                error = inner
        raise explain(error, payload)

    def dead_letter(
        self, role: str, partition: int, record: Record, refused: Refused
    ) -> DeadLetter:
        """What a record becomes that is refused, here or by what comes after."""
        origin = Message(
            topic=self._topic_names[role],
            partition=partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
        )
        return DeadLetter(
            origin, refused.reason, refused.field, refused.message, refused.event_type
        )


def _refused(event: Event, reason: Reason, name: str, message: str) -> Refused:
    return Refused(reason, name, f"{name}: {message}", event["event_type"])
