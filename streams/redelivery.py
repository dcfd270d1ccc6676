"""Dead letters: read them, and send what they hold back to where it came from.

Letters that were sent again are marked by a record behind them in their own partition, which
holds their offsets, so a letter never outlives its mark. The mark is written after the messages:
a crash between the two sends some of them once more, and the floor counts an event once however
often it comes. A message that is sent again has the time of now, so it counts as late as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from schemas.dead_letters import DeadLetter, Headers, NotADeadLetter, from_record
from schemas.partitioner import Partitioner, partition_of
from schemas.topics import Topics
from streams import records
from streams.admin import Kafka, Span
from streams.records import Stored
from streams.refusals import Refusal
from streams.sender import Outgoing, Sender

MARK: Headers = (("watchfloor.replayed", b"1"),)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and where it lies; ``replayed``: it was sent again already."""

    partition: int
    offset: int
    letter: DeadLetter
    replayed: bool

    @property
    def name(self) -> str:
        """How a person names it: ``partition/offset`` in the dead-letter topic."""
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters; an empty string chooses all."""

    reason: str = ""
    field: str = ""
    topic: str = ""

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a letter is chosen."""
        return (
            self.reason in ("", letter.reason.value)
            and self.field in ("", letter.field)
            and self.topic in ("", letter.origin.topic)
        )


class Mailbox:
    """The dead letters of one space."""

    def __init__(self, kafka: Kafka, topics: Topics) -> None:
        """Raises Refusal when the space was never set up."""
        self._kafka = kafka
        self._topic = topics.dead_letters
        found = kafka.topics([self._topic]).get(self._topic)
        if found is None:
            raise Refusal(f"there is no topic {self._topic}", "`watchfloor setup` makes it")
        self._spans = kafka.spans([(self._topic, number) for number in range(found.partitions)])
        self._replayed = self._read_marks()

    def letters(self, choice: Choice) -> Iterator[Letter]:
        """The chosen letters that were there when the mailbox was opened, oldest offset first."""
        for record in records.read(self._kafka.servers, self._spans):
            letter = _letter(record)
            if letter is not None and choice.takes(letter):
                done = (record.partition, record.offset) in self._replayed
                yield Letter(record.partition, record.offset, letter, done)

    def letter(self, partition: int, offset: int) -> Letter:
        """One letter; Refusal when there is none at that place."""
        span = self._spans.get((self._topic, partition), Span(0, 0))
        if span.start <= offset < span.end:
            only = {(self._topic, partition): Span(offset, offset + 1)}
            for record in records.read(self._kafka.servers, only):
                letter = _letter(record)
                if letter is not None:
                    return Letter(partition, offset, letter, (partition, offset) in self._replayed)
        raise Refusal(
            f"there is no dead letter at {partition}/{offset}", "`watchfloor dlq ls` shows where"
        )

    def send_again(
        self,
        letters: Iterable[Letter],
        sender: Sender,
        partitioner: Partitioner,
        done: Callable[[int], None],
    ) -> int:
        """Send messages back where they came from, and mark their letters; how many.

        ``done`` hears of each chunk that is sent and marked. Raises Refusal before anything is
        sent when a topic is not there any more.
        """
        left = list(letters)
        sources = self._kafka.topics({each.letter.origin.topic for each in left})
        for each in left:
            if each.letter.origin.topic not in sources:
                raise Refusal(
                    f"{each.letter.origin.topic}, where letter {each.name} came from, is gone",
                    "`watchfloor setup` makes the topics of a space",
                )
        for start in range(0, len(left), _CHUNK):
            chunk = left[start : start + _CHUNK]
            sender.send(
                [
                    _original(each, sources[each.letter.origin.topic].partitions, partitioner)
                    for each in chunk
                ]
            )
            sender.send(self._marks(chunk))
            done(len(chunk))
        return len(left)

    def _marks(self, chunk: Sequence[Letter]) -> list[Outgoing]:
        offsets: dict[int, list[int]] = {}
        for each in chunk:
            offsets.setdefault(each.partition, []).append(each.offset)
        return [
            Outgoing(self._topic, partition, None, orjson.dumps(marked), MARK)
            for partition, marked in offsets.items()
        ]

    def _read_marks(self) -> set[tuple[int, int]]:
        return {
            (record.partition, offset)
            for record in records.read(self._kafka.servers, self._spans)
            if is_mark(record)
            for offset in orjson.loads(record.value or b"[]")
        }


def is_mark(record: Stored) -> bool:
    """Whether a record of the dead-letter topic only marks letters as sent again.

    A dead letter always carries more headers than this one.
    """
    return record.headers == MARK


def _letter(record: Stored) -> DeadLetter | None:
    try:
        return from_record(record.key, record.value, record.headers)
    except NotADeadLetter:
        return None


def _original(letter: Letter, partitions: int, partitioner: Partitioner) -> Outgoing:
    origin = letter.letter.origin
    partition = origin.partition
    if origin.key is not None:
        partition = partition_of(origin.key, partitions, partitioner)
    return Outgoing(origin.topic, partition % partitions, origin.key, origin.value, origin.headers)
