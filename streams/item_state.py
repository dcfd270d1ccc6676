"""What the floor knows of items with one id: out of the changelog, or else the source topics.

All events of an item lie in the one partition that its id hashes to, and so does its state, so
one partition is read. It is read as an owner's recovery reads it, claims included: what a paused
old owner wrote is no part of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter
from schemas.events import ROUTES
from schemas.groupings import SEPARATOR
from schemas.partitioner import Partitioner, partition_of
from schemas.topics import Role, Topics
from streams import forget_topics, records
from streams.admin import Kafka
from streams.core import wire
from streams.core.engine import OfflineRecord
from streams.core.forgotten import Forgotten
from streams.core.items import unpack
from streams.core.ledger import Entry
from streams.core.moments import CODES, Moment, event_hash, moment_of
from streams.core.plan import Plan
from streams.core.recovery import PlanChanged, Replay
from streams.core.terms import Book
from streams.core.watch import Watch
from streams.partition_read import read_partition
from streams.refusals import Refusal

#: Hears how many records were read, of how many.
OnRead = Callable[[int, int], None]
_SAY_EVERY = 2_000


@dataclass(slots=True)
class Known:
    """One item: its moments in order, what was told of its clocks, and how far its floor is."""

    key: str
    moments: tuple[Moment, ...]
    entries: tuple[Entry, ...] = ()
    watermark_ms: int = 0
    #: Where events lie and what they are called at their source, by their hash; only if asked.
    found: dict[int, "Place"] = field(default_factory=dict)
    #: False: put together from what the source topics still hold.
    is_state: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies, and the id that its source gave it."""

    topic: str
    partition: int
    offset: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Where:
    """What one needs to find an item of a space."""

    kafka: Kafka
    topics: Topics
    partitioner: Partitioner
    plan: Plan

    def partition(self, item_id: str) -> int:
        """The partition that an item's events and state are in; Refusal without topics."""
        log = self.topics.floor_changelog(1)
        topic = self.kafka.topics([log]).get(log)
        if topic is None:
            raise Refusal(f"there is no topic {log}", "`watchfloor setup` makes it")
        return partition_of(item_id.encode(), topic.partitions, self.partitioner)


class Witness:
    """Takes from a changelog what concerns the items with one id, and lets the rest pass."""

    def __init__(self, item_id: str, plan: Plan) -> None:
        self._ending = SEPARATOR + item_id
        self._plan = plan
        self._items: dict[str, bytes] = {}
        self._watch = Watch(Book((), "", 0, {}))
        self._meta: wire.Meta | None = None

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in what the changelog says about a key; raises PlanChanged."""
        kind = key[:1]
        if kind == wire.META and payload is not None:
            self._meta = msgspec.json.decode(payload, type=wire.Meta)
            if self._meta.plan != self._plan.fingerprint:
                raise PlanChanged(f"{self._meta.plan!r} is not {self._plan.fingerprint!r}")
        if kind not in (wire.ITEM, wire.SLA):
            return
        name = key[1:].decode()
        if not name.endswith(self._ending):
            return
        if kind == wire.ITEM:
            self._items.pop(name, None)
            if payload is not None:
                self._items[name] = payload
        elif payload is None:
            self._watch.drop(name)
        else:
            self._watch.put(name, payload)

    def settle(self) -> Iterator[None]:
        """Nothing takes long here."""
        return iter(())

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Nobody takes anything over here."""

    def known(self) -> dict[str, Known]:
        """The items by their key."""
        watermark_ms = self._meta.watermark_ms if self._meta else 0
        found = {}
        for key, packed in self._items.items():
            moments = unpack(packed, len(self._plan.extra_dims)).moments
            entries = self._watch.entries(key) if key in self._watch else ()
            found[key] = Known(key, tuple(moments), entries, watermark_ms)
        return found


def from_state(where: Where, item_id: str, on_read: OnRead) -> dict[str, Known]:
    """The items with this id in the state of stage 1, by their key.

    Raises Refusal when the floor's state was written under other dimensions than ours.
    """
    place = where.topics.floor_changelog(1), where.partition(item_id)
    span = where.kafka.spans([place])[place]
    witness = Witness(item_id, where.plan)
    replay = Replay(witness)

    def take(record: Any) -> None:
        stamp = next((v for name, v in record.headers if name == wire.STAMP_HEADER), None)
        replay.record(record.key, record.value, stamp, record.offset)
        if record.offset % _SAY_EVERY == 0:
            on_read(record.offset - span.start, span.end - span.start)

    try:
        read_partition(where.kafka.servers, place, span, take)
    except PlanChanged as error:
        raise Refusal(
            "the floor's state was written under other dimensions or policies than configured here",
            "use the worker's deploy/dimensions.yaml and policies",
        ) from error
    return witness.known()


def from_topics(
    where: Where, item_id: str, decoder: Decoder, on_read: OnRead
) -> tuple[dict[str, Known], list[DeadLetter]]:
    """The items with this id as the source topics still tell them, and what was refused of it."""
    partition = where.partition(item_id)
    roles = {where.topics.name(role): role for role in dict.fromkeys(_item_roles())}
    spans = where.kafka.spans([(name, partition) for name in roles])
    total = sum(span.end - span.start for span in spans.values())
    known: dict[str, Known] = {}
    refused: list[DeadLetter] = []
    forgotten = Forgotten()
    for name in forget_topics.listed(where.kafka, where.topics):
        forgotten.put(name)
    wanted = item_id.encode()
    for number, record in enumerate(records.read(where.kafka.servers, spans)):
        if number % _SAY_EVERY == 0:
            on_read(number, total)
        if record.key != wanted:
            continue
        raw = OfflineRecord(
            record.offset, record.timestamp_ms, record.key, record.value, record.headers
        )
        event = decoder.decode(roles[record.topic].value, partition, raw)
        if isinstance(event, DeadLetter):
            refused.append(event)
        elif event["event_type"] in CODES:
            forgotten.clean(event, _key(event))
            _hear(known, event, record, where.plan)
    on_read(total, total)
    for each in known.values():
        each.moments = tuple(sorted(each.moments, key=lambda moment: moment.order))
    return known, refused


def _item_roles() -> list[Role]:
    return [role for role, field_name in ROUTES.values() if field_name == "item_id"]


def _key(event: Mapping[str, object]) -> str:
    names = ("org_id", "source", "project_id", "item_id")
    return SEPARATOR.join(str(event[name]) for name in names)


def _hear(
    known: dict[str, Known], event: Mapping[str, object], record: records.Stored, plan: Plan
) -> None:
    key = _key(event)
    item = known.setdefault(key, Known(key, (), is_state=False))
    event_id = str(event["event_id"])
    if event_hash(event_id) in item.found:
        return
    place = Place(record.topic, record.partition, record.offset, event_id)
    item.found[event_hash(event_id)] = place
    item.moments += (moment_of(dict(event), record.timestamp_ms, plan.extra_dims),)
