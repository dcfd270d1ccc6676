"""A person in Kafka: the command to forget them, what names them still, and until when.

Of a compacted topic the last value of each key counts; what it superseded lies there until the
broker compacts. What is kept by time goes by time: nothing can be taken out of it before.
"""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from schemas import forgetting
from schemas.forgetting import Forget
from schemas.topics import INPUT_ROLES, Role, Topics
from streams import records
from streams.admin import Kafka, Place, Span
from streams.core import wire
from streams.core.forgotten import fingerprint
from streams.sender import Outgoing, Sender

#: Compacted topics of rows, from which a name goes by a tombstone for its key.
ROW_ROLES = (Role.ROLLUPS, Role.ITEMS, Role.LABELS)
#: Topics that go by time and may name somebody; the first three as the source does.
EXPIRING = (
    *INPUT_ROLES, Role.DEAD_LETTERS, Role.PANES, Role.SNAPSHOTS, Role.ALERTS, Role.NOTICES,
    Role.COMMANDS,
)  # fmt: skip
_LISTED = "forgotten/"


class LastValues:
    """Which keys of a topic name a person with their last value; read on by ``catch_up``."""

    def __init__(self, kafka: Kafka, topic: str, person: str) -> None:
        self.topic = topic
        #: Keys that name the person, and partitions that have them on their list.
        self.held: set[tuple[int, bytes]] = set()
        self.listed: set[int] = set()
        self._kafka = kafka
        self._text = person.encode()
        self._list_key = wire.FORGOTTEN + fingerprint(person).encode()
        self._read: dict[int, int] = {}
        found = kafka.topics([topic])
        self.partitions = found[topic].partitions if found else 0

    def catch_up(self) -> "LastValues":
        """Read up to the present end."""
        places: list[Place] = [(self.topic, partition) for partition in range(self.partitions)]
        spans = {
            place: Span(max(span.start, self._read.get(place[1], 0)), span.end)
            for place, span in self._kafka.spans(places).items()
        }
        for record in records.read(self._kafka.servers, spans):
            key, value = record.key or b"", record.value
            if value is not None and (self._text in key or self._text in value):
                self.held.add((record.partition, key))
            else:
                self.held.discard((record.partition, key))
            if key == self._list_key and value is not None:
                self.listed.add(record.partition)
        self._read |= {partition: span.end for (_, partition), span in spans.items()}
        return self

    @property
    def is_listed(self) -> bool:
        """Whether every partition has forgotten the person."""
        return len(self.listed) == self.partitions

    def tombstones(self) -> list[Outgoing]:
        """What deletes every key that names the person."""
        return [Outgoing(self.topic, partition, key, None) for partition, key in sorted(self.held)]


@dataclass(frozen=True, slots=True)
class Expiring:
    """A topic whose records go by time, and when the last that may name somebody will have gone."""

    topic: str
    gone_by: datetime | None


def tell_notifier(sender: Sender, topics: Topics, person: str) -> None:
    """Tell the notifier, too, behind all that the floor said of alerts about the person."""
    command = forgetting.encode(Forget(uuid.uuid4().hex, person, time.time_ns() // 1_000_000))
    sender.send([Outgoing(topics.alerts, 0, None, command)])


def order(sender: Sender, kafka: Kafka, topics: Topics, person: str) -> None:
    """Put the person on the space's list, and tell every partition to forget them."""
    now_ms = time.time_ns() // 1_000_000
    listed = orjson.dumps({"at_ms": now_ms})
    key = (_LISTED + fingerprint(person)).encode()
    command = forgetting.encode(Forget(uuid.uuid4().hex, person, now_ms))
    partitions = kafka.topics([topics.commands])[topics.commands].partitions
    sender.send([Outgoing(topics.space, 0, key, listed)])
    sender.send([Outgoing(topics.commands, each, None, command) for each in range(partitions)])


def listed(kafka: Kafka, topics: Topics) -> frozenset[str]:
    """The fingerprints of everybody who was forgotten in a space.

    What reads the sources' own records again, outside the floor, has to leave these out.
    """
    if not kafka.topics([topics.space]):
        return frozenset()
    found = {
        (record.key or b"").decode()
        for record in records.read(kafka.servers, kafka.spans([(topics.space, 0)]))
    }
    return frozenset(key.removeprefix(_LISTED) for key in found if key.startswith(_LISTED))


def expiring(kafka: Kafka, topics: Topics, roles: Iterable[Role] = EXPIRING) -> list[Expiring]:
    """Until when records that were there now may lie in topics that go by time.

    A segment goes once its youngest record is old enough, so its own length is added.
    """
    found = kafka.topics([topics.name(role) for role in roles])
    answers = []
    for name, topic in sorted(found.items()):
        kept_ms = int(topic.config.get("retention.ms", "-1"))
        rolled_ms = int(topic.config.get("segment.ms", "0"))
        at_s = time.time() + (kept_ms + rolled_ms) / 1000
        gone_by = None if kept_ms < 0 else datetime.fromtimestamp(at_s, UTC)
        answers.append(Expiring(name, gone_by))
    return answers
