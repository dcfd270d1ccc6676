"""Every kind of bad message through real Kafka: one dead letter each, the next one unharmed."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from aiokafka import AIOKafkaProducer

from schemas.dead_letters import Message, NotADeadLetter, Reason, from_record
from schemas.rows import DeadLetterRow
from schemas.topics import Role
from streams import records, setup
from streams.demo.accounts import Fates
from tests.contract.cases import CASES, SUBMITTED, Case
from tests.contract.messages import Sent, example, plain
from tests.integration.main_job.conftest import OPEN_SPACE
from tests.integration.main_job.floor_processes import FloorSpace
from tests.integration.main_job.row_sets import Rows, rows_in_clickhouse

MINUTE_MS = 60_000
#: Further mistakes that need another topic than annotations.
OTHERS = (
    (
        Role.ANNOTATIONS,
        Case("review among annotations", plain(example("review.decided")), Reason.WRONG_TOPIC,
             "event_type"),
    ),
    (
        Role.REVIEWS,
        Case("annotation among reviews", plain(SUBMITTED), Reason.WRONG_TOPIC, "event_type"),
    ),
    (
        Role.WORKFORCE,
        Case("person under another's key",
             replace(plain(example("presence.changed")), key=b"nobody"), Reason.KEY_MISMATCH,
             "actor_id"),
    ),
    (
        Role.WORKFORCE,
        Case("tombstone of a person", Sent(None, b"somebody", plain(SUBMITTED).timestamp),
             Reason.TOMBSTONE),
    ),
)  # fmt: skip
BAD = (*((Role.ANNOTATIONS, case) for case in CASES), *OTHERS)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that was sent, where Kafka has it, and the case that it is of; None: a good one."""

    message: Message
    case: Case | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of all messages."""

    space: FloorSpace
    stored: list[Stored]
    letters: list[tuple[Message, Reason, str]]
    dead_rows: Rows
    items: Rows
    fates: Fates


def good(number: int) -> tuple[Role, None, Sent]:
    """A sound event of an item of its own."""
    changed = {"item_id": f"good-{number}", "event_id": f"good-event-{number}"}
    return Role.ANNOTATIONS, None, plain(SUBMITTED | changed)


async def send(space: FloorSpace, sends: Sequence[tuple[Role, Case | None, Sent]]) -> list[Stored]:
    """Send in order, each where its key belongs; all without one to the first partition."""
    producer = AIOKafkaProducer(
        bootstrap_servers=space.settings.connections.kafka, acks="all", max_request_size=1_000_000
    )
    await producer.start()
    try:
        stored = []
        for role, case, sent in sends:
            topic = space.topics.name(role)
            partition = 0 if sent.key is None else None
            write = await producer.send_and_wait(
                topic, sent.value, sent.key, partition, sent.timestamp, list(sent.headers)
            )
            place = (topic, write.partition, write.offset, sent.timestamp)
            stored.append(Stored(Message(*place, sent.key, sent.value, sent.headers), case))
        return stored
    finally:
        await producer.stop()


def letters_of(space: FloorSpace) -> list[tuple[Message, Reason, str]]:
    """What lies in the dead-letter topic."""
    places = [(space.topics.dead_letters, each) for each in range(space.settings.floor.partitions)]
    found = []
    for record in records.read(space.kafka.servers, space.kafka.spans(places)):
        try:
            letter = from_record(record.key, record.value, record.headers)
        except NotADeadLetter:
            continue
        found.append((letter.origin, letter.reason, letter.field))
    return found


@pytest.fixture(scope="module")
def judged(opened: OPEN_SPACE) -> Judged:
    """All bad messages, a good one after each, have gone through one worker."""
    at_ms = plain(SUBMITTED).timestamp
    space = opened(setup.Accept(at_ms - 30 * MINUTE_MS, at_ms + 30 * MINUTE_MS))
    sends: list[tuple[Role, Case | None, Sent]] = []
    for number, (role, case) in enumerate(BAD):
        sends += [(role, case, case.sent), good(number)]
    stored = asyncio.run(send(space, sends))
    space.worker(0)
    space.deliver("clickhouse")
    space.deliver("redis")
    space.settle()
    dead_rows = rows_in_clickhouse(space.client, "dead_letters")
    items = rows_in_clickhouse(space.client, "items")
    return Judged(space, stored, letters_of(space), dead_rows, items, space.fates())


def test_each_bad_message_is_one_dead_letter_byte_for_byte(judged: Judged) -> None:
    expected = [
        (each.message, each.case.reason, each.case.field) for each in judged.stored if each.case
    ]
    by_place = {(m.topic, m.partition, m.offset): (m, *rest) for m, *rest in judged.letters}
    assert len(by_place) == len(judged.letters)
    for message, reason, field in expected:
        at = (message.topic, message.partition, message.offset)
        assert by_place.pop(at) == (message, reason, field)
    assert by_place == {}


def test_each_dead_letter_has_a_row_that_says_where_and_why(judged: Judged) -> None:
    places = Counter((row[0], row[1], row[2], row[3], row[4]) for row in judged.dead_rows)
    assert places == Counter(
        (m.topic, m.partition, m.offset, reason.value, field) for m, reason, field in judged.letters
    )
    assert DeadLetterRow.__struct_fields__[:3] == ("topic", "partition", "offset")


def test_the_next_message_is_unharmed(judged: Judged) -> None:
    names = {row[3] for row in judged.items}
    assert names == {f"good-{number}" for number in range(len(BAD))}


def test_every_record_has_one_fate(judged: Judged) -> None:
    n = len(BAD)
    assert judged.fates == Fates(applied=n, duplicate=0, late=0, dead=n)


def test_a_replayed_letter_comes_back_when_nothing_was_mended(judged: Judged) -> None:
    space = judged.space
    chosen = [m for m, reason, _ in judged.letters if reason is Reason.UNKNOWN_TYPE]
    listed = space.run("dlq", "ls", "--letters", "--reason", "unknown_type")
    place = next(w for w in listed.split() if "/" in w and w.replace("/", "").isdigit())
    assert "unknown_type" in space.run("dlq", "show", place)
    said = space.run("dlq", "replay", "--reason", "unknown_type", "--yes")
    assert said.split() == ["replayed", str(len(chosen)), "messages"]
    space.settle()
    assert space.fates().dead == judged.fates.dead + len(chosen)
    again = [m for m, reason, _ in letters_of(space) if reason is Reason.UNKNOWN_TYPE]
    assert Counter((m.key, m.value, m.headers) for m in again) == Counter(
        (m.key, m.value, m.headers) for m in chosen for _ in range(2)
    )
    assert "nothing to replay" not in space.run("dlq", "ls")
    assert [child.process.poll() for child in space.children] == [None] * 3
